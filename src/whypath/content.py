"""Keeps every payload of a trace once, as the JSON it was written in.

A payload is addressed by a small number, given in order of first appearance, and by the
hash of its bytes. Nothing is parsed here until somebody looks.
"""

import hashlib
import re
from typing import Any

import msgspec

from whypath.shelf import Shelf

_encode = msgspec.json.Encoder().encode
_decode_text = msgspec.json.Decoder(str).decode
_decode_any = msgspec.json.Decoder().decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_check = msgspec.json.Decoder(msgspec.Raw).decode

_SURROGATES = re.compile("[\ud800-\udfff]")
_PREVIEW_STRING = re.compile(rb'"((?:[^"\\]+|\\.)*)"?')
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb'|\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])'
)
_CUT_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?$")

IN_REACH_BYTES = 32 * 1024 * 1024
"""So many bytes of contents are kept as they are: a shelf takes a tenth of the time."""
_QUOTE = ord('"')
_ENDS = 512
_OTHER_BEGINNINGS = frozenset(range(0x21, 0x7F)) - frozenset(b"{[\\")
"""What a text begins with that is neither JSON nor space before it."""

Raw = bytes | msgspec.Raw


def to_json(value: Any) -> bytes:
    """Plain Python data as compact JSON in UTF-8, several times as fast as `json`."""
    return _encode(value)


def digest_of(data: bytes) -> str:
    """16 hex digits that name `data`, for keys: of much of it, its ends and its size.

    Two that differ only in between have the same name, which a key may have.
    """
    if len(data) > 2 * _ENDS:
        data = b"%d %b %b" % (len(data), data[:_ENDS], data[-_ENDS:])
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def _name_of(data: bytes) -> bytes:
    """What tells contents apart that are no longer at hand."""
    return hashlib.blake2b(data, digest_size=16).digest()


