"""Chat messages in all their shapes become runs: each call with its own result."""

import io
import json
import time
from collections import Counter
from pathlib import Path

import pytest

from samples import read_runs
from whypath.builder import Builder
from whypath.model import Run, Step, Usage
from whypath.readers import chat
from whypath.records import Records

TRACES = Path(__file__).parent / "traces" / "chat"


def detects(value: object, *, lines: bool = False) -> bool:
    values = value if lines and isinstance(value, list) else [value]
    data = "\n".join(json.dumps(one) for one in values).encode()
    return chat.detect(Records(None, io.BytesIO(data)).sample())


def runs_of(value: object) -> tuple[Run, ...]:
    builder = Builder("chat")
    builder.reading("a.json")
    chat.read(Records(None, io.BytesIO(json.dumps(value).encode())), builder)
    return builder.finish()


def only(path: Path) -> Run:
    (run,) = read_runs(path, "chat")
    return run


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def kinds(run: Run) -> list[str]:
    return [step.kind for step in run.steps]


def tools(run: Run) -> list[tuple[str, str | None, str]]:
    steps = [step for step in run.steps if step.kind == "tool"]
    return [(step.name, text(run, step.output), step.status) for step in steps]


def whats(run: Run) -> dict[str, int]:
    return {problem.what: problem.count for problem in run.problems}


GUESSED = {"errors are not recorded": 1}
"""What a result that says itself that it is an error gives rise to."""

SAY = {"role": "user", "content": "hi"}
ANSWER = {"role": "assistant", "content": "hello"}

DECISIONS = {
    "a list of messages": ([SAY, ANSWER], True),
    "a list of conversations": ([{"messages": [SAY]}, {"messages": [SAY]}], True),
    "a list of lists": ([[SAY, ANSWER], [SAY]], True),
    "messages": ({"messages": [SAY, ANSWER], "tools": []}, True),
    "a request": ({"request": {"messages": [SAY]}, "response": {}}, True),
    "a batch line": ({"custom_id": "1", "body": {"messages": [SAY]}}, True),
    "tau-bench": ([{"task_id": 1, "trial": 0, "reward": 1, "traj": [SAY]}], True),
    "one tau-bench result": ({"task_id": 1, "reward": 0, "traj": []}, True),
    "a call without content": ([{"role": "assistant", "tool_calls": []}], True),
    "items of the Responses API": ([SAY, {"type": "function_call"}, ANSWER], True),
    "some noise among messages": ([SAY, 7, ANSWER], True),
    "nothing": ([], False),
    "no messages": ({"messages": []}, False),
    "tau2": ({"simulations": [{"messages": [SAY]}]}, False),
    "ShareGPT": ({"conversations": [{"from": "human", "value": "hi"}]}, False),
    "mini-swe-agent v2": (
        {"trajectory_format": "mini-swe-agent-1.1", "messages": [SAY]},
        False,
    ),
    "SWE-agent": ({"trajectory": [], "history": [SAY], "info": {}}, False),
    "Gemini CLI": ({"projectHash": "x", "messages": [{"type": "user"}]}, False),
    "OpenCode": ({"info": {}, "messages": [{"info": {}, "parts": []}]}, False),
    "Amp": ({"messages": [{"messageId": 0, **SAY}]}, False),
    "Pydantic AI": ([{"kind": "request", "parts": [{"content": "hi"}]}], False),
    "OpenHands": ([{"action": "message", "args": {"content": "hi"}}], False),
    "Magentic-One": ([{"role": "Orchestrator (thought)", "content": "x"}], False),
    "LangSmith": ({"runs": [{"inputs": {"messages": [SAY]}}]}, False),
    "a role of another type": ([{"role": ["user"], "content": "hi"}], False),
    "messages of another type": ({"messages": {"role": "user"}}, False),
    "a number": (7, False),
}

