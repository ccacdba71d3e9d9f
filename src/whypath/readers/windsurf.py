"""Windsurf (Cascade) transcripts: JSON Lines, each a `type` with its fields beside it.

Not read: nothing is left out. No ids, clock, model or tokens are recorded.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Call, Status
from whypath.readers.fields import Fields, as_fields, as_scalar, as_text
from whypath.records import Record, Records, Sample

NAME = "windsurf"
TOOL = "Windsurf (Cascade) transcripts"
EXPORT = "they lie in ~/.windsurf/transcripts/"
NOT_READ = "nothing is left out; ids, times, models and tokens are not recorded"
EXAMPLE = "whypath report ~/.windsurf/transcripts/ID.jsonl"


def detect(sample: Sample) -> bool:
    """Each record has a status, and a field that its type names."""
    return any(
        value.get("type") in ("planner_response", "user_input", "code_action")
        and value["type"] in value
        and "status" in value
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """All lines of a file are one run."""
    run = builder.run(records.path.stem if records.path else "stdin")
    builder.about = run.id
    turn: Draft | None = None
    for record in records.rows():
        fields = as_fields(record.data)
        kind = as_text(fields.get("type"))
        body = fields.get(kind or "")
        inner = as_fields(body)
        if kind == "user_input":
            said = inner.get("user_response")
            step = run.step("user", line=record.line)
            step.output = builder.contents.add_if(said)
            turn = None
        elif kind == "planner_response":
            said = inner.get("response")
            turn = run.step("model", line=record.line, status="ok")
            turn.output = builder.contents.add_if(said)
        elif kind is None:
            builder.problem("loss", "a line without a type", "left out", record.line)
        else:
            if turn is None:
                turn = run.step("model", line=record.line, status="ok")
            _act(turn, run, kind, fields, record, builder)


def _act(
    turn: Draft,
    run: RunDraft,
    kind: str,
    fields: Fields,
    record: Record,
    builder: Builder,
) -> None:
    """One action and what came of it, which stand in one record."""
    made = sum(len(step.calls) for step in run.steps)
    id = f"{kind}-{made + 1}"
    inner = as_fields(fields.get(kind))
    told = {name: raw for name, raw in inner.items() if name not in _RESULTS}
    arguments = builder.contents.add_value(told)
    turn.calls = (*turn.calls, Call(id, kind, arguments))
    result = next((inner[name] for name in _RESULTS if name in inner), None)
    code = as_scalar(inner.get("exit_code"))
    failed = as_text(fields.get("status")) == "error" or code not in (None, "0")
    status: Status = "error" if failed else "ok"
    why = "no message is recorded" if code is None else f"exit code {code}"
    error = f"failed: {why}" if failed else None
    output = builder.contents.add_if(result)
    run.result(id, output, status=status, error=error, line=record.line)


_RESULTS = ("output", "content", "results", "total_results")
