"""The tool calls of one Codex session, their results, and how each of them ended.

Part of the `codex` reader. A call is told of up to three times: as the item that the
model wrote, as the item that went back to it, and as an event with the exit code.
"""

import re
from collections import Counter, defaultdict, deque

from whypath.builder import Draft
from whypath.content import to_json
from whypath.model import Call, ContentId, Message, StateChange
from whypath.readers.claude_questions import decide
from whypath.readers.codex_scene import Place, Scene
from whypath.readers.fields import (
    ERROR_LENGTH,
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    is_object,
    reason_of,
)
from whypath.readers.permissions import refusal, refused
from whypath.records import Raw

PLANNING = "update_plan"
ASKING = "request_user_input"
SPAWNING = "spawn_agent"

_HEAD = 400
_EXIT = re.compile(rb"(?:Exit code: |Process exited with code )(-?\d{1,9})")
_REFUSED = tuple(
    text.encode()
    for text in (
        *("err: ", "tool call error:", "failed to parse function arguments"),
        *("unsupported call:", "unsupported custom tool call:", "aborted"),
        *("apply_patch verification failed", "exec command rejected"),
        *("patch rejected", "execution error:", "failed in sandbox"),
    )
)
_FAILED = ("failed", "declined", "error", "errored", "cancelled", "incomplete")
_OUTPUTS = ("aggregated_output", "formatted_output", "stdout", "stderr")


class Tools:
    """Every call of one run, by the id that it has there."""

    def __init__(self, scene: Scene) -> None:
        self.drafts: dict[str, Draft] = {}
        self._scene = scene
        self._builder = scene.builder
        self._contents = scene.contents
        self._run = scene.run
        self._asked: set[str] = set()
        self._renamed: defaultdict[str, deque[str]] = defaultdict(deque)
        self._unnamed: defaultdict[str, deque[str]] = defaultdict(deque)
        self._counts: Counter[str] = Counter()
        self._planned: list[Draft] = []
        self._searches: dict[bytes, str] = {}
        self._outputs: dict[str, bytes] = {}

    def call(self, said: Message, id: str | None, place: Place) -> Call:
        """A call that the model made; its step may have been begun by an event.

        `id` stands for the call's own id where the item has none.
        """
        name = said.name or "(unnamed tool)"
        call_id = self._new_id(said.call_id, id, name, place.line)
        draft = self.drafts.get(call_id)
        if draft is None:
            draft = self.begin(call_id, name, place)
        draft.name, draft.input = name, said.content
        self._asked.add(call_id)
        if name.endswith(PLANNING):
            draft.state = self._plan(said.content)
            self._planned.append(draft)
        if said.call_id is None and said.content is not None:
            self._searches[self._contents.raw(said.content)] = call_id
        return Call(call_id, name, said.content)

    def begin(self, call_id: str, name: str, place: Place) -> Draft:
        """The step of a call, by whatever tells of it first."""
        draft = self._scene.step("tool", name, place, call_id)
        draft.call_id = call_id
        self.drafts[call_id] = draft
        return draft

    def result(self, said: Message, place: Place) -> Message:
        """What went back to the model. Returns the message with the call's own id."""
        call_id = self._answered(said)
        draft = self.drafts.get(call_id)
        error = None
        if said.content is not None:
            error = self._error_in(self._contents.raw(said.content), place.line)
        self._run.result(
            call_id,
            said.content,
            status="ok" if error is None else "error",
            error=error,
            end_ns=place.time_ns,
            name=said.name,
            line=place.line,
        )
        if draft is not None and draft.name.endswith(ASKING):
            self._answer(draft, said.content)
        elif draft is not None and error is not None and (no := refusal(error)):
            draft.decision = refused(draft.name, no, self._contents)
        name = draft.name if draft is not None else said.name
        return Message("tool", "result", said.content, name, call_id)

    def ended(self, id: str, name: str, fields: Fields, place: Place) -> None:
        """An event that says how a call ended: when, with what code, how long."""
        draft = self.drafts.get(id)
        if draft is None:
            draft = self.begin(id, name, place)
            asked = first(fields, "command", "invocation", "arguments", "action")
            asked = asked if asked is not None else first(fields, "query", "path")
            draft.input = self._contents.add_if(asked)
        lasted = duration_ns(fields.get("duration"))
        draft.end_ns = place.time_ns or draft.end_ns
        if place.time_ns is not None and lasted:
            draft.start_ns = place.time_ns - lasted
        error = failure_of(fields)
        draft.status, draft.error = ("ok", None) if error is None else ("error", error)
        key, output = _output_of(fields)
        if output is not None:
            self._outputs[id] = bytes(output)
        skip = {"type", "call_id", "callId", "id", "turn_id", "turnId", "process_id"}
        rest = {
            name: raw
            for name, raw in fields.items()
            if name not in skip and name not in _OUTPUTS and name != key
        }
        draft.details = self._contents.add(joined(rest)) if rest else draft.details

    def has_plan(self, plan: bytes) -> bool:
        """True when a call has set this plan."""
        changes = [c for draft in self._planned for c in draft.state]
        return any(c.value and self._contents.raw(c.value) == plan for c in changes)

    def same_search(self, action: Raw | None) -> str | None:
        """The call that asked for the same action and was not told to have ended."""
        return None if action is None else self._searches.pop(bytes(action), None)

    def close(self) -> None:
        """Shows the output that an event tells, where no item tells the same."""
        add = self._contents.add
        for id, output in self._outputs.items():
            draft, result = self.drafts[id], self._run.results.get(id)
            if result is None or result.output is None:
                draft.output = add(output) if draft.output is None else draft.output
                continue
            if output[1:-1].strip() in self._contents.raw(result.output):
                continue
            told = b"{}" if draft.details is None else self._contents.raw(draft.details)
            rest = dict(as_fields(told))
            draft.details = add(joined({**rest, "event output": Raw(output)}))

    def _new_id(
        self, recorded: str | None, other: str | None, name: str, line: int
    ) -> str:
        """The call's own id; where it has none or it is taken, one that is new."""
        if recorded and recorded not in self._asked:
            return recorded
        if recorded:
            what = "two calls have the same id"
            self._builder.problem("repair", what, "the second is renamed", line)
        id = base = recorded or other or name
        while id in self.drafts or (not recorded and not other and id == name):
            self._counts[base] += 1
            id = f"{base}~{self._counts[base] + bool(recorded or other)}"
        if recorded:
            self._renamed[recorded].append(id)
        elif not other:
            self._unnamed[name].append(id)
        return id

    def _answered(self, said: Message) -> str:
        """The call that a result belongs to; one without an id is its tool's next."""
        if said.call_id:
            renamed = self._renamed.get(said.call_id)
            taken = said.call_id in self._run.results
            return renamed.popleft() if renamed and taken else said.call_id
        waiting = self._unnamed.get(said.name or "")
        if waiting:
            return waiting.popleft()
        self._counts["result"] += 1
        return f"result~{self._counts['result']}"

    def _error_in(self, output: bytes, line: int) -> str | None:
        error, own_words = error_in(output)
        if own_words:
            what, done = "errors are not recorded", "told by a result's own words"
            self._builder.problem("note", what, done, line)
        return error

    def _plan(self, arguments: ContentId | None) -> list[StateChange]:
        if arguments is None:
            return []
        plan = as_fields(self._contents.raw(arguments)).get("plan")
        return [] if plan is None else [StateChange("plan", self._contents.add(plan))]

    def _answer(self, draft: Draft, output: ContentId | None) -> None:
        """Turns a question to the user, and the answer, into a decision."""
        if draft.input is None or output is None:
            return
        arguments = self._contents.raw(draft.input)
        asked = as_items(as_fields(arguments).get("questions"))
        said = as_fields(as_fields(self._contents.raw(output)).get("answers"))
        chosen: dict[str, list[str]] = {}
        for question in map(as_fields, asked):
            answer = as_fields(said.get(as_scalar(question.get("id")) or ""))
            texts = (as_text(raw) for raw in as_items(answer.get("answers")))
            key = as_text(question.get("question")) or ""
            chosen[key] = [text for text in texts if text is not None]
        if said and any(chosen.values()):
            draft.decision = decide(arguments, Raw(to_json(chosen)), self._contents)


