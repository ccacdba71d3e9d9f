"""Cursor's agent transcripts (JSON Lines of `role` and `message`; no public document).

Not read: content blocks of unknown types stay in the step's details. No ids, no clock,
no model and, in most files, no tool results are recorded.
"""

from whypath.builder import Builder
from whypath.readers.conversation import Conversation
from whypath.readers.fields import as_fields, as_text
from whypath.records import Records, Sample

NAME = "cursor"
TOOL = "Cursor agent transcripts"
EXPORT = "they lie in ~/.cursor/projects/PROJECT/agent-transcripts/"
NOT_READ = "nothing is left out; ids, times, models and most results are not recorded"
EXAMPLE = "whypath report ~/.cursor/projects/PROJECT/agent-transcripts/ID.jsonl"


def detect(sample: Sample) -> bool:
    """A role beside a message that has a content and no role of its own."""
    return any(
        isinstance(value.get("role"), str)
        and not value.keys() & {"type", "uuid", "content"}
        and isinstance(message := value.get("message"), dict)
        and "content" in message
        and "role" not in message
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """All lines of a file are one run."""
    run = builder.run(records.path.stem if records.path else "stdin")
    builder.about = run.id
    conversation = Conversation(builder, run)
    for record in records.rows():
        fields = as_fields(record.data)
        message = as_fields(fields.get("message"))
        if not message or as_text(fields.get("role")) is None:
            what = "a line without a role and a message"
            builder.problem("loss", what, "left out", record.line)
            continue
        conversation.message({**message, "role": fields["role"]}, record.line)
