"""A mini-swe-agent transcript becomes commands and what they led to."""

import json
from pathlib import Path

import pytest

import mutants
from samples import ROOT, read_runs
from whypath.readers import mini_swe_agent

V2 = ROOT / "tests" / "traces" / "mini-swe-agent" / "v2.traj.json"
BARE = {"github_issue.traj.json": (10, 2), "local.traj.json": (2, 0)}
"""Commands, and those whose return code is not 0 (grep -c '<returncode>[^0]')."""


@pytest.mark.parametrize(("name", "counted"), BARE.items(), ids=BARE.keys())
def test_in_a_bare_list_of_messages_commands_are_calls_with_results(
    corpus: Path, name: str, counted: tuple[int, int]
) -> None:
    path = corpus / "mini-swe-agent" / name
    assert mutants.claimed_by(path) == ["mini-swe-agent"]
    [run] = read_runs(path)
    messages = json.loads(path.read_text("utf-8"))
    tools = [step for step in run.steps if step.kind == "tool"]
    failed = [step for step in tools if step.status == "error"]
    assert (len(tools), len(failed)) == counted
    assert [run.contents.text(s.output or 0) for s in tools] == [
        message["content"] for message in messages[3::2]
    ]
    assert len(run.steps) == len(messages)
    assert {step.error for step in failed} <= {"exit code 1"}
    assert run.problems == ()


def test_a_document_of_version_2_has_times_costs_and_an_end() -> None:
    [run] = read_runs(V2)
    extras = [m.get("extra", {}) for m in json.loads(V2.read_text("utf-8"))["messages"]]
    usages = [step.usage for step in run.steps if step.usage is not None]
    spent = [e["response"]["usage"] for e in extras if "response" in e]
    assert sum(u.input_tokens or 0 for u in usages) == sum(
        u["prompt_tokens"] for u in spent
    )
    assert sum(u.cost_usd or 0 for u in usages) == sum(
        e["cost"] for e in extras if "cost" in e
    )
    assert usages[0].cache_read_tokens == 40
    tools = [(s.name, s.status, s.error) for s in run.steps if s.kind == "tool"]
    assert tools == [
        ("bash", "ok", None),
        ("bash", "error", "exit code 1"),
        ("bash", "error", "the command timed out"),
    ]
    first = next(s for s in run.steps if s.kind == "tool")
    assert (first.end_ns or 0) - (first.start_ns or 0) == 10**9
    assert (run.status, run.models) == ("ok", ("model-1-x", "model-1"))
    assert run.outcome is not None
    assert run.contents.text(run.outcome.answer or 0) == "done\n"
    asked = [s for s in run.steps if s.name == "FormatError"]
    assert [s.kind for s in asked] == ["user"]
    assert run.problems == ()


CLAIMS = {
    "version 1 with its name": ({"trajectory_format": "mini-swe-agent-1"}, True),
    "another format": ({"trajectory_format": "other", "messages": []}, False),
    "messages without observations": (
        [{"role": "user", "content": "<returncode>?"}, {"role": "assistant"}],
        False,
    ),
    "messages with tools": (
        [
            {"role": "user", "content": "a"},
            {"role": "tool", "content": "b"},
            {"role": "user", "content": "<returncode>0"},
        ],
        False,
    ),
}


@pytest.mark.parametrize(("value", "ours"), CLAIMS.values(), ids=CLAIMS.keys())
def test_a_transcript_is_known_by_its_observations(value: object, ours: bool) -> None:
    assert mini_swe_agent.detect(mutants.sample_of(value)) is ours


ENDS = {"Submitted": "ok", "LimitsExceeded": "incomplete", "ValueError": "error"}


@pytest.mark.parametrize(("said", "status"), ENDS.items(), ids=ENDS.keys())
def test_a_status_is_what_the_exit_status_says(said: str, status: str) -> None:
    info = {"exit_status": said}
    [run] = mutants.runs_of(mini_swe_agent, {"info": info, "messages": []})
    assert (run.status, run.steps[-1].status == "error") == (status, status == "error")


def test_any_part_of_a_transcript_may_be_of_any_type() -> None:
    value = json.loads(V2.read_text("utf-8"))
    assert mutants.withstands(mini_swe_agent, value) > 900
    assert mutants.withstands(mini_swe_agent, value["messages"]) > 700
