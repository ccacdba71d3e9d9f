"""The rows of a Claude Code session as typed values, and their payloads as raw JSON.

Part of the `claude_code` reader. It knows the shapes, not what they mean for a run.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from whypath.builder import Builder
from whypath.records import BadShape, Raw, Shape, decoder

Text = str | None
Flag = bool | None


class MessageLine(Shape, gc=False):
    """What went over the API. `content` is a string or a list of blocks."""

    id: Text = None
    model: Text = None
    content: Raw = Raw()
    usage: Raw = Raw()
    stop_reason: Text = None


class Row(Shape, rename="camel", gc=False):
    """Every field that any row has; a row uses those of its type."""

    type: Text = None
    subtype: Text = None
    uuid: Text = None
    parent_uuid: Text = None
    logical_parent_uuid: Text = None
    timestamp: str | int | float | None = None
    session_id: Text = None
    agent_id: Text = None
    attribution_agent: Text = None
    request_id: Text = None
    version: Text = None
    cwd: Text = None
    git_branch: Text = None
    level: Text = None
    is_sidechain: Flag = None
    is_meta: Flag = None
    is_compact_summary: Flag = None
    is_api_error_message: Flag = None
    is_aborted_mid_stream: Flag = None
    message: MessageLine | None = None
    tool_use_result: Raw = Raw()
    tool_denial_kind: Text = None
    content: Raw = Raw()
    error: Raw = Raw()
    attachment: Raw = Raw()
    data: Raw = Raw()
    parentToolUseID: Text = None
    costUSD: float | None = None
    summary: Text = None
    ai_title: Text = None
    custom_title: Text = None
    leaf_uuid: Text = None


class Block(Shape, gc=False):
    """One part of a message's content."""

    type: Text = None
    text: Raw = Raw()
    thinking: Raw = Raw()
    id: Text = None
    name: Text = None
    input: Raw = Raw()
    tool_use_id: Text = None
    content: Raw = Raw()
    is_error: Flag = None


class OutputDetails(Shape):
    thinking_tokens: int | None = None


class UsageLine(Shape, gc=False):
    """Tokens as the API counts them: `input_tokens` leaves out what a cache served."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None


class TaskInput(Shape):
    """Arguments of the call that starts a sub-agent."""

    prompt: Raw = Raw()
    subagent_type: Text = None


class ErrorLine(Shape):
    message: Text = None


class ProgressLine(Shape, rename="camel"):
    """What a progress row is about."""

    agent_id: Text = None


T = TypeVar("T", bound=Shape)


class Misfit:
    """Told the name of each field that is left out because its type is unexpected."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self.line = 0

    def __call__(self, field: str) -> None:
        what = f"a field of an unexpected type: {field}"
        self._builder.problem("loss", what, "the field is left out", self.line)


decode_raws = decoder(list[Raw])
decode_fields = decoder(dict[str, Raw])
_decode_blocks = decoder(list[Block])
_decode_text = decoder(str)


def forgiving(shape: type[T]) -> Callable[[bytes | Raw, Misfit], T]:
    """A parser that leaves out fields that do not fit. Raises `BadShape`: no object."""
    strict = decoder(shape)

    def parse(data: bytes | Raw, misfit: Misfit) -> T:
        try:
            return strict(data)
        except BadShape:
            return _salvage(strict, shape, data, misfit)

    return parse


def _salvage(
    strict: Callable[[bytes | Raw], T],
    shape: type[T],
    data: bytes | Raw,
    misfit: Misfit,
) -> T:
    fields = decode_fields(data)
    kept: list[bytes] = []
    for name in shape.__struct_encode_fields__:
        if name not in fields:
            continue
        value = b'"%s":%s' % (name.encode(), bytes(fields[name]))
        try:
            strict(b"{%s}" % value)
        except BadShape:
            misfit(name)
            if shape is not Row or name != "message":
                continue
            whole = _salvage_message(fields[name], misfit)
            value = b'"message":' + whole
        kept.append(value)
    return strict(b"{%s}" % b",".join(kept))


