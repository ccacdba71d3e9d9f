"""Finds the decisions of a run: the recorded ones, and those that its steps imply.

One decision a step. A recorded one comes first; then what a model call chose to call;
then what the shape of the run shows. Every one but the first kind is labelled inferred.
"""

from collections.abc import Mapping, Sequence

from whypath.derive.columns import Positions
from whypath.derive.decisions.after_errors import Rounds, answer_error, repeats
from whypath.derive.decisions.calls import (
    ABANDONED,
    ANSWER,
    NOT_RECORDED,
    SUPERSEDED,
    Calls,
    hands_over,
    implies_decision,
    outcome,
)
from whypath.derive.decisions.forks import WHICH_WAY, find_forks
from whypath.derive.decisions.places import decide_by_shape
from whypath.model import Decision, Run, Step, replace

__all__ = ["ANSWER", "NOT_RECORDED", "find_decisions", "governing"]

_ACTS = ("tool", "retrieval", "handoff", "agent")
_ENDS_THE_WAIT = (*_ACTS, "model", "user", "decision")
_BY_SHAPE = ("decision", "event", "tool", "handoff", "guardrail")


def find_decisions(run: Run) -> dict[int, Decision]:
    """Position of each deciding step -> its decision, in order."""
    finding = _Finding(run)
    for step in run.steps:
        finding.look_at(step)
    return finding.decisions


class _Finding:
    """One pass over the steps of a run, and the decisions found so far."""

    def __init__(self, run: Run) -> None:
        self.decisions: dict[int, Decision] = {}
        self._run = run
        self._called = _called_by(run.steps)
        self._calls = Calls(run.contents)
        self._rounds = Rounds(run.steps)
        self._forks = find_forks(run)
        self._open: dict[str, int] = {}

    def look_at(self, step: Step) -> None:
        """Adds the decision of a step, if there is one."""
        if step.decision is not None:
            decision: Decision | None = self._recorded(step, step.decision)
        elif step.kind == "model":
            decision = self._of_model(step)
        elif step.kind in _BY_SHAPE and not self._is_asked_for(step):
            decision = decide_by_shape(step, self._run.contents)
        else:
            decision = None
        if self._forks:
            decision = self._at_fork(step, decision)
        if self._open:
            self._follow(step)
        if decision is not None:
            self.decisions[step.position] = decision
            if step.decision is not None and decision.outcome is None:
                self._open[step.thread] = step.position
        self._rounds.pass_by(step)

    def _recorded(self, step: Step, decision: Decision) -> Decision:
        """A recorded decision, with what it led to where that is plain."""
        if decision.outcome is not None:
            return decision
        acts = self._called.get(step.position, [])
        if not acts and step.kind in ("handoff", "agent"):
            acts = [step]
        return replace(decision, outcome=ABANDONED if step.abandoned else outcome(acts))

    def _of_model(self, step: Step) -> Decision | None:
        tools = self._called.get(step.position, ())
        before = self._rounds.before(step)
        failed = self._rounds.failed(step, before)
        if not implies_decision(step):
            answers = step.output is not None and step.status != "error"
            if not (failed and answers):
                return decide_by_shape(step, self._run.contents)
        elif tools and _is_recorded(step, tools):
            return None
        if before is not None and repeats(step.calls, before.calls):
            self._supersede(before)
        decision = self._calls.decide(step, tools)
        return answer_error(decision, step, failed) if failed else decision

    def _is_asked_for(self, step: Step) -> bool:
        """True for a handoff that carries out what a model call decided."""
        if step.kind != "handoff":
            return False
        before = self._rounds.before(step) if step.caller is None else None
        return step.caller is not None or (before is not None and hands_over(before))

    def _supersede(self, before: Step) -> None:
        """Marks a call that the very next model call asked for again, word for word."""
        decision = self.decisions.get(before.position)
        if decision is not None and decision.outcome in ("ok", "no result"):
            self.decisions[before.position] = replace(decision, outcome=SUPERSEDED)

    def _at_fork(self, step: Step, decision: Decision | None) -> Decision | None:
        """The fork's decision: there or, if that is taken, where the kept way begins.

        A call is better explained by the model call that made it.
        """
        fork = self._forks.pop(step.position, None)
        if fork is None:
            return decision
        other = fork.other_place if step.position == fork.decision.step else None
        if other is not None and (decision is not None or step.caller is not None):
            self._forks.setdefault(other, fork)
            return decision
        if decision is not None:
            return decision
        return replace(fork.decision, step=step.position)

    def _follow(self, step: Step) -> None:
        """Gives a recorded decision the outcome of the act that comes right after it.

        That is the act it names, or the only call that was waiting for it.
        """
        if step.kind not in _ENDS_THE_WAIT:
            return
        at = self._open.pop(step.thread, None)
        if at is None or step.kind not in _ACTS:
            return
        decision = self.decisions[at]
        names = [option.name for option in decision.chosen]
        waiting = step.caller and len(self._run.step(step.caller).calls) == 1
        if step.name in names or (names and waiting):
            self.decisions[at] = replace(decision, outcome=outcome([step]))


def _called_by(steps: Sequence[Step]) -> dict[int, list[Step]]:
    """Position of a model call -> the steps that it asked for."""
    called: dict[int, list[Step]] = {}
    for step in steps:
        if step.caller is not None:
            called.setdefault(step.caller, []).append(step)
    return called


def _is_recorded(step: Step, tools: Sequence[Step]) -> bool:
    """True when all a model call did was hand over, and its handoffs are recorded."""
    if tools[0].kind != "handoff" or len(tools) != len(step.calls):
        return False
    return all(tool.kind == "handoff" and tool.decision is not None for tool in tools)


def governing(run: Run, decisions: Mapping[int, Decision]) -> Positions:
    """Position of a step -> position of the decision that it carries out.

    A fork and a guardrail have no steps of their own to carry them out.
    """
    led_by: dict[int, int] = {}
    last: dict[str, int] = {}
    for step in run.steps:
        position = step.position
        fork = position in decisions and decisions[position].question == WHICH_WAY
        if position in decisions and not (fork and step.caller in decisions):
            led_by[position] = position
            if step.caller is not None:  # a call that handed over: decided here
                led_by.setdefault(step.caller, position)
            if step.kind != "guardrail" and not fork:
                last[step.thread] = position
        elif step.caller in decisions:
            led_by[position] = step.caller or 0
        elif step.parent in led_by:
            led_by[position] = led_by[step.parent or 0]
        elif step.kind in ("tool", "handoff", "agent") and step.thread in last:
            led_by[position] = last[step.thread]
    return Positions(len(run.steps), led_by.items())
