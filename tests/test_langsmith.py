"""LangSmith's runs, as clients send and export them, become runs of ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, runs_of, sample_of, withstands
from samples import read_runs
from whypath.model import Run, Step
from whypath.readers import langsmith

TRACES = Path(__file__).parent / "traces" / "langsmith"


def rows() -> list[dict[str, Any]]:
    lines = (TRACES / "runs.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def a_run(number: int, parent: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"run-{number}",
        "trace_id": "run-1",
        "parent_run_id": f"run-{parent}" if parent else None,
        "name": f"name-{number}",
        "run_type": "chain",
        "start_time": f"2026-11-23T10:00:{number:02}.000000",
        "end_time": f"2026-11-23T10:00:{number + 1:02}.000000",
        "inputs": {},
        "outputs": {},
        **fields,
    }


def message(kind: str, content: Any, **kwargs: Any) -> dict[str, Any]:
    """A message of LangChain's, serialised as its tracer does."""
    path = ["langchain", "schema", "messages", kind]
    kwargs = {"content": content, **kwargs}
    return {"lc": 1, "type": "constructor", "id": path, "kwargs": kwargs}


def steps(run: Run, kind: str) -> list[Step]:
    return [step for step in run.steps if step.kind == kind]


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def seen(run: Run, step: Step) -> list[tuple[str, str, str | None]]:
    context = step.context
    added = context.add if context else ()
    return [(m.role, m.kind, text(run, m.content)) for m in added]


@pytest.mark.parametrize(
    "file",
    [
        "langsmith_js_wrap_openai_reasoning.json",
        "langsmith_py_wrap_openai_stream.json",
        "langsmith_runs.json",
    ],
)
def test_every_real_file_is_claimed_by_this_reader_alone(
    corpus: Path, file: str
) -> None:
    path = corpus / "langsmith" / file
    assert claimed_by(path) == ["langsmith"]
    (run,) = read_runs(path, "langsmith")
    assert run.problems == ()


def test_a_real_batch_is_merged_into_one_call_with_its_tokens(corpus: Path) -> None:
    name = "langsmith_js_wrap_openai_reasoning.json"
    (run,) = read_runs(corpus / "langsmith" / name, "langsmith")
    (step,) = run.steps
    batch = json.loads((corpus / "langsmith" / name).read_text())
    counted = batch["patch"][0]["outputs"]["usage_metadata"]
    assert step.usage is not None
    assert (step.usage.input_tokens, step.usage.output_tokens) == (
        counted["input_tokens"],
        counted["output_tokens"],
    )
    assert step.usage.reasoning_tokens == 960
    assert (step.kind, step.model) == ("model", "o1-mini-2024-09-12")
    assert run.end_ns == 1_728_803_148_730_000_000
    assert (
        text(run, step.output)
        == (batch["patch"][0]["outputs"]["choices"][0]["message"]["content"])
    )


@pytest.mark.parametrize("file", ["runs.jsonl", "batch.json"])
def test_a_graph_reads_like_a_story_however_it_was_sent(file: str) -> None:
    assert claimed_by(TRACES / file) == ["langsmith"]
    (run,) = read_runs(TRACES / file, "langsmith")
    assert [(s.depth, s.kind, s.name) for s in run.steps][:12] == [
        (0, "agent", "LangGraph"),
        (1, "event", "agent"),
        (2, "model", "model-1-2026"),
        (2, "decision", "should_continue"),
        (1, "event", "tools"),
        (2, "tool", "find_flight"),
        (1, "event", "agent"),
        (2, "model", "model-1-2026"),
        (2, "decision", "should_continue"),
        (1, "event", "tools"),
        (2, "tool", "book"),
        (1, "event", "agent"),
    ]
    assert (run.id, run.task) == ("thread-1", "Book me a flight to Rome.")
    assert dict(run.labels) == {"project": "shop", "tags": "travel"}
    found, failed = steps(run, "tool")
    assert (found.caller, failed.caller) == (3, 8)
    assert (failed.status, failed.error) == (
        "error",
        "ValueError('the card was refused')",
    )
    assert text(run, found.output) == '{"city": "Rome", "euros": 180}'
    assert run.outcome is not None
    assert text(run, run.outcome.answer) == "You are welcome."
    assert run.problems == ()


