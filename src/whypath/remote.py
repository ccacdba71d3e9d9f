"""Makes a site of traces in an object store, or into one, as if they lay here.

Part of the `fleet` room. Each file there has an empty one here with its name, so that
everything else finds what there is; contents come and go where the work is done.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from os.path import commonpath
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from whypath import fleet
from whypath.build_site import LEDGER, MARK, Plan
from whypath.errors import TraceError
from whypath.fleet import Lost, Progress, Site, Spread

AT_ONCE = 32
"""Files that are on their way at the same time."""

T = TypeVar("T")
R = TypeVar("R")


class Store(NamedTuple):
    """A folder of an object store, as a URL, and the folder here that stands for it."""

    url: str
    here: str

    def there(self, path: Path) -> str:
        """Where the file that stands here lies."""
        return f"{self.url}/{path.relative_to(self.here).as_posix()}"


def _open(url: str) -> tuple[Any, str]:
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
def _told(url: str) -> Iterator[None]:
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
    fs, root = _open(url)
    with _told(url):
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
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            count += 1
    return count


def fetch(store: Store, paths: Sequence[Path]) -> None:
    """Puts the contents into the files that stand for them. Raises `TraceError`."""
    fs, root = _open(store.url)
    for path in paths:
        part = path.with_name(f".{os.getpid()}-{path.name}.part")
        with _told(store.there(path)):
            name = path.relative_to(store.here).as_posix()
            fs.get_file(f"{root}/{name}", str(part))
            part.rename(path)


def send(store: Store, paths: Sequence[Path]) -> None:
    """Puts files here into the store, `AT_ONCE` at a time. Raises `TraceError`."""
    fs, root = _open(store.url)
    with _told(store.url):
        names = [f"{root}/{p.relative_to(store.here).as_posix()}" for p in paths]
        if paths:
            fs.put([str(p) for p in paths], names, batch_size=AT_ONCE)


class Near:
    """Work on files that lie elsewhere: they are fetched first, by who does the work.

    `source` and `out` are stores; None is a folder here. `is_far`: on a machine that
    may not see the folders here, so that it sends the pages that it makes.
    """

    def __init__(
        self,
        work: Callable[[Any], Any],
        source: Store | None,
        out: Store | None,
        is_far: bool,
    ) -> None:
        self.work, self.source, self.out, self.is_far = work, source, out, is_far
        known = getattr(work, "keywords", {})
        self.keywords = known if out is None else {}

    def __call__(self, item: Any) -> tuple[Any, list[str]]:
        """What the work makes of the item, and the names of pages that were sent."""
        store = self.source
        if store is not None and self.is_far:
            here = _own(store.url)
            item = _changed(item, store.here, here)
            result, sent = self._work(item, Store(store.url, here))
            return _changed(result, here, store.here), sent
        return self._work(item, store)

    def _work(self, item: Any, source: Store | None) -> tuple[Any, list[str]]:
        if source is not None:
            _complete(source, item)
        stage = getattr(self.work, "keywords", {}).get("stage")
        if stage is None or self.out is None or not self.is_far:
            result = self.work(item)
            if source is not None and _complete(source, result):
                result = self.work(item)  # now that what belongs to it is here, too
            return result, []
        with tempfile.TemporaryDirectory(prefix="whypath-") as folder:
            result = self.work(item, stage=folder)  # type: ignore[call-arg]
            files = sorted(p for p in Path(folder).rglob("*") if p.is_file())
            send(Store(self.out.url, folder), files)
            names = [p.relative_to(folder).as_posix() for p in files]
        return result, names


def _complete(store: Store, value: Any) -> bool:
    """Fetches the empty files that are named in a value; False: there are none."""
    named = {Path(text) for text in _texts(value) if text.startswith(f"{store.here}/")}
    for path in list(named):  # whose they are is told by what is in them
        named.update(path.parent.glob("agent-*.jsonl"))
    empty = [
        path for path in sorted(named) if path.is_file() and not path.stat().st_size
    ]
    fetch(store, empty)
    return bool(empty)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _changed(value: Any, old: str, new: str) -> Any:
    """The value with other paths in it."""
    if isinstance(value, str):
        return new + value[len(old) :] if value.startswith(f"{old}/") else value
    if isinstance(value, list):
        return [_changed(one, old, new) for one in value]
    if isinstance(value, tuple):
        parts = (_changed(one, old, new) for one in value)
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


_folders: list[tempfile.TemporaryDirectory[str]] = []
"""Those of this process; they go when it ends."""


@cache
def _own(url: str) -> str:
    """A folder of this process that stands for the store."""
    folder = tempfile.TemporaryDirectory(prefix="whypath-")
    _folders.append(folder)
    stand_for(Store(url, folder.name))
    return folder.name


def spread_near(
    spread: Spread, source: Store | None, out: Store | None, is_far: bool
) -> Spread:
    """Spreads work on files that lie elsewhere; see `Near`."""

    def spread_all(
        work: Callable[[T], R], items: Sequence[T], workers: int, /
    ) -> Iterator[tuple[T, R | Lost]]:
        near = Near(work, source, out, is_far)
        stage = getattr(work, "keywords", {}).get("stage", "")
        for item, result in spread(near, items, workers):
            if isinstance(result, Lost):
                yield item, result
                continue
            for name in result[1]:
                path = Path(stage, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            yield item, result[0]

    return spread_all


def push(store: Store) -> None:
    """Brings the store to what is here: runs first, the list of them last.

    An empty file here stands for one that is there already. What is no longer here is
    removed at the end. Raises `TraceError`.
    """
    root = Path(store.here)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    new = [path for path in files if path.stat().st_size]
    first = [p for p in new if len(p.relative_to(root).parts) > 2]
    last = [p for p in new if p == root / "index.html"]
    send(store, [root / MARK])  # from now on it is ours
    send(store, first)
    send(store, [path for path in new if path not in {*first, *last}])
    send(store, last)
    names = {path.relative_to(root).as_posix() for path in files}
    gone = [name for name, _ in list_files(store.url) if name not in names]
    if gone:
        fs, there = _open(store.url)
        with _told(store.url):
            fs.rm([f"{there}/{name}" for name in gone])


def site(
    sources: Sequence[str],
    out: str,
    plan: Plan,
    *,
    jobs: int | None = None,
    spread: Spread = fleet.spread,
    is_far: bool = False,
    tell: Progress,
) -> Site:
    """Writes a site like `fleet.site`, with URLs among sources and for `out`.

    `is_far` where the work is spread over other machines. What is in the store is
    replaced file by file: see `push`. Raises `TraceError`.
    """
    urls = [source for source in sources if fleet.is_url(source)]
    if urls and len(urls) < len(sources):
        raise TraceError(sources[0], "name files here, or URLs, and not both")
    if any(one.startswith("memory://") for one in (*urls, out)):
        if is_far or (jobs or 1) > 1:
            hint = "use --jobs 1, or another store"
            raise TraceError(out, "memory:// is seen by one process alone", hint=hint)
        jobs = 1
    build = partial(fleet.site, plan=plan, jobs=jobs, is_far=is_far, tell=tell)
    with tempfile.TemporaryDirectory(prefix="whypath-") as folder:
        source, named = None, list(sources)
        if urls:
            source, named = _sources(urls, f"{folder}/in")
        if not fleet.is_url(out):
            near = spread_near(spread, source, None, is_far)
            with _called(source):
                return build(named, Path(out), spread=near)
        store = Store(out.rstrip("/"), f"{folder}/site")
        _remember(store)
        near = spread_near(spread, source, store, is_far)
        with _called(source), _called(store):
            made = build(named, Path(store.here), spread=near)
        tell("sending pages", 0, 1, made.steps)
        push(store)
        return made


@contextmanager
def _called(store: Store | None) -> Iterator[None]:
    """Calls in errors what stands here for a store by its URL."""
    try:
        yield
    except TraceError as error:
        if store is None:
            raise
        said = (
            part.replace(store.here, store.url)
            for part in (error.source, error.why, error.hint)
        )
        name, why, hint = said
        raise type(error)(name, why, line=error.line, hint=hint) from None


def _sources(urls: Sequence[str], here: str) -> tuple[Store, list[str]]:
    """The folder that all are in, and each source as if it lay here."""
    places: list[str] = []
    folders: list[str] = []
    for url in urls:
        fs, root = _open(url)
        places.append(root)
        marks = [at for at in map(root.find, "*?[") if at >= 0]
        with _told(url):
            if marks:
                folders.append(root[: min(marks)].rpartition("/")[0])
            elif fs.isfile(root):
                folders.append(root.rpartition("/")[0])
            elif fs.exists(root):
                folders.append(root)
            else:
                raise TraceError(url, "there is no such file or folder")
    try:
        common = commonpath(folders)
    except ValueError:
        common = ""
    if not common.strip("/"):
        hint = "make a site of each"
        raise TraceError(" ".join(urls), "these have no folder in common", hint=hint)
    store = Store(fs.unstrip_protocol(common), here)
    stand_for(store)
    return store, [f"{here}{place[len(common) :]}" for place in places]


def _remember(store: Store) -> None:
    """Stands for the site that is there, with what it says of itself."""
    names = {name for name, _ in list_files(store.url)}
    if names and MARK not in names:
        raise TraceError(
            store.url,
            "is there already and was not made by Whypath",
            hint="name another folder, or an empty one",
        )
    stand_for(store)
    fetch(store, [Path(store.here, LEDGER)] if LEDGER in names else [])
