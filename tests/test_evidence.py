"""What a decision says it rests on, checked against what the named step returned."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny import Tiny
from whypath.derive.evidence import MAX_LEAVES, CheckedEvidence, leaves

RETURNED = {
    "customer": {"id": 7, "plan_tier": "gold", "active": True, "note": None},
    "orders": [{"id": "a1", "total": 12.5}, {"id": "b2"}],
    "odd keys": {"a.b": 1, "": 2, "0": "zero"},
}


def checked(
    value: Any, path: Any, output: Any = RETURNED, source: str | None = "lookup"
) -> CheckedEvidence:
    """The evidence `value` at `path` of a step that returned `output`."""
    tiny = Tiny()
    fields = {} if output is None else {"output": output}
    tiny.step("tool", "lookup", key="lookup", **fields)
    evidence = tiny.evidence("tier", value, source, path)
    tiny.step("decision", "d", decision=tiny.decision("low", evidence=(evidence,)))
    ((check,),) = tiny.story.evidence.values()
    return check


FOUND = {
    "a key": (7, "$.customer.id"),
    "without the dollar": (7, "customer.id"),
    "an index": ("b2", "$.orders[1].id"),
    "an index after a dot": ("b2", "$.orders.1.id"),
    "a quoted key": (1, "$['odd keys']['a.b']"),
    "double quotes": (1, '$["odd keys"]["a.b"]'),
    "an empty key": (2, "$['odd keys']['']"),
    "a key of digits": ("zero", "$['odd keys'].0"),
    "an object": ({"id": "b2"}, "$.orders[1]"),
    "the whole": (RETURNED, "$"),
    "null": (None, "$.customer.note"),
    "a number written as text": ("7", "$.customer.id"),
    "an integer for a float": (12.5, "$.orders[0].total"),
}


@pytest.mark.parametrize(("value", "path"), FOUND.values(), ids=FOUND)
def test_a_value_that_stands_where_it_is_said_to_is_found(
    value: Any, path: str
) -> None:
    check = checked(value, path)
    assert (check.verdict, check.source) == ("found", 1)


DIFFERS = {
    "another word": ("silver", "$.customer.plan_tier", "gold"),
    "another number": (8, "$.customer.id", 7),
    "true is not one": (1, "$.customer.active", True),
    "a list is not an object": ([], "$.orders[1]", {"id": "b2"}),
}


@pytest.mark.parametrize(("value", "path", "actual"), DIFFERS.values(), ids=DIFFERS)
def test_another_value_there_is_shown(value: Any, path: str, actual: Any) -> None:
    check = checked(value, path)
    assert (check.verdict, check.actual) == ("differs", actual)


MISSING = {
    "a renamed key": ("$.customer.tier", ("$.customer.plan_tier", "gold")),
    "another case": ("$.customer.planTier", ("$.customer.plan_tier", "gold")),
    "nothing like it": ("$.customer.zzz", None),
    "an index past the end": ("$.orders[9]", None),
    "a key of a list": ("$.orders.total", ("$.orders[0].total", 12.5)),
    "a key of a text": ("$.customer.plan_tier.x", None),
}


@pytest.mark.parametrize(("path", "near"), MISSING.values(), ids=MISSING)
def test_a_path_that_is_not_there_is_missing_and_something_near_is_named(
    path: str, near: tuple[str, Any] | None
) -> None:
    check = checked("silver", path)
    assert (check.verdict, check.source) == ("missing", 1)
    found = (check.near.path, check.near.value) if check.near else None
    if near is not None or path.endswith("zzz"):
        assert found == near


UNKNOWN = {
    "no path": {"path": None},
    "no source": {"path": "$.x", "source": None},
    "a source that is not in the trace": {"path": "$.x", "source": "elsewhere"},
    "a source that returned nothing": {"path": "$.x", "output": None},
    "a wildcard": {"path": "$.orders[*].id"},
    "a descent": {"path": "$..id"},
    "a filter": {"path": "$.orders[?(@.id=='a1')].total"},
    "a slice": {"path": "$.orders[0:1]"},
    "an index from the end": {"path": "$.orders[-1]"},
    "a huge index": {"path": f"$.orders[{'9' * 5000}]"},
    "an open bracket": {"path": "$.orders["},
    "dots": {"path": "$...."},
}


@pytest.mark.parametrize("given", UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_checked_is_unknown_and_accuses_nobody(
    given: dict[str, Any],
) -> None:
    assert checked("x", **given).verdict == "unknown"


def test_json_inside_a_text_is_looked_into() -> None:
    assert checked("gold", "$.tier", '{"tier": "gold"}').verdict == "found"
    check = checked("gold", "$.tier", '[{"plan_tier": "basic"}]')
    assert check.verdict == "missing"
    assert check.near is not None
    assert (check.near.path, check.near.value) == ("$[0].plan_tier", "basic")


def test_a_text_that_is_no_json_is_compared_as_a_whole() -> None:
    assert checked("gold", "$", "gold").verdict == "found"
    assert checked("gold", "$.tier", "gold").verdict == "missing"


def test_evidence_without_a_value_is_unknown() -> None:
    from whypath.model import Evidence

    tiny = Tiny()
    tiny.step("tool", key="t", output={"a": 1})
    evidence = Evidence("a", None, "t", "$.a")
    tiny.step("decision", decision=tiny.decision("x", evidence=(evidence,)))
    assert [c.verdict for c in tiny.story.evidence[2]] == ["unknown"]


def test_a_decision_without_evidence_has_no_checks() -> None:
    tiny = Tiny()
    tiny.step("decision", decision=tiny.decision("x"))
    assert tiny.story.evidence == {}


def test_leaves_are_the_values_with_their_paths_the_nearest_first() -> None:
    found = [(leaf.path, leaf.value) for leaf in leaves({"a": [1, {"b": 2}], "c": 3})]
    assert found == [("$.c", 3), ("$.a[0]", 1), ("$.a[1].b", 2)]
    assert [leaf.path for leaf in leaves("x")] == ["$"]


@pytest.mark.parametrize(
    "output",
    [
        {f"field_{i}": i for i in range(100_000)},
        [{"x": i} for i in range(100_000)],
        {"a" * 200_000: 1},
        {"k": {"tier" * 500: [list(range(5_000))]}},
    ],
    ids=["many keys", "a long list", "a huge key", "deep and wide"],
)
def test_a_huge_output_is_searched_in_good_time(output: Any) -> None:
    began = time.process_time()
    check = checked("gold", "$.field_tier", output)
    assert check.verdict == "missing"
    assert time.process_time() - began < 2
    assert sum(1 for _ in leaves(output)) <= MAX_LEAVES


def test_many_decisions_are_checked_in_good_time() -> None:
    tiny = Tiny()
    for number in range(2_000):
        tiny.step("tool", "lookup", key=f"t{number}", output={"tier": number})
        evidence = tiny.evidence("tier", number, f"t{number}", "$.tier")
        tiny.step("decision", "d", decision=tiny.decision("low", evidence=(evidence,)))
    began = time.process_time()
    story = tiny.story
    assert time.process_time() - began < 2
    assert {c.verdict for checks in story.evidence.values() for c in checks} == {
        "found"
    }


@given(st.text(max_size=30) | st.text("$.[]'\"*?a0", max_size=16))
@settings(max_examples=200, deadline=None)
def test_no_path_is_too_odd(path: str) -> None:
    assert checked("x", path).verdict in ("found", "differs", "missing", "unknown")
