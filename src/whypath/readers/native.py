"""Whypath's own trace format, version 1: see example_traces/README.md and schema.json.

Not read: nothing is left out; a record of an unknown type is counted and reported.
"""

from pathlib import Path
from typing import Any

from whypath.builder import Builder, Draft, RunDraft, Thread, Window
from whypath.errors import NewerVersion
from whypath.model import (
    KINDS,
    Call,
    Decision,
    Evidence,
    Kind,
    Message,
    Option,
    Outcome,
    StateChange,
    Tool,
    Usage,
)
from whypath.records import BadShape, Raw, Record, Records, Sample, Shape, decoder

NAME = "native"
TOOL = "any program: a print statement is enough"
EXPORT = "write the lines that example_traces/README.md describes"
NOT_READ = "nothing is left out"
VERSION = 1

Time = str | int | float | None
Text = str | None


class CallLine(Shape):
    name: str = ""
    id: Text = None
    arguments: Raw = Raw()


class ToolLine(Shape):
    name: str = ""


class UsageLine(Shape):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None


class ContextLine(Shape):
    add: list[str] = []
    base: Text = None
    keep: int = 0


class OptionLine(Shape):
    name: str
    arguments: Raw = Raw()
    score: float | None = None
    reason: Text = None


class EvidenceLine(Shape):
    name: str = ""
    value: Raw = Raw()
    step: Text = None
    path: Text = None
    default: bool = False


class OutcomeLine(Shape):
    answer: Raw = Raw()
    score: float | None = None
    reward: float | None = None
    note: Text = None


class Line(Shape):
    """Every field that any record type has; a record uses those of its type."""

    type: Text = None
    whypath: int | None = None
    run: Text = None
    id: Text = None
    kind: str = "event"
    name: Text = None
    task: Text = None
    agent: Text = None
    thread: Text = None
    parent: Text = None
    previous: Text = None
    start: Time = None
    end: Time = None
    status: Text = None
    error: Text = None
    input: Raw = Raw()
    output: Raw = Raw()
    reasoning: Text = None
    model: Text = None
    usage: UsageLine | None = None
    tools: list[ToolLine | str] | None = None
    calls: list[CallLine] = []
    call: Text = None
    context: list[str] | ContextLine | None = None
    labels: dict[str, str | int | float | bool] = {}
    role: str = "user"
    content: Raw = Raw()
    step: Text = None
    question: str = ""
    options: list[OptionLine | str] = []
    chosen: str | list[str] | None = None
    rationale: Text = None
    confidence: float | None = None
    evidence: list[EvidenceLine] = []
    set: dict[str, Raw] = {}
    remove: list[str] = []
    outcome: OutcomeLine | str | None = None


class ToolDefinition(Shape):
    """The tools of a record again, whole, to keep their definitions as written."""

    tools: list[Raw] = []


_decode = decoder(Line)
_decode_tools = decoder(ToolDefinition)


def detect(sample: Sample) -> bool:
    """Some record is a run header with our version number."""
    return any(
        value.get("type") == "run" and isinstance(value.get("whypath"), int)
        for value in sample.objects()
    )


def companions(path: Path) -> list[Path]:
    """A native run is one file."""
    return []


def read(records: Records, builder: Builder) -> None:
    """Raises `NewerVersion` for a file that a later Whypath wrote."""
    reader = _Reader(builder, records.name)
    for record in records:
        reader.record(record)
    reader.close()


