"""https://code.visualstudio.com/docs/copilot: Copilot Chat's own database of its spans.

Not read: the columns that only repeat a span's attributes.
"""

from collections.abc import Iterator
from typing import Any

from whypath.builder import Builder
from whypath.model import Source
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import (
    as_event,
    as_id,
    as_object,
    as_status,
    as_text,
    as_time,
    document,
)
from whypath.readers.spans import Event, Span
from whypath.records import Records, Sample

NAME = "copilot-otel"
TOOL = "GitHub Copilot Chat in VS Code: its own store of spans"
EXPORT = (
    "set github.copilot.chat.otel.dbSpanExporter.enabled; then agent-traces.db"
    " in VS Code's globalStorage/github.copilot-chat"
)
NOT_READ = "columns that repeat attributes"
EXAMPLE = (
    "whypath report"
    " ~/.config/Code/User/globalStorage/github.copilot-chat/agent-traces.db"
)

_TABLES = ("spans", "span_attributes")
_COLUMNS = {
    "operation_name": "gen_ai.operation.name",
    "provider_name": "gen_ai.provider.name",
    "agent_name": "gen_ai.agent.name",
    "conversation_id": "gen_ai.conversation.id",
    "request_model": "gen_ai.request.model",
    "response_model": "gen_ai.response.model",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning_tokens",
    "tool_name": "gen_ai.tool.name",
    "tool_call_id": "gen_ai.tool.call.id",
    "chat_session_id": "copilot_chat.chat_session_id",
}
"""Columns of `spans`, and the attributes that say the same: they may be missing."""


def detect(sample: Sample) -> bool:
    """The database has the tables that spans are kept in."""
    return all(table in sample.parts for table in _TABLES)


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans say."""
    store = _Store(builder)
    for record in records:
        row = as_object(document(record.data))
        store.add(record.part, row, record.line)
    add_spans(store.spans(), builder)


class _Store:
    """The rows of all tables by span, in any order of tables."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._spans: list[tuple[dict[str, Any], int]] = []
        self._attributes: dict[str, dict[str, Any]] = {}
        self._events: dict[str, list[Event]] = {}
        self._lines: dict[str, int] = {}

    def add(self, table: str, row: dict[str, Any], line: int) -> None:
        """Takes in one row; other tables hold nothing of spans."""
        if table == "spans":
            self._spans.append((row, line))
            return
        span_id = as_text(row.get("span_id"))
        if table not in ("span_attributes", "span_events") or span_id is None:
            return
        self._lines.setdefault(span_id, line)
        if table == "span_events":
            said = _parsed(row.get("attributes"))
            fields = {**row, "time": row.get("timestamp_ms"), "attributes": said}
            event = as_event(fields, self._builder, line)
            self._events.setdefault(span_id, []).append(event)
        elif (key := as_text(row.get("key"))) is not None:
            self._attributes.setdefault(span_id, {})[key] = row.get("value")

    def spans(self) -> Iterator[Span]:
        """The spans in order, each with its attributes and events."""
        for row, line in self._spans:
            yield self._span(row, line)
        for left in (self._attributes, self._events):
            for span_id in left:
                what, done = "rows about a span that is not there", "left out"
                source = Source(self._builder.file, self._lines[span_id], span_id)
                self._builder.problem_at("loss", what, done, source)

    def _span(self, row: dict[str, Any], line: int) -> Span:
        builder = self._builder
        own = as_text(row.get("span_id"))
        attributes = self._attributes.pop(own or "", {})
        for column, name in _COLUMNS.items():
            if row.get(column) is not None:
                attributes.setdefault(name, row[column])
        return Span(
            trace_id=as_id(row.get("trace_id")),
            span_id=as_id(own),
            parent_id=as_id(row.get("parent_span_id")),
            name=as_text(row.get("name")) or "",
            start_ns=as_time(row.get("start_time_ms"), builder, line),
            end_ns=as_time(row.get("end_time_ms"), builder, line),
            status=as_status(row.get("status_code")),
            message=as_text(row.get("status_message")),
            attributes=attributes,
            events=tuple(self._events.pop(own or "", ())),
            resource={},
            scope="copilot-chat",
            line=line,
            file=builder.file,
        )


def _parsed(value: Any) -> Any:
    """An event's attributes, which are JSON in a text column."""
    if isinstance(value, str):
        return document(value.encode("utf-8", "replace"))
    return value
