"""Turns a Run's steps into units: what could be one node of a graph each.

A model call and the tool calls it made are one unit, quiet steps join their neighbour,
a sub-agent is one unit with a chain of its own inside. Does not shorten the chain: that
is `fold`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from whypath.model import Decision, Run, Step

QUIET = frozenset({"system", "event", "state"})
PLAIN, ERROR, TURN, KEEP = range(4)
"""How much a unit wants a node of its own, least first."""

Key = tuple[object, ...]


@dataclass(slots=True, eq=False)
class Unit:
    """Steps that are drawn as one node. Made here, then merged by `fold`.

    `lead` is the position of the step that gives the label, `tools` those of the plain
    calls a model step made. `key` is a number that units share when they are the same
    call (0: nothing is like it), `loose` one for the same with any arguments. `group`
    joins units that ran side by side, `branch` those of one branch that was abandoned.
    `inner` is a sub-agent's chain, None when it is folded; `sample` holds the block
    that a loop repeats.
    """

    kind: str
    steps: list[int]
    lead: int
    level: int
    agent: str | None
    abandoned: bool
    key: int = 0
    loose: int = 0
    tools: list[int] = field(default_factory=list)
    errors: int = 0
    count: int = 1
    turns: int = 0
    group: int = 0
    branch: int = 0
    inner: list["Unit"] | None = None
    sample: tuple["Unit", ...] = ()

    def collapse(self) -> None:
        """Takes the steps of the chain inside into this unit."""
        for unit in self.inner or ():
            unit.collapse()
            self.steps.extend(unit.steps)
            self.errors += unit.errors
        self.inner = None
        self.steps.sort()


def find_units(run: Run, decisions: Mapping[int, Decision]) -> list[Unit]:
    """The chain of units of a run, in order, sub-agents' chains inside theirs."""
    places = Places(run.steps)
    units = _Units(run, decisions, places)
    for step in run.steps:
        units.place(step)
    chain = units.finish()
    _find_parallel(chain, run.steps)
    return chain


