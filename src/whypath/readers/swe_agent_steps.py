"""Turns one attempt of SWE-agent into steps: what was asked, then turn by turn.

Part of the `swe_agent` reader. Turn i belongs to an answer in the history, but not to
every one: demonstrations are no turns, and an answer that could not be used (of a bad
format, blocked) is a turn that is not in the history.
"""

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

from whypath.builder import Builder, Draft, RunDraft, Window
from whypath.model import Call, ContentId, Kind, Message, StateChange
from whypath.readers.fields import (
    Fields,
    Names,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    first,
    json_in,
    rest_of,
)
from whypath.readers.message_parts import reasoning_of, take_apart
from whypath.readers.payloads import Payloads
from whypath.records import Raw

_REASONING = ("reasoning_content", "thinking_blocks")
_TOLD = {
    *("action", "observation", "response", "thought", "state", "query", "messages"),
    *("tool_calls", "tool_call_ids"),
    *_REASONING,
}
_KINDS: dict[str, Kind] = {"system": "system", "user": "user"}
_ENTRY = ("role", "content", "agent", "message_type")


class _Turn(NamedTuple):
    """A turn, its answer in the history (empty: none), and what was said before it."""

    fields: Fields
    entry: Fields
    before: list[Fields]


class Attempt:
    """The state of reading one attempt.

    `thread` and `parent` place it among others; `abandoned` says that another was
    chosen.
    """

    def __init__(self, builder: Builder, run: RunDraft, line: int) -> None:
        self.model: str | None = None
        self.thread = ""
        self.parent: str | None = None
        self.abandoned = False
        self._builder = builder
        self._contents = builder.contents
        self._payloads = Payloads(builder)
        self._run = run
        self._line = line
        self._ids = Names((s.call_id for s in run.steps if s.call_id), "~")
        self._state: dict[str, bytes] = {}
        self._shown: list[Message] | None = None

    def read(self, trajectory: list[Raw], history: list[Raw]) -> None:
        """Tells the steps; without a trajectory (a demonstration), of the history."""
        entries = [as_fields(raw) for raw in history]
        turns = [as_fields(raw) for raw in trajectory]
        turns = turns or list(_turns_of(entries))
        lost = sum(not turn for turn in turns) + sum(not entry for entry in entries)
        if lost:
            what = "a turn that is no JSON object"
            self._builder.problem("loss", what, "left out", self._line)
        for turn in _aligned([t for t in turns if t], [e for e in entries if e]):
            for is_demo, group in groupby(turn.before, _is_demo):
                if is_demo:
                    self._demonstration(list(group))
                else:
                    for entry in group:
                        self._said(entry)
            if turn.fields:
                self._turn(turn)

    def _step(self, kind: Kind, name: str = "", **fields: object) -> Draft:
        step = self._run.step(
            kind,
            name,
            line=self._line,
            **{"abandoned": self.abandoned, **fields},  # type: ignore[arg-type]
        )
        step.thread, step.parent = self.thread, self.parent
        return step

    def _said(self, entry: Fields) -> None:
        """A prompt, or anything else in the history that no turn tells."""
        role = as_text(entry.get("role"))
        kind = _KINDS.get(role or "", "event")
        parts = take_apart(entry.get("content"), self._contents)
        output = parts.text
        if output is None and entry.get("content") is not None:
            output = self._contents.add(entry["content"])
        name = "" if kind != "event" else role or "message"
        self._step(kind, name, output=output, status="ok")

    def _demonstration(self, entries: list[Fields]) -> None:
        """What was shown as an example: it is no part of what happened."""
        if len(entries) == 1 and "content" in entries[0]:
            output = self._contents.add(entries[0]["content"])
        else:
            output = self._contents.add(as_raw(entries))
        self._step("system", "demonstration", output=output, status="ok")

    def _turn(self, turn: _Turn) -> None:
        fields, entry = turn.fields, turn.entry
        response = first(fields, "response") or first(fields, "thought")
        thought = reasoning_of(
            first(entry, *_REASONING) or first(fields, *_REASONING), self._contents
        )
        if thought is None and fields.get("thought") != response:
            thought = reasoning_of(fields.get("thought"), self._contents)
        model = self._step(
            "model",
            output=self._contents.add_if(response),
            reasoning=thought,
            model=self.model,
            status="ok",
            abandoned=self.abandoned or not entry,
            details=self._details(fields),
            window=self._window(fields),
        )
        calls = self._calls(fields, entry)
        model.calls = tuple(calls)
        if not entry:
            model.status = "error"
            model.error = "an answer that was not used: it is not in the history"
        for number, call in enumerate(calls):
            self._tool(call, fields if number == 0 else {}, model)

    def _details(self, fields: Fields) -> ContentId | None:
        rest = rest_of(fields, _TOLD)
        return (
            None if rest in (None, b'{"extra_info":{}}') else self._contents.add(rest)
        )

    def _tool(self, call: Call, fields: Fields, model: Draft) -> None:
        """The call's step; a turn has one observation, which is the first call's."""
        tool = self._step(
            "tool",
            call.name,
            key=call.id,
            call_id=call.id,
            input=call.arguments,
            abandoned=model.abandoned,
        )
        observation = fields.get("observation")
        if observation is None or (bytes(observation) == b'""' and model.error):
            return
        tool.output, tool.status = self._contents.add(observation), "ok"
        tool.state = list(self._changes(json_in(fields.get("state"))))

    def _changes(self, state: Raw | None) -> Iterator[StateChange]:
        """What is another value than after the turn before."""
        for path, raw in as_fields(state).items():
            value = bytes(raw)
            if self._state.get(path) != value:
                self._state[path] = value
                yield StateChange(path, self._contents.add(value))

    def _calls(self, fields: Fields, entry: Fields) -> list[Call]:
        """The calls of the answer; without any, the command that was parsed from it."""
        made: list[Call] = []
        for raw in as_items(first(entry, "tool_calls") or first(fields, "tool_calls")):
            call = as_fields(raw)
            function = as_fields(call.get("function"))
            arguments = first(function, "arguments")
            made.append(
                Call(
                    self._new_id(as_scalar(call.get("id"))),
                    as_scalar(function.get("name")) or "?",
                    None
                    if arguments is None
                    else self._contents.add_embedded(arguments),
                )
            )
        command = fields.get("action")
        words = (as_scalar(command) or "").split(maxsplit=1)
        if not made and command is not None and words:
            arguments = as_raw({"command": command})
            made.append(
                Call(self._new_id(None), words[0][:80], self._contents.add(arguments))
            )
        return made

    def _new_id(self, recorded: str | None) -> str:
        """The call's own id, told apart where the run uses it twice."""
        id = self._ids.new(
            recorded or f"{self.thread or 'call'}-{len(self._run.steps)}"
        )
        if recorded not in (None, id):
            what = "a call id is used twice"
            done = "told apart by their order"
            self._builder.problem("repair", what, done, self._line)
        return id

    def _window(self, fields: Fields) -> Window | None:
        """What the model saw: `query`, or what older versions kept after a turn.

        `messages` is the prompt of the next turn. Of the first turn, it is what stands
        before that turn's own answer and observation.
        """
        if "query" in fields:
            return Window(self._messages(as_items(fields["query"])))
        shown = self._shown
        items = as_items(fields.get("messages"))
        self._shown = self._messages(items) if items else None
        if shown is None and len(items) == 4:
            shown = self._messages(items[:-2])
        return None if shown is None else Window(shown)

    def _messages(self, items: list[Raw]) -> list[Message]:
        messages: list[Message] = []
        for raw in items:
            data = bytes(raw)
            fields = as_fields(raw)
            ids = as_items(fields.get("tool_call_ids"))
            if ids:
                data = bytes(as_raw({**fields, "tool_call_id": ids[0]}))
            messages.extend(self._payloads.messages(data, "user"))
        return messages


