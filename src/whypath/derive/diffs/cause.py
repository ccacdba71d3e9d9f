"""Finds why two runs part: what was not the same in what the two decisions could see.

What the decision used is looked for first: a value of one choice alone, or of its
recorded evidence, that stands in something that differs. Then come the set-up and the
prompt, which are there from the start, then the earliest difference in the input. What
the model itself wrote is no cause: where only that differs, the choice was free.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from whypath.derive.diffs.config import compare_set_up
from whypath.derive.diffs.leaves import Change, Payloads, leaves_of
from whypath.derive.diffs.parting import Parting, Side
from whypath.derive.diffs.row import Part, Row
from whypath.derive.diffs.window import Seen, WindowDiff, compare_windows
from whypath.derive.origins.find_text import find_exact
from whypath.derive.story import Story
from whypath.derive.values import is_worth_it
from whypath.model import Step

Class = Literal["input", "configuration", "choice", "unknown"]
What = Literal[
    "result",
    "message",
    "call",
    "state",
    "event",
    "prompt",
    "model",
    "tools",
    "settings",
    "words",
]
SET_UP = ("prompt", "model", "tools", "settings")
_WHAT: dict[str, What] = {"system": "prompt", "user": "message"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the two decisions could see and that is not the same in both.

    `step_a` and `step_b` are the steps it came from, `name` the tool or the role.
    `how`: `added` only B has, `removed` only A. `used` are the values that stand in it
    and that only one of the two choices, or its evidence, has. `number` is the
    message's in the window, of A's if A has it. A message that is not `is_new` was
    already in view when both chose the same.
    """

    what: What
    how: Literal["changed", "added", "removed"]
    name: str
    step_a: int | None
    step_b: int | None
    changes: tuple[Change, ...]
    used: tuple[str, ...] = ()
    number: int | None = None
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Cause:
    """Why two runs part. `differences` has the cause first, then what else differs.

    `input`: a message or a result was not the same. `configuration`: prompt, model,
    tools or settings were not. `choice`: it saw the same and chose something else.
    `unknown`: what it saw is not recorded. `windows` are what the two model calls saw.
    """

    kind: Class
    differences: tuple[Difference, ...]
    windows: WindowDiff | None


def find_cause(
    a: Story, b: Story, rows: Sequence[Row], parting: Parting, payloads: Payloads
) -> Cause:
    """Why the runs part where they do."""
    before = list(_of_rows(a, b, rows[: parting.row]))
    at_a, at_b = _asked_at(a, parting.a), _asked_at(b, parting.b)
    windows = None
    found: list[Difference] = before
    if at_a is not None and at_b is not None:
        windows = compare_windows(a, b, at_a, at_b, payloads)
        is_model = (at_a, at_b) == (parting.a.step, parting.b.step)
        if is_model and not windows.is_blind:
            found = _seen_only(before, windows)
        for one in compare_set_up(a, b, at_a, at_b, payloads):
            setup = Difference(one.what, "changed", one.what, at_a, at_b, one.changes)
            found.append(setup)
    values = _values(a, b, parting)
    paths = _evidence_paths(a, parting.a), _evidence_paths(b, parting.b)
    since = _last_choices(rows[: parting.row], rows[parting.row])
    found = [_with_use(_judged_new(one, since), values, paths) for one in found]
    found.sort(key=_order)
    kind: Class = "choice"
    if found and found[0].what in SET_UP:
        kind = "configuration"
    elif found and found[0].what != "words":
        kind = "input"
    elif windows is not None and windows.is_blind and not found:
        kind = "unknown"
    return Cause(kind, tuple(found), windows)


def _order(one: Difference) -> tuple[int, int, bool]:
    """What was used, the set-up, the input, what changed nothing so far, own words.

    The state is what became of a result, so it comes after it.
    """
    if one.what == "words":
        rank = 4
    elif one.used:
        rank = 0
    elif one.what in SET_UP:
        rank = 1
    else:
        rank = 2 if one.is_new else 3
    return rank, one.step_a or one.step_b or 0, one.what == "state"


def _last_choices(rows: Sequence[Row], parting: Row) -> tuple[int, int]:
    """The last step of each run, before the parting, at which something was chosen."""
    last = [0, 0]
    for row in rows:
        for side, turn in enumerate((row.a, row.b)):
            if turn is not None and turn.choice and row.lane == parting.lane:
                last[side] = max(last[side], turn.lead)
    return last[0], last[1]


def _judged_new(one: Difference, since: tuple[int, int]) -> Difference:
    """A message that was in view at a choice that was the same counts less.

    What a call brought back may be remembered and used much later; an answer to what
    was just said is used at once.
    """
    if one.what != "message":
        return one
    steps = zip((one.step_a, one.step_b), since, strict=True)
    return replace(one, is_new=not any(at and at < then for at, then in steps))


def _asked_at(story: Story, side: Side) -> int | None:
    """The model call in whose window a decision was made."""
    return None if side.step is None else story.seen_at.get(side.step)


