"""Finds the pairs of runs that are worth a diff: the same task, and something changed.

For each task: the latest run that failed against the latest that passed before it; the
latest run beside the baseline against the baseline; and, where a label is named, the
latest run of each value against the value before. A run that ended on something wrong
counts as failed. Of several runs to compare with, one that was asked the same is first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from whypath.derive.sites.row import Row


class Pair(NamedTuple):
    """Two runs of one task, the one to trust first, and why they are compared."""

    good: Row
    bad: Row
    why: str


class _At(NamedTuple):
    """A row by its place in the order of time, and what pairs are found by."""

    place: int
    asked: str
    is_bad: bool
    has_passed: bool
    is_usual: bool
    value: str | None


def find_pairs(
    rows: Iterable[Row],
    label: str | None = None,
    is_usual: Callable[[Row], bool] = lambda _: False,
) -> tuple[Pair, ...]:
    """Pairs of `rows`, which are in order of time; those with the newest runs first.

    `is_usual` tells the runs of the baseline. The rows are gone through twice; those
    of the pairs are kept.
    """
    tasks: dict[str, list[_At]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.task and not row.error:
            value = None if label is None else dict(row.labels).get(label)
            bad, passed = is_bad(row), row.outcome == "passed"
            at = _At(place, row.asked, bad, passed, is_usual(row), value)
            tasks[row.task].append(at)
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for runs in tasks.values():
        if len(runs) < 2:
            continue
        for good, bad_one, why in _of_task(runs, label):
            found[bad_one.place, good.place].append(why)
    wanted = {place for places in found for place in places}
    kept = {place: row for place, row in enumerate(rows) if place in wanted}
    return tuple(
        Pair(kept[good], kept[bad], "; ".join(found[bad, good]))
        for bad, good in sorted(found, reverse=True)
    )


def is_bad(row: Row) -> bool:
    """True for a run that failed, or succeeded on something wrong."""
    return row.outcome == "failed" or row.tone == "error"


_Found = Iterator[tuple[_At, _At, str]]


def _of_task(runs: Sequence[_At], label: str | None) -> _Found:
    bad = [one for one in runs if one.is_bad]
    good = [one for one in runs if one.has_passed and not one.is_bad]
    if bad and good:
        yield _partner(good, bad[-1]), bad[-1], "latest that passed, latest that failed"
    usual = [one for one in runs if one.is_usual]
    others = [one for one in runs if not one.is_usual]
    if usual and others:
        failing = [one for one in others if one.is_bad]
        sound = [one for one in usual if not one.is_bad]
        one = (failing or others)[-1]
        yield _partner(sound or usual, one), one, "the baseline, the latest beside it"
    if label is not None:
        yield from _across(runs, label)


def _across(runs: Sequence[_At], label: str) -> _Found:
    values: dict[str, list[_At]] = defaultdict(list)
    for one in runs:
        if one.value is not None:
            values[one.value].append(one)
    in_order = sorted(values, key=lambda value: values[value][-1].place)
    for before, after in pairwise(in_order):
        latest = values[after][-1]
        partner = _partner(values[before], latest)
        yield partner, latest, f"{label}: {before}, then {after}"


def _partner(runs: Sequence[_At], one: _At) -> _At:
    """The run to compare with: asked the same, earlier, and the latest of such."""

    def rank(other: _At) -> tuple[bool, bool, int]:
        asked = bool(one.asked) and one.asked == other.asked
        return asked, other.place < one.place, other.place

    return max(runs, key=rank)
