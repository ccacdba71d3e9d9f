"""Traces of the OpenAI Agents SDK, and the states of its paused runs, become runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, mutants, runs_of, sample_of, withstands
from samples import read_runs
from whypath.model import Decision, Run, Step
from whypath.readers import openai_agents, openai_agents_state

TRACES = Path(__file__).parent / "traces" / "openai_agents"


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TRACES / name).read_text().splitlines()]


def a_span(number: int, parent: int, type_: str, **data: Any) -> dict[str, Any]:
    return {
        "object": "trace.span",
        "id": f"span_{number}",
        "trace_id": "trace_1",
        "parent_id": f"span_{parent}" if parent else None,
        "started_at": f"2026-11-23T10:00:{number:02}.000000+00:00",
        "ended_at": f"2026-11-23T10:00:{number + 1:02}.000000+00:00",
        "span_data": {"type": type_, **data},
        "error": data.pop("error", None),
    }


def steps(run: Run, kind: str) -> list[Step]:
    return [step for step in run.steps if step.kind == kind]


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def told(decision: Decision | None) -> list[tuple[str, bool]]:
    return [(o.name, o.chosen) for o in decision.options] if decision else []


def only(name: str) -> Run:
    (run,) = read_runs(TRACES / name)
    return run


@pytest.mark.parametrize("name", ["handoff.jsonl", "guardrail.jsonl", "chat.jsonl"])
def test_only_this_reader_claims_a_trace(name: str) -> None:
    assert claimed_by(TRACES / name) == ["openai-agents"]


def test_a_handoff_reads_like_a_story() -> None:
    run = only("handoff.jsonl")
    assert [(s.depth, s.kind, s.name, s.caller) for s in run.steps] == [
        (0, "agent", "Triage", None),
        (1, "guardrail", "no secrets", None),
        (1, "model", "response", None),
        (2, "tool", "look_up_order", 3),
        (2, "tool", "check_stock", 3),
        (1, "model", "response", None),
        (2, "handoff", "handoff to Refunds", 6),
        (0, "agent", "Refunds", None),
        (1, "model", "response", None),
    ]
    assert run.agent == "Triage"
    assert dict(run.labels) == {
        "channel": "mail",
        "group": "conversation-7",
        "workflow": "Shop",
    }


def test_a_handoff_is_a_recorded_choice_among_the_agents_that_were_known() -> None:
    (step,) = steps(only("handoff.jsonl"), "handoff")
    assert told(step.decision) == [("Refunds", True), ("Returns", False)]


def test_a_response_without_content_shows_what_it_led_to_and_says_so() -> None:
    run = only("handoff.jsonl")
    first, second, third = steps(run, "model")
    assert [call.name for call in first.calls] == ["look_up_order", "check_stock"]
    assert [call.name for call in second.calls] == ["handoff to Refunds"]
    assert (third.calls, third.output, third.context) == ((), None, None)
    assert [tool.name for tool in first.tools or ()] == [
        *("look_up_order", "check_stock"),
        *("handoff to Refunds", "handoff to Returns"),
    ]
    assert third.tools == ()
    assert "model calls without content: the SDK exports only their ids" in {
        problem.what for problem in run.problems
    }


@pytest.mark.parametrize("name", ["handoff.jsonl", "chat.jsonl"])
def test_tokens_are_those_of_the_whole_task(name: str) -> None:
    usages = [step.usage for step in only(name).steps if step.usage is not None]
    groups = [line.get("span_data", {}).get("data") or {} for line in lines(name)]
    (task,) = [g["usage"] for g in groups if g.get("sdk_span_type") == "task"]
    assert (
        sum(usage.input_tokens or 0 for usage in usages),
        sum(usage.output_tokens or 0 for usage in usages),
        sum(usage.cache_read_tokens or 0 for usage in usages),
    ) == (task["input_tokens"], task["output_tokens"], task["cached_input_tokens"])


def test_a_generation_has_its_messages_and_a_crash_has_its_cause() -> None:
    run = only("chat.jsonl")
    first, second = steps(run, "model")
    assert (run.status, run.task) == ("error", "Please send order B-2.")
    assert first.context is not None
    assert [m.role for m in first.context.add] == ["system", "user"]
    assert (text(run, first.output), first.calls[0].id) == (
        "I read it first.",
        "call_9",
    )
    found, failed = steps(run, "tool")
    assert (found.caller, failed.caller) == (first.position, second.position)
    assert failed.error == "Error running tool: order B-2 has no address"
    assert text(run, found.output) == '{"order_id": "B-2", "paid": 49.5}'


def test_a_guardrail_that_trips_is_a_decision_and_stops_the_run() -> None:
    run = only("guardrail.jsonl")
    (guardrail,) = steps(run, "guardrail")
    assert told(guardrail.decision) == [
        ("let it pass", False),
        ("stop the run", True),
    ]
    assert (run.status, run.steps[0].error) == (
        "error",
        "Guardrail tripwire triggered: no secrets",
    )


def test_spans_of_every_other_type_are_shown() -> None:
    (run,) = runs_of(
        openai_agents,
        a_span(1, 0, "agent", name="A", tools=None, handoffs=None),
        a_span(2, 1, "mcp_tools", server="files", result=["read", "write"]),
        a_span(3, 1, "transcription", model="ears", output="Hello"),
        a_span(4, 1, "custom", name="cache", data={"hit": True}),
        a_span(5, 1, "dream", name="new one"),
        a_span(6, 1, "response", response_id="r", usage=None),
    )
    assert [(s.kind, s.name) for s in run.steps] == [
        ("agent", "A"),
        ("event", "tools of files"),
        ("event", "ears"),
        ("event", "cache"),
        ("event", "new one"),
        ("model", "response"),
    ]
    assert text(run, run.steps[1].output) == '["read","write"]'
    assert run.steps[-1].tools is None


def test_an_agent_used_as_a_tool_is_inside_the_tool() -> None:
    (run,) = runs_of(
        openai_agents,
        a_span(1, 0, "agent", name="A", tools=["ask_b"], handoffs=[]),
        a_span(2, 1, "response", response_id="r1"),
        a_span(3, 1, "function", name="ask_b", input="{}", output="42"),
        a_span(4, 3, "agent", name="B", tools=[], handoffs=[]),
        a_span(5, 4, "response", response_id="r2"),
        a_span(6, 1, "response", response_id="r3"),
    )
    assert [(s.name, s.depth, s.agent) for s in run.steps] == [
        ("A", 0, None),
        ("response", 1, "A"),
        ("ask_b", 2, "A"),
        ("B", 3, "A"),
        ("response", 4, "B"),
        ("response", 1, "A"),
    ]
    assert [len(step.calls) for step in steps(run, "model")] == [1, 0, 0]


def test_the_traces_of_a_group_are_one_run_also_in_a_batch() -> None:
    def a_trace(number: int) -> list[dict[str, Any]]:
        id = f"trace_{number}"
        row = {"object": "trace", "id": id, "workflow_name": "W", "group_id": "g"}
        return [row, {**a_span(number, 0, "agent", name="A"), "trace_id": id}]

    (run,) = runs_of(openai_agents, {"data": a_trace(1)}, a_trace(2))
    assert (run.id, len(run.steps)) == ("g", 2)


def test_a_span_that_has_not_ended_leaves_the_run_incomplete() -> None:
    row = a_span(1, 0, "agent", name="A")
    (run,) = runs_of(openai_agents, {**row, "ended_at": None})
    assert run.status == "incomplete"


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (a_span(1, 0, "agent"), True),
        ({"object": "trace", "id": "trace_1", "workflow_name": "W"}, True),
        ({"data": [a_span(1, 0, "agent")]}, True),
        ({"object": "trace", "id": "x"}, False),
        ({"object": "trace.span", "id": "x"}, False),
        ({"object": "chat.completion", "choices": []}, False),
        ({"object": "response", "output": []}, False),
    ],
)
def test_only_what_has_the_structure_is_claimed(value: Any, ours: bool) -> None:
    assert openai_agents.detect(sample_of(value)) is ours


def test_what_is_no_span_is_said_and_the_rest_is_kept() -> None:
    (run,) = runs_of(openai_agents, a_span(1, 0, "agent", name="A"), 7, {"object": "x"})
    assert [(p.level, p.what, p.count) for p in run.problems] == [
        ("loss", "a record that is no trace and no span", 2)
    ]


@pytest.mark.parametrize("name", ["handoff.jsonl", "guardrail.jsonl", "chat.jsonl"])
def test_no_wrong_type_anywhere_stops_the_reader(name: str) -> None:
    rows = lines(name)
    count = 0
    for number, row in enumerate(rows[:9]):
        for mutant in mutants(row):
            count += 1
            openai_agents.detect(sample_of(mutant))
            runs_of(openai_agents, *rows[:number], mutant, *rows[number + 1 :])
    assert count > 300


# Paused runs.


@pytest.mark.parametrize(
    "name",
    ["v1_13_nested_history_ownership.json", "v1_13_pending_tool_approval.json"],
)
def test_only_its_reader_claims_a_real_state(corpus: Path, name: str) -> None:
    path = corpus / "openai-agents-runstate" / name
    assert claimed_by(path) == ["openai-agents-state"]
    (run,) = read_runs(path)
    assert {p.level for p in run.problems} <= {"note"}


def test_a_real_state_waits_for_its_approval(corpus: Path) -> None:
    name = "v1_13_pending_tool_approval.json"
    (run,) = read_runs(corpus / "openai-agents-runstate" / name)
    assert [s.kind for s in run.steps] == ["user", "model", "tool", "decision"]
    assert (run.status, run.task, run.agent) == (
        *("incomplete", "historical input", "compat-agent"),
    )
    decision = run.steps[-1].decision
    assert told(decision) == [("approve", False), ("reject", False)]
    assert decision is not None
    assert decision.outcome == "waits for an answer"


def test_what_a_real_states_input_holds_is_not_told_twice(corpus: Path) -> None:
    name = "v1_13_nested_history_ownership.json"
    (run,) = read_runs(corpus / "openai-agents-runstate" / name)
    assert [(s.kind, text(run, s.output)) for s in run.steps] == [
        ("model", "owned history")
    ]


def test_a_paused_run_says_what_was_approved_rejected_and_is_open() -> None:
    assert claimed_by(TRACES / "paused.json") == ["openai-agents-state"]
    run = only("paused.json")
    approvals = [told(step.decision) for step in steps(run, "decision")]
    assert approvals == [
        [("approve", True), ("reject", False)],
        [("approve", False), ("reject", True)],
        [("approve", False), ("reject", False)],
    ]
    assert [s.status for s in steps(run, "tool")] == ["ok", "ok", "ok", "unset"]
    assert [s.agent for s in run.steps][1:] == ["Careful"] * (len(run.steps) - 1)
    assert run.status == "incomplete"


def test_the_tokens_of_a_paused_run_are_those_of_its_responses() -> None:
    counted = json.loads((TRACES / "paused.json").read_text())["context"]["usage"]
    usages = [s.usage for s in only("paused.json").steps if s.usage is not None]
    assert (
        sum(usage.input_tokens or 0 for usage in usages),
        sum(usage.output_tokens or 0 for usage in usages),
        sum(usage.cache_read_tokens or 0 for usage in usages),
    ) == (
        counted["input_tokens"],
        counted["output_tokens"],
        counted["input_tokens_details"][0]["cached_tokens"],
    )


STATE: dict[str, Any] = {
    "$schemaVersion": "1.21",
    "current_agent": {"name": "B"},
    "original_input": [{"role": "user", "content": "Hi"}],
    "model_responses": [
        {
            "output": [{"type": "message", "id": "m1", "role": "assistant"}],
            "usage": {"input_tokens": 4, "output_tokens": 2, "total_tokens": 6},
        }
    ],
    "generated_items": [
        {
            "type": "handoff_call_item",
            "agent": {"name": "A"},
            "raw_item": {
                "type": "function_call",
                "call_id": "c1",
                "name": "transfer_to_b",
                "arguments": "{}",
            },
        },
        {
            "type": "handoff_output_item",
            "agent": {"name": "A"},
            "source_agent": {"name": "A"},
            "target_agent": {"name": "B"},
            "raw_item": {
                "type": "function_call_output",
                "call_id": "c1",
                "output": '{"assistant": "B"}',
            },
        },
        {
            "type": "tool_approval_item",
            "agent": {"name": "B"},
            "raw_item": {"call_id": "c2", "name": "pay", "arguments": "{}"},
        },
    ],
    "context": {"approvals": {"pay": {"approved": True, "rejected": []}}},
    "input_guardrail_results": [
        {"guardrail": {"name": "no secrets"}, "output": {"tripwireTriggered": False}}
    ],
}


def test_a_state_tells_handoffs_guardrails_and_tools_that_are_always_approved() -> None:
    (run,) = runs_of(openai_agents_state, STATE)
    (handoff,) = steps(run, "handoff")
    assert (handoff.name, handoff.agent) == ("handoff to B", "A")
    assert handoff.caller is not None
    assert [s.name for s in steps(run, "guardrail")] == ["no secrets"]
    assert told(steps(run, "decision")[0].decision)[0] == ("approve", True)
    assert run.status != "incomplete"


def test_a_response_without_its_items_keeps_its_tokens() -> None:
    (run,) = runs_of(openai_agents_state, STATE)
    usages = [s.usage for s in run.steps if s.usage is not None]
    assert [(u.input_tokens, u.output_tokens) for u in usages] == [(4, 2)]


def test_two_states_of_one_trace_are_two_runs() -> None:
    state = {**STATE, "trace": {"id": "trace_1"}}
    assert len(runs_of(openai_agents_state, state, state)) == 2


def test_no_wrong_type_in_a_state_stops_the_reader() -> None:
    assert withstands(openai_agents_state, STATE) > 600
