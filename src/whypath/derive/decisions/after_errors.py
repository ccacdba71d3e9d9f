"""Finds what a model call did about the calls before it: went on, tried again, gave up.

Compares a model call with the one before it of the same agent, in one pass. Only what
follows directly counts: once the user has spoken, or the context starts anew, it is a
new matter.
"""

from collections.abc import Sequence

from whypath.model import Call, Decision, Step, replace

AFTER_ERROR = "How to go on after the error?"
AGAIN = "the same call again"
OTHER_ARGUMENTS = "the same tool with other arguments"
UNKNOWN_ARGUMENTS = "the same tool; arguments not recorded"
OTHER_TOOL = "another tool"
NO_TOOL = "answered without a tool"


class Rounds:
    """The last model call of each agent, and what came of it, as the run goes on."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._failed: dict[int, list[Step]] = {}
        self._models: dict[tuple[str, str | None], Step] = {}
        self._turns: dict[str, int] = {}
        self._loose: dict[str, Step] = {}
        for step in steps:
            if step.status == "error" and step.caller is not None:
                self._failed.setdefault(step.caller, []).append(step)

    def pass_by(self, step: Step) -> None:
        """Takes note of a step, after it was asked about."""
        if step.kind == "tool":
            if step.caller is None:
                self._loose[step.thread] = step
        elif step.kind == "model":
            self._models[step.thread, step.agent] = step
            self._loose.pop(step.thread, None)
        elif step.kind == "user" or step.resets_context:
            self._turns[step.thread] = step.position
            self._loose.pop(step.thread, None)

    def before(self, step: Step) -> Step | None:
        """The model call that this one directly goes on from, in the same branch."""
        last = self._models.get((step.thread, step.agent))
        if last is None or last.abandoned != step.abandoned:
            return None
        return last if self._turns.get(step.thread, 0) < last.position else None

    def failed(self, step: Step, before: Step | None) -> Sequence[Step]:
        """The calls that failed right before this model call; `before` made them."""
        failed = self._failed.get(before.position, ()) if before is not None else ()
        loose = self._loose.get(step.thread) if self._loose else None
        if loose is None or loose.status != "error":
            return failed
        beside = loose.parent == step.parent and loose.abandoned == step.abandoned
        return [*failed, loose] if beside else failed


def answer_error(decision: Decision, step: Step, failed: Sequence[Step]) -> Decision:
    """The decision of a model call as the answer to calls that failed before it."""
    return replace(
        decision,
        question=AFTER_ERROR,
        failed=failed[-1].position,
        recovery=_recovery(step.calls, failed),
    )


def repeats(calls: Sequence[Call], before: Sequence[Call]) -> bool:
    """True when a model asks for exactly what it asked for before.

    Arguments that are not recorded are like no others.
    """
    if not calls or len(calls) != len(before):
        return False
    for new, old in zip(calls, before, strict=True):
        if new.name != old.name or new.arguments != old.arguments:
            return False
        if new.arguments is None:
            return False
    return True


def _recovery(calls: Sequence[Call], failed: Sequence[Step]) -> str:
    """What was done about the calls that failed, the closest likeness first."""
    if not calls:
        return NO_TOOL
    names = {tool.name for tool in failed}
    alike = [call for call in calls if call.name in names]
    if not alike:
        return OTHER_TOOL
    known = {(tool.name, tool.input) for tool in failed if tool.input is not None}
    if any((call.name, call.arguments) in known for call in alike):
        return AGAIN
    told = len(known) and all(call.arguments is not None for call in alike)
    return OTHER_ARGUMENTS if told else UNKNOWN_ARGUMENTS
