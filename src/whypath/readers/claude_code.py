"""Claude Code session files: no specification; https://docs.claude.com/claude-code

Not read: bookkeeping rows (counted), progress rows' copies of a sub-agent's messages.
One run is one conversation: rows that follow each other by `parentUuid`, whatever their
`sessionId` says (a resumed session changes it); a root with another id starts a run.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

from whypath.builder import Builder
from whypath.errors import TraceError
from whypath.readers.claude_session import Session
from whypath.records import Records, Sample

NAME = "claude-code"
TOOL = "Claude Code"
EXPORT = "take the files under ~/.claude/projects as they are"
NOT_READ = "bookkeeping rows, and progress rows that repeat a sub-agent's messages"
EXAMPLE = "whypath report ~/.claude/projects/PROJECT/SESSION.jsonl"


def detect(sample: Sample) -> bool:
    """Some row is a node of the session tree, or bookkeeping with its known fields."""
    return any(_is_row(value) for value in sample.objects())


def _is_row(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    if kind == "summary":
        return isinstance(value.get("leafUuid"), str)
    if kind == "file-history-snapshot":
        return isinstance(value.get("snapshot"), dict)
    if kind == "queue-operation":
        return isinstance(value.get("operation"), str) and "sessionId" in value
    if not isinstance(value.get("uuid"), str) or "parent_tool_use_id" in value:
        return False
    message = value.get("message")
    if kind in ("user", "assistant"):
        return isinstance(message, dict) and "role" in message and "content" in message
    known = kind in ("system", "attachment", "progress")
    return known and "sessionId" in value and "systemPayload" not in value


def companions(path: Path) -> list[Path]:
    """The files of the session's sub-agents: below its folder, or beside it."""
    if path.name.startswith("agent-"):
        return []
    session = path.name.partition(".jsonl")[0]
    below = path.parent / session / "subagents"
    beside = (p for p in path.parent.glob("agent-*.jsonl") if _belongs(p, session))
    return sorted([*below.rglob("agent-*.jsonl"), *beside])


def _belongs(path: Path, session: str) -> bool:
    """True when the file's rows are of this session; nothing else tells."""
    try:
        with closing(Records(path)) as records:
            objects = records.sample().objects()
    except TraceError:
        return False
    return any(value.get("sessionId") == session for value in objects)


def read(records: Records, builder: Builder) -> None:
    """Files of one session may be read in turn into one builder, the main one first."""
    session = Session(records, builder)
    for record in records.rows():
        session.row(record.data, record.line)
    session.close()
