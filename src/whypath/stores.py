"""Files of object stores: what there is, and how contents come and go.

Part of the `fleet` room. Each file there has an empty one here with its name, so that
everything else finds what there is.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from whypath.errors import TraceError

AT_ONCE = 32
"""Files that are on their way at the same time."""


class Store(NamedTuple):
    """A folder of an object store, as a URL, and the folder here that stands for it."""

    url: str
    here: str

    def there(self, path: Path) -> str:
        """Where the file that stands here lies."""
        return f"{self.url}/{path.relative_to(self.here).as_posix()}"


def open_store(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it. Raises `TraceError`."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        hint = "pip install 'whypath[cluster]'"
        raise TraceError(url, "fsspec is not installed", hint=hint) from None
    try:
        found: tuple[Any, str] = url_to_fs(url)
    except ImportError as error:
        raise TraceError(url, f"cannot be opened: {error}") from None
    except ValueError as error:
        hint = "write s3://bucket/folder, gs://, abfs:// or file://"
        raise TraceError(url, f"cannot be opened: {error}", hint=hint) from None
    return found


@contextmanager
def told(url: str) -> Iterator[None]:
    """Says in a sentence what the store did not do."""
    try:
        yield
    except TraceError:
        raise
    except Exception as error:  # each store raises errors of its own
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TraceError(url, f"the store does not answer: {why}") from None


def list_files(url: str) -> list[tuple[str, int]]:
    """Names below the URL, with their sizes, in order. Raises `TraceError`."""
    fs, root = open_store(url)
    with told(url):
        fs.invalidate_cache()
        found = fs.find(root, detail=True)
    names = ((name.removeprefix(root).lstrip("/"), one) for name, one in found.items())
    return sorted((name, int(one.get("size") or 0)) for name, one in names)


def stand_for(store: Store) -> int:
    """Makes an empty file here for each there; returns how many. Raises `TraceError`.

    A name that would lie outside the folder is left out.
    """
    root, count = Path(store.here), 0
    root.mkdir(parents=True, exist_ok=True)
    for name, _ in list_files(store.url):
        path = root / name
        if name and ".." not in path.parts and path.is_relative_to(root):
            stand_in(path)
            count += 1
    return count


def stand_in(path: Path) -> None:
    """Makes an empty file that stands for one that is in the store."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def fetch(store: Store, paths: Sequence[Path]) -> None:
    """Puts the contents into the files that stand for them. Raises `TraceError`."""
    fs, root = open_store(store.url)
    parts = [path.with_name(f".{os.getpid()}-{path.name}.part") for path in paths]
    names = [f"{root}/{p.relative_to(store.here).as_posix()}" for p in paths]
    with told(store.there(paths[0]) if len(paths) == 1 else store.url):
        if paths:
            fs.get(names, [str(part) for part in parts], batch_size=AT_ONCE)
        for part, path in zip(parts, paths, strict=True):
            part.rename(path)


def send(store: Store, paths: Sequence[Path]) -> None:
    """Puts files here into the store, `AT_ONCE` at a time. Raises `TraceError`."""
    fs, root = open_store(store.url)
    with told(store.url):
        names = [f"{root}/{p.relative_to(store.here).as_posix()}" for p in paths]
        if paths:
            fs.put([str(p) for p in paths], names, batch_size=AT_ONCE)


def remove(url: str, names: Sequence[str]) -> None:
    """Removes files below the URL. Raises `TraceError`."""
    fs, root = open_store(url)
    with told(url):
        if names:
            fs.rm([f"{root}/{name}" for name in names])