class ContentStore:
    """The contents of one input: raw JSON values, each unique one kept once.

    Of a large input, all but the last ones lie on a shelf.
    """

    __slots__ = ("_ids", "_last", "_last_bytes", "_shelf", "_shelved")

    def __init__(self) -> None:
        self._ids: dict[bytes, int] = {}
        self._last: list[bytes] = []
        self._last_bytes = 0
        self._shelf = Shelf()
        self._shelved: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._shelf) + len(self._last)

    def add(self, raw: Raw) -> int:
        """Keeps `raw`, one valid JSON value in UTF-8, and returns its number."""
        data = raw if type(raw) is bytes else bytes(raw)
        number = self._ids.get(data)
        if number is None and self._shelved:
            number = self._shelved.get(_name_of(data))
        if number is None:
            number = self._ids[data] = len(self)
            self._last.append(data)
            self._last_bytes += len(data)
            if self._last_bytes > IN_REACH_BYTES:
                self._shelved |= {_name_of(d): at for d, at in self._ids.items()}
                self._put_away()
        return number

    def _put_away(self) -> None:
        self._shelf.put(self._last)
        self._ids, self._last, self._last_bytes = {}, [], 0

    def seal(self) -> None:
        """Says that reading is over: what is added later may be kept a second time."""
        if self._shelved:
            self._put_away()
            self._shelved = {}

    def add_if(self, raw: Raw | None) -> int | None:
        """`add` for a field that may be missing: None is nothing."""
        return None if raw is None else self.add(raw)

    def add_embedded_if(self, raw: Raw | None) -> int | None:
        """`add_embedded` for a field that may be missing: None is nothing."""
        return None if raw is None else self.add_embedded(raw)

    def add_text(self, text: str) -> int:
        """Keeps `text` as a JSON string; a lone surrogate becomes U+FFFD."""
        try:
            return self.add(_encode(text))
        except UnicodeEncodeError:
            return self.add(_encode(_SURROGATES.sub("\ufffd", text)))

    def add_value(self, value: Any) -> int:
        """Keeps a Python value made of dicts, lists, strings, numbers and None."""
        if isinstance(value, str):
            return self.add_text(value)
        return self.add(_encode(value))

    def add_embedded(self, raw: Raw) -> int:
        """Keeps what a JSON string holds when that is itself an object or a list.

        Tool arguments travel as JSON inside a string in many formats. A string that
        holds anything else, or a value that is no string, is kept as it is.
        """
        data = raw if type(raw) is bytes else bytes(raw)
        if data[:1] != b'"' or not may_embed(data):
            return self.add(data)
        inner = _decode_text(data).strip()
        if inner[:1] not in ("{", "["):
            return self.add(data)
        encoded = inner.encode()
        try:
            _check(encoded)
        except (msgspec.DecodeError, RecursionError):
            return self.add(data)
        return self.add(encoded)

    def replace(self, number: int, data: bytes) -> None:
        """Keeps `data` in the place of a content, which can no longer be read."""
        old = self.raw(number)
        if self._ids.get(old) == number:
            del self._ids[old]
        at = number - len(self._shelf)
        if at < 0:
            self._shelf.replace(number, data)
            return
        self._last[at] = data
        self._ids.setdefault(data, number)

    def raw(self, number: int) -> bytes:
        """The JSON bytes of a content, as recorded."""
        at = number - len(self._shelf)
        return self._last[at] if at >= 0 else self._shelf[number]

    def is_text(self, number: int) -> bool:
        """True when the content is a JSON string."""
        at = number - len(self._shelf)
        first = self._last[at][0] if at >= 0 else self._shelf.first(number)
        return first == _QUOTE

    def value(self, number: int) -> Any:
        """The content parsed. Numbers beyond a double's range stay as text."""
        data = self.raw(number)
        try:
            return _decode_any(data)
        except (msgspec.DecodeError, RecursionError):
            return data.decode("utf-8", "replace")

    def document(self, number: int) -> Any:
        """The content parsed; of a text that holds a JSON object or list, that."""
        value = self.value(number)
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            try:
                return _decode_any(value.encode())
            except (msgspec.DecodeError, RecursionError):
                return value
        return value

    def keys(self, number: int) -> tuple[str, ...]:
        """The names at the top of a JSON object, in order; () for anything else."""
        data = self.raw(number)
        if data[:1] != b"{":
            return ()
        try:
            return tuple(_decode_object(data))
        except (msgspec.DecodeError, RecursionError):
            return ()

    def text(self, number: int) -> str:
        """The content for a reader's eye: a string's text, or the JSON as written."""
        data = self.raw(number)
        if data[:1] == b'"':
            return _decode_text(data)
        return data.decode("utf-8", "replace")

    def size(self, number: int) -> int:
        """Bytes of the JSON."""
        at = number - len(self._shelf)
        return len(self._last[at]) if at >= 0 else self._shelf.size(number)

    def digest(self, number: int) -> str:
        """16 hex digits that name the content in any run of any file."""
        return digest_of(self.raw(number))

    def preview(self, number: int, length: int) -> str:
        """The first `length` characters on one line, without parsing the whole."""
        whole = self.raw(number)
        for bytes_each in (2, 6, 12):  # plain text, escaped text, escaped pairs
            size = length * bytes_each + 16
            text = _begin(whole[:size])
            if len(text) >= length or len(whole) <= size:
                break
        return text[:length]


def may_embed(text: bytes) -> bool:
    """False for a JSON string that holds no JSON object or list, by its beginning."""
    return text[1] not in _OTHER_BEGINNINGS


def _begin(data: bytes) -> str:
    """A cut JSON value as one line: a string's text, or the JSON as written."""
    if data[:1] != b'"':
        return " ".join(data.decode("utf-8", "ignore").split())
    if b"\\" in data:
        match = _PREVIEW_STRING.match(data)
        body = _CUT_ESCAPE.sub(b"", match[1]) if match else b""
    else:
        body = data[1:].partition(b'"')[0]
    if b"\\\\" not in body:  # the escapes that are common, without a regex
        body = body.replace(b"\\n", b" ").replace(b'\\"', b'"')
    if b"\\" in body:
        body = _ESCAPE.sub(_unescape, body)
    return " ".join(body.decode("utf-8", "ignore").split())


def _unescape(match: re.Match[bytes]) -> bytes:
    """One JSON escape as UTF-8; half of a surrogate pair becomes nothing."""
    try:
        return _decode_text(b'"' + match[0] + b'"').encode()
    except (msgspec.DecodeError, UnicodeEncodeError):
        return b""
