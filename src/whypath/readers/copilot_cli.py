"""GitHub Copilot CLI's session events (JSON Lines of `type` and `data`).

Not read: encrypted reasoning. Input tokens of single calls are not recorded.
"""

from whypath.builder import Builder, Draft, RunDraft, Thread
from whypath.model import Call, ContentId, Decision, Option, Usage
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    reason_of,
    shown_type,
)
from whypath.records import Record, Records, Sample

NAME = "copilot-cli"
TOOL = "GitHub Copilot CLI and agent session events"
EXPORT = "they lie in ~/.copilot/session-state/ID/events.jsonl"
NOT_READ = "encrypted reasoning"
EXAMPLE = "whypath report ~/.copilot/session-state/ID/events.jsonl"

_FAMILIES = (
    *("session.", "assistant.", "user.", "system.", "tool.execution_", "hook."),
    *("subagent.", "permission.", "abort"),
)
_LABELS = ("cwd", "branch", "repository")


def detect(sample: Sample) -> bool:
    """Events of a session: each has a type with a dot, and data."""
    return any(
        isinstance(kind := value.get("type"), str)
        and kind.startswith(("session.start", "assistant.message", "tool.execution_"))
        and isinstance(value.get("data"), dict)
        and "timestamp" in value
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Each start of a session starts a run."""
    reader = _Reader(builder, records.path.stem if records.path else "stdin")
    for record in records.rows():
        reader.event(as_fields(record.data), record)


class _Reader:
    """The state of reading one file: the session, its model, what was just thought."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._name = name
        self._open_run: RunDraft | None = None
        self._model: str | None = None
        self._thought: ContentId | None = None
        self._prompt: ContentId | None = None

    @property
    def _run(self) -> RunDraft:
        """The session; one whose start is missing is named after its file."""
        if self._open_run is None:
            self._open_run = self._builder.run(self._name)
            self._builder.about = self._name
        return self._open_run

    def event(self, fields: Fields, record: Record) -> None:
        """Takes in one event."""
        data = as_fields(fields.get("data"))
        kind = as_text(fields.get("type")) or ""
        match kind:
            case "session.start":
                self._start(data)
            case "session.model_change":
                self._model = as_text(data.get("newModel"))
                self._plain("event", kind, fields, data, record)
            case "session.auto_mode_resolved":
                self._route(fields, data, record)
            case "session.error" | "abort":
                why = as_text(first(data, "message", "reason")) or "no reason recorded"
                step = self._plain("error", kind, fields, data, record)
                step.status, step.error = "error", why
            case "hook.start" if self._prompt_of(data) is not None:
                self._ask(self._prompt_of(data), fields, {}, record)
            case "user.message":
                self._ask(self._text(data, "content"), fields, data, record)
            case "system.message":
                step = self._plain("system", "", fields, {}, record)
                step.output = self._text(data, "content")
            case "assistant.reasoning":
                self._thought = self._text(data, "content")
            case "assistant.message":
                self._answer(fields, data, record)
            case "assistant.turn_start" | "assistant.turn_end":
                self._model = as_text(data.get("model")) or self._model
            case "tool.execution_start":
                self._begin(fields, data, record)
            case "tool.execution_complete":
                self._end(fields, data, record)
            case "subagent.started":
                self._subagent(data)
            case _:
                self._other(kind, fields, data, record)

    def _start(self, data: Fields) -> None:
        id = as_scalar(data.get("sessionId")) or self._name
        self._open_run = self._builder.run(id)
        self._builder.about = id
        self._open_run.start_ns = self._builder.time(as_scalar(data.get("startTime")))
        self._model = as_text(data.get("selectedModel"))
        context = as_fields(data.get("context"))
        found = [(name, as_scalar(context.get(name))) for name in _LABELS]
        found.append(("version", as_scalar(data.get("copilotVersion"))))
        self._open_run.labels.update((name, value) for name, value in found if value)

    def _plain(
        self, kind: str, name: str, fields: Fields, data: Fields, record: Record
    ) -> Draft:
        """A step with the event's id and clock, its data as details."""
        parent = as_scalar(data.get("parentToolCallId"))
        step = self._run.step(
            kind,  # type: ignore[arg-type]
            name,
            line=record.line,
            key=as_scalar(fields.get("id")),
            start_ns=self._time(fields, record),
            thread=parent or "",
        )
        if data:
            step.details = self._contents.add(fields["data"])
        return step

    def _time(self, fields: Fields, record: Record) -> int | None:
        return self._builder.time(as_scalar(fields.get("timestamp")), record.line)

    def _text(self, data: Fields, name: str) -> ContentId | None:
        raw = data.get(name)
        return None if raw is None or as_text(raw) == "" else self._contents.add(raw)

    def _prompt_of(self, data: Fields) -> ContentId | None:
        """What the user said, in the event of a hook that is called with it."""
        if as_text(data.get("hookType")) != "userPromptSubmitted":
            return None
        return self._text(as_fields(data.get("input")), "prompt")

    def _ask(
        self, said: ContentId | None, fields: Fields, data: Fields, record: Record
    ) -> None:
        """A user's message; a hook may have told it before."""
        if said is not None and said == self._prompt:
            self._prompt = None
            return
        self._prompt = said if not data else None
        self._plain("user", "", fields, data, record).output = said

    def _answer(self, fields: Fields, data: Fields, record: Record) -> None:
        step = self._plain("model", "", fields, data, record)
        step.status = "ok"
        step.model = as_text(data.get("model")) or self._model
        step.output = self._text(data, "content")
        thought = self._text(data, "reasoningText")
        step.reasoning = self._thought if thought is None else thought
        self._thought = None
        made = as_number(data.get("outputTokens"))
        step.usage = None if made is None else Usage(output_tokens=int(made))
        requests = as_items(data.get("toolRequests"))
        step.calls = tuple(self._call(as_fields(item)) for item in requests)

    def _call(self, fields: Fields) -> Call:
        raw = fields.get("arguments")
        arguments = self._contents.add_embedded_if(raw)
        id = as_scalar(fields.get("toolCallId"))
        return Call(id, as_scalar(fields.get("name")) or "?", arguments)

    def _begin(self, fields: Fields, data: Fields, record: Record) -> None:
        step = self._plain("tool", "", fields, data, record)
        step.name = as_scalar(data.get("toolName")) or "?"
        step.call_id = as_scalar(data.get("toolCallId"))
        raw = data.get("arguments")
        step.input = self._contents.add_embedded_if(raw)

    def _end(self, fields: Fields, data: Fields, record: Record) -> None:
        id = as_scalar(data.get("toolCallId"))
        if id is None:
            what = "a tool's end without a call's id"
            self._builder.problem("loss", what, "left out", record.line)
            return
        result = as_fields(data.get("result"))
        said = first(result, "content", "text_result_for_llm", "detailedContent")
        error = first(data, "error")
        failed = (
            error is not None
            or as_scalar(data.get("success")) == "false"
            or as_text(result.get("result_type")) in ("failure", "error")
        )
        shown = first(as_fields(error), "message") if said is None else said
        shown = first(data, "error", "result") if shown is None else shown
        why = error if error is not None else shown
        reason = reason_of(why) if failed and why is not None else None
        self._run.result(
            id,
            self._contents.add_if(shown),
            status="error" if failed else "ok",
            error=(reason or "failed; no message is recorded") if failed else None,
            end_ns=self._time(fields, record),
            details=self._contents.add(fields["data"]),
            line=record.line,
        )

    def _subagent(self, data: Fields) -> None:
        id = as_scalar(data.get("toolCallId"))
        if id is not None:
            agent = as_scalar(first(data, "agentDisplayName", "agentName"))
            self._run.threads[id] = Thread(call_id=id, agent=agent)

    def _route(self, fields: Fields, data: Fields, record: Record) -> None:
        """The session's model was chosen by a router, which says how sure it was."""
        chosen = as_text(data.get("chosenModel"))
        names = [as_scalar(raw) for raw in as_items(data.get("candidateModels"))]
        offered = [name for name in names if name and name != chosen]
        step = self._plain("decision", "choose a model", fields, data, record)
        options = (Option(chosen, chosen=True),) if chosen else ()
        step.decision = Decision(
            step=0,
            question="Which model answers?",
            options=(*options, *map(Option, offered)),
            rationale=None,
            rationale_from=None,
            confidence=as_number(data.get("confidence")),
            evidence=(),
            outcome=None,
            basis="recorded",
        )
        self._model = chosen or self._model

    def _other(self, kind: str, fields: Fields, data: Fields, record: Record) -> None:
        if not kind.startswith(_FAMILIES):
            what = f"events of type {shown_type(fields)}"
            self._builder.problem("note", what, "shown as they are", record.line)
        self._plain("event", kind or "event", fields, data, record)
