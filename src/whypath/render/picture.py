"""Measures the boxes of a Graph, cuts it into columns, and puts a layout together.

A long run is not one endless column: it is cut where one single edge crosses, into
columns that the page sets side by side where it is wide, below each other where not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import ceil
from typing import NamedTuple

from whypath.derive.graph import Edge, Graph, Node
from whypath.derive.labels import Row
from whypath.render.measure import clip, plain, width

COLUMNS = 4
"""How many columns a wide page holds; a graph is cut into that many if it is long."""
MIN_COLUMN, MAX_COLUMN = 330, 660
"""Height of a column in pixels, less when it is the last."""
WIDEST, NARROW, LEAST = 226, 176, 132
"""Widths of a box: at most, at most where many stand side by side, at least."""
OUT = "out"
"""Id of the point where the edge to the next column leaves."""
LABEL, SMALL = 13, 12
"""Font sizes of a label, and of rows and notes."""
_PAD, _ICON, _LINE, _ROW, _GAP = 8, 20, 28, 16, 20
_STUB = 16
_FRAME = 8
_MARGIN = 4


class Point(NamedTuple):
    """Pixels from the upper left corner."""

    x: float
    y: float


class Line(NamedTuple):
    """A row of a box: its text, clipped, and its mark."""

    text: str
    mark: str
    """`chosen`, `struck`, `error` or `plain`."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A node with what is written in it, clipped, and where it stands, in pixels."""

    node: Node
    width: float
    height: float
    label: str
    note: str
    lines: tuple[Line, ...]
    title: str
    """The label and the note unclipped, for a tooltip."""
    x: float = 0
    y: float = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """A column that is still to be laid out, and the edge that leads out of it."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    leads_out: Edge | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A column laid out. `spots` are the centres of boxes by id, `curves` the Bézier
    points of edges by the ids they join.
    """

    width: float
    height: float
    spots: dict[str, Point]
    curves: dict[tuple[str, str], tuple[Point, ...]]


class Path(NamedTuple):
    """An edge as SVG path data, and where its label stands."""

    kind: str
    data: str
    label: str
    at: Point


class Frame(NamedTuple):
    """The border of a sub-agent, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A part of the picture, `first` to `last` step, in a viewport of its own.

    `goes_on` is the step at which the next column starts, None in the last one.
    """

    width: float
    height: float
    boxes: tuple[Box, ...]
    paths: tuple[Path, ...]
    frames: tuple[Frame, ...]
    first: int
    last: int
    goes_on: int | None
    goes_on_at: Point


@dataclass(frozen=True, slots=True)
class Layout:
    """The picture of a graph: columns in the order of the run."""

    graph: Graph
    columns: tuple[Column, ...]


def cut_up(graph: Graph) -> list[Shape]:
    """The columns of a graph, boxes measured. Only single edges lead across."""
    out = Counter(edge.source for edge in graph.edges if edge.kind != "abandoned")
    crowded = {edge.target for edge in graph.edges if out[edge.source] > 2}
    boxes = [
        measure(node, NARROW if node.id in crowded else WIDEST) for node in graph.nodes
    ]
    wide = max((box.width for box in boxes if box.node.id not in crowded), default=0)
    boxes = [
        box if box.node.id in crowded else replace(box, width=wide) for box in boxes
    ]
    index = {node.id: at for at, node in enumerate(graph.nodes)}
    cuts = [0, *_cuts(graph, boxes, index), len(boxes)]
    column_of = [0] * len(boxes)
    for number, (start, end) in enumerate(pairwise(cuts)):
        column_of[start:end] = [number] * (end - start)
    inside: list[list[Edge]] = [[] for _ in cuts[1:]]
    across: dict[int, Edge] = {}
    for edge in graph.edges:
        number = column_of[index[edge.source]]
        if number == column_of[index[edge.target]]:
            inside[number].append(edge)
        else:
            across[number] = edge
    return [
        Shape(tuple(boxes[start:end]), tuple(inside[number]), across.get(number))
        for number, (start, end) in enumerate(pairwise(cuts))
        if start < end
    ]


def measure(node: Node, limit: float) -> Box:
    """A box for a node, as wide as its words, but at most `limit` pixels."""
    room = limit - 2 * _PAD - _ICON
    lines = [_line(row, room) for row in node.rows]
    note = clip(plain(node.note), SMALL - 1, room * 0.6)
    if note and limit < WIDEST:
        mark = "error" if node.status == "error" else "plain"
        lines.append(Line(clip(plain(node.note), SMALL, room), mark))
        note = ""
    aside = width(note, SMALL - 1) + 10 if note else 0
    label = clip(plain(node.label), LABEL, room - aside)
    widths = [
        width(label, LABEL) + aside,
        *(width(f"{line.text}  {line.reason}", SMALL) for line in lines),
    ]
    return Box(
        node,
        round(max(LEAST, min(limit, max(widths) + 2 * _PAD + _ICON))),
        _LINE + _ROW * len(lines) + (4 if lines else 0),
        label,
        note,
        tuple(lines),
        plain(f"{node.label} ({node.note})" if node.note else node.label),
    )


def _line(row: Row, room: float) -> Line:
    mark = "struck" if row.struck else "chosen" if row.chosen else "plain"
    text = clip(plain(row.text), SMALL, room)
    left = room - width(text, SMALL) - 8
    reason = clip(plain(row.reason), SMALL, left) if left > 40 else ""
    return Line(text, "error" if row.error else mark, reason)


