"""OpenCode sessions (https://opencode.ai): an export, or the SQLite store itself.

Not read: file snapshots and patches stay in the steps' details.
"""

from collections import defaultdict
from typing import Any

from whypath.builder import Builder, Draft, Thread
from whypath.model import Call, Usage
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_raw,
    as_scalar,
    as_text,
    first,
    reason_of,
    shown_type,
)
from whypath.readers.permissions import refusal, refused
from whypath.records import Raw, Records, Sample

NAME = "opencode"
TOOL = "OpenCode sessions"
EXPORT = "opencode export SESSION > session.json, or the store itself"
NOT_READ = "file snapshots, patches"
EXAMPLE = "whypath report ~/.local/share/opencode/opencode.db"

_TABLES = {"session", "message", "part"}
_STEP = ("step-start", "step-finish", "snapshot", "patch")


def detect(sample: Sample) -> bool:
    """An export of messages made of parts, or the three tables of the store."""
    if sample.parts:
        return set(sample.parts) >= _TABLES
    return any(_is_export(value) for value in sample.objects())


def _is_export(value: dict[str, Any]) -> bool:
    messages = value.get("messages")
    return (
        isinstance(value.get("info"), dict)
        and isinstance(messages, list)
        and all(isinstance(m, dict) and {"info", "parts"} <= m.keys() for m in messages)
    )


def read(records: Records, builder: Builder) -> None:
    """Each exported session is a run; so is each row of the store's sessions."""
    store = _Store(builder)
    for record in records:
        fields = as_fields(record.data)
        if record.part:
            store.row(record.part, fields)
        elif "messages" in fields:
            session = _Session(builder, as_fields(fields.get("info")), record.line)
            for raw in as_items(fields["messages"]):
                message = as_fields(raw)
                parts = as_items(message.get("parts"))
                session.message(as_fields(message.get("info")), parts)
        else:
            builder.problem("loss", "a line without messages", "left out", record.line)
    store.close()


