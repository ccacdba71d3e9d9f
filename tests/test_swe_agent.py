"""A SWE-agent trajectory becomes turns: what was said, run, seen, and changed."""

import json
from pathlib import Path
from typing import Any

import pytest

import mutants
from samples import ROOT, read_runs
from whypath.model import Run
from whypath.readers import swe_agent

RETRY = ROOT / "tests" / "traces" / "swe-agent" / "retry.traj"
TURNS = {
    "i_got_id_demo.traj": 21,
    "katy.traj": 18,
    "marshmallow-1867.default.traj": 14,
    "marshmallow-1867.function_calling.traj": 11,
    "marshmallow-1867.function_calling_replace.traj": 11,
    "marshmallow-1867.function_calling_replace_from_source.traj": 13,
    "swe-agent__test-repo-i1.traj": 5,
    "function_calling_simple.traj": 5,
}
"""What jq counts: `.trajectory | length`, or answers in a history that stands alone."""


def only(path: Path) -> Run:
    [run] = read_runs(path)
    return run


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


@pytest.mark.parametrize(("name", "turns"), TURNS.items(), ids=TURNS.keys())
def test_each_turn_is_an_answer_with_one_call_and_its_observation(
    corpus: Path, name: str, turns: int
) -> None:
    path = corpus / "swe-agent" / name
    assert mutants.claimed_by(path) == ["swe-agent"]
    run = only(path)
    document = json.loads(path.read_text("utf-8"))
    models = [step for step in run.steps if step.kind == "model"]
    tools = [step for step in run.steps if step.kind == "tool"]
    assert (len(models), len(tools)) == (turns, turns)
    assert [tool.caller for tool in tools] == [model.position for model in models]
    for turn, model, tool in zip(
        document.get("trajectory", ()), models, tools, strict=False
    ):
        assert text(run, model.output) == turn["response"]
        assert text(run, tool.output) == turn["observation"]
    assert (run.start_ns, run.end_ns) == (None, None)
    assert all(step.usage is None and step.tools is None for step in run.steps)


def test_what_was_spent_on_the_whole_run_is_a_label(corpus: Path) -> None:
    run = only(corpus / "swe-agent" / "swe-agent__test-repo-i1.traj")
    labels = dict(run.labels)
    spent = {key: labels[key] for key in ("instance_cost", "tokens_sent", "api_calls")}
    assert spent == {
        "instance_cost": "0.53839",
        "tokens_sent": "52861",
        "api_calls": "5",
    }
    assert [s.name for s in run.steps if s.kind == "system"] == ["", "demonstration"]
    assert run.status == "ok"


def test_a_window_is_the_prompt_with_the_observations_that_were_left_out(
    corpus: Path,
) -> None:
    path = (
        corpus
        / "swe-agent"
        / "marshmallow-1867.function_calling_replace_from_source.traj"
    )
    run = only(path)
    contexts = [s.context for s in run.steps if s.kind == "model"]
    assert all(context and context.basis == "recorded" for context in contexts)
    seventh = contexts[6]
    assert seventh is not None
    said = [text(run, message.content) or "" for message in seventh.add]
    assert any(part.startswith("Old environment output: (7 lines") for part in said)


def test_ids_that_calls_share_are_told_apart(corpus: Path) -> None:
    run = only(corpus / "swe-agent" / "marshmallow-1867.function_calling.traj")
    ids = [call.id for step in run.steps for call in step.calls]
    assert len(set(ids)) == len(ids) == 11
    assert {p.what for p in run.problems} == {"a call id is used twice"}


def test_state_changes_where_it_is_another_than_before(corpus: Path) -> None:
    run = only(corpus / "swe-agent" / "marshmallow-1867.default.traj")
    first, second, third = [s for s in run.steps if s.kind == "tool"][:3]
    assert [change.path for change in first.state] == ["open_file", "working_dir"]
    assert second.state == ()
    assert [change.path for change in third.state] == ["open_file"]


def test_of_several_attempts_those_that_were_not_chosen_are_abandoned() -> None:
    run = only(RETRY)
    attempts = [step for step in run.steps if step.kind == "agent"]
    assert [(step.name, step.abandoned) for step in attempts] == [
        ("attempt 1", True),
        ("attempt 2", False),
    ]
    inside = [s.abandoned for s in run.steps if s.parent == attempts[0].position]
    assert inside
    assert all(inside)
    [decision] = [s.decision for s in run.steps if s.decision is not None]
    chosen = [(o.name, o.chosen, o.score) for o in decision.options]
    assert chosen == [("attempt 1", False, 1.0), ("attempt 2", True, 2.0)]
    assert text(run, decision.rationale) == "The second passes."
    assert (run.status, run.task, dict(run.labels)["instance_cost"]) == (
        "ok",
        "Fix the bug.",
        "1.5",
    )
    assert run.outcome is not None
    assert text(run, run.outcome.answer) == "patch 2"


def test_an_answer_that_is_not_in_the_history_was_not_used() -> None:
    run = only(RETRY)
    unused = [s for s in run.steps if s.kind == "model" and s.status == "error"]
    assert [text(run, step.output) for step in unused] == ["No command here"] * 2
    assert all(step.abandoned and not step.calls for step in unused)
    first = next(s for s in run.steps if s.kind == "model")
    assert text(run, first.reasoning) == "Look first."
    tool = next(s for s in run.steps if s.kind == "tool")
    assert (tool.start_ns, tool.end_ns) == (None, None)
    assert run.contents.value(first.details or 0)["execution_time"] == 0.25


ENDS = {
    "submitted": "ok",
    "submitted (exit_cost)": "incomplete",
    "exit_context": "incomplete",
    "exit_forfeit": "error",
    "": "unknown",
}


@pytest.mark.parametrize(("said", "status"), ENDS.items(), ids=ENDS.keys())
def test_a_status_is_what_the_exit_status_says(said: str, status: str) -> None:
    turn = {"action": "ls", "observation": "a", "thought": "Look.", "response": "Look."}
    document = {"trajectory": [turn], "history": [], "info": {"exit_status": said}}
    [run] = mutants.runs_of(swe_agent, document)
    assert run.status == status


def test_a_trajectory_without_its_history_is_read_all_the_same() -> None:
    turn = {"action": "cat a b", "observation": "x", "thought": "t", "response": "t"}
    [run] = mutants.runs_of(swe_agent, {"trajectory": [turn, turn]})
    kinds = [(s.kind, s.name, s.status) for s in run.steps]
    assert kinds == [("model", "", "ok"), ("tool", "cat", "ok")] * 2


def test_any_part_of_a_trajectory_may_be_of_any_type() -> None:
    value: Any = json.loads(RETRY.read_text("utf-8"))
    value["attempts"] = value["attempts"][:1]
    value["replay_config"] = {"agent": {"model": {"name": "m"}}}
    assert mutants.withstands(swe_agent, value) > 1000
