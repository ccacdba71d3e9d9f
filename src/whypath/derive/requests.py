"""Turns a context window into the body of a request, so that a call can be made again.

Two shapes: OpenAI's chat completions and Anthropic's messages. Both refuse a call
without its result, and reasoning that they did not sign; what had to be changed for
that is said in notes. The page does the same: see assets/requests.js.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from whypath.content import ContentStore
from whypath.derive.story import Story
from whypath.derive.windows.context import window
from whypath.model import Message, Step, Tool

Shape = Literal["openai", "anthropic"]
SHAPES: tuple[Shape, ...] = ("openai", "anthropic")

MAX_TOKENS = 4096
"""Anthropic wants a limit; this one is filled in where none is recorded."""

NO_RESULT = "[no result is recorded]"
NO_START = "[what came before is not recorded]"
_SYSTEM = ("system", "developer")
_ASSISTANT = ("assistant", "model", "ai")
_NAME = re.compile(r"[^a-zA-Z0-9_-]")

_SETTINGS = {
    "temperature": ("temperature", "temperature"),
    "top_p": ("top_p", "top_p"),
    "topP": ("top_p", "top_p"),
    "top_k": (None, "top_k"),
    "topK": (None, "top_k"),
    "max_tokens": ("max_tokens", "max_tokens"),
    "maxTokens": ("max_tokens", "max_tokens"),
    "max_output_tokens": ("max_tokens", "max_tokens"),
    "maxOutputTokens": ("max_tokens", "max_tokens"),
    "max_completion_tokens": ("max_completion_tokens", "max_tokens"),
    "frequency_penalty": ("frequency_penalty", None),
    "presence_penalty": ("presence_penalty", None),
    "seed": ("seed", None),
    "stop": ("stop", "stop_sequences"),
    "stop_sequences": ("stop", "stop_sequences"),
    "reasoning_effort": ("reasoning_effort", None),
}
"""A setting as traces call it -> as OpenAI and as Anthropic do; None: not theirs."""
_HINT = re.compile(rb"temp|top_?[pkPK]|[tT]okens|penalty|seed|stop|effort")
_NESTED = re.compile(r"(invocation_parameters|model_config|config|options)$")


class Part(NamedTuple):
    """A message as both shapes need it: who, what, and whole. `id` pairs a result."""

    role: str
    kind: str
    text: str
    name: str = ""
    id: str = ""
    content: int | None = None


class Request(NamedTuple):
    """The body of a request, and what is not quite as it was sent, in sentences."""

    body: dict[str, Any]
    notes: tuple[str, ...]


def request(story: Story, position: int, shape: Shape) -> Request:
    """The request that asks for the model call at `position` again."""
    contents, step = story.run.contents, story.run.step(position)
    notes: list[str] = []
    turns = list(_turns(contents, window(story.contexts, position), notes))
    fill = _openai if shape == "openai" else _anthropic
    body = {**head(contents, step, shape), **fill(contents, turns, notes)}
    if shape == "anthropic" and "max_tokens" not in _told(contents, step, shape):
        notes.append(f"max_tokens is not recorded: {MAX_TOKENS} is filled in")
    named = {tool.name for tool in step.tools or ()} | {part.name for part in turns}
    if any(name and wire_name(name) != name for name in named):
        notes.append("tool names are written in the letters that a provider takes")
    if step.tools:
        body["tools"] = tools(contents, step.tools, shape)
        if any(tool.definition is None for tool in step.tools):
            notes.append("tools whose parameters are not recorded take any object")
    elif step.tools is None:
        notes.append("which tools were offered is not recorded")
    if step.model is None:
        notes.append("the model is not recorded: fill it in")
    return Request(body, tuple(notes))


def head(contents: ContentStore, step: Step, shape: Shape) -> dict[str, Any]:
    """The model and the settings of a call, as far as they are recorded."""
    fields = {"model": step.model or "", **_told(contents, step, shape)}
    if shape == "anthropic":
        fields.setdefault("max_tokens", MAX_TOKENS)
    return fields


def _told(contents: ContentStore, step: Step, shape: Shape) -> dict[str, Any]:
    """The recorded settings under the names of a shape."""
    fields: dict[str, Any] = {}
    column = SHAPES.index(shape)
    for name, value in recorded_settings(contents, step).items():
        key = _SETTINGS[name][column]
        if key == "stop_sequences" and isinstance(value, str):
            value = [value]
        if key is not None:
            fields[key] = value
    return fields


def recorded_settings(contents: ContentStore, step: Step) -> dict[str, Any]:
    """Temperature and the like, from whatever the trace records beside the call."""
    if step.details is None or not _HINT.search(contents.raw(step.details)):
        return {}
    details = contents.document(step.details)
    return dict(_settings(details)) if isinstance(details, dict) else {}


def _settings(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in fields.items():
        name = key.rpartition(".")[2]
        if name in _SETTINGS and value is not None and ".response." not in key:
            yield name, value
        elif _NESTED.search(key):
            inner = _parsed(value)
            if isinstance(inner, dict):
                yield from _settings(inner)


def _parsed(value: Any) -> Any:
    """A value, or what its text holds where that is JSON."""
    if not isinstance(value, str) or value[:1] != "{":
        return value
    store = ContentStore()
    return store.document(store.add_text(value))


def tools(
    contents: ContentStore, offered: Sequence[Tool], shape: Shape
) -> list[dict[str, Any]]:
    """The offered tools as a request defines them, each name once."""
    named = {wire_name(tool.name): tool for tool in reversed(offered)}
    first = [tool for tool in offered if named[wire_name(tool.name)] is tool]
    return [_tool(contents, tool, shape) for tool in first]


def _tool(contents: ContentStore, tool: Tool, shape: Shape) -> dict[str, Any]:
    told: Any = None if tool.definition is None else contents.document(tool.definition)
    told = told if isinstance(told, dict) else {}
    inner = told.get("function")
    told = inner if isinstance(inner, dict) else told
    keys = ("parameters", "input_schema", "inputSchema", "parametersJsonSchema")
    schemas = (told[key] for key in keys if isinstance(told.get(key), dict))
    schema = {"type": "object", **next(schemas, {})}
    said = told.get("description")
    about = {"description": said} if isinstance(said, str) else {}
    name = {"name": wire_name(tool.name), **about}
    if shape == "anthropic":
        return {**name, "input_schema": schema}
    return {"type": "function", "function": {**name, "parameters": schema}}


def wire_name(name: str) -> str:
    """A tool's name in the letters that both providers take."""
    return _NAME.sub("_", name)[:64] or "_"


