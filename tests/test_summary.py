"""Titles, totals, and the sentence on top of the report: every form of it."""

from typing import Any

import pytest

from test_detectors import call, say, script, user
from test_suspects import failed
from tiny import Tiny
from whypath.derive.summary import heading, title
from whypath.model import Outcome, Usage

TITLES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a user": ("user", "", {"output": "fix\n the  bug"}, "fix the bug"),
    "a user's input": ("user", "", {"input": "hi"}, "hi"),
    "a silent user": ("user", "", {}, ""),
    "an answer": ("model", "m", {"output": "done", "calls": [("c", "t")]}, "done"),
    "calls alone": ("model", "m", {"calls": [("c", "a"), ("d", "b")]}, "→ a, b"),
    "calls beside nothing": (
        "model",
        "m",
        {"output": "", "calls": [("c", "a")]},
        "→ a",
    ),
    "reasoning alone": ("model", "m", {"reasoning": "hm"}, "hm"),
    "a silent model": ("model", "", {"model": "gpt"}, "gpt"),
    "a nameless model": ("model", "", {}, "model call"),
    "a call": ("tool", "Read", {"input": {"path": "a.py"}}, "Read path: a.py"),
    "a call of several": (
        "tool",
        "t",
        {"input": {"a": 'x\n"y"', "b": 2}},
        't a: x "y", b: 2',
    ),
    "a call of a text": ("tool", "Bash", {"input": "ls -l"}, "Bash ls -l"),
    "a result alone": ("tool", "Read", {"output": [1, 2]}, "Read [1,2]"),
    "a call of nothing": ("tool", "ping", {}, "ping"),
    "a nameless event": ("event", "", {}, "event"),
}


@pytest.mark.parametrize(
    ("kind", "name", "fields", "line"), TITLES.values(), ids=TITLES
)
def test_a_title_tells_the_step_apart(
    kind: str, name: str, fields: dict[str, Any], line: str
) -> None:
    tiny = Tiny()
    tiny.step(kind, name, **fields)
    assert title(tiny.run, tiny.run.steps[0]) == line


def test_a_decision_is_called_by_what_was_chosen() -> None:
    tiny = Tiny()
    tiny.step("decision", "triage", decision=tiny.decision("low", "high"))
    tiny.step("decision", "triage", decision=tiny.decision(""))
    assert tuple(tiny.story.titles) == ("triage → low", "triage")


def test_a_run_is_called_by_its_task_or_its_first_prompt_or_its_id() -> None:
    silent, asked, tasked = Tiny("id-7"), Tiny("id-8"), Tiny("id-9")
    for tiny in (silent, asked, tasked):
        tiny.step("system", output="be kind")
    for tiny in (asked, tasked):
        tiny.step("user", output="fix the bug")
    tasked.draft.task = "the task"
    headings = [heading(tiny.run) for tiny in (silent, asked, tasked)]
    assert headings == ["id-7", "fix the bug", "the task"]


def test_totals_count_what_is_recorded_once() -> None:
    tiny = Tiny()
    usage = Usage(input_tokens=100, output_tokens=20, cost_usd=0.5)
    tiny.step("model", model="a", usage=usage, calls=[("c", "t")], start_ns=10**9)
    tiny.step(
        "model", model="b", usage=Usage(input_tokens=1), agent="x", end_ns=3 * 10**9
    )
    tiny.step("decision", "d", decision=tiny.decision("low"), status="error")
    totals = tiny.story.totals
    assert (totals.steps, totals.decisions, totals.recorded_decisions) == (4, 2, 1)
    assert (totals.errors, totals.duration_ns) == (1, 2 * 10**9)
    assert (totals.input_tokens, totals.output_tokens) == (101, 20)
    assert (totals.cost_usd, totals.models, totals.agents) == (0.5, ("a", "b"), ("x",))


def test_what_is_not_recorded_is_none_and_not_zero() -> None:
    silent, counted = Tiny(), Tiny()
    for tiny in (silent, counted):
        tiny.step("user", output="hi", start_ns=5)
    counted.step("model", usage=Usage(input_tokens=0, cost_usd=0.0))
    totals = silent.story.totals
    assert totals.duration_ns is None
    assert (totals.input_tokens, totals.output_tokens, totals.cost_usd) == (None,) * 3
    totals = counted.story.totals
    assert (totals.input_tokens, totals.output_tokens, totals.cost_usd) == (0, None, 0)


def test_a_run_that_ends_before_it_began_has_no_duration() -> None:
    tiny = Tiny()
    tiny.step("user", output="hi")
    tiny.draft.start_ns, tiny.draft.end_ns = 9, 5
    assert tiny.story.totals.duration_ns is None


def plain(ended: Any = None, outcome: Outcome | None = None, **fields: Any) -> Tiny:
    """A run of three steps, with `fields` for the last of them."""
    tiny = Tiny()
    tiny.step("user", output="hi")
    tiny.step("tool", "Read", output="x", status="ok")
    tiny.step("model", **({"output": "done", "status": "ok"} | fields))
    tiny.draft.status, tiny.draft.outcome = ended, outcome
    return tiny


def error_on_the_way(ended: Any, outcome: Outcome | None = None) -> Tiny:
    tiny = plain(ended, outcome)
    tiny.draft.steps[1].status = "error"
    return tiny


def wrong(ended: Any, path: str, output: Any = None) -> Tiny:
    """A decision that rests on a tier of `silver`."""
    tiny = Tiny()
    output = output or {"plan_tier": "gold", "age": 7}
    tiny.step("tool", "lookup", key="t", output=output, status="ok")
    evidence = tiny.evidence("tier", "silver", "t", path)
    tiny.step("decision", "d", decision=tiny.decision("low", evidence=(evidence,)))
    tiny.draft.status = ended
    return tiny


