"""Finds the decisions of a run: the recorded ones, and those a model call implies.

A model call that was offered tools, or called one, decided something: the options are
the tools on offer, the choice is the call. No option and no confidence is made up.
"""

from collections import Counter

from whypath.model import Decision, Option, Run, Step, replace

ANSWER = "answer without a tool"
NOT_RECORDED = "offered tools: not recorded"


def find_decisions(run: Run) -> dict[int, Decision]:
    """Position of each deciding step -> its decision, in order."""
    called: dict[int, list[Step]] = {}
    for step in run.steps:
        if step.caller is not None:
            called.setdefault(step.caller, []).append(step)
    decisions: dict[int, Decision] = {}
    for step in run.steps:
        tools = called.get(step.position, [])
        if step.decision is not None:
            outcome = step.decision.outcome or _outcome(tools)
            decisions[step.position] = replace(step.decision, outcome=outcome)
        elif step.kind == "model" and (step.calls or step.tools):
            decisions[step.position] = _infer(step, tools)
    return decisions


def governing(run: Run, decisions: dict[int, Decision]) -> dict[int, int]:
    """Position of a step -> position of the decision that it carries out."""
    led_by: dict[int, int] = {}
    last: dict[str, int] = {}
    for step in run.steps:
        if step.position in decisions:
            led_by[step.position] = last[step.thread] = step.position
        elif step.caller in decisions:
            led_by[step.position] = step.caller or 0
        elif step.parent in led_by:
            led_by[step.position] = led_by[step.parent or 0]
        elif step.kind in ("tool", "handoff", "agent") and step.thread in last:
            led_by[step.position] = last[step.thread]
    return led_by


def _infer(step: Step, tools: list[Step]) -> Decision:
    made = tuple(Option(call.name, True, call.arguments) for call in step.calls)
    names = {option.name for option in made}
    offered = dict.fromkeys(tool.name for tool in step.tools or ())
    others = tuple(Option(name) for name in offered if name not in names)
    if step.reasoning is not None:
        rationale, rationale_from = step.reasoning, "reasoning"
    elif step.output is not None and step.calls:
        rationale, rationale_from = step.output, "text"
    else:
        rationale, rationale_from = None, None
    return Decision(
        step=step.position,
        question="Which tool to call?" if step.calls else "Call a tool, or answer?",
        options=(made or (Option(ANSWER, True),)) + others,
        rationale=rationale,
        rationale_from=rationale_from,
        confidence=None,
        evidence=(),
        outcome=_outcome(tools),
        basis="inferred",
        options_note=NOT_RECORDED if step.tools is None else None,
    )


_WORDS = {"ok": "ok", "error": "error", "unset": "no result"}


def _outcome(tools: list[Step]) -> str | None:
    """What the calls led to: `ok`, `error`, or a count of each."""
    statuses = {tool.status for tool in tools}
    if len(statuses) <= 1:
        return _WORDS[statuses.pop()] if statuses else None
    counts = Counter(_WORDS[tool.status] for tool in tools)
    return ", ".join(f"{count} {word}" for word, count in counts.most_common())
