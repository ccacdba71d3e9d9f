"""Brings the choices of many runs together, by decision point: how they spread.

A point where several things were chosen, and then only one ever again, has collapsed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from whypath.derive.periods import Periods
from whypath.derive.row import By, Choice, Row

MOST_POINTS = 400
MOST_CHOICES = 24
"""Where more than this is chosen, it is a value and no choice among few."""
LEAST_TAIL = 5
TAIL_SHARE = 0.1


class Use(NamedTuple):
    """A choice that a run made: the run's number among the rows, and what it chose."""

    row: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class Chosen:
    """One choice at a point. Counts are decisions; `runs` are runs.

    `usual` counts those in the baseline, `later` those outside it. `by_period` has a
    number for each period. `uses` are in order of time.
    """

    name: str
    count: int
    runs: int
    defaults: int
    wrong: int
    usual: int
    later: int
    by_period: tuple[int, ...]
    uses: tuple[Use, ...]


class Collapse(NamedTuple):
    """Since `row`, `runs` runs chose only `chosen`; `before` ran differently."""

    chosen: str
    row: int
    runs: int
    before: int


@dataclass(frozen=True, slots=True)
class Point:
    """A decision point over all runs: its choices, the most frequent first."""

    name: str
    by: By
    count: int
    runs: int
    defaults: int
    choices: tuple[Chosen, ...]
    undated: int
    collapse: Collapse | None

    @property
    def wrong(self) -> int:
        """How many decisions rest on evidence that was not found."""
        return sum(chosen.wrong for chosen in self.choices)


class Points(NamedTuple):
    """The points worth a page, the most telling first, and how many are not shown."""

    shown: tuple[Point, ...]
    left_out: int


def find_points(
    rows: Sequence[Row], periods: Periods, is_usual: Callable[[Row], bool]
) -> Points:
    """The decision points of `rows`, which are in order of time."""
    uses: dict[tuple[str, By], list[Use]] = defaultdict(list)
    for number, row in enumerate(rows):
        for choice in row.choices:
            uses[choice.point, choice.by].append(Use(number, choice))
    usual = [is_usual(row) for row in rows]
    points = [
        _point(name, by, found, rows, periods, usual)
        for (name, by), found in uses.items()
        if _is_choice(by, found)
    ]
    points.sort(key=_weight)
    return Points(tuple(points[:MOST_POINTS]), max(0, len(points) - MOST_POINTS))


def _is_choice(by: By, uses: Sequence[Use]) -> bool:
    """True for a point that several runs share and where few things are chosen."""
    runs = len({use.row for use in uses})
    if runs < 2:
        return False
    if by != "tool":
        return True
    kinds = len({use.choice.chosen for use in uses})
    return kinds <= MOST_CHOICES and 2 * kinds <= runs


def _weight(point: Point) -> tuple[int, int, int, str]:
    """What collapsed comes first, then what was recorded, then what was used most."""
    order = {"name": 0, "agent": 1, "tool": 2}
    return (0 if point.collapse else 1, order[point.by], -point.count, point.name)


def _point(
    name: str,
    by: By,
    uses: Sequence[Use],
    rows: Sequence[Row],
    periods: Periods,
    usual: Sequence[bool],
) -> Point:
    by_choice: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        by_choice[use.choice.chosen].append(use)
    choices = [
        _chosen(name, found, rows, periods, usual) for name, found in by_choice.items()
    ]
    choices.sort(key=lambda chosen: (-chosen.count, chosen.name))
    return Point(
        name=name,
        by=by,
        count=sum(use.choice.count for use in uses),
        runs=len({use.row for use in uses}),
        defaults=sum(use.choice.defaults for use in uses),
        choices=tuple(choices),
        undated=sum(u.choice.count for u in uses if rows[u.row].start_ns is None),
        collapse=_collapse(uses, rows),
    )


def _chosen(
    name: str,
    uses: Sequence[Use],
    rows: Sequence[Row],
    periods: Periods,
    usual: Sequence[bool],
) -> Chosen:
    counts: Counter[int] = Counter()
    for use in uses:
        period = periods.at(rows[use.row].start_ns)
        if period is not None:
            counts[period] += use.choice.count
    in_usual = sum(use.choice.count for use in uses if usual[use.row])
    count = sum(use.choice.count for use in uses)
    return Chosen(
        name=name,
        count=count,
        runs=len({use.row for use in uses}),
        defaults=sum(use.choice.defaults for use in uses),
        wrong=sum(use.choice.wrong for use in uses),
        usual=in_usual,
        later=count - in_usual,
        by_period=tuple(counts[number] for number in range(periods.count)),
        uses=tuple(uses),
    )


def _collapse(uses: Iterable[Use], rows: Sequence[Row]) -> Collapse | None:
    """The runs at the end that all chose one thing, where runs before did not."""
    chosen: dict[int, set[str]] = {}
    for use in uses:
        if rows[use.row].start_ns is not None:
            chosen.setdefault(use.row, set()).add(use.choice.chosen)
    order = list(chosen)
    if len(order) < 2 * LEAST_TAIL:
        return None
    last = chosen[order[-1]]
    tail = len(order)
    while tail and chosen[order[tail - 1]] == last:
        tail -= 1
    runs = len(order) - tail
    if len(last) != 1 or runs < max(LEAST_TAIL, TAIL_SHARE * len(order)):
        return None
    (only,) = last
    others = sum(only not in chosen[row] for row in order[:tail])
    # As long a tail must be unlikely while the runs before went on as they did.
    if tail < LEAST_TAIL or (1 - others / tail) ** runs > 0.01:
        return None
    return Collapse(only, order[tail], runs, tail)
