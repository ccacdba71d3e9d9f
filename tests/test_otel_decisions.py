"""Decisions that an agent traces with the OpenTelemetry SDK are read back as such.

The sample is what the real SDK and its OTLP JSON exporter wrote for
`make_samples/otel_decisions_sample.py`.
"""

import json
from typing import Any

from samples import ROOT, read_runs
from whypath.model import Decision, Run, Step

SAMPLE = ROOT / "tests" / "traces" / "otlp" / "sdk_decisions.jsonl"


def sample() -> Run:
    (run,) = read_runs(SAMPLE)
    assert run.problems == ()
    return run


def step_named(run: Run, name: str) -> Step:
    (found,) = (step for step in run.steps if step.name == name)
    return found


def decision_named(run: Run, name: str) -> Decision:
    decision = step_named(run, name).decision
    assert decision is not None
    return decision


def test_the_sample_is_what_the_sdk_writes_and_says_nothing_of_a_machine() -> None:
    lines = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    assert len(lines) == 4
    resources = [line["resourceSpans"][0]["resource"] for line in lines]
    names: set[Any] = {a["key"] for r in resources for a in r["attributes"]}
    assert names == {"service.name"}


def test_a_decision_span_is_a_recorded_decision_inside_its_agent() -> None:
    run = sample()
    assert [(s.kind, s.name, s.depth) for s in run.steps] == [
        ("agent", "support", 0),
        ("tool", "crm.lookup", 1),
        ("decision", "queue", 1),
        ("decision", "close", 1),
    ]
    assert {d.basis for s in run.steps if (d := s.decision)} == {"recorded"}
    assert [s.model for s in run.steps[2:]] == ["jev-1.13.0", None]


def test_question_options_probabilities_choice_and_rationale_are_read_back() -> None:
    run = sample()
    queue = decision_named(run, "queue")
    assert queue.question == "Which queue takes the ticket?"
    assert [(o.name, o.chosen, o.score) for o in queue.options] == [
        ("vip-desk", False, 0.29),
        ("general", True, 0.71),
    ]
    assert queue.confidence == 0.71
    assert queue.rationale is not None
    assert run.contents.text(queue.rationale).startswith("Standard customers go")
    assert (queue.rationale_from, queue.options_note) == ("recorded", None)


def test_what_a_rule_decides_has_no_probability_and_gets_none() -> None:
    run = sample()
    close = decision_named(run, "close")
    assert [(o.name, o.chosen, o.score) for o in close.options] == [
        ("close", False, None),
        ("ask a person", True, None),
    ]
    assert close.confidence is None


def test_the_state_that_was_decided_on_is_the_input_of_the_step() -> None:
    run = sample()
    given = step_named(run, "queue").input
    assert given is not None
    assert run.contents.value(given)["state"] == {"tier": "standard", "customer": "C-7"}


def test_evidence_reasons_and_outcome_are_read_in_the_words_of_the_native_format() -> (
    None
):
    run = sample()
    queue = decision_named(run, "queue")
    assert [o.reason for o in queue.options] == ["tier: standard", None]
    (tier,) = queue.evidence
    lookup = step_named(run, "crm.lookup")
    assert (tier.name, tier.source, tier.path) == ("tier", lookup.key, "$.tier")
    assert tier.default
    assert tier.value is not None
    assert run.contents.value(tier.value) == "standard"
    assert decision_named(run, "close").outcome == "A person kept it open."
    assert decision_named(run, "close").evidence == ()
