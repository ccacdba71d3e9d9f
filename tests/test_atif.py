"""ATIF trajectories become runs: sub-agents, continuations, and exact contexts."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from samples import CORPUS, read_runs
from whypath.builder import Builder
from whypath.derive.windows.context import find_contexts, window
from whypath.errors import TraceError
from whypath.model import Run, Step
from whypath.readers import atif, claimants
from whypath.records import Records

AGENT = {"name": "helper", "version": "1", "model_name": "m-1"}
SAY = {"step_id": 1, "source": "user", "message": "go"}


def trajectory(*steps: Any, **more: Any) -> dict[str, Any]:
    return {
        "schema_version": "ATIF-v1.7",
        "session_id": "s",
        "agent": AGENT,
        "steps": list(steps),
        **more,
    }


def agent(step_id: int, message: str = "", *names: str, **more: Any) -> dict[str, Any]:
    """A step of the agent that calls tools, with ids `c1`, `c2`, ..."""
    calls = [
        {"tool_call_id": f"c{n}", "function_name": name, "arguments": {"n": n}}
        for n, name in enumerate(names, start=1)
    ]
    step = {"step_id": step_id, "source": "agent", "message": message}
    return {**step, **({"tool_calls": calls} if calls else {}), **more}


def results(*items: Any) -> dict[str, Any]:
    """An observation; of a pair, the id of the call and the content."""
    return {
        "observation": {
            "results": [
                {"source_call_id": i[0], "content": i[1]} if isinstance(i, tuple) else i
                for i in items
            ]
        }
    }


def runs_of(*documents: Any) -> tuple[Run, ...]:
    data = "\n".join(json.dumps(one) for one in documents).encode()
    builder = Builder("atif")
    builder.reading("t.json")
    atif.read(Records(None, io.BytesIO(data)), builder)
    return builder.finish()


def run_of(*steps: Any, **more: Any) -> Run:
    (run,) = runs_of(trajectory(*steps, **more))
    return run


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def value(run: Run, number: int | None) -> Any:
    return None if number is None else run.contents.value(number)


def told(run: Run) -> list[tuple[str, str, str | None]]:
    return [(step.kind, step.name, text(run, step.output)) for step in run.steps]


def whats(run: Run) -> dict[str, int]:
    return {problem.what: problem.count for problem in run.problems}


def seen(run: Run, step: Step) -> list[tuple[str, str | None]]:
    messages = window(find_contexts(run), step.position)
    return [(m.role, text(run, m.content)) for m in messages]


@pytest.mark.parametrize(
    ("value", "is_ours"),
    [
        (trajectory(SAY), True),
        ([trajectory(SAY)], True),
        ({"parent": trajectory(SAY), "child": trajectory(SAY)}, True),
        ({"schema_version": "1.4", "agent": AGENT, "steps": [SAY]}, True),
        ({"schema_version": "ATOF-v1", "steps": []}, False),
        ({"agent": AGENT, "steps": [{"action": "x"}]}, False),
        ({"agent": "x", "steps": [SAY]}, False),
        ({"messages": [{"role": "user", "content": "x"}]}, False),
    ],
)
def test_a_trajectory_is_known_by_its_structure(value: Any, is_ours: bool) -> None:
    data = json.dumps(value).encode()
    assert atif.detect(Records(None, io.BytesIO(data)).sample()) is is_ours


def test_a_long_trajectory_is_known_though_its_version_stands_last() -> None:
    tools = [{"type": "function", "function": {"name": "x" * 70_000}}]
    value = {"agent": {**AGENT, "tool_definitions": tools}, "schema_version": "ATIF"}
    value["agent"] = {"name": "a", "version": "1", "tool_definitions": tools}
    data = json.dumps(value).encode()
    assert atif.detect(Records(None, io.BytesIO(data)).sample())


def test_steps_results_usage_and_tools_are_read() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "cached_tokens": 4,
        "cost_usd": 0.5,
        "logprobs": [-0.1],
        "prompt_token_ids": [1, 2],
        "extra": {"reasoning_tokens": 1, "cache_creation_input_tokens": 3},
    }
    tools = [{"type": "function", "function": {"name": "look"}}]
    step = agent(
        2,
        "so",
        "look",
        reasoning_content="why",
        metrics=usage,
        timestamp="2026-01-01T00:00:00Z",
        reasoning_effort="high",
        **results(("c1", [{"type": "text", "text": "seen"}])),
    )
    run = run_of(SAY, step, agent={**AGENT, "tool_definitions": tools}, notes="a note")
    assert told(run) == [
        ("user", "", "go"),
        ("model", "", "so"),
        ("tool", "look", "seen"),
    ]
    model, tool = run.steps[1:]
    assert text(run, model.reasoning) == "why"
    assert model.usage is not None
    assert (model.usage.input_tokens, model.usage.output_tokens) == (10, 2)
    assert (model.usage.cache_read_tokens, model.usage.cache_write_tokens) == (4, 3)
    assert (model.usage.reasoning_tokens, model.usage.cost_usd) == (1, 0.5)
    assert (model.model, [t.name for t in model.tools or ()]) == ("m-1", ["look"])
    details = value(run, model.details)
    assert details["reasoning_effort"] == "high"
    assert details["metrics"]["logprobs"] == [-0.1]
    assert "prompt_token_ids" not in details["metrics"]
    assert whats(run) == {"token ids": 1}
    assert (tool.caller, tool.status, value(run, tool.input)) == (2, "ok", {"n": 1})
    assert dict(run.labels) == {
        "version": "1",
        "format version": "ATIF-v1.7",
        "notes": "a note",
    }


def test_tools_that_are_not_recorded_are_not_an_empty_offer() -> None:
    assert run_of(agent(1, "x")).steps[0].tools is None
    empty = run_of(agent(1, "x"), agent={**AGENT, "tool_definitions": []})
    assert empty.steps[0].tools == ()


def test_one_output_for_several_calls_is_shown_once() -> None:
    run = run_of(agent(1, "", "type", "type", **results({"content": "$ done"})))
    tools = [step for step in run.steps if step.kind == "tool"]
    assert [(text(run, t.output), t.status) for t in tools] == [
        (None, "ok"),
        ("$ done", "ok"),
    ]
    assert whats(run) == {"one output for several calls": 1}


@pytest.mark.parametrize(
    ("step", "expected", "problems"),
    [
        (
            agent(1, "", "a", **results({"content": "x"})),
            [("tool", "a", "x")],
            {},
        ),
        (
            agent(1, "", "a", "b", **results({"content": "x"}, {"content": "y"})),
            [("tool", "a", "x"), ("tool", "b", "y")],
            {"results that name no call": 1},
        ),
        (
            agent(1, "", "a", **results(("c1", "x"), {"content": "more"})),
            [("tool", "a", "x"), ("tool", "observation", "more")],
            {},
        ),
        (
            agent(1, "ls", **results({"content": "files"})),
            [("tool", "observation", "files")],
            {},
        ),
        (
            agent(1, "", **results(("c9", "x"))),
            [("tool", "observation", "x")],
            {"a result has no call": 1},
        ),
        (
            agent(1, "", "a", observation="text"),
            [("tool", "a", "text")],
            {},
        ),
        (
            agent(1, "", "a", **results(("c1", "Error: no"))),
            [("tool", "a", "Error: no")],
            {"errors are not recorded": 1},
        ),
        (agent(1, "", "a"), [("tool", "a", None)], {"a call has no result": 1}),
    ],
    ids=["one", "two", "more", "no_call", "unknown", "text", "error", "open"],
)
def test_results_find_their_calls_or_stand_alone(
    step: Any, expected: list[Any], problems: dict[str, int]
) -> None:
    run = run_of(step)
    assert told(run)[1:] == expected
    assert whats(run) == problems


def test_a_result_may_come_with_a_later_step_and_ids_may_be_used_again() -> None:
    run = run_of(
        agent(1, "", "a"),
        agent(2, "", "b", **results(("c1", "of b"))),
        agent(3, "", **results(("c1", "of a"))),
    )
    tools = [step for step in run.steps if step.kind == "tool"]
    assert [(t.name, text(run, t.output), t.caller) for t in tools] == [
        ("a", "of a", 1),
        ("b", "of b", 3),
    ]
    assert whats(run) == {"a call id is used twice": 1}


def test_what_no_model_decided_is_a_decision_of_the_agents_code() -> None:
    step = agent(1, "", "route", llm_call_count=0, **results(("c1", "there")))
    run = run_of(step, agent(2, "rule", llm_call_count=0))
    assert told(run) == [
        ("decision", "dispatch", None),
        ("tool", "route", "there"),
        ("event", "without a model", "rule"),
    ]
    decision = run.steps[0].decision
    assert decision is not None
    assert decision.basis == "recorded"
    assert [option.name for option in decision.chosen] == ["route"]


CONTENT = {"type": "image", "source": {"media_type": "image/png", "path": "a.png"}}


def test_parts_that_are_no_text_are_kept_as_details() -> None:
    both = [{"type": "text", "text": "look"}, CONTENT]
    run = run_of(
        {"step_id": 1, "source": "user", "message": both},
        {"step_id": 2, "source": "user", "message": [CONTENT]},
        agent(3, "", "a", **results(("c1", both))),
    )
    assert text(run, run.steps[0].output) == "look"
    assert value(run, run.steps[0].details)["message"] == both
    assert value(run, run.steps[1].output) == [CONTENT]
    assert value(run, run.steps[3].details)["content"] == both


def managed(step_id: int, boundary: str | None, *contents: str, **more: Any) -> Any:
    found = {"type": "compaction", "boundary": boundary, **more}
    return {
        "step_id": step_id,
        "source": "system",
        "message": "compacted",
        "extra": {"context_management": {k: v for k, v in found.items() if v}},
        **results(*({"content": content} for content in contents)),
    }


def test_after_a_replaced_context_the_window_is_what_replaced_it() -> None:
    run = run_of(
        SAY,
        agent(2, "one", "a", **results(("c1", "big"))),
        managed(3, "replace", "a summary"),
        {"step_id": 4, "source": "user", "message": "go on"},
        agent(5, "two"),
        agent(6, "three"),
    )
    boundary = next(step for step in run.steps if step.resets_context)
    assert (boundary.kind, boundary.name) == ("event", "compaction")
    assert text(run, boundary.output) == "a summary"
    two, three = (s for s in run.steps if text(run, s.output) in ("two", "three"))
    assert two.context is not None
    assert two.context.basis == "recorded"
    assert seen(run, two) == [("system", "a summary"), ("user", "go on")]
    assert seen(run, three) == [*seen(run, two), ("assistant", "two")]


def test_a_cut_context_is_without_the_steps_that_were_cut_off() -> None:
    steps = [SAY, agent(2, "one", "a", **results(("c1", "big"))), agent(3, "two")]
    run = run_of(
        *steps, managed(4, "truncate", "folded", removed_step_ids=[2]), agent(5, "end")
    )
    assert seen(run, run.steps[-1]) == [
        ("user", "go"),
        ("assistant", "two"),
        ("system", "folded"),
    ]
    run = run_of(*steps, managed(4, "truncate"), agent(5, "end"))
    assert run.steps[-1].context is None
    assert "a context was cut, and what was cut off is not recorded" in whats(run)


def test_what_is_added_to_a_context_is_part_of_it() -> None:
    run = run_of(SAY, managed(2, "append", "a memory"), agent(3, "x"))
    assert [step.kind for step in run.steps] == ["user", "system", "model"]
    assert seen(run, run.steps[-1]) == [("user", "go"), ("system", "a memory")]


def test_copied_steps_are_the_context_of_the_next_call_and_are_not_counted() -> None:
    copied = {"is_copied_context": True, "metrics": {"prompt_tokens": 99}}
    run = run_of(
        {**SAY, **copied},
        {**agent(2, "before", "a", **results(("c1", "seen"))), **copied},
        agent(3, "now", metrics={"prompt_tokens": 5}),
    )
    assert told(run) == [("model", "", "now")]
    assert run.task == "go"
    assert [role for role, _ in seen(run, run.steps[0])] == [
        *("user", "assistant", "assistant", "tool")
    ]
    assert whats(run) == {"steps copied from another trajectory": 2}
    only = run_of({**SAY, **copied})
    assert told(only)[0][:2] == ("event", "copied context")


CHILD = trajectory(
    {"step_id": 1, "source": "user", "message": "sub task"},
    agent(2, "sub answer", "a", **results(("c1", "sub result"))),
    agent={"name": "child", "version": "1"},
)


def refers(**ref: str) -> dict[str, Any]:
    return results({"source_call_id": "c1", "subagent_trajectory_ref": [ref]})


def test_an_embedded_trajectory_stands_below_the_call_that_started_it() -> None:
    run = run_of(
        agent(1, "", "delegate", **refers(trajectory_id="t2")),
        agent(2, "done"),
        subagent_trajectories=[{**CHILD, "trajectory_id": "t2"}],
    )
    places = [(s.name or s.kind, s.parent, s.agent, s.depth) for s in run.steps]
    assert places == [
        ("model", None, None, 0),
        ("delegate", None, None, 1),
        ("user", 2, "child", 2),
        ("model", 2, "child", 2),
        ("a", 2, "child", 3),
        ("model", None, None, 0),
    ]
    assert len({step.key for step in run.steps}) == 6
    assert seen(run, run.steps[3]) == [("user", "sub task")]


def write(folder: Path, **documents: Any) -> Path:
    for name, document in documents.items():
        path = folder / f"{name.replace('__', '.')}.json"
        path.write_text(json.dumps(document), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("ref", "child"),
    [
        ({"trajectory_id": "t2"}, {"trajectory_id": "t2"}),
        ({"trajectory_path": "child.json"}, {}),
        ({"session_id": "s2"}, {"session_id": "s2"}),
    ],
    ids=["id", "path", "session"],
)
def test_a_sub_agent_in_a_file_of_its_own_is_found(
    tmp_path: Path, ref: dict[str, str], child: dict[str, str]
) -> None:
    main = trajectory(agent(1, "", "delegate", **refers(**ref)))
    write(tmp_path, main=main, child={**CHILD, **child})
    (run,) = read_runs(tmp_path, "atif")
    assert [(s.name or s.kind, s.parent) for s in run.steps] == [
        ("model", None),
        ("delegate", None),
        ("user", 2),
        ("model", 2),
        ("a", 2),
    ]
    assert not [p for p in run.problems if p.level != "note"]


def test_a_wrapper_holds_a_parent_and_its_child() -> None:
    parent = trajectory(agent(1, "", "delegate", **refers(session_id="s2")))
    (run,) = runs_of({"parent": parent, "child": {**CHILD, "session_id": "s2"}})
    assert [step.parent for step in run.steps] == [None, None, 2, 2, 2]


def test_a_sub_agent_of_a_step_without_a_call_stands_below_the_step() -> None:
    step = {**managed(2, "replace"), **refers(session_id="s2")}
    main = trajectory(SAY, step)
    (run,) = runs_of([main, {**CHILD, "session_id": "s2"}])
    assert [step.parent for step in run.steps] == [None, None, 2, 2, 2]


def test_continuations_are_one_run_and_named_parts_come_along(tmp_path: Path) -> None:
    first = trajectory(SAY, agent(2, "a"), continued_trajectory_ref="t.cont-1.json")
    second = trajectory(agent(1, "b"), continued_trajectory_ref="t.cont-2.json")
    third = trajectory(agent(1, "c"))
    write(tmp_path, t=first, t__cont_1=second, other=third)
    (tmp_path / "t.cont_1.json").rename(tmp_path / "t.cont-1.json")
    (tmp_path / "other.json").rename(tmp_path / "t.cont-2.json")
    (run,) = read_runs(tmp_path / "t.json", "atif")
    assert [text(run, step.output) for step in run.steps] == ["go", "a", "b", "c"]
    assert run.id == "s"
    assert atif.companions(tmp_path / "t.cont-1.json") == []
    (alone,) = read_runs(tmp_path / "t.cont-2.json", "atif")
    assert [text(alone, step.output) for step in alone.steps] == ["c"]


def test_what_refers_to_a_file_that_is_not_there_says_so() -> None:
    run = run_of(
        agent(1, "", "delegate", **refers(trajectory_path="gone.json")),
        continued_trajectory_ref="gone.json",
    )
    assert whats(run) == {
        "a sub-agent's trajectory is not in the input": 1,
        "a continuation is not in the input": 1,
    }
    assert "gone.json" in (text(run, run.steps[1].output) or "")


def test_lines_are_runs_of_their_own_and_the_rest_is_said_to_be_left_out() -> None:
    runs = runs_of(trajectory(SAY), {"note": 1}, trajectory(SAY, session_id="other"))
    assert [run.id for run in runs] == ["s", "other"]
    assert whats(runs[0]) == {"a record that is no trajectory": 1}


def test_times_of_calls_are_those_their_extra_records() -> None:
    step = agent(1, "", "a", **results(("c1", "x")))
    step["tool_calls"][0]["extra"] = {
        "invocation": {"start_timestamp": 1.5e9, "end_timestamp": 1.5e9 + 2}
    }
    tool = run_of(step).steps[1]
    assert (tool.end_ns or 0) - (tool.start_ns or 0) == 2_000_000_000
    assert tool.caller == 1


def test_totals_are_told_only_where_the_steps_do_not_add_up_to_them() -> None:
    step = agent(1, "x", metrics={"prompt_tokens": 7, "completion_tokens": 1})
    final = {"total_prompt_tokens": 7, "total_completion_tokens": 4}
    labels = dict(run_of(step, final_metrics=final).labels)
    assert labels["recorded total completion tokens"] == "4"
    assert "recorded total prompt tokens" not in labels


def corpus_files() -> list[Path]:
    folders = ("atif", "atof", "letta-pairs/atif", "derived-crossformat")
    found = (p for name in folders for p in sorted((CORPUS / name).glob("*")))
    return [p for p in found if "atif" in str(p) and not _is_another(p)]


def _is_another(path: Path) -> bool:
    return path.name.endswith((".otlp.json", "_atof.jsonl", ".expected.json"))


every_file = pytest.mark.parametrize("path", corpus_files(), ids=lambda p: p.name)


@every_file
def test_each_real_trajectory_is_claimed_by_this_reader_alone(
    shared: Path, path: Path
) -> None:
    with closing(Records(path)) as records:
        sample = records.sample()
    assert atif.detect(sample)
    assert {reader.NAME for reader in claimants(sample)} == {"atif"}


def walk(document: Any) -> Iterator[dict[str, Any]]:
    """The steps of a trajectory and of those inside it, by plain JSON."""
    for step in document["steps"]:
        if not step.get("is_copied_context"):
            yield step
    for inner in document.get("subagent_trajectories", ()):
        yield from walk(inner)


@every_file
def test_each_real_trajectory_adds_up_to_what_plain_json_says(
    shared: Path, path: Path
) -> None:
    lines = path.suffix == ".jsonl"
    whole = path.read_text("utf-8")
    documents = [json.loads(x) for x in whole.splitlines()] if lines else None
    steps = [s for d in documents or [json.loads(whole)] for s in walk(d)]
    runs = [r for r in read_runs(path, "atif") if not _is_companion(path, r)]
    ours = [step for run in runs for step in run.steps]
    metrics = [s.get("metrics", {}) for s in steps]
    usages = [step.usage for step in ours if step.usage]
    if len(runs[0].files) == 1:
        assert sum(u.input_tokens or 0 for u in usages) == sum(
            m.get("prompt_tokens", 0) for m in metrics
        )
        assert sum(u.output_tokens or 0 for u in usages) == sum(
            m.get("completion_tokens", 0) for m in metrics
        )
        calls = [c for s in steps for c in s.get("tool_calls", ())]
        assert sum(len(step.calls) for step in ours) == len(calls)
        assert len([s for s in ours if s.kind != "tool"]) == len(steps)
    losses = {p.what for run in runs for p in run.problems if p.level == "loss"}
    redacted = {"a time that cannot be read"} if "redacted" in path.name else set()
    assert losses == redacted


def _is_companion(path: Path, run: Run) -> bool:
    return run.files[0] != str(path)


def test_the_terminal_agents_run_goes_on_in_its_second_file(corpus: Path) -> None:
    name = "terminus_2_hello-world-context-summarization-linear-history.trajectory.json"
    path = corpus / "atif" / name
    (run,) = read_runs(path)
    models = [step for step in run.steps if step.kind == "model"]
    assert len(run.files) == 2
    assert len(models) == 7
    assert sum(m.usage.input_tokens or 0 for m in models if m.usage) == 2252 + 4250
    assert [role for role, _ in seen(run, models[3])] == [
        *("user", "user", "assistant", "user")
    ]
    assert models[3].context is not None
    assert models[3].context.basis == "recorded"
    assert len([s for s in run.steps if s.name == "observation"]) == 7


Letta = list[tuple[str, str]]

LETTA_DIFFERENCES = {
    "cleanup": "the system prompt is no record there; sub-agents are left out; "
    "arguments that are no object are put into one; an image is `[image]` in the text",
    "tool-calls": "an image is `[image]` in the text; a message, its reasoning and "
    "each of its calls are records of their own",
}


def plain(text: str) -> str:
    """Without the words that stand for an image, and JSON in one spelling."""
    text = text.removesuffix("\n[image]")
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, dict) and found.keys() == {"_raw"}:
        found = json.loads(found["_raw"])
    return json.dumps(found)


def letta_of(run: Run) -> Letta:
    """The messages and calls of a run's main conversation."""
    found: Letta = []
    after: Letta = []
    for step in run.steps:
        said = plain(text(run, step.output) or "")
        if step.thread or step.kind == "system":
            continue
        if step.kind == "tool" and step.caller is not None:
            after.append((f"tool {step.call_id}", said))
            continue
        found.extend(after)
        after = []
        if step.kind == "tool":
            found.append(("observation", said))
            continue
        if step.reasoning is not None:
            found.append(("reasoning", text(run, step.reasoning) or ""))
        if said:
            role = "assistant" if step.kind == "model" else step.kind
            found.append((role, said))
        for call in step.calls:
            arguments = plain(text(run, call.arguments) or "")
            found.append((f"call {call.id} {call.name}", arguments))
    return found + after


