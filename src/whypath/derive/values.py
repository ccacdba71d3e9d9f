"""Takes JSON payloads apart: into texts with paths, and into values worth tracing.

A value is what a model could have copied: an id, a number, a date, a name, a text. What
it wrote itself, prose or code, is told apart, and the values inside prose are found.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple

Nature = Literal["atom", "phrase", "free", "hint"]
Span = tuple[int, int]

MAX_TEXTS = 20_000
MAX_DEPTH = 40
MAX_VALUES = 200
FREE_WORDS = 4
FREE_LENGTH = 200
FREE_SIGNS = 12
"""More signs of a script that writes without spaces are a sentence."""
PROSE_LENGTH = 20_000
CODE_LENGTH = 400
_MAX_PATH = 400

_END = object()
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_NO_VALUES = ("true", "false", "none", "null", "undefined")
_CODE = re.compile(r"[{}<>=|\\]|&&|\w\(|;\s*$|(?:^|\s)--?[a-z]", re.MULTILINE)
_LIST_MARK = re.compile(r"\s*\d{1,2}[.)]\s")
_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[A-Za-z]{0,6}\.?"
_INSIDE = re.compile(
    r"(?<!\w)(?=[^\s\d@/.\"“`]{0,80}+[\d@/.\"“`]|[A-Za-z]{3,9}+\.? \d)(?:"
    rf"(?P<spoken>(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}} {_MONTH})"
    r",? \d{4}\b)"
    r"|\"(?P<quoted>[^\"\n]{4,80})\"|“(?P<curly>[^”\n]{4,80})”|`(?P<code>[^`\n]{4,80})`"
    r"|(?P<url>(?i:https?)://[^\s<>\"'`|)\]]{4,300})"
    r"|(?P<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
    r"|(?P<date>\d{4}-\d\d-\d\d(?!\d)|\d{1,2}/\d{1,2}/\d{4}\b)"
    r"|(?P<time>(?<!:)\d{1,2}:\d\d(?::\d\d)?(?![\w:]))"
    r"|(?P<dotted>(?<!\.)[vV]?\d{1,5}(?:\.\d{1,5}){2,4}(?!\w))"
    r"|(?P<path>(?<!\.)(?:~?/)?(?:[\w@.+-]{1,80}/){1,30}[\w@+-]{0,80}\.\w{1,8}\b)"
    r"|(?P<file>(?<![./@-])[\w-]{2,60}\.[A-Za-z]\w{0,4}(?![\w(./]))"
    r"|(?P<id>(?<![./-])#?(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[A-Za-z_-])"
    r"\w{1,60}(?:-\w{1,60}){0,8}(?!\w))"
    r"|(?P<number>(?<![.:/])(?:\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?(?!\w)"
    r"|\d{1,15}(?:\.\d{1,9})?(?!\w|[:/]\d))))"
)
_OF_CODE = ("number", "quoted", "curly", "code", "time", "dotted")


class Text(NamedTuple):
    """A text in a payload: its JSON path, and whether it is the name of a field.

    Numbers are written as JSON writes them. `path` of a field's name is the field's.
    """

    path: str
    text: str
    is_name: bool = False


class Value(NamedTuple):
    """Something to look for: where it stands, and how to judge it if it is not found.

    A `hint` may be no value at all, as a name in code: it only counts if it is found.
    `span` is where it stands inside the text at `path`, None for the whole of it.
    """

    path: str
    span: Span | None
    text: str
    nature: Nature


def texts_of(document: Any, most: int = MAX_TEXTS) -> Iterator[Text]:
    """The texts and numbers of a document and its fields' names, in its order.

    A text that holds JSON is opened; its paths go on from its own. No more than `most`
    places are visited, nor any below `MAX_DEPTH`.
    """
    stack: list[Iterator[tuple[str, Any]]] = [iter([("$", document)])]
    while stack and most > 0:
        path, value = next(stack[-1], ("", _END))
        if value is _END:
            stack.pop()
            continue
        most -= 1
        if isinstance(value, str) and value[:1] in ("{", "["):
            value = opened(value)
        if isinstance(value, str):
            yield Text(path, value)
        elif isinstance(value, dict) and len(stack) < MAX_DEPTH:
            stack.append(_fields(path, value))
        elif isinstance(value, list) and len(stack) < MAX_DEPTH:
            stack.append(_items(path, value))
        elif isinstance(value, _Name):
            yield Text(path, value.name, True)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield Text(path, _written(value))


class _Name(NamedTuple):
    """The name of a field, among the values."""

    name: str


def _fields(path: str, fields: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        inside = field_path(path, name)
        yield inside, _Name(name)
        yield inside, value


def field_path(path: str, name: str) -> str:
    """The path of a field: `$.a.b`, or `$.a["b c"]` where the name is no word."""
    plain = _PLAIN_NAME.match(name)
    inside = f"{path}.{name}" if plain else f"{path}[{json.dumps(name[:80])}]"
    return inside[:_MAX_PATH]


def _items(path: str, items: list[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"{path}[{at}]"[:_MAX_PATH], item) for at, item in enumerate(items))


def opened(text: str) -> Any:
    """What a text that looks like JSON holds, or the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _written(number: float) -> str:
    try:
        return str(number)
    except ValueError:  # more digits than Python writes
        return ""


