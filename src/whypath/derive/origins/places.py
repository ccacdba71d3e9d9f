"""Says which step a message of a window came from, and where in it a value stands."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from whypath.derive.origins.index import FormIndex, Key, Spot
from whypath.derive.origins.view import Seen, Views
from whypath.derive.values import Span
from whypath.model import Message, Run, Step, Tool

_ROLES = {"result": "tool", "call": "assistant"}
"""Some providers have the user bring what tools gave."""
_BITS = 32
_POSITION = (1 << _BITS) - 1
LAST = 1 << 60
"""A position after every step."""


class Place(NamedTuple):
    """Where a value stands: JSON path and character span in a content.

    `step` is the step that the content came from; None: not known. `message` counts
    from 1 in the window at the step `window`; both are None outside of windows. `role`
    is who said it: `system`, `user`, `tool`, or `assistant` for the model itself; or
    `state` or `reasoning`, which were in no window; or `tools`, the definition of a
    tool that was offered.

    `path` and `span` are told of sources, not of copies; a text's path is `$`.
    """

    step: int | None
    content: int
    path: str | None
    span: Span | None
    role: str
    window: int | None = None
    message: int | None = None


class Placer:
    """Turns messages into places; knows which step each content came from."""

    def __init__(self, run: Run, seen: Callable[[int], Seen]) -> None:
        self._run = run
        self._seen = seen
        self._places: dict[int, Place] = {}
        self._copies: dict[tuple[int, ...], tuple[int, tuple[Place, ...]]] = {}
        self._done_at: dict[str, int] = {}
        self._asked_at: dict[str, int] = {}
        for step in run.steps:
            if step.call_id is not None and step.kind != "model":
                self._done_at.setdefault(step.call_id, step.position)
            for call in step.calls:
                if call.id is not None:
                    self._asked_at.setdefault(call.id, step.position)
        said = (
            _said(content, step.position)
            for step in run.steps
            for content in _says(step)
        )
        self._said = array("Q", sorted(said))

    def copies(self, messages: tuple[int, ...], before: int) -> tuple[Place, ...]:
        """The places of messages; equal tuples are one."""
        known = self._copies.get(messages)
        if known is None:
            places = tuple(self.place(message, LAST) for message in messages)
            latest = max((place.step or 0 for place in places), default=0)
            known = self._copies[messages] = latest, places
        if known[0] < before:
            return known[1]
        return tuple(self.place(message, before) for message in messages)

    def place(self, message: int, before: int) -> Place:
        """The place of a message, of a step before the position `before`."""
        place = self._places.get(message)
        if place is None:
            place = self._places[message] = self._place(self._seen(message))
        if place.step is not None and place.step >= before:
            return place._replace(step=None)  # one that happened later, and is alike
        return place

    def _place(self, seen: Seen) -> Place:
        at, number, message = seen
        assert message.content is not None
        step = self._origin(message, message.content, at)
        role = _ROLES.get(message.kind, message.role)
        return Place(step, message.content, None, None, role, at, number)

    def _origin(self, message: Message, content: int, at: int) -> int | None:
        call_id = message.call_id
        if call_id is not None and message.kind == "result":
            step = self._done_at.get(call_id)
            if step is not None:
                return step
        if call_id is not None and message.kind == "call":
            step = self._asked_at.get(call_id)
            if step is not None and content in _says(self._run.step(step)):
                return step
        return self._last_said(content, at)

    def _last_said(self, content: int, before: int) -> int | None:
        """The last step before another one that said the content."""
        number = bisect_left(self._said, _said(content, before)) - 1
        if number < 0 or self._said[number] >> _BITS != content:
            return None
        return self._said[number] & _POSITION


def _said(content: int, position: int) -> int:
    """A content and a step that said it as one number: there are a million."""
    return content << _BITS | position


def _says(step: Step) -> Iterator[int]:
    """What a step left for others to see: what was said, and the calls."""
    said = step.output
    if said is None and step.kind in ("user", "system"):
        said = step.input
    if said is not None:
        yield said
    for call in step.calls:
        if call.arguments is not None:
            yield call.arguments


class Offered:
    """Finds values in the definitions of the tools that a model call was offered."""

    def __init__(self, run: Run, views: Views, index: FormIndex) -> None:
        self._run = run
        self._views = views
        self._index = index
        self._held: dict[tuple[Tool, ...], dict[Key, int]] = {}

    def source(
        self, view: int, keys: Sequence[Key], text: str
    ) -> tuple[Place, Spot] | None:
        """The first definition that holds one of the forms, and how it stands there."""
        at = self._views.all[view].at
        step = self._run.step(at)
        if not step.tools or step.kind != "model":
            return None
        held = self._held.get(step.tools)
        if held is None:
            held = self._held[step.tools] = self._hold(step.tools)
        for key in keys:
            content = held.get(key)
            if content is not None:
                spot = self._index.spot(content, key, text)
                return Place(None, content, spot.path, spot.span, "tools", at), spot
        return None

    def _hold(self, tools: tuple[Tool, ...]) -> dict[Key, int]:
        held: dict[Key, int] = {}
        for tool in tools:
            if tool.definition is not None:
                for key in self._index.keys(tool.definition):
                    if self._index.holds(tool.definition, key):
                        held.setdefault(key, tool.definition)
        return held


class Elsewhere:
    """The first place in the run of each form that was not in view when wanted."""

    def __init__(self, run: Run, index: FormIndex) -> None:
        self._run = run
        self._index = index
        self._wanted: set[Key] = set()
        self._first: dict[Key, tuple[int, int, str]] = {}

    def want(self, keys: Sequence[Key]) -> None:
        """Has the forms looked for."""
        self._wanted.update(keys)

    def look(self) -> None:
        """Goes through what every step recorded, as far as something is wanted."""
        left = set(self._wanted)
        if not left:
            return
        self._index.narrow(left)
        self._index.read(c for step in self._run.steps for c, _ in _recorded(step))
        for step in self._run.steps:
            for content, role in _recorded(step):
                for key in left.intersection(self._index.keys(content)):
                    if self._index.holds(content, key):
                        left.discard(key)
                        self._first[key] = (step.position, content, role)

    def place(
        self, keys: Sequence[Key], before: int, own: int | None, text: str
    ) -> Place | None:
        """The earliest place of any of the forms before a step, not in its `own`."""
        found = [(self._first[key], key) for key in keys if key in self._first]
        for (step, content, role), key in sorted(found):
            is_before = step < before or (step == before and role == "reasoning")
            if content != own and is_before:
                spot = self._index.spot(content, key, text)
                return Place(step, content, spot.path, spot.span, role)
        return None


def _recorded(step: Step) -> Iterator[tuple[int, str]]:
    """What a step recorded, and as what; the arguments of calls are no source."""
    if step.reasoning is not None:
        yield step.reasoning, "reasoning"
    if step.kind in ("user", "system") and step.input is not None:
        yield step.input, step.kind
    if step.output is not None:
        role = {"model": "assistant"}.get(step.kind, step.kind)
        yield step.output, role
    for change in step.state:
        if change.value is not None:
            yield change.value, "state"


def offered(run: Run) -> Iterator[int]:
    """The definitions of all tools that were offered."""
    toolsets = dict.fromkeys(step.tools for step in run.steps if step.tools)
    for tools in toolsets:
        yield from (t.definition for t in tools if t.definition is not None)
