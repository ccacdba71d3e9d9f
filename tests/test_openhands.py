"""OpenHands events of both versions become answers, calls, results and decisions."""

import json
from pathlib import Path
from typing import Any

import pytest

import mutants
from samples import ROOT, read_runs
from whypath.derive.windows.context import find_contexts, window
from whypath.model import Run, Step
from whypath.readers import openhands, openhands_sdk

TRACES = ROOT / "tests" / "traces"
EVENTS = TRACES / "openhands" / "events.json"
OLD = TRACES / "openhands" / "old_output.jsonl"
SDK = TRACES / "openhands-sdk" / "events.jsonl"
CLAIMED = {
    "openhands-v0/basic.json": "openhands",
    "openhands-v0/basic_gui_mode.json": "openhands",
    "openhands-v0/output.jsonl": "openhands",
    "openhands-v0/wrong_initial_state.json": "openhands",
    "openhands-v1/events.jsonl": "openhands-sdk",
    "letta-pairs/openhands/cleanup.input.json": "openhands-sdk",
    "letta-pairs/openhands/tool-calls.input.json": "openhands-sdk",
}


def only(path: Path) -> Run:
    [run] = read_runs(path)
    return run


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def tools(run: Run) -> list[tuple[str, str | None, str, str | None]]:
    found = [step for step in run.steps if step.kind == "tool"]
    return [(s.name, text(run, s.output), s.status, s.error) for s in found]


def spent(run: Run) -> tuple[int, int, float]:
    usages = [step.usage for step in run.steps if step.usage is not None]
    return (
        sum(usage.input_tokens or 0 for usage in usages),
        sum(usage.output_tokens or 0 for usage in usages),
        sum(usage.cost_usd or 0 for usage in usages),
    )


def named(run: Run, name: str) -> Step:
    return next(step for step in run.steps if step.name == name)


@pytest.mark.parametrize(("name", "format"), CLAIMED.items(), ids=CLAIMED.keys())
def test_each_version_has_its_reader(corpus: Path, name: str, format: str) -> None:
    assert mutants.claimed_by(corpus / name) == [format]


def test_each_line_of_an_evaluation_is_a_run_that_spent_what_its_metrics_say(
    corpus: Path,
) -> None:
    path = corpus / "openhands-v0" / "output.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    runs = read_runs(path)
    assert [run.id for run in runs] == [row["instance_id"] for row in rows]
    for run, row in zip(runs, rows, strict=True):
        counted = row["metrics"]["accumulated_token_usage"]
        assert spent(run)[:2] == (
            counted["prompt_tokens"],
            counted["completion_tokens"],
        )
        called = [e for e in row["history"] if "action" in e and "llm_metrics" in e]
        assert sum(len(step.calls) for step in run.steps) == len(called)
        assert (run.task, run.agent) == (row["instruction"], "CodeActAgent")
        answers = [step for step in run.steps if step.kind == "model"]
        assert {len(step.tools or ()) for step in answers} == {4}
        assert all(step.status != "unset" for step in run.steps)
    assert [run.status for run in runs] == ["ok", "ok", "error"]


@pytest.mark.parametrize("name", ["basic", "basic_gui_mode", "wrong_initial_state"])
def test_a_trajectory_counts_the_tokens_of_each_response_once(
    corpus: Path, name: str
) -> None:
    path = corpus / "openhands-v0" / f"{name}.json"
    responses = {}
    for event in json.loads(path.read_text("utf-8")):
        response = event.get("tool_call_metadata", {}).get("model_response")
        if response:
            responses[response["id"]] = response["usage"]
    wanted = [sum(u[f"{k}_tokens"] for u in responses.values()) for k in WAYS]
    assert list(spent(only(path))[:2]) == wanted


WAYS = ("prompt", "completion")


