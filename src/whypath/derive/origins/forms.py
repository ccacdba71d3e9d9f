"""Turns a value into the forms in which it may have stood in what a model read.

A form is looked up as words: small letters and digits, whatever stands between them.
Numbers and dates have several forms; 1234.5 is also 1,234.50. Letters are compared in
Unicode's NFKC form. Chinese, Japanese and Thai have no spaces: each sign is a word.
"""

import re
import unicodedata
from itertools import islice
from typing import Literal, NamedTuple

from whypath.derive.values import FREE_LENGTH, Nature, Value

MAX_PHRASE = 20_000
LINES = 3
MAX_LINE = 2_000
MIN_LINE = 12
MIN_LETTERS = 4
"""With fewer letters and digits, as `**/*.py`, the signs between them count."""
_LONG_NUMBER = 5

FOLD = bytes(
    byte if byte >= 128 else ord(chr(byte).lower()) if chr(byte).isalnum() else 32
    for byte in range(256)
)
_ODD = re.compile(r"[^\w\x00-\x7f]+")
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""A sign of a script that writes words without spaces between them."""
_SIGNS = re.compile(r"[|*?(){}\[\]^$<>=+]")
_NUMBER = re.compile(
    r"[$€£¥]?\s?[-+]?(\d{1,3}(?:,\d{3}){1,5}|\d{1,15})(\.\d{1,12})?\s?%?"
)
_DATE = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)")
_TIME = re.compile(r"[T ]\d\d?:\S{2,30}")
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
    """A way a value may be written. `phrase` is its folded words, a space between.

    `words`: one after the other, whatever is between. `date`: they may run on into a
    time of day. Of the others `text` must stand there. `number`: as a number of its
    own. `digits`: as one, or as part of an id. `signs`: sign for sign. `name`: with no
    folder named in front of the file. `day`: with no year behind the day and the month.
    """

    kind: Literal["words", "date", "number", "digits", "signs", "name", "day"]
    phrase: bytes
    text: str = ""


class Forms(NamedTuple):
    """How a value can be found: in any `same` form, else any `weak` one.

    A weak form is a part that tells much: a path's last names, a date without its year.
    Of a long text, `lines` are some lines, which must all be there.
    """

    same: tuple[Form, ...]
    weak: tuple[Form, ...] = ()
    lines: tuple[Form, ...] = ()


def fold(text: str, table: bytes = FOLD) -> bytes:
    """Small letters and digits in UTF-8; whatever else there is, a space for each."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).lower()
        text = UNSPACED.sub(r" \g<0> ", _ODD.sub(" ", text))
    return text.encode("utf-8", "replace").translate(table)


def phrase_of(text: str) -> bytes:
    """The folded words of a text, one space between them."""
    return b" ".join(fold(text).split())


def forms_of(value: Value) -> Forms:
    """The forms of a value; none where it has no letter or digit."""
    text = value.text.strip()
    if len(text) <= 40 and not text.isalpha():
        number = _NUMBER.fullmatch(text)
        if number is not None:
            return Forms(number_forms(text, number[1], number[2] or ""))
        date = date_of(text)
        if date is not None:
            return Forms(*date_forms(*date))
        date = date_of(text[:10]) if _TIME.fullmatch(text, 10) else None
        if date is not None:  # of a time, the day alone tells much
            return Forms(_times(text[:10], text[11:]), date_forms(*date)[0])
    phrase = phrase_of(text[:MAX_PHRASE])
    if not phrase:
        return Forms(())
    if value.nature != "free":
        if len(phrase) < min(MIN_LETTERS, len(text)) or _has_signs(text, value.nature):
            return Forms((Form("signs", phrase, text),))
        return Forms((Form("words", phrase),), _weak(text, value.nature))
    same = (Form("words", phrase),) if len(text) <= MAX_PHRASE else ()
    return Forms(same, (), _lines(text))


def _has_signs(text: str, nature: Nature) -> bool:
    """True for a pattern or expression, as `--red|--blue`, and for a short code.

    Of a code in capitals, as `LAS`, the capitals count: `Las` is a word of its own.
    """
    if len(text) < MIN_LETTERS:
        return text.isupper()
    return nature == "atom" and _SIGNS.search(text) is not None


def number_forms(text: str, whole: str, fraction: str) -> tuple[Form, ...]:
    """`1234.5`, `1234.50`, `1,234.5` and `1,234.50` for any one of them.

    A whole number stands for itself with `.0` or `.00` behind it, too.
    """
    digits = whole.replace(",", "")
    plain = digits.lstrip("0") or "0"
    rest = fraction.rstrip("0").removeprefix(".")
    wholes = [plain] if len(plain) < 4 else [plain, f"{int(plain):,}"]
    if digits != plain:
        wholes = [digits]  # an id with zeros in front
    fractions = [f".{rest}", f".{rest}0"] if len(rest) == 1 else [f".{rest}"]
    if not rest:
        fractions = [""]
    written = [whole + fraction for whole in wholes for fraction in fractions]
    forms = [Form("number", phrase_of(w), w) for w in written]
    if len(digits) >= _LONG_NUMBER and not rest:
        forms.append(Form("digits", digits.encode(), digits))
    return tuple(forms)


def _times(day: str, time: str) -> tuple[Form, ...]:
    """A day and time, with a `T` between or not, and a `Z` behind or not."""
    bare = time.removesuffix("Z")
    written = dict.fromkeys(
        f"{day}{between}{at}" for between in "T " for at in (time, bare, bare + "Z")
    )
    return tuple(Form("words", phrase_of(text)) for text in written)


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
    same.append(_words(f"{y}{month:02}{day:02}"))
    same += [
        _words(a, b, y) for m in numbers for d in days for a, b in ((m, d), (d, m))
    ]
    spoken = [d + end for d in days for end in ("", "st", "nd", "rd", "th")]
    short = [_words(*pair) for m in names for d in spoken for pair in ((m, d), (d, m))]
    short += [_words(d, "of", m) for m in names for d in spoken if not d.isdecimal()]
    dated = [Form("words", form.phrase + b" " + y.encode()) for form in short]
    short = [Form("day", form.phrase, form.phrase.decode()) for form in short]
    return tuple(dict.fromkeys(same + dated)), tuple(short)


def _date(*words: str) -> Form:
    return Form("date", " ".join(words).encode())


def _words(*words: str) -> Form:
    return Form("words", " ".join(words).encode())


def _weak(text: str, nature: Nature) -> tuple[Form, ...]:
    """Of a path its last two names, and the last alone where it has an ending."""
    if nature != "atom" or "://" in text or len(text) > FREE_LENGTH:
        return ()
    names = [name for name in text.replace("\\", "/").split("/") if name]
    if len(names) < 2:
        return ()
    last = phrase_of(names[-1])
    both = (phrase_of(names[-2]) + b" " + last).strip()
    tails = [Form("words", both)] if len(names) > 2 else []
    if "." in names[-1][1:]:
        tails.append(Form("name", last, names[-1]))
    return tuple(form for form in tails if len(form.phrase) >= 4)


def _lines(text: str) -> tuple[Form, ...]:
    """A few of the longest lines of a text with several."""
    lines = dict.fromkeys(map(str.strip, text[:MAX_PHRASE].splitlines()))
    if len(lines) < 2:
        return ()
    long = [line for line in lines if MIN_LINE <= len(line) <= MAX_LINE]
    long.sort(key=len, reverse=True)
    forms = (Form("words", phrase_of(line)) for line in long)
    return tuple(islice((form for form in forms if form.phrase), LINES))
