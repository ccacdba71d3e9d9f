"""A log of a team of agents becomes who said what, who was chosen, and the verdict."""

import json

import pytest

import mutants
from samples import ROOT, read_runs
from whypath.model import Run
from whypath.readers import who_and_when

TRACES = ROOT / "tests" / "traces" / "who-and-when"


def only(name: str) -> Run:
    [run] = read_runs(TRACES / name)
    return run


def test_each_message_is_said_by_its_agent_and_kept_at_its_place() -> None:
    run = only("hand_crafted.json")
    assert [(s.kind, s.name, s.agent, s.key) for s in run.steps[:7]] == [
        ("user", "", None, "history-0"),
        ("model", "thought", "Orchestrator", "history-1"),
        ("decision", "ledger", "Orchestrator", "history-2"),
        ("handoff", "WebSurfer", "Orchestrator", "history-3"),
        ("model", "", "WebSurfer", "history-4"),
        ("model", "", "FileSurfer", "history-5"),
        ("event", "termination condition", "Orchestrator", "history-6"),
    ]
    assert (run.task, run.status) == ("In which year was the bridge built?", "unknown")
    assert (run.start_ns, run.problems) == (None, ())


def test_the_choice_of_the_next_speaker_is_a_recorded_decision() -> None:
    run = only("hand_crafted.json")
    [decision] = [s.decision for s in run.steps if s.decision is not None]
    assert (decision.question, decision.basis) == ("Who speaks next?", "recorded")
    assert [(o.name, o.chosen) for o in decision.options] == [
        ("WebSurfer", True),
        ("FileSurfer", False),
    ]
    assert run.contents.text(decision.rationale or 0) == "The year is on the web."
    assert run.contents.text(decision.options[0].arguments or 0) == "Find the year."


@pytest.mark.parametrize(
    ("name", "key"),
    [("hand_crafted.json", "history-4"), ("generated.json", "history-2")],
)
def test_the_step_that_was_judged_to_be_the_mistake_says_so(
    name: str, key: str
) -> None:
    run = only(name)
    [judged] = [s for s in run.steps if s.details is not None]
    assert judged.key == key
    verdict = run.contents.value(judged.details or 0)["judged"]
    assert verdict["mistake_agent"] == judged.agent
    assert run.outcome is not None
    assert (judged.agent or "?") in (run.outcome.note or "")
    assert run.steps[-1].name == "verdict"


def test_a_terminal_is_a_tool_and_each_agent_has_its_prompt() -> None:
    run = only("generated.json")
    assert [(s.kind, s.agent) for s in run.steps[:5]] == [
        ("system", "Data_Expert"),
        ("system", "Checker"),
        ("model", "Data_Expert"),
        ("tool", "Computer_terminal"),
        ("model", "Checker"),
    ]


CLAIMS = {
    "a verdict": ({"history": [{"content": "x"}], "question": "?", "is_correct": 0}, 1),
    "no verdict": ({"history": [{"content": "x"}], "question": "?"}, 0),
    "no history": ({"history": [], "question": "?", "mistake_step": "1"}, 0),
    "a team": ([{"role": "Orchestrator (thought)", "content": "x"}], 1),
    "a chat": ([{"role": "user", "content": "x"}], 0),
}


@pytest.mark.parametrize(("value", "ours"), CLAIMS.values(), ids=CLAIMS.keys())
def test_a_log_is_known_by_its_structure(value: object, ours: int) -> None:
    assert who_and_when.detect(mutants.sample_of(value)) is bool(ours)


@pytest.mark.parametrize("name", ["hand_crafted", "generated", "magentic"])
def test_any_part_of_a_log_may_be_of_any_type(name: str) -> None:
    value = json.loads((TRACES / f"{name}.json").read_text("utf-8"))
    assert mutants.withstands(who_and_when, value) > 80
