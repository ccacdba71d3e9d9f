"""https://docs.livekit.io/agents/observability: a span's facts from `lk.*` attributes.

Not read: speech, transcription and latency, beyond showing them as details.
"""

from typing import Any

from whypath.model import Message
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Attributes, Facts, Role, Span, first, text

HEADS = ("lk.",)

_ROLES: dict[str, Role] = {
    "agent_session": "agent",
    "agent_turn": "structure",
    "user_turn": "user",
    "llm_node": "model",
    "llm_request": "model",
    "llm_request_run": "structure",
    "function_tool": "tool",
    "update_agent": "handoff",
}
"""Names of spans."""

_ASKED = ("lk.pii.user_input", "lk.user_input")
_HEARD = ("lk.pii.user_transcript", "lk.user_transcript")
_SEEN = ("lk.pii.chat_ctx", "lk.chat_ctx")
_SAID = ("lk.pii.response.text", "lk.response.text")
_CALLS = ("lk.pii.response.function_calls", "lk.response.function_calls")
_ARGUMENTS = ("lk.pii.function_tool.arguments", "lk.function_tool.arguments")
_RESULT = ("lk.pii.function_tool.output", "lk.function_tool.output")
_TOLD = (*_SEEN, *_SAID, *_CALLS, *_ARGUMENTS, *_RESULT, *_HEARD, "lk.function_tool")


def role(span: Span) -> Role | None:
    """What the span is: by its name, or a tool's by the tool it names."""
    if not any(name.startswith("lk.") for name in span.attributes):
        return None
    if "lk.function_tool.name" in span.attributes:
        return "tool"
    return _ROLES.get(span.name, "structure")


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the span's `lk.*` attributes say, in old and new spelling."""
    attributes = span.attributes
    facts.agent = facts.agent or text(attributes, "lk.agent_name", "lk.agent_label")
    if facts.kind == "tool":
        facts.name = facts.name or text(attributes, "lk.function_tool.name")
        facts.call_id = facts.call_id or text(attributes, "lk.function_tool.id")
        facts.input = facts.input or _kept(attributes, payloads, *_ARGUMENTS)
        facts.output = facts.output or _kept(attributes, payloads, *_RESULT)
    elif facts.kind == "user":
        facts.output = facts.output or _kept(attributes, payloads, *_HEARD)
    elif facts.kind == "model":
        _add_model(facts, attributes, payloads)
    elif facts.input is None:
        facts.input = _kept(attributes, payloads, *_ASKED)
    facts.shown += _TOLD


def _add_model(facts: Facts, attributes: Attributes, payloads: Payloads) -> None:
    if facts.messages is None and (seen := first(attributes, *_SEEN)):
        whole = payloads.parse(seen[1])
        items = whole.get("items") if isinstance(whole, dict) else None
        facts.messages = payloads.messages(items or whole, "user") or None
    if not facts.answered:
        said = _answer(attributes, payloads)
        if said:
            facts.output, facts.reasoning, facts.calls = payloads.answer(said)
            facts.answered = True
    offered = payloads.parse(attributes.get("lk.function_tools"))
    if facts.tools is None and isinstance(offered, list) and offered:
        named = [{"name": x} if isinstance(x, str) else x for x in offered]
        facts.tools = payloads.tools(named)
        facts.shown.append("lk.function_tools")


def _answer(attributes: Attributes, payloads: Payloads) -> list[Message]:
    found = []
    if said := text(attributes, *_SAID):
        found.append(Message("assistant", "text", payloads.keep(said)))
    calls: Any = first(attributes, *_CALLS)
    listed = payloads.parse(calls[1]) if calls else None
    for call in listed if isinstance(listed, list) else ():
        if isinstance(call, dict):
            typed = {"type": "function_call", **call}
            found += payloads.messages([typed], "assistant")
    return found


def _kept(attributes: Attributes, payloads: Payloads, *names: str) -> int | None:
    found = first(attributes, *names)
    return payloads.keep_if(found[1]) if found else None
