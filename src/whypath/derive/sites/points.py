"""Brings the choices of many runs together, by decision point: how they spread.

A point where several things were chosen, and then only one ever again, has collapsed.
Rows are seen once, in order of time, and let go: counts are kept, and few links.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from whypath.derive.sites.periods import Periods
from whypath.derive.sites.row import By, Choice, Row

MOST_POINTS = 400
MOST_CHOICES = 24
"""Where more than this is chosen, it is a value and no choice among few."""
LINKS_EACH = 30
"""Of the uses of a choice in a period, so many can be followed."""
LEAST_TAIL = 5
TAIL_SHARE = 0.1


class Use(NamedTuple):
    """A choice that a run made: at which step, how often, and what the run is."""

    step: int
    times: int
    key: str
    task: str
    run: str
    start_ns: int | None
    outcome: str


class Cell(NamedTuple):
    """A choice in one period, None for no clock: all decisions and the first uses.

    `runs` is how many uses there are.
    """

    period: int | None
    decisions: int
    runs: int
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """One choice at a point. Counts are decisions; `runs` are runs.

    `usual` counts those in the baseline, `later` those outside it. `by_period` has a
    number for each period. `first_ns` and `last_ns` are when, where there is a clock.
    """

    name: str
    count: int
    runs: int
    defaults: int
    wrong: int
    usual: int
    later: int
    by_period: tuple[int, ...]
    first_ns: int | None
    last_ns: int | None
    cells: tuple[Cell, ...]


class Collapse(NamedTuple):
    """Since `since_ns`, `runs` runs chose only `chosen`; `before` ran differently."""

    chosen: str
    since_ns: int
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
    rows: Iterable[Row], periods: Periods, is_usual: Callable[[Row], bool]
) -> Points:
    """The decision points of `rows`, which are in order of time."""
    tallies: dict[tuple[str, By], _Tally] = defaultdict(_Tally)
    for row in rows:
        period, usual = periods.at(row.start_ns), is_usual(row)
        for at, choices in _by_point(row):
            tallies[at].add(row, choices, period, usual)
    points = [
        _point(name, by, tally, periods)
        for (name, by), tally in tallies.items()
        if tally.is_choice(by)
    ]
    points.sort(key=_weight)
    return Points(tuple(points[:MOST_POINTS]), max(0, len(points) - MOST_POINTS))


def _by_point(row: Row) -> Iterable[tuple[tuple[str, By], list[Choice]]]:
    found: dict[tuple[str, By], list[Choice]] = defaultdict(list)
    for choice in row.choices:
        found[choice.point, choice.by].append(choice)
    return found.items()


@dataclass(slots=True)
class _Cell:
    """A choice in one period, as it is counted."""

    count: int = 0
    runs: int = 0
    uses: list[Use] = field(default_factory=list)


@dataclass(slots=True)
class _Kind:
    """One choice at a point, as it is counted. `dated` are its runs with a clock."""

    count: int = 0
    runs: int = 0
    defaults: int = 0
    wrong: int = 0
    usual: int = 0
    dated: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    cells: dict[int | None, _Cell] = field(default_factory=lambda: defaultdict(_Cell))

    def add(self, row: Row, choice: Choice, period: int | None, usual: bool) -> None:
        """Counts a choice of a run."""
        self.count += choice.count
        self.defaults += choice.defaults
        self.wrong += choice.wrong
        self.usual += choice.count if usual else 0
        start = row.start_ns
        if start is not None:
            self.first_ns = (
                start if self.first_ns is None else min(self.first_ns, start)
            )
            self.last_ns = start if self.last_ns is None else max(self.last_ns, start)
        cell = self.cells[period]
        cell.count += choice.count
        cell.runs += 1
        if len(cell.uses) < LINKS_EACH:
            run = (row.key, row.task, row.run, start, row.outcome)
            cell.uses.append(Use(choice.step, choice.count, *run))


@dataclass(slots=True)
class _Tally:
    """A point as it is counted: its choices, and the runs at the end that are alike.

    Of the runs with a clock, the last `tail` chose `alike`, since `since_ns`.
    `too_many` different arguments are a value and no choice: they are let go.
    """

    runs: int = 0
    dated: int = 0
    undated: int = 0
    alike: frozenset[str] = frozenset()
    tail: int = 0
    since_ns: int = 0
    too_many: bool = False
    kinds: dict[str, _Kind] = field(default_factory=lambda: defaultdict(_Kind))

    def add(
        self, row: Row, choices: list[Choice], period: int | None, usual: bool
    ) -> None:
        """Counts what one run chose here."""
        if self.too_many:
            return
        self.runs += 1
        for choice in choices:
            self.kinds[choice.chosen].add(row, choice, period, usual)
        chosen = frozenset(choice.chosen for choice in choices)
        for name in chosen:
            self.kinds[name].runs += 1
            self.kinds[name].dated += row.start_ns is not None
        if choices[0].by == "tool" and len(self.kinds) > MOST_CHOICES:
            self.too_many = True
            self.kinds.clear()
        if row.start_ns is None:
            self.undated += sum(choice.count for choice in choices)
            return
        self.dated += 1
        if chosen != self.alike:
            self.alike, self.tail, self.since_ns = chosen, 0, row.start_ns
        self.tail += 1

    def is_choice(self, by: By) -> bool:
        """True for a point that several runs share and where few things are chosen."""
        if self.too_many or self.runs < 2:
            return False
        return by != "tool" or 2 * len(self.kinds) <= self.runs

    def collapse(self) -> Collapse | None:
        """The runs at the end that all chose one thing, where runs before did not."""
        if self.dated < 2 * LEAST_TAIL or len(self.alike) != 1:
            return None
        before = self.dated - self.tail
        if self.tail < max(LEAST_TAIL, TAIL_SHARE * self.dated):
            return None
        (only,) = self.alike
        others = self.dated - self.kinds[only].dated
        # As long a tail must be unlikely while the runs before went on as they did.
        if before < LEAST_TAIL or (1 - others / before) ** self.tail > 0.01:
            return None
        return Collapse(only, self.since_ns, self.tail, before)


def _weight(point: Point) -> tuple[int, int, int, str]:
    """What collapsed comes first, then what was recorded, then what was used most."""
    order = {"name": 0, "agent": 1, "tool": 2}
    return (0 if point.collapse else 1, order[point.by], -point.count, point.name)


def _point(name: str, by: By, tally: _Tally, periods: Periods) -> Point:
    choices = [_chosen(name, kind, periods) for name, kind in tally.kinds.items()]
    choices.sort(key=lambda chosen: (-chosen.count, chosen.name))
    return Point(
        name=name,
        by=by,
        count=sum(chosen.count for chosen in choices),
        runs=tally.runs,
        defaults=sum(chosen.defaults for chosen in choices),
        choices=tuple(choices),
        undated=tally.undated,
        collapse=tally.collapse(),
    )


def _chosen(name: str, kind: _Kind, periods: Periods) -> Chosen:
    cells = sorted(kind.cells.items(), key=lambda c: -1 if c[0] is None else c[0])
    counts = {period: cell.count for period, cell in cells}
    return Chosen(
        name=name,
        count=kind.count,
        runs=kind.runs,
        defaults=kind.defaults,
        wrong=kind.wrong,
        usual=kind.usual,
        later=kind.count - kind.usual,
        by_period=tuple(counts.get(number, 0) for number in range(periods.count)),
        first_ns=kind.first_ns,
        last_ns=kind.last_ns,
        cells=tuple(
            Cell(period, cell.count, cell.runs, tuple(cell.uses))
            for period, cell in cells
        ),
    )
