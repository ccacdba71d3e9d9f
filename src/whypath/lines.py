"""Turns an input's bytes into numbered lines: opens it, unpacks it, cuts at line feeds.

Part of the `records` room: nothing else imports it, and nothing else opens input.
"""

import io
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

from whypath.errors import Problem, TraceError

BLOCK = 1 << 20
MAX_LINE = 1 << 30
MAX_RATIO = 200
RATIO_FROM = 64 << 20

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_REFUSED = {
    b"PK\x03\x04": ("a zip archive", "unpack it and give the file inside"),
    b"SQLite format 3\0": ("a SQLite database", "export the trace as JSON Lines"),
    b"\xff\xfe": ("UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"),
}


class Lines:
    """Lines of a byte stream with their numbers, blank ones skipped.

    Splits at b"\\n" only: U+2028 and its like are text. `ended` is True once the last
    line was handed out.
    """

    def __init__(self, stream: IO[bytes], name: str, problems: list[Problem]) -> None:
        self.line = 0
        self.ended = False
        self._name = name
        self._problems = problems
        self._iterator = self._read(stream)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return self

    def __next__(self) -> tuple[int, bytes]:
        return next(self._iterator)

    def push_back(self, lines: list[tuple[int, bytes]]) -> None:
        """Hands out `lines` again before anything else."""
        self._iterator = chain(lines, self._iterator)

    def _read(self, stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
        for line, data in _numbered(self._blocks(stream)):
            self.line = line
            stripped = data.strip(b" \t\r\0")
            if b"\0" in data:
                where = Problem("repair", "NUL bytes", "removed", self._name, line)
                self._problems.append(where)
                stripped = stripped.replace(b"\0", b"")
            if len(stripped) > MAX_LINE:
                what = f"a line of {len(stripped) >> 20:,} MiB"
                where = Problem("loss", what, "left out", self._name, line)
                self._problems.append(where)
            elif stripped:
                yield line, stripped
        self.ended = True

    def _blocks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The decompressed bytes, in blocks. A cut archive ends with a Problem."""
        head = stream.read(16)
        for magic, (what, hint) in _REFUSED.items():
            if head.startswith(magic):
                raise TraceError(self._name, f"this is {what}", line=1, hint=hint)
        whole = _Rejoined(head, stream)
        plain = _decompressed(whole, head)
        read = 0
        try:
            while block := bytes(plain.read(BLOCK)):
                if read == 0:
                    block = block.removeprefix(_BOM)
                read += len(block)
                if plain is not whole and read > max(
                    RATIO_FROM, MAX_RATIO * whole.count
                ):
                    raise TraceError(
                        self._name,
                        f"unpacks to more than {MAX_RATIO} times its size",
                        hint="this looks like a decompression bomb; unpack it yourself",
                    )
                yield block
        except (EOFError, OSError, ValueError) as error:
            if read == 0:
                raise TraceError(self._name, f"cannot be unpacked: {error}") from None
            what = f"the archive is damaged: {error}"
            where = Problem("loss", what, "what came before is kept", self._name)
            self._problems.append(where)


class _Rejoined(io.RawIOBase):
    """A stream with its first bytes put back; counts what was read of it."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head or self._rest.read(len(buffer))
        data, self._head = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def _decompressed(stream: _Rejoined, head: bytes) -> Any:
    if head.startswith(_GZIP):
        from isal import igzip

        unpacked: Any = igzip.IGzipFile  # untyped
        return unpacked(fileobj=io.BufferedReader(stream, BLOCK), mode="rb")
    if head.startswith(_ZSTD):
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(
            io.BufferedReader(stream, BLOCK), read_across_frames=True
        )
    return stream


def _numbered(blocks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Splits blocks at line feeds; the last line needs none."""
    number = 0
    pending: list[bytes] = []
    for block in blocks:
        lines = block.split(b"\n")
        if len(lines) > 1:
            number += 1
            yield number, b"".join([*pending, lines[0]])
            pending = []
            for line in lines[1:-1]:
                number += 1
                yield number, line
        pending.append(lines[-1])
    if any(pending):
        yield number + 1, b"".join(pending)


def open_input(path: Path | None) -> IO[bytes]:
    """The bytes of a file, or of standard input for None. Raises `TraceError`."""
    if path is None:
        return sys.stdin.buffer
    try:
        return path.open("rb", buffering=0)
    except IsADirectoryError:
        raise TraceError(str(path), "is a folder", hint="name a file in it") from None
    except OSError as error:
        raise TraceError(str(path), f"cannot be opened: {error.strerror}") from None
