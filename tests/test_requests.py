"""A window as a request: what a provider takes, whatever the trace was."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samples import EXAMPLES, read_runs
from tiny import Tiny
from whypath.content import to_json
from whypath.derive.requests import NO_RESULT, NO_START, SHAPES, request
from whypath.derive.story import Story, tell
from whypath.errors import TraceError
from whypath.model import Message

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def assert_openai(body: dict[str, Any]) -> None:
    """What the chat completions of OpenAI are documented to take."""
    waiting: list[str] = []
    for message in body["messages"]:
        role = message["role"]
        assert role in ("system", "user", "assistant", "tool")
        if role == "tool":
            assert isinstance(message["content"], str)
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, f"{role} before the results of {waiting}"
        calls = message.get("tool_calls", [])
        assert isinstance(message["content"], str) or calls
        assert role == "assistant" or not calls
        for call in calls:
            assert set(call) == {"id", "type", "function"}
            assert NAME.fullmatch(call["function"]["name"])
            assert isinstance(call["function"]["arguments"], str)
            waiting.append(call["id"])
        assert len(set(waiting)) == len(waiting)
    assert not waiting, f"no result of {waiting}"
    names = [tool["function"]["name"] for tool in body.get("tools", ())]
    assert len(set(names)) == len(names)
    for tool in body.get("tools", ()):
        assert tool["type"] == "function"
        assert tool["function"]["parameters"]["type"]
    assert all(NAME.fullmatch(name) for name in names)


def assert_anthropic(body: dict[str, Any]) -> None:
    """What the messages of Anthropic are documented to take."""
    assert body["max_tokens"] > 0
    assert isinstance(body.get("system", ""), str)
    waiting: list[str] = []
    for number, message in enumerate(body["messages"]):
        role = ("user", "assistant")[number % 2]
        assert message["role"] == role, "turns take turns, and a user begins"
        assert message["content"]
        for index, block in enumerate(message["content"]):
            if block["type"] == "tool_result":
                before = message["content"][:index]
                assert all(each["type"] == "tool_result" for each in before)
                assert role == "user"
                waiting.remove(block["tool_use_id"])
            elif block["type"] == "tool_use":
                assert role == "assistant"
                assert isinstance(block["input"], dict)
                assert NAME.fullmatch(block["name"])
                assert re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"])
                waiting.append(block["id"])
            else:
                assert block["type"] == "text"
                assert block["text"]
                assert role == "assistant" or not waiting
    assert not waiting
    names = [tool["name"] for tool in body.get("tools", ())]
    assert len(set(names)) == len(names)
    assert all(tool["input_schema"]["type"] for tool in body.get("tools", ()))


CHECKS = {"openai": assert_openai, "anthropic": assert_anthropic}


def assert_taken(story: Story) -> int:
    """Checks every call of a run in both shapes; how many there were."""
    some = list(story.contexts)[:40]
    for at in some:
        for shape in SHAPES:
            CHECKS[shape](request(story, at, shape).body)
    return len(some)


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.rglob("*.json*")), ids=lambda p: p.name
)
def test_every_call_of_the_examples_can_be_made_again(path: Path) -> None:
    assert sum(assert_taken(tell(run)) for run in read_runs(path)) > 0


def small_files(corpus: Path) -> Iterator[Path]:
    for folder in sorted(path for path in corpus.iterdir() if path.is_dir()):
        files = [p for p in folder.rglob("*") if p.is_file()]
        yield from sorted(f for f in files if f.stat().st_size < 300_000)[:12]


def test_every_call_of_real_traces_can_be_made_again(corpus: Path) -> None:
    asked: Counter[str] = Counter()
    for path in small_files(corpus):
        try:
            runs = read_runs(path)
        except TraceError:
            continue
        for run in runs[:3]:
            asked[run.format] += assert_taken(tell(run))
    assert len([name for name, count in asked.items() if count]) > 20, asked


def test_the_window_is_all_in_the_request() -> None:
    story = tell(read_runs(VIP)[0])
    for shape in SHAPES:
        text = json.dumps(request(story, 14, shape).body)
        for at in (1, 4, 7, 11):
            output = story.run.contents.value(story.run.step(at).output or 0)
            wanted = output if isinstance(output, str) else next(iter(output))
            assert json.dumps(wanted)[1:-1] in text
        assert "crm_lookup" in text
    notes = request(story, 14, "anthropic").notes
    assert any("max_tokens" in note for note in notes)
    assert any("letters" in note for note in notes)


def test_what_a_provider_refuses_is_put_right_and_said() -> None:
    tiny = Tiny()
    keep = tiny.keep
    tiny.step("model", seen=[], model="m", tools=["a b", "a_b", "c"])
    window = tiny.draft.steps[-1].window
    assert window is not None
    window.add.extend(
        [
            Message("assistant", "text", keep("earlier")),
            Message("assistant", "call", keep({"x": 2**60}), "a b", "id|1"),
            Message("user", "text", keep("in between")),
            Message("tool", "result", keep("late"), "a b", "id|1"),
            Message("assistant", "call", keep("no object"), "c", None),
            Message("assistant", "reasoning", keep("secret")),
            Message("tool", "result", keep({"lost": True}), "c", "gone"),
            Message("developer", "text", keep("be brief")),
            Message("user", "text", None),
        ]
    )
    for shape in SHAPES:
        body, notes = request(tiny.story, 1, shape)
        CHECKS[shape](body)
        text = to_json(body).decode()
        assert text.index("late") < text.index("in between")
        assert NO_RESULT in text
        assert "Result of c" in text
        assert "secret" not in text
        assert str(2**60) in text
        assert any("reasoning" in note for note in notes)
        assert any("without a recorded result" in note for note in notes)
    assert NO_START in to_json(request(tiny.story, 1, "anthropic").body).decode()


SETTINGS = [
    ({"temperature": 0.2}, {"temperature": 0.2}, {"temperature": 0.2}),
    (
        {"llm.invocation_parameters": '{"max_tokens": 9, "stop": "x"}'},
        {"max_tokens": 9, "stop": "x"},
        {"max_tokens": 9, "stop_sequences": ["x"]},
    ),
    (
        {"gen_ai.request.top_p": 0.5, "seed": 7},
        {"top_p": 0.5, "seed": 7},
        {"top_p": 0.5},
    ),
    ({"config": {"max_tokens": 5}}, {"max_tokens": 5}, {"max_tokens": 5}),
    ({"gen_ai.response.model": "stop"}, {}, {}),
]


@pytest.mark.parametrize(("details", "openai", "anthropic"), SETTINGS)
def test_recorded_settings_are_in_the_request(
    details: dict[str, Any], openai: dict[str, Any], anthropic: dict[str, Any]
) -> None:
    tiny = Tiny()
    tiny.step("model", seen=["user: go"], model="m", details=details)
    for shape, expected in (("openai", openai), ("anthropic", anthropic)):
        body = request(tiny.story, 1, shape).body  # type: ignore[arg-type]
        told = {k: v for k, v in body.items() if k not in ("model", "messages")}
        if shape == "anthropic":
            expected = {"max_tokens": 4096, **expected}
        assert told == expected
