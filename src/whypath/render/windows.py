"""Turns what a model call saw into rows: what is new, there again, and gone.

The rows are the same for the replay, where the page shows them, and for the pages
written out, where a template does.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from whypath.derive.story import Story
from whypath.derive.windows.changes import PARTS, tail, tokens_of
from whypath.model import Message, Step


class MessageRow(NamedTuple):
    """A message of a window, and whether the window before had it, too (`again`).

    `origin` is the step it came from, or else the first call that was shown it.
    `number` is the number of its content, `tokens` an estimate.
    """

    role: str
    kind: str
    name: str | None
    call_id: str | None
    origin: int | None
    number: int | None
    tokens: int
    again: bool


class WindowRows(NamedTuple):
    """The window of a call: the first `keep` messages of that at `base`, then `add`.

    `gone` are the messages of the call `previous` that are in it no more, `why_gone`
    what took them. `shares` are names with estimated tokens.
    """

    base: int | None
    keep: int
    basis: str
    add: list[MessageRow]
    previous: int | None
    gone: list[MessageRow]
    why_gone: str
    shares: list[tuple[str, int]]

    @property
    def length(self) -> int:
        """How many messages the window has."""
        return self.keep + len(self.add)

    @property
    def new(self) -> int:
        """How many of them the window before did not have."""
        return sum(not row.again for row in self.add)


class Windows:
    """Makes the rows of a run's windows, and remembers where contents came from."""

    def __init__(self, story: Story, number: Callable[[int], int]) -> None:
        self._story = story
        self._number = number
        self._origins: dict[int, int] = {}
        self._first: dict[Message, int] = {}
        self._done_at: dict[str | None, int] = {}
        self._asked_at: dict[str | None, int] = {}
        for step in story.run.steps:
            if step.call_id is not None:
                self._done_at.setdefault(step.call_id, step.position)
            for call in step.calls:
                if call.id is not None:
                    self._asked_at.setdefault(call.id, step.position)

    def passed(self, step: Step) -> None:
        """Remembers what a step said. To be called for every step, in order."""
        said = step.output
        if said is None and step.kind in ("user", "system"):
            said = step.input
        if said is not None:
            self._origins[said] = step.position

    def rows(self, at: int) -> WindowRows | None:
        """The window of the model call at `at`; None where it is no such call."""
        story = self._story
        context = story.contexts.get(at)
        if context is None:
            return None
        change = story.changes[at]
        shares = zip(PARTS, story.shares[at], strict=True)
        return WindowRows(
            base=context.base,
            keep=context.keep,
            basis=context.basis,
            add=self._rows(at, context.add, change.again),
            previous=change.previous,
            gone=self._rows(at, change.gone, frozenset()),
            why_gone="compacted" if change.compacted else "evicted",
            shares=[(name, tokens) for name, tokens in shares if tokens],
        )

    def last_kept(self, at: int, most: int) -> list[MessageRow]:
        """The last messages, `most` of them, that the window at `at` begins with."""
        contexts = self._story.contexts
        context = contexts[at]
        if context.base is None:
            return []
        start = max(0, context.keep - most)
        kept = tail(contexts, context.base, start, context.keep)
        return self._rows(at, kept, frozenset())

    def _rows(
        self, at: int, messages: Iterable[Message], again: frozenset[int]
    ) -> list[MessageRow]:
        return [
            self._row(at, message, index in again)
            for index, message in enumerate(messages)
        ]

    def _row(self, at: int, message: Message, again: bool) -> MessageRow:
        role, kind, content, name, call_id = message
        if content is None:
            return MessageRow(role, kind, name, call_id, None, None, 0, again)
        origin = self._origin(at, message)
        tokens = tokens_of(self._story.run.contents, message)
        number = self._number(content)
        return MessageRow(role, kind, name, call_id, origin, number, tokens, again)

    def _origin(self, at: int, message: Message) -> int | None:
        """Where a message comes from, if that is before the call at `at`."""
        origin = None
        if message.kind in ("call", "result") and message.call_id is not None:
            known = self._asked_at if message.kind == "call" else self._done_at
            origin = known.get(message.call_id)
        if origin is None and message.content is not None:
            origin = self._origins.get(message.content)
        first = self._first.setdefault(message, at)
        if origin is None:
            origin = first
        return origin if origin < at else None
