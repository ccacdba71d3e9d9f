"""Many runs against a baseline: what drifted, what only looks so, the statistics."""

from collections.abc import Callable, Sequence
from math import erfc, exp, sqrt
from typing import Any

import pytest

from test_detectors import call, say, script, user
from tiny import Tiny
from whypath.derive.drift.across import Across
from whypath.derive.drift.baseline import from_text, learn, to_text
from whypath.derive.drift.compare import compare
from whypath.derive.drift.digest import digest
from whypath.derive.drift.stats import (
    chi_square,
    differs,
    exact,
    stability,
    upper_gamma,
)

Runs = Sequence[Callable[[], Tiny]]
DAY_NS = 86_400 * 10**9


def lookup(record: Any, number: int = 0) -> Callable[[], Tiny]:
    """A run that looks something up."""
    return script(user("hi"), call("crm", {"id": number}, record), say("done"))


def routed(
    chosen: str,
    *others: str,
    tier: str = "a",
    default: bool = False,
    model: str = "m-1",
    prompt: str = "Be kind.",
) -> Callable[[], Tiny]:
    """A run with one recorded decision."""

    def make() -> Tiny:
        from dataclasses import replace

        tiny = Tiny()
        seen = [f"system: {prompt}", "user: hi"]
        tiny.step("model", output="x", model=model, seen=seen)
        evidence = replace(tiny.evidence("tier", tier, None, None), default=default)
        decision = tiny.decision(chosen, *others, evidence=(evidence,))
        tiny.step("decision", "route", decision=decision)
        return tiny

    return make


def longer(steps: int) -> Callable[[], Tiny]:
    return script(*(say(f"word {n}") for n in range(steps)))


def compared(before: Runs, after: Runs) -> tuple[Across, ...]:
    """What the comparison says, the baseline having been saved and read back."""
    usual = from_text(to_text(learn(digest(make().story) for make in before)), "b")
    return compare(usual, [digest(make().story) for make in after])


VIPS = [lookup({"tier": t, "n": n}, n) for n, t in enumerate(["vip", "std"] * 6)]
ROUTES = [routed(q, "x", tier=q) for q in ["vip", "general", "general", "billing"] * 3]

CASES: dict[str, tuple[Runs, Runs, str, str]] = {
    "a renamed field, by its name": (
        VIPS,
        [lookup({"account_tier": "vip", "n": 1})] * 3,
        "renamed-field",
        "no longer returns tier (std, vip); it returns account_tier",
    ),
    "a renamed field, by its values": (
        VIPS,
        [lookup({"level": "vip", "n": 1}), lookup({"level": "std", "n": 2})] * 2,
        "renamed-field",
        "it returns level instead, in 4 of 4 runs",
    ),
    "a field that left": (VIPS, [lookup({"n": 1})] * 3, "schema-drift", "returns tier"),
    "a field that came": (
        VIPS,
        [lookup({"tier": "vip", "n": 1, "risk_notes": "x"})] * 3,
        "schema-drift",
        "did not before: risk_notes",
    ),
    "another type": (
        VIPS,
        [lookup({"tier": "vip", "n": "1"})] * 3,
        "schema-drift",
        "returns n as text, not number",
    ),
    "nulls": (
        VIPS,
        [lookup({"tier": None, "n": 1})] * 4,
        "schema-drift",
        "tier as null in 100%",
    ),
    "always the same": (
        ROUTES * 2,
        [routed("general", "x", tier="general")] * 12,
        "constant-branch",
        "chose “general” all 12 times",
    ),
    "a value that collapsed": (
        ROUTES * 2,
        [routed("general", "x", tier="general")] * 12,
        "default-collapse",
        "tier of “route” was “general” all 12 times",
    ),
    "defaults all the way": (
        ROUTES,
        [routed(q, "x", default=True) for q in ["vip", "general"] * 5],
        "default-collapse",
        "was the default “a” all 10 times",
    ),
    "another mixture": (
        ROUTES * 5,
        [routed(q, "x", tier=q) for q in ["vip", "vip", "vip", "general"] * 12],
        "branch-drift",
        "“vip” 75%",
    ),
    "more fallbacks": (
        ROUTES,
        [routed("vip", "x", tier=str(n), default=n % 2 == 0) for n in range(10)],
        "fallback-rate",
        "in 50% of decisions",
    ),
    "another model": (
        ROUTES,
        [routed("vip", "x", tier="vip", model="m-2")],
        "config-drift",
        "The models are others than in the baseline (“m-2”)",
    ),
    "another prompt": (
        ROUTES,
        [routed("vip", "x", tier="vip", prompt="Be quick.")],
        "config-drift",
        "The system prompts are others",
    ),
    "another choice on the same grounds": (
        ROUTES,
        [routed("billing", "x", tier="vip")],
        "nondeterministic-choice",
        "On the very same grounds “route” chose “vip” and “billing”",
    ),
    "far more steps": ([longer(3)] * 9, [longer(9)], "budget", "Up to 9 steps"),
}