class _Reader:
    """The state of reading one file: the current run, its steps and messages by id."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._name = name
        self._run: RunDraft | None = None
        self._ended = False
        self._steps: dict[str, Draft] = {}
        self._messages: dict[str, Message] = {}
        self._last: Draft | None = None

    def record(self, record: Record) -> None:
        try:
            line = _decode(record.data)
        except BadShape as wrong:
            what = f"a record that does not fit the format: {wrong}"
            self._builder.problem("loss", what, "left out", record.line)
            return
        handler = _HANDLERS.get(line.type or "")
        if handler is None:
            what = f"a record of unknown type {line.type!r}"
            self._builder.problem("loss", what, "left out", record.line)
        elif line.type == "run":
            self._start_run(line, record)
        elif self._run is None:
            what = "a record before the first run header"
            self._builder.problem("loss", what, "left out", record.line)
        else:
            handler(self, self._run, line, record)

    def close(self) -> None:
        """A run without an end record did not end: it was cut off or crashed."""
        if self._run is not None and not self._ended:
            self._run.status = "incomplete"

    def _start_run(self, line: Line, record: Record) -> None:
        if (line.whypath or 0) > VERSION:
            raise NewerVersion(
                self._name,
                f"written in version {line.whypath} of the format, "
                f"this Whypath reads version {VERSION}",
                line=record.line,
                hint="update Whypath: pip install --upgrade whypath",
            )
        self.close()
        builder = self._builder
        run = builder.run(line.id or f"line-{record.line}")
        run.task, run.agent = line.task, line.agent
        run.start_ns = builder.time(line.start, record.line)
        run.labels = {key: str(value) for key, value in line.labels.items()}
        self._run, self._ended, self._last = run, False, None
        self._steps, self._messages = {}, {}

    def _add_step(self, run: RunDraft, line: Line, record: Record) -> None:
        draft = self._steps.get(line.id) if line.id else None
        if draft is None:
            kind = self._kind(line.kind, record)
            draft = run.step(kind, line.name or "", line=record.line, key=line.id)
            if line.id:
                self._steps[line.id] = draft
        self._last = draft
        self._fill(draft, line, record)
        if draft.thread and draft.parent:
            thread = Thread(parent=draft.parent, agent=draft.agent)
            run.threads.setdefault(draft.thread, thread)

    def _kind(self, kind: str, record: Record) -> Kind:
        if kind in KINDS:
            return kind
        what = f"an unknown kind of step {kind!r}"
        self._builder.problem("repair", what, "shown as an event", record.line)
        return "event"

    def _fill(self, draft: Draft, line: Line, record: Record) -> None:
        """Takes over what this record says of a step; a later record adds to it."""
        builder = self._builder
        draft.name = line.name or draft.name
        draft.agent = line.agent or draft.agent
        draft.thread = line.thread or draft.thread
        draft.parent = line.parent or draft.parent
        draft.previous = line.previous or draft.previous
        draft.start_ns = builder.time(line.start, record.line) or draft.start_ns
        draft.end_ns = builder.time(line.end, record.line) or draft.end_ns
        draft.model = line.model or draft.model
        draft.call_id = line.call or draft.call_id
        draft.error = line.error or draft.error
        if line.reasoning is not None:
            draft.reasoning = self._text(line.reasoning)
        draft.input = self._payload(line.input, draft.input)
        draft.output = self._payload(line.output, draft.output)
        if line.usage is not None:
            draft.usage = Usage(
                line.usage.input_tokens,
                line.usage.output_tokens,
                line.usage.cache_read_tokens,
                line.usage.cache_write_tokens,
                line.usage.reasoning_tokens,
                line.usage.cost_usd,
            )
        if line.tools is not None:
            draft.tools = self._tools(line, record)
        if line.calls:
            draft.calls = tuple(
                Call(call.id, call.name, self._payload(call.arguments, None))
                for call in line.calls
            )
        if line.context is not None:
            draft.window = self._window(line.context, record)
        if line.error or line.status == "error":
            draft.status = "error"
        elif line.status == "ok" or draft.output is not None or draft.calls:
            draft.status = "ok"

    def _payload(self, raw: Raw, before: int | None) -> int | None:
        data = bytes(raw)
        return self._builder.contents.add(data) if data else before

    def _text(self, text: Text) -> int | None:
        return None if text is None else self._builder.contents.add_text(text)

    def _tools(self, line: Line, record: Record) -> tuple[Tool, ...]:
        raws = _decode_tools(record.data).tools
        tools = zip(line.tools or (), raws, strict=True)
        add = self._builder.contents.add
        return tuple(
            Tool(tool, None) if isinstance(tool, str) else Tool(tool.name, add(raw))
            for tool, raw in tools
        )

    def _window(self, context: list[str] | ContextLine, record: Record) -> Window:
        if isinstance(context, list):
            return Window(self._known(context, record))
        add = self._known(context.add, record)
        return Window(add, context.base, context.keep)

    def _known(self, ids: list[str], record: Record) -> list[Message]:
        missing = [id for id in ids if id not in self._messages]
        if missing:
            what = "a context names a message that is not in the trace"
            self._builder.problem("loss", what, "left out there", record.line)
        return [self._messages[id] for id in ids if id in self._messages]

    def _add_message(self, run: RunDraft, line: Line, record: Record) -> None:
        kind = line.kind if line.kind != "event" else "text"
        content = self._payload(line.content, None)
        message = Message(line.role, kind, content, line.name, line.call)
        self._messages[line.id or f"line-{record.line}"] = message

    def _add_decision(self, run: RunDraft, line: Line, record: Record) -> None:
        draft = self._steps.get(line.step) if line.step else None
        if draft is None:
            name = line.name or line.question
            draft = run.step("decision", name, line=record.line, key=line.id)
            if line.id:
                self._steps[line.id] = draft
            self._fill(draft, line, record)
            draft.status = "error" if line.error else "ok"
        self._last = draft
        chosen = [line.chosen] if isinstance(line.chosen, str) else line.chosen or []
        rationale = line.rationale
        draft.decision = Decision(
            step=0,
            question=line.question,
            options=self._options(line, chosen),
            rationale=self._text(rationale),
            rationale_from=None if rationale is None else "recorded",
            confidence=line.confidence,
            evidence=tuple(
                Evidence(
                    evidence.name,
                    self._payload(evidence.value, None),
                    evidence.step,
                    evidence.path,
                    evidence.default,
                )
                for evidence in line.evidence
            ),
            outcome=line.outcome if isinstance(line.outcome, str) else None,
            basis="recorded",
            options_note=None if line.options else "other options: not recorded",
        )

    def _options(self, line: Line, chosen: list[str]) -> tuple[Option, ...]:
        options = []
        for option in line.options:
            if isinstance(option, str):
                option = OptionLine(option)
            options.append(
                Option(
                    option.name,
                    option.name in chosen,
                    self._payload(option.arguments, None),
                    option.score,
                    option.reason,
                )
            )
        offered = {option.name for option in options}
        extra = (Option(name, True) for name in chosen if name not in offered)
        return (*options, *extra)

    def _add_state(self, run: RunDraft, line: Line, record: Record) -> None:
        draft = self._steps.get(line.step) if line.step else self._last
        if draft is None:
            draft = run.step("state", "state", line=record.line, key=line.id)
            self._last = draft
        add = self._builder.contents.add
        changes = [StateChange(path, add(value)) for path, value in line.set.items()]
        changes.extend(StateChange(path, None) for path in line.remove)
        draft.state.extend(changes)

    def _end(self, run: RunDraft, line: Line, record: Record) -> None:
        self._ended = True
        run.end_ns = self._builder.time(line.end, record.line)
        run.status = "error" if line.status == "error" else "ok"
        outcome = line.outcome
        if isinstance(outcome, str):
            run.outcome = Outcome(note=outcome)
        elif outcome is not None:
            answer = self._payload(outcome.answer, None)
            run.outcome = Outcome(answer, outcome.score, outcome.reward, outcome.note)


_HANDLERS: dict[str, Any] = {
    "run": _Reader._start_run,
    "step": _Reader._add_step,
    "message": _Reader._add_message,
    "decision": _Reader._add_decision,
    "state": _Reader._add_state,
    "end": _Reader._end,
}
