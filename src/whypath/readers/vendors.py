"""https://langfuse.com/docs, Laminar, VoltAgent, LangSmith: a span's facts from theirs.

Not read: scores, prompt names, versions and environments, beyond showing them. Each
vendor says a span's kind in one attribute, and keeps what went in and out in two more;
what else its spans say is in the words of other dialects.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from whypath.model import Usage
from whypath.readers.api_calls import add_call
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Facts, Role, Span, text, usage


class _Vendor(NamedTuple):
    """The attributes of one vendor; `counts` holds tokens and cost as an object."""

    kind: str
    roles: Mapping[str, Role]
    input: tuple[str, ...]
    output: tuple[str, ...]
    model: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    needs: str = ""


_VENDORS = (
    _Vendor(
        kind="langfuse.observation.type",
        roles={
            "generation": "model",
            "tool": "tool",
            "agent": "agent",
            "retriever": "retrieval",
            "guardrail": "guardrail",
            "chain": "structure",
            "span": "structure",
            "event": "event",
            "embedding": "event",
            "evaluator": "event",
        },
        input=("langfuse.observation.input",),
        output=("langfuse.observation.output",),
        model=("langfuse.observation.model.name",),
        counts=(
            "langfuse.observation.usage_details",
            "langfuse.observation.cost_details",
        ),
    ),
    _Vendor(
        kind="lmnr.span.type",
        roles={
            "LLM": "model",
            "CACHED": "model",
            "TOOL": "tool",
            "EXECUTOR": "agent",
            "DEFAULT": "structure",
            "PIPELINE": "structure",
            "EVALUATION": "structure",
            "EVALUATOR": "event",
            "HUMAN_EVALUATOR": "event",
        },
        input=("lmnr.span.input",),
        output=("lmnr.span.output",),
    ),
    _Vendor(
        kind="langsmith.span.kind",
        roles={
            "llm": "model",
            "tool": "tool",
            "chain": "structure",
            "retriever": "retrieval",
            "prompt": "structure",
            "parser": "structure",
            "embedding": "event",
        },
        input=("gen_ai.prompt",),
        output=("gen_ai.completion",),
    ),
    _Vendor(
        kind="span.type",
        roles={"agent": "agent", "llm": "model", "tool": "tool", "memory": "event"},
        input=("llm.messages", "agent.messages", "input"),
        output=("output",),
        model=("ai.model.name",),
        counts=("usage",),
        needs="voltagent.",
    ),
)
_COUNTS = {
    "input_tokens": ("input", "prompt_tokens", "input_tokens"),
    "output_tokens": ("output", "completion_tokens", "output_tokens"),
    "cache_read_tokens": ("cache_read_input_tokens", "input_cached_tokens"),
    "cache_write_tokens": ("cache_creation_input_tokens",),
    "reasoning_tokens": ("output_reasoning_tokens", "reasoning_tokens"),
}

HEADS = ("langfuse.", "lmnr.", "langsmith.", "span.type", "entity.type")


def role(span: Span) -> Role | None:
    """What the span is, in the words of the vendor that made it."""
    for vendor in _VENDORS:
        kind = text(span.attributes, vendor.kind)
        if kind is not None and _is_of(vendor, span):
            return vendor.roles.get(kind, "structure")
    if text(span.attributes, "entity.type") == "agent" and _is_of(_VENDORS[-1], span):
        return "agent"
    return None


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what went in and out, the model, tokens and cost."""
    for vendor in _VENDORS:
        if vendor.kind in span.attributes and _is_of(vendor, span):
            _add(facts, span, vendor, payloads)


def _is_of(vendor: _Vendor, span: Span) -> bool:
    """True unless a kind's name, used by others too, stands alone."""
    return not vendor.needs or any(n.startswith(vendor.needs) for n in span.attributes)


def _add(facts: Facts, span: Span, vendor: _Vendor, payloads: Payloads) -> None:
    attributes = span.attributes
    facts.shown.append(vendor.kind)
    facts.model = facts.model or text(attributes, *vendor.model)
    asked = next((attributes[n] for n in vendor.input if attributes.get(n)), None)
    said = next((attributes[n] for n in vendor.output if attributes.get(n)), None)
    facts.shown += (*vendor.input, *vendor.output)
    if facts.kind != "model":
        facts.input = payloads.keep_if(asked) if facts.input is None else facts.input
        facts.output = payloads.keep_if(said) if facts.output is None else facts.output
        return
    if facts.usage is None and vendor.counts:
        facts.usage = _usage(attributes, vendor.counts, payloads)
    add_call(facts, asked, said, payloads)


def _usage(
    attributes: Mapping[str, Any], names: tuple[str, ...], payloads: Payloads
) -> Usage | None:
    """Tokens from the first object, what they cost from the second."""
    counts, *costs = (_counted(attributes, name, payloads) for name in names)
    cost = costs[0].get("total") if costs else None
    return usage({**counts, "cost": cost}, {**_COUNTS, "cost_usd": ("cost",)})


def _counted(
    attributes: Mapping[str, Any], name: str, payloads: Payloads
) -> dict[str, Any]:
    """The object under a name, or what the names that begin with it spell out."""
    whole = payloads.parse(attributes.get(name))
    if isinstance(whole, dict):
        return whole
    start = f"{name}."
    return {k[len(start) :]: v for k, v in attributes.items() if k.startswith(start)}
