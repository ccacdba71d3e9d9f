"""The recorder: what it writes is read back as it happened, and it harms nobody."""

import asyncio
import contextlib
import dataclasses
import doctest
import enum
import importlib.util
import io
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import whypath.record
from samples import EXAMPLES, ROOT, read_runs
from whypath.model import KINDS, Run, Step, replace
from whypath.record import Fields, Kind, Recorder, current, log, messages, run, values
from whypath.record import tool as recorded_tool
from whypath.record.messages import call
from whypath.record.values import encoded

SCHEMA = json.loads((ROOT / "src" / "whypath" / "schema.json").read_text("utf-8"))
VALID = Draft202012Validator(SCHEMA)
SLOWEST_STEP_US = 500.0
"""A tenfold of the target: what a busy machine may take, and a mistake may not."""


T = TypeVar("T")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in a thread of its own: a browser's test leaves a loop in this one.

    What is open here is open there, as in a task.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, work).result()


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The records of a file, each of which fits the schema."""
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in found:
        errors = [error.message for error in VALID.iter_errors(line)]
        assert errors == [], line
    return found


def read(path: Path) -> Run:
    """The only run of a file that fits the format in every way."""
    lines_of(path)
    (found,) = read_runs(path)
    assert [p.what for p in found.problems] == []
    return found


def tree(found: Run) -> dict[str, str | None]:
    """Each step's name and that of the step around it."""
    around = {None: None} | {s.position: s.name for s in found.steps}
    return {step.name: around[step.parent] for step in found.steps}


def value(found: Run, number: int | None) -> Any:
    assert number is not None
    return found.contents.value(number)


# --- round trips ----------------------------------------------------------------------


def test_a_run_is_read_back_as_it_was_told(trace: Path) -> None:
    clock = itertools.count(1_795_000_000_000_000, 1000)
    with run(
        trace,
        id="r1",
        task="Ticket 7",
        agent="desk",
        tools=["orders.get", {"name": "refund", "description": "Sends money."}],
        labels={"release": "4.2", "canary": True, "shard": 3},
        clock=lambda: next(clock),
    ) as r:
        r.add("user", output="Where is it?")
        asked = [{"role": "user", "content": "Where is it?"}]
        with r.step("model", model="m-1", context=asked) as s:
            s.reasoning = "Look first."
            s.calls = [{"id": "c1", "name": "orders.get", "arguments": {"id": 77}}]
            s.usage = {"input_tokens": 9, "output_tokens": 2, "cost_usd": 0.5}
        with r.step("tool", "orders.get", call="c1", input={"id": 77}) as order:
            order.output = {"state": "lost"}
            order.state({"order.state": "lost"}, remove=["order.new"])
        decision = r.decide(
            "Refund?",
            {"refund": 0.8, "ask": {"score": 0.2, "reason": "slow"}},
            chosen="refund",
            rationale="It is lost.",
            confidence=0.8,
            evidence=[order.cite("state", "lost", "$.state")],
            name="choose",
        )
        decision.outcome("paid")
        r.end(answer={"said": "It is lost."}, score=1)
    found = read(trace)
    assert (found.id, found.task, found.agent, found.status) == (
        *("r1", "Ticket 7", "desk", "ok"),
    )
    assert dict(found.labels) == {"release": "4.2", "canary": "true", "shard": "3"}
    assert [(s.kind, s.name, s.status) for s in found.steps] == [
        ("user", "", "ok"),
        ("model", "", "ok"),
        ("tool", "orders.get", "ok"),
        ("decision", "choose", "ok"),
    ]
    model, tool, choice = found.steps[1:]
    assert (model.model, tool.caller) == ("m-1", model.position)
    assert [t.name for t in model.tools or ()] == ["orders.get", "refund"]
    assert model.usage is not None
    assert (model.usage.input_tokens, model.usage.cost_usd) == (9, 0.5)
    assert model.context is not None
    assert [m.role for m in model.context.add] == ["user"]
    assert found.contents.text(model.reasoning or 0) == "Look first."
    assert [c.path for c in tool.state] == ["order.state", "order.new"]
    assert tool.start_ns is not None
    assert tool.end_ns is not None
    assert tool.end_ns > tool.start_ns
    decided = choice.decision
    assert decided is not None
    assert [(o.name, o.chosen, o.score, o.reason) for o in decided.options] == [
        ("refund", True, 0.8, None),
        ("ask", False, 0.2, "slow"),
    ]
    (piece,) = decided.evidence
    assert (piece.name, piece.source, piece.path) == ("state", tool.key, "$.state")
    assert (decided.confidence, decided.outcome) == (0.8, "paid")
    assert decided.basis == "recorded"
    assert found.outcome is not None
    assert value(found, found.outcome.answer) == {"said": "It is lost."}
    assert found.outcome.score == 1


