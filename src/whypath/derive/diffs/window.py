"""Compares what two decisions saw: their context windows, message by message."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from whypath.derive.diffs.align import NEVER, Costs, align
from whypath.derive.diffs.leaves import Change, Payloads
from whypath.derive.story import Story
from whypath.derive.windows.context import window
from whypath.model import Basis, Message, Run

_ROLES = {
    "model": "assistant",
    "ai": "assistant",
    "human": "user",
    "developer": "system",
}


class Seen(NamedTuple):
    """A message of A's window beside one of B's; numbers count from 1.

    `how`: `masked` where only volatile values differ. `step_a` and `step_b` are where
    the message came from, as far as that is known.
    """

    how: Literal["same", "masked", "changed", "only_a", "only_b"]
    role: str
    kind: str
    name: str | None
    number_a: int | None
    number_b: int | None
    step_a: int | None
    step_b: int | None
    content_a: int | None
    content_b: int | None
    changes: tuple[Change, ...] = ()

    @property
    def is_own(self) -> bool:
        """True for what the model itself had written."""
        return self.role == "assistant"


@dataclass(frozen=True, slots=True)
class WindowDiff:
    """Two windows beside each other: at the model calls `at_a` and `at_b`."""

    at_a: int
    at_b: int
    basis_a: Basis
    basis_b: Basis
    messages: tuple[Seen, ...]

    @property
    def is_blind(self) -> bool:
        """True when of one of the windows nothing is known."""
        sides = (
            {m.number_a is None for m in self.messages},
            {m.number_b is None for m in self.messages},
        )
        return any(False not in side for side in sides)


def compare_windows(
    a: Story, b: Story, at_a: int, at_b: int, payloads: Payloads
) -> WindowDiff:
    """What the model calls `at_a` of A and `at_b` of B saw, beside each other."""
    left, right = window(a.contexts, at_a), window(b.contexts, at_b)
    numbers: dict[object, int] = {}
    keys = [
        [
            numbers.setdefault(_key(story.run, message), len(numbers))
            for message in messages
        ]
        for story, messages in ((a, left), (b, right))
    ]

    def pair(i: int, j: int) -> float:
        same = _like(left[i]) == _like(right[j])
        return 0.5 if same else NEVER

    costs = Costs(pair, [0.5] * len(left), [0.5] * len(right))
    origin_a, origin_b = _origins(a.run, at_a), _origins(b.run, at_b)
    found: list[Seen] = []
    for i, j in align(keys[0], keys[1], costs):
        one = left[i] if i is not None else None
        other = right[j] if j is not None else None
        message = one or other
        assert message is not None
        changes: tuple[Change, ...] = ()
        if one is None or other is None:
            how: str = "only_b" if one is None else "only_a"
        else:
            tool = message.name if message.kind in ("result", "call") else ""
            changes = payloads.changes(one.content, other.content, tool or "")
            counts = any(change.how != "masked" for change in changes)
            how = "changed" if counts else "masked" if changes else "same"
        role, kind, name = _like(message)
        found.append(
            Seen(
                how,  # type: ignore[arg-type]
                role,
                kind,
                name or None,
                None if i is None else i + 1,
                None if j is None else j + 1,
                origin_a(one) if one is not None else None,
                origin_b(other) if other is not None else None,
                one.content if one is not None else None,
                other.content if other is not None else None,
                changes,
            )
        )
    bases = a.contexts[at_a].basis, b.contexts[at_b].basis
    return WindowDiff(at_a, at_b, *bases, tuple(found))


def _like(message: Message) -> tuple[str, str, str]:
    """Role, kind and name, whatever words a format has for them."""
    role = _ROLES.get(message.role, message.role)
    if message.kind == "result":
        role = "tool"
    elif message.kind in ("call", "reasoning"):
        role = "assistant"
    return role, message.kind, message.name or ""


def _key(run: Run, message: Message) -> object:
    raw = None if message.content is None else run.contents.raw(message.content)
    return (*_like(message), raw)


def _origins(run: Run, before: int) -> Callable[[Message], int | None]:
    """Tells which step, at or before a position, a message came from."""
    done: dict[str, int] = {}
    said: dict[int, int] = {}
    asked: dict[str, int] = {}
    for step in run.steps[:before]:
        if step.call_id is not None and step.kind != "model":
            done[step.call_id] = step.position
        for call in step.calls:
            asked[call.id or ""] = step.position
        content = step.output
        if content is None and step.kind in ("user", "system"):
            content = step.input
        if content is not None:
            said.setdefault(content, step.position)

    def origin(message: Message) -> int | None:
        if message.call_id is not None and message.kind == "result":
            return done.get(message.call_id)
        if message.call_id is not None and message.kind == "call":
            return asked.get(message.call_id)
        return None if message.content is None else said.get(message.content)

    return origin
