"""ATOF events become runs that agree with the ATIF trajectories made of them."""

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
from whypath.model import Run
from whypath.readers import atof, claimants
from whypath.records import Records

FILES = [
    *sorted((CORPUS / "atof").glob("*_atof.jsonl")),
    *sorted((CORPUS / "other-cli").glob("*atof*.jsonl")),
]
every_file = pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)

EPOCH = 1_767_225_600_000_000
"""2026-01-01 in microseconds."""


def event(
    uuid: str | None, when: int, category: str = "llm", **more: Any
) -> dict[str, Any]:
    """One event; `half` is start or end, None for a mark."""
    half = more.pop("half", None)
    found = {
        "atof_version": "0.1",
        "kind": "scope" if half else "mark",
        "scope_category": half,
        "category": category,
        "uuid": uuid,
        "parent_uuid": None if uuid == "root" else "root",
        "timestamp": EPOCH + when * 1_000_000,
        "name": uuid,
        **more,
    }
    return {key: value for key, value in found.items() if value is not None}


def scope(
    uuid: str, when: int, category: str, asked: Any, said: Any, **more: Any
) -> list[dict[str, Any]]:
    """A scope of one second."""
    return [
        event(uuid, when, category, half="start", data=asked, **more),
        event(uuid, when + 1, category, half="end", data=said, **more),
    ]


def within(*events: dict[str, Any], said: Any = None) -> list[dict[str, Any]]:
    """The events inside an agent's scope."""
    start = event("root", 0, "agent", half="start", data={"input": "the task"})
    return [start, *events, event("root", 99, "agent", half="end", data=said)]


def runs_of(events: Any) -> tuple[Run, ...]:
    data = "\n".join(json.dumps(one) for one in events).encode()
    builder = Builder("atof")
    builder.reading("e.jsonl")
    atof.read(Records(None, io.BytesIO(data)), builder)
    return builder.finish()


def run_of(*events: dict[str, Any], said: Any = None) -> Run:
    (run,) = runs_of(within(*events, said=said))
    return run


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def whats(run: Run) -> dict[str, int]:
    return {problem.what: problem.count for problem in run.problems}


@pytest.mark.parametrize(
    ("records", "is_ours"),
    [
        (within(), True),
        ([{"noise": 1}, *within()], True),
        ([within()], True),
        ([{"atof_version": "0.1", "kind": "other"}], False),
        ([{"kind": "scope", "uuid": "x"}], False),
    ],
    ids=["events", "noise", "a_list", "another_kind", "no_version"],
)
def test_events_are_known_by_their_version(records: Any, is_ours: bool) -> None:
    data = "\n".join(json.dumps(one) for one in records).encode()
    assert atof.detect(Records(None, io.BytesIO(data)).sample()) is is_ours


@every_file
def test_each_real_stream_is_claimed_by_this_reader_alone(
    shared: Path, path: Path
) -> None:
    with closing(Records(path)) as records:
        sample = records.sample()
    assert [reader.NAME for reader in claimants(sample)] == ["atof"]


def test_a_call_is_read_with_its_window_answer_usage_and_tools() -> None:
    asked = {
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "look"}}],
    }
    said = {
        "content": "so",
        "tool_calls": [{"id": "c1", "name": "look", "arguments": {"n": 1}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
    }
    call = {"category_profile": {"tool_call_id": "c1"}, "name": "look"}
    run = run_of(
        *scope("m", 1, "llm", asked, said, category_profile={"model_name": "big"}),
        *scope("t", 3, "tool", {"n": 1}, {"result": "seen"}, **call),
        said={"response": "bye"},
    )
    assert [(s.kind, s.name, s.depth) for s in run.steps] == [
        ("agent", "root", 0),
        ("user", "user_message", 1),
        ("model", "big", 1),
        ("tool", "look", 2),
    ]
    agent, _, model, tool = run.steps
    assert (run.task, run.agent, text(run, agent.output)) == ("the task", "root", "bye")
    assert model.usage is not None
    assert (model.usage.input_tokens, model.usage.output_tokens) == (7, 2)
    assert [t.name for t in model.tools or ()] == ["look"]
    assert [m.role for m in window(find_contexts(run), 3)] == ["user"]
    assert model.context is not None
    assert model.context.basis == "recorded"
    assert (tool.caller, text(run, tool.output)) == (3, "seen")
    assert (tool.end_ns or 0) - (tool.start_ns or 0) == 1_000_000_000
    assert whats(run) == {}


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("agent", "agent"),
        ("llm", "model"),
        ("tool", "tool"),
        ("retriever", "retrieval"),
        ("guardrail", "guardrail"),
        ("embedder", "event"),
        ("reranker", "event"),
        ("evaluator", "event"),
        ("function", "event"),
        ("custom", "event"),
        ("unknown", "event"),
        ("of the future", "event"),
    ],
)
def test_every_category_has_its_kind(category: str, kind: str) -> None:
    run = run_of(*scope("x", 1, category, {"q": 1}, {"a": 2}))
    assert [step.kind for step in run.steps] == ["agent", kind]


