"""Amp threads (https://ampcode.com), one JSON document each.

Not read: the environment of the thread, and traces of its own timing.
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

NAME = "amp"
TOOL = "Amp threads"
EXPORT = "amp threads export ID > thread.json, or ~/.local/share/amp/threads/"
NOT_READ = "the environment, and timing traces"
EXAMPLE = "whypath report ~/.local/share/amp/threads/T-ID.json"

_USAGE = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadInputTokens": "cache_read_input_tokens",
    "cacheCreationInputTokens": "cache_creation_input_tokens",
}
"""Amp's names of the counts that Anthropic's API gives."""


def detect(sample: Sample) -> bool:
    """A thread: its messages have numbers of their own."""
    return any(
        isinstance(messages := value.get("messages"), list)
        and any(isinstance(m, dict) and "messageId" in m for m in messages[:2])
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Each document is a run."""
    for record in records:
        thread = as_fields(record.data)
        if not is_list(thread.get("messages")):
            builder.problem("loss", "a line without messages", "left out", record.line)
            continue
        run = builder.run(as_scalar(thread.get("id")) or "thread")
        builder.about = run.id
        for name in ("title", "agentMode"):
            if value := as_scalar(thread.get(name)):
                run.labels[name] = value
        run.start_ns = builder.time(as_scalar(thread.get("created")), record.line)
        conversation = Conversation(builder, run)
        for raw in as_items(thread["messages"]):
            conversation.message(_message(as_fields(raw)), record.line)


def _message(fields: Fields) -> Fields:
    """The message in the terms of Anthropic's API, which it comes near to."""
    usage = as_fields(fields.get("usage"))
    meta = as_fields(fields.get("meta"))
    time = first(usage, "timestamp") or first(meta, "sentAt")
    counts = {name: usage[own] for own, name in _USAGE.items() if own in usage}
    kept = {k: v for k, v in fields.items() if k not in ("usage", "messageId")}
    said: dict[str, Raw] = {**kept}
    if counts:
        said["usage"] = as_raw(counts)
    if "model" in usage:
        said["model"] = usage["model"]
    if time is not None:
        said["timestamp"] = time
    if "messageId" in fields:
        said["id"] = as_raw(f"message-{as_scalar(fields['messageId'])}")
    if is_list(fields.get("content")):
        parts = [_part(raw) for raw in as_items(fields["content"])]
        said["content"] = as_raw([part for part in parts if part is not None])
    return said


def _part(raw: Raw) -> object:
    """A result in the API's terms; a text of line feeds alone is nothing."""
    part = as_fields(raw)
    kind = as_text(part.get("type"))
    if kind == "text" and not (as_text(part.get("text")) or "").strip():
        return None
    if kind != "tool_result":
        return raw
    run = as_fields(part.get("run"))
    status = as_text(run.get("status"))
    failed = status in ("error", "cancelled", "rejected-by-user")
    return {
        "type": "tool_result",
        "tool_use_id": part.get("toolUseID"),
        "content": first(run, "result", "error", "reason") or Raw(b"null"),
        "is_error": failed,
    }
