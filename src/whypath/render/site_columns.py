"""Packs the rows of a site into columns, for the table in the browser.

A text that repeats is kept once; what is sorted by is a number, and what is shown is
the text that Python wrote. See assets/columns.js.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterable
from typing import Any, Protocol

from whypath.derive.sites.groups import Numbers, appended
from whypath.derive.sites.points import Point
from whypath.derive.sites.row import By, Row
from whypath.render import words
from whypath.render.shell import is_odd
from whypath.render.site_pairs import Paired, trace_word
from whypath.render.site_rows import label, model, outcome, started
from whypath.unseen import visible


def columns(
    rows: Iterable[Row], points: Iterable[Point], paired: Paired = ()
) -> dict[str, Any]:
    """Plain data: each column has an entry for every row, in the order of `rows`.

    The rows are gone through once. Of the choices, those at `points` are kept, so that
    their runs can be found. Of `paired`, there are the diffs: two rows, and the folder.
    """
    shown = {(point.name, point.by) for point in points if point.by != "agent"}
    made = [one for _, one in paired if one is not None and not one.error]
    compared = {key for one in made for key in (one.a, one.b)}
    texts, lists, numbers = _texts_of(), _lists_of(shown), _numbers_of()
    kept: dict[str, _Column] = {
        **{name: _Texts(of) for name, of in texts.items()},
        **{name: _Lists(of) for name, of in lists.items()},
        **{name: _Numbers(*of) for name, of in numbers.items()},
    }
    words_of = _Words()
    columns = (*kept.values(), words_of)
    keys: list[str] = []
    runs: list[str] = []
    places: dict[str, int] = {}
    for place, row in enumerate(rows):
        keys.append("" if row.error else row.key)
        runs.append(visible(row.run))
        if row.key in compared:
            places[row.key] = place
        for column in columns:
            column.add(row)
    return {
        "count": len(keys),
        "diffs": [(places.get(o.a, -1), places.get(o.b, -1), o.key) for o in made],
        "key": keys,
        "run": runs,
        "words": words_of.data(),
        **{name: kept[name].data() for name in ORDER},
    }


ORDER = (
    *("task", "verdict", "tone", "outcome", "status", "agent", "model", "format"),
    *("source", "worst", "labels", "findings", "rules", "choices", "decisions"),
    *("steps", "started", "took", "tokens", "cost"),
)


class _Column(Protocol):
    def add(self, row: Row) -> None: ...
    def data(self) -> dict[str, Any]: ...


def _texts_of() -> dict[str, Callable[[Row], str]]:
    return {
        "task": lambda row: row.task or row.source,
        "verdict": lambda row: row.error or row.verdict,
        "tone": lambda row: row.tone,
        "outcome": outcome,
        "status": lambda row: row.status,
        "agent": lambda row: row.agent,
        "model": model,
        "format": lambda row: row.format,
        "source": lambda row: row.source,
        "worst": lambda row: row.flaws[0].severity if row.flaws else "",
    }


def _lists_of(
    points: Container[tuple[str, By]],
) -> dict[str, Callable[[Row], list[str]]]:
    return {
        "labels": lambda row: [label(*pair) for pair in row.labels],
        "rules": lambda row: [flaw.rule for flaw in row.flaws],
        "choices": lambda row: [
            f"{choice.point}={choice.chosen}"
            for choice in row.choices
            if (choice.point, choice.by) in points
        ],
    }


_Number = tuple[Callable[[Row], int | None], Callable[[int], str]]


def _numbers_of() -> dict[str, _Number]:
    return {
        "findings": (lambda row: row.findings or None, words.count),
        "decisions": (lambda row: row.decisions or None, words.count),
        "steps": (lambda row: row.steps or None, words.count),
        "started": (
            lambda row: _scaled(row.start_ns, 10**9),
            lambda seconds: started(seconds * 10**9),
        ),
        "took": (
            lambda row: _scaled(row.duration_ns, 10**6),
            lambda milliseconds: words.duration(milliseconds * 10**6),
        ),
        "tokens": (lambda row: row.tokens, words.tokens),
        "cost": (
            lambda row: None if row.cost_usd is None else round(row.cost_usd * 1e6),
            lambda millionths: words.cost(millionths / 1e6),
        ),
    }


def _scaled(number: int | None, by: int) -> int | None:
    return None if number is None else number // by


class _Texts:
    """Each text once, in order, and which one each row has: numbers sort as texts."""

    def __init__(self, of: Callable[[Row], str]) -> None:
        self._of = of
        self._known: dict[str, int] = {}
        self._at = array("l")

    def add(self, row: Row) -> None:
        text = visible(self._of(row))
        self._at.append(self._known.setdefault(text, len(self._known)))

    def data(self) -> dict[str, Any]:
        known = sorted(self._known, key=lambda text: (text.lower(), text))
        places = _places(self._known, known)
        return {"values": known, "at": [places[at] for at in self._at]}


class _Lists:
    """The same for several texts a row."""

    def __init__(self, of: Callable[[Row], list[str]]) -> None:
        self._of = of
        self._known: dict[str, int] = {}
        self._at: list[array[int]] = []

    def add(self, row: Row) -> None:
        known = self._known
        texts = (known.setdefault(visible(text), len(known)) for text in self._of(row))
        self._at.append(array("l", texts))

    def data(self) -> dict[str, Any]:
        known = sorted(self._known)
        places = _places(self._known, known)
        return {"values": known, "at": [[places[n] for n in at] for at in self._at]}


class _Words:
    """Names for a shell that the page cannot make of what it shows, by their rows."""

    def __init__(self) -> None:
        self._count = 0
        self._sources: Counter[str] = Counter()
        self._odd: dict[int, Row] = {}

    def add(self, row: Row) -> None:
        if is_odd(row.source) or is_odd(row.run):
            self._odd[self._count] = row
        self._sources[row.source] += 1
        self._count += 1

    def data(self) -> dict[str, Any]:
        return {
            str(at): trace_word(row, self._sources[row.source] == 1)
            for at, row in self._odd.items()
        }


def _places(known: dict[str, int], order: list[str]) -> "array[int]":
    """Of each number that was given, where its text came to stand."""
    places = array("l", bytes(array("l").itemsize * len(order)))
    for place, text in enumerate(order):
        places[known[text]] = place
    return places


class _Numbers:
    """What is sorted by, -1 for nothing, and each text that is shown once."""

    def __init__(
        self, of: Callable[[Row], int | None], write: Callable[[int], str]
    ) -> None:
        self._of, self._write = of, write
        self._sort: Numbers = array("q")
        self._texts: dict[str, int] = {"": 0}
        self._text = array("l")

    def add(self, row: Row) -> None:
        number = self._of(row)
        text = "" if number is None else self._write(number)
        self._sort = appended(self._sort, -1 if number is None else number)
        self._text.append(self._texts.setdefault(text, len(self._texts)))

    def data(self) -> dict[str, Any]:
        texts = list(self._texts)
        return {"sort": list(self._sort), "texts": texts, "text": list(self._text)}
