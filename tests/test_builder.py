"""Loose steps become a Run: paired, linked, ordered, keyed; every repair is told."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny import Tiny
from whypath.builder import Builder, Window
from whypath.model import Run, Step

NEW_YEAR = 1_767_225_600_000_000_000
"""2026-01-01T00:00:00Z in nanoseconds."""


def told(run: Run) -> list[tuple[str, str, int | None, int]]:
    """The problems of a run: level, what, first line, how many."""
    return [(p.level, p.what, p.line, p.count) for p in run.problems]


def names(run: Run) -> str:
    return " ".join(step.name for step in run.steps)


def output(run: Run, step: Step) -> Any:
    return None if step.output is None else run.contents.value(step.output)


def test_a_call_and_its_result_become_one_step_behind_the_model() -> None:
    tiny = Tiny()
    tiny.step("model", "m", calls=[("c1", "Read", {"path": "a.py"})], end_ns=5)
    tiny.result("c1", "text", end_ns=9)
    model, tool = tiny.run.steps
    assert (tool.kind, tool.name, tool.key, tool.call_id) == (
        "tool",
        "Read",
        "c1",
        "c1",
    )
    assert (tool.caller, tool.depth, tool.status) == (model.position, 1, "ok")
    assert (tool.start_ns, tool.end_ns) == (5, 9)
    assert output(tiny.run, tool) == "text"
    assert told(tiny.run) == []


def test_results_of_parallel_calls_go_to_their_own_calls() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "a"), ("c2", "b"), ("c3", "c")])
    for id in ("c3", "c1", "c2"):
        tiny.result(id, f"of {id}")
    run = tiny.run
    assert names(run) == " a b c"
    assert [output(run, s) for s in run.steps[1:]] == ["of c1", "of c2", "of c3"]
    assert {s.caller for s in run.steps[1:]} == {1}


def test_a_result_that_stands_before_its_call_is_paired_and_told() -> None:
    tiny = Tiny()
    tiny.result("c1")
    tiny.step("model", calls=[("c1", "Read")])
    run = tiny.run
    assert names(run) == " Read"
    assert output(run, run.steps[1]) == "done"
    assert told(run) == [("repair", "a result stands before its call", 1, 1)]


def test_a_call_without_a_result_stays_open_and_the_run_is_incomplete() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "Read")])
    run = tiny.run
    assert (run.steps[1].status, run.steps[1].output) == ("unset", None)
    assert run.status == "incomplete"
    assert told(run) == [("note", "a call has no result", 1, 1)]


def test_a_result_without_a_call_is_a_step_of_its_own() -> None:
    tiny = Tiny()
    tiny.step("user", output="hi")
    tiny.result("lost", "x", name="Grep", status="error", error="no")
    run = tiny.run
    step = run.steps[1]
    assert (step.kind, step.name, step.caller) == ("tool", "Grep", None)
    assert (step.status, step.error, output(run, step)) == ("error", "no", "x")
    assert told(run) == [("repair", "a result has no call", 2, 1)]


def test_of_two_results_for_one_call_the_first_is_kept() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "Read")])
    tiny.result("c1", "first")
    tiny.result("c1", "second")
    run = tiny.run
    assert [output(run, s) for s in run.steps] == [None, "first"]
    assert told(run) == [("loss", "a second result for the same call", 3, 1)]


def test_of_two_calls_with_one_id_the_second_is_told() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "Read")])
    tiny.result("c1")
    tiny.step("model", calls=[("c1", "Write")])
    run = tiny.run
    assert [s.name for s in run.steps if s.kind == "tool"] == ["Read"]
    assert told(run) == [("note", "two calls have the same id", 3, 1)]


@pytest.mark.parametrize("id", [None, ""], ids=["none", "empty"])
def test_calls_without_an_id_all_get_a_step(id: str | None) -> None:
    tiny = Tiny()
    tiny.step("model", calls=[(id, "a"), (id, "b")])
    tiny.step("model", calls=[(id, "c")])
    assert [s.name for s in tiny.run.steps if s.kind == "tool"] == ["a", "b", "c"]


def test_a_recorded_tool_step_is_not_made_twice_and_keeps_what_it_says() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "Read")])
    tiny.step("tool", "Read", call_id="c1", status="error", error="boom", end_ns=7)
    tiny.result("c1", "trace of the error", end_ns=9)
    run = tiny.run
    tool = run.steps[1]
    assert len(run.steps) == 2
    assert (tool.caller, tool.status, tool.error, tool.end_ns) == (
        1,
        "error",
        "boom",
        7,
    )
    assert output(run, tool) == "trace of the error"


def test_a_result_fills_a_tool_step_that_no_model_is_known_to_have_called() -> None:
    tiny = Tiny()
    tiny.step("tool", "Read", call_id="c1")
    tiny.result("c1", "x", status="error")
    run = tiny.run
    assert [(s.status, output(run, s)) for s in run.steps] == [("error", "x")]
    assert told(run) == []


def test_a_parent_that_is_missing_is_taken_away_and_told() -> None:
    tiny = Tiny()
    tiny.step("agent", "a", key="a", parent="gone")
    tiny.step("agent", "b", key="b", parent="a")
    run = tiny.run
    assert [s.parent for s in run.steps] == [None, 1]
    assert [s.depth for s in run.steps] == [0, 1]
    assert told(run) == [("repair", "a parent is not in the trace", 1, 1)]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_parents_in_a_circle_are_cut_open_and_every_step_is_kept(size: int) -> None:
    tiny = Tiny()
    for number in range(size):
        tiny.step("agent", key=str(number), parent=str((number + 1) % size))
    run = tiny.run
    assert sorted(int(step.key) for step in run.steps) == list(range(size))
    assert [s.parent is None for s in run.steps].count(True) == 1
    assert told(run) == [("repair", "parents go round in a circle", 1, 1)]


def test_hidden_steps_go_and_their_children_move_up() -> None:
    tiny = Tiny()
    tiny.step("agent", "top", key="top")
    tiny.step("event", "http", key="http", parent="top", hidden=True)
    tiny.step("event", "tcp", key="tcp", parent="http", hidden=True)
    tiny.step("tool", "deep", key="deep", parent="tcp", output="x")
    run = tiny.run
    assert names(run) == "top deep"
    assert run.steps[1].parent == 1
    assert [p[:2] for p in told(run)] == [
        ("note", "2 spans of plumbing (HTTP, framework)")
    ]


def test_hidden_steps_in_a_circle_do_no_harm() -> None:
    tiny = Tiny()
    tiny.step("event", key="a", parent="b", hidden=True)
    tiny.step("event", key="b", parent="a", hidden=True)
    tiny.step("tool", "t", key="t", parent="a", output="x")
    assert [(s.name, s.parent) for s in tiny.run.steps] == [("t", None)]


def test_a_run_of_which_nothing_is_shown_is_no_run_and_says_so() -> None:
    tiny = Tiny()
    tiny.step("event", "http", hidden=True)
    assert tiny.runs == ()
    assert [p.what for p in tiny.builder.problems] == [
        "a span of plumbing (HTTP, framework)"
    ]
    assert Builder("test").finish() == ()


def test_an_id_that_is_used_twice_is_told_apart() -> None:
    tiny = Tiny()
    for name in "abc":
        tiny.step("tool", name, key="x", output=name)
    tiny.step("tool", "d", key="x~2", output="d")
    run = tiny.run
    assert [s.key for s in run.steps] == ["x", "x~2", "x~3", "x~2~2"]
    assert told(run) == [("repair", "an id is used twice", 2, 3)]


def test_a_key_is_made_of_the_content_and_not_of_the_place() -> None:
    first, second = Tiny(), Tiny()
    first.step("user", output="hello")
    second.step("system", output="be kind")
    second.step("user", output="hello")
    second.step("user", output="hello")
    assert first.run.steps[0].key == second.run.steps[1].key
    assert len({step.key for step in second.run.steps}) == 3
    assert told(second.run) == []


def test_steps_stand_as_they_were_read() -> None:
    tiny = Tiny()
    for name, start in (("late", 30), ("early", 10), ("no clock", None)):
        tiny.step("tool", name, start_ns=start, output=name)
    assert names(tiny.run) == "late early no clock"


def test_spans_stand_by_time_and_one_without_a_clock_behind_its_neighbour() -> None:
    tiny = Tiny()
    tiny.draft.by_time = True
    tiny.step("agent", "root", key="root", start_ns=1)
    for name, start in (("late", 30), ("later", None), ("early", 10)):
        tiny.step("tool", name, start_ns=start, parent="root", output=name)
    assert names(tiny.run) == "root early late later"


def test_children_follow_their_parent_even_when_read_before_it() -> None:
    tiny = Tiny()
    tiny.step("tool", "child", parent="p", output="x")
    tiny.step("tool", "other", output="y")
    tiny.step("agent", "parent", key="p")
    assert names(tiny.run) == "other parent child"


def test_the_steps_of_a_sub_agent_hang_under_the_call_that_started_it() -> None:
    from whypath.builder import Thread

    tiny = Tiny()
    tiny.draft.threads["sub"] = Thread(call_id="c1", agent="scout")
    tiny.step("model", calls=[("c1", "Task")])
    tiny.step("user", output="look", thread="sub")
    tiny.step("model", calls=[("c2", "Grep")], thread="sub")
    tiny.result("c2")
    tiny.result("c1")
    run = tiny.run
    assert [(s.name, s.parent, s.agent) for s in run.steps] == [
        ("", None, None),
        ("Task", None, None),
        ("", 2, "scout"),
        ("", 2, "scout"),
        ("Grep", 2, "scout"),
    ]
    assert [s.previous for s in run.steps] == [None, 1, None, 3, 4]
    assert told(run) == []


@pytest.mark.parametrize("call_id", ["gone", None])
def test_a_sub_agent_whose_call_is_missing_stands_at_the_top(
    call_id: str | None,
) -> None:
    from whypath.builder import Thread

    tiny = Tiny()
    tiny.draft.threads["sub"] = Thread(call_id=call_id)
    for _ in range(2):
        tiny.step("user", output="look", thread="sub")
    what = "the call that started a sub-agent is not in the trace"
    assert told(tiny.run) == [("note", what, 1, 1)]
    assert [s.parent for s in tiny.run.steps] == [None, None]


def test_recorded_windows_become_changes_to_the_window_before() -> None:
    tiny = Tiny()
    tiny.step("model", seen=["system: be kind", "user: hi"])
    tiny.step("model", seen=["system: be kind", "user: hi", "user: more"])
    tiny.step("model", seen=["system: be kind", "user: summary"])
    tiny.step("model", seen=["user: alone"], thread="sub")
    changes = [
        (c.base, c.keep, len(c.add), c.dropped, c.basis)
        for c in (step.context for step in tiny.run.steps)
        if c is not None
    ]
    assert changes == [
        (None, 0, 2, 0, "recorded"),
        (1, 2, 1, 0, "recorded"),
        (2, 1, 1, 2, "recorded"),
        (None, 0, 1, 0, "recorded"),
    ]


def test_a_window_that_names_its_base_builds_on_it() -> None:
    tiny = Tiny()
    tiny.step("model", key="a", seen=["user: 1", "user: 2", "user: 3"])
    tiny.step("model", key="b", seen=["user: x"])
    draft = tiny.step("model", key="c")
    draft.window = Window([tiny.message("user: 4")], "a", 2)
    context = tiny.run.steps[2].context
    assert context is not None
    assert (context.base, context.keep, len(context.add), context.dropped) == (
        1,
        2,
        1,
        1,
    )


TIMES = {
    "seconds": 1767225600,
    "seconds with a fraction": 1767225600.0,
    "milliseconds": 1767225600000,
    "microseconds": 1767225600000000,
    "nanoseconds": NEW_YEAR,
    "digits": "1767225600000",
    "a number as text": "1767225600.0",
    "utc": "2026-01-01T00:00:00Z",
    "another zone": "2026-01-01T02:00:00+02:00",
    "a space and six digits": "2026-01-01 00:00:00.000000+00:00",
}


@pytest.mark.parametrize("value", TIMES.values(), ids=TIMES)
def test_a_time_is_read_in_any_usual_form(value: object) -> None:
    builder = Builder("test")
    assert builder.time(value) == NEW_YEAR
    assert builder.problems == ()


def test_a_time_without_a_zone_is_taken_as_utc_and_told() -> None:
    builder = Builder("test")
    assert builder.time("2026-01-01T00:00:00", 7) == NEW_YEAR
    assert [(p.level, p.what, p.line) for p in builder.problems] == [
        ("note", "times without a zone", 7)
    ]


@pytest.mark.parametrize("value", [None, "", 0, 0.0, False, True], ids=repr)
def test_no_time_is_no_problem(value: object) -> None:
    builder = Builder("test")
    assert builder.time(value) is None
    assert builder.problems == ()


GARBAGE: list[object] = [
    *("yesterday", "²", "nan", "inf", "-5", "2026-13-01T00:00:00Z", "9" * 5000),
    *("0001-01-01T00:00:00Z", "1e999", "2026-01-01T00:00:00+99:00", "\x00", " "),
    *(math.nan, math.inf, -1, 10**400, [], {}, [1], {"seconds": 1}),
]


@pytest.mark.parametrize("value", GARBAGE, ids=lambda v: repr(v)[:24])
def test_a_time_that_makes_no_sense_is_no_time_and_told(value: object) -> None:
    builder = Builder("test")
    assert builder.time(value, 3) is None
    assert [(p.level, p.line, p.done) for p in builder.problems] == [
        ("loss", 3, "no clock there")
    ]


@given(
    st.one_of(
        st.text(),
        st.floats(),
        st.integers(),
        st.datetimes().map(str),
        st.lists(st.integers(), max_size=2),
    )
)
@settings(max_examples=300, deadline=None)
def test_a_time_is_a_positive_number_or_nothing(value: object) -> None:
    builder = Builder("test")
    time = builder.time(value)
    assert time is None or 0 < time < 10**21


def test_the_run_knows_when_it_began_and_ended() -> None:
    for told, known in (((None, None), (10, 30)), ((1, 99), (1, 99))):
        tiny = Tiny()
        tiny.step("user", output="hi", start_ns=20, end_ns=30)
        tiny.step("model", output="ho", start_ns=10)
        tiny.draft.start_ns, tiny.draft.end_ns = told
        assert (tiny.run.start_ns, tiny.run.end_ns) == known


def test_problems_of_one_kind_and_file_are_counted_with_their_first_place() -> None:
    builder = Builder("test")
    for file, line in (("a", 3), ("a", 9), ("b", 1)):
        builder.reading(file)
        builder.problem("loss", "a bad record", "left out", line)
    assert [(p.file, p.line, p.count) for p in builder.problems] == [
        ("a", 3, 2),
        ("b", 1, 1),
    ]


def test_runs_in_one_input_share_contents_and_problems() -> None:
    tiny = Tiny("one")
    tiny.step("user", output="same")
    tiny.another("two").step("user", output="same")
    tiny.builder.problem("note", "something", "nothing", 1)
    one, two = tiny.runs
    assert (one.id, two.id) == ("one", "two")
    assert one.contents is two.contents
    assert one.steps[0].output == two.steps[0].output
    assert one.problems == two.problems != ()


def test_a_run_has_the_problems_of_its_own_files_and_of_those_without_a_run() -> None:
    tiny = Tiny("one")
    for file, run in (("a", "one"), ("b", "two"), ("c", "two"), ("none", None)):
        tiny.builder.reading(file)
        tiny.builder.problem("loss", f"something in {file}", "left out", 1)
        if run:
            tiny.another(run).step("user", output="hi")
    one, two = tiny.runs
    assert [p.file for p in one.problems] == ["a", "none"]
    assert [p.file for p in two.problems] == ["b", "c", "none"]


KEYS = st.sampled_from(["a", "b", "c", None])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["user", "model", "tool", "agent"]),
        KEYS,
        KEYS,
        st.lists(KEYS, max_size=3),
        KEYS,
        st.one_of(st.none(), st.integers(1, 9)),
        st.booleans(),
    ),
    max_size=8,
)


@given(
    STEPS, st.lists(st.sampled_from(["a", "b", "c", "z"]), max_size=4), st.booleans()
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_told_the_steps_are_numbered_and_linked_soundly(
    steps: list[tuple[Any, ...]], results: list[str], by_time: bool
) -> None:
    tiny = Tiny()
    tiny.draft.by_time = by_time
    for kind, key, parent, calls, call_id, start, hidden in steps:
        fields = {"key": key, "parent": parent, "start_ns": start, "hidden": hidden}
        made = [(id, "t") for id in calls] if kind == "model" else []
        own = call_id if kind == "tool" else None
        tiny.step(kind, "n", calls=made, call_id=own, **fields)
    for id in results:
        tiny.result(id)
    for run in tiny.runs:
        assert [s.position for s in run.steps] == list(range(1, len(run.steps) + 1))
        assert len({s.key for s in run.steps}) == len(run.steps)
        for step in run.steps:
            for link in (step.parent, step.previous):
                assert link is None or link < step.position
            assert step.caller is None or run.step(step.caller).kind == "model"
