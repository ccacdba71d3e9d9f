"""Turns the messages and tool calls of a model's API into messages of the format.

It knows the two usual shapes, OpenAI's and Anthropic's, as plain
objects or as their clients' own; anything else is kept whole, as data.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from whypath.record.values import (
    encoded,
    fitted,
    joined,
    label,
    several,
    simple,
    text,
    with_fields,
)

_TEXTS = ("text", "input_text", "output_text")
_THOUGHTS = ("thinking", "reasoning")


def messages(given: Any) -> Iterator[dict[str, Any]]:
    """The parts of a window: a text, a thought, a call or a result each.

    >>> asked = {"id": "c1", "function": {"name": "find", "arguments": '{"id": 7}'}}
    >>> [m["kind"] for m in messages([{"role": "assistant", "tool_calls": [asked]}])]
    ['call']
    """
    for item in several(given):
        try:
            found = list(_parts(_object(item)))
        except Exception:  # a shape that nobody has thought of
            found = [_part("user", "data", item)]
        yield from found


def _object(item: Any) -> Any:
    """A client's own object as the mapping that it stands for."""
    known = isinstance(item, Mapping | str | list | tuple)
    return item if known or callable(item) else simple(item)


def _parts(item: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(item, Mapping):
        yield {"role": "user", "kind": _kind_of(item), "content": item}
        return
    role, content = text(item.get("role") or "user"), item.get("content")
    if isinstance(content, str) and content and {"role", "content"} == item.keys():
        yield {"role": role, "kind": "text", "content": content}
        return
    if "kind" in item:
        texts = {"role": text, "kind": text, "name": text}
        yield fitted(item, texts) | {"content": content}
        return
    if role == "tool" or "tool_call_id" in item:
        name, id = item.get("name"), item.get("tool_call_id")
        yield _part("tool", "result", content, name, id)
        return
    blocks = content if isinstance(content, list | tuple) else [content]
    for block in blocks:
        if block is not None and block != "":
            yield _block(role, _object(block))
    for made in item.get("tool_calls") or ():
        yield _called(role, made)


def _block(role: str, block: Any) -> dict[str, Any]:
    if not isinstance(block, Mapping):
        return _part(role, _kind_of(block), block)
    type = block.get("type")
    if type in _TEXTS and isinstance(block.get("text"), str):
        return _part(role, "text", block["text"])
    if type in _THOUGHTS and isinstance(block.get(type), str):
        return _part(role, "reasoning", block[type])
    if type == "tool_use":
        return _called(role, block)
    if type == "tool_result":
        id = block.get("tool_use_id")
        return _part("tool", "result", block.get("content"), None, id)
    return _part(role, "data", block)


def _kind_of(content: Any) -> str:
    return "text" if isinstance(content, str) else "data"


def _part(
    role: str, kind: str, content: Any, name: Any = None, id: Any = None
) -> dict[str, Any]:
    part = {"role": role, "kind": kind, "name": name, "call": id}
    return fitted(part, {"name": text, "call": text}) | {"content": content}


def _called(role: str, made: Any) -> dict[str, Any]:
    found = call(made)
    return _part(role, "call", found["arguments"], found["name"], found.get("id"))


def call(given: Any) -> dict[str, Any]:
    """A tool call: its name, its arguments and, where there is one, its id.

    >>> call({"id": "c1", "function": {"name": "find", "arguments": '{"id": 7}'}})
    {'id': 'c1', 'name': 'find', 'arguments': {'id': 7}}
    """
    item = _object(given)
    if not isinstance(item, Mapping):
        return {"name": label(item), "arguments": None}
    inner = _object(item.get("function"))
    said = inner if isinstance(inner, Mapping) else item
    given_as = ("arguments", "input", "args")
    arguments = next((said[name] for name in given_as if name in said), None)
    id = next((item[n] for n in ("id", "call_id") if item.get(n) is not None), None)
    found = {"id": id, "name": said.get("name") or "", "arguments": _parsed(arguments)}
    return fitted(found, {"id": text, "name": text}) | {"arguments": found["arguments"]}


def calls(given: Any) -> list[dict[str, Any]]:
    """The calls that a model made."""
    return [call(one) for one in several(given)]


def _parsed(arguments: Any) -> Any:
    """Arguments that were sent as JSON, as what they say."""
    if not isinstance(arguments, str):
        return arguments
    try:
        parsed = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return parsed if isinstance(parsed, dict) else arguments


def tools(given: Iterable[Any]) -> list[Any]:
    """Tools on offer: names, definitions with a name, functions by their names."""
    return [_tool(_object(item)) for item in given]


def _tool(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return label(item)
    inner = item.get("function")
    said = inner if isinstance(inner, Mapping) else item
    return {**said, "name": text(said["name"])} if "name" in said else label(said)


class Part(NamedTuple):
    """A message of the format as JSON, and a short key that equal messages share."""

    key: bytes
    data: str


def parts(given: Any) -> list[Part]:
    """The messages of a window, each with its key."""
    found = (encoded(message, ascii=True) for message in messages(given))
    return [Part(blake2b(d.encode(), digest_size=16).digest(), d) for d in found]


class Windows:
    """The messages that are written already, and what each thread's model saw last."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._ids: dict[bytes, str] = {}
        self._last: dict[str | None, tuple[str, list[str]]] = {}

    def shown(
        self, thread: str | None, step: str, window: list[Part]
    ) -> tuple[list[str], Any]:
        """The messages to write first, and the `context` of the step with this id."""
        new = []
        for part in window:
            if part.key not in self._ids:
                id = f"{self._prefix}{len(self._ids) + 1}"
                self._ids[part.key] = id
                new.append(joined(with_fields("{}", id=id), part.data))
        ids = [self._ids[part.key] for part in window]
        base, before = self._last.get(thread, ("", []))
        self._last[thread] = step, ids
        keep = _in_common(before, ids)
        if keep == 0:
            return new, ids
        whole = {} if keep == len(before) else {"keep": keep}
        return new, {"base": base, **whole, "add": ids[keep:]}


def _in_common(before: list[str], now: list[str]) -> int:
    """How many of the first are the same."""
    pairs = zip(before, now, strict=False)
    other = (number for number, (one, two) in enumerate(pairs) if one != two)
    return next(other, min(len(before), len(now)))
