"""Writes a decision point over all runs: its picture, its table, the runs behind it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from whypath.derive.sites.periods import Periods
from whypath.derive.sites.points import LINKS_EACH, Chosen, Point
from whypath.derive.sites.row import By
from whypath.render.plots import Part, Stacked, edge, ends, query, stack
from whypath.render.site_rows import started
from whypath.render.static import page_link

HUES = 6
"""So many choices have a colour of their own; the others share one."""
LINKS_MOST = 1_500
WIDE, TALL = 860, 160


class RunLink(NamedTuple):
    """A run behind a bar: the page at the step, the written-out step, its name."""

    href: str
    written: str
    step: int
    name: str
    run: str
    started: str
    outcome: str
    times: int


@dataclass(frozen=True, slots=True)
class Cell:
    """The runs that chose one thing in one period; `more` are not listed."""

    id: str
    label: str
    count: int
    links: tuple[RunLink, ...]
    more: int
    query: str


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """A choice as its row of the table, and its cells. Shares are in words."""

    id: str
    name: str
    hue: str
    count: int
    runs: int
    share: str
    usual: str
    later: str
    change: str
    defaults: int
    wrong: int
    first: str
    last: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class PointView:
    """A decision point as its page. `sentence` says what is most telling about it."""

    name: str
    link: str
    by: str
    count: int
    runs: int
    defaults: int
    wrong: int
    sentence: str
    collapsed: bool
    has_usual: bool
    plot: Stacked
    small: Stacked
    choices: tuple[ChoiceView, ...]


Links = Mapping[tuple[str, By], str]


def point_links(points: Sequence[Point]) -> dict[tuple[str, By], str]:
    """A file name for each point, the same in every build."""
    links = {}
    for point in points:
        slug = re.sub(r"[^a-z0-9]+", "-", point.name.lower()).strip("-")[:40]
        text = f"{point.by} {point.name}".encode("utf-8", "replace")
        digest = hashlib.blake2b(text, digest_size=4).hexdigest()
        links[point.name, point.by] = f"{slug or 'decision'}-{digest}.html"
    return links


def point_view(point: Point, links: Links, periods: Periods) -> PointView:
    """The page of a point."""
    usual = sum(chosen.usual for chosen in point.choices)
    views = []
    left = LINKS_MOST
    for number, chosen in enumerate(point.choices):
        view = _choice(point, number, chosen, periods, usual, left)
        left -= sum(len(cell.links) for cell in view.cells)
        views.append(view)
    return PointView(
        name=point.name,
        link=links[point.name, point.by],
        by=_BY[point.by],
        count=point.count,
        runs=point.runs,
        defaults=point.defaults,
        wrong=point.wrong,
        sentence=_sentence(point),
        collapsed=point.collapse is not None,
        has_usual=0 < usual < point.count,
        plot=_plot(views, point, periods, WIDE, TALL, ""),
        small=_plot(
            views, point, periods, 220, 24, f"decisions/{links[point.name, point.by]}"
        ),
        choices=tuple(views),
    )


_BY = {
    "name": "decision",
    "agent": "what the model did next",
    "tool": "argument of a tool",
}


def _sentence(point: Point) -> str:
    fall = point.collapse
    if fall is not None:
        since = started(fall.since_ns)
        return (
            f"Collapsed: always “{fall.chosen}” since {since} UTC, in {fall.runs:,} "
            f"runs; the {fall.before:,} runs before chose differently."
        )
    first = point.choices[0]
    if len(point.choices) == 1:
        return f"Always “{first.name}”."
    share = _percent(first.count, point.count)
    return f"“{first.name}” in {share}, of {len(point.choices):,} choices."


def _choice(
    point: Point,
    number: int,
    chosen: Chosen,
    periods: Periods,
    usual: int,
    left: int,
) -> ChoiceView:
    later = point.count - usual
    was, now = chosen.usual / (usual or 1), chosen.later / (later or 1)
    return ChoiceView(
        id=f"c{number + 1}",
        name=chosen.name,
        hue=f"hue-{number + 1}" if number < HUES else "hue-rest",
        count=chosen.count,
        runs=chosen.runs,
        share=_percent(chosen.count, point.count),
        usual=_percent(chosen.usual, usual),
        later=_percent(chosen.later, later),
        change=f"{100 * (now - was):+.0f} points",
        defaults=chosen.defaults,
        wrong=chosen.wrong,
        first=started(chosen.first_ns),
        last=started(chosen.last_ns),
        cells=tuple(_cells(point, number, chosen, periods, left)),
    )


def _cells(
    point: Point,
    number: int,
    chosen: Chosen,
    periods: Periods,
    left: int,
) -> list[Cell]:
    cells = []
    for known in chosen.cells:
        room, period = max(1, min(LINKS_EACH, left)), known.period
        links = tuple(
            RunLink(
                f"../runs/{use.key}/index.html#step={use.step}",
                f"../runs/{use.key}/{page_link(use.step)}",
                use.step,
                use.task,
                use.run,
                started(use.start_ns),
                use.outcome,
                use.times,
            )
            for use in known.uses[:room]
        )
        left -= len(links)
        asked = f'choice:"{point.name}={chosen.name}"'
        if period is not None:
            asked += f' from:"{edge(periods, period)}" to:"{edge(periods, period + 1)}"'
        cells.append(
            Cell(
                id=f"c{number + 1}-p{'x' if period is None else period + 1}",
                label="no clock" if period is None else periods.label(period),
                count=known.decisions,
                links=links,
                more=known.runs - len(links),
                query="" if point.by == "agent" else query(asked),
            )
        )
    return cells


def _plot(
    views: Sequence[ChoiceView],
    point: Point,
    periods: Periods,
    width: int,
    height: int,
    page: str,
) -> Stacked:
    columns = [
        [
            Part(
                chosen.by_period[period],
                view.hue,
                f"{page}#{view.id}-p{period + 1}",
                f"{periods.label(period)}: {view.name} {chosen.by_period[period]:,}",
            )
            for view, chosen in zip(views, point.choices, strict=True)
        ]
        for period in range(periods.count)
    ]
    note = f"decisions a {periods.unit}" if periods.count else "no run has a clock"
    if point.undated and periods.count:
        note += f"; {point.undated:,} without a clock"
    return stack("Choices over time", note, columns, ends(periods), width, height)


def _percent(part: int, whole: int) -> str:
    """A share in words: never 0 % of something, never 100 % of less than all."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1 %"
    if 99 < share < 100:
        return ">99 %"
    return f"{share:.0f} %"
