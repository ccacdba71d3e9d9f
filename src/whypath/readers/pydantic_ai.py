"""https://ai.pydantic.dev/message-history: messages as Pydantic AI's own JSON has them.

Not read: the hashes of instructions, audio and other files beyond showing them as they
are; the tools on offer and the model's settings, which the messages do not hold.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whypath.builder import Builder
from whypath.model import Outcome
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    first,
    is_list,
    is_object,
)
from whypath.readers.pydantic_ai_parts import Messages
from whypath.records import Raw, Records, Sample

NAME = "pydantic-ai"
TOOL = "Pydantic AI message history"
EXPORT = "write result.all_messages_json() of an agent's run to a file"
NOT_READ = "files, settings of the model, hashes of instructions"
EXAMPLE = "whypath report messages.json"

_KINDS = ("request", "response")
_LISTS = ("messages", "all_messages", "message_history", "new_messages", "history")
_IDS = ("conversation_id", "run_id")
_LABEL_LENGTH = 200


def detect(sample: Sample) -> bool:
    """Most records are messages with parts, lists of them, or hold such a list."""
    ours = sum(_is_message(v) or _holds_messages(v) for v in sample.records)
    return ours * 2 > len(sample.records)


def read(records: Records, builder: Builder) -> None:
    """Single messages make one run; each list of messages makes a run of its own."""
    reader = _Reader(builder, records.path)
    for record in records:
        reader.value(Raw(record.data), record.line)
    reader.close()


def _is_message(value: Any) -> bool:
    """A kind, and parts that say theirs."""
    if not isinstance(value, dict) or value.get("kind") not in _KINDS:
        return False
    parts = value.get("parts")
    return isinstance(parts, list) and all(
        isinstance(part, dict) and "part_kind" in part for part in parts[:4]
    )


def _holds_messages(value: Any) -> bool:
    if isinstance(value, list):
        ours = sum(_is_message(v) or _holds_messages(v) for v in value)
        return ours * 2 > len(value)
    if not isinstance(value, dict):
        return False
    return any(
        isinstance(value.get(key), list) and value[key] and _is_message(value[key][0])
        for key in _LISTS
    )


class _Reader:
    """The runs of one file; single messages are kept until their run is known."""

    def __init__(self, builder: Builder, path: Path | None) -> None:
        self._builder = builder
        self._name = path.name.partition(".")[0] if path is not None else "stdin"
        self._single: list[tuple[Raw, int]] = []

    def value(self, raw: Raw, line: int, depth: int = 0) -> None:
        """Reads one record, or one member of a list of records."""
        if is_list(raw) and depth < 3:
            items = as_items(raw)
            if any("parts" in as_fields(item) for item in items[:8]):
                self._run([(item, line) for item in items])
                return
            for item in items:
                self.value(item, line, depth + 1)
            return
        fields = as_fields(raw)
        if "parts" in fields:
            self._single.append((raw, line))
            return
        listed = first(fields, *_LISTS)
        if not is_list(listed):
            what = "a record that holds no messages"
            self._builder.problem("loss", what, "left out", line)
            return
        self._run([(item, line) for item in as_items(listed)], fields)

    def close(self) -> None:
        """Makes the run of the messages that stood alone."""
        if self._single:
            self._run(self._single)

    def _run(self, items: list[tuple[Raw, int]], around: Fields | None = None) -> None:
        """One list of messages, and what stands beside it."""
        named = [as_fields(item) for item, _ in items[:8]]
        id = self._id([*named, around or {}])
        run = self._builder.run(id)
        self._builder.about = id
        messages = Messages(run, self._builder)
        for item, line in items:
            if is_object(item):
                messages.message(as_fields(item), line)
            else:
                what = "a message that is no JSON object"
                self._builder.problem("loss", what, "left out", line)
        messages.close()
        for key, raw in (around or {}).items():
            value = as_scalar(raw)
            if key in ("output", "result", "data"):
                run.outcome = Outcome(answer=self._builder.contents.add(raw))
            elif value is not None and len(value) <= _LABEL_LENGTH:
                run.labels.setdefault(key, value)
            elif key not in _LISTS and value != "":
                what = "other fields of a record, longer than a label"
                self._builder.problem("note", what, "not shown")
        self._builder.about = None

    def _id(self, sources: list[Fields]) -> str:
        """The conversation's id, else the first run's, else the file's name."""
        base = next(self._ids(sources), self._name)
        taken = {run.id for run in self._builder.runs}
        number, unique = 1, base
        while unique in taken:
            number += 1
            unique = f"{base}-{number}"
        return unique

    def _ids(self, sources: list[Fields]) -> Iterator[str]:
        for key in _IDS:
            for fields in sources:
                if found := as_scalar(fields.get(key)):
                    yield found
