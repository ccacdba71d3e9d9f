"""Turns a Layout into one SVG file that needs nothing else, light and dark.

The pieces are those of the page: the same macros, the same style sheets.
"""

from typing import Any, NamedTuple

from whypath.derive.graphs.graph import Graph
from whypath.render.assets import asset
from whypath.render.environment import environment
from whypath.render.picture import Column, Layout, Point

WIDE = 1400
"""Columns stand side by side up to this width in pixels, then in the next row."""
_GAP, _EDGE = 24.0, 16.0


class Sheet(NamedTuple):
    """A picture of one piece: its size, and where each column stands in it."""

    graph: Graph
    width: float
    height: float
    columns: tuple[tuple[Column, Point], ...]


def svg_file(layout: Layout) -> str:
    """The picture as the text of an `.svg` file."""
    template = environment().get_template("parts/graph.svg.html")
    macros: Any = template.module
    style = asset("css", ("theme", "graph"))
    return str(macros.drawing(_sheet(layout), style)).strip() + "\n"


def _sheet(layout: Layout) -> Sheet:
    """Sets the columns in rows, as the page does."""
    x, y, tallest, widest = _EDGE, _EDGE, 0.0, 0.0
    columns = []
    for column in layout.columns:
        if x > _EDGE and x + column.width > WIDE:
            x, y, tallest = _EDGE, y + tallest + _GAP, 0.0
        columns.append((column, Point(round(x, 1), round(y, 1))))
        x += column.width + _GAP
        tallest, widest = max(tallest, column.height), max(widest, x - _GAP)
    width, height = widest + _EDGE, y + tallest + _EDGE
    return Sheet(layout.graph, round(width, 1), round(height, 1), tuple(columns))
