"""Draws what leads aside over a finished layout: ways back, later retries, near causes.

None of it moves a box: an arc runs round the boxes of its column, or is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

NEAR = 5
"""A cause is drawn where it is at most so many boxes away; others when asked for."""
MOST_ARCS = 24
"""Near causes drawn in a column."""
_BULGE, _STEP = 12, 5


class Area(NamedTuple):
    """Where a box stands, in pixels."""

    x: float
    y: float
    width: float
    height: float


class Arc(NamedTuple):
    """A curve from one box to another, and how far out it reaches, in pixels."""

    kind: str
    data: str
    reach: float


def way_back(source: Area, target: Area, kind: str) -> Arc:
    """An arc from a box to one before it, such as from a dead end to where it forked.

    From a box that stands aside it goes up and in; else it runs round on one side.
    """
    left = source.x + source.width / 2 < target.x + target.width / 2
    aside = source.x + source.width <= target.x or target.x + target.width <= source.x
    if not aside or source.y <= target.y + target.height:
        return _arc(source, target, kind, left=left)
    x = source.x + source.width * (0.3 if left else 0.7)
    end = target.y + 20
    tip = target.x - 6 if left else target.x + target.width + 6
    data = _curve(x, source.y, x, end, x, end, tip, end)
    return Arc(kind, data, x)


def near_causes(
    boxes: Sequence[tuple[int, Area]], causes: Mapping[int, Sequence[int]]
) -> Iterator[Arc]:
    """Arcs on the left, from nodes to those that use their values.

    `boxes` are a column's, each with the index of its node. Neighbours are joined by
    an arrow already; a cause whose arc would cross another box is left out.
    """
    at = {index: number for number, (index, _) in enumerate(boxes)}
    drawn = 0
    for index, area in boxes:
        for source in causes.get(index, ()):
            apart = at[index] - at.get(source, at[index])
            if not 1 < apart <= NEAR or drawn == MOST_ARCS:
                continue
            between = boxes[at[source] + 1 : at[index]]
            start = boxes[at[source]][1]
            arc = _arc(start, area, "cause", left=True, apart=apart)
            if all(other.x > arc.reach for _, other in between):
                drawn += 1
                yield arc


def _arc(source: Area, target: Area, kind: str, *, left: bool, apart: int = 2) -> Arc:
    bulge = _BULGE + _STEP * (apart - 2)
    if left:
        a, b = source.x, target.x
        out = min(a, b) - bulge
    else:
        a, b = source.x + source.width, target.x + target.width
        out = max(a, b) + bulge
    start, end = source.y + 14, target.y + (8 if kind == "cause" else 20)
    tip = b - 6 if left else b + 6
    return Arc(kind, _curve(a, start, out, start, out, end, tip, end), out)


def _curve(*numbers: float) -> str:
    first, second, *others = [f"{number:.1f}" for number in numbers]
    return f"M{first} {second}C{' '.join(others)}"
