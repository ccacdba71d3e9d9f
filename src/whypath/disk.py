"""What a file system must do so that nothing torn is ever seen, and nothing stays.

Part of the `write` room.
"""

import ctypes
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

OURS = "whypath"
_TEMPORARY = re.compile(rf"\.{OURS}-[a-z0-9_]{{8}}(?:-old)?")
_A_MINUTE = 60
_HERE, _EXCHANGE = -100, 2


def hold(made: Path | int) -> int | None:
    """Marks a temporary file or folder as in use while this process lives.

    Returns what to close, None where there is nothing to mark with.
    """
    try:
        import fcntl
    except ImportError:
        return None
    with suppress(OSError):
        handle = made if isinstance(made, int) else os.open(made, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle
    return None


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
        os.close(held)
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
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
    try:
        swap = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    names = (os.fsencode(one), os.fsencode(other))
    return bool(swap(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0)