@pytest.mark.parametrize(
    ("before", "after", "rule", "words"), CASES.values(), ids=CASES
)
def test_what_drifted_is_said(before: Runs, after: Runs, rule: str, words: str) -> None:
    said = [
        one.finding.statement
        for one in compared(before, after)
        if one.finding.rule == rule
    ]
    assert any(words in statement for statement in said), said


ALMOST: dict[str, tuple[Runs, Runs, tuple[str, ...]]] = {
    "the same again": (VIPS, VIPS, ()),
    "the same choices": (ROUTES, ROUTES, ()),
    "too few to be sure": (
        ROUTES,
        [routed("general", "x", tier="general")] * 4,
        ("constant-branch", "branch-drift", "default-collapse"),
    ),
    "a field that was not always there": (
        [*VIPS, *[lookup({"tier": "vip"})] * 12],
        [lookup({"tier": "vip"})] * 3,
        ("schema-drift", "renamed-field"),
    ),
    "an empty baseline": ([longer(1)], VIPS, ()),
    "a little longer": ([longer(3)] * 9, [longer(5)], ("budget",)),
}


@pytest.mark.parametrize(("before", "after", "rules"), ALMOST.values(), ids=ALMOST)
def test_what_only_looks_like_drift_is_not_said(
    before: Runs, after: Runs, rules: tuple[str, ...]
) -> None:
    found = {one.finding.rule for one in compared(before, after)}
    assert not (found & set(rules) if rules else found), found


def test_it_is_said_how_many_runs_are_affected_and_since_when() -> None:
    def dated(make: Callable[[], Tiny], day: int) -> Any:
        tiny = make()
        tiny.draft.id = f"run-{day}"
        tiny.draft.start_ns = (20_000 + day) * DAY_NS
        return digest(tiny.story)

    usual = learn(digest(make().story) for make in VIPS)
    good = [dated(VIPS[n], n) for n in range(4)]
    bad = [dated(lookup({"account_tier": "vip", "n": 1}), n) for n in range(4, 9)]
    first = compare(usual, [*bad, *good])[0]
    assert "in 5 of 9 runs since 2024-10-08 00:00 UTC" in first.finding.statement
    assert (first.run, len(first.runs), first.of) == ("run-4", 5, 9)


def test_the_exact_test_is_fishers() -> None:
    """The tea tasting: 3 of 4 cups right, p = 0.486 on both sides."""
    right = exact({"milk": 3, "tea": 1}, {"milk": 1, "tea": 3}, "milk")
    assert right == pytest.approx(34 / 70)
    assert exact({"a": 8}, {"b": 8}, "a") == pytest.approx(2 / 12_870)


@pytest.mark.parametrize("x", [0.1, 0.5, 1.0, 2.7, 10.0, 40.0])
def test_the_gamma_function_is_right_where_it_is_known(x: float) -> None:
    assert upper_gamma(0.5, x) == pytest.approx(erfc(sqrt(x)), rel=1e-9)
    assert upper_gamma(1.0, x) == pytest.approx(exp(-x), rel=1e-9)
    assert upper_gamma(2.0, x) == pytest.approx(exp(-x) * (1 + x), rel=1e-9)


def test_chi_square_and_stability_agree_with_the_books() -> None:
    before, now = {"a": 90, "b": 60}, {"a": 60, "b": 90}
    assert chi_square(before, now) == pytest.approx(0.000532, rel=1e-2)
    assert stability(before, now) == pytest.approx(0.0811 * 2, rel=1e-2)
    assert stability(before, before) == 0


def test_a_difference_must_be_sure_and_large() -> None:
    assert differs({"a": 500, "b": 500}, {"a": 430, "b": 570}) is None
    assert differs({"a": 500, "b": 500}, {"a": 100, "b": 900}) is not None
    assert differs({"a": 2, "b": 2}, {"a": 4}) is None
    assert differs({"a": 1, "b": 9}, {"a": 10}) is not None
    assert differs({}, {}) is None