def without_places(found: Run) -> tuple[list[Step], list[object]]:
    """The steps and every content, whatever the file they were read from."""
    steps = [replace(step, source=replace(step.source, line=0)) for step in found.steps]
    return steps, [found.task, found.labels, found.outcome, found.status, found.end_ns]


def test_the_lines_of_an_example_told_to_the_recorder_are_the_same_run(
    tmp_path: Path,
) -> None:
    original = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
    head, *lines = lines_of(original)
    said = {line["id"]: line for line in lines if line["type"] == "message"}
    times = iter([head["start"]] + [lines[-1]["end"]] * 2)
    windows: dict[str, list[Any]] = {}
    told = tmp_path / "vip-after-rename.jsonl"
    r = run(told, clock=lambda: next(times, 0), **kept(head, *HEADER))
    made: dict[str, Any] = {}
    for line in lines:
        if line["type"] == "step":
            fields = kept(line, *get_type_hints(Fields))
            if "parent" in fields:
                fields["parent"] = made[fields["parent"]]
            if "context" in fields:
                fields["context"] = window(line["context"], windows, said)
                windows[line["id"]] = fields["context"]
            fields.setdefault("start", None)
            step = r.add(line["kind"], line.get("name", ""), **fields)
            made[line["id"]] = step
    r.end()
    recorded, expected = read(told), read_runs(original)[0]
    theirs = [s for s in expected.steps if s.kind != "decision"]
    assert len(recorded.steps) == len(theirs)
    for mine, other in zip(recorded.steps, theirs, strict=True):
        for name in ("kind", "name", "agent", "thread", "status", "model", "usage"):
            assert getattr(mine, name) == getattr(other, name), name
        for name in ("input", "output", "reasoning"):
            numbers = getattr(mine, name), getattr(other, name)
            contents = (recorded.contents, expected.contents)
            pairs = zip(contents, numbers, strict=True)
            one, two = (n if n is None else store.value(n) for store, n in pairs)
            assert one == two, name
        assert [c.name for c in mine.calls] == [c.name for c in other.calls]
        shown = [s.context and len(s.context.add) for s in (mine, other)]
        assert shown[0] == shown[1]
        assert (mine.start_ns, mine.end_ns) == (other.start_ns, other.end_ns)


HEADER = ("id", "task", "agent", "tools", "labels")


def kept(line: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: line[name] for name in names if name in line}


def window(context: Any, before: dict[str, Any], said: dict[str, Any]) -> list[Any]:
    """The messages that a `context` of the format stands for."""
    parts = ("role", "kind", "content", "name", "call")
    change = {"add": context} if isinstance(context, list) else context
    base = before[change["base"]] if "base" in change else []
    added = [kept({"kind": "text", **said[id]}, *parts) for id in change["add"]]
    return base[: change.get("keep")] + added


def test_contexts_are_written_once_and_read_back_whole(trace: Path) -> None:
    system = {"role": "system", "content": "Be kind."}
    call = {"id": "c1", "function": {"name": "find", "arguments": '{"id": 7}'}}
    blocks = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "c2", "name": "find", "input": {"id": 8}},
        {"type": "image", "source": "a picture"},
    ]
    result = {"type": "tool_result", "tool_use_id": "c2", "content": "gone"}
    window = [
        system,
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "here"},
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": [result]},
    ]
    with run(trace) as r:
        for shown in (window[:2], window, [system, window[-1]], "only a prompt"):
            with r.step("model", context=shown) as s:
                s.output = "ok"
    records = lines_of(trace)
    assert [r["context"] for r in records if "context" in r] == [
        ["m1", "m2"],
        {"base": "s1", "add": ["m3", "m4", "m5", "m6", "m7", "m8", "m9"]},
        {"base": "s2", "keep": 1, "add": ["m9"]},
        ["m10"],
    ]
    found = read(trace)
    second = found.steps[1].context
    assert second is not None
    assert [(m.role, m.kind, m.name, m.call_id) for m in second.add] == [
        ("assistant", "call", "find", "c1"),
        ("tool", "result", None, "c1"),
        ("assistant", "reasoning", None, None),
        ("assistant", "text", None, None),
        ("assistant", "call", "find", "c2"),
        ("assistant", "data", None, None),
        ("tool", "result", None, "c2"),
    ]
    assert value(found, second.add[0].content) == {"id": 7}
    third = found.steps[2].context
    assert third is not None
    assert (third.keep, third.dropped) == (1, 8)


