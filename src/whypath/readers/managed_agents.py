"""https://platform.claude.com/docs/en/managed-agents/events-and-streaming

Not read: statuses between the turns, previews of events that follow whole (counted).
A line is an event, a page of events, or `[method, payload]` as a client's log has it.
What was sent is shown as the stream echoes it, and at the end where it does not.
"""

from collections.abc import Iterator
from typing import Any

from whypath.builder import Builder
from whypath.readers.managed_agents_session import Session
from whypath.records import Records, Sample

NAME = "anthropic-managed-agents"
TOOL = "Anthropic Managed Agents event streams"
EXPORT = "write each event of client.beta.sessions.events.list(ID) as a line of JSON"
NOT_READ = "statuses between the turns, and previews of events that follow whole"
EXAMPLE = "whypath report events.jsonl"

_FAMILIES = ("user.", "agent.", "session.", "span.")


def detect(sample: Sample) -> bool:
    """Some record is, or holds, an event that was processed, or a session."""
    return any(_is_event(value) for value in _values(sample))


def read(records: Records, builder: Builder) -> None:
    """A file is a run, or as many as it names sessions."""
    session = Session(builder, records.path.stem if records.path else "stdin")
    for record in records:
        session.record(record.data, record.line)
    session.close()


def _values(sample: Sample) -> Iterator[dict[str, Any]]:
    for value in sample.objects():
        yield value
        events = value.get("data")
        if isinstance(events, list):
            yield from (event for event in events if isinstance(event, dict))


def _is_event(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    if not isinstance(kind, str):
        return False
    if kind == "session":
        return isinstance(value.get("agent"), dict) and "environment_id" in value
    return kind.startswith(_FAMILIES) and "processed_at" in value
