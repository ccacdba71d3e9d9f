"""https://google.github.io/adk-docs/observability: facts from `gcp.vertex.agent.*`.

Not read: the session's state and artifacts, which its spans do not carry.
"""

from typing import Any

from whypath.model import Message
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Facts, Role, Span

HEADS = ("gcp.vertex.agent.",)

_PREFIX = "gcp.vertex.agent."


def role(span: Span) -> Role | None:
    """What the span is: a model call or a tool call by the payload it carries."""
    if f"{_PREFIX}llm_request" in span.attributes:
        return "model"
    if f"{_PREFIX}tool_call_args" in span.attributes:
        return "tool"
    return None


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the span's ADK attributes say; `{}` there means "not captured"."""
    attributes = span.attributes
    if facts.kind == "tool":
        asked = payloads.parse(attributes.get(f"{_PREFIX}tool_call_args"))
        said = payloads.parse(attributes.get(f"{_PREFIX}tool_response"))
        if facts.input is None and asked:
            facts.input = payloads.keep(asked)
        if facts.output is None and said:
            facts.output = payloads.keep(said)
        facts.shown += (f"{_PREFIX}tool_call_args", f"{_PREFIX}tool_response")
    if facts.kind != "model":
        return
    request = payloads.parse(attributes.get(f"{_PREFIX}llm_request"))
    if isinstance(request, dict) and request:
        _add_request(facts, request, payloads)
        facts.shown.append(f"{_PREFIX}llm_request")
    response = payloads.parse(attributes.get(f"{_PREFIX}llm_response"))
    content = response.get("content") if isinstance(response, dict) else None
    if not facts.answered and isinstance(content, dict):
        said = payloads.messages(content, "assistant")
        facts.output, facts.reasoning, facts.calls = payloads.answer(said)
        facts.answered = True
        facts.shown.append(f"{_PREFIX}llm_response")


def _add_request(facts: Facts, request: dict[str, Any], payloads: Payloads) -> None:
    config = request.get("config")
    config = config if isinstance(config, dict) else {}
    if facts.messages is None:
        seen: list[Message] = payloads.messages(
            config.get("system_instruction"), "system"
        )
        seen += payloads.messages(request.get("contents"), "user")
        facts.messages = seen or None
    if facts.tools is None and isinstance(config.get("tools"), list):
        facts.tools = payloads.tools(config["tools"])
