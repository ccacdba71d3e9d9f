"""Whypath's own trace format, version 1: see example_traces/README.md and schema.json.

Not read: nothing is left out; records and fields the format does not have are reported.
"""

import json
import sys
from collections.abc import Iterable
from typing import cast

from whypath.builder import Builder, Draft, RunDraft, Thread, Window
from whypath.errors import NewerVersion
from whypath.model import (
    KINDS,
    Call,
    Kind,
    Message,
    Outcome,
    RunStatus,
    StateChange,
    Tool,
)
from whypath.readers.native_calls import OpenCalls
from whypath.readers.native_decisions import UNDECIDED, decided
from whypath.readers.native_lines import (
    SYNONYMS,
    VERSION,
    ContextLine,
    DecisionLine,
    EndLine,
    MessageLine,
    OutcomeLine,
    RunLine,
    StateLine,
    StepLine,
    Text,
    ToolLine,
    as_id,
    definitions_in,
    parse,
    payload,
    tool_definitions,
    used,
)
from whypath.records import Raw, Record, Records, Sample

NAME = "native"
TOOL = "any program: a print statement is enough"
EXPORT = "write the lines that example_traces/README.md describes"
NOT_READ = "nothing is left out"
EXAMPLE = "whypath report run.jsonl"


def detect(sample: Sample) -> bool:
    """Some record is a run header with our version number."""
    return any(
        value.get("type") == "run" and isinstance(value.get("whypath"), int)
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Raises `NewerVersion` for a file that a later Whypath wrote."""
    reader = _Reader(builder, records.name)
    for record in records.rows():
        reader.record(record)
    reader.close()


class _Log:
    """One run of the file: its draft, and its steps and messages by id."""

    def __init__(self, draft: RunDraft, open: OpenCalls) -> None:
        self.draft = draft
        self.steps: dict[str, Draft] = {}
        self.calls: dict[str, Draft] = {}
        self.open = open
        self.messages: dict[str, Message] = {}
        self.tools: tuple[Tool, ...] | None = None
        self.last: Draft | None = None
        self.ended = False


class _Reader:
    """The state of reading one file: its runs, and the one that is being written."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._name = name
        self._logs: dict[str, _Log] = {}
        self._current: _Log | None = None
        self._offered: dict[bytes, tuple[Tool, ...]] = {}

    def record(self, record: Record) -> None:
        """Takes in one record; what is wrong with it becomes a Problem."""
        line, misfits = parse(record.data)
        for what, done, level in misfits:
            self._builder.problem(level, what, done, record.line)
        if line is None:
            return
        if isinstance(line, RunLine):
            self._start_run(line, record)
            return
        log = self._current if line.run is None else self._logs.get(str(line.run))
        if log is None:
            what = "a record before the header of its run"
            self._builder.problem("loss", what, "left out", record.line)
            return
        match line:
            case MessageLine():
                self._add_message(log, line, record)
            case DecisionLine():
                self._add_decision(log, line, record)
            case StepLine():
                self._add_step(log, line, record)
            case StateLine():
                self._add_state(log, line, record)
            case EndLine():
                self._end(log, line, record)

    def close(self) -> None:
        """A run without an end record did not end: it was cut off or crashed."""
        for log in self._logs.values():
            if not log.ended:
                log.draft.status = "incomplete"

    def _start_run(self, line: RunLine, record: Record) -> None:
        """A header opens a run; one with the id of an earlier run takes it up again."""
        if (line.whypath or 0) > VERSION:
            raise NewerVersion(
                self._name,
                f"written in version {line.whypath} of the format, "
                f"this Whypath reads version {VERSION}",
                line=record.line,
                hint="update Whypath: pip install --upgrade whypath",
            )
        builder = self._builder
        id = as_id(line.id) or f"line-{record.line}"
        run = builder.run(id)
        log = self._logs.setdefault(id, _Log(run, OpenCalls(builder)))
        run.task = line.task or run.task
        run.agent = line.agent or run.agent
        run.start_ns = run.start_ns or builder.time(line.start, record.line)
        for key, value in (line.labels or {}).items():
            run.labels[key] = value if isinstance(value, str) else json.dumps(value)
        if line.tools is not None:
            log.tools = self._tools(line.tools, record)
        log.ended = False
        self._current = log

    def _add_step(self, log: _Log, line: StepLine, record: Record) -> None:
        id = as_id(line.id)
        draft = log.steps.get(id) if id else None
        if draft is None:
            kind = self._kind(line.kind or "event", record)
            draft = self._new_step(log, kind, line.name or "", id, record)
            if line.call is None:
                self._join(draft, log.open.answer(draft, line.thread or ""))
        self._fill(log, draft, line, record)

    def _new_step(
        self, log: _Log, kind: Kind, name: str, id: Text, record: Record
    ) -> Draft:
        draft = log.draft.step(kind, name, line=record.line, key=id)
        if id:
            log.steps[id] = draft
        return draft

    def _kind(self, kind: str, record: Record) -> Kind:
        if kind in KINDS:
            return kind
        what = f"an unknown kind of step {kind!r:.60}"
        self._builder.problem("repair", what, "shown as an event", record.line)
        return "event"

    def _fill(self, log: _Log, draft: Draft, line: StepLine, record: Record) -> None:
        """Takes over what this record says of a step; a later record adds to it."""
        builder = self._builder
        draft.name = line.name or draft.name
        draft.agent = line.agent or draft.agent
        draft.thread = line.thread or draft.thread
        draft.parent = as_id(line.parent) or draft.parent
        draft.start_ns = builder.time(line.start, record.line) or draft.start_ns
        draft.end_ns = builder.time(line.end, record.line) or draft.end_ns
        draft.model = line.model or draft.model
        if line.call is not None:
            draft.call_id = str(line.call)
            self._join(draft, log.calls.get(draft.call_id))
        draft.error = line.error or draft.error
        draft.resets_context = line.resets_context or draft.resets_context
        draft.abandoned = line.abandoned or draft.abandoned
        draft.input = self._payload(line.input, draft.input)
        draft.output = self._payload(line.output, draft.output)
        draft.details = self._payload(line.details, draft.details)
        draft.state = (*draft.state, *self._changes(line))
        if line.previous is not None:
            draft.previous = str(line.previous)
            if draft.previous not in log.steps:
                what = "a step's `previous` is not in the trace before it"
                done = "the step before it is taken"
                builder.problem("repair", what, done, record.line)
        if line.reasoning is not None:
            draft.reasoning = builder.contents.add_text(line.reasoning)
        if line.usage is not None:
            draft.usage = used(line.usage)
        if line.tools is not None:
            draft.tools = self._tools(line.tools, record)
        elif draft.kind == "model" and not draft.thread and draft.tools is None:
            draft.tools = log.tools
        if line.calls:
            draft.calls = tuple(
                Call(as_id(call.id), call.name or "", self._payload(call.arguments))
                for call in line.calls
            )
            log.calls.update((call.id, draft) for call in draft.calls if call.id)
            log.open.made_by(draft)
        if line.context is not None:
            draft.window = self._window(log, line.context, record)
        self._set_status(draft, line, record)
        if draft.thread and draft.parent:
            thread = Thread(parent=draft.parent, agent=draft.agent)
            log.draft.threads.setdefault(draft.thread, thread)
        log.last = draft

    def _join(self, draft: Draft, caller: Draft | None) -> None:
        """What answers a call stands where the call was made, if it says no other."""
        if caller is not None:
            draft.agent = draft.agent or caller.agent
            draft.thread = draft.thread or caller.thread
            draft.parent = draft.parent or caller.parent

    def _set_status(self, draft: Draft, line: StepLine, record: Record) -> None:
        """A step with an error failed; one that brought something back did not."""
        status = self._meant(line.status, "ok error", "not given", record)
        brought = draft.output is not None or bool(draft.calls)
        if line.error or status == "error":
            draft.status = "error"
        elif status == "ok" or (draft.status == "unset" and brought):
            draft.status = "ok"

    def _meant(self, status: Text, known: str, default: str, record: Record) -> Text:
        """The status as the format spells it; `default` for an unknown one."""
        if status is None or status in known.split():
            return status
        meant = SYNONYMS.get(status.lower(), default)
        what = f"an unknown status {status!r:.60}"
        self._builder.problem("repair", what, f"taken as {meant}", record.line)
        return meant

    def _payload(self, raw: Raw, before: int | None = None) -> int | None:
        number = payload(raw, self._builder.contents)
        return before if number is None else number

    def _tools(self, tools: list[ToolLine | str], record: Record) -> tuple[Tool, ...]:
        """The tools on offer, read once for each list of them."""
        data = tool_definitions(record.data)
        known = self._offered.get(data)
        if known is None:
            add = self._builder.contents.add
            known = self._offered[data] = tuple(
                Tool(tool, None)
                if isinstance(tool, str)
                else Tool(tool.name or "", add(raw))
                for tool, raw in zip(tools, definitions_in(data), strict=True)
            )
        return known

    def _window(
        self, log: _Log, context: list[str | int] | ContextLine, record: Record
    ) -> Window:
        if isinstance(context, list):
            return Window(self._known(log, context, record))
        add = self._known(log, context.add or [], record)
        if context.base is None:
            return Window(add)
        base = log.steps.get(str(context.base))
        if base is None or base.window is None:
            what = "a context builds on a step that has none"
            self._builder.problem("loss", what, "only what it adds", record.line)
            return Window(add)
        keep = sys.maxsize if context.keep is None else max(context.keep, 0)
        return Window(add, base.key, keep)

    def _known(self, log: _Log, ids: list[str | int], record: Record) -> list[Message]:
        found = [log.messages.get(str(id)) for id in ids]
        if None in found:
            what = "a context names a message that is not in the trace before it"
            self._builder.problem("loss", what, "left out there", record.line)
        return [message for message in found if message is not None]

    def _add_message(self, log: _Log, line: MessageLine, record: Record) -> None:
        content = self._payload(line.content)
        role, kind, call = line.role or "user", line.kind or "text", as_id(line.call)
        message = Message(role, kind, content, line.name, call)
        log.messages[as_id(line.id) or f"line-{record.line}"] = message

    def _add_decision(self, log: _Log, line: DecisionLine, record: Record) -> None:
        id, step = as_id(line.id), as_id(line.step)
        draft = log.steps.get(step or id or "")
        if draft is None:
            if step is not None:
                what = "a decision names a step that is not in the trace before it"
                done = "shown as a step of its own"
                self._builder.problem("repair", what, done, record.line)
            draft = self._new_step(log, "decision", line.question or "", id, record)
            draft.status = "ok"
        elif id:
            log.steps.setdefault(id, draft)
        self._fill(log, draft, line, record)
        if line.confidence is not None and not 0 <= line.confidence <= 1:
            what = "a confidence outside 0 to 1"
            self._builder.problem("note", what, "shown as recorded", record.line)
        for item in line.evidence or ():
            source = as_id(item.step)
            if source and source not in log.steps and source not in log.calls:
                what = "evidence names a step that is not in the trace before it"
                self._builder.problem("note", what, "kept as written", record.line)
        before = draft.decision or UNDECIDED
        draft.decision = decided(line, before, self._builder.contents)

    def _add_state(self, log: _Log, line: StateLine, record: Record) -> None:
        step = as_id(line.step)
        draft = log.steps.get(step) if step else log.last
        if draft is None:
            if step is not None:
                what = "a state record names a step that is not in the trace before it"
                done = "shown as a step of its own"
                self._builder.problem("repair", what, done, record.line)
            draft = self._new_step(log, "state", "state", None, record)
            log.last = draft
        draft.state = (*draft.state, *self._changes(line))

    def _changes(self, line: StepLine | StateLine) -> Iterable[StateChange]:
        for path, value in (line.set or {}).items():
            yield StateChange(path, self._builder.contents.add(value))
        for path in line.remove or ():
            yield StateChange(path, None)

    def _end(self, log: _Log, line: EndLine, record: Record) -> None:
        log.ended = True
        run = log.draft
        run.end_ns = self._builder.time(line.end, record.line) or run.end_ns
        known = "ok error incomplete unknown"
        status = self._meant(line.status, known, "unknown", record)
        run.status = cast(RunStatus, status or ("error" if line.error else "ok"))
        given = line.outcome
        outcome = OutcomeLine(note=given) if isinstance(given, str) else given
        if outcome is None and line.error is None:
            return
        outcome = outcome or OutcomeLine()
        answer = self._payload(outcome.answer)
        note = outcome.note or line.error
        run.outcome = Outcome(answer, outcome.score, outcome.reward, note)
