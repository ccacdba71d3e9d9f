"""Puts a picture together: laid out columns become boxes, paths and arcs in pixels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from whypath.derive.graphs.graph import Edge, Graph, Node
from whypath.render.arcs import Arc, Area, near_causes, way_back
from whypath.render.measure import clip, plain
from whypath.render.picture import (
    FRAME,
    MARGIN,
    OUT,
    SMALL,
    STUB,
    Box,
    Column,
    Frame,
    Layout,
    Path,
    Placed,
    Point,
    Shape,
)


def compose(graph: Graph, shapes: Sequence[Shape], placed: Sequence[Placed]) -> Layout:
    """The picture: each column with its boxes, edges, arcs, frames and loose ends."""
    leads_in = {
        shape.leads_out.target: shape.leads_out for shape in shapes if shape.leads_out
    }
    columns, done = [], 0
    for number, (shape, place) in enumerate(zip(shapes, placed, strict=True)):
        following = (
            shapes[number + 1].boxes[0].node if number + 1 < len(shapes) else None
        )
        columns.append(_column(graph, done, shape, place, leads_in, following))
        done += len(shape.boxes)
    return Layout(graph, tuple(columns))


def _column(
    graph: Graph,
    done: int,
    shape: Shape,
    place: Placed,
    leads_in: Mapping[str, Edge],
    following: Node | None,
) -> Column:
    """A column; `done` is how many nodes stand in those before it."""
    entries = [box.node.id for box in shape.boxes if box.node.id in leads_in]
    areas = [_area(box, place, bool(entries)) for box in shape.boxes]
    arcs = list(_arcs(graph, done, shape.boxes, areas))
    left = max([0.0, *(MARGIN - arc.reach for arc in arcs)])
    right = max([0.0, *(arc.reach - place.width - MARGIN for arc in arcs)])
    shift = Point(MARGIN + left, MARGIN + (STUB if entries else 0))
    boxes = tuple(
        replace(box, x=round(area.x + left, 1), y=round(area.y, 1))
        for box, area in zip(shape.boxes, areas, strict=True)
    )
    height = round(place.height + shift.y + MARGIN, 1)
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
        round(place.width + 2 * MARGIN + left + right, 1),
        height,
        boxes,
        tuple(paths),
        tuple(Path(arc.kind, arc.data, "", Point(left, 0)) for arc in arcs),
        tuple(_frames(boxes)),
        shape.boxes[0].node.first,
        max(box.node.last for box in shape.boxes),
        following.first if following else None,
        leaves,
    )


def _area(box: Box, place: Placed, has_entry: bool) -> Area:
    """Where a box stands in its column, without room for arcs."""
    spot = place.spots[box.node.id]
    x = spot.x - box.width / 2 + MARGIN
    y = spot.y - (box.height + box.foot) / 2 + MARGIN + (STUB if has_entry else 0)
    return Area(x, y, box.width, box.height)


def _arcs(
    graph: Graph, done: int, boxes: Sequence[Box], areas: Sequence[Area]
) -> Iterator[Arc]:
    """The arcs between boxes of one column."""
    where = {box.node.id: area for box, area in zip(boxes, areas, strict=True)}
    for edge in graph.asides:
        if edge.source in where and edge.target in where:
            yield way_back(where[edge.source], where[edge.target], edge.kind)
    yield from near_causes(list(enumerate(areas, done)), graph.causes)


def _frames(boxes: Iterable[Box]) -> Iterator[Frame]:
    """One round the boxes of each sub-agent."""
    groups: dict[int, list[Box]] = {}
    for box in boxes:
        if box.node.cluster:
            groups.setdefault(box.node.cluster, []).append(box)
    for group in groups.values():
        left = min(box.x for box in group) - FRAME
        top = min(box.y for box in group) - FRAME
        right = max(box.x + box.width for box in group) + FRAME
        bottom = max(box.y + box.height for box in group) + FRAME
        sizes = (left, top, right - left, bottom - top)
        yield Frame(*(round(size, 1) for size in sizes))


def _path(edge: Edge, points: tuple[Point, ...], shift: Point) -> Path:
    moved = [f"{p.x + shift.x:.1f} {p.y + shift.y:.1f}" for p in points]
    middle = points[len(points) // 2]
    data = f"M{moved[0]}C{' '.join(moved[1:])}"
    at = Point(round(middle.x + shift.x + 6, 1), round(middle.y + shift.y + 4, 1))
    return Path(edge.kind, data, clip(plain(edge.label), SMALL - 1, 110), at)
