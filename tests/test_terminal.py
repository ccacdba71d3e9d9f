"""A story as plain lines: the same facts as the page, and nothing a terminal obeys."""

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import EXAMPLES, read_runs
from tiny import Tiny
from whypath import catalogue, terminal
from whypath.derive.story import Story, tell
from whypath.model import Usage

EVIL = "a\x1b[31mb\x07\x9b2Jc\u202ed\u2066e\u200bf\r\ng\x00h\U000e0041i\ufeffj\u2028k"
"""Escapes, a bell, C1, direction, invisible, new lines, NUL, a tag, a BOM."""

HARMLESS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
SHOWN = {"\n", *map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2))}
SHOWN |= {"\U000110bd", "\U000110cd"}
"""Beside line feeds, signs that stand round a number: format characters one sees."""


def assert_harmless(text: str) -> None:
    """No control, format, surrogate or separator character but line feeds."""
    found = {c for c in text if unicodedata.category(c) in HARMLESS} - SHOWN
    assert not found, f"{found!r} in {text!r}"


def evil() -> Tiny:
    """A run in which every text is hostile."""
    tiny = Tiny(EVIL)
    tiny.step("user", EVIL, output=EVIL, agent=EVIL)
    tiny.step("system", output=[EVIL])
    tiny.step(
        "model",
        EVIL,
        model=EVIL,
        output=EVIL,
        reasoning=EVIL,
        error=EVIL,
        status="error",
        calls=[("c", EVIL, {EVIL: EVIL})],
        tools=[EVIL, "other"],
        details={EVIL: EVIL},
    )
    tiny.result("c", {EVIL: EVIL}, name=EVIL, error=EVIL, status="error")
    decision = tiny.decision(
        *(EVIL, f"not {EVIL}"),
        question=EVIL,
        rationale=tiny.keep(EVIL),
        rationale_from="recorded",
        outcome=EVIL,
        evidence=(tiny.evidence(EVIL, EVIL, "c", f"$['{EVIL}']['{EVIL}']"),),
    )
    tiny.step("decision", EVIL, key=EVIL, decision=decision)
    tiny.step("model", seen=["user: x"])
    tiny.draft.steps[-1].window = tiny.draft.steps[-1].window._replace(  # type: ignore[union-attr]
        add=[tiny.message(f"{EVIL}: {EVIL}")._replace(name=EVIL, kind=EVIL)]
    )
    tiny.draft.task = tiny.draft.agent = EVIL
    tiny.builder.problem("loss", EVIL, EVIL, 3)
    return tiny


def everything(story: Story) -> dict[str, str]:
    """All that can be said of a story, by how it was asked for."""
    said = {
        "overview": "\n".join(terminal.overview(story, 400)),
        "json": terminal.json_text(terminal.as_json(story, None, context=False)),
        "recognised": "\n".join(catalogue.recognised(EVIL, [story.run])),
        "left out": terminal.left_out([EVIL] * 5),
        "others": terminal.about_others([story.run, replace(story.run)], story.run)
        or "",
    }
    for step in story.run.steps:
        at = step.position
        said[f"step {at}"] = "\n".join(terminal.step_lines(story, step, 999))
        said[f"why {at}"] = "\n".join(terminal.why_lines(story, at, 999))
        said[f"context {at}"] = "\n".join(terminal.context_lines(story, at, 999))
        facts = terminal.as_json(story, at, context=True)
        said[f"json {at}"] = terminal.json_text(facts)
    return said


def test_no_text_of_a_trace_reaches_the_terminal_as_a_command() -> None:
    for how, text in everything(evil().story).items():
        assert_harmless(text)
        if "json" not in how:
            assert "\x1b" not in text


def test_json_says_exactly_what_was_recorded() -> None:
    text = terminal.json_text({"x": EVIL, "emoji": "🙂", "n": 2**70})
    assert_harmless(text)
    assert json.loads(text) == {"x": EVIL, "emoji": "🙂", "n": 2**70}
    assert "🙂" in text


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_made_safe(text: str) -> None:
    assert_harmless(terminal.line(text))
    assert not set(terminal.line(text)) & {"\n", "\r", "\t"}
    shown = terminal.safe(text)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    shown.encode()


