"""https://huggingface.co/datasets/PatronusAI/TRAIL: spans inside their parents.

Not read: log records, and the labels of what went wrong that the data set adds.
"""

import re
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
    spans_in,
)
from whypath.readers.spans import Span
from whypath.records import Records, Sample

NAME = "trail"
TOOL = "TRAIL (Patronus AI): traces with their spans nested"
EXPORT = "a file of the TRAIL data set, or a row of it"
NOT_READ = "log records, span links, the labels of the data set"
EXAMPLE = "whypath report 0035f455b3ff2295167a844f04d85d34.json"

_DURATION = re.compile(
    r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,9})\d*)?S)?)?"
)


def detect(sample: Sample) -> bool:
    """Some object is a trace whose spans hold their children."""
    return any(_is_trace(value) or _is_row(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans say."""
    add_spans(_spans(records, builder), builder)


def _is_trace(value: dict[str, Any]) -> bool:
    return any("child_spans" in span for span in objects(value.get("spans")))


def _is_row(value: dict[str, Any]) -> bool:
    """A row of the data set holds the trace as text."""
    text = value.get("trace")
    return isinstance(text, str) and '"child_spans"' in text


def _spans(records: Records, builder: Builder) -> Iterator[Span]:
    for trace, line in each_object(records, builder):
        if isinstance(text := trace.get("trace"), str):
            trace = as_object(document(text.encode("utf-8", "replace")))
        yield from _tree(trace, line, builder)


def _tree(trace: dict[str, Any], line: int, builder: Builder) -> Iterator[Span]:
    """Each span and then its children; a child's parent is the span that holds it."""
    roots = spans_in(trace.get("spans"), builder, line)
    waiting: list[tuple[dict[str, Any], str | None]] = [(s, None) for s in roots]
    waiting.reverse()
    while waiting:
        fields, holder = waiting.pop()
        if fields.get("logs"):
            builder.problem("note", "log records on spans", "not shown", line)
        span = _span(fields, holder, trace, line, builder)
        yield span
        children = list(spans_in(fields.get("child_spans") or [], builder, line))
        waiting.extend((child, span.span_id) for child in reversed(children))


def _span(
    span: dict[str, Any],
    holder: str | None,
    trace: dict[str, Any],
    line: int,
    builder: Builder,
) -> Span:
    start = as_time(span.get("timestamp"), builder, line)
    resource = flat(span.get("resource_attributes"))
    if name := as_text(span.get("service_name")):
        resource["service.name"] = name
    return Span(
        trace_id=as_id(span.get("trace_id")) or as_id(trace.get("trace_id")),
        span_id=as_id(span.get("span_id")),
        parent_id=as_id(span.get("parent_span_id")) or holder,
        name=as_text(span.get("span_name")) or "",
        start_ns=start,
        end_ns=_end(start, span.get("duration")),
        status=as_status(span.get("status_code")),
        message=as_text(span.get("status_message")),
        attributes=flat(span.get("span_attributes")),
        events=tuple(as_event(e, builder, line) for e in objects(span.get("events"))),
        resource=resource,
        scope=as_text(span.get("scope_name")) or "",
        line=line,
        file=builder.file,
    )


def _end(start: int | None, duration: Any) -> int | None:
    """The end, as a duration of ISO 8601 gives it: PT5M37.78S."""
    if start is None or not isinstance(duration, str):
        return None
    match = _DURATION.fullmatch(duration[:60])
    if match is None or duration.endswith(("P", "T")):
        return None
    days, hours, minutes, seconds = (int((n or "0")[:9]) for n in match.groups()[:4])
    whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return start + whole * 10**9 + int((match[5] or "0").ljust(9, "0"))