def test_a_second_run_in_a_file_and_one_taken_up_again_stay_apart(trace: Path) -> None:
    for id, name in (("a", "one"), ("b", "two"), ("a", "three")):
        with run(trace, id=id) as r, r.step("tool", name) as s:
            s.output = 1
    lines_of(trace)
    found = read_runs(trace)
    assert {r.id: [s.name for s in r.steps] for r in found} == {
        "a": ["one", "three"],
        "b": ["two"],
    }


def test_runs_that_write_to_one_file_at_once_do_not_mix(trace: Path) -> None:
    with run(trace, id="a") as a, a.step("agent", "outer"), run(trace, id="b") as b:
        b.add("tool", "inner")
        a.add("tool", "outer's")
        assert current() is b
    found = {r.id: tree(r) for r in read_runs(trace)}
    assert found == {"a": {"outer": None, "outer's": "outer"}, "b": {"inner": None}}


def test_a_folder_gets_a_file_named_after_the_run(tmp_path: Path) -> None:
    with run(f"{tmp_path}/traces/", id="../ticket 7") as r:
        r.add("user", output="hi")
    (path,) = (tmp_path / "traces").iterdir()
    assert path.name == ".._ticket_7.jsonl"
    assert read(path).id == "../ticket 7"


def test_sub_agents_have_threads_of_their_own(trace: Path) -> None:
    with run(trace) as r, r.step("agent", "planner"):
        with r.step("model", "plan") as s:
            s.output = "two agents"
        for name in ("reader", "writer"):
            with r.step("agent", name), r.step("model", f"{name}'s") as s:
                s.output = "done"
    found = {s.name: (s.agent, s.thread) for s in read(trace).steps}
    assert found == {
        "planner": ("planner", ""),
        "plan": ("planner", ""),
        "reader": ("reader", ""),
        "reader's": ("reader", "reader-s3"),
        "writer": ("writer", ""),
        "writer's": ("writer", "writer-s5"),
    }


def test_a_second_decision_at_a_step_lies_inside_it(trace: Path) -> None:
    with run(trace) as r, r.step("model", "m") as s:
        first = s.decide("One?", ["yes", "no"], chosen=["yes", "no"])
        second = s.decide("Two?", [True, len], chosen=len)
        first.outcome("both")
        second.outcome("measured")
    model, inner = read(trace).steps
    assert (model.decision is not None, inner.parent) == (True, model.position)
    assert model.decision
    assert model.decision.outcome == "both"
    assert [o.name for o in model.decision.chosen] == ["yes", "no"]
    assert inner.decision
    assert [(o.name, o.chosen) for o in inner.decision.options] == [
        ("True", False),
        ("len", True),
    ]


# --- decorators and pairs -------------------------------------------------------------


def test_tools_of_every_kind_are_recorded_and_stay_what_they_are(trace: Path) -> None:
    with run(trace) as r:

        @r.tool
        def add(x: int, y: int = 2) -> int:
            return x + y

        @r.tool(name="orders.get")
        async def get(id: int) -> dict[str, int]:
            await asyncio.sleep(0)
            return {"id": id}

        @r.tool
        def count(to: int) -> Iterator[int]:
            yield from range(to)

        @r.tool(kind="retrieval")
        async def stream() -> AsyncIterator[str]:
            yield "a"
            yield "b"

        class Desk:
            @r.tool
            def ask(self, who: str) -> None:
                return None

        async def asynchronous() -> None:
            assert await get(id=7) == {"id": 7}
            assert [item async for item in stream()] == ["a", "b"]

        assert add(40) == 42
        run_async(asynchronous())
        assert list(count(3)) == [0, 1, 2]
        assert Desk().ask("Ada") is None
        assert next(count(9)) == 0
        with pytest.raises(TypeError):
            add()
    found = read(trace)
    assert add.__name__ == "add"
    told = [(s.name, value(found, s.input), s.kind, s.status) for s in found.steps]
    assert told == [
        ("add", {"x": 40}, "tool", "ok"),
        ("orders.get", {"id": 7}, "tool", "ok"),
        ("stream", {}, "retrieval", "ok"),
        ("count", {"to": 3}, "tool", "ok"),
        ("ask", {"who": "Ada"}, "tool", "ok"),
        ("count", {"to": 9}, "tool", "ok"),
        ("add", {}, "tool", "error"),
    ]
    outputs = [value(found, s.output) for s in found.steps[:-1]]
    assert outputs == [42, {"id": 7}, ["a", "b"], [0, 1, 2], None, [0]]


