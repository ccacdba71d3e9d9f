"""https://www.jaegertracing.io/docs/latest/apis: traces as Jaeger's page saves them.

Not read: references other than the parent, and Jaeger's own notes on a trace.
"""

from collections.abc import Iterator
from typing import Any

from whypath.builder import Builder
from whypath.model import Status
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import (
    as_event,
    as_id,
    as_object,
    as_status,
    as_text,
    as_time,
    each_object,
    objects,
    spans_in,
)
from whypath.readers.spans import Event, Span
from whypath.records import Records, Sample

NAME = "jaeger"
TOOL = "Jaeger"
EXPORT = "on a trace's page: Trace JSON, Download; or GET /api/traces/ID"
NOT_READ = "references that are not the parent"
EXAMPLE = "whypath report trace.json"

_TOLD = (
    *("otel.status_code", "otel.status_description", "otel.scope.name"),
    *("otel.library.name", "internal.span.format", "error"),
)
"""Tags that say what a span's own fields say elsewhere."""


def detect(sample: Sample) -> bool:
    """Some object is a trace, or an answer that lists traces."""
    return any(
        _is_trace(trace)
        for value in sample.objects()
        for trace in (value, *objects(value.get("data")))
    )


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans say."""
    add_spans(_spans(records, builder), builder)


def _is_trace(value: dict[str, Any]) -> bool:
    spans = value.get("spans")
    if not isinstance(spans, list) or "traceID" not in value:
        return False
    return not spans or any("operationName" in span for span in objects(spans))


def _spans(records: Records, builder: Builder) -> Iterator[Span]:
    for answer, line in each_object(records, builder):
        data = answer.get("data")
        for trace in objects(data) if isinstance(data, list) else (answer,):
            processes = as_object(trace.get("processes"))
            shared = {name: _resource(value) for name, value in processes.items()}
            for span in spans_in(trace.get("spans"), builder, line):
                yield _span(span, trace, shared, line, builder)


def _resource(process: Any) -> dict[str, Any]:
    fields = as_object(process)
    found = _tags(fields.get("tags"))
    if name := as_text(fields.get("serviceName")):
        found["service.name"] = name
    return found


def _span(
    span: dict[str, Any],
    trace: dict[str, Any],
    shared: dict[str, dict[str, Any]],
    line: int,
    builder: Builder,
) -> Span:
    tags = _tags(span.get("tags"))
    start = as_time(span.get("startTime"), builder, line)
    process = span.get("processID")
    resource = shared.get(process, {}) if isinstance(process, str) else {}
    said = as_text(tags.get("otel.status_description"))
    scope = tags.get("otel.scope.name", tags.get("otel.library.name"))
    kept = {name: value for name, value in tags.items() if name not in _TOLD}
    if span.get("warnings"):
        kept["jaeger.warnings"] = span["warnings"]
    return Span(
        trace_id=as_id(span.get("traceID") or trace.get("traceID")),
        span_id=as_id(span.get("spanID")),
        parent_id=_parent(span),
        name=as_text(span.get("operationName")) or "",
        start_ns=start,
        end_ns=_end(start, span.get("duration")),
        status=_status(tags),
        message=said,
        attributes=kept,
        events=tuple(_event(log, builder, line) for log in objects(span.get("logs"))),
        resource=resource or _resource(span.get("process")),
        scope=as_text(scope) or "",
        line=line,
        file=builder.file,
    )


def _tags(tags: Any) -> dict[str, Any]:
    """Tags as names and values; the last of a repeated name wins."""
    return {
        name: tag.get("value")
        for tag in objects(tags)
        if isinstance(name := tag.get("key"), str)
    }


def _parent(span: dict[str, Any]) -> str | None:
    """The span this one is a child of; one that it follows, where none is."""
    refs = {r.get("refType"): as_id(r.get("spanID")) for r in _references(span)}
    return (
        refs.get("CHILD_OF")
        or refs.get("FOLLOWS_FROM")
        or as_id(span.get("parentSpanID"))
    )


def _references(span: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for reference in objects(span.get("references")):
        if isinstance(reference.get("refType"), str):
            yield reference


def _end(start: int | None, duration: Any) -> int | None:
    """The end, as a duration in microseconds gives it."""
    if start is None or isinstance(duration, bool):
        return None
    if isinstance(duration, int | float) and 0 <= duration < 1e15:
        return start + int(duration * 1000)
    return None


def _status(tags: dict[str, Any]) -> Status:
    status = as_status(tags.get("otel.status_code"))
    failed = tags.get("error") in (True, "true")
    return "error" if failed and status == "unset" else status


def _event(log: dict[str, Any], builder: Builder, line: int) -> Event:
    """A log; its fields hold its name, and an older client's words for an error."""
    fields = _tags(log.get("fields"))
    name = as_text(fields.pop("event", None)) or as_text(fields.get("message"))
    if "error.object" in fields and name in ("error", None):
        name = "exception"
        said = {"exception.message": fields.get("message", fields["error.object"])}
        fields = {**said, "exception.type": fields.get("error.kind"), **fields}
    return as_event({**log, "name": name, "fields": fields}, builder, line)
