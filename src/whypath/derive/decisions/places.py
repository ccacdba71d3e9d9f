"""Finds decisions that a run's shape shows: routers, handoffs, guardrails, ledgers.

Each is inferred from one step: its kind, its name, and the short answer that it gave.
What was on offer beside the choice, no such step says.
"""

import re
from itertools import chain
from typing import Any

from whypath.content import ContentStore
from whypath.derive.decisions.calls import ABANDONED, OTHERS_NOT_RECORDED, WHICH_AGENT
from whypath.model import ContentId, Decision, Option, Step

_ROUTER = re.compile(
    r"(should_|route(_|$|r)|branch:|(select|choose)_?(next_?)?speaker|speaker_selection)"
    r"|.*(_router|_condition|_branch|_edge)$"
    r"|(RunnableBranch|tools_condition)$",
    re.IGNORECASE,
)
_LONGEST_CHOICE = 80
_STOPS = re.compile(r"trip|trigger|block|flag|violat|reject|denied|unsafe|invalid")
_PASSES = re.compile(r"pass|allowed|safe|valid|approv|accept|^ok$")
_TURNED = re.compile(r"not|dis|^no_")
"""A name that says the contrary of what it holds is left alone."""
_LEDGER, _LEDGER_BYTES = b"is_request_satisfied", 200


def decide_by_shape(step: Step, contents: ContentStore) -> Decision | None:
    """The decision that a step is which records none and calls nothing."""
    if step.kind == "model":
        return _ledger(step, contents)
    if step.kind == "handoff":
        return _handoff(step)
    if step.kind == "guardrail":
        return _guardrail(step, contents)
    if step.kind == "decision":
        return _router(step, contents)
    if step.kind in ("event", "tool") and step.caller is None:
        chosen = _ROUTER.match(step.name) and _choice(step.output, contents)
        return _router(step, contents) if chosen else None
    return None


def _router(step: Step, contents: ContentStore) -> Decision:
    """A step that says where to go on."""
    chosen = _choice(step.output, contents)
    return _decision(
        step,
        f"{step.name or 'decision'}: where to go on?",
        (Option(chosen, True),) if chosen else (),
        "other branches: not recorded" if chosen else "the choice is not recorded",
    )


def _choice(output: ContentId | None, contents: ContentStore) -> str | None:
    """A step's answer, where that is one short name; a yes or no is one as well."""
    if output is None or contents.size(output) > _LONGEST_CHOICE:
        return None
    said = contents.value(output)
    if isinstance(said, bool):
        return "true" if said else "false"
    if not isinstance(said, str) or "\n" in said:
        return None
    return said.strip() or None


def _handoff(step: Step) -> Decision:
    """A change of agents that no model call asked for by name."""
    chosen = (Option(step.name, True),) if step.name else ()
    return _decision(step, WHICH_AGENT, chosen, OTHERS_NOT_RECORDED)


def _guardrail(step: Step, contents: ContentStore) -> Decision:
    """A check that stops the run or lets it go on; its own words count for most."""
    stops: bool | None = step.status == "error" or None
    if step.output is not None:
        said = _verdict(contents.document(step.output))
        stops = said if said is not None else stops
    options = (
        Option("let it pass", stops is False),
        Option("stop the run", stops is True, reason=step.error if stops else None),
    )
    note = "its verdict is not recorded" if stops is None else None
    return _decision(step, f"{step.name or 'check'}: stop the run?", options, note)


def _verdict(said: Any) -> bool | None:
    """True for "stop", False for "pass"; None where it is not plain which.

    The verdict may stand at the top, or in an object there.
    """
    fields = said if isinstance(said, dict) else {}
    inner = (value.items() for value in fields.values() if isinstance(value, dict))
    verdicts = set()
    for name, value in chain(fields.items(), *inner):
        word = name.lower()
        if not isinstance(value, bool) or _TURNED.search(word):
            continue
        if _STOPS.search(word):
            verdicts.add(value)
        elif _PASSES.search(word):
            verdicts.add(not value)
    return verdicts.pop() if len(verdicts) == 1 else None


def _ledger(step: Step, contents: ContentStore) -> Decision | None:
    """Who speaks next, where an orchestrator keeps a ledger of its progress."""
    if step.output is None or _LEDGER not in contents.raw(step.output)[:_LEDGER_BYTES]:
        return None
    said = contents.document(step.output)
    entry = said.get("next_speaker") if isinstance(said, dict) else None
    chosen = entry.get("answer") if isinstance(entry, dict) else entry
    if not isinstance(chosen, str) or not 0 < len(chosen) <= _LONGEST_CHOICE:
        return None
    option = (Option(chosen, True),)
    return _decision(step, WHICH_AGENT, option, OTHERS_NOT_RECORDED, "ledger")


def _decision(
    step: Step,
    question: str,
    options: tuple[Option, ...],
    note: str | None,
    rationale_from: str | None = None,
) -> Decision:
    """Why is the step's reasoning, unless `rationale_from` says what its output is."""
    rationale = step.output if rationale_from else step.reasoning
    if rationale_from is None and rationale is not None:
        rationale_from = "reasoning"
    return Decision(
        step=step.position,
        question=question,
        options=options,
        rationale=rationale,
        rationale_from=rationale_from,
        confidence=None,
        evidence=(),
        outcome=ABANDONED if step.abandoned else None,
        basis="inferred",
        options_note=note,
    )
