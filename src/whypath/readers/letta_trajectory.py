"""https://github.com/letta-ai/trajectory: one normal form for the logs of many agents.

Not read: the converter's diagnostics, which are counted.
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
)
from whypath.records import Raw, Records, Sample

NAME = "letta-trajectory"
TOOL = "Letta's trajectory converter"
EXPORT = "trajectory convert SESSION > run.json"
NOT_READ = "the converter's diagnostics"
EXAMPLE = "whypath report run.json"


def detect(sample: Sample) -> bool:
    """Some object holds records, each with a role, beside diagnostics."""
    return any(
        isinstance(records := value.get("records"), list)
        and isinstance(value.get("diagnostics"), list)
        and any(isinstance(r, dict) and "role" in r for r in records)
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Each document is a run."""
    for record in records:
        document = as_fields(record.data)
        if "records" not in document:
            builder.problem("loss", "a line without records", "left out", record.line)
            continue
        known = sum(run.id.startswith("trajectory") for run in builder.runs)
        run = builder.run(f"trajectory-{known + 1}" if known else "trajectory")
        builder.about = run.id
        conversation = Conversation(builder, run)
        for item in as_items(document["records"]):
            fields = as_fields(item)
            if as_text(fields.get("role")) == "meta":
                conversation.model = as_text(fields.get("model"))
                told = {k: as_scalar(v) for k, v in fields.items() if k != "role"}
                run.labels.update({k: v for k, v in told.items() if v})
            else:
                conversation.message(_message(fields), record.line)
        for _ in as_items(document.get("diagnostics")):
            what = "a remark of the converter"
            builder.problem("note", what, "not shown", record.line)


def _message(fields: Fields) -> Fields:
    """The record as a chat message: reasoning stands alone, calls have `args`."""
    role = as_text(fields.get("role"))
    if role == "reasoning":
        said = {"summary": fields.get("content", Raw(b'""'))}
        return {"type": as_raw("reasoning"), **_clock(fields), **said}
    if role == "tool" and as_scalar(fields.get("ok")) == "false":
        return {**fields, "is_error": as_raw(True)}
    calls = as_items(fields.get("tool_calls"))
    if role == "assistant" and calls:
        named = [{**as_fields(c), "arguments": as_fields(c).get("args")} for c in calls]
        return {**fields, "tool_calls": as_raw(named)}
    return fields


def _clock(fields: Fields) -> Fields:
    return {"timestamp": fields["timestamp"]} if "timestamp" in fields else {}
