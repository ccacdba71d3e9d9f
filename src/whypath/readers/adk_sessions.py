"""https://google.github.io/adk-docs/sessions: sessions and events of Google's ADK.

Not read: audio, rubrics, the expected half of evaluation results. Also reads events
alone, as `Runner.run_async` yields them, and what is kept for evaluation: in an eval
set a case says what is expected of the agent.
"""

from pathlib import Path
from typing import Any

from whypath.builder import Builder
from whypath.readers.adk_evals import eval_cases, eval_results
from whypath.readers.adk_events import Session
from whypath.readers.adk_fields import adk_fields, snake
from whypath.readers.fields import Fields, as_items, as_scalar, is_list, is_object
from whypath.readers.payloads import Payloads
from whypath.records import Raw, Records, Sample

NAME = "google-adk"
TOOL = "Google Agent Development Kit (ADK)"
EXPORT = (
    "adk run --save_session, or session.model_dump_json() of a session; "
    "adk web: Export session"
)
NOT_READ = "audio, rubrics, what an evaluation expected"
EXAMPLE = "whypath report my.session.json"

_EVENT = ("author", "invocation_id")
_SESSION = ("app_name", "user_id", "state", "last_update_time", "context")
_EVALS = ("eval_cases", "eval_case_results")


def detect(sample: Sample) -> bool:
    """Some object is a session, a set of evaluations, or an event of an agent."""
    return any(_is_ours(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """A run for each session or evaluated case; events alone are one run."""
    reader = _Reader(builder, records.path)
    for record in records:
        reader.value(Raw(record.data), record.line)
    reader.close()


def _is_ours(value: dict[str, Any]) -> bool:
    fields = {snake(key): item for key, item in value.items()}
    if isinstance(fields.get("session"), dict):
        return _is_ours(fields["session"])
    if any(isinstance(fields.get(key), list) for key in _EVALS):
        return any(key.startswith("eval_set") for key in fields)
    events = fields.get("events")
    if isinstance(events, list):
        listed = [event for event in events[:8] if isinstance(event, dict)]
        known = any(key in fields for key in _SESSION)
        return any(map(_is_event, listed)) or (
            not events and known and "app_name" in fields
        )
    return _is_event(value)


def _is_event(value: dict[str, Any]) -> bool:
    """An author, an invocation, and something that is ADK's alone."""
    names = {snake(key) for key in value}
    own = {"content", "actions", "error_code", "partial", "usage_metadata", "options"}
    return all(name in names for name in _EVENT) and bool(names & own)


class _Reader:
    """The state of reading one file: the run that events alone belong to."""

    def __init__(self, builder: Builder, path: Path | None) -> None:
        self._builder = builder
        self._payloads = Payloads(builder)
        self._name = path.name.partition(".")[0] if path is not None else "stdin"
        self._loose: Session | None = None

    def value(self, raw: Raw, line: int, depth: int = 0) -> None:
        """Reads one record, or one member of a list of records."""
        if is_list(raw) and depth < 3:
            for item in as_items(raw):
                self.value(item, line, depth + 1)
            return
        fields = adk_fields(raw)
        if is_object(fields.get("session")):
            fields = adk_fields(fields["session"])
        if is_list(fields.get("events")):
            self._session(fields, line)
        elif "eval_cases" in fields:
            for id, case in eval_cases(fields):
                case.tell(self._open(id), line)
        elif "eval_case_results" in fields:
            for id, result in eval_results(fields):
                session = self._open(id)
                if result.session:
                    self._tell(session, result.session, line)
                result.tell(session, line)
        elif any(key in fields for key in _EVENT):
            if self._loose is None:
                self._loose = self._open(self._name)
            self._loose.event(fields, line)
        else:
            what = "a record that is no session and no event"
            self._builder.problem("loss", what, "left out", line)

    def close(self) -> None:
        """Ends the run of the events that stood alone."""
        if self._loose is not None:
            self._loose.close()

    def _session(self, fields: Fields, line: int) -> None:
        session = self._open(as_scalar(fields.get("id")) or self._name)
        self._tell(session, fields, line)
        session.close()
        self._builder.about = None

    def _tell(self, session: Session, fields: Fields, line: int) -> None:
        session.describe(fields, line)
        for raw in as_items(fields["events"]):
            if is_object(raw):
                session.event(adk_fields(raw), line)
            else:
                what = "an event that is no JSON object"
                self._builder.problem("loss", what, "left out", line)

    def _open(self, id: str) -> Session:
        """A new run with this id, or one like it where that is taken."""
        taken = {run.id for run in self._builder.runs}
        number, unique = 1, id
        while unique in taken:
            number += 1
            unique = f"{id}-{number}"
        self._builder.about = unique
        return Session(self._builder.run(unique), self._builder, self._payloads)
