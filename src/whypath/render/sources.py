"""Says in words where a step's values came from, and who used what it gave.

Rows of text and numbers for the page and the terminal; no HTML here.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from whypath.derive.causes import How
from whypath.derive.origins.chains import Use
from whypath.derive.origins.origin import Origin
from whypath.derive.origins.places import Place
from whypath.derive.story import Story

SHOWN = 120
COPIES = 3
PATHS = 6
USERS = 40

MISSING = "not found in what the model saw"
MISSING_BEFORE = "not found in what came before"

_TONES = {
    "found": "ok",
    "part": "ok",
    "normalised": "ok",
    "composed": "",
    "missing": "warn",
    "unknown": "",
}
_WORDS = {
    "found": "found",
    "part": "in a longer text",
    "normalised": "in another form",
    "composed": "put together by the model",
    "unknown": "what the model saw is not recorded",
}
_ROLES = {
    "user": "the user’s message",
    "system": "the system message",
    "assistant": "the model’s own words",
    "tool": "the result",
    "state": "the agent’s state",
    "reasoning": "the model’s reasoning",
    "tools": "the definition of a tool on offer",
}
HOWS: Mapping[How, str] = {
    "decided": "decided on",
    "called": "asked for",
    "value": "gave a value to",
    "cited": "is cited by",
    "before": "was decided right before",
    "asked": "gave a value to the calls of",
    "read": "was read last by",
}
"""`step 4` … `step 9`: what stands between them."""


class SourcePart(NamedTuple):
    """A place in words. `step` may be linked to; `path` is in that step's content."""

    step: int | None
    words: str
    path: str | None


class ValuePart(NamedTuple):
    """A value that a step used, and where it came from.

    `name` is what the value is called, `path` where it stands in the step's input.
    `tone` is empty where the verdict tells little.
    """

    name: str
    path: str
    value: str
    verdict: str
    tone: str
    words: str
    source: SourcePart | None
    again: tuple[int, ...]
    elsewhere: SourcePart | None


class UsePart(NamedTuple):
    """A later step that used values of this one: (path here, name there) of each."""

    step: int
    names: tuple[tuple[str, str], ...]
    more: int


def values_of(story: Story, position: int) -> list[ValuePart]:
    """The values that a step used: what was not found first, the model's words last."""
    origins = story.origins.get(position, ())
    words = MISSING if position in story.seen_at else MISSING_BEFORE
    values = [_value(origin, words) for origin in origins]
    return sorted(values, key=lambda part: _ORDER[part.verdict])


_ORDER = {"missing": 0, "unknown": 1, "composed": 3} | dict.fromkeys(
    ("found", "part", "normalised"), 2
)


def _value(origin: Origin, missing: str) -> ValuePart:
    of, name, path, _, value, verdict, source, copies, elsewhere = origin
    own = source is not None and source.role == "assistant"
    text = value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
    words = missing if verdict == "missing" else _WORDS[verdict]
    again = dict.fromkeys(copy.step for copy in copies if copy.step is not None)
    return ValuePart(
        name or ("answer" if of == "answer" and path == "$" else path),
        path,
        " ".join(text.split()),
        verdict,
        "" if own or _is_slight(value) else _TONES[verdict],
        "first said by the model itself" if own else words,
        place(source) if source is not None else None,
        tuple(again)[:COPIES],
        place(elsewhere) if elsewhere is not None else None,
    )


def _is_slight(value: str) -> bool:
    """True for a number of one or two digits: it can easily be there by chance."""
    return len(value) <= 2 and value.isdecimal()


def place(where: Place) -> SourcePart:
    """A place in words: `the result`, `message 3 (user) of the window`."""
    words = _ROLES.get(where.role, where.role)
    if where.step is None and where.message is not None:
        words = f"message {where.message} ({where.role}) of the window"
        return SourcePart(where.window, words, None)
    path = where.path if where.path != "$" else None
    return SourcePart(where.step, words, path)


def uses_of(uses: Sequence[Use]) -> tuple[list[UsePart], int]:
    """The steps that used values of a step, and how many more there are."""
    by_step: dict[int, list[tuple[str, str]]] = {}
    for step, origin in uses:
        here = origin.source.path if origin.source is not None else None
        there = origin.name or (origin.path if origin.of != "answer" else "answer")
        by_step.setdefault(step, []).append((here or "", there))
    parts = []
    for step, pairs in list(by_step.items())[:USERS]:
        names = list(dict.fromkeys(pairs))
        parts.append(UsePart(step, tuple(names[:PATHS]), max(0, len(names) - PATHS)))
    return parts, max(0, len(by_step) - USERS)