def test_what_is_said_to_the_model_again_is_one_step() -> None:
    hi, again = {"role": "user", "content": "hi"}, {"role": "user", "content": "more"}
    run = run_of(
        *scope("m1", 1, "llm", {"messages": [hi]}, {"content": "a"}),
        *scope("m2", 3, "llm", {"messages": [hi, again]}, {"content": "b"}),
    )
    assert [text(run, s.output) for s in run.steps if s.kind == "user"] == [
        *("hi", "more")
    ]


def test_marks_are_events_or_what_they_say_they_are() -> None:
    run = run_of(
        event("a", 1, "agent", data={"note": 1}),
        event("b", 2, "agent", data={"role": "user", "content": "wait"}),
        event("c", 3, "guardrail", data={"passed": True}),
    )
    assert [(s.kind, s.name) for s in run.steps[1:]] == [
        ("event", "a"),
        ("user", "b"),
        ("guardrail", "c"),
    ]
    assert text(run, run.steps[2].output) == "wait"


@pytest.mark.parametrize("approved", [True, False])
def test_an_approval_is_a_recorded_decision(approved: bool) -> None:
    asked = {"approval_id": "1", "tool_name": "shell"}
    answer = {"approval_id": "1", "approved": approved}
    run = run_of(
        event("q", 1, "agent", data=asked, name="x.approval.request"),
        event("a", 2, "agent", data=answer, name="x.approval.response"),
    )
    decision = run.steps[2].decision
    assert decision is not None
    assert (decision.question, decision.basis) == ("Allow shell?", "recorded")
    assert [option.name for option in decision.chosen] == [
        "approve" if approved else "deny"
    ]


@pytest.mark.parametrize(
    ("more", "status", "error"),
    [
        ({"data": {"error": "boom"}}, "error", "boom"),
        ({"data": {"error": {"message": "bad"}}}, "error", "bad"),
        ({"metadata": {"status": "failed"}}, "error", "failed; no message is recorded"),
        ({"metadata": {"status": "completed"}}, "ok", None),
        ({"data": {"error": ""}}, "ok", None),
    ],
)
def test_a_scope_that_failed_says_so(
    more: dict[str, Any], status: str, error: str | None
) -> None:
    start = event("t", 1, "tool", half="start", data={})
    run = run_of(start, event("t", 2, "tool", half="end", **more))
    assert (run.steps[1].status, run.steps[1].error) == (status, error)


def test_halves_that_are_missing_twice_there_or_without_an_id_are_shown() -> None:
    start = event("t", 1, "tool", half="start")
    end = event("m", 5, "llm", half="end", data={"content": "late"})
    run = run_of(start, start, end, end, event(None, 7, "agent"))
    assert [(s.kind, s.start_ns is None, s.end_ns is None) for s in run.steps[1:]] == [
        ("tool", False, True),
        ("model", True, False),
        ("event", False, False),
    ]
    assert whats(run) == {
        "a scope starts twice": 1,
        "a scope ends twice": 1,
        "an event has no id": 1,
        "a scope ends that was not seen to start": 1,
    }


def test_events_of_other_kinds_and_records_of_other_shapes_are_counted() -> None:
    others = [{"atof_version": "0.2", "kind": "StreamHeaderEvent"}, 5]
    (run,) = runs_of([*others, *within()])
    assert whats(run) == {
        "events of kind StreamHeaderEvent": 1,
        "a record that is no object": 1,
    }


def test_trees_are_runs_unless_they_share_a_session() -> None:
    alone = [event("a", 1, "agent", half="start", parent_uuid=None)]
    other = [event("b", 2, "agent", half="start", parent_uuid=None)]
    for one in (*alone, *other):
        one.pop("parent_uuid", None)
    assert [run.id for run in runs_of(alone + other)] == ["a", "b"]
    for one in (*alone, *other):
        one["metadata"] = {"session_id": "s"}
    assert [run.id for run in runs_of(alone + other)] == ["s"]


def test_parents_that_go_in_a_circle_or_are_missing_are_no_trap() -> None:
    first = event("a", 1, "tool", half="start", parent_uuid="b")
    second = event("b", 2, "tool", half="start", parent_uuid="a")
    lost = event("c", 3, "tool", half="start", parent_uuid="gone")
    itself = event("d", 3, "tool", half="start", parent_uuid="d")
    runs = runs_of([first, second, lost, itself])
    assert sorted(s.key for run in runs for s in run.steps) == ["a", "b", "c", "d"]


