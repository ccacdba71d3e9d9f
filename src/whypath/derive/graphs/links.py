"""Finds what links the nodes of a graph besides coming next: retries and causes.

Works on positions of steps and indices of nodes; where a line runs is not decided here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from whypath.content import ContentStore
from whypath.model import Run, Step

Causes = Mapping[int, Sequence[int]]
"""Position of a step -> positions of the steps that its values came from."""

MOST_CAUSES = 6
"""Sources kept for a node: those that gave it most."""
_SOON = 4
"""A failed call that is made again within so many nodes is a retry."""
_CALLS = ("tool", "retrieval", "agent")
_LOOK_AT = 1 << 14


def is_retry(run: Run, before: Sequence[int], after: Sequence[int]) -> bool:
    """True when the last call of `before` failed and `after` starts by making it again.

    Again is: the same name, and at least half of what the arguments say, each counting
    as much, unchanged from its beginning.
    """
    last = _call(run, reversed(before))
    if last is None or last.status != "error":
        return False
    first = _call(run, after)
    if first is None or (first.name, first.agent) != (last.name, last.agent):
        return False
    return last.input == first.input or _alike(run.contents, last.input, first.input)


def _call(run: Run, positions: Iterable[int]) -> Step | None:
    """The first call among the positions."""
    return next((s for s in map(run.step, positions) if s.kind in _CALLS), None)


def _alike(contents: ContentStore, a: int | None, b: int | None) -> bool:
    if a is None or b is None:
        return False
    if max(contents.size(a), contents.size(b)) > _LOOK_AT:
        return False
    was, now = contents.value(a), contents.value(b)
    if not isinstance(was, dict) or not isinstance(now, dict):
        return False
    shared = was.keys() & now.keys()
    same = sum(_same(was[name], now[name]) for name in shared)
    return 2 * same >= len(was.keys() | now.keys()) > 0


def _same(was: object, now: object) -> float:
    """The share of two values that is the same from their beginning on, 0 to 1.

    Lists and objects count as changed: where nothing changed, nobody asks.
    """
    if isinstance(was, list | dict) or isinstance(now, list | dict):
        return 0
    a, b = str(was), str(now)
    if a == b:
        return 1
    least = min(len(a), len(b))
    same = next((at for at in range(least) if a[at] != b[at]), least)
    return same / max(len(a), len(b))


def later_retries(
    run: Run, nodes: Sequence[Sequence[int]]
) -> Iterator[tuple[int, int]]:
    """Pairs of node indices, not neighbours: a failed call, and the very same again.

    `nodes` are the positions in each node.
    """
    failed: dict[tuple[str, str | None, int | None], int] = {}
    for index, positions in enumerate(nodes):
        first, last = _call(run, positions), _call(run, reversed(positions))
        if first is not None:
            at = failed.pop((first.name, first.agent, first.input), None)
            if at is not None and 1 < index - at <= _SOON:
                yield at, index
        if last is not None and last.status == "error" and last.input is not None:
            failed[last.name, last.agent, last.input] = index


def causes_of_nodes(
    causes: Causes, node_of: Mapping[int, int]
) -> dict[int, tuple[int, ...]]:
    """Index of a node -> indices of earlier nodes whose values it uses, in order.

    Positions that are in no node are passed over; so is what a node took from itself.
    """
    counts: dict[int, Counter[int]] = {}
    for position, sources in causes.items():
        target = node_of.get(position)
        if target is None:
            continue
        found = {node_of.get(source, target) for source in sources}
        earlier = [source for source in found if source < target]
        if earlier:
            counts.setdefault(target, Counter()).update(earlier)
    return {
        target: tuple(sorted(sorted(most, key=lambda s: (-most[s], -s))[:MOST_CAUSES]))
        for target, most in sorted(counts.items())
    }
