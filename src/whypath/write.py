"""Puts pages on the disk: whole or not at all, a folder never over what is not ours.

With `stage` the only module that writes. It does not know what a page holds.
"""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from whypath.disk import OURS as OURS
from whypath.disk import clear as clear
from whypath.disk import exchange, hold, sweep, sync
from whypath.disk import release as release
from whypath.disk import sync_all as sync_all
from whypath.disk import take as take
from whypath.errors import TraceError, Unwritable

MARK = ".whypath"
"""The file by which a folder is known as ours."""
MARK_TEXT = "made by Whypath, which may replace it\n"


def write_file(path: Path, pieces: Iterable[str], limit: int | None = None) -> int:
    """Writes a file from `pieces`, through a temporary one beside it.

    Returns its size in bytes. An old file stays until the new one is whole; a device
    or a pipe is written to and not replaced. `limit` is a size in bytes that must not
    be passed. Raises `TraceError`.
    """
    try:
        if path.is_dir():
            hint = f"name a file, or end with {os.sep}"
            raise TraceError(str(path), "is a folder", hint=hint)
        if _is_device(path):
            with path.open("wb") as file:
                return _fill(file, pieces, path, limit)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{OURS}-", dir=path.parent)
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            hold(handle)
            sweep(Path(name))
            size = _fill(file, pieces, path, limit)
            file.flush()
            os.fsync(file.fileno())  # a full disk shows here at the latest
        new = Path(name)
        new.chmod(0o644 & ~_umask())
        new.replace(path)
        sync(path.parent)
    except OSError as error:
        _remove(name)
        raise unwritable(path, error) from None
    except BaseException:
        _remove(name)
        raise
    return size


def _is_device(path: Path) -> bool:
    """True for a device or a pipe, and for a name of one that leads to a file."""
    return path.exists() and (
        not path.is_file() or path.absolute().parent == Path("/dev")
    )


def write_folder(
    path: Path, files: Iterable[tuple[str, Iterable[str]]], limit: int | None = None
) -> int:
    """Writes a folder of files, whole or not at all, in place of an older one of ours.

    `files` are names and pieces. Returns the size of all of them in bytes. Raises
    `TraceError`, also for a folder that something else made.
    """
    refuse_foreign(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{OURS}-", dir=path.parent))
    except OSError as error:
        raise unwritable(path, error) from None
    held = hold(new)
    try:
        sweep(new)
        size = write_file(new / MARK, [MARK_TEXT])
        for name, pieces in files:
            left = None if limit is None else limit - size
            size += write_file(new / name, pieces, left)
        new.chmod(0o755 & ~_umask())
        swap(new, path)
    except TraceError as error:
        clear(new)
        raise type(error)(str(path), error.why, hint=error.hint) from None
    except OSError as error:
        clear(new)
        raise unwritable(path, error) from None
    except BaseException:
        clear(new)
        raise
    finally:
        release(held)
    return size


def refuse_foreign(path: Path) -> None:
    """Raises `TraceError` where something stands that Whypath did not make."""
    if path.exists() and not _is_ours(path):
        raise TraceError(
            str(path),
            "is there already and was not made by Whypath",
            hint="name another folder, or an empty one",
        )


def _is_ours(path: Path) -> bool:
    if not path.is_dir() or path.is_symlink():
        return False
    return (path / MARK).is_file() or not any(path.iterdir())


def swap(new: Path, path: Path) -> None:
    """Puts the new folder in the place of the old one, which goes last.

    At one moment where the system can. Raises `TraceError`; the old one stays then.
    """
    old = new.with_name(f"{new.name}-old")
    try:
        if path.exists() and exchange(new, path):
            old = new
        else:
            if path.exists():
                path.rename(old)
            new.rename(path)
        sync(path.parent)
    except OSError as error:
        if old != new and old.exists():
            old.rename(path)
        raise unwritable(path, error) from None
    clear(old)


def _fill(file: IO[bytes], pieces: Iterable[str], path: Path, limit: int | None) -> int:
    size = 0
    for piece in pieces:
        data = piece.encode("utf-8", "replace")
        size += len(data)
        if limit is not None and size > limit:
            why = "the report would be larger than --max-size allows"
            raise TraceError(str(path), why, hint="allow more, or leave it out")
        file.write(data)
    return size


def unwritable(path: Path, error: OSError) -> Unwritable:
    """The error that says why a path could not be written."""
    return Unwritable(str(path), f"cannot be written: {error.strerror or error}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def discard(path: Path) -> None:
    """Removes a file that Whypath wrote. Raises `TraceError`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def _remove(name: str) -> None:
    with suppress(OSError):
        Path(name).unlink()
