"""Keeps the rows of one Langfuse trace together, and says what they say as a whole.

Part of the `langfuse` reader: the trace's own row, its observations, its scores.
"""

import re
from typing import Any

from whypath.readers.langchain_messages import final_in, task_in, unwrap
from whypath.readers.span_notes import Note
from whypath.readers.span_values import as_text
from whypath.readers.spans import as_number

Fields = dict[str, Any]

_TRACE_LABELS = ("environment", "release", "version")
_PLAIN = ("default", "")
_SUCCESS = re.compile(r"correct|accura|success|resolved|reward|passed", re.IGNORECASE)


class Trace:
    """One trace: its own row, where there is one, and its observations by id."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.row: Fields = {}
        self.place: tuple[str, int | None] = ("", None)
        self.observations: dict[str, tuple[Fields, str, int | None]] = {}
        self.scores: dict[str, Fields] = {}

    def add(self, observation: Fields, file: str, line: int | None) -> None:
        """Takes in an observation; of two with one id, the one that says more."""
        id = as_text(observation.get("id")) or f"{self.id}/{len(self.observations)}"
        known = self.observations.get(id)
        if known is None or len(known[0]) < len(observation):
            self.observations[id] = (observation, file, line)

    def root(self) -> str | None:
        """The id of the outermost span: the only one without a parent, else the trace.

        None where the trace has no row and several observations without a parent.
        """
        ids = self.observations
        tops = [
            id
            for id, (fields, *_) in ids.items()
            if parent_of(fields) in (None, self.id)
        ]
        if len(tops) == 1:
            return tops[0]
        return self.id if self.row else None


def note_of(trace: Trace) -> Note | None:
    """What the trace says of itself as a whole."""
    root = trace.root()
    if root is None:
        return None
    row = dict(trace.row)
    asked, said = unwrap(row.get("input")), unwrap(row.get("output"))
    if root in trace.observations:
        fields = trace.observations[root][0]
        asked = unwrap(fields.get("input")) if asked is None else asked
        said = unwrap(fields.get("output")) if said is None else said
    labels = {
        name: text
        for name in _TRACE_LABELS
        if (text := as_text(row.get(name))) and text not in _PLAIN
    }
    scores = [s for s in trace.scores.values() if is_of_trace(s)]
    for score in scores:
        labels[f"score {score.get('name')}"] = _value(score)
    main = [s for s in scores if _SUCCESS.search(str(s.get("name")))]
    one = main[0] if len(main) == 1 else {}
    return Note(
        root,
        task_in(asked),
        final_in(said),
        as_number(one.get("value")),
        _reason(one),
        labels,
    )


def parent_of(fields: Fields) -> str | None:
    """The id of the observation around this one."""
    return as_text(fields.get("parentObservationId"))


def is_of_trace(score: Fields) -> bool:
    """True for a score of the whole trace, not of one observation."""
    return not as_text(score.get("observationId"))


def _value(score: Fields) -> str:
    """A score in words: a category by its name."""
    value = as_text(score.get("stringValue"))
    number = as_number(score.get("value"))
    if value is not None or number is None:
        return value or str(score.get("value"))
    return f"{number:g}"


def _reason(score: Fields) -> str | None:
    return as_text(score.get("comment"))


def evaluation(score: Fields) -> Fields:
    """A score in the words of the evaluation events that spans have."""
    told = {
        "gen_ai.evaluation.name": score.get("name"),
        "gen_ai.evaluation.score.value": score.get("value"),
        "gen_ai.evaluation.score.label": score.get("stringValue"),
        "gen_ai.evaluation.explanation": score.get("comment"),
        "correction": score.get("longStringValue"),
        "source": score.get("source"),
        "timestamp": score.get("timestamp"),
    }
    return {key: value for key, value in told.items() if value not in (None, "")}
