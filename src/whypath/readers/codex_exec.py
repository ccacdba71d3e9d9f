"""`codex exec --json`: codex-rs/exec/src/exec_events.rs of github.com/openai/codex.

Not read: streamed parts of a plan. The stream has no clock, no prompt and no model's
name, and counts the tokens of the whole thread so far at the end of each turn; which
of them a request took is not recorded.
"""

from pathlib import Path
from typing import Any

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Call, Kind, Outcome, StateChange, Usage
from whypath.readers.codex_reviews import question
from whypath.readers.codex_tokens import Tokens, decode_tokens
from whypath.readers.codex_tools import failure_of, joined
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_scalar,
    as_text,
    first,
    reason_of,
)
from whypath.records import BadShape, Raw, Record, Records, Sample

NAME = "codex-exec"
TOOL = "codex exec --json"
EXPORT = "keep what it prints: codex exec --json PROMPT > run.jsonl"
NOT_READ = "streamed parts of a plan; prompt, model and times are not in the stream"
EXAMPLE = "whypath report run.jsonl"

AGENT = "codex"

_ITEMS = ("item.started", "item.updated", "item.completed")
_ENVELOPE = ("id", "type", "item_type")
_TOOLS = {
    "command_execution": "exec_command",
    "file_change": "apply_patch",
    "mcp_tool_call": "mcp",
    "collab_tool_call": "collab",
    "web_search": "web_search",
}
_ASKED = {
    "command_execution": ("command",),
    "file_change": ("changes",),
    "mcp_tool_call": ("arguments",),
    "collab_tool_call": ("prompt",),
    "web_search": ("action", "query"),
}
_ANSWERED = ("aggregated_output", "result", "agents_states")


def detect(sample: Sample) -> bool:
    """Some record begins a thread, or tells of an item of one."""
    return any(_is_event(value) for value in sample.objects())


