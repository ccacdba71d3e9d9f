"""Follows what is in view at each step, and answers where a form stands in it first.

Windows are changes to earlier windows, so they form trees. A tree is walked once, depth
first; going on is adding messages, going back is undoing that. Nothing is ever copied.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from whypath.derive.origins.index import FormIndex, Key
from whypath.model import Context, Message, Run, Step

Move = Literal["enter", "stay", "leave"]
"""`stay`: the view is entered for good."""

MOST_PLACES = 5
"""A source and its first copies; what comes after is not kept."""


class View(NamedTuple):
    """What is in view at a point of the run: a change to an earlier view.

    `at` is the step whose view it is. `base` is the index of the earlier view.
    """

    at: int
    base: int | None
    keep: int
    add: tuple[Message, ...]


class Seen(NamedTuple):
    """A message in a window: its 1-based number there; `at` is whose view that is."""

    at: int
    number: int
    message: Message


class Views:
    """The views of a run: one for each model call, and each act that none asked for.

    `of` maps a step to the index of its view.
    """

    def __init__(self, run: Run, contexts: Mapping[int, Context]) -> None:
        self.all: list[View] = []
        self.of: dict[int, int] = {}
        self._lengths = array("i")
        self._tips: dict[str, int] = {}
        self._since: dict[str, list[Message]] = {}
        for step in run.steps:
            context = contexts.get(step.position)
            if context is not None:
                self._call(step, context)
            elif step.caller not in contexts and _acts(step):
                self.of[step.position] = self.now(step.thread, step.position)
            elif step.caller is not None and step.caller in contexts:
                self.of[step.position] = self.of[step.caller]
            self._since.setdefault(step.thread, []).extend(_left_by(step))

    def _call(self, step: Step, context: Context) -> None:
        base = None if context.base is None else self.of.get(context.base)
        keep = 0 if base is None else min(context.keep, self._lengths[base])
        self._tips[step.thread] = self._add(
            View(step.position, base, keep, context.add)
        )
        self._since[step.thread] = []

    def now(self, thread: str, position: int) -> int:
        """The view at the present end of a thread: its last window and what came."""
        base = self._tips.get(thread)
        since = self._since.pop(thread, [])
        if base is None or since:
            keep = 0 if base is None else self._lengths[base]
            base = self._tips[thread] = self._add(
                View(position, base, keep, tuple(since)), of_step=False
            )
        return base

    def _add(self, view: View, of_step: bool = True) -> int:
        self.all.append(view)
        self._lengths.append(view.keep + len(view.add))
        if of_step:
            self.of[view.at] = len(self.all) - 1
        return len(self.all) - 1

    def is_empty(self, view: int) -> bool:
        """True when nothing of what was in view is recorded."""
        return not self._lengths[view]

    def walk(self) -> Iterator[tuple[int, Move]]:
        """Every view after its base, and again when it is left for one not seen yet."""
        inside: dict[int | None, list[int]] = {}
        for index in range(len(self.all) - 1, -1, -1):
            inside.setdefault(self.all[index].base, []).append(index)
        todo: list[tuple[int, Move]] = [
            (root, "enter") for root in inside.get(None, ())
        ]
        left = len(todo)
        while left:
            index, move = todo.pop()
            if move == "leave":
                yield index, move
                continue
            left -= 1
            if left:
                todo.append((index, "leave"))
            yield index, "enter" if left else "stay"
            if index in inside:
                todo += [(child, "enter") for child in inside[index]]
                left += len(inside[index])


def _acts(step: Step) -> bool:
    return step.kind in ("tool", "retrieval") or step.decision is not None


def _left_by(step: Step) -> Iterator[Message]:
    """What a step leaves for the code or the model after it to see."""
    if step.kind in ("user", "system"):
        shown = step.output if step.output is not None else step.input
        yield Message(step.kind, "text", shown)
    elif step.kind == "model":
        if step.output is not None:
            yield Message("assistant", "text", step.output)
        for call in step.calls:
            yield Message("assistant", "call", call.arguments, call.name, call.id)
    elif step.kind in ("tool", "retrieval") and step.output is not None:
        yield Message("tool", "result", step.output, step.name, step.call_id)


class Window:
    """The window at the view that was entered last, and where each form is in it."""

    def __init__(self, views: Views, index: FormIndex) -> None:
        self._views = views
        self._index = index
        self._length = 0
        self._slots = array("i")
        self._view_of = array("i")
        self._at = array("i")
        self._places: dict[Key, tuple[int, ...]] = {}
        self._undo: list[tuple[int, array[int], list[tuple[Key, tuple[int, ...]]]]] = []
        self._full: set[Key] = set()
        self._done: set[Key] = set()

    def enter(self, view: int, *, to_stay: bool = False) -> None:
        """Goes from a view's base to the view, `to_stay` where nothing is undone."""
        _, _, keep, add = self._views.all[view]
        if keep < self._length:
            self._full.clear()
        changed: list[tuple[Key, tuple[int, ...]]] = []
        if to_stay:
            self._undo.clear()
        else:
            replaced = self._slots[keep : keep + len(add)]
            self._undo.append((self._length, replaced, changed))
        self._length = keep
        at, slots = self._at, self._slots
        for message in add:
            here, place = len(at), self._length
            at.append(place)
            self._view_of.append(view)
            if place < len(slots):
                slots[place] = here
            else:
                slots.append(here)
            self._length += 1
            if message.content is not None and message.kind != "reasoning":
                self._note(message.content, here, changed)

    def _note(
        self, content: int, here: int, changed: list[tuple[Key, tuple[int, ...]]]
    ) -> None:
        index, full, done = self._index, self._full, self._done
        if content in index.cut:
            self._put(_CUT, here, changed)
        keys = index.keys(content)
        for key in [key for key in keys if key not in full and key not in done]:
            if index.holds(content, key):
                self._put(key, here, changed)

    def _put(
        self, key: Key, here: int, changed: list[tuple[Key, tuple[int, ...]]]
    ) -> None:
        before = self._places.get(key, ())
        known = (*self._in_view(before), here)
        if len(known) <= MOST_PLACES:
            changed.append((key, before))
            self._places[key] = known
        if len(known) >= MOST_PLACES:
            self._full.add(key)

    def leave(self) -> None:
        """Goes back to the base of the view that was entered last."""
        length, replaced, changed = self._undo.pop()
        self._full.clear()
        for key, known in reversed(changed):
            self._places[key] = known
        self._length = length
        for here in replaced:
            self._slots[self._at[here]] = here

    def seen(self, here: int) -> Seen:
        """The message with a number that `places` gives."""
        view, place = self._views.all[self._view_of[here]], self._at[here]
        return Seen(view.at, place + 1, view.add[place - view.keep])

    def _in_view(self, places: tuple[int, ...]) -> tuple[int, ...]:
        """Those that are in view: the first ones, as windows go back to a beginning."""
        at, slots, length = self._at, self._slots, self._length
        while places:
            last = places[-1]
            if at[last] < length and slots[at[last]] == last:
                break
            places = places[:-1]
        return places

    def places(self, keys: Sequence[Key]) -> tuple[Key, tuple[int, ...]]:
        """The first messages in view that hold any of the forms, and the first's form.

        Messages are numbers that `seen` tells more about, in their order.
        """
        first, places = _NONE, _NOWHERE
        for key in keys:
            found = self._in_view(self._places.get(key, _NOWHERE))
            if found and places:
                first = key if found[0] < places[0] else first
                places = tuple(sorted({*places, *found})[:MOST_PLACES])
            elif found:
                first, places = key, found
        return first, places

    def forget(self, keys: Iterable[Key]) -> None:
        """Of these forms no places are wanted any more."""
        self._done.update(keys)

    def is_cut(self) -> bool:
        """True when a message in view was too large to be read to its end."""
        return bool(self._in_view(self._places.get(_CUT, ())))


_CUT: Key = "cut"
_NONE: Key = "none"
_NOWHERE: tuple[int, ...] = ()


def contents_of(views: Sequence[View]) -> Iterator[int]:
    """The contents of the messages that a model read; reasoning is not shown again."""
    for view in views:
        for message in view.add:
            if message.content is not None and message.kind != "reasoning":
                yield message.content
