"""Kimi Code's wire log (JSON Lines: context, loop events, requests, permissions).

Not read: token counting, bindings and profiles of the program are shown as events.
"""

from collections.abc import Callable

from whypath.builder import Builder, Draft, Thread
from whypath.model import Call, ContentId, Decision, Option, Tool, Usage
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    is_list,
    reason_of,
    shown_type,
)
from whypath.records import Record, Records, Sample

NAME = "kimi"
TOOL = "Kimi Code CLI"
EXPORT = "it lies in ~/.kimi-code/sessions/, as wire.jsonl"
NOT_READ = "token counting, profiles"
EXAMPLE = "whypath report ~/.kimi-code/sessions/WD/SESSION/agents/main/wire.jsonl"

_REPEATED = (
    *("metadata", "turn.prompt", "turn.steer", "full_compaction.begin"),
    *("full_compaction.complete", "token_counting.measured", "turn.ended"),
    *("token_counting.turn_recorded", "tools.set_active_tools"),
)
"""Records that only say again, or begin, what another says."""

_KNOWN = (
    *("turn.cancel", "plan_mode.enter", "plan_mode.exit", "permission.set_mode"),
    *("plugin.session_start", "profile.bind", "runtime.set_binding"),
)


def detect(sample: Sample) -> bool:
    """The header with the protocol's version, or what is appended to the context."""
    return any(
        (value.get("type") == "metadata" and "protocol_version" in value)
        or value.get("type") in ("context.append_message", "context.append_loop_event")
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """All lines of a file are one run."""
    reader = _Reader(builder, records.path.stem if records.path else "stdin")
    for record in records.rows():
        reader.record(as_fields(record.data), record)


class _Reader:
    """The state of reading one file: the model and its tools, the step going on."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._run = builder.run(name)
        builder.about = name
        self._model: str | None = None
        self._prompt: ContentId | None = None
        self._tools: tuple[Tool, ...] | None = None
        self._steps: dict[str | None, Draft] = {}
        self._request: ContentId | None = None
        self._unused: Usage | None = None
        self._handlers: dict[str, Callable[[Fields, Record], None]] = {
            "config.update": self._config,
            "llm.tools_snapshot": self._offer,
            "llm.request": self._ask,
            "context.append_message": self._message,
            "context.append_loop_event": self._event,
            "context.apply_compaction": self._compact,
            "usage.record": self._count,
            "permission.record_approval_result": self._approve,
        }

    def record(self, fields: Fields, record: Record) -> None:
        """Takes in one record."""
        kind = as_text(fields.get("type")) or ""
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(fields, record)
        elif kind == "tools.set_active_tools" and self._tools is None:
            names = (as_scalar(raw) for raw in as_items(fields.get("names")))
            self._tools = tuple(Tool(name, None) for name in names if name)
        elif kind not in _REPEATED:
            if kind not in _KNOWN:
                what = f"records of type {shown_type(fields)}"
                self._builder.problem("note", what, "shown as events", record.line)
            step = self._run.step("event", kind or "event", line=record.line)
            step.start_ns = self._time(fields, record)
            step.details = self._contents.add(record.data)

    def _time(self, fields: Fields, record: Record) -> int | None:
        return self._builder.time(as_scalar(fields.get("time")), record.line)

    def _config(self, fields: Fields, record: Record) -> None:
        self._model = as_text(fields.get("modelAlias")) or self._model
        said = fields.get("systemPrompt")
        prompt = self._contents.add_if(said)
        if prompt is not None and prompt != self._prompt:
            self._prompt = prompt
            step = self._run.step("system", line=record.line, output=prompt)
            step.start_ns = self._time(fields, record)

    def _offer(self, fields: Fields, record: Record) -> None:
        if not is_list(fields.get("tools")):
            return
        found = ((as_fields(raw), raw) for raw in as_items(fields["tools"]))
        self._tools = tuple(
            Tool(name, self._contents.add(raw))
            for tool, raw in found
            if (name := as_scalar(tool.get("name")))
        )

    def _ask(self, fields: Fields, record: Record) -> None:
        """What was sent, but for the messages: it belongs to the step going on."""
        self._request = self._contents.add(record.data)
        latest = next(reversed(self._steps.values()), None)
        if latest is not None and as_text(fields.get("kind")) == "loop":
            latest.details = self._request
            latest.model = as_text(fields.get("model")) or latest.model

    def _message(self, fields: Fields, record: Record) -> None:
        message = as_fields(fields.get("message"))
        origin = as_text(as_fields(message.get("origin")).get("kind"))
        role = as_text(message.get("role"))
        texts = [as_fields(raw) for raw in as_items(message.get("content"))]
        said = "\n\n".join(t for part in texts if (t := as_text(part.get("text"))))
        step = self._run.step("event", "", line=record.line)
        step.start_ns = self._time(fields, record)
        step.output = self._contents.add_text(said)
        if role == "user":
            step.kind = "system" if origin == "injection" else "user"
        else:
            step.name = role or "message"
            step.details = self._contents.add(record.data)

    def _event(self, fields: Fields, record: Record) -> None:
        event = as_fields(fields.get("event"))
        kind = as_text(event.get("type"))
        if kind == "step.begin":
            self._begin(event, fields, record)
            return
        owner = as_scalar(event.get("uuid" if kind == "step.end" else "stepUuid"))
        step = self._steps.get(owner)
        if kind == "tool.result":
            self._result(event, fields, record)
        elif step is None:
            what = "an event of a step that did not begin"
            self._builder.problem("loss", what, "left out", record.line)
        elif kind == "content.part":
            self._say(step, as_fields(event.get("part")))
        elif kind == "tool.call":
            self._call(step, event, fields, record)
        elif kind == "step.end":
            step.status, step.end_ns = "ok", _end(step, event)
            step.usage = _usage(as_fields(event.get("usage")))
        else:
            what = f"loop events of type {shown_type(event)}"
            self._builder.problem("note", what, "not shown", record.line)

    def _begin(self, event: Fields, fields: Fields, record: Record) -> None:
        id = as_scalar(event.get("uuid"))
        step = self._run.step("model", line=record.line, key=id)
        step.start_ns = self._time(fields, record)
        step.model, step.tools = self._model, self._tools
        agent = as_text(fields.get("agentId"))
        if agent not in (None, "main"):
            step.thread = agent or ""
            self._run.threads.setdefault(step.thread, Thread(agent=agent))
        self._steps[id] = step

    def _say(self, step: Draft, part: Fields) -> None:
        thought = as_text(part.get("think"))
        if thought is not None:
            step.reasoning = self._joined(step.reasoning, thought)
        elif (text := as_text(part.get("text"))) is not None:
            step.output = self._joined(step.output, text)
        else:
            step.details = self._contents.add_value({"part": part})

    def _joined(self, before: ContentId | None, text: str) -> ContentId:
        known = "" if before is None else self._contents.text(before) + "\n\n"
        return self._contents.add_text(known + text)

    def _call(self, step: Draft, event: Fields, fields: Fields, record: Record) -> None:
        raw = event.get("args")
        arguments = self._contents.add_if(raw)
        name = as_scalar(event.get("name")) or "?"
        id = as_scalar(event.get("toolCallId"))
        step.calls = (*step.calls, Call(id, name, arguments))
        tool = self._run.step("tool", name, line=record.line, call_id=id)
        tool.start_ns, tool.input = self._time(fields, record), arguments
        tool.thread = step.thread

    def _result(self, event: Fields, fields: Fields, record: Record) -> None:
        id = as_scalar(first(event, "toolCallId", "parentUuid"))
        result = as_fields(event.get("result"))
        said = first(result, "output", "error")
        if id is None:
            what = "a result without a call's id"
            self._builder.problem("loss", what, "left out", record.line)
            return
        failed = as_scalar(result.get("isError")) == "true"
        why = None if said is None else reason_of(said)
        self._run.result(
            id,
            self._contents.add_if(said),
            status="error" if failed else "ok",
            error=(why or "failed") if failed else None,
            end_ns=self._time(fields, record),
            line=record.line,
        )

    def _count(self, fields: Fields, record: Record) -> None:
        """The counts of a turn are those of its steps; others belong to no step yet."""
        if as_text(fields.get("usageScope")) != "turn":
            self._unused = _usage(as_fields(fields.get("usage")))

    def _compact(self, fields: Fields, record: Record) -> None:
        """The model sums up; from here on its summary is all that it knows."""
        said = fields.get("summary")
        time = self._time(fields, record)
        step = self._run.step("model", "compaction", line=record.line, start_ns=time)
        step.output = self._contents.add_if(said)
        step.model, step.status, step.usage = self._model, "ok", self._unused
        self._unused = None
        shown = first(fields, "contextSummary", "summary")
        self._run.step("event", "compaction", line=record.line, resets_context=True)
        begin = self._run.step("system", "compaction summary", line=record.line)
        begin.start_ns, begin.output = time, self._contents.add_if(shown)

    def _approve(self, fields: Fields, record: Record) -> None:
        name = as_scalar(fields.get("toolName")) or "the tool"
        verdict = as_text(as_fields(fields.get("result")).get("decision"))
        step = self._run.step("decision", f"permission: {name}", line=record.line)
        step.start_ns, step.agent = self._time(fields, record), "user"
        step.details = self._contents.add(record.data)
        action = as_text(fields.get("action")) or name
        step.decision = Decision(
            step=0,
            question=f"May this be done: {action}?",
            options=(Option(verdict, chosen=True),) if verdict else (),
            rationale=None,
            rationale_from=None,
            confidence=None,
            evidence=(),
            outcome=None,
            basis="recorded",
        )


def _end(step: Draft, event: Fields) -> int | None:
    """When the model had answered: the step itself ends after its tools have run."""
    names = ("llmFirstTokenLatencyMs", "llmStreamDurationMs")
    first_token, stream = (as_number(event.get(name)) for name in names)
    if step.start_ns is None or first_token is None or stream is None:
        return None
    return step.start_ns + int((first_token + stream) * 1_000_000)


def _usage(fields: Fields) -> Usage | None:
    """Tokens; the input is counted in three parts."""
    if not fields:
        return None
    names = ("inputOther", "inputCacheRead", "inputCacheCreation", "output")
    fresh, read, written, made = (as_number(fields.get(name)) for name in names)
    return Usage(
        input_tokens=int((fresh or 0) + (read or 0) + (written or 0)),
        output_tokens=None if made is None else int(made),
        cache_read_tokens=None if read is None else int(read),
        cache_write_tokens=None if written is None else int(written),
    )
