"""Factory's Droid session files (JSON Lines; no public document).

Not read: the settings file beside a session. No tokens or costs are recorded.
"""

from whypath.builder import Builder, RunDraft
from whypath.model import StateChange
from whypath.readers.conversation import Conversation
from whypath.readers.fields import Fields, as_fields, as_scalar, as_text, shown_type
from whypath.records import Record, Records, Sample

NAME = "droid"
TOOL = "Factory Droid sessions"
EXPORT = "they lie in ~/.factory/sessions/"
NOT_READ = "the settings beside a session"
EXAMPLE = "whypath report ~/.factory/sessions/PROJECT/ID.jsonl"

_LABELS = ("cwd", "owner", "title", "version")


def detect(sample: Sample) -> bool:
    """Some record starts a session, or is the state of a to-do list."""
    return any(
        (value.get("type") == "session_start" and "id" in value)
        or (value.get("type") == "todo_state" and "todos" in value)
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Each record that starts a session starts a run."""
    run = builder.run(records.path.stem if records.path else "stdin")
    conversation = Conversation(builder, run)
    for record in records.rows():
        fields = as_fields(record.data)
        match as_text(fields.get("type")):
            case "session_start":
                run = _start(fields, builder)
                conversation = Conversation(builder, run)
            case "message":
                conversation.message(_message(fields), record.line)
            case "todo_state":
                _todo(fields, run, builder, record)
            case _:
                what = f"records of type {shown_type(fields)}"
                builder.problem("note", what, "not shown", record.line)


def _start(fields: Fields, builder: Builder) -> RunDraft:
    run = builder.run(as_scalar(fields.get("id")) or "session")
    builder.about = run.id
    found = ((name, as_scalar(fields.get(name))) for name in _LABELS)
    run.labels.update((name, value) for name, value in found if value)
    return run


def _message(fields: Fields) -> Fields:
    """The message, with the clock and the id of its record."""
    outer = {name: fields[name] for name in ("id", "timestamp") if name in fields}
    return {**as_fields(fields.get("message")), **outer}


def _todo(fields: Fields, run: RunDraft, builder: Builder, record: Record) -> None:
    """The to-do list is the state of the agent."""
    todos = fields.get("todos")
    list_ = as_fields(todos).get("todos", todos)
    value = builder.contents.add_if(list_)
    run.step(
        "state",
        "todos",
        line=record.line,
        key=as_scalar(fields.get("id")),
        start_ns=builder.time(as_scalar(fields.get("timestamp")), record.line),
        state=[StateChange("todos", value)],
    )
