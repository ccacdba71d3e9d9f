"""Streams of headless Claude Code: no clock, partial counts, a result at the end."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, mutants, runs_of, sample_of
from samples import CORPUS, read_runs
from whypath.build import tell
from whypath.errors import TraceError
from whypath.model import Run, Step
from whypath.readers import claimants, stream_json

ACTION = CORPUS / "claude-stream-json" / "sample-turns.json"

INIT = {
    "type": "system",
    "subtype": "init",
    "cwd": "/w",
    "session_id": "s1",
    "tools": ["Task", "Bash", "Read"],
    "model": "big",
    "permissionMode": "default",
    "claude_code_version": "2.1.19",
    "uuid": "i1",
}


def said(
    id: str, *blocks: Any, uuid: str, parent: str | None = None, out: int = 1
) -> dict[str, Any]:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": out}
    message = {"id": id, "role": "assistant", "model": "big", "content": [*blocks]}
    return {
        "type": "assistant",
        "message": {**message, "usage": usage},
        "parent_tool_use_id": parent,
        "session_id": "s1",
        "uuid": uuid,
    }


def sent(*blocks: Any, uuid: str, parent: str | None = None) -> dict[str, Any]:
    return {
        "type": "user",
        "message": {"role": "user", "content": [*blocks]},
        "parent_tool_use_id": parent,
        "session_id": "s1",
        "uuid": uuid,
    }


def use(id: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


def back(id: str, text: str, *, failed: bool = False) -> dict[str, Any]:
    shown = {"type": "tool_result", "tool_use_id": id, "content": text}
    return {**shown, "is_error": failed}


def piece(**event: Any) -> dict[str, Any]:
    row = {"type": "stream_event", "parent_tool_use_id": None, "session_id": "s1"}
    return {**row, "event": event}


def ended(subtype: str = "success", **fields: Any) -> dict[str, Any]:
    return {
        "type": "result",
        "subtype": subtype,
        "is_error": subtype != "success",
        "duration_ms": 10,
        "num_turns": 2,
        "session_id": "s1",
        "uuid": "r1",
        **fields,
    }


ASK = use("t1", "Task", prompt="Look", subagent_type="Explore")
HARM = use("t2", "Bash", command="rm -rf /")
WHOLE = (
    INIT,
    piece(type="message_start", message={"id": "m1", "usage": {"input_tokens": 10}}),
    said("m1", {"type": "thinking", "thinking": "Hm", "signature": "x"}, uuid="a1"),
    said("m1", ASK, uuid="a2"),
    piece(type="message_delta", usage={"output_tokens": 40}),
    sent({"type": "text", "text": "Look"}, uuid="u1", parent="t1"),
    said("m2", HARM, uuid="a3", parent="t1"),
    sent(back("t2", "Not granted", failed=True), uuid="u2", parent="t1"),
    sent(back("t1", "Nothing"), uuid="u3"),
    said("m3", {"type": "text", "text": "Done."}, uuid="a4", out=3),
    ended(
        result="Done.",
        total_cost_usd=0.5,
        usage={"input_tokens": 9},
        modelUsage={
            "big": {"inputTokens": 25, "outputTokens": 50, "cacheReadInputTokens": 10},
            "small": {"inputTokens": 20, "outputTokens": 6},
        },
        permission_denials=[
            {"tool_name": "Bash", "tool_use_id": "t2", "tool_input": HARM["input"]}
        ],
    ),
)


def one(*rows: Any) -> Run:
    (run,) = runs_of(stream_json, *rows)
    return run


def named(run: Run, name: str) -> Step:
    (step,) = (step for step in run.steps if step.name == name)
    return step


def problems(run: Run) -> dict[str, int]:
    return {p.what: p.count for p in run.problems}


def tokens(run: Run) -> tuple[int, int]:
    used = [step.usage for step in run.steps if step.usage is not None]
    return (
        sum(u.input_tokens or 0 for u in used),
        sum(u.output_tokens or 0 for u in used),
    )


def test_the_actions_file_is_claimed_by_this_reader_alone(corpus: Path) -> None:
    assert claimed_by(ACTION) == ["claude-stream-json"]


def test_the_actions_file_is_one_run_with_its_cost_and_its_answer(corpus: Path) -> None:
    rows = json.loads(ACTION.read_bytes())
    usages = [r["message"]["usage"] for r in rows if r["type"] == "assistant"]
    [run] = read_runs(ACTION)
    assert [step.kind for step in run.steps] == [
        "event",
        *["model", "tool"] * 3,
        "model",
        "event",
    ]
    assert tokens(run) == (
        sum(u["input_tokens"] + u["cache_read_input_tokens"] for u in usages),
        sum(u["output_tokens"] for u in usages),
    )
    assert tell(run).totals.cost_usd == rows[-1]["total_cost_usd"]
    assert run.outcome is not None
    assert run.contents.text(run.outcome.answer or 0) == rows[-1]["result"]
    assert run.start_ns is None
    assert run.problems == ()


def test_a_stream_and_the_list_of_its_rows_say_the_same() -> None:
    stream, array = one(*WHOLE), one([*WHOLE])
    assert [(s.kind, s.name, s.key) for s in stream.steps] == [
        (s.kind, s.name, s.key) for s in array.steps
    ]


def test_the_tools_of_the_start_are_what_the_main_model_could_have_called() -> None:
    run = one(*WHOLE)
    models = [step for step in run.steps if step.kind == "model"]
    offered = [s.tools and [tool.name for tool in s.tools] for s in models]
    assert offered == [["Task", "Bash", "Read"], None, ["Task", "Bash", "Read"]]
    options = [o.name for o in tell(run).decisions[models[0].position].options]
    assert options == ["Task", "Bash", "Read"]


def test_rows_that_name_a_call_are_of_the_sub_agent_that_it_started() -> None:
    run = one(*WHOLE)
    inner = [step for step in run.steps if step.thread == "t1"]
    assert [step.kind for step in inner] == ["user", "model", "tool"]
    assert {step.parent for step in inner} == {named(run, "Task").position}
    assert {step.agent for step in inner} == {"Explore"}


def test_a_sub_agents_row_may_come_first() -> None:
    run = one(*WHOLE[5:])
    assert run.id == "s1"
    inner = [step.kind for step in run.steps if step.thread == "t1"]
    assert inner == ["user", "model", "tool"]


def test_totals_are_those_of_the_result_and_nothing_is_counted_twice() -> None:
    run = one(*WHOLE)
    assert tokens(run) == (55, 56)
    models = [s.usage.output_tokens for s in run.steps if s.kind == "model" and s.usage]
    assert models == [40, 1, 3]
    rest = named(run, "result").usage
    assert rest is not None
    assert (rest.output_tokens, rest.cost_usd) == (12, 0.5)
    assert "tokens that no message counts" in problems(run)


@pytest.mark.parametrize(
    ("costs", "total"),
    [((0.5, 0.8), 0.8), ((0.8, 0.5), 1.3)],
    ids=["one_process", "two_processes"],
)
def test_results_of_one_process_are_running_totals(
    costs: tuple[float, float], total: float
) -> None:
    turns = [
        row
        for number, cost in enumerate(costs)
        for row in (
            said(f"m{number}", {"type": "text", "text": "x"}, uuid=f"a{number}"),
            ended(uuid=f"r{number}", total_cost_usd=cost),
        )
    ]
    run = one(INIT, *turns)
    assert tell(run).totals.cost_usd == pytest.approx(total)
    kinds = [step.kind for step in run.steps]
    assert kinds == ["event", "model", "event", "model", "event"]


def test_a_call_that_was_denied_is_a_recorded_decision() -> None:
    run = one(*WHOLE)
    decision = named(run, "Bash").decision
    assert decision is not None
    assert decision.basis == "recorded"
    assert [(o.name, o.chosen) for o in decision.options] == [
        ("allow", False),
        ("deny", True),
    ]


def test_a_denied_call_that_is_not_in_the_stream_is_a_step_of_its_own() -> None:
    denied = {"tool_name": "Bash", "tool_use_id": "gone", "tool_input": {"command": 1}}
    run = one(INIT, ended(permission_denials=[denied]))
    step = named(run, "permission")
    assert step.kind == "decision"
    assert step.decision is not None


@pytest.mark.parametrize(
    ("row", "status", "error"),
    [
        (ended(result="ok"), "ok", None),
        (ended("error_max_turns"), "error", "error_max_turns"),
        (ended("error_during_execution", errors=["Boom\nat"]), "error", "Boom"),
        (
            ended(result="API Error: 500") | {"is_error": True},
            "error",
            "API Error: 500",
        ),
    ],
    ids=["success", "turns", "execution", "api"],
)
def test_the_result_says_how_the_run_ended(
    row: dict[str, Any], status: str, error: str | None
) -> None:
    run = one(INIT, row)
    assert run.status == status
    assert named(run, "result").error == error


def test_a_compaction_begins_a_new_context() -> None:
    metadata = {"trigger": "auto", "pre_tokens": 100}
    boundary = {**INIT, "subtype": "compact_boundary", "uuid": "c"}
    del boundary["tools"]
    run = one(INIT, boundary | {"compact_metadata": metadata})
    step = named(run, "compaction")
    assert step.resets_context
    assert run.contents.value(step.details or 0)["compact_metadata"] == metadata


def test_a_log_of_a_build_may_hold_other_lines(tmp_path: Path) -> None:
    noise = ["Run the action", "[INFO] starting", "[entrypoint", "123", "exit 0", ""]
    lines = [*noise[:4], *(json.dumps(row) for row in WHOLE), *noise[4:]]
    path = tmp_path / "build.log.jsonl"
    path.write_text("\n".join(lines))
    assert claimed_by(path) == ["claude-stream-json"]
    [run] = read_runs(path)
    assert len(run.steps) == len(one(*WHOLE).steps)
    assert "a row that is no object" in problems(run)


def test_a_stream_that_was_cut_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in WHOLE)[:-40])
    [run] = read_runs(path)
    assert run.status == "unknown"
    assert any(p.level == "loss" for p in run.problems)


def test_an_error_that_stands_for_an_answer_is_an_error() -> None:
    row = said("m1", {"type": "text", "text": "API Error"}, uuid="a1")
    run = one(INIT, {**row, "error": "rate_limit"})
    assert [(s.kind, s.error) for s in run.steps][1:] == [("error", "rate_limit")]


def test_a_row_of_another_assistants_stream_is_not_claimed() -> None:
    init = {k: v for k, v in INIT.items() if k != "tools"}
    rows = [init, {"type": "tool_call", "subtype": "started", "session_id": "s"}]
    assert claimants(sample_of(*rows)) == []


def test_messages_without_ids_are_steps_of_their_own(tmp_path: Path) -> None:
    rows = [
        {"type": "assistant", "message": {"role": "assistant", "content": text}}
        for text in ("One", "Two")
    ]
    run = one([INIT, *rows])
    assert [s.kind for s in run.steps] == ["event", "model", "model"]


def test_no_value_of_another_type_stops_the_reader() -> None:
    for number, record in enumerate(WHOLE):
        for mutant in mutants(record):
            try:
                runs_of(stream_json, *WHOLE[:number], mutant, *WHOLE[number + 1 :])
            except TraceError:
                continue