def test_the_totals_of_the_sample_are_those_of_its_model_calls() -> None:
    (run,) = read_runs(TRACES / "runs.jsonl", "langsmith")
    usages = [step.usage for step in run.steps if step.usage is not None]
    counted = [
        row["outputs"]["generations"][0][0]["message"]["kwargs"]["usage_metadata"]
        for row in rows()
        if row["run_type"] == "llm"
    ]
    assert sum(u.input_tokens or 0 for u in usages) == sum(
        c["input_tokens"] for c in counted
    )
    assert sum(u.output_tokens or 0 for u in usages) == sum(
        c["output_tokens"] for c in counted
    )
    assert [u.cache_read_tokens for u in usages] == [8, 8, 8, 8]


def test_a_models_tools_context_and_answer_are_those_recorded() -> None:
    (run,) = read_runs(TRACES / "runs.jsonl", "langsmith")
    first, second, *_ = steps(run, "model")
    assert [tool.name for tool in first.tools or ()] == ["find_flight", "book"]
    assert (text(run, first.output), [c.name for c in first.calls]) == (
        "Let me look.",
        ["find_flight"],
    )
    assert seen(run, second) == [
        ("assistant", "text", "Let me look."),
        ("assistant", "call", '{"city":"Rome"}'),
        ("tool", "result", '{"city": "Rome", "euros": 180}'),
    ]


def test_a_router_says_where_the_graph_goes_on() -> None:
    (run,) = read_runs(TRACES / "runs.jsonl", "langsmith")
    made = [step.decision for step in run.steps if step.decision is not None]
    assert [decision.chosen[0].name for decision in made] == [
        *("tools", "tools", "end", "end"),
    ]
    assert {decision.options_note for decision in made} == {
        "other branches: not recorded"
    }


def test_payloads_that_a_bulk_export_writes_as_text_are_read() -> None:
    texts = [
        {key: json.dumps(v) if isinstance(v, dict) else v for key, v in row.items()}
        for row in rows()
    ]
    (run,) = runs_of(langsmith, *texts)
    (whole,) = read_runs(TRACES / "runs.jsonl", "langsmith")
    assert [(s.kind, s.name, s.usage) for s in run.steps] == [
        (s.kind, s.name, s.usage) for s in whole.steps
    ]


def test_runs_in_several_files_are_put_together(tmp_path: Path) -> None:
    for number, row in enumerate(rows()):
        path = tmp_path / f"{number % 3}.jsonl"
        with path.open("a") as file:
            file.write(json.dumps(row) + "\n")
    (whole,) = read_runs(TRACES / "runs.jsonl", "langsmith")
    (parts,) = read_runs(tmp_path, "langsmith")
    assert [s.key for s in parts.steps] == [s.key for s in whole.steps]


@pytest.mark.parametrize(
    "records",
    [
        [a_run(1), a_run(2, 1, run_type="tool")],
        [{"runs": [a_run(1), a_run(2, 1, run_type="tool")]}],
        [[a_run(1), a_run(2, 1, run_type="tool")]],
        [a_run(1, child_runs=[a_run(2, run_type="tool")])],
        [
            {"post": [a_run(1, end_time=None)], "patch": []},
            {"post": [a_run(2, 1, run_type="tool")], "patch": [a_run(1)]},
        ],
        [
            a_run(1),
            {
                **a_run(2, run_type="tool", id=None),
                "dotted_order": "20261123T100001000000Zrun-1."
                "20261123T100002000000Zrun-2",
            },
        ],
    ],
    ids=["lines", "runs", "list", "nested", "batches", "dotted order"],
)
def test_any_way_to_write_runs_tells_the_same(records: list[Any]) -> None:
    assert langsmith.detect(sample_of(*records))
    (run,) = runs_of(langsmith, *records)
    assert [(s.kind, s.key, s.parent) for s in run.steps] == [
        ("agent", "run-1", None),
        ("tool", "run-2", 1),
    ]
    assert run.problems == ()


def test_a_time_without_a_zone_is_utc() -> None:
    (run,) = runs_of(langsmith, a_run(1, inputs={"a": 1}))
    assert run.start_ns == 1_795_428_001_000_000_000


