"""The items that Codex and its model exchange, as they stand in a rollout.

Part of the `codex` reader. They are those of OpenAI's Responses API, and a few more.
"""

from collections.abc import Iterator
from sys import intern

from whypath.content import ContentStore
from whypath.model import ContentId, Message
from whypath.readers.fields import (
    as_fields,
    as_items,
    as_scalar,
    as_text,
    is_list,
    is_object,
)
from whypath.readers.message_parts import take_apart
from whypath.records import BadShape, Raw, Shape, decoder

CALLS = {
    "function_call": None,
    "custom_tool_call": None,
    "tool_call": None,
    "local_shell_call": "local_shell",
    "web_search_call": "web_search",
    "tool_search_call": "tool_search",
    "image_generation_call": "image_generation",
}
"""Kind of an item that is a tool call -> its tool, where the item does not name it."""

_INJECTED = (
    *("<environment_context", "<user_instructions", "<permissions", "<turn_context"),
    *("<INSTRUCTIONS", "<user_shell_command", "<turn_aborted", "<skill>", "<skills"),
    *("<subagent_notification", "<collaboration_mode", "<personality", "<apps_"),
    *("<model_switch", "<environments", "<plugins_", "<multi_agent", "<goal_"),
    *("<git_attribution", "<realtime", "<token_budget", "<recommended_"),
    *("# AGENTS.md instructions", "<hook_prompt", "<image_resize", "<memory_"),
)
"""How texts begin that Codex puts into the user's mouth."""

_REQUEST = "## My request for Codex:"


class Item(Shape, gc=False):
    """Every field that any item has; an item uses those of its type."""

    type: str = ""
    role: str | None = None
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    author: str | None = None
    status: str | None = None
    content: Raw = Raw()
    summary: Raw = Raw()
    encrypted_content: Raw = Raw()
    arguments: Raw = Raw()
    input: Raw = Raw()
    action: Raw = Raw()
    function: Raw = Raw()
    output: Raw = Raw()
    result: Raw = Raw()
    tools: Raw = Raw()
    revised_prompt: Raw = Raw()
    ghost_commit: Raw = Raw()


class Part(Shape, forbid_unknown_fields=True, gc=False):
    """The usual part of a content: a text, and nothing else."""

    type: str = ""
    text: Raw = Raw()


_TEXT_PARTS = ("input_text", "output_text", "summary_text", "reasoning_text", "text")
_decode = decoder(Item)
_decode_parts = decoder(list[Part])


def item_of(raw: bytes | Raw) -> Item:
    """An item out of JSON; fields of an unexpected type are left out."""
    try:
        return _decode(raw)
    except BadShape:
        fields = as_fields(raw)
    item = Item()
    for name in Item.__struct_fields__:
        value = fields.get(name)
        if value is not None:
            is_raw = isinstance(getattr(item, name), Raw)
            setattr(item, name, value if is_raw else as_text(value))
    item.type = item.type or ""
    return item


def given(*raws: Raw) -> Raw | None:
    """The first of the values that is there and not null."""
    for raw in raws:
        if len(raw) > 0 and (len(raw) != 4 or bytes(raw) != b"null"):
            return raw
    return None


def heard(item: Item, contents: ContentStore) -> tuple[Message, ...]:
    """The messages that a response item is in a request's input."""
    kind = item.type
    if kind in ("message", "agent_message"):
        return _spoken(item, contents)
    if kind == "reasoning":
        return (Message("assistant", "reasoning", _thought(item, contents)),)
    if kind in CALLS:
        return _called(item, contents)
    if kind.endswith("_output") or kind == "tool_result":
        return (_result(item, contents),)
    if kind.endswith("compaction") or kind == "compaction_summary":
        summary = given(item.encrypted_content, item.summary)
        number = contents.add_if(summary)
        return (Message("system", "data", number),)
    return ()


