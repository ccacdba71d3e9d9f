"""A tau2-bench simulation becomes a dialogue of two sides that both may call tools."""

import json
from pathlib import Path

import pytest

import mutants
from samples import ROOT, read_runs
from whypath.model import Run
from whypath.readers import tau2

PHONE = ROOT / "tests" / "traces" / "tau2-bench" / "phone.json"
VOICE = ROOT / "tests" / "traces" / "tau2-bench" / "voice.json"
CALL = "49b22f0c-4a56-41c5-922f-bc2a56e53a23.json"


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def test_both_sides_call_tools_and_each_call_has_its_own_result() -> None:
    run, _ = read_runs(PHONE)
    found = [
        (s.agent, s.name, text(run, s.output), s.status)
        for s in run.steps
        if s.kind == "tool"
    ]
    assert found == [
        (None, "look_up", '{"line": 1}', "ok"),
        (None, "look_up", "No such line", "error"),
        ("user", "toggle_airplane_mode", "Airplane mode is off", "ok"),
    ]
    callers = [run.step(s.caller or 0).kind for s in run.steps if s.kind == "tool"]
    assert callers == ["model", "model", "user"]
    assert {p.what for p in run.problems} == {"times without a zone"}


def test_what_both_sides_spent_is_what_the_simulation_adds_up() -> None:
    simulation = json.loads(PHONE.read_text("utf-8"))["simulations"][0]
    run, _ = read_runs(PHONE)
    usages = [s.usage for s in run.steps if s.usage is not None]
    told = [m["usage"] for m in simulation["messages"] if "usage" in m]
    assert sum(u.cost_usd or 0 for u in usages) == (
        simulation["agent_cost"] + simulation["user_cost"]
    )
    assert sum(u.input_tokens or 0 for u in usages) == sum(
        u["prompt_tokens"] for u in told
    )
    assert {s.model for s in run.steps if s.kind == "model"} == {"agent-model"}
    assert {s.model for s in run.steps if s.kind == "user"} == {"user-model"}


def test_a_run_ends_as_its_termination_and_reward_say() -> None:
    run, failed = read_runs(PHONE)
    assert (run.id, run.status, run.task) == (
        "sim-1",
        "ok",
        "My phone has no network.",
    )
    assert run.outcome is not None
    assert (run.outcome.reward, run.outcome.note) == (0, "DB 1, ENV_ASSERTION 0")
    answer = next(s for s in run.steps if s.kind == "model")
    assert [tool.name for tool in answer.tools or ()] == ["look_up", "refund"]
    last = run.contents.value(run.steps[-1].details or 0)
    assert "evaluation_criteria" in last["task"]
    assert (failed.id, failed.status) == ("sim-2", "error")


def test_ticks_in_a_row_in_which_one_side_speaks_are_one_step() -> None:
    [run] = read_runs(VOICE)
    said = [(s.kind, text(run, s.output)) for s in run.steps if s.kind != "event"]
    assert said == [
        ("model", "Hello."),
        ("user", "Hi there"),
        ("model", None),
        ("tool", "ok"),
        ("model", "Done."),
    ]
    first, second = run.steps[:2]
    assert (first.start_ns, first.end_ns) < (second.start_ns, second.end_ns)
    usages = [s.usage for s in run.steps if s.usage is not None]
    assert sum(u.cost_usd or 0 for u in usages) == 3.0
    assert run.status == "incomplete"


def test_a_call_without_a_transcript_shows_who_spoke_when(corpus: Path) -> None:
    path = corpus / "tau2-bench" / CALL
    assert mutants.claimed_by(path) == ["tau2-bench"]
    [run] = read_runs(path)
    ticks = json.loads(path.read_text("utf-8"))["ticks"]
    for side, kind in (("agent", "model"), ("user", "user")):
        speaks = [tick[f"{side}_chunk"]["contains_speech"] for tick in ticks]
        begins = [now and not was for was, now in zip([False, *speaks], speaks)]  # noqa: B905
        assert sum(s.kind == kind for s in run.steps) == sum(begins)
    assert dict(run.labels)["ticks"] == "973"
    assert (run.status, len(run.problems)) == ("ok", 2)


def test_results_and_the_simulations_beside_them_are_read_together(
    corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "simulations"
    folder.mkdir()
    results = (corpus / "tau2-bench" / "voice_results.json").read_bytes()
    (tmp_path / "results.json").write_bytes(results)
    (folder / CALL).write_bytes((corpus / "tau2-bench" / CALL).read_bytes())
    assert mutants.claimed_by(tmp_path / "results.json") == ["tau2-bench"]
    [run] = read_runs(tmp_path / "results.json")
    assert run.steps[0].name == "policy"
    assert set(run.models) == {"openai:gpt-realtime-2", "gpt-4.1-2025-04-14"}
    assert dict(run.labels)["domain"] == "retail"


CLAIMS = {
    "one simulation": (
        {"task_id": "1", "messages": [], "termination_reason": "user_stop"},
        True,
    ),
    "messages alone": ({"task_id": "1", "messages": []}, False),
    "simulations alone": ({"simulations": []}, False),
    "a tau-bench result": ({"task_id": 1, "traj": [], "reward": 0}, False),
}


@pytest.mark.parametrize(("value", "ours"), CLAIMS.values(), ids=CLAIMS.keys())
def test_a_simulation_is_known_by_its_structure(value: object, ours: bool) -> None:
    assert tau2.detect(mutants.sample_of(value)) is ours


def test_any_part_of_a_simulation_may_be_of_any_type() -> None:
    assert mutants.withstands(tau2, json.loads(PHONE.read_text("utf-8"))) > 1000
    assert mutants.withstands(tau2, json.loads(VOICE.read_text("utf-8"))) > 500