CALL = {"id": "call-1", "name": "look", "args": {"q": 1}, "type": "tool_call"}


@pytest.mark.parametrize(
    "outputs",
    [
        {"generations": [[{"message": message("AIMessage", "", tool_calls=[CALL])}]]},
        {
            "generations": [
                {"message": {"type": "ai", "content": "", "tool_calls": [CALL]}}
            ]
        },
        {
            "generations": [
                {
                    "message": message(
                        "AIMessageChunk",
                        [{"type": "tool_use", "id": "call-1", "name": "look"}],
                        tool_calls=[CALL],
                    )
                }
            ]
        },
        {"messages": [{"role": "assistant", "content": "", "tool_calls": [CALL]}]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"output": message("AIMessage", "", tool_calls=[CALL])},
        {
            "choices": [
                {
                    "message": {
                        "role": "assistant",
                        "tool_calls": [
                            {
                                "id": "call-1",
                                "function": {"name": "look", "arguments": '{"q":1}'},
                            }
                        ],
                    }
                }
            ]
        },
        {
            "output": [
                {
                    "type": "function_call",
                    "call_id": "call-1",
                    "name": "look",
                    "arguments": '{"q":1}',
                }
            ]
        },
    ],
    ids=[
        *("LangChain", "plain", "blocks too", "messages", "message", "output"),
        *("chat API", "Responses API"),
    ],
)
def test_a_call_is_found_in_every_shape_of_an_answer(outputs: dict[str, Any]) -> None:
    (run,) = runs_of(langsmith, a_run(1, run_type="llm", outputs=outputs))
    calls = run.steps[0].calls
    assert [(c.id, c.name, text(run, c.arguments)) for c in calls] == [
        ("call-1", "look", '{"q":1}')
    ]


def test_messages_are_read_from_lists_in_lists_and_from_pairs() -> None:
    asked = [message("SystemMessage", "Be brief."), message("HumanMessage", "Hi")]
    for inputs in (
        {"messages": [asked]},
        {"messages": asked},
        {"messages": [["system", "Be brief."], ["human", "Hi"]]},
    ):
        (run,) = runs_of(langsmith, a_run(1, run_type="llm", inputs=inputs))
        assert seen(run, run.steps[0]) == [
            ("system", "text", "Be brief."),
            ("user", "text", "Hi"),
        ]
        assert run.task == "Hi"


@pytest.mark.parametrize(
    ("inputs", "outputs", "shown"),
    [
        (
            {"input": "{'q': 1, 'all': True}"},
            {"output": "x"},
            ('{"q":1,"all":true}', "x"),
        ),
        ({"q": 1}, {"a": 1, "b": 2}, ('{"q":1}', '{"a":1,"b":2}')),
        (
            {"input": "plain"},
            {"output": message("ToolMessage", "done", tool_call_id="call-1")},
            ("plain", "done"),
        ),
    ],
    ids=["as Python writes it", "objects", "a message"],
)
def test_a_tools_arguments_and_result_are_unwrapped(
    inputs: Any, outputs: Any, shown: tuple[str, str]
) -> None:
    row = a_run(1, run_type="tool", inputs=inputs, outputs=outputs)
    (run,) = runs_of(langsmith, row)
    step = run.steps[0]
    assert (text(run, step.input), text(run, step.output)) == shown


def test_a_tool_whose_message_says_that_it_failed_has_failed() -> None:
    said = message("ToolMessage", "no such city", tool_call_id="c", status="error")
    (run,) = runs_of(langsmith, a_run(1, run_type="tool", outputs={"output": said}))
    step = run.steps[0]
    assert (step.status, step.error) == ("error", "no such city")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("ValueError('x')Traceback (most recent call last):\n ...", "ValueError('x')"),
        ("Traceback (most recent call last):\n  f\nKeyError: 'a'", "KeyError: 'a'"),
        ("it broke\nbadly", "it broke"),
        ({"message": "it broke"}, "it broke"),
        (True, "failed; no message is recorded"),
    ],
)
def test_an_error_is_told_by_its_own_line(error: Any, told: str) -> None:
    (run,) = runs_of(langsmith, a_run(1, error=error))
    assert (run.status, run.steps[0].error) == ("error", told)


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 3}, (7, 3, None)),
        ({"usage_metadata": {"input_tokens": 7, "output_tokens": 3}}, (7, 3, None)),
        (
            {"prompt_tokens": 7, "completion_tokens": 3, "total_cost": "0.5"},
            (7, 3, 0.5),
        ),
        (
            {
                "outputs": {
                    "llm_output": {
                        "token_usage": {"prompt_tokens": 7, "completion_tokens": 3}
                    }
                }
            },
            (7, 3, None),
        ),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
    ],
)
def test_tokens_are_found_where_a_run_has_them(
    fields: dict[str, Any], counts: tuple[Any, ...] | None
) -> None:
    (run,) = runs_of(langsmith, a_run(1, run_type="llm", **fields))
    usage = run.steps[0].usage
    found = usage and (usage.input_tokens, usage.output_tokens, usage.cost_usd)
    assert found == counts


