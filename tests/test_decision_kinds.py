"""Decisions that a run's shape implies: after errors, at forks, handoffs, routers."""

from typing import Any

import pytest

from mutants import OTHERS
from tiny import Tiny
from whypath.derive.decisions.after_errors import AFTER_ERROR
from whypath.derive.decisions.calls import WHICH_AGENT, is_transfer
from whypath.derive.decisions.find import find_decisions, governing
from whypath.derive.decisions.forks import NOTHING_KEPT, WHICH_WAY
from whypath.model import Decision

A, B = {"p": 1}, {"p": 2}


def found(tiny: Tiny) -> dict[int, Decision]:
    return find_decisions(tiny.run)


def names(decision: Decision) -> list[str]:
    """The options, the chosen ones with a `*`."""
    return [f"{'*' if o.chosen else ''}{o.name}" for o in decision.options]


def failing(tiny: Tiny, name: str = "Read", arguments: Any = A) -> None:
    """A call that fails."""
    id = f"f{tiny.line}"
    tiny.step("model", calls=[(id, name, arguments)])
    tiny.result(id, "no", status="error")


RECOVERIES = {
    "the same call again": [("n", "Read", A)],
    "the same tool with other arguments": [("n", "Read", B)],
    "the same tool; arguments not recorded": [("n", "Read")],
    "another tool": [("n", "Grep", A)],
    "answered without a tool": [],
}


@pytest.mark.parametrize(("recovery", "calls"), RECOVERIES.items(), ids=RECOVERIES)
def test_what_follows_an_error_says_how_it_was_met(recovery: str, calls: Any) -> None:
    tiny = Tiny()
    failing(tiny)
    tiny.step("event", "a hook")
    tiny.step("model", output="so", calls=calls)
    decision = list(found(tiny).values())[-1]
    assert (decision.question, decision.recovery) == (AFTER_ERROR, recovery)
    assert tiny.run.step(decision.failed or 0).status == "error"


def test_of_parallel_calls_the_closest_likeness_counts() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("a", "Read", A), ("b", "Grep", A)])
    tiny.result("a", "no", status="error")
    tiny.result("b", "no", status="error")
    tiny.step("model", calls=[("c", "Bash", A), ("d", "Read", B), ("e", "Grep", A)])
    assert found(tiny)[4].recovery == "the same call again"


def test_a_failed_call_that_no_model_call_is_known_for_counts_as_well() -> None:
    tiny = Tiny()
    tiny.step("tool", "Read", status="error")
    tiny.step("model", calls=[("c", "Grep", A)])
    assert found(tiny)[2].failed == 1


NOT_DIRECTLY = {
    "the user spoke": lambda tiny: tiny.step("user", output="never mind"),
    "the context began anew": lambda tiny: tiny.step("event", resets_context=True),
    "there was an answer": lambda tiny: tiny.step("model", output="so"),
}


@pytest.mark.parametrize("between", NOT_DIRECTLY.values(), ids=NOT_DIRECTLY)
def test_only_what_directly_follows_an_error_is_about_it(between: Any) -> None:
    tiny = Tiny()
    failing(tiny)
    between(tiny)
    tiny.step("model", calls=[("n", "Read", A)])
    assert list(found(tiny).values())[-1].recovery is None


@pytest.mark.parametrize("place", [{"agent": "other"}, {"thread": "other"}], ids=str)
def test_an_error_is_no_matter_of_another_agent(place: Any) -> None:
    tiny = Tiny()
    failing(tiny)
    tiny.step("model", calls=[("n", "Read", A)], **place)
    assert list(found(tiny).values())[-1].recovery is None


def test_a_model_call_inside_a_failed_step_is_no_answer_to_its_failing() -> None:
    tiny = Tiny()
    tiny.step("tool", "Agent", key="t", status="error")
    tiny.step("model", parent="t", calls=[("n", "Agent", A)])
    assert found(tiny)[2].recovery is None


SILENT = {"failed": "error", "said nothing": "unset"}


@pytest.mark.parametrize("status", SILENT.values(), ids=SILENT)
def test_a_model_call_without_an_answer_chose_nothing(status: Any) -> None:
    tiny = Tiny()
    tiny.step("model", tools=["Read"], status=status)
    assert found(tiny) == {}


