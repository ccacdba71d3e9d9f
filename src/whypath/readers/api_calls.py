"""Turns a model API's raw request and response, as tracers keep them, into facts.

For the readers of tracers that record a call's arguments and return value as they are:
OpenAI (chat, Responses), Anthropic, Google, Bedrock, LangChain. It is not a reader.
"""

from collections.abc import Iterator
from typing import Any

from whypath.content import to_json
from whypath.model import Message, Usage
from whypath.readers.fields import usage_of
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Facts
from whypath.records import Raw

_SYSTEM = ("system", "instructions", "system_instruction", "systemInstruction")
_TOOLS = ("tools", "functions", "toolConfig", "tool_config")
_MODEL = ("model", "model_name", "modelId", "model_id")
_SEVERAL = ("choices", "candidates", "generations")
_LISTS = ("messages", "input", "contents", "prompt", "prompts")
_READ = {*_SYSTEM, *_LISTS, *_MODEL, "tools", "functions"}
_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
_ROLES |= {"system": "system", "tool": "tool", "function": "tool", "chat": "user"}
_GOOGLE_USAGE = {
    "input_tokens": ("prompt_token_count", "promptTokenCount"),
    "output_tokens": ("candidates_token_count", "candidatesTokenCount"),
    "reasoning_tokens": ("thoughts_token_count", "thoughtsTokenCount"),
    "cache_read_tokens": ("cached_content_token_count", "cachedContentTokenCount"),
    "tool_tokens": ("tool_use_prompt_token_count", "toolUsePromptTokenCount"),
}


def add_call(facts: Facts, request: Any, response: Any, payloads: Payloads) -> None:
    """Adds what the request shows and the response says; what is known stays.

    Both may be plain data or a text that holds JSON.
    """
    asked = payloads.parse(request)
    if facts.messages is None:
        facts.messages = _seen(asked, payloads) or None
        if facts.messages is None and facts.input is None:
            facts.input = payloads.keep_if(request)
    given = _fields(asked)
    if facts.tools is None and (tools := _tools(given)) is not None:
        facts.tools = payloads.tools(tools)
    if facts.messages is not None:
        rest = {k: v for k, v in given.items() if k not in _READ and v is not None}
        facts.notes.update({"request": rest} if rest else {})
    said = payloads.parse(response)
    facts.model = facts.model or _named(_fields(said)) or _named(given)
    if not facts.answered:
        parts = _said(said, payloads)
        if parts:
            several = payloads.answers(_choices(_fields(said)))
            facts.say(several or [payloads.answer(parts)])
        elif facts.output is None:
            facts.output = payloads.keep_if(response)
    facts.usage = facts.usage or usage_in(_fields(said))


def usage_in(response: dict[str, Any]) -> Usage | None:
    """Tokens as the response of an API counts them; None where it does not."""
    counted = response.get("usage")
    if isinstance(counted, dict):
        return usage_of(Raw(to_json(counted)))
    counted = response.get("usage_metadata", response.get("usageMetadata"))
    return google_usage(counted) if isinstance(counted, dict) else None


def google_usage(counted: dict[str, Any]) -> Usage | None:
    """Tokens as Google counts them: what was thought is apart from what was said.

    So is what built-in tools put into the prompt apart from the rest of it.
    """
    counts = {}
    for name, keys in _GOOGLE_USAGE.items():
        found = (counted.get(key) for key in keys)
        counts[name] = next((n for n in found if type(n) is int and n >= 0), None)
    if all(count is None for count in counts.values()):
        return None
    if counts["reasoning_tokens"] is not None:
        said = counts["output_tokens"] or 0
        counts["output_tokens"] = said + counts["reasoning_tokens"]
    tools = counts.pop("tool_tokens")
    if tools is not None:
        counts["input_tokens"] = (counts["input_tokens"] or 0) + tools
    return Usage(**counts)


