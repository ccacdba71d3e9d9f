"""https://docs.wandb.ai/weave/guides/tracking/tracing: calls, as a server exports them.

Not read: what references point to, feedback, files; the tokens that a call only adds up
from the calls inside it.
"""

from collections.abc import Iterator
from typing import Any

from whypath.builder import Builder
from whypath.readers import weave_spans as names
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import as_object, as_text, as_time, document
from whypath.readers.spans import Span
from whypath.records import BadShape, Records, Sample, decoder

NAME = "weave"
TOOL = "W&B Weave calls"
EXPORT = (
    "POST https://trace.wandb.ai/calls/stream_query with your project_id, "
    "or client.get_calls(), a line each"
)
NOT_READ = "what weave:/// references point to, feedback"
EXAMPLE = "whypath report calls.jsonl"

_any = decoder(object)

_CALL = ("op_name", "trace_id", "started_at")
_READ = {
    *("id", "trace_id", "parent_id", "op_name", "started_at", "ended_at", "inputs"),
    *("output", "exception", "summary", "thread_id", "attributes", "project_id"),
    *("display_name", "turn_id", "wb_user_id"),
}


def detect(sample: Sample) -> bool:
    """Some object is a call: an op, a trace and a start."""
    return any(_is_call(call) for value in sample.objects() for call in _calls(value))


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the calls say."""
    for record in records:
        spans = []
        for value in _calls(document(record.data)):
            if not _is_call(value):
                what = "a record that is no call"
                builder.problem("loss", what, "left out", record.line)
                continue
            spans.append(_span(value, builder, record.line))
        add_spans(spans, builder)


def _is_call(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), str | int | float) for key in _CALL
    )


def _calls(value: Any) -> Iterator[Any]:
    """The calls of a record: itself, or those it holds."""
    if isinstance(value, list):
        for item in value:
            yield from _calls(item) if isinstance(item, dict) else (item,)
    elif isinstance(value, dict) and isinstance(value.get("calls"), list):
        yield from value["calls"]
    elif isinstance(value, dict) and isinstance(value.get("call"), dict):
        yield value["call"]
    else:
        yield value


def _span(call: dict[str, Any], builder: Builder, line: int) -> Span:
    """One call as a span."""
    summary = as_object(call.get("summary"))
    told = as_object(summary.get("weave"))
    exception = call.get("exception")
    failed = bool(exception) or told.get("status") == "error"
    end_ns = as_time(call.get("ended_at"), builder, line)
    op = _op(call)
    return Span(
        trace_id=as_text(call.get("trace_id")),
        span_id=as_text(call.get("id")),
        parent_id=as_text(call.get("parent_id")),
        name=as_text(call.get("display_name")) or op,
        start_ns=as_time(call.get("started_at"), builder, line),
        end_ns=end_ns,
        status="error" if failed else "ok" if end_ns is not None else "unset",
        message=_reason(exception),
        attributes=_attributes(call, op, summary, told),
        events=(),
        resource={},
        scope="weave",
        line=line,
        file=builder.file,
    )


def _op(call: dict[str, Any]) -> str:
    """`weave:///entity/project/op/NAME:digest` without what is round the name."""
    whole = str(call.get("op_name"))
    return whole.rpartition("/")[2].partition(":")[0] or whole


def _attributes(
    call: dict[str, Any], op: str, summary: dict[str, Any], told: dict[str, Any]
) -> dict[str, Any]:
    """The call's facts under our names, and whatever else it says under its own."""
    given = as_object(call.get("attributes"))
    own = as_object(given.get("weave"))
    found = {
        names.OP: op,
        names.KIND: own.get("kind"),
        names.INPUTS: as_object(call.get("inputs")),
        names.OUTPUT: call.get("output"),
        names.COUNTED: _own_usage(summary),
        names.COSTS: told.get("costs"),
        "session.id": call.get("thread_id"),
        "user.id": call.get("wb_user_id"),
        "service.name": call.get("project_id"),
        "exception": _plain(call.get("exception")),
    }
    rest = {f"attributes.{k}": v for k, v in given.items() if k != "weave"}
    rest |= {key: value for key, value in call.items() if key not in _READ}
    found |= rest
    return {name: value for name, value in found.items() if value is not None}


def _own_usage(summary: dict[str, Any]) -> dict[str, Any] | None:
    """Tokens by model that the call itself used: those inside it are added to them."""
    counts = as_object(summary.get("status_counts")).values()
    if sum(n for n in counts if type(n) is int) > 1:
        return None
    return as_object(summary.get("usage")) or None


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return _any(value.encode("utf-8", "replace"))
    except BadShape:
        return value


def _reason(exception: Any) -> str | None:
    """The exception's type and message; of a traceback in one text, its last line."""
    told = _plain(exception)
    if isinstance(told, dict):
        parts = [as_text(told.get(key)) for key in ("type", "message")]
        return ": ".join(part for part in parts if part) or None
    lines = str(told).strip().splitlines() if told else []
    if not lines:
        return None
    return lines[-1] if lines[0].startswith("Traceback") else lines[0]