def test_one_answer_with_two_calls_is_one_step_and_results_go_by_their_cause() -> None:
    run = only(EVENTS)
    answer = next(step for step in run.steps if step.kind == "model")
    assert (text(run, answer.output), text(run, answer.reasoning)) == (
        "say r1",
        "think r1",
    )
    assert [tool.name for tool in answer.tools or ()] == ["execute_bash", "delegate_to"]
    assert tools(run)[:3] == [
        ("execute_bash", "a b", "ok", None),
        ("execute_bash", "/w", "ok", None),
        ("execute_bash", "Not that one", "error", "Not that one"),
    ]
    first = next(step for step in run.steps if step.kind == "tool")
    assert run.contents.value(first.details or 0)["security_risk"] == "LOW"
    ids = [call.id for step in run.steps for call in step.calls]
    assert len(set(ids)) == len(ids)


def test_what_a_failed_answer_spent_is_with_its_error() -> None:
    run = only(EVENTS)
    error = next(step for step in run.steps if step.kind == "error")
    assert error.usage is not None
    assert (error.usage.input_tokens, error.usage.output_tokens) == (50, 5)
    assert spent(run) == (650, 65, 2.0)


def test_a_rejected_action_is_a_recorded_decision() -> None:
    for path, reason in ((EVENTS, "Not that one"), (SDK, "Keep it.")):
        run = only(path)
        [decision] = [s.decision for s in run.steps if s.decision is not None]
        assert [(o.name, o.chosen, o.reason) for o in decision.options] == [
            ("confirm", False, None),
            ("reject", True, reason),
        ]


def test_a_delegates_events_stand_under_the_call_that_started_it() -> None:
    run = only(EVENTS)
    call = named(run, "delegate_to")
    inside = [step for step in run.steps if step.parent == call.position]
    assert [(s.kind, s.agent) for s in inside] == [
        ("model", "BrowsingAgent"),
        ("model", "BrowsingAgent"),
        ("tool", "BrowsingAgent"),
    ]
    assert text(run, call.output) == "two"
    assert (run.status, run.outcome) == ("error", None)


@pytest.mark.parametrize(
    ("path", "head"), [(EVENTS, ["You are an agent.", "Tidy up."]), (SDK, None)]
)
def test_after_a_condensation_the_context_has_a_summary_for_what_was_forgotten(
    path: Path, head: list[str] | None
) -> None:
    run = only(path)
    after = named(run, "summary of forgotten events").position
    answer = next(s for s in run.steps if s.kind == "model" and s.position > after)
    messages = window(find_contexts(run), answer.position)
    said = [text(run, message.content) for message in messages]
    assert said == [*(head or ["You help.\nToday.", "Tidy up."]), "Looked around."]
    assert named(run, "condensation").resets_context


def test_what_a_condensation_leaves_at_the_end_stands_behind_its_summary(
    tmp_path: Path,
) -> None:
    events = json.loads(EVENTS.read_text("utf-8"))
    events[9]["args"]["forgotten_events_end_id"] = 6
    path = tmp_path / "events.json"
    path.write_text(json.dumps(events), "utf-8")
    run = only(path)
    after = named(run, "summary of forgotten events").position
    answer = next(s for s in run.steps if s.kind == "model" and s.position > after)
    kinds = [m.kind for m in window(find_contexts(run), answer.position)]
    assert kinds == [*["text"] * 4, "call", "result"]


def test_of_the_sdk_too_the_latest_events_are_kept(tmp_path: Path) -> None:
    events = [json.loads(line) for line in SDK.read_text("utf-8").splitlines()]
    at = next(n for n, e in enumerate(events) if e["kind"] == "Condensation")
    content = [{"type": "text", "text": "Wait."}]
    message = {"role": "user", "content": content}
    wait = {**events[1], "id": "wait", "llm_message": message}
    path = tmp_path / "events.jsonl"
    rows = [*events[:at], wait, *events[at:]]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    run = only(path)
    after = named(run, "summary of forgotten events").position
    answer = next(s for s in run.steps if s.kind == "model" and s.position > after)
    seen = window(find_contexts(run), answer.position)
    assert [text(run, m.content) for m in seen][-2:] == ["Looked around.", "Wait."]


