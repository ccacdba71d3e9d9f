"""Messages of the usual shapes: read in one go, and read as all others are."""

import json
from typing import Any

import pytest

from whypath.builder import Builder
from whypath.readers.payloads import Payloads
from whypath.readers.usual_messages import usual

TEXT = {"type": "text", "content": '{"a": 1} é "quoted"'}
CALL = {"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": [1, "x"]}}
CHAT_CALL = {"id": "c", "type": "function"}

USUAL: dict[str, dict[str, Any]] = {
    "parts": {"role": "user", "parts": [TEXT, {"type": "text", "content": ""}]},
    "other name": {"role": "user", "parts": [{"type": "text", "text": "hi"}]},
    "answer": {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "hm"},
            {"type": "reasoning", "content": ""},
            CALL,
            {**CALL, "id": "", "arguments": '{"a":1}'},
            {**CALL, "id": None, "arguments": None},
            {"type": "tool_call", "name": ""},
        ],
        "finish_reason": "tool_call",
    },
    "results": {
        "role": "tool",
        "parts": [
            {"type": "tool_call_response", "id": "c", "response": "it is"},
            {"type": "tool_call_response", "id": "c", "response": {"a": 1}},
            {"type": "tool_call_response", "name": "f"},
        ],
    },
    "chat": {"role": "user", "content": "hi", "name": "Ann"},
    "chat, JSON in it": {"role": "user", "content": ' {"a": 1} '},
    "chat, empty": {"role": "assistant", "content": ""},
    "chat, calls": {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {**CHAT_CALL, "function": {"name": "f", "arguments": '{"a": 1}'}},
            {**CHAT_CALL, "index": 1, "function": {"name": "", "arguments": "no JSON"}},
        ],
    },
    "chat, result": {"role": "tool", "tool_call_id": "c", "content": "done"},
    "chat, empty result": {"role": "tool", "tool_call_id": "c", "content": ""},
    "chat, named": {"role": "tool", "tool_call_id": "c", "content": "1", "name": "f"},
}


def read(message: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The parts of a message, each with its content."""
    payloads = Payloads(Builder("otlp"))
    return [
        part._replace(content=part.content and payloads.contents.raw(part.content))
        for part in payloads.messages([{"role": "system", "content": "s"}, message], "")
    ]


@pytest.mark.parametrize("message", USUAL.values(), ids=USUAL)
def test_a_usual_message_says_what_it_says_with_a_field_more(
    message: dict[str, Any],
) -> None:
    assert read(message) == read({**message, "extra": 1})
    payloads = Payloads(Builder("otlp"))
    assert usual(json.dumps(message).encode(), payloads) is not None
    assert usual(json.dumps({**message, "extra": 1}).encode(), payloads) is None


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "parts": [{**TEXT, "extra": 1}]},
        {"role": "user", "parts": [{"type": "image", "content": "x"}]},
        {"role": "user", "parts": [{"content": "x"}]},
        {"role": "user", "parts": [None]},
        {"role": "", "parts": [TEXT]},
        {"role": 7, "content": "x"},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "tool", "tool_call_id": "", "content": "x"},
        {"role": "tool", "tool_call_id": "c", "parts": [TEXT]},
        {"parts": [TEXT]},
        {"type": "function_call", "call_id": "c", "name": "f"},
    ],
)
def test_a_message_of_another_shape_is_no_usual_one(message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    assert usual(data, Payloads(Builder("otlp"))) is None
    read(message)


def test_an_empty_result_is_a_result() -> None:
    payloads = Payloads(Builder("otlp"))
    given = {"role": "tool", "tool_call_id": "c", "content": ""}
    (part,) = payloads.messages([given], "user")
    assert (part.kind, part.call_id) == ("result", "c")
    assert payloads.contents.text(part.content or 0) == ""
