"""Turns foreign payloads into contents: values, message lists, tool definitions.

It knows the shapes in which model APIs write messages (OpenAI, Anthropic, Google,
OpenTelemetry), which every tracing dialect carries. It knows no span and no attribute.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from whypath.builder import Builder
from whypath.content import to_json
from whypath.model import Call, ContentId, Message, Tool
from whypath.readers.keeper import Keeper
from whypath.readers.usual_messages import usual
from whypath.records import BadShape, Raw, decoder

_any = decoder(object)
_list = decoder(list[Raw])
_fields = decoder(dict[str, Raw])
_string = decoder(str)

Fields = dict[str, Raw]

_KINDS = {
    **dict.fromkeys(("text", "input_text", "output_text", "refusal"), "text"),
    **dict.fromkeys(("reasoning", "thinking", "summary_text"), "reasoning"),
    **dict.fromkeys(("tool_call", "tool_use", "tool-call", "toolCall"), "call"),
    **dict.fromkeys(("function_call", "custom_tool_call"), "call"),
    **dict.fromkeys(("server_tool_call", "server_tool_use"), "call"),
    **dict.fromkeys(("tool_call_response", "tool_result", "tool-result"), "result"),
    **dict.fromkeys(("function_call_output", "custom_tool_call_output"), "result"),
    **dict.fromkeys(("server_tool_call_response", "toolResult"), "result"),
}
_ID = ("id", "call_id", "tool_use_id", "tool_call_id", "toolCallId", "toolUseId")
_CALL_ID = ("call_id", "tool_use_id", "tool_call_id", "toolCallId", "toolUseId", "id")
_NAME = ("name", "tool_name", "toolName")
_ARGUMENTS = ("arguments", "input", "args", "server_tool_call")
_RESULT = ("response", "result", "content", "output", "server_tool_call_response")
_LISTS = ("messages", "input", "contents", "prompt")


class Answer(NamedTuple):
    """What a model said: visible text, reasoning, tool calls."""

    output: ContentId | None
    reasoning: ContentId | None
    calls: tuple[Call, ...]


class Payloads(Keeper):
    """The payloads of one input. What windows repeat is parsed once."""

    def __init__(self, builder: Builder) -> None:
        super().__init__(builder)
        self._builder = builder
        self._messages: dict[tuple[bytes, str], tuple[Message, ...]] = {}
        self._tools: dict[bytes, tuple[Tool, ...]] = {}

    def parse(self, value: Any) -> Any:
        """The value, or what a text of JSON spells; text that is no JSON as it is."""
        if not isinstance(value, str) or value.strip()[:1] not in ("{", "[", '"'):
            return value
        try:
            return _any(value.encode("utf-8", "replace"))
        except BadShape:
            return value

    def messages(self, value: Any, role: str) -> list[Message]:
        """The messages of a list, of an object that holds one, or of a bare text.

        `value` is plain data, a text that may hold JSON, or JSON as bytes. `role` is
        that of messages that do not say theirs. JSON that is cut off or broken is kept
        as text.
        """
        if value is None or value == "":
            return []
        data = _json(value)
        try:
            if data[:1] == b"[":
                each = _list(data)
                if len(each) == 1:
                    return self._parts(each[0], role)
                return [part for raw in each for part in self._once(raw, role)]
            if data[:1] == b"{":
                fields = _fields(data)
                for name in _LISTS:
                    if bytes(fields.get(name, b""))[:1] == b"[":
                        return self.messages(bytes(fields[name]), role)
                return self._parts(data, role)
        except BadShape:
            what = "messages that are cut off or no JSON"
            self._builder.problem("repair", what, "kept as text")
        kept = self.keep_raw(data) if isinstance(value, bytes) else self.keep(value)
        return [Message(role, "text", kept)]

    def tools(self, value: Any) -> tuple[Tool, ...]:
        """The tools of a list of definitions, whichever API's."""
        data = _json(value)
        key = _digest(data)
        known = self._tools.get(key)
        if known is None:
            known = self._tools[key] = tuple(self._each_tool(data))
        return known

    def answer(self, messages: Iterable[Message]) -> Answer:
        """What the messages of a model's response say."""
        texts: list[ContentId] = []
        thoughts: list[ContentId] = []
        calls: list[Call] = []
        for message in messages:
            if message.kind == "call":
                name = message.name or "(no name)"
                calls.append(Call(message.call_id, name, message.content))
            elif message.content is not None:
                aside = message.kind == "reasoning"
                (thoughts if aside else texts).append(message.content)
        return Answer(self.join(texts), self.join(thoughts), tuple(calls))

    def answers(self, choices: Iterable[Any]) -> list[Answer]:
        """What each of several responses says; [] where one of them says nothing."""
        found = [self.answer(self.messages(c, "assistant")) for c in choices]
        said = all(a.calls or a.output is not None for a in found)
        return found if said else []

    def join(self, parts: list[ContentId]) -> ContentId | None:
        """One content that holds the texts of all."""
        if len(parts) < 2:
            return parts[0] if parts else None
        return self.contents.add_text("\n\n".join(map(self.contents.text, parts)))

    def _once(self, raw: Raw | bytes, role: str) -> tuple[Message, ...]:
        """The parts of a message that may be there often: windows repeat theirs."""
        key = _digest(raw), role
        known = self._messages.get(key)
        if known is None:
            known = self._messages[key] = tuple(self._parts(raw, role))
        return known

    def _parts(self, raw: Raw | bytes, role: str) -> list[Message]:
        """The parts of one message, in the order in which they were said."""
        found = usual(raw, self)
        return self._message(bytes(raw), role) if found is None else found

    def _message(self, raw: bytes, role: str) -> list[Message]:
        """`_parts` of a message of any shape."""
        try:
            fields = _fields(raw)
        except BadShape:
            return [Message(role, "text", self.keep_raw(raw))]
        if bytes(fields.get("message", b""))[:1] == b"{":
            raw = bytes(fields["message"])
            fields = _fields(raw)
        type_ = _text(fields, "type")
        kind = _KINDS.get(type_ or "")
        own_role = _text(fields, "role")
        role = own_role or _ROLES.get(kind or "", role)
        if kind and own_role is None and "parts" not in fields:
            return self._part(fields, raw, role, kind)
        found = []
        if thought := _text(fields, "reasoning_content", "reasoning", "thinking"):
            found.append(Message(role, "reasoning", self.contents.add_text(thought)))
        answers = _text(fields, "tool_call_id", "toolCallId")
        name = _text(fields, *_NAME)
        for key in ("parts", "contents", "content"):
            if key == "content" and found and "contents" in fields:
                continue
            data = bytes(fields.get(key, b""))
            if answers and data:
                found.append(
                    Message(role, "result", self.keep_raw(data), name, answers)
                )
            else:
                found.extend(self._content(data, role))
        for raw_call in _items(fields.get("tool_calls")):
            found.extend(self._bare(raw_call, role, "call"))
        return found

    def _content(self, data: bytes, role: str) -> list[Message]:
        """A message's content: text, a list of parts, or one part."""
        if data[:1] == b"[":
            return [
                part for item in _items(data) for part in self._bare(item, role, None)
            ]
        if data[:1] == b"{":
            return self._bare(data, role, None)
        if data in (b"", b'""', b"null"):
            return []
        return [Message(role, "text", self.keep_raw(data))]

    def _bare(self, raw: Raw | bytes, role: str, kind: str | None) -> list[Message]:
        data = bytes(raw)
        try:
            fields = _fields(data)
        except BadShape:
            return [Message(role, "text", self.keep_raw(data))]
        return self._part(fields, data, role, kind)

    def _part(
        self, fields: Fields, raw: bytes, role: str, kind: str | None
    ) -> list[Message]:
        """One part; some are wrapped in an object whose key says what they are."""
        for name, is_a in _WRAPPERS.items():
            inner = bytes(fields.get(name, b""))
            if inner[:1] == b"{":
                fields, raw, kind = _fields(inner), inner, is_a or kind
                break
        type_ = _text(fields, "type")
        kind = kind or _KINDS.get(type_ or "") or ("text" if not type_ else "data")
        if kind == "call":
            return [self._call(fields, role)]
        if kind == "result":
            given = next((fields[n] for n in _RESULT if n in fields), None)
            content = None if given is None else self.keep_raw(bytes(given))
            call_id = _text(fields, *_CALL_ID)
            return [Message(role, "result", content, _text(fields, *_NAME), call_id)]
        if kind != "data" and any(bytes(fields.get(n, b"")) in _EMPTY for n in _SAID):
            return []
        said = _text(fields, *_SAID)
        if said is None and kind == "reasoning":
            parts = self._content(bytes(fields.get("summary", b"")), role)
            return [part._replace(kind="reasoning") for part in parts]
        if said is None or kind == "data":
            return [Message(role, "data", self.contents.add(raw))] if fields else []
        if bytes(fields.get("thought", b"")) == b"true":
            kind = "reasoning"
        return [Message(role, kind, self.contents.add_text(said))] if said else []

    def _call(self, fields: Fields, role: str) -> Message:
        function = bytes(fields.get("function", b""))
        if function[:1] == b"{":
            fields = {**fields, **_fields(function)}
        given = next((fields[n] for n in _ARGUMENTS if n in fields), None)
        content = None if given is None else self.keep_raw(bytes(given))
        name = _text(fields, *_NAME)
        order = _CALL_ID if "call_id" in fields else _ID
        return Message(role, "call", content, name, _text(fields, *order))

    def _each_tool(self, data: bytes, is_inside: bool = False) -> Iterable[Tool]:
        """The tools of a list; Google groups them in lists of declarations."""
        for raw in _items(data) if data[:1] == b"[" else [data]:
            item = bytes(raw)
            try:
                item = _json(_string(item)) if item[:1] == b'"' else item
                fields = _fields(item)
            except BadShape:
                what = "a tool definition that is cut off or no JSON"
                self._builder.problem("loss", what, "not among the tools on offer")
                continue
            group = fields.get("function_declarations") or fields.get(
                "functionDeclarations"
            )
            if group is not None and not is_inside:
                yield from self._each_tool(bytes(group), is_inside=True)
            elif name := _tool_name(fields):
                yield Tool(name, self.contents.add(item))


