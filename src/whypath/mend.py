"""Turns JSON that a strict parser refuses into JSON that it takes.

Used only by `records`, on the lines that fail the fast check. It says what it changed
and never guesses: what has no JSON form becomes text, what is cut off is left out.
"""

import json
import math
import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from typing import Any, NamedTuple

from msgspec import Raw
from msgspec.json import Decoder

MAX_DEPTH = 400
"""Nesting that every later stage, and the browser, can walk."""

CONTROL = "control characters in a text"
"""The one change that loses nothing: they are escaped, as JSON wants it."""

_MAX_DIGITS = 600
"""Fewer than Python's own limit can be set to."""

LARGE = 1 << 16
"""A value of more bytes is looked into and not counted through."""

_PIECE = 1 << 20
_PASSES = 8
_MOST_LOOKS = 16
"""How often a part of a value is looked at before it is counted through instead."""
_BACKSLASH = ord("\\")
OPENERS = (b"{", b"[")
_OBJECT, _LIST, _TEXT = b'{["'
_SPACE = re.compile("[ \t\r\n\0\x1e\ufeff]*")
_SURROGATES = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(
    rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL
)
_CLOSER = {b"{": b"}", b"[": b"]"}
_STEPS = {ord(b): step for b, step in (("{", 1), ("[", 1), ("}", -1), ("]", -1))}
_NO_SYNTAX = bytes(set(range(256)) - {*_STEPS, *b'"\\bfnrtu/'})
"""What says nothing of nesting: no bracket, no quote, no part of an escape."""
_NO_BRACKETS = bytes(set(range(256)) - _STEPS.keys())

_decode_raw = Decoder(Raw).decode
_decode_object = Decoder(dict[str, Raw]).decode
_decode_list = Decoder(list[Raw]).decode


class Unmendable(Exception):
    """The bytes are not JSON: what is wrong, how many lines down, and the column."""

    def __init__(self, what: str, text: str, at: int) -> None:
        super().__init__(what)
        self.down = text.count("\n", 0, at)
        self.column = at - text.rfind("\n", 0, at)
        self._text, self._at = text, at

    @property
    def before(self) -> bytes:
        """What stands before that place."""
        return self._text[: self._at].encode()


class Mended(NamedTuple):
    """A JSON value, what was changed in it, and how many lines down it begins."""

    data: bytes
    notes: tuple[str, ...]
    down: int


