"""Says in words where two runs part, why, and how they go on. The runs are A and B."""

from collections.abc import Iterator
from dataclasses import dataclass

from whypath.derive.decisions.find import ANSWER
from whypath.derive.diffs.cause import Cause, Difference
from whypath.derive.diffs.diff import Diff
from whypath.derive.diffs.leaves import Change
from whypath.derive.diffs.metrics import answers
from whypath.derive.diffs.parting import Parting, Side
from whypath.derive.diffs.told import MOST, counted, excerpts, quoted, told, two
from whypath.derive.diffs.turns import Turn
from whypath.derive.story import Story
from whypath.derive.summary import Verdict

CLASSES = {
    "input": "the input differed",
    "configuration": "the configuration differed",
    "choice": "the same input, another choice",
    "unknown": "what it saw is not recorded",
}
"""A cause in few words."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the chain that leads to the parting: what it is, in words, and where.

    `role` is `cause`, `carrier` (what passed it on), `also` (what else differs),
    `decision` or `after`.
    """

    role: str
    text: str
    step_a: int | None
    step_b: int | None


def verdict(diff: Diff) -> Verdict:
    """The sentence on top: the same decisions, or where they part, and why."""
    parting, cause = diff.parting, diff.cause
    if parting is None or cause is None:
        return _same(diff)
    text = f"{where(diff, parting)}: {_choices(diff, parting)}. {_why(diff)}"
    return Verdict("warn", text, parting.a.step or parting.b.step)


def _same(diff: Diff) -> Verdict:
    count, other = len(diff.a.decisions), len(diff.b.decisions)
    if not count and not other:
        text = "Same decisions: no decision is recorded in either, and none is implied."
    elif count == other:
        text = f"Same decisions: {counted(count, 'decision')} in A, all of them in B."
    else:
        fewer, most = sorted((count, other))
        text = f"Same decisions: {counted(fewer, 'decision')} in both"
        run, silent = ("A", diff.b) if count > other else ("B", diff.a)
        text += f"; {most - fewer:,} that {run} records are not told by the format"
        text += f" of the other ({silent.run.format})."
    outcome = other_outcome(diff)
    if outcome:
        return Verdict("warn", f"{text} But {outcome}.", None)
    differing = [row for row in diff.rows if row.differs]
    if not differing:
        return Verdict("ok", text, None)
    first = differing[0]
    turn = first.a or first.b
    side = "A" if first.a is not None else "B"
    step = turn.lead if turn is not None else 0
    differs = "differs" if len(differing) == 1 else "differ"
    more = f"{counted(len(differing), 'other turn')} {differs}, the first at step"
    return Verdict("ok", f"{text} {more} {step} of {side}.", step)


def other_outcome(diff: Diff) -> str | None:
    """How the runs ended, where that is not the same."""
    left, right = diff.a.run, diff.b.run
    for name in ("reward", "score"):
        one = getattr(left.outcome, name, None)
        other = getattr(right.outcome, name, None)
        if None not in (one, other) and one != other:
            return f"the {name} is {one:g} in A and {other:g} in B"
    known = {"ok", "error", "incomplete"}
    if left.status != right.status and {left.status, right.status} <= known:
        return f"A ended {_status(left.status)} and B {_status(right.status)}"
    return None


def _status(status: str) -> str:
    return {"ok": "ok", "error": "with an error"}.get(status, status)


def where(diff: Diff, parting: Parting) -> str:
    """`They part at step 9, “Which queue?”`."""
    a, b = parting.a.step, parting.b.step
    if a is not None and b is not None:
        steps = f"step {a}" if a == b else f"step {a} of A and step {b} of B"
    else:
        steps = f"step {a} of A" if b is None else f"step {b} of B"
    decision = diff.a.decisions.get(a or 0) or diff.b.decisions.get(b or 0)
    asks = decision is not None and decision.basis == "recorded" and decision.question
    question = f", {quoted(decision.question)}" if asks and decision else ""
    return f"They part at {steps}{question}"


def _choices(diff: Diff, parting: Parting) -> str:
    a, b = parting.a, parting.b
    if a.step is None or b.step is None:
        taken, side, ended = (b, diff.b, "A") if a.step is None else (a, diff.a, "B")
        name = "B" if ended == "A" else "A"
        return f"{name} {chose(side, taken)}, where {ended} had ended"
    if parting.is_arguments:
        names = " and ".join(quoted(one.name) for one in a.choice[:MOST])
        changes = argument_changes(diff, parting)
        how = two(changes) if changes else "with other arguments"
        return f"both chose {names}, {how}"
    left, right = chose(diff.a, a), chose(diff.b, b)
    both_chose = left.startswith("chose ") and right.startswith("chose ")
    return f"A {left}, B {right.removeprefix('chose ') if both_chose else right}"


def chose(story: Story, side: Side) -> str:
    """`chose “vip-desk”`, `answered without a tool`, `had ended`."""
    if side.step is None:
        return "had ended"
    names = [one.name for one in side.choice]
    if names == [ANSWER]:
        return "answered without a tool"
    if not names:
        return "chose nothing"
    more = len(names) - MOST
    shown = " and ".join(quoted(name) for name in names[:MOST])
    return f"chose {shown}" + (f" and {more:,} more" if more > 0 else "")