class Places:
    """Where each step belongs, by position: arrays filled in two passes.

    `home` is the sub-agent (a "boundary") whose chain a step is in, 0 for the run's.
    `swallowed` is the step that takes it in whole, 0 for none. An agent at the top, or
    alone in what holds it, is a `wrapper`: it is nobody's sub-agent.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        size = len(steps) + 1
        self.boundary = bytearray(size)
        self.wrapper = bytearray(size)
        self.home = [0] * size
        self.swallowed = [0] * size
        nested, thinking, majors = bytearray(size), bytearray(size), [0] * size
        for step in reversed(steps):
            position, parent = step.position, step.parent or 0
            if step.parent:
                nested[parent] = 1
                if thinking[position] or step.kind in ("model", "agent"):
                    thinking[parent] = 1
            if step.kind != "user" and (nested[position] or step.kind not in QUIET):
                majors[parent] += 1
        self.wrapper[0] = 1
        for step in steps:
            if step.parent or nested[step.position]:
                self._find(step, steps, nested, thinking, majors)

    def _find(
        self,
        step: Step,
        steps: Sequence[Step],
        nested: bytearray,
        thinking: bytearray,
        majors: list[int],
    ) -> None:
        position, parent = step.position, step.parent or 0
        if nested[position]:
            lone = majors[parent] == 1 or not parent
            above = self.wrapper[parent] or self.boundary[parent]
            if lone and above and step.kind in ("agent", "event"):
                self.wrapper[position] = 1
            elif step.kind == "agent":
                self.boundary[position] = 1
            elif step.kind in ("tool", "handoff"):
                self.boundary[position] = thinking[position]
        if not parent:
            return
        if self.swallowed[parent]:
            self.swallowed[position] = self.swallowed[parent]
        elif self.boundary[parent]:
            self.home[position] = parent
            self.swallowed[position] = parent if self.home[parent] else 0
        elif steps[parent - 1].kind == "tool":
            self.swallowed[position] = parent
        else:
            self.home[position] = self.home[parent]


class _Units:
    """The units made so far, chain by chain."""

    def __init__(
        self, run: Run, decisions: Mapping[int, Decision], places: Places
    ) -> None:
        self._steps = run.steps
        self._contents = run.contents
        self._decisions = decisions
        self._places = places
        self._chains: dict[int, list[Unit]] = {0: []}
        self._waiting: dict[int, list[int]] = {}
        self._at: list[Unit | None] = [None] * (len(run.steps) + 1)
        self._shapes: dict[int | None, Key] = {None: ()}
        self._numbers: dict[Key, int] = {}
        loud = any(s.kind not in QUIET and s.kind != "user" for s in run.steps)
        self._quiet = QUIET if loud else frozenset({"system"})

    def place(self, step: Step) -> None:
        """Gives the step to the unit it belongs to, or makes one for it."""
        position = step.position
        places = self._places
        if holder := places.swallowed[position]:
            self._join(self._at[holder], step)
            return
        home = places.home[position]
        chain = self._chains.setdefault(home, [])
        decision = self._decisions.get(position)
        recorded = decision is not None and decision.basis == "recorded"
        owner = self._owner(step)
        if owner is not None and self._takes(owner, step):
            return
        quiet = step.kind in self._quiet or places.wrapper[position]
        if quiet and not recorded and step.status != "error":
            if chain:
                self._join(chain[-1], step)
            else:
                self._waiting.setdefault(home, []).append(position)
            return
        before = self._waiting.pop(home, [])
        unit = Unit(
            "decision" if recorded else step.kind,
            [*before, position],
            position,
            _level(step, recorded),
            step.agent,
            step.abandoned,
            errors=step.status == "error" or step.kind == "error",
            turns=step.kind == "user",
        )
        if places.boundary[position]:
            self._make_boundary(unit, position)
        chain.append(unit)
        for each in unit.steps:
            self._at[each] = unit

    def _owner(self, step: Step) -> Unit | None:
        """The unit of the model call that made this tool call, in the same chain."""
        if step.kind not in ("tool", "handoff"):
            return None
        caller = step.caller
        if caller is None and step.parent and self._steps[step.parent - 1].calls == ():
            caller = step.parent
        if caller is None or self._steps[caller - 1].kind not in ("model", "decision"):
            return None
        home = self._places.home
        return self._at[caller] if home[caller] == home[step.position] else None

    def _takes(self, owner: Unit, step: Step) -> bool:
        """True when the call joins its caller: all do but one of several agents."""
        if not self._places.boundary[step.position]:
            owner.tools.append(step.position)
            self._join(owner, step)
            if step.kind == "handoff":
                owner.level = KEEP
            return True
        alone = len(self._steps[owner.lead - 1].calls) <= 1 and not owner.tools
        if not alone or owner.inner is not None or owner.kind == "decision":
            return False
        self._make_boundary(owner, step.position)
        self._join(owner, step)
        return True

    def _make_boundary(self, unit: Unit, position: int) -> None:
        unit.kind, unit.lead, unit.level = "agent", position, KEEP
        unit.inner = self._chains.setdefault(position, [])

    def _join(self, unit: Unit | None, step: Step) -> None:
        if unit is None:
            return
        unit.steps.append(step.position)
        self._at[step.position] = unit
        if step.status == "error":
            unit.errors += 1
            unit.level = max(unit.level, ERROR)

    def finish(self) -> list[Unit]:
        """The run's own chain, with keys; quiet steps that found no one stand alone."""
        for home, positions in self._waiting.items():
            step = self._steps[positions[0] - 1]
            unit = Unit(step.kind, positions, positions[0], PLAIN, step.agent, False)
            self._chains[home].append(unit)
        branches = count(1)
        for chain in self._chains.values():
            self._find_branches(chain, branches)
            for unit in chain:
                self._give_keys(unit)
                if unit.inner is not None and not unit.inner:
                    unit.inner = None
        main = self._chains[0]
        if main:
            main[-1].level = KEEP
        return main

    def _find_branches(self, chain: list[Unit], numbers: Iterator[int]) -> None:
        """Tells branches that were abandoned apart: one goes on where it stood last."""
        branch = 0
        for unit in chain:
            if not unit.abandoned:
                branch = 0
                continue
            previous = self._steps[unit.steps[0] - 1].previous
            before = self._at[previous] if previous else None
            if not branch or (before is not None and before.branch != branch):
                branch = next(numbers)
            unit.branch = branch

    def _give_keys(self, unit: Unit) -> None:
        lead = self._steps[unit.lead - 1]
        if unit.kind in ("user", "agent"):
            return
        if unit.kind == "decision":
            decision = self._decisions[unit.lead]
            chosen = tuple(option.name for option in decision.chosen)
            what = ("decision", decision.question, chosen, unit.errors > 0)
            unit.loose = self._number(what)
            return
        calls = [self._steps[position - 1] for position in unit.tools] or [lead]
        names = tuple([step.name for step in calls])
        head = (lead.kind, unit.errors > 0, unit.agent, unit.branch, names)
        unit.key = self._number((*head, *[self._shape(step.input) for step in calls]))
        unit.loose = self._number(head)

    def _number(self, key: Key) -> int:
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def _shape(self, number: int | None) -> Key:
        shape = self._shapes.get(number)
        if shape is None:
            shape = self._shapes[number] = self._contents.keys(number or 0)
        return shape


def _level(step: Step, recorded: bool) -> int:
    if recorded or step.kind in ("agent", "handoff", "guardrail", "decision"):
        return KEEP
    if step.kind == "user":
        return TURN
    return ERROR if step.status == "error" or step.kind == "error" else PLAIN


def _find_parallel(chain: list[Unit], steps: Sequence[Step]) -> None:
    """Marks units that ran side by side: sub-agents of one call, overlapping spans."""
    numbers = count(1)
    before: Unit | None = None
    latest = 0
    for unit in chain:
        if unit.inner:
            _find_parallel(unit.inner, steps)
        lead = steps[unit.lead - 1]
        alone = lead.kind in ("tool", "agent", "retrieval") and not unit.tools
        start, end = lead.start_ns, lead.end_ns
        if not alone or unit.abandoned or lead.position != unit.steps[0]:
            before, latest = None, 0
            continue
        if before is not None:
            first = steps[before.lead - 1]
            asked = first.caller is not None and first.caller == lead.caller
            overlap = start is not None and first.start_ns is not None
            if asked or (overlap and (start or 0) < latest):
                before.group = before.group or next(numbers)
                unit.group = before.group
        before, latest = unit, max(latest if unit.group else 0, end or 0)
