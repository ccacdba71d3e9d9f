"""What led to a step: decided, called, values, citations; and the chain back."""

from samples import EXAMPLES, read_runs
from tiny import Tiny
from whypath.derive.causes import MAX_CHAIN, Cause, chain, value_causes
from whypath.derive.story import Story, tell


def order_story() -> Story:
    """A user names a customer; a lookup finds the order; the order is acted on."""
    tiny = Tiny()
    tiny.step("user", output="customer C-20417")
    tiny.step("user", output="and hurry")
    tiny.step("model", calls=[("c1", "look", {"id": "C-20417"})])
    tiny.result("c1", {"order": "W-99812"})
    tiny.step("model", output="one moment")
    tiny.step("model", calls=[("c2", "act", {"order": "W-99812"})])
    tiny.result("c2")
    return tell(tiny.run)


def test_a_call_is_caused_by_who_asked_for_it_and_by_its_values() -> None:
    causes = order_story().causes
    assert causes[4] == (Cause(3, "called"), Cause(1, "value"))
    assert causes[7] == (Cause(6, "called"), Cause(4, "value"))


def test_a_model_call_is_caused_by_the_values_of_the_calls_it_asked_for() -> None:
    causes = order_story().causes
    assert causes[3] == (Cause(1, "asked"),)
    assert causes[6] == (Cause(4, "asked"),)


def test_a_model_call_without_values_is_caused_by_what_it_read_last() -> None:
    causes = order_story().causes
    assert causes[5] == (Cause(4, "read"),)
    assert 1 not in causes, "nothing led to the first step"


def test_the_chain_goes_back_to_the_roots_nearest_first() -> None:
    links = chain(order_story().causes, 7)
    told = [(link.step, link.how, link.leads_to) for link in links]
    assert told == [
        (7, None, None),
        (6, "called", 7),
        (4, "value", 7),
        (3, "called", 4),
        (1, "value", 4),
    ]


def test_what_a_model_read_counts_only_where_the_chain_starts() -> None:
    causes = order_story().causes
    assert [link.step for link in chain(causes, 5)] == [5, 4, 3, 1]
    assert [link.step for link in chain(causes, 6)] == [6, 4, 3, 1]


def test_a_chain_ends_after_a_hundred_steps() -> None:
    causes = {at: (Cause(at - 1, "value"),) for at in range(2, 1_000)}
    assert len(chain(causes, 900)) == MAX_CHAIN


def test_a_step_that_came_later_is_no_cause() -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "look", {"id": "C-20417"})])
    tiny.step("user", output="customer C-20417")
    tiny.result("c1", "found C-20417")
    for at, causes in tell(tiny.run).causes.items():
        assert all(cause.step < at for cause in causes)


def test_a_decision_of_the_program_leads_to_the_model_call_after_it() -> None:
    story = tell(read_runs(EXAMPLES / "escalation" / "vip-after-rename.jsonl")[0])
    assert story.causes[10][:2] == (Cause(9, "before"), Cause(8, "before"))
    assert 4 in [link.step for link in chain(story.causes, 11)]


def test_the_wrong_decision_of_the_example_leads_back_to_the_lookup() -> None:
    story = tell(read_runs(EXAMPLES / "escalation" / "vip-after-rename.jsonl")[0])
    assert story.causes[9] == (Cause(4, "cited"),)
    links = [(link.step, link.how) for link in chain(story.causes, 9)]
    assert links == [(9, None), (4, "cited"), (3, "called"), (1, "value")]
    assert value_causes(story.origins, story.evidence)[9] == [4]