_ROLES = {"call": "assistant", "reasoning": "assistant", "result": "tool"}
_SAID = ("text", "content", "thinking")
_EMPTY = (b'""', b"null")
_WRAPPERS = {
    "message_content": None,
    "tool_call": None,
    "function_call": "call",
    "functionCall": "call",
    "function_response": "result",
    "functionResponse": "result",
}


def _tool_name(fields: Fields) -> str | None:
    for inner in ("function", "toolSpec"):
        if bytes(fields.get(inner, b""))[:1] == b"{":
            fields = {**fields, **_fields(fields[inner])}
    return _text(fields, "name", "type")


def _items(raw: Raw | bytes | None) -> list[Raw]:
    try:
        return _list(raw) if raw is not None else []
    except BadShape:
        return []


def _text(fields: Fields, *names: str) -> str | None:
    """The first of the named fields that is a text with something in it."""
    for name in names:
        raw = fields.get(name)
        if raw is not None and bytes(raw)[:1] == b'"':
            try:
                value = _string(raw)
            except BadShape:
                continue
            if value:
                return value
    return None


def _json(value: Any) -> bytes:
    """A text as the JSON it may hold, any other value as JSON; bytes are JSON."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        try:
            return to_json(value)
        except (UnicodeEncodeError, OverflowError):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    encoded: bytes = value.strip().encode("utf-8", "replace")
    return encoded


def _digest(data: bytes | Raw) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
