"""Turns a long chain of units into a short one that still tells the same story.

Repeats become xN, periods become loops, quiet stretches become segments; errors, user
turns, decisions and sub-agents keep a node of their own as long as there is room.
Nothing is left out: every step stays in some unit.
"""

from collections.abc import Iterator
from itertools import groupby, pairwise

from whypath.derive.graphs.units import ERROR, KEEP, PLAIN, Unit

PERIODS = range(2, 7)
MAX_INNER = 8
"""Units shown inside a sub-agent; one that cannot be folded to this is one node."""
WIDEST = 6
"""Units drawn side by side; more are one node."""
_APART = KEEP + 1


def fold(chain: list[Unit], target: int, limit: int) -> list[Unit]:
    """A chain of at most `limit` units, sub-agents' included; about `target` if it can.

    Three plain repeats fold always, two only when there are too many units. Then the
    units of the least `level` are merged first; those of a higher one have more room.
    """
    chain = _fold_obvious(chain)
    for unit in chain:
        if unit.inner is not None:
            unit.inner = _fold_obvious(unit.inner)
    chain = _fold_groups(chain)
    if size(chain) <= target:
        return chain
    chain = _fold_periods(_fold_repeats(chain, least=2, loose=True), least=2)
    _fold_agents(chain, target)
    for budget, level in ((target, PLAIN), (target * 4 // 3, KEEP)):
        spent = size(chain) - len(chain)
        chain = shrink(chain, max(1, min(budget, limit) - spent), level)
    if size(chain) > limit:
        for unit in chain:
            unit.collapse()
    for level in range(ERROR, _APART + 1):
        chain = shrink(chain, limit, level)
    return chain


def size(chain: list[Unit]) -> int:
    """How many nodes the chain makes, the ones inside sub-agents included."""
    return len(chain) + sum([size(unit.inner) for unit in chain if unit.inner])


def _fold_obvious(chain: list[Unit]) -> list[Unit]:
    chain = _fold_abandoned(chain)
    chain = _fold_repeats(chain, least=3, loose=False)
    return _fold_periods(chain, least=3)


def _fold_agents(chain: list[Unit], target: int) -> None:
    """Shares what the main chain leaves among the sub-agents, or closes them."""
    agents = [unit for unit in chain if unit.inner]
    if not agents:
        return
    share = min(MAX_INNER, max(0, target - len(chain)) // len(agents))
    for unit in agents:
        if share >= 3 and unit.inner:
            unit.inner = shrink(unit.inner, share, ERROR)
        if len(unit.inner or ()) > share:
            unit.collapse()


def merge(units: list[Unit], kind: str) -> Unit:
    """One unit with the steps of all; the first gives agent and label."""
    first = units[0]
    steps = [step for unit in units for step in unit.steps]
    steps.sort()
    return Unit(
        kind,
        steps,
        first.lead,
        max(unit.level for unit in units),
        first.agent,
        first.abandoned,
        tools=[tool for unit in units for tool in unit.tools],
        errors=sum(unit.errors for unit in units),
        turns=sum(unit.turns for unit in units),
        branch=first.branch,
    )


def _fold_repeats(chain: list[Unit], least: int, *, loose: bool) -> list[Unit]:
    """Neighbours that made the same call become one unit that counts them."""
    keys = [_key(unit, loose) for unit in chain]
    folded: list[Unit] = []
    at = 0
    while at < len(chain):
        key = keys[at]
        end = at + 1
        while key and end < len(chain) and keys[end] == key:
            end += 1
        if end == at + 1:
            folded.append(chain[at])
            at = end
            continue
        block = chain[at:end]
        count = sum(unit.count for unit in block)
        if count >= least:
            unit = merge(block, chain[at].kind)
            unit.count, unit.key, unit.loose = count, chain[at].key, chain[at].loose
            folded.append(unit)
        else:
            folded.extend(block)
        at = end
    return folded


def _key(unit: Unit, loose: bool) -> int:
    if unit.group or unit.inner is not None or unit.sample:
        return 0
    return unit.loose if loose else unit.key


def _fold_periods(chain: list[Unit], least: int) -> list[Unit]:
    """A block that comes `least` times in a row, 2 to 6 units long, becomes a loop.

    `same[p][i]` is how many units from `i` on equal the one `p` further; so a block of
    `p` units at `i` comes `same[p][i] // p + 1` times. One pass for each period.
    """
    keys = [_key(unit, loose=True) or -1 - at for at, unit in enumerate(chain)]
    if len(keys) == len(set(keys)):
        return chain
    same = {period: _equal_runs(keys, period) for period in PERIODS}
    folded: list[Unit] = []
    at = 0
    while at < len(chain):
        period, times = 0, 0
        for candidate in PERIODS:
            count = same[candidate][at] // candidate + 1
            if count >= least and candidate * count > period * times:
                period, times = candidate, count
        if not period:
            folded.append(chain[at])
            at += 1
            continue
        end = at + period * times
        loop = merge(chain[at:end], "loop")
        loop.count, loop.sample = times, tuple(chain[at : at + period])
        folded.append(loop)
        at = end
    return folded


def _equal_runs(keys: list[int], period: int) -> list[int]:
    runs = [0] * len(keys)
    length = 0
    for at in range(len(keys) - period - 1, -1, -1):
        length = length + 1 if keys[at] == keys[at + period] else 0
        runs[at] = length
    return runs


def _fold_abandoned(chain: list[Unit]) -> list[Unit]:
    """A branch that was left is a stub: one node, unless it is as short as two."""
    if not any(unit.branch for unit in chain):
        return chain
    folded: list[Unit] = []
    for branch, units in groupby(chain, key=lambda unit: unit.branch):
        block = list(units)
        if branch and len(block) > 2:
            for unit in block:
                unit.collapse()
            block = [merge(block, "segment")]
        folded.extend(block)
    return folded


def _fold_groups(chain: list[Unit]) -> list[Unit]:
    """Three sub-agents side by side are closed, more than `WIDEST` are one node."""
    folded: list[Unit] = []
    for group, units in groupby(chain, key=lambda unit: unit.group):
        block = list(units)
        if group and len(block) > 2:
            for unit in block:
                unit.collapse()
        if group and len(block) > WIDEST:
            sample = tuple(block)
            block = [merge(block, "parallel")]
            block[0].sample, block[0].count = sample, len(sample)
        folded.extend(block)
    return folded


def shrink(chain: list[Unit], budget: int, level: int) -> list[Unit]:
    """Merges neighbours up to `level`, smallest first, until `budget` units are left.

    Works in rounds, so that stretches stay even. When most must go, a round merges
    blocks, else pairs: there are few rounds, each linear but for its sorting.
    """
    while len(chain) > budget:
        pairs = list(_pairs(chain, level))
        if not pairs:
            break
        excess = len(chain) - budget
        keep = max(1, len(pairs) - excess)
        if len(pairs) > 2 * keep:
            starts = _cut_evenly(pairs, len(chain), max(2, len(pairs) // (2 * keep)))
        else:
            starts = _pair_up(pairs, len(chain), excess)
        firsts = [at for at, start in enumerate(starts) if start]
        chain = [
            chain[at] if end == at + 1 else _join(chain[at:end])
            for at, end in pairwise(firsts)
        ]
    return chain


Pair = tuple[int, int, int]


def _cut_evenly(pairs: list[Pair], count: int, width: int) -> bytearray:
    """Marks where blocks of up to `width` units start, and the end of the chain."""
    starts = bytearray(b"\1") * (count + 1)
    length, before = 1, -1
    for _, _, at in pairs:
        length = length + 1 if at == before + 1 else 2
        if length > width:
            length = 1
        else:
            starts[at + 1] = 0
        before = at
    return starts


def _pair_up(pairs: list[Pair], count: int, excess: int) -> bytearray:
    """Marks where blocks start when the `excess` smallest pairs become a unit each."""
    starts = bytearray(b"\1") * (count + 1)
    for _, _, at in sorted(pairs):
        if (
            excess
            and starts[at]
            and starts[at + 1]
            and starts[at + 2 : at + 3] != b"\0"
        ):
            starts[at + 1] = 0
            excess -= 1
    return starts


def _pairs(chain: list[Unit], level: int) -> Iterator[Pair]:
    """(level, steps, index) of each pair of neighbours that may become one."""
    for at, (a, b) in enumerate(pairwise(chain)):
        if a.inner is not None or b.inner is not None:
            continue
        needed = a.level if a.level > b.level else b.level
        if a.branch != b.branch or a.group or b.group:
            needed = _APART
        elif b.turns:
            needed = max(needed, KEEP if a.turns else _APART)
        elif a.agent != b.agent:
            needed = max(needed, ERROR)
        if needed <= level:
            yield needed, len(a.steps) + len(b.steps), at


def _join(units: list[Unit]) -> Unit:
    """Neighbours as a segment; a user's turn keeps its name."""
    first = units[0]
    turn = first.kind == "user" and not any(unit.turns for unit in units[1:])
    unit = merge(units, "user" if turn else "segment")
    if first.group and all(each.group == first.group for each in units):
        unit.group = first.group
    return unit