def values_of(document: Any) -> Iterator[Value]:
    """The values of a document that are worth tracing, at most `MAX_VALUES`.

    In prose, those inside it too.
    """
    return islice(_values(document), MAX_VALUES)


def _values(document: Any) -> Iterator[Value]:
    for path, text, is_name in texts_of(document, MAX_VALUES * 10):
        if is_name or not is_worth_it(text):
            continue
        nature = nature_of(text)
        yield Value(path, None, text, nature)
        if nature in ("free", "phrase"):
            yield from values_inside(path, text)


def values_inside(path: str, text: str) -> Iterator[Value]:
    """Dates, ids, addresses, paths, quotations in a text; of prose, numbers too.

    Of code, only the beginning is looked at: the values there are mostly its own.
    """
    is_prose = _CODE.search(text) is None
    end = PROSE_LENGTH if is_prose else CODE_LENGTH
    known: set[str] = set()
    for match in _INSIDE.finditer(text, 0, end):
        group = match.lastgroup or ""
        found = match[group].rstrip(".,;:!?") if group == "url" else match[group]
        if found in known or not is_worth_it(found) or len(found.split()) >= FREE_WORDS:
            continue
        if group in _OF_CODE and not is_prose:
            continue
        if group == "number" and (len(found) < 2 or _is_mark(text, match)):
            continue
        known.add(found)
        start = match.start(group)
        is_sure = is_prose and group != "file"
        nature = nature_of(found) if is_sure else "hint"
        yield Value(path, (start, start + len(found)), found, nature)


def _is_mark(text: str, match: re.Match[str]) -> bool:
    """True for the number in front of an item of a list."""
    line = text.rfind("\n", 0, match.start()) + 1
    if match.start() - line > 4:
        return False
    mark = _LIST_MARK.match(text, line)
    return mark is not None and mark.end() > match.end()


def is_worth_it(text: str) -> bool:
    """True for what cannot well be there by chance: not for `yes`, 0 or an empty text.

    Short codes in capitals (`JFK`) or with a digit count; other short words do not.
    """
    bare = text.strip()
    if len(bare) < 4:
        if any(c > "\u2e80" for c in bare):  # of such signs two are a name
            return len(bare) > 1
        if bare.lstrip("-").replace(".", "", 1).isdecimal():
            return bare.lstrip("-") not in ("0", "1", "0.0", "1.0")
        is_code = bare.isupper() or any(c.isdecimal() for c in bare)
        return len(bare) == 3 and bare.isalnum() and is_code
    return bare.lower() not in _NO_VALUES and any(map(str.isalnum, bare))


def nature_of(text: str) -> Nature:
    """`free`: prose or code that a model writes; `phrase`: a few words; else `atom`."""
    if len(text) > FREE_LENGTH:
        return "free"
    words = len(text.split())
    if words >= FREE_WORDS or "\n" in text.strip():
        return "free"
    if words > 1:
        return "phrase"
    if any(c > "\u2e80" for c in text):
        return "free" if len(text) > FREE_SIGNS else "phrase"
    return "atom"
