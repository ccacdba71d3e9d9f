"""Turns the events of one ADK session, in the order they stand, into steps of a run.

Part of the `adk_sessions` reader. What an event's parts say is the work of `adk_parts`;
this gives each its place: agent, branch, state, what a rewind undid.
"""

from whypath.builder import Builder, Draft, RunDraft, Window
from whypath.content import to_json
from whypath.model import Kind, StateChange, replace
from whypath.readers.adk_fields import adk_fields, all_fields
from whypath.readers.adk_parts import Calls, Parts, spoken
from whypath.readers.api_calls import add_call, google_usage
from whypath.readers.fields import (
    Fields,
    as_items,
    as_scalar,
    as_text,
    first,
    is_object,
)
from whypath.readers.payloads import Payloads
from whypath.readers.span_values import document
from whypath.readers.spans import Facts
from whypath.records import Raw

_LABELS = {"app_name": "app", "user_id": "user", "current_agent_name": "current agent"}
_READ = {
    *("id", "invocation_id", "author", "content", "timestamp", "actions", "options"),
    *("partial", "branch", "usage_metadata", "model_version", "error_code"),
    *("error_message", "is_greeting", "turn_complete", "output", "node_info"),
    *("input_transcription", "output_transcription"),
}
_ACTIONS = {
    *("state_delta", "artifact_delta", "transfer_to_agent", "transfer_reason"),
    *("compaction", "update_context", "function_call_event_id", "partial"),
    "requested_tool_confirmations",
}
_EMPTY = (b"{}", b"[]", b'""', b"false")


