"""Agent Data Protocol, https://github.com/neulab/agent-data-protocol

Not read: nothing; a page's tree and HTML are the result of the action before it.
Rows have no clock and no tokens; what follows an action is its result.
"""

from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.readers.conversation import Conversation
from whypath.readers.fields import (
    Fields,
    Names,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    first,
    is_list,
    rest_of,
    shown_type,
)
from whypath.records import Raw, Records, Sample

NAME = "adp"
TOOL = "Agent Data Protocol (standardised trajectories)"
EXPORT = "take full_std.jsonl of a data set in the protocol's form"
NOT_READ = "nothing"
EXAMPLE = "whypath report full_std.jsonl --run ID"

LABEL_LENGTH = 200

_CLASSES = {
    *("text_observation", "web_observation"),
    *("message_action", "code_action", "api_action"),
}


def detect(sample: Sample) -> bool:
    """Rows whose content is a list of the protocol's actions and observations."""
    return any(_is_row(value) for value in sample.objects())


def _is_row(value: dict[str, Any]) -> bool:
    content = value.get("content")
    if not isinstance(content, list):
        return False
    return any(isinstance(c, dict) and _known(c.get("class_")) for c in content[:8])


def _known(value: Any) -> bool:
    return isinstance(value, str) and value in _CLASSES


def read(records: Records, builder: Builder) -> None:
    """Each row is a run."""
    name = records.path.stem if records.path else "stdin"
    names = Names(run.id for run in builder.runs)
    for record in records:
        listed = is_list(record.data)
        for item in as_items(record.data) if listed else [Raw(record.data)]:
            fields = as_fields(item)
            run = builder.run(names.new(as_scalar(fields.get("id")) or name))
            builder.about = run.id
            _row(builder, run, fields, record.line)


def _row(builder: Builder, run: RunDraft, fields: Fields, line: int) -> None:
    for key, raw in as_fields(fields.get("details")).items():
        value = as_scalar(raw)
        if value and len(value) <= LABEL_LENGTH:
            run.labels[key[:40]] = value
    if not is_list(fields.get("content")):
        builder.problem("loss", "a row without content", "left out", line)
    reader = _Row(builder, run, line)
    for item in as_items(fields.get("content")):
        reader.part(as_fields(item))


class _Row:
    """The state of reading one row: the calls that wait for what comes back."""

    def __init__(self, builder: Builder, run: RunDraft, line: int) -> None:
        self._builder = builder
        self._line = line
        self._talk = Conversation(builder, run)
        self._made = 0
        self._waiting: list[str] = []

    def part(self, fields: Fields) -> None:
        """Reads one action or observation."""
        match as_text(fields.get("class_")):
            case "message_action":
                self._waiting.clear()
                self._say("assistant", _content(fields))
            case "code_action":
                name = as_text(fields.get("language")) or "code"
                code = {"code": fields.get("content")}
                self._act(fields, name, as_raw(code))
            case "api_action":
                name = as_scalar(fields.get("function")) or "?"
                self._act(fields, name, fields.get("kwargs", as_raw({})))
            case "text_observation":
                self._observe(fields, as_text(fields.get("source")))
            case "web_observation":
                self._observe(fields, "environment")
            case _:
                what = f"parts of class {shown_type(fields, 'class_')}"
                self._builder.problem("loss", what, "left out", self._line)

    def _say(self, role: str, told: dict[str, Raw]) -> None:
        self._talk.message({**told, "role": as_raw(role)}, self._line)

    def _act(self, fields: Fields, name: str, arguments: Raw) -> None:
        self._made += 1
        id = f"action-{self._made}"
        self._waiting.append(id)
        call = {"id": id, "name": name, "arguments": arguments}
        told = {"tool_calls": as_raw([call])}
        if "description" in fields:
            told["content"] = fields["description"]
        self._say("assistant", told)

    def _observe(self, fields: Fields, source: str | None) -> None:
        """What the user says; or what the action before has led to."""
        told = _content(fields)
        if source == "user":
            self._waiting.clear()
            self._say("user", told)
        elif self._waiting:
            told["tool_call_id"] = as_raw(self._waiting.pop(0))
            self._say("tool", told)
        else:
            self._say("system" if source == "system" else "user", told)


def _content(fields: Fields) -> dict[str, Raw]:
    """The text of a part; of a page its tree, with the rest beside it."""
    said = first(fields, "content", "axtree", "html")
    shown = next((k for k in ("content", "axtree", "html") if k in fields), "")
    rest = as_fields(rest_of(fields, ("class_", "source", shown)))
    told = {f"part_{key}": raw for key, raw in rest.items()}
    return told if said is None else {**told, "content": said}
