"""Managed Agents streams: events in spans of model requests, and what a client sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, mutants, runs_of
from samples import CORPUS, read_runs
from whypath.build import tell
from whypath.errors import TraceError
from whypath.model import Run, Step
from whypath.readers import managed_agents

FOLDER = CORPUS / "anthropic-managed-agents"
CUSTOM = FOLDER / "anthropic_managed_custom_tools.jsonl"
REJECT = FOLDER / "anthropic_managed_mcp_tools_reject.jsonl"
FILES = [CUSTOM, REJECT]

SESSION = {
    "type": "session",
    "id": "sesn_1",
    "environment_id": "env",
    "created_at": "2026-11-20T10:00:00Z",
    "title": "T",
    "agent": {
        "name": "Helper",
        "model": {"id": "m"},
        "system": "Help.",
        "tools": [
            {"type": "custom", "name": "look", "input_schema": {}},
            {"type": "mcp_toolset", "mcp_server_name": "web"},
            {"type": "agent_toolset_20260401"},
        ],
    },
}


def event(id: str, kind: str, second: int = 1, **fields: Any) -> dict[str, Any]:
    time = f"2026-11-20T10:00:{second:02}Z"
    return {"id": f"sevt_{id}", "type": kind, "processed_at": time} | fields


def words(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


USAGE = {"input_tokens": 2, "cache_read_input_tokens": 8, "output_tokens": 5}
TURN = (
    event("u", "user.message", 1, **words("Find it")),
    event("q", "span.model_request_start", 2),
    event("t", "agent.thinking", 3, thinking="Where?"),
    event("a", "agent.message", 3, **words("I look.")),
    event("c", "agent.custom_tool_use", 3, name="look", input={"q": 1}),
    event("e", "span.model_request_end", 4, model_usage=USAGE),
    event("r", "user.custom_tool_result", 6, custom_tool_use_id="sevt_c", **words("5")),
    event("i", "session.status_idle", 9, stop_reason={"type": "end_turn"}),
)


def one(*records: Any) -> Run:
    (run,) = runs_of(managed_agents, *records)
    return run


def shown(run: Run, step: Step) -> str:
    content = step.input if step.output is None else step.output
    return "" if content is None else run.contents.text(content)


def problems(run: Run) -> dict[str, int]:
    return {p.what: p.count for p in run.problems}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[18:])
def test_a_stream_is_claimed_by_this_reader_alone(corpus: Path, path: Path) -> None:
    assert claimed_by(path) == ["anthropic-managed-agents"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[18:])
def test_tokens_are_those_of_the_requests(corpus: Path, path: Path) -> None:
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    events = [line[1] for line in lines if isinstance(line[1], dict)]
    usages = [e["model_usage"] for e in events if "model_usage" in e]
    [run] = read_runs(path)
    totals = tell(run).totals
    assert totals.output_tokens == sum(u["output_tokens"] for u in usages)
    assert totals.input_tokens == sum(
        sum(count for name, count in u.items() if name != "output_tokens")
        for u in usages
    )
    assert len([s for s in run.steps if s.kind == "model"]) == len(usages)
    assert run.status == "ok"


def test_what_was_sent_and_came_back_is_shown_once(corpus: Path) -> None:
    [run] = read_runs(CUSTOM)
    assert [(s.kind, s.name) for s in run.steps] == [
        ("system", ""),
        ("user", ""),
        ("model", ""),
        ("tool", "get_weather"),
        ("model", ""),
    ]
    assert shown(run, run.steps[3]) == "It's 23°C and sunny in Prague."


def test_what_was_sent_and_did_not_come_back_is_shown_at_the_end() -> None:
    message = {"type": "user.message", **words("And then?")}
    log = ["client.beta.sessions.events.send", ["sesn_1", {"events": [message]}]]
    run = one(*TURN, log)
    assert (run.steps[-1].kind, shown(run, run.steps[-1])) == ("user", "And then?")


def test_a_refused_call_is_a_recorded_decision_with_its_reason(corpus: Path) -> None:
    [run] = read_runs(REJECT)
    [step] = [s for s in run.steps if s.kind == "decision"]
    decision = step.decision
    assert decision is not None
    assert decision.question == "May web_search_exa be called?"
    assert [(o.name, o.chosen) for o in decision.options] == [
        ("allow", False),
        ("deny", True),
    ]
    why = run.contents.text(decision.rationale or 0)
    assert why == "This tool is not allowed in this demo."
    assert [(s.name, s.status) for s in run.steps if s.kind == "tool"] == [
        ("web_search_exa", "error"),
        ("web_fetch", "ok"),
    ]


def test_all_between_the_ends_of_a_request_is_one_step_with_both_clocks() -> None:
    run = one(SESSION, *TURN)
    assert [s.kind for s in run.steps] == ["system", "user", "model", "tool"]
    model, tool = run.steps[2:]
    assert model.model == "m"
    assert [call.name for call in model.calls] == ["look"]
    assert run.contents.text(model.reasoning or 0) == "Where?"
    assert (model.end_ns or 0) - (model.start_ns or 0) == 2_000_000_000
    assert (tool.end_ns or 0) - (tool.start_ns or 0) == 3_000_000_000
    assert model.usage is not None
    assert (model.usage.input_tokens, model.usage.cache_read_tokens) == (10, 8)


def test_tools_on_offer_are_named_and_sets_of_them_are_called_that() -> None:
    run = one(SESSION, *TURN)
    assert [tool.name for tool in run.steps[2].tools or ()] == [
        "look",
        "web: mcp_toolset",
        "agent_toolset_20260401",
    ]


def test_events_without_the_spans_of_requests_make_a_turn_until_the_result() -> None:
    turn = [e for e in TURN if not str(e["type"]).startswith("span.")]
    run = one(*turn, event("b", "agent.message", 8, **words("Five.")))
    assert [s.kind for s in run.steps] == ["user", "model", "tool", "model"]


@pytest.mark.parametrize("page", [{"data": [*TURN]}, [*TURN], {"events": [*TURN]}])
def test_events_may_come_as_a_page(page: Any) -> None:
    assert [s.key for s in one(page).steps] == [s.key for s in one(*TURN).steps]


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("end_turn", "ok"),
        ("requires_action", "incomplete"),
        ("retries_exhausted", "error"),
    ],
)
def test_the_last_pause_says_how_the_run_ended(reason: str, status: str) -> None:
    stop = {"type": reason}
    last = event("z", "session.status_idle", 9, stop_reason=stop)
    assert one(*TURN, last).status == status


def test_a_session_that_was_terminated_is_an_error() -> None:
    run = one(*TURN, event("z", "session.status_terminated"))
    assert (run.status, run.steps[-1].error) == ("error", "the session was terminated")


def test_a_sub_agents_thread_stands_under_the_step_that_made_it() -> None:
    thread: dict[str, Any] = {"session_thread_id": "sthr_2"}
    run = one(
        SESSION,
        TURN[0],
        event("n", "session.thread_created", agent_name="Scout", **thread),
        event("s", "agent.thread_message_sent", to_agent_name="Scout", **words("Go")),
        event("b", "agent.message", **words("On it."), **thread),
        event("v", "agent.tool_use", name="bash", input={}, **thread),
    )
    agent = next(s for s in run.steps if s.kind == "agent")
    inner = [s for s in run.steps if s.parent == agent.position]
    assert [(s.kind, s.agent, s.tools) for s in inner] == [
        ("model", "Scout", None),
        ("tool", "Scout", None),
    ]
    assert [s.name for s in run.steps if s.kind == "handoff"] == ["Scout"]


def test_errors_compactions_and_verdicts_are_told() -> None:
    run = one(
        TURN[0],
        event("x", "session.error", error={"type": "overloaded", "message": "Busy"}),
        event("k", "agent.thread_context_compacted"),
        event("d", "user.define_outcome", description="A report", rubric={}),
        event(
            "g",
            "span.outcome_evaluation_end",
            result="needs_revision",
            explanation="No sums",
            usage=USAGE,
        ),
        event("w", "agent.dreamt"),
    )
    assert [(s.kind, s.name, s.error) for s in run.steps[1:]] == [
        ("error", "session error", "Busy"),
        ("event", "compaction", None),
        ("user", "outcome wanted", None),
        ("guardrail", "outcome: needs_revision", "needs_revision"),
        ("event", "dreamt", None),
    ]
    assert run.steps[2].resets_context
    assert run.outcome is not None
    assert run.outcome.note == "needs_revision"
    assert problems(run) == {"events of type agent.dreamt": 1}


def test_an_event_that_is_read_twice_is_shown_once() -> None:
    run = one(*TURN, *TURN)
    assert len(run.steps) == len(one(*TURN).steps)
    assert problems(run)["an event is written twice"] == len(TURN)


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ((TURN[6],), "a result has no call"),
        (TURN[:5], "a call has no result"),
        ((*TURN, 7), "a record that holds no event"),
        ((*TURN, ["client.beta.sessions.retrieve"]), "a record that holds no event"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_shown(
    records: tuple[Any, ...], what: str
) -> None:
    assert what in problems(one(*records))


def test_no_value_of_another_type_stops_the_reader() -> None:
    asked = event("p", "user.tool_confirmation", tool_use_id="sevt_c", result="allow")
    message = {"type": "user.message", **words("And then?")}
    log = ["client.beta.sessions.events.send", ["sesn_1", {"events": [message]}]]
    judged = event("g", "span.outcome_evaluation_end", result="satisfied", usage=USAGE)
    thread = event("n", "session.thread_created", agent_name="S", session_thread_id="x")
    records = [["m", SESSION], log, *TURN, asked, judged, thread]
    for number, record in enumerate(records):
        for mutant in mutants(record):
            try:
                runs_of(
                    managed_agents, *records[:number], mutant, *records[number + 1 :]
                )
            except TraceError:
                continue