class Session:
    """One session being read, event by event."""

    def __init__(self, run: RunDraft, builder: Builder, payloads: Payloads) -> None:
        self.run = run
        self.calls = Calls(run, builder)
        self._builder = builder
        self._contents = builder.contents
        self._payloads = payloads
        self._line = 0
        self._state: Fields = {}
        self._changed: set[str] = set()
        self._logs: dict[str, Raw] = {}
        self._pieces: dict[tuple[str | None, ...], list[Fields]] = {}
        self._begun: dict[str, list[Draft]] = {}
        self._before: dict[str, str | None] = {}
        self._resume: str | None = None
        self._threads: set[str] = set()
        self._last: str | None = None

    def describe(self, fields: Fields, line: int) -> None:
        """Takes in what stands beside the events of a session."""
        self._line = line
        for key, label in _LABELS.items():
            if value := as_scalar(fields.get(key)):
                self.run.labels[label] = value
        self._state = all_fields(first(fields, "state", "context"))
        for raw in as_items(fields.get("event_logs")):
            log = adk_fields(raw)
            if id := as_scalar(log.get("event_id")):
                self._logs[id] = raw

    def note_expected(self, line: int) -> None:
        """Says that what follows is what should happen, not what did."""
        what = "an eval set: what is expected of the agent, not what it did"
        self._builder.problem("note", what, "shown as a run", line)
        self.run.labels["kind"] = "expected"

    def event(self, fields: Fields, line: int) -> None:
        """Reads one event."""
        self._line = self.calls.line = line
        actions = {**_object(fields, "options"), **_object(fields, "actions")}
        if self._is_piece(fields, actions) or self._is_repeated(fields):
            return
        before = len(self.run.steps)
        parts = self.calls.parts(fields, self._time(fields))
        author = as_text(fields.get("author"))
        agent = None if author == "user" else author
        self.run.agent = self.run.agent or agent
        asks = author == "user" or (author is None and parts.role == "user")
        main = self._asked(fields, parts) if asks else self._said(fields, parts)
        self.calls.asked(parts, main)
        details = self._details(fields, parts) if main is None else None
        waiting = adk_fields(actions.get("requested_tool_confirmations"))
        self.calls.answered(parts, waiting, details)
        self._act(actions, main, parts)
        self._rest(fields, parts, before)
        self._place(fields, actions, self.run.steps[before:], agent)

    def close(self) -> None:
        """Tells what only the whole session shows."""
        for pieces in self._pieces.values():
            self._cut_off(pieces)
        self._pieces.clear()
        kept = {k: v for k, v in self._state.items() if k not in self._changed}
        if kept and self.run.steps:
            step = self.run.step("state", "state that no event set")
            step.state = self._changes(kept, "")
            step.order, step.status = (0, 0), "ok"

    def _is_piece(self, fields: Fields, actions: Fields) -> bool:
        """True for a piece of a streamed answer; the whole answer follows it."""
        key = tuple(as_text(fields.get(k)) for k in ("invocation_id", "author"))
        key = (*key, as_text(fields.get("branch")))
        if as_scalar(first(fields, "partial")) != "true" and (
            as_scalar(actions.get("partial")) != "true"
        ):
            self._pieces.pop(key, None)
            return False
        self._pieces.setdefault(key, []).append(fields)
        what, done = "pieces of a streamed answer", "the whole answer is shown"
        self._builder.problem("note", what, done, self._line)
        return True

    def _cut_off(self, pieces: list[Fields]) -> None:
        """Shows an answer whose end is not there as far as it came."""
        found = [self.calls.parts(fields, self._time(fields)) for fields in pieces]
        texts = [text for parts in found for text in parts.texts]
        thoughts = [text for parts in found for text in parts.thoughts]
        step = self.run.step("model", line=self._line, status="error")
        step.error = "the answer breaks off"
        step.agent = as_text(pieces[0].get("author"))
        step.start_ns = self._time(pieces[0])
        step.output, step.reasoning = self._joined(texts), self._joined(thoughts)
        what, done = "an answer without its end", "its pieces are shown"
        self._builder.problem("repair", what, done, self._line)

    def _is_repeated(self, fields: Fields) -> bool:
        id = as_scalar(fields.get("id"))
        if not id or id not in self.run.read:
            self.run.read.update([id] if id else [])
            return False
        what, done = "an event is there twice", "shown once"
        self._builder.problem("note", what, done, self._line)
        return True

    def _asked(self, fields: Fields, parts: Parts) -> Draft | None:
        """The step of what the user says; None where it only answers calls."""
        said = self._words(fields, parts, "input_transcription")
        if said is None and parts.others:
            said = self._contents.add(to_json(parts.others))
        return None if said is None else self._step("user", fields, parts, output=said)

    def _said(self, fields: Fields, parts: Parts) -> Draft | None:
        """The step of what an agent says: an answer, an error, a node's output."""
        said = self._words(fields, parts, "output_transcription")
        told = [as_scalar(fields.get(k)) for k in ("error_code", "error_message")]
        error = ": ".join(part for part in told if part) or None
        usage = google_usage(_plain(fields.get("usage_metadata")))
        if said is not None or parts.calls or parts.thoughts or usage:
            thought = self._joined(parts.thoughts)
            step = self._step("model", fields, parts, output=said, reasoning=thought)
            step.usage = usage
            step.model = as_text(fields.get("model_version"))
            step.error = error
            self._exactly(step, as_scalar(fields.get("id")))
        elif error is not None:
            step = self._step("error", fields, parts, name="error", error=error)
        elif "output" in fields:
            name = as_text(_object(fields, "node_info").get("path")) or "output"
            output = self._contents.add(fields["output"])
            step = self._step("event", fields, parts, name=name, output=output)
        else:
            return None
        step.status = "error" if error else "ok"
        return step

    def _words(self, fields: Fields, parts: Parts, aloud: str) -> int | None:
        """The text of an event, or what was said aloud instead."""
        said = self._joined(parts.texts)
        heard = spoken(fields, aloud)
        if said is None and heard is not None:
            return self._contents.add_text(heard)
        return said

    def _exactly(self, step: Draft, id: str | None) -> None:
        """The request as an early ADK logged it: what the model saw, and its tools."""
        raw = self._logs.pop(id or "", None)
        if raw is None:
            return
        log, facts = adk_fields(raw), Facts("model")
        asked = _plain(log.get("model_request"))
        said = _plain(log.get("model_response"))
        add_call(facts, asked, said, self._payloads)
        step.tools = facts.tools
        step.model = step.model or as_text(
            adk_fields(log.get("model_response")).get("model_version")
        )
        step.model = step.model or facts.model
        step.usage = step.usage or facts.usage
        if facts.messages:
            step.window = Window(facts.messages)

    def _step(self, kind: Kind, fields: Fields, parts: Parts, **more: object) -> Draft:
        step = self.run.step(kind, **{"line": self._line, **more})  # type: ignore[arg-type]
        step.start_ns = self._time(fields)
        step.status = "ok"
        step.details = self._details(fields, parts)
        return step

    def _details(self, fields: Fields, parts: Parts) -> int | None:
        """What the event says beside, but for what is empty or as it always is."""
        actions = {**_object(fields, "options"), **_object(fields, "actions")}
        rest: dict[str, object] = {
            key: raw
            for key, raw in fields.items()
            if key not in _READ and bytes(raw) not in _EMPTY
        }
        rest |= {
            f"actions.{key}": raw
            for key, raw in actions.items()
            if key not in _ACTIONS and bytes(raw) not in _EMPTY
        }
        if parts.others:
            rest["parts"] = parts.others
        return self._contents.add(to_json(rest)) if rest else None

    def _act(self, actions: Fields, main: Draft | None, parts: Parts) -> None:
        """What the event does: to the state, to who speaks next, to the context."""
        target = as_text(actions.get("transfer_to_agent"))
        if target and not parts.handed_over:
            reason = actions.get("transfer_reason")
            self.calls.hand_over(target, reason, None, main)
        changes = self._changes(all_fields(actions.get("state_delta")), "")
        changes += self._changes(all_fields(actions.get("update_context")), "")
        changes += self._changes(all_fields(actions.get("artifact_delta")), "artifact:")
        self._changed.update(change.path for change in changes)
        if changes:
            step = main or self.run.step("state", "state", line=self._line, status="ok")
            step.state = changes
        compaction = adk_fields(actions.get("compaction"))
        summary = adk_fields(compaction.get("compacted_content"))
        if summary:
            texts = [adk_fields(p).get("text") for p in as_items(summary.get("parts"))]
            step = self.run.step("system", "compaction summary", line=self._line)
            step.output = self._joined([t for t in texts if t is not None])
            step.status, step.resets_context = "ok", True

    def _changes(self, fields: Fields, prefix: str) -> list[StateChange]:
        add = self._contents.add
        return [StateChange(prefix + key, add(raw)) for key, raw in fields.items()]

    def _rest(self, fields: Fields, parts: Parts, before: int) -> None:
        """Keeps what an event says beside its parts where no step tells it yet."""
        silent = len(self.run.steps) == before and not parts.results
        if silent and self._details(fields, parts) is not None:
            self._step("event", fields, parts, name="actions")

    def _place(
        self, fields: Fields, actions: Fields, steps: list[Draft], agent: str | None
    ) -> None:
        """Gives the event's steps their keys, agent, time and branch."""
        id = as_scalar(fields.get("id"))
        branch = as_text(fields.get("branch")) or ""
        time = self._time(fields)
        invocation = as_text(fields.get("invocation_id")) or ""
        if steps and self._resume is not None:
            steps[0].previous, self._resume = self._resume, None
        self._rewind(actions)
        self._before.setdefault(invocation, self._last)
        self._begun.setdefault(invocation, []).extend(steps)
        for number, step in enumerate(steps):
            if id and step.key is None:
                step.key = id if number == 0 else f"{id}/{number}"
                step.source = replace(step.source, ref=id)
            step.agent = step.agent or agent
            step.thread = branch
            step.start_ns = step.start_ns or time
        if steps and branch and branch not in self._threads:
            steps[0].previous = self._last
        self._threads.add(branch)
        if steps and not branch:
            self._last = steps[-1].key

    def _rewind(self, actions: Fields) -> None:
        """Marks what came from an invocation on as undone; the next step follows it."""
        first_undone = as_text(actions.get("rewind_before_invocation_id"))
        if first_undone is None or first_undone not in self._begun:
            return
        ids = list(self._begun)
        for id in ids[ids.index(first_undone) :]:
            for step in self._begun[id]:
                step.abandoned = True
        self._resume = self._before[first_undone]

    def _joined(self, texts: list[Raw]) -> int | None:
        if len(texts) < 2:
            return self._contents.add(texts[0]) if texts else None
        return self._contents.add_text("".join(as_text(raw) or "" for raw in texts))

    def _time(self, fields: Fields) -> int | None:
        value = as_scalar(fields.get("timestamp"))
        return self._builder.time(value, self._line)


def _object(fields: Fields, key: str) -> Fields:
    raw = fields.get(key)
    return adk_fields(raw) if is_object(raw) else {}


def _plain(raw: Raw | None) -> dict[str, object]:
    value = None if raw is None else document(bytes(raw))
    return value if isinstance(value, dict) else {}
