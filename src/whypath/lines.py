"""Turns an input's bytes into numbered lines: unpacks it, cuts at line feeds.

Part of the `records` room: nothing else imports it.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import chain
from typing import IO, Any, NamedTuple

from whypath.errors import Level, TraceError
from whypath.limits import BOMB, USUAL, Limits

BLOCK = 1 << 18
"""Small enough to stay in a processor's cache while it is cut up."""
RATIO_FROM = 64 << 20

ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
"""The standard library's module, or the same one for older Pythons."""

_HEAD = 512
_KEPT_BLOCKS = 8
_NO_SPACE = (b"\v", b"\f")
"""What Python takes for space around a line, and JSON does not."""
_BOM = b"\xef\xbb\xbf"
_UTF16 = ("UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8")
_UNPACK = "unpack it and give the file inside"
_REFUSED = {
    b"PK\x03\x04": ("a zip archive", "unpack it, or give it by its name"),
    b"PK\x05\x06": ("an empty zip archive", _UNPACK),
    b"BZh": ("a bzip2 archive", _UNPACK),
    b"\xfd7zXZ\0": ("an xz archive", _UNPACK),
    b"SQLite format 3\0": ("a SQLite database", "give it by its name"),
    b"\xff\xfe": _UTF16,
    b"\xfe\xff": _UTF16,
    **dict.fromkeys((b"{\0", b"[\0", b"\0{\0", b"\0[\0"), _UTF16),
}
_TAR, _TAR_AT = b"ustar", 257

Report = Callable[[Level, str, str, int | None], None]
"""Takes a problem: its level, what is wrong, what was done, the line."""


