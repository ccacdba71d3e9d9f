"""https://docs.claude.com/en/docs/claude-code/headless: what `claude -p` streams.

Not read: pieces of messages that follow whole, and progress while tools run (counted).
No clock is recorded. A message's own count of tokens is often that of its first piece;
what the result counts beyond the messages is shown at the result.
"""

from typing import Any

from whypath.builder import Builder
from whypath.readers.stream_rows import Stream
from whypath.records import Records, Sample

NAME = "claude-stream-json"
TOOL = "Claude Code headless and Agent SDK streams"
EXPORT = "claude -p --output-format stream-json --verbose ... > run.jsonl"
NOT_READ = "pieces of messages that follow whole, and progress while tools run"
EXAMPLE = "whypath report run.jsonl"

_RESULT = {"total_cost_usd", "num_turns", "permission_denials"}


def detect(sample: Sample) -> bool:
    """A row that starts or ends a stream, or one that names the call it is part of."""
    return any(_is_row(value) for value in sample.objects())


def _is_row(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    if kind == "system":
        begins = value.get("subtype") == "init" and "session_id" in value
        return begins and isinstance(value.get("tools"), list)
    if kind == "result":
        return bool(value.keys() & _RESULT) and "duration_ms" in value
    if "parent_tool_use_id" not in value:
        return False
    holds = "message" if kind in ("assistant", "user") else "event"
    return kind in ("assistant", "user", "stream_event") and holds in value


def read(records: Records, builder: Builder) -> None:
    """Each session is a run; rows that name a call are of the sub-agent it started."""
    stream = Stream(records, builder)
    for record in records.rows():
        stream.record(record)
    stream.close()
