"""Compares two stories: aligned turns, where they part, why, and where they join."""

from collections import Counter
from dataclasses import dataclass

from whypath.derive.diffs.cause import Cause, find_cause
from whypath.derive.diffs.leaves import Payloads
from whypath.derive.diffs.masks import Masks
from whypath.derive.diffs.parting import Parting, find_parting
from whypath.derive.diffs.row import Row
from whypath.derive.diffs.rows import find_rows
from whypath.derive.story import Story


@dataclass(frozen=True, slots=True)
class Diff:
    """Two runs side by side. `parting` and `cause` are None where all decisions agree.

    `masked` counts the leaves that differ in volatile values alone.
    """

    a: Story
    b: Story
    rows: tuple[Row, ...]
    parting: Parting | None
    cause: Cause | None
    masked: int
    payloads: Payloads

    @property
    def same_decisions(self) -> bool:
        """True when every decision of one is a decision of the other."""
        return self.parting is None

    @property
    def counts(self) -> Counter[str]:
        """How many rows differ in which way."""
        return Counter(row.how for row in self.rows)


def compare(a: Story, b: Story, masks: Masks) -> Diff:
    """The diff of two stories. Near-linear where they mostly agree."""
    payloads = Payloads(a.run.contents, b.run.contents, masks)
    rows = tuple(find_rows(a, b, masks, payloads))
    parting = find_parting(a, b, rows)
    cause = find_cause(a, b, rows, parting, payloads) if parting is not None else None
    masked = sum(
        change.how == "masked"
        for row in rows
        for part in row.parts
        for change in part.changes
    )
    return Diff(a, b, rows, parting, cause, masked, payloads)
