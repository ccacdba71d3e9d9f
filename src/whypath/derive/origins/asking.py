"""Gathers the values that steps used, each with the forms in which it may be found."""

from typing import Literal, NamedTuple

from whypath.derive.origins.forms import forms_of
from whypath.derive.origins.index import Key, Wanted
from whypath.derive.origins.view import Views
from whypath.derive.values import Nature, Value, values_of
from whypath.model import Run, Step

Of = Literal["arguments", "answer", "evidence"]

_ACTS = ("tool", "retrieval", "agent")
MAX_STEPS = 30_000
"""The values of so many steps are followed, the last ones: each takes memory."""


class Keys(NamedTuple):
    """A value and the numbers of its forms."""

    value: Value
    same: tuple[Key, ...]
    weak: tuple[Key, ...]
    lines: tuple[Key, ...]


class Asked(NamedTuple):
    """A value that a step used. `own` is the content it stands in."""

    step: int
    of: Of
    name: str | None
    own: int
    keys: Keys


def gather(run: Run, views: Views) -> tuple[Wanted, dict[int, list[Asked]]]:
    """The forms to look for, and what was asked for at each view."""
    asking = _Asking(run, views)
    return asking.wanted, asking.asked


def followed_from(run: Run) -> int:
    """The first step whose values are followed: 1, or later in a huge run."""
    using = [step.position for step in run.steps if _acts(step) or step.decision]
    return using[-MAX_STEPS] if len(using) > MAX_STEPS else 1


def _acts(step: Step) -> bool:
    return step.kind in _ACTS or (step.kind == "handoff" and step.call_id is not None)


class _Asking:
    """Gathers the values that steps used, by the view they were used in."""

    def __init__(self, run: Run, views: Views) -> None:
        self.wanted = Wanted()
        self.asked: dict[int, list[Asked]] = {}
        self._contents = run.contents
        self._known: dict[int, tuple[Keys, ...]] = {}
        self._keys_of: dict[tuple[str, Nature], tuple[tuple[Key, ...], ...]] = {}
        for step in run.steps[followed_from(run) - 1 :]:
            view = views.of.get(step.position)
            if view is None:
                continue
            if _acts(step) and step.input is not None:
                self._ask(view, step.position, "arguments", None, step.input)
            for evidence in step.decision.evidence if step.decision else ():
                if evidence.value is not None:
                    name = evidence.name
                    self._ask(view, step.position, "evidence", name, evidence.value)
        answer = _answer(run, views)
        if answer is not None:
            view, position, content = answer
            self._ask(view, position, "answer", None, content)

    def _ask(self, view: int, step: int, of: Of, name: str | None, own: int) -> None:
        asked = self.asked.setdefault(view, [])
        asked.extend(Asked(step, of, name, own, keys) for keys in self._values(own))

    def _values(self, content: int) -> tuple[Keys, ...]:
        known = self._known.get(content)
        if known is None:
            values = values_of(self._contents.value(content))
            found = (self._keys(value) for value in values)
            known = tuple(keys for keys in found if keys.same or keys.lines)
            self._known[content] = known
        return known

    def _keys(self, value: Value) -> Keys:
        said = (value.text, value.nature)
        known = self._keys_of.get(said)
        if known is None:
            key = self.wanted.key
            known = tuple(tuple(map(key, forms)) for forms in forms_of(value))
            self._keys_of[said] = known
        return Keys(value, *known)


def _answer(run: Run, views: Views) -> tuple[int, int, int] | None:
    """View, step and content of the answer: the run's, else the last words said."""
    said = [s for s in run.steps if s.kind == "model" and s.output is not None]
    recorded = run.outcome.answer if run.outcome else None
    if recorded is not None:
        steps = [s for s in said if s.output == recorded]
        if steps:
            return views.of[steps[-1].position], steps[-1].position, recorded
        last = run.steps[-1]
        return views.now(last.thread, last.position), last.position, recorded
    main = [s for s in said if not s.abandoned]
    least = min((s.depth for s in main), default=0)
    main = [s for s in main if s.depth == least and not s.calls]
    if not main or main[-1].output is None:
        return None
    return views.of[main[-1].position], main[-1].position, main[-1].output
