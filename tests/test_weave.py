"""Weave's calls, one a line or in a list, become runs: one for a trace or a thread."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, runs_of, sample_of, withstands
from samples import read_runs
from whypath.model import Run, Step
from whypath.readers import weave

CALLS = Path(__file__).parent / "traces" / "weave" / "calls.jsonl"


def steps(run: Run, kind: str) -> list[Step]:
    return [step for step in run.steps if step.kind == kind]


def call(number: int, parent: int = 0, op: str = "work", **fields: Any) -> Any:
    return {
        "id": f"call-{number}",
        "trace_id": "trace-1",
        "parent_id": f"call-{parent}" if parent else None,
        "op_name": f"weave:///team/shop/op/{op}:abc",
        "started_at": f"2026-11-23T10:00:{number:02}Z",
        "ended_at": f"2026-11-23T10:01:{number:02}Z",
        "inputs": {"a": 1},
        "output": "done",
        "attributes": {},
        "summary": {},
        **fields,
    }


def kind(name: str) -> dict[str, Any]:
    return {"attributes": {"weave": {"kind": name}}}


def test_only_this_reader_claims_calls() -> None:
    assert claimed_by(CALLS) == ["weave"]


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (call(1), True),
        ([call(1)], True),
        ({"calls": [call(1)]}, True),
        ({"call": call(1)}, True),
        ({"op_name": "x", "trace_id": "t"}, False),
        ({"trace_id": "t", "started_at": "x", "spans": []}, False),
    ],
    ids=["a call", "a list", "a page of calls", "an answer", "no start", "no op"],
)
def test_calls_are_known_by_their_structure(value: Any, ours: bool) -> None:
    assert weave.detect(sample_of(value)) is ours


def test_an_agent_is_shown_with_its_calls_tools_and_failures() -> None:
    agent, job = read_runs(CALLS, "weave")
    assert (agent.status, agent.task) == (
        "ok",
        "Please pay back nine cents for order A-17.",
    )
    models = steps(agent, "model")
    assert [[c.name for c in step.calls] for step in models] == [
        ["search_rules"],
        ["refund"],
        [],
    ]
    offered = [tool.name for tool in models[0].tools or ()]
    assert offered == ["search_rules", "refund", "escalate"]
    assert [len(s.context.add) for s in models if s.context] == [2, 3, 2]
    (paid,) = [step for step in steps(agent, "tool") if step.name == "refund"]
    assert (paid.status, paid.caller) == ("ok", models[1].position)
    assert [s.name for s in steps(agent, "retrieval")] == ["search_rules"]
    assert (job.status, [s.error for s in job.steps]) == (
        "error",
        ["LookupError: no such order"] * 2,
    )
    assert not agent.problems
    assert not job.problems


def test_tokens_are_counted_once_though_every_call_adds_up_those_inside_it() -> None:
    calls = [json.loads(line) for line in CALLS.read_text().splitlines()]
    responses = [c["output"] for c in calls if "chat.completions" in c["op_name"]]
    used = [response["usage"] for response in responses]
    usages = [s.usage for run in read_runs(CALLS) for s in run.steps if s.usage]
    assert [u.input_tokens for u in usages] == [u["prompt_tokens"] for u in used]
    assert [u.output_tokens for u in usages] == [u["completion_tokens"] for u in used]
    assert [u.cache_read_tokens for u in usages] == [
        u["prompt_tokens_details"]["cached_tokens"] for u in used
    ]


@pytest.mark.parametrize(
    ("op", "fields", "shown"),
    [
        ("a", kind("agent"), "agent"),
        ("a", kind("llm"), "model"),
        ("a", kind("tool"), "tool"),
        ("a", kind("search"), "retrieval"),
        ("a", kind("guardrail"), "guardrail"),
        ("a", kind("scorer"), "event"),
        ("a", {}, "event"),
        ("openai.chat.completions.create", {}, "model"),
        ("openai.responses.create", {}, "model"),
        ("openai.embeddings.create", {}, "event"),
        ("anthropic.AsyncMessages.stream", {}, "model"),
        ("google.genai.models.Models.generate_content", {}, "model"),
        ("google.genai.models.Models.count_tokens", {}, "event"),
        ("litellm.completion", {}, "model"),
        ("BedrockRuntime.converse_stream", {}, "model"),
        ("mistralai.chat.complete", {}, "model"),
        ("crewai.LLM.call", {}, "model"),
        ("crewai.Agent.execute_task", {}, "agent"),
        ("langchain.Tool.search", {}, "tool"),
        ("langchain.Retriever.docs", {}, "retrieval"),
        ("a", {"summary": {"usage": {"m": {"requests": 1}}}}, "model"),
    ],
)
def test_a_call_is_what_it_says_or_what_its_op_is_known_for(
    op: str, fields: dict[str, Any], shown: str
) -> None:
    (run,) = runs_of(weave, call(1, op=op, **fields))
    assert [step.kind for step in run.steps] == [shown]


def test_a_call_of_ones_own_op_has_the_tokens_that_its_summary_counts() -> None:
    counted = {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 3}
    told = {"costs": {"m": {"prompt_tokens_total_cost": 0.25}}}
    summary = {"usage": {"m": counted}, "weave": told}
    summary["status_counts"] = {"success": 1, "error": 0}
    (run,) = runs_of(weave, call(1, **kind("llm"), summary=summary))
    usage = run.steps[0].usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (8, 2, 0.25)
    assert run.models == ("m",)


def test_the_traces_of_a_thread_are_one_run() -> None:
    (run,) = runs_of(
        weave,
        call(1, thread_id="thread-1", **kind("agent")),
        call(2, thread_id="thread-1", trace_id="trace-2", **kind("agent")),
    )
    assert (run.id, len(run.steps)) == ("thread-1", 2)


@pytest.mark.parametrize(
    ("exception", "error"),
    [
        ('{"type": "KeyError", "message": "\'a\'", "traceback": []}', "KeyError: 'a'"),
        ("Traceback (most recent call last):\n  x\nKeyError: 'a'", "KeyError: 'a'"),
        ("it broke\nbadly", "it broke"),
        ({"type": "KeyError"}, "KeyError"),
    ],
)
def test_a_failure_is_told_in_its_own_words(exception: Any, error: str) -> None:
    (run,) = runs_of(weave, call(1, exception=exception))
    assert (run.status, run.steps[0].error) == ("error", error)


def test_a_call_that_has_not_ended_leaves_the_run_incomplete() -> None:
    (run,) = runs_of(weave, call(1, **kind("agent"), ended_at=None, output=None))
    assert (run.status, run.steps[0].end_ns) == ("incomplete", None)


def test_what_is_no_call_is_said_and_the_rest_is_kept() -> None:
    (run,) = runs_of(weave, call(1), {"id": "x"}, 7, [call(2, 1), None])
    assert len(run.steps) == 2
    assert [(p.level, p.what, p.count) for p in run.problems] == [
        ("loss", "a record that is no call", 3)
    ]


def test_no_wrong_type_anywhere_stops_the_reader() -> None:
    calls = [json.loads(line) for line in CALLS.read_text().splitlines()]
    assert withstands(weave, calls[1]) > 500
    assert withstands(weave, calls[-1]) > 200