def argument_changes(diff: Diff, parting: Parting) -> tuple[Change, ...]:
    """What differs in the arguments of the two choices."""
    row = diff.rows[parting.row]
    for part in row.parts:
        if part.of == "arguments" and part.counts:
            return tuple(c for c in part.changes if c.how != "masked")
    return ()


def _why(diff: Diff) -> str:
    cause = diff.cause
    assert cause is not None
    if cause.kind == "unknown":
        return "Why is not known: what they saw is not recorded."
    if cause.kind == "choice":
        own = next((d for d in cause.differences if d.what == "words"), None)
        said = "Both saw the same: the same input led to another choice"
        if own is None or not (own.step_a or own.step_b):
            return f"{said}."
        step = own.step_a or own.step_b
        return f"{said}; only the model's own words differ before, from step {step} on."
    begin = "The input" if cause.kind == "input" else "The configuration"
    return f"{begin} differed: {told(diff, cause.differences[0])}."


def join(diff: Diff) -> str | None:
    """How the runs go on after they parted; None where they did not."""
    parting = diff.parting
    if parting is None:
        return None
    a, b = _went(parting.a), _went(parting.b)
    if parting.joins is None:
        return f"They do not decide alike again: {a} in A, {b} in B to the end."
    row = diff.rows[parting.joins]
    left, right = row.leads
    steps = f"step {left} of A and step {right} of B"
    steps = f"step {left}" if left == right else steps
    return f"They join again at {steps}, after {a} in A and {b} in B."


def _went(side: Side) -> str:
    """The way from the parting on: steps, errors, tokens."""
    parts = [counted(len(side.steps), "step")]
    if side.errors:
        parts.append(counted(side.errors, "error"))
    if side.tokens is not None:
        parts.append(counted(side.tokens, "token"))
    if side.cost_usd:
        parts.append(f"${side.cost_usd:.2g}")
    return parts[0] if len(parts) == 1 else f"{parts[0]} ({', '.join(parts[1:])})"


def chain(diff: Diff) -> tuple[Link, ...]:
    """From the cause to the parting and on, link by link; () where nothing parts."""
    parting, cause = diff.parting, diff.cause
    if parting is None or cause is None:
        return ()
    links = list(_before(diff, cause))
    text = _choices(diff, parting)
    links.append(Link("decision", text, parting.a.step, parting.b.step))
    links.extend(_after(diff, parting))
    return tuple(links)


def _before(diff: Diff, cause: Cause) -> Iterator[Link]:
    """The cause, what passed it on, what else differs; of much, how much."""
    shown = [one for one in cause.differences if one.what != "words"]
    own = [one for one in cause.differences if one.what == "words"]
    if cause.kind == "choice":
        yield from (_link(diff, "also", one) for one in own[:1])
        text = "everything else that the two decisions could see is the same"
        yield Link("cause", text, None, None)
        return
    yield from (_link(diff, "cause", one) for one in shown[:1])
    carriers = [one for one in shown[1:] if one.used]
    yield from (_link(diff, "carrier", one) for one in carriers[:MOST])
    others = [one for one in shown[1:] if not one.used]
    new = [one for one in others if one.is_new]
    yield from (_link(diff, "also", one) for one in new[:MOST])
    rest = [*new[MOST:], *(one for one in others if not one.is_new)]
    if rest:
        first = min(rest, key=lambda one: one.step_a or one.step_b or 0)
        more = f"{counted(len(rest), 'more difference')} in what they saw"
        a, b = first.step_a, first.step_b
        since = f", from step {a or b} on" if a or b else ""
        text = f"{more}{since}; both chose alike after it" if not new[MOST:] else more
        yield Link("also", text, a, b)


def _link(diff: Diff, role: str, one: Difference) -> Link:
    return Link(role, told(diff, one), one.step_a, one.step_b)


def _after(diff: Diff, parting: Parting) -> list[Link]:
    """The next decisions that differ, and the outcome."""
    links: list[Link] = []
    for row in diff.rows[parting.row + 1 : parting.joins]:
        if len(links) == MOST:
            break
        if not row.decides or row.how not in ("choice", "arguments") or row.depth:
            continue
        a, b = _names(row.a), _names(row.b)
        text = f"{a} in A, {b} in B" if a != b else f"{a}, with other arguments"
        links.append(Link("after", text, *row.leads))
    outcome = other_outcome(diff)
    if outcome is None:
        left, right = answers(diff.a, diff.b)
        if left and right and left != right:
            a, b = excerpts(left, right)
            outcome = f"the answer is {quoted(a)} in A and {quoted(b)} in B"
    if outcome:
        links.append(Link("after", outcome, None, None))
    return links


def _names(turn: Turn | None) -> str:
    names = [one.name for one in turn.choice] if turn is not None else []
    if names == [ANSWER]:
        return "an answer"
    return " and ".join(quoted(name) for name in names[:MOST])
