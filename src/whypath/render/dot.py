"""Turns a Graph into a Layout, by way of DOT and a Graphviz in a child process.

The layout engine sees numbers and ids of ours, never a word of a trace. The only place
where a report starts a process.
"""

import subprocess
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from shutil import which
from typing import Any

from whypath.derive.graphs.graph import Graph
from whypath.render.arcs import NEAR
from whypath.render.compose import compose
from whypath.render.measure import plain
from whypath.render.picture import OUT, Layout, Placed, Point, Shape, cut_up

DEADLINE_S = 5.0
EXTRAS_S = 2.0
"""How long the picture of a run may take, and those of what is inside its nodes."""
_INCH = 72
_GAP = {"nodesep": "0.2", "ranksep": "0.28"}
_FRAME = "10"
_STRAIGHT = "8"
"""How much more it matters that the way taken runs straight than one left."""


class LayoutFailed(Exception):
    """There is no layout; the text is a sentence that says why and what helps."""


def find_engine(path: str | None = None) -> str | None:
    """A layout engine: `path`, else the one we bring, else a `dot` on the PATH."""
    if path is not None:
        return which(path)
    beside = which("graphviz-pure", path=sysconfig.get_path("scripts"))
    return beside or which("graphviz-pure") or which("dot")


def lay_out(
    graph: Graph, engine: str | None = None, deadline_s: float = DEADLINE_S
) -> tuple[Layout | None, str]:
    """Where everything in the picture of a graph stands, or None and a sentence why.

    `engine` is a Graphviz program to use in place of the one we bring.
    """
    shapes = cut_up(graph)
    try:
        return compose(graph, shapes, place(shapes, engine, deadline_s)), ""
    except LayoutFailed as error:
        return None, str(error)


def lay_out_all(
    graphs: Mapping[int, Graph],
    engine: str | None = None,
    deadline_s: float = EXTRAS_S,
) -> dict[int, Layout]:
    """The pictures of several graphs, all laid out in one process.

    They are extras: where there is no layout, there are none.
    """
    shapes = {key: cut_up(graph) for key, graph in graphs.items()}
    try:
        every = [shape for some in shapes.values() for shape in some]
        placed = iter(place(every, engine, deadline_s))
    except LayoutFailed:
        return {}
    return {
        key: compose(graphs[key], some, list(islice(placed, len(some))))
        for key, some in shapes.items()
    }


def place(
    shapes: Sequence[Shape], engine: str | None, deadline_s: float
) -> list[Placed]:
    """Lays out columns of boxes and edges, top to bottom, all in one process.

    Raises `LayoutFailed` when no engine is there, or it fails, or takes too long.
    """
    if not shapes:
        return []
    found = find_engine(engine)
    if found is None:
        missing = f"{engine} is not there" if engine else "no Graphviz was found"
        raise LayoutFailed(f"No picture: {missing}. Install graphviz-pure.")
    source = "".join(map(_dot, shapes))
    answer = _run(found, source, deadline_s)
    try:
        placed = list(_parse(answer))
    except (ValueError, IndexError) as error:
        raise LayoutFailed(_not_readable(found)) from error
    if len(placed) != len(shapes):
        raise LayoutFailed(_not_readable(found))
    return placed


def _not_readable(engine: str) -> str:
    return f"No picture: {Path(engine).name} answered something that is no layout."


