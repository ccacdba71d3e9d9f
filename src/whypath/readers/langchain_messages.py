"""Puts what LangChain writes into plain words: messages, inputs, routers' answers.

For the readers of tracers that LangChain reports to (LangSmith, Langfuse), and not a
reader itself. It takes and gives plain data, and makes no content.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

from whypath.model import Decision, Option
from whypath.readers.span_values import as_object, as_text
from whypath.records import BadShape, decoder

_any = decoder(object)

_LEVELS = 3
_LONGEST_REPR = 100_000
_DEEPEST_REPR = 40
_LONGEST_ROUTE = 80

_ROLES = {
    **dict.fromkeys(("human", "HumanMessage", "HumanMessageChunk"), "user"),
    **dict.fromkeys(("ai", "AIMessage", "AIMessageChunk"), "assistant"),
    **dict.fromkeys(("system", "SystemMessage", "SystemMessageChunk"), "system"),
    **dict.fromkeys(("tool", "ToolMessage", "ToolMessageChunk"), "tool"),
    **dict.fromkeys(("function", "FunctionMessage"), "tool"),
    **dict.fromkeys(("chat", "ChatMessage", "generic"), "user"),
}
_SHORT = {"human": "user", "ai": "assistant"}
_KEPT = ("content", "tool_call_id", "name", "reasoning_content")
_CALLS = ("tool_use", "tool_call", "function_call", "tool_call_chunk")
_ASKED = ("input", "question", "query", "task", "prompt", "text", "content", "topic")
_SAID = ("output", "answer", "content", "result", "response", "text", "generation")
_ROUTER = re.compile(
    r"^(should_|route(_|$|r)|branch:)|(_router|_condition|_branch|_edge)$"
    r"|^(RunnableBranch|tools_condition)$",
    re.IGNORECASE,
)


def unwrap(value: Any) -> Any:
    """What a text of JSON spells, up to three texts deep; other text as it is.

    A text that spells a number or a truth value stays text; `null` is None.
    """
    for _ in range(_LEVELS):
        if not isinstance(value, str):
            return value
        inner = value.strip()
        if inner == "null":
            return None
        if inner[:1] not in ("{", "[", '"'):
            return value
        try:
            value = _any(inner.encode("utf-8", "replace"))
        except BadShape:
            return value
    return value


def unquote(text: Any) -> Any:
    """Arguments that were written as Python writes them; anything else as it is."""
    if not isinstance(text, str) or len(text) > _LONGEST_REPR:
        return text
    inner = text.strip()
    if inner[:1] not in ("{", "[") or inner.count(inner[0]) > _DEEPEST_REPR:
        return text
    try:
        found = ast.literal_eval(inner)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return found if _is_plain(found) else text


def is_message(value: Any) -> bool:
    """True for a message of LangChain's, serialised in any of its ways."""
    if not isinstance(value, dict):
        return False
    if "lc" in value and isinstance(value.get("kwargs"), dict):
        return _class(value) in _ROLES
    return str(value.get("type")) in _ROLES and ("content" in value or "data" in value)


def plain_message(value: Any) -> Any:
    """A message with role, content and calls as OpenAI has them; others as they are."""
    if isinstance(value, list) and len(value) == 2 and as_text(value[0]):
        return {"role": _SHORT.get(value[0], value[0]), "content": value[1]}
    if not isinstance(value, dict):
        return value
    role, fields = value.get("role"), value
    if is_message(value):
        if "lc" in value:
            role, fields = _ROLES[_class(value)], value["kwargs"]
        elif role is None:
            role = _ROLES[value["type"]]
            fields = as_object(value.get("data")) or value
    elif "additional_kwargs" not in value:
        return value
    more = as_object(fields.get("additional_kwargs"))
    found: dict[str, Any] = {"role": _SHORT.get(str(role), role)}
    found |= {k: fields[k] for k in _KEPT if fields.get(k) not in (None, "")}
    calls = fields.get("tool_calls") or more.get("tool_calls") or more.get("call")
    if not calls and isinstance(more.get("function_call"), dict):
        calls = [more["function_call"]]
    if isinstance(calls, list) and calls:
        found["tool_calls"] = calls
        found["content"] = _without_calls(fields.get("content"))
    if as_text(more.get("reasoning_content")):
        found.setdefault("reasoning_content", more["reasoning_content"])
    return found