def _seen(request: Any, payloads: Payloads) -> list[Message]:
    """The messages of a request, its system prompt first."""
    if not isinstance(request, dict):
        return _messages(_with_roles(request), "user", payloads) if request else []
    rules = _first(request, _SYSTEM)
    config = _fields(request.get("config"))
    rules = rules if rules is not None else _first(config, _SYSTEM)
    listed = _first(request, _LISTS)
    found = _messages(rules, "system", payloads) if rules else []
    if listed:
        found += _messages(_with_roles(listed), "user", payloads)
    return found


def _messages(value: Any, role: str, payloads: Payloads) -> list[Message]:
    """The messages of plain data, which is quicker to read as JSON."""
    data = to_json(value) if isinstance(value, list | dict) else value
    return payloads.messages(data, role)


def _with_roles(messages: Any) -> Any:
    """LangChain's messages, which may be a list of lists, with roles as others have."""
    if not isinstance(messages, list):
        return messages
    if len(messages) == 1 and isinstance(messages[0], list):
        messages = messages[0]
    if not any(isinstance(m, dict) and str(m.get("type")) in _ROLES for m in messages):
        return messages
    return [_with_role(message) for message in messages]


def _with_role(message: Any) -> Any:
    if not isinstance(message, dict) or "role" in message:
        return message
    role = _ROLES.get(str(message.get("type")))
    if role is None:
        return message
    known = ("content", "tool_calls", "tool_call_id", "name")
    return {"role": role, **{key: message[key] for key in known if message.get(key)}}


def _said(response: Any, payloads: Payloads) -> list[Message]:
    """The messages in a response: the first of several choices."""
    if isinstance(response, str):
        return payloads.messages(to_json(response), "assistant")
    if isinstance(response, list):
        known = [item for item in response if _is_message(item)]
        return _messages(_with_roles(known), "assistant", payloads) if known else []
    for message in _messages_in(_fields(response)):
        return _messages(message, "assistant", payloads)
    return []


def _choices(response: dict[str, Any]) -> list[Any]:
    """The answers of a response that holds several; [] where it does not."""
    for name in _SEVERAL:
        listed = response.get(name)
        if isinstance(listed, list) and len(listed) == 1:
            listed = listed[0]  # LangChain: the generations of each prompt
        if isinstance(listed, list) and len(listed) > 1:
            return [next(_message_of(choice), None) for choice in listed]
    return []


def _message_of(choice: Any) -> Iterator[Any]:
    """The message of a choice, under the name that an API gives it."""
    fields = _fields(choice)
    for key in ("message", "content", "text"):
        if fields.get(key):
            yield _with_role(fields[key])


def _messages_in(response: dict[str, Any]) -> Iterator[Any]:
    """Where the APIs keep what the model said, in a response of each."""
    for name in _SEVERAL:
        listed = response.get(name)
        while isinstance(listed, list) and listed:
            listed = listed[0]
        yield from _message_of(listed)
    output = response.get("output")
    if isinstance(output, list):
        yield output
    elif isinstance(output, dict) and "message" in output:
        yield output["message"]
    if _is_message(response):
        yield _with_role(response)
    if isinstance(response.get("messages"), list) and response["messages"]:
        yield _with_role(response["messages"][-1])


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and (
        value.get("role") in ("assistant", "model", "ai")
        or value.get("type") in ("ai", "AIMessageChunk", "function_call")
    )


def _tools(request: dict[str, Any]) -> Any:
    """The tools offered: beside the messages, or in the request's configuration."""
    for holder in (request, _fields(request.get("config"))):
        found = _first(holder, _TOOLS)
        if isinstance(found, dict):
            found = found.get("tools")
        if isinstance(found, list):
            return found
    return None


def _named(holder: dict[str, Any]) -> str | None:
    found = (holder.get(name) for name in _MODEL)
    return next((name for name in found if isinstance(name, str) and name), None)


def _first(holder: dict[str, Any], names: tuple[str, ...]) -> Any:
    found = (holder[name] for name in names if holder.get(name))
    return next(found, None)


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
