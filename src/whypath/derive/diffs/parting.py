"""Finds where two runs part, the first decision that is not the same, and join again.

A decision is what the story has as one. What was said on the way, and what calls
brought back, are no partings: they may be their causes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from whypath.derive.decisions.find import ANSWER
from whypath.derive.diffs.row import Row
from whypath.derive.diffs.turns import Chosen, Turn
from whypath.derive.story import Story


@dataclass(frozen=True, slots=True)
class Side:
    """One run at the parting: the deciding step and what it chose.

    `step` is None where the run had ended. `steps` are those of the way from there to
    where the runs join again, or to the end; what is not recorded of them is None.
    """

    step: int | None
    choice: tuple[Chosen, ...]
    steps: tuple[int, ...] = ()
    errors: int = 0
    tokens: int | None = None
    cost_usd: float | None = None
    duration_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Parting:
    """The first decision that is not the same, in the row with the index `row`.

    `joins` is the index of the row in which the runs go on alike, None if they do not.
    """

    row: int
    a: Side
    b: Side
    joins: int | None

    @property
    def is_arguments(self) -> bool:
        """True when the same was chosen with other arguments."""
        names = [tuple(one.name for one in side.choice) for side in (self.a, self.b)]
        return names[0] == names[1] and None not in (self.a.step, self.b.step)


def find_parting(a: Story, b: Story, rows: Sequence[Row]) -> Parting | None:
    """The first divergent decision of two aligned runs; None if there is none."""
    silent = _records_none(a, b), _records_none(b, a)
    for at, row in enumerate(rows):
        turns = _turns(rows, at, row)
        if turns is None or _is_not_told(row, silent):
            continue
        joins = _join(rows, at)
        until = rows[joins] if joins is not None else None
        left, right = turns
        return Parting(
            at,
            _side(a, left, until.a if until is not None else None),
            _side(b, right, until.b if until is not None else None),
            joins,
        )
    return None


def _records_none(story: Story, other: Story) -> bool:
    """True for a run in another format than the other, that has no decision steps."""
    if story.run.format == other.run.format:
        return False
    return not any(step.kind == "decision" for step in story.run.steps)


def _is_not_told(row: Row, silent: tuple[bool, bool]) -> bool:
    """True for what a program decided, where the other trace cannot say the like."""
    turn = row.a if row.b is None else row.b if row.a is None else None
    if turn is None or turn.kind != "decision":
        return False
    return silent[1] if row.b is None else silent[0]


def _turns(
    rows: Sequence[Row], at: int, row: Row
) -> tuple[Turn | None, Turn | None] | None:
    """The two turns that part in a row; None where they do not."""
    if row.how in ("choice", "arguments") and row.decides:
        return row.a, row.b
    if row.a is None and row.b is not None and row.b.decides:
        return _next(rows, at, row.lane, "a"), row.b
    if row.b is None and row.a is not None and row.a.decides:
        return row.a, _next(rows, at, row.lane, "b")
    return None


def _next(rows: Sequence[Row], at: int, lane: int, side: str) -> Turn | None:
    """What the other run decided in the place of a turn that it does not have."""
    for row in rows[at + 1 :]:
        turn: Turn | None = getattr(row, side)
        if row.lane != lane or turn is None:
            continue
        if turn.decides or turn.kind in ("model", "decision"):
            return turn
    return None


def _join(rows: Sequence[Row], at: int) -> int | None:
    """The first row after a parting in which both runs decide the same again."""
    depth = rows[at].depth
    for number in range(at + 1, len(rows)):
        row = rows[number]
        if row.a is None or row.b is None or not row.decides or row.depth > depth:
            continue
        answers = [one.name for one in row.a.choice] == [ANSWER]
        if row.how == "same" or (row.how in ("result", "words") and not answers):
            return number
    return None


def _side(story: Story, turn: Turn | None, until: Turn | None) -> Side:
    if turn is None:
        return Side(None, ())
    run = story.run
    end = until.lead - 1 if until is not None else len(run.steps)
    steps = run.steps[turn.lead - 1 : end]
    usages = [step.usage for step in steps if step.usage is not None]
    costs = [u.cost_usd for u in usages if u.cost_usd is not None]
    tokens = [
        (u.input_tokens or 0) + (u.output_tokens or 0)
        for u in usages
        if u.input_tokens is not None or u.output_tokens is not None
    ]
    starts = [step.start_ns for step in steps if step.start_ns is not None]
    ends = [step.end_ns for step in steps if step.end_ns is not None]
    took = max(ends) - min(starts) if starts and ends else None
    return Side(
        turn.lead,
        turn.choice,
        tuple(step.position for step in steps),
        sum(step.status == "error" for step in steps),
        sum(tokens) if tokens else None,
        sum(costs) if costs else None,
        took if took is not None and took >= 0 else None,
    )
