"""Turns a Run and its decisions into a folded decision graph of few nodes, as values.

Where nodes stand and what they look like is not decided here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from whypath.derive.graphs.fold import fold, shrink, size
from whypath.derive.graphs.labels import Labels, Row, Titles, cut
from whypath.derive.graphs.links import Causes, causes_of_nodes, is_retry, later_retries
from whypath.derive.graphs.units import KEEP, Unit, find_units
from whypath.model import Decision, Run

TARGET = 48
"""Nodes that an eye still takes in as one picture."""
LIMIT = 200
"""Nodes that are laid out in good time."""
INSIDE, LEAST_INSIDE = 32, 4
"""Nodes in the picture of one node's inside: about as many, and at least."""
_NOTHING: Causes = MappingProxyType({})


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
    dead_end: bool = False
    """The last node of a branch that was left: nothing comes after it."""
    side: str = ""
    """In the graph of two runs: `both`, `differs`, `only_a` or `only_b`."""
    place: str = ""
    """There, where the node is in both runs, in words."""
    found: str = ""
    """How grave the gravest finding in it is; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What came after what; `source` and `target` are ids of nodes.

    `kind` is `next`, `calls` (into a sub-agent), `returns` (out of it), `handoff` (to
    another agent, named by `label`), `retry` (the call that failed, again), `abandoned`
    (a branch that was left) or `backtrack` (from its end to where the run went on).
    """

    source: str
    target: str
    kind: str = "next"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """The folded graph of a run, nodes in the order of the run.

    `node_of` maps the position of every step to the index of its node; `total` is the
    number of steps. `asides` are edges that do not say where a node stands: ways back,
    and retries that came later. `causes` maps the index of a node to those of earlier
    nodes whose values it uses.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    node_of: Mapping[int, int]
    total: int
    asides: tuple[Edge, ...] = ()
    causes: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def build_graph(
    run: Run,
    decisions: Mapping[int, Decision],
    titles: Titles,
    limit: int = LIMIT,
    target: int = TARGET,
    causes: Causes = _NOTHING,
) -> Graph:
    """The decision graph of a run: about `target` nodes, and never more than `limit`.

    `decisions` is keyed by the position of the deciding step, `titles` gives one line
    for a step, `causes` the steps that its values came from. Takes time linear in the
    steps, but for one sort.
    """
    room = max(1, limit - 1)
    chain = fold(find_units(run, decisions), min(target, room), room)
    drawing = _Drawing(run, decisions, titles)
    ends = drawing.add_chain(chain, [], 0)
    drawing.add_end(ends)
    return drawing.graph(causes)


def look_inside(
    graph: Graph,
    run: Run,
    decisions: Mapping[int, Decision],
    titles: Titles,
    causes: Causes = _NOTHING,
) -> dict[int, Graph]:
    """Index of each node that holds much -> the graph of what is inside it.

    A node that says all there is to say has none. Takes time linear in the steps.
    """
    insides: dict[int, Graph] = {}
    for index, chain in _insides(graph, find_units(run, decisions)).items():
        if size(chain) > INSIDE:
            folded = fold(list(chain), INSIDE, INSIDE)
            chain = folded if len(folded) > 2 else shrink(chain, INSIDE, KEEP + 1)
        if not LEAST_INSIDE <= size(chain) <= LIMIT:
            continue
        drawing = _Drawing(run, decisions, titles)
        drawing.add_chain(chain, [], 0)
        insides[index] = drawing.graph(causes)
    return insides


def _insides(graph: Graph, chain: list[Unit]) -> dict[int, list[Unit]]:
    """The units that were merged into each node, in order; none that is alone."""
    inside: dict[int, list[Unit]] = {}
    waiting = chain[::-1]
    while waiting:
        unit = waiting.pop()
        at = graph.node_of[unit.lead]
        opened = unit.inner and graph.node_of[unit.inner[0].lead] != at
        inside.setdefault(at, []).append(unit)
        if opened and unit.inner:
            waiting.extend(reversed(unit.inner))
            unit.inner = None
    for at, units in inside.items():
        if len(units) == 1:
            inside[at] = units[0].inner or []
    return inside


class _Drawing:
    """The nodes and edges so far."""

    def __init__(
        self, run: Run, decisions: Mapping[int, Decision], titles: Titles
    ) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self._dead_ends: set[str] = set()
        self._ways_back: list[tuple[str, str]] = []
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
        fork, group = tails, 0
        kind = "calls" if cluster else "next"
        branch, grown, left = 0, None, None
        for unit in chain:
            node = self._add_node(unit, cluster)
            if unit.abandoned:
                if unit.branch != branch or left is None:
                    self._leave(left, grown)
                    grown = left = self._fork_of(unit, tails)
                self._link([left] if left else [], node, "abandoned")
                branch, left = unit.branch, node
                continue
            self._leave(left, grown)
            left = None
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
        self._leave(left, grown)
        return tails

    def _fork_of(self, unit: Unit, tails: list[Node]) -> Node | None:
        """The node that an abandoned branch grew from."""
        before = self._run.step(unit.steps[0]).previous or 0
        return self._node_at.get(before) or (tails[-1] if tails else None)

    def _leave(self, last: Node | None, fork: Node | None) -> None:
        """Marks the end of a branch that was left, and the way back from it."""
        if last is None:
            return
        self._dead_ends.add(last.id)
        if fork is not None:
            self._ways_back.append((last.id, fork.id))

    def _link(self, sources: Iterable[Node], target: Node, kind: str) -> None:
        for source in sources:
            how, label = kind, ""
            if kind == "next" and source.cluster and source.cluster != target.cluster:
                how = "returns"
            elif kind == "next" and _is_handoff(source, target):
                how, label = "handoff", cut(target.agent or "")
            elif how == "next" and is_retry(self._run, source.steps, target.steps):
                how, label = "retry", "retry"
            self.edges.append(Edge(source.id, target.id, how, label))

    def graph(self, causes: Causes) -> Graph:
        """All that was added, as a value."""
        nodes = tuple(
            replace(node, dead_end=True) if node.id in self._dead_ends else node
            for node in self.nodes
        )
        node_of = {step: at for at, node in enumerate(nodes) for step in node.steps}
        again = later_retries(self._run, [node.steps for node in nodes])
        retries = [Edge(nodes[a].id, nodes[b].id, "retry", "retry") for a, b in again]
        back = [Edge(*ends, "backtrack", "back") for ends in self._ways_back]
        asides = (*back, *retries)
        caused = causes_of_nodes(causes, node_of)
        return Graph(nodes, tuple(self.edges), node_of, len(node_of), asides, caused)

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
