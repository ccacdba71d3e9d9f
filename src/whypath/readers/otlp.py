"""https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding, one or many lines.

Not read: metrics, links between spans, and log records that belong to no span.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any

from whypath.builder import Builder
from whypath.readers.otlp_shapes import (
    KNOWN,
    Batch,
    SpanShape,
    attributes_of,
    loosely,
    plain,
    strictly,
)
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import (
    as_id,
    as_object,
    as_status,
    as_text,
    document,
    objects,
)
from whypath.readers.spans import Event, Span
from whypath.records import BadShape, Records, Sample

NAME = "otlp"
TOOL = "OpenTelemetry: GenAI conventions, OpenInference, OpenLLMetry, Vercel AI SDK"
EXPORT = "OTLP as JSON: the collector's file exporter, or an SDK's OTLP JSON exporter"
NOT_READ = "metrics, span links, log records without a span"
EXAMPLE = "whypath report traces.jsonl"

_LATEST = 1 << 63


def detect(sample: Sample) -> bool:
    """Some object is a batch of spans or of log records."""
    return any(
        name in value and isinstance(value[name], list | None)
        for value in sample.objects()
        for name in ("resourceSpans", "resourceLogs")
    )


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans and their log records say."""
    reader = _Reader(builder)
    for record in records:
        try:
            batch = strictly(record.data)
        except BadShape:
            batch = Batch()
        if batch.resourceSpans is None:
            reader.document(document(record.data), record.line)
        else:
            reader.batch(batch, record.line)
    reader.close()


def read_batches(
    records: Records, builder: Builder, unwrap: Callable[[Any], Any]
) -> None:
    """Reads OTLP in a wrapper: `unwrap` gives the export request in a value."""
    reader = _Reader(builder)
    for record in records:
        whole = document(record.data)
        each = whole if isinstance(whole, list) else [whole]
        reader.document([unwrap(batch) for batch in each], record.line)
    reader.close()


class _Reader:
    """Decodes batches; keeps log records until all spans of a file are there."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._spans: list[Span] = []
        self._logs: dict[tuple[str | None, str], list[tuple[Event, int]]] = {}

    def document(self, whole: Any, line: int) -> None:
        """Takes in an export request, or a list of them, whose types may be wrong."""
        for batch in whole if isinstance(whole, list) else [whole]:
            if not isinstance(batch, dict) or not any(name in batch for name in KNOWN):
                what = "a record that is not OTLP"
                self._builder.problem("loss", what, "left out", line)
                continue
            try:
                self.batch(loosely(batch), line)
            except RecursionError:
                what = "a record nested too deep to read"
                self._builder.problem("loss", what, "left out", line)

    def batch(self, batch: Batch, line: int) -> None:
        """Takes in one export request."""
        if batch.resourceMetrics is not None:
            self._builder.problem("note", "metrics", "not shown", line)
        for group in batch.resourceSpans or ():
            known = group.resource.attributes if group.resource else None
            resource = attributes_of(known)
            scopes = group.scopeSpans or (), group.instrumentationLibrarySpans or ()
            for scoped in chain.from_iterable(scopes):
                scope = as_object(scoped.scope or scoped.instrumentationLibrary)
                name = as_text(scope.get("name")) or ""
                for shape in scoped.spans or ():
                    span = self._span(shape, resource, name, line)
                    add_spans((span,), self._builder)
                    self._spans.append(span)
        for logs in objects(batch.resourceLogs):
            for scoped_logs in objects(logs.get("scopeLogs")):
                for log in objects(scoped_logs.get("logRecords")):
                    self._log(log, line)

    def close(self) -> None:
        """Gives each span its log records, once all of a file are read."""
        for span in self._spans if self._logs else ():
            found = self._logs.pop((span.trace_id, span.span_id or ""), ())
            span.events += tuple(event for event, _ in found)
        for logs in self._logs.values():
            for _, line in logs:
                what = "a log record whose span is not in the trace"
                self._builder.problem("loss", what, "left out", line)

    def _span(
        self, span: SpanShape, resource: dict[str, Any], scope: str, line: int
    ) -> Span:
        status = as_object(span.status)
        return Span(
            trace_id=as_id(span.traceId),
            span_id=as_id(span.spanId),
            parent_id=as_id(span.parentSpanId),
            name=as_text(span.name) or "",
            start_ns=self._time(span.startTimeUnixNano, line),
            end_ns=self._time(span.endTimeUnixNano, line),
            status=as_status(status.get("code")) if status else "unset",
            message=as_text(status.get("message")) if status else None,
            attributes=attributes_of(span.attributes),
            events=tuple(
                Event(
                    as_text(event.name) or "",
                    self._time(event.timeUnixNano, line),
                    attributes_of(event.attributes),
                )
                for event in span.events
            )
            if span.events
            else (),
            resource=resource,
            scope=scope,
            line=line,
            file=self._builder.file,
        )

    def _log(self, log: dict[str, Any], line: int) -> None:
        attributes = attributes_of(log.get("attributes"))
        name = as_text(log.get("eventName")) or as_text(attributes.get("event.name"))
        span_id = as_id(log.get("spanId"))
        if span_id is None:
            what = "a log record that belongs to no span"
            self._builder.problem("loss", what, "left out", line)
            return
        time = self._time(log.get("timeUnixNano"), line)
        event = Event(name or "log", time, attributes, plain(log.get("body")))
        key = (as_id(log.get("traceId")), span_id)
        self._logs.setdefault(key, []).append((event, line))

    def _time(self, value: Any, line: int) -> int | None:
        """Nanoseconds as OTLP writes them; other spellings as the builder reads."""
        if isinstance(value, str) and value.isdecimal() and len(value) < 20:
            value = int(value)
        if type(value) is int and 0 < value < _LATEST:
            return value
        return self._builder.time(value, line)
