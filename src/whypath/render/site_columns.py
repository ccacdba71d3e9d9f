"""Packs the rows of a site into columns, for the table in the browser.

A text that repeats is kept once; what is sorted by is a number, and what is shown is
the text that Python wrote. See assets/columns.js.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from whypath.derive.points import Point
from whypath.derive.row import Row
from whypath.render import words
from whypath.render.site_pairs import Paired
from whypath.render.site_rows import label, model, outcome, started


def columns(
    rows: Sequence[Row], points: Sequence[Point], paired: Paired = ()
) -> dict[str, Any]:
    """Plain data: each column has an entry for every row, in the order of `rows`.

    Of the choices, those at `points` are kept, so that their runs can be found. Of
    `paired`, there are the diffs: two rows, and the folder.
    """
    shown = {(point.name, point.by) for point in points if point.by != "agent"}
    return {
        "count": len(rows),
        "diffs": _diffs(rows, paired),
        "key": ["" if row.error else row.key for row in rows],
        "run": [row.run for row in rows],
        "task": _texts(row.task or row.source for row in rows),
        "verdict": _texts(row.error or row.verdict for row in rows),
        "tone": _texts(row.tone for row in rows),
        "outcome": _texts(map(outcome, rows)),
        "status": _texts(row.status for row in rows),
        "agent": _texts(row.agent for row in rows),
        "model": _texts(map(model, rows)),
        "format": _texts(row.format for row in rows),
        "source": _texts(row.source for row in rows),
        "worst": _texts(row.flaws[0].severity if row.flaws else "" for row in rows),
        "labels": _lists([[label(*pair) for pair in row.labels] for row in rows]),
        "findings": _numbers([row.findings or None for row in rows], words.count),
        "rules": _lists([[flaw.rule for flaw in row.flaws] for row in rows]),
        "choices": _lists(
            [
                [
                    f"{choice.point}={choice.chosen}"
                    for choice in row.choices
                    if (choice.point, choice.by) in shown
                ]
                for row in rows
            ]
        ),
        "decisions": _numbers([row.decisions or None for row in rows], words.count),
        "steps": _numbers([row.steps or None for row in rows], words.count),
        "started": _numbers(
            [_scaled(row.start_ns, 10**9) for row in rows],
            lambda seconds: started(seconds * 10**9),
        ),
        "took": _numbers(
            [_scaled(row.duration_ns, 10**6) for row in rows],
            lambda milliseconds: words.duration(milliseconds * 10**6),
        ),
        "tokens": _numbers([row.tokens for row in rows], words.tokens),
        "cost": _numbers(
            [
                None if row.cost_usd is None else round(row.cost_usd * 1e6)
                for row in rows
            ],
            lambda millionths: words.cost(millionths / 1e6),
        ),
    }


def _diffs(rows: Sequence[Row], paired: Paired) -> list[tuple[int, int, str]]:
    """The two rows of each diff, -1 for one that is not listed, and its folder."""
    made = [one for _, one in paired if one is not None and not one.error]
    wanted = {key for one in made for key in (one.a, one.b)}
    at = {row.key: n for n, row in enumerate(rows) if row.key in wanted}
    return [(at.get(one.a, -1), at.get(one.b, -1), one.key) for one in made]


def _scaled(number: int | None, by: int) -> int | None:
    return None if number is None else number // by


def _texts(values: Iterable[str]) -> dict[str, Any]:
    """Each text once, in order, and which one each row has: numbers sort as texts."""
    given = list(values)
    known = sorted(set(given), key=lambda text: (text.lower(), text))
    numbers = {text: number for number, text in enumerate(known)}
    return {"values": known, "at": [numbers[text] for text in given]}


def _lists(values: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The same for several texts a row."""
    known = sorted({text for texts in values for text in texts})
    numbers = {text: number for number, text in enumerate(known)}
    return {"values": known, "at": [[numbers[t] for t in texts] for texts in values]}


def _numbers(
    values: Sequence[int | None], write: Callable[[int], str]
) -> dict[str, Any]:
    """What is sorted by, -1 for nothing, and each text that is shown once."""
    texts: dict[str, int] = {"": 0}
    shown: list[int] = []
    for value in values:
        text = "" if value is None else write(value)
        shown.append(texts.setdefault(text, len(texts)))
    sort = [-1 if value is None else value for value in values]
    return {"sort": sort, "texts": list(texts), "text": shown}