AGAIN = {
    "the same call next": ([("b", "Read", A)], "superseded"),
    "other arguments": ([("b", "Read", B)], "ok"),
    "another tool": ([("b", "Grep", A)], "ok"),
    "one more call": ([("b", "Read", A), ("c", "Read", B)], "ok"),
    "an answer": ([], "ok"),
}


@pytest.mark.parametrize(("calls", "outcome"), AGAIN.values(), ids=AGAIN)
def test_a_call_that_is_asked_for_again_at_once_is_superseded(
    calls: Any, outcome: str
) -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("a", "Read", A)])
    tiny.result("a")
    tiny.step("model", output="so", calls=calls)
    assert found(tiny)[1].outcome == outcome


def test_calls_whose_arguments_are_not_recorded_are_not_the_same() -> None:
    tiny = Tiny()
    for id in ("a", "b"):
        tiny.step("model", calls=[(id, "Read")])
        tiny.result(id)
    assert [decision.outcome for decision in found(tiny).values()] == ["ok", "ok"]


def test_an_error_that_was_tried_again_stays_an_error() -> None:
    tiny = Tiny()
    failing(tiny)
    failing(tiny)
    assert [decision.outcome for decision in found(tiny).values()] == ["error"] * 2


def test_a_rewind_is_a_decision_at_the_step_before_it() -> None:
    tiny = Tiny()
    tiny.step("model", output="Which one?", key="fork")
    tiny.step("user", output="the first", abandoned=True, previous="fork", key="x")
    tiny.step("model", calls=[("a", "Read")], abandoned=True, previous="x")
    tiny.result("a")
    tiny.step("event", "rewind", previous="fork")
    tiny.step("user", output="the second")
    decisions = found(tiny)
    assert list(decisions) == [1, 3]
    fork = decisions[1]
    assert (fork.question, fork.basis, fork.outcome) == (WHICH_WAY, "inferred", None)
    assert names(fork) == ["*step 6: the second", "step 2: the first"]
    assert [o.reason for o in fork.options] == [None, "abandoned"]
    assert decisions[3].outcome == "abandoned"
    assert governing(tiny.run, decisions)[4] == 3


def test_several_branches_from_one_step_are_one_decision() -> None:
    tiny = Tiny()
    tiny.step("user", output="go", key="fork")
    for text in ("one", "two"):
        tiny.step("model", output=text, abandoned=True, previous="fork")
    tiny.step("model", calls=[("c", "Read")], previous="fork")
    assert names(found(tiny)[1]) == ["*step 4: Read", "step 2: one", "step 3: two"]


def test_in_a_plain_log_the_kept_way_is_what_comes_after() -> None:
    tiny = Tiny()
    tiny.step("model", output="hm")
    tiny.step("user", output="wrong window", abandoned=True)
    tiny.step("model", output="which?", abandoned=True)
    tiny.step("user", output="thanks")
    (fork,) = found(tiny).values()
    assert names(fork) == ["*step 4: thanks", "step 2: wrong window"]


def test_a_fork_at_a_step_that_decides_stands_where_the_kept_way_begins() -> None:
    tiny = Tiny()
    tiny.step("model", output="x", tools=["Read"], key="fork")
    tiny.step("user", output="a", abandoned=True, previous="fork")
    tiny.step("user", output="b", previous="fork")
    decisions = found(tiny)
    assert [(at, d.step, d.question) for at, d in decisions.items()] == [
        (1, 1, "Call a tool, or answer?"),
        (3, 3, WHICH_WAY),
    ]


def test_a_branch_with_nothing_beside_it_has_no_chosen_way() -> None:
    tiny = Tiny()
    tiny.step("user", output="go")
    tiny.step("model", output="a", abandoned=True)
    (fork,) = found(tiny).values()
    assert (fork.chosen, fork.options_note) == ((), NOTHING_KEPT)


TRANSFERS = {
    "transfer_to_refunds": True,
    "transferToBilling": True,
    "transfer_to": True,
    "handoff": True,
    "handoff_to_writer": True,
    "hand_off_to_human": True,
    "transfer_funds": False,
    "transform": False,
    "handler": False,
    "transfer_tools": False,
    "": False,
}


