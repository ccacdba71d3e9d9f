"""Turns a span into Facts by asking every dialect of its attributes in turn.

A span often speaks several dialects at once; the first to know a thing is believed. No
attribute of a dialect is named here, only the few that tools use beside any dialect.
"""

from functools import lru_cache
from typing import Any

from whypath.model import Kind
from whypath.readers import (
    atof_spans,
    claude_spans,
    gen_ai,
    google_adk,
    livekit,
    logfire,
    mlflow_spans,
    openinference,
    told_spans,
    traceloop,
    vendors,
    vercel,
    weave_spans,
)
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Facts, Role, Span, first

_DIALECTS = (
    *(gen_ai, openinference, vercel, google_adk, traceloop),
    *(claude_spans, livekit, vendors, logfire, mlflow_spans, weave_spans),
    *(atof_spans, told_spans),
)
_VAGUE = (None, "event", "structure")

_INPUTS = (
    *("input.value", "traceloop.entity.input", "input", "langfuse.observation.input"),
    *("lmnr.span.input", "copilot_chat.hook_input", "lk.user_input"),
)
_OUTPUTS = (
    *("output.value", "traceloop.entity.output", "output"),
    *("langfuse.observation.output", "lmnr.span.output", "final_result"),
    *("copilot_chat.hook_output", "lk.response.text"),
)
_RECONSTRUCTED = "agentpile.input_reconstructed"
"""Says that the input of a model call was not recorded but put together later."""
_REPEATS = (
    *("logfire.json_schema", "logfire.msg", "pydantic_ai.all_messages"),
    *("model_request_parameters", "agentpile."),
)
"""Beginnings of names under which a tool says again what other attributes say."""


def role(span: Span) -> Role | None:
    """What the span is; None for plumbing that speaks no dialect."""
    if exact := openinference.exact_role(span):
        return exact
    vague: Role | None = None
    for dialect in _spoken(span):
        found: Role | None = dialect.role(span)
        if found not in _VAGUE:
            return found
        vague = found or vague
    return vague


def facts_of(span: Span, kind: Kind, payloads: Payloads) -> Facts:
    """All that is known of the span as a step of this kind."""
    facts = Facts(kind)
    for dialect in _spoken(span):
        dialect.add_facts(facts, span, payloads)
    if span.attributes.get(_RECONSTRUCTED) is True:
        facts.messages = None
    for names, is_input in ((_INPUTS, True), (_OUTPUTS, False)):
        found = first(span.attributes, *names)
        if found is None or found[0] in facts.shown:
            continue
        if is_input and facts.input is None and facts.messages is None:
            facts.input = payloads.keep(found[1])
        elif not is_input and facts.output is None and not facts.answered:
            facts.output = payloads.keep(found[1])
        facts.shown.append(found[0])
    return facts


def _spoken(span: Span) -> tuple[Any, ...]:
    """The dialects that a span's attributes and events may be of."""
    if span.events:
        return _dialects((*span.attributes, *(event.name for event in span.events)))
    return _dialects(tuple(span.attributes))


@lru_cache(maxsize=512)
def _dialects(names: tuple[str, ...]) -> tuple[Any, ...]:
    """The dialects of attributes with these names; spans of a kind have the same.

    A dialect that does not say how its names begin (`HEADS`) is always asked.
    """
    heads = [(d, tuple(getattr(d, "HEADS", ("",)))) for d in _DIALECTS]
    return tuple(d for d, head in heads if any(n.startswith(head) for n in names))


def rest(span: Span, facts: Facts) -> dict[str, Any]:
    """The attributes that no fact tells, as they were recorded."""
    told = (*facts.shown, *_REPEATS)
    attributes = span.attributes.items()
    return {name: value for name, value in attributes if not name.startswith(told)}
