"""What links nodes besides coming next: retries, ways back, causes; their insides."""

from pathlib import Path

import pytest

from samples import read_runs
from test_graph import Script, assert_whole, delegate, graph_of, line, links, long_run
from whypath.derive.decisions.find import find_decisions
from whypath.derive.graphs.graph import Edge, Graph, build_graph, look_inside
from whypath.model import Run


def asides(graph: Graph, kind: str) -> list[tuple[str, str]]:
    return [(e.source, e.target) for e in graph.asides if e.kind == kind]


def given(script: Script, **arguments: object) -> Script:
    """Gives the last call other arguments."""
    script.draft.steps[-1].input = script.contents.add_value(arguments)
    return script


AGAIN = [
    pytest.param({"path": "a.py"}, {"path": "a.py"}, True, id="the same"),
    pytest.param({"c": "cd lib && make"}, {"c": "cd lib && make -j"}, True, id="like"),
    pytest.param({"c": "make"}, {"c": "git status"}, False, id="another command"),
    pytest.param({"path": "a"}, {"query": "a"}, False, id="another argument"),
    pytest.param({"a": "x", "b": 2}, {"b": 2}, True, id="one less"),
    pytest.param({"a": 1}, {"a": 1, "b": 2, "c": 3}, False, id="two more"),
    pytest.param({}, {}, True, id="none"),
    pytest.param({}, {"a": 1}, False, id="from none"),
    pytest.param({"n": [1, {"a": None}]}, {"n": [1, {"a": None}]}, True, id="deep"),
]


@pytest.mark.parametrize(("was", "now", "again"), AGAIN)
def test_a_call_made_again_after_an_error_is_a_retry(
    was: dict[str, object], now: dict[str, object], again: bool
) -> None:
    script = given(Script().user().call("Bash", error=True), **was)
    run = given(script.call("Bash"), **now).answer().run()
    graph = graph_of(run)
    assert links(graph, "retry") == ([("s2", "s4")] if again else [])
    assert_whole(graph, run)


def test_another_tool_or_a_call_after_success_is_no_retry() -> None:
    script = Script().user().call("Bash", error=True).call("Read").call("Read")
    assert links(graph_of(script.answer().run()), "retry") == []


def test_arguments_of_any_json_type_are_compared() -> None:
    for odd in (None, 7, "text", [1], {"a": {"b": 1}}):
        script = Script().user().call("T", error=True)
        script.draft.steps[-1].input = script.contents.add_value(odd)
        script.call("T")
        script.draft.steps[-1].input = script.contents.add_value(odd)
        assert links(graph_of(script.answer().run()), "retry") == [("s2", "s4")]


def test_arguments_may_be_nested_as_deep_as_they_are() -> None:
    deep = b'{"a":' * 980 + b"1" + b"}" * 980
    script = Script().user().call("T", error=True)
    script.draft.steps[-1].input = script.contents.add(deep)
    script.call("T")
    script.draft.steps[-1].input = script.contents.add(deep.replace(b"1", b"2"))
    assert links(graph_of(script.answer().run()), "retry") == []


def test_the_very_same_call_a_little_later_is_a_retry_aside() -> None:
    script = given(Script().user().call("Test", error=True), only="a")
    given(script.call("Edit").call("Test"), only="a").answer()
    graph = graph_of(script.run())
    assert asides(graph, "retry") == [("s2", "s6")]
    assert links(graph, "retry") == []


def test_the_very_same_call_much_later_is_not() -> None:
    script = given(Script().user().call("Test", error=True), only="a")
    for name in ("a", "b", "c", "d", "e"):
        script.call(name)
    given(script.call("Test"), only="a").answer()
    assert graph_of(script.run()).asides == ()


def test_a_branch_that_was_left_ends_dead_and_leads_back() -> None:
    script = Script().user(key="u").call("Read")
    script.call("Edit", abandoned=True).call("Test", abandoned=True)
    graph = graph_of(script.answer("no, like this").run())
    assert [node.dead_end for node in graph.nodes] == [False] * 3 + [True] + [False] * 2
    assert links(graph, "abandoned") == [("s2", "s4"), ("s4", "s6")]
    assert asides(graph, "backtrack") == [("s6", "s2")]


def attempts(number: int, calls: int) -> Script:
    """As many branches as `number`, all abandoned but the last, all from one step."""
    script = Script().user(key="u")
    for attempt in range(number):
        previous = "u"
        for call in range(calls):
            left = attempt < number - 1
            key = f"{attempt}.{call}"
            script.draft.step("tool", f"t{call}", key=key, abandoned=left)
            script.draft.steps[-1].previous = previous
            previous = key
    return script


@pytest.mark.parametrize("calls", [1, 2, 5])
def test_each_of_several_attempts_is_a_branch_of_its_own(calls: int) -> None:
    run = attempts(4, calls).run()
    graph = graph_of(run)
    dead = [node for node in graph.nodes if node.dead_end]
    assert len(dead) == 3
    assert asides(graph, "backtrack") == [(node.id, "s1") for node in dead]
    grown = [link for link in links(graph, "abandoned") if link[0] == "s1"]
    assert len(grown) == 3
    if calls > 2:
        assert [node.note for node in dead] == [f"{calls} steps"] * 3
    assert_whole(graph, run)


def test_a_run_that_ends_in_a_dead_end_says_so() -> None:
    script = Script().user().call("Read").call("Edit", abandoned=True)
    graph = graph_of(script.run())
    assert graph.nodes[2].dead_end
    assert links(graph, "next")[-1] == ("s2", "end")


