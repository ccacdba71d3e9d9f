"""Reads the records of one Codex rollout: what the session is, items, events.

Part of the `codex` reader. The old generation writes items bare, without a clock.
"""

from pathlib import Path

from whypath.builder import Builder
from whypath.model import StateChange
from whypath.readers.codex_events import Events
from whypath.readers.codex_items import Items
from whypath.readers.codex_parts import Item, item_of
from whypath.readers.codex_scene import Place
from whypath.readers.codex_threads import Session, Threads
from whypath.readers.codex_tools import joined
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    first,
    is_object,
)
from whypath.records import BadShape, Raw, Record, Records, Shape, decoder

LABEL_LENGTH = 200
LABEL_VALUES = 5

_SUFFIXES = {".jsonl", ".json", ".gz", ".zst", ".zstd"}
_LABELS = {
    "cli_version": "version",
    "cwd": "cwd",
    "originator": "originator",
    "source": "source",
    "model_provider": "provider",
    "effort": "effort",
    "approval_policy": "approval policy",
    "agent_nickname": "sub-agent",
    "agent_role": "role",
    "forked_from_id": "forked from",
    "parent_thread_id": "parent",
}


class Line(Shape, gc=False):
    """One record of the newer generation."""

    timestamp: str | int | float | None = None
    type: str | None = None
    payload: Raw = Raw()


_decode = decoder(Line)


