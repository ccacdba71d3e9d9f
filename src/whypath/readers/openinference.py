"""https://github.com/Arize-ai/openinference/tree/main/spec: a span's facts from it.

Not read: embedding vectors, prompt templates, the raw request and response that
`input.value` and `output.value` of a model span hold beside the messages.
"""

from whypath.model import Usage, replace
from whypath.readers import decision_spans
from whypath.readers.payloads import Answer, Payloads
from whypath.readers.spans import (
    Attributes,
    Facts,
    Role,
    Span,
    first,
    number,
    text,
    unflatten,
    usage,
)

HEADS = (
    *("openinference.", "llm.", "input.", "output.", "tool.", "tool_call."),
    *("agent.name", "decision.", "retrieval.", "reranker.", "embedding."),
)

_KINDS: dict[str, Role] = {
    "LLM": "model",
    "TOOL": "tool",
    "AGENT": "agent",
    "RETRIEVER": "retrieval",
    "DECISION": "decision",
    "GUARDRAIL": "guardrail",
    "CHAIN": "structure",
    "PROMPT": "structure",
    "UNKNOWN": "structure",
    "EMBEDDING": "event",
    "RERANKER": "event",
    "EVALUATOR": "event",
}
_NAMED: dict[str, Role] = {
    "user_message": "user",
    "system_message": "system",
    "should_continue": "decision",
}
"""Names of structural spans that say more than their kind does."""

_USAGE = {
    "input_tokens": ("llm.token_count.prompt", "decision.token_count.input"),
    "output_tokens": ("llm.token_count.completion", "decision.token_count.output"),
    "cache_read_tokens": ("llm.token_count.prompt_details.cache_read",),
    "cache_write_tokens": ("llm.token_count.prompt_details.cache_write",),
    "reasoning_tokens": ("llm.token_count.completion_details.reasoning",),
    "cost_usd": ("llm.cost.total",),
}
_MODEL = (
    *("llm.response.model_name", "llm.model_name", "llm.request.model_name"),
    *("decision.response.model_name", "decision.model_name"),
    *("decision.request.model_name", "embedding.model_name", "reranker.model_name"),
)
_EXACT = ("decision", "handoff", "guardrail")


def role(span: Span) -> Role | None:
    """What the span is, where `openinference.span.kind` says so."""
    kind = span.attributes.get("openinference.span.kind")
    if not isinstance(kind, str) or not kind:
        return None
    if decision_spans.is_decision(span.attributes):
        return "decision"
    found = _KINDS.get(kind.upper(), "structure")
    if found in ("tool", "agent") and span.name.lower().startswith("handoff"):
        return "handoff"
    if found == "structure":
        if span.name.startswith("branch:"):
            return "decision"
        return _NAMED.get(span.name, found)
    return found


def exact_role(span: Span) -> Role | None:
    """What the span is, where that is more exact than what another convention says."""
    if "openinference.span.kind" not in span.attributes:
        return None
    found = role(span)
    return found if found in _EXACT else None


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the span's OpenInference attributes say."""
    attributes = span.attributes
    facts.agent = facts.agent or text(attributes, "agent.name")
    facts.model = facts.model or text(attributes, *_MODEL)
    facts.shown += ("openinference.span.kind", "input.mime_type", "output.mime_type")
    if facts.kind == "agent":
        facts.name = facts.name or text(attributes, "agent.name")
    elif facts.usage is None and (found := _usage(attributes)):
        facts.usage = found
        facts.shown += ("llm.token_count.", "llm.cost.", "decision.token_count.")
    if facts.kind == "model":
        _add_model(facts, attributes, payloads)
        return
    if facts.kind == "tool":
        facts.name = facts.name or text(attributes, "tool.name")
        facts.call_id = facts.call_id or text(attributes, "tool.id", "tool_call.id")
        facts.shown += ("tool.name", "tool.id")
    if facts.kind == "decision":
        decision_spans.add_decisions(facts, attributes, payloads)
    if facts.kind == "retrieval" or "reranker." in str(first(attributes, *_MODEL)):
        _add_documents(facts, attributes, payloads)
    if facts.input is None:
        facts.input = payloads.keep_if(attributes.get("input.value"))
    if facts.output is None:
        facts.output = payloads.keep_if(attributes.get("output.value"))
    facts.shown += ("input.value", "output.value")


def _usage(attributes: Attributes) -> Usage | None:
    """Tokens and cost; a cost recorded only in its two halves is their sum."""
    found = usage(attributes, _USAGE)
    if found is None or found.cost_usd is not None:
        return found
    halves = [number(attributes, (f"llm.cost.{x}",)) for x in ("prompt", "completion")]
    known = [half for half in halves if half is not None]
    return replace(found, cost_usd=sum(known)) if known else found


def _add_model(facts: Facts, attributes: Attributes, payloads: Payloads) -> None:
    if facts.messages is None:
        seen = unflatten(attributes, "llm.input_messages.")
        given = seen or attributes.get("input.value")
        facts.messages = payloads.messages(given, "user") or None
    facts.shown.append("llm.input_messages.")
    if facts.messages is not None:
        facts.shown.append("input.value")
    response = attributes.get("output.value")
    if not facts.answered:
        said = unflatten(attributes, "llm.output_messages.")
        given = said or _said(response, payloads)
        parts = payloads.messages(given, "assistant")
        if parts:
            answers = _choices(given, attributes, payloads)
            facts.say(answers or [payloads.answer(parts)])
        elif facts.output is None:
            facts.output = payloads.keep_if(response)
    facts.shown += ("llm.output_messages.", "output.value")
    if facts.tools is None:
        offered = unflatten(attributes, "llm.tools.")
        schemas = [t.get("tool", t) for t in offered if isinstance(t, dict)]
        schemas = [s.get("json_schema") for s in schemas if isinstance(s, dict)]
        if not schemas:
            whole = payloads.parse(response)
            listed = whole.get("tools") if isinstance(whole, dict) else None
            schemas = listed if isinstance(listed, list) else []
        if schemas:
            facts.tools = payloads.tools(schemas)
    facts.shown.append("llm.tools.")


def _said(response: object, payloads: Payloads) -> object:
    """The messages inside a model API's raw response; a plain text is itself one."""
    whole = payloads.parse(response)
    if not isinstance(whole, dict):
        return response
    if isinstance(whole.get("choices"), list):
        return whole["choices"]
    if isinstance(whole.get("output"), list):
        return whole["output"]
    return response


def _choices(given: object, attributes: Attributes, payloads: Payloads) -> list[Answer]:
    """Several answers, where as many were asked for; [] for the parts of one."""
    if not isinstance(given, list) or len(given) < 2:
        return []
    asked = payloads.parse(attributes.get("llm.invocation_parameters"))
    raw = payloads.parse(attributes.get("output.value"))
    count = asked.get("n") if isinstance(asked, dict) else None
    listed = raw.get("choices") if isinstance(raw, dict) else None
    told = isinstance(listed, list) and len(listed) == len(given)
    return payloads.answers(given) if told or count == len(given) else []


def _add_documents(facts: Facts, attributes: Attributes, payloads: Payloads) -> None:
    for prefix in ("retrieval.documents.", "reranker.output_documents."):
        found = unflatten(attributes, prefix)
        if found and facts.output is None:
            documents = [
                d.get("document", d) if isinstance(d, dict) else d for d in found
            ]
            facts.output = payloads.keep(documents)
            facts.shown.append(prefix)
    query = text(attributes, "reranker.query")
    if facts.input is None and query:
        facts.input = payloads.keep(query)
        facts.shown.append("reranker.query")
