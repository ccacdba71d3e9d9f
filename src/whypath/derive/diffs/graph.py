"""Merges two runs into one graph: what both did, and the ways that only one went.

Nodes are rows of the diff, stretches of them folded. Sub-agents are not opened.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from whypath.derive.decisions.find import ANSWER
from whypath.derive.diffs.diff import Diff
from whypath.derive.diffs.row import Row
from whypath.derive.diffs.turns import QUIET, Turn
from whypath.derive.graphs.graph import Edge, Graph, Node
from whypath.derive.graphs.labels import Row as Line
from whypath.derive.graphs.labels import cut
from whypath.derive.story import Story

SHOWN = 3
"""Of a way that only one run went, so many nodes are shown; the rest is one."""
GROUPS = 18
"""After so many stretches that are alike or not, the rest is one node."""
_TALLY = 4


class _Numbered(NamedTuple):
    """A row and its number in the diff, from 1."""

    number: int
    row: Row


def merge_graphs(diff: Diff) -> Graph:
    """The merged graph of a diff; `first` of its nodes is the number of a row."""
    drawing = _Drawing(diff)
    rows = [
        _Numbered(number, row)
        for number, row in enumerate(diff.rows, start=1)
        if not row.depth and not _is_quiet(row)
    ]
    for at, (parts, group) in enumerate(_groups(rows)):
        if at == GROUPS:
            drawing.add_rest([row for row in rows if row.number >= group[0].number])
            break
        if parts:
            drawing.add_ways(group)
        else:
            drawing.add_both(group)
    return drawing.graph(len(diff.rows))


def _is_quiet(row: Row) -> bool:
    """True for what both have and nobody looks for: events, states, system prompts."""
    return all(
        turn is None or (turn.kind in QUIET and not turn.decides)
        for turn in (row.a, row.b)
    )


def _groups(rows: Sequence[_Numbered]) -> Iterator[tuple[bool, list[_Numbered]]]:
    """Rows next to each other in which the runs go one way, or two."""
    group: list[_Numbered] = []
    apart = False
    for each in rows:
        here = each.row.how == "choice" or None in each.row.leads
        if group and here != apart:
            yield apart, group
            group = []
        apart = here
        group.append(each)
    if group:
        yield apart, group


class _Drawing:
    """The nodes and edges so far; `_ends` are those that what comes next follows."""

    def __init__(self, diff: Diff) -> None:
        self._diff = diff
        self._nodes: list[Node] = []
        self._edges: list[Edge] = []
        self._ends: list[str] = []
        self._at: dict[int, int] = {}

    def add_both(self, group: Sequence[_Numbered]) -> None:
        """Rows in which both go the same way: those that differ on their own."""
        plain: list[_Numbered] = []
        for each in group:
            if each.row.how in ("arguments", "result"):
                self._add_stretch(plain)
                plain = []
                self._follow(self._of_row(each))
            else:
                plain.append(each)
        self._add_stretch(plain)

    def _add_stretch(self, rows: Sequence[_Numbered]) -> None:
        if len(rows) == 1:
            self._follow(self._of_row(rows[0]))
        elif rows:
            self._follow(self._segment(rows, "both"))

    def add_ways(self, group: Sequence[_Numbered]) -> None:
        """Rows in which each run goes its own way: two branches."""
        before = self._ends
        ends: list[str] = []
        for side in ("a", "b"):
            way = [each for each in group if getattr(each.row, side) is not None]
            self._ends = before
            shown = way if len(way) <= SHOWN + 1 else way[:SHOWN]
            for each in shown:
                self._follow(self._of_turn(each, side))
            if len(way) > len(shown):
                self._follow(self._segment(way[SHOWN:], f"only_{side}"))
            ends.extend(end for end in self._ends if end not in ends)
        self._ends = ends

    def add_rest(self, rows: Sequence[_Numbered]) -> None:
        """What is left, as one node."""
        self._follow(self._segment(rows, "differs"))

    def _follow(self, node: Node) -> None:
        self._at[node.first] = len(self._nodes)
        self._nodes.append(node)
        self._edges.extend(Edge(end, node.id) for end in self._ends)
        self._ends = [node.id]

    def _of_row(self, each: _Numbered) -> Node:
        """What both did, and what of it is not the same."""
        number, row = each
        assert row.a is not None
        lines = []
        for part in row.parts:
            if part.counts and part.of in ("arguments", "output", "text"):
                change = next(c for c in part.changes if c.how != "masked")
                lines.append(Line(_side("A", change.path, change.a), chosen=True))
                path = change.path_b or change.path
                lines.append(Line(_side("B", path, change.b), chosen=True))
                break
        differs = row.how in ("arguments", "result")
        note = {"arguments": "arguments", "result": "result"}.get(row.how, "")
        return Node(
            f"r{number}",
            _label(self._diff.a, row.a),
            _kind(row.a),
            number,
            number,
            (number,),
            tuple(lines) if differs else (),
            note=note,
            side="differs" if differs else "both",
            place=_place(row),
        )

    def _of_turn(self, each: _Numbered, side: str) -> Node:
        number, row = each
        turn = row.a if side == "a" else row.b
        assert turn is not None
        story = self._diff.a if side == "a" else self._diff.b
        name = side.upper()
        note = {"moved": f"{name}, moved", "repeated": f"{name} again"}
        status = any(story.run.step(step).status == "error" for step in turn.steps)
        return Node(
            f"{side}{number}",
            _label(story, turn),
            _kind(turn),
            number,
            number,
            (number,),
            note=note.get(row.how, f"only {name}"),
            status="error" if status else "unset",
            side=f"only_{side}",
            place=f"step {turn.lead} of {name}",
        )

    def _segment(self, rows: Sequence[_Numbered], side: str) -> Node:
        first, last = rows[0], rows[-1]
        turns = [(row.b if side == "only_b" else row.a) or row.b for _, row in rows]
        tally = Counter(_name(turn) for turn in turns if turn is not None)
        parts = [
            f"{name} ×{count}" if count > 1 else name
            for name, count in tally.most_common(_TALLY)
        ]
        more = len(tally) - _TALLY
        label = ", ".join(parts) + (f", +{more} more" if more > 0 else "")
        whose = {"only_a": "only A", "only_b": "only B", "differs": "the rest"}
        note = f"{len(rows)} turns"
        note = f"{whose[side]}, {note}" if side in whose else note
        return Node(
            f"{side[-1]}s{first.number}",
            cut(label),
            "segment",
            first.number,
            last.number,
            tuple(number for number, _ in rows),
            note=note,
            side=side,
            place=f"rows {first.number} to {last.number}",
        )

    def graph(self, total: int) -> Graph:
        """All that was added."""
        node_of = {
            number: at for at, node in enumerate(self._nodes) for number in node.steps
        }
        return Graph(tuple(self._nodes), tuple(self._edges), node_of, total)


def _label(story: Story, turn: Turn) -> str:
    """The names that were chosen, and a glance at what with; or what was said."""
    names = [one.name for one in turn.choice if one.name != ANSWER]
    if len(names) == 1 and len(turn.acts) == 1:
        return cut(story.titles[turn.acts[0] - 1]) or names[0]
    if names:
        return cut(", ".join(names))
    return cut(story.titles[turn.lead - 1]) or turn.kind


def _name(turn: Turn) -> str:
    names = [one.name for one in turn.choice if one.name != ANSWER]
    return ", ".join(names) if names else {"model": "answer"}.get(turn.kind, turn.kind)


def _kind(turn: Turn) -> str:
    if turn.kind == "model" and any(one.name != ANSWER for one in turn.choice):
        return "tool" if turn.acts else "decision"
    return turn.kind


def _place(row: Row) -> str:
    a, b = row.leads
    return f"step {a}" if a == b else f"step {a} of A, {b} of B"


def _side(run: str, path: str, text: str | None) -> str:
    """`A tier: vip`."""
    name = path.rpartition(".")[2]
    said = "nothing" if text is None else " ".join(text.split())
    return cut(f"{run} {said}" if name == "$" else f"{run} {name}: {said}")
