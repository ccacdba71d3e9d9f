"""Turns the events of an Inspect log into steps.

Part of the `inspect_ai` reader. A kind of event that is not known here is shown as it
is recorded.
"""

from collections.abc import Callable

from whypath.builder import Builder, Draft, RunDraft, Thread
from whypath.model import ContentId, Kind, Status
from whypath.readers.fields import (
    ERROR_LENGTH,
    as_fields,
    as_number,
    as_scalar,
    first,
    reason_of,
)
from whypath.readers.inspect_decisions import of_call
from whypath.readers.inspect_messages import EMPTY, Attachments, Messages
from whypath.readers.inspect_model import ModelCalls, keep
from whypath.readers.inspect_places import (
    AGENT,
    GROUP,
    MARK,
    Item,
    Place,
    Places,
    Span,
)
from whypath.readers.inspect_state import Patches
from whypath.records import Raw

_COMMON = {
    *("event", "uuid", "span_id", "timestamp", "completed", "working_start"),
    *("pending", "events"),
}
_BAD_LEVELS = ("error", "critical")


class Events:
    """Makes the steps of one sample's events."""

    def __init__(
        self,
        builder: Builder,
        run: RunDraft,
        texts: Attachments,
        messages: Messages,
        calls: ModelCalls,
    ) -> None:
        self._builder = builder
        self._run = run
        self._texts = texts
        self._messages = messages
        self._calls = calls
        self._patches = Patches(builder, texts)
        self._line = 0
        self._known: dict[str, Callable[[Item, Place], object]] = {
            "model": self._model,
            "tool": self._tool,
            "subtask": self._subtask,
            "span_begin": self._span,
            "step": self._span,
            "sample_init": self._start,
            "state": self._state,
            "store": self._state,
            "approval": self._decision,
            "review": self._decision,
            "sentinel": self._decision,
            "compaction": self._compaction,
            "score": self._score,
            "score_edit": self._plain,
            "error": self._error,
            "sample_limit": self._limit,
            "interrupt": self._interrupt,
            "sandbox": self._sandbox,
            "input": self._input,
            "logger": self._logger,
            "info": self._plain,
            "anchor": self._plain,
            "branch": self._plain,
            "checkpoint": self._plain,
        }

    def read(self, places: Places, line: int, *, abandoned: bool = False) -> None:
        """All events of the sample, or of an attempt at it that was given up."""
        self._line = line
        self._patches.start_anew()
        for index, item in enumerate(places.items):
            place = places.place(index)
            if item.name in ("span_begin", "step") and item.stands_for:
                place = places.around(item.stands_for)
            place = place._replace(abandoned=place.abandoned or abandoned)
            make = self._known.get(item.name)
            if make is None:
                what = f"events of type {item.name[:40]!r}"
                self._builder.problem("note", what, "shown as recorded", line)
                make = self._plain
            make(item, place)

    def _step(
        self,
        kind: Kind,
        name: str,
        item: Item,
        place: Place,
        shown: tuple[str, ...] = (),
        **more: object,
    ) -> Draft:
        """A step with its times, and in its details all that is not `shown`."""
        fields = item.fields
        rest = {
            key: raw
            for key, raw in fields.items()
            if key not in _COMMON and key not in shown and bytes(raw) not in EMPTY
        }
        draft = self._run.step(
            kind,
            name,
            line=self._line,
            key=as_scalar(fields.get("uuid")),
            start_ns=self._time(fields.get("timestamp")),
            end_ns=self._time(fields.get("completed")),
            details=keep(rest, self._builder, self._texts),
            **{**place._asdict(), **more},
        )
        if draft.status == "unset" and as_scalar(fields.get("pending")) != "true":
            draft.status = "ok"
        return draft

    def _time(self, raw: Raw | None) -> int | None:
        return self._builder.time(as_scalar(raw), self._line)

    def _keep(self, raw: Raw | None) -> ContentId | None:
        if raw is None:
            return None
        return self._builder.contents.add(self._texts.resolve(raw))

    def _model(self, item: Item, place: Place) -> None:
        self._calls.read(item.fields, place, self._line)

    def _tool(self, item: Item, place: Place) -> None:
        fields = item.fields
        error = fields.get("error")
        failed = error is not None or as_scalar(fields.get("failed")) == "true"
        agent = as_scalar(fields.get("agent"))
        arguments = fields.get("arguments")
        draft = self._step(
            "handoff" if agent else "tool",
            as_scalar(fields.get("function")) or "?",
            item,
            place,
            ("type", "id", "function", "arguments", "result", "view", "agent"),
            call_id=as_scalar(fields.get("id")),
            input=None if arguments is None else self._keep(arguments),
            output=self._messages.result(fields.get("result"), error),
        )
        draft.key = item.stands_for.key if item.stands_for else draft.key
        draft.key = draft.key or draft.call_id
        if failed:
            draft.status = "error"
            draft.error = None if error is None else self._reason(error)
        span = as_scalar(fields.get("agent_span_id"))
        if span is not None and draft.call_id is not None:
            self._run.threads[span] = Thread(draft.call_id)

    def _subtask(self, item: Item, place: Place) -> None:
        fields = item.fields
        name = as_scalar(fields.get("name")) or "subtask"
        given, result = self._keep(fields.get("input")), fields.get("result")
        shown = ("name", "input", "result", "type")
        draft = self._step("agent", name, item, place, shown, input=given)
        draft.output = self._keep(result)
        draft.key = item.stands_for.key if item.stands_for else draft.key

    def _span(self, item: Item, place: Place) -> None:
        """A step for what a span groups; one that only tells when has none inside."""
        span = item.stands_for
        if span is None or span.role not in (AGENT, GROUP, MARK):
            return
        name = span.name
        if span.role != AGENT and span.type != span.name:
            name = f"{span.type}: {span.name}"
        agent = span.name if span.role == AGENT else place.agent
        draft = self._step(
            "agent" if span.role == AGENT else "event",
            name,
            item,
            place._replace(agent=agent),
            ("id", "parent_id", "type", "name", "action"),
        )
        draft.end_ns = self._time(span.end)
        draft.key = span.key if span.role != MARK else draft.key
        draft.status = "unset" if span.end is None else "ok"
        if draft.parent is None and span.id in self._run.threads:
            draft.parent = self._starter(span)

    def _starter(self, span: Span) -> str | None:
        """The step of the call that names this span as the agent it started."""
        call_id = self._run.threads.pop(span.id).call_id
        tools = (d for d in reversed(self._run.steps) if d.kind in ("tool", "handoff"))
        return next((d.key for d in tools if d.call_id == call_id), None)

    def _start(self, item: Item, place: Place) -> None:
        changes = self._patches.initial(as_fields(item.fields.get("state")))
        shown = ("sample", "state")
        self._step("state", "initial state", item, place, shown, state=changes)

    def _state(self, item: Item, place: Place) -> None:
        root = "/store" if item.name == "store" else ""
        raw = item.fields.get("changes")
        changes, whole = self._patches.changes(raw, root, self._line)
        shown = ("changes",) if whole else ()
        self._step("state", item.name, item, place, shown, state=changes)

    def _decision(self, item: Item, place: Place) -> None:
        fields, contents = item.fields, self._builder.contents
        decision = of_call(item.name, fields, contents, self._texts)
        by = as_scalar(first(fields, "approver", "reviewer", "path", "factory"))
        kind: Kind = "guardrail" if decision is None else "decision"
        shown = ("decision", "explanation", "call") if decision else ()
        name = f"{item.name}: {by}" if by else item.name
        draft = self._step(kind, name, item, place, shown, decision=decision)
        draft.input = self._keep(fields.get("call"))
        error = fields.get("error")
        if error is not None:
            draft.status, draft.error = "error", self._reason(error)

    def _compaction(self, item: Item, place: Place) -> None:
        self._step("event", "compaction", item, place, resets_context=True)

    def _score(self, item: Item, place: Place) -> None:
        scorer = as_scalar(item.fields.get("scorer"))
        name = f"score: {scorer}" if scorer else "score"
        score = self._keep(item.fields.get("score"))
        shown = ("score", "scorer", "model_usage", "role_usage")
        self._step("event", name, item, place, shown, output=score)

    def _error(self, item: Item, place: Place) -> None:
        error = item.fields.get("error")
        self.fail("error", error, item, place)

    def fail(self, name: str, error: Raw | None, item: Item, place: Place) -> None:
        """An error of the sample itself: what it says, and where it comes from."""
        fields = as_fields(error)
        told = first(fields, "traceback", "message") or error
        self._step(
            "error",
            name,
            item,
            place,
            ("error", "message", "traceback", "traceback_ansi"),
            output=self._keep(told),
            status="error",
            error="error" if error is None else self._reason(error),
        )

    def _limit(self, item: Item, place: Place) -> None:
        kind = as_scalar(item.fields.get("type"))
        said = item.fields.get("message")
        self._step(
            "error",
            f"limit: {kind}" if kind else "limit",
            item,
            place,
            ("type", "message"),
            output=self._keep(said),
            status="error",
            error="a limit was reached" if said is None else self._reason(said),
        )

    def _interrupt(self, item: Item, place: Place) -> None:
        by = as_scalar(item.fields.get("source")) or "?"
        during = as_scalar(item.fields.get("interrupted")) or "?"
        said = f"interrupted by {by} during {during}"[:ERROR_LENGTH]
        self._step("error", "interrupt", item, place, status="error", error=said)

    def _sandbox(self, item: Item, place: Place) -> None:
        fields = item.fields
        action = as_scalar(fields.get("action")) or "?"
        code = as_number(fields.get("result"))
        failed = code is not None and code != 0
        status: Status = "error" if failed else "ok"
        self._step(
            "event",
            f"sandbox {action}",
            item,
            place,
            ("action", "cmd", "file", "output"),
            input=self._keep(first(fields, "cmd", "file")),
            output=self._keep(fields.get("output")),
            status=status,
            error=f"exit code {code:g}" if failed else None,
        )

    def _input(self, item: Item, place: Place) -> None:
        said = self._keep(item.fields.get("input"))
        self._step("user", "input", item, place, ("input", "input_ansi"), output=said)

    def _logger(self, item: Item, place: Place) -> None:
        message = as_fields(item.fields.get("message"))
        level = as_scalar(message.get("level")) or "?"
        failed = level in _BAD_LEVELS
        said = message.get("message")
        draft = self._step("event", f"log: {level}", item, place)
        draft.output = self._keep(said)
        if failed:
            draft.status = "error"
            draft.error = None if said is None else self._reason(said)

    def _plain(self, item: Item, place: Place) -> None:
        """An event with nothing but its own words."""
        fields = item.fields
        said = first(fields, "data", "edit")
        names = (as_scalar(fields.get(key)) for key in ("source", "score_name"))
        by = next((name for name in names if name), None)
        name = f"{item.name}: {by}" if by else item.name
        shown = ("data", "edit")
        self._step("event", name, item, place, shown, output=self._keep(said))

    def _reason(self, error: Raw) -> str:
        return reason_of(Raw(self._texts.resolve(error)))


def has_model(places: Places) -> bool:
    """True when some event is a model call."""
    return any(item.name == "model" for item in places.items)
