"""Turns a run into lanes of turns: what two runs are compared by.

A turn is a model call with the calls it asked for, or a step alone. A lane is the chain
of turns of the main conversation, or of one sub-agent, which hangs on a turn.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from whypath.derive.decisions.find import ANSWER
from whypath.derive.graphs.units import Places
from whypath.derive.story import Story
from whypath.model import Kind, Step

ACTS = ("tool", "retrieval", "agent", "handoff")
QUIET = ("event", "state", "system")


class Chosen(NamedTuple):
    """One thing that was chosen: its name and, if recorded, its arguments."""

    name: str
    arguments: int | None


@dataclass(slots=True, eq=False)
class Turn:
    """Steps that belong together, the first one in the lead.

    `acts` are the calls that were made; `choice` is what the lead chose, () where it
    chose nothing; `called` is as much of it as are calls, which every format records.
    `decides`: it is a decision of the story. `inside` are the lanes of the sub-agents
    that its steps ran, by the step they hang on.
    """

    lead: int
    kind: Kind
    steps: list[int]
    acts: list[int]
    choice: tuple[Chosen, ...]
    called: tuple[Chosen, ...]
    decides: bool
    inside: dict[int, list["Lane"]] = field(default_factory=dict)
    stands_for: bool = False
    """Nothing but the place of a sub-agent that no step started."""


Lane = list[Turn]


def find_lane(story: Story) -> Lane:
    """The main lane of a run, sub-agents' lanes inside its turns. Linear in the steps.

    An agent that is all there is around a run is no turn: its steps are the run.
    """
    lanes = _Lanes(story)
    for step in story.run.steps:
        lanes.place(step)
    return lanes.main()


def find_lanes(a: Story, b: Story) -> tuple[Lane, Lane]:
    """The main lanes of two runs.

    Where only one of the traces tells which steps are a sub-agent's, what it tells is
    not used: both are one lane each, in the order in which things happened.
    """
    lanes = find_lane(a), find_lane(b)
    nested = [any(turn.inside for turn in lane) for lane in lanes]
    if nested[0] == nested[1]:
        return lanes
    return _flat(a, lanes[0]), _flat(b, lanes[1])


def _flat(story: Story, lane: Lane) -> Lane:
    """All turns of a lane and of those in it, by their times if they have any."""
    turns: Lane = []
    todo = [lane]
    while todo:
        for turn in todo.pop():
            todo.extend(inner for inside in turn.inside.values() for inner in inside)
            turn.inside = {}
            if not turn.stands_for:
                turns.append(turn)
    turns.sort(key=lambda turn: turn.lead)
    starts = [story.run.step(turn.lead).start_ns for turn in turns]
    if None in starts:
        return turns
    order = sorted(range(len(turns)), key=lambda at: starts[at] or 0)
    return [turns[at] for at in order]


class _Lanes:
    """The turns so far, by where they belong: the step they hang on, and the thread."""

    def __init__(self, story: Story) -> None:
        self._story = story
        steps = story.run.steps
        self._places = Places(steps)
        size = len(steps) + 1
        self._is_around = _around(steps, self._places)
        self._lane: list[tuple[int, str]] = [(0, "")] * size
        self._turn: list[Turn | None] = [None] * size
        self._waiting: list[int] = []
        self._lanes: dict[tuple[int, str], Lane] = {}

    def place(self, step: Step) -> None:
        """Gives the step to the turn that it belongs to, or makes one for it."""
        position, parent = step.position, step.parent or 0
        lane = self._lane[position] = self._where(step)
        if self._is_around[position] and position not in self._story.decisions:
            self._waiting.append(position)
            return
        owner = self._owner(step, lane)
        if owner is not None:
            owner.steps.append(position)
            if step.caller == owner.lead and step.kind in ACTS:
                owner.acts.append(position)
            self._turn[position] = owner
            return
        turn = self._begin(step)
        turn.steps = [*self._waiting, position]
        self._waiting = []
        self._turn[position] = turn
        self._lanes.setdefault(lane, []).append(turn)
        if parent and self._turn[parent] is None:
            self._turn[parent] = turn

    def _where(self, step: Step) -> tuple[int, str]:
        parent = step.parent or 0
        if not parent:
            return 0, step.thread
        if self._is_around[parent]:
            return self._lane[parent][0], step.thread
        if self._places.boundary[parent]:
            return parent, step.thread
        return self._lane[parent]

    def _owner(self, step: Step, lane: tuple[int, str]) -> Turn | None:
        """The turn of the call's model call, or of the plain step that it is in."""
        for at in (step.caller, step.parent):
            if at and self._lane[at] == lane and not self._is_around[at]:
                return self._turn[at]
        return None

    def _begin(self, step: Step) -> Turn:
        position = step.position
        decides = position in self._story.decisions
        acts = [position] if step.kind in ACTS else []
        calls = {Chosen(call.name, call.arguments): None for call in step.calls}
        called = tuple(sorted(calls, key=lambda one: one.name))
        choice = self._choice(step, called)
        return Turn(position, step.kind, [], acts, choice, called or choice, decides)

    def _choice(self, step: Step, called: tuple[Chosen, ...]) -> tuple[Chosen, ...]:
        """What was decided, then what was called, each thing once."""
        decision = self._story.decisions.get(step.position)
        names = {call.name for call in called}
        options = decision.chosen if decision is not None else ()
        decided = [Chosen(o.name, o.arguments) for o in options if o.name not in names]
        chosen = (*called, *dict.fromkeys(decided))
        if not chosen and step.kind == "model" and step.output is not None:
            return (Chosen(ANSWER, None),)
        if self._places.boundary[step.position] and step.kind == "agent":
            return ()
        if not chosen and step.kind in ACTS:
            return (Chosen(step.name, step.input),)
        return chosen

    def main(self) -> Lane:
        """The main lane, with every other lane hung where it belongs."""
        by_owner: dict[int, dict[str, Lane]] = {}
        for (owner, thread), lane in self._lanes.items():
            by_owner.setdefault(owner, {})[thread] = lane
        lanes = by_owner.pop(0, {})
        for owner, inside in by_owner.items():
            turn = self._turn[owner]
            if turn is not None:
                turn.inside[owner] = [self._as_one(inside)]
            else:
                lanes.update((f"{owner} {t}", lane) for t, lane in inside.items())
        main = self._as_one(lanes, is_root=True)
        if self._waiting and not main:
            main = [self._begin(self._story.run.step(self._waiting[0]))]
        if self._waiting:
            main[-1].steps.extend(self._waiting)
        return main

    def _as_one(self, lanes: Mapping[str, Lane], is_root: bool = False) -> Lane:
        """The lane of the main thread, the others hung into it where they begin."""
        thread = self._main_thread(lanes, is_root)
        main = lanes[thread] if thread is not None else []
        others = [lane for name, lane in lanes.items() if name != thread]
        for lane in sorted(others, key=lambda lane: lane[0].lead):
            _hang(main, lane)
        return main

    def _main_thread(self, lanes: Mapping[str, Lane], is_root: bool) -> str | None:
        """The thread that the owner itself speaks in; None: there are only others."""
        if len(lanes) == 1:
            return next(iter(lanes))
        if "" in lanes:
            return ""
        if not is_root:
            return None
        thinking = (t for t, lane in lanes.items() if any(_thinks(lane)))
        return next(thinking, next(iter(lanes), None))