class _Notes:
    """Collects what was changed while one value is parsed."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, what: str) -> None:
        self._seen[what] = None

    def take(self) -> tuple[str, ...]:
        taken, self._seen = tuple(self._seen), {}
        return taken

    def constant(self, name: str) -> str:
        """NaN and the infinities, which JSON does not have."""
        self.add(f"{name} is not JSON; kept as text")
        return name

    def integer(self, digits: str) -> int | str:
        if len(digits) <= _MAX_DIGITS:
            return int(digits)
        self.add(f"a number of more than {_MAX_DIGITS:,} digits; kept as text")
        return digits

    def fraction(self, digits: str) -> float | str:
        value = float(digits)
        if math.isfinite(value):
            return value
        self.add("a number beyond a double's range; kept as text")
        return digits


def mend(line: bytes) -> Iterator[Mended]:
    """Yields each JSON value of `line` re-encoded, with what was changed in it.

    More than one value comes from objects written without a line break between them.
    Raises `Unmendable`, possibly after some values, when the rest is not JSON.
    """
    notes = _Notes()
    text = _decode(line, notes)
    at, down = _skip_space(text, 0), 0
    counted = 0
    while at < len(text):
        down += text.count("\n", counted, at)
        counted = at
        encoded, end = _value(text, at, notes)
        at = _skip_space(text, end)
        if at < len(text) and "\n" not in text[end:at]:
            notes.add("several JSON values on one line; each is read")
        if _SURROGATES.search(encoded):
            notes.add("half of a surrogate pair; shown as U+FFFD")
            encoded = _SURROGATES.sub("\ufffd", encoded)
        yield Mended(encoded.encode(), notes.take(), down)


def close_cut(data: bytes) -> bytes | None:
    """Closes a JSON document that ends in the middle, after its last whole value.

    Returns None when not even one value is whole. Linear in `data`.
    """
    stack: list[bytes] = []
    safe: tuple[int, int] | None = None
    expects_value = True
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in _CLOSER:
            stack.append(_CLOSER[token])
            expects_value = token == b"["
            safe = (match.end(), 1) if len(stack) == 1 else safe
        elif token in (b"}", b"]"):
            if not stack or stack.pop() != token:
                return None
            safe = (match.end(), len(stack))
            expects_value = False
        elif token == b":":
            expects_value = True
        elif token == b",":
            expects_value = bool(stack) and stack[-1] == b"]"
        elif expects_value and match.end() < len(data):
            safe = (match.end(), len(stack))
            expects_value = False
    if safe is None:
        return None
    end, depth = safe
    return data[:end] + b"".join(reversed(stack[:depth]))


def mended(data: bytes) -> tuple[list[Mended], Unmendable | None]:
    """The values in `data`; where it goes wrong, the objects and lists before that."""
    values: list[Mended] = []
    try:
        values.extend(mend(data))
    except Unmendable as wrong:
        kept = [v for v in values if v.data[:1] in OPENERS]
        return kept, wrong.with_traceback(None)  # it leads back here: a circle
    return values, None


def closed(data: bytes) -> list[Mended]:
    """A cut document, closed after its last whole value; nothing if there is none."""
    closed = close_cut(data)
    if closed is None or len(closed) == 2:
        return []
    values, wrong = mended(closed)
    return values if wrong is None else []


def check_utf8(data: bytes) -> None:
    """Raises `UnicodeDecodeError`; never holds much of the text decoded."""
    if len(data) <= _PIECE:
        data.decode()
        return
    decode = getincrementaldecoder("utf-8")().decode
    for at in range(0, len(data), _PIECE):
        decode(data[at : at + _PIECE], at + _PIECE >= len(data))


def is_deep(data: bytes, most: int = MAX_DEPTH) -> bool:
    """True when the brackets of `data`, one valid JSON value, nest too deep.

    That is deeper than `most`. Only what is large enough to nest so deep is
    looked into, level by level: of most values that is nothing. An object or a list of
    more than `LARGE` bytes always is: msgspec's errors are raised if it is no JSON.
    """
    if not _may_nest(data, most):
        return False
    bare = data[0] in (_OBJECT, _LIST)
    level: list[bytes | Raw] = [data if bare else _decode_raw(data)]
    left = _MOST_LOOKS * len(data)
    for deeper in range(most - 1, -1, -1):
        left -= sum(map(len, level))
        if left < 0:
            return _nesting(data)[0] > most
        members = chain.from_iterable(map(_members, level))
        level = [m for m in members if _may_nest(m, deeper)]
        if not level:
            return False
    return True


def _members(raw: bytes | Raw) -> Iterable[Raw]:
    """The values in an object or a list."""
    opener = memoryview(raw)[0]
    if opener == _OBJECT:
        return _decode_object(raw).values()
    return _decode_list(raw) if opener == _LIST else ()


def _may_nest(raw: bytes | Raw, depth: int) -> bool:
    """False when the brackets of a value cannot nest deeper than `depth`."""
    size = len(raw)
    if size <= 2 * depth or memoryview(raw)[0] == _TEXT:
        return False
    if size > LARGE:
        return True
    data = raw if type(raw) is bytes else bytes(raw)
    # taking them out is how to count them fast: `count` is three times slower
    opened = size - len(data.replace(b"{", b"")) + size - len(data.replace(b"[", b""))
    return opened > depth


def is_open(data: bytes) -> bool:
    """True when `data` ends inside a string, an object or a list."""
    return _nesting(data)[1]


def _nesting(data: bytes) -> tuple[int, bool]:
    """How deep the brackets outside strings nest at most, and whether one is open."""
    most = depth = inside = start = 0
    while start < len(data):
        end = start + _PIECE
        while end < len(data) and data[end - 1] == _BACKSLASH:
            end += 1
        piece = data[start:end].translate(None, _NO_SYNTAX)
        if _BACKSLASH in piece:
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        texts = piece.split(b'"')
        brackets = b"".join(texts[inside::2]).translate(None, _NO_BRACKETS)
        for _ in range(_PASSES):  # far shorter for the slow way below
            brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        depths = [*accumulate(map(_STEPS.__getitem__, brackets), initial=depth)]
        most, depth = max(most, max(depths) + _PASSES), depths[-1]
        inside = (inside + len(texts) - 1) % 2
        start = end
    return most, depth > 0 or inside == 1


def _decode(line: bytes, notes: _Notes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        notes.add("bytes that are not UTF-8; shown as U+FFFD")
        return line.decode("utf-8", "replace")


def _value(text: str, at: int, notes: _Notes) -> tuple[str, int]:
    """The value at a place, encoded anew, and where it ends."""
    try:
        value, end = _parse(text, at, notes, strict=True)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")), end
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" starting at").rstrip(": ")
        wrong = Unmendable(f"not JSON: {what}", text, error.pos)
    except RecursionError:
        wrong = Unmendable("nested too deep to read", text, at)
    raise wrong  # out here, or it would hold the parser's error and all its frames


def _parse(text: str, at: int, notes: _Notes, strict: bool) -> tuple[Any, int]:
    decoder = json.JSONDecoder(
        parse_constant=notes.constant,
        parse_float=notes.fraction,
        parse_int=notes.integer,
        strict=strict,
    )
    try:
        return decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:
        if not strict or not error.msg.startswith("Invalid control character"):
            raise
        notes.add(CONTROL)
        return _parse(text, at, notes, strict=False)


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
