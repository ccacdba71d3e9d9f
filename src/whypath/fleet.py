"""Many runs at once: the work on each trace is spread, see `processes`, or a cluster.

A trace that fails becomes a row that says so. Only small rows come back.
"""

import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from whypath import build_pairs, build_site
from whypath.build_pairs import Compared, Couple
from whypath.build_site import Made, Row, Rows, Unit
from whypath.build_site import Plan as Plan
from whypath.errors import EmptyTrace
from whypath.processes import Lost, Spread, cores
from whypath.processes import spread as spread

LOOKS = 32
"""Files that are looked at in one task."""
STEPS_BEFORE_SWEEP = 20_000
"""The cyclic garbage of so many steps is let lie; see `console`."""


class Progress(Protocol):
    """Told how far the work is: what is being done, and how much of it."""

    def __call__(self, what: str, done: int, total: int, steps: int, /) -> None:
        """`done` of `total` traces; `steps` so far."""


def _quiet(what: str, done: int, total: int, steps: int) -> None:
    """Says nothing."""


def _nothing(pages: Sequence[Path]) -> None:
    """Brings nothing: the pages are here."""


class Site(NamedTuple):
    """What was made: rows shown, traces made anew and taken over, files that are none.

    `steps` and `size` (bytes) are those of the traces made anew; `diffs` is how many
    pairs have a diff.
    """

    path: Path
    rows: Rows
    made: int
    kept: int
    foreign: tuple[str, ...]
    steps: int
    size: int
    diffs: int


def site(
    sources: Sequence[str],
    out: Path,
    plan: Plan,
    *,
    jobs: int | None = None,
    spread: Spread = spread,
    is_far: bool = False,
    bring: Callable[[Sequence[Path]], None] = _nothing,
    tell: Progress = _quiet,
) -> Site:
    """Writes the site of all runs in `sources` to a folder, whole or not at all.

    What an earlier build left there and is unchanged is taken over. `jobs` is the
    number of worker processes; None: one a processor. `spread` gives the work to them,
    or to others; `is_far`: to other machines, so many that their rows are gathered in
    files. `bring` is asked for pages that are about to change and may not be here.
    Raises `TraceError` for a folder that is not ours, and where no run could be read.
    """
    workers = jobs or cores()
    found = build_site.find_units(sources, plan.exclude)
    gathered = build_site.gather(is_far)
    with build_site.fill(out) as stage:
        units, foreign = _look(found, plan, workers, spread, tell)
        places = {unit.mark: place for place, unit in enumerate(units)}
        done: set[int] = set()
        fresh: set[str] = set()
        for entry in build_site.remember(out):
            at = places.get(entry.mark)
            if at is None or not build_site.can_keep(entry, units[at], plan):
                continue
            if at not in done and build_site.keep_pages(entry, out, stage):
                gathered.add(at, entry.rows, entry.kept)
                done.add(at)
        todo = [unit for at, unit in enumerate(units) if at not in done]
        kept, steps, size = len(done), 0, 0
        tell("writing runs", 0, len(todo), 0)
        work = partial(_make, plan=plan, stage=str(stage))
        with closing(spread(work, todo, workers)) as results:
            for number, (unit, made) in enumerate(results, start=1):
                if isinstance(made, Lost):
                    lost = unit._replace(error=made.why)
                    made = build_site.make(lost, plan, str(stage))
                gathered.add(places[unit.mark], made.rows, made.kept)
                fresh.update(made.kept)
                steps, size = steps + made.steps, size + made.size
                tell("writing runs", number, len(todo), steps)
        _refuse_nothing(gathered.chosen(Plan()), sources)
        pairs = build_pairs.choose_pairs(gathered, plan)
        entries = build_site.entries(gathered, units, plan)
        couples = build_pairs.couples(pairs, units, entries, plan)
        earlier = build_pairs.remember_diffs(out)
        compared = _compare(couples, earlier, plan, out, stage, spread, workers, tell)
        tell("writing the pages of all runs", len(todo), len(todo), steps)
        paired = list(zip_longest(pairs, compared))
        rows = build_site.finish(gathered, units, paired, foreign, plan, stage)
        before = list(earlier.values())
        build_pairs.note_diffs(compared, pairs, before, fresh, plan, stage, bring)
    diffs = sum(not one.error for one in compared)
    return Site(out, rows, len(todo), kept, tuple(foreign), steps, size, diffs)


