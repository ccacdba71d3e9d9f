"""Turns origins round: who used a value, and what led to a step, to the roots."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from whypath.derive.origins import Origin
from whypath.model import Run, Step

MAX_CHAIN = 100


class Use(NamedTuple):
    """A value that came from a step, and the later step that used it."""

    step: int
    origin: Origin


def uses(origins: Mapping[int, Sequence[Origin]]) -> dict[int, tuple[Use, ...]]:
    """Position of a step -> the values that came from it, and who used them."""
    found: dict[int, list[Use]] = {}
    for step, all_ in origins.items():
        for origin in all_:
            if origin.source is not None and origin.source.step is not None:
                found.setdefault(origin.source.step, []).append(Use(step, origin))
    return {step: tuple(all_) for step, all_ in sorted(found.items())}


def causes(origins: Mapping[int, Sequence[Origin]]) -> dict[int, tuple[int, ...]]:
    """Position of a step -> the steps its values came from, one for each value."""
    return {step: tuple(_sources(all_)) for step, all_ in origins.items()}


def _sources(origins: Sequence[Origin]) -> Iterator[int]:
    for origin in origins:
        if origin.source is not None and origin.source.step is not None:
            yield origin.source.step


def chain(
    run: Run,
    origins: Mapping[int, Sequence[Origin]],
    led_by: Mapping[int, int],
    position: int,
) -> tuple[int, ...]:
    """The step and all that led to it, back to the roots, the nearest first.

    What led to a step are the decision it carries out, the model call that asked for
    it, and the sources of its values. At most `MAX_CHAIN` steps.
    """
    todo = [-position]
    known = {position}
    walked: list[int] = []
    while todo and len(walked) < MAX_CHAIN:
        at = -heappop(todo)
        walked.append(at)
        for cause in _leading_to(run.step(at), origins, led_by):
            if cause not in known and 0 < cause < at:
                known.add(cause)
                heappush(todo, -cause)
    return tuple(walked)


def _leading_to(
    step: Step, origins: Mapping[int, Sequence[Origin]], led_by: Mapping[int, int]
) -> Iterator[int]:
    decided = led_by.get(step.position)
    for cause in (decided, step.caller):
        if cause is not None:
            yield cause
    yield from _sources(origins.get(step.position, ()))
