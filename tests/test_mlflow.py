"""MLflow's traces, of schema 3 and 2, alone and in a table, become the same runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, mutants, runs_of, sample_of, withstands
from samples import read_runs
from whypath.model import Run, Step
from whypath.readers import mlflow

TRACES = Path(__file__).parent / "traces" / "mlflow"
FILES = ("trace.json", "search.jsonl", "v2.json")


def steps(run: Run, kind: str) -> list[Step]:
    return [step for step in run.steps if step.kind == kind]


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def span(number: int, parent: int = 0, **fields: Any) -> dict[str, Any]:
    """A span of schema 3, with hex ids as MLflow 3.5.0 wrote them."""
    attributes = fields.pop("attributes", {})
    return {
        "trace_id": "tr-" + "a" * 32,
        "span_id": f"{number:016x}",
        "parent_span_id": f"{parent:016x}" if parent else None,
        "name": fields.pop("name", f"span {number}"),
        "start_time_unix_nano": 1795472844000000000 + number,
        "end_time_unix_nano": 1795472845000000000 + number,
        "events": [],
        "status": {"code": "OK", "message": ""},
        "attributes": {key: json.dumps(item) for key, item in attributes.items()},
        **fields,
    }


def trace(*spans: dict[str, Any], **info: Any) -> dict[str, Any]:
    told = {"trace_id": "tr-" + "a" * 32, "trace_metadata": {}, **info}
    return {"info": told, "data": {"spans": list(spans)}}


def model(asked: Any, said: Any, **more: Any) -> tuple[Run, Step]:
    """A trace's run and its one model step, with this request and this response."""
    attributes = {"mlflow.spanType": "CHAT_MODEL", "mlflow.spanInputs": asked}
    attributes |= {"mlflow.spanOutputs": said, **more}
    (run,) = runs_of(mlflow, trace(span(1, attributes=attributes)))
    (step,) = steps(run, "model")
    return run, step


@pytest.mark.parametrize("name", FILES)
def test_only_this_reader_claims_a_trace_of_mlflow(name: str) -> None:
    assert claimed_by(TRACES / name) == ["mlflow"]


DETECTED: list[tuple[str, Any, bool]] = [
    ("schema 3", trace(span(1)), True),
    (
        "schema 2",
        {"info": {"request_id": "x", "tags": {}}, "data": {"spans": []}},
        False,
    ),
    ("a row whose trace is cut off", {"trace_id": "tr-0a"}, True),
    ("an old row", {"request_id": "tr-0a", "trace": "{", "status": "OK"}, True),
    ("another id", {"trace_id": "0a", "trace": "{}"}, False),
    ("a row of something else", {"trace_id": "tr-0a", "spans": [], "x": 1}, False),
    ("OpenCode", {"info": {"id": "1"}, "messages": []}, False),
    ("a Langfuse trace", {"trace": {}, "observations": []}, False),
]


@pytest.mark.parametrize(
    ("value", "ours"), [d[1:] for d in DETECTED], ids=[d[0] for d in DETECTED]
)
def test_traces_are_known_by_their_structure(value: Any, ours: bool) -> None:
    assert mlflow.detect(sample_of(value)) is ours


def test_an_agent_is_shown_with_its_calls_tools_and_failures() -> None:
    (run,) = read_runs(TRACES / "trace.json", "mlflow")
    assert (run.status, run.task) == ("ok", "Please refund order A-17.")
    assert run.outcome is not None
    assert text(run, run.outcome.answer) == "I have paid back 49.00 for order A-17."
    assert dict(run.labels) == {"user": "user-7", "tags": "shop: north"}
    assert [step.name for step in steps(run, "agent")] == ["shop_agent"]
    models = steps(run, "model")
    assert [[call.name for call in step.calls] for step in models] == [
        ["find_policy", "get_order"],
        ["refund"],
        ["refund"],
        [],
    ]
    offered = [[tool.name for tool in step.tools or ()] for step in models]
    assert offered == [["find_policy", "get_order", "refund"]] * 4
    refunds = [step for step in steps(run, "tool") if step.name == "refund"]
    assert [(step.status, step.error) for step in refunds] == [
        ("error", "ValueError: more than the order cost"),
        ("ok", None),
    ]
    assert [step.caller for step in refunds] == [s.position for s in models[1:3]]
    (found,) = steps(run, "retrieval")
    assert "Refunds are paid" in (text(run, found.output) or "")
    assert all(step.context and step.context.basis == "recorded" for step in models)
    assert not run.problems