def _compare(
    couples: Sequence[Couple],
    known: Mapping[str, Compared],
    plan: Plan,
    out: Path,
    stage: Path,
    spread: Spread,
    workers: int,
    tell: Progress,
) -> list[Compared]:
    """The diff of each couple: made, or taken over from the site in `out`."""
    made: dict[str, Compared] = {}
    todo: list[Couple] = []
    for couple in couples:
        earlier = known.get(couple.key)
        if earlier is not None and build_pairs.keep_diff(earlier, couple, out, stage):
            made[couple.key] = earlier
        else:
            todo.append(couple)
    work = partial(build_pairs.compare_two, plan=plan, stage=str(stage))
    with closing(spread(work, todo, workers)) as results:
        for done, (couple, one) in enumerate(results, start=1):
            if isinstance(one, Lost):
                one = build_pairs.failed(couple, one.why)
            made[couple.key] = one
            tell("comparing runs", done, len(todo), 0)
    return [made[couple.key] for couple in couples]


def is_url(text: str) -> bool:
    """True for `s3://bucket/runs` and its like; `file://` is a place here."""
    return "://" in text and not text.startswith("file://")


def place(text: str) -> str:
    """A path as it is, `file:///home` as a path, another URL as it is."""
    return unquote(urlsplit(text).path) if text.startswith("file://") else text


def site_anywhere(
    sources: Sequence[str],
    out: str,
    plan: Plan,
    *,
    jobs: int | None = None,
    dask: str | None = None,
    tell: Progress = _quiet,
) -> Site:
    """Writes a site like `site`, with URLs of object stores too, or on a cluster."""
    named, to = [place(source) for source in sources], place(out)
    with on_cluster(dask) if dask else nullcontext(spread) as workers:
        if not any(map(is_url, (*named, to))):
            path = Path(to)
            far = bool(dask)
            return site(
                named, path, plan, jobs=jobs, spread=workers, is_far=far, tell=tell
            )
        from whypath import remote

        return remote.site(
            named, to, plan, jobs=jobs, spread=workers, is_far=bool(dask), tell=tell
        )


def on_cluster(address: str) -> AbstractContextManager[Spread]:
    """What spreads work over the Dask cluster at `address`. Raises `TraceError`."""
    from whypath.cluster import connect

    return connect(address)


def _refuse_nothing(rows: Iterable[Row], sources: Sequence[str]) -> None:
    errors: list[str] = []
    for row in rows:
        if not row.error:
            return
        errors.append(row.error)
    hint = "; ".join(errors[:3]) or "`whypath formats` lists what can be read"
    raise EmptyTrace(" ".join(sources), "no run could be read", hint=hint)


def _look(
    found: Sequence[tuple[Unit, bool]],
    plan: Plan,
    workers: int,
    spread: Spread,
    tell: Progress,
) -> tuple[list[Unit], list[str]]:
    """Every file looked at, by all workers."""
    edition = build_site.edition()
    look = partial(_look_at, plan=plan, edition=edition)
    groups = [found[at : at + LOOKS] for at in range(0, len(found), LOOKS)]
    looked: list[Unit] = []
    for group, units in spread(look, groups, workers if len(groups) > 1 else 1):
        if isinstance(units, Lost):
            units = [unit._replace(error=units.why) for unit, _ in group]
        looked.extend(units)
        tell("looking at files", len(looked), len(found), 0)
    return build_site.choose_units(looked, plan)


def _look_at(
    group: Sequence[tuple[Unit, bool]], plan: Plan, edition: str
) -> list[Unit]:
    return [build_site.look_at(unit, named, plan, edition) for unit, named in group]


_steps_since_sweep = 0


def _make(unit: Unit, plan: Plan, stage: str) -> Made:
    """One trace, in a worker."""
    global _steps_since_sweep
    made = build_site.make(unit, plan, stage)
    _steps_since_sweep += made.steps
    if _steps_since_sweep > STEPS_BEFORE_SWEEP:
        gc.collect()
        _steps_since_sweep = 0
    return made