def test_ordinary_text_is_left_alone() -> None:
    text = "naïve 日本語 🙂 — “quoted” ✓ שלום"
    assert terminal.line(text) == terminal.safe(text) == text
    assert terminal.line(" two\n lines\tand a tab ") == "two lines and a tab"


def told() -> Story:
    tiny = Tiny("run-1")
    tiny.draft.task, tiny.draft.status = "Refund order 7", "ok"
    usage = Usage(input_tokens=1_200, output_tokens=30, cost_usd=0.004)
    tiny.step("user", output="refund it", start_ns=10**18)
    tiny.step(
        "model",
        model="gpt",
        output="first I look it up",
        usage=usage,
        calls=[("c1", "lookup", {"id": 7})],
        tools=["lookup", "refund"],
    )
    tiny.result("c1", {"plan_tier": "gold"}, end_ns=10**18 + 3 * 10**9)
    decision = tiny.decision(
        *("low", "high"),
        rationale=tiny.keep("the tier is silver"),
        rationale_from="recorded",
        evidence=(tiny.evidence("tier", "silver", "c1", "$.tier"),),
        outcome="a low refund",
    )
    tiny.step("decision", "triage", decision=decision)
    tiny.builder.problem("loss", "a bad record", "left out", 9)
    tiny.builder.problem("loss", "a bad record", "left out", 12)
    return tiny.story


def test_the_overview_has_verdict_totals_problems_and_a_line_a_step() -> None:
    assert list(terminal.overview(told(), 100)) == [
        "Refund order 7  (test, run run-1)",
        "Succeeded on a wrong value: step 4 chose “low” on tier = “silver”, which step"
        " 3 did not return; it has plan_tier = “gold”.",
        "4 steps · 2 decisions · 0 errors · 3.0 s · 1,200 tokens in, 30 out · $0.004"
        " · ok",
        "models: gpt",
        "loss: line 9: a bad record; left out (2 times)",
        "",
        "error step 4 renamed-field: Step 4 chose “low” on tier = “silver”, read at"
        " $.tier of “lookup”, whic…",
        "warning step 1 trace-integrity: Not all of the trace could be read: a bad"
        " record (line 9), 2 times;…",
        "could not see what they need: invalid-arguments, context-pressure",
        "",
        "1   user      refund it",
        "2   model     gpt first I look it up",
        "3     tool      lookup id: 7",
        "4 * decision  triage → low",
    ]


def test_problems_name_their_file_where_there_are_several() -> None:
    tiny = Tiny()
    tiny.step("user", output="hi")
    tiny.builder.reading("two.jsonl")
    tiny.builder.problem("note", "something", "nothing", 4)
    assert "note: two.jsonl: line 4: something; nothing" in list(
        terminal.overview(tiny.story, 99)
    )


def test_lines_are_no_wider_than_the_terminal() -> None:
    tiny = Tiny()
    tiny.draft.task = "x" * 500
    tiny.step("user", output="y" * 500)
    lines = list(terminal.overview(tiny.story, 70))
    assert max(len(text) for text in (lines[-1], lines[0])) <= 80
    assert lines[-1].endswith("…")
    assert len(lines[-1]) == 70


def test_a_step_shows_what_went_in_and_out() -> None:
    story = told()
    assert list(terminal.step_lines(story, story.run.step(2), 999)) == [
        "step 2 of 4: model (unset)",
        "source: run.jsonl:2",
        "output:",
        "    first I look it up",
        "call: lookup",
        '    {"id":7}',
    ]
    tool = list(terminal.step_lines(story, story.run.step(3), 999))
    assert tool[0] == "step 3 of 4: tool lookup (ok)"
    assert tool[-2:] == ["output:", '    {"plan_tier":"gold"}']
    first = list(terminal.step_lines(story, story.run.step(1), 999))
    assert "time: 2001-09-09 01:46:40.000 UTC" in first