def letta_expected(records: list[dict[str, Any]]) -> Letta:
    found: Letta = []
    for record in records:
        role, said = record["role"], record.get("content")
        if role == "meta":
            continue
        if said is not None:
            name = f"tool {record['tool_call_id']}" if role == "tool" else role
            found.append((name, plain(said)))
        for call in record.get("tool_calls", ()):
            found.append((f"call {call['id']} {call['name']}", plain(call["args"])))
    return found


@pytest.mark.parametrize("name", sorted(LETTA_DIFFERENCES))
def test_another_tools_reading_of_the_same_file_agrees(corpus: Path, name: str) -> None:
    folder = corpus / "letta-pairs" / "atif"
    (run,) = read_runs(folder / f"{name}.input.json", "atif")
    expected = json.loads((folder / f"{name}.expected.json").read_text("utf-8"))
    assert letta_of(run) == letta_expected(expected["records"])


FULL = trajectory(
    SAY,
    {
        **agent(2, "x", "a", "b", **results(("c1", "Error: 1"), {"content": ["y"]})),
        "metrics": {"prompt_tokens": 1, "logprobs": [1], "extra": {"x": 1}},
        "reasoning_content": "r",
        "timestamp": "2026-01-01T00:00:00Z",
        "extra": {"invocation": {"start_timestamp": 1.0}, "agentpile": {"calls": {}}},
        "llm_call_count": 1,
    },
    managed(3, "truncate", "s", removed_step_ids=[2]),
    agent(4, "", "d", llm_call_count=0, **refers(trajectory_id="t2")),
    {**agent(5, "c"), "is_copied_context": True},
    agent(6, "end"),
    subagent_trajectories=[{**CHILD, "trajectory_id": "t2"}],
    final_metrics={"total_prompt_tokens": 1},
    continued_trajectory_ref="x.json",
    notes="n",
    extra={"agentpile": {"task": {"text": "t"}, "outcome": {"score": 1}}},
)
OTHERS = (None, True, 0, -1, 10**30, 1.5, "", "x", "\ud800", [], [[]], {}, {"a": [1]})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def with_other(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    copy = json.loads(json.dumps(value))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = other
    return copy


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_any_value_anywhere_is_read_without_a_traceback(other: Any) -> None:
    for path in places(FULL):
        try:
            runs_of(with_other(FULL, path, other))
        except TraceError:
            continue


def test_a_file_cut_off_in_the_middle_shows_what_is_whole_before(
    tmp_path: Path,
) -> None:
    whole = json.dumps(trajectory(SAY, agent(2, "a"), agent(3, "b")), indent=1)
    path = tmp_path / "t.json"
    path.write_text(whole[: whole.index('"step_id": 3')], "utf-8")
    (run,) = read_runs(path, "atif")
    assert [text(run, step.output) for step in run.steps][:2] == ["go", "a"]
