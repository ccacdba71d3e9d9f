"""Fills a folder beside the one it will replace, file by file, from several processes.

Like `write` it puts pages on the disk. The old folder stays until the new one is whole;
what is unchanged is linked, not copied. What a killed build left, the next one clears.
"""

import gzip
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from whypath.errors import TraceError, Unwritable
from whypath.write import MARK as MARK
from whypath.write import (
    MARK_TEXT,
    OURS,
    refuse_foreign,
    release,
    swap,
    sync_all,
    take,
    unwritable,
)
from whypath.write import clear as clear

_PACK_LEVEL = 6


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A new folder to fill; at the end it takes the place of `path`, whole.

    When anything is raised inside, `path` stays as it was. Raises `TraceError` for a
    folder that Whypath did not make, and while another build writes to `path`.
    """
    refuse_foreign(path)
    new = path.parent / f".{OURS}-{path.name}.new"
    old = new.with_name(f"{new.name}-old")
    held = _take(new, path)
    try:
        if old.exists():
            _put_back(old, path)
        (new / MARK).write_text(MARK_TEXT, "utf-8")
        yield new
        sync_all(new)
        swap(new, path)
    except OSError as error:
        raise unwritable(path, error) from None
    except Unwritable as error:  # of the staged folder, which nobody asked for
        raise Unwritable(str(path), error.why, hint=error.hint) from None
    finally:
        clear(new)
        release(held)


def _take(new: Path, path: Path) -> int | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if new.is_symlink() or (new.exists() and not new.is_dir()):
            why = f"cannot be written: {new.name} beside it is no folder"
            raise Unwritable(str(path), why, hint="Whypath did not make it: remove it")
        return take(new)
    except FileExistsError:
        why, hint = "is being written by another process", "wait until it is done"
        raise TraceError(str(path), why, hint=hint) from None
    except OSError as error:
        raise unwritable(path, error) from None


def _put_back(old: Path, path: Path) -> None:
    """After a kill between two renames, where names cannot be swapped at once."""
    if path.exists():
        shutil.rmtree(old)
    else:
        old.rename(path)


def write_page(path: Path, pieces: Iterable[str]) -> int:
    """Writes a new file of a staged folder; returns its size. Raises `TraceError`."""
    size = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for piece in pieces:
                size += file.write(piece.encode("utf-8", "replace"))
    except OSError as error:
        raise unwritable(path, error) from None
    return size


def write_packed(path: Path, pieces: Iterable[str]) -> None:
    """Writes a new gzip file, the same bytes for the same text. Raises `TraceError`."""
    try:
        with (
            path.open("wb") as raw,
            gzip.GzipFile("", "wb", _PACK_LEVEL, raw, mtime=0) as file,
        ):
            for piece in pieces:
                file.write(piece.encode("utf-8", "replace"))
    except OSError as error:
        raise unwritable(path, error) from None


def take_over(old: Path, new: Path) -> bool:
    """Puts the files of an older folder into a new one; False: it is not there.

    They are linked where the file system can: a staged file is never written again. A
    link that somebody put there is nothing of ours, nor are the files behind it.
    """
    try:
        if any(path.is_symlink() for path in (old.parent, old, *old.iterdir())):
            return False
        files = [file for file in old.iterdir() if file.is_file()]
        new.mkdir(parents=True)
        for file in files:
            try:
                os.link(file, new / file.name)
            except OSError:
                shutil.copyfile(file, new / file.name)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unwritable(new, error) from None
    return bool(files)


def put_between(path: Path, begin: str, end: str, text: str) -> None:
    """Puts `text` where the marks are first in a page, in place of what was there.

    A page that is not there, or has no marks, stays as it is. The page may be linked
    with one of an older folder, so that it is made anew. Raises `TraceError`.
    """
    try:
        page = path.read_bytes()
        start = page.index(begin.encode()) + len(begin)
        stop = page.index(end.encode(), start)
        new = text.encode("utf-8", "replace")
        if page[start:stop] != new:
            path.unlink()
            path.write_bytes(page[:start] + new + page[stop:])
    except (FileNotFoundError, ValueError):
        return
    except OSError as error:
        raise unwritable(path, error) from None
