"""Finds where each value of a call, of the answer and of a decision came from.

A value came from the earliest place that holds it and was in view when it was used.
All of this is inferred: that it stood there does not prove it was taken from there.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from whypath.derive.origins.asking import Asked, Of, gather
from whypath.derive.origins.index import FormIndex, Key, Spot
from whypath.derive.origins.places import (
    LAST,
    Elsewhere,
    Offered,
    Place,
    Placer,
    offered,
)
from whypath.derive.origins.view import Views, Window, contents_of
from whypath.derive.values import Span
from whypath.model import Context, Run

__all__ = ["Origin", "Place", "find_origins"]

MAX_VALUE = 1_000
_KNOWN = 20_000

OriginVerdict = Literal["found", "part", "normalised", "composed", "missing", "unknown"]


class Origin(NamedTuple):
    """A value that a step used, and where it came from.

    `of` tells what the value is part of: the step's input (`arguments`), the run's
    `answer`, or a decision's `evidence`, of which `name` is the name. `path` is the
    JSON path in it, and `span` where in the text there, None for the whole text. Of a
    long `value` only the first `MAX_VALUE` characters are kept.

    `verdict` is `found`: the whole text or number there is the value. `part`: it stands
    in a longer text, or a telling part of it does. `normalised`: in another case, with
    other separators, another form of the number or date. `composed`: a text of several
    words, or code, that is nowhere as a whole: the model wrote it. `missing`: not in
    what the model saw, as far as that is recorded. `unknown`: what it saw is not
    recorded, or too large to be read to its end.

    `source` is the earliest place in view, `copies` are the later ones, in order. Of a
    value without a source, not of a text the model wrote, `elsewhere` is the earliest
    place in the run before its use that was not in view: evicted, of another thread,
    the state, the model's reasoning.
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


class _Unsourced(NamedTuple):
    """What was not in view; `is_blind`: not all that was in view is known."""

    asked: Asked
    is_blind: bool


def find_origins(
    run: Run, contexts: Mapping[int, Context]
) -> dict[int, tuple[Origin, ...]]:
    """Position of a step -> the origins of the values it used, in order.

    Steps are calls of tools, decisions with evidence, and the model call that answered.
    """
    views = Views(run, contexts)
    wanted, asked = gather(run, views)
    index = FormIndex(run.contents, wanted)
    index.read((*contents_of(views.all), *offered(run)))
    elsewhere = Elsewhere(run, index)
    answers = _Answers(run, views, index, elsewhere)
    answers.walk(asked)
    return answers.in_order()


class _Answers:
    """Walks the views and answers what was asked in each."""

    def __init__(
        self, run: Run, views: Views, index: FormIndex, elsewhere: Elsewhere
    ) -> None:
        self._views = views
        self._index = index
        self._window = Window(views, index)
        self._placer = Placer(run, self._window.seen)
        self._sources: dict[tuple[int, Key, str], tuple[Place, Spot]] = {}
        self._offered = Offered(run, views, index)
        self._elsewhere = elsewhere
        self._found: dict[int, list[Origin | _Unsourced]] = {}

    def walk(self, asked: dict[int, list[Asked]]) -> None:
        """Answers all that was asked, in the order of the views, and drops it."""
        window = self._window
        last_asked = self._last_asked(asked)
        for view, move in self._views.walk():
            if move == "leave":
                window.leave()
                continue
            window.enter(view, to_stay=move == "stay")
            for question in asked.pop(view, ()):
                origin: Origin | _Unsourced | None
                origin = self._origin(view, question)
                if origin is None and not _is_idle(question):
                    if question.keys.value.nature != "free":
                        self._elsewhere.want(question.keys.same)
                    is_blind = self._views.is_empty(view) or window.is_cut()
                    origin = _Unsourced(question, is_blind)
                if origin is not None:
                    self._found.setdefault(question.step, []).append(origin)
            window.forget(last_asked.get(view, ()))

    def _last_asked(self, asked: Mapping[int, Sequence[Asked]]) -> dict[int, list[Key]]:
        """View -> the forms that are asked for there and in no later one."""
        order = (view for view, move in self._views.walk() if move != "leave")
        last = {
            key: view
            for view in order
            for question in asked.get(view, ())
            for keys in question.keys[1:]
            for key in keys
        }
        found: dict[int, list[Key]] = {}
        for key, view in last.items():
            found.setdefault(view, []).append(key)
        return found

    def _origin(self, view: int, asked: Asked) -> Origin | None:
        value, same, weak, lines = asked.keys
        window = self._window
        key, places = window.places(same)
        if places:
            return self._sourced(asked, key, places, False)
        offered = self._offered.source(view, same, value.text)
        if offered is not None:
            return _told(asked, _verdict(offered[1]), offered[0])
        key, places = window.places(weak)
        if places:
            return self._sourced(asked, key, places, True)
        offered = self._offered.source(view, weak, "")
        if offered is not None:
            return _told(asked, "part", offered[0])
        if lines:
            each = [window.places((line,)) for line in lines]
            if all(places for _, places in each):
                return self._sourced(asked, *each[0], True)
        return None

    def _sourced(
        self, asked: Asked, key: Key, places: tuple[int, ...], is_weak: bool
    ) -> Origin:
        text = "" if is_weak else asked.keys.value.text
        source, spot = self._source(places[0], key, text, asked.step)
        verdict = "part" if is_weak else _verdict(spot)
        copies = self._placer.copies(places[1:], asked.step)
        return _told(asked, verdict, source, copies)

    def _source(
        self, message: int, key: Key, text: str, before: int
    ) -> tuple[Place, Spot]:
        """The place of a value, and how it is written there; equal places are one."""
        known = self._sources.get((message, key, text))
        if known is None:
            if len(self._sources) >= _KNOWN:
                self._sources.clear()
            place = self._placer.place(message, LAST)
            spot = self._index.spot(place.content, key, text)
            known = place._replace(path=spot.path, span=spot.span), spot
            self._sources[message, key, text] = known
        if known[0].step is not None and known[0].step >= before:
            return known[0]._replace(step=None), known[1]
        return known

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


def _is_idle(asked: Asked) -> bool:
    """True for what does not count where it is not found: the answer as a whole."""
    value = asked.keys.value
    return value.nature == "hint" or (asked.of == "answer" and value.nature == "free")


def _told(
    asked: Asked,
    verdict: OriginVerdict,
    source: Place | None = None,
    copies: tuple[Place, ...] = (),
    elsewhere: Place | None = None,
) -> Origin:
    path, span, text, _ = asked.keys.value
    text = text[:MAX_VALUE]
    return Origin(
        asked.of, asked.name, path, span, text, verdict, source, copies, elsewhere
    )
