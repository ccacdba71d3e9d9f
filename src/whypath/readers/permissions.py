"""Turns a permission that was given or refused into a recorded decision.

For every reader of logs, and not a reader itself. Many agents record a refusal only in
the words that the model is given as the call's result: `refusal` knows them.
"""

import re
from typing import NamedTuple

from whypath.content import ContentStore
from whypath.model import ContentId, Decision, Option

USER, RULE = "the user", "a rule"
_MODE = "the permission mode"
_LONGEST = 4000

_REFUSALS = tuple(
    (re.compile(beginning, re.DOTALL), by)
    for beginning, by in (
        (r"(Error: )?The user doesn't want to (proceed with this|take this ac)", USER),
        (r"Permission for this tool use was denied\.", USER),
        (r"The agent proposed a plan that was rejected by the user", USER),
        (r"Permission for this action has been denied\. Reason: ", "a classifier"),
        (r"Permission to .{1,200}? has been denied because ", _MODE),
        (r"Permission to .{1,2000}? has been denied", RULE),
        (r"Claude requested permissions? to .{1,2000}? haven't granted it yet", _MODE),
        (r"The user rejected permission to use this specific tool call", USER),
        (r"The user has specified a rule which prevents you from using this ", RULE),
        (r"(exec command|patch) rejected by (the )?user", USER),
        (r"(\[Operation Cancelled\] Reason: )?User did not allow tool call", USER),
    )
)
"""How the words of Claude Code, OpenCode, Codex, Gemini CLI begin; who decided."""
_WHY = re.compile(
    r"(?:the user said:\s*|following feedback: |has been denied\. Reason: )"
    r"(.*?)(?=\n\nNote: The user's next message|\.? If you have other tasks|$)",
    re.DOTALL,
)


class Refusal(NamedTuple):
    """Who did not allow a call, and why, in their words."""

    by: str
    why: str | None


def refusal(said: str) -> Refusal | None:
    """What a call's result says of a refusal; None where it does not begin as one."""
    head = said[:_LONGEST].lstrip()
    for beginning, by in _REFUSALS:
        if beginning.match(head):
            why = _WHY.search(head)
            return Refusal(by, why[1].strip() or None if why else None)
    return None


def refused(name: str, found: Refusal, contents: ContentStore) -> Decision:
    """The decision not to allow the tool `name`."""
    why = None if found.why is None else contents.add_text(found.why)
    return permission(name, allowed=False, why=why, by=found.by)


def permission(
    name: str, *, allowed: bool, why: ContentId | None = None, by: str | None = None
) -> Decision:
    """Whether the tool `name` may be called, `why` and `by` whom, as the trace says."""
    options = (Option("allow", allowed), Option("deny", not allowed))
    return answered(f"May {name} be called?", options, why, by)


def answered(
    question: str,
    options: tuple[Option, ...],
    why: ContentId | None = None,
    by: str | None = None,
) -> Decision:
    """The recorded answer to a question that was put to a person, or to a rule."""
    return Decision(
        step=0,
        question=question,
        options=options,
        rationale=why,
        rationale_from=None if why is None else "recorded",
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
        options_note=None if by is None else f"decided by: {by}",
    )