def _run(engine: str, source: str, deadline_s: float) -> str:
    name = Path(engine).name
    try:
        done = subprocess.run(
            [engine, "-Kdot", "-Tplain"],
            input=source.encode("ascii"),
            capture_output=True,
            timeout=deadline_s,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        why = f"{name} took longer than {deadline_s:g} s"
        raise LayoutFailed(f"No picture: {why}.") from error
    except subprocess.CalledProcessError as error:
        why = f"{name} ended with code {error.returncode}"
        raise LayoutFailed(f"No picture: {why}.") from error
    except OSError as error:
        why = f"{name} cannot be started ({error.strerror})"
        raise LayoutFailed(f"No picture: {why}.") from error
    return done.stdout.decode("ascii", "replace")


def _dot(shape: Shape) -> str:
    """A column as DOT: ids and sizes, nothing else."""
    import graphviz

    dot: Any = graphviz.Digraph(
        graph_attr=_GAP,
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowsize": "0.6"},
    )
    frames: dict[int, Any] = {}
    for box in shape.boxes:
        into, node = dot, box.node
        if node.cluster:
            name = f"cluster_{node.cluster}"
            into = frames.setdefault(
                node.cluster, graphviz.Digraph(name, graph_attr={"margin": _FRAME})
            )
        size = {"width": _inches(box.width), "height": _inches(box.height + box.foot)}
        into.node(node.id, **size)
    for number in sorted(frames):
        dot.subgraph(frames[number])
    for edge in shape.edges:
        weight = "1" if edge.kind == "abandoned" else _STRAIGHT
        dot.edge(edge.source, edge.target, weight=weight)
    if shape.leads_out is not None:
        dot.node(OUT, width="0.01", height="0.01")
        dot.edge(shape.leads_out.source, OUT, arrowhead="none", weight=_STRAIGHT)
    return str(dot.source)


def _inches(pixels: float) -> str:
    return f"{pixels / _INCH:.4f}"


def _parse(text: str) -> Iterable[Placed]:
    """Reads `-Tplain`: inches from the lower left corner, a line for each thing."""
    width = height = 0.0
    spots: dict[str, Point] = {}
    curves: dict[tuple[str, str], tuple[Point, ...]] = {}

    def point(x: str, y: str) -> Point:
        return Point(round(float(x) * _INCH, 1), round(height - float(y) * _INCH, 1))

    for line in text.splitlines():
        words = line.split()
        match words[:1]:
            case ["graph"]:
                width, height = float(words[2]) * _INCH, float(words[3]) * _INCH
                spots, curves = {}, {}
            case ["node"]:
                spots[words[1]] = point(words[2], words[3])
            case ["edge"]:
                numbers = words[4 : 4 + 2 * int(words[3])]
                points = tuple(map(point, numbers[::2], numbers[1::2]))
                curves[words[1], words[2]] = points
            case ["stop"]:
                yield Placed(round(width, 1), round(height, 1), spots, curves)


def labelled_dot(graph: Graph) -> str:
    """The graph as DOT for people, with its words, quoted by the `graphviz` package."""
    import graphviz

    dot: Any = graphviz.Digraph(
        "decisions",
        node_attr={"shape": "box", "fontname": "Helvetica", "fontsize": "11"},
        edge_attr={"fontname": "Helvetica", "fontsize": "10"},
    )

    def quoted(text: str) -> Any:
        entities = plain(text).replace("&", "&amp;")
        return graphviz.nohtml(graphviz.escape(entities))

    for node in graph.nodes:
        lines = [f"{node.label}  {node.note}".strip()]
        for row in node.rows:
            mark = "● " if row.chosen else "○ " if row.struck else ""
            lines.append(mark + row.text)
        if node.dead_end:
            lines.append("dead end")
        label = graphviz.nohtml(r"\l".join(quoted(line) for line in lines) + r"\l")
        style = "dashed" if node.abandoned else "solid"
        colour = "red" if node.status == "error" else "black"
        dot.node(node.id, label, style=style, color=colour)
    for edge in graph.edges:
        dot.edge(edge.source, edge.target, quoted(edge.label), **_line(edge.kind))
    for edge in graph.asides:
        aside = _line(edge.kind) | {"constraint": "false"}
        dot.edge(edge.source, edge.target, quoted(edge.label), **aside)
    joined = {(edge.source, edge.target) for edge in graph.edges}
    for target, sources in graph.causes.items():
        for source in sources:
            ends = graph.nodes[source].id, graph.nodes[target].id
            if target - source <= NEAR and ends not in joined:
                dot.edge(*ends, **_line("cause"), constraint="false")
    return str(dot.source)


def _line(kind: str) -> dict[str, str]:
    """How an edge of a kind looks in the DOT for people."""
    return {
        "abandoned": {"style": "dashed"},
        "backtrack": {"style": "dashed", "arrowhead": "empty", "color": "orange3"},
        "retry": {"style": "bold", "color": "red"},
        "cause": {"style": "dotted", "arrowhead": "vee", "color": "blue"},
    }.get(kind, {"style": "solid"})
