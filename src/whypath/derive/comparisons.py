"""Finds the pairs of runs that are worth a diff: the same task, and something changed.

For each task: the latest run that failed against the latest that passed before it; the
latest run beside the baseline against the baseline; and, where a label is named, the
latest run of each value against the value before. A run that ended on something wrong
counts as failed. Of several runs to compare with, one that was asked the same is first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from whypath.derive.row import Row


class Pair(NamedTuple):
    """Two runs of one task, the one to trust first, and why they are compared."""

    good: Row
    bad: Row
    why: str


class _At(NamedTuple):
    """A row, and its place in the order of time."""

    place: int
    row: Row


def find_pairs(
    rows: Sequence[Row],
    label: str | None = None,
    is_usual: Callable[[Row], bool] = lambda _: False,
) -> tuple[Pair, ...]:
    """Pairs of `rows`, which are in order of time; those with the newest runs first.

    `is_usual` tells the runs of the baseline.
    """
    tasks: dict[str, list[_At]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.task and not row.error:
            tasks[row.task].append(_At(place, row))
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for runs in tasks.values():
        if len(runs) < 2:
            continue
        for good, bad, why in _of_task(runs, label, is_usual):
            found[bad.place, good.place].append(why)
    return tuple(
        Pair(rows[good], rows[bad], "; ".join(found[bad, good]))
        for bad, good in sorted(found, reverse=True)
    )


def is_bad(row: Row) -> bool:
    """True for a run that failed, or succeeded on something wrong."""
    return row.outcome == "failed" or row.tone == "error"


_Found = Iterator[tuple[_At, _At, str]]


def _of_task(
    runs: Sequence[_At], label: str | None, is_usual: Callable[[Row], bool]
) -> _Found:
    bad = [one for one in runs if is_bad(one.row)]
    good = [o for o in runs if o.row.outcome == "passed" and not is_bad(o.row)]
    if bad and good:
        yield _partner(good, bad[-1]), bad[-1], "latest that passed, latest that failed"
    usual = [one for one in runs if is_usual(one.row)]
    others = [one for one in runs if not is_usual(one.row)]
    if usual and others:
        failing = [one for one in others if is_bad(one.row)]
        sound = [one for one in usual if not is_bad(one.row)]
        one = (failing or others)[-1]
        yield _partner(sound or usual, one), one, "the baseline, the latest beside it"
    if label is not None:
        yield from _across(runs, label)


def _across(runs: Sequence[_At], label: str) -> _Found:
    values: dict[str, list[_At]] = defaultdict(list)
    for one in runs:
        value = dict(one.row.labels).get(label)
        if value is not None:
            values[value].append(one)
    in_order = sorted(values, key=lambda value: values[value][-1].place)
    for before, after in pairwise(in_order):
        latest = values[after][-1]
        partner = _partner(values[before], latest)
        yield partner, latest, f"{label}: {before}, then {after}"


def _partner(runs: Sequence[_At], one: _At) -> _At:
    """The run to compare with: asked the same, earlier, and the latest of such."""

    def rank(other: _At) -> tuple[bool, bool, int]:
        asked = bool(one.row.asked) and one.row.asked == other.row.asked
        return asked, other.place < one.place, other.place

    return max(runs, key=rank)
