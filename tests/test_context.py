"""What the model saw at each call: recorded, or put together again and labelled so."""

from typing import Any

import pytest

from tiny import Tiny
from whypath.builder import Thread
from whypath.derive.windows.context import find_contexts, window
from whypath.model import Run


def seen(run: Run, position: int) -> list[str]:
    """The window at a step, a line a message: `tool Read: text`."""
    messages = window(find_contexts(run), position)
    return [
        f"{m.role}{' ' + m.name if m.name else ''}: "
        + ("" if m.content is None else run.contents.text(m.content))
        for m in messages
    ]


def change(run: Run, position: int) -> tuple[Any, ...]:
    context = find_contexts(run)[position]
    return context.base, context.keep, len(context.add), context.dropped, context.basis


def test_a_recorded_window_is_shown_as_it_was_recorded() -> None:
    tiny = Tiny()
    tiny.step("user", output="not in the window")
    tiny.step("model", seen=["system: be kind", "user: hi"])
    tiny.step("model", seen=["system: be kind", "user: summary", "user: go on"])
    run = tiny.run
    assert seen(run, 2) == ["system: be kind", "user: hi"]
    assert seen(run, 3) == ["system: be kind", "user: summary", "user: go on"]
    assert change(run, 3) == (2, 1, 2, 1, "recorded")


def test_a_window_that_is_not_recorded_is_what_stood_before_the_call() -> None:
    tiny = Tiny()
    tiny.step("system", output="be kind")
    tiny.step("user", output="read a.py")
    tiny.step(
        "model", output="I will", reasoning="hm", calls=[("c1", "Read", {"p": 1})]
    )
    tiny.result("c1", "text of a.py")
    tiny.step("model", output="done")
    run = tiny.run
    assert seen(run, 3) == ["system: be kind", "user: read a.py"]
    assert seen(run, 5) == [
        "system: be kind",
        "user: read a.py",
        "assistant: I will",
        'assistant Read: {"p":1}',
        "tool Read: text of a.py",
    ]
    assert change(run, 5) == (3, 2, 3, 0, "reconstructed")


def test_parallel_results_follow_their_calls_in_the_order_of_the_calls() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "a"), ("c2", "b"), ("c3", "never")])
    tiny.result("c2", "second")
    tiny.result("c1", "first")
    tiny.step("model", output="done")
    expected = ["assistant a: ", "assistant b: ", "assistant never: "]
    assert seen(tiny.run, 5) == [*expected, "tool a: first", "tool b: second"]


def test_a_result_without_a_call_is_in_the_window_too() -> None:
    tiny = Tiny()
    tiny.result("lost", "found", name="Grep")
    tiny.step("model", output="ok")
    assert seen(tiny.run, 2) == ["tool Grep: found"]


@pytest.mark.parametrize("kind", ["state", "event", "decision", "guardrail", "handoff"])
def test_what_is_no_message_is_not_in_the_window(kind: str) -> None:
    tiny = Tiny()
    tiny.step("user", output="hi")
    tiny.step(kind, "x", output="not a message")
    tiny.step("model", output="ho")
    assert seen(tiny.run, 3) == ["user: hi"]


def test_a_compaction_starts_the_window_anew_and_counts_what_was_dropped() -> None:
    tiny = Tiny()
    tiny.step("user", output="one")
    tiny.step("model", output="two")
    tiny.step("user", output="three")
    tiny.step("model", output="four")
    tiny.step("event", "compaction", resets_context=True)
    tiny.step("user", output="summary")
    tiny.step("model", output="five")
    tiny.step("model", output="six")
    run = tiny.run
    assert seen(run, 7) == ["user: summary"]
    assert change(run, 7) == (None, 0, 1, 3, "reconstructed")
    assert seen(run, 8) == ["user: summary", "assistant: five"]


def test_a_compaction_before_any_call_drops_nothing_that_is_known() -> None:
    tiny = Tiny()
    tiny.step("event", "compaction", resets_context=True)
    tiny.step("model", output="a")
    assert change(tiny.run, 2) == (None, 0, 0, 0, "reconstructed")


def test_what_a_compaction_keeps_stands_behind_its_summary() -> None:
    tiny = Tiny()
    tiny.step("user", output="one")
    tiny.step("model", output="two")
    tiny.step("user", output="three", key="kept")
    tiny.step("model", output="four")
    tiny.step("event", "compaction", resets_context=True)
    tiny.step("system", output="summary", keeps="kept")
    tiny.step("user", output="five")
    tiny.step("model", output="six")
    assert seen(tiny.run, 8) == [
        *("system: summary", "user: three", "assistant: four", "user: five")
    ]


def test_a_step_that_starts_the_window_anew_is_the_first_in_it() -> None:
    tiny = Tiny()
    tiny.step("user", output="one")
    tiny.step("system", output="summary", resets_context=True)
    tiny.step("model", output="two")
    assert seen(tiny.run, 3) == ["system: summary"]


def test_a_sub_agent_sees_its_own_conversation_alone() -> None:
    tiny = Tiny()
    tiny.draft.threads["sub"] = Thread(call_id="c1", agent="scout")
    tiny.step("user", output="find it")
    tiny.step("model", calls=[("c1", "Task")])
    tiny.step("user", output="look here", thread="sub")
    tiny.step("model", output="it is there", thread="sub")
    tiny.result("c1", "there")
    tiny.step("model", output="done")
    run = tiny.run
    assert [s.name or s.kind for s in run.steps] == [
        *("user", "model", "Task", "user", "model", "model")
    ]
    assert seen(run, 5) == ["user: look here"]
    assert seen(run, 6) == ["user: find it", "assistant Task: ", "tool Task: there"]


def test_a_branch_does_not_see_the_branch_that_was_left() -> None:
    tiny = Tiny()
    tiny.step("user", key="u", output="hi")
    tiny.step("model", key="a", output="left", abandoned=True)
    tiny.step("user", key="b", output="left too", previous="a", abandoned=True)
    tiny.step("user", key="c", output="again", previous="u")
    tiny.step("model", key="d", output="kept", previous="c")
    run = tiny.run
    assert seen(run, 5) == ["user: hi", "user: again"]
    assert seen(run, 2) == ["user: hi"]


def test_every_model_step_has_a_window_and_nothing_else_has() -> None:
    tiny = Tiny()
    for kind in ("user", "model", "tool", "model", "agent"):
        tiny.step(kind, "x", output="x")
    assert list(find_contexts(tiny.run)) == [2, 4]


def test_the_story_knows_which_window_was_in_force_at_each_step() -> None:
    tiny = Tiny()
    tiny.step("user", output="hi")
    tiny.step("model", calls=[("c1", "Read")])
    tiny.result("c1")
    tiny.step("tool", "alone", output="x")
    tiny.step("tool", "elsewhere", output="y", thread="other")
    assert tiny.story.seen_at == {2: 2, 3: 2, 4: 2}


def test_windows_of_a_long_conversation_share_what_they_have_in_common() -> None:
    tiny = Tiny()
    for number in range(300):
        tiny.step("user", output=f"question {number}")
        tiny.step("model", output=f"answer {number}")
    contexts = find_contexts(tiny.run)
    assert sum(len(c.add) for c in contexts.values()) == 599
    assert len(window(contexts, 600)) == 599
