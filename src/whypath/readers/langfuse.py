"""https://api.reference.langfuse.com: traces and observations, as any export has them.

Not read: media, comments, datasets, prompts beyond their names. Reads the API's answers
(a trace with its observations, lists of either), the page's exports, one row a line,
and the rows of the blob storage export, which have names in snake case.
"""

from collections.abc import Iterator
from typing import Any

from whypath.builder import Builder
from whypath.readers.langfuse_facts import ROLES
from whypath.readers.langfuse_rows import Trace, note_of
from whypath.readers.langfuse_spans import spans_of
from whypath.readers.span_notes import add_notes
from whypath.readers.span_runs import add_spans
from whypath.readers.span_values import as_object, as_text, each_value, objects
from whypath.records import Records, Sample

Fields = dict[str, Any]

NAME = "langfuse"
TOOL = "Langfuse"
EXPORT = (
    "Export (JSON) above the table of traces, or curl -u PUBLIC:SECRET "
    "$LANGFUSE_HOST/api/public/traces/ID"
)
NOT_READ = "media, comments, datasets, the texts of prompts that are only named"
EXAMPLE = "whypath report trace.json"

_SNAKE = {"start_time", "trace_id", "project_id", "session_id", "user_id"}
_LISTS = ("traces", "data", "observations")
_ROW = ("bookmarked", "htmlPath", "observations", "public", "sessionId", "session_id")


def detect(sample: Sample) -> bool:
    """Some object is a trace of Langfuse's, an observation, or a list of either."""
    return any(_is_ours(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """Takes in traces, observations and scores; they meet when every file is read."""
    each_value(records, builder, builder.shared(_Export).take)


class _Export:
    """The traces of all files by id, in order of first mention."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._traces: dict[str, Trace] = {}
        builder.at_end(self._tell)

    def take(self, value: Any, line: int) -> None:
        """Takes in one record: a row of any kind, or an object that holds rows."""
        if not isinstance(value, dict):
            what = "a record that is no object"
            self._builder.problem("loss", what, "left out", line)
            return
        value = _camel(value)
        inner = value.get("trace")
        if isinstance(inner, dict) and "observations" in value:
            self._trace({**inner, "observations": value["observations"]}, inner, line)
        elif _is_observation(value):
            self._observation(value, None, line)
        elif _is_score(value):
            self._score(value, None)
        elif (listed := _rows(value)) is not None:
            for row in listed:
                self.take(row, line)
        elif _is_trace(value):
            self._trace(value, value, line)
        else:
            what = "a record that is no trace and no observation"
            self._builder.problem("loss", what, "left out", line)

    def _trace(self, value: Fields, row: Fields, line: int) -> None:
        listed = value.get("observations")
        given = as_text(row.get("id")) or next(
            (id for o in objects(listed) if (id := as_text(_camel(o).get("traceId")))),
            "trace",
        )
        trace = self._known(given)
        trace.row = {**row, "id": given}
        trace.place = self._builder.file, line
        for members in (listed, row.get("observations")):
            for observation in members if isinstance(members, list) else ():
                if isinstance(observation, dict):
                    self._observation(_camel(observation), given, line)
                elif not isinstance(observation, str):
                    what = "an observation that is no object"
                    self._builder.problem("loss", what, "left out", line)
        for score in objects(row.get("scores")):
            self._score(_camel(score), given)

    def _observation(self, fields: Fields, trace_id: str | None, line: int) -> None:
        id = trace_id or as_text(fields.get("traceId"))
        if id is None:
            what = "an observation without a trace"
            self._builder.problem("repair", what, "in a run of its own", line)
        self._known(id or "trace").add(fields, self._builder.file, line)

    def _score(self, fields: Fields, trace_id: str | None) -> None:
        id = trace_id or as_text(fields.get("traceId"))
        if id is not None:
            scores = self._known(id).scores
            scores[as_text(fields.get("id")) or str(len(scores))] = fields

    def _known(self, id: str) -> Trace:
        trace = self._traces.get(id)
        if trace is None:
            trace = self._traces[id] = Trace(id)
        return trace

    def _tell(self) -> None:
        """Hands over all spans, and what the traces say of themselves."""
        notes = []
        for trace in self._traces.values():
            self._builder.about = None
            add_spans(list(spans_of(trace, self._builder)), self._builder)
            notes.append(note_of(trace))
        self._traces.clear()
        add_notes([note for note in notes if note is not None], self._builder)


def _is_ours(value: Any) -> bool:
    fields = _camel(as_object(value))
    if _is_observation(fields):
        return True
    if isinstance(fields.get("trace"), dict) and "observations" in fields:
        return _is_list_of(fields["observations"], _is_observation, or_none=True)
    if "observations" in fields and ("id" in fields or "timestamp" in fields):
        return _is_list_of(fields["observations"], _is_observation, or_none=True)
    for name in _LISTS:
        if _is_list_of(fields.get(name), _is_ours):
            return True
    return _is_trace(fields)


def _is_list_of(value: Any, is_one: Any, or_none: bool = False) -> bool:
    """True for a list with such an object in it; with `or_none` also an empty list."""
    if not isinstance(value, list):
        return False
    found = [_camel(row) for row in objects(value[:20])]
    return any(map(is_one, found)) or (or_none and not value)


def _is_observation(fields: Fields) -> bool:
    """An observation of a trace; inside a trace it need not name it."""
    kind = fields.get("type")
    if not isinstance(kind, str) or kind not in ROLES or "startTime" not in fields:
        return False
    own = ("traceId", "level", "parentObservationId", "usageDetails", "usage", "model")
    return any(name in fields for name in own) or "endTime" in fields


def _is_trace(fields: Fields) -> bool:
    """A trace's own row."""
    if not {"id", "timestamp"} <= fields.keys() or "type" in fields:
        return False
    return sum(name in fields for name in _ROW) >= 2 or (
        isinstance(fields.get("observations"), list)
    )


def _is_score(fields: Fields) -> bool:
    return {"traceId", "value", "name", "source"} <= fields.keys()


def _rows(fields: Fields) -> list[Any] | None:
    """The rows of an object that only holds them."""
    if "id" in fields and "timestamp" in fields:
        return None
    for name in _LISTS:
        if isinstance(fields.get(name), list):
            listed: list[Any] = fields[name]
            return listed
    return None


def _camel(fields: Fields) -> Fields:
    """A row with names as the API has them, also one of the blob storage export."""
    if _SNAKE.isdisjoint(fields):
        return fields
    return dict(_renamed(fields))


def _renamed(fields: Fields) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        first, *rest = name.split("_")
        yield (name if not first else first + "".join(map(str.title, rest))), value
