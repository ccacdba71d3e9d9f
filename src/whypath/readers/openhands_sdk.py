"""OpenHands (version 1) events, https://docs.openhands.dev/sdk/arch/events

Not read: streamed pieces and logged completions, which repeat other events (counted).
Reads event lists, lines, {"items"} of the API, and the events folder of a conversation.
"""

from pathlib import Path
from typing import Any

from whypath.builder import Builder
from whypath.readers.fields import as_fields, as_items, is_list
from whypath.readers.openhands_sdk_events import Events
from whypath.records import Raw, Records, Sample

NAME = "openhands-sdk"
TOOL = "OpenHands, version 1 (SDK, agent server, CLI)"
EXPORT = (
    "take the conversation's events folder, or GET /api/conversations/ID/events/search"
)
NOT_READ = "streamed pieces and logged completions, which repeat other events"
EXAMPLE = "whypath report workspace/conversations/ID/events"

_KINDS = {
    *("SystemPromptEvent", "MessageEvent", "ActionEvent", "ObservationEvent"),
    *("UserRejectObservation", "AgentErrorEvent", "ConversationStateUpdateEvent"),
    *("Condensation", "CondensationRequest", "CondensationSummaryEvent"),
    *("PauseEvent", "InterruptEvent", "ConversationErrorEvent"),
    *("LLMCompletionLogEvent", "TokenEvent", "StreamingDeltaEvent"),
}
_FOLDER = "events"


def detect(sample: Sample) -> bool:
    """Some record is an event of a kind that the SDK writes, with its time."""
    return any(_is_event(v) or _holds_events(v) for v in sample.objects())


def _is_event(value: Any) -> bool:
    if not isinstance(value, dict) or "timestamp" not in value:
        return False
    kind = value.get("kind")
    return isinstance(kind, str) and kind in _KINDS


def _holds_events(value: dict[str, Any]) -> bool:
    items = value.get("items")
    return isinstance(items, list) and any(_is_event(item) for item in items)


def companions(path: Path) -> list[Path]:
    """The other events of a conversation, each of which has a file of its own."""
    if path.parent.name != _FOLDER or not path.name.startswith("event-"):
        return []
    return sorted(path.parent.glob("event-*.json"))


def read(records: Records, builder: Builder) -> None:
    """Events of one file are a run; so are those of one folder."""
    path = records.path
    id = path.stem if path is not None else "stdin"
    if path is not None and companions(path):
        id = path.parent.parent.name or id
    known = builder.shared(_Known).of(id)
    for record in records:
        items = as_fields(record.data).get("items")
        if is_list(record.data):
            known.read(as_items(record.data), record.line)
        elif items is not None:
            known.read(as_items(items), record.line)
        else:
            known.read([Raw(record.data)], record.line)


class _Known:
    """The conversations of an input, whose events may come from many files."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._events: dict[str, Events] = {}
        builder.at_end(self._close)

    def of(self, id: str) -> Events:
        """The events of one conversation, made at the first ask."""
        if id not in self._events:
            self._events[id] = Events(self._builder, self._builder.run(id))
        self._builder.about = id
        return self._events[id]

    def _close(self) -> None:
        for events in self._events.values():
            events.close()
