"""Turns the chat messages of an Inspect log into ours, with long texts put back.

Part of the `inspect_ai` reader. Each distinct message is converted once, however many
model calls repeat it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from whypath.builder import Builder
from whypath.model import ContentId, Message
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    first,
    is_list,
    is_object,
    reason_of,
)
from whypath.readers.message_parts import take_apart
from whypath.readers.payloads import Answer, Payloads
from whypath.records import Raw

MAX_PUT_BACK = 1 << 28
"""So many bytes of long texts are put back into the values of one sample."""

EMPTY = (b'""', b"{}", b"[]", b"null")

_REFERENCE = re.compile(rb'"(?:attachment|tc)://([^"\\]{1,80})"(?!\s*:)')
_SAID = ("text", "reasoning", "call", "data")


class Attachments:
    """The long texts of one sample; elsewhere in it stands a reference to each."""

    def __init__(self, raw: Raw | None, builder: Builder) -> None:
        self._texts = {
            key.encode("utf-8", "replace"): bytes(text)
            for key, text in as_fields(raw).items()
        }
        self._builder = builder
        self._left = MAX_PUT_BACK

    def resolve(self, raw: Raw | bytes) -> bytes:
        """The JSON value with the texts in place of the references to them."""
        data = raw if type(raw) is bytes else bytes(raw)
        if b"://" in data and (b'"attachment://' in data or b'"tc://' in data):
            return _REFERENCE.sub(self._text, data)
        return data

    def _text(self, match: re.Match[bytes]) -> bytes:
        text = self._texts.get(match[1])
        done = "the reference is shown"
        if text is None:
            what = "a reference to an attachment that is not there"
            self._builder.problem("loss", what, done)
            return match[0]
        self._left -= len(text)
        if self._left < 0:
            what = "attachments that are repeated without end"
            self._builder.problem("loss", what, done)
            return match[0]
        return text


@dataclass(slots=True, eq=False)
class Heard:
    """One message that a model read or wrote. The same message is the same object.

    `failures` are the errors of the tool results in it, by call.
    """

    role: str
    id: str | None
    parts: tuple[Message, ...]
    fields: Fields
    failures: dict[str | None, str] = field(default_factory=dict)


class Messages:
    """The messages of one sample."""

    def __init__(
        self, builder: Builder, payloads: Payloads, texts: Attachments
    ) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._payloads = payloads
        self._texts = texts
        self._known: dict[bytes, Heard] = {}

    def heard(self, raw: Raw) -> Heard:
        """A message of the log."""
        data = bytes(raw)
        known = self._known.get(data)
        if known is None:
            known = self._known[data] = self._read(self._texts.resolve(data))
        return known

    def sent(self, raw: Raw) -> Heard:
        """A message as it was sent to a model's API, in the words of that API."""
        data = bytes(raw)
        known = self._known.get(data)
        if known is None:
            parts = self._payloads.messages(self._texts.resolve(data), "user")
            role = parts[0].role if parts else "user"
            known = self._known[data] = Heard(role, None, tuple(parts), {})
        return known

    def answer(self, heard: Heard) -> Answer:
        """What the message says: text, reasoning, calls."""
        return self._payloads.answer(p for p in heard.parts if p.kind in _SAID)

    def result(self, raw: Raw | None, error: Raw | None) -> ContentId | None:
        """What a tool brought back; where that is nothing, what its error says."""
        if raw is not None and _says(raw):
            resolved = Raw(self._texts.resolve(raw))
            parts = take_apart(resolved, self._contents)
            whole = parts.whole and parts.reasoning is None and not parts.calls
            if whole and parts.text is not None:
                return parts.text
            return self._contents.add(resolved)
        said = as_fields(error).get("message") if error is not None else None
        if said is not None:
            return self._contents.add(self._texts.resolve(said))
        return self._contents.add_if(raw)

    def _read(self, data: bytes) -> Heard:
        fields = as_fields(data)
        role = as_text(fields.get("role")) or "user"
        heard = Heard(role, as_scalar(fields.get("id")), (), fields)
        if role == "tool":
            heard.parts = (self._tool(fields, heard),)
        elif is_object(data):
            heard.parts = tuple(self._parts(fields, role, heard))
        else:
            heard.parts = (Message(role, "data", self._contents.add(data)),)
        return heard

    def _tool(self, fields: Fields, heard: Heard) -> Message:
        error = first(fields, "error", "tool_error")
        content = self.result(fields.get("content"), error)
        call_id = as_scalar(fields.get("tool_call_id"))
        if error is not None:
            heard.failures[call_id] = reason_of(error)
        return Message("tool", "result", content, as_scalar(fields.get("function")),
                       call_id)  # fmt: skip

    def _parts(self, fields: Fields, role: str, heard: Heard) -> Iterator[Message]:
        thought = fields.get("reasoning")
        if thought is not None and bytes(thought) not in EMPTY:
            yield Message(role, "reasoning", self._contents.add(thought))
        content = fields.get("content")
        calls = as_items(fields.get("tool_calls"))
        if content is not None and is_list(content):
            for item in as_items(content):
                yield from self._part(item, role, heard)
        elif content is not None and (role != "assistant" or _says(content)):
            kind = "data" if is_object(content) else "text"
            yield Message(role, kind, self._contents.add(content))
        for raw in calls:
            yield self._call(as_fields(raw), role)

    def _part(self, raw: Raw, role: str, heard: Heard) -> Iterator[Message]:
        fields = as_fields(raw)
        kind = as_text(fields.get("type"))
        if as_text(raw) is not None:
            yield Message(role, "text", self._contents.add(raw))
        elif kind == "text" and as_text(text := fields.get("text")) is not None:
            if text is not None and bytes(text) not in EMPTY:
                yield Message(role, "text", self._contents.add(text))
        elif kind == "reasoning":
            yield Message(role, "reasoning", self._thought(fields))
        elif kind == "tool_use":
            call = self._call(fields, role)
            yield call
            error = fields.get("error")
            if error is not None:
                heard.failures[call.call_id] = reason_of(error)
            given = first(fields, "result", "error")
            content = self._contents.add_embedded_if(given)
            yield Message(role, "result", content, call.name, call.call_id)
        else:
            yield Message(role, "data", self._contents.add(raw))

    def _thought(self, fields: Fields) -> ContentId | None:
        """The reasoning, or its summary; what is redacted is no text."""
        hidden = as_scalar(fields.get("redacted")) == "true"
        names = ("summary",) if hidden else ("reasoning", "summary")
        said = (fields[name] for name in names if name in fields)
        text = next((raw for raw in said if bytes(raw) not in EMPTY), None)
        return self._contents.add_if(text)

    def _call(self, fields: Fields, role: str) -> Message:
        inner = as_fields(fields.get("function"))
        given = inner or fields
        name = as_scalar(fields.get("function")) or as_scalar(given.get("name")) or "?"
        raw = first(given, "arguments")
        content = self._contents.add_embedded_if(raw)
        return Message(role, "call", content, name, as_scalar(fields.get("id")))


def _says(raw: Raw) -> bool:
    return len(raw) > 4 or bytes(raw) not in EMPTY
