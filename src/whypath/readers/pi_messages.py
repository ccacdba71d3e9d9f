"""Turns one message of a pi session into a step, and its calls into steps of their own.

Part of the `pi` reader. It knows messages, not the tree they stand in.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.content import ContentStore
from whypath.model import Call, ContentId, Status, Tool, Usage
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    is_object,
    reason_of,
    rest_of,
)
from whypath.readers.message_parts import take_apart
from whypath.records import Raw

_ENVELOPE = {"type", "id", "parentId", "timestamp", "message"}
_ANSWER = {"role", "content", "model", "usage", "timestamp", "errorMessage"}
_RESULT = {"role", "content", "toolCallId", "toolName", "isError", "timestamp"}
_SHELL = {"role", "command", "output", "timestamp"}
_STOPPED = {
    "aborted": "aborted",
    "error": "the request failed",
    "length": "cut off at the token limit",
}
_BROKEN = (b"", b'""', b"null")


class Place:
    """Where the reader stands: the run, the line, its clock, the tools on offer."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.run: RunDraft | None = None
        self.line = 0
        self.row_ns: int | None = None
        self.tools: tuple[Tool, ...] | None = None
        self.calls: set[str] = set()

    def begin(self, id: str) -> RunDraft:
        """The run that all that follows belongs to."""
        self.run = self.builder.run(id)
        self.builder.about = id
        self.tools = None
        self.calls.clear()
        return self.run

    def step(
        self, kind: str, name: str, key: str | None, start_ns: int | None
    ) -> Draft:
        """A step of the run, on the line that is being read."""
        run = self.run or self.begin("session")
        return run.step(
            kind,  # type: ignore[arg-type]
            name,
            line=self.line,
            key=key,
            start_ns=start_ns,
        )


def tell_message(
    place: Place, message: Fields, entry: Fields, key: str | None
) -> Draft | None:
    """Makes the step of a message; a tool's result goes to its call, and has none."""
    if not entry.keys() <= _ENVELOPE:
        more = {name: raw for name, raw in entry.items() if name not in _ENVELOPE}
        message = {**more, **message}
    said_ns = place.builder.time(as_scalar(message.get("timestamp")), place.line)
    role = as_text(message.get("role"))
    if role == "assistant":
        return _answer(place, message, key, said_ns)
    if role == "toolResult":
        _result(place, message, said_ns)
        return None
    if role == "bashExecution":
        return _shell(place, message, key, said_ns)
    return _spoken(place, message, key, said_ns)