def _is_demo(entry: Fields) -> bool:
    kind = as_text(entry.get("message_type"))
    return bytes(entry.get("is_demo", b"")) == b"true" or kind == "demonstration"


def _is_answer(entry: Fields) -> bool:
    return as_text(entry.get("role")) == "assistant" and not _is_demo(entry)


def _turns_of(entries: list[Fields]) -> Iterator[Fields]:
    """The turns of a history that stands alone."""
    for entry, after in pairwise([*entries, {}]):
        if _is_answer(entry):
            yield _turn_of(entry, after)


def _turn_of(entry: Fields, after: Fields) -> Fields:
    """An answer in the history as a turn; what follows it is its observation."""
    turn = {key: raw for key, raw in entry.items() if key not in _ENTRY}
    turn["response"] = entry.get("content", as_raw(""))
    if not _is_answer(after) and "content" in after:
        turn["observation"] = after["content"]
    return turn


def _aligned(turns: list[Fields], entries: list[Fields]) -> Iterator[_Turn]:
    """Each turn with its answer in the history, and with what was said before that.

    The entry after an answer is its observation, which the turn tells.
    """
    answers = [number for number, entry in enumerate(entries) if _is_answer(entry)]
    in_step = len(answers) == len(turns)
    at = 0
    for turn in turns:
        near = [number for number in answers if number >= at]
        ours = near[0] if near else None
        if near and not in_step:
            ours = next((n for n in near if _tells(turn, entries[n])), None)
        if ours is None:
            end = near[0] if near else at if answers else len(entries)
            yield _Turn(turn, {} if answers else turn, entries[at:end])
            at = end
            continue
        for skipped in near[: near.index(ours)]:
            yield _Turn(_turn_of(entries[skipped], {}), entries[skipped], [])
        said = [e for e in entries[at:ours] if not _is_answer(e)]
        yield _Turn(turn, entries[ours], said)
        follows = ours + 1 < len(entries) and not _is_answer(entries[ours + 1])
        at = ours + (2 if follows else 1)
    rest = [entry for entry in entries[at:] if not _is_answer(entry)]
    if rest:
        yield _Turn({}, {}, rest)


def _tells(turn: Fields, entry: Fields) -> bool:
    """True when the turn tells that answer of the history."""
    if "action" in turn and entry.get("action") == turn["action"]:
        return True
    return "response" in turn and entry.get("content") == turn["response"]