@pytest.mark.parametrize(("name", "hands"), TRANSFERS.items(), ids=TRANSFERS)
def test_a_tool_that_hands_over_is_known_by_its_name(name: str, hands: bool) -> None:
    assert is_transfer(name) is hands


def test_a_transfer_is_a_choice_among_agents() -> None:
    tiny = Tiny()
    tools = ["lookup", "transfer_to_a", "transfer_to_b", "refund"]
    tiny.step("model", calls=[("h", "transfer_to_b")], tools=tools)
    tiny.step("handoff", "handoff to b", call_id="h", status="ok")
    (decision,) = found(tiny).values()
    assert decision.question == WHICH_AGENT
    assert names(decision) == ["*transfer_to_b", "transfer_to_a"]
    assert decision.options_note == (
        "2 tools that hand over to nobody were on offer too"
    )
    assert decision.outcome == "ok"


def test_a_handoff_beside_its_transfer_is_not_decided_twice() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("h", "transfer_to_b")])
    tiny.step("handoff", "handoff to b")
    assert list(found(tiny)) == [1]


def test_a_handoff_that_nothing_asked_for_is_a_decision() -> None:
    tiny = Tiny()
    tiny.step("handoff", "human")
    (decision,) = found(tiny).values()
    assert (decision.question, names(decision)) == (WHICH_AGENT, ["*human"])
    assert decision.basis == "inferred"


def test_a_recorded_handoff_is_the_decision_of_the_call_that_made_it() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("h", "transfer_to_b")])
    decision = tiny.decision("b")
    tiny.step("handoff", "b", call_id="h", status="ok", decision=decision)
    decisions = found(tiny)
    assert {at: d.outcome for at, d in decisions.items()} == {2: "ok"}
    assert governing(tiny.run, decisions) == {1: 2, 2: 2}


VERDICTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "passed": ({"output": {"passed": True}}, ["*let it pass", "stop the run"]),
    "did not pass": ({"output": {"passed": False}}, ["let it pass", "*stop the run"]),
    "tripped": (
        {"output": {"tripwire_triggered": True}, "status": "ok"},
        ["let it pass", "*stop the run"],
    ),
    "not safe": ({"output": {"is_unsafe": True}}, ["let it pass", "*stop the run"]),
    "safe": ({"output": {"safe": True}}, ["*let it pass", "stop the run"]),
    "turned round": (
        {"output": {"not_blocked": True}},
        ["let it pass", "stop the run"],
    ),
    "further in": (
        {"output": {"guardrail": "pii", "output": {"tripwire_triggered": False}}},
        ["*let it pass", "stop the run"],
    ),
    "two voices": (
        {"output": {"blocked": True, "allowed": True}},
        ["let it pass", "stop the run"],
    ),
    "failed": ({"status": "error"}, ["let it pass", "*stop the run"]),
    "ended well, whatever it found": (
        {"status": "ok", "output": "fine"},
        ["let it pass", "stop the run"],
    ),
}


@pytest.mark.parametrize(("fields", "options"), VERDICTS.values(), ids=VERDICTS)
def test_a_guardrail_says_what_it_found_or_that_it_is_not_known(
    fields: Any, options: list[str]
) -> None:
    tiny = Tiny()
    tiny.step("guardrail", "pii", **fields)
    (decision,) = found(tiny).values()
    assert (decision.question, names(decision)) == ("pii: stop the run?", options)
    assert (decision.options_note is None) == bool(decision.chosen)


ROUTES = {
    "a name": ("should_continue", "tools", ["*tools"]),
    "yes or no": ("should_continue", True, ["*true"]),
    "a class of edge": ("grade_router", "retry", ["*retry"]),
    "who speaks": ("select_speaker", "Coder", ["*Coder"]),
    "no name": ("should_continue", {"messages": []}, None),
    "a long text": ("route", "x" * 200, None),
    "no router": ("lookup", "tools", None),
}


@pytest.mark.parametrize(("name", "said", "options"), ROUTES.values(), ids=ROUTES)
def test_a_router_is_known_by_its_name_and_its_short_answer(
    name: str, said: Any, options: Any
) -> None:
    tiny = Tiny()
    tiny.step("event", name, output=said)
    found_here = [names(decision) for decision in found(tiny).values()]
    assert found_here == ([] if options is None else [options])


