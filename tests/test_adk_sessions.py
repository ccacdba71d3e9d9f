"""Sessions of Google's ADK, in both spellings and of old, become runs; so do events."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, runs_of, sample_of, withstands
from samples import read_runs
from whypath.model import Run, Step
from whypath.readers import adk_sessions

TRACES = Path(__file__).parent / "traces" / "google_adk"
OURS = ("session_snake.json", "session_camel.json", "events.jsonl")
THEIRS = (
    "sample.session.json",
    "successful_test.session.json",
    "order_query.test.json",
)


def steps(run: Run, kind: str) -> list[Step]:
    return [step for step in run.steps if step.kind == kind]


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def whats(run: Run) -> dict[str, int]:
    return {problem.what: problem.count for problem in run.problems}


def event(author: str, *parts: Any, **fields: Any) -> dict[str, Any]:
    role = "user" if author == "user" else "model"
    content = {"role": role, "parts": list(parts)}
    return {"author": author, "invocation_id": "i1", "content": content, **fields}


def call(name: str = "look", id: str | None = None, **args: Any) -> dict[str, Any]:
    return {"function_call": {"name": name, "id": id, "args": args}}


def result(said: Any, name: str = "look", id: str | None = None) -> dict[str, Any]:
    return {"function_response": {"name": name, "id": id, "response": said}}


def session(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"id": "s1", "app_name": "a", "user_id": "u", "events": events, **fields}


def only(*events: Any, **fields: Any) -> Run:
    (run,) = runs_of(adk_sessions, session(*events, **fields))
    return run


@pytest.mark.parametrize("name", OURS)
def test_only_this_reader_claims_our_samples(name: str) -> None:
    assert claimed_by(TRACES / name) == ["google-adk"]


@pytest.mark.parametrize("name", THEIRS)
def test_only_this_reader_claims_real_files(corpus: Path, name: str) -> None:
    assert claimed_by(corpus / "google-adk" / name) == ["google-adk"]


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (session(), True),
        (session(event("user", {"text": "a"})), True),
        ([session(event("user"))], True),
        ({"session": session(event("user"))}, True),
        (event("user", {"text": "a"}), True),
        ({"author": "a", "invocationId": "i", "errorCode": "X"}, True),
        ({"eval_set_id": "x", "eval_cases": []}, True),
        ({"eval_set_result_id": "x", "eval_case_results": []}, True),
        ({"id": "s1", "events": [], "state": {}}, False),
        ({"events": [{"type": "message"}], "app_name": "x"}, False),
        ({"author": "a", "text": "b"}, False),
        ({"eval_cases": [], "name": "x"}, False),
    ],
)
def test_sessions_are_known_by_their_structure(value: Any, ours: bool) -> None:
    assert adk_sessions.detect(sample_of(value)) is ours


def test_a_session_is_shown_with_its_agents_state_and_decisions() -> None:
    (run,) = read_runs(TRACES / "session_snake.json", "google-adk")
    assert (run.id, run.agent, run.status) == ("s-42", "desk", "error")
    assert [(step.kind, step.name, step.agent) for step in run.steps] == [
        ("state", "state that no event set", None),
        ("user", "", None),
        ("model", "", "desk"),
        ("handoff", "till", "desk"),
        ("model", "", "till"),
        ("tool", "get_order", "till"),
        ("tool", "get_order", "till"),
        ("state", "state", "till"),
        ("model", "", "till"),
        ("tool", "refund", "till"),
        ("decision", "approval", "till"),
        ("event", "refund: not yet done", "till"),
        ("model", "", "till"),
        ("user", "", None),
        ("model", "", "till"),
        ("tool", "ask_boss", "till"),
        ("model", "", "till"),
        ("user", "", None),
        ("error", "error", "till"),
    ]
    assert [(c.path, text(run, c.value)) for c in run.steps[0].state] == [
        ("shop", "north")
    ]
    changes = {c.path: text(run, c.value) for c in steps(run, "state")[1].state}
    assert list(changes) == ["order", "user:tier"]
    assert not run.problems


def test_handing_over_and_approving_are_recorded_decisions() -> None:
    (run,) = read_runs(TRACES / "session_snake.json")
    (handoff,), (approval,) = steps(run, "handoff"), steps(run, "decision")
    assert handoff.decision is not None
    assert [o.name for o in handoff.decision.options] == ["till"]
    assert text(run, handoff.decision.rationale) == "This is about money."
    assert handoff.caller == steps(run, "model")[0].position
    assert approval.decision is not None
    assert approval.decision.question == "Run refund?"
    assert [(o.name, o.chosen) for o in approval.decision.options] == [
        ("approve", True),
        ("deny", False),
    ]


def test_a_call_that_had_to_wait_has_its_last_result() -> None:
    (run,) = read_runs(TRACES / "session_snake.json")
    (refund,) = [step for step in steps(run, "tool") if step.name == "refund"]
    assert json.loads(text(run, refund.output) or "") == {"paid": 4900}
    assert (refund.status, refund.error) == ("ok", None)


def test_both_spellings_say_the_same() -> None:
    (snake,) = read_runs(TRACES / "session_snake.json")
    (camel,) = read_runs(TRACES / "session_camel.json")

    def told(run: Run) -> list[object]:
        return [
            (s.kind, s.name, s.key, s.start_ns, s.usage, text(run, s.output), s.error)
            for s in run.steps
        ]

    assert told(snake) == told(camel)


@pytest.mark.parametrize("name", ["session_snake.json", "session_camel.json"])
def test_tokens_are_those_that_the_events_total(name: str) -> None:
    whole = (TRACES / name).read_text()
    events = json.loads(whole)["events"]
    counted = [e.get("usage_metadata", e.get("usageMetadata")) for e in events]
    used = [counts for counts in counted if counts]
    total = sum(u.get("total_token_count", u.get("totalTokenCount")) for u in used)
    (run,) = read_runs(TRACES / name)
    usages = [step.usage for step in run.steps if step.usage]
    assert len(usages) == len(used)
    assert total == sum((u.input_tokens or 0) + (u.output_tokens or 0) for u in usages)
    assert sum(u.cache_read_tokens or 0 for u in usages) == 160
    assert sum(u.reasoning_tokens or 0 for u in usages) == 3


def test_pieces_of_a_streamed_answer_are_counted_and_left_out() -> None:
    (run,) = read_runs(TRACES / "events.jsonl")
    assert whats(run) == {"pieces of a streamed answer": 4}
    assert [text(run, s.output) for s in steps(run, "model")] == [
        None,
        "Two are in stock.",
        "The price is 4900 cents.",
    ]


def test_branches_are_threads_that_begin_where_they_part() -> None:
    (run,) = read_runs(TRACES / "events.jsonl")
    stock, prices = steps(run, "model")[1:]
    assert (stock.thread, prices.thread) == ("checks.stock", "checks.prices")
    assert stock.previous == prices.previous == steps(run, "handoff")[0].position


def test_an_answer_that_breaks_off_is_shown_as_far_as_it_came() -> None:
    run = only(
        event("user", {"text": "a"}),
        event("b", {"text": "One "}, partial=True),
        event("b", {"text": "two"}, partial=True),
    )
    (model,) = steps(run, "model")
    assert (text(run, model.output), model.status) == ("One two", "error")


def test_old_files_without_ids_are_paired_by_order_and_name(corpus: Path) -> None:
    (run,) = read_runs(corpus / "google-adk" / "successful_test.session.json")
    (tool,) = steps(run, "tool")
    assert (tool.name, tool.status, tool.caller) == ("update_fc", "ok", 5)
    set_ = [change.path for change in steps(run, "state")[1].state]
    assert set_ == ["data_one", "data_two", "data_three", "data_four"]


def test_a_logged_request_is_what_the_model_saw(corpus: Path) -> None:
    path = corpus / "google-adk" / "successful_test.session.json"
    (run,) = read_runs(path)
    logs = json.loads(path.read_text())["event_logs"]
    used = [log["model_response"]["usage_metadata"] for log in logs]
    models = steps(run, "model")
    assert all(m.context and m.context.basis == "recorded" for m in models)
    assert [[t.name for t in m.tools or ()] for m in models] == [["update_fc"]] * 3
    assert [m.usage and m.usage.input_tokens for m in models] == [
        u["prompt_token_count"] for u in used
    ]
    assert [m.usage and m.usage.output_tokens for m in models] == [
        u["candidates_token_count"] for u in used
    ]


def test_calls_of_one_name_are_answered_in_order() -> None:
    run = only(
        event("a", call(n=1), call(n=2)),
        event("a", result({"r": 1}), result({"r": 2})),
        event("a", call(n=3)),
        event("a", result({"r": 3})),
    )
    found = [(text(run, s.input), text(run, s.output)) for s in steps(run, "tool")]
    assert found == [(f'{{"n": {n}}}', f'{{"r": {n}}}') for n in (1, 2, 3)]
    assert not run.problems


def test_a_handover_that_no_call_asked_for_is_shown() -> None:
    actions = {"transfer_to_agent": "b", "transfer_reason": "It is about money."}
    run = only(event("a", {"text": "x"}, actions=actions))
    (handoff,) = steps(run, "handoff")
    assert handoff.decision is not None
    assert handoff.decision.rationale_from == "recorded"
    assert text(run, handoff.decision.rationale) == "It is about money."


@pytest.mark.parametrize(
    ("confirmed", "chosen"),
    [(True, ["approve"]), (False, ["deny"]), ("?", [])],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_approval_says_what_the_user_chose(
    confirmed: Any, chosen: list[str], wrapped: bool
) -> None:
    waiting = {"name": "pay", "id": "c1", "args": {}}
    ask = call("adk_request_confirmation", "q1", originalFunctionCall=waiting)
    said: Any = {"confirmed": confirmed}
    said = {"response": json.dumps(said)} if wrapped else said
    run = only(
        event("a", call("pay", "c1")),
        event("a", ask),
        event("user", result(said, "adk_request_confirmation", "q1")),
    )
    (approval,) = steps(run, "decision")
    assert approval.decision is not None
    assert [option.name for option in approval.decision.chosen] == chosen


def test_a_rewind_marks_what_it_undid() -> None:
    run = only(
        event("user", {"text": "a"}),
        event("b", {"text": "b"}),
        event("user", {"text": "c"}, invocation_id="i2"),
        event("b", {"text": "d"}, invocation_id="i2"),
        event("user", actions={"rewind_before_invocation_id": "i2"}),
        event("user", {"text": "e"}, invocation_id="i3"),
    )
    assert [s.abandoned for s in run.steps] == [False] * 2 + [True] * 2 + [False] * 2


def test_a_compaction_begins_the_context_anew() -> None:
    summary = {"parts": [{"text": "In short: a."}]}
    actions = {"compaction": {"start_timestamp": 1, "compacted_content": summary}}
    run = only(event("user", {"text": "a"}), event("user", actions=actions))
    (short,) = [step for step in run.steps if step.resets_context]
    assert text(run, short.output) == "In short: a."


def test_state_that_is_set_to_null_and_artifacts_are_changes() -> None:
    actions = {"state_delta": {"a": None}, "artifact_delta": {"f.txt": 2}}
    run = only(event("b", {"text": "x"}, actions=actions))
    changes = [(c.path, text(run, c.value)) for c in run.steps[0].state]
    assert changes == [("a", "null"), ("artifact:f.txt", "2")]


def test_code_that_the_model_ran_is_a_call() -> None:
    code = {"executable_code": {"language": "PYTHON", "code": "1/0"}}
    ran = {"code_execution_result": {"outcome": "OUTCOME_FAILED", "output": "no"}}
    (tool,) = steps(only(event("a", code, ran)), "tool")
    assert (tool.name, tool.status, tool.error) == ("code_execution", "error", "no")


def test_an_eval_set_is_said_to_be_what_is_expected(corpus: Path) -> None:
    path = corpus / "google-adk" / "order_query.test.json"
    (case,) = json.loads(path.read_text())["eval_cases"]
    (run,) = read_runs(path)
    turns = case["conversation"]
    assert [text(run, s.output) for s in steps(run, "user")] == [
        turn["user_content"]["parts"][0]["text"] for turn in turns
    ]
    asked = [use["name"] for t in turns for use in t["intermediate_data"]["tool_uses"]]
    assert [step.name for step in steps(run, "tool")] == asked
    assert (run.status, run.start_ns) == ("unknown", None)
    assert "an eval set: what is expected of the agent, not what it did" in whats(run)


def test_the_result_of_an_evaluation_is_the_session_that_was_judged() -> None:
    judged = {
        "eval_id": "case 1",
        "final_eval_status": 2,
        "overall_eval_metric_results": [{"metric_name": "match", "score": 0.5}],
        "session_details": session(event("user", {"text": "a"})),
    }
    took_place = {"user_content": {"role": "user", "parts": [{"text": "b"}]}}
    alone = {
        "eval_id": "case 2",
        "eval_metric_result_per_invocation": [{"actual_invocation": took_place}],
    }
    whole = {"eval_set_id": "e", "eval_case_results": [judged, alone]}
    one, two = runs_of(adk_sessions, whole)
    assert (one.id, two.id) == ("case 1", "case 2")
    assert one.outcome is not None
    assert (one.outcome.score, one.outcome.note) == (0.5, "match 0.5")
    assert dict(one.labels)["eval status"] == "failed"
    assert text(two, two.steps[0].output) == "b"


def test_what_cannot_be_read_is_said_and_the_rest_is_kept() -> None:
    (run,) = runs_of(
        adk_sessions, session(event("user", {"text": "a"}, id="e1"), 7), 7, {"x": 1}
    )
    assert len(run.steps) == 1
    assert whats(run) == {
        "an event that is no JSON object": 1,
        "a record that is no session and no event": 2,
    }
    again = event("user", {"text": "a"}, id="e1")
    assert whats(only(again, again)) == {"an event is there twice": 1}


def test_no_wrong_type_anywhere_stops_the_reader() -> None:
    whole = json.loads((TRACES / "session_camel.json").read_text())
    for start in (0, 5):
        part = {**whole, "events": whole["events"][start : start + 5]}
        assert withstands(adk_sessions, part) > 1000


def test_no_wrong_type_in_an_evaluation_stops_the_reader(corpus: Path) -> None:
    path = corpus / "google-adk" / "order_query.test.json"
    whole = json.loads(path.read_text())
    case = whole["eval_cases"][0]
    case["conversation"] = case["conversation"][:1]
    assert withstands(adk_sessions, whole) > 300
    judged = {"eval_id": "c", "overall_eval_metric_results": [{"score": 1}]}
    judged["eval_metric_result_per_invocation"] = [
        {"actual_invocation": case["conversation"][0]}
    ]
    results = {"eval_set_id": "e", "eval_case_results": [judged]}
    assert withstands(adk_sessions, results) > 300