def test_the_sums_that_chains_repeat_are_not_counted_again() -> None:
    spent = {"prompt_tokens": 7, "completion_tokens": 3, "total_cost": "0.5"}
    (run,) = runs_of(langsmith, a_run(1, **spent), a_run(2, 1, run_type="llm", **spent))
    assert [s.kind for s in run.steps if s.usage is not None] == ["model"]


def test_what_langgraph_hides_is_plumbing_and_what_is_inside_moves_up() -> None:
    (run,) = runs_of(
        langsmith,
        a_run(1),
        a_run(2, 1, tags=["langsmith:hidden"], inputs={"a": 1}),
        a_run(3, 2, run_type="llm"),
        a_run(4, 1, run_type="retriever", outputs={"documents": [{"text": "x"}]}),
    )
    assert [(s.kind, s.parent) for s in run.steps] == [
        ("agent", None),
        ("model", 1),
        ("retrieval", 1),
    ]
    assert text(run, run.steps[-1].output) == '[{"text":"x"}]'


def test_a_run_that_has_not_ended_leaves_the_whole_incomplete() -> None:
    (run,) = runs_of(langsmith, a_run(1, end_time=None, status="pending"))
    assert run.status == "incomplete"
    (run,) = runs_of(langsmith, a_run(1, status="success"))
    assert run.status == "ok"


def test_feedback_is_a_label_and_what_has_no_place_is_kept() -> None:
    extra = {"metadata": {"revision_id": "abc", "thread_id": "t"}}
    stats = {"correctness": {"n": 2, "avg": 0.5}, "odd": 3}
    row = a_run(1, run_type="llm", extra=extra, feedback_stats=stats, outputs={"a": 1})
    (run,) = runs_of(langsmith, row)
    assert dict(run.labels) == {"score correctness": "0.5"}
    details = run.steps[0].details
    assert details is not None
    assert run.contents.value(details)["metadata.revision_id"] == "abc"


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (a_run(1), True),
        ({"post": [a_run(1)]}, True),
        ({"run_type": "walk", "start_time": 1}, False),
        ({"runs": [{"id": 1}]}, False),
        ({"id": "x", "trace_id": "t", "parent_id": None, "inputs": {}}, False),
        ({"dotted_order": "x", "trace_id": "t"}, False),
        ([], False),
    ],
)
def test_only_what_has_the_structure_is_claimed(value: Any, ours: bool) -> None:
    assert langsmith.detect(sample_of(value)) is ours


def test_what_is_no_run_is_said_and_the_rest_is_kept() -> None:
    circle = [a_run(2, 3, run_type="llm"), a_run(3, 2)]
    (run,) = runs_of(
        langsmith, a_run(1), *circle, 7, {"runs": [None]}, a_run(9, id=None)
    )
    whats = {(p.level, p.what) for p in run.problems}
    assert whats >= {
        ("loss", "a record that is no run"),
        ("loss", "a run that is no object"),
        ("repair", "a run without an id"),
        ("repair", "parents go round in a circle"),
    }


def test_no_wrong_type_anywhere_stops_the_reader() -> None:
    found = rows()
    assert withstands(langsmith, found[0]) > 1000
    assert (
        withstands(langsmith, next(r for r in found if r["run_type"] == "llm")) > 1000
    )
    assert withstands(langsmith, {"post": [a_run(1)], "patch": [a_run(1)]}) > 200
