"""Turns the events of OpenHands (version 1) into steps, each result with its call.

Part of the `openhands_sdk` reader. Calls that share a response are one model step; the
counts of tokens come in events of their own, before the step they were spent on.
"""

from collections.abc import Callable

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Call, ContentId, Kind, RunStatus, StateChange, Tool
from whypath.readers.fields import (
    Fields,
    Names,
    as_fields,
    as_items,
    as_number,
    as_raw,
    as_scalar,
    as_text,
    first,
    reason_of,
    rest_of,
    shown_type,
)
from whypath.readers.message_parts import reasoning_of, take_apart
from whypath.readers.openhands_condensed import Condensed
from whypath.readers.openhands_spent import (
    Counts,
    exit_code,
    rejection,
)
from whypath.records import Raw

_TOP = {"kind", "id", "timestamp", "source"}
_REASONING = ("reasoning_content", "thinking_blocks", "responses_reasoning_item")
_ACTION = {
    *_TOP,
    *_REASONING,
    *("thought", "tool_call", "tool_call_id", "tool_name", "llm_response_id"),
}
_REPEATED = ("StreamingDeltaEvent", "TokenEvent", "LLMCompletionLogEvent")
_STATUSES: dict[str, RunStatus | None] = {
    "finished": "ok",
    "error": "error",
    "stuck": "error",
    "deleting": "incomplete",
}


