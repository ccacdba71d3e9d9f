"""Hermes agent sessions: rows of its store, alone or under a session, or an export.

Not read: raw reasoning items of the model's API stay in the steps' details.
"""

from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.readers.conversation import Conversation
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    first,
    is_json,
    is_list,
)
from whypath.records import Raw, Records, Sample

NAME = "hermes"
TOOL = "Hermes agent sessions"
EXPORT = "hermes sessions export, or the rows of ~/.hermes/state.db as JSON"
NOT_READ = "raw reasoning items"
EXAMPLE = "whypath report session.json"

_MARK = "\0json:"
"""What a content begins with that is JSON in a column of texts."""
_LABELS = ("platform", "source", "title", "cwd")


def detect(sample: Sample) -> bool:
    """Rows with the columns of the store, or a session of one of its platforms."""
    return any(_is_row(value) or _is_session(value) for value in sample.objects())


def _is_row(value: dict[str, Any]) -> bool:
    return {"role", "observed", "active", "session_id"} <= value.keys()


def _is_session(value: dict[str, Any]) -> bool:
    messages = value.get("messages")
    if not isinstance(messages, list):
        return False
    if {"platform", "session_start"} <= value.keys():
        return True
    return any(isinstance(m, dict) and _is_row(m) for m in messages[:2])


def read(records: Records, builder: Builder) -> None:
    """Each session is a run."""
    reader = _Reader(builder)
    for record in records:
        reader.value(record.data, record.line)


class _Reader:
    """The sessions so far, and what was said in each."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._conversations: dict[str, Conversation] = {}

    def value(self, raw: bytes | Raw, line: int) -> None:
        """Takes in one row, a list of rows, or a session with its messages."""
        fields = as_fields(raw)
        if is_list(raw):
            for item in as_items(raw):
                self.value(item, line)
        elif "messages" in fields:
            header = as_fields(fields.get("session")) or fields
            conversation = self._open(header)
            _describe(conversation.run, header, self._builder)
            conversation.model = as_text(header.get("model"))
            conversation.system(header.get("system_prompt"), line)
            conversation.offer(fields.get("tools"), line)
            for item in as_items(fields["messages"]):
                self._message(conversation, as_fields(item), line)
        elif "role" in fields:
            self._message(self._open(fields), fields, line)
        else:
            what = "a record that is no row of a session"
            self._builder.problem("loss", what, "left out", line)

    def _open(self, fields: Fields) -> Conversation:
        """The conversation of the session that the fields name."""
        id = as_scalar(first(fields, "session_id", "id")) or "session"
        self._builder.about = id
        if id not in self._conversations:
            run = self._builder.run(id)
            self._conversations[id] = Conversation(self._builder, run)
        return self._conversations[id]

    def _message(self, conversation: Conversation, row: Fields, line: int) -> None:
        """Tells a row; one that was taken back is shown as abandoned."""
        before = len(conversation.run.steps)
        kept = {name: raw for name, raw in row.items() if name not in _COLUMNS}
        text = as_text(row.get("content")) or ""
        if text.startswith(_MARK) and is_json(text.removeprefix(_MARK)):
            kept["content"] = Raw(text.removeprefix(_MARK).encode())
        conversation.message(kept, line)
        if as_scalar(row.get("active")) == "0":
            for step in conversation.run.steps[before:]:
                step.abandoned = True


_COLUMNS = ("session_id", "observed", "active")


def _describe(run: RunDraft, header: Fields, builder: Builder) -> None:
    for name in _LABELS:
        if value := as_scalar(header.get(name)):
            run.labels[name] = value
    begun = first(header, "session_start", "started_at")
    run.start_ns = builder.time(as_scalar(begun))
