"""Turns a permission that was given or refused into a recorded decision.

For every reader of logs, and not a reader itself.
"""

from whypath.model import ContentId, Decision, Option


def permission(name: str, *, allowed: bool, why: ContentId | None = None) -> Decision:
    """Whether the tool `name` may be called, and `why`, as the trace says."""
    return Decision(
        step=0,
        question=f"May {name} be called?",
        options=(Option("allow", allowed), Option("deny", not allowed)),
        rationale=why,
        rationale_from=None if why is None else "recorded",
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
    )
