"""Tells what led to a step, and walks that back to the roots: the causal chain.

Direct causes are worked out once for every step. Values count, not mere order: that one
step came after another is no cause.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Literal, NamedTuple

from whypath.derive.evidence import CheckedEvidence
from whypath.derive.origins.origin import Origin
from whypath.model import Context, Run, Step

How = Literal["decided", "called", "value", "cited", "before", "asked", "read"]

HOWS: tuple[How, ...] = How.__args__  # type: ignore[attr-defined]
HOW_CODES = {how: code for code, how in enumerate(HOWS)}
MAX_CHAIN = 100
_ONLY_FIRST = ("asked", "read")


class Cause(NamedTuple):
    """A step that led to another, and how.

    `decided`: the other carries out its decision. `called`: it is the model call that
    asked for the other. `value`: a value the other used stood in it first. `cited`: the
    other names it as evidence. Of a model call: `before`: a decision that the program
    took since the model call before; `asked`: it gave values to the calls that were
    asked for; `read`: nothing else is known, and it was read last.
    """

    step: int
    how: How


class Link(NamedTuple):
    """A step of a chain: `leads_to` is the step of the chain it led to, and `how`.

    Both are None for the step that the chain starts from.
    """

    step: int
    leads_to: int | None
    how: How | None


class Causes(Mapping[int, tuple[Cause, ...]]):
    """Position of a step -> what led to it. Given for every step, in order.

    In arrays: of a large run there are millions.
    """

    __slots__ = ("_ends", "_hows", "_steps")

    def __init__(self, causes: Iterable[Iterable[tuple[int, How]]]) -> None:
        self._ends = array("I", [0])
        self._steps = array("i")
        self._hows = bytearray()
        for each in causes:
            for step, how in each:
                self._steps.append(step)
                self._hows.append(HOW_CODES[how])
            self._ends.append(len(self._steps))

    def __getitem__(self, at: int) -> tuple[Cause, ...]:
        if not 0 < at < len(self._ends) or self._ends[at - 1] == self._ends[at]:
            raise KeyError(at)
        these = range(self._ends[at - 1], self._ends[at])
        return tuple(Cause(self._steps[n], HOWS[self._hows[n]]) for n in these)

    def __iter__(self) -> Iterator[int]:
        ends = enumerate(pairwise(self._ends), start=1)
        return (at for at, (begin, end) in ends if begin < end)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def find_causes(
    run: Run,
    origins: Mapping[int, Sequence[Origin]],
    evidence: Mapping[int, Sequence[CheckedEvidence]],
    contexts: Mapping[int, Context],
    led_by: Mapping[int, int],
) -> Iterator[list[tuple[int, How]]]:
    """Of each step what led to it, each earlier step once, the nearest first."""
    asked_for: dict[int, list[int]] = {}
    for step in run.steps:
        if step.caller is not None and step.position in origins:
            asked_for.setdefault(step.caller, []).append(step.position)
    read = _last_read(run, contexts)
    taken: dict[str, list[int]] = {}
    for step in run.steps:
        at = step.position
        known: dict[int, How] = {}
        for cause, how in _direct(step, origins, evidence, led_by):
            known.setdefault(cause, how)
        if step.kind == "decision":
            taken.setdefault(step.thread, []).append(at)
        elif step.kind == "model":
            for cause in taken.pop(step.thread, ()):
                known.setdefault(cause, "before")
            for call in asked_for.get(at, ()):
                for cause in _sources(origins[call]):
                    known.setdefault(cause, "asked")
            if not known and at in read:
                known[read[at]] = "read"
        causes = [(cause, how) for cause, how in known.items() if 0 < cause < at]
        yield sorted(causes, reverse=True)


def value_causes(
    origins: Mapping[int, Sequence[Origin]],
    evidence: Mapping[int, Sequence[CheckedEvidence]],
) -> dict[int, list[int]]:
    """Position of a step -> the steps that gave it values or that it cites, each."""
    found = {step: list(_sources(all_)) for step, all_ in origins.items()}
    for step, checks in evidence.items():
        cited = [check.source for check in checks if check.source is not None]
        found.setdefault(step, []).extend(cited)
    return {step: sources for step, sources in found.items() if sources}


def chain(causes: Mapping[int, Sequence[Cause]], position: int) -> tuple[Link, ...]:
    """The step and all that led to it, back to the roots, the nearest first.

    At most `MAX_CHAIN` steps. What a model call read or gave on counts only for the
    step the chain starts from; else the chain would be the whole run.
    """
    todo = [-position]
    links = {position: Link(position, None, None)}
    walked: list[Link] = []
    while todo and len(walked) < MAX_CHAIN:
        at = -heappop(todo)
        walked.append(links[at])
        for cause, how in causes.get(at, ()):
            if cause in links or (how in _ONLY_FIRST and at != position):
                continue
            links[cause] = Link(cause, at, how)
            heappush(todo, -cause)
    return tuple(walked)


def _direct(
    step: Step,
    origins: Mapping[int, Sequence[Origin]],
    evidence: Mapping[int, Sequence[CheckedEvidence]],
    led_by: Mapping[int, int],
) -> Iterator[tuple[int, How]]:
    at = step.position
    if at in led_by:
        yield led_by[at], "called" if led_by[at] == step.caller else "decided"
    if step.caller is not None:
        yield step.caller, "called"
    for check in evidence.get(at, ()):
        if check.source is not None:
            yield check.source, "cited"
    for source in _sources(origins.get(at, ())):
        yield source, "value"


def _sources(origins: Sequence[Origin]) -> Iterator[int]:
    for origin in origins:
        if origin.source is not None and origin.source.step is not None:
            yield origin.source.step


def _last_read(run: Run, contexts: Mapping[int, Context]) -> dict[int, int]:
    """Position of a model call -> the step that the last message of its window is from.

    Only what is new in the window, and only what a step is known to have said.
    """
    results = {
        step.call_id: step.position
        for step in reversed(run.steps)
        if step.call_id is not None and step.kind != "model"
    }
    said: dict[int, int] = {}
    found: dict[int, int] = {}
    for step in run.steps:
        context = contexts.get(step.position)
        for message in reversed(context.add) if context else ():
            is_result = message.kind == "result" and message.call_id is not None
            source = results.get(message.call_id or "") if is_result else None
            if source is None and message.content is not None:
                source = said.get(message.content)
            if source is not None and source < step.position:
                found[step.position] = source
                break
        shown = step.output
        if shown is None and step.kind in ("user", "system"):
            shown = step.input
        if shown is not None:
            said[shown] = step.position
    return found
