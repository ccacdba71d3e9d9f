"""Turns a span into Facts by asking every dialect of its attributes in turn.

A span often speaks several dialects at once; the first to know a thing is believed. No
attribute of a dialect is named here, only the few that tools use beside any dialect.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

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


class _Speech(NamedTuple):
    """What the names of a span's attributes and events say without their values."""

    of_role: tuple[Any, ...]
    """The dialects that may know what the span is."""
    of_facts: tuple[Any, ...]
    """Those that may know something of it."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def role(span: Span) -> Role | None:
    """What the span is; None for plumbing that speaks no dialect."""
    if exact := openinference.exact_role(span):
        return exact
    vague: Role | None = None
    for dialect in _speech(span).of_role:
        found: Role | None = dialect.role(span)
        if found not in _VAGUE:
            return found
        vague = found or vague
    return vague


def facts_of(span: Span, kind: Kind, payloads: Payloads) -> Facts:
    """All that is known of the span as a step of this kind."""
    facts = Facts(kind)
    speech = _speech(span)
    for dialect in speech.of_facts:
        dialect.add_facts(facts, span, payloads)
    if span.attributes.get(_RECONSTRUCTED) is True:
        facts.messages = None
    if speech.inputs:
        _add_payload(facts, span, speech.inputs, True, payloads)
    if speech.outputs:
        _add_payload(facts, span, speech.outputs, False, payloads)
    return facts


def _add_payload(
    facts: Facts, span: Span, names: tuple[str, ...], is_input: bool, payloads: Payloads
) -> None:
    """Adds an input or output that tools write beside any dialect."""
    found = first(span.attributes, *names)
    if found is None or found[0] in facts.shown:
        return
    if is_input and facts.input is None and facts.messages is None:
        facts.input = payloads.keep(found[1])
    elif not is_input and facts.output is None and not facts.answered:
        facts.output = payloads.keep(found[1])
    facts.shown.append(found[0])


def _speech(span: Span) -> _Speech:
    """What the names of a span say; spans of a kind have the same names."""
    if span.events:
        names = (*span.attributes, *(event.name for event in span.events))
        return _speech_of(names)
    return _speech_of(tuple(span.attributes))


@lru_cache(maxsize=512)
def _speech_of(names: tuple[str, ...]) -> _Speech:
    """What these names say, by how they begin.

    Of a dialect, `HEADS` says how all names begin that it knows, and `FACTS` how those
    do that hold more than what the span is. One that does not say is always asked.
    """
    speaking = tuple(d for d in _DIALECTS if _has(names, getattr(d, "HEADS", ("",))))
    return _Speech(
        speaking,
        tuple(d for d in speaking if _has(names, getattr(d, "FACTS", ("",)))),
        tuple(name for name in _INPUTS if name in names),
        tuple(name for name in _OUTPUTS if name in names),
    )


def _has(names: tuple[str, ...], heads: Iterable[str]) -> bool:
    beginnings = tuple(heads)
    return any(name.startswith(beginnings) for name in names)


def rest(span: Span, facts: Facts) -> dict[str, Any]:
    """The attributes that no fact tells, as they were recorded."""
    attributes = span.attributes
    names = _untold(tuple(attributes), tuple(facts.shown))
    return {name: attributes[name] for name in names}


@lru_cache(maxsize=2048)
def _untold(names: tuple[str, ...], shown: tuple[str, ...]) -> tuple[str, ...]:
    """The names that begin like none of those that are shown."""
    told = (*shown, *_REPEATS)
    return tuple(name for name in names if not name.startswith(told))
