"""Runs that were read apart and belong together become one run."""

import itertools

import pytest

from whypath.builder import Builder, RunDraft, Thread
from whypath.model import Call, Run


def asks(run: RunDraft, *calls: str, key: str | None = None) -> None:
    made = tuple(Call(id, "task", None) for id in calls)
    run.step("model", "m", key=key or f"{run.id}-model", calls=made)


def finish(builder: Builder) -> list[Run]:
    return list(builder.finish())


def outline(run: Run) -> list[tuple[str, int | None, str]]:
    return [(step.key, step.parent, step.thread) for step in run.steps]


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["main", "sub", "subsub"]))
)
def test_sub_agents_in_files_of_their_own_stand_under_their_calls(
    order: tuple[str, ...],
) -> None:
    builder = Builder("test")
    for id in order:
        builder.reading(f"{id}.jsonl")
        run = builder.run(id)
        if id == "main":
            asks(run, "c1")
        elif id == "sub":
            asks(run, "c2")
            run.part_of, run.as_thread = "main", Thread(call_id="c1")
        else:
            asks(run)
            run.part_of, run.as_thread = "sub", Thread(call_id="c2")
    [run] = finish(builder)
    assert run.id == "main"
    assert outline(run) == [
        ("main-model", None, ""),
        ("c1", None, ""),
        ("sub-model", 2, "sub"),
        ("c2", 2, "sub"),
        ("subsub-model", 4, "subsub"),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(["a", "b", "c"])))
def test_continuations_follow_each_other_in_whatever_order_they_are_read(
    order: tuple[str, ...],
) -> None:
    builder = Builder("test")
    follows = {"b": "a", "c": "b"}
    for id in order:
        run = builder.run(id)
        run.step("user", key=id)
        run.part_of = follows.get(id)
        run.status = "ok" if id == "c" else "incomplete"
    [run] = finish(builder)
    assert [step.key for step in run.steps] == ["a", "b", "c"]
    assert (run.id, run.status) == ("a", "ok")


def test_a_part_whose_host_is_not_there_stands_alone() -> None:
    builder = Builder("test")
    run = builder.run("sub")
    asks(run)
    run.part_of, run.as_thread = "main", Thread(call_id="c1")
    [alone] = finish(builder)
    assert (alone.id, outline(alone)) == ("sub", [("sub-model", None, "")])


def test_runs_that_are_part_of_each_other_are_told_once() -> None:
    builder = Builder("test")
    for id, host in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "b")):
        run = builder.run(id)
        run.step("user", key=id)
        run.part_of = host
    [run] = finish(builder)
    assert run.id == "a"
    assert sorted(step.key for step in run.steps) == ["a", "b", "c", "d"]


def test_calls_of_two_files_with_the_same_id_are_kept_apart() -> None:
    builder = Builder("test")
    contents = builder.contents
    for id in ("main", "sub"):
        run = builder.run(id)
        asks(run, "call_0")
        run.result("call_0", contents.add_text(f"result of {id}"))
    run.part_of, run.as_thread = "main", Thread(call_id="call_0")
    [run] = finish(builder)
    tools = [step for step in run.steps if step.kind == "tool"]
    said = [(t.call_id, contents.text(t.output or 0)) for t in tools]
    assert said == [("call_0", "result of main"), ("call_0@sub", "result of sub")]


def test_a_sub_agent_follows_its_call_when_that_gets_another_id() -> None:
    builder = Builder("test")
    asks(builder.run("main"), "call_0")
    part = builder.run("more")
    asks(part, "call_0")
    part.step("user", key="inner", thread="sub")
    part.threads["sub"] = Thread(call_id="call_0")
    part.part_of = "main"
    [run] = finish(builder)
    inner = next(step for step in run.steps if step.key == "inner")
    assert run.step(inner.parent or 1).call_id == "call_0@more"


def test_problems_and_labels_of_a_part_are_those_of_the_whole() -> None:
    builder = Builder("test")
    for id in ("main", "sub"):
        run = builder.run(id)
        run.step("user", key=id)
        run.labels["name"], run.labels[id] = id, "yes"
        builder.about = id
        builder.problem("note", "odd", "shown")
    run.part_of, run.as_thread = "main", Thread()
    [run] = finish(builder)
    assert dict(run.labels) == {"name": "main", "main": "yes", "sub": "yes"}
    assert [(p.what, p.count) for p in run.problems if p.what == "odd"] == [("odd", 2)]


def test_what_a_reader_keeps_is_made_once_and_told_at_the_end() -> None:
    class Kept:
        def __init__(self, builder: Builder) -> None:
            self.names: list[str] = []
            builder.at_end(self.tell)
            self.builder = builder

        def tell(self) -> None:
            self.builder.run("one").step("user", str(self.names))

    builder = Builder("test")
    builder.shared(Kept).names.append("a")
    builder.shared(Kept).names.append("b")
    [run] = finish(builder)
    assert [step.name for step in run.steps] == ["['a', 'b']"]