def test_tokens_and_cost_are_those_that_mlflow_itself_adds_up() -> None:
    whole = json.loads((TRACES / "trace.json").read_text())
    told = whole["info"]["trace_metadata"]
    tokens = json.loads(told["mlflow.trace.tokenUsage"])
    cost = json.loads(told["mlflow.trace.cost"])["total_cost"]
    (run,) = read_runs(TRACES / "trace.json", "mlflow")
    usages = [step.usage for step in run.steps if step.usage]
    assert sum(u.input_tokens or 0 for u in usages) == tokens["input_tokens"]
    assert sum(u.output_tokens or 0 for u in usages) == tokens["output_tokens"]
    cached = sum(u.cache_read_tokens or 0 for u in usages)
    assert cached == tokens["cache_read_input_tokens"]
    assert sum(u.cost_usd or 0 for u in usages) == pytest.approx(cost)


def test_what_was_thought_of_a_run_is_an_evaluation_without_a_time_of_its_own() -> None:
    (run,) = read_runs(TRACES / "trace.json", "mlflow")
    found = [s for s in run.steps if s.name.startswith("evaluation")]
    assert [step.name for step in found] == [
        "evaluation: helpful",
        "evaluation: cents (expected)",
    ]
    assert '"Paid."' in (text(run, found[0].output) or "")
    root = run.steps[0]
    assert (run.start_ns, run.end_ns) == (root.start_ns, root.end_ns)


def test_a_table_holds_a_run_for_each_session_and_each_trace_without_one() -> None:
    session, failed = read_runs(TRACES / "search.jsonl", "mlflow")
    assert session.id == "session-42"
    assert [s.name for s in steps(session, "agent")] == ["shop_agent"] * 2
    assert (failed.status, [s.kind for s in failed.steps]) == (
        "error",
        ["agent", "event", "tool"],
    )
    (alone,) = read_runs(TRACES / "trace.json", "mlflow")
    assert [s.name for s in alone.steps] == [
        s.name for s in session.steps[: len(alone.steps)]
    ]


def test_mlflow_2_says_the_same_as_mlflow_3() -> None:
    (old,) = read_runs(TRACES / "v2.json", "mlflow")
    new = read_runs(TRACES / "search.jsonl", "mlflow")[1]

    def told(run: Run) -> list[object]:
        return [(s.kind, s.name, s.error, s.start_ns, s.end_ns) for s in run.steps]

    assert (old.id, told(old)) == (new.id, told(new))


SAID: list[tuple[str, Any, str | None]] = [
    ("text", "hello", "hello"),
    ("chat", {"choices": [{"message": {"content": "hello"}}]}, "hello"),
    ("completion", {"choices": [{"text": "hello"}]}, "hello"),
    (
        "Responses",
        {"output": [{"type": "message", "content": [{"text": "hello"}]}]},
        "hello",
    ),
    (
        "Anthropic",
        {"role": "assistant", "content": [{"type": "text", "text": "hello"}]},
        "hello",
    ),
    (
        "Google",
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]}}]},
        "hello",
    ),
    (
        "Bedrock",
        {"output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}}},
        "hello",
    ),
    (
        "LangChain",
        {"generations": [[{"message": {"type": "ai", "content": "hello"}}]]},
        "hello",
    ),
    ("something else", {"score": 1}, '{"score": 1}'),
    ("nothing", None, None),
]


@pytest.mark.parametrize(
    ("said", "shown"), [s[1:] for s in SAID], ids=[s[0] for s in SAID]
)
def test_the_answer_is_found_in_every_apis_response(
    said: Any, shown: str | None
) -> None:
    run, step = model({"messages": [{"role": "user", "content": "hi"}]}, said)
    assert text(run, step.output) == shown


