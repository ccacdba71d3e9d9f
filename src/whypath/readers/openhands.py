"""OpenHands (version 0) events, https://github.com/All-Hands-AI/OpenHands

Not read: what browser observations say of the page beside its text (kept as details).
Reads trajectories, the output.jsonl of evaluations, and the events folder of a session.
"""

from pathlib import Path
from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.model import Outcome
from whypath.readers.fields import (
    Fields,
    Names,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    is_list,
    is_object,
    reason_of,
    rest_of,
)
from whypath.readers.openhands_events import Events
from whypath.records import Raw, Records, Sample

NAME = "openhands"
TOOL = "OpenHands, version 0, and its evaluations"
EXPORT = "download the trajectory, set save_trajectory_path, or take output.jsonl"
NOT_READ = "what browser observations say of the page beside its text"
EXAMPLE = "whypath report evaluation_outputs/RUN/output.jsonl"

LABEL_LENGTH = 200

_FOLDER = "events"
_RESULT = {"instruction", "history", "metadata", "test_result"}


def detect(sample: Sample) -> bool:
    """Events, a list of them, or results of an evaluation with their history."""
    return any(_is_event(v) or _is_result(v) for v in sample.objects())


def _is_event(value: dict[str, Any]) -> bool:
    if "tool_call_id" in value or "source" not in value:
        return False
    if isinstance(value.get("action"), str):
        return isinstance(value.get("args"), dict)
    seen = isinstance(value.get("observation"), str)
    return seen and isinstance(value.get("extras"), dict)


def _is_result(value: dict[str, Any]) -> bool:
    if "instance_id" not in value or "mistake_step" in value:
        return False
    if len(_RESULT & value.keys()) < 2:
        return False
    history = value.get("history")
    return not history or (
        isinstance(history, list) and any(_is_told(event) for event in history[:5])
    )


def _is_told(value: Any) -> bool:
    """An event, or a pair of an action and its observation, as of old."""
    if isinstance(value, list):
        return any(isinstance(v, dict) and _is_told(v) for v in value)
    return isinstance(value, dict) and bool(value.keys() & {"action", "observation"})


def companions(path: Path) -> list[Path]:
    """The other events of a session, each of which has a file of its own."""
    if path.parent.name != _FOLDER or not path.stem.isdecimal():
        return []
    found = (p for p in path.parent.glob("*.json") if p.stem.isdecimal())
    return sorted(found, key=lambda p: int(p.stem[:18]))


def read(records: Records, builder: Builder) -> None:
    """Events of one file are a run; each result of an evaluation is one."""
    path = records.path
    in_folder = path is not None and path.parent.name == _FOLDER
    name = path.stem if path is not None else "stdin"
    names = Names(run.id for run in builder.runs)
    loose: Events | None = None
    for record in records:
        listed = as_items(record.data) if is_list(record.data) else [Raw(record.data)]
        fields = as_fields(listed[0]) if listed else {}
        if "history" in fields or "instance_id" in fields:
            for each in listed:
                _result(builder, names, as_fields(each), record.line)
            continue
        if is_object(record.data) and path is not None and in_folder:
            session = builder.shared(_Session)
            session.keep(path.parent.parent.name or name, record.data, record.line)
            continue
        if loose is None:
            loose = Events(builder, builder.run(name))
        loose.read(listed, record.line)


class _Session:
    """The events of sessions whose files are read in no order: put in order at last."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._events: dict[str, list[tuple[float, str, int, bytes]]] = {}
        builder.at_end(self._read)

    def keep(self, id: str, data: bytes, line: int) -> None:
        """Keeps one event of the session `id`."""
        number = as_number(as_fields(data).get("id")) or 0
        found = self._events.setdefault(id, [])
        found.append((number, self._builder.file, line, data))

    def _read(self) -> None:
        for id, found in self._events.items():
            events = Events(self._builder, self._builder.run(id))
            for _, file, line, data in sorted(found):
                self._builder.file = file
                events.read([Raw(data)], line)


def _result(builder: Builder, names: Names, fields: Fields, line: int) -> None:
    """One line of an evaluation's output.jsonl."""
    run = builder.run(names.new(as_scalar(fields.get("instance_id")) or "run"))
    builder.about = run.id
    run.task = as_text(fields.get("instruction"))
    _describe(run, fields)
    events = Events(builder, run)
    events.read(as_items(fields.get("history")), line)
    events.spent(fields.get("metrics"), line)
    error = fields.get("error")
    if error is not None and bytes(error) != b'""':
        why = reason_of(error)
        output = builder.contents.add(error)
        run.step("error", "error", line=line, status="error", error=why, output=output)
        run.status = "error"
    _evaluated(builder, run, fields, line)


def _describe(run: RunDraft, fields: Fields) -> None:
    """The agent, and the short facts about how it was configured."""
    metadata = as_fields(fields.get("metadata"))
    config = as_fields(metadata.get("llm_config"))
    facts = {
        "model": config.get("model"),
        **{key: metadata.get(key) for key in ("dataset", "data_split", "git_commit")},
        "max_iterations": metadata.get("max_iterations"),
    }
    for key, raw in facts.items():
        value = as_scalar(raw)
        if value and len(value) <= LABEL_LENGTH:
            run.labels[key] = value
    run.agent = as_text(metadata.get("agent_class"))


def _evaluated(builder: Builder, run: RunDraft, fields: Fields, line: int) -> None:
    """What came out, and all that stands beside the history, as the last step."""
    result = as_fields(fields.get("test_result"))
    report = as_fields(result.get("report")) or result
    resolved = as_scalar(report.get("resolved"))
    known = run.outcome or Outcome()
    note = known.note if resolved is None else f"resolved: {resolved}"
    patch = result.get("git_patch")
    answer = builder.contents.add(patch) if patch is not None else known.answer
    if answer is not None or note is not None:
        run.outcome = Outcome(answer=answer, note=note)
    rest = rest_of(fields, ("history", "instruction", "error", "test_result"))
    output = fields.get("test_result")
    run.step(
        "event",
        "evaluation",
        line=line,
        status="ok",
        output=builder.contents.add_if(output),
        details=builder.contents.add_if(rest),
    )