LINES = {
    "single messages": ([SAY, ANSWER], True),
    "a list on each line": ([[SAY, ANSWER], [SAY]], True),
    "messages on each line": ([{"messages": [SAY]}] * 3, True),
    "tau-bench results": ([{"reward": 1, "traj": [SAY]}] * 3, True),
    "a header before the messages": ([{"session": 1}, SAY, ANSWER], True),
    "Whypath's own messages": ([{"type": "message", **SAY}] * 3, False),
    "Cursor": ([{"role": "user", "message": {"content": []}}] * 3, False),
    "Claude Code": ([{"type": "user", "message": SAY}] * 3, False),
    "Codex": ([{"type": "response_item", "payload": SAY}] * 3, False),
    "Grok": ([{"type": "user", "content": "hi"}] * 3, False),
}


@pytest.mark.parametrize(("value", "ours"), DECISIONS.values(), ids=DECISIONS.keys())
def test_a_document_is_claimed_by_its_structure(value: object, ours: bool) -> None:
    assert detects(value) is ours


@pytest.mark.parametrize(("value", "ours"), LINES.values(), ids=LINES.keys())
def test_lines_are_claimed_by_most_of_them(value: object, ours: bool) -> None:
    assert detects(value, lines=True) is ours


CLAIMED = {
    "openai-chat/tau_airline_messages_only.jsonl",
    "tau-bench/gpt-4o-airline.first20.jsonl",
    "tau-bench/gpt-4o-airline.json",
    *(f"tau-bench/pairs/task13_trial{n}_reward{r}.json" for n, r in enumerate("0110")),
    *(f"tau-bench/pairs/task1_trial{n}_reward{r}.json" for n, r in enumerate("0100")),
}


def test_of_all_real_traces_only_chats_are_claimed(corpus: Path) -> None:
    packed = {".db", ".eval", ".tsv"}
    files = [f for f in corpus.rglob("*") if f.is_file() and f.suffix not in packed]
    assert len(files) > 220
    claimed = set()
    for file in files:
        records = Records(file)
        if chat.detect(records.sample()):
            claimed.add(file.relative_to(corpus).as_posix())
        records.close()
    assert claimed == CLAIMED


def test_parts_reasoning_and_parallel_calls_find_their_places() -> None:
    run = only(TRACES / "parts.json")
    assert kinds(run) == ["system", "user", "model", "tool", "tool", "model"]
    user, model = run.steps[1], run.steps[2]
    assert (user.name, text(run, user.output)) == ("ada", "What is in\nthis picture?")
    assert "image_url" in (text(run, user.details) or "")
    assert text(run, model.reasoning) == "I need the caption."
    assert model.output is None
    arguments = [run.contents.value(c.arguments or 0) for c in model.calls]
    assert arguments == [{"of": "picture"}, {"of": "frame"}]
    assert tools(run) == [
        ("caption", '{"error": "no caption"}', "error"),
        ("caption", "a wooden frame", "ok"),
    ]
    assert run.steps[3].error == "no caption"
    last = run.steps[5]
    assert (text(run, last.reasoning), text(run, last.output)) == (
        "It failed.",
        "A frame.",
    )
    assert run.contents.value(last.details or 0) == {"finish_reason": "stop"}
    assert (run.status, run.start_ns, run.models) == ("unknown", None, ())
    assert whats(run) == GUESSED


def test_calls_without_ids_are_paired_by_name_and_order() -> None:
    run = only(TRACES / "legacy.jsonl")
    assert kinds(run) == ["user", "model", "tool", "model", "tool", "model"]
    assert tools(run) == [
        ("weather", "Error: no such station", "error"),
        ("weather", "21", "ok"),
    ]
    assert [step.caller for step in run.steps if step.kind == "tool"] == [2, 4]
    assert whats(run) == GUESSED


def test_each_conversation_of_a_file_is_a_run_with_its_tools_and_model() -> None:
    first, second, third = read_runs(TRACES / "rows.jsonl", "chat")
    assert [run.id for run in (first, second, third)] == ["row-a", "rows", "rows-2"]
    model = first.steps[1]
    assert [tool.name for tool in model.tools or ()] == ["add", "sub"]
    assert (model.model, first.models) == ("small-1", ("small-1",))
    assert second.steps[2].tools is None
    assert kinds(third) == ["user", "model"]


