"""Makes the diffs of a site: which runs are compared, and what two of them become.

The work on one pair stands alone, so that any process can do it; `fleet` spreads it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from whypath.build import checked_pieces, compare_all, masks, read_input
from whypath.build_site import (
    HOME,
    NO_MEMORY,
    RUNS,
    SHARED,
    Gathered,
    Plan,
    Unit,
    hashed,
    is_usual,
    redactor_for,
    remembered,
)
from whypath.derive.diffs.diff import Diff
from whypath.derive.sites.comparisons import Pair, find_pairs
from whypath.derive.sites.ledger import Compared as Compared
from whypath.derive.sites.ledger import Entry, compared_of, lines, with_notes
from whypath.errors import TraceError, Unwritable
from whypath.model import Run
from whypath.redact import Redactor
from whypath.stage import clear, put_between, take_over, write_packed, write_page

LEDGER = "diffs.jsonl.gz"
DIFFS = "diffs"
PAIRS = "../../compare.html"


class Where(NamedTuple):
    """A run: its key, its trace, its place among the runs of it, the way to its report.

    The trace is called `name`, its way from `root`; `companions` are read with it.
    `report` is empty for a run without pages.
    """

    key: str
    name: str
    path: str
    root: str
    companions: tuple[str, ...]
    place: int
    report: str


class Couple(NamedTuple):
    """Two runs to compare, and what the pages of their diff depend on."""

    key: str
    digest: str
    a: Where
    b: Where


def choose_pairs(gathered: Gathered, plan: Plan) -> tuple[Pair, ...]:
    """The pairs of runs that are worth a diff, one of which the site shows."""
    known = gathered.chosen(replace(plan, only=None, limit=None))
    pairs = find_pairs(known, plan.pair_by, is_usual(plan))
    wanted = {pair.bad.key for pair in pairs}
    shown = {row.key for row in gathered.chosen(plan) if row.key in wanted}
    return tuple(pair for pair in pairs if pair.bad.key in shown)


def couples(
    pairs: Sequence[Pair], units: Sequence[Unit], entries: Iterable[Entry], plan: Plan
) -> list[Couple]:
    """The first pairs, as many as the plan builds, with where their runs are read."""
    wanted = {row.key for pair in pairs[: plan.diffs] for row in (pair.good, pair.bad)}
    places: dict[str, tuple[Where, str]] = {}
    for unit, entry in zip(units, entries, strict=True):
        for place, row in enumerate(entry.rows):
            if row.key in wanted:
                report = f"../../{RUNS}/{row.key}/index.html"
                has_report = row.key in entry.kept
                where = Where(
                    key=row.key,
                    name=unit.name,
                    path=unit.path,
                    root=str(unit.root),
                    companions=unit.companions,
                    place=place,
                    report=report if has_report else "",
                )
                places[row.key] = where, unit.digest
    found = []
    for pair in pairs[: plan.diffs]:
        (a, one), (b, other) = places[pair.good.key], places[pair.bad.key]
        key = f"{b.key[:32].rstrip('-')}-{hashed(f'{a.key} {b.key}', 6)}"
        parts = (one, other, *map(str, (a.place, b.place)), a.report, b.report)
        found.append(Couple(key, hashed("\0".join(parts), 16), a, b))
    return found


def remember_diffs(folder: Path) -> dict[str, Compared]:
    """What the last build of the site in `folder` compared, by the key of the diff."""
    return {one.key: one for one in remembered(folder / LEDGER, compared_of)}


def keep_diff(known: Compared, couple: Couple, old: Path, stage: Path) -> bool:
    """Takes the pages of an unchanged diff over; False: there are none."""
    if known.digest != couple.digest:
        return False
    if known.error:
        return True
    return take_over(old / DIFFS / known.key, stage / DIFFS / known.key)


def compare_two(couple: Couple, plan: Plan, stage: str) -> Compared:
    """Reads two runs and writes the pages of their diff. Raises `Unwritable` alone.

    What was found out about secrets in one counts in the other: if some was found out
    too late, both are read again.
    """
    redactor = redactor_for(plan, couple.a.name, couple.b.name)
    clean = str if redactor is None else redactor.text
    try:
        try:
            return _compare(couple, plan, Path(stage), redactor)
        except TraceError:
            if redactor is None or not redactor.knows_any:
                raise
            return _compare(couple, plan, Path(stage), redactor)
    except Unwritable:
        raise
    except TraceError as error:
        return failed(couple, clean(str(error)))
    except MemoryError:
        return failed(couple, NO_MEMORY)
    except Exception as error:  # one diff never stops the others: its row says so
        why = f"a fault in Whypath: {type(error).__name__}: {error}"
        return failed(couple, clean(why))


def failed(couple: Couple, why: str) -> Compared:
    """The diff that could not be made."""
    a, b = couple.a.key, couple.b.key
    return Compared(key=couple.key, digest=couple.digest, a=a, b=b, error=why)


def _compare(
    couple: Couple, plan: Plan, stage: Path, redactor: Redactor | None
) -> Compared:
    from whypath.render.diff_pages import Place, diff_in

    (diff,) = compare_all(_read(couple, plan, redactor), masks((), ()))
    reports = (couple.a.report, couple.b.report)
    place = Place("index", PAIRS, "all pairs", SHARED, HOME, reports)
    folder = stage / DIFFS / couple.key
    try:
        for name, pieces in diff_in(place, diff, plan.dot):
            write_page(folder / name, checked_pieces(redactor, pieces))
    except BaseException:
        clear(folder)  # a part of a diff is none
        raise
    return _told(couple, diff)


def _read(couple: Couple, plan: Plan, redactor: Redactor | None) -> tuple[Run, Run]:
    """The two runs; a file that holds both is read once."""
    known: dict[str, Sequence[Run]] = {}
    for where in (couple.a, couple.b):
        if where.path not in known:
            known[where.path] = read_input(
                [where.path],
                format=plan.format,
                redactor=redactor,
                limits=plan.limits,
                root=Path(where.root),
            ).runs
    a, b = (known[where.path][where.place] for where in (couple.a, couple.b))
    return a, b


def _told(couple: Couple, diff: Diff) -> Compared:
    """What the table of pairs says of a diff."""
    from whypath.derive.diffs.words import CLASSES, verdict

    said, parting = verdict(diff), diff.parting
    return Compared(
        key=couple.key,
        digest=couple.digest,
        a=couple.a.key,
        b=couple.b.key,
        tone=said.tone,
        verdict=said.text,
        cause="" if diff.cause is None else CLASSES[diff.cause.kind],
        step_a=None if parting is None else parting.a.step,
        step_b=None if parting is None else parting.b.step,
        same=diff.same_decisions,
    )


def note_diffs(
    compared: Sequence[Compared],
    pairs: Sequence[Pair],
    known: Sequence[Compared],
    fresh: Collection[str],
    plan: Plan,
    stage: Path,
    bring: Callable[[Sequence[Path]], None],
) -> None:
    """Says in the report of each run which diffs there are of it, and remembers them.

    `known` are those of the last build: what they said goes. A report says the same
    still unless it is one of the `fresh`. `bring` is given the pages to change.
    """
    from whypath.render.site_pairs import BEGIN, END, notes_of

    notes = notes_of(compared, pairs)
    now = {key: hashed(note, 8) for key, note in notes.items()}
    before: dict[str, str] = {}
    for one in known:
        before |= zip((one.a, one.b), one.noted, strict=True)
    changing = sorted(
        key
        for key in now.keys() | before.keys()
        if key in fresh or now.get(key, "") != before.get(key, "")
    )
    pages = {key: stage / RUNS / key / "index.html" for key in changing}
    bring([page for page in pages.values() if page.exists()])
    for key, page in pages.items():
        put_between(page, BEGIN, END, notes.get(key, ""))
    if not plan.forget:
        noted = (
            with_notes(one, (now.get(one.a, ""), now.get(one.b, "")))
            for one in compared
        )
        write_packed(stage / LEDGER, lines(noted))