def _around(steps: Sequence[Step], places: Places) -> bytearray:
    """Marks agents that are nothing but a bracket around steps in their order.

    That are those around the run, and those that go on one after the other in it or in
    what a call started. Formats differ in which of them they record. An agent whose
    steps stand among others', in no thread of their own, is none.
    """
    size = len(steps) + 1
    inside, last, has_thread = [0] * size, list(range(size)), bytearray(size)
    around = bytearray(places.wrapper)
    for step in reversed(steps):
        position, parent = step.position, step.parent or 0
        inside[parent] += inside[position] + 1
        last[parent] = max(last[parent], last[position])
        if parent and step.thread != steps[parent - 1].thread:
            has_thread[parent] = 1
    for step in steps:
        position, parent = step.position, step.parent or 0
        if step.kind != "agent" or not places.boundary[position]:
            continue
        in_chain = around[parent] or (places.boundary[parent] and parent)
        in_order = last[position] - position == inside[position]
        around[position] = bool(in_chain and (in_order or has_thread[position]))
    return around


def _thinks(lane: Lane) -> Iterator[bool]:
    return (turn.kind == "model" for turn in lane)


def _hang(main: Lane, lane: Lane) -> None:
    """Puts a lane that nothing started into the main one, where it begins."""
    first = lane[0]
    place = Turn(first.lead, "agent", [], [], (), (), False, stands_for=True)
    place.inside[0] = [lane]
    at = len(main)
    while at and main[at - 1].lead > first.lead:
        at -= 1
    main.insert(at, place)


def said(story: Story, turn: Turn) -> int | None:
    """The content of what the lead of a turn said, or was told if it is a sub-agent."""
    step = story.run.step(turn.lead)
    if turn.kind == "agent" and turn.inside:
        lanes = [lane for some in turn.inside.values() for lane in some]
        return _first_words(story, lanes)
    return step.output if step.output is not None else step.input


def _first_words(story: Story, lanes: Sequence[Lane]) -> int | None:
    """The content of the first message in the lanes."""
    for lane in lanes:
        for turn in lane:
            step = story.run.step(turn.lead)
            if step.kind in ("user", "system"):
                return step.output if step.output is not None else step.input
    return None
