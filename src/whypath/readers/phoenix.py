"""https://arize.com/docs/phoenix: spans as Phoenix's API and data frames write them.

Not read: annotations and evaluations of spans, beyond showing what a row says of them.
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
    each_object,
    flat,
    objects,
    spans_in,
)
from whypath.readers.spans import Span
from whypath.records import Records, Sample

NAME = "phoenix"
TOOL = "Arize Phoenix"
EXPORT = (
    "GET /v1/projects/NAME/spans; or get_spans_dataframe()"
    ".to_json('spans.jsonl', orient='records', lines=True)"
)
NOT_READ = "annotations, evaluations"
EXAMPLE = "whypath report spans.jsonl"

_OWN = ("span_kind", "status_code")
"""Fields that Phoenix's spans have and the SDK's, which are alike, have not."""
_COLUMN = "attributes."
_FIELDS = (
    *("id", "name", "context", "span_kind", "parent_id", "start_time", "end_time"),
    *("status_code", "status_message", "attributes", "events"),
    *("context.trace_id", "context.span_id", "context.trace_state"),
)


def detect(sample: Sample) -> bool:
    """Some object is a span of Phoenix, or an answer that lists them."""
    return any(
        _is_span(span)
        for value in sample.objects()
        for span in (value, *objects(value.get("data")))
    )


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans say."""
    add_spans(_spans(records, builder), builder)


def _is_span(value: dict[str, Any]) -> bool:
    if "context.trace_id" in value and "context.span_id" in value:
        return True
    if not any(isinstance(value.get(name), str) for name in _OWN):
        return False
    context = as_object(value.get("context"))
    return "trace_id" in context and "span_id" in context


def _spans(records: Records, builder: Builder) -> Iterator[Span]:
    for value, line in each_object(records, builder):
        listed = value["data"] if isinstance(value.get("data"), list) else [value]
        for span in spans_in(listed, builder, line):
            yield _span(span, line, builder)


def _span(span: dict[str, Any], line: int, builder: Builder) -> Span:
    context = as_object(span.get("context"))
    return Span(
        trace_id=as_id(context.get("trace_id", span.get("context.trace_id"))),
        span_id=as_id(context.get("span_id", span.get("context.span_id"))),
        parent_id=as_id(span.get("parent_id")),
        name=as_text(span.get("name")) or "",
        start_ns=as_time(span.get("start_time"), builder, line),
        end_ns=as_time(span.get("end_time"), builder, line),
        status=as_status(span.get("status_code")),
        message=as_text(span.get("status_message")),
        attributes=_attributes(span),
        events=tuple(as_event(e, builder, line) for e in objects(span.get("events"))),
        resource={},
        scope="",
        line=line,
        file=builder.file,
    )


def _attributes(span: dict[str, Any]) -> dict[str, Any]:
    """The attributes, nested or one a column, and whatever else the row says."""
    found = flat(span.get("attributes"))
    for name, value in span.items():
        if name not in _FIELDS:
            found.update(flat({name.removeprefix(_COLUMN): value}))
    if kind := as_text(span.get("span_kind")):
        found.setdefault("openinference.span.kind", kind)
    return found
