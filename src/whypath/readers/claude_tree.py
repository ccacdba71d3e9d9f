"""Follows the tree of a session: which rows were given up, what came before what.

Part of the `claude_code` reader. It knows keys and parents, not the rows themselves.
"""

from collections.abc import Iterable
from typing import NamedTuple

from whypath.builder import Draft, RunDraft


class Node:
    """A row in the tree. `turn` is True for what may begin a branch of its own.

    `step` is the step that the row became or became a part of, `size` its bytes.
    """

    __slots__ = (
        "line",
        "order",
        "parent",
        "run",
        "size",
        "step",
        "thread",
        "time_ns",
        "turn",
    )

    def __init__(
        self,
        parent: str | None,
        run: RunDraft,
        thread: str,
        line: int,
        time_ns: int | None,
        size: int,
    ) -> None:
        self.order = 0
        self.parent = parent
        self.run = run
        self.thread = thread
        self.line = line
        self.time_ns = time_ns
        self.size = size
        self.step: Draft | None = None
        self.turn = False


class Tree:
    """The rows of one file by their uuid, in the order they were read."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._forked = False
        self._last: str | None = None

    def add(self, uuid: str | None, node: Node) -> Node:
        """Adds a row that was not there before; one without a uuid has no children."""
        if node.parent == self._last:
            node.parent = self._last  # one text for both
        elif node.parent is not None:
            self._forked = True
        if uuid is not None:
            node.order = len(self.nodes)
            self.nodes[uuid] = node
            self._last = uuid
        return node

    def get(self, uuid: str | None) -> Node | None:
        """The row, if it was read."""
        return self.nodes.get(uuid) if uuid is not None else None

    def settle(self) -> None:
        """Marks the steps of branches that were given up, and what precedes them.

        A branch is given up when a later sibling leads to the last turn of its thread.
        A result beside its siblings, or an attachment, is no branch: parallel calls
        make such twigs.
        """
        if not self._forked:
            return
        threads: dict[tuple[str, str], dict[str, Node]] = {}
        for uuid, node in self.nodes.items():
            threads.setdefault((node.run.id, node.thread), {})[uuid] = node
        for nodes in threads.values():
            branches = _find_branches(nodes)
            if branches:
                _link(next(iter(nodes.values())), branches)


class _Branch(NamedTuple):
    """A branch that was given up: its number, and the step it left the path at."""

    number: int
    root: Draft | None


class _Place(NamedTuple):
    """Where a row stands: its nearest row on the path, and the twig's first order."""

    anchor: str | None
    head: int
    step: Draft | None


def _find_branches(nodes: dict[str, Node]) -> dict[int, _Branch]:
    """Step draft (by id()) -> the branch it was given up with."""
    path = _path_to_last_turn(nodes)
    kept = {id(nodes[uuid].step) for uuid in path}
    branches: dict[int, _Branch] = {}
    lost: dict[str, _Branch] = {}
    places: dict[str | None, _Place] = {None: _Place(None, 0, None)}
    for uuid, node in nodes.items():
        above = places.get(node.parent, places[None])
        if uuid in path:
            places[uuid] = _Place(uuid, node.order, node.step or above.step)
            continue
        head = node.order if above.anchor == node.parent else above.head
        places[uuid] = _Place(above.anchor, head, node.step or above.step)
        branch = lost.get(node.parent or "")
        if branch is None and node.turn and id(node.step) not in kept:
            rival = path.get(above.anchor or "")
            if rival is not None and nodes[rival].order > head:
                branch = _Branch(node.order, above.step)
        if branch is not None:
            lost[uuid] = branch
            if node.step is not None and id(node.step) not in kept:
                branches.setdefault(id(node.step), branch)
    return branches


def _path_to_last_turn(nodes: dict[str, Node]) -> dict[str, str | None]:
    """The rows from the root to the last turn: uuid -> the next one on the path."""
    turns = [uuid for uuid, node in nodes.items() if node.turn]
    path: dict[str, str | None] = {}
    at, after = (turns[-1] if turns else None), None
    while at is not None and at in nodes and at not in path:
        path[at] = after
        at, after = nodes[at].parent, at
    return path


def _link(first: Node, branches: dict[int, _Branch]) -> None:
    """Marks given-up steps, and says for each branch's first step what precedes it."""
    steps = [step for step in first.run.steps if step.thread == first.thread]
    for caller, tool in _calls(steps):
        if id(caller) in branches:
            branches.setdefault(id(tool), branches[id(caller)])
    latest: dict[int | None, Draft] = {}
    before: Draft | None = None
    for step in steps:
        branch = branches.get(id(step))
        step.abandoned = branch is not None
        number = branch.number if branch else None
        previous = latest.get(number, branch.root if branch else None)
        if previous is not before and previous is not None:
            step.previous = previous.key
        latest[number] = before = step


def _calls(steps: Iterable[Draft]) -> list[tuple[Draft, Draft]]:
    """Each call's model step and tool step."""
    tools = {step.call_id: step for step in steps if step.kind == "tool"}
    return [
        (step, tools[call.id])
        for step in steps
        for call in step.calls
        if call.id in tools
    ]
