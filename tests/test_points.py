"""Choices of many runs, brought together by decision point; periods, groups, pairs."""

import pytest

from tiny import Tiny
from whypath.derive.sites.comparisons import find_pairs
from whypath.derive.sites.groups import find_groupings
from whypath.derive.sites.periods import MOST, cut
from whypath.derive.sites.points import find_points
from whypath.derive.sites.row import Choice, Row, row_of

HOUR = 3_600 * 10**9
DAY = 24 * HOUR


def row(number: int, chosen: str = "", **fields: object) -> Row:
    """A run that started so many hours after 1970 and chose something at `route`."""
    choices = (Choice("route", "name", chosen, 4, 1),) if chosen else ()
    known = {
        "key": f"r{number}",
        "source": f"{number}.jsonl",
        "run": f"r{number}",
        "task": "Route",
        "status": "ok",
        "outcome": "passed",
        "tone": "ok",
        "start_ns": number * HOUR,
        "choices": choices,
    }
    return Row(**{**known, **fields})  # type: ignore[arg-type]


def points(rows: list[Row], usual: int = 0):  # type: ignore[no-untyped-def]
    periods = cut(one.start_ns for one in rows)
    return find_points(rows, periods, lambda one: int(one.run[1:]) < usual).shown


def test_the_same_choice_in_every_later_run_is_a_collapse() -> None:
    rows = [row(n, "vip" if n % 2 else "general") for n in range(10)]
    rows += [row(n, "general") for n in range(10, 20)]
    (point,) = points(rows)
    assert point.collapse is not None
    assert (point.collapse.chosen, point.collapse.runs) == ("general", 10)
    assert point.collapse.since_ns == rows[10].start_ns


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        (["general"] * 20, "one choice was always made"),
        (["vip", "general"] * 10, "both are still made"),
        (["general"] * 15 + ["vip"] + ["general"] * 9, "one in 16 is too rare to tell"),
        (["vip"] * 3 + ["general"] * 3, "too few runs to tell"),
    ],
)
def test_what_is_no_collapse(chosen: list[str], why: str) -> None:
    (point,) = points([row(n, one) for n, one in enumerate(chosen)])
    assert point.collapse is None, why


def test_counts_go_to_the_baseline_and_to_the_period() -> None:
    (point,) = points([row(0, "a"), row(1, "a"), row(30, "b")], usual=2)
    a, b = point.choices
    assert (a.name, a.count, a.usual, a.later) == ("a", 2, 2, 0)
    assert (b.name, b.count, b.usual, b.later) == ("b", 1, 0, 1)
    assert (sum(a.by_period), sum(b.by_period)) == (2, 1)
    assert a.by_period.index(1) == 0
    assert b.by_period[-1] == 1


def test_a_run_without_a_clock_is_counted_and_in_no_period() -> None:
    (point,) = points([row(0, "a"), row(1, "a", start_ns=None)])
    assert (point.count, point.undated, sum(point.choices[0].by_period)) == (2, 1, 1)


def test_an_argument_that_is_different_everywhere_is_no_choice() -> None:
    rows = [row(n, choices=(Choice("t · id", "tool", f"{n}", 1, 1),)) for n in range(9)]
    assert points(rows) == ()


@pytest.mark.parametrize("span", [1, HOUR, 40 * HOUR, 400 * DAY, 20_000 * DAY])
def test_periods_are_few_and_hold_every_moment(span: int) -> None:
    moments = [10**18, 10**18 + span // 2, 10**18 + span]
    periods = cut(moments)
    assert 1 <= periods.count <= MOST
    assert [periods.at(m) in range(periods.count) for m in moments] == [True] * 3
    assert periods.label(0) <= periods.label(periods.count - 1)


def test_no_clock_at_all_is_no_period() -> None:
    assert cut([None, None]).count == 0


def test_the_row_of_a_run_has_its_choices_in_short() -> None:
    tiny = Tiny()
    asked = {"queue": "general", "ticket": 7}
    decision = tiny.decision("general", "vip", question="Which queue?")
    tiny.step("decision", "route", decision=decision)
    tiny.step("model", calls=[("c", "tickets.route", asked)], tools=["tickets.route"])
    tiny.step("tool", "tickets.route", input=asked, call_id="c")
    made = row_of(tiny.story, "key", "run.jsonl")
    found = {(choice.point, choice.by): choice.chosen for choice in made.choices}
    assert found["route", "name"] == "general"
    assert found["tickets.route · queue", "tool"] == "general"
    assert found["model: what to do next", "agent"] == "tickets.route"


def test_groups_have_pass_rates_of_what_is_recorded() -> None:
    rows = [row(0), row(1, outcome="failed"), row(2, outcome="unknown")]
    rows += [row(3, task="Other")]
    task = find_groupings(rows)[0]
    assert (task.field, [group.value for group in task.groups]) == (
        "task",
        ["Route", "Other"],
    )
    assert (task.groups[0].passed, task.groups[0].judged, task.groups[0].runs) == (
        *(1, 2),
        3,
    )


def test_the_latest_failing_run_is_compared_with_the_latest_passing_one() -> None:
    rows = [row(0), row(1), row(2, outcome="failed"), row(3, outcome="failed")]
    (pair,) = find_pairs(rows)
    assert (pair.good.run, pair.bad.run) == ("r1", "r3")


def test_runs_are_compared_across_the_values_of_a_label() -> None:
    rows = [
        row(0, labels=(("v", "1"),)),
        row(1, labels=(("v", "1"),)),
        row(2, labels=(("v", "2"),)),
        row(3, task="Other", labels=(("v", "2"),)),
    ]
    (pair,) = find_pairs(rows, "v")
    assert (pair.good.run, pair.bad.run) == ("r1", "r2")
