"""Langfuse's traces and observations, in any of their exports, become runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, runs_of, sample_of, withstands
from samples import read_runs
from whypath.model import Run, Step
from whypath.readers import langfuse


def observation(number: int, parent: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"obs-{number}",
        "traceId": "trace-1",
        "parentObservationId": f"obs-{parent}" if parent else None,
        "type": "SPAN",
        "name": "work",
        "startTime": f"2026-11-23T10:00:{number:02}.000Z",
        "endTime": f"2026-11-23T10:00:{number + 1:02}.000Z",
        "level": "DEFAULT",
        **fields,
    }


def generation(number: int, parent: int = 0, **fields: Any) -> dict[str, Any]:
    fields = {"type": "GENERATION", "model": "model-1", **fields}
    return observation(number, parent, **fields)


def trace(*observations: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": "trace-1",
        "name": "shop",
        "timestamp": "2026-11-23T10:00:00.000Z",
        "observations": list(observations),
        **fields,
    }


def calling(name: str, arguments: Any, id: str | None = "call-1") -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"type": "function", "function": function}
    return {"tool_calls": [call if id is None else {"id": id, **call}]}


def steps(run: Run, kind: str) -> list[Step]:
    return [step for step in run.steps if step.kind == kind]


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def used(run: Run) -> tuple[int, int, float]:
    usages = [step.usage for step in run.steps if step.usage is not None]
    return (
        sum(usage.input_tokens or 0 for usage in usages),
        sum(usage.output_tokens or 0 for usage in usages),
        round(sum(usage.cost_usd or 0 for usage in usages), 9),
    )


def counted(whole: dict[str, Any]) -> tuple[int, int, float]:
    """Tokens and cost as the file has them, of model calls that hold no other."""
    rows = [o for o in whole["observations"] if o["type"] == "GENERATION"]
    outer = {row["parentObservationId"] for row in rows}
    rows = [row for row in rows if row["id"] not in outer]
    return (
        sum(row["usageDetails"]["input"] for row in rows),
        sum(row["usageDetails"]["output"] for row in rows),
        round(sum(row["costDetails"]["total"] for row in rows), 9),
    )


def test_every_real_export_is_claimed_and_keeps_its_tokens_and_its_cost(
    corpus: Path,
) -> None:
    files = sorted((corpus / "langfuse").glob("*.trace.json"))
    assert len(files) == 13
    for file in files:
        assert claimed_by(file) == ["langfuse"]
        (run,) = read_runs(file, "langfuse")
        assert used(run) == counted(json.loads(file.read_text())), file.name
        assert {p.level for p in run.problems} <= {"note"}, file.name


STORIES = {
    "google-adk-2025-08-28": ["agent", "agent", "model", "tool", "model"],
    "langgraph-python-2025-08-22": [
        *("agent", "event", "model", "decision", "event", "tool"),
        *("event", "model", "decision"),
    ],
    "openai-agents-2025-09-30": ["agent", "agent", "model", "tool", "model"],
    "pydantic-ai-2025-06-06": ["agent", "agent", "model"],
    "vercel-aisdk-2025-11-17": ["model", "tool"],
    "autogen-2025-06-06": ["agent", "model"],
    "crewai-2025-07-11": ["event", "agent", "model"],
    "llamaindex-2025-06-05": ["agent", "model"],
}


@pytest.mark.parametrize("name", STORIES)
def test_a_real_trace_of_each_framework_reads_like_a_story(
    corpus: Path, name: str
) -> None:
    (run,) = read_runs(corpus / "langfuse" / f"{name}.trace.json", "langfuse")
    told = [step for step in run.steps if not step.name.startswith("evaluation: ")]
    assert [step.kind for step in told] == STORIES[name]
    tools = steps(run, "tool")
    assert all(step.caller for step in tools)
    assert all(step.output is not None for step in tools)
    assert all(step.context is not None for step in steps(run, "model"))


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("google-adk-2025-08-28", ["say_hello"]),
        ("langgraph-python-2025-08-22", ["Web-Search"]),
        ("openai-agents-2025-09-30", ["get_weather"]),
        ("vercel-aisdk-2025-11-17", ["getWeather"]),
    ],
)
def test_the_tools_on_offer_are_found_wherever_a_framework_puts_them(
    corpus: Path, name: str, offered: list[str]
) -> None:
    (run,) = read_runs(corpus / "langfuse" / f"{name}.trace.json", "langfuse")
    first = steps(run, "model")[0]
    assert [tool.name for tool in first.tools or ()] == offered


def test_a_real_router_is_a_decision_and_its_scores_are_told(corpus: Path) -> None:
    name = "langgraph-python-2025-08-22.trace.json"
    (run,) = read_runs(corpus / "langfuse" / name, "langfuse")
    chosen = [s.decision.chosen[0].name for s in run.steps if s.decision]
    assert chosen == ["continue", "end"]
    assert run.task == "Search the web for 'example' and summarize."
    labels = dict(run.labels)
    assert (labels["score hallucination"], labels["score toxicity"]) == ("0.1", "0")
    assert [s.name for s in run.steps if s.name.startswith("evaluation")] == [
        "evaluation: hallucination",
        "evaluation: toxicity",
    ]


def test_a_score_of_success_is_the_outcome_and_any_other_is_not(corpus: Path) -> None:
    folder = corpus / "langfuse"
    (judged,) = read_runs(folder / "claude-agent-2025-12-22.trace.json", "langfuse")
    assert judged.outcome is not None
    assert judged.outcome.score == 0
    (other,) = read_runs(folder / "crewai-2025-07-11.trace.json", "langfuse")
    assert other.outcome is not None
    assert other.outcome.score is None


def test_spans_from_before_types_are_tools_where_they_work_beside_models(
    corpus: Path,
) -> None:
    file = corpus / "langfuse" / "langfuse_traces.json"
    assert claimed_by(file) == ["langfuse"]
    research, handed_over, weather = read_runs(file, "langfuse")
    assert [s.kind for s in research.steps] == [
        *("agent", "model", "tool", "tool", "model"),
    ]
    assert steps(research, "tool")[0].caller == 2
    assert [s.name for s in steps(handed_over, "handoff")] == ["human_handoff"]
    failed = steps(weather, "tool")[0]
    assert (failed.status, failed.error) == (
        "error",
        "Weather provider timed out after 12s",
    )
    assert "taken for tool calls" in {p.done for p in weather.problems}


PAIR = (
    generation(1, output=calling("look", {"q": 1})),
    observation(2, type="TOOL", name="look", input={"q": 1}, output="found"),
)


@pytest.mark.parametrize(
    "records",
    [
        [trace(*PAIR)],
        [[trace(*PAIR)]],
        [{"traces": [trace(*PAIR)]}],
        [{"data": [trace(*PAIR)], "meta": {"page": 1}}],
        [{"trace": trace(), "observations": list(PAIR)}],
        [*PAIR],
        [list(PAIR)],
        [{"data": list(PAIR), "meta": {}}],
        [trace(bookmarked=False, public=True), *PAIR],
    ],
    ids=[
        *("trace", "list", "traces", "page", "beside", "rows"),
        *("list of rows", "page of rows", "rows of both"),
    ],
)
def test_any_way_to_export_a_trace_tells_the_same(records: list[Any]) -> None:
    assert langfuse.detect(sample_of(*records))
    (run,) = runs_of(langfuse, *records)
    (tool,) = steps(run, "tool")
    (model,) = steps(run, "model")
    assert (run.id, tool.caller) == ("trace-1", model.position)
    assert text(run, tool.output) == "found"


def test_rows_of_the_blob_storage_export_are_read_too() -> None:
    rows = [
        {
            "id": "obs-1",
            "trace_id": "trace-1",
            "project_id": "p",
            "type": "GENERATION",
            "name": "chat",
            "start_time": "2026-11-23 10:00:00.000",
            "end_time": "2026-11-23 10:00:01.000",
            "provided_model_name": "model-1",
            "input": '[{"role": "user", "content": "Hi"}]',
            "output": "Hello",
            "usage_details": {"input": 5, "output": 2, "total": 7},
            "cost_details": {"total": "0.25"},
            "level": "DEFAULT",
        }
    ]
    assert langfuse.detect(sample_of(*rows))
    (run,) = runs_of(langfuse, *rows)
    assert (run.steps[0].name, used(run)) == ("model-1", (5, 2, 0.25))
    assert run.task == "Hi"


def test_json_in_strings_is_read_three_levels_deep() -> None:
    messages = [{"role": "user", "content": "Hi"}]
    deep = json.dumps(json.dumps(json.dumps(messages)))
    metadata = json.dumps(json.dumps({"langgraph_node": "agent"}))
    (run,) = runs_of(
        langfuse, trace(generation(1, input=deep, output='"null"', metadata=metadata))
    )
    context = steps(run, "model")[0].context
    assert context is not None
    assert [(m.role, text(run, m.content)) for m in context.add] == [("user", "Hi")]


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"usageDetails": {"input": 10, "output": 5, "total": 15}}, (10, 5, 0, 0)),
        (
            {"usageDetails": {"input": 2, "input_cache_read": 8, "output": 5}},
            (10, 5, 8, 0),
        ),
        (
            {"usageDetails": {"input": 2, "cache_read_input_tokens": 8, "output": 5}},
            (10, 5, 8, 0),
        ),
        (
            {
                "usageDetails": {
                    "input": 10,
                    "input_cached_tokens": 8,
                    "output": 9,
                    "output_reasoning_tokens": 4,
                    "total": 19,
                }
            },
            (10, 9, 8, 4),
        ),
        (
            {
                "usageDetails": {
                    "input": 10,
                    "prompt_details.cache_read": 8,
                    "output": 5,
                    "total": 15,
                }
            },
            (10, 5, 8, 0),
        ),
        ({"usage": {"input": 10, "output": 5, "unit": "TOKENS"}}, (10, 5, 0, 0)),
        ({"usage": {"input": 10, "output": 5, "unit": "CHARACTERS"}}, None),
        ({"promptTokens": 10, "completionTokens": 5, "totalTokens": 15}, (10, 5, 0, 0)),
        ({"promptTokens": 0, "completionTokens": 0, "usageDetails": {}}, None),
        ({"input": "7", "output": "4 rooms are free"}, None),
        ({}, None),
    ],
    ids=[
        *(
            "new",
            "cache apart",
            "cache of Anthropic",
            "cache within",
            "cache of a kind",
        ),
        *("old", "characters", "oldest", "zeros", "payloads", "none"),
    ],
)
def test_tokens_are_counted_as_each_export_means_them(
    fields: dict[str, Any], counts: tuple[int, ...] | None
) -> None:
    (run,) = runs_of(langfuse, generation(1, **fields))
    usage = run.steps[0].usage
    found = usage and (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens or 0,
        usage.reasoning_tokens or 0,
    )
    assert found == counts


def test_tokens_of_an_agent_and_of_its_models_are_not_counted_twice() -> None:
    spent = {"usageDetails": {"input": 10, "output": 5}, "costDetails": {"total": 1}}
    (run,) = runs_of(
        langfuse,
        observation(1, type="AGENT", **spent),
        generation(2, 1, **spent),
        generation(3, 1, model="model-2", **spent),
    )
    assert used(run) == (20, 10, 2)


def test_a_model_call_around_the_same_call_is_one_with_the_inner_numbers() -> None:
    asked = [{"role": "system", "content": "Be kind."}]
    (run,) = runs_of(
        langfuse,
        generation(1, input={"prompt": "Hi"}, usageDetails={"input": 1, "output": 1}),
        generation(2, 1, input=asked, usageDetails={"input": 9, "output": 3}),
    )
    (step,) = run.steps
    assert used(run)[:2] == (9, 3)
    assert step.context is not None
    assert step.context.add[0].role == "system"


KINDS = {
    "AGENT": "agent",
    "TOOL": "tool",
    "RETRIEVER": "retrieval",
    "GUARDRAIL": "guardrail",
    "EVENT": "event",
    "EMBEDDING": "event",
    "EVALUATOR": "event",
    "CHAIN": "event",
    "SPAN": "event",
    "NEW_ONE": "event",
}


def test_each_type_of_observation_has_its_kind() -> None:
    rows = [
        observation(n, type=type_, name=type_, input={"a": 1}, output=[n])
        for n, type_ in enumerate(KINDS, start=1)
    ]
    (run,) = runs_of(langfuse, trace(*rows, generation(30)))
    assert {s.name: s.kind for s in run.steps if s.name in KINDS} == KINDS


@pytest.mark.parametrize(
    ("name", "output", "chosen"),
    [
        ("should_continue", "end", ["end"]),
        ("route_after_plan", '["search", "write"]', ["search", "write"]),
        ("pick", "search", ["search"]),
        ("is_done_condition", True, ["true"]),
        ("search", "search", None),
        ("format", "a long text that is the name of no node", None),
    ],
)
def test_a_function_that_names_where_a_graph_goes_on_is_a_decision(
    name: str, output: Any, chosen: list[str] | None
) -> None:
    nodes = {"langgraph_node": "search"}
    (run,) = runs_of(
        langfuse,
        observation(1, name="graph"),
        observation(2, 1, name="search", metadata=nodes, output="x"),
        observation(3, 2, name=name, metadata=nodes, output=output),
    )
    decision = run.steps[-1].decision
    assert (decision and [o.name for o in decision.chosen]) == chosen
    if decision is not None:
        assert decision.options_note == "other branches: not recorded"


def test_traces_of_a_session_are_one_run_with_the_first_task_and_last_answer() -> None:
    def turn(number: int, asked: str, said: str) -> dict[str, Any]:
        own = {"id": f"t{number}", "sessionId": "session-1", "userId": "ann"}
        row = {**generation(number), "traceId": f"t{number}", "output": said}
        return trace(row, **own, input=asked, output=said, tags=["a", "b"])

    (run,) = runs_of(langfuse, turn(1, "Hello", "Hi"), turn(2, "Bye", "See you"))
    assert (run.id, run.task, len(run.steps)) == ("session-1", "Hello", 2)
    assert run.outcome is not None
    assert text(run, run.outcome.answer) == "See you"
    assert dict(run.labels) == {"user": "ann", "tags": "a, b"}


def test_a_trace_whose_observations_have_no_root_is_the_root() -> None:
    (run,) = runs_of(
        langfuse, trace(*PAIR, input={"question": "Where?"}, output="Here")
    )
    root = run.steps[0]
    assert (root.kind, root.name, root.agent) == ("agent", "shop", None)
    assert {step.parent for step in run.steps[1:]} == {1}
    assert (root.start_ns, root.end_ns) == (
        1_795_428_000_000_000_000,
        1_795_428_003_000_000_000,
    )
    assert run.task == "Where?"


def test_levels_scores_and_what_has_no_place_are_kept() -> None:
    scores = [
        {"id": "s1", "name": "accuracy", "value": 0.5, "comment": "half of it"},
        {"id": "s2", "name": "tone", "stringValue": "kind", "dataType": "CATEGORICAL"},
        {"id": "s3", "name": "format", "value": 1, "observationId": "obs-1"},
    ]
    row = generation(
        1, level="WARNING", statusMessage="slow", promptName="greet", promptVersion=3
    )
    (run,) = runs_of(langfuse, trace(row, scores=scores))
    assert dict(run.labels) == {"score accuracy": "0.5", "score tone": "kind"}
    assert run.outcome is not None
    assert (run.outcome.score, run.outcome.note) == (0.5, "half of it")
    (model,) = steps(run, "model")
    assert model.details is not None
    details = run.contents.value(model.details)
    assert {"level", "statusMessage", "promptName"} <= details.keys()
    assert (model.status, model.error) == ("ok", None)
    evaluations = {s.name: s.parent for s in steps(run, "event")}
    assert evaluations["evaluation: format"] == model.position


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (observation(1), True),
        (trace(), True),
        ({"traceId": "t", "type": "SPAN"}, False),
        ({"id": "x", "timestamp": "2026", "type": "user"}, False),
        ({"data": [{"traceID": "t", "spans": []}]}, False),
        ({"trace": {"id": 1}, "spans": []}, False),
        ({"messages": [{"role": "user", "content": "Hi"}]}, False),
        (7, False),
    ],
)
def test_only_what_has_the_structure_is_claimed(value: Any, ours: bool) -> None:
    assert langfuse.detect(sample_of(value)) is ours


def test_what_cannot_be_placed_is_said_and_the_rest_is_kept() -> None:
    orphan = observation(3, 9, output="x")
    (run,) = runs_of(langfuse, trace(generation(1), orphan, 7), {"id": "else"}, "text")
    assert {(p.level, p.what) for p in run.problems} >= {
        ("loss", "an observation that is no object"),
        ("loss", "a record that is no trace and no observation"),
        ("loss", "a record that is no object"),
        ("repair", "a parent is not in the trace"),
    }
    assert len(run.steps) == 2


def test_an_observation_without_ids_or_times_is_shown() -> None:
    row = generation(1, output="Hello")
    for name in ("id", "traceId", "startTime", "endTime"):
        row[name] = None
    (run,) = runs_of(langfuse, row)
    step = run.steps[0]
    assert (step.start_ns, step.status) == (None, "unset")
    assert "an observation without a trace" in {p.what for p in run.problems}


def test_no_wrong_type_anywhere_stops_the_reader() -> None:
    whole = trace(
        generation(1, output=calling("look", {"q": 1}), usageDetails={"input": 1}),
        observation(2, 1, name="look", metadata={"attributes": {"tool.name": "x"}}),
        input={"messages": [{"type": "human", "content": "Hi"}]},
        scores=[{"name": "accuracy", "value": 1}],
        tags=["a"],
    )
    assert withstands(langfuse, whole) > 500
    assert withstands(langfuse, list(PAIR)) > 300