def _turns(
    contents: ContentStore, messages: Iterable[Message], notes: list[str]
) -> Iterator[Part]:
    """The messages with every result straight behind the call that it answers."""
    parts = _with_ids([_part(contents, message) for message in messages])
    results = {part.id: part for part in parts if part.kind == "result"}
    asked = {part.id for part in parts if part.kind == "call"}
    left_out = sum(part.kind == "reasoning" for part in parts)
    waiting: list[Part] = []
    for part in [*parts, Part("end", "end", "")]:
        if part.kind == "reasoning" or (part.kind == "result" and part.id in asked):
            continue
        if part.role != "assistant":
            yield from waiting
            waiting = []
        if part.kind == "result":
            text = f"Result of {part.name or 'a call'}: {part.text}"
            yield Part("user", "text", text)
        elif part.kind == "call":
            yield part
            missing = Part("tool", "result", NO_RESULT, part.name, part.id)
            waiting.append(results.get(part.id, missing))
        elif part.kind == "text" and part.text:
            yield part
    if left_out:
        notes.append("reasoning is left out: a provider takes back only its own")
    if asked - results.keys():
        notes.append("calls without a recorded result have a word in its place")
    if results.keys() - asked:
        notes.append("results whose call is no more in the window are text of the user")


def _part(contents: ContentStore, message: Message) -> Part:
    text = "" if message.content is None else contents.text(message.content)
    name, id = message.name or "", _NAME.sub("_", message.call_id or "")
    if message.kind == "call":
        return Part("assistant", "call", text, name, id, message.content)
    if message.kind == "result":
        return Part("tool", "result", text, name, id)
    if message.kind == "reasoning":
        return Part("assistant", "reasoning", text)
    if message.role in _SYSTEM:
        return Part("system", "text", text)
    role = "assistant" if message.role in _ASSISTANT else "user"
    return Part(role, "text", text)


def _with_ids(parts: list[Part]) -> list[Part]:
    """The parts, calls and results without an id paired in their order.

    An id that a later call has again is that call's from there on.
    """
    done: list[Part] = []
    open_calls: list[str] = []
    now: dict[str, str] = {}
    for number, part in enumerate(parts):
        if part.kind == "call":
            id = part.id if part.id and part.id not in now else f"call_{number}"
            now[part.id or id] = id
            if not part.id:
                open_calls.append(id)
            done.append(part._replace(id=id))
        elif part.kind == "result":
            if part.id:
                id = now.get(part.id, part.id)
            else:
                id = open_calls.pop(0) if open_calls else f"result_{number}"
            done.append(part._replace(id=id))
        else:
            done.append(part)
    return done


def _openai(
    contents: ContentStore, parts: Iterable[Part], notes: list[str]
) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for part in parts:
        last = messages[-1] if messages else {}
        if part.kind == "result":
            told = {"role": "tool", "tool_call_id": part.id, "content": part.text}
            messages.append(told)
        elif part.kind == "call":
            if last.get("role") != "assistant":
                last = {"role": "assistant", "content": None}
                messages.append(last)
            function = {"name": wire_name(part.name), "arguments": part.text or "{}"}
            call = {"id": part.id, "type": "function", "function": function}
            last.setdefault("tool_calls", []).append(call)
        elif part.role == "assistant" == last.get("role"):
            said = last["content"]
            last["content"] = f"{said}\n\n{part.text}" if said else part.text
        else:
            messages.append({"role": part.role, "content": part.text})
    return {"messages": messages}


def _anthropic(
    contents: ContentStore, parts: Iterable[Part], notes: list[str]
) -> dict[str, Any]:
    system: list[str] = []
    messages: list[dict[str, Any]] = []
    for part in parts:
        if part.role == "system":
            system.append(part.text)
            continue
        role = "assistant" if part.role == "assistant" else "user"
        if not messages and role == "assistant":
            notes.append("the window begins with an answer: a word stands before it")
            start = {"type": "text", "text": NO_START}
            messages.append({"role": "user", "content": [start]})
        if not messages or messages[-1]["role"] != role:
            messages.append({"role": role, "content": []})
        messages[-1]["content"].append(_block(contents, part))
    body: dict[str, Any] = {"messages": messages}
    if system:
        body["system"] = "\n\n".join(system)
    return body


def _block(contents: ContentStore, part: Part) -> dict[str, Any]:
    if part.kind == "result":
        return {"type": "tool_result", "tool_use_id": part.id, "content": part.text}
    if part.kind == "call":
        given = None if part.content is None else contents.document(part.content)
        if not isinstance(given, dict):
            given = {} if given is None else {"input": given}
        name = wire_name(part.name)
        return {"type": "tool_use", "id": part.id, "name": name, "input": given}
    return {"type": "text", "text": part.text}
