"""Opens the files that are read: the one place that does.

Part of the `records` room: nothing else imports it.
"""

import hashlib
import sys
from pathlib import Path
from typing import IO

from whypath.errors import TraceError
from whypath.limits import endless


def open_input(path: Path | None, called: str | None = None) -> IO[bytes]:
    """The bytes of a file, or of standard input for None. Raises `TraceError`.

    `called` is what messages call the file, if not by its path.
    """
    if path is None:
        if sys.stdin is None:
            raise TraceError("<stdin>", "is closed", hint="name a file")
        return sys.stdin.buffer
    try:
        if what := endless(path):
            raise TraceError(called or str(path), what, hint="read it as `- <` it")
        return path.open("rb", buffering=0)
    except IsADirectoryError:
        raise TraceError(
            called or str(path), "is a folder", hint="name a file in it"
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise TraceError(called or str(path), f"cannot be opened: {why}") from None


def read_text(path: Path, most: int = 256 << 20) -> str:
    """The text of a file, of at most `most` bytes. Raises `TraceError`."""
    with open_input(path) as file:
        data = bytearray()
        while part := file.read(min(1 << 20, most - len(data))):
            data += part
            if len(data) >= most:
                break
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > most - 4:  # cut inside a letter
            return data[: error.start].decode("utf-8-sig")
        line = data.count(b"\n", 0, error.start) + 1
        hint = "save it as UTF-8"
        raise TraceError(str(path), "is not UTF-8", line=line, hint=hint) from None


def digest_of(path: Path) -> str:
    """32 hex digits that name the bytes of a file. Raises `TraceError`."""
    with open_input(path) as file:
        hashed = hashlib.blake2b(digest_size=16)
        try:
            while part := file.read(1 << 20):
                hashed.update(part)
        except OSError as error:
            raise TraceError(str(path), f"cannot be read: {error.strerror}") from None
    return hashed.hexdigest()
