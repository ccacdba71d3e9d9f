"""Gives turns keys, equal for equal turns, and says what pairing two of them costs.

Two turns are equal when they choose the same, volatile values aside. What came of it is
not looked at: a call that brought back something else is the same call.
"""

from typing import NamedTuple

from whypath.derive.decisions.find import ANSWER
from whypath.derive.diffs.align import NEVER, Costs
from whypath.derive.diffs.leaves import leaves_of
from whypath.derive.diffs.masks import Masks
from whypath.derive.diffs.turns import ACTS, QUIET, Chosen, Lane, Turn, said
from whypath.derive.story import Story

ALONE, QUIET_ALONE = 0.6, 0.05
OTHER_CHOICE = 1.25
"""The same place to choose, another choice: less than two turns on their own."""
ARGUMENTS, WORDS = 0.25, 0.1
"""At least, for changed arguments and for changed words; at most, 0.75 more."""
_WORDS_COUNTED = 400
_SPEAK = ("user", "system", "model")


class _Look(NamedTuple):
    """A turn as it is compared: `parts` are hashes of its leaves, or of its words."""

    group: str
    names: tuple[str, ...]
    parts: frozenset[int]
    chooses: bool


class Keys:
    """Keys and costs for the turns of two stories, worked out when asked for."""

    def __init__(self, a: Story, b: Story, masks: Masks) -> None:
        self._stories = (a, b)
        self._masks = masks
        self._numbers: dict[object, int] = {}
        self._looks: tuple[dict[int, _Look], dict[int, _Look]] = ({}, {})
        self._shared = _shared(a, b)
        self._leaves: dict[bytes, tuple[tuple[str, str], ...]] = {}

    def of(self, side: int, lane: Lane) -> list[int]:
        """A key for each turn of a lane of run `side`, 0 for A and 1 for B."""
        return [self._key(side, turn) for turn in lane]

    def costs(self, a: Lane, b: Lane) -> Costs:
        """What it costs to pair the turns of two lanes, or to leave them alone."""

        def pair(i: int, j: int) -> float:
            return distance(self._look(0, a[i]), self._look(1, b[j]))

        return Costs(pair, list(map(_alone, a)), list(map(_alone, b)))

    def _key(self, side: int, turn: Turn) -> int:
        choice = tuple((one.name, self._arguments(side, one)) for one in turn.called)
        key = (_group(turn), choice, self._said(side, turn))
        return self._numbers.setdefault(key, len(self._numbers))

    def _arguments(self, side: int, one: Chosen) -> object:
        number = one.arguments
        if number is None:
            return ()
        raw = self._stories[side].run.contents.raw(number)
        if raw in self._shared:
            return raw
        return self._masked(side, number)

    def _masked(self, side: int, number: int) -> tuple[tuple[str, str], ...]:
        contents = self._stories[side].run.contents
        raw = contents.raw(number)
        known = self._leaves.get(raw)
        if known is None:
            document = contents.document(number)
            text = self._masks.text
            known = self._leaves[raw] = tuple(
                (path, "" if self._masks.is_ignored(path) else text(leaf))
                for path, leaf in leaves_of(document).items()
            )
        return known

    def _said(self, side: int, turn: Turn) -> str:
        """What was said, where nothing was chosen."""
        story = self._stories[side]
        number = None if turn.choice and turn.kind != "model" else said(story, turn)
        if number is None or (turn.kind == "model" and story.run.step(turn.lead).calls):
            return ""
        contents = story.run.contents
        text = contents.text(number)
        if contents.raw(number) in self._shared or len(text) >= 1 << 16:
            return text
        return self._masks.text(text)

    def _look(self, side: int, turn: Turn) -> _Look:
        looks = self._looks[side]
        look = looks.get(turn.lead)
        if look is None:
            parts: list[object] = []
            for one in turn.called:
                if one.arguments is not None:
                    parts.extend(self._masked(side, one.arguments))
            if not parts:
                parts.extend(self._said(side, turn).split()[:_WORDS_COUNTED])
            names = tuple(one.name for one in turn.called)
            chooses = names not in ((), (ANSWER,))
            hashes = frozenset(map(hash, parts))
            look = looks[turn.lead] = _Look(_group(turn), names, hashes, chooses)
        return look


def distance(a: _Look, b: _Look) -> float:
    """What it costs to take two turns for the same one."""
    if a.group != b.group:
        return NEVER
    if a.names != b.names:
        return OTHER_CHOICE
    if a.parts == b.parts:
        return 0.0
    both = len(a.parts | b.parts)
    apart = 1 - len(a.parts & b.parts) / both
    return (ARGUMENTS if a.chooses else WORDS) + 0.75 * apart


def _group(turn: Turn) -> str:
    """What a turn can be paired with: a call in the program is like one of a model."""
    if turn.kind in ("model", "decision"):
        return turn.kind
    if turn.kind in ACTS:
        return "act"
    return "note" if turn.kind in ("event", "state", "error") else turn.kind


def _alone(turn: Turn) -> float:
    return QUIET_ALONE if turn.kind in QUIET and not turn.decides else ALONE


def _shared(a: Story, b: Story) -> frozenset[bytes]:
    """Arguments and texts, as written, that both runs have: no need to look inside."""
    found = []
    for story in (a, b):
        contents = story.run.contents
        numbers = {
            call.arguments
            for step in story.run.steps
            for call in step.calls
            if call.arguments is not None
        }
        numbers |= {s.input for s in story.run.steps if s.input is not None}
        said = (s.output for s in story.run.steps if s.kind in _SPEAK)
        numbers |= {number for number in said if number is not None}
        found.append({contents.raw(number) for number in numbers})
    return frozenset(found[0] & found[1])
