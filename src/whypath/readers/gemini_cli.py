"""https://github.com/google-gemini/gemini-cli, packages/core/src/services.

Not read: what a tool's display repeats, and messages as a later rewrite masks them.
A session is one JSON document, or a log in which a message that is written again takes
the place of the one before, and a rewind takes back a message and all after it.
"""

from glob import escape
from pathlib import Path
from typing import Any

from whypath.builder import Builder
from whypath.readers.fields import as_fields
from whypath.readers.gemini_log import Log
from whypath.records import Records, Sample

NAME = "gemini-cli"
TOOL = "Gemini CLI chat recordings"
EXPORT = "they lie in ~/.gemini/tmp/PROJECT/chats/"
NOT_READ = "messages as a later rewrite of the history masks them"
EXAMPLE = "whypath report ~/.gemini/tmp/PROJECT/chats/session-TIME-ID.jsonl"

_ID_LENGTH = 8


def detect(sample: Sample) -> bool:
    """The head of a session, a model's message, or a patch of the session."""
    return any(_is_record(value) for value in sample.objects())


def companions(path: Path) -> list[Path]:
    """The sub-agents' files: in a folder that is named after the whole session id."""
    short = path.name.partition(".json")[0][-_ID_LENGTH:]
    if not path.name.startswith("session-") or len(short) < _ID_LENGTH:
        return []
    folders = (f for f in path.parent.glob(f"{escape(short)}*") if f.is_dir())
    return sorted(file for folder in folders for file in folder.glob("*.jsonl"))


def read(records: Records, builder: Builder) -> None:
    """Each head of a session starts a run; a sub-agent's is part of its session's."""
    log = Log(builder, records.path)
    for record in records.rows():
        log.record(as_fields(record.data), record.line)
    log.close()


def _is_record(value: dict[str, Any]) -> bool:
    if "projectHash" in value and "sessionId" in value:
        return True
    if isinstance(value.get("$set"), dict) or isinstance(value.get("$rewindTo"), str):
        return len(value) == 1
    return value.get("type") == "gemini" and "content" in value and "id" in value
