"""Turns counts into small pictures: stacked bars over time, and bars beside names.

Only places and sizes are worked out here; `parts/plots.html` draws them, without
inline styles, so that they show where those are forbidden.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import NamedTuple
from urllib.parse import quote

from whypath.derive.sites.groups import Numbers, appended
from whypath.derive.sites.periods import Periods
from whypath.derive.sites.row import Row
from whypath.render import words
from whypath.render.site_rows import started

WIDTH, HEIGHT = 260, 84
GAP = 1
MOST_BARS = 6


class Bar(NamedTuple):
    """A rectangle in pixels, the class of its colour, its address and its title."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    href: str
    title: str


class Stacked(NamedTuple):
    """Bars side by side, with what stands under the first and the last."""

    title: str
    note: str
    width: int
    height: int
    bars: tuple[Bar, ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Named:
    """A name, how often, and the width of its bar in hundredths."""

    name: str
    count: int
    width: int
    href: str


class Listed(NamedTuple):
    """Bars under each other, each with a name."""

    title: str
    note: str
    rows: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stack: how much, its colour, its address, what it is in words."""

    count: int
    kind: str
    href: str
    title: str


def query(text: str) -> str:
    """The address of the list of runs with a search."""
    return f"#q={quote(text, safe='')}"


def stack(
    title: str,
    note: str,
    columns: Sequence[Sequence[Part]],
    ends: tuple[str, str],
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Stacked:
    """A column of parts for each place; the tallest fills the height."""
    tallest = max((sum(part.count for part in parts) for parts in columns), default=0)
    each = min(width / max(len(columns), 1), 28)
    bars = []
    for number, parts in enumerate(columns):
        y = float(height)
        for part in parts:
            if part.count:
                tall = part.count * height / tallest
                y -= tall
                x, wide = number * each, max(each - GAP, 1)
                box = (round(x, 1), round(y, 1), round(wide, 1), round(tall, 1))
                bars.append(Bar(*box, part.kind, part.href, part.title))
    return Stacked(title, note, width, height, tuple(bars), *ends)


def site_plots(rows: Iterable[Row], periods: Periods) -> list[Stacked | Listed]:
    """The pictures over the list of runs; one that has nothing to show says why."""
    outcomes: Counter[tuple[int | None, str]] = Counter()
    rules: Counter[str] = Counter()
    durations: Numbers = array("q")
    costs = array("d")
    read = 0
    for row in rows:
        if row.error:
            continue
        read += 1
        outcomes[periods.at(row.start_ns), row.outcome] += 1
        rules.update({flaw.rule: 1 for flaw in row.flaws})
        if row.duration_ns is not None:
            durations = appended(durations, row.duration_ns)
        if row.cost_usd is not None:
            costs.append(row.cost_usd)
    return [
        _outcomes(outcomes, periods),
        _spread(
            "Duration",
            "took",
            durations,
            read - len(durations),
            lambda value: words.duration(round(value)),
            lambda value: f"{value / 1e9:g}",
        ),
        _spread(
            "Cost",
            "cost",
            costs,
            read - len(costs),
            words.cost,
            lambda value: f"{value:g}",
        ),
        _rules(rules),
    ]


OUTCOMES = ("failed", "unknown", "passed")


def _outcomes(counts: Counter[tuple[int | None, str]], periods: Periods) -> Stacked:
    undated = sum(count for (period, _), count in counts.items() if period is None)
    columns = [
        [_outcome(periods, number, kind, counts[number, kind]) for kind in OUTCOMES]
        for number in range(periods.count)
    ]
    note = f"runs per {periods.unit}" if periods.count else "no run has a clock"
    if undated and periods.count:
        note += f"; {undated:,} without a clock"
    return stack("Outcomes", note, columns, ends(periods))


def _outcome(periods: Periods, number: int, kind: str, count: int) -> Part:
    said = "outcome not recorded" if kind == "unknown" else kind
    wanted = "none" if kind == "unknown" else kind
    when = f'from:"{edge(periods, number)}" to:"{edge(periods, number + 1)}"'
    title = f"{periods.label(number)}: {count:,} {said}"
    return Part(count, kind, query(f"outcome:{wanted} {when}"), title)


def edge(periods: Periods, number: int) -> str:
    """When a period begins, as a query writes it."""
    seconds = (periods.first + number) * periods.seconds + 4 * 86_400
    return started(seconds * 10**9)


def ends(periods: Periods) -> tuple[str, str]:
    """What stands under the first and the last of the periods."""
    if not periods.count:
        return "", ""
    last = periods.label(periods.count - 1) if periods.count > 1 else ""
    return periods.label(0), last


def _spread(
    title: str,
    field: str,
    values: Iterable[float],
    missing: int,
    shown: Callable[[float], str],
    written: Callable[[float], str],
) -> Stacked:
    """How values spread, three columns for each power of ten."""
    known = sorted(value for value in values if value)
    if not known:
        return Stacked(title, "not recorded", WIDTH, HEIGHT, (), "", "")
    places = Counter(floor(3 * log10(value)) for value in known)
    low, high = min(places), max(places)
    columns = []
    for place in range(low, high + 1):
        start, end = 10 ** (place / 3), 10 ** ((place + 1) / 3)
        count = places[place]
        asked = query(f"{field}:>={written(start)} {field}:<{written(end)}")
        said = f"{shown(start)} to {shown(end)}: {words.counted(count, 'run')}"
        columns.append([Part(count, "plain", asked, said)])
    middle = known[len(known) // 2]
    note = f"median {shown(middle)}"
    if missing:
        note += f"; not recorded in {missing:,}"
    return stack(title, note, columns, (shown(known[0]), shown(known[-1])))


def _rules(counts: Counter[str]) -> Listed:
    order = sorted(counts, key=lambda rule: (-counts[rule], rule))
    most = max(counts.values(), default=0)
    named = [
        Named(
            rule, counts[rule], round(100 * counts[rule] / most), query(f"rule:{rule}")
        )
        for rule in order[:MOST_BARS]
    ]
    more = len(order) - len(named)
    note = "runs with a finding of the rule" if named else "no check found anything"
    if more:
        note += f"; {more} more rules"
    return Listed("Findings", note, tuple(named))