ASKED: list[tuple[str, Any, list[str]]] = [
    ("messages", {"messages": [{"role": "user", "content": "a"}]}, ["user"]),
    (
        "a system prompt beside",
        {"system": "s", "messages": [{"role": "user", "content": "a"}]},
        ["system", "user"],
    ),
    ("Responses", {"instructions": "s", "input": "a"}, ["system", "user"]),
    (
        "Google",
        {"contents": [{"role": "user", "parts": [{"text": "a"}]}]},
        ["user"],
    ),
    (
        "LangChain",
        [[{"type": "system", "content": "s"}, {"type": "human", "content": "a"}]],
        ["system", "user"],
    ),
    ("a bare text", "a", ["user"]),
]


@pytest.mark.parametrize(
    ("asked", "roles"), [a[1:] for a in ASKED], ids=[a[0] for a in ASKED]
)
def test_what_the_model_saw_is_found_in_every_apis_request(
    asked: Any, roles: list[str]
) -> None:
    _, step = model(asked, "ok")
    assert step.context is not None
    assert [message.role for message in step.context.add] == roles


def test_the_rest_of_a_request_is_among_the_details() -> None:
    asked = {"messages": [{"role": "user", "content": "a"}], "temperature": 0.5}
    run, step = model(asked, "ok")
    assert json.loads(text(run, step.details) or "")["request"] == {"temperature": 0.5}


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("LLM", "model"),
        ("AGENT", "agent"),
        ("TOOL", "tool"),
        ("RETRIEVER", "retrieval"),
        ("GUARDRAIL", "guardrail"),
        ("CHAIN", "event"),
        ("EMBEDDING", "event"),
        ("MINE", "event"),
    ],
)
def test_a_span_is_what_its_type_says(kind: str, shown: str) -> None:
    attributes = {"mlflow.spanType": kind, "mlflow.spanInputs": {"a": 1}}
    (run,) = runs_of(mlflow, trace(span(1, attributes=attributes)))
    assert [step.kind for step in run.steps] == [shown]


def test_a_run_in_progress_is_incomplete() -> None:
    attributes = {"mlflow.spanType": "AGENT"}
    open_ = span(1, attributes=attributes, end_time_unix_nano=None)
    open_["status"] = {"code": "STATUS_CODE_UNSET"}
    (run,) = runs_of(mlflow, trace(open_, state="IN_PROGRESS"))
    assert run.status == "incomplete"


BAD: list[tuple[str, Any, str]] = [
    ("no spans", trace(), "a trace without spans"),
    ("a number", 7, "a record that is no trace"),
    ("a cut trace", {"trace_id": "tr-1", "trace": '{"info": {'}, "without spans"),
    ("no object", {"trace_id": "tr-1", "trace": "[1]"}, "a trace without spans"),
]


@pytest.mark.parametrize(
    ("value", "what"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_what_cannot_be_read_is_said(value: Any, what: str) -> None:
    good = trace(span(1, attributes={"mlflow.spanType": "AGENT"}))
    (run,) = runs_of(mlflow, good, value)
    assert [what in problem.what for problem in run.problems] == [True]


def test_no_wrong_type_anywhere_stops_the_reader() -> None:
    whole = json.loads((TRACES / "trace.json").read_text())
    whole["data"]["spans"] = whole["data"]["spans"][:2]
    whole["data"]["spans"][0]["events"] = [
        {"name": "exception", "time_unix_nano": 1, "attributes": {"a": "b"}}
    ]
    assert withstands(mlflow, whole) > 500
    assert withstands(mlflow, json.loads((TRACES / "v2.json").read_text())) > 300


def test_no_payload_of_a_wrong_type_stops_the_reader() -> None:
    asked: Any = {"messages": [{"role": "user", "content": "a"}], "tools": [{"a": 1}]}
    asked["config"] = {"tools": [{"functionDeclarations": [{"name": "x"}]}]}
    said: Any = {
        "choices": [{"message": {"content": "a", "tool_calls": [{"id": "1"}]}}]
    }
    said |= {"usage": {"prompt_tokens": 1}, "usageMetadata": {"promptTokenCount": 1}}
    for bad in mutants({"asked": asked, "said": said, "usage": {"input_tokens": 3}}):
        usage = {"mlflow.chat.tokenUsage": bad.get("usage")}
        model(bad.get("asked"), bad.get("said"), **usage)