def test_pairs_of_an_action_and_its_observation_are_read_as_of_old() -> None:
    run, failed = read_runs(OLD)
    assert (run.id, failed.id) == ("x__y-1", "x__y-1-2")
    assert tools(run) == [("run", "a", "ok", None), ("finish", None, "ok", None)]
    assert (run.status, run.outcome and run.outcome.note) == ("ok", "resolved: true")
    assert (failed.status, failed.steps[0].error) == ("error", "Timeout: too slow")
    assert spent(run)[2] == 0.125


def test_a_session_in_many_files_is_read_in_the_order_of_its_ids(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "session-1" / "events"
    folder.mkdir(parents=True)
    for event in json.loads(EVENTS.read_text("utf-8")):
        (folder / f"{event['id']}.json").write_text(json.dumps(event), "utf-8")
    whole = only(EVENTS)
    for source in (folder, folder / "10.json"):
        run = only(source)
        assert run.id == "session-1"
        assert [(s.kind, s.name, s.error) for s in run.steps] == [
            (s.kind, s.name, s.error) for s in whole.steps
        ]


def test_events_of_the_sdk_in_many_files_are_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "conversation-1" / "events"
    folder.mkdir(parents=True)
    lines = SDK.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        (folder / f"event-{number:05}-x.json").write_text(line, "utf-8")
    (tmp_path / "list.json").write_text(f'{{"items": [{",".join(lines)}]}}', "utf-8")
    whole = only(SDK)
    for source in (folder, folder / "event-00003-x.json", tmp_path / "list.json"):
        run = only(source)
        assert run.id in ("conversation-1", "list")
        assert [(s.kind, s.key) for s in run.steps] == [
            (s.kind, s.key) for s in whole.steps
        ]


def test_calls_that_share_a_response_of_the_sdk_are_one_step() -> None:
    run = only(SDK)
    answer = next(step for step in run.steps if step.kind == "model")
    assert [call.id for call in answer.calls] == ["c1", "c2"]
    assert [tool.name for tool in answer.tools or ()] == ["terminal", "finish"]
    assert (text(run, answer.reasoning), answer.model) == ("Look first.", "m-1")
    assert tools(run) == [
        ("terminal", "a", "ok", None),
        ("terminal", "Keep it.", "error", "Keep it."),
        ("terminal", "Sandbox is gone\nsorry", "error", "Sandbox is gone"),
    ]
    tool = next(step for step in run.steps if step.kind == "tool")
    assert run.contents.value(tool.details or 0)["security_risk"] == "HIGH"
    assert (run.status, run.steps[-3].error) == ("error", "Too many steps")


def final_counts(path: Path) -> tuple[int, int, float]:
    """The last count of each use of a model, added up."""
    last: dict[str, Any] = {}
    for line in path.read_text("utf-8").splitlines():
        event = json.loads(line)
        value = event.get("value")
        if event.get("key") == "full_state":
            value = value["stats"]
        if isinstance(value, dict):
            last.update(value.get("usage_to_metrics", {}))
    tokens = [use["accumulated_token_usage"] for use in last.values()]
    return (
        sum(t["prompt_tokens"] for t in tokens),
        sum(t["completion_tokens"] for t in tokens),
        sum(use["accumulated_cost"] for use in last.values()),
    )


def test_what_the_sdk_counted_is_spent_once(corpus: Path) -> None:
    for path in (SDK, corpus / "openhands-v1" / "events.jsonl"):
        assert spent(only(path)) == final_counts(path)
    condensed = named(only(SDK), "condensation").usage
    assert condensed is not None
    assert condensed.input_tokens == 40


def test_any_part_of_the_events_may_be_of_any_type() -> None:
    events = json.loads(EVENTS.read_text("utf-8"))
    for at in (0, 6, 9):
        assert mutants.withstands(openhands, events[at : at + 6]) > 500
    rows = [json.loads(line) for line in OLD.read_text("utf-8").splitlines()]
    assert mutants.withstands(openhands, rows[0]) > 500


def test_any_part_of_the_events_of_the_sdk_may_be_of_any_type() -> None:
    events = [json.loads(line) for line in SDK.read_text("utf-8").splitlines()]
    for at in (0, 4, 9, 13):
        assert mutants.withstands(openhands_sdk, events[at : at + 6]) > 500
