"""Finds the pairs of runs that are worth a diff: the same task, another outcome.

For each task: the latest run that failed against the latest that passed before it (or
at all). Where a label is named, the latest run of each value against the latest of the
value before. A run with an error as a finding counts as failed.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from whypath.derive.row import Row

MOST_PAIRS = 100


class Pair(NamedTuple):
    """Two runs of one task, the one to trust first, and why they are compared."""

    good: Row
    bad: Row
    why: str


def find_pairs(
    rows: Sequence[Row], label: str | None = None, most: int = MOST_PAIRS
) -> tuple[Pair, ...]:
    """Pairs of `rows`, which are in order of time; those of large tasks first."""
    tasks: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if not row.error:
            tasks[row.task].append(row)
    pairs: list[Pair] = []
    for task in sorted(tasks, key=lambda task: (-len(tasks[task]), task)):
        found = tasks[task]
        if len(found) < 2:
            continue
        pairs.extend(_across(found, label) if label else _outcomes(found))
    return tuple(pairs[:most])


def is_bad(row: Row) -> bool:
    """True for a run that failed, or succeeded on something wrong."""
    return row.outcome == "failed" or row.tone == "error"


def _outcomes(rows: Sequence[Row]) -> list[Pair]:
    bad = [row for row in rows if is_bad(row)]
    good = [row for row in rows if not is_bad(row) and row.outcome == "passed"]
    if not bad or not good:
        return []
    return [Pair(good[-1], bad[-1], "latest that passed, latest that failed")]


def _across(rows: Sequence[Row], label: str) -> list[Pair]:
    latest: dict[str, Row] = {}
    for row in rows:
        value = dict(row.labels).get(label)
        if value is not None:
            latest.pop(value, None)
            latest[value] = row
    values = list(latest)
    return [
        Pair(latest[one], latest[other], f"{label}: {one} against {other}")
        for one, other in pairwise(values)
    ]