def test_a_generator_is_what_it_was_also_when_it_is_sent_values(trace: Path) -> None:
    closed = []

    def echo(first: int) -> Any:
        try:
            said = yield first
            try:
                said = yield said
            except KeyError:
                said = "caught"
            return said
        finally:
            closed.append(first)

    def drive(function: Callable[[int], Any]) -> list[Any]:
        talk, found = function(1), []
        found += [next(talk), talk.send(2)]
        with pytest.raises(StopIteration) as end:
            talk.throw(KeyError("x"))
        other = function(5)
        next(other)
        other.close()
        return [*found, end.value.value, *closed]

    expected = drive(echo)
    closed.clear()
    with run(trace) as r:
        assert drive(r.tool(echo)) == expected == [1, 2, "caught", 1, 5]
    found = read(trace)
    assert [value(found, s.output) for s in found.steps] == [[1, 2], [5]]
    assert {s.status for s in found.steps} == {"ok"}


def test_an_asynchronous_generator_is_closed_where_it_is_left(trace: Path) -> None:
    closed = []

    async def stream() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    async def leave(r: Recorder) -> None:
        produced = r.tool(stream)()
        assert await anext(produced) == 1
        await produced.aclose()  # type: ignore[attr-defined]
        assert closed == [True]

    with run(trace) as r:
        run_async(leave(r))
    found = read(trace)
    assert value(found, found.steps[0].output) == [1]


def test_calls_that_are_never_answered_do_not_pile_up() -> None:
    calls = log.OpenCalls()
    for number in range(1000):
        calls.made([log.OpenCall.of("f", {"n": number}, f"c{number}")])
    assert calls.match(log.OpenCall.of("f", {"n": 1})) is None
    assert calls.match(log.OpenCall.of("f", {"n": 998})) == "c998"
    assert len(calls._names) == log.OpenCalls.MOST - 1


def test_a_tool_that_was_written_before_the_run_is_recorded_in_it(trace: Path) -> None:
    @recorded_tool
    def double(number: int) -> int:
        current().decide("Double?", ["yes", "no"], chosen="yes", name="inner")
        return 2 * number

    assert double(1) == 2
    with run(trace):
        assert double(21) == 42
    assert tree(read(trace)) == {"double": None, "inner": "double"}


def test_a_call_is_answered_by_the_tool_with_its_arguments(trace: Path) -> None:
    asked = [("c1", "look", 1), ("c2", "look", 2), ("c3", "only", 3), ("c4", "x", 4)]
    with run(trace) as r:
        with r.step("model") as s:
            s.calls = [
                {"id": id, "function": {"name": name, "arguments": f'{{"n": {n}}}'}}
                for id, name, n in asked
            ]
        for name, n in (("look", 2), ("look", 1), ("only", 99), ("look", 1)):
            decorated(r, name)(n=n)
        with r.step("tool", "x", call="c4") as s:
            s.output = 1
        decorated(r, "x")(n=4)
    found = read(trace)
    tools = [(s.name, s.call_id) for s in found.steps if s.kind == "tool"]
    assert tools == [
        *(("look", "c2"), ("look", "c1"), ("only", "c3"), ("look", None)),
        *(("x", "c4"), ("x", None)),
    ]


def decorated(r: Recorder, name: str) -> Callable[..., Any]:
    @r.tool(name=name)
    def function(n: int) -> int:
        return n

    return function


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"name": "f"}, {"name": "f", "arguments": None}),
        ({"id": 7, "name": "f", "input": [1]}, ("7", "f", [1])),
        (
            {"call_id": "c", "name": "f", "arguments": "not JSON"},
            ("c", "f", "not JSON"),
        ),
        ("f", {"name": "f", "arguments": None}),
        (len, {"name": "len", "arguments": None}),
    ],
    ids=str,
)
def test_a_call_may_be_told_in_any_usual_shape(given: Any, found: Any) -> None:
    if isinstance(found, tuple):
        found = dict(zip(("id", "name", "arguments"), found, strict=True))
    assert call(given) == found


# --- threads, tasks, processes --------------------------------------------------------


def test_eight_threads_write_whole_lines_and_each_step_has_its_parent(
    trace: Path,
) -> None:
    with run(trace) as r, r.step("agent", "all") as whole:

        def work(thread: int) -> None:
            with r.step("event", f"t{thread}", parent=whole):
                for number in range(200):
                    with r.step("tool", f"t{thread}.{number}", input="x" * 500) as s:
                        s.output = number

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
    found = read(trace)
    expected: dict[str, str | None] = {"all": None}
    for thread in range(8):
        expected[f"t{thread}"] = "all"
        expected |= {f"t{thread}.{n}": f"t{thread}" for n in range(200)}
    assert tree(found) == expected
    assert {s.status for s in found.steps} == {"ok"}
    assert {s.agent for s in found.steps} == {"all"}


class Slow(io.BytesIO):
    """A disk that lets other threads go first."""

    def write(self, data: Any) -> int:
        time.sleep(1e-4)
        return super().write(data)


