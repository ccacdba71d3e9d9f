"""Says what one observation of Langfuse holds: messages, tools, calls, tokens, cost.

Part of the `langfuse` reader. It looks at no other observation.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from whypath.content import to_json
from whypath.model import Usage
from whypath.readers import told_spans
from whypath.readers.langchain_messages import (
    answer_in,
    messages_in,
    unquote,
    unwrap,
)
from whypath.readers.span_values import as_object, as_text, objects
from whypath.readers.spans import Role, as_number

Fields = dict[str, Any]

MODEL, SPAN = "GENERATION", "SPAN"
ROLES: dict[str, Role] = {
    MODEL: "model",
    "AGENT": "agent",
    "TOOL": "tool",
    "RETRIEVER": "retrieval",
    "GUARDRAIL": "guardrail",
    "EMBEDDING": "event",
    "EVALUATOR": "event",
    "EVENT": "event",
    "CHAIN": "structure",
    SPAN: "structure",
}
"""What an observation's type makes of it."""

_NEW_COUNTS = ("input", "output", "total")
_OLD_COUNTS = (
    ("promptTokens", "completionTokens", "totalTokens"),
    ("inputUsage", "outputUsage", "totalUsage"),
)
_COSTS = ("totalCost", "calculatedTotalCost")
_COUNTED = frozenset(
    ("usageDetails", "costDetails", "usage", *_COSTS, *chain.from_iterable(_OLD_COUNTS))
)
_IDS = re.compile(r'(?:id|call_id|toolCallId|toolUseId)\\*"\s*:\s*\\*"([^"\\]+)')
_CACHE_READ = (
    *("input_cache_read", "input_cached_tokens", "cache_read_input_tokens"),
    *("prompt_details.cache_read", "input_cache_read_tokens", "cached_tokens"),
)
_CACHE_WRITE = (
    *("input_cache_creation", "cache_creation_input_tokens"),
    *("prompt_details.cache_write", "input_cache_creation_tokens"),
)
_REASONING = (
    *("output_reasoning", "output_reasoning_tokens", "reasoning_tokens"),
    "completion_details.reasoning",
)


def model_facts(fields: Fields, metadata: Fields, asked: Any, said: Any) -> Fields:
    """A model call: what it saw and said, on which terms, and what it took."""
    messages = messages_in(asked) if not _is_request(asked) else None
    kept, found = _apart(messages or [])
    tools = _definitions(fields.get("toolDefinitions")) or found
    listed = metadata.get("tools")
    if not tools and isinstance(listed, list):
        tools = [unwrap(tool) for tool in listed]
    name = as_text(fields.get("name"))
    model = as_text(fields.get("model")) or as_text(fields.get("providedModelName"))
    return {
        "name": name if name != model else None,
        told_spans.MODEL: model,
        told_spans.INPUT: asked if messages is None else kept or None,
        told_spans.OUTPUT: _said(said),
        told_spans.TOOLS: tools or None,
        told_spans.USAGE: usage_of(fields),
    }


def _is_request(asked: Any) -> bool:
    """True for the whole request of an API, which tells more than its messages."""
    known = ("contents", "tools", "instructions", "system_instruction", "config")
    return isinstance(asked, dict) and any(asked.get(name) for name in known)


def _apart(messages: list[Any]) -> tuple[list[Any], list[Any]]:
    """The messages, and the tool definitions that stand among them."""
    found: tuple[list[Any], list[Any]] = ([], [])
    for message in messages:
        content = as_object(message).get("content")
        is_tool = isinstance(content, dict) and content.get("type") == "function"
        found[is_tool].append(content if is_tool else message)
    return found


def _said(said: Any) -> Any:
    """What a model said, in a shape that APIs have."""
    if (
        isinstance(said, list)
        and said
        and all("toolName" in as_object(c) for c in said)
    ):
        calls = [{"type": "tool-call", **call} for call in said]
        return {"role": "assistant", "content": calls}
    fields = as_object(said)
    if fields.get("tool_calls") and "role" not in fields:
        return {"role": "assistant", **fields}
    if isinstance(fields.get("content"), str) and "role" not in fields:
        return {"role": "assistant", **fields}
    if isinstance(fields.get("message"), dict):
        return fields["message"]
    return answer_in(said)


def _definitions(given: Any) -> list[Any]:
    """Tools by name, each definition an object or a text of one."""
    found = [(name, unwrap(value)) for name, value in as_object(given).items()]
    return [{"name": name, **as_object(value)} for name, value in found]