def messages_in(value: Any) -> list[Any] | None:
    """The messages that a model call was given, or that a graph's state holds."""
    if isinstance(value, dict):
        for key in ("messages", "prompts", "input", "args"):
            if isinstance(value.get(key), list):
                return messages_in(value[key])
        if is_message(value) or "role" in value:
            return [plain_message(value)]
        if as_text(value.get("prompt")):
            rules = as_text(value.get("system"))
            told = [{"role": "system", "content": rules}] if rules else []
            return [*told, {"role": "user", "content": value["prompt"]}]
        return None
    if not isinstance(value, list) or not value:
        return None
    if isinstance(value[0], list) and not as_text(value[0][0] if value[0] else None):
        value = value[0]
    return [plain_message(message) for message in value]


def answer_in(outputs: Any) -> Any:
    """What a model said, of the outputs of LangChain and of APIs that are wrapped."""
    listed = as_object(outputs).get("generations")
    if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], list):
        listed = listed[0]  # of one prompt, as always in an agent
    if isinstance(listed, list) and len(listed) > 1 and all(map(_generated, listed)):
        return {"choices": [{"message": _generated(each)} for each in listed]}
    while isinstance(listed, list):
        listed = listed[0] if listed else None
    if generated := _generated(listed):
        return [generated]
    for value in (outputs, as_object(outputs).get("output")):
        if is_message(value) or "additional_kwargs" in as_object(value):
            return [plain_message(value)]
    return outputs


def _generated(generation: Any) -> Any:
    """The message of one generation; None where it holds none."""
    fields = as_object(generation)
    if fields.get("message"):
        return plain_message(fields["message"])
    return {"role": "assistant", "content": fields.get("text")} if fields else None


def task_in(value: Any) -> str | None:
    """What was asked for: the last words of the user, or the one text that is given."""
    if isinstance(value, str):
        return value.strip() or None
    found = messages_in(value) if isinstance(value, dict | list) else None
    for message in reversed(found or ()):
        fields = as_object(message)
        if fields.get("role") == "user" and (said := _words(fields.get("content"))):
            return said
    return next(_texts(value, _ASKED), None)


def final_in(value: Any) -> Any:
    """What came out in the end: the last message's words, a text, or the whole."""
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        last = value["messages"][-1:]
        said = _words(as_object(plain_message(last[0])).get("content")) if last else ""
        return said or value
    if isinstance(value, dict):
        for inner in (value, value.get("output")):
            if is_message(inner) and (said := _words(plain_message(inner)["content"])):
                return said
        return _words(value.get("content")) or next(_texts(value, _SAID), value)
    return value


def is_router(name: str, node: str | None, chosen: Any, nodes: set[str]) -> bool:
    """True for a function that says where a graph goes on.

    `node` is the graph's node that it runs in, `nodes` are those that ran at all.
    """
    routes = routes_in(chosen)
    if name == node or not routes:
        return False
    named = all(route in nodes or route == "__end__" for route in routes)
    return bool(_ROUTER.search(name)) or (node is not None and named)


def routes_in(chosen: Any) -> list[str]:
    """The names of what was chosen; none where it is no name, or no list of names."""
    value = chosen
    if isinstance(value, dict):
        value = value.get("output") if list(value) == ["output"] else None
    listed = value if isinstance(value, list) else [value]
    names = [as_object(n).get("node") if isinstance(n, dict) else n for n in listed]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    good = (isinstance(n, str) and 0 < len(n) <= _LONGEST_ROUTE for n in names)
    return [str(n) for n in names] if names and all(good) else []


def route(name: str, chosen: Any) -> Decision:
    """A router's answer as a recorded decision; the others it does not name."""
    return Decision(
        step=0,
        question=f"{name}: where to go on?",
        options=tuple(Option(route, True) for route in routes_in(chosen)),
        rationale=None,
        rationale_from=None,
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
        options_note="other branches: not recorded",
    )


def _class(value: dict[str, Any]) -> str:
    """The name of the class that a serialised object is of."""
    path = value.get("id")
    return str(path[-1]) if isinstance(path, list) and path else ""


def _without_calls(content: Any) -> Any:
    """The parts that are no calls, where the calls are listed beside them."""
    if not isinstance(content, list):
        return content
    return [part for part in content if as_object(part).get("type") not in _CALLS]


def _words(content: Any) -> str:
    """The text of a message's content."""
    if isinstance(content, str):
        return content.strip()
    parts = content if isinstance(content, list) else []
    said = (as_text(as_object(part).get("text")) for part in parts)
    return "\n".join(text for text in said if text)


def _texts(value: Any, names: tuple[str, ...]) -> Iterator[str]:
    """The texts under the names; else the only text that an object holds."""
    fields = as_object(value)
    for name in names:
        if text := as_text(fields.get(name)):
            yield text
    if len(fields) == 1 and (text := as_text(next(iter(fields.values())))):
        yield text


def _is_plain(value: Any) -> bool:
    """True for what JSON can hold."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)