def test_causes_join_nodes_and_leave_out_what_is_not_there() -> None:
    run = Script().user().call("a").call("b").call("c").answer().run()
    causes = {5: (3, 3), 7: (1, 3, 6, 7, 99), 99: (1,), 3: (8,), 2: ()}
    graph = build_graph(run, find_decisions(run), line, causes=causes)
    assert graph.causes == {2: (1,), 3: (0, 1)}
    assert build_graph(run, find_decisions(run), line).causes == {}


def test_a_node_keeps_the_sources_that_gave_it_most() -> None:
    script = Script().user()
    for number in range(12):
        script.call(f"t{number}")
    run = script.answer().run()
    causes = {24: tuple(range(1, 24)), 25: (3,)}
    graph = build_graph(run, find_decisions(run), line, causes=causes)
    assert graph.causes[12] == (1, 7, 8, 9, 10, 11)


def inside(run: Run) -> tuple[Graph, dict[int, Graph]]:
    decisions = find_decisions(run)
    graph = build_graph(run, decisions, line)
    return graph, look_inside(graph, run, decisions, line)


@pytest.mark.parametrize("steps", [300, 3000])
def test_the_inside_of_a_node_holds_the_steps_of_the_node(steps: int) -> None:
    graph, insides = inside(long_run(steps))
    assert insides
    for index, within in insides.items():
        held = sorted(step for node in within.nodes for step in node.steps)
        assert held == list(graph.nodes[index].steps)
        assert 4 <= len(within.nodes) <= 48
        assert all(node.kind != "end" for node in within.nodes)
        assert within.total == len(held)


def test_a_repeat_shows_every_call_inside() -> None:
    script = Script().user()
    for _ in range(9):
        script.call("Read")
    graph, insides = inside(script.answer().run())
    assert graph.nodes[1].count == 9
    assert [node.label for node in insides[1].nodes][:2] == [
        "Read  file1.py",
        "Read  file2.py",
    ]


def test_what_is_not_folded_has_no_inside() -> None:
    _, insides = inside(Script().user().call("a").call("b", "c").answer().run())
    assert insides == {}


def test_a_closed_sub_agent_shows_its_own_steps_inside() -> None:
    run = delegate(Script().user(), *[("mapper", 4)] * 3).call("reduce").answer().run()
    graph, insides = inside(run)
    closed = [at for at, node in enumerate(graph.nodes) if node.kind == "agent"]
    assert sorted(insides) == closed
    for within in insides.values():
        assert [node.kind for node in within.nodes] == ["tool"] * 4 + ["model"]


def test_a_map_and_its_reduce_fan_out_and_in() -> None:
    run = delegate(Script().user(), *[("mapper", 1)] * 4).call("reduce").answer().run()
    graph = graph_of(run)
    mappers = [node.id for node in graph.nodes if node.kind == "agent"]
    (fork,) = {e.source for e in graph.edges if e.target in mappers}
    (join,) = {e.target for e in graph.edges if e.source in mappers}
    assert len(mappers) == 4
    assert [e.kind for e in graph.edges if e.target == join] == ["next"] * 4
    assert graph.nodes[1].id == fork
    assert next(n for n in graph.nodes if n.id == join).label == "reduce  file9.py"
    assert len(graph.edges) == len(graph.nodes) - 1 + 3


def test_agents_in_agents_call_and_return_in_pairs() -> None:
    script = Script().user().call("Task")
    outer = script.draft.steps[-1].key
    script.call("Task", parent=outer, agent="outer")
    deep = script.draft.steps[-1].key
    script.call("look", parent=deep, agent="inner").answer(parent=deep, agent="inner")
    run = script.answer(parent=outer, agent="outer").answer().run()
    graph = graph_of(run)
    assert len(links(graph, "calls")) == len(links(graph, "returns")) == 1
    assert {node.cluster for node in graph.nodes} == {0, 1}
    assert_whole(graph, run)


def test_spans_that_overlap_stand_side_by_side() -> None:
    script = Script().user()
    for name, start, end in (("a", 0, 9), ("b", 1, 8), ("c", 2, 7), ("d", 10, 11)):
        script.draft.step("tool", name, start_ns=start, end_ns=end)
    graph = graph_of(script.answer().run())
    assert [(e.source, e.target) for e in graph.edges] == [
        *(("s1", "s2"), ("s1", "s3"), ("s1", "s4")),
        *(("s2", "s5"), ("s3", "s5"), ("s4", "s5")),
        *(("s5", "s6"), ("s6", "end")),
    ]


def test_no_node_of_a_real_run_has_an_edge_from_nowhere(corpus: Path) -> None:
    names = (
        "inspect/parallel_spans.json",
        "langfuse/langgraph-python-2025-08-22.trace.json",
        "otlp-genai/pydantic_ai_2.58.0_delegation.json",
        "otlp-openinference/openai_agents_0.24.0_oi_2.5.3_as_tool.json",
        "claude-code/ccviewer_fe5e1c67-53e7-4862-81ae-d0e013e3270b.jsonl",
        "atif/atif_multiagent.json",
    )
    for name in names:
        for run in read_runs(corpus / name):
            graph = graph_of(run)
            assert_whole(graph, run)
            for edge in graph.asides:
                assert isinstance(edge, Edge)
                assert edge.source != edge.target
