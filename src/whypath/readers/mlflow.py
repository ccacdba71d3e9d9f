"""https://mlflow.org/docs/latest/genai/tracing: traces as `Trace.to_json` writes them.

Not read: links between spans, attachments, and the previews in a trace's `info`. Also
reads tables of traces (`search_traces`), whose `trace` column is a trace as text, and
the traces of MLflow 2.
"""

from collections.abc import Iterator
from typing import Any

from whypath.builder import Builder
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import (
    as_id,
    as_object,
    as_status,
    as_text,
    as_time,
    document,
    each_value,
    objects,
)
from whypath.readers.spans import Event, Span, as_number
from whypath.records import BadShape, Records, Sample, decoder

NAME = "mlflow"
TOOL = "MLflow traces: GenAI autologging and `mlflow.trace`"
EXPORT = (
    "mlflow.get_trace(id).to_json(), or mlflow.search_traces().to_json("
    "'traces.jsonl', orient='records', lines=True)"
)
NOT_READ = "links between spans, attachments, the REST API's `trace_info`"
EXAMPLE = "whypath report traces.jsonl"

_any = decoder(object)

_PAYLOADS = ("mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.chat.tools")
"""Attributes that are large and stay as text; whoever needs one parses it."""

_INFO = ("trace_metadata", "request_metadata", "trace_location", "execution_time_ms")
_TABLE = {
    *("trace_id", "request_id", "trace", "client_request_id", "state", "status"),
    *("request_time", "timestamp_ms", "execution_duration", "execution_time_ms"),
    *("request", "response", "trace_metadata", "request_metadata", "tags", "spans"),
    *("assessments", "inputs", "outputs", "expectations"),
}
_LABELS = {"mlflow.trace.user": "user.id", "mlflow.trace.session": "session.id"}
_OWN = "mlflow."


def detect(sample: Sample) -> bool:
    """Some object is a trace, or a row of a table of traces."""
    return any(_is_trace(value) or _is_row(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the traces say."""

    def take(value: Any, line: int) -> None:
        add_spans(list(_spans(value, builder, line)), builder)

    each_value(records, builder, take)


def _is_trace(value: dict[str, Any]) -> bool:
    info, data = value.get("info"), value.get("data")
    if not isinstance(info, dict) or not isinstance(data, dict | None):
        return False
    spans = next(objects(as_object(data).get("spans")), {})
    named = isinstance(info.get("trace_id", info.get("request_id")), str)
    ours = any(key in info for key in _INFO) or _speaks(spans)
    return named and ours and ("data" not in value or "spans" in as_object(data))


def _is_row(value: dict[str, Any]) -> bool:
    """A row's long `trace` may be cut off in a sample: then its id tells."""
    id = value.get("trace_id", value.get("request_id"))
    return isinstance(id, str) and id.startswith("tr-") and value.keys() <= _TABLE


def _speaks(span: dict[str, Any]) -> bool:
    return any(name.startswith(_OWN) for name in as_object(span.get("attributes")))


def _spans(value: Any, builder: Builder, line: int) -> Iterator[Span]:
    """The spans of a trace, or of a row that holds one, with what is known of it."""
    trace = as_object(value)
    if "trace" in trace:
        inner = trace["trace"]
        inner = document(_bytes(inner)) if isinstance(inner, str) else inner
        trace = inner if isinstance(inner, dict) else {**trace, "trace": None}
    info = as_object(trace.get("info")) or trace
    listed = as_object(trace.get("data")).get("spans", trace.get("spans"))
    spans = list(objects(listed))
    if not spans:
        known = info.keys() & {"trace_id", "request_id"}
        what = "a trace without spans" if known else "a record that is no trace"
        builder.problem("loss", what, "left out", line)
        return
    root = _root(spans)
    for span in spans:
        yield _span(span, info, span is root, builder, line)


def _root(spans: list[dict[str, Any]]) -> dict[str, Any]:
    return next((s for s in spans if not _parent(s)), spans[0])


def _parent(span: dict[str, Any]) -> Any:
    return span.get("parent_span_id", span.get("parent_id"))


def _span(
    span: dict[str, Any], info: dict[str, Any], root: bool, builder: Builder, line: int
) -> Span:
    """One span of schema 3 or 2; the root carries what is known of the trace."""
    context, status = as_object(span.get("context")), as_object(span.get("status"))
    attributes = _attributes(as_object(span.get("attributes")))
    events = [_event(event, builder, line) for event in objects(span.get("events"))]
    if root:
        attributes |= _of_trace(info)
        events += [_assessment(given) for given in objects(info.get("assessments"))]
    start = span.get("start_time_unix_nano", span.get("start_time"))
    end = span.get("end_time_unix_nano", span.get("end_time"))
    said = span.get("status_message", status.get("message"))
    id = span.get("trace_id", context.get("trace_id"))
    return Span(
        trace_id=_trace_id(info) or as_id(id),
        span_id=as_id(span.get("span_id", context.get("span_id"))),
        parent_id=as_id(_parent(span)),
        name=as_text(span.get("name")) or "",
        start_ns=as_time(start, builder, line),
        end_ns=as_time(end, builder, line),
        status=as_status(span.get("status_code", status.get("code"))),
        message=as_text(said),
        attributes=attributes,
        events=tuple(events),
        resource={},
        scope="mlflow",
        line=line,
        file=builder.file,
    )


def _trace_id(info: dict[str, Any]) -> str | None:
    return as_text(info.get("trace_id")) or as_text(info.get("request_id"))


def _attributes(given: dict[str, Any]) -> dict[str, Any]:
    """Attributes as plain data: each is JSON inside a text, the payloads stay that."""
    return {name: _plain(name, value) for name, value in given.items()}


def _plain(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name in _PAYLOADS and value[:1] in ("{", "["):
        return value
    try:
        return _any(_bytes(value))
    except (BadShape, RecursionError):
        return value


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace") or b"null"


def _of_trace(info: dict[str, Any]) -> dict[str, Any]:
    """The session and user of a trace, and the tags that its authors gave it."""
    told = as_object(info.get("trace_metadata", info.get("request_metadata")))
    found: dict[str, Any] = {}
    for name, ours in _LABELS.items():
        if as_text(told.get(name)):
            found[ours] = told[name]
    tags = as_object(info.get("tags")).items()
    own = [f"{k}: {v}" for k, v in tags if not k.startswith(_OWN)]
    return {**found, "tag.tags": own} if own else found


def _event(event: dict[str, Any], builder: Builder, line: int) -> Event:
    time = event.get("time_unix_nano", event.get("timestamp"))
    attributes = as_object(event.get("attributes"))
    name = as_text(event.get("name")) or ""
    return Event(name, as_time(time, builder, line), attributes)


def _assessment(given: dict[str, Any]) -> Event:
    """What somebody thought of the run, or expected of it, as an evaluation.

    It has no time among the steps: it may be given long after the run.
    """
    kind = "expectation" if "expectation" in given else "feedback"
    value = as_object(given.get(kind)).get("value")
    name = as_text(given.get("assessment_name", given.get("name"))) or kind
    score = as_number(value)
    label = value if score is None else None
    said = {
        "gen_ai.evaluation.name": name if kind == "feedback" else f"{name} (expected)",
        "gen_ai.evaluation.score.value": score,
        "gen_ai.evaluation.score.label": label,
        "gen_ai.evaluation.explanation": as_text(given.get("rationale")),
        "error": as_object(given.get(kind)).get("error"),
        "source": given.get("source"),
        "time": given.get("create_time"),
    }
    told = {key: item for key, item in said.items() if item is not None}
    return Event("gen_ai.evaluation.result", None, told)
