"""Turns the rows of a diff into what its page shows: cells, marked words, folds.

Cuts what is long and says so; makes no markup.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from whypath.derive.diffs.diff import Diff
from whypath.derive.diffs.leaves import Change
from whypath.derive.diffs.row import Part, Row
from whypath.derive.diffs.texts import Segments, compare_texts
from whypath.derive.diffs.turns import Turn
from whypath.derive.diffs.words import chose
from whypath.derive.story import Story
from whypath.model import Option
from whypath.render import words

CHANGES = 40
"""So many changed leaves of a part are shown."""
FOLDED = 12
"""So many turns at either end of a folded stretch are listed."""
_TEXT = 1_200

HOWS = {
    "same": "the same",
    "words": "other words",
    "result": "other result",
    "arguments": "other arguments",
    "choice": "another choice",
    "only_a": "only in A",
    "only_b": "only in B",
    "moved": "moved",
    "repeated": "once more",
}
OFS = {
    "arguments": "arguments",
    "output": "result",
    "text": "text",
    "status": "status",
    "state": "state",
}


class Cell(NamedTuple):
    """One run's side of a row: its step, what kind, and one line about it."""

    step: int
    kind: str
    title: str
    is_error: bool
    is_inferred: bool


class Leaf(NamedTuple):
    """A changed leaf: where, how, and both texts with what differs marked."""

    path: str
    how: str
    a: Segments
    b: Segments
    is_text: bool


class Group(NamedTuple):
    """The changed leaves of one thing: `arguments of crm.lookup`, `text`."""

    label: str
    leaves: tuple[Leaf, ...]
    more: int
    masked: int


class Field(NamedTuple):
    """A field of a step in full, of one run or of both beside each other."""

    label: str
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True)
class RowView:
    """A row that is shown: both sides, and what differs. `number` counts from 1."""

    number: int
    how: str
    label: str
    depth: int
    a: Cell | None
    b: Cell | None
    groups: tuple[Group, ...]
    fields: tuple[Field, ...]
    note: str
    is_parting: bool
    is_join: bool
    is_cause: bool
    decides: bool