def usage_of(raw: Raw | None) -> Usage | None:
    """Tokens and cost of a message; pi counts what a cache served apart."""
    fields = as_fields(raw)
    if not fields:
        return None
    read, written = _count(fields, "cacheRead"), _count(fields, "cacheWrite")
    parts = [n for n in (_count(fields, "input"), read, written) if n is not None]
    return Usage(
        input_tokens=sum(parts) if parts else None,
        output_tokens=_count(fields, "output"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=_count(fields, "reasoning", "reasoningTokens"),
        cost_usd=as_number(as_fields(fields.get("cost")).get("total")),
    )


def tools_of(items: list[Raw], contents: ContentStore) -> tuple[Tool, ...]:
    """Tools on offer: names, or definitions that have one."""
    tools = []
    for item in items:
        name = as_scalar(as_fields(item).get("name") if is_object(item) else item)
        tools.append(Tool(name or "?", contents.add(item) if is_object(item) else None))
    return tuple(tools)


def _count(fields: Fields, *names: str) -> int | None:
    number = as_number(first(fields, *names))
    return None if number is None else int(number)


def _answer(
    place: Place, message: Fields, key: str | None, said_ns: int | None
) -> Draft:
    """What the model said. The message's clock is its start, the entry's its end."""
    contents = place.builder.contents
    start_ns = place.row_ns if said_ns is None else said_ns
    step = place.step("model", "", key, start_ns)
    if said_ns is not None and place.row_ns is not None and place.row_ns > said_ns:
        step.end_ns = place.row_ns
    step.model, step.tools = as_text(message.get("model")), place.tools
    step.usage = usage_of(message.get("usage"))
    step.status = "ok"
    stopped = as_text(message.get("stopReason")) or ""
    said = message.get("errorMessage")
    if stopped in _STOPPED or said is not None:
        why = None if said is None else reason_of(said)
        step.status, step.error = "error", why or _STOPPED.get(stopped, "error")
    others: list[Raw] = []
    texts: list[Raw] = []
    thoughts: list[Raw] = []
    blocks = _blocks(message.get("content"))
    calls: list[Fields] = []
    for raw in blocks:
        block = as_fields(raw)
        kind = as_text(block.get("type"))
        text = first(block, "text", "thinking")
        if kind == "toolCall":
            calls.append(block)
        elif kind == "text" and as_text(text) is not None and text is not None:
            texts.append(text)
        elif kind == "thinking" and as_text(text) and text is not None:
            thoughts.append(text)
        elif kind == "thinking":
            what = "reasoning that is recorded only as a signature"
            place.builder.problem("note", what, "its text is unknown", place.line)
        else:
            others.append(raw)
    step.output, step.reasoning = _join(texts, contents), _join(thoughts, contents)
    step.details = _details(message, _ANSWER, others, contents)
    made = [_call(place, step, block) for block in calls]
    step.calls = tuple(made)
    return step


def _blocks(content: Raw | None) -> list[Raw]:
    """The blocks of a content; a plain text is one block."""
    if content is not None and as_text(content) is not None:
        return [Raw(b'{"type":"text","text":' + bytes(content) + b"}")]
    return as_items(content)


def _join(texts: list[Raw], contents: ContentStore) -> ContentId | None:
    kept = [text for text in texts if bytes(text) not in _BROKEN]
    if len(kept) < 2:
        return contents.add(kept[0]) if kept else None
    return contents.add_text("\n\n".join(as_text(text) or "" for text in kept))


def _call(place: Place, step: Draft, block: Fields) -> Call:
    """A tool call, with a step of its own, which a branch can be given up with."""
    contents = place.builder.contents
    raw = first(block, "arguments", "args", "input")
    arguments = contents.add_embedded_if(raw)
    id = as_scalar(block.get("id")) or None
    name = as_scalar(block.get("name")) or "(unnamed tool)"
    if id is not None and id not in place.calls:
        place.calls.add(id)
        tool = place.step("tool", name, id, step.end_ns or step.start_ns)
        tool.input, tool.call_id = arguments, id
    return Call(id, name, arguments)


def _result(place: Place, message: Fields, said_ns: int | None) -> None:
    contents = place.builder.contents
    run = place.run or place.begin("session")
    id = as_scalar(message.get("toolCallId")) or None
    name = as_scalar(message.get("toolName"))
    output, whole = _text_of(message.get("content"), contents)
    failed = as_scalar(message.get("isError")) == "true"
    status: Status = "error" if failed else "ok"
    error = None
    if failed:
        error = "failed; no message is recorded"
        if output is not None:
            error = reason_of(Raw(contents.raw(output)))
    told = _RESULT if whole else _RESULT - {"content"}
    details = rest_of(message, told)
    if id is None:
        what = "a result names no call"
        place.builder.problem("repair", what, "shown as a step of its own", place.line)
        tool = place.step("tool", name or "(call not recorded)", None, None)
        tool.output, tool.status, tool.error = output, status, error
        tool.end_ns = place.row_ns if said_ns is None else said_ns
        return
    run.result(
        id,
        output,
        status=status,
        error=error,
        end_ns=place.row_ns if said_ns is None else said_ns,
        details=contents.add_if(details),
        name=name,
        line=place.line,
    )


def _text_of(raw: Raw | None, contents: ContentStore) -> tuple[ContentId | None, bool]:
    """A content's text, or the content as it is; False: it holds more than that."""
    if raw is None:
        return None, True
    parts = take_apart(raw, contents, embedded=True)
    if parts.text is not None:
        return parts.text, parts.whole
    return None if bytes(raw) == b"[]" else contents.add(raw), True


def _shell(
    place: Place, message: Fields, key: str | None, said_ns: int | None
) -> Draft:
    """A command that the user ran, and not the model."""
    contents = place.builder.contents
    step = place.step("tool", "shell command by the user", key, None)
    step.end_ns = place.row_ns if said_ns is None else said_ns
    command, output = message.get("command"), message.get("output")
    step.input = contents.add_if(command)
    step.output = contents.add_if(output)
    code = as_scalar(message.get("exitCode"))
    stopped = as_scalar(message.get("cancelled")) == "true"
    step.status = "error" if stopped or code not in (None, "0") else "ok"
    if step.status == "error":
        step.error = "cancelled" if stopped else f"exit code {code}"[:60]
    rest = rest_of(message, _SHELL)
    step.details = contents.add_if(rest)
    return step


def _spoken(
    place: Place, message: Fields, key: str | None, said_ns: int | None
) -> Draft:
    """A prompt; or what an extension, or the tool itself, put in its place."""
    role = as_text(message.get("role")) or "message"
    contents = place.builder.contents
    kind = "user" if role == "user" else "system"
    name = "" if role in ("user", "system") else role
    if role == "custom":
        name = as_scalar(message.get("customType")) or role
    step = place.step(kind, name, key, place.row_ns if said_ns is None else said_ns)
    step.status = "ok"
    raw = first(message, "content", "summary")
    step.input, whole = _text_of(raw, contents)
    told = {"role", "content", "timestamp", "customType", "summary"}
    step.details = _details(
        message, told if whole else told - {"content"}, [], contents
    )
    return step


def _details(
    message: Fields, told: set[str], others: list[Raw], contents: ContentStore
) -> ContentId | None:
    """What has no place of its own, as one object."""
    rest = rest_of(message, told)
    if others:
        fields = {
            **as_fields(rest),
            "content": Raw(b"[%s]" % b",".join(map(bytes, others))),
        }
        rest = rest_of(fields, ())
    return contents.add_if(rest)
