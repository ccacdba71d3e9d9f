"""Turns a Run and its decisions into a folded decision graph of few nodes, as values.

Where nodes stand and what they look like is not decided here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from whypath.derive.fold import fold
from whypath.derive.labels import Labels, Row, Titles, cut
from whypath.derive.units import Unit, find_units
from whypath.model import Decision, Run

TARGET = 48
"""Nodes that an eye still takes in as one picture."""
LIMIT = 200
"""Nodes that are laid out in good time."""


@dataclass(frozen=True, slots=True)
class Node:
    """Some steps of the run, drawn as one box.

    `kind` is a step's kind, or `loop`, `segment`, `parallel` or `end`. `first` is the
    position to go to, `last` the last one inside, `steps` all of them, in order.
    `count` is how many times a repeat or a loop ran; `note` is a short mark such as
    "×4" or "2 errors". `status` is `error` as soon as one step failed.
    """

    id: str
    label: str
    kind: str
    first: int
    last: int
    steps: tuple[int, ...]
    rows: tuple[Row, ...] = ()
    count: int = 1
    note: str = ""
    status: str = "unset"
    abandoned: bool = False
    agent: str | None = None
    cluster: int = 0
    """Number of the sub-agent whose frame the node is in; 0 is none."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What came after what; `source` and `target` are ids of nodes.

    `kind` is `next`, `calls` (into a sub-agent), `returns` (out of it), `handoff` (to
    another agent, named by `label`) or `abandoned` (a branch that was left).
    """

    source: str
    target: str
    kind: str = "next"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """The folded graph of a run, nodes in the order of the run.

    `node_of` maps the position of every step to the index of its node; `total` is the
    number of steps.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    node_of: Mapping[int, int]
    total: int


def build_graph(
    run: Run,
    decisions: Mapping[int, Decision],
    titles: Titles,
    limit: int = LIMIT,
    target: int = TARGET,
) -> Graph:
    """The decision graph of a run: about `target` nodes, and never more than `limit`.

    `decisions` is keyed by the position of the deciding step, `titles` gives one line
    for a step. Takes time linear in the steps, but for one sort.
    """
    room = max(1, limit - 1)
    chain = fold(find_units(run, decisions), min(target, room), room)
    drawing = _Drawing(run, decisions, titles)
    ends = drawing.add_chain(chain, [], 0)
    drawing.add_end(ends)
    node_of = {
        position: index
        for index, node in enumerate(drawing.nodes)
        for position in node.steps
    }
    return Graph(tuple(drawing.nodes), tuple(drawing.edges), node_of, len(run.steps))


class _Drawing:
    """The nodes and edges so far."""

    def __init__(
        self, run: Run, decisions: Mapping[int, Decision], titles: Titles
    ) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self._run = run
        self._labels = Labels(run, decisions, titles)
        self._node_at: dict[int, Node] = {}
        self._clusters = 0

    def add_chain(
        self, chain: list[Unit], tails: list[Node], cluster: int
    ) -> list[Node]:
        """Adds a chain after `tails`; returns the nodes that what follows comes after.

        Units of one group all come after the same nodes. An abandoned branch hangs on
        the step it grew from, and nothing comes after it.
        """
        fork, group, branch = tails, 0, None
        kind = "calls" if cluster else "next"
        for unit in chain:
            node = self._add_node(unit, cluster)
            if unit.abandoned:
                at = self._run.step(unit.steps[0]).previous or 0
                grown = branch or self._node_at.get(at)
                self._link([grown] if grown else tails[-1:], node, "abandoned")
                branch = node
                continue
            branch = None
            if unit.group and unit.group == group:
                self._link(fork, node, kind)
            else:
                fork, group = tails, unit.group
                self._link(tails, node, kind)
                tails = []
            kind = "next"
            ends = [node]
            if unit.inner:
                self._clusters += 1
                here = self._clusters
                ends = self.add_chain(unit.inner, [node], here)
            tails = [*tails, *ends] if group else ends
        return tails

    def _link(self, sources: Iterable[Node], target: Node, kind: str) -> None:
        for source in sources:
            how, label = kind, ""
            if kind == "next" and source.cluster and source.cluster != target.cluster:
                how = "returns"
            elif kind == "next" and _is_handoff(source, target):
                how, label = "handoff", cut(target.agent or "")
            self.edges.append(Edge(source.id, target.id, how, label))

    def _add_node(self, unit: Unit, cluster: int) -> Node:
        text = self._labels.of(unit)
        parts = [text.note]
        if unit.errors > 1:
            parts.append(f"{unit.errors:,} errors")
        whole = len(unit.steps) > 1 + len(unit.tools) and unit.kind != "agent"
        node = Node(
            id=f"s{unit.steps[0]}",
            label=text.label,
            kind=self._kind(unit),
            first=unit.steps[0] if whole else unit.lead,
            last=unit.steps[-1],
            steps=tuple(unit.steps),
            rows=text.rows,
            count=unit.count,
            note=" · ".join(part for part in parts if part),
            status="error" if unit.errors else self._run.step(unit.lead).status,
            abandoned=unit.abandoned,
            agent=unit.agent,
            cluster=cluster,
        )
        self.nodes.append(node)
        self._node_at.update(dict.fromkeys(unit.steps, node))
        return node

    def _kind(self, unit: Unit) -> str:
        if unit.kind != "model" or not unit.tools:
            return unit.kind
        kinds = {self._run.step(tool).kind for tool in unit.tools}
        return "handoff" if kinds == {"handoff"} else "tool"

    def add_end(self, tails: list[Node]) -> None:
        """Adds the pill that says how the run ended, as its trace has it."""
        if not self.nodes:
            return
        run = self._run
        words = {
            "ok": "Ended ok",
            "error": "Ended with an error",
            "incomplete": "Incomplete: the trace stops here",
            "unknown": "End of the trace",
        }
        label, outcome = words[run.status], run.outcome
        if outcome is not None and outcome.score is not None:
            label += f", score {outcome.score:g}"
        if outcome is not None and outcome.reward is not None:
            label += f", reward {outcome.reward:g}"
        status = {"ok": "ok", "unknown": "unset"}.get(run.status, "error")
        marks = (outcome.score, outcome.reward) if outcome is not None else ()
        if status == "ok" and any(mark is not None and mark <= 0 for mark in marks):
            status = "unset"
        last = len(run.steps)
        node = Node("end", label, "end", last, last, (), status=status)
        self.nodes.append(node)
        self._link(tails or self.nodes[-2:-1], node, "next")


def _is_handoff(source: Node, target: Node) -> bool:
    """True when another agent goes on, both being named."""
    if target.kind in ("agent", "parallel") or source.agent is None:
        return False
    return target.agent not in (None, source.agent)
