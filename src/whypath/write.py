"""Puts pages on the disk: whole or not at all, and never over what is not ours.

The only module that writes. It does not know what a page holds.
"""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from whypath.errors import TraceError

OURS = "whypath"


def write_file(path: Path, pieces: Iterable[str], limit: int | None = None) -> int:
    """Writes a file from `pieces`, through a temporary one beside it.

    Returns its size in bytes. An old file stays until the new one is whole. `limit` is
    a size in bytes that must not be passed. Raises `TraceError`.
    """
    if path.is_dir():
        raise TraceError(
            str(path), "is a folder", hint=f"name a file, or end with {os.sep}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{OURS}-", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    size = 0
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                data = piece.encode("utf-8", "replace")
                size += len(data)
                if limit is not None and size > limit:
                    raise _too_big(path, limit)
                _put(file, data, path)
            _settle(file, path)
        Path(name).chmod(0o644 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        _remove(name)
        raise
    return size


def _put(file: IO[bytes], data: bytes, path: Path) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise _unwritable(path, error) from None


def _settle(file: IO[bytes], path: Path) -> None:
    """Waits until the bytes are on the disk: a full one shows here at the latest."""
    try:
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> TraceError:
    return TraceError(str(path), f"cannot be written: {error.strerror or error}")


def _too_big(path: Path, limit: int) -> TraceError:
    return TraceError(
        str(path),
        f"the report would be larger than {limit / 1e6:,.0f} MB",
        hint="raise --max-size, or write a folder: -o report/",
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remove(name: str) -> None:
    with suppress(OSError):
        Path(name).unlink()
