"""Tiny runs and the decisions in them: nothing is made up, nothing is counted twice."""

from typing import Any

import pytest

from tiny import Tiny
from whypath.derive.decisions.find import (
    ANSWER,
    NOT_RECORDED,
    find_decisions,
    governing,
)
from whypath.model import Decision, Run


def shown(run: Run, decision: Decision) -> dict[str, Any]:
    """What a decision says, compactly: chosen options carry a `*`."""
    rationale = decision.rationale
    return {
        "options": [f"{'*' if o.chosen else ''}{o.name}" for o in decision.options],
        "because": None if rationale is None else run.contents.text(rationale),
        "from": decision.rationale_from,
        "outcome": decision.outcome,
        "basis": decision.basis,
        "note": decision.options_note,
    }


def only(tiny: Tiny) -> dict[str, Any]:
    run = tiny.run
    (decision,) = find_decisions(run).values()
    return shown(run, decision)


def test_a_call_among_offered_tools_is_a_choice_among_them() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "Read")], tools=["Grep", "Read", "Bash"])
    tiny.result("c1")
    assert only(tiny) == {
        "options": ["*Read", "Grep", "Bash"],
        "because": None,
        "from": None,
        "outcome": "ok",
        "basis": "inferred",
        "note": None,
    }


def test_an_offer_that_is_not_recorded_is_not_made_up() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "Read")])
    tiny.result("c1")
    assert only(tiny)["options"] == ["*Read"]
    assert only(tiny)["note"] == NOT_RECORDED


def test_parallel_calls_are_one_decision() -> None:
    tiny = Tiny()
    calls = [("c1", "Read", {"p": 1}), ("c2", "Read", {"p": 2}), ("c3", "Grep")]
    tiny.step("model", calls=calls, tools=["Read", "Grep", "Bash"])
    for id in ("c1", "c2", "c3"):
        tiny.result(id)
    run = tiny.run
    (decision,) = find_decisions(run).values()
    assert shown(run, decision)["options"] == ["*Read", "*Read", "*Grep", "Bash"]
    arguments = [run.contents.value(o.arguments or 0) for o in decision.chosen[:2]]
    assert arguments == [{"p": 1}, {"p": 2}]


def test_an_answer_although_tools_were_offered_is_a_decision() -> None:
    tiny = Tiny()
    tiny.step("model", output="42", tools=["Read", "Read"])
    assert only(tiny)["options"] == [f"*{ANSWER}", "Read"]
    assert only(tiny)["because"] is None
    assert only(tiny)["outcome"] is None


@pytest.mark.parametrize("tools", [None, []], ids=["no offer recorded", "none offered"])
def test_an_answer_when_there_was_nothing_to_choose_is_no_decision(tools: Any) -> None:
    tiny = Tiny()
    tiny.step("model", output="42", tools=tools)
    tiny.step("user", output="thanks")
    assert find_decisions(tiny.run) == {}


RATIONALES = {
    "reasoning comes first": ({"reasoning": "I think", "output": "I say"}, "I think"),
    "else the text beside the calls": ({"output": "I say"}, "I say"),
    "else there is none": ({}, None),
}


@pytest.mark.parametrize(("fields", "because"), RATIONALES.values(), ids=RATIONALES)
def test_the_rationale_is_what_the_model_wrote(fields: Any, because: Any) -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "Read")], **fields)
    said = only(tiny)
    source = {"I think": "reasoning", "I say": "text", None: None}[because]
    assert (said["because"], said["from"]) == (because, source)


def test_a_recorded_decision_is_kept_as_it_was_recorded() -> None:
    tiny = Tiny()
    rationale = tiny.keep("the tier says so")
    decision = tiny.decision(
        *("low", "high"),
        rationale=rationale,
        rationale_from="recorded",
        confidence=0.4,
        outcome="a wrong refund",
    )
    tiny.step("decision", "triage", decision=decision)
    run = tiny.run
    found = find_decisions(run)[1]
    assert (found.step, found.confidence, found.question) == (1, 0.4, "Which way?")
    assert shown(run, found) == {
        "options": ["*low", "high"],
        "because": "the tier says so",
        "from": "recorded",
        "outcome": "a wrong refund",
        "basis": "recorded",
        "note": None,
    }


def test_a_recorded_decision_replaces_the_one_its_step_implies() -> None:
    tiny = Tiny()
    tiny.step(
        "model",
        calls=[("c1", "Read")],
        tools=["Read", "Bash"],
        decision=tiny.decision("look first", "guess"),
    )
    tiny.result("c1", status="error")
    assert only(tiny)["options"] == ["*look first", "guess"]
    assert only(tiny)["basis"] == "recorded"
    assert only(tiny)["outcome"] == "error"


OUTCOMES = {
    "all well": (["ok", "ok"], "ok"),
    "all failed": (["error"], "error"),
    "nothing came back": ([None, None], "no result"),
    "mixed": (["ok", "error", "ok", None], "2 ok, 1 error, 1 no result"),
}


@pytest.mark.parametrize(("results", "outcome"), OUTCOMES.values(), ids=OUTCOMES)
def test_the_outcome_counts_what_the_calls_led_to(results: Any, outcome: str) -> None:
    tiny = Tiny()
    tiny.step("model", calls=[(f"c{i}", "Read") for i in range(len(results))])
    for number, status in enumerate(results):
        if status:
            tiny.result(f"c{number}", status=status)
    assert only(tiny)["outcome"] == outcome


def test_a_confidence_is_never_made_up() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "Read")], tools=["Read"])
    assert find_decisions(tiny.run)[1].confidence is None


def test_steps_are_led_by_the_decision_they_carry_out() -> None:
    tiny = Tiny()
    tiny.step("user", output="hi")
    tiny.step("model", calls=[("c1", "Read"), ("c2", "Task")])
    tiny.result("c1")
    tiny.step("agent", "inside", key="in", parent="c2")
    tiny.step("tool", "deeper", parent="in", output="x")
    tiny.step("decision", "triage", decision=tiny.decision("low", "high"))
    tiny.step("tool", "act", output="done")
    tiny.step("user", output="thanks")
    tiny.step("tool", "elsewhere", output="x", thread="other")
    run = tiny.run
    names = {s.position: s.name or s.kind for s in run.steps}
    led_by = governing(run, find_decisions(run))
    assert {names[at]: names[by] for at, by in led_by.items()} == {
        "model": "model",
        "Read": "model",
        "Task": "model",
        "inside": "model",
        "deeper": "model",
        "triage": "triage",
        "act": "triage",
    }


def test_decisions_stand_in_the_order_of_the_run() -> None:
    tiny = Tiny()
    for _ in range(3):
        tiny.step("model", output="x", tools=["Read"])
        tiny.step("decision", "d", decision=tiny.decision("a"))
    assert list(find_decisions(tiny.run)) == [1, 2, 3, 4, 5, 6]