def test_contexts_of_many_threads_only_name_what_is_written_before(trace: Path) -> None:
    disk = Slow()
    with run(disk) as r:

        def talk(thread: int) -> None:
            said = [{"role": "user", "content": f"turn {n}"} for n in range(20)]
            for number in range(20):
                shown = said[: number + 1]
                with r.step("model", f"t{thread}.{number}", context=shown) as s:
                    s.output = "ok"

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(talk, range(8)))
    trace.write_bytes(disk.getvalue())
    found = read(trace)
    sizes: dict[int, int] = {}
    for step in found.steps:
        assert step.context is not None
        base = sizes.get(step.context.base or 0, 0)
        kept = min(step.context.keep, base)
        sizes[step.position] = kept + len(step.context.add)
        assert sizes[step.position] == int(step.name.partition(".")[2]) + 1


def test_tasks_that_run_at_once_have_the_parents_they_were_started_in(
    trace: Path,
) -> None:
    async def work(r: Recorder, name: str) -> None:
        with r.step("tool", name):
            await asyncio.sleep(0)
            with r.step("tool", f"{name}'s"):
                await asyncio.sleep(0)
            await asyncio.to_thread(lambda: r.add("event", f"thread of {name}"))

    async def everything(r: Recorder) -> None:
        with r.step("agent", "all"):
            await asyncio.gather(*(work(r, f"w{n}") for n in range(5)))

    with run(trace) as r:
        run_async(everything(r))
    expected: dict[str, str | None] = {"all": None}
    for n in range(5):
        own = {f"w{n}'s": f"w{n}", f"thread of w{n}": f"w{n}"}
        expected |= {f"w{n}": "all", **own}
    assert tree(read(trace)) == expected