def tool_facts(asked: Any, said: Any) -> tuple[Any, Any, str | None]:
    """A tool's arguments, its result, and the call that it answers."""
    fields = as_object(said)
    call_id = as_text(fields.get("tool_call_id"))
    if call_id and "content" in fields:
        said = fields["content"]
    given = as_object(asked)
    if list(given) == ["input"]:
        asked = given["input"]
    return unquote(asked), said, call_id


def called(fields: Fields) -> Iterator[str]:
    """The names of the tools that a model call asked for."""
    names = fields.get("toolCallNames")
    yield from (n for n in names if as_text(n)) if isinstance(names, list) else ()
    said = as_object(unwrap(fields.get("output")) if fields.get("type") == MODEL else 0)
    more = as_object(said.get("additional_kwargs"))
    for call in objects(said.get("tool_calls") or more.get("tool_calls")):
        name = as_object(call.get("function")).get("name") or call.get("name")
        if as_text(name):
            yield str(name)


def ids_in(fields: Fields) -> Iterator[str]:
    """The ids that stand in what a model call said, those of its calls among them."""
    if fields.get("type") == MODEL:
        said = fields.get("output")
        text = said if isinstance(said, str) else to_json(said).decode()
        yield from _IDS.findall(text)


def usage_of(fields: Fields) -> Usage | None:
    """Tokens and cost of one observation.

    Langfuse counts what begins with `input` or `output` together; older exports, and
    those that keep an API's own names, count the cache within the input.
    """
    if _COUNTED.isdisjoint(fields):
        return None
    given = as_object(fields.get("usageDetails")) or _old_usage(fields)
    counts = {k: int(n) for k, v in given.items() if (n := _count(v)) is not None}
    cost = _cost(fields)
    if not any(counts.values()):
        return None if cost is None else Usage(cost_usd=cost)
    parts = {k: v for k, v in counts.items() if k != "total"}
    asked = _sum(parts, "input", "prompt_tokens")
    said = _sum(parts, "output", "completion_tokens")
    apart = ("cache_read_input_tokens", "cache_creation_input_tokens")
    if asked is not None:
        asked += sum(counts.get(name, 0) for name in apart)
    total, plain = counts.get("total"), counts.get("input", asked or 0)
    if total is not None and (asked or 0) + (said or 0) > total:
        asked, said = plain, counts.get("output", said)
    return Usage(
        input_tokens=asked,
        output_tokens=said,
        cache_read_tokens=_first(counts, _CACHE_READ),
        cache_write_tokens=_first(counts, _CACHE_WRITE),
        reasoning_tokens=_first(counts, _REASONING),
        cost_usd=cost,
    )


def _old_usage(fields: Fields) -> Fields:
    """Tokens as exports had them before `usageDetails`; nothing in another unit."""
    usage = as_object(fields.get("usage"))
    if usage.get("unit") not in (None, "", "TOKENS"):
        return {}
    places = [(usage, names) for names in (_NEW_COUNTS, *_OLD_COUNTS)]
    for source, names in (*places, *((fields, names) for names in _OLD_COUNTS)):
        found = {k: source.get(n) for k, n in zip(_NEW_COUNTS, names, strict=True)}
        if found["input"] or found["output"]:
            return found if found["total"] else found | {"total": None}
    return {}


def _sum(counts: dict[str, int], beginning: str, other: str) -> int | None:
    """What is counted under a name and under those of its parts, or another name."""
    found = [n for name, n in counts.items() if name.startswith(beginning)]
    return sum(found) if found else counts.get(other)


def _first(counts: dict[str, int], names: Iterable[str]) -> int | None:
    for name in names:
        if name in counts:
            return counts[name]
    return None


def _count(value: Any) -> float | None:
    number = as_number(value)
    return number if number is not None and number >= 0 else None


def _cost(fields: Fields) -> float | None:
    """What the call cost in all; nothing where only nothing is counted."""
    details, usage = fields.get("costDetails"), fields.get("usage")
    given = [fields[name] for name in _COSTS if fields.get(name)]
    if isinstance(details, dict) and details:
        parts = [n for k, v in details.items() if k != "total" and (n := _count(v))]
        given = [details.get("total"), *given, sum(parts)]
    if isinstance(usage, dict) and usage.get("totalCost"):
        given.append(usage["totalCost"])
    return next((n for value in given if value and (n := _count(value))), None)
