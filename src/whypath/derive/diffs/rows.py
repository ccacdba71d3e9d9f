"""Aligns two stories turn by turn, sub-agents inside aligned turns, as rows of a diff.

A row is a turn of A beside one of B, or a turn that only one has. What led to what is
not asked here: that is `cause`.
"""

from collections import deque
from collections.abc import Iterator, Sequence

from whypath.derive.diffs.align import align
from whypath.derive.diffs.keys import Keys
from whypath.derive.diffs.leaves import Change, Payloads
from whypath.derive.diffs.masks import Masks
from whypath.derive.diffs.moved import find_moved, find_repeated
from whypath.derive.diffs.row import How, Part, Row
from whypath.derive.diffs.turns import Chosen, Lane, Turn, find_lanes, said
from whypath.derive.diffs.volatile import Volatile
from whypath.derive.story import Story


def find_rows(a: Story, b: Story, masks: Masks, payloads: Payloads) -> list[Row]:
    """The rows of a diff, each followed by those of the sub-agents inside its turns."""
    return list(_Rows(a, b, masks, payloads).walk())


class _Rows:
    """Aligns lane after lane; what was compared once is not compared again."""

    def __init__(self, a: Story, b: Story, masks: Masks, payloads: Payloads) -> None:
        self._a, self._b = a, b
        self._keys = Keys(a, b, masks)
        self._payloads = payloads
        self._volatile = Volatile(a.run, b.run)
        self._lanes = 0

    def walk(self) -> Iterator[Row]:
        """Rows in reading order."""
        stack = [iter(self._lane(*find_lanes(self._a, self._b), 0))]
        while stack:
            row = next(stack[-1], None)
            if row is None:
                stack.pop()
                continue
            yield row
            for lanes in reversed(_inside(row)):
                stack.append(iter(self._inner(lanes, row.depth + 1)))

    def _inner(self, lanes: tuple[Lane, Lane], depth: int) -> Iterator[Row]:
        yield from self._lane(*lanes, depth)

    def _lane(self, a: Lane, b: Lane, depth: int) -> Iterator[Row]:
        self._lanes += 1
        keys_a, keys_b = self._keys.of(0, a), self._keys.of(1, b)
        pairs = align(keys_a, keys_b, self._keys.costs(a, b))
        lane = self._lanes
        rows = [
            self._row(
                None if i is None else a[i], None if j is None else b[j], lane, depth
            )
            for i, j in pairs
        ]
        key_of = dict(zip(map(id, a), keys_a, strict=True))
        key_of |= zip(map(id, b), keys_b, strict=True)
        find_moved(rows, key_of)
        find_repeated(rows)
        yield from rows

    def _row(self, a: Turn | None, b: Turn | None, lane: int, depth: int) -> Row:
        if a is None or b is None:
            how: How = "only_b" if a is None else "only_a"
            pairs = tuple((s, None) for s in a.steps) if a is not None else ()
            others = tuple((None, s) for s in b.steps) if b is not None else ()
            return Row(a, b, how, lane, depth, (*pairs, *others))
        acts = self._pair_acts(a, b)
        parts = tuple(self._parts(a, b, acts))
        how = _how(a, b, parts)
        return Row(a, b, how, lane, depth, _all_pairs(a, b, acts), parts)

    def _pair_acts(self, a: Turn, b: Turn) -> list[tuple[int, int]]:
        """The calls beside each other: the same ones, then those of one name."""
        left, right = list(a.acts), list(b.acts)
        pairs: list[tuple[int, int]] = []
        for key in (self._whole, self._name):
            waiting: dict[object, deque[int]] = {}
            for step in right:
                waiting.setdefault(key(1, step), deque()).append(step)
            found = []
            for step in left:
                same = waiting.get(key(0, step))
                if same:
                    found.append((step, same.popleft()))
            pairs.extend(found)
            done_a, done_b = {x for x, _ in pairs}, {y for _, y in pairs}
            left = [step for step in left if step not in done_a]
            right = [step for step in right if step not in done_b]
        return sorted(pairs)

    def _name(self, side: int, position: int) -> object:
        return (self._a, self._b)[side].run.step(position).name

    def _whole(self, side: int, position: int) -> object:
        run = (self._a, self._b)[side].run
        step = run.step(position)
        raw = None if step.input is None else run.contents.raw(step.input)
        return step.name, raw

    def _parts(
        self, a: Turn, b: Turn, acts: Sequence[tuple[int, int]]
    ) -> Iterator[Part]:
        """What differs in the two turns, what was decided first."""
        run_a, run_b = self._a.run, self._b.run
        changes = self._payloads.changes
        chosen = compared(a, b)
        if len(chosen[0]) == len(chosen[1]):
            for one, other in zip(*chosen, strict=True):
                if one.name != other.name:
                    continue
                found = changes(one.arguments, other.arguments, one.name)
                if found:
                    found = tuple(map(self._judged, found))
                    yield Part(a.lead, b.lead, "arguments", found, one.name, True)
        for left, right in acts:
            step, there = run_a.step(left), run_b.step(right)
            if step.output is not None and there.output is not None:
                found = changes(step.output, there.output, step.name)
                if found:
                    yield Part(left, right, "output", found, step.name)
            if (step.status == "error") != (there.status == "error"):
                change = Change("status", "changed", step.status, there.status)
                yield Part(left, right, "status", (change,), step.name)
        if a.lead not in a.acts:
            found = changes(said(self._a, a), said(self._b, b))
            if found:
                yield Part(a.lead, b.lead, "text", found, "", a.kind == "model")
        yield from self._states(a, b)

    def _judged(self, change: Change) -> Change:
        """A masked change of arguments is one after all where there was a choice."""
        return (
            change._replace(how="changed") if self._volatile.counts(change) else change
        )

    def _states(self, a: Turn, b: Turn) -> Iterator[Part]:
        """What differs in what the turns did to the state, at the step that did it."""
        left = {
            c.path: (s, c.value) for s in a.steps for c in self._a.run.step(s).state
        }
        right = {
            c.path: (s, c.value) for s in b.steps for c in self._b.run.step(s).state
        }
        if not left or not right:
            return
        by_step: dict[tuple[int | None, int | None], list[Change]] = {}
        for path in dict.fromkeys((*left, *right)):
            step, value = left.get(path, (None, None))
            there, other = right.get(path, (None, None))
            for change in self._payloads.changes(value, other):
                inside = change.path.removeprefix("$")
                found = by_step.setdefault((step, there), [])
                found.append(change._replace(path=path + inside))
        for (step, there), found in by_step.items():
            yield Part(step, there, "state", tuple(found))