KILLED = """
import os, signal, sys
from whypath.record import run

with run(sys.argv[1], task="Count") as r:
    with r.step("agent", "counter"):
        with r.step("model", calls=[{"id": "c1", "name": "count"}]):
            pass
        with r.step("tool", "count", call="c1", input={"to": 3}) as s:
            r.decide("Go on?", ["yes", "no"], chosen="yes")
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="NOT TESTED: no SIGKILL")
def test_a_killed_process_leaves_a_trace_with_its_open_steps(trace: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(trace)], check=False)
    assert done.returncode == -signal.SIGKILL
    lines_of(trace)
    (found,) = read_runs(trace)
    assert found.status == "incomplete"
    kinds = {s.kind: (s.status, s.end_ns is None) for s in found.steps}
    assert kinds == {
        "agent": ("unset", True),
        "model": ("ok", False),
        "tool": ("unset", True),
        "decision": ("ok", True),
    }
    report = trace.with_suffix(".html")
    command = ["-m", "whypath", "report", str(trace), "-o", str(report)]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    assert report.stat().st_size > 10_000


def test_a_run_after_a_cut_line_begins_on_a_line_of_its_own(trace: Path) -> None:
    with run(trace, id="a") as r:
        r.add("tool", "one", output=1)
    trace.write_bytes(trace.read_bytes()[:-20])
    with run(trace, id="b") as r:
        r.add("tool", "two", output=2)
    assert [r.id for r in read_runs(trace)] == ["a", "b"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT TESTED: no fork")
def test_a_forked_process_records_nothing_and_does_not_hang(trace: Path) -> None:
    with run(trace) as r, r.step("tool", "outside"):
        child = os.fork()
        if child == 0:
            with r.step("tool", "in the child"):
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert tree(read(trace)) == {"outside": None}


# --- how steps and runs end -----------------------------------------------------------


def test_an_exception_is_recorded_and_goes_on_its_way(trace: Path) -> None:
    error = ValueError("no such tier")
    with pytest.raises(ValueError, match="no such tier") as caught:  # noqa: SIM117
        with run(trace) as r, r.step("agent", "a"), r.step("tool", "t"):
            raise error
    assert caught.value is error
    found = read(trace)
    assert [(s.status, s.error) for s in found.steps] == [
        ("error", "ValueError: no such tier")
    ] * 2
    assert found.status == "error"
    assert found.outcome is not None
    assert found.outcome.note == "ValueError: no such tier"


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


@pytest.mark.parametrize(
    ("error", "status", "step"),
    [
        (KeyError("tier"), "error", "KeyError: 'tier'"),
        (Mute(), "error", "Mute"),
        (KeyboardInterrupt(), "incomplete", "KeyboardInterrupt"),
        (asyncio.CancelledError(), "incomplete", "CancelledError"),
        (SystemExit(3), "incomplete", "SystemExit: 3"),
        (SystemExit(0), "ok", None),
    ],
    ids=repr,
)
def test_a_run_ends_as_its_block_does(
    trace: Path, error: BaseException, status: str, step: str | None
) -> None:
    with contextlib.suppress(BaseException), run(trace) as r, r.step("tool", "t"):
        raise error
    found = read(trace)
    assert (found.status, found.steps[0].error) == (status, step)


def test_a_tool_that_fails_is_recorded_with_its_error(trace: Path) -> None:
    with run(trace) as r:

        @r.tool
        def fail() -> Iterator[int]:
            yield 1
            raise OSError("gone")

        with pytest.raises(OSError, match="gone"):
            list(fail())
        r.end("unknown", note="not sure", reward=0.5)
    found = read(trace)
    assert found.steps[0].error == "OSError: gone"
    assert value(found, found.steps[0].output) == [1]
    assert found.outcome is not None
    assert (found.status, found.outcome.reward) == ("unknown", 0.5)


def test_a_run_that_fails_after_its_end_failed_and_keeps_its_answer(
    trace: Path,
) -> None:
    with contextlib.suppress(OSError), run(trace) as r:
        r.add("model", output="yes")
        r.end(answer="yes")
        raise OSError("disk")
    found = read(trace)
    assert found.outcome is not None
    assert (found.status, found.outcome.note) == ("error", "OSError: disk")
    assert value(found, found.outcome.answer) == "yes"


def test_what_is_left_open_and_set_to_nothing_reads_so(trace: Path) -> None:
    r = run(trace)
    r.step("tool", "open")
    with r.step("tool", "done"):
        pass
    with r.step("tool", "none") as s:
        s.output = None
    closed = r.step("tool", "closed")
    closed.end(output=1)
    closed.end(output=2)
    r.end()
    found = read(trace)
    statuses = {s.name: s.status for s in found.steps}
    assert statuses == {"open": "unset", "done": "ok", "none": "ok", "closed": "ok"}
    assert value(found, found.steps[2].output) is None
    assert value(found, found.steps[3].output) == 1


# --- strange values -------------------------------------------------------------------


@dataclasses.dataclass
class Point:
    x: int
    when: date


class Color(enum.Enum):
    RED = "red"


class Model:
    def model_dump(self) -> dict[str, Any]:
        return {"at": datetime(2026, 11, 20, tzinfo=UTC)}


class Endless:
    def model_dump(self) -> dict[str, Any]:
        return {"more": Endless()}


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Array:
    nbytes = 24

    def tolist(self) -> list[int]:
        return [1, 2, 3]


def looped() -> list[Any]:
    loop: list[Any] = [1]
    loop += [loop, loop]
    return loop


def deep(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = [found]
    return found


STRANGE: dict[str, tuple[Any, Any]] = {
    "nan": (float("nan"), "nan"),
    "infinity in a list": ([float("-inf"), 1.5], ["-inf", 1.5]),
    "bytes": (b"caf\xc3\xa9", "café"),
    "other bytes": (b"\xff\x00", "data:application/octet-stream;base64,/wA="),
    "datetime": (datetime(2026, 11, 20, tzinfo=UTC), "2026-11-20T00:00:00+00:00"),
    "dataclass": (Point(1, date(2026, 11, 20)), {"x": 1, "when": "2026-11-20"}),
    "model_dump": (Model(), {"at": "2026-11-20T00:00:00+00:00"}),
    "set": ({"b", "a"}, ["a", "b"]),
    "enum": (Color.RED, "red"),
    "keys": ({(1, 2): 3, None: 4}, {"(1, 2)": 3, "None": 4}),
    "cycle": (looped(), [1, "<list: inside itself>", "<list: inside itself>"]),
    "rude": ([Rude()], ["<Rude>"]),
    "array": (Array(), [1, 2, 3]),
    "range": (range(3), [0, 1, 2]),
    "exception": (KeyError("x"), "KeyError: 'x'"),
    "half of a pair": ("\ud83d", "\ud83d"),
    "complex": (1j, "1j"),
    "huge number": ({"n": 10**5000}, None),
    "huge text": ("é" * 3_000_000, "é" * 3_000_000),
    "long": ([*range(200_000), float("nan")], None),
    "deep": (deep(100_000), None),
    "endless": (Endless(), None),
    "type": (int, "<class 'int'>"),
    "generator": ((x for x in ()), None),
}


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("ascii", [False, True])
def test_any_value_becomes_strict_json(name: str, ascii: bool) -> None:
    given, expected = STRANGE[name]
    line = encoded({"": given}, ascii)
    assert "\n" not in line

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    if expected is not None:
        assert json.loads(line, parse_constant=refuse)[""] == expected
    else:
        json.loads(line, parse_constant=refuse)
    assert line.isascii() or not ascii


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.none() | st.binary(), inner)
        | st.builds(Point, inner, st.dates())
    ),
)


@given(ODD)
def test_any_mixture_of_values_becomes_strict_json(given: Any) -> None:
    line = encoded({"": given})
    assert "\n" not in line
    json.loads(line, parse_constant=pytest.fail)


def test_strange_values_everywhere_are_written_and_read(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = [given for given, _ in STRANGE.values()][:16]
    with run(trace, task=Color.RED, labels={"at": date(2026, 1, 2), "n": 1.5}) as r:  # type: ignore[arg-type]
        for item in odd:
            with r.step("tool", "odd", input=item, details=item) as s:
                s.output, s.error = item, None
            r.decide("Which?", [item, "b"], chosen=item, evidence={"value": item})
            r.add("model", context=[{"role": "user", "content": item}], calls=[item])
        r.decide("Sure?", {"a": float("nan")}, chosen="a", confidence=float("nan"))
        r.add("model", context=odd, tools=[len, {"function": {"name": "f"}}])
    assert capsys.readouterr().err == ""
    records = lines_of(trace)
    (found,) = read_runs(trace)
    levels = {p.what for p in found.problems if p.level == "loss"}
    assert levels == set()
    assert len(found.steps) == 4 * len(odd) + 2  # a call without an answer is one
    assert records[0]["labels"] == {"at": "2026-01-02", "n": 1.5}
    last = [s for s in found.steps if s.kind == "model"][-1]
    assert [t.name for t in last.tools or ()] == ["len", "f"]


def test_a_field_of_the_wrong_kind_is_kept_for_the_reader_to_tell_of(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            raise RuntimeError("broken")

    with run(trace, id=7, labels=[1], tools=5) as r:  # type: ignore[arg-type]
        r.add("model", calls=5, context=5, tools=5, usage=5, output=1)  # type: ignore[arg-type]
        r.add("model", context=[Broken(role="user")], set=5, remove=5, output=1)  # type: ignore[arg-type]
        r.decide("?", 5, chosen=5, evidence=5, confidence="high")  # type: ignore[arg-type]
    assert capsys.readouterr().err == ""
    (found,) = read_runs(trace)
    assert (found.id, found.status) == ("7", "ok")
    assert [s.kind for s in found.steps] == ["model", "tool", "model", "decision"]
    assert any("does not fit" in p.what for p in found.problems)
    decision = found.steps[-1].decision
    assert decision is not None
    assert [(o.name, o.chosen) for o in decision.options] == [("5", True)]
    assert decision.confidence is None


def test_a_clock_that_fails_ends_the_recording_and_not_the_agent(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([1, 2])
    with run(trace, clock=lambda: next(times)) as r:
        for _ in range(3):
            with r.step("tool", "t") as s:
                s.output = 1
    assert capsys.readouterr().err.count("StopIteration") == 1


def test_a_value_that_changes_later_is_recorded_as_it_was(trace: Path) -> None:
    given = {"n": 1}
    with run(trace) as r, r.step("tool", "t", input=given) as s:
        given["n"] = 2
        s.output = given
    found = read(trace)
    step = found.steps[0]
    assert [value(found, step.input), value(found, step.output)] == [{"n": 1}, {"n": 2}]


def test_a_value_whose_reading_waits_for_another_thread_blocks_nobody(
    trace: Path,
) -> None:
    lock, inside = threading.Lock(), threading.Event()

    class Waits:
        def __repr__(self) -> str:
            inside.set()
            with lock:
                return "at last"

    with run(trace) as r:
        with lock:
            other = threading.Thread(target=lambda: r.add("tool", "w", input=Waits()))
            other.start()
            assert inside.wait(10)
            r.add("tool", "mine", input=1)
        other.join(10)
    assert [s.name for s in read(trace).steps] == ["mine", "w"]


# --- where it goes --------------------------------------------------------------------


class Full(io.RawIOBase):
    """A disk that is full after some bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room, self.data = room, b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        taken = bytes(data)[: self.room]
        self.room -= len(taken)
        self.data += taken
        return len(taken)


