"""https://github.com/NVIDIA/NeMo-Relay/blob/main/docs/reference/atof-event-format.mdx

What an ATOF scope says, as a span's facts. Not read: schemas that events declare for
their payloads; the APIs' own shapes are known by themselves.
"""

from typing import Any

from whypath.model import Decision, Option
from whypath.readers.api_calls import add_call
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Attributes, Facts, Role, Span, text

CATEGORY, INPUT, OUTPUT = "atof.category", "atof.input", "atof.output"
PROFILE, METADATA, ASKED = "atof.category_profile", "atof.metadata", "atof.asked"
FLAGS, CALLED = "atof.attributes", "atof.unmatched_call_id"

_ROLES: dict[str, Role] = {
    "agent": "agent",
    "llm": "model",
    "tool": "tool",
    "retriever": "retrieval",
    "guardrail": "guardrail",
    "embedder": "event",
    "reranker": "event",
    "evaluator": "event",
    "mark": "event",
    "user": "user",
    "system": "system",
    "approval": "decision",
}
"""Categories of scopes, and what a mark or a message in a scope is; others group."""

_ASKS = ("input", "query", "raw_query", "prompt")
_SAYS = ("output", "response", "result", "raw_result", "answer", "content")


def role(span: Span) -> Role | None:
    """What the scope is, by its category."""
    category = span.attributes.get(CATEGORY)
    if not isinstance(category, str):
        return None
    return _ROLES.get(category, "structure")


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the scope's start and end events say."""
    attributes = span.attributes
    if CATEGORY not in attributes:
        return
    asked, said = attributes.get(INPUT), attributes.get(OUTPUT)
    facts.shown += (CATEGORY, INPUT, OUTPUT, ASKED)
    if facts.kind == "model":
        facts.model = facts.model or model_of(attributes)
        add_call(facts, asked, as_answer(said), payloads)
        return
    if facts.kind == "agent":
        facts.agent = facts.agent or span.name or None
    if facts.kind == "tool" and CALLED not in attributes:
        facts.call_id = facts.call_id or call_id_of(attributes)
    if facts.kind == "decision" and ASKED in attributes:
        facts.decisions.append((span.name, _approval(attributes[ASKED], said)))
    if facts.input is None:
        facts.input = payloads.keep_if(_bare(asked, _ASKS))
    if facts.output is None:
        facts.output = payloads.keep_if(_bare(said, _SAYS))


def model_of(attributes: Attributes) -> str | None:
    """The model's name, as the category's profile has it, or the metadata."""
    profile = _fields(attributes.get(PROFILE))
    found = text(profile, "model_name") or text(
        _fields(attributes.get(METADATA)), "model"
    )
    return found


def call_id_of(attributes: Attributes) -> str | None:
    """The id of the call that a tool's scope answers."""
    for name in (PROFILE, METADATA):
        if found := text(_fields(attributes.get(name)), "tool_call_id"):
            return found
    return None


def as_answer(said: Any) -> Any:
    """A response with the role that some writers leave out."""
    if isinstance(said, dict) and "role" not in said:
        if "tool_calls" in said or isinstance(said.get("content"), str | list):
            return {"role": "assistant", **said}
        return _bare(said, ("assistant_message", *_SAYS))
    return said


def _bare(value: Any, names: tuple[str, ...]) -> Any:
    """The value alone, where it is the only field of an object and says what it is."""
    if isinstance(value, dict) and len(value) == 1:
        (name,) = value
        return value[name] if name in names else value
    return value


def _approval(asked: Any, said: Any) -> Decision:
    """What a person was asked to allow, and the answer."""
    subject = text(_fields(asked), "tool_name") or "what comes next"
    approved = _fields(said).get("approved")
    return Decision(
        step=0,
        question=f"Allow {subject}?",
        options=(
            Option("approve", approved is True),
            Option("deny", approved is False),
        ),
        rationale=None,
        rationale_from=None,
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
    )


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
