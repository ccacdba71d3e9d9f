"""https://inspect.aisi.org.uk/eval-logs.html: Inspect AI's logs, `.eval` and `.json`.

Not read: scores over all samples, timelines, old values of state, views of tool calls,
when the phases init, solvers and scorers began; of a raw request, its messages.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whypath.builder import Builder, Draft, RunDraft
from whypath.readers.fields import Fields, as_fields, as_items, as_scalar, first
from whypath.readers.inspect_sample import LABEL_LENGTH, SampleReader
from whypath.records import Raw, Records, Sample

NAME = "inspect"
TOOL = "Inspect AI"
EXPORT = "Inspect writes one to ./logs; `inspect log convert --to json` unpacks it"
NOT_READ = "scores over all samples, timelines, raw requests beside the context window"
EXAMPLE = "whypath report logs/2026-01-31_task.eval"

_EVENTS = (
    *("sample_init", "model", "tool", "span_begin", "span_end", "step", "state"),
    *("store", "subtask", "approval", "compaction", "score", "info", "logger"),
    *("sandbox", "input", "error", "sample_limit", "anchor", "branch", "checkpoint"),
)
_START = "_journal/start.json"
_HEADER = "header.json"
_ENDINGS = (".json", ".eval", ".gz", ".zst")
_FACTS = ("task", "model", "created", "solver", "task_version")
_SETTINGS = ("task_args", "model_generate_config", "config")
_HOUSEHOLD = ("log_", "max_", "score_", "sandbox_", "fail_", "continue_", "sample_")


def detect(sample: Sample) -> bool:
    """An archive of samples, a whole log, or a sample or its events alone."""
    if sample.parts:
        parts = set(sample.parts)
        is_whole = _HEADER in parts and any(p.startswith("samples/") for p in parts)
        return is_whole or _START in parts
    return any(_is_log(value) or _is_sample(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """One run for each sample and epoch."""
    reader = _Reader(builder, records.path)
    for record in records:
        if not record.part:
            reader.document(Raw(record.data), record.line)
        elif record.part.startswith("samples/"):
            reader.sample(as_fields(record.data), record.line)
        elif record.part in (_HEADER, _START):
            reader.header(as_fields(record.data), record.part == _HEADER)
    reader.close()


def _is_log(value: dict[str, Any]) -> bool:
    spec = value.get("eval")
    if not isinstance(spec, dict) or not spec.keys() >= {"task", "model"}:
        return False
    return bool(value.keys() & {"status", "plan", "samples", "results"})


def _is_sample(value: dict[str, Any]) -> bool:
    """A sample has its own fields; a bare list of events has Inspect's names."""
    if value.keys() >= {"id", "epoch", "target"} and "messages" in value:
        return isinstance(value["messages"], list)
    events = value.get("events")
    if not isinstance(events, list) or not events:
        return False
    ours = [
        isinstance(event, dict)
        and event.get("event") in _EVENTS
        and "timestamp" in event
        for event in events
    ]
    return sum(ours) * 2 > len(ours)


class _Reader:
    """Reads one file: what it says of all its samples, and the samples."""

    def __init__(self, builder: Builder, path: Path | None) -> None:
        self._builder = builder
        self._name = _stem(path)
        self._ids = {run.id for run in builder.runs}
        self._again: dict[str, int] = {}
        self._header: Fields = {}
        self._ended = False
        self._read: list[tuple[RunDraft, Draft]] = []

    def document(self, raw: Raw, line: int) -> None:
        """A whole log, or one sample, or a list of either."""
        for item in as_items(raw) or [raw]:
            fields = as_fields(item)
            if "eval" in fields:
                self.header(fields, ended=True)
                for sample in as_items(fields.get("samples")):
                    self.sample(as_fields(sample), line)
                self.close()
            else:
                self.sample(fields, line)

    def header(self, fields: Fields, ended: bool) -> None:
        """What is said of all samples; what is written at the end says most."""
        if not self._header or ended:
            self._header = fields
            self._ended = ended

    def sample(self, fields: Fields, line: int) -> None:
        """One sample in one epoch."""
        if not fields.keys() & {"events", "messages", "transcript", "input"}:
            what = "a sample that holds neither events nor messages"
            self._builder.problem("loss", what, "left out", line)
            return
        run = self._builder.run(self._new_id(fields))
        self._builder.about = run.id
        reader = SampleReader(fields, self._builder, run, line)
        reader.read()
        self._builder.about = None
        self._read.append((run, reader.first))

    def close(self) -> None:
        """Gives the runs what the log says of all of them."""
        labels = dict(_labels(self._header))
        spec = as_fields(self._header.get("eval"))
        status = as_scalar(self._header.get("status")) if self._ended else "started"
        told = {k: self._header[k] for k in ("eval", "plan") if k in self._header}
        details = self._builder.contents.add_value(told) if told else None
        for run, first_step in self._read if self._header else ():
            first_step.details = details
            run.labels = {**labels, **run.labels}
            run.agent = run.agent or as_scalar(spec.get("solver"))
            if run.status is not None:
                continue
            scored = run.outcome is not None and run.outcome.note is not None
            if status == "started" or (status == "cancelled" and not scored):
                run.status = "incomplete"
            elif status in ("success", "error", "cancelled"):
                run.status = "ok"
        self._read.clear()

    def _new_id(self, fields: Fields) -> str:
        """The log's id, or the file's name; the sample's; the epoch."""
        spec = as_fields(self._header.get("eval"))
        parts = (first(spec, "eval_id", "run_id"), fields.get("id"))
        log, sample = (as_scalar(part) for part in parts)
        epoch = as_scalar(fields.get("epoch"))
        base = "/".join(part for part in (log or self._name, sample, epoch) if part)
        unique = base
        while unique in self._ids:
            self._again[base] = self._again.get(base, 1) + 1
            unique = f"{base}-{self._again[base]}"
        self._ids.add(unique)
        return unique


def _labels(header: Fields) -> Iterator[tuple[str, str]]:
    """The short facts of a log that hold for all its samples."""
    spec = as_fields(header.get("eval"))
    found: dict[str, Raw] = {name: spec[name] for name in _FACTS if name in spec}
    found.update((k, header[k]) for k in ("status",) if k in header)
    found.update((k, v) for k, v in as_fields(spec.get("packages")).items())
    dataset = as_fields(spec.get("dataset"))
    if "name" in dataset:
        found["dataset"] = dataset["name"]
    for group in _SETTINGS:
        for name, raw in as_fields(spec.get(group)).items():
            if group != "config" or not name.startswith(_HOUSEHOLD):
                found.setdefault(name, raw)
    for name, raw in found.items():
        value = as_scalar(raw)
        if value and len(value) <= LABEL_LENGTH:
            yield ("eval status" if name == "status" else name), value
    steps = as_items(as_fields(header.get("plan")).get("steps"))
    names = [as_scalar(as_fields(step).get("solver")) for step in steps]
    plan = ", ".join(name for name in names if name)
    if plan and len(plan) <= LABEL_LENGTH:
        yield "plan", plan


def _stem(path: Path | None) -> str:
    """The file's name without the endings of its format."""
    if path is None:
        return "stdin"
    while path.suffix in _ENDINGS and path.stem:
        path = path.with_suffix("")
    return path.name
