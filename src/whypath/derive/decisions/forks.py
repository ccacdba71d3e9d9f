"""Finds where a run was taken back and went another way: a decision at each fork.

A branch that was left is recorded as such. That it was weighed against the way that was
kept is inferred, and why is not recorded.
"""

from collections.abc import Sequence
from typing import NamedTuple

from whypath.content import ContentStore
from whypath.model import Decision, Option, Run, Step

WHICH_WAY = "Which way to go on?"
LEFT = "abandoned"
NOTHING_KEPT = "nothing is recorded of another way"

_PREVIEW = 60
_QUIET = ("event", "system", "state")


class Fork(NamedTuple):
    """A decision at the step before two ways, and where the kept way begins."""

    decision: Decision
    kept: Step | None

    @property
    def other_place(self) -> int | None:
        """Position of the kept way's first step, where that decides nothing itself."""
        kept = self.kept
        if kept is None or kept.decision is not None or kept.calls or kept.tools:
            return None
        return kept.position if kept.position > self.decision.step else None


def find_forks(run: Run) -> dict[int, Fork]:
    """Position of each step from which a branch grew that was abandoned -> the fork.

    A branch with no step before it has none.
    """
    left = [step for step in run.steps if step.abandoned]
    if not left:
        return {}
    branches: dict[int, list[Step]] = {}
    for step in left:
        fork = step.previous or 0
        above = (fork, step.parent or 0, step.caller or 0)
        if fork and not any(at and run.step(at).abandoned for at in above):
            branches.setdefault(fork, []).append(step)
    kept = _kept_ways(run.steps, branches)
    return {
        fork: _fork(run.contents, fork, steps, kept.get(fork))
        for fork, steps in branches.items()
    }


def _kept_ways(
    steps: Sequence[Step], branches: dict[int, list[Step]]
) -> dict[int, Step]:
    """Fork -> the first telling step of the way that was kept.

    A tree says which that is; in a plain log it is what the thread went on with.
    """
    kept: dict[int, Step] = {}
    waiting: dict[str, list[int]] = {}
    starts = {branch[0].position: fork for fork, branch in branches.items()}
    for step in steps:
        if (fork := starts.get(step.position)) is not None and fork not in kept:
            waiting.setdefault(step.thread, []).append(fork)
        if step.abandoned or step.kind in _QUIET:
            continue
        if step.previous in branches and step.caller is None:
            kept.setdefault(step.previous, step)
        for fork in waiting.pop(step.thread, ()):
            kept.setdefault(fork, step)
    return kept


def _fork(
    contents: ContentStore, fork: int, left: list[Step], kept: Step | None
) -> Fork:
    chosen = (Option(_label(kept, contents), True),) if kept is not None else ()
    others = (Option(_label(step, contents), reason=LEFT) for step in left)
    decision = Decision(
        step=fork,
        question=WHICH_WAY,
        options=(*chosen, *others),
        rationale=None,
        rationale_from=None,
        confidence=None,
        evidence=(),
        outcome=None,
        basis="inferred",
        options_note=None if chosen else NOTHING_KEPT,
    )
    return Fork(decision, kept)


def _label(step: Step, contents: ContentStore) -> str:
    """`step 4: what it says or calls`."""
    text = step.output if step.output is not None else step.input
    if text is not None and step.kind in ("user", "model"):
        said = contents.preview(text, _PREVIEW + 1)
        said = said if len(said) <= _PREVIEW else said[:_PREVIEW] + "…"
    else:
        said = ", ".join(call.name for call in step.calls[:3]) or step.name
    return f"step {step.position}: {said or step.kind}"