class Rollout:
    """The state of reading one file."""

    def __init__(self, records: Records, builder: Builder) -> None:
        self._builder = builder
        self._threads = builder.shared(Threads)
        self._events = Events(builder, self._threads)
        self._path = records.path or Path("stdin")
        self._session: Session | None = None
        self._line = 0
        self._time_ns: int | None = None
        self._timestamp: str | int | float | None = None
        self._copied_from: Items | None = None
        self._told_until = -1
        self._is_new = False

    def close(self) -> None:
        """Keeps up to when this file told of the session."""
        if self._session is not None:
            last = max(self._session.last_ns, self._time_ns or -1)
            self._session.last_ns = last

    def record(self, record: Record) -> None:
        """Takes in one record."""
        self._line = record.line
        try:
            line = _decode(record.data)
        except BadShape:
            line = _misfit(record.data)
        raw = bytes(line.payload)
        if raw[:1] != b"{":
            self._bare(record)
            return
        self._is_new = True
        if line.timestamp != self._timestamp:
            self._timestamp = line.timestamp
            self._time_ns = self._builder.time(line.timestamp, record.line)
        if line.type == "session_meta":
            self._describe(as_fields(raw))
            return
        session = self._session or self._current()
        if self._told_until > 0 and self._was_read():
            return
        place = Place(record.line, self._time_ns, raw)
        if line.type == "response_item":
            self._item(session, item_of(raw), place)
        elif line.type == "event_msg":
            if self._copied_from is None:
                self._events.event(session, place)
        else:
            self._other(session, line.type or "", place)

    def _other(self, session: Session, kind: str, place: Place) -> None:
        """What the session was told or knows, beside items and events."""
        if kind == "turn_context":
            self._turn_context(session, as_fields(place.raw))
        elif kind == "compacted":
            self._compacted(session, as_fields(place.raw), place)
        elif kind == "world_state":
            self._world(session, as_fields(place.raw), place)
        elif kind == "inter_agent_communication":
            item = item_of(place.raw)
            item.type = "agent_message"
            self._item(session, item, place)
        else:
            what = f"records of type {kind[:40]!r}"
            self._builder.problem("note", what, "not shown", self._line)

    def _bare(self, record: Record) -> None:
        """A record of the old generation: the header, an item, or a state marker."""
        fields = as_fields(record.data)
        self._time_ns = self._timestamp = None
        if not fields:
            what = "a record that is no object"
            self._builder.problem("loss", what, "left out", record.line)
        elif "record_type" in fields and "type" not in fields:
            what = "state markers, which hold nothing"
            self._builder.problem("note", what, "not shown", record.line)
        elif "type" not in fields and "id" in fields:
            self._describe(fields)
        elif "type" in fields and "payload" not in fields:
            session = self._current()
            place = Place(record.line, None, record.data)
            self._item(session, item_of(record.data), place)
        else:
            what = "a record that is neither an item nor an event"
            self._builder.problem("loss", what, "left out", record.line)

    def _current(self) -> Session:
        """The session being read; one that does not say its id has the file's name."""
        if self._session is None:
            self._begin(_stem(self._path), None)
        assert self._session is not None
        return self._session

    def _begin(self, id: str, parent: str | None) -> None:
        session = self._threads.begin(id, is_part=parent is not None)
        self._session = session
        if session.file not in ("", self._builder.file):
            self._told_until = session.last_ns
        session.file = self._builder.file
        session.parent = session.parent or parent
        self._builder.about = id

    def _describe(self, fields: Fields) -> None:
        """What the session is. Repeated: of the parent it was copied from, or again."""
        id = as_text(first(fields, "id", "session_id"))
        started = self._builder.time(as_scalar(fields.get("timestamp")), self._line)
        if self._session is not None:
            self._described_again(self._session, id or "")
            return
        spawn = _spawn_of(fields)
        parent = as_text(fields.get("parent_thread_id"))
        parent = parent or as_text(spawn.get("parent_thread_id"))
        self._begin(id or _stem(self._path), parent)
        session = self._current()
        run = session.run
        session.agent = as_text(
            first({**spawn, **fields}, "agent_nickname", "agent_role", "agent_path")
        )
        run.start_ns = run.start_ns or started
        self._label(fields)
        branch = as_text(as_fields(fields.get("git")).get("branch"))
        if branch:
            run.labels["git branch"] = branch[:LABEL_LENGTH]
        self._instruct(session, fields)
        session.items.answers.offer(fields.get("dynamic_tools"))
        if "dynamic_tools" in fields:
            what = "tools on offer, beside those of the session itself"
            self._builder.problem("note", what, "not recorded", self._line)

    def _described_again(self, session: Session, id: str) -> None:
        if id == session.run.id:
            return
        host = self._threads.sessions.get(id)
        history = session.items.history
        is_first = len(history.messages) == len(history.instructions)
        if host is not None and id == session.parent and is_first:
            self._copied_from = host.items
            return
        what = "a session that another one's description stands in"
        self._builder.problem("note", what, "the first names the run", self._line)

    def _instruct(self, session: Session, fields: Fields) -> None:
        """The system prompt. Without one the windows begin with the first item."""
        history = session.items.history
        if self._is_new and not session.run.steps:
            history.exact = True
        if history.instructions or session.is_told:
            return
        base = fields.get("base_instructions")
        text = as_fields(base).get("text") if is_object(base) else base
        own = fields.get("instructions")
        if as_text(text) and text is not None:
            number = self._builder.contents.add(text)
            history.instruct(number)
            self._system(session, "", number)
        elif as_text(own) and own is not None:
            self._system(session, "instructions", self._builder.contents.add(own))
            session.is_told = True

    def _system(self, session: Session, name: str, number: int) -> None:
        key = f"{session.run.id}/instructions"
        run = session.run
        draft = run.step("system", name, line=self._line, key=key)
        draft.output, draft.start_ns = number, self._time_ns

    def _label(self, fields: Fields) -> None:
        """Keeps short facts; what changes on the way has all its values."""
        labels = self._current().run.labels
        for key, name in _LABELS.items():
            value = as_scalar(fields.get(key))
            known = labels[name].split(", ") if name in labels else []
            if value and value not in known and len(known) < LABEL_VALUES:
                labels[name] = ", ".join([*known, value[:LABEL_LENGTH]])

    def _was_read(self) -> bool:
        """True for a record of a time up to which another file told all."""
        if self._time_ns is None or self._time_ns > self._told_until:
            return False
        what, done = "records that another file has, too", "shown once"
        self._builder.problem("note", what, done, self._line)
        return True

    def _item(self, session: Session, item: Item, place: Place) -> None:
        if self._copied_from is not None:
            if session.items.copied(item, self._copied_from):
                what, done = "a copy of the parent's conversation", "shown there"
                self._builder.problem("note", what, done, self._line)
                return
            self._copied_from = None
        session.items.item(item, place)

    def _turn_context(self, session: Session, fields: Fields) -> None:
        answers = session.items.answers
        answers.model = as_text(fields.get("model")) or answers.model
        self._label(fields)
        if "base_instructions" in fields:
            self._instruct(session, fields)

    def _compacted(self, session: Session, fields: Fields, place: Place) -> None:
        """The conversation is replaced, by these items or by a summary."""
        items, contents = session.items, self._builder.contents
        items.answers.close()
        step = session.announced
        if step is None:
            step = items.scene.step("event", "compaction", place)
            session.compactions += 1
        step.order = (self._builder.tick(), 0)
        session.announced = None
        step.start_ns, step.status = place.time_ns, "ok"
        step.resets_context = True
        rest = {k: raw for k, raw in fields.items() if k != "message"}
        step.details = contents.add(joined(rest)) if rest else None
        message = fields.get("message")
        if message is not None and as_text(message):
            step.output = contents.add(message)
        history = fields.get("replacement_history")
        items.history.exact = self._is_new and history is not None
        if not items.replaced(as_items(history)):
            items.history.exact = False
            what = "a compaction whose items cannot all be read"
            self._builder.problem("loss", what, "windows put together", self._line)
        elif history is None and step.output is not None:
            draft = items.scene.step("system", "compaction summary", place)
            draft.output = step.output

    def _world(self, session: Session, fields: Fields, place: Place) -> None:
        """What Codex knows of its surroundings: all of it, or what has changed."""
        add = self._builder.contents.add
        step = session.items.scene.step("state", "world state", place)
        step.status = "ok"
        state = as_fields(fields.get("state"))
        step.state = [StateChange(name, add(raw)) for name, raw in state.items()]


def _misfit(data: bytes) -> Line:
    """A record whose fields have other types than they should."""
    fields = as_fields(data)
    line = Line(None, as_text(fields.get("type")))
    line.payload = fields.get("payload", Raw())
    return line


def _spawn_of(fields: Fields) -> Fields:
    """Who started the session, for a sub-agent."""
    source = as_fields(as_fields(fields.get("source")).get("subagent"))
    return as_fields(source.get("thread_spawn"))


def _stem(path: Path) -> str:
    """The file's name without the endings of its format."""
    while path.suffix in _SUFFIXES and path.stem:
        path = path.with_suffix("")
    return path.name
