"""Measures the boxes of a Graph and cuts it into columns, which make a Layout.

A long run is not one endless column: it is cut where one single edge crosses, into
columns that the page sets side by side where it is wide, below each other where not.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import ceil
from typing import NamedTuple

from whypath.derive.graphs.graph import Edge, Graph, Node
from whypath.derive.graphs.labels import Row
from whypath.render.measure import clip, plain, split, width

COLUMNS = 5
"""How many columns a wide page holds; a graph is cut into that many if it is long."""
MIN_COLUMN, MAX_COLUMN = 330, 660
"""Height of a column in pixels, less when it is the last."""
WIDEST, NARROW, LEAST = 240, 180, 132
"""Widths of a box: at most, at most where many stand side by side, at least."""
ROOMY = 40
"""A graph of no more nodes has room for labels of two lines."""
OUT = "out"
"""Id of the point where the edge to the next column leaves."""
LABEL, SMALL = 13, 12
"""Font sizes of a label, and of rows and notes."""
_PAD, _ICON, _LINE, _ROW, _GAP = 8, 20, 28, 16, 20
_FOOT = 18
STUB, FRAME, MARGIN = 16, 8, 4
"""Length of an edge from the column before; space inside a frame; round a column."""


class Point(NamedTuple):
    """Pixels from the upper left corner."""

    x: float
    y: float


class Line(NamedTuple):
    """A row of a box: its text, clipped, and its mark."""

    text: str
    mark: str
    """`chosen`, `struck`, `error`, `plain`, or `label` where the label goes on."""
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
    foot: float = 0
    """Room below the box for the mark of a dead end."""
    causes: tuple[int, ...] = ()
    """Indices of the nodes whose values this one uses."""
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
    """An edge or an arc as SVG path data, and where its label stands."""

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
    arcs: tuple[Path, ...]
    """Ways back, later retries and near causes, `at` the shift that they need."""
    frames: tuple[Frame, ...]
    first: int
    last: int
    goes_on: int | None
    goes_on_at: Point

    @property
    def inks(self) -> tuple[str, ...]:
        """The kinds of arrow heads that the column needs, `next` among them."""
        special = {"retry", "backtrack", "cause"}
        kinds = {path.kind for path in (*self.paths, *self.arcs)}
        return ("next", *sorted(kinds & special))


@dataclass(frozen=True, slots=True)
class Layout:
    """The picture of a graph: columns in the order of the run."""

    graph: Graph
    columns: tuple[Column, ...]


def cut_up(graph: Graph) -> list[Shape]:
    """The columns of a graph, boxes measured. Only single edges lead across."""
    out = Counter(edge.source for edge in graph.edges if edge.kind != "abandoned")
    crowded = {edge.target for edge in graph.edges if out[edge.source] > 2}
    wrap = len(graph.nodes) <= ROOMY
    boxes = [
        replace(
            measure(node, NARROW if node.id in crowded else WIDEST, wrap=wrap),
            causes=graph.causes.get(at, ()),
        )
        for at, node in enumerate(graph.nodes)
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


def measure(node: Node, limit: float, *, wrap: bool = False) -> Box:
    """A box for a node, as wide as its words, but at most `limit` pixels.

    Where a label does not fit, `wrap` gives it a second line.
    """
    room = limit - 2 * _PAD - _ICON
    lines = [_line(row, room) for row in node.rows]
    note = clip(plain(node.note), SMALL - 1, room * 0.6)
    if note and limit < WIDEST:
        mark = "error" if node.status == "error" else "plain"
        lines.append(Line(clip(plain(node.note), SMALL, room), mark))
        note = ""
    aside = width(note, SMALL - 1) + 10 if note else 0
    label, rest = plain(node.label), ""
    if wrap:
        label, rest = split(label, LABEL, room - aside)
    label = clip(label, LABEL, room - aside)
    if rest:
        lines.insert(0, Line(clip(rest, SMALL, room), "label"))
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
        _FOOT if node.dead_end else 0,
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
        below = tops[source] + boxes[source].height + boxes[source].foot + _GAP
        tops[target] = max(tops[target], below)
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
