"""https://github.com/traceloop/openllmetry semantic conventions: a span's facts.

AgentOps writes them too, with its own name in front.

Not read: HTTP headers, association properties other than the session's id.
"""

from whypath.model import ContentId
from whypath.readers.payloads import Payloads
from whypath.readers.spans import (
    Attributes,
    Facts,
    Role,
    Span,
    first,
    text,
    unflatten,
    usage,
)

FACTS = (
    *("traceloop.", "agentops.", "agent.role", "llm.request.", "llm.usage."),
    *("gen_ai.prompt", "gen_ai.completion"),
)
HEADS = (*FACTS, "gen_ai.request.model", "gen_ai.response.model")

_KINDS: dict[str, Role] = {
    "workflow": "agent",
    "agent": "agent",
    "task": "structure",
    "tool": "tool",
}
_MODELS = ("gen_ai.request.model", "gen_ai.response.model", "llm.request.type")
_NAMES = ("traceloop.entity.name", "agent.role", "agentops.entity.name")
_INPUTS = ("traceloop.entity.input", "agentops.entity.input")
_OUTPUTS = ("traceloop.entity.output", "agentops.entity.output")
_USAGE = {
    "input_tokens": ("llm.usage.prompt_tokens",),
    "output_tokens": ("llm.usage.completion_tokens",),
    "cache_read_tokens": ("llm.usage.cache_read_input_tokens",),
    "cache_write_tokens": ("llm.usage.cache_creation_input_tokens",),
}


def role(span: Span) -> Role | None:
    """What the span is: by its kind, or a model call because it names a model."""
    kind = text(span.attributes, "traceloop.span.kind", "agentops.span.kind")
    if kind is not None and kind not in ("llm", "request"):
        return _KINDS.get(kind, "structure")
    if text(span.attributes, "llm.request.type") in ("embedding", "rerank"):
        return "event"
    return "model" if text(span.attributes, *_MODELS) else None


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the span's `traceloop.*`, `llm.*` and numbered attributes say."""
    attributes = span.attributes
    name = text(attributes, *_NAMES)
    facts.shown += ("traceloop.span.kind", "agentops.span.kind", *_NAMES)
    if facts.kind in ("tool", "agent"):
        facts.name = facts.name or name
    if facts.input is None:
        facts.input = _entity(attributes, _INPUTS, payloads)
    if facts.output is None:
        facts.output = _entity(attributes, _OUTPUTS, payloads)
    facts.shown += (*_INPUTS, *_OUTPUTS)
    if facts.kind != "model":
        return
    if facts.usage is None and (found := usage(attributes, _USAGE)):
        facts.usage = found
        facts.shown.append("llm.usage.")
    if facts.messages is None:
        seen = unflatten(attributes, "gen_ai.prompt.")
        facts.messages = payloads.messages(seen or None, "user") or None
    if not facts.answered:
        said = unflatten(attributes, "gen_ai.completion.")
        parts = payloads.messages(said or None, "assistant")
        if parts:
            each = all(isinstance(c, dict) and c.get("finish_reason") for c in said)
            several = payloads.answers(said) if each and len(said) > 1 else []
            facts.say(several or [payloads.answer(parts)])
    facts.shown += ("gen_ai.prompt.", "gen_ai.completion.")
    if facts.tools is None:
        offered = unflatten(attributes, "llm.request.functions.")
        facts.tools = payloads.tools(offered) if offered else None
    facts.shown.append("llm.request.functions.")


def _entity(
    attributes: Attributes, names: tuple[str, ...], payloads: Payloads
) -> ContentId | None:
    """An input or output, which is always JSON: a plain text stands in quotes."""
    found = first(attributes, *names)
    value = found[1] if found else None
    spelled = payloads.parse(value)
    return payloads.keep_if(spelled if isinstance(spelled, str) else value)
