"""https://opentelemetry.io/docs/languages: spans as the SDKs' own exporters print them.

Not read: links between spans. JavaScript's console exporter prints no JSON; what is
read are its spans, and its exporter's objects, written with JSON.stringify.
"""

from collections.abc import Iterator
from typing import Any

from whypath.builder import Builder
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import (
    as_event,
    as_id,
    as_object,
    as_status,
    as_text,
    as_time,
    document,
    each_object,
    flat,
    objects,
)
from whypath.readers.spans import Attributes, Span
from whypath.records import BadShape, Raw, Record, Records, Sample, Shape, decoder

NAME = "otel-sdk"
TOOL = "OpenTelemetry SDK: its own span JSON, Python and JavaScript; Copilot's file"
EXPORT = (
    "Python: ConsoleSpanExporter(out=open('spans.jsonl', 'w'));"
    " JavaScript: JSON.stringify(span) for each finished span"
)
NOT_READ = "span links"
EXAMPLE = "whypath report spans.jsonl"

_CONTEXTS = ("context", "spanContext", "_spanContext")
_SHAPES = (
    ("traceId", "id", "timestamp", "duration", "attributes"),
    ("traceId", "spanId", "startTime", "attributes"),
)
"""Spans without a context of their own: the console's, and a file of Copilot's."""
_PARENTS = ("parent_id", "parentSpanId", "parentId")
_STARTS = ("start_time", "startTime")
_NOTHING: Attributes = {}
_PHOENIX = ("span_kind", "status_code")


def detect(sample: Sample) -> bool:
    """Some object is a span as an SDK prints it."""
    return any(_is_span(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans say."""
    add_spans(_spans(records, builder), builder)


class _Context(Shape, gc=False):
    trace_id: str
    span_id: str
    trace_state: Raw = Raw()


class _Status(Shape, frozen=True, forbid_unknown_fields=True, gc=False):
    status_code: str | None = None
    description: str | None = None


class _Printed(Shape, forbid_unknown_fields=True, gc=False):
    """A span as the SDK for Python prints it: what has more, or less, is another's."""

    name: str
    context: _Context
    start_time: str
    attributes: dict[str, Any]
    parent_id: str | None = None
    end_time: str | None = None
    status: _Status = _Status()
    events: list[dict[str, Any]] = []
    kind: Raw = Raw()
    links: Raw = Raw()
    resource: Raw = Raw()


_decode = decoder(_Printed)


def _spans(records: Records, builder: Builder) -> Iterator[Span]:
    sender, resource = Raw(), _NOTHING
    for record in records:
        try:
            printed = _decode(record.data)
        except BadShape:
            yield from _others(record, builder)
            continue
        if printed.resource != sender:
            sender = printed.resource
            whole = as_object(document(bytes(sender)))
            resource = flat(whole.get("attributes"))
        yield _of_python(printed, resource, record.line, builder)


def _of_python(
    span: _Printed, resource: Attributes, line: int, builder: Builder
) -> Span:
    events = span.events
    return Span(
        trace_id=as_id(span.context.trace_id),
        span_id=as_id(span.context.span_id),
        parent_id=as_id(span.parent_id),
        name=span.name,
        start_ns=builder.time(span.start_time, line),
        end_ns=builder.time(span.end_time, line),
        status=as_status(span.status.status_code),
        message=span.status.description or None,
        attributes=flat(span.attributes),
        events=tuple(as_event(e, builder, line) for e in events) if events else (),
        resource=resource,
        scope="",
        line=line,
        file=builder.file,
    )


def _others(record: Record, builder: Builder) -> Iterator[Span]:
    """The spans of a record of any other shape."""
    for value, line in each_object([record], builder):
        if "name" in value or _is_span(value):
            yield _span(value, line, builder)
        else:
            what = "a record that is no span"
            builder.problem("loss", what, "left out", line)


def _is_span(value: dict[str, Any]) -> bool:
    if any(all(name in value for name in shape) for shape in _SHAPES):
        return True
    if not any(name in value for name in _STARTS):
        return False
    if "attributes" not in value or any(name in value for name in _PHOENIX):
        return False
    context = _context(value)
    python = "trace_id" in context and "span_id" in context
    return python or ("traceId" in context and "spanId" in context)


def _context(span: dict[str, Any]) -> dict[str, Any]:
    for name in _CONTEXTS:
        if isinstance(found := span.get(name), dict):
            return found
    return {}


def _span(span: dict[str, Any], line: int, builder: Builder) -> Span:
    context = _context(span)
    above = as_object(span.get("parentSpanContext"))
    status = as_object(span.get("status"))
    scope = span.get("instrumentationScope", span.get("instrumentationLibrary"))
    start, end = _times(span, builder, line)
    events = span.get("events")
    return Span(
        trace_id=as_id(_either(context, span, "trace_id", "traceId")),
        span_id=as_id(_either(context, span, "span_id", "spanId", "id")),
        parent_id=as_id(above.get("spanId") or _either(span, span, *_PARENTS)),
        name=as_text(span.get("name")) or "",
        start_ns=start,
        end_ns=end,
        status=as_status(status.get("status_code", status.get("code"))),
        message=as_text(status.get("description", status.get("message"))),
        attributes=flat(span.get("attributes")),
        events=tuple(as_event(e, builder, line) for e in objects(events))
        if events
        else (),
        resource=flat(as_object(span.get("resource")).get("attributes")),
        scope=as_text(as_object(scope).get("name")) or "",
        line=line,
        file=builder.file,
    )


def _either(one: dict[str, Any], other: dict[str, Any], *names: str) -> Any:
    """The first of the fields that one of the two objects has."""
    for name in names:
        if found := one.get(name) or other.get(name):
            return found
    return None


def _times(
    span: dict[str, Any], builder: Builder, line: int
) -> tuple[int | None, int | None]:
    """Start and end; JavaScript's console has microseconds and a duration instead."""
    if "timestamp" in span:
        start = as_time(span["timestamp"], builder, line)
        took = span.get("duration")
        if start is None or isinstance(took, bool) or not isinstance(took, int | float):
            return start, None
        return start, start + int(took * 1000) if 0 <= took < 1e15 else None
    first = span.get("start_time", span.get("startTime"))
    last = span.get("end_time", span.get("endTime"))
    return as_time(first, builder, line), as_time(last, builder, line)
