"""Letta Code's session transcripts (JSON Lines of `kind` and `text`).

Not read: nothing is left out. No tokens, models or tool lists are recorded.
"""

from whypath.builder import Builder, RunDraft
from whypath.model import Call, Status
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_scalar,
    as_text,
    reason_of,
    shown_type,
)
from whypath.records import Record, Records, Sample

NAME = "letta-code"
TOOL = "Letta Code transcripts"
EXPORT = "they lie in ~/.letta/transcripts/"
NOT_READ = "nothing is left out; tokens, models and tool lists are not recorded"
EXAMPLE = "whypath report ~/.letta/transcripts/ID.jsonl"

_KINDS = ("user", "assistant", "reasoning", "tool_call", "error", "status")


def detect(sample: Sample) -> bool:
    """A known kind of row with the time when it was captured."""
    return any(
        value.get("kind") in _KINDS and "captured_at" in value
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """All lines of a file are one run."""
    run = builder.run(records.path.stem if records.path else "stdin")
    builder.about = run.id
    reader = _Reader(builder, run)
    for record in records.rows():
        reader.row(as_fields(record.data), record)


class _Reader:
    """The state of reading one file: a thought whose answer is not read yet."""

    def __init__(self, builder: Builder, run: RunDraft) -> None:
        self._builder = builder
        self._run = run
        self._thought: int | None = None

    def row(self, fields: Fields, record: Record) -> None:
        """Takes in one row: what was said, thought, called or reported."""
        builder, run, line = self._builder, self._run, record.line
        said = fields.get("text")
        text = builder.contents.add_if(said)
        start_ns = builder.time(as_scalar(fields.get("captured_at")), line)
        key = as_scalar(fields.get("source_line_id"))
        match as_text(fields.get("kind")):
            case "user":
                run.step("user", line=line, key=key, start_ns=start_ns, output=text)
            case "reasoning":
                self._thought = text
            case "assistant":
                step = run.step("model", line=line, key=key, start_ns=start_ns)
                step.output, step.reasoning, step.status = text, self._thought, "ok"
                self._thought = None
            case "tool_call":
                self._call(fields, line, key, start_ns)
            case "error":
                why = None if said is None else reason_of(said)
                step = run.step("error", "error", line=line, key=key, output=text)
                step.start_ns, step.status, step.error = start_ns, "error", why
            case kind:
                if kind not in _KINDS:
                    what = f"records of kind {shown_type(fields, 'kind')}"
                    builder.problem("note", what, "shown as events", line)
                name = kind or "event"
                run.step("event", name, line=line, start_ns=start_ns, output=text)

    def _call(
        self, fields: Fields, line: int, key: str | None, start_ns: int | None
    ) -> None:
        """A call and its result stand in one row, apart from what was said."""
        contents = self._builder.contents
        name = as_scalar(fields.get("name")) or "?"
        id = key or f"{name}@{line}"
        given = fields.get("argsText")
        arguments = contents.add_embedded_if(given)
        step = self._run.step("model", line=line, start_ns=start_ns, status="ok")
        step.calls, step.reasoning = (Call(id, name, arguments),), self._thought
        self._thought = None
        result = fields.get("resultText")
        if result is None:
            return
        failed = as_scalar(fields.get("resultOk")) == "false"
        status: Status = "error" if failed else "ok"
        error = reason_of(result) if failed else None
        output = contents.add_embedded(result)
        self._run.result(id, output, status=status, error=error, line=line)
