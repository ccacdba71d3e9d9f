"""Picks what the page shows before any script runs: the decision path and problems."""

from dataclasses import dataclass

from whypath.derive.findings.finding import Checked, Finding
from whypath.derive.findings.suspects import Suspect
from whypath.derive.story import Story
from whypath.errors import Problem
from whypath.model import Decision

PATH_ROWS = 80
RATIONALE = 160
FINDINGS = 60


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
    """`skipped` decisions and `hidden` findings are only in the replay.

    `checks` are those that could not see what they need, or broke.
    """

    path: tuple[PathRow, ...]
    skipped: int
    problems: tuple[Problem, ...]
    answer: str | None
    findings: tuple[Finding, ...]
    hidden: int
    checks: tuple[Checked, ...]
    suspects: tuple[Suspect, ...]


def overview(story: Story) -> Overview:
    """Of a long path, the recorded decisions, then those that led to errors, then
    the first ones, as far as there is room; always in the order of the run.
    """
    decisions = list(story.decisions.values())
    by_weight = sorted(decisions, key=_weight)
    kept = {decision.step for decision in by_weight[:PATH_ROWS]}
    shown = [decision for decision in decisions if decision.step in kept]
    outcome = story.run.outcome
    answer = outcome.answer if outcome else None
    return Overview(
        path=tuple(_row(story, decision) for decision in shown),
        skipped=len(decisions) - len(shown),
        problems=story.run.problems,
        findings=story.findings[:FINDINGS],
        hidden=max(0, len(story.findings) - FINDINGS),
        suspects=story.suspects,
        checks=tuple(c for c in story.checks if c.status in ("unknown", "error")),
        answer=_cut(story.run.contents.text(answer), 600)
        if answer is not None
        else None,
    )


def _weight(decision: Decision) -> tuple[int, int]:
    if decision.basis == "recorded":
        return 0, decision.step
    return (1 if "error" in (decision.outcome or "") else 2), decision.step


def _cut(text: str, length: int) -> str:
    return text if len(text) < length else text[: length - 1] + "…"


def _row(story: Story, decision: Decision) -> PathRow:
    contents = story.run.contents
    rationale = decision.rationale
    checks = story.evidence.get(decision.step, ())
    step = story.run.step(decision.step)
    plain = decision.basis == "recorded" or decision.recovery or step.kind != "model"
    return PathRow(
        step=decision.step,
        question=decision.question if plain else step.name or "",
        chosen=", ".join(option.name for option in decision.chosen),
        rejected=sum(not option.chosen for option in decision.options),
        rationale=(
            _cut(contents.preview(rationale, RATIONALE), RATIONALE)
            if rationale is not None
            else ""
        ),
        basis=decision.basis,
        outcome=decision.outcome,
        is_wrong=any(check.verdict in ("missing", "differs") for check in checks),
    )
