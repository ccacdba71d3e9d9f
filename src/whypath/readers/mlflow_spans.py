"""https://mlflow.org/docs/latest/genai/concepts/span: a span's facts from `mlflow.*`.

Not read: the severity of a span, prompts it is linked to, chunks of a stream.
"""

from typing import Any

from whypath.model import Usage
from whypath.readers.api_calls import add_call
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Facts, Role, Span, text, usage

HEADS = frozenset(("mlflow",))

_KINDS: dict[str, Role] = {
    "LLM": "model",
    "CHAT_MODEL": "model",
    "AGENT": "agent",
    "TOOL": "tool",
    "RETRIEVER": "retrieval",
    "GUARDRAIL": "guardrail",
    "EMBEDDING": "event",
    "RERANKER": "event",
    "EVALUATOR": "event",
    "MEMORY": "event",
}
"""`mlflow.spanType`; the others (chain, task, parser, one's own) only group."""

_USAGE = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read_input_tokens",),
    "cache_write_tokens": ("cache_creation_input_tokens",),
    "cost_usd": ("total_cost",),
}
_TOLD = (
    *("mlflow.spanType", "mlflow.spanInputs", "mlflow.spanOutputs"),
    *("mlflow.traceRequestId", "mlflow.spanLogLevel", "mlflow.message.format"),
)


def role(span: Span) -> Role | None:
    """What the span is, where `mlflow.spanType` says so."""
    kind = text(span.attributes, "mlflow.spanType")
    if kind is None:
        return "structure" if "mlflow.spanInputs" in span.attributes else None
    return _KINDS.get(kind, "structure")


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the span's `mlflow.*` attributes say."""
    attributes = span.attributes
    if not any(name in attributes for name in _TOLD[:3]):
        return
    facts.shown += _TOLD
    asked = attributes.get("mlflow.spanInputs")
    said = attributes.get("mlflow.spanOutputs")
    if facts.kind in ("model", "event") and facts.usage is None:
        facts.usage = _usage(attributes, payloads)
    if facts.kind == "model":
        facts.shown += ("mlflow.chat.tokenUsage", "mlflow.llm.", "mlflow.chat.tools")
        offered = payloads.parse(attributes.get("mlflow.chat.tools"))
        if facts.tools is None and isinstance(offered, list):
            facts.tools = payloads.tools(offered)
        model = text(attributes, "mlflow.llm.model")
        add_call(facts, asked, said, payloads)
        facts.model = facts.model or model
        return
    if facts.input is None:
        facts.input = payloads.keep_if(asked)
    if facts.output is None:
        facts.output = payloads.keep_if(said)


def _usage(attributes: Any, payloads: Payloads) -> Usage | None:
    """Tokens and cost, which are two objects."""
    counted: dict[str, Any] = {}
    for name in ("mlflow.llm.cost", "mlflow.chat.tokenUsage"):
        fields = payloads.parse(attributes.get(name))
        if isinstance(fields, dict):
            counted |= fields
    return usage(counted, _USAGE) if counted else None
