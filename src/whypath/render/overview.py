"""Picks what the page shows before any script runs: the decision path and problems."""

from dataclasses import dataclass

from whypath.derive.story import Story
from whypath.errors import Problem
from whypath.model import Decision

PATH_ROWS = 80
RATIONALE = 160


@dataclass(frozen=True, slots=True)
class PathRow:
    """A decision in the path: where, what was chosen, why, and whether it held."""

    step: int
    question: str
    chosen: str
    rejected: int
    rationale: str
    basis: str
    outcome: str | None
    is_wrong: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """`skipped` counts the decisions that are only in the replay."""

    path: tuple[PathRow, ...]
    skipped: int
    problems: tuple[Problem, ...]
    answer: str | None


def overview(story: Story) -> Overview:
    """The recorded decisions first, then inferred ones as far as there is room."""
    decisions = list(story.decisions.values())
    kept = {d.step for d in decisions if d.basis == "recorded"}
    for decision in decisions:
        if len(kept) >= PATH_ROWS:
            break
        kept.add(decision.step)
    shown = [d for d in decisions if d.step in kept][:PATH_ROWS]
    outcome = story.run.outcome
    answer = outcome.answer if outcome else None
    return Overview(
        path=tuple(_row(story, decision) for decision in shown),
        skipped=len(decisions) - len(shown),
        problems=story.run.problems,
        answer=story.run.contents.text(answer)[:600] if answer is not None else None,
    )


def _row(story: Story, decision: Decision) -> PathRow:
    contents = story.run.contents
    rationale = decision.rationale
    checks = story.evidence.get(decision.step, ())
    step = story.run.step(decision.step)
    recorded = decision.basis == "recorded"
    return PathRow(
        step=decision.step,
        question=decision.question if recorded else step.name or "",
        chosen=", ".join(option.name for option in decision.chosen),
        rejected=sum(not option.chosen for option in decision.options),
        rationale=contents.preview(rationale, RATIONALE)
        if rationale is not None
        else "",
        basis=decision.basis,
        outcome=decision.outcome,
        is_wrong=any(check.verdict in ("missing", "differs") for check in checks),
    )
