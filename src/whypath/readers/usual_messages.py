"""Reads messages of the usual shapes in one go: OpenTelemetry's and OpenAI's chat.

For `payloads`, which reads every other shape field by field, which takes several times
as long. A message with a field or a type that is not listed here has no usual shape.
"""

from whypath.model import ContentId, Message
from whypath.readers.keeper import Keeper
from whypath.records import BadShape, Raw, Shape, decoder

_MISSING = Raw()
_NOTHING = (_MISSING, Raw(b"null"))


class _Text(Shape, tag="text", forbid_unknown_fields=True, gc=False):
    content: Raw = _MISSING
    text: Raw = _MISSING

    def told(self, role: str, keeper: Keeper) -> Message | None:
        said = _text(self.text) or _text(self.content)
        return Message(role, "text", keeper.keep_text(said)) if said else None


class _Reasoning(Shape, tag="reasoning", forbid_unknown_fields=True, gc=False):
    content: Raw

    def told(self, role: str, keeper: Keeper) -> Message | None:
        said = _text(self.content)
        if not said:
            return None
        return Message(role, "reasoning", keeper.keep_text(said))


class _Call(Shape, tag="tool_call", forbid_unknown_fields=True, gc=False):
    name: str
    id: str | None = None
    arguments: Raw = _MISSING

    def told(self, role: str, keeper: Keeper) -> Message:
        given = _kept(self.arguments, keeper)
        return Message(role, "call", given, self.name or None, self.id or None)


class _Response(Shape, tag="tool_call_response", forbid_unknown_fields=True, gc=False):
    id: str | None = None
    name: str | None = None
    response: Raw = _MISSING

    def told(self, role: str, keeper: Keeper) -> Message:
        given = _kept(self.response, keeper)
        return Message(role, "result", given, self.name or None, self.id or None)


class _Function(Shape, forbid_unknown_fields=True, gc=False):
    name: str
    arguments: str


class _ChatCall(Shape, forbid_unknown_fields=True, gc=False):
    function: _Function
    id: str
    type: str = ""
    index: int = 0

    def told(self, role: str, keeper: Keeper) -> Message:
        given = keeper.keep(self.function.arguments)
        name = self.function.name
        return Message(role, "call", given, name or None, self.id or None)


class _Message(Shape, forbid_unknown_fields=True, gc=False):
    role: str
    parts: list[_Text | _Reasoning | _Call | _Response] = []
    content: Raw = _MISSING
    tool_calls: list[_ChatCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    finish_reason: str | None = None


_decode = decoder(_Message)


def usual(data: bytes | Raw, keeper: Keeper) -> list[Message] | None:
    """The parts of one message in order; None for a message of no usual shape."""
    try:
        return _told(_decode(data), keeper)
    except BadShape:
        return None


def _told(message: _Message, keeper: Keeper) -> list[Message] | None:
    """Raises `BadShape` for a text that is none."""
    role, answered = message.role, message.tool_call_id
    content = None if message.content in _NOTHING else bytes(message.content)
    if content is not None and content[:1] != b'"':
        return None
    if not role:
        return None
    if answered is not None:
        if not answered or content is None or message.parts or message.tool_calls:
            return None
        kept = keeper.keep_raw(content)
        return [Message(role, "result", kept, message.name or None, answered)]
    told = [part.told(role, keeper) for part in message.parts]
    found = [part for part in told if part is not None]
    if content is not None and content != b'""':
        found.append(Message(role, "text", keeper.keep_raw(content)))
    for call in message.tool_calls or ():
        found.append(call.told(role, keeper))
    return found


def _text(raw: Raw) -> bytes:
    """A text as it stands in JSON, b"" for an empty one. Raises `BadShape`."""
    data = bytes(raw)
    if data[:1] not in (b"", b'"'):
        raise BadShape("no text")
    return b"" if data == b'""' else data


def _kept(raw: Raw, keeper: Keeper) -> ContentId | None:
    data = bytes(raw)
    return keeper.keep_raw(data) if data else None