class Events:
    """The state of reading the events of one conversation."""

    def __init__(self, builder: Builder, run: RunDraft) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._run = run
        self._line = 0
        self._tools: tuple[Tool, ...] | None = None
        self._answers: dict[str, Draft] = {}
        self._actions: dict[str, Draft] = {}
        self._calls: dict[str, Draft] = {}
        self._condensed = Condensed(run)
        self._ids = Names(mark="~")
        self._spent = Counts()
        self._kinds: dict[str, Callable[[Fields], object]] = {
            "SystemPromptEvent": self._system,
            "MessageEvent": self._message,
            "ActionEvent": self._action,
            "ObservationEvent": self._observed,
            "UserRejectObservation": self._rejected,
            "AgentErrorEvent": self._failed,
            "ConversationErrorEvent": self._broken,
            "ConversationStateUpdateEvent": self._state,
            "Condensation": self._condensation,
            "CondensationSummaryEvent": self._summary,
        }

    def read(self, items: list[Raw], line: int) -> None:
        """Reads events, in turn."""
        self._line = line
        for item in items:
            fields = as_fields(item)
            kind = as_text(fields.get("kind"))
            self._condensed.event(fields)
            if kind is None:
                self._builder.problem("loss", "an event of no kind", "left out", line)
            elif kind in _REPEATED:
                what = f"events of kind {kind}"
                self._builder.problem("note", what, "not shown", line)
            else:
                self._kinds.get(kind, self._other)(fields)

    def close(self) -> None:
        """Tells what was spent on calls that left no event."""
        self._unclaimed()

    def _step(
        self, kind: Kind, name: str, fields: Fields, told: set[str], **more: object
    ) -> Draft:
        id = as_scalar(fields.get("id"))
        step = self._run.step(
            kind,
            name,
            line=self._line,
            key=id,
            start_ns=self._time(fields),
            details=self._add(rest_of(fields, told | _TOP)),
            **{"status": "ok", **more},
        )
        return step

    def _time(self, fields: Fields) -> int | None:
        return self._builder.time(as_scalar(fields.get("timestamp")), self._line)

    def _add(self, raw: Raw | bytes | None) -> ContentId | None:
        return self._contents.add_if(raw)

    def _text(self, raw: Raw | None) -> ContentId | None:
        """A text, or the texts of content parts; of anything else, the thing itself."""
        texts = [as_text(as_fields(part).get("text")) or "" for part in as_items(raw)]
        if len(texts) > 1 and all(texts):
            ends = [text if text.endswith("\n") else f"{text}\n" for text in texts[:-1]]
            return self._contents.add_text("".join([*ends, texts[-1]]))
        parts = take_apart(raw, self._contents)
        if parts.text is None and raw is not None and len(raw) > 2:
            return self._contents.add(raw)
        return parts.text

    def _system(self, fields: Fields) -> None:
        prompts = [
            fields[k] for k in ("system_prompt", "dynamic_context") if k in fields
        ]
        output = self._text(as_raw(prompts) if prompts else None)
        if "tools" in fields:
            self._tools = tuple(self._tool(raw) for raw in as_items(fields["tools"]))
        told = {"system_prompt", "dynamic_context", "tools"}
        self._step("system", "", fields, told, output=output)

    def _tool(self, raw: Raw) -> Tool:
        fields = as_fields(raw)
        inner = as_fields(fields.get("function"))
        name = first(inner, "name") or first(fields, "name", "title", "kind")
        return Tool(as_scalar(name) or "?", self._contents.add(raw))

    def _message(self, fields: Fields) -> None:
        message = as_fields(fields.get("llm_message"))
        output = self._text(message.get("content"))
        told = {"llm_message", "llm_response_id"}
        if as_text(fields.get("source")) == "agent":
            step = self._step("model", "", fields, told, output=output)
            self._is_answer(step, fields, message)
            return
        step = self._step("user", "", fields, told, output=output)
        step.name = as_text(fields.get("sender")) or ""

    def _is_answer(self, step: Draft, fields: Fields, said: Fields) -> None:
        """Fills in what is known of a model's answer."""
        thoughts = [said[key] for key in _REASONING if key in said]
        found = (reasoning_of(raw, self._contents) for raw in thoughts)
        step.reasoning = next((number for number in found if number is not None), None)
        step.tools, step.model = self._tools, self._spent.model
        step.usage = self._spent.take(condensing=False)
        id = as_scalar(fields.get("llm_response_id"))
        if id:
            self._answers[id] = step

    def _action(self, fields: Fields) -> None:
        response = as_scalar(fields.get("llm_response_id"))
        answer = self._answers.get(response) if response else None
        if answer is None:
            output = self._text(fields.get("thought"))
            times = {key: fields[key] for key in ("timestamp",) if key in fields}
            answer = self._step("model", "", times, set(), output=output)
            answer.key = f"answer-{response}" if response else None
            self._is_answer(answer, fields, fields)
        call = self._call(fields)
        answer.calls = (*answer.calls, call)
        tool = self._step(
            "tool",
            call.name,
            fields,
            _ACTION,
            input=call.arguments,
            call_id=call.id,
            status="unset",
        )
        if id := as_scalar(fields.get("id")):
            self._actions[id] = tool
        if id := as_scalar(fields.get("tool_call_id")):
            self._calls[id] = tool

    def _call(self, fields: Fields) -> Call:
        called = as_fields(fields.get("tool_call"))
        function = as_fields(called.get("function")) or called
        arguments = first(function, "arguments")
        if arguments is None and "action" in fields:
            kept = rest_of(as_fields(fields["action"]), ("kind",))
            arguments = None if kept is None else Raw(kept)
        name = first(fields, "tool_name") or first(function, "name")
        id = first(fields, "tool_call_id") or first(called, "id") or fields.get("id")
        base = as_scalar(id) or f"call-{len(self._run.steps)}"
        kept_id = self._contents.add_embedded_if(arguments)
        return Call(self._ids.new(base), as_scalar(name) or "?", kept_id)

    def _answered(self, fields: Fields) -> Draft | None:
        """The open call that a result belongs to."""
        action = as_scalar(fields.get("action_id"))
        call = as_scalar(fields.get("tool_call_id"))
        found = self._actions.get(action or "") or self._calls.get(call or "")
        if found is not None and found.status == "unset":
            return found
        return None

    def _result(
        self, fields: Fields, output: ContentId | None, told: set[str], why: str | None
    ) -> Draft:
        """Fills in the call's step; without one, the result is a step of its own."""
        name = as_text(fields.get("tool_name")) or "(call not recorded)"
        status = "ok" if why is None else "error"
        tool = self._answered(fields)
        told = told | {"action_id", "tool_call_id", "tool_name"}
        if tool is None:
            what = "an observation of no action that is there"
            done = "shown as a step of its own"
            self._builder.problem("repair", what, done, self._line)
            return self._step(
                "tool", name, fields, told, output=output, status=status, error=why
            )
        tool.output, tool.error = output, why
        tool.status = "ok" if why is None else "error"
        tool.end_ns = self._time(fields)
        rest = rest_of(fields, told | _TOP)
        if rest is not None:
            before = {} if tool.details is None else self._raw(tool.details)
            tool.details = self._contents.add(as_raw({**before, **as_fields(rest)}))
        return tool

    def _raw(self, number: ContentId) -> Fields:
        return as_fields(self._contents.raw(number))

    def _observed(self, fields: Fields) -> None:
        seen = as_fields(fields.get("observation"))
        said = first(seen, "content", "output", "error")
        output = self._text(said)
        why = exit_code(as_number(seen.get("exit_code")))
        if as_scalar(seen.get("is_error")) == "true":
            text = "" if output is None else self._contents.text(output)
            why = reason_of(as_raw(text)) if text.strip() else "error"
        rest = rest_of(seen, ("content",))
        shown = {key: raw for key, raw in fields.items() if key != "observation"}
        if rest is not None:
            shown["observation"] = Raw(rest)
        self._result(shown, output, set(), why)

    def _rejected(self, fields: Fields) -> None:
        """A recorded decision: somebody did not let the action be carried out."""
        reason = fields.get("rejection_reason")
        by = as_text(fields.get("rejection_source")) or "user"
        why = "rejected" if reason is None else reason_of(reason)
        told = {"rejection_reason", "rejection_source"}
        tool = self._result(fields, self._text(reason), told, why)
        decision = rejection(tool.name, by, reason)
        self._run.step(
            "decision",
            "confirmation",
            line=self._line,
            start_ns=self._time(fields),
            status="ok",
            agent=by,
            decision=decision,
        )

    def _failed(self, fields: Fields) -> None:
        error = fields.get("error")
        why = "error" if error is None else reason_of(error)
        self._result(fields, self._text(error), {"error"}, why)

    def _broken(self, fields: Fields) -> None:
        detail = first(fields, "detail", "code")
        why = "error" if detail is None else reason_of(detail)
        name = as_text(fields.get("code")) or "error"
        output = self._text(detail)
        more = {"status": "error", "error": why, "output": output}
        self._step("error", name, fields, {"detail", "code"}, **more)
        self._run.status = "error"

    def _state(self, fields: Fields) -> None:
        key = as_text(fields.get("key")) or "state"
        value = fields.get("value")
        if key == "stats":
            self._count(value)
            return
        if key == "full_state":
            self._count(as_fields(value).get("stats"))
            self._status(as_fields(value).get("execution_status"))
        if key == "execution_status":
            self._status(value)
        change = [StateChange(key, self._add(value))]
        self._step("state", key, fields, {"key", "value"}, state=change)

    def _status(self, raw: Raw | None) -> None:
        named = as_text(raw)
        if named is not None:
            self._run.status = _STATUSES.get(named)

    def _count(self, stats: Raw | None) -> None:
        """What was spent since the last count, for the next step to take."""
        if as_fields(stats):
            self._unclaimed()
            self._spent.count(stats)

    def _unclaimed(self) -> None:
        """What was spent on calls whose answers are not among the events."""
        for usage in self._spent.unclaimed():
            name = "model call without an event"
            self._run.step("event", name, line=self._line, status="ok", usage=usage)

    def _condensation(self, fields: Fields) -> None:
        """From here on the model sees a summary in the place of some events."""
        step = self._step("event", "condensation", fields, set())
        step.resets_context = True
        step.usage = self._spent.take(condensing=True)
        if "summary" in fields:
            times = {key: fields[key] for key in ("timestamp",) if key in fields}
            name = "summary of forgotten events"
            output = self._text(fields["summary"])
            told = self._step("user", name, times, set(), output=output)
            self._condensed.tell(told, fields)

    def _summary(self, fields: Fields) -> None:
        output = self._text(fields.get("summary"))
        self._step("user", "summary", fields, {"summary"}, output=output)

    def _other(self, fields: Fields) -> None:
        """An event that leaves nothing in the conversation."""
        kind = shown_type(fields, "kind")
        self._step("event", kind.removesuffix("Event"), fields, set())
