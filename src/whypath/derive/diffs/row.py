"""What a row of a diff is: a turn of A beside one of B, and what differs in them."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from whypath.derive.diffs.leaves import Change
from whypath.derive.diffs.turns import Turn

How = Literal[
    "same",
    "words",
    "result",
    "arguments",
    "choice",
    "only_a",
    "only_b",
    "moved",
    "repeated",
]
Of = Literal["arguments", "output", "text", "status", "state"]


class Part(NamedTuple):
    """What differs in a pair of steps: the `of` one and of the other.

    `tool` is the name of the call; `is_own`: it is what the model itself wrote.
    """

    step_a: int | None
    step_b: int | None
    of: Of
    changes: tuple[Change, ...]
    tool: str = ""
    is_own: bool = False

    @property
    def counts(self) -> bool:
        """True when more than volatile values differ."""
        return any(change.how != "masked" for change in self.changes)


@dataclass(frozen=True, slots=True)
class Row:
    """A turn of A beside one of B; None where only one has it.

    `how` they differ: `choice` and `arguments` are what was decided, `result` what came
    of it, `words` what was said. `moved`: the other run has the turn elsewhere, in the
    row with the index `partner`. `repeated`: a block once more, `times` all in all.
    `pairs` are the steps beside each other.
    """

    a: Turn | None
    b: Turn | None
    how: How
    lane: int
    depth: int
    pairs: tuple[tuple[int | None, int | None], ...] = ()
    parts: tuple[Part, ...] = ()
    partner: int | None = None

    @property
    def decides(self) -> bool:
        """True when a decision of the story is in it."""
        return any(turn is not None and turn.decides for turn in (self.a, self.b))

    @property
    def leads(self) -> tuple[int | None, int | None]:
        """The leading steps of both."""
        a, b = self.a, self.b
        return (None if a is None else a.lead), (None if b is None else b.lead)

    @property
    def differs(self) -> bool:
        """True when there is something to see."""
        return self.how != "same"