class Line(NamedTuple):
    """A turn in a folded stretch."""

    number: int
    a: Cell | None
    b: Cell | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Turns that are the same in both, folded; `more` of them are not listed."""

    first: int
    last: int
    lines: tuple[Line, ...]
    more: int
    tail: tuple[Line, ...]


class Span(NamedTuple):
    """Rows of a diff that are shown as one: indices, the last one too."""

    first: int
    last: int
    differs: bool


def spans(diff: Diff) -> Iterator[Span]:
    """Each row that differs, and between them the stretches that do not."""
    parting = diff.parting
    kept = (parting.row, parting.joins) if parting is not None else ()
    start = 0
    for at, row in enumerate(diff.rows):
        if not row.differs and at not in kept:
            continue
        if at > start:
            yield Span(start, at - 1, False)
        yield Span(at, at, True)
        start = at + 1
    if start < len(diff.rows):
        yield Span(start, len(diff.rows) - 1, False)


def view(diff: Diff, span: Span) -> RowView | Stretch:
    """What is shown of a span."""
    if not span.differs:
        rows = diff.rows[span.first : span.last + 1]
        return _stretch(diff, list(enumerate(rows, span.first + 1)))
    at, parting = span.first, diff.parting
    is_parting = parting is not None and parting.row == at
    is_join = parting is not None and parting.joins == at
    causes = _cause_steps(diff)
    return _row(diff, at, diff.rows[at], is_parting, is_join, causes)


def _cause_steps(diff: Diff) -> tuple[int | None, int | None]:
    if diff.cause is None or not diff.cause.differences or diff.cause.kind == "choice":
        return None, None
    first = diff.cause.differences[0]
    return first.step_a, first.step_b


def _stretch(diff: Diff, rows: Sequence[tuple[int, Row]]) -> Stretch:
    lines = [
        Line(number, _cell(diff.a, row.a), _cell(diff.b, row.b))
        for number, row in (
            rows if len(rows) <= 2 * FOLDED else [*rows[:FOLDED], *rows[-FOLDED:]]
        )
    ]
    first, last = rows[0][0], rows[-1][0]
    if len(rows) <= 2 * FOLDED:
        return Stretch(first, last, tuple(lines), 0, ())
    more = len(rows) - 2 * FOLDED
    return Stretch(first, last, tuple(lines[:FOLDED]), more, tuple(lines[FOLDED:]))


def _cell(story: Story, turn: Turn | None) -> Cell | None:
    if turn is None:
        return None
    step = story.run.step(turn.lead)
    decision = story.decisions.get(turn.lead)
    calls = [story.titles[act - 1] for act in turn.acts if act != turn.lead]
    title = story.titles[turn.lead - 1]
    if calls and not (decision is not None and decision.basis == "recorded"):
        more = f" and {len(calls) - 1} more" if len(calls) > 1 else ""
        title = f"{calls[0]}{more}"
    failed = any(story.run.step(each).status == "error" for each in turn.steps)
    inferred = decision is not None and decision.basis != "recorded"
    kind = "decision" if decision is not None and not inferred else step.kind
    if turn.stands_for:
        title = "sub-agent"
    return Cell(turn.lead, kind, title or step.name or step.kind, failed, inferred)


def _row(
    diff: Diff,
    at: int,
    row: Row,
    is_parting: bool,
    is_join: bool,
    causes: tuple[int | None, int | None],
) -> RowView:
    steps = {part.step_a for part in row.parts} | set(row.a.steps if row.a else ())
    others = {part.step_b for part in row.parts} | set(row.b.steps if row.b else ())
    is_cause = (causes[0] is not None and causes[0] in steps) or (
        causes[0] is None and causes[1] is not None and causes[1] in others
    )
    note = ""
    if row.partner is not None:
        side = "B" if row.b is None else "A"
        note = f"{side} has it in row {at + 1 + row.partner}"
    elif row.how == "repeated":
        note = f"{'A' if row.b is None else 'B'} did again what it had just done"
    if is_parting and None in row.leads:
        note = _other_way(diff, row)
    return RowView(
        at + 1,
        row.how,
        HOWS[row.how],
        min(row.depth, 4),
        _cell(diff.a, row.a),
        _cell(diff.b, row.b),
        tuple(_group(part) for part in row.parts if part.counts or row.how != "same"),
        tuple(_alone(diff, row)),
        note,
        is_parting,
        is_join,
        is_cause,
        row.decides,
    )


def _other_way(diff: Diff, row: Row) -> str:
    """What the other run did in the place of a turn that it does not have."""
    assert diff.parting is not None
    name, story, side = "B", diff.b, diff.parting.b
    if row.a is None:
        name, story, side = "A", diff.a, diff.parting.a
    if side.step is None:
        return f"{name} had ended."
    return f"{name}, at its step {side.step}, {chose(story, side)}."


def _group(part: Part) -> Group:
    counted = [change for change in part.changes if change.how != "masked"]
    masked = len(part.changes) - len(counted)
    label = OFS[part.of] + (f" of {part.tool}" if part.tool else "")
    shown = counted[:CHANGES]
    return Group(label, tuple(map(leaf, shown)), len(counted) - len(shown), masked)


def leaf(change: Change) -> Leaf:
    """A change with the words that differ marked."""
    path = change.path
    if change.a is None or change.b is None or change.how == "renamed":
        texts = (change.a or "", change.b or "")
        if change.how == "renamed" and change.path_b:
            names = [name.rpartition(".")[2] for name in (path, change.path_b)]
            path = f"{path} → {change.path_b}"
            texts = (f"{names[0]}: {texts[0]}", f"{names[1]}: {texts[1]}")
        a, b = (compare_texts(text, "")[0] if text else () for text in texts)
    else:
        a, b = compare_texts(change.a, change.b)
    return Leaf(path, change.how, a, b, change.path == "$")


def _alone(diff: Diff, row: Row) -> Iterator[Field]:
    """What was done by turns that only one run has, or that chose another way."""
    if row.a is not None and row.b is not None and row.how != "choice":
        return
    left = list(_fields(diff.a, row.a)) if row.a is not None else []
    right = list(_fields(diff.b, row.b)) if row.b is not None else []
    others: dict[str, list[str]] = {}
    for label, text in right:
        others.setdefault(label, []).append(text)
    for label, text in left:
        beside = others.get(label)
        yield Field(label, text, beside.pop(0) if beside else None)
    for label, texts in others.items():
        yield from (Field(label, None, text) for text in texts)


def _fields(story: Story, turn: Turn) -> Iterator[tuple[str, str]]:
    """Labels and texts: why, what was said, chosen, and brought back."""
    contents = story.run.contents
    decision = story.decisions.get(turn.lead)
    if decision is not None and decision.basis == "recorded":
        yield "options", "\n".join(map(_option, decision.options))
    if decision is not None and decision.rationale is not None:
        yield "why", _cut(contents.text(decision.rationale))
    step = story.run.step(turn.lead)
    said = (
        step.output if decision is None or decision.rationale != step.output else None
    )
    if said is not None and turn.lead not in turn.acts:
        yield "text", _cut(contents.text(said))
    for one in turn.choice:
        if one.arguments is not None:
            yield "arguments", _cut(f"{one.name} {contents.text(one.arguments)}")
    for act in turn.acts:
        output = story.run.step(act).output
        if output is not None:
            yield "result", _cut(contents.text(output))


def _option(option: Option) -> str:
    score = "" if option.score is None else f"  {option.score:g}"
    reason = f"  {option.reason}" if option.reason else ""
    return f"{'●' if option.chosen else '○'} {option.name}{score}{reason}"


def _cut(text: str) -> str:
    if len(text) <= _TEXT:
        return text
    shown, whole = words.size(_TEXT), words.size(len(text))
    return f"{text[:_TEXT]}\n… {shown} of {whole}"