def _cuts(graph: Graph, boxes: Sequence[Box], index: dict[str, int]) -> list[int]:
    """Indices of the nodes that start a new column, none inside a sub-agent."""
    tops, crossing = [0.0] * len(boxes), [0] * (len(boxes) + 1)
    for edge in graph.edges:
        source, target = index[edge.source], index[edge.target]
        tops[target] = max(tops[target], tops[source] + boxes[source].height + _GAP)
        crossing[source + 1] += 1
        crossing[target + 1] -= 1
    free = [
        across == 1 and not box.node.cluster and box.node.kind != "end"
        for across, box in zip(accumulate(crossing), boxes, strict=False)
    ]
    bottom = max((t + b.height for t, b in zip(tops, boxes, strict=True)), default=0)
    height = min(MAX_COLUMN, max(MIN_COLUMN, bottom / COLUMNS))
    most = ceil(bottom / height)
    cuts = _cuts_at(height, tops, boxes, free)
    for slack in (1.1, 1.2, 1.3):
        if len(cuts) >= most:
            cuts = _cuts_at(height * slack, tops, boxes, free)
    return cuts


def _cuts_at(
    height: float, tops: Sequence[float], boxes: Sequence[Box], free: Sequence[bool]
) -> list[int]:
    """Cuts for columns of about a height. In the last third, a user's turn is best."""
    cuts: list[int] = []
    start = 0.0
    best: int | None = None
    for at, box in enumerate(boxes):
        used = tops[at] + box.height - start
        if used > height and best is not None:
            cuts.append(best)
            start, best = tops[best], None
            used = tops[at] + box.height - start
        if not free[at] or used < height / 3:
            continue
        turn = best is not None and boxes[best].node.kind == "user"
        if not turn or box.node.kind == "user" or used < height * 2 / 3:
            best = at
    return cuts


def compose(graph: Graph, shapes: Sequence[Shape], placed: Sequence[Placed]) -> Layout:
    """The picture: each column with its boxes, edges, frames and loose ends."""
    leads_in = {
        shape.leads_out.target: shape.leads_out for shape in shapes if shape.leads_out
    }
    columns = []
    for number, (shape, place) in enumerate(zip(shapes, placed, strict=True)):
        following = (
            shapes[number + 1].boxes[0].node if number + 1 < len(shapes) else None
        )
        columns.append(_column(shape, place, leads_in, following))
    return Layout(graph, tuple(columns))


def _column(
    shape: Shape, place: Placed, leads_in: Mapping[str, Edge], following: Node | None
) -> Column:
    entries = [box.node.id for box in shape.boxes if box.node.id in leads_in]
    shift = Point(_MARGIN, _MARGIN + (_STUB if entries else 0))
    boxes = tuple(
        replace(
            box,
            x=round(place.spots[box.node.id].x - box.width / 2 + shift.x, 1),
            y=round(place.spots[box.node.id].y - box.height / 2 + shift.y, 1),
        )
        for box in shape.boxes
    )
    height = round(place.height + shift.y + _MARGIN, 1)
    paths = [
        _path(edge, place.curves[edge.source, edge.target], shift)
        for edge in shape.edges
        if (edge.source, edge.target) in place.curves
    ]
    for box in boxes:
        if box.node.id in entries:
            x = round(box.x + box.width / 2, 1)
            data = f"M{x} 0L{x} {box.y - 6:.1f}"
            paths.append(Path(leads_in[box.node.id].kind, data, "", Point(x, 0)))
    leaves = Point(0, 0)
    if shape.leads_out is not None:
        out = place.spots[OUT]
        leaves = Point(round(out.x + shift.x, 1), height)
        curve = _path(shape.leads_out, place.curves[shape.leads_out.source, OUT], shift)
        data = f"{curve.data}L{leaves.x} {leaves.y}"
        paths.append(Path("out", data, "", leaves))
    return Column(
        round(place.width + 2 * _MARGIN, 1),
        height,
        boxes,
        tuple(paths),
        tuple(_frames(boxes)),
        shape.boxes[0].node.first,
        max(box.node.last for box in shape.boxes),
        following.first if following else None,
        leaves,
    )


def _frames(boxes: Iterable[Box]) -> Iterator[Frame]:
    """One round the boxes of each sub-agent."""
    groups: dict[int, list[Box]] = {}
    for box in boxes:
        if box.node.cluster:
            groups.setdefault(box.node.cluster, []).append(box)
    for group in groups.values():
        left = min(box.x for box in group) - _FRAME
        top = min(box.y for box in group) - _FRAME
        right = max(box.x + box.width for box in group) + _FRAME
        bottom = max(box.y + box.height for box in group) + _FRAME
        sizes = (left, top, right - left, bottom - top)
        yield Frame(*(round(size, 1) for size in sizes))


def _path(edge: Edge, points: tuple[Point, ...], shift: Point) -> Path:
    moved = [f"{p.x + shift.x:.1f} {p.y + shift.y:.1f}" for p in points]
    middle = points[len(points) // 2]
    data = f"M{moved[0]}C{' '.join(moved[1:])}"
    at = Point(round(middle.x + shift.x + 6, 1), round(middle.y + shift.y + 4, 1))
    return Path(edge.kind, data, clip(plain(edge.label), SMALL - 1, 110), at)
