"""Turns chat messages, one by one, into the steps of a run; pairs results with calls.

For every reader of chat messages, and not a reader itself. Also takes the content
blocks of Anthropic's Messages API and the items of OpenAI's Responses API.
"""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import NamedTuple

from whypath.builder import Builder, Draft, RunDraft, Window
from whypath.model import Call, ContentId, Message, Tool
from whypath.readers.chat_choices import Choices, decide, said_by
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    error_of,
    first,
    is_list,
    is_object,
    reason_of,
    usage_of,
)
from whypath.readers.message_parts import Parts, reasoning_of, take_apart
from whypath.records import Raw

_REASONING = ("reasoning_content", "reasoning", "thinking_blocks", "thinking")
_SHOWN = {
    *("role", "content", "id", "type", "name", "tool_name", "model", "usage"),
    *("tool_calls", "function_call", "tool_call_id", "tool_use_id", "call_id"),
    *("timestamp", "created_at", "refusal", "arguments", "output", "summary"),
    *_REASONING,
}


class _Open(NamedTuple):
    """A call without its result: its id in the run, its id in the trace, its name."""

    id: str
    recorded: str | None
    name: str


class Conversation:
    """One run being read, message by message."""

    def __init__(self, builder: Builder, run: RunDraft) -> None:
        self.run = run
        self.model: str | None = None
        self._builder = builder
        self._contents = builder.contents
        self._tools: tuple[Tool, ...] | None = None
        self._open: dict[str, _Open] = {}
        self._renamed: defaultdict[str | None, deque[_Open]] = defaultdict(deque)
        self._by_name: defaultdict[str, deque[_Open]] = defaultdict(deque)
        self._used: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._window: list[Message] = []
        self._turn: Draft | None = None
        self._choices: Choices | None = None
        self._roles: dict[str, Callable[[Fields, int], object]] = {
            "system": self._system,
            "developer": self._system,
            "user": self._user,
            "assistant": self._assistant,
            "tool": self._result,
            "function": self._result,
        }

    def message(self, fields: Fields, line: int) -> None:
        """Reads one message, or one item of the Responses API."""
        role = as_text(fields.get("role"))
        kind = as_text(fields.get("type"))
        if role is None and kind in ("function_call", "custom_tool_call"):
            self._say_calls(self._own_turn(fields, line), [fields], line)
        elif role is None and kind == "reasoning":
            thought = first(fields, "summary", "content")
            turn = self._own_turn(fields, line)
            turn.reasoning = reasoning_of(thought, self._contents)
        elif role is None and (kind or "").endswith("call_output"):
            self._result(fields, line)
        else:
            self._roles.get(role or "", self._other)(fields, line)

    def system(self, raw: Raw | None, line: int) -> None:
        """A system prompt that stands beside the messages."""
        if raw is not None:
            self._system({"content": raw}, line)

    def offer(self, raw: Raw | None, line: int) -> None:
        """The tools of all model calls that follow."""
        if raw is not None:
            self._tools = tuple(self._tool(item) for item in as_items(raw))

    def answer(self, response: Fields, line: int) -> None:
        """The response to the messages so far: they are what the model saw."""
        window = Window(tuple(self._window))
        before = len(self.run.steps)
        self._turn, self._choices = None, None
        choices = list(map(as_fields, as_items(response.get("choices"))))
        if choices:
            turn = self._assistant(said_by(choices[0]), line)
            self._choices = decide(turn, choices, self._builder)
        elif "output" in response:
            for item in as_items(response["output"]):
                self.message(as_fields(item), line)
        elif "content" in response:
            self._assistant(response, line)
        made = [d for d in self.run.steps[before:] if d.kind == "model"]
        if made:
            made[0].window = window
            made[0].usage = made[0].usage or usage_of(response.get("usage"))

    def echoes(self, raw: Raw, line: int) -> bool:
        """True when a message repeats the last answer; of several, it says which."""
        if as_text(as_fields(raw).get("role")) != "assistant":
            return False
        if self._choices is not None:
            other = self._choices.use(raw, self._builder)
            if other is not None:
                self._take_back(self._choices.turn)
                self._assistant(other, line)
        return True

    def _take_back(self, turn: Draft) -> None:
        """Forgets what a turn said, for another answer in its place."""
        del self._window[len(turn.window.add if turn.window else ()) :]
        for call in turn.calls:
            self._open.pop(call.id or "", None)
            self._used.discard(call.id or "")
        turn.output, turn.reasoning, turn.calls = None, None, ()
        self._turn = turn

    def crash(self, error: Raw, traceback: Raw | None, line: int) -> None:
        """An error that ended the run."""
        output = self._contents.add(error if traceback is None else traceback)
        reason = reason_of(error)
        self.run.step(
            "error", "error", line=line, status="error", error=reason, output=output
        )

    def _system(self, fields: Fields, line: int) -> None:
        self._spoken("system", fields, line)

    def _user(self, fields: Fields, line: int) -> None:
        self._spoken("user", fields, line)

    def _other(self, fields: Fields, line: int) -> None:
        what = "a message with an unknown role"
        self._builder.problem("repair", what, "shown as an event", line)
        content = fields.get("content")
        role = as_scalar(fields.get("role")) or as_scalar(fields.get("type"))
        output = self._contents.add_if(content)
        self._step("event", fields, line, name=role or "message", output=output)

    def _spoken(self, kind: str, fields: Fields, line: int) -> None:
        parts = take_apart(fields.get("content"), self._contents)
        for result in parts.results:
            self._result(result, line)
        if parts.results and parts.text is None and parts.whole:
            return
        self._turn = None
        text = parts.text
        if text is None and not parts.whole:
            text = self._contents.add(fields["content"])
        name = as_scalar(fields.get("name")) or ""
        self._step(kind, fields, line, parts, name=name, output=text)
        self._window.append(Message(kind, "text", text))

    def _assistant(self, fields: Fields, line: int) -> Draft:
        parts = take_apart(first(fields, "content", "refusal"), self._contents)
        calls = [*parts.calls, *self._calls_of(fields, line)]
        text = parts.text
        if text is not None and calls and self._contents.raw(text) == b'""':
            text = None
        turn = self._turn
        if turn is None or turn.output is not None or turn.calls:
            agent = as_scalar(fields.get("name"))
            turn = self._step("model", fields, line, parts, agent=agent)
            turn.model = as_text(fields.get("model")) or self.model
            turn.tools, turn.status = self._tools, "ok"
        elif turn.details is None:  # it has only thought so far: this is its answer
            turn.details = self._rest(fields, parts)
        self._turn = turn
        turn.output = text
        if text is not None:
            self._window.append(Message("assistant", "text", text))
        thought = reasoning_of(first(fields, *_REASONING), self._contents)
        thought = parts.reasoning if thought is None else thought
        turn.reasoning = turn.reasoning if thought is None else thought
        turn.usage = usage_of(fields.get("usage")) or turn.usage
        self._say_calls(turn, calls, line)
        for result in parts.results:
            self._result(result, line)
        return turn

    def _own_turn(self, fields: Fields, line: int) -> Draft:
        """The model step that an item without a role belongs to."""
        return self._turn or self._assistant({"type": fields["type"]}, line)

    def _step(
        self,
        kind: str,
        fields: Fields,
        line: int,
        parts: Parts | None = None,
        **more: object,
    ) -> Draft:
        time = as_scalar(first(fields, "timestamp", "created_at"))
        start_ns = self._builder.time(time, line)
        key = as_scalar(fields.get("id"))
        details = self._rest(fields, parts)
        return self.run.step(
            kind,  # type: ignore[arg-type]
            line=line,
            key=key,
            start_ns=start_ns,
            details=details,
            **{"name": "", **more},  # type: ignore[arg-type]
        )

    def _rest(self, fields: Fields, parts: Parts | None) -> ContentId | None:
        """The fields that have no place of their own, as one JSON object."""
        whole = parts is None or parts.whole
        if whole and _SHOWN.issuperset(fields):
            return None
        rest = {key: raw for key, raw in fields.items() if key not in _SHOWN}
        said = first(fields, "content", "refusal", "output")
        if not whole and said is not None:
            rest["content"] = said
        pairs = (json.dumps(k).encode() + b":" + bytes(v) for k, v in rest.items())
        return self._contents.add(b"{" + b",".join(pairs) + b"}")

    def _tool(self, raw: Raw) -> Tool:
        if not is_object(raw):
            return Tool(as_scalar(raw) or "?", None)
        fields = as_fields(raw)
        inner = as_fields(fields.get("function"))
        name = as_scalar(inner.get("name")) or as_scalar(fields.get("name"))
        kind = as_scalar(fields.get("type"))
        return Tool(name or kind or "?", self._contents.add(raw))

    def _calls_of(self, fields: Fields, line: int) -> list[Fields]:
        """The calls of a message: a list, a list in a string, or the one of old."""
        raw = fields.get("tool_calls")
        text = as_text(raw)
        items = as_items(raw if text is None else Raw(text.encode() or b"[]"))
        if raw is not None and not is_list(raw) and not items:
            what = "tool calls that cannot be read"
            self._builder.problem("loss", what, "left out", line)
        items.extend([fields["function_call"]] if "function_call" in fields else [])
        return [as_fields(item) for item in items if is_object(item)]

    def _say_calls(self, turn: Draft, calls: list[Fields], line: int) -> None:
        made = [self._call(fields, line) for fields in calls]
        turn.calls = (*turn.calls, *made)
        self._window.extend(
            Message("assistant", "call", call.arguments, call.name, call.id)
            for call in made
        )

    def _call(self, fields: Fields, line: int) -> Call:
        inner = first(fields, "function", "custom")
        function = as_fields(inner) if is_object(inner) else fields
        name = as_scalar(function.get("name")) or as_scalar(fields.get("name")) or "?"
        raw = first(function, "arguments", "args", "input")
        arguments = self._contents.add_embedded_if(raw)
        recorded = as_scalar(first(fields, "call_id", "id")) or None
        if recorded in self._used:
            what = "a call id is used twice"
            self._builder.problem("repair", what, "told apart by their order", line)
        id = self._new_id(recorded, name)
        if id not in self.run.results:
            call = self._open[id] = _Open(id, recorded, name)
            if id != recorded:
                self._renamed[recorded].append(call)
            self._by_name[name].append(call)
        return Call(id, name, arguments)

    def _new_id(self, recorded: str | None, name: str) -> str:
        """The call's own id; where it has none, its name and a number."""
        id = recorded or f"{name}~1"
        base = recorded or name
        while id in self._used or (recorded is None and id in self.run.results):
            self._counts[base] += 1
            id = f"{base}~{self._counts[base] + 1}"
        self._used.add(id)
        return id

    def _result(self, fields: Fields, line: int) -> None:
        self._turn = None
        recorded = as_scalar(first(fields, "tool_call_id", "tool_use_id", "call_id"))
        name = as_scalar(first(fields, "name", "tool_name"))
        call = self._answered(recorded, name, line)
        id = call.id if call else recorded
        if id is None or id in self.run.results:
            id = self._new_id(None, name or "result")
        content = first(fields, "content", "output")
        parts = take_apart(content, self._contents, embedded=True)
        output = parts.text
        if output is None and content is not None:
            output = self._contents.add(content)
        error = None
        if output is not None:
            error = error_of(fields, self._contents.raw(output))
            if error is not None and not fields.keys() & {"is_error", "isError"}:
                what, done = "errors are not recorded", "told by a result's own words"
                self._builder.problem("note", what, done, line)
        time = as_scalar(first(fields, "timestamp", "created_at"))
        self.run.result(
            id,
            output,
            status="ok" if error is None else "error",
            error=error,
            end_ns=self._builder.time(time, line),
            details=self._rest(fields, parts if parts.text is not None else None),
            name=name,
            line=line,
        )
        name = call.name if call else name
        self._window.append(Message("tool", "result", output, name, id))

    def _answered(
        self, recorded: str | None, name: str | None, line: int
    ) -> _Open | None:
        """The open call with that id, else the next one of that name."""
        call = self._of_id(recorded) if recorded else None
        if call is not None:
            return call
        alone = next(iter(self._open.values())) if len(self._open) == 1 else None
        if name is None and alone and None in (recorded, alone.recorded):
            call = self._open.pop(alone.id)
        elif name is not None:
            call = self._next(self._by_name[name])
        if call is not None and (recorded or call.recorded):
            what = "a result names no call of the run"
            done = "paired with the open call that it fits"
            self._builder.problem("repair", what, done, line)
        return call

    def _of_id(self, recorded: str) -> _Open | None:
        """The first open call that was recorded with this id; it may be renamed."""
        call = self._open.get(recorded)
        if call is not None and call.recorded == recorded:
            return self._open.pop(recorded)
        waiting = self._renamed.get(recorded)
        return self._next(waiting) if waiting else None

    def _next(self, calls: deque[_Open]) -> _Open | None:
        """Takes the first of the calls that has no result yet."""
        while calls:
            call = self._open.pop(calls.popleft().id, None)
            if call is not None:
                return call
        return None
