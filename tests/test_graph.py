"""A run becomes a graph of few nodes: what merges, what stays, what leads where."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from samples import read_runs
from whypath.builder import Builder, RunDraft
from whypath.derive.decisions.find import find_decisions
from whypath.derive.graphs.fold import fold, shrink
from whypath.derive.graphs.graph import LIMIT, TARGET, Edge, Graph, Node, build_graph
from whypath.derive.graphs.units import Unit
from whypath.model import Call, Decision, Option, Outcome, Run, Step, Tool


class Script:
    """Writes a run, line by line."""

    def __init__(self) -> None:
        self.builder = Builder("test")
        self.builder.reading("run.jsonl")
        self.draft: RunDraft = self.builder.run("r")
        self.contents = self.builder.contents
        self.calls = 0

    def user(self, text: str = "do it", **fields: object) -> "Script":
        self.draft.step("user", output=self.contents.add_text(text), **fields)  # type: ignore[arg-type]
        return self

    def call(
        self,
        *names: str,
        error: bool = False,
        tools: tuple[str, ...] = (),
        **fields: object,
    ) -> "Script":
        """A model step that calls tools, and their results."""
        made = []
        for name in names:
            self.calls += 1
            arguments = self.contents.add_value({"path": f"file{self.calls}.py"})
            made.append(Call(f"c{self.calls}", name, arguments))
        offered = tuple(Tool(name, None) for name in tools) or None
        self.draft.step("model", "m", calls=tuple(made), tools=offered, **fields)  # type: ignore[arg-type]
        for call in made:
            self.draft.step(
                "tool",
                call.name,
                key=call.id,
                call_id=call.id,
                input=call.arguments,
                output=self.contents.add_text("done"),
                status="error" if error else "ok",
                **fields,  # type: ignore[arg-type]
            )
        return self

    def answer(self, text: str = "done", **fields: object) -> "Script":
        self.draft.step("model", "m", output=self.contents.add_text(text), **fields)  # type: ignore[arg-type]
        return self

    def decide(self, question: str, chosen: str, *others: str) -> "Script":
        options = (Option(chosen, True, score=0.7), *map(Option, others))
        made = Decision(0, question, options, None, None, None, (), None, "recorded")
        self.draft.step("decision", question, decision=made)
        return self

    def run(self) -> Run:
        return self.builder.finish()[0]


def line(step: Step) -> str:
    return f"{step.kind} {step.position}"


def graph_of(run: Run, limit: int = LIMIT, target: int = TARGET) -> Graph:
    return build_graph(run, find_decisions(run), line, limit, target)


def shown(graph: Graph) -> list[str]:
    """The nodes as text, without the end."""
    return [
        f"{node.kind} {node.label} {node.note}".strip()
        for node in graph.nodes
        if node.kind != "end"
    ]


def links(graph: Graph, kind: str) -> list[tuple[str, str]]:
    return [(e.source, e.target) for e in graph.edges if e.kind == kind]


def assert_whole(graph: Graph, run: Run) -> None:
    """Every step is in one node, every edge leads forward between nodes that exist."""
    steps = [position for node in graph.nodes for position in node.steps]
    assert sorted(steps) == [step.position for step in run.steps]
    assert set(graph.node_of) == set(steps)
    index = {node.id: at for at, node in enumerate(graph.nodes)}
    assert len(index) == len(graph.nodes)
    for edge in graph.edges:
        assert index[edge.source] < index[edge.target]
    assert {edge.target for edge in graph.edges} == {n.id for n in graph.nodes[1:]}
    for position, at in graph.node_of.items():
        assert position in graph.nodes[at].steps


def test_a_model_call_and_the_tool_it_called_are_one_node() -> None:
    run = Script().user().call("Read").answer().run()
    graph = graph_of(run)
    assert shown(graph) == ["user user 1", "tool Read  file1.py", "model model 4"]
    assert graph.nodes[1].steps == (2, 3)
    assert graph.node_of == {1: 0, 2: 1, 3: 1, 4: 2}
    assert_whole(graph, run)


def test_parallel_calls_are_rows_of_one_node_and_the_failed_one_is_marked() -> None:
    script = Script().user().call("Read", "Grep", "Read")
    script.draft.steps[3].status = "error"
    graph = graph_of(script.answer().run())
    rows = graph.nodes[1].rows
    assert graph.nodes[1].label == "Read ×2, Grep"
    assert [(row.text, row.error) for row in rows] == [
        ("Read  file1.py", False),
        ("Grep  file2.py", True),
        ("Read  file3.py", False),
    ]
    assert all(row.chosen for row in rows)
    assert graph.nodes[1].status == "error"


def test_three_like_calls_fold_and_two_stay() -> None:
    two = Script().user().call("Read").call("Read").answer().run()
    three = Script().user().call("Read").call("Read").call("Read").answer().run()
    assert len(graph_of(two).nodes) == 5
    assert shown(graph_of(three))[1] == "tool Read ×3"
    assert graph_of(three).nodes[1].count == 3


def test_calls_with_other_arguments_are_not_alike() -> None:
    script = Script().user()
    for number in range(3):
        script.call("Read")
        draft = script.draft.steps[-1]
        draft.input = script.contents.add_value({"path": "x", f"extra{number}": 1})
    assert len(graph_of(script.answer().run()).nodes) == 6


def test_an_error_interrupts_a_repeat() -> None:
    script = Script().user()
    for number in range(7):
        script.call("Bash", error=number == 3)
    graph = graph_of(script.answer().run())
    assert [(n.count, n.status) for n in graph.nodes[1:4]] == [
        (3, "unset"),
        (1, "error"),
        (3, "unset"),
    ]


@pytest.mark.parametrize("period", range(2, 7))
def test_a_block_that_comes_again_and_again_is_a_loop(period: int) -> None:
    names = ["Edit", "Test", "Read", "Grep", "Write", "Glob"][:period]
    script = Script().user()
    for _ in range(4):
        for name in names:
            script.call(name)
    run = script.answer().run()
    graph = graph_of(run)
    assert shown(graph)[1] == f"loop Loop: {' → '.join(names)} ×4"
    assert len(graph.nodes[1].steps) == 8 * period
    assert_whole(graph, run)


def test_a_recorded_decision_shows_its_options_the_chosen_first() -> None:
    script = Script().user().decide("queue?", "general", "vip", "a", "b", "c", "d")
    node = graph_of(script.answer().run()).nodes[1]
    assert node.kind == "decision"
    assert node.label == "queue?"
    assert [(row.text, row.chosen, row.struck) for row in node.rows] == [
        ("general  0.7", True, False),
        ("vip", False, True),
        ("a", False, True),
        ("b", False, True),
        ("+2 more", False, False),
    ]


def test_tools_on_offer_are_named_once_and_again_when_the_offer_changes() -> None:
    script = Script().user()
    script.call("a", tools=("a", "b")).call("b", tools=("a", "b"))
    script.call("a", tools=("a", "b", "c")).answer()
    nodes = graph_of(script.run()).nodes
    assert [[row.text for row in node.rows] for node in nodes[1:4]] == [
        ["also: b"],
        [],
        ["also: b, c"],
    ]
    assert not any(row.struck for node in nodes for row in node.rows)


def test_quiet_steps_join_their_neighbour() -> None:
    script = Script()
    script.draft.step("system", "prompt")
    script.user().call("Read")
    script.draft.step("state", "memory")
    run = script.answer().run()
    graph = graph_of(run)
    assert [node.steps for node in graph.nodes[:3]] == [(1, 2), (3, 4, 5), (6,)]
    assert_whole(graph, run)


def test_a_run_of_quiet_steps_alone_still_has_nodes() -> None:
    script = Script()
    script.draft.step("event", "start")
    script.draft.step("state", "memory")
    run = script.run()
    assert shown(graph_of(run)) == ["event event 1", "state state 2"]
    assert_whole(graph_of(run), run)


def delegate(script: Script, *agents: tuple[str, int]) -> Script:
    """A model call that starts sub-agents, each with so many calls of its own."""
    first = len(script.draft.steps) + 1
    script.call(*["Task"] * len(agents))
    tools = script.draft.steps[first:]
    for tool, (name, calls) in zip(tools, agents, strict=True):
        for number in range(calls):
            script.call(f"tool{number}", parent=tool.key, agent=name)
        script.answer(parent=tool.key, agent=name)
    return script


def test_a_sub_agent_is_a_frame_with_edges_in_and_out() -> None:
    run = delegate(Script().user(), ("researcher", 2)).answer().run()
    graph = graph_of(run)
    assert [(n.kind, n.cluster) for n in graph.nodes] == [
        ("user", 0),
        ("agent", 0),
        ("tool", 1),
        ("tool", 1),
        ("model", 1),
        ("model", 0),
        ("end", 0),
    ]
    assert graph.nodes[1].label == "researcher"
    assert links(graph, "calls") == [("s2", "s4")]
    assert links(graph, "returns") == [("s8", "s9")]
    assert_whole(graph, run)


def test_sub_agents_of_one_call_stand_side_by_side() -> None:
    run = delegate(Script().user(), ("a", 1), ("b", 1)).answer().run()
    graph = graph_of(run)
    heads = [node.id for node in graph.nodes if node.kind == "agent"]
    fork = graph.nodes[1].id
    assert [(e.source, e.target) for e in graph.edges if e.target in heads] == [
        (fork, heads[0]),
        (fork, heads[1]),
    ]
    last = next(n for n in graph.nodes if n.steps == (len(run.steps),))
    assert len([e for e in graph.edges if e.target == last.id]) == 2
    assert_whole(graph, run)


def test_many_sub_agents_side_by_side_are_closed_then_one_node() -> None:
    three = graph_of(delegate(Script().user(), *[("a", 2)] * 3).answer().run())
    assert [n.note for n in three.nodes if n.kind == "agent"] == ["6 steps"] * 3
    run = delegate(Script().user(), *[("a", 2)] * 8).answer().run()
    graph = graph_of(run)
    assert shown(graph)[2] == "parallel 8 side by side 48 steps"
    assert_whole(graph, run)


def test_one_agent_round_everything_is_no_sub_agent() -> None:
    script = Script()
    script.draft.step("agent", "assistant", key="root")
    script.user(parent="root").call("Read", parent="root").answer(parent="root")
    graph = graph_of(script.run())
    assert [node.kind for node in graph.nodes] == ["user", "tool", "model", "end"]


def test_agents_that_follow_each_other_at_the_top_hand_over() -> None:
    script = Script().user()
    for name in ("planner", "writer"):
        script.draft.step("agent", name, key=name, agent=name)
        script.call("a", parent=name, agent=name).call("b", parent=name, agent=name)
    run = script.run()
    graph = graph_of(run)
    assert [node.cluster for node in graph.nodes] == [0] * 6
    assert (graph.nodes[0].rows, graph.nodes[0].note) == ((), "")
    assert [e.label for e in graph.edges if e.kind == "handoff"] == ["writer"]
    assert_whole(graph, run)


def test_an_abandoned_branch_hangs_on_the_step_it_grew_from() -> None:
    script = Script().user(key="u").call("Read")
    for _ in range(3):
        script.call("Edit", abandoned=True)
    script.answer("no, like this")
    run = script.run()
    graph = graph_of(run)
    assert shown(graph)[2] == "segment Abandoned branch 6 steps"
    assert graph.nodes[2].abandoned
    assert links(graph, "abandoned") == [("s2", "s4")]
    assert ("s2", "s10") in links(graph, "next")
    assert_whole(graph, run)


def test_another_agent_going_on_is_a_handoff_with_its_name() -> None:
    script = Script().user().call("a", agent="triage").call("b", agent="billing")
    graph = graph_of(script.answer(agent="billing").run())
    assert [e for e in graph.edges if e.kind == "handoff"] == [
        Edge("s2", "s4", "handoff", "billing")
    ]


ENDS = {
    "ok": "Ended ok",
    "error": "Ended with an error",
    "incomplete": "Incomplete: the trace stops here",
    "unknown": "End of the trace",
}


@pytest.mark.parametrize("status", ENDS)
def test_the_end_says_how_the_run_ended(status: str) -> None:
    script = Script().user().answer()
    script.draft.status = status  # type: ignore[assignment]
    assert graph_of(script.run()).nodes[-1].label == ENDS[status]


def test_an_end_with_nothing_gained_is_not_marked_as_good() -> None:
    script = Script().user().answer()
    script.draft.status, script.draft.outcome = "ok", Outcome(reward=0)
    end = graph_of(script.run()).nodes[-1]
    assert (end.label, end.status) == ("Ended ok, reward 0", "unset")


def test_a_call_without_a_result_says_so() -> None:
    script = Script().user().call("Bash")
    script.draft.steps[-1].output, script.draft.steps[-1].status = None, "unset"
    assert graph_of(script.run()).nodes[1].note == "no result"


def long_run(steps: int) -> Run:
    """A run without any regularity, with errors, turns and decisions here and there."""
    names = ["Read", "Edit", "Bash", "Grep", "Write", "Glob"]
    script, state = Script().user(), 7
    while len(script.draft.steps) < steps:
        state = state * 1103515245 % 2**31 + 12345
        chance = state >> 16
        script.call(names[chance % 6], error=chance % 29 == 0)
        if chance % 97 == 0:
            script.user("next")
        if chance % 151 == 0:
            script.decide("which?", "this", "that")
    return script.answer().run()


@pytest.mark.parametrize("limit", [1, 2, 10, 60, 200])
@pytest.mark.parametrize("steps", [3, 300, 3000])
def test_there_are_never_more_nodes_than_the_limit(steps: int, limit: int) -> None:
    run = long_run(steps)
    graph = graph_of(run, limit=limit)
    assert len(graph.nodes) <= max(2, limit)
    assert_whole(graph, run)


def test_errors_turns_and_decisions_stay_while_there_is_room() -> None:
    run = long_run(300)
    graph = graph_of(run)
    kept = {"user", "decision"}
    for step in run.steps:
        node = graph.nodes[graph.node_of[step.position]]
        if step.kind in kept:
            assert node.kind == step.kind
        if step.status == "error":
            assert (node.status, len(node.steps)) == ("error", 2)


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda s, n: s.call(f"tool{n}"), id="nothing alike"),
        pytest.param(lambda s, n: s.call("a"), id="all alike"),
        pytest.param(lambda s, n: s.call("a", error=True, agent=f"x{n}"), id="errors"),
        pytest.param(lambda s, n: s.user(), id="turns"),
        pytest.param(lambda s, n: s.decide(f"q{n}", "a"), id="decisions"),
        pytest.param(lambda s, n: delegate(s, (f"a{n}", 1)), id="sub-agents"),
        pytest.param(lambda s, n: s.call("a", abandoned=n % 2 == 0), id="branches"),
    ],
)
def test_any_shape_of_run_fits(shape: Callable[[Script, int], Script]) -> None:
    script = Script()
    for number in range(700):
        shape(script, number)
    run = script.run()
    graph = graph_of(run)
    assert len(graph.nodes) <= 200
    assert_whole(graph, run)


def test_the_same_run_gives_the_same_graph() -> None:
    assert graph_of(long_run(500)) == graph_of(long_run(500))


def test_the_time_grows_with_the_steps_and_no_faster() -> None:
    def seconds(run: Run) -> float:
        decisions = find_decisions(run)
        best = 9.0
        for _ in range(3):
            start = time.perf_counter()
            build_graph(run, decisions, line)
            best = min(best, time.perf_counter() - start)
        return best

    small, large = long_run(2_000), long_run(20_000)
    assert seconds(large) < 30 * seconds(small) + 0.05


def test_shrinking_keeps_order_and_all_steps() -> None:
    for budget in range(1, 12):
        chain = [Unit("model", [n], n, 0, None, False) for n in range(1, 12)]
        short = shrink(chain, budget, 0)
        assert len(short) == budget
        assert [step for unit in short for step in unit.steps] == list(range(1, 12))


def test_an_empty_chain_folds_to_nothing() -> None:
    assert fold([], 10, 10) == []


def test_real_runs_become_readable_graphs(corpus: Path) -> None:
    paths = sorted((corpus / "tau-bench" / "pairs").glob("*.json"))
    paths += sorted((corpus / "claude-code").glob("ccviewer_*.jsonl"))
    assert len(paths) > 4
    for path in paths:
        for run in read_runs(path):
            graph = graph_of(run)
            assert len(graph.nodes) <= 72
            assert_whole(graph, run)


def test_a_path_is_shortened_to_its_end_and_a_list_to_its_beginning() -> None:
    script = Script().user()
    values: list[tuple[object, str]] = [
        ("/home/me/project/src/retry.py", "…/src/retry.py"),
        ("a/b", "a/b"),
        ([{"id": "1", "text": "write tests"}], "[1] write tests"),
        ([], "[0]"),
        ({"deep": 1}, "{…}"),
    ]
    for number, (value, _) in enumerate(values):
        script.call(f"t{number}")
        script.draft.steps[-1].input = script.contents.add_value({"v": value})
    nodes: tuple[Node, ...] = graph_of(script.answer().run()).nodes
    labels = [node.label for node in nodes[1:-2]]
    assert labels == [f"t{at}  {text}" for at, (_, text) in enumerate(values)]
