"""Replays the log of a Gemini CLI session: what was written again, or taken back.

Part of the `gemini_cli` reader. Messages become steps in `gemini_messages`.
"""

from pathlib import Path
from typing import NamedTuple

from whypath.builder import Builder, Draft, RunDraft, Thread
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    is_list,
    rest_of,
)
from whypath.readers.gemini_messages import Told, tell

_LABELS = ("kind", "activeExtensionName")
_HEAD = {
    *("sessionId", "projectHash", "startTime", "lastUpdated", "messages"),
    *("summary", "kind", "directories", "activeExtensionName"),
}


class _Message(NamedTuple):
    """A message as it stands in the log now."""

    key: str
    fields: Fields
    line: int


class Families:
    """Which call started which sub-agent; known when all files are read."""

    def __init__(self, builder: Builder) -> None:
        self.calls: dict[str, tuple[str, str]] = {}
        """Sub-agent -> the run that started it, and the call."""
        self.parts: list[tuple[RunDraft, str]] = []
        """Each sub-agent's run, and the name of the folder that it lay in."""
        self._builder = builder
        builder.at_end(self._join)

    def _join(self) -> None:
        runs = {run.id for run in self._builder.runs}
        for run, folder in self.parts:
            host, call_id = self.calls.get(run.id, (folder, None))
            if host in runs and host != run.id:
                run.part_of = host
                run.as_thread = Thread(call_id, agent=run.agent)


class Log:
    """The state of reading one file."""

    def __init__(self, builder: Builder, path: Path | None) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._families = builder.shared(Families)
        self._name = path.stem if path is not None else "stdin"
        self._folder = path.parent.name if path is not None else ""
        self._run: RunDraft | None = None
        self._live: dict[str, _Message] = {}
        self._all: list[tuple[str, _Message | None]] = []
        self._places: dict[str, int] = {}
        self._taken_back: set[int] = set()
        self._marks: set[str] = set()
        self._nameless = 0

    def record(self, fields: Fields, line: int) -> None:
        """Takes in one line: a head, a message, a patch or a rewind."""
        rewind = as_text(fields.get("$rewindTo"))
        if rewind is not None:
            self._rewind(rewind, line)
        elif "$set" in fields:
            self._patch(as_fields(fields["$set"]), line)
        elif "sessionId" in fields and "type" not in fields:
            self._head(fields, line)
        elif "type" in fields or "id" in fields:
            self._message(fields, line)
        else:
            what = "a record that is no message"
            self._builder.problem("loss", what, "left out", line)

    def close(self) -> None:
        """Makes the steps of what was read, in the order of first mention."""
        if not self._all:
            return
        run = self._open_run()
        told = Told(self._builder, run, self._families.calls)
        before: Draft | None = None
        after_rewind = False
        for place, (_, message) in enumerate(self._all):
            if message is None:
                told.rewritten()
                continue
            gone = place in self._taken_back
            step = tell(told, message.fields, message.line, abandoned=gone)
            if step is None:
                continue
            if gone:
                after_rewind = True
            else:
                if after_rewind and before is not None:
                    step.previous = before.key
                before, after_rewind = step, False
        run.read |= self._marks
        self._marks.clear()
        self._all.clear()
        self._live.clear()
        self._places.clear()
        self._taken_back.clear()

    def _open_run(self) -> RunDraft:
        if self._run is None:
            self._run = self._builder.run(self._name)
            self._builder.about = self._name
        return self._run

    def _head(self, fields: Fields, line: int) -> None:
        """A session begins, or is begun again under its own id."""
        id = as_scalar(fields.get("sessionId")) or self._name
        if self._run is not None and self._run.id != id:
            self.close()
        self._run = self._builder.run(id)
        self._builder.about = id
        self._describe(fields, line)
        if as_text(fields.get("kind")) == "subagent":
            self._families.parts.append((self._run, self._folder))
        for raw in as_items(fields.get("messages")):
            self._message(as_fields(raw), line)

    def _describe(self, fields: Fields, line: int) -> None:
        """What is said of the session as a whole; the last word counts."""
        run = self._open_run()
        if start_ns := self._builder.time(as_scalar(fields.get("startTime")), line):
            run.start_ns = start_ns
        if summary := as_text(fields.get("summary")):
            run.task = summary
        for name in _LABELS:
            if value := as_scalar(fields.get(name)):
                run.labels[name] = value
        folders = [as_text(raw) for raw in as_items(fields.get("directories"))]
        if folders:
            run.labels["directories"] = ", ".join(f for f in folders[:5] if f)
        rest = rest_of(fields, _HEAD)
        if rest is not None:
            what = "other facts of the session"
            self._builder.problem("note", what, "not shown", line)

    def _message(self, fields: Fields, line: int) -> None:
        """A message; one with the same id takes the place of the one before."""
        if not fields:
            what = "a message that is no JSON object"
            self._builder.problem("loss", what, "left out", line)
            return
        id = as_text(fields.get("id"))
        if id is None:
            self._nameless += 1
            key = f"({self._nameless})"
        else:
            key = id
        run = self._open_run()
        mark = f"{id} {as_text(fields.get('timestamp'))}"
        if key not in self._live and mark in run.read:
            what, done = "messages that another file has, too", "shown once"
            self._builder.problem("note", what, done, line)
            return
        self._marks.add(mark)
        message = _Message(key, fields, line)
        if key in self._live:
            line = self._live[key].line
            message = message._replace(line=line)
            self._all[self._places[key]] = (key, message)
        else:
            self._places[key] = len(self._all)
            self._all.append((key, message))
        self._live[key] = message

    def _rewind(self, id: str, line: int) -> None:
        """Takes back a message and all after it; an unknown one takes all back."""
        keys = list(self._live)
        if id not in self._live:
            what = "a rewind to a message that is not there"
            self._builder.problem("repair", what, "all before is taken back", line)
        at = keys.index(id) if id in self._live else 0
        for key in keys[at:]:
            self._taken_back.add(self._places[key])
            del self._live[key]

    def _patch(self, fields: Fields, line: int) -> None:
        """New facts of the session; a list of messages is its history rewritten."""
        self._describe(fields, line)
        if not is_list(fields.get("messages")):
            return
        messages = [as_fields(raw) for raw in as_items(fields["messages"])]
        known = {as_text(message.get("id")) for message in messages}
        if self._live.keys() - known:
            self._all.append(("", None))
        else:
            what = "a history that was written anew"
            done = "messages are shown as they were first"
            self._builder.problem("note", what, done, line)
        for message in messages:
            if as_text(message.get("id")) not in self._live:
                self._message(message, line)
        for key in [key for key in self._live if key not in known]:
            del self._live[key]
