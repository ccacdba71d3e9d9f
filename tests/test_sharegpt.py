"""Rows of data sets become runs: ShareGPT, OpenThoughts-Agent, Agent Data Protocol."""

import json
from pathlib import Path

import pytest

import mutants
from samples import ROOT, read_runs
from whypath.model import Run
from whypath.readers import adp, sharegpt

ROWS = ROOT / "tests" / "traces" / "sharegpt" / "rows.jsonl"
ADP = ROOT / "tests" / "traces" / "adp" / "rows.jsonl"


def rows(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def test_a_call_in_a_turn_of_its_own_has_its_result_and_the_tools_on_offer() -> None:
    run = read_runs(ROWS)[0]
    assert [(s.kind, s.name) for s in run.steps] == [
        ("system", ""),
        ("user", ""),
        ("model", ""),
        ("tool", "weather"),
        ("model", ""),
    ]
    assert [tool.name for tool in run.steps[2].tools or ()] == ["weather", "clock"]
    assert run.contents.value(run.steps[3].input or 0) == {"city": "Oslo"}
    assert (run.id, dict(run.labels)) == ("weather", {"source": "made up"})


def test_the_commands_of_a_terminal_agent_are_a_call_and_the_screen_its_result() -> (
    None
):
    run = read_runs(ROWS)[1]
    user, answer, tool, last = run.steps
    assert text(run, answer.reasoning) == "Nothing is known yet.\n\nList them."
    commands = run.contents.value(tool.input or 0)["commands"]
    assert [command["keystrokes"] for command in commands] == ["ls\n"]
    assert text(run, tool.output) == "New Terminal Output:\na.txt"
    assert (last.calls, user.kind) == ((), "user")
    assert (run.id, run.status, run.agent, run.models) == (
        "list-files__a-episode-1",
        "ok",
        "terminus-2",
        ("small-1",),
    )


def test_a_speaker_that_is_not_known_is_shown_as_an_event() -> None:
    run = read_runs(ROWS)[2]
    assert [(s.kind, s.name) for s in run.steps][1] == ("event", "narrator")
    assert (run.id, len(run.problems)) == ("rows", 1)


def test_what_follows_an_action_of_the_protocol_is_its_result() -> None:
    [run] = read_runs(ADP)
    tools = [s for s in run.steps if s.kind == "tool"]
    assert [(s.name, text(run, s.output)) for s in tools] == [
        ("goto", "paragraph hi"),
        ("bash", "a.txt"),
    ]
    assert run.contents.value(tools[0].details or 0)["part_html"] == "<p>hi</p>"
    assert text(run, run.steps[-1].output) == "Done."
    assert [p.what for p in run.problems] == ["parts of class dance_action"]


CLAIMS = {
    "ShareGPT": ({"conversations": [{"from": "human", "value": "hi"}]}, True),
    "roles": ({"conversations": [{"role": "user", "content": "hi"}]}, True),
    "no turns": ({"conversations": []}, False),
    "other conversations": ({"conversations": [{"id": 1}]}, False),
    "messages": ({"messages": [{"role": "user", "content": "hi"}]}, False),
}


@pytest.mark.parametrize(("value", "ours"), CLAIMS.values(), ids=CLAIMS.keys())
def test_rows_are_known_by_their_turns(value: object, ours: bool) -> None:
    assert sharegpt.detect(mutants.sample_of(value)) is ours
    assert not adp.detect(mutants.sample_of(value))


def test_any_part_of_a_row_may_be_of_any_type() -> None:
    for row in rows(ROWS):
        assert mutants.withstands(sharegpt, row) > 80
    [row] = rows(ADP)
    assert mutants.withstands(adp, row) > 200


def test_ten_thousand_rows_without_ids_are_read_in_a_moment() -> None:
    row = {"conversations": [{"from": "human", "value": "hi"}]}
    runs = mutants.runs_of(sharegpt, [row] * 10_000)
    assert (len(runs), runs[-1].id) == (10_000, "stdin-10000")