def test_a_log_of_requests_is_one_run_with_the_windows_it_recorded() -> None:
    run, failed = read_runs(TRACES / "log.jsonl", "chat")
    assert kinds(run) == ["system", "user", "model", "tool", "model"]
    first, last = run.steps[2], run.steps[4]
    assert first.usage == Usage(20, 5, 8)
    assert (first.model, [t.name for t in first.tools or ()]) == ("m-2026", ["look"])
    assert first.context is not None
    assert last.context is not None
    assert (first.context.basis, len(first.context.add)) == ("recorded", 2)
    assert (last.context.base, last.context.keep) == (3, 2)
    assert [m.kind for m in last.context.add] == ["call", "result"]
    assert text(run, last.output) == "In the drawer."
    assert last.decision is not None
    assert [option.chosen for option in last.decision.options] == [False, False]
    assert run.labels == (("temperature", "0"),)
    assert (failed.id, failed.status) == ("b-2", "error")
    assert failed.steps[-1].error == "overloaded"


def test_anthropics_blocks_are_read_like_calls_and_results() -> None:
    run = only(TRACES / "anthropic.json")
    assert kinds(run) == ["system", "user", "model", "tool", "model"]
    assert text(run, run.steps[2].reasoning) == "ls will do."
    assert tools(run) == [("ls", "permission denied", "error")]
    assert run.models == ("claude-x",)


def test_items_of_the_responses_api_make_one_turn() -> None:
    run = only(TRACES / "responses.json")
    assert kinds(run) == ["user", "model", "tool", "model"]
    assert text(run, run.steps[1].reasoning) == "Ask the tool."
    assert tools(run) == [("weather", "rain", "ok")]
    assert text(run, run.steps[3].output) == "It rains."


def test_what_is_broken_is_reported_and_nothing_disappears() -> None:
    run = only(TRACES / "broken.json")
    assert tools(run) == [
        ("run", "1", "ok"),
        ("run", "2", "ok"),
        ("?", "", "ok"),
        ("(call not recorded)", "3", "ok"),
    ]
    assert text(run, run.steps[2].output) == '{"say": "b"}'
    assert run.steps[7].name == "critic"
    assert whats(run).keys() == {
        "a message that is no JSON object",
        "tool calls that cannot be read",
        "a call id is used twice",
        "a result names no call of the run",
        "a message with an unknown role",
        "a time that cannot be read",
        "a result has no call",
    }


def test_a_crash_of_the_benchmark_is_an_error_step() -> None:
    run = only(TRACES / "crashed.json")
    assert (run.id, run.status, kinds(run)) == (
        "task-7-trial-2",
        "error",
        ["error", "event"],
    )
    assert (run.steps[0].error, text(run, run.steps[0].output)) == (
        "rate limit",
        "Traceback ...",
    )
    assert run.outcome is not None
    assert run.outcome.reward == 0


ERRORS = {
    "a text that begins so": ({"content": "Error: no"}, "Error: no"),
    "an object with an error": ({"content": '{"error": {"message": "x"}}'}, "x"),
    "an error that is true": ({"content": {"error": True}}, "true"),
    "a flag": ({"content": "no", "is_error": True}, "no"),
    "a status": ({"content": "a\nb", "status": "error"}, "a"),
    "a flag and nothing said": ({"content": "", "is_error": True}, '""'),
    "no text that mentions one": ({"content": "No Error: found"}, None),
    "no error word in lower case": ({"content": "error: 3 lines match"}, None),
    "no empty error": ({"content": '{"error": "", "n": 1}'}, None),
    "no null error": ({"content": '{"error": null}'}, None),
    "no error inside": ({"content": '{"log": {"error": "x"}}'}, None),
    "no list": ({"content": '[{"error": "x"}]'}, None),
    "no traceback read from a file": ({"content": "Traceback (most recent"}, None),
}


