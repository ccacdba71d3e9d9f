"""Where lines go: a file, a stream or standard output; a failure is told once."""

import io
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

listeners: list[Callable[[Path], object]] = []
"""Told of every file that is opened to record in, such as by a test's harness."""


class Sink:
    """Takes whole lines, and lets each out at once, so that a crash loses none.

    `is_text`: the stream takes text and may not know every letter. `seed` makes ids
    new in a file that holds others already.
    """

    def __init__(self, to: Any, id: str) -> None:
        self.is_closed, self.is_text, self.seed = to is None, False, ""
        self._stream: Any = None
        self._is_ours = self._is_told = False
        try:
            if to is not None:
                self._open(to, id)
        except Exception as problem:  # an agent starts also where it is not recorded
            self.give_up(problem)

    def _open(self, to: Any, id: str) -> None:
        if to == "-" or hasattr(to, "write"):
            stream = sys.stdout if to == "-" else to
            binary = isinstance(stream, io.RawIOBase | io.BufferedIOBase)
            self.is_text = not binary and "b" not in str(getattr(stream, "mode", ""))
            self._stream = stream
            return
        path = Path(to)
        if path.is_dir() or str(to).endswith(("/", os.sep)):
            path = path / (re.sub(r"[^\w.@=+-]", "_", id)[:200] + ".jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream, self._is_ours = path.open("ab", buffering=0), True
        for listener in listeners:
            listener(path.absolute())
        size = os.fstat(self._stream.fileno()).st_size
        if size:
            self.seed = f"{size}."
            with path.open("rb") as file:
                file.seek(-1, io.SEEK_END)
                if file.read(1) != b"\n":  # somebody was killed in the last line
                    self.write("\n")

    def write(self, lines: str) -> None:
        """Writes lines that end in a newline. Raises what the stream raises."""
        if self.is_text:
            self._stream.write(lines)
        else:
            data = lines.encode("utf-8", "backslashreplace")  # half a pair, as in JSON
            while data:
                written = self._stream.write(data)
                if written == 0:
                    raise OSError("nothing more can be written")
                data = data[written:] if isinstance(written, int) else b""
        if not self._is_ours:
            flush = getattr(self._stream, "flush", None)
            if flush is not None:
                flush()

    def close(self) -> None:
        """Closes the file, if it is ours."""
        self.is_closed = True
        if self._is_ours:
            with suppress(OSError):
                self._stream.close()

    def give_up(self, problem: Exception) -> None:
        """Says once on stderr what went wrong, and takes nothing more."""
        self.close()
        if self._is_told:
            return
        self._is_told = True
        with suppress(OSError, ValueError, AttributeError):  # stderr may be gone, too
            name = type(problem).__name__
            sys.stderr.write(f"whypath: recording stopped: {name}: {problem}\n")
