"""https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding, one or many lines.

Not read: metrics, links between spans, and log records that belong to no span.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from sys import intern
from typing import Any

from whypath.builder import Builder
from whypath.model import replace
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
from whypath.records import Records, Sample

NAME = "otlp"
TOOL = "OpenTelemetry: GenAI conventions, OpenInference, OpenLLMetry, Vercel AI SDK"
EXPORT = "OTLP as JSON: the collector's file exporter, or an SDK's OTLP JSON exporter"
NOT_READ = "metrics, span links, log records without a span"
EXAMPLE = "whypath report traces.jsonl"

_SCOPES = ("scopeSpans", "instrumentationLibrarySpans")
_SCALARS = ("stringValue", "boolValue", "doubleValue", "bytesValue")
_LATEST = 1 << 63


def detect(sample: Sample) -> bool:
    """Some object is a batch of spans or of log records."""
    return any(
        name in value and isinstance(value[name], list | None)
        for value in sample.objects()
        for name in ("resourceSpans", "resourceLogs")
    )


def companions(path: Path) -> list[Path]:
    """A trace may lie in several files; which ones, no file says."""
    return []


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans and their log records say."""
    read_batches(records, builder, lambda batch: batch)


def read_batches(
    records: Records, builder: Builder, unwrap: Callable[[Any], Any]
) -> None:
    """Reads OTLP in a wrapper: `unwrap` gives the export request in a value."""
    reader = _Reader(builder)
    for record in records:
        whole = document(record.data)
        for batch in whole if isinstance(whole, list) else (whole,):
            try:
                reader.batch(unwrap(batch), record.line)
            except RecursionError:
                what = "a record nested too deep to read"
                builder.problem("loss", what, "left out", record.line)
    add_spans(reader.spans(), builder)


class _Reader:
    """Decodes batches; keeps log records until the spans they belong to are there."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._spans: list[Span] = []
        self._logs: dict[tuple[str | None, str], list[tuple[Event, int]]] = {}

    def batch(self, batch: Any, line: int) -> None:
        """Takes in one export request."""
        known = ("resourceSpans", "resourceLogs", "resourceMetrics")
        if not isinstance(batch, dict) or not any(name in batch for name in known):
            self._builder.problem("loss", "a record that is not OTLP", "left out", line)
            return
        if "resourceMetrics" in batch:
            self._builder.problem("note", "metrics", "not shown", line)
        for group in objects(batch.get("resourceSpans")):
            resource = _attributes(as_object(group.get("resource")).get("attributes"))
            for scoped in (s for name in _SCOPES for s in objects(group.get(name))):
                scope = scoped.get("scope", scoped.get("instrumentationLibrary"))
                scope_name = as_text(as_object(scope).get("name")) or ""
                for span in objects(scoped.get("spans")):
                    self._spans.append(self._span(span, resource, scope_name, line))
        for group in objects(batch.get("resourceLogs")):
            for scoped in objects(group.get("scopeLogs")):
                for log in objects(scoped.get("logRecords")):
                    self._log(log, line)

    def spans(self) -> Iterator[Span]:
        """The spans in order, each with its log records among its events."""
        for number, span in enumerate(self._spans):
            self._spans[number] = span if not self._logs else self._with_logs(span)
        self._note_lost_logs()
        self._spans.reverse()
        while self._spans:
            yield self._spans.pop()

    def _span(
        self, span: dict[str, Any], resource: dict[str, Any], scope: str, line: int
    ) -> Span:
        status = as_object(span.get("status"))
        return Span(
            trace_id=as_id(span.get("traceId")),
            span_id=as_id(span.get("spanId")),
            parent_id=as_id(span.get("parentSpanId")),
            name=as_text(span.get("name")) or "",
            start_ns=self._time(span.get("startTimeUnixNano"), line),
            end_ns=self._time(span.get("endTimeUnixNano"), line),
            status=as_status(status.get("code")),
            message=as_text(status.get("message")),
            attributes=_attributes(span.get("attributes")),
            events=tuple(
                Event(
                    as_text(event.get("name")) or "",
                    self._time(event.get("timeUnixNano"), line),
                    _attributes(event.get("attributes")),
                )
                for event in objects(span.get("events"))
            ),
            resource=resource,
            scope=scope,
            line=line,
            file=self._builder.file,
        )

    def _log(self, log: dict[str, Any], line: int) -> None:
        attributes = _attributes(log.get("attributes"))
        name = as_text(log.get("eventName")) or as_text(attributes.get("event.name"))
        span_id = as_id(log.get("spanId"))
        if span_id is None:
            what = "a log record that belongs to no span"
            self._builder.problem("loss", what, "left out", line)
            return
        time = self._time(log.get("timeUnixNano"), line)
        event = Event(name or "log", time, attributes, _plain(log.get("body")))
        key = (as_id(log.get("traceId")), span_id)
        self._logs.setdefault(key, []).append((event, line))

    def _with_logs(self, span: Span) -> Span:
        found = self._logs.pop((span.trace_id, span.span_id or ""), None)
        if found is None:
            return span
        events = (*span.events, *(event for event, _ in found))
        return replace(span, events=events)

    def _note_lost_logs(self) -> None:
        for logs in self._logs.values():
            for _, line in logs:
                what = "a log record whose span is not in the trace"
                self._builder.problem("loss", what, "left out", line)

    def _time(self, value: Any, line: int) -> int | None:
        """Nanoseconds as OTLP writes them; other spellings as the builder reads."""
        if isinstance(value, str) and value.isdecimal() and len(value) < 20:
            value = int(value)
        if type(value) is int and 0 < value < _LATEST:
            return value
        return self._builder.time(value, line)


def _attributes(pairs: Any) -> dict[str, Any]:
    """Key and value pairs as a dict; the last of a repeated key wins."""
    if isinstance(pairs, dict):
        return {key: _plain(value) for key, value in pairs.items()}
    return {
        intern(key): _plain(pair.get("value"))
        for pair in objects(pairs)
        if isinstance(key := pair.get("key"), str)
    }


def _plain(value: Any) -> Any:
    """What an `AnyValue` holds; a value without its wrapper is itself."""
    if not isinstance(value, dict):
        return value
    for name in _SCALARS:
        if name in value:
            return value[name]
    if "intValue" in value:
        return _integer(value["intValue"])
    for name, unwrap in (("arrayValue", _values), ("kvlistValue", _pairs)):
        if name in value:
            return unwrap(value[name])
    return value or None


def _values(value: Any) -> list[Any]:
    inner = as_object(value).get("values")
    return [_plain(item) for item in inner] if isinstance(inner, list) else []


def _pairs(value: Any) -> dict[str, Any]:
    return _attributes(as_object(value).get("values"))


def _integer(value: Any) -> Any:
    """A 64-bit integer, which JSON carries as text; anything else as it is."""
    if isinstance(value, str) and len(value) < 20 and value.lstrip("-").isdecimal():
        return int(value)
    return value