def _of_rows(a: Story, b: Story, rows: Sequence[Row]) -> Iterator[Difference]:
    """What differs before the parting, in the order of the rows."""
    for row in rows:
        if row.a is None or row.b is None:
            story = a if row.b is None else b
            turn = row.a or row.b
            assert turn is not None
            step = story.run.step(turn.lead)
            how: Literal["added", "removed"] = "added" if row.a is None else "removed"
            at_a, at_b = (None, turn.lead) if row.a is None else (turn.lead, None)
            name = step.kind if step.kind in _WHAT else step.name
            yield Difference(_kind_of(step), how, name, at_a, at_b, ())
            continue
        for part in row.parts:
            if part.counts:
                yield _of_part(a, part)


def _of_part(a: Story, part: Part) -> Difference:
    step = a.run.step(part.step_a or 1)
    what: What = _kind_of(step)
    if part.is_own:
        what = "words"
    elif part.of in ("output", "status"):
        what = "result"
    elif part.of == "state":
        what = "state"
    elif part.of == "arguments":
        what = "call"
    changes = tuple(change for change in part.changes if change.how != "masked")
    name = part.tool or step.name
    if step.kind in _WHAT:
        name = step.kind
    return Difference(what, "changed", name, part.step_a, part.step_b, changes)


def _kind_of(step: Step) -> What:
    if step.kind in _WHAT:
        return _WHAT[step.kind]
    if step.kind in ("tool", "retrieval"):
        return "result"
    if step.kind == "model":
        return "words"
    return "state" if step.kind == "state" else "event"


def _seen_only(before: Sequence[Difference], windows: WindowDiff) -> list[Difference]:
    """The differences that stand in the windows: what was not seen is no cause."""
    known = {(one.what, one.step_a, one.step_b): one for one in before}
    found: list[Difference] = []
    for seen in windows.messages:
        if seen.how in ("same", "masked"):
            continue
        what = _seen_as(seen)
        one = known.get((what, seen.step_a, seen.step_b))
        if one is None or not one.changes:
            one = _of_message(seen, what)
        found.append(replace(one, number=seen.number_a or seen.number_b))
    return found


def _seen_as(seen: Seen) -> What:
    if seen.is_own:
        return "words"
    if seen.kind == "result":
        return "result"
    return _WHAT.get(seen.role, "message")


def _of_message(seen: Seen, what: What) -> Difference:
    changes = tuple(change for change in seen.changes if change.how != "masked")
    how: Literal["changed", "added", "removed"] = "changed"
    if seen.how in ("only_a", "only_b"):
        how = "removed" if seen.how == "only_a" else "added"
    name = seen.name or seen.role
    return Difference(what, how, name, seen.step_a, seen.step_b, changes)


def _values(a: Story, b: Story, parting: Parting) -> tuple[set[str], set[str]]:
    """The values that only one of the two choices has."""
    left, right = _used_by(a, parting.a), _used_by(b, parting.b)
    return left - right, right - left


def _used_by(story: Story, side: Side) -> set[str]:
    contents = story.run.contents
    used: list[int] = [c.arguments for c in side.choice if c.arguments is not None]
    decision = story.decisions.get(side.step or 0)
    for evidence in decision.evidence if decision else ():
        if evidence.value is not None:
            used.append(evidence.value)
    texts = (leaves_of(contents.value(number)).values() for number in used)
    return {text for some in texts for text in some if is_worth_it(text)}


def _evidence_paths(story: Story, side: Side) -> set[tuple[int, str]]:
    """Step and path of each piece of evidence that the decision cites."""
    checks = story.evidence.get(side.step or 0, ())
    return {
        (check.source, check.evidence.path)
        for check in checks
        if check.source is not None and check.evidence.path is not None
    }


def _with_use(
    one: Difference,
    values: tuple[set[str], set[str]],
    paths: tuple[set[tuple[int, str]], set[tuple[int, str]]],
) -> Difference:
    """The difference, and which of the values stand in what differs."""
    used: dict[str, None] = {}
    first: list[Change] = []
    for change in one.changes:
        hits = [
            *(v for v in sorted(values[0]) if _stands_in(v, change.a, change.b)),
            *(v for v in sorted(values[1]) if _stands_in(v, change.b, change.a)),
        ]
        cited = (one.step_a, change.path) in paths[0]
        cited = cited or (one.step_b, change.path) in paths[1]
        if cited and not hits:
            hits = [change.a or change.b or ""]
        if hits:
            first.append(change)
            used.update(dict.fromkeys(hits))
    rest = [change for change in one.changes if change not in first]
    return replace(one, changes=(*first, *rest), used=tuple(used))


def _stands_in(value: str, text: str | None, other: str | None) -> bool:
    """True when a value stands in a text of one run and not in that of the other."""
    if text is None or find_exact(text, value) is None:
        return False
    return other is None or find_exact(other, value) is None