def test_a_run_may_lie_in_two_files(tmp_path: Path) -> None:
    events = within(*scope("t", 1, "tool", {}, {}))
    for number, half in enumerate((events[:2], events[2:])):
        lines = "".join(json.dumps(one) + "\n" for one in half)
        (tmp_path / f"{number}.jsonl").write_text(lines, "utf-8")
    (run,) = read_runs(tmp_path, "atof")
    assert [(s.kind, s.status) for s in run.steps] == [("agent", "ok"), ("tool", "ok")]


Told = tuple[str, str, Any, Any]

DIFFERENCES = {
    "every": "ATOF has a scope for the agent as a whole, ATIF no step for it; ATOF "
    "names user and system messages and model calls, ATIF does not",
    "exmp01": "the scopes are opaque: ATIF takes the outermost one's query for the "
    "user's words, its result for the agent's, and what is inside for the system's; "
    "as ATOF records them they are scopes of no known kind, which are events",
    "exmp03": "a guardrail's mark is a guardrail; ATIF knows none and writes a system "
    "message",
}


def told(run: Run) -> list[Told]:
    """The steps but for the agent's own: kind, a tool's name, arguments, output."""
    return [
        (
            step.kind,
            step.name if step.kind == "tool" else "",
            None if step.input is None else run.contents.document(step.input),
            None if step.output is None else _read(run, step.output),
        )
        for step in run.steps
        if step.kind != "agent"
    ]


def _read(run: Run, number: int) -> Any:
    """A content as data, where one side writes a number and the other its text."""
    found = run.contents.text(number)
    try:
        return json.loads(found)
    except ValueError:
        return found


def expected_of(name: str, steps: list[Told]) -> list[Told]:
    """The steps of the ATIF file as the differences make them."""
    if name == "exmp01":
        (_, _, _, query), *inside, (_, _, _, result) = steps
        requests = [f"<provider request {n}>" for n in (1, 2, 3)]
        return [
            ("event", "", query, result),
            *(
                ("event", "", {"raw_payload": asked}, said)
                for asked, (_, _, _, said) in zip(requests, inside, strict=True)
            ),
        ]
    if name == "exmp03":
        return [("guardrail", *steps[0][1:]), *steps[1:]]
    return steps


@pytest.mark.parametrize("name", [f"exmp0{n}" for n in range(1, 7)])
def test_a_stream_and_the_trajectory_made_of_it_agree(corpus: Path, name: str) -> None:
    (stream,) = read_runs(corpus / "atof" / f"{name}_atof.jsonl")
    (trajectory,) = read_runs(corpus / "atof" / f"{name}_atif.json")
    assert (stream.format, trajectory.format) == ("atof", "atif")
    assert stream.id == trajectory.id
    assert told(stream) == expected_of(name, told(trajectory))
    calls = [
        (s.position, [c.name for c in s.calls])
        for s in stream.steps
        if s.kind == "model"
    ]
    if name != "exmp01":
        assert [names for _, names in calls] == [
            [c.name for c in s.calls] for s in trajectory.steps if s.kind == "model"
        ]
    assert not stream.problems


def test_a_redacted_stream_keeps_its_order_its_error_and_its_approval(
    corpus: Path,
) -> None:
    (run,) = read_runs(corpus / "other-cli" / "nemo_relay_atof_v0.1.jsonl")
    assert [(s.kind, s.status) for s in run.steps] == [
        ("agent", "ok"),
        ("model", "ok"),
        ("tool", "ok"),
        ("event", "ok"),
        ("decision", "ok"),
        ("model", "error"),
        ("event", "ok"),
        ("event", "ok"),
    ]
    assert run.steps[4].decision is not None
    assert whats(run) == {"a scope ends that was not seen to start": 1}


FULL = within(
    *scope(
        "m",
        1,
        "llm",
        {"messages": [{"role": "user", "content": "hi"}], "tools": [{"name": "t"}]},
        {"content": "x", "tool_calls": [{"name": "t", "arguments": {}}], "usage": {}},
        category_profile={"model_name": "big"},
        data_schema={"name": "x"},
        attributes=["remote"],
    ),
    *scope("t", 3, "tool", {}, {"result": 7}, category_profile={"tool_call_id": "t1"}),
    event("q", 5, data={"approval_id": "1"}, name="approval.request"),
    event(
        "a", 6, data={"approval_id": "1"}, name="approval.response", metadata={"a": 1}
    ),
    said={"response": "bye"},
)
OTHERS = (None, True, 0, -1, 10**30, 1.5, "", "x", "\ud800", [], [[]], {}, {"a": [1]})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_any_value_anywhere_is_read_without_a_traceback(other: Any) -> None:
    for path in places(FULL):
        copy = json.loads(json.dumps(FULL))
        at: Any = copy
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = other
        try:
            runs_of(copy)
        except TraceError:
            continue