def _is_event(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if value.get("type") == "thread.started":
        return isinstance(value.get("thread_id"), str)
    item = value.get("item")
    if value.get("type") not in _ITEMS or not isinstance(item, dict):
        return False
    return isinstance(item.get("id"), str) and bool(item.keys() & {"type", "item_type"})


def read(records: Records, builder: Builder) -> None:
    """One run for each thread; a thread that is resumed in another file goes on."""
    stream = _Stream(records, builder)
    for record in records.rows():
        stream.record(record)


class _Counted:
    """The tokens of each thread up to now, from file to file."""

    def __init__(self, builder: Builder) -> None:
        self.tokens: dict[str, Tokens] = {}
        self.files: dict[str, int] = {}


class _Stream:
    """The state of reading one file."""

    def __init__(self, records: Records, builder: Builder) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._counted = builder.shared(_Counted)
        self._path = records.path or Path("stdin")
        self._run: RunDraft | None = None
        self._prefix = ""
        self._line = 0
        self._answer: Draft | None = None
        self._steps: dict[str, Draft] = {}

    def record(self, record: Record) -> None:
        """Takes in one event."""
        self._line = record.line
        fields = as_fields(record.data)
        kind = as_text(fields.get("type")) or ""
        if kind == "thread.started":
            self._begin(as_scalar(fields.get("thread_id")) or self._path.stem)
        elif kind in _ITEMS and as_fields(fields.get("item")):
            self._item(kind, as_fields(fields["item"]))
        elif kind == "turn.started":
            self._answer = None
            self._current().status = "incomplete"
        elif kind == "turn.completed":
            self._completed(fields)
        elif kind in ("turn.failed", "error"):
            self._failed(first(fields, "error", "message"))
        elif kind == "request_user_input":
            step = self._event("decision", "question to the user", fields)
            step.decision = question(fields)
        elif not fields:
            what = "a record that is no event"
            self._builder.problem("loss", what, "left out", self._line)
        else:
            what = f"events of type {kind[:40]!r}"
            self._builder.problem("note", what, "not shown", self._line)

    def _current(self) -> RunDraft:
        """The run being read; a stream without a beginning has the file's name."""
        return self._run or self._begin(self._path.stem)

    def _begin(self, id: str) -> RunDraft:
        if self._run is not None and self._run.id == id:
            return self._run
        run = self._run = self._builder.run(id)
        self._builder.about = id
        run.agent = AGENT
        times = self._counted.files.get(id, 0)
        self._counted.files[id] = times + 1
        self._prefix = f"{times + 1}/" if times else ""
        self._answer = None
        self._steps = {}
        return run

    def _item(self, stage: str, item: Fields) -> None:
        kind = as_text(first(item, "type", "item_type")) or ""
        id = as_scalar(item.get("id")) or ""
        if kind in ("agent_message", "assistant_message", "reasoning"):
            if stage == "item.completed":
                self._say(kind, id, item)
        elif kind in _TOOLS:
            self._call(stage, kind, id, item)
        elif kind in ("todo_list", "plan"):
            self._plan(id, first(item, "items", "text"))
        elif kind == "error":
            step = self._step("event", "error", id)
            why = item.get("message")
            step.status, step.error = "error", reason_of(why) if why else "error"
            step.output = self._contents.add_if(why)
        elif stage == "item.completed":
            what = f"items of unknown type {kind[:40]!r}"
            self._builder.problem("note", what, "shown as recorded", self._line)
            self._event("event", kind[:40] or "item", item)

    def _answering(self, id: str) -> Draft:
        """The model's response that an item belongs to; a tool's result ends it."""
        if self._answer is None:
            self._answer = self._step("model", "", id and f"{id}/model")
            self._answer.status = "ok"
        return self._answer

    def _say(self, kind: str, id: str, item: Fields) -> None:
        """What the model said or thought; a second message is another response."""
        text = item.get("text")
        answer = self._answer
        if kind != "reasoning" and answer is not None and answer.calls:
            self._answer = None
        answer = self._answering(id)
        number = self._contents.add_if(text)
        if kind == "reasoning":
            answer.reasoning = self._with(answer.reasoning, number)
            return
        answer.output = self._with(answer.output, number)
        if number is not None:
            self._current().outcome = Outcome(answer=number)

    def _with(self, before: int | None, more: int | None) -> int | None:
        """Two texts as one."""
        if before is None or more is None:
            return more if before is None else before
        texts = (self._contents.text(before), self._contents.text(more))
        return self._contents.add_text("\n\n".join(texts))

    def _call(self, stage: str, kind: str, id: str, item: Fields) -> None:
        """A call, at its start or, where that is not told, at its end."""
        step = self._steps.get(id) if id else None
        if step is None:
            step = self._asked(kind, id, item)
        if stage == "item.started":
            return
        said = first(item, *_ANSWERED)
        result = as_fields(said)
        said = first(result, "structured_content", "content") or said
        step.output = step.output if said is None else self._contents.add(said)
        rest = {key: raw for key, raw in item.items() if key not in _ENVELOPE}
        shown = {*_ASKED[kind], *_ANSWERED, "tool", "server"}
        rest = {key: raw for key, raw in rest.items() if key not in shown}
        step.details = self._contents.add(joined(rest)) if rest else None
        if stage == "item.completed":
            step.error = failure_of(item)
            step.status = "ok" if step.error is None else "error"
            self._answer = None

    def _asked(self, kind: str, id: str, item: Fields) -> Draft:
        """The step of a call, and the call in the model's response."""
        answer = self._answering(id)
        asked = first(item, *_ASKED[kind])
        arguments = self._contents.add_if(asked)
        parts = (as_scalar(item.get("server")), as_scalar(item.get("tool")))
        name = ".".join(part for part in parts if part) or _TOOLS[kind]
        step = self._step("tool", name, id)
        step.input = arguments
        step.call_id = step.key or f"{self._prefix}line-{self._line}"
        answer.calls = (*answer.calls, Call(step.call_id, name, arguments))
        if id:
            self._steps[id] = step
        return step

    def _plan(self, id: str, plan: Raw | None) -> None:
        """The plan as it is now: told at its start and whenever it changes."""
        number = self._contents.add_if(plan)
        before = self._steps.get(id)
        if before is not None and before.state and before.state[0].value == number:
            return
        step = self._step("state", "plan", id)
        step.status = "ok"
        step.state = [StateChange("plan", number)]
        if id:
            self._steps[id] = step

    def _completed(self, fields: Fields) -> None:
        """The end of a turn; its tokens are those of all turns up to now."""
        run = self._current()
        run.status = "ok"
        self._answer = None
        if "usage" not in fields:
            return
        try:
            tokens = decode_tokens(fields["usage"])
        except BadShape:
            what = "token counts that cannot be read"
            self._builder.problem("loss", what, "not counted", self._line)
            return
        step = self._event("event", "turn completed", fields)
        step.usage = _since(self._counted.tokens.get(run.id), tokens)
        self._counted.tokens[run.id] = tokens

    def _failed(self, why: Raw | None) -> None:
        run = self._current()
        error = "error" if why is None else reason_of(why)
        self._answer = None
        run.status = "error"
        if run.steps and run.steps[-1].kind == "error" and run.steps[-1].error == error:
            return
        step = self._step("error", "error", "")
        step.status, step.error = "error", error
        step.output = self._contents.add_if(why)

    def _event(self, kind: Kind, name: str, fields: Fields) -> Draft:
        step = self._step(kind, name, "")
        step.status = "ok"
        rest = {key: raw for key, raw in fields.items() if key != "type"}
        step.output = self._contents.add(joined(rest)) if rest else None
        return step

    def _step(self, kind: Kind, name: str, id: str) -> Draft:
        key = f"{self._prefix}{id}" if id and id not in self._steps else None
        return self._current().step(kind, name, line=self._line, key=key)


def _since(before: Tokens | None, now: Tokens) -> Usage:
    """The tokens of one turn, given all up to the turn before and all up to now.

    Where a count is smaller than before, it is taken as one that began anew.
    """
    said = now.usage()
    known = before.usage() if before is not None else Usage()
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")
    pairs = [(getattr(known, name) or 0, getattr(said, name)) for name in names]
    if any(new is not None and new < old for old, new in pairs):
        return said
    given, made, read, thought = (new and new - old for old, new in pairs)
    return Usage(given, made, read, said.cache_write_tokens, thought)
