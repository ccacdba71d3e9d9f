"""https://docs.agentops.ai: a trace as its pages give it, with nested attributes.

Not read: the numbers AgentOps sums up for a span or a trace, but for their labels.
"""

from collections.abc import Iterator
from itertools import zip_longest
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
    each_object,
    flat,
    objects,
    spans_in,
)
from whypath.readers.spans import Event, Span
from whypath.records import Records, Sample

NAME = "agentops"
TOOL = "AgentOps"
EXPORT = "a trace's Raw JSON in AgentOps, or its API's answer"
NOT_READ = "span links, sums of tokens and cost"
EXAMPLE = "whypath report trace.json"


def detect(sample: Sample) -> bool:
    """Some object has a trace's summary beside its spans."""
    return any(_is_trace(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans say."""
    add_spans(_spans(records, builder), builder)


def _is_trace(value: dict[str, Any]) -> bool:
    if not isinstance(value.get("trace"), dict):
        return False
    return any("span_attributes" in span for span in objects(value.get("spans")))


def _spans(records: Records, builder: Builder) -> Iterator[Span]:
    for whole, line in each_object(records, builder):
        trace = as_object(whole.get("trace"))
        if trace.get("freeplan_truncated") is True:
            what = "the free plan left spans out of the trace"
            builder.problem("loss", what, "not in the file", line)
        for span in spans_in(whole.get("spans"), builder, line):
            yield _span(span, trace, line, builder)


def _span(
    span: dict[str, Any], trace: dict[str, Any], line: int, builder: Builder
) -> Span:
    resource = flat(span.get("resource_attributes"))
    if name := as_text(span.get("service_name")):
        resource.setdefault("service.name", name)
    attributes = flat(span.get("attributes"))
    attributes.update(flat(span.get("span_attributes")))
    return Span(
        trace_id=as_id(span.get("trace_id")) or as_id(trace.get("trace_id")),
        span_id=as_id(span.get("span_id")),
        parent_id=as_id(span.get("parent_span_id")),
        name=as_text(span.get("span_name")) or "",
        start_ns=as_time(span.get("start_time"), builder, line),
        end_ns=as_time(span.get("end_time"), builder, line),
        status=as_status(span.get("status_code")),
        message=as_text(span.get("status_message")),
        attributes=attributes,
        events=tuple(_events(span, builder, line)),
        resource=resource,
        scope="",
        line=line,
        file=builder.file,
    )


def _events(span: dict[str, Any], builder: Builder, line: int) -> Iterator[Event]:
    """The events, each spread over lists of names, times and attributes."""
    columns = (span.get(f"event_{x}") for x in ("names", "timestamps", "attributes"))
    lists = (column if isinstance(column, list) else [] for column in columns)
    for name, time, said in zip_longest(*lists):
        fields = {"name": name, "timestamp": time, "attributes": said}
        yield as_event(fields, builder, line)
