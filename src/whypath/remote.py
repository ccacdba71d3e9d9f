"""Makes a site of traces in an object store, or into one, as if they lay here.

Part of the `fleet` room. What is there has empty files here that stand for it, see
`stores`; contents come and go where the work is done.
"""

import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from os.path import commonpath
from pathlib import Path
from typing import Any, TypeVar

from whypath import build_pairs, fleet
from whypath.build_site import LEDGER, MARK, Plan
from whypath.errors import TraceError
from whypath.fleet import Progress, Site
from whypath.processes import Lost, Spread
from whypath.stores import (
    Store,
    fetch,
    list_files,
    open_store,
    remove,
    send,
    stand_for,
    stand_in,
    told,
)

T = TypeVar("T")
R = TypeVar("R")


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
        is_in = f"{value}/".startswith(f"{old}/")
        return new + value[len(old) :] if is_in else value
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
    ) -> Generator[tuple[T, R | Lost], None, None]:
        near = Near(work, source, out, is_far)
        stage = getattr(work, "keywords", {}).get("stage", "")
        for item, result in spread(near, items, workers):
            if isinstance(result, Lost):
                yield item, result
                continue
            for name in result[1]:
                stand_in(Path(stage, name))
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
    remove(store.url, gone)


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
            bring = partial(_bring, store.url)
            made = build(named, Path(store.here), spread=near, bring=bring)
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
        fs, root = open_store(url)
        places.append(root)
        marks = [at for at in map(root.find, "*?[") if at >= 0]
        with told(url):
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
    ledgers = [name for name in (LEDGER, build_pairs.LEDGER) if name in names]
    fetch(store, [Path(store.here, name) for name in ledgers])


def _bring(url: str, pages: Sequence[Path]) -> None:
    """Fetches the pages of a staged site that only stand for those in the store."""
    empty = [page for page in pages if not page.stat().st_size]
    if empty:
        fetch(Store(url, str(empty[0].parents[2])), empty)
