"""https://docs.langchain.com/langsmith/run-data-format: runs, as any export has them.

Not read: attachments, the tokens of a stream one by one, examples of data sets. Reads
runs one a line, lists of them (`{"runs": [...]}`), runs with their `child_runs`, and
batches as clients send them (`{"post": [...], "patch": [...]}`), merged by id.
"""

from typing import Any

from whypath.builder import Builder
from whypath.readers.langchain_messages import unwrap
from whypath.readers.langsmith_spans import Fields, Row, Rows, notes_of, spans_of
from whypath.readers.span_notes import add_notes
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import as_object, as_text, each_value, objects
from whypath.records import Records, Sample

NAME = "langsmith"
TOOL = "LangSmith: LangChain, LangGraph, its wrappers and `traceable`"
EXPORT = (
    "for run in Client().list_runs(project_name=NAME): print(run.json()), "
    "or a bulk export as JSON lines"
)
NOT_READ = "attachments, streamed tokens, examples of data sets"
EXAMPLE = "whypath report runs.jsonl"

_KINDS = ("llm", "chain", "tool", "retriever", "prompt", "parser", "embedding")
_BATCH = ("post", "patch")
_PAYLOADS = ("inputs", "outputs", "extra", "events", "tags", "feedback_stats")
"""Fields that a bulk export writes as text."""

_OWN = ("start_time", "dotted_order", "parent_run_id", "inputs", "session_name")


def detect(sample: Sample) -> bool:
    """Some object is a run of LangSmith's, or a list or a batch of runs."""
    return any(_is_ours(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """Takes in runs; those with the same id are one, also of different files."""
    each_value(records, builder, builder.shared(_Export).take)


class _Export:
    """The runs of all files by id, in order of first mention."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._rows: Rows = {}
        builder.at_end(self._tell)

    def take(self, value: Any, line: int) -> None:
        """Takes in one record: a run, or an object that holds runs."""
        fields = as_object(value)
        if any(isinstance(fields.get(name), list) for name in _BATCH):
            for name in _BATCH:
                self._each(fields.get(name), line)
        elif isinstance(fields.get("runs"), list):
            self._each(fields["runs"], line)
        elif _is_run(fields):
            self._run(fields, None, line)
        else:
            what = "a record that is no run"
            self._builder.problem("loss", what, "left out", line)

    def _each(self, runs: Any, line: int) -> None:
        for run in runs if isinstance(runs, list) else ():
            if isinstance(run, dict):
                self._run(run, None, line)
            else:
                what = "a run that is no object"
                self._builder.problem("loss", what, "left out", line)

    def _run(self, fields: Fields, parent: str | None, line: int) -> None:
        """Takes in a run, or more of one that is known, and the runs inside it."""
        id = as_text(fields.get("id")) or _last_of(fields.get("dotted_order"))
        if id is None:
            what = "a run without an id"
            self._builder.problem("repair", what, "shown all the same", line)
            id = f"run {len(self._rows) + 1}"
        row = self._rows.setdefault(id, Row(id, {}, self._builder.file, line))
        for name, value in fields.items():
            value = unwrap(value) if name in _PAYLOADS else value
            if value not in (None, "", [], {}) or name not in row.fields:
                row.fields[name] = value
        if parent is not None and not as_text(row.fields.get("parent_run_id")):
            row.fields["parent_run_id"] = parent
        for child in objects(row.fields.pop("child_runs", None)):
            self._run(child, id, line)

    def _tell(self) -> None:
        """Hands over all spans, and what the outermost runs say of the whole."""
        notes = list(notes_of(self._rows))
        add_spans(list(spans_of(self._rows, self._builder)), self._builder)
        self._rows = {}
        add_notes(notes, self._builder)


def _is_ours(value: Any) -> bool:
    fields = as_object(value)
    if _is_run(fields):
        return True
    lists = [fields.get(name) for name in ("runs", *_BATCH)]
    return any(_is_run(run) for runs in lists for run in list(objects(runs))[:20])


def _is_run(fields: Fields) -> bool:
    """A run, or the end of one, which need not say its kind."""
    kind, order = fields.get("run_type"), fields.get("dotted_order")
    if isinstance(kind, str) and kind in _KINDS:
        return any(name in fields for name in _OWN)
    return isinstance(order, str) and "trace_id" in fields and "Z" in order


def _last_of(order: Any) -> str | None:
    """The run's own id, which ends its place in the trace."""
    if not isinstance(order, str):
        return None
    return order.rpartition(".")[2].partition("Z")[2] or None
