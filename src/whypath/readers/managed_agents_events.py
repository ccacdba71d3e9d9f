"""Turns the events of a Managed Agents session into steps, one by one.

Part of the `managed_agents` reader. A model request is a span between two events; what
the agent says and calls between them is one model step.
"""

from collections.abc import Callable

from whypath.builder import Builder, Draft, RunDraft, Thread
from whypath.model import Call, ContentId, Outcome, Status, Tool
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_scalar,
    as_text,
    first,
    reason_of,
    rest_of,
    shown_type,
    usage_of,
)
from whypath.readers.message_parts import reasoning_of, take_apart
from whypath.readers.permissions import permission
from whypath.records import Raw

CALL_IDS = ("tool_use_id", "mcp_tool_use_id", "custom_tool_use_id")
"""Names under which a result or a confirmation says which call it is about."""

_USES = ("agent.tool_use", "agent.mcp_tool_use", "agent.custom_tool_use")
_RESULTS = ("agent.tool_result", "agent.mcp_tool_result", "user.custom_tool_result")
_QUIET = (
    *("session.status_running", "session.status_idle", "session.status_rescheduled"),
    *("session.thread_status_running", "session.thread_status_idle"),
    *("session.thread_idle", "session.thread_status_terminated", "session.usage"),
    *("span.outcome_evaluation_start", "span.outcome_evaluation_ongoing"),
    *("event_start", "event_delta"),
)
_ENVELOPE = {"id", "type", "processed_at", "session_thread_id"}
_KNOWN = ("agent.thread_message_received", "user.interrupt", "session.updated")
_MET = "satisfied"


