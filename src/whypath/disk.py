"""What a file system must do so that nothing torn is ever seen, and nothing stays.

Part of the `write` room.
"""

import ctypes
import errno
import os
import re
import shutil
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

OURS = "whypath"
_TEMPORARY = re.compile(rf"\.{OURS}-[a-z0-9_]{{8}}(?:-old)?")
_A_MINUTE = 60
_HERE, _EXCHANGE = -100, 2
_SWAP = 2
_LOST = (errno.EIO, errno.ENOSPC, errno.EDQUOT)


def clear(folder: Path) -> None:
    """Removes a folder of ours, if it can be: again where the disk failed once."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def hold(made: Path | int) -> int | None:
    """Marks a temporary file or folder as in use while this process lives.

    Returns what to close, None where there is nothing to mark with.
    """
    with suppress(OSError):
        return _lock(made)
    return None


def _lock(made: Path | int) -> int | None:
    """Like `hold`. Raises `BlockingIOError` while it is held, or another `OSError`."""
    try:
        import fcntl
    except ImportError:
        return None
    # to open a pipe that somebody put there would wait for a writer otherwise
    how = os.O_RDONLY | os.O_NONBLOCK
    handle = made if isinstance(made, int) else os.open(made, how)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if handle != made:
            os.close(handle)
        raise
    return handle


def release(held: int | None) -> None:
    """Ends what `hold` began; that it can no longer be closed harms nobody."""
    if held is not None:
        with suppress(OSError):
            os.close(held)


def sweep(mine: Path) -> None:
    """Removes what a killed process left beside `mine`: nobody holds it any more.

    What is about as new as `mine` may be held in a moment, and stays.
    """
    late = mine.stat().st_mtime - _A_MINUTE
    for each in mine.parent.iterdir():
        if not _TEMPORARY.fullmatch(each.name) or each.is_symlink():
            continue
        if each.lstat().st_mtime > late:
            continue
        held = hold(each)
        if held is None:
            continue
        release(held)
        if each.is_dir():
            clear(each)
        else:
            with suppress(OSError):
                each.unlink()


def sync(folder: Path) -> None:
    """Makes new names in a folder last, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def exchange(one: Path, other: Path) -> bool:
    """Swaps two names at one moment. False where the system cannot."""
    names = (os.fsencode(one), os.fsencode(other))
    try:
        libc = ctypes.CDLL(None)
        if sys.platform == "darwin":
            return bool(libc.renamex_np(*names, _SWAP) == 0)
        done = libc.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE)
    except (AttributeError, OSError, TypeError):
        return False
    return bool(done == 0)


def sync_all(folder: Path) -> None:
    """Makes all that was written to the file system of a folder last, if it can.

    Raises `OSError` where something was not written after all.
    """
    with suppress(AttributeError, TypeError):
        libc = ctypes.CDLL(None, use_errno=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            if libc.syncfs(handle) != 0 and ctypes.get_errno() in _LOST:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(handle)


def take(folder: Path) -> int | None:
    """Makes a folder and holds it, in place of one that a killed process left.

    Returns what to close, None where nothing can be held. Raises `FileExistsError`
    while another process holds it, and `OSError`.
    """
    try:
        folder.mkdir()
    except FileExistsError:
        left = hold(folder)
        if left is None and _can_hold():
            raise
        release(left)
        shutil.rmtree(folder)
        folder.mkdir()
    try:
        return _lock(folder)
    except BlockingIOError:  # another one took it in this moment
        raise FileExistsError(folder) from None
    except OSError:
        clear(folder)
        raise


def _can_hold() -> bool:
    return find_spec("fcntl") is not None