def test_a_router_that_a_model_called_is_a_tool() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("r", "route_call")])
    tiny.result("r", "Leeds")
    assert list(found(tiny)) == [1]


def test_a_decision_step_that_says_no_more_is_shown_as_one() -> None:
    tiny = Tiny()
    tiny.step("decision", "plan", output={"steps": ["look", "act"]})
    (decision,) = found(tiny).values()
    assert (decision.options, decision.basis) == ((), "inferred")
    assert decision.options_note == "the choice is not recorded"


LEDGERS = {
    "an analysis": "Analysis: it is there.\nPlan: read it.\n",
    "as JSON": '{"analysis": "it is there", "plan": "read it"}',
    "fenced": '```json\n{\n  "plan": "read it"}\n```',
    "an object": {"analysis": "it is there"},
}


@pytest.mark.parametrize("output", LEDGERS.values(), ids=LEDGERS)
def test_a_rationale_from_a_ledger_is_called_one(output: Any) -> None:
    tiny = Tiny()
    tiny.step("model", output=output, calls=[("c", "Bash")])
    assert found(tiny)[1].rationale_from == "ledger"


@pytest.mark.parametrize("said", ["The plan: read it.", '{"answer": 1}', ""])
def test_other_words_beside_a_call_are_text(said: str) -> None:
    tiny = Tiny()
    tiny.step("model", output=said, calls=[("c", "Bash")])
    assert found(tiny)[1].rationale_from == "text"


SPEAKERS = {
    "with a reason": ({"answer": "Coder", "reason": "code is next"}, ["*Coder"]),
    "a name alone": ("Coder", ["*Coder"]),
    "no name": ({"answer": 3}, None),
}


@pytest.mark.parametrize(("next_speaker", "options"), SPEAKERS.values(), ids=SPEAKERS)
def test_an_orchestrator_says_in_its_ledger_who_goes_on(
    next_speaker: Any, options: Any
) -> None:
    tiny = Tiny()
    ledger = {"is_request_satisfied": {"answer": False}, "next_speaker": next_speaker}
    tiny.step("model", output=ledger)
    said = [(names(d), d.rationale_from) for d in found(tiny).values()]
    assert said == ([] if options is None else [(options, "ledger")])


FOLLOWED: dict[str, tuple[Any, str | None]] = {
    "the act it names": (lambda tiny: tiny.step("tool", "low", status="ok"), "ok"),
    "another act": (lambda tiny: tiny.step("tool", "high", status="ok"), None),
    "nothing": (lambda tiny: None, None),
}


@pytest.mark.parametrize(("act", "outcome"), FOLLOWED.values(), ids=FOLLOWED)
def test_a_recorded_decision_led_to_the_act_that_it_names(
    act: Any, outcome: str | None
) -> None:
    tiny = Tiny()
    tiny.step("decision", "triage", decision=tiny.decision("low", "high"))
    act(tiny)
    assert found(tiny)[1].outcome == outcome


@pytest.mark.parametrize(("calls", "outcome"), [(1, "error"), (2, None)])
def test_a_permission_led_to_the_only_call_that_waited_for_it(
    calls: int, outcome: str | None
) -> None:
    tiny = Tiny()
    made = [(f"c{number}", "Bash", {"n": number}) for number in range(calls)]
    tiny.step("model", calls=made)
    tiny.step("decision", "permission", decision=tiny.decision("allow", "deny"))
    for id, *_ in made:
        tiny.step("tool", "Bash", call_id=id, status="error")
    assert found(tiny)[2].outcome == outcome


KINDS = ("model", "tool", "event", "decision", "guardrail", "handoff")


@pytest.mark.parametrize("value", OTHERS, ids=repr)
def test_no_output_of_any_type_stops_the_search(value: Any) -> None:
    tiny = Tiny()
    for kind in KINDS:
        for name in ("", "should_continue"):
            tiny.step(kind, name, output=value, abandoned=kind == "tool")
            tiny.step(kind, name, output={"passed": value, "next_speaker": value})
    assert all(decision.confidence is None for decision in found(tiny).values())