@pytest.mark.parametrize(("message", "error"), ERRORS.values(), ids=ERRORS.keys())
def test_a_result_is_an_error_only_where_it_says_so(
    message: dict[str, object], error: str | None
) -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f"}}]}
    (run,) = runs_of([call, {"role": "tool", "tool_call_id": "1", **message}])
    tool = run.steps[1]
    assert (tool.status, tool.error) == ("ok" if error is None else "error", error)


USAGES = {
    "OpenAI": (
        {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 1},
            "cost": 0.5,
        },
        Usage(9, 2, 4, None, 1, 0.5),
    ),
    "Anthropic counts its cache apart": (
        {
            "input_tokens": 3,
            "output_tokens": 2,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 10,
        },
        Usage(113, 2, 100, 10),
    ),
    "of other types": ({"prompt_tokens": "9", "cost": []}, Usage()),
    "not recorded": (None, None),
    "no object": (7, None),
}


@pytest.mark.parametrize(("usage", "read"), USAGES.values(), ids=USAGES.keys())
def test_usage_is_what_was_recorded(usage: object, read: Usage | None) -> None:
    (run,) = runs_of([SAY, {**ANSWER, "usage": usage}])
    assert run.steps[1].usage == read


def test_times_are_taken_where_they_are_recorded() -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f"}}]}
    result = {"role": "tool", "tool_call_id": "1", "content": "x"}
    (run,) = runs_of(
        [{**call, "timestamp": 1783000001.5}, {**result, "timestamp": 1783000003}]
    )
    model, tool = run.steps
    assert (model.start_ns, model.end_ns) == (1783000001500000000, None)
    assert (tool.start_ns, tool.end_ns) == (model.start_ns, 1783000003000000000)


FOREIGN = [None, 7, True, "x", "", [], [7], {}, {"a": 1}, [[SAY]], [{"type": 7}]]
FIELDS = (
    *("role", "content", "tool_calls", "function_call", "name", "id", "usage"),
    *("tool_call_id", "reasoning", "thinking_blocks", "timestamp", "model", "type"),
)


@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool", "function"])
@pytest.mark.parametrize("field", FIELDS)
def test_any_field_may_have_any_type(role: str, field: str) -> None:
    for value in FOREIGN:
        message = {"role": role, "content": "x", field: value}
        runs_of([SAY, message, message, ANSWER])
        runs_of({"messages": [message], field: value, "tools": value})
        runs_of({"request": {"messages": value}, "response": {"choices": [value]}})
        runs_of({"traj": [message], "info": value, "reward": value, "task_id": value})


def test_ten_thousand_open_calls_are_paired_in_a_moment() -> None:
    calls = [{"function": {"name": "f"}} for _ in range(10_000)]
    results = [{"role": "tool", "name": "f", "content": str(n)} for n in range(10_000)]
    begun = time.process_time()
    (run,) = runs_of([{"role": "assistant", "tool_calls": calls}, *results])
    assert time.process_time() - begun < 5
    assert tools(run)[-1] == ("f", "9999", "ok")
    assert run.problems == ()


def counts(runs: tuple[Run, ...]) -> tuple[int, int, int]:
    """Messages, calls and errors, as jq counts them in the file."""
    steps: list[Step] = [step for run in runs for step in run.steps]
    return (
        sum(step.kind not in ("event", "tool") for step in steps)
        + sum(step.kind == "tool" and step.output is not None for step in steps),
        sum(len(step.calls) for step in steps),
        sum(step.kind == "tool" and step.status == "error" for step in steps),
    )