def test_why_shows_options_rationale_and_checked_evidence() -> None:
    assert list(terminal.why_lines(told(), 4, 999)) == [
        "why: decided at step 4 (recorded)",
        "question: Which way?",
        "  chosen    low",
        "  offered   high",
        "rationale (recorded):",
        "    the tier is silver",
        "evidence: tier = silver, from step 3 $.tier: missing;"
        " nearby $.plan_tier = gold",
        "led to: a low refund",
        "value: tier = silver: not found in what the model saw",
        "led here: step 3 is cited by this step: tool lookup id: 7",
        "led here: step 2 asked for step 3: model first I look it up",
    ]
    assert next(terminal.why_lines(told(), 3, 999)).startswith("why: decided at step 2")
    assert list(terminal.why_lines(told(), 1, 999)) == [
        "why: no decision is recorded for this step, and none can be inferred"
    ]


def test_why_as_data_has_the_decision_the_values_their_uses_and_the_chain() -> None:
    story = tell(read_runs(EXAMPLES / "recorder" / "parcel-desk.jsonl")[0])
    told_json = terminal.as_json(story, 5, context=False, why=True)["why"]
    assert told_json["decision"]["chosen"] == ["air"]
    assert [value["name"] for value in told_json["values"]] == ["days_left"]
    assert told_json["values"][0]["verdict"] in ("found", "part")
    first, *others = told_json["chain"]
    assert (first["step"], first["how"]) == (5, None)
    assert (3, "cited", 5) in [(o["step"], o["how"], o["leads_to"]) for o in others]
    used = terminal.as_json(story, 1, context=False, why=True)["why"]["used_by"]
    assert {"step", "path", "value", "from", "of", "name"} == used[0].keys()
    assert terminal.json_text(told_json)


def test_context_shows_the_window_message_by_message() -> None:
    assert list(terminal.context_lines(told(), 3, 999)) == [
        "context at step 2 (reconstructed): 1 message, 0 kept, 1 new, 0 gone",
        "+1 user text",
        "    refund it",
    ]
    assert list(terminal.context_lines(told(), 1, 999)) == [
        "context: no model call comes before this step"
    ]


def test_long_texts_are_cut_and_say_so() -> None:
    tiny = Tiny()
    tiny.step("user", output="x" * 1_500)
    story = tiny.story
    assert list(terminal.step_lines(story, story.run.step(1), 10))[-2:] == [
        "    xxxxxxxxxx",
        "    … 1,490 more characters",
    ]


def test_json_of_a_run_has_totals_problems_and_steps() -> None:
    facts: Any = terminal.as_json(told(), None, context=False)
    assert facts["totals"]["steps"] == 4
    assert facts["totals"]["input_tokens"] == 1_200
    assert facts["problems"] == [
        {
            "level": "loss",
            "file": "run.jsonl",
            "line": 9,
            "what": "a bad record",
            "done": "left out",
            "count": 2,
        }
    ]
    assert [step["title"] for step in facts["steps"]] == list(told().titles)
    json.loads(terminal.json_text(facts))


def test_json_of_a_step_has_payloads_the_decision_and_its_evidence() -> None:
    facts: Any = terminal.as_json(told(), 4, context=True)
    decision = facts["decision"]
    assert decision["chosen"] == ["low"]
    assert decision["rationale"] == "the tier is silver"
    assert decision["evidence"] == [
        {
            "name": "tier",
            "value": "silver",
            "from": "c1",
            "from_step": 3,
            "path": "$.tier",
            "verdict": "missing",
            "actual": None,
            "near": {"path": "$.plan_tier", "value": "gold"},
        }
    ]
    assert facts["context"]["step"] == 2
    assert facts["context"]["messages"][0]["content"] == "refund it"
    tool: Any = terminal.as_json(told(), 3, context=False)
    assert (tool["input"], tool["output"]) == ({"id": 7}, {"plan_tier": "gold"})
    assert (tool["led_by"], tool["source"]) == (2, "run.jsonl:2")
    assert "context" not in tool


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (2, "This is run r0, one of 2 in the input; others: r1."),
        (8, "others: r1, r2, r3, r4, r5 and 2 more."),
    ],
)
def test_other_runs_are_named(count: int, said: str) -> None:
    runs = [Tiny(f"r{number}") for number in range(count)]
    for tiny in runs:
        tiny.step("user", output="hi")
    found = [tiny.run for tiny in runs]
    assert (terminal.about_others(found, found[0]) or "").endswith(said)
    assert terminal.about_others(found[:1], found[0]) is None