def _all_pairs(
    a: Turn, b: Turn, acts: Sequence[tuple[int, int]]
) -> tuple[tuple[int | None, int | None], ...]:
    """Every step of two turns, those beside each other that belong together."""
    pairs: list[tuple[int | None, int | None]] = [(a.lead, b.lead)]
    pairs.extend(pair for pair in acts if pair != (a.lead, b.lead))
    seen_a, seen_b = {x for x, _ in pairs}, {y for _, y in pairs}
    rest_a = [step for step in a.steps if step not in seen_a]
    rest_b = [step for step in b.steps if step not in seen_b]
    size = min(len(rest_a), len(rest_b))
    pairs.extend(zip(rest_a[:size], rest_b[:size], strict=True))
    pairs.extend((step, None) for step in rest_a[size:])
    pairs.extend((None, step) for step in rest_b[size:])
    return tuple(pairs)


def compared(a: Turn, b: Turn) -> tuple[tuple[Chosen, ...], tuple[Chosen, ...]]:
    """What of two choices is compared: of both the calls, if only one says more.

    That a program wrote down what it decided is not recorded in every format.
    """
    has_more = [len(turn.choice) > len(turn.called) for turn in (a, b)]
    if has_more[0] != has_more[1] and a.called and b.called:
        return a.called, b.called
    return a.choice, b.choice


def _how(a: Turn, b: Turn, parts: Sequence[Part]) -> How:
    left, right = compared(a, b)
    if [one.name for one in left] != [one.name for one in right]:
        return "choice"
    found = {part.of for part in parts if part.counts}
    if "arguments" in found:
        return "arguments"
    if found & {"output", "status", "state"}:
        return "result"
    return "words" if "text" in found else "same"


def _inside(row: Row) -> list[tuple[Lane, Lane]]:
    """The lanes of the sub-agents in two turns, those beside each other that belong."""
    beside = dict(row.pairs)
    left = dict(row.a.inside) if row.a is not None else {}
    right = dict(row.b.inside) if row.b is not None else {}
    lanes: list[tuple[Lane, Lane]] = []
    for owner in list(left):
        others = right.pop(beside.get(owner) or -1, None)
        if others is not None:
            lanes.extend(_side_by_side(left.pop(owner), others))
    rest_a = [lane for some in left.values() for lane in some]
    rest_b = [lane for some in right.values() for lane in some]
    return [*lanes, *_side_by_side(rest_a, rest_b)]


def _side_by_side(a: Sequence[Lane], b: Sequence[Lane]) -> Iterator[tuple[Lane, Lane]]:
    for at in range(max(len(a), len(b))):
        yield (a[at] if at < len(a) else []), (b[at] if at < len(b) else [])