def joined(fields: Fields) -> bytes:
    """The fields as one JSON object again."""
    return to_json(dict(fields))


def duration_ns(raw: Raw | None) -> int | None:
    """Whole seconds and nanoseconds, as Rust writes a duration."""
    fields = as_fields(raw)
    seconds, rest = as_number(fields.get("secs")), as_number(fields.get("nanos"))
    if seconds is None or not 0 <= seconds < 1e9:
        return None
    return int(seconds) * 1_000_000_000 + (int(rest) if rest and rest < 1e10 else 0)


def failure_of(fields: Fields) -> str | None:
    """Why an event says that a call failed, or None."""
    said = as_fields(fields.get("result"))
    if "Err" in said:
        return reason_of(said["Err"])
    answer = as_fields(said.get("Ok")) or said
    if as_scalar(first(answer, "isError", "is_error")) == "true":
        return _reason_in(answer.get("content")) or "error"
    if fields.get("error") is not None:
        return reason_of(fields["error"])
    code = as_scalar(first(fields, "exit_code", "exitCode"))
    if code not in (None, "0"):
        return f"exit code {code}"[:ERROR_LENGTH]
    status = as_text(fields.get("status"))
    if as_scalar(fields.get("success")) == "false" or status in _FAILED:
        stderr = fields.get("stderr")
        wrong = reason_of(stderr) if stderr is not None else "error"
        return wrong if wrong not in ("error", '""') else status or "failed"
    return None


def error_in(output: bytes) -> tuple[str | None, bool]:
    """Why an output is an error, and whether only its wording tells that."""
    if output[:1] == b"[":
        texts = (as_fields(item).get("text") for item in as_items(output))
        output = bytes(next((raw for raw in texts if raw is not None), b""))
    if output[:1] == b"{":
        fields = as_fields(output)
        told = as_fields(fields.get("metadata")) or fields
        error = failure_of({k: v for k, v in told.items() if k in _TOLD})
        if error == "failed" and "content" in fields:
            error = reason_of(fields["content"])
        return error, False
    if output[:1] != b'"':
        return None, False
    head = output[1:_HEAD].partition(b"Output:")[0]
    code = _EXIT.search(head) if b" code" in head else None
    if code is not None:
        failed = int(code[1]) != 0
        return (f"exit code {int(code[1])}" if failed else None), False
    if head.startswith(_REFUSED):
        return reason_of(Raw(output)), True
    return None, False


_TOLD = ("exit_code", "exitCode", "success")


def _reason_in(content: Raw | None) -> str | None:
    for item in as_items(content):
        if is_object(item) and as_text(text := as_fields(item).get("text")):
            return reason_of(text) if text is not None else None
    return None


def _output_of(fields: Fields) -> tuple[str, Raw | None]:
    """What an event says that the call brought back, and under which name."""
    for key in (*_OUTPUTS, "results", "content_items", "changes"):
        if key in fields and (key not in _OUTPUTS or len(fields[key]) > 2):
            return key, fields[key]
    result = as_fields(fields.get("result"))
    return "result", first(result, "Ok", "Err") or fields.get("result")
