"""Turns JSON that a strict parser refuses into JSON that it takes.

Used only by `records`, on the lines that fail the fast check. It says what it changed
and never guesses: what has no JSON form becomes text, what is cut off is left out.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 900
"""Nesting that every later stage, and the browser, can walk."""

_MAX_DIGITS = 4000
_SURROGATES = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_CLOSER = {b"{": b"}", b"[": b"]"}


class Unmendable(Exception):
    """The bytes are not JSON; the message says what is wrong and where."""


class _Notes:
    """Collects what was changed while one value is parsed."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def add(self, what: str) -> None:
        if what not in self.seen:
            self.seen.append(what)

    def constant(self, name: str) -> str:
        """NaN and the infinities, which JSON does not have."""
        self.add(f"{name} is not JSON; kept as text")
        return name

    def integer(self, digits: str) -> int | str:
        if len(digits) <= _MAX_DIGITS:
            return int(digits)
        self.add(f"a number of {len(digits):,} digits; kept as text")
        return digits


def mend(line: bytes) -> Iterator[tuple[bytes, list[str]]]:
    """Yields each JSON value of `line` re-encoded, with what was changed in it.

    More than one value comes from objects written without a line break between them.
    Raises `Unmendable`, possibly after some values, when the rest is not JSON.
    """
    notes = _Notes()
    text = _decode(line, notes)
    decoder = json.JSONDecoder(
        parse_constant=notes.constant, parse_int=notes.integer, strict=False
    )
    at = _skip_space(text, 0)
    while at < len(text):
        value, end = _value(decoder, text, at)
        at = _skip_space(text, end)
        if at < len(text):
            notes.add("several JSON values on one line; each is read")
        encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if _SURROGATES.search(encoded):
            notes.add("half of a surrogate pair; shown as U+FFFD")
            encoded = _SURROGATES.sub("\ufffd", encoded)
        yield encoded.encode(), notes.seen
        notes.seen = []


def close_cut(data: bytes) -> bytes | None:
    """Closes a JSON document that ends in the middle, after its last whole value.

    Returns None when not even one value is whole. Linear in `data`.
    """
    stack: list[bytes] = []
    safe: tuple[int, bytes] | None = None
    expects_value = True
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in _CLOSER:
            stack.append(_CLOSER[token])
            expects_value = token == b"["
            safe = (match.end(), _closers(stack)) if len(stack) == 1 else safe
        elif token in (b"}", b"]"):
            if not stack or stack.pop() != token:
                return None
            safe = (match.end(), _closers(stack))
            expects_value = False
        elif token == b":":
            expects_value = True
        elif token == b",":
            expects_value = bool(stack) and stack[-1] == b"]"
        elif expects_value and match.end() < len(data):
            safe = (match.end(), _closers(stack))
            expects_value = False
    return None if safe is None else data[: safe[0]] + safe[1]


def _closers(stack: list[bytes]) -> bytes:
    return b"".join(reversed(stack))


def _decode(line: bytes, notes: _Notes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        notes.add("bytes that are not UTF-8; shown as U+FFFD")
        return line.decode("utf-8", "replace")


def _value(decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise Unmendable(f"not JSON: {error.msg} at column {error.pos + 1}") from None
    except RecursionError:
        raise Unmendable("nested too deep to read") from None


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n\0":
        at += 1
    return at
