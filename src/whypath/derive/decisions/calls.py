"""Turns a model call, and the tool calls it made, into the decision that it implies.

The options are the tools on offer, the choice is the call made. Parallel calls are one
decision with several choices. No option and no confidence is made up.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from whypath.content import ContentStore
from whypath.model import ContentId, Decision, Option, Step, Tool

ANSWER = "answer without a tool"
NOT_RECORDED = "offered tools: not recorded"
OTHERS_NOT_RECORDED = "other agents: not recorded"
WHICH_AGENT = "Which agent goes on?"
ABANDONED, SUPERSEDED = "abandoned", "superseded"

_TRANSFER = re.compile(r"(transfer_?[tT]o|hand_?[oO](ff|ver)(_?[tT]o)?)(_|$|(?=[A-Z]))")
_LEDGER = re.compile(
    rb'"(\\n)*Analysis: |"?(```(json)?)?(\\n|\s)*\{(\\n|\s)*\\?"'
    rb'(analysis|state_analysis|plan|is_request_satisfied)\\?"'
)
"""How a text begins, as JSON, that is an agent's own record of where it stands."""
_WORDS = {"ok": "ok", "error": "error", "unset": "no result"}


class Calls:
    """Decides for the model calls of one run; what they are offered is listed once."""

    def __init__(self, contents: ContentStore) -> None:
        self._contents = contents
        self._offers: dict[int, tuple[Option, ...]] = {}

    def decide(self, step: Step, tools: Sequence[Step]) -> Decision:
        """The decision of a model call that asked for the steps `tools`."""
        names = {call.name for call in step.calls}
        others = self._offered(step.tools)
        if names:
            others = tuple(option for option in others if option.name not in names)
        question, note = _question(step), None
        if step.tools is None:
            note = NOT_RECORDED
        elif question == WHICH_AGENT:
            agents = tuple(option for option in others if is_transfer(option.name))
            note, others = _left_out(len(others) - len(agents)), agents
        made = tuple([Option(c.name, True, c.arguments) for c in step.calls])
        rationale, rationale_from = self._rationale(step)
        return Decision(
            step.position,
            question,
            (made or (Option(ANSWER, True),)) + others,
            rationale,
            rationale_from,
            None,
            (),
            ABANDONED if step.abandoned else outcome(tools),
            "inferred",
            note,
        )

    def _offered(self, tools: tuple[Tool, ...] | None) -> tuple[Option, ...]:
        """Each tool on offer once, as an option that was not taken."""
        if not tools:
            return ()
        known = self._offers.get(id(tools))
        if known is None:
            names = dict.fromkeys(tool.name for tool in tools)
            known = self._offers[id(tools)] = tuple(map(Option, names))
        return known

    def _rationale(self, step: Step) -> tuple[ContentId | None, str | None]:
        """Why, in the model's words, and where they stand."""
        if step.reasoning is not None:
            return step.reasoning, "reasoning"
        if step.output is None or not step.calls:
            return None, None
        is_ledger = _LEDGER.match(self._contents.raw(step.output))
        return step.output, "ledger" if is_ledger else "text"


def implies_decision(step: Step) -> bool:
    """True for a model call that called a tool, or answered although it had some.

    Where no answer is recorded it may have failed, or have called what we cannot see.
    """
    return bool(step.calls) or (bool(step.tools) and step.output is not None)


def hands_over(step: Step) -> bool:
    """True for a model call that did nothing but call tools that hand over."""
    return bool(step.calls) and all(is_transfer(call.name) for call in step.calls)


def is_transfer(name: str) -> bool:
    """True for the name of a tool that hands the conversation to somebody else."""
    return _TRANSFER.match(name) is not None


def outcome(tools: Iterable[Step]) -> str | None:
    """What the steps came to: one word, or a count of each; None if there are none."""
    statuses = [tool.status for tool in tools]
    if len(statuses) <= 1 or len(set(statuses)) == 1:
        return _WORDS[statuses[0]] if statuses else None
    counts = Counter(_WORDS[status] for status in statuses)
    return ", ".join(f"{count} {word}" for word, count in counts.most_common())


def _question(step: Step) -> str:
    calls = step.calls
    if not calls:
        return "Call a tool, or answer?"
    if hands_over(step):
        return WHICH_AGENT
    return "Which tool to call?" if len(calls) == 1 else "Which tools to call?"


def _left_out(count: int) -> str | None:
    """What is said of the tools on offer that hand over to nobody."""
    if not count:
        return None
    tools = "a tool that hands over to nobody was" if count == 1 else ""
    tools = tools or f"{count:,} tools that hand over to nobody were"
    return f"{tools} on offer too"
