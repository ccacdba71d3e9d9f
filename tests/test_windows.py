"""What the context pane shows: windows as they were sent, what changed, shares.

The recorded windows are read from the raw files here, without any of our readers.
"""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from samples import EXAMPLES, read_runs
from tiny import Tiny
from whypath.derive.story import Story, tell
from whypath.derive.windows.changes import PARTS, identity, tokens_of
from whypath.derive.windows.context import window
from whypath.model import Message

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"

Said = tuple[str, str]
"""A message as this file compares it: what it is, and its text without white space."""


def squeezed(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(text.split())


def shown(story: Story, at: int) -> list[Said]:
    """The window at a call as the page shows it."""
    contents = story.run.contents

    def said(message: Message) -> Said:
        value = None if message.content is None else contents.value(message.content)
        return message.kind, squeezed(value)

    return [said(message) for message in window(story.contexts, at)]


def otlp_spans(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Id and text attributes of every span of an OTLP file."""
    for resource in json.loads(path.read_text("utf-8"))["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                texts = {
                    each["key"]: each["value"]["stringValue"]
                    for each in span["attributes"]
                    if "stringValue" in each["value"]
                }
                yield span["spanId"], texts


def said_in_span(attributes: dict[str, str]) -> Iterator[Said]:
    """The messages that a chat span recorded, in the GenAI conventions' own words."""
    for part in json.loads(attributes.get("gen_ai.system_instructions", "[]")):
        yield "text", squeezed(part["content"])
    for message in json.loads(attributes["gen_ai.input.messages"]):
        for part in message["parts"]:
            if part["type"] == "tool_call":
                yield "call", squeezed(part["arguments"])
            elif part["type"] == "tool_call_response":
                yield "result", squeezed(part.get("result", part.get("response")))
            else:
                yield "text", squeezed(part["content"])


@pytest.mark.parametrize(
    "name", ["pydantic_ai_2.58.0.json", "pydantic_ai_2.58.0_delegation.json"]
)
def test_a_window_is_what_a_chat_span_recorded(corpus: Path, name: str) -> None:
    path = corpus / "otlp-genai" / name
    recorded = {
        id: list(said_in_span(texts))
        for id, texts in otlp_spans(path)
        if "gen_ai.input.messages" in texts and "gen_ai.request.model" in texts
    }
    compared = 0
    for run in read_runs(path):
        story = tell(run)
        for step in run.steps:
            if step.kind == "model" and step.source.ref in recorded:
                assert shown(story, step.position) == recorded[step.source.ref]
                assert story.contexts[step.position].basis == "recorded"
                compared += 1
    assert compared == len(recorded) > 1


def inspect_inputs(path: Path) -> Iterator[tuple[str, list[list[Said]]]]:
    """For each sample, the inputs of its model events."""
    for sample in json.loads(path.read_text("utf-8"))["samples"]:
        attached = sample.get("attachments") or {}

        def resolved(text: str, attached: dict[str, str] = attached) -> str:
            return attached.get(text.removeprefix("attachment://"), text)

        def texts(content: Any, resolved: Any = resolved) -> Iterator[Said]:
            parts = [content] if isinstance(content, str) else content
            for part in parts:
                if isinstance(part, str):
                    yield "text", squeezed(resolved(part))
                elif part["type"] == "text":
                    yield "text", squeezed(resolved(part["text"]))
                elif part["type"] == "reasoning":
                    yield "reasoning", squeezed(resolved(part["reasoning"]))

        windows = []
        for event in sample["events"]:
            if event["event"] != "model":
                continue
            said: list[Said] = []
            for message in event["input"]:
                kind = "result" if message["role"] == "tool" else "text"
                said += [
                    (kind if told == "text" else told, text)
                    for told, text in texts(message["content"])
                ]
                for call in message.get("tool_calls") or []:
                    said.append(("call", squeezed(call["arguments"])))
            windows.append([each for each in said if each[1] or each[0] == "result"])
        yield f"/{sample['id']}/{sample['epoch']}", windows


def test_a_window_is_what_a_model_event_recorded(corpus: Path) -> None:
    path = corpus / "inspect" / "docent_ctf.json"
    recorded = dict(inspect_inputs(path))
    runs = {run.id: tell(run) for run in read_runs(path)}
    compared = 0
    for id, windows in recorded.items():
        (story,) = (story for run, story in runs.items() if run.endswith(id))
        calls = [step for step in story.run.steps if step.kind == "model"]
        assert len(calls) == len(windows)
        for step, expected in zip(calls, windows, strict=True):
            seen = [s for s in shown(story, step.position) if s[1] or s[0] == "result"]
            assert seen == expected
            compared += 1
    assert compared > 2


def codex_texts(item: dict[str, Any]) -> Iterator[str]:
    """What an item of a rollout's history says, squeezed: its text, and the whole
    where there is more in it than text.
    """
    content = item.get("content")
    if content is None:
        yield squeezed(item.get("encrypted_content") or item.get("output") or "")
        return
    texts = "".join(part.get("text", "") for part in content)
    if texts:
        yield squeezed(texts)
    if any("text" not in part for part in content):
        yield squeezed(content)


def test_a_window_begins_with_a_replacement_history(corpus: Path) -> None:
    path = corpus / "codex-rollout" / "agentsessions_codex_catalogue_0.146.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    compared = 0
    for run in read_runs(path):
        story = tell(run)
        for reset in run.steps:
            line = reset.source.line or 0
            history = rows[line - 1].get("payload", {}).get("replacement_history")
            if not reset.resets_context or not history:
                continue
            later = (s for s in story.contexts if s > reset.position)
            at = next(later, None)
            between = run.steps[reset.position : at - 1 if at else None]
            if at is None or any(step.resets_context for step in between):
                continue
            seen = shown(story, at)
            start = 1 if window(story.contexts, at)[0].role == "system" else 0
            expected = [text for item in history for text in codex_texts(item)]
            texts = [text for _, text in seen[start : start + len(expected)]]
            assert texts == expected
            assert story.changes[at].compacted
            compared += 1
    assert compared > 1


WINDOWS = [
    pytest.param(["user: a", "user: b", "user: c"], [], [], id="the same"),
    pytest.param(["user: a", "user: b", "user: c", "user: d"], [], [], id="one more"),
    pytest.param(["user: a", "user: c"], ["b"], [1], id="one gone from the middle"),
    pytest.param(["user: b", "user: c"], ["a"], [0, 1], id="the first one gone"),
    pytest.param(["user: x"], ["a", "b", "c"], [], id="all of them gone"),
    pytest.param(["user: a", "user: a"], ["b", "c"], [], id="one twice is one new"),
]


@pytest.mark.parametrize(("second", "gone", "again"), WINDOWS)
def test_what_became_of_a_window(
    second: list[str], gone: list[str], again: list[int]
) -> None:
    tiny = Tiny("r")
    tiny.step("model", seen=["user: a", "user: b", "user: c"])
    tiny.step("model", seen=second)
    story = tiny.story
    change, contents = story.changes[2], story.run.contents
    assert [contents.text(m.content or 0) for m in change.gone] == gone
    keep = story.contexts[2].keep
    assert sorted(keep + index for index in change.again) == again
    assert (change.previous, change.compacted) == (1, False)


def test_shares_are_sums_over_the_whole_window() -> None:
    for path in (VIP, EXAMPLES / "research" / "market-report.otlp.jsonl"):
        story = tell(read_runs(path)[0])
        contents = story.run.contents
        for at, shares in story.shares.items():
            messages = window(story.contexts, at)
            assert sum(shares) == sum(tokens_of(contents, m) for m in messages)
            assert len(shares) == len(PARTS)
        assert all(sum(shares) for shares in story.shares.values())


def test_what_is_gone_and_what_is_new_explain_every_change() -> None:
    """Going from each window to the next by the change alone gives the next."""
    story = tell(read_runs(VIP)[0])
    for before, at in pairwise(story.contexts):
        change, context = story.changes[at], story.contexts[at]
        assert change.previous == before
        old = [identity(m) for m in window(story.contexts, before)]
        new = [identity(m) for m in window(story.contexts, at)]
        left = [each for each in old if each not in map(identity, change.gone)]
        added = {
            identity(m) for i, m in enumerate(context.add) if i not in change.again
        }
        assert [each for each in new if each not in added] == left
