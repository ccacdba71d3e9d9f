"""Aligns two sequences: anchors that are equal and unique, then affine gaps between.

Knows nothing of runs: it sees keys and costs. What both begin or end with is set aside
first; a small rest is aligned at the least cost, a large one within a band. Time and
memory are near-linear where the sequences mostly agree, and never quadratic.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

EXACT_CELLS = 60_000
"""A rest of no more cells than this is aligned at the least cost there is."""
BAND_SHARE = 25
_ROUNDS = 8
GAP = 0.5
"""What it costs to begin a block that only one has; each part of it costs more."""
NEVER = float("inf")

Pair = tuple[int | None, int | None]


class Costs(NamedTuple):
    """What aligning costs: `pair` for two parts, `NEVER` if they cannot be the same
    one; `alone_a` and `alone_b` for each part that only one has, beside `GAP`.
    """

    pair: Callable[[int, int], float]
    alone_a: Sequence[float]
    alone_b: Sequence[float]


class _Range(NamedTuple):
    """Parts of A and of B that are to be aligned with each other."""

    a: int
    a_end: int
    b: int
    b_end: int
    round: int


def align(
    a: Sequence[int], b: Sequence[int], costs: Costs, cells: int = EXACT_CELLS
) -> list[Pair]:
    """Pairs of indices in order, None where only one has the part.

    `a` and `b` are keys: equal ones are the same part, which costs nothing. `cells` is
    how large a rest is aligned at the least cost; the band is larger by a fixed share.
    """
    pairs: list[Pair] = []
    todo = [_Range(0, len(a), 0, len(b), 0)]
    while todo:
        left, left_end, right, right_end, round = todo.pop()
        if left == left_end and right == right_end:
            continue
        if round < 0:  # equal from here on
            pairs.extend(
                zip(range(left, left_end), range(right, right_end), strict=True)
            )
            continue
        start = left
        while left < left_end and right < right_end and a[left] == b[right]:
            left, right = left + 1, right + 1
        pairs.extend((at, right - left + at) for at in range(start, left))
        end = left_end
        while (
            left < left_end
            and right < right_end
            and a[left_end - 1] == b[right_end - 1]
        ):
            left_end, right_end = left_end - 1, right_end - 1
        if end > left_end:
            todo.append(
                _Range(left_end, end, right_end, right_end + end - left_end, -1)
            )
        part = _Range(left, left_end, right, right_end, round)
        inner = _split(a, b, part, cells)
        if inner:
            todo.extend(reversed(inner))
        else:
            pairs.extend(_least(part, costs, cells))
    return pairs


def _split(
    a: Sequence[int], b: Sequence[int], part: _Range, exact: int
) -> list[_Range]:
    """The ranges between anchors; none where there are none, or the rest is small."""
    cells = (part.a_end - part.a) * (part.b_end - part.b)
    if cells <= exact or part.round >= _ROUNDS:
        return []
    anchors = _anchors(a, b, part)
    if not anchors:
        return []
    ranges = []
    left, right = part.a, part.b
    for at, there in anchors:
        ranges.append(_Range(left, at, right, there, part.round + 1))
        ranges.append(_Range(at, at + 1, there, there + 1, -1))
        left, right = at + 1, there + 1
    ranges.append(_Range(left, part.a_end, right, part.b_end, part.round + 1))
    return ranges


def _anchors(a: Sequence[int], b: Sequence[int], part: _Range) -> list[tuple[int, int]]:
    """Parts with a key that is unique in both, as many as stand in the same order."""
    in_a = Counter(a[part.a : part.a_end])
    in_b = Counter(b[part.b : part.b_end])
    where = {
        b[at]: at
        for at in range(part.b, part.b_end)
        if in_b[b[at]] == 1 and in_a.get(b[at]) == 1
    }
    common = [(at, where[a[at]]) for at in range(part.a, part.a_end) if a[at] in where]
    return _longest_rising(common)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """As many of the pairs as possible whose second parts rise, as their first do."""
    tops: list[int] = []
    at_top: list[int] = []
    before: list[int] = []
    for index, (_, there) in enumerate(pairs):
        pile = bisect_left(tops, there)
        before.append(at_top[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [there]
        at_top[pile : pile + 1] = [index]
    rising = []
    at = at_top[-1] if at_top else -1
    while at >= 0:
        rising.append(pairs[at])
        at = before[at]
    return rising[::-1]


def _least(part: _Range, costs: Costs, exact: int) -> list[Pair]:
    """The alignment of the least cost, within a band if the range is large."""
    n, m = part.a_end - part.a, part.b_end - part.b
    if not n or not m:
        return [
            *((at, None) for at in range(part.a, part.a_end)),
            *((None, at) for at in range(part.b, part.b_end)),
        ]
    width = m
    if n * m > exact:
        width = min(m, max(8, m // n + 2, exact * BAND_SHARE // (2 * n)))
    return _walk_back(part, *_fill(part, costs, width))


_PAIR, _A, _B = 0, 1, 2


def _fill(
    part: _Range, costs: Costs, width: int
) -> tuple[list[bytearray], list[int], int]:
    """Each cell's way here, two bits for each of three states, row by row.

    State 0 has just paired, 1 has just left a part of A alone, 2 one of B. Returns the
    rows, the first column of each, and the state at the end.
    """
    pair, alone_a, alone_b = costs
    n, m = part.a_end - part.a, part.b_end - part.b
    rows: list[bytearray] = []
    firsts: list[int] = []
    p_pair: list[float] = []
    p_a: list[float] = []
    p_b: list[float] = []
    p_first = 0
    for i in range(n + 1):
        centre = i * m // n
        first, last = max(0, centre - width), min(m, centre + width)
        if i == n:
            last = m
        size = last - first + 1
        row = bytearray(size)
        r_pair, r_a, r_b = [NEVER] * size, [NEVER] * size, [NEVER] * size
        alone = alone_a[part.a + i - 1] if i else 0.0
        p_size = len(p_pair)
        for k in range(size):
            j = first + k
            if not i and not j:
                r_pair[k] = 0.0
                continue
            ways = 0
            up = j - p_first
            if i and 0 <= up < p_size:
                begun, gone, turned = p_pair[up], p_a[up] - GAP, p_b[up]
                best, way = begun, _PAIR
                if gone < best:
                    best, way = gone, _A
                if turned < best:
                    best, way = turned, _B
                r_a[k] = best + GAP + alone
                ways |= way << 2
            if i and j and 0 < up <= p_size:
                here = pair(part.a + i - 1, part.b + j - 1)
                if here != NEVER:
                    best, way = p_pair[up - 1], _PAIR
                    if p_a[up - 1] < best:
                        best, way = p_a[up - 1], _A
                    if p_b[up - 1] < best:
                        best, way = p_b[up - 1], _B
                    r_pair[k] = best + here
                    ways |= way
            if k:
                begun, gone, turned = r_pair[k - 1], r_b[k - 1] - GAP, r_a[k - 1]
                best, way = begun, _PAIR
                if turned < best:
                    best, way = turned, _A
                if gone < best:
                    best, way = gone, _B
                r_b[k] = best + GAP + alone_b[part.b + j - 1]
                ways |= way << 4
            row[k] = ways
        rows.append(row)
        firsts.append(first)
        p_pair, p_a, p_b, p_first = r_pair, r_a, r_b, first
    ends = (p_pair[-1], p_a[-1], p_b[-1])
    return rows, firsts, ends.index(min(ends))


def _walk_back(
    part: _Range, rows: list[bytearray], firsts: list[int], state: int
) -> list[Pair]:
    i, j = part.a_end - part.a, part.b_end - part.b
    pairs: list[Pair] = []
    while i or j:
        ways = rows[i][j - firsts[i]]
        if state == _PAIR:
            i, j = i - 1, j - 1
            pairs.append((part.a + i, part.b + j))
            state = ways & 3
        elif state == _A:
            i -= 1
            pairs.append((part.a + i, None))
            state = ways >> 2 & 3
        else:
            j -= 1
            pairs.append((None, part.b + j))
            state = ways >> 4 & 3
    return pairs[::-1]


def cost(
    pairs: Sequence[Pair], a: Sequence[int], b: Sequence[int], costs: Costs
) -> float:
    """What an alignment costs: its pairs, its parts alone, and its gaps."""
    total = 0.0
    before = ""
    for left, right in pairs:
        if left is not None and right is not None:
            total += 0.0 if a[left] == b[right] else costs.pair(left, right)
            before = ""
        elif left is not None:
            total += costs.alone_a[left] + (GAP if before != "a" else 0.0)
            before = "a"
        elif right is not None:
            total += costs.alone_b[right] + (GAP if before != "b" else 0.0)
            before = "b"
    return total
