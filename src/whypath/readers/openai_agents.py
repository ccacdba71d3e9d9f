"""https://openai.github.io/openai-agents-python/tracing: traces and spans, exported.

Not read: sound. A model call of the Responses API is exported without its content, only
with its id and its tokens: what it called is told by the tool spans that follow.
"""

from typing import Any

from whypath.builder import Builder
from whypath.readers.openai_agents_spans import Fields, Trace, spans_of
from whypath.readers.span_notes import Note, add_notes
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import as_object, as_text, each_value, objects
from whypath.records import Records, Sample

NAME = "openai-agents"
TOOL = "OpenAI Agents SDK (Python, JavaScript)"
EXPORT = (
    "agents.add_trace_processor(P()): on_trace_start and on_span_end write "
    "json.dumps(item.export())"
)
NOT_READ = "sound; what the Responses API answered, which the SDK does not export"
EXAMPLE = "whypath report spans.jsonl"

_UNTRACED = "untraced"


def detect(sample: Sample) -> bool:
    """Some object is a trace or a span of the SDK's, or a batch of them."""
    return any(
        _is_ours(item)
        for value in sample.objects()
        for item in (value, *list(objects(value.get("data")))[:20])
    )


def read(records: Records, builder: Builder) -> None:
    """Takes in traces and spans; they meet when every file is read."""
    each_value(records, builder, builder.shared(_Export).take)


class _Export:
    """The traces of all files by id, in order of first mention."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._traces: dict[str, Trace] = {}
        builder.at_end(self._tell)

    def take(self, value: Any, line: int) -> None:
        """Takes in one record: a trace, a span, or a batch of them."""
        fields = as_object(value)
        if isinstance(fields.get("data"), list) and not _is_ours(fields):
            for item in fields["data"]:
                self._item(as_object(item), line)
        else:
            self._item(fields, line)

    def _item(self, fields: Fields, line: int) -> None:
        if not _is_ours(fields):
            what = "a record that is no trace and no span"
            self._builder.problem("loss", what, "left out", line)
        elif fields.get("object") == "trace":
            id = as_text(fields.get("id")) or _UNTRACED
            self._known(id).row = fields
        else:
            id = as_text(fields.get("trace_id")) or _UNTRACED
            self._known(id).spans.append((fields, self._builder.file, line))

    def _known(self, id: str) -> Trace:
        trace = self._traces.get(id)
        if trace is None:
            trace = self._traces[id] = Trace(id)
        return trace

    def _tell(self) -> None:
        notes = []
        for trace in self._traces.values():
            spans = spans_of(trace, self._builder)
            add_spans(spans, self._builder)
            if not spans:
                what = "a trace without spans"
                self._builder.problem("note", what, "not shown")
            labels = _labels(trace.row)
            notes += [Note(span.span_id or "", labels=labels) for span in spans[:1]]
        self._traces.clear()
        add_notes(notes, self._builder)


def _labels(row: Fields) -> dict[str, str]:
    """What a trace says of itself: its workflow, and what its user noted."""
    found = {"workflow": row.get("workflow_name"), "group": row.get("group_id")}
    found |= as_object(row.get("metadata"))
    plain = (str, int, float)
    return {k: str(v) for k, v in found.items() if isinstance(v, plain) and v != ""}


def _is_ours(fields: Fields) -> bool:
    kind = fields.get("object")
    if kind == "trace":
        return "workflow_name" in fields
    return kind == "trace.span" and isinstance(fields.get("span_data"), dict)