class Events:
    """The state of telling one session's events: its threads and open requests.

    `model` and `tools` are what the session's agent was made with.
    """

    def __init__(self, builder: Builder, run: RunDraft) -> None:
        self.run = run
        self.line = 0
        self.model: str | None = None
        self.tools: tuple[Tool, ...] | None = None
        self._builder = builder
        self._contents = builder.contents
        self._open: dict[str, Draft] = {}
        self._uses: dict[str, str] = {}
        self._tellers: dict[str, Callable[[Fields], None]] = {
            "user.message": self._prompt,
            "user.tool_confirmation": self._confirmed,
            "user.define_outcome": self._goal,
            "agent.message": self._said,
            "agent.thinking": self._thought,
            "agent.thread_context_compacted": self._compacted,
            "agent.thread_message_sent": self._handed,
            "session.thread_created": self._thread,
            "session.error": self._error,
            "session.status_terminated": self._terminated,
            "span.model_request_start": self._request,
            "span.model_request_end": self._answered,
            "span.outcome_evaluation_end": self._judged,
            **dict.fromkeys(_USES, self._use),
            **dict.fromkeys(_RESULTS, self._result),
        }

    def tell(self, fields: Fields, line: int) -> None:
        """Makes the step of an event, or adds to the one that it belongs to."""
        self.line = line
        kind = as_text(fields.get("type")) or ""
        if kind in _QUIET:
            self._quiet(fields, kind)
            return
        self._tellers.get(kind, self._other)(fields)

    def _quiet(self, fields: Fields, kind: str) -> None:
        """Tells no step; the last pause says whether the run is done."""
        previewed = kind.startswith("event_")
        what = "previews of events" if previewed else "statuses between the turns"
        self._builder.problem("note", what, "not shown", self.line)
        if kind != "session.status_idle":
            return
        stopped = as_text(as_fields(fields.get("stop_reason")).get("type"))
        waits = stopped == "requires_action"
        self.run.status = "incomplete" if waits else "ok" if stopped else None
        self._open.clear()
        if stopped == "retries_exhausted":
            self.run.status = "error"

    def _thread_of(self, fields: Fields) -> str:
        """The sub-agent's thread; events of the main one do not name theirs."""
        thread = as_text(fields.get("session_thread_id")) or ""
        return thread if thread in self.run.threads else ""

    def _step(self, kind: str, name: str, fields: Fields) -> Draft:
        return self.run.step(
            kind,  # type: ignore[arg-type]
            name,
            line=self.line,
            key=as_text(fields.get("id")),
            start_ns=self._time(fields),
            thread=self._thread_of(fields),
            status="ok",
        )

    def _time(self, fields: Fields) -> int | None:
        return self._builder.time(as_scalar(fields.get("processed_at")), self.line)

    def _rest(self, fields: Fields, *told: str) -> ContentId | None:
        rest = rest_of(fields, {*_ENVELOPE, *told})
        return self._contents.add_if(rest)

    def _words(self, raw: Raw | None) -> tuple[ContentId | None, bool]:
        """A content's text, or all of it; False: it holds more than the text."""
        parts = take_apart(raw, self._contents)
        if parts.text is None and raw is not None and len(raw) > 2:
            return self._contents.add(raw), True
        return parts.text, parts.whole

    def _prompt(self, fields: Fields) -> None:
        self._open.pop(self._thread_of(fields), None)
        step = self._step("user", "", fields)
        step.input, whole = self._words(fields.get("content"))
        step.details = self._rest(fields, *(["content"] if whole else []))

    def _goal(self, fields: Fields) -> None:
        """What the user wants to come of it, to be judged by a rubric."""
        step = self._step("user", "outcome wanted", fields)
        given = fields.get("description")
        step.input = self._contents.add_if(given)
        step.details = self._rest(fields, "description")

    def _confirmed(self, fields: Fields) -> None:
        """Somebody allowed a call, or did not."""
        call_id = as_text(fields.get("tool_use_id")) or ""
        allowed = as_text(fields.get("result")) == "allow"
        said = fields.get("deny_message")
        why = self._contents.add_if(said)
        step = self._step("decision", "permission", fields)
        name = self._uses.get(call_id, "the tool")
        step.decision = permission(name, allowed=allowed, why=why)
        step.details = self._rest(fields, "deny_message")

    def _request(self, fields: Fields) -> None:
        """The model is asked; all until the answer's end is its answer."""
        thread = self._thread_of(fields)
        step = self._step("model", "", fields)
        step.tools = self.tools if not thread else None
        step.model = self.model if not thread else None
        self._open[thread] = step

    def _turn(self, fields: Fields) -> Draft:
        """The model step that is open; one is made where no request is recorded."""
        thread = self._thread_of(fields)
        if thread not in self._open:
            self._request({k: v for k, v in fields.items() if k != "id"})
        return self._open[thread]

    def _answered(self, fields: Fields) -> None:
        step = self._turn(fields)
        self._open.pop(self._thread_of(fields), None)
        step.end_ns = self._time(fields)
        step.usage = usage_of(fields.get("model_usage"))
        if as_scalar(fields.get("is_error")) == "true":
            error = fields.get("error")
            step.status = "error"
            step.error = reason_of(error) if error is not None else "failed"

    def _said(self, fields: Fields) -> None:
        step = self._turn(fields)
        text, whole = self._words(fields.get("content"))
        step.output = self._joined(step.output, text)
        if not whole:
            step.details = self._rest(fields)

    def _thought(self, fields: Fields) -> None:
        step = self._turn(fields)
        raw = first(fields, "thinking", "content", "text")
        thought = reasoning_of(raw, self._contents)
        if thought is None:
            what = "reasoning without its text"
            self._builder.problem("note", what, "that it happened is known", self.line)
        step.reasoning = self._joined(step.reasoning, thought)

    def _joined(self, old: ContentId | None, new: ContentId | None) -> ContentId | None:
        if old is None or new is None:
            return old if new is None else new
        texts = map(self._contents.text, (old, new))
        return self._contents.add_text("\n\n".join(texts))

    def _use(self, fields: Fields) -> None:
        """A call: it is named by its event."""
        turn = self._turn(fields)
        name = as_scalar(fields.get("name")) or "(unnamed tool)"
        given = fields.get("input")
        arguments = self._contents.add_if(given)
        id = as_text(fields.get("id"))
        turn.calls = (*turn.calls, Call(id, name, arguments))
        if id is None:
            return
        self._uses[id] = name
        tool = self._step("tool", name, fields)
        tool.input, tool.call_id, tool.status = arguments, id, "unset"
        tool.details = self._rest(fields, "name", "input")

    def _result(self, fields: Fields) -> None:
        self._open.pop(self._thread_of(fields), None)
        call_id = as_text(first(fields, *CALL_IDS))
        output, whole = self._words(fields.get("content"))
        failed = as_scalar(fields.get("is_error")) == "true"
        error = None
        if failed:
            error = "failed; no message is recorded"
            if output is not None:
                error = reason_of(Raw(self._contents.raw(output)))
        status: Status = "error" if failed else "ok"
        self.run.result(
            call_id or f"{as_text(fields.get('id'))}#result",
            output,
            status=status,
            error=error,
            end_ns=self._time(fields),
            details=None if whole else self._rest(fields),
            line=self.line,
        )

    def _compacted(self, fields: Fields) -> None:
        step = self._step("event", "compaction", fields)
        step.resets_context, step.details = True, self._rest(fields)

    def _thread(self, fields: Fields) -> None:
        """A sub-agent starts; its steps stand under this one."""
        name = as_text(fields.get("agent_name")) or "agent"
        step = self.run.step(
            "agent",
            name,
            line=self.line,
            key=as_text(fields.get("id")),
            start_ns=self._time(fields),
            details=self._rest(fields, "agent_name"),
        )
        thread = as_text(fields.get("session_thread_id"))
        if thread and step.key:
            self.run.threads[thread] = Thread(parent=step.key, agent=name)

    def _handed(self, fields: Fields) -> None:
        """An agent says something to another."""
        to = as_text(fields.get("to_agent_name")) or "the main agent"
        step = self._step("handoff", to, fields)
        step.input, _ = self._words(fields.get("content"))
        step.details = self._rest(fields, "to_agent_name", "content")

    def _error(self, fields: Fields) -> None:
        error = fields.get("error")
        step = self._step("error", "session error", fields)
        step.status = "error"
        step.error = reason_of(error) if error is not None else "no reason is recorded"
        step.details = self._rest(fields)

    def _terminated(self, fields: Fields) -> None:
        step = self._step("error", "session terminated", fields)
        step.status = "error"
        step.error = "the session was terminated"
        step.details = self._rest(fields)
        self.run.status = "error"

    def _judged(self, fields: Fields) -> None:
        """How far the outcome is what was wanted, as a grader found."""
        verdict = as_text(fields.get("result")) or "no verdict"
        step = self._step("guardrail", f"outcome: {verdict}", fields)
        said = fields.get("explanation")
        step.output = self._contents.add_if(said)
        step.usage = usage_of(fields.get("usage"))
        step.status = "ok" if verdict == _MET else "error"
        step.error = None if verdict == _MET else verdict
        step.details = self._rest(fields, "explanation", "result", "usage")
        self.run.outcome = Outcome(note=verdict)

    def _other(self, fields: Fields) -> None:
        """An event that has no kind of its own: shown as it is."""
        kind = shown_type(fields)
        if kind not in _KNOWN:
            what = f"events of type {kind}"
            self._builder.problem("note", what, "shown as they are", self.line)
        step = self._step("event", kind.partition(".")[2] or kind, fields)
        text, whole = self._words(fields.get("content"))
        step.output = self._rest(fields) if text is None else text
        if text is not None:
            step.details = self._rest(fields, *(["content"] if whole else []))
