"""Marks which words of two texts differ. A long text is compared by lines first.

What is long and the same in both is cut in its middle: it is not what one looks for.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from whypath.derive.diffs.align import NEVER, Costs, align

MOST_WORDS = 2_000
CELLS = 2_500
"""How much of a rest is compared word by word at the least cost: it must be quick."""
SAME_SHOWN = 60
"""So many characters of what is the same are shown before and after a difference."""
SHOWN, SEGMENTS = 1_500, 60
"""So many characters, and parts that differ or do not, are shown of a text."""
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class Segment(NamedTuple):
    """A part of a text: `same` in both, `own` of this one, or `left_out`."""

    kind: str
    text: str


Segments = tuple[Segment, ...]


def compare_texts(a: str, b: str) -> tuple[Segments, Segments]:
    """The segments of two texts, each for itself."""
    parts_a, parts_b = _WORD.findall(a), _WORD.findall(b)
    if max(len(parts_a), len(parts_b)) > MOST_WORDS:
        parts_a, parts_b = _LINE.findall(a), _LINE.findall(b)
    return _marked(parts_a, parts_b)


def _marked(a: Sequence[str], b: Sequence[str]) -> tuple[Segments, Segments]:
    """The parts of both texts, joined where they are alike in being the same or not."""
    numbers: dict[str, int] = {}
    keys_a = [numbers.setdefault(part, len(numbers)) for part in a]
    keys_b = [numbers.setdefault(part, len(numbers)) for part in b]
    weigh = [0.05 if part.isspace() else 0.5 for part in a]
    other = [0.05 if part.isspace() else 0.5 for part in b]

    def pair(i: int, j: int) -> float:
        return 0.0 if keys_a[i] == keys_b[j] else NEVER

    groups_a: list[tuple[bool, str]] = []
    groups_b: list[tuple[bool, str]] = []
    pairs = align(keys_a, keys_b, Costs(pair, weigh, other), CELLS)
    for is_same, group in groupby(pairs, key=lambda pair: None not in pair):
        both = list(group)
        groups_a.append((is_same, "".join(a[i] for i, _ in both if i is not None)))
        groups_b.append((is_same, "".join(b[j] for _, j in both if j is not None)))
    return tuple(_cut(_shortened(groups_a))), tuple(_cut(_shortened(groups_b)))


def _shortened(groups: Sequence[tuple[bool, str]]) -> Iterator[Segment]:
    """Long stretches that are the same lose their middle, or the end not beside."""
    for at, (is_same, text) in enumerate(groups):
        if not is_same:
            if text:
                yield Segment("own", text)
            continue
        before = SAME_SHOWN if at else 0
        after = SAME_SHOWN if at < len(groups) - 1 else 0
        if len(groups) == 1:
            before = SHOWN
        left_out = len(text) - before - after
        if left_out < SAME_SHOWN:
            yield Segment("same", text)
            continue
        if before:
            yield Segment("same", text[:before])
        yield Segment("left_out", f"{left_out:,} characters the same")
        if after:
            yield Segment("same", text[-after:])


def _cut(segments: Iterable[Segment]) -> Iterator[Segment]:
    """No more than there is room for, and a word about the rest."""
    left = SHOWN
    rest = 0
    for number, segment in enumerate(segments):
        if rest or number == SEGMENTS:
            rest += len(segment.text)
        elif segment.kind == "left_out" or len(segment.text) <= left:
            yield segment
            left -= len(segment.text)
        else:
            yield Segment(segment.kind, segment.text[:left])
            rest = len(segment.text) - left
    if rest:
        yield Segment("left_out", f"{rest:,} characters more")