class Lines:
    """Lines of a byte stream with their numbers, blank ones skipped.

    Splits at b"\\n" only: U+2028 and its like are text. `line` is the number of the
    line handed out last; `ended` is True when that was the last and has no line feed.
    """

    def __init__(
        self,
        stream: IO[bytes],
        name: str,
        report: Report,
        limits: Limits = USUAL,
    ) -> None:
        self.line = 0
        self.ended = False
        self._name = name
        self._report = report
        self._limits = limits
        self._head: list[bytes] | None = []
        self._stream = self._blocks(stream)
        self._iterator = self._read(self._kept(self._stream), 1)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return self._iterator

    def __next__(self) -> tuple[int, bytes]:
        return next(self._iterator)

    def push_back(self, lines: list[tuple[int, bytes]]) -> None:
        """Hands out `lines` again before anything else."""
        self._iterator = chain(lines, self._iterator)

    def whole(self, most: int) -> bytes | None:
        """All of the input at once, its lines stripped; None where that cannot be.

        That is so for more than `most` bytes, and when much was handed out already.
        The rest of the lines is handed out all the same, until `close`.
        """
        if self._head is None:
            return None
        head, self._head = self._head, None
        more: list[bytes] = []
        left = most - sum(map(len, head))
        while left >= 0 and (block := next(self._stream, b"")):
            more.append(block)
            left -= len(block)
        rest = chain(_after(self.line, head), more, self._stream)
        self._iterator = self._read(rest, self.line + 1)
        blocks = [*head, *more]
        if left < 0 or any(space in block for block in blocks for space in _NO_SPACE):
            return None
        return b"\n".join(filter(None, _stripped(blocks)))

    def close(self) -> None:
        """Hands out nothing more, and lets go of it."""
        self._iterator = iter(())

    def _kept(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks; the first are kept for who asks for the whole."""
        for block in blocks:
            if self._head is not None:
                kept = len(self._head) < _KEPT_BLOCKS
                self._head = [*self._head, block] if kept else None
            yield block

    def _read(
        self, blocks: Iterator[bytes], number: int
    ) -> Iterator[tuple[int, bytes]]:
        for line, data, whole in _numbered(blocks, number, self._limits.line):
            self.line, self.ended = line, not whole
            if data is None:
                what = f"a line of more than {amount(self._limits.line)}"
                self._report("loss", what, "left out; see --at-most line", line)
                continue
            stripped = data.strip(b" \t\r\0")
            if b"\0" in data:
                self._report("repair", "NUL bytes", "removed", line)
                stripped = stripped.replace(b"\0", b"").strip(b" \t\r")
            if stripped:
                yield line, stripped

    def _blocks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The decompressed bytes, in blocks. A damaged archive ends with a Problem."""
        empty, left = True, self._limits.total
        try:
            for block in self._unpacked(stream):
                if empty:
                    self._refuse(block)
                    block = block.removeprefix(_BOM)
                empty = False
                left -= len(block)
                if left < 0:
                    what = f"the file holds more than {amount(self._limits.total)}"
                    done = "the rest is left out; see --at-most total"
                    self._report("loss", what, done, None)
                    yield block[:left]
                    return
                yield block
        except _damage() as error:
            if empty:
                raise TraceError(self._name, f"cannot be read: {error}") from None
            what = f"the file is damaged: {error}"
            self._report("loss", what, "what came before is kept", None)
        finally:
            if stream is not getattr(sys.stdin, "buffer", None):
                stream.close()

    def _unpacked(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The bytes, unpacked if they are packed. Raises `TraceError` for a bomb."""
        head = _read_head(stream)
        self._refuse(head)
        packed_with = next((p for p in _UNPACKERS if head.startswith(p.magic)), None)
        if packed_with is None:
            yield from filter(None, [head])
            while block := stream.read(BLOCK):
                yield block
            return
        packed = unpacked = 0
        pieces = _pieces(head, stream, packed_with.piece)
        for piece, block in _unpack(pieces, packed_with.start):
            packed += piece
            unpacked += len(block)
            if unpacked > max(RATIO_FROM, self._limits.ratio * packed):
                raise TraceError(
                    self._name,
                    f"unpacks to more than {self._limits.ratio} times its size",
                    hint=BOMB,
                )
            if block:
                yield block

    def _refuse(self, head: bytes) -> None:
        """Raises `TraceError` for what is known not to be JSON."""
        for magic, (what, hint) in _REFUSED.items():
            if head.startswith(magic):
                raise TraceError(self._name, f"this is {what}", line=1, hint=hint)
        if head[_TAR_AT:].startswith(_TAR):
            what = "this is a tar archive"
            raise TraceError(self._name, what, line=1, hint=_UNPACK)


def amount(size: int) -> str:
    """`64 MiB`, or how many bytes where it is less."""
    return f"{size >> 20:,} MiB" if size >= 1 << 20 else f"{size:,} bytes"


def _read_head(stream: IO[bytes]) -> bytes:
    """The first bytes; a pipe may give them in several parts."""
    head = b""
    while len(head) < _HEAD and (more := stream.read(_HEAD - len(head))):
        head += more
    return head


def _pieces(head: bytes, stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The packed bytes in pieces so small that none unpacks to very much."""
    block = head
    while block:
        for at in range(0, len(block), size):
            yield block[at : at + size]
        block = stream.read(BLOCK)


def _unpack(
    pieces: Iterator[bytes], unpacker: Callable[[], Any]
) -> Iterator[tuple[int, bytes]]:
    """How much was read, and what it unpacks to. Archives may follow each other."""
    unpack = unpacker()
    begun = True
    for piece in pieces:
        size, data = len(piece), piece if begun else piece.lstrip(b"\0")
        while data:
            if not begun:
                unpack = unpacker()
            yield size, unpack.decompress(data)
            begun = not unpack.eof
            size, data = 0, b"" if begun else unpack.unused_data.lstrip(b"\0")
    if begun:
        raise EOFError("it ends in the middle")


def _gunzip() -> Any:
    from isal import isal_zlib

    return isal_zlib.decompressobj(wbits=31)


def _unzstd() -> Any:
    return import_module(ZSTD).ZstdDecompressor()


class _Packing(NamedTuple):
    """How an archive begins, how many bytes to give at a time, what unpacks them."""

    magic: bytes
    piece: int
    start: Callable[[], Any]


_UNPACKERS = (
    _Packing(b"\x1f\x8b", 1 << 14, _gunzip),
    _Packing(b"\x28\xb5\x2f\xfd", 1 << 10, _unzstd),
)


def _damage() -> tuple[type[Exception], ...]:
    """What reading raises when the disk or an archive is broken."""
    unpackers = (("isal.isal_zlib", "error"), (ZSTD, "ZstdError"))
    loaded = ((sys.modules.get(module), name) for module, name in unpackers)
    own = (getattr(module, name, None) for module, name in loaded)
    return (EOFError, OSError, *filter(None, own))


def _after(line: int, blocks: list[bytes]) -> Iterator[bytes]:
    """What stands after a line, looked for when it is asked for."""
    lines = b"".join(blocks).split(b"\n", line)
    if len(lines) > line:
        yield lines[-1]


def _stripped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks cut at the ends of lines, the space around their lines left out."""
    pending: list[bytes] = []
    for block in blocks:
        lines, feed, rest = block.rpartition(b"\n")
        if not feed:
            pending.append(block)
            continue
        whole = b"".join([*pending, lines])
        pending = [rest]
        yield b"\n".join(filter(None, map(bytes.strip, whole.split(b"\n"))))
    yield b"".join(pending).strip()


def _numbered(
    blocks: Iterator[bytes], number: int, most: int
) -> Iterator[tuple[int, bytes | None, bool]]:
    """Splits blocks at line feeds: number, line, and whether a line feed ended it.

    The line is None where it is longer than `most`.
    """
    pending: list[bytes] = []
    size = 0
    for block in blocks:
        if not size and block[:1] == b"\n" and not block.strip(b"\n"):
            number += len(block)
            yield number - 1, b"", True  # for all: a bomb may be made of these
            continue
        *lines, last = block.split(b"\n") if b"\n" in block else (block,)
        for line in lines:
            size += len(line)
            if pending:
                line = b"".join([*pending, line])
                pending.clear()
            yield number, line if size <= most else None, True
            number, size = number + 1, 0
        size += len(last)
        if size <= most:
            pending.append(last)
        else:
            pending.clear()
    if size:
        last = b"".join(pending)
        pending.clear()  # a whole document, maybe: it is not held twice
        yield number, last if size <= most else None, False