# What jq counts, for a document; for lines: jq -sc, and .messages where it has no .traj
# jq -c '[.[].traj[]] | [length, ([.[].tool_calls[]?] | length),
#   ([.[] | select(.role == "tool" and (.content | startswith("Error:")))] | length)]'
COUNTED = {
    "tau-bench/gpt-4o-airline.json": (200, (5308, 1164, 73)),
    "tau-bench/gpt-4o-airline.first20.jsonl": (20, (610, 123, 14)),
    "openai-chat/tau_airline_messages_only.jsonl": (10, (302, 58, 6)),
    "tau-bench/pairs/task13_trial0_reward0.json": (1, (58, 14, 6)),
    "tau-bench/pairs/task13_trial1_reward1.json": (1, (28, 5, 1)),
    "tau-bench/pairs/task13_trial2_reward1.json": (1, (46, 9, 4)),
    "tau-bench/pairs/task13_trial3_reward0.json": (1, (30, 7, 3)),
    "tau-bench/pairs/task1_trial0_reward0.json": (1, (12, 0, 0)),
    "tau-bench/pairs/task1_trial1_reward1.json": (1, (22, 5, 0)),
    "tau-bench/pairs/task1_trial2_reward0.json": (1, (20, 1, 0)),
    "tau-bench/pairs/task1_trial3_reward0.json": (1, (16, 0, 0)),
    "mini-swe-agent/github_issue.traj.json": (1, (22, 0, 0)),
    "mini-swe-agent/local.traj.json": (1, (6, 0, 0)),
}


@pytest.mark.parametrize(("name", "counted"), COUNTED.items(), ids=COUNTED.keys())
def test_real_traces_have_as_many_messages_calls_and_errors_as_jq_counts(
    corpus: Path, name: str, counted: tuple[int, tuple[int, int, int]]
) -> None:
    runs = read_runs(corpus / name, "chat")
    assert (len(runs), counts(runs)) == counted
    open_calls = [s for r in runs for s in r.steps if s.kind == "tool" and not s.caller]
    assert open_calls == []


def test_a_run_of_tau_bench_is_whole(corpus: Path) -> None:
    runs = read_runs(corpus / "tau-bench/gpt-4o-airline.json", "chat")
    assert {run.status for run in runs} == {"ok"}
    # jq '[.[].reward] | add'
    assert sum(run.outcome.reward or 0 for run in runs if run.outcome) == 84
    assert len({run.id for run in runs}) == 200
    # jq '.[] | select(.task_id == 1 and .trial == 0) | .traj[] | .role, .content'
    run = next(run for run in runs if run.id == "task-1-trial-0")
    assert kinds(run) == ["system", "user", *["model", "user"] * 5, "event"]
    assert (text(run, run.steps[11].output) or "").endswith("###STOP###")
    assert dict(run.labels) == {
        "task_id": "1",
        "trial": "0",
        "user_id": "olivia_gonzalez_2305",
    }
    assert (run.task or "").startswith("You are olivia_gonzalez_2305, you currently")
    assert run.outcome is not None
    assert (run.outcome.reward, run.outcome.note) == (0, "r_actions 0")
    assert run.contents.value(run.steps[12].output or 0)["source"] == "user"
    assert (run.models, run.start_ns, run.steps[2].tools) == ((), None, None)


def test_a_call_id_that_a_run_uses_twice_keeps_both_results(corpus: Path) -> None:
    runs = read_runs(corpus / "tau-bench/gpt-4o-airline.json", "chat")
    # jq '[.[] | [.traj[].tool_calls[]?.id] | length - (unique | length)] | add'
    told = Counter[str]()
    for run in runs:
        told.update(whats(run))
    assert told == {"a call id is used twice": 73, "errors are not recorded": 73}
    run = next(run for run in runs if run.id == "task-0-trial-0")
    called = [step for step in run.steps if step.kind == "tool"]
    assert len({step.key for step in called}) == len(called)
    assert all(step.output is not None and step.caller for step in called)


def test_four_megabytes_are_read_in_half_a_second(corpus: Path) -> None:
    records = Records(corpus / "tau-bench/gpt-4o-airline.json")
    builder = Builder("chat")
    builder.reading(records.name)
    begun = time.process_time()
    chat.read(records, builder)
    assert time.process_time() - begun < 0.5