class Stuck(io.RawIOBase):
    def write(self, data: Any) -> int:
        return 0


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    "make",
    [
        lambda path: Full(0),
        lambda path: Full(700),
        lambda path: Stuck(),
        lambda path: closed(),
        lambda path: path / "run.jsonl" / "x" / "deeper",
        lambda path: 7,
    ],
    ids=["full disk", "disk full later", "stuck", "closed", "no folder", "no target"],
)
def test_what_cannot_be_written_is_told_once_and_harms_nobody(
    make: Callable[[Path], Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.jsonl").write_text("in the way")
    to = make(tmp_path)
    with run(to, id="r1") as r:

        @r.tool
        def double(n: int) -> int:
            return 2 * n

        for number in range(10):
            with r.step("model", context=["hi"], input=number) as s:
                s.output = s.decide("?", ["a"], chosen="a").id
            assert double(number) == 2 * number
        r.decide("?", ["a", "b"], chosen="a").outcome("good")
        r.state({"a": 1})
        r.end(answer=1)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("whypath: recording stopped: ")
    if isinstance(to, Full) and to.data:
        records = to.data.decode().split("\n")
        assert json.loads(records[0])["type"] == "run"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="NOT TESTED: no /dev/full")
def test_a_full_device_ends_the_recording_and_not_the_agent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with run("/dev/full") as r:
        r.add("user", output="hi")
    assert "No space left" in capsys.readouterr().err


def test_a_step_after_the_end_is_not_written_and_raises_nothing(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run(trace) as r:
        late = r.step("tool", "late")
    late.end(output=1)
    r.add("user", output="too late")
    r.end()
    found = read(trace)
    assert [(s.name, s.status) for s in found.steps] == [("late", "unset")]


def test_nothing_is_recorded_when_there_is_no_target() -> None:
    with run(None) as r, r.step("tool", "t") as s:
        s.output = 1
        assert current() is r


@pytest.mark.parametrize("mode", ["w", "wb", "text", "bytes", "-"])
def test_a_stream_takes_the_lines_as_they_come(
    mode: str, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    streams: dict[str, Any] = {"text": io.StringIO(), "bytes": io.BytesIO(), "-": "-"}
    with contextlib.ExitStack() as stack:
        if mode in ("w", "wb"):
            streams[mode] = stack.enter_context(trace.open(mode))
        with run(streams[mode], id="é") as r:
            r.add("user", output="größer 🦆")
            if mode in ("w", "wb"):
                assert trace.read_text().count("\n") == 2
        if mode in ("text", "bytes"):
            said = streams[mode].getvalue()
            trace.write_bytes(said if isinstance(said, bytes) else said.encode("ascii"))
        elif mode == "-":
            trace.write_text(capsys.readouterr().out, "ascii")
    found = read(trace)
    assert found.contents.text(found.steps[0].output or 0) == "größer 🦆"


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: permissions are others")
def test_a_new_file_has_the_rights_that_the_user_gives_new_files(trace: Path) -> None:
    before = os.umask(0o027)
    try:
        run(trace).end()
    finally:
        os.umask(before)
    assert trace.stat().st_mode & 0o777 == 0o640


# --- the rest -------------------------------------------------------------------------


def test_a_step_costs_next_to_nothing(trace: Path) -> None:
    taken = []
    with run(trace) as r:
        for number in range(2000):
            start = time.perf_counter()
            with r.step("tool", "orders.get", input={"id": number}) as s:
                s.output = {"state": "lost"}
            taken.append((time.perf_counter() - start) * 1e6)
    assert statistics.median(taken) < SLOWEST_STEP_US


def test_the_recorder_imports_the_standard_library_only() -> None:
    code = "import sys, whypath.record; print(*sys.modules)"
    command = [sys.executable, "-W", "error", "-I", "-S", "-c"]
    path = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); "
    done = subprocess.run(
        [*command, path + code], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    ours = {name for name in loaded if name.startswith("whypath")}
    assert {n for n in ours if not n.startswith("whypath.record")} == {"whypath"}
    others = {n.partition(".")[0] for n in loaded} - {"whypath", "__main__"}
    assert others <= sys.stdlib_module_names
    assert not others & {"asyncio", "logging", "subprocess", "socket", "ssl", "email"}


def test_the_recorder_knows_the_words_of_the_format() -> None:
    assert get_args(Kind) == KINDS
    fields = set(SCHEMA["$defs"]["step"]["properties"])
    assert set(get_type_hints(Fields)) == fields - {"type", "run", "id", "kind", "name"}


@pytest.mark.parametrize("module", [whypath.record, log, messages, values])
def test_the_examples_in_docstrings_are_true(module: ModuleType) -> None:
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_the_example_agent_writes_the_example_trace(trace: Path) -> None:
    folder = EXAMPLES / "recorder"
    spec = importlib.util.spec_from_file_location("agent", folder / "agent.py")
    assert spec is not None
    assert spec.loader is not None
    agent = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(agent)
    finally:
        sys.dont_write_bytecode = before
    clock = itertools.count(1_795_420_800_000_000, 250_000)
    agent.ship(trace, lambda: next(clock))
    assert trace.read_bytes() == (folder / "parcel-desk.jsonl").read_bytes()