NOT_SAID = "Ended after 3 steps; the trace does not say whether it succeeded"
VERDICTS: dict[str, tuple[Tiny, str, str, int | None]] = {
    "well": (plain("ok"), "ok", "Ended ok after 3 steps; no error is recorded.", None),
    "well after an error": (
        error_on_the_way("ok"),
        "ok",
        "Ended ok after 3 steps; 1 error on the way.",
        2,
    ),
    "nothing said": (plain(), "info", f"{NOT_SAID}; no error is recorded.", None),
    "nothing said, an error": (
        error_on_the_way(None),
        "info",
        f"{NOT_SAID}; 1 error on the way.",
        2,
    ),
    "a reward of nothing": (
        plain("ok", Outcome(reward=0.0)),
        "warn",
        "Ended after 3 steps, but its reward is 0; no error is recorded.",
        None,
    ),
    "a score of nothing": (
        error_on_the_way(None, Outcome(score=-1.0)),
        "warn",
        "Ended after 3 steps, but its score is -1; 1 error on the way.",
        2,
    ),
    "a good score": (
        plain("ok", Outcome(score=0.5, reward=1)),
        "ok",
        "Ended ok after 3 steps; no error is recorded.",
        None,
    ),
    "failed": (
        plain("error", name="gpt", status="error", error="quota\n exceeded"),
        "error",
        "Failed after 3 steps: step 3, gpt: quota exceeded",
        3,
    ),
    "failed and only the output says why": (
        plain("error", name="gpt", status="error", output="no\nway"),
        "error",
        "Failed after 3 steps: step 3, gpt: no way",
        3,
    ),
    "failed in silence": (
        plain("error", output="", status="error"),
        "error",
        "Failed after 3 steps: step 3, model.",
        3,
    ),
    "failed, no step says where": (
        plain("error"),
        "error",
        "Failed after 3 steps; no step records why.",
        None,
    ),
    "stopped": (
        plain("incomplete"),
        "error",
        "Stopped after 3 steps: no end is recorded; the last is model.",
        3,
    ),
    "stopped in a call": (
        plain("incomplete", name="gpt", status="unset"),
        "error",
        "Stopped after 3 steps: no end is recorded; the last is gpt,"
        " which has no result.",
        3,
    ),
    "succeeded on a wrong value": (
        wrong("ok", "$.tier"),
        "error",
        "Succeeded on a wrong value: step 2 chose “low” on tier = “silver”, which step"
        " 1 did not return; it has plan_tier = “gold”.",
        2,
    ),
    "failed on a wrong value": (
        wrong("error", "$.plan_tier"),
        "error",
        "Failed on a wrong value: step 2 chose “low” on tier = “silver”, but step 1"
        " returned “gold”.",
        2,
    ),
    "went on with a wrong value": (
        wrong(None, "$.zzz"),
        "error",
        "Went on with a wrong value: step 2 chose “low” on tier = “silver”, which step"
        " 1 did not return.",
        2,
    ),
    "a wrong value in a list": (
        wrong("incomplete", "$.tier", [{"tier": None}]),
        "error",
        "Went on with a wrong value: step 2 chose “low” on tier = “silver”, which step"
        " 1 did not return; it has [0].tier = “null”.",
        2,
    ),
}


@pytest.mark.parametrize(
    ("tiny", "tone", "text", "step"), VERDICTS.values(), ids=VERDICTS
)
def test_the_verdict_says_what_happened_and_where(
    tiny: Tiny, tone: str, text: str, step: int | None
) -> None:
    verdict = tiny.story.verdict
    said = verdict.text.partition(" No check found")[0]
    assert (said, verdict.tone, verdict.step) == (text, tone, step)


def test_evidence_that_cannot_be_checked_accuses_nobody() -> None:
    assert wrong("ok", "$..tier").story.verdict.tone == "ok"


@pytest.mark.parametrize(
    "tiny",
    [
        plain("error", name="n" * 9_999, status="error", error="e " * 9_999),
        plain("incomplete", name="n" * 9_999),
        wrong("ok", "$.plan_tier", {"plan_tier": "g" * 9_999}),
        wrong("ok", "$.tier", {"tier" * 999: ["g" * 9_999]}),
    ],
    ids=["error", "incomplete", "differs", "missing"],
)
def test_a_verdict_is_a_sentence_however_long_its_parts_are(tiny: Tiny) -> None:
    assert len(tiny.story.verdict.text) < 300


SENTENCES: dict[str, tuple[Any, str, int | None, str]] = {
    "a grave finding": (
        script(user("go"), call("cancel_order", {"order_id": "W-9912"}, "ok")),
        "error",
        3,
        "Acted on a value from nowhere: “cancel_order” at step 3 was called with",
    ),
    "a warning": (
        script(*(call("get_x", {"q": 1}, "y") for _ in range(3)), say("done")),
        "warn",
        2,
        "Ended ok after 7 steps; no error is recorded. But: “get_x” was called 3 times",
    ),
    "nothing": (
        script(user("hi"), say("ho")),
        "ok",
        None,
        "no error is recorded. No check found a problem; 1 check could not see what it",
    ),
    "a failure that no check explains": (
        failed(Outcome(reward=0.0), "ok"),
        "warn",
        None,
        "but its reward is 0; no error is recorded. No check found why; look at step 2",
    ),
}


@pytest.mark.parametrize(
    ("made", "tone", "step", "words"), SENTENCES.values(), ids=SENTENCES
)
def test_the_verdict_tells_the_gravest_finding(
    made: Any, tone: str, step: int | None, words: str
) -> None:
    verdict = (made() if callable(made) else made).story.verdict
    assert (verdict.tone, verdict.step) == (tone, step)
    assert words in verdict.text
