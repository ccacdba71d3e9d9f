"""Turns what two decisions saw into what a page shows: messages beside each other."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from whypath.derive.diffs.diff import Diff
from whypath.derive.diffs.texts import Segments, compare_texts
from whypath.derive.diffs.window import Seen, WindowDiff
from whypath.render import words

MESSAGES = 15
"""So many messages that differ are shown at either end of two windows."""
_ALIKE = ("same", "masked")


class MessageView(NamedTuple):
    """A message of the two windows, or a fold of some that are the same."""

    how: str
    label: str
    at_a: int | None
    at_b: int | None
    step: int | None
    a: Segments
    b: Segments
    many: int = 1


def message_views(diff: Diff, windows: WindowDiff) -> Iterator[MessageView]:
    """What the two decisions saw, folded where it is the same.

    Of very many messages that differ, the first and the last ones are shown.
    """
    differing = [seen for seen in windows.messages if seen.how not in _ALIKE]
    left_out = len(differing) - 2 * MESSAGES
    hidden = set(map(id, differing[MESSAGES:-MESSAGES] if left_out > 0 else ()))
    same: list[Seen] = []
    for seen in windows.messages:
        if seen.how in _ALIKE or id(seen) in hidden:
            same.append(seen)
            continue
        if same:
            yield _fold(same)
            same = []
        yield _message(diff, seen)
    if same:
        yield _fold(same)


def _fold(same: Sequence[Seen]) -> MessageView:
    first, last = same[0], same[-1]
    apart = sum(seen.how not in _ALIKE for seen in same)
    label = f"{words.counted(len(same) - apart, 'message')} the same"
    if apart:
        label += f" and {apart:,} more that are not, see the rows below"
    if first.number_a and last.number_a:
        label += f", {first.number_a} to {last.number_a} in A"
    return MessageView("same", label, None, None, None, (), (), len(same))


def _message(diff: Diff, seen: Seen) -> MessageView:
    texts = [
        None if content is None else story.run.contents.text(content)
        for story, content in ((diff.a, seen.content_a), (diff.b, seen.content_b))
    ]
    a, b = texts
    if a is not None and b is not None:
        marked = compare_texts(a, b)
    else:
        only = [compare_texts(text, "")[0] if text else () for text in texts]
        marked = (only[0], only[1])
    kind = f" {seen.kind}" if seen.kind not in ("text", "data") else ""
    name = f" of {seen.name}" if seen.name else ""
    step = seen.step_a or seen.step_b
    numbers = seen.number_a, seen.number_b
    label = f"{seen.role}{kind}{name}"
    return MessageView(seen.how, label, *numbers, step, *marked)