def _salvage_message(data: Raw, misfit: Misfit) -> bytes:
    """What fits of a message, as JSON again; null when it is no object."""
    try:
        fields = decode_fields(data)
    except BadShape:
        return b"null"
    kept = []
    for name in MessageLine.__struct_encode_fields__:
        value = bytes(fields.get(name, b""))
        raw = name in ("content", "usage")
        if value and (raw or value[:1] == b'"' or value == b"null"):
            kept.append(b'"%s":%s' % (name.encode(), value))
    return b"{%s}" % b",".join(kept)


decode_row = forgiving(Row)
decode_usage = forgiving(UsageLine)
decode_task = forgiving(TaskInput)
decode_error = forgiving(ErrorLine)
decode_progress = forgiving(ProgressLine)
_decode_block = forgiving(Block)


def blocks_of(content: Raw, misfit: Misfit) -> list[Block]:
    """The parts of a message's content; a plain string is one text part."""
    try:
        return _decode_blocks(content)
    except BadShape:
        data = bytes(content)
    if data[:1] == b"[":
        return [_block(raw, misfit) for raw in decode_raws(data)]
    return [_block(content, misfit)] if data and data != b"null" else []


def _block(raw: Raw, misfit: Misfit) -> Block:
    if bytes(raw)[:1] == b'"':
        return Block(type="text", text=raw)
    try:
        return _decode_block(raw, misfit)
    except BadShape:
        return Block()


def pick(content: Raw, numbers: list[int]) -> bytes:
    """Some blocks of a content, as a JSON list; a content that is no list, whole."""
    data = bytes(content)
    if data[:1] != b"[":
        return data
    raws = decode_raws(data)
    return b"[%s]" % b",".join(bytes(raws[number]) for number in numbers)


def is_text(raw: Raw) -> bool:
    """True for a JSON string."""
    return bytes(raw)[:1] == b'"'


def text_of(raw: Raw | None) -> Text:
    """The text of a JSON string that is not empty."""
    if raw is None or not is_text(raw):
        return None
    return _decode_text(raw) or None


_COMMAND = re.compile(rb"<command-name>([^<]{1,200})</command-name>")
_ARGUMENTS = re.compile(rb"<command-args>([^<]{1,1000})</command-args>")


def command_line(text: bytes) -> Text:
    """`/name arguments` out of a command's tags; None where it has no arguments."""
    found = _COMMAND.search(text), _ARGUMENTS.search(text)
    if None in found:
        return None
    return text_of(Raw(b'"%s"' % b" ".join(part[1].strip() for part in found if part)))


def join(texts: Iterable[bytes], gap: bytes) -> bytes:
    """JSON strings as one, `gap` (escaped as in JSON) between them; never parsed."""
    return b'"%s"' % gap.join(text[1:-1] for text in texts)


def flatten(content: Raw, misfit: Misfit) -> bytes:
    """A tool's output: a list of nothing but texts is one text, all else as it is."""
    data = bytes(content)
    if data[:1] != b"[" or data == b"[]":
        return data
    blocks = blocks_of(content, misfit)
    if all(block.type == "text" and is_text(block.text) for block in blocks):
        return join((bytes(block.text) for block in blocks), b"\\n")
    return data


SILENT = (b"", b"null", b"false", b'""', b"[]", b"{}")
"""Values that say nothing."""


def says_more(twin: bytes, fields: dict[str, Raw], output: bytes, same: Misfit) -> bool:
    """True when a result's structured twin holds more than the result's `output`."""
    if fields:
        values = (bytes(value) for value in fields.values())
        return any(value != output and value not in SILENT for value in values)
    if twin[:1] == b'"':
        return twin[1:-1].removeprefix(b"Error: ") not in output
    if twin[:1] == b"[":
        return flatten(Raw(twin), same) != output
    return twin not in SILENT
