"""Packs step fragments and contents into compressed chunks, each content once.

A chunk is a header line (JSON) followed by the bytes it describes: fragments, then
contents. The browser unpacks the chunk of the step that is shown. See assets/data.js.
"""

import base64
import gzip
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from whypath.content import ContentStore, to_json

CHUNK_BYTES = 384 * 1024
LEVEL = 1
PORTABLE_LEVEL = 6

Facts = Mapping[str, Any]
"""Plain data about a step, read by the page without its fragment."""


@dataclass(slots=True)
class Chunk:
    """A chunk being filled: fragments with what they own and say, then contents."""

    steps: list[tuple[int, int, list[int], Facts]] = field(default_factory=list)
    fragments: list[bytes] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    size: int = 0


class Payload:
    """The packed form of one run's steps. Numbers contents in order of first use."""

    def __init__(self, contents: ContentStore, *, portable: bool = False) -> None:
        self._store = contents
        self._portable = portable
        self._numbers = array("i", [-1]) * len(contents)
        self._others: dict[bytes, int] = {}
        self._count = 0
        self._chunk = Chunk()
        self._own: list[int] = []
        self.first_steps: list[int] = []
        self.first_contents: list[int] = []
        self.content_bytes = 0

    def ref(self, content: int, *, own: bool = True) -> int:
        """The page's number of a content; it is packed at its first mention.

        `own` says that the content belongs to this step, so that a search that finds
        it leads here.
        """
        number = self._numbers[content]
        if number < 0:
            number = self._numbers[content] = self._pack(self._store.raw(content))
        if own:
            self._own.append(number)
        return number

    def ref_json(self, raw: bytes) -> int:
        """The page's number of a JSON text that is not in the store."""
        number = self._others.get(raw)
        if number is None:
            number = self._others[raw] = self._pack(raw)
        return number

    def _pack(self, data: bytes) -> int:
        number = self._count
        self._count += 1
        self._chunk.contents.append(data)
        self._chunk.size += len(data)
        self.content_bytes += len(data)
        return number

    def add_step(self, position: int, fragment: str, facts: Facts) -> str | None:
        """Adds a rendered step. Returns a finished chunk in base64, if one is full."""
        data = fragment.encode("utf-8", "replace")
        chunk = self._chunk
        chunk.steps.append((position, len(data), self._own, facts))
        chunk.fragments.append(data)
        chunk.size += len(data)
        self._own = []
        return self.flush() if chunk.size >= CHUNK_BYTES else None

    def flush(self) -> str | None:
        """The chunk so far in base64, or None when it is empty."""
        chunk = self._chunk
        if not chunk.steps:
            return None
        self._chunk = Chunk()
        self.first_steps.append(chunk.steps[0][0])
        self.first_contents.append(self._count - len(chunk.contents))
        header = {"steps": chunk.steps, "contents": [len(c) for c in chunk.contents]}
        parts = [to_json(header), b"\n", *chunk.fragments, *chunk.contents]
        return pack(b"".join(parts), portable=self._portable)


def pack(data: bytes, *, portable: bool = False) -> str:
    """Gzip with a fixed header, in base64.

    `portable`: the same bytes on every machine. What isal makes depends on the
    processor, and is made at thirty times the speed.
    """
    if portable:
        packed = gzip.compress(data, PORTABLE_LEVEL, mtime=0)
        packed = packed[:9] + b"\xff" + packed[10:]  # no word about the system
    else:
        from isal import igzip

        packed = igzip.compress(data, compresslevel=LEVEL, mtime=0)
    return base64.b64encode(packed).decode("ascii")


_BLOCK = re.compile(r'class="(?:chunk|graphs|index)">([A-Za-z0-9+/=]+)<')


def unpacked(piece: str) -> Iterator[bytes]:
    """A piece of a page as it will be read: its blocks unpacked, the rest as it is."""
    from isal import igzip

    found = _BLOCK.search(piece)
    if found is None:
        yield piece.encode("utf-8", "replace")
    else:
        data: bytes = igzip.decompress(base64.b64decode(found[1]))  # type: ignore[no-untyped-call]
        yield data
