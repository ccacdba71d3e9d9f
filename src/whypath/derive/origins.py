"""Finds where each value of a call, of the answer and of a decision came from.

A value came from the earliest place that holds it and was in view when it was used.
All of this is inferred: that it stood there does not prove it was taken from there.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from whypath.derive.origin_index import FormIndex, Key, Spot
from whypath.derive.origin_places import Elsewhere, Offered, Place, Placer, recorded
from whypath.derive.origin_windows import Views, Window, contents_of
from whypath.derive.value_forms import Form, forms_of
from whypath.derive.values import Span, Value, values_of
from whypath.model import Context, Run

__all__ = ["Origin", "Place", "find_origins"]

OriginVerdict = Literal["found", "part", "normalised", "composed", "missing", "unknown"]
Of = Literal["arguments", "answer", "evidence"]

_ACTS = ("tool", "retrieval", "agent")


class Origin(NamedTuple):
    """A value that a step used, and where it came from.

    `of` tells what the value is part of: the step's input (`arguments`), the run's
    `answer`, or a decision's `evidence`, of which `name` is the name. `path` is the
    JSON path in it, and `span` where in the text there, None for the whole text.

    `verdict` is `found`: the whole text or number there is the value. `part`: it stands
    in a longer text, or a telling part of it does. `normalised`: in another case, with
    other separators, another form of the number or date. `composed`: a text of several
    words, or code, that is nowhere as a whole: the model wrote it. `missing`: not in
    what the model saw, as far as that is recorded. `unknown`: what it saw is not
    recorded, or too large to be read to its end.

    `source` is the earliest place in view, `copies` are the later ones, in order. Of a
    value without a source, `elsewhere` is the earliest place in the run before its use
    that was not in view: evicted, of another thread, the state, the model's reasoning.
    """

    of: Of
    name: str | None
    path: str
    span: Span | None
    value: str
    verdict: OriginVerdict
    source: Place | None = None
    copies: tuple[Place, ...] = ()
    elsewhere: Place | None = None


class _Keys(NamedTuple):
    """A value and the numbers of its forms."""

    value: Value
    same: tuple[Key, ...]
    weak: tuple[Key, ...]
    lines: tuple[Key, ...]


class _Asked(NamedTuple):
    """A value that a step used. `own` is the content it stands in."""

    step: int
    of: Of
    name: str | None
    own: int
    keys: _Keys


class _Unsourced(NamedTuple):
    """What was not in view; `is_blind`: not all that was in view is known."""

    asked: _Asked
    is_blind: bool


def find_origins(
    run: Run, contexts: Mapping[int, Context]
) -> dict[int, tuple[Origin, ...]]:
    """Position of a step -> the origins of the values it used, in order.

    Steps are calls of tools, decisions with evidence, and the model call that answered.
    """
    views = Views(run, contexts)
    asking = _Asking(run, views)
    index = FormIndex(run.contents, tuple(asking.forms))
    index.read((*contents_of(views.all), *recorded(run)))
    elsewhere = Elsewhere(run, index)
    answers = _Answers(run, views, index, elsewhere)
    answers.walk(asking.asked)
    return answers.in_order()


class _Asking:
    """Gathers the values that steps used, by the view they were used in."""

    def __init__(self, run: Run, views: Views) -> None:
        self.forms: dict[Form, Key] = {}
        self.asked: dict[int, list[_Asked]] = {}
        self._contents = run.contents
        self._known: dict[int, tuple[_Keys, ...]] = {}
        for step in run.steps:
            view = views.of.get(step.position)
            if view is None:
                continue
            acts = step.kind in _ACTS or (step.kind == "handoff" and step.call_id)
            if acts and step.input is not None:
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
        asked.extend(_Asked(step, of, name, own, keys) for keys in self._values(own))

    def _values(self, content: int) -> tuple[_Keys, ...]:
        known = self._known.get(content)
        if known is None:
            values = values_of(self._contents.value(content))
            found = (self._keys(value) for value in values)
            known = tuple(keys for keys in found if keys.same or keys.lines)
            self._known[content] = known
        return known

    def _keys(self, value: Value) -> _Keys:
        forms = self.forms
        same, weak, lines = (
            tuple(forms.setdefault(form, len(forms)) for form in some)
            for some in forms_of(value)
        )
        return _Keys(value, same, weak, lines)


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


class _Answers:
    """Walks the views and answers what was asked in each."""

    def __init__(
        self, run: Run, views: Views, index: FormIndex, elsewhere: Elsewhere
    ) -> None:
        self._views = views
        self._index = index
        self._window = Window(views, index)
        self._placer = Placer(run, views, index)
        self._offered = Offered(run, views, index)
        self._elsewhere = elsewhere
        self._found: dict[int, list[Origin | _Unsourced]] = {}

    def walk(self, asked: Mapping[int, Sequence[_Asked]]) -> None:
        """Answers everything that was asked, in the order of the views."""
        window = self._window
        for view, is_new in self._views.walk():
            if not is_new:
                window.leave()
                continue
            window.enter(view)
            for question in asked.get(view, ()):
                origin: Origin | _Unsourced | None
                origin = self._origin(view, question)
                if origin is None and not _is_idle(question):
                    self._elsewhere.want(question.keys.same)
                    is_blind = self._views.is_empty(view) or window.is_cut()
                    origin = _Unsourced(question, is_blind)
                if origin is not None:
                    self._found.setdefault(question.step, []).append(origin)

    def _origin(self, view: int, asked: _Asked) -> Origin | None:
        value, same, weak, lines = asked.keys
        window = self._window
        places = window.places(same)
        if places:
            return self._sourced(asked, places, False)
        offered = self._offered.source(view, same, value.text)
        if offered is not None:
            return _told(asked, _verdict(offered[1]), offered[0])
        places = window.places(weak)
        if places:
            return self._sourced(asked, places, True)
        if lines:
            each = [window.places((line,)) for line in lines]
            if all(each):
                return self._sourced(asked, each[0], True)
        return None

    def _sourced(
        self, asked: _Asked, places: list[tuple[int, Key]], is_weak: bool
    ) -> Origin:
        value = asked.keys.value
        text = "" if is_weak else value.text
        all_seen = self._window.seen
        (here, key), *later = places
        source, spot = self._placer.source(all_seen[here], key, text, asked.step)
        verdict = "part" if is_weak else _verdict(spot)
        place = self._placer.place
        copies = tuple(place(all_seen[here], asked.step) for here, _ in later)
        return _told(asked, verdict, source, copies)

    def in_order(self) -> dict[int, tuple[Origin, ...]]:
        """What was found, by step; what was not is looked for outside the window."""
        self._elsewhere.look()
        return {
            step: tuple(
                one if isinstance(one, Origin) else self._without(one) for one in all_
            )
            for step, all_ in sorted(self._found.items())
        }

    def _without(self, unsourced: _Unsourced) -> Origin:
        asked, is_blind = unsourced
        value, same, *_ = asked.keys
        own = asked.own if asked.of == "answer" else None
        elsewhere = self._elsewhere.place(same, asked.step, own, value.text)
        if is_blind or self._index.is_spent:
            verdict: OriginVerdict = "unknown"
        else:
            verdict = "missing" if value.nature == "atom" else "composed"
        return _told(asked, verdict, elsewhere=elsewhere)


def _verdict(spot: Spot) -> OriginVerdict:
    if not spot.exact:
        return "normalised"
    return "found" if spot.whole else "part"


def _is_idle(asked: _Asked) -> bool:
    """True for what does not count where it is not found: the answer as a whole."""
    value = asked.keys.value
    return value.nature == "hint" or (asked.of == "answer" and value.nature == "free")


def _told(
    asked: _Asked,
    verdict: OriginVerdict,
    source: Place | None = None,
    copies: tuple[Place, ...] = (),
    elsewhere: Place | None = None,
) -> Origin:
    path, span, text, _ = asked.keys.value
    return Origin(
        asked.of, asked.name, path, span, text, verdict, source, copies, elsewhere
    )
