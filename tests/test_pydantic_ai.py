"""Pydantic AI's messages, in each of their wrappings, become runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, runs_of, sample_of, withstands
from samples import read_runs
from whypath.model import Run, Step
from whypath.readers import pydantic_ai

TRACES = Path(__file__).parent / "traces" / "pydantic_ai"


def steps(run: Run, kind: str) -> list[Step]:
    return [step for step in run.steps if step.kind == kind]


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def whats(run: Run) -> dict[str, int]:
    return {problem.what: problem.count for problem in run.problems}


def request(*parts: Any, **fields: Any) -> dict[str, Any]:
    return {"kind": "request", "parts": list(parts), **fields}


def response(*parts: Any, **fields: Any) -> dict[str, Any]:
    return {"kind": "response", "parts": list(parts), **fields}


def user(content: Any) -> dict[str, Any]:
    return {"part_kind": "user-prompt", "content": content}


def said(content: str) -> dict[str, Any]:
    return {"part_kind": "text", "content": content}


def call(id: str | None = "c1", name: str = "look", **args: Any) -> dict[str, Any]:
    return {
        "part_kind": "tool-call",
        "tool_name": name,
        "args": args,
        "tool_call_id": id,
    }


def result(content: Any, id: str | None = "c1", **fields: Any) -> dict[str, Any]:
    part = {"part_kind": "tool-return", "tool_name": "look", "content": content}
    return {**part, "tool_call_id": id, **fields}


def only(*messages: Any) -> Run:
    (run,) = runs_of(pydantic_ai, list(messages))
    return run


@pytest.mark.parametrize("name", ["messages.json", "wrapped.jsonl"])
def test_only_this_reader_claims_a_history(name: str) -> None:
    assert claimed_by(TRACES / name) == ["pydantic-ai"]


@pytest.mark.parametrize(
    ("values", "ours"),
    [
        ([[request(user("a"))]], True),
        ([request(user("a")), response(said("b"))], True),
        ([{"messages": [request(user("a"))], "output": 1}], True),
        ([{"all_messages": [response(said("a"))]}], True),
        ([{"messages": [{"role": "user", "content": "a"}]}], False),
        ([{"kind": "request", "parts": [{"text": "a"}]}], False),
        ([{"kind": "MessageEvent", "parts": []}], False),
        ([[]], False),
    ],
)
def test_histories_are_known_by_their_parts(values: list[Any], ours: bool) -> None:
    assert pydantic_ai.detect(sample_of(*values)) is ours


def test_a_run_is_shown_with_its_prompts_calls_and_retries() -> None:
    (run,) = read_runs(TRACES / "messages.json", "pydantic-ai")
    assert [step.kind for step in run.steps] == [
        *("system", "system", "user", "model", "tool", "model", "tool"),
        *("model", "tool", "model", "tool", "user", "model"),
    ]
    first = steps(run, "model")[0]
    assert text(run, first.reasoning) == "The order is needed first."
    assert text(run, first.output) == "Let me look at the order."
    assert '"c2ln"' in (text(run, first.details) or "")
    assert [(s.name, s.status, s.error) for s in steps(run, "tool")] == [
        ("get_order", "error", "An order's id begins with A-."),
        ("get_order", "ok", None),
        (
            "final_result",
            "error",
            "cents: Input should be a valid integer, "
            "unable to parse string as an integer",
        ),
        ("final_result", "ok", None),
    ]
    assert all(step.caller is not None for step in steps(run, "tool"))
    assert not run.problems


def test_tokens_are_those_of_the_responses() -> None:
    messages = json.loads((TRACES / "messages.json").read_text())
    used = [m["usage"] for m in messages if m["kind"] == "response"]
    (run,) = read_runs(TRACES / "messages.json")
    usages = [step.usage for step in run.steps if step.usage]
    for ours, theirs in (
        ("input_tokens", "input_tokens"),
        ("output_tokens", "output_tokens"),
        ("cache_read_tokens", "cache_read_tokens"),
    ):
        assert [getattr(u, ours) for u in usages] == [u[theirs] for u in used]
    thought = [u["details"]["reasoning_tokens"] for u in used]
    assert [u.reasoning_tokens for u in usages] == thought


def test_a_call_lasts_from_the_request_to_the_response_where_both_have_a_time() -> None:
    messages = json.loads((TRACES / "messages.json").read_text())
    (run,) = read_runs(TRACES / "messages.json")
    model = steps(run, "model")[0]
    assert model.start_ns is not None
    assert model.end_ns is not None
    assert 0 < model.end_ns - model.start_ns < 10**9
    for message in messages:
        if message["kind"] == "request":
            del message["timestamp"]
    (old,) = runs_of(pydantic_ai, messages)
    model = steps(old, "model")[0]
    assert (model.start_ns is not None, model.end_ns) == (True, None)


def test_what_stands_beside_the_messages_is_kept() -> None:
    (run,) = read_runs(TRACES / "wrapped.jsonl")
    assert run.outcome is not None
    assert json.loads(text(run, run.outcome.answer) or "") == {
        "order_id": "A-17",
        "cents": 4900,
    }


def test_the_retries_of_older_versions_are_results_or_words_of_their_own() -> None:
    wrong = [{"type": "missing", "loc": ["a", 0], "msg": "Field required"}]
    retry = {"part_kind": "retry-prompt", "content": wrong, "tool_name": "look"}
    plain = {"part_kind": "retry-prompt", "content": "Answer in one word."}
    run = only(
        request(user("a")),
        response(call()),
        request({**retry, "tool_call_id": "c1"}),
        response(said("b")),
        request(plain),
        response(said("c")),
    )
    (tool,) = steps(run, "tool")
    assert (tool.status, tool.error) == ("error", "a.0: Field required")
    (again,) = steps(run, "system")
    assert (again.name, again.status, again.error) == (
        "retry",
        "error",
        "Answer in one word.",
    )


def test_a_refused_call_is_a_recorded_decision() -> None:
    run = only(
        request(user("a")),
        response(call()),
        request(result("The tool call was denied.", outcome="denied")),
    )
    (decided,) = steps(run, "decision")
    assert decided.decision is not None
    assert [o.name for o in decided.decision.chosen] == ["deny"]
    assert decided.decision.basis == "recorded"
    assert steps(run, "tool")[0].status == "error"


def test_instructions_are_shown_where_they_change() -> None:
    run = only(
        request(user("a"), instructions="one"),
        response(said("b")),
        request(user("c"), instructions="one"),
        response(said("d")),
        request(user("e"), instructions="two"),
    )
    assert [text(run, s.output) for s in steps(run, "system")] == ["one", "two"]


def test_tools_of_the_provider_have_their_results_in_the_response() -> None:
    search = {"part_kind": "builtin-tool-call", "tool_name": "web", "args": '{"q":1}'}
    found = {"part_kind": "builtin-tool-return", "tool_name": "web", "content": ["x"]}
    ids = {"tool_call_id": "s1"}
    run = only(response({**search, **ids}, {**found, **ids}, said("b")))
    (tool,) = steps(run, "tool")
    assert (text(run, tool.input), text(run, tool.output)) == ('{"q":1}', '["x"]')


def test_a_compaction_begins_the_context_anew() -> None:
    summary = {"part_kind": "compaction", "content": "In short: a."}
    run = only(request(user("a")), response(summary, said("b")), request(user("c")))
    (short,) = [step for step in run.steps if step.resets_context]
    assert text(run, short.output) == "In short: a."


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("a", "a"),
        (["a", {"kind": "text-content", "content": "b"}], "a\n\nb"),
        (["a", {"kind": "image-url", "url": "x"}], None),
        (None, None),
    ],
)
def test_a_prompt_of_texts_is_one_text(content: Any, shown: str | None) -> None:
    (step,) = only(request(user(content))).steps
    run = only(request(user(content)))
    told = text(run, step.output)
    assert told == shown or (shown is None and (told is None or told.startswith("[")))


def test_calls_without_ids_have_their_results_in_order() -> None:
    run = only(
        response(call(None, a=1), call(None, a=2)),
        request(result("one", None), result("two", None)),
    )
    found = [(text(run, s.input), text(run, s.output)) for s in steps(run, "tool")]
    assert found == [('{"a": 1}', "one"), ('{"a": 2}', "two")]


def test_a_call_id_that_is_used_again_has_its_own_result() -> None:
    run = only(
        response(call(a=1)), request(result("one")), response(call(a=2)),
        request(result("two")),
    )  # fmt: skip
    assert [text(run, s.output) for s in steps(run, "tool")] == ["one", "two"]
    assert whats(run) == {"a call id is used twice": 1}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"finish_reason": "error"}, "the model stopped with an error"),
        ({"state": "interrupted"}, "the response is interrupted"),
        ({"state": "complete", "finish_reason": "stop"}, None),
    ],
)
def test_a_response_that_broke_off_says_so(
    fields: dict[str, Any], error: str | None
) -> None:
    (step,) = only(response(said("a"), **fields)).steps
    assert step.error == error


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"request_tokens": 3, "response_tokens": 2}, (3, 2, None)),
        ({"input_tokens": 3, "output_tokens": 2, "cost": "0.5"}, (3, 2, 0.5)),
        ({"input_tokens": 0, "unmeasured_requests": 1}, None),
        (None, None),
    ],
)
def test_usage_is_read_in_older_spellings_too(usage: Any, tokens: Any) -> None:
    (step,) = only(response(said("a"), usage=usage)).steps
    used = step.usage
    found = used and (used.input_tokens, used.output_tokens, used.cost_usd)
    assert found == tokens


def test_lines_of_single_messages_are_one_run_and_of_lists_are_many() -> None:
    lines = [request(user("a")), response(said("b"))]
    assert len(runs_of(pydantic_ai, *lines)) == 1
    assert [run.id for run in runs_of(pydantic_ai, lines, lines)] == [
        "stdin",
        "stdin-2",
    ]


def test_what_cannot_be_read_is_said_and_the_rest_is_kept() -> None:
    run = only(
        request(user("a"), 7), 7, {"kind": "other", "parts": []},
        response({"part_kind": "file", "content": {"data": "x"}}, said("b")),
        request({"part_kind": "unheard-of", "content": 1}),
    )  # fmt: skip
    assert whats(run) == {
        "parts that are no JSON object": 1,
        "a message that is no JSON object": 1,
        "messages of kind other": 1,
    }
    assert [step.kind for step in run.steps] == ["user", "model", "event"]
    assert "file" in (text(run, run.steps[1].details) or "")
    assert run.steps[2].name == "unheard-of"


def test_no_wrong_type_anywhere_stops_the_reader() -> None:
    messages = json.loads((TRACES / "messages.json").read_text())
    assert withstands(pydantic_ai, messages[:4]) > 800
    assert withstands(pydantic_ai, {"messages": messages[5:7], "output": 1}) > 300
