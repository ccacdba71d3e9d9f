"""Tells what a tracer records of a whole trace beside its spans: task, answer, scores.

For readers of span trees, and not a reader itself. Runs are made of spans when every
file is read; what is told here is added to them after that.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from whypath.builder import Builder, RunDraft
from whypath.model import Outcome
from whypath.readers.payloads import Payloads


class Note(NamedTuple):
    """What is known of the trace whose outermost span has this id."""

    span_id: str
    task: str | None = None
    answer: Any = None
    score: float | None = None
    reason: str | None = None
    labels: dict[str, str] | None = None


def add_notes(notes: Iterable[Note], builder: Builder) -> None:
    """Adds the notes to the runs that hold their spans, when those are made.

    Of a run of several traces the first says the task, the last the outcome.
    """
    builder.at_end(lambda: _add(list(notes), builder))


def _add(notes: list[Note], builder: Builder) -> None:
    runs = {draft.key: run for run in builder.runs for draft in run.steps}
    payloads = Payloads(builder)
    tasked: set[str] = set()
    for note in notes:
        run = runs.get(note.span_id)
        if run is None:
            continue
        run.labels.update(note.labels or {})
        if note.task and run.id not in tasked:
            run.task = note.task
            tasked.add(run.id)
        _add_outcome(note, run, payloads)


def _add_outcome(note: Note, run: RunDraft, payloads: Payloads) -> None:
    answer = payloads.keep_if(note.answer)
    known = run.outcome.answer if run.outcome is not None else None
    if known is not None and not isinstance(note.answer, str):
        answer = known
    if answer is None and note.score is None:
        return
    run.outcome = Outcome(answer=answer, score=note.score, note=note.reason)
