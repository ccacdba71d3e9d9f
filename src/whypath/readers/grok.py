"""Grok CLI's chat history (JSON Lines of messages that have a `type` for a role).

Not read: encrypted reasoning. No clock and no tokens are recorded.
"""

from whypath.builder import Builder
from whypath.readers.conversation import Conversation
from whypath.readers.fields import Fields, as_fields, as_raw, as_text, first, shown_type
from whypath.records import Records, Sample

NAME = "grok"
TOOL = "Grok CLI chat history"
EXPORT = "it lies in ~/.grok/sessions/, as chat_history.jsonl"
NOT_READ = "encrypted reasoning"
EXAMPLE = "whypath report ~/.grok/sessions/ID/chat_history.jsonl"

_ROLES = {"system": "system", "user": "user", "assistant": "assistant"}


def detect(sample: Sample) -> bool:
    """A message whose type is its role, with a mark that no other format has."""
    return any(
        value.get("type") in ("user", "assistant", "tool_result", "backend_tool_call")
        and "message" not in value
        and value.keys() & {"model_id", "prompt_index", "model_fingerprint"}
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """All lines of a file are one run."""
    run = builder.run(records.path.parent.name if records.path else "stdin")
    builder.about = run.id
    conversation = Conversation(builder, run)
    for record in records.rows():
        fields = as_fields(record.data)
        kind = as_text(fields.get("type"))
        if kind in _ROLES:
            role = "system" if "synthetic_reason" in fields else _ROLES[kind]
            conversation.message(_spoken(fields, role), record.line)
        elif kind == "reasoning":
            conversation.message(fields, record.line)
        elif kind == "tool_result":
            conversation.message({**fields, "role": as_raw("tool")}, record.line)
        elif kind == "backend_tool_call":
            done = as_fields(fields.get("kind"))
            name = as_text(first(done, "tool_type")) or "tool"
            made = fields.get("kind")
            given = builder.contents.add_if(made)
            run.step("tool", name, line=record.line, input=given, status="ok")
        else:
            what = f"records of type {shown_type(fields)}"
            builder.problem("note", what, "not shown", record.line)


def _spoken(fields: Fields, role: str) -> Fields:
    """The message without its type, which would say that it goes on with another."""
    kept = {name: raw for name, raw in fields.items() if name != "model_id"}
    model = {"model": fields["model_id"]} if "model_id" in fields else {}
    return {**kept, **model, "role": as_raw(role)}