def prompt_in(item: Item) -> str | None:
    """What a user's message asks for: its first text that is not Codex's own."""
    requests = map(request_in, _texts(given(item.content)))
    return next((request for request in requests if request), None)


def request_in(text: str) -> str | None:
    """What the user asks for in a text, without what an editor put before it."""
    if not text.strip() or text.lstrip().startswith(_INJECTED):
        return None
    return text.partition(_REQUEST)[2].strip() or text


def call_name(item: Item) -> str:
    """The tool that an item calls, its namespace before it."""
    name = item.name or as_scalar(as_fields(given(item.function)).get("name"))
    name = name or CALLS.get(item.type) or "(unnamed tool)"
    return f"{item.namespace}.{name}" if item.namespace else name


def only_text(content: Raw | None) -> Raw | None:
    """The text of a content that is nothing but one, as JSON; None for any other."""
    if content is None or not is_list(content):
        return None
    try:
        parts = _decode_parts(content)
    except BadShape:
        return None
    if len(parts) != 1 or parts[0].type not in _TEXT_PARTS:
        return None
    text = parts[0].text
    return text if len(text) and memoryview(text)[0] == 34 else None


def _texts(content: Raw | None) -> Iterator[str]:
    """The texts of a content: itself, or those of its parts."""
    if (single := only_text(content)) is not None:
        yield as_text(single) or ""
    elif is_list(content):
        for item in as_items(content):
            text = as_text(as_fields(item).get("text")) if is_object(item) else None
            if text is not None:
                yield text
    elif (whole := as_text(content)) is not None:
        yield whole


def _spoken(item: Item, contents: ContentStore) -> tuple[Message, ...]:
    """What was said, as text, and whole where it holds an image or the like."""
    role, content = item.role or "user", given(item.content)
    text = only_text(content)
    if text is not None:
        return (Message(role, "text", contents.add(text), item.author),)
    parts = take_apart(content, contents)
    said: list[Message] = []
    if parts.text is not None:
        said.append(Message(role, "text", parts.text, item.author))
    if not parts.whole or not said:
        whole = contents.add(content) if content is not None else None
        said.append(Message(role, "data", whole, item.author))
    return tuple(said)


def _thought(item: Item, contents: ContentStore) -> ContentId | None:
    """The readable part of a reasoning item; None where it is all encrypted."""
    for raw in (given(item.content), given(item.summary)):
        if raw is None:
            continue
        text = only_text(raw)
        if text is not None and len(text) > 2:
            return contents.add(text)
        parts = take_apart(raw, contents)
        number = parts.text if parts.reasoning is None else parts.reasoning
        if number is not None and len(contents.raw(number)) > 2:
            return number
    return None


def _called(item: Item, contents: ContentStore) -> tuple[Message, ...]:
    raw = given(item.arguments, item.input, item.action, item.revised_prompt)
    arguments = contents.add_embedded_if(raw)
    name, id = intern(call_name(item)), item.call_id or None
    call = Message("assistant", "call", arguments, name, id)
    image = given(item.result)
    if item.type != "image_generation_call" or image is None:
        return (call,)
    return call, Message("tool", "result", contents.add(image), name, id)


def _result(item: Item, contents: ContentStore) -> Message:
    """What a call brought back; a list of nothing but texts is one text."""
    raw = given(item.output, item.result, item.tools, item.content)
    output: ContentId | None = None
    if raw is not None and is_list(raw) and raw is not item.tools:
        parts = take_apart(raw, contents, embedded=True)
        output = parts.text if parts.whole else None
    elif is_object(raw):
        inner = as_fields(raw)
        if as_text(inner.get("type")) in ("input_text", "text") and "text" in inner:
            output = contents.add_embedded(inner["text"])
    if output is None and raw is not None:
        plain = bytes(memoryview(raw)[1:2]).isalnum()
        output = contents.add(raw) if plain else contents.add_embedded(raw)
    return Message("tool", "result", output, item.name, item.call_id or None)
