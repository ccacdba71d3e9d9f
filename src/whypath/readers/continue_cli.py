"""Continue's sessions (https://continue.dev), one JSON document each.

Not read: editor state and context items. No clock is recorded.
"""

from whypath.builder import Builder
from whypath.readers.conversation import Conversation
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    first,
    is_list,
)
from whypath.records import Raw, Records, Sample

NAME = "continue"
TOOL = "Continue sessions (editor and CLI)"
EXPORT = "they lie in ~/.continue/sessions/"
NOT_READ = "editor state, context items"
EXAMPLE = "whypath report ~/.continue/sessions/ID.json"

_FAILED = ("errored", "canceled", "cancelled")


def detect(sample: Sample) -> bool:
    """A history whose items each hold a message."""
    return any(
        "sessionId" in value
        and isinstance(history := value.get("history"), list)
        and any(isinstance(i, dict) and "message" in i for i in history[:2])
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Each document is a run."""
    for record in records:
        session = as_fields(record.data)
        if not is_list(session.get("history")):
            builder.problem("loss", "a line without history", "left out", record.line)
            continue
        run = builder.run(as_scalar(session.get("sessionId")) or "session")
        builder.about = run.id
        for name in ("title", "workspaceDirectory"):
            if value := as_scalar(session.get(name)):
                run.labels[name] = value
        usage = as_fields(session.get("usage"))
        for name in ("totalCost", "promptTokens", "completionTokens"):
            if value := as_scalar(usage.get(name)):
                run.labels[f"session {name}"] = value
        conversation = Conversation(builder, run)
        for raw in as_items(session["history"]):
            item = as_fields(raw)
            conversation.message(_message(item), record.line)
            for state in as_items(item.get("toolCallStates")):
                if (result := _result(as_fields(state))) is not None:
                    conversation.message(result, record.line)


def _message(item: Fields) -> Fields:
    message = dict(as_fields(item.get("message")))
    if "toolCalls" in message:
        message["tool_calls"] = message.pop("toolCalls")
    return message


def _result(state: Fields) -> Fields | None:
    """A tool's result as a chat message; None while there is none."""
    if "output" not in state:
        return None
    outputs = [as_fields(raw) for raw in as_items(state["output"])]
    texts = [text for o in outputs if (text := as_text(o.get("content"))) is not None]
    said = as_raw("\n".join(texts)) if texts else state["output"]
    failed = as_text(state.get("status")) in _FAILED
    id = first(state, "toolCallId") or Raw(b"null")
    return {
        "role": as_raw("tool"),
        "tool_call_id": id,
        "content": said,
        "is_error": as_raw(failed),
    }
