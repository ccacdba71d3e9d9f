"""Finds what became of each context window since the call before it, and its shares.

A message that stood in the window before may stand in the new one at another place:
it was kept, not sent anew. One that is in it no more was compacted or evicted.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from whypath.content import ContentStore
from whypath.derive.columns import Rows
from whypath.model import Context, Message, Run, Step

BYTES_A_TOKEN = 4
"""What a token is estimated to take; never shown but as an estimate."""

PARTS = ("system", "user", "assistant", "reasoning", "calls", "results", "data")
"""The kinds of messages that a window is measured by."""

_NONE: frozenset[int] = frozenset()
"""One for all: each empty one would be an object of its own."""


class Change(NamedTuple):
    """What became of a window since the call before.

    `previous` is the position of that call, None for the first one of a thread.
    `again` are the indexes in `Context.add` of messages that it held, too; `gone` are
    its messages that are in the window no more, `compacted` says by a compaction.
    """

    previous: int | None
    again: frozenset[int]
    gone: tuple[Message, ...]
    compacted: bool


def find_changes(run: Run, contexts: Mapping[int, Context]) -> dict[int, Change]:
    """Position of each model step -> what became of the window before it."""
    lengths = {at: c.keep + len(c.add) for at, c in contexts.items()}
    changes = {}
    for at, context in contexts.items():
        if context.base is not None and context.keep == lengths[context.base]:
            changes[at] = Change(context.base, _NONE, (), False)
            continue
        before, compacted = _call_before(run, contexts, at)
        previous = before if context.base is None else context.base
        if previous is None:
            changes[at] = Change(None, _NONE, (), False)
            continue
        start = context.keep if previous == context.base else 0
        left = tail(contexts, previous, start, lengths[previous])
        again, gone = _compare(left, context.add)
        changes[at] = Change(previous, again, gone, compacted)
    return changes


def tail(
    contexts: Mapping[int, Context], at: int, start: int, length: int
) -> list[Message]:
    """The messages of the window at `at` from index `start` on; it has `length`."""
    parts: list[tuple[Message, ...]] = []
    end, here = length, contexts[at]
    while end > start:
        parts.append(here.add[max(0, start - here.keep) : max(0, end - here.keep)])
        end = min(end, here.keep)
        if here.base is None:
            break
        here = contexts[here.base]
    return [message for part in reversed(parts) for message in part]


def _call_before(
    run: Run, contexts: Mapping[int, Context], at: int
) -> tuple[int | None, bool]:
    """The model call before `at` in its thread, and whether a compaction lies between.

    A call that starts its context anew is a compaction itself.
    """
    step: Step | None = run.step(at)
    compacted = False
    while step is not None:
        compacted = compacted or step.resets_context
        before = step.previous
        step = run.step(before) if before and before < step.position else None
        if step is not None and step.position in contexts:
            return step.position, compacted
    return None, False


def _compare(
    left: list[Message], add: tuple[Message, ...]
) -> tuple[frozenset[int], tuple[Message, ...]]:
    """Which of `add` are among `left`, and which of `left` are not among `add`."""
    if not left:
        return _NONE, ()
    open_places = Counter(map(identity, left))
    again = []
    for index, message in enumerate(add):
        key = identity(message)
        if open_places[key] > 0:
            open_places[key] -= 1
            again.append(index)
    gone = []
    for message in reversed(left):
        key = identity(message)
        if open_places[key] > 0:
            open_places[key] -= 1
            gone.append(message)
    return frozenset(again), tuple(gone[::-1])


def identity(message: Message) -> tuple[str, str, int | None, str | None]:
    """What makes two messages the same one."""
    return message.role, message.kind, message.content, message.call_id


def part_of(message: Message) -> int:
    """The index in `PARTS` of what a message counts as."""
    kinds = {"reasoning": 3, "call": 4, "result": 5, "data": 6}
    if message.kind in kinds:
        return kinds[message.kind]
    if message.role in ("system", "developer"):
        return 0
    return 2 if message.role in ("assistant", "model", "ai") else 1


def tokens_of(contents: ContentStore, message: Message) -> int:
    """How many tokens a message is estimated to take."""
    if message.content is None:
        return 0
    return -(-contents.size(message.content) // BYTES_A_TOKEN)


def find_shares(run: Run, contexts: Mapping[int, Context]) -> Rows:
    """Position of each model step -> estimated tokens for each of `PARTS`.

    Each window starts from what its base has up to `keep`, so that the work is linear
    in the messages that are new, not in the windows.
    """
    contents = run.contents
    kept = Rows(len(run.steps), len(PARTS))
    shares = Rows(len(run.steps), len(PARTS))
    for at, context in contexts.items():
        kept.put(at, _up_to(contents, contexts, kept, context.base, context.keep))
        shares.put(at, _plus(contents, kept[at], context.add))
    return shares


def _up_to(
    contents: ContentStore,
    contexts: Mapping[int, Context],
    kept: Rows,
    base: int | None,
    length: int,
) -> tuple[int, ...]:
    """The shares of the first `length` messages of the window at `base`."""
    while base is not None and contexts[base].keep > length:
        base = contexts[base].base
    if base is None:
        return (0,) * len(PARTS)
    here = contexts[base]
    return _plus(contents, kept[base], here.add[: length - here.keep])


def _plus(
    contents: ContentStore, shares: tuple[int, ...], add: tuple[Message, ...]
) -> tuple[int, ...]:
    sums = list(shares)
    for message in add:
        sums[part_of(message)] += tokens_of(contents, message)
    return tuple(sums)
