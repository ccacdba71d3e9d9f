"""Turns origins round: who used the values that came from a step."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from whypath.derive.origins.origin import Origin


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
