"""Two runs with a known edit between them: where they part, and of what class it is.

Every edit is made on many invented runs. Beside it, ids, times and the model's words
are others in each run, as they are in real ones.
"""

from collections.abc import Iterator

import pytest

import twins
from tiny import Tiny
from twins import EDITS, Twins, position
from whypath.derive.diffs.align import align, cost
from whypath.derive.diffs.diff import Diff, compare
from whypath.derive.diffs.keys import Keys
from whypath.derive.diffs.masks import Masks
from whypath.derive.diffs.turns import find_lane
from whypath.derive.diffs.words import chain, join, verdict
from whypath.derive.story import Story

SEEDS = range(8)
RIGHT = 0.98
"""The share of pairs of which the parting and the class must be right."""


def stories(pair: Twins) -> tuple[Story, Story]:
    return twins.story(pair.a, "a"), twins.story(pair.b, "b")


def told(diff: Diff, pair: Twins) -> str | None:
    """What a diff says wrong of a pair; None if nothing."""
    if pair.cause == "none":
        return None if diff.same_decisions else verdict(diff).text
    if diff.parting is None or diff.cause is None:
        return "the same decisions"
    parts = diff.parting.a.step, diff.parting.b.step
    if parts != (position(pair.turn_a), position(pair.turn_b)):
        return f"parts at {parts}"
    kind, _, what = pair.cause.partition(": ")
    first = diff.cause.differences[0] if diff.cause.differences else None
    if diff.cause.kind != kind:
        return f"is {diff.cause.kind}: {verdict(diff).text}"
    if what and (first is None or first.what != what):
        return f"is {first and first.what}, not {what}"
    if pair.from_turn is not None:
        wanted = position(pair.from_turn) + 1
        if first is None or (first.what, first.step_a) != ("result", wanted):
            return f"comes from {first}, not from the result of step {wanted}"
    return None


def wrong(edits: tuple[str, ...], seeds: range) -> Iterator[str]:
    for edit in edits:
        for seed in seeds:
            pair = twins.make(edit, seed)
            said = told(compare(*stories(pair), Masks()), pair)
            if said is not None:
                yield f"{edit}, seed {seed}: {said}"


def test_the_parting_and_its_class_are_right_in_98_of_100_pairs() -> None:
    found = list(wrong(tuple(EDITS), SEEDS))
    pairs = len(EDITS) * len(SEEDS)
    assert pairs >= 100
    assert len(found) <= pairs * (1 - RIGHT), "\n".join(found)


@pytest.mark.parametrize("edit", EDITS)
def test_an_alignment_never_costs_more_than_the_edit(edit: str) -> None:
    for seed in SEEDS:
        pair = twins.make(edit, seed)
        a, b = stories(pair)
        lane_a, lane_b = find_lane(a), find_lane(b)
        keys = Keys(a, b, Masks())
        keys_a, keys_b = keys.of(0, lane_a), keys.of(1, lane_b)
        costs = keys.costs(lane_a, lane_b)
        ours = cost(align(keys_a, keys_b, costs), keys_a, keys_b, costs)
        script = cost(list(scripted(pair)), keys_a, keys_b, costs)
        assert ours <= script + 1e-9, f"seed {seed}"


def scripted(pair: Twins) -> Iterator[tuple[int | None, int | None]]:
    """The pairs of turns as the edit made them, prompts and answer among them."""
    before = 2
    yield from ((0, 0), (1, 1))
    at = 0
    for place, turn in enumerate(pair.b.turns):
        origin = turn.origin
        if origin is None or origin < at:
            yield None, place + before
            continue
        while at < origin:
            yield at + before, None
            at += 1
        yield origin + before, place + before
        at = origin + 1
    yield from ((rest + before, None) for rest in range(at, len(pair.a.turns)))
    yield len(pair.a.turns) + before, len(pair.b.turns) + before


def diff_of(edit: str, seed: int = 1) -> tuple[Twins, Diff]:
    pair = twins.make(edit, seed)
    return pair, compare(*stories(pair), Masks())


def hows(diff: Diff) -> list[str]:
    return [row.how for row in diff.rows if row.how not in ("same", "words")]


def test_a_run_is_the_same_as_itself() -> None:
    pair = twins.make("same", 3)
    story = twins.story(pair.a, "a")
    diff = compare(story, story, Masks())
    assert diff.same_decisions
    assert {row.how for row in diff.rows} == {"same"}
    assert diff.masked == 0


def test_ids_and_times_are_masked_and_counted() -> None:
    pair, diff = diff_of("same")
    assert diff.same_decisions
    assert hows(diff) == []
    assert diff.masked >= 3 * len(pair.a.turns)


def test_what_moved_is_said_to_have_moved() -> None:
    _, diff = diff_of("swap")
    assert hows(diff) == ["moved", "moved"]
    one, other = (at for at, row in enumerate(diff.rows) if row.how == "moved")
    assert one + (diff.rows[one].partner or 0) == other


