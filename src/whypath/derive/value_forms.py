"""Turns a value into the forms in which it may have stood in what a model read.

A form is looked up as words: small letters and digits, whatever stands between them.
Numbers and dates have several forms; 1234.5 is also 1,234.50.
"""

import re
from typing import Literal, NamedTuple

from whypath.derive.values import FREE_LENGTH, Nature, Value

MAX_PHRASE = 20_000
LINES = 3
MAX_LINE = 2_000
MIN_LINE = 12
_LONG_NUMBER = 5

FOLD = bytes(
    byte if byte >= 128 else ord(chr(byte).lower()) if chr(byte).isalnum() else 32
    for byte in range(256)
)
_ODD = re.compile(r"[^\w\x00-\x7f]+")
_NUMBER = re.compile(
    r"[$€£¥]?\s?[-+]?(\d{1,3}(?:,\d{3}){1,5}|\d{1,15})(\.\d{1,12})?\s?%?"
)
_DATE = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[T ]\d\d?:\S{2,30})?")
_US_DATE = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})")
_WORD_DATE = re.compile(
    r"(?:([A-Za-z]{3,9})\.? (\d\d?)(?:st|nd|rd|th)?"
    r"|(\d\d?) ([A-Za-z]{3,9})\.?),? (\d{4})"
)
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)


class Form(NamedTuple):
    """A way a value may be written. `words` are in small letters.

    `words`: one after the other, whatever is between. `date`: they may run on into a
    time of day. `prose`: looked for where a word of it is rare. `number`: `text` must
    stand there as a number of its own. `line`: `text` must be a whole line or text.
    """

    kind: Literal["words", "date", "prose", "number", "line"]
    words: tuple[bytes, ...]
    text: str = ""


class Forms(NamedTuple):
    """How a value can be found: in any `same` form, else any `weak` one.

    A weak form is a part that tells much: a path's last names, a date without its year.
    Of a long text, `lines` are some lines, which must all be there.
    """

    same: tuple[Form, ...]
    weak: tuple[Form, ...] = ()
    lines: tuple[Form, ...] = ()


def fold(text: str) -> bytes:
    """Small letters and digits; everything else that is ASCII is a space."""
    return encode(text).translate(FOLD)


def encode(text: str) -> bytes:
    """UTF-8; letters that are not ASCII small, and signs that are not ASCII spaces."""
    if not text.isascii():
        text = _ODD.sub(" ", text.lower())
    return text.encode("utf-8", "replace")


def forms_of(value: Value) -> Forms:
    """The forms of a value; none where it has no letter or digit."""
    text = value.text.strip()
    if len(text) <= 40:
        number = _NUMBER.fullmatch(text)
        if number is not None:
            return Forms(number_forms(text, number[1], number[2] or ""))
        date = date_of(text)
        if date is not None:
            return Forms(*date_forms(*date))
    words = tuple(fold(text[:MAX_PHRASE]).split())
    if not words:
        return Forms(())
    if value.nature != "free":
        return Forms((Form("words", words),), _weak(text, value.nature))
    same = (Form("prose", words),) if len(text) <= MAX_PHRASE else ()
    if "\n" not in text and len(text) <= MAX_LINE:
        same = (*same, Form("line", (), text))
    return Forms(same, (), _lines(text))


def number_forms(text: str, whole: str, fraction: str) -> tuple[Form, ...]:
    """`1234.5`, `1234.50`, `1,234.5` and `1,234.50` for any one of them."""
    digits = whole.replace(",", "")
    plain = digits.lstrip("0") or "0"
    rest = fraction.rstrip("0").removeprefix(".")
    wholes = [plain] if len(plain) < 4 else [plain, f"{int(plain):,}"]
    if digits != plain:
        wholes = [digits]  # an id with zeros in front
    fractions = [f".{rest}", f".{rest}0"] if len(rest) == 1 else [f".{rest}"]
    if not rest:
        fractions = ["", ".0", ".00"]
    written = [whole + fraction for whole in wholes for fraction in fractions]
    forms = [Form("number", (), w) for w in written]
    if len(digits) >= _LONG_NUMBER and not rest:
        forms.append(Form("words", (digits.encode(),)))
    return tuple(forms)


def date_of(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a date in one of the common ways of writing it."""
    if match := _DATE.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _US_DATE.fullmatch(text):
        month, day, year = map(int, match.groups())
    elif match := _WORD_DATE.fullmatch(text):
        name = (match[1] or match[4]).lower()
        months = [at for at, full in enumerate(MONTHS, 1) if full.startswith(name)]
        month = months[0] if len(months) == 1 else 0
        day, year = int(match[2] or match[3]), int(match[5])
    else:
        return None
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


def date_forms(
    year: int, month: int, day: int
) -> tuple[tuple[Form, ...], tuple[Form, ...]]:
    """A date in numbers and words; and, as weak forms, without its year."""
    y, days = f"{year:04}", dict.fromkeys([f"{day:02}", str(day)])
    numbers = dict.fromkeys([f"{month:02}", str(month)])
    names = dict.fromkeys([MONTHS[month - 1], MONTHS[month - 1][:3]])
    same = [_date(y, m, d) for m in numbers for d in days]
    same.append(Form("words", (f"{y}{month:02}{day:02}".encode(),)))
    same += [
        _words(a, b, y) for m in numbers for d in days for a, b in ((m, d), (d, m))
    ]
    spoken = [d + end for d in days for end in ("", "st", "nd", "rd", "th")]
    short = [_words(*pair) for m in names for d in spoken for pair in ((m, d), (d, m))]
    short += [_words(d, "of", m) for m in names for d in spoken if not d.isdecimal()]
    dated = [Form("words", (*form.words, y.encode())) for form in short]
    return tuple(dict.fromkeys(same + dated)), tuple(short)


def _date(*words: str) -> Form:
    return Form("date", tuple(word.encode() for word in words))


def _words(*words: str) -> Form:
    return Form("words", tuple(word.encode() for word in words))


def _weak(text: str, nature: Nature) -> tuple[Form, ...]:
    """Of a path its last two names, and the last alone where it has an ending."""
    if nature != "atom" or "://" in text or len(text) > FREE_LENGTH:
        return ()
    names = [name for name in text.replace("\\", "/").split("/") if name]
    if len(names) < 2:
        return ()
    last = tuple(fold(names[-1]).split())
    both = (*fold(names[-2]).split(), *last)
    tails = [both] if len(names) > 2 else []
    if "." in names[-1][1:]:
        tails.append(last)
    return tuple(Form("words", tail) for tail in tails if sum(map(len, tail)) >= 4)


def _lines(text: str) -> tuple[Form, ...]:
    """A few of the longest lines of a text with several."""
    lines = dict.fromkeys(map(str.strip, text[:MAX_PHRASE].splitlines()))
    long = [line for line in lines if MIN_LINE <= len(line) <= MAX_LINE]
    if len(lines) < 2:
        return ()
    chosen = sorted(long, key=len, reverse=True)[:LINES]
    return tuple(Form("line", (), line) for line in chosen)
