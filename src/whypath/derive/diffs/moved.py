"""Finds, among the rows that only one run has, what moved and what repeats."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from whypath.derive.diffs.row import Row
from whypath.derive.diffs.turns import Turn

MOST_PERIOD = 8
"""A block that is repeated is looked for up to so many turns back."""


def find_moved(rows: list[Row], key_of: Mapping[int, int]) -> None:
    """Marks turns that both have, at another place: each is one row, not two."""
    waiting: dict[int, deque[int]] = {}
    for at, row in enumerate(rows):
        if row.how == "only_b" and row.b is not None and row.b.choice:
            waiting.setdefault(key_of[id(row.b)], deque()).append(at)
    for at, row in enumerate(rows):
        if row.how != "only_a" or row.a is None:
            continue
        same = waiting.get(key_of[id(row.a)])
        if same:
            there = same.popleft()
            rows[at] = replace(row, how="moved", partner=there - at)
            rows[there] = replace(rows[there], how="moved", partner=at - there)


def find_repeated(rows: list[Row]) -> None:
    """Marks blocks that only one has, and that repeat what stands right before them."""
    at = 0
    while at < len(rows):
        how = rows[at].how
        end = at
        while end < len(rows) and rows[end].how == how:
            end += 1
        if how in ("only_a", "only_b"):
            side = "a" if how == "only_a" else "b"
            _mark(rows, at, end, side)
        at = end


def _mark(rows: list[Row], start: int, end: int, side: str) -> None:
    """Marks what repeats a block of up to `MOST_PERIOD` turns before `start`."""
    turns: list[Turn] = []
    back = start
    while back and len(turns) < MOST_PERIOD:
        back -= 1
        turn = getattr(rows[back], side)
        if turn is not None and turn.choice:
            turns.insert(0, turn)
    names = [_names(turn) for turn in turns]
    block = [getattr(row, side) for row in rows[start:end]]
    deciding = [at for at, turn in enumerate(block) if turn.choice]
    new = [_names(block[at]) for at in deciding]
    for period in range(1, len(names) + 1):
        whole = names[len(names) - period :]
        size = len(new) // period * period
        if size and new[:size] == whole * (size // period):
            last = deciding[size - 1]
            for at in range(start, start + last + 1):
                rows[at] = replace(rows[at], how="repeated")
            return


def _names(turn: Turn) -> tuple[str, ...]:
    return tuple(one.name for one in turn.choice)