def test_a_loop_that_ran_longer_is_said_to_be_repeated() -> None:
    pair, diff = diff_of("loop more")
    assert hows(diff) == ["repeated"] * (len(pair.b.turns) - len(pair.a.turns))


def test_a_detour_is_one_block_and_the_runs_join_after_it() -> None:
    pair, diff = diff_of("insert a block")
    new = len(pair.b.turns) - len(pair.a.turns)
    assert hows(diff) == ["only_b"] * new
    assert diff.parting is not None
    assert diff.parting.joins is not None
    row = diff.rows[diff.parting.joins]
    assert row.leads == (position(pair.turn_a), position(pair.turn_a + new))
    assert len(diff.parting.b.steps) == 2 * new
    assert "They join again" in (join(diff) or "")


def test_changed_arguments_are_named_with_their_path() -> None:
    _, diff = diff_of("change arguments")
    assert hows(diff)[0] == "arguments"
    assert "limit" in verdict(diff).text
    assert "“99” in B" in verdict(diff).text


def test_a_result_that_is_used_is_the_cause_and_says_the_values() -> None:
    pair, diff = diff_of("change a result that is used")
    assert diff.cause is not None
    assert (
        pair.b.turns[pair.turn_b].arguments["about"] in diff.cause.differences[0].used
    )


def test_a_renamed_field_is_one_difference_and_not_two() -> None:
    _, diff = diff_of("rename a field of a result")
    assert diff.cause is not None
    (change,) = diff.cause.differences[0].changes
    assert (change.how, change.path, change.path_b) == (
        "renamed",
        "$.state",
        "$.order_state",
    )


def test_the_chain_leads_from_the_cause_to_the_decision() -> None:
    _, diff = diff_of("change an early result")
    roles = [link.role for link in chain(diff)]
    assert roles[0] == "cause"
    assert "decision" in roles


def run_of(*rounds: tuple[str, dict[str, object], object], **more: object) -> Story:
    """A run of calls with arguments and results."""
    tiny = Tiny()
    tiny.step("user", output="Do it.")
    for number, (name, arguments, result) in enumerate(rounds):
        tiny.step("model", calls=[(f"c{number}", name, arguments)], status="ok", **more)
        tiny.result(f"c{number}", result, status="ok")
    return tiny.story


ORDERS = [
    {"id": "4f1c2c1e-8f5e-4f0e-9a58-0d2f0a6c1b11"},
    {"id": "9be9a9f2-1111-4222-8333-444455556666"},
]


def test_an_id_that_both_runs_know_was_chosen_and_is_not_masked() -> None:
    a = run_of(("list", {}, ORDERS), ("cancel", ORDERS[0], "ok"))
    b = run_of(("list", {}, ORDERS), ("cancel", ORDERS[1], "ok"))
    assert not compare(a, b, Masks()).same_decisions


def test_an_id_that_each_run_made_itself_is_masked() -> None:
    a = run_of(("new", {}, ORDERS[0]), ("send", ORDERS[0], "ok"))
    b = run_of(("new", {}, ORDERS[1]), ("send", ORDERS[1], "ok"))
    assert compare(a, b, Masks()).same_decisions


def test_a_time_that_was_chosen_is_not_masked() -> None:
    a = run_of(("book", {"at": "2026-05-15T15:00:00"}, "ok"))
    b = run_of(("book", {"at": "2026-05-15T16:00:00"}, "ok"))
    assert not compare(a, b, Masks()).same_decisions


@pytest.mark.parametrize(
    ("ignored", "is_same"),
    [
        ("$.seed", True),
        ("seed", True),
        ("draw:$.seed", True),
        ("*", True),
        ("other:$.seed", False),
        ("$.other", False),
        ("$.seed.deep", False),
    ],
)
def test_what_is_ignored_does_not_count(ignored: str, is_same: bool) -> None:
    a, b = run_of(("draw", {"seed": 4}, "x")), run_of(("draw", {"seed": 5}, "x"))
    assert compare(a, b, Masks(ignored=[ignored])).same_decisions is is_same


def test_what_a_pattern_finds_does_not_count() -> None:
    from whypath.derive.diffs.masks import pattern

    a = run_of(("get", {"build": "build-17"}, "x"))
    b = run_of(("get", {"build": "build-18"}, "x"))
    assert not compare(a, b, Masks()).same_decisions
    assert compare(a, b, Masks([pattern(r"build-\d+")])).same_decisions


def test_a_masked_value_does_not_hide_another_in_the_same_text() -> None:
    a = run_of(("log", {"text": "at 2026-01-01T10:00:00Z: red"}, "x"))
    b = run_of(("log", {"text": "at 2026-01-01T10:00:01Z: blue"}, "x"))
    assert not compare(a, b, Masks()).same_decisions