class _Store:
    """The rows of the tables, which name each other, until all of them are there."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._rows: dict[str, list[Fields]] = {name: [] for name in _TABLES}

    def row(self, table: str, fields: Fields) -> None:
        """Keeps one row of the tables that are read."""
        if table in self._rows:
            self._rows[table].append(fields)

    def close(self) -> None:
        """Tells the sessions, each with its messages in order."""
        messages, parts = (self._grouped(t) for t in ("message", "part"))
        for info in self._rows["session"]:
            session = _Session(self._builder, info, None)
            for message in messages[as_scalar(info.get("id"))]:
                own = parts[as_scalar(message.get("id"))]
                session.message(_unfolded(message), [as_raw(_unfolded(p)) for p in own])

    def _grouped(self, table: str) -> defaultdict[str | None, list[Fields]]:
        """The rows by what they belong to, in the order in which they were made."""
        owner = "session_id" if table == "message" else "message_id"
        rows = self._rows[table]
        rows.sort(key=lambda row: as_number(row.get("time_created")) or 0)
        found: defaultdict[str | None, list[Fields]] = defaultdict(list)
        for row in rows:
            found[as_scalar(row.get(owner))].append(row)
        return found


def _unfolded(row: Fields) -> Fields:
    """A row's data, which is JSON in a text, with the row's id."""
    text = as_text(row.get("data"))
    data = as_fields(Raw(text.encode() or b"null")) if text else {}
    return {**data, "id": row["id"]} if "id" in row else data


class _Session:
    """One session being told: its run, and the step of the model that is going on."""

    def __init__(self, builder: Builder, info: Fields, line: int | None) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._line = line
        run = builder.run(as_scalar(info.get("id")) or "session")
        builder.about = run.id
        self._run = run
        for name in ("title", "directory", "version"):
            if value := as_scalar(info.get(name)):
                run.labels[name] = value
        parent = as_scalar(first(info, "parentID", "parent_id"))
        if parent is not None:
            run.part_of, run.as_thread = parent, Thread(parent=None, agent=run.id)

    def message(self, info: Fields, parts: list[Raw]) -> None:
        """Takes in one message and its parts."""
        if as_text(info.get("role")) == "user":
            self._user(info, parts)
        else:
            self._assistant(info, parts)

    def _time(self, times: Raw | None, *names: str) -> int | None:
        time = first(as_fields(times), *names)
        return self._builder.time(as_scalar(time), self._line)

    def _user(self, info: Fields, parts: list[Raw]) -> None:
        texts = [as_text(as_fields(part).get("text")) for part in parts]
        said = "\n\n".join(text for text in texts if text)
        step = self._run.step("user", line=self._line, key=as_scalar(info.get("id")))
        step.start_ns = self._time(info.get("time"), "created")
        step.output = self._contents.add_text(said)
        if None in texts:
            step.details = self._contents.add_value({"parts": parts})

    def _assistant(self, info: Fields, parts: list[Raw]) -> None:
        """A message may hold several model calls, each from a start to a finish."""
        turn: Draft | None = None
        for raw in parts:
            part = as_fields(raw)
            kind = as_text(part.get("type"))
            if turn is None or _goes_on(turn, kind):
                turn = self._turn(info, part)
            if kind == "text":
                self._say(turn, part)
            elif kind == "reasoning":
                thought = part.get("text")
                turn.reasoning = self._contents.add_if(thought)
            elif kind == "tool":
                self._tool(turn, part)
            elif kind == "step-finish":
                turn.usage = _usage(part) or turn.usage
            elif kind not in _STEP:
                what = f"parts of type {shown_type(part)}"
                self._builder.problem("note", what, "kept in details", self._line)
                turn.details = self._contents.add(raw)
        error = as_fields(info.get("error"))
        if turn is None and (error or parts == []):
            turn = self._turn(info, {})
        if turn is not None:
            turn.end_ns = self._time(info.get("time"), "completed")
            if not _finishes(parts):
                turn.usage = _usage(info)
        if turn is not None and error:
            turn.status, turn.error = "error", reason_of(info["error"])

    def _turn(self, info: Fields, part: Fields) -> Draft:
        key = as_scalar(part.get("id"))
        turn = self._run.step("model", line=self._line, key=key, status="ok")
        turn.model = as_text(info.get("modelID"))
        turn.agent = as_text(first(info, "agent", "mode"))
        times = part.get("time") if "time" in part else info.get("time")
        turn.start_ns = self._time(times, "start", "created")
        return turn

    def _say(self, turn: Draft, part: Fields) -> None:
        text = as_text(part.get("text"))
        if text:
            before = "" if turn.output is None else self._contents.text(turn.output)
            whole = f"{before}\n\n{text}" if before else text
            turn.output = self._contents.add_text(whole)

    def _tool(self, turn: Draft, part: Fields) -> None:
        state = as_fields(part.get("state"))
        name = as_scalar(part.get("tool")) or "?"
        id = as_scalar(first(part, "callID", "id")) or name
        given = state.get("input")
        arguments = self._contents.add_if(given)
        turn.calls = (*turn.calls, Call(id, name, arguments))
        status = as_text(state.get("status"))
        step = self._run.step("tool", name, line=self._line, key=id, call_id=id)
        step.input = arguments
        step.start_ns = self._time(state.get("time"), "start")
        if status not in ("completed", "error"):
            return
        step.end_ns = self._time(state.get("time"), "end")
        said = first(state, "output", "error")
        step.output = self._contents.add_if(said)
        step.status = "ok" if status == "completed" else "error"
        error = state.get("error")
        step.error = None if error is None else reason_of(error)
        denied = refusal(as_text(error) or "")
        if denied is not None:
            step.decision = refused(step.name, denied, self._contents)
        if "metadata" in state:
            step.details = self._contents.add(state["metadata"])


def _goes_on(turn: Draft, kind: str | None) -> bool:
    """True when a part belongs to the model's next call, not to `turn`."""
    if kind == "step-start":
        return bool(turn.calls) or turn.output is not None or turn.reasoning is not None
    return bool(turn.calls) and kind in ("text", "reasoning")


def _finishes(parts: list[Raw]) -> bool:
    """True when the parts count their tokens themselves."""
    kinds = (as_fields(part) for part in parts)
    return any("tokens" in k and as_text(k.get("type")) == "step-finish" for k in kinds)


def _usage(fields: Fields) -> Usage | None:
    """Tokens, of which the input is counted without the cache, and cost."""
    tokens = as_fields(fields.get("tokens"))
    cost = as_number(fields.get("cost"))
    if not tokens and cost is None:
        return None
    cache = as_fields(tokens.get("cache"))
    read, written = _count(cache, "read"), _count(cache, "write")
    given = _count(tokens, "input")
    return Usage(
        input_tokens=None if given is None else given + (read or 0) + (written or 0),
        output_tokens=_count(tokens, "output"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=_count(tokens, "reasoning"),
        cost_usd=cost,
    )


def _count(fields: Fields, name: str) -> int | None:
    number = as_number(fields.get(name))
    return None if number is None else int(number)
