"""Reads a JSON value as text to look for secrets in, and writes them as others would.

A secret may stand in a text as it is, or as JSON, an address, HTML or base64 would hold
it. Part of the `redact` room.
"""

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from whypath.content import to_json

APART = "\n\0\n"
"""Stands between texts, so that no pattern reaches from one to the next."""

_TOKEN = re.compile(
    rb'(?P<text>"(?:[^"\\]++|\\.)*+")(?P<colon>\s*:)?|-?\d[\d.eE+-]*|\[', re.DOTALL
)
"""A text, a number, or where a list begins."""
_decode_text = json.JSONDecoder(strict=False).decode
_PAIR = 500
_NAME = re.compile(r"[\w.-]*")
"""A name that says nothing by itself."""
_RUN = re.compile(r"[A-Za-z0-9+/]{24,8192}={0,2}|[A-Za-z0-9_-]{24,8192}={0,2}")
_PERCENT = re.compile(r"%[2-7][0-9A-Fa-f]")
_ENTITY = re.compile(r"&(?:quot|amp|lt|gt|apos|#\d{2,3}|#x[0-9a-f]{2});")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_ESCAPED = re.compile(r'\\["nrt/]|\\u00[2-7]')
_QUADS = 6
"""Groups of four letters of base64 that are looked at."""


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value; that of a name in an object as `name="text"`."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            yield from _side_by_side(each)
            for name, inner in each.items():
                if isinstance(inner, str) and len(inner) < _PAIR:
                    if not _NAME.fullmatch(name):
                        yield name
                    yield as_pair(name, inner)
                else:
                    yield name
                    stack.append(inner)
        elif isinstance(each, list):
            stack.extend(reversed(each))


def _side_by_side(value: dict[str, Any]) -> Iterator[str]:
    """What an object with the names `name` (or `key`) and `value` says of itself."""
    name, text = value.get("name") or value.get("key"), value.get("value")
    if isinstance(name, str) and isinstance(text, str) and len(text) < _PAIR:
        yield f"{as_pair('name', name)} {as_pair('value', text)}"


def as_pair(name: str, text: str) -> str:
    """A name and its text as an assignment, which rules know."""
    return f'{name}="{text}"'


def readings(text: str) -> Iterator[str]:
    """The text, and what it says as an address, as HTML, in a terminal or as JSON."""
    yield text
    if _PERCENT.search(text):
        yield unquote(text)
    if _ENTITY.search(text):
        yield html.unescape(text)
    if _COLOUR.search(text):
        yield _COLOUR.sub("", text)
    for _ in range(2):
        if not _ESCAPED.search(text):
            return
        text = _unescaped(text)
        yield text


def _unescaped(text: str) -> str:
    text = re.sub(r"\\u00([2-7][0-9a-fA-F])", lambda m: chr(int(m[1], 16)), text)
    for escape, letter in (('\\"', '"'), ("\\/", "/"), ("\\n", "\n"), ("\\t", "\t")):
        text = text.replace(escape, letter)
    return text.replace("\\r", "\r").replace("\\\\", "\\")


def packed_texts(text: str) -> Iterator[tuple[str, str]]:
    """Runs of base64 in a text, and the text that each holds, if it holds one."""
    for match in _RUN.finditer(text):
        body = match[0].rstrip("=").translate(str.maketrans("-_", "+/"))
        body = body[: len(body) - (len(body) % 4 == 1)]
        try:
            data = base64.b64decode(body + "=" * (-len(body) % 4))
            held = data.decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if held.isprintable() or "\n" in held:
            yield match[0], held


def packed_gate() -> str:
    """A pattern for base64 of letters of ASCII, whatever they say.

    Of four letters of base64, the first three have a bit that is the highest of a byte,
    which letters of ASCII do not set; the first has two.
    """
    first, second = "[I-Za-f]", "[A-HQ-Xg-nw-z0-3]"
    third = "[ABEFIJMNQRUVYZcdghklopstwx014589]"
    return f"(?:{first}{second}{third}[A-Za-z0-9+/_-]){{{_QUADS}}}"


def _in_base64(text: str) -> Iterator[str]:
    """The letters of base64 that a text always has inside a longer one."""
    data = text.encode()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
        first = -(-shift * 4 // 3)
        last = (shift + len(data)) * 4 // 3
        yield whole[first:last]


def forms(value: str) -> Iterator[str]:
    """The value as it may stand inside a text: plain, or written as others would."""
    yield value
    once = json.dumps(value, ensure_ascii=False)[1:-1]
    yield once
    yield once.replace("/", "\\/")
    yield json.dumps(value)[1:-1]
    twice = json.dumps(once, ensure_ascii=False)[1:-1]
    yield twice
    yield json.dumps(twice, ensure_ascii=False)[1:-1]
    yield re.sub("[<>&']", lambda m: f"\\u{ord(m[0]):04x}", once)
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    yield html.escape(value)
    if len(value) >= 12:
        yield from _in_base64(value)


def rewritten(
    data: bytes, fix: Callable[[str], str], pair: Callable[[str, str], str]
) -> bytes:
    """JSON with every text in it put right by `fix`, and after a name by `pair`.

    What they leave as it is stays as it was written: numbers of any size, names that
    are there twice. Raises `ValueError` for a text that is none.
    """
    name: str | None = None

    def put(match: re.Match[bytes]) -> bytes:
        nonlocal name
        written, colon = match["text"], match["colon"]
        if written is None:
            name = None
            said = match[0].decode()
            clean = said if said == "[" else fix(said)
            return match[0] if clean == said else to_json(clean)
        text = _decode_text(written.decode())
        before, name = name, text if colon else None
        clean = fix(text) if colon or before is None else pair(before, text)
        return match[0] if clean == text else to_json(clean) + (colon or b"")

    return _TOKEN.sub(put, data)
