"""Says what one run of LangSmith was given, what it gave back, and what it took.

Part of the `langsmith` reader. It looks at no other run.
"""

from collections.abc import Iterable
from typing import Any

from whypath.model import Usage
from whypath.readers import told_spans
from whypath.readers.langchain_messages import (
    answer_in,
    is_message,
    messages_in,
    plain_message,
    unquote,
)
from whypath.readers.span_values import as_object, as_text
from whypath.readers.spans import Role, as_number, whole

Fields = dict[str, Any]

_MODELS = ("model", "model_name", "model_id")
_CACHE_READ = ("cache_read", "cached_tokens")
_CACHE_WRITE = ("cache_creation", "ephemeral_5m_input_tokens")
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def facts_of(fields: Fields, kind: Role | None) -> Fields:
    """The facts of a run of this kind, under the names of `told_spans`.

    `failed` is True for a tool whose result says so itself.
    """
    asked, said = fields.get("inputs"), fields.get("outputs")
    asked = None if asked in _EMPTY else asked
    said = None if said in _EMPTY else said
    if kind == "model":
        return _model(fields, as_object(asked), said)
    if kind == "tool":
        return _tool(fields, asked, said)
    if kind is None:
        return {}
    if kind == "retrieval":
        asked = _only(asked, "query", "input")
        said = _only(said, "documents", "output")
    found: Fields = {told_spans.INPUT: asked, told_spans.OUTPUT: said}
    return {**found, told_spans.USAGE: _usage(fields) if kind == "event" else None}


def _model(fields: Fields, asked: Fields, said: Any) -> Fields:
    extra = as_object(fields.get("extra"))
    params = as_object(extra.get("invocation_params"))
    tools = params.get("tools") or params.get("functions")
    messages = messages_in({k: v for k, v in asked.items() if k != "tools"})
    request = asked if messages is None else {**asked, "messages": messages}
    for name in ("input", "prompts", "prompt"):
        if messages is not None:
            request.pop(name, None)
    settings = {k: v for k, v in params.items() if k != "tools" and v is not None}
    return {
        told_spans.MODEL: _model_name(fields, asked, said, params),
        told_spans.INPUT: request or None,
        told_spans.OUTPUT: _answer(said),
        told_spans.TOOLS: tools if isinstance(tools, list) else None,
        told_spans.USAGE: _usage(fields),
        "invocation_params": settings or None,
    }


def _answer(said: Any) -> Any:
    """What the model said; a wrapper may keep it under `output` or as plain fields."""
    found = answer_in(said)
    fields = as_object(found)
    if fields.get("role") is None and isinstance(fields.get("content"), str | list):
        return {"role": "assistant", **fields}
    return found


def _model_name(fields: Fields, asked: Fields, said: Any, params: Fields) -> str | None:
    """The model that answered, else the one that was asked."""
    metadata = as_object(as_object(fields.get("extra")).get("metadata"))
    told = as_object(said)
    sources = (
        *(told, _response(said), as_object(told.get("llm_output"))),
        *({"model": metadata.get("ls_model_name")}, params, asked),
    )
    names = (as_text(source.get(key)) for source in sources for key in _MODELS)
    return next((name for name in names if name), None)


def _message(said: Any) -> Fields:
    """The message that LangChain's outputs hold, with all its fields."""
    listed = as_object(said).get("generations")
    while isinstance(listed, list):
        listed = listed[0] if listed else None
    message = as_object(as_object(listed).get("message")) or as_object(said)
    return as_object(message.get("kwargs")) or as_object(message.get("data")) or message


def _response(said: Any) -> Fields:
    return as_object(_message(said).get("response_metadata"))


def _tool(fields: Fields, asked: Any, said: Any) -> Fields:
    """A tool's arguments and result, and the call that it answers."""
    extra = as_object(fields.get("extra"))
    metadata = as_object(extra.get("metadata"))
    inner = _only(said, "output")
    message = as_object(plain_message(inner)) if is_message(inner) else {}
    ids = (extra.get("tool_call_id"), metadata.get("tool_call_id"))
    calls = (as_text(id) for id in (*ids, message.get("tool_call_id")))
    failed = as_object(_kwargs(inner)).get("status") == "error"
    return {
        told_spans.CALL_ID: next((id for id in calls if id), None),
        told_spans.INPUT: unquote(_only(asked, "input")),
        told_spans.OUTPUT: message.get("content", "") if message else inner,
        "failed": failed or None,
    }


def _kwargs(message: Any) -> Any:
    fields = as_object(message)
    return fields.get("kwargs", fields)


def _only(value: Any, *names: str) -> Any:
    """What an object holds under a name, when it holds nothing else."""
    fields = as_object(value)
    if len(fields) == 1 and (name := next(iter(fields))) in names:
        return fields[name]
    return value


def _usage(fields: Fields) -> Usage | None:
    """Tokens as the run, its message or its metadata counts them; the cache within."""
    said = as_object(fields.get("outputs"))
    metadata = as_object(as_object(fields.get("extra")).get("metadata"))
    counted = (
        *(said.get("usage_metadata"), _message(said).get("usage_metadata")),
        *(fields.get("usage_metadata"), metadata.get("usage_metadata")),
        *(_response(said).get("token_usage"), said.get("usage")),
        as_object(said.get("llm_output")).get("token_usage"),
        fields,
    )
    cost = as_number(fields.get("total_cost"))
    for given in counted:
        counts = as_object(given)
        asked = whole(counts, ("input_tokens", "prompt_tokens"))
        made = whole(counts, ("output_tokens", "completion_tokens"))
        if not asked and not made:
            continue
        details = _details(counts, "input", "prompt")
        if cost is None:
            cost = as_number(counts.get("total_cost"))
        return Usage(
            input_tokens=asked,
            output_tokens=made,
            cache_read_tokens=whole(details, _CACHE_READ),
            cache_write_tokens=whole(details, _CACHE_WRITE),
            reasoning_tokens=whole(
                _details(counts, "output", "completion"),
                ("reasoning", "reasoning_tokens"),
            ),
            cost_usd=cost,
        )
    return None if cost is None else Usage(cost_usd=cost)


def _details(counts: Fields, *names: str) -> Fields:
    """The parts of a count, under the names that LangChain or an API gives them."""
    keys: Iterable[str] = (
        f"{name}_{ending}"
        for name in names
        for ending in ("token_details", "tokens_details")
    )
    return next((found for key in keys if (found := as_object(counts.get(key)))), {})
