"""Measures the boxes of a Graph, cuts it into columns, and puts a layout together.

A long run is not one endless column: it is cut where one single edge crosses, into
columns that the page sets side by side where it is wide, below each other where not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
LABEL, SMALL = 13, 12
"""Font sizes of a label, and of rows and notes."""
_PAD, _ICON, _LINE, _ROW, _GAP = 8, 20, 28, 16, 20
_STUB = 18
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
    x: float = 0
    y: float = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """A column that is still to be laid out."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


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
    for edge in graph.edges:
        number = column_of[index[edge.source]]
        if number == column_of[index[edge.target]]:
            inside[number].append(edge)
    return [
        Shape(tuple(boxes[start:end]), tuple(edges))
        for (start, end), edges in zip(pairwise(cuts), inside, strict=True)
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
    home = {
        box.node.id: number
        for number, shape in enumerate(shapes)
        for box in shape.boxes
    }
    leads_in: dict[int, Edge] = {}
    leads_out: dict[int, Edge] = {}
    for edge in graph.edges:
        if home[edge.source] != home[edge.target]:
            leads_out[home[edge.source]] = edge
            leads_in[home[edge.target]] = edge
    columns = [
        _column(
            shape, place, leads_in.get(number), leads_out.get(number), shapes, number
        )
        for number, (shape, place) in enumerate(zip(shapes, placed, strict=True))
    ]
    return Layout(graph, tuple(columns))


def _column(
    shape: Shape,
    place: Placed,
    comes_in: Edge | None,
    goes_out: Edge | None,
    shapes: Sequence[Shape],
    number: int,
) -> Column:
    shift = Point(_MARGIN, _MARGIN + (_STUB if comes_in else 0))
    boxes = tuple(
        replace(
            box,
            x=round(place.spots[box.node.id].x - box.width / 2 + shift.x, 1),
            y=round(place.spots[box.node.id].y - box.height / 2 + shift.y, 1),
        )
        for box in shape.boxes
    )
    by_id = {box.node.id: box for box in boxes}
    frames = tuple(_frames(boxes))
    bottom = max(
        *(box.y + box.height for box in boxes),
        *(frame.y + frame.height for frame in frames),
        place.height + shift.y,
    )
    height = bottom + (_STUB if goes_out else 0) + _MARGIN
    paths = [
        _path(edge, place.curves[edge.source, edge.target], shift)
        for edge in shape.edges
        if (edge.source, edge.target) in place.curves
    ]
    if comes_in is not None:
        box = by_id[comes_in.target]
        x = box.x + box.width / 2
        paths.append(_straight(comes_in, Point(x, 0), Point(x, box.y - 6)))
    at = Point(0, 0)
    if goes_out is not None:
        box = by_id[goes_out.source]
        x = box.x + box.width / 2
        at = Point(round(x, 1), round(height, 1))
        paths.append(_straight(goes_out, Point(x, box.y + box.height), at, "out"))
    following = shapes[number + 1].boxes[0].node if number + 1 < len(shapes) else None
    return Column(
        round(place.width + 2 * _MARGIN, 1),
        round(height, 1),
        boxes,
        tuple(paths),
        frames,
        shape.boxes[0].node.first,
        max(box.node.last for box in shape.boxes),
        following.first if following else None,
        at,
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


def _straight(edge: Edge, start: Point, end: Point, kind: str = "") -> Path:
    data = f"M{start.x:.1f} {start.y:.1f}L{end.x:.1f} {end.y:.1f}"
    return Path(kind or edge.kind, data, "", end)
