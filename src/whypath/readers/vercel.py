"""https://ai-sdk.dev/docs/ai-sdk-core/telemetry: a span's facts from `ai.*` attributes.

Not read: image and speech generation, embedding values.
"""

from whypath.model import ContentId, Message
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Attributes, Facts, Role, Span, text, usage

HEADS = ("ai.operationId",)

_USAGE = {
    "input_tokens": ("ai.usage.inputTokens", "ai.usage.promptTokens"),
    "output_tokens": ("ai.usage.outputTokens", "ai.usage.completionTokens"),
    "cache_read_tokens": ("ai.usage.cachedInputTokens",),
    "reasoning_tokens": ("ai.usage.reasoningTokens",),
}
_MODEL_CALLS = (
    *("ai.generateText", "ai.streamText"),
    *("ai.generateObject", "ai.streamObject"),
)


def role(span: Span) -> Role | None:
    """What the span is, where `ai.operationId` says so."""
    operation = text(span.attributes, "ai.operationId")
    if operation is None:
        return None
    if operation == "ai.toolCall":
        return "tool"
    return "model" if operation.startswith(_MODEL_CALLS) else "event"


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the span's `ai.*` attributes say."""
    attributes = span.attributes
    if "ai.operationId" not in attributes:
        return
    facts.model = facts.model or text(attributes, "ai.response.model", "ai.model.id")
    function = text(attributes, "ai.telemetry.functionId", "resource.name")
    if facts.kind == "tool":
        facts.name = facts.name or text(attributes, "ai.toolCall.name")
        facts.call_id = facts.call_id or text(attributes, "ai.toolCall.id")
        given = attributes.get("ai.toolCall.args", attributes.get("ai.toolCall.input"))
        facts.input = payloads.keep_if(given) if facts.input is None else facts.input
        given = attributes.get(
            "ai.toolCall.result", attributes.get("ai.toolCall.output")
        )
        facts.output = payloads.keep_if(given) if facts.output is None else facts.output
        facts.shown.append("ai.toolCall.")
        return
    if facts.kind == "event":
        facts.input = payloads.keep_if(
            attributes.get("ai.values", attributes.get("ai.value"))
        )
        facts.shown.append("ai.value")
        return
    if facts.kind == "agent":
        facts.name = facts.name or function
        facts.input = facts.input or _task(attributes, payloads)
        answer = text(attributes, "ai.response.text", "ai.response.object")
        facts.output = facts.output or payloads.keep_if(answer)
        facts.shown += ("ai.prompt", "ai.response.text", "ai.response.object")
        return
    if facts.usage is None and (found := usage(attributes, _USAGE)):
        facts.usage = found
        facts.shown.append("ai.usage.")
    if facts.messages is None:
        facts.messages = _seen(attributes, payloads) or None
    if facts.tools is None and "ai.prompt.tools" in attributes:
        facts.tools = payloads.tools(attributes["ai.prompt.tools"])
    facts.shown.append("ai.prompt")
    if not facts.answered and (said := _said(span, payloads)):
        facts.output, facts.reasoning, facts.calls = payloads.answer(said)
        facts.answered = True
    facts.shown += ("ai.response.text", "ai.response.reasoning", "ai.response.object")
    facts.shown.append("ai.response.toolCalls")


def _seen(attributes: Attributes, payloads: Payloads) -> list[Message]:
    """What the model saw; an outer span has the call's own options instead."""
    given = attributes.get("ai.prompt.messages")
    if given is not None:
        return payloads.messages(given, "user")
    options = payloads.parse(attributes.get("ai.prompt"))
    if not isinstance(options, dict):
        return payloads.messages(options, "user")
    found = payloads.messages(options.get("system"), "system")
    for name in ("messages", "prompt"):
        found += payloads.messages(options.get(name), "user")
    return found


def _task(attributes: Attributes, payloads: Payloads) -> ContentId | None:
    """The last thing the user said to an agent."""
    seen = _seen(attributes, payloads)
    asked = (m.content for m in reversed(seen) if m.role == "user")
    return next((content for content in asked if content is not None), None)


def _said(span: Span, payloads: Payloads) -> list[Message]:
    found = []
    for name, kind in (
        ("ai.response.reasoning", "reasoning"),
        ("ai.response.text", "text"),
        ("ai.response.object", "text"),
    ):
        if said := text(span.attributes, name):
            found.append(Message("assistant", kind, payloads.keep(said)))
    calls = payloads.parse(span.attributes.get("ai.response.toolCalls"))
    if isinstance(calls, list):
        typed = [{"type": "tool-call", **c} for c in calls if isinstance(c, dict)]
        found += payloads.messages(typed, "assistant")
    return found
