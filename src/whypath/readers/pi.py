"""https://github.com/badlogic/pi-mono, packages/coding-agent/docs/session.md.

Not read: messages that a compaction keeps and names by their number.
OpenClaw and oh-my-pi write the same files. A session is a tree: what does not lead to
the last turn was given up. A message has two clocks, which tell its start and its end.
"""

from typing import Any

from whypath.builder import Builder
from whypath.readers.fields import as_fields
from whypath.readers.pi_session import Session
from whypath.records import Records, Sample

NAME = "pi"
TOOL = "pi, OpenClaw and oh-my-pi sessions"
EXPORT = (
    "they lie in ~/.pi/agent/sessions/, ~/.omp/agent/sessions/ "
    "and ~/.openclaw/agents/AGENT/sessions/"
)
NOT_READ = "messages that a compaction keeps and names by their number"
EXAMPLE = "whypath report ~/.pi/agent/sessions/PROJECT/TIME_ID.jsonl"

_OWN_ROLES = ("toolResult", "bashExecution", "compactionSummary", "branchSummary")
_OWN_FIELDS = {"api", "provider", "stopReason"}


def detect(sample: Sample) -> bool:
    """Some record is a session's header, or a message that only pi writes."""
    return any(_is_entry(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """Each header starts a run."""
    session = Session(builder, records.path.stem if records.path else "stdin")
    for record in records.rows():
        session.entry(as_fields(record.data), record)
    session.close()


def _is_entry(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    if kind == "session":
        return "timestamp" in value and "id" in value and "cwd" in value
    message = value.get("message")
    if kind != "message" or not isinstance(message, dict):
        return False
    role = message.get("role")
    is_answer = role == "assistant" and bool(message.keys() & _OWN_FIELDS)
    return is_answer or role in _OWN_ROLES
