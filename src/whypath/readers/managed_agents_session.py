"""Reads the lines of a Managed Agents stream: what a session is, and its events.

Part of the `managed_agents` reader. Events become steps in `managed_agents_events`.
"""

from whypath.builder import Builder
from whypath.model import Tool
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    first,
    is_list,
    is_object,
    rest_of,
)
from whypath.readers.managed_agents_events import CALL_IDS, Events
from whypath.records import BadShape, Raw, decoder

_SESSION = {
    *("id", "type", "agent", "created_at", "title", "status", "environment_id"),
    *("system", "name"),
}
_LABELS = ("title", "environment_id")

_any = decoder(object)


class Session:
    """The state of reading one file: the session, and what was sent to it."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._name = name
        self._line = 0
        self._open: Events | None = None
        self._sent: list[tuple[Fields, int]] = []

    def record(self, data: bytes, line: int) -> None:
        """Takes in one line: an event, a page of them, or a logged call."""
        self._line = line
        items = as_items(data)
        method = as_text(items[0]) if items else None
        if is_object(data):
            self._object(as_fields(data))
        elif method is None:
            for item in items or [Raw(data)]:
                self._object(as_fields(item))
        elif len(items) > 1 and is_list(items[1]):
            self._send(as_items(items[1]))
        else:
            self._object(as_fields(items[1]) if len(items) > 1 else {})

    def close(self) -> None:
        """Tells what was sent and did not come back in the stream."""
        for fields, line in self._sent:
            self._events.tell(fields, line)
        self._sent.clear()

    @property
    def _events(self) -> Events:
        """The session; one whose making is not in the file is named after it."""
        return self._open or self._begin(self._name)

    def _begin(self, id: str) -> Events:
        self._builder.about = id
        self._open = Events(self._builder, self._builder.run(id))
        return self._open

    def _object(self, fields: Fields) -> None:
        kind = as_text(fields.get("type")) or ""
        page = first(fields, "data", "events")
        if not fields:
            what = "a record that holds no event"
            self._builder.problem("loss", what, "left out", self._line)
        elif kind == "session":
            self._describe(fields)
        elif not kind and is_list(page):
            for raw in as_items(page):
                self._object(as_fields(raw))
        else:
            self._event(fields)

    def _send(self, arguments: list[Raw]) -> None:
        """What a client sent: a session's id, and events without ids of their own."""
        id = as_text(arguments[0]) if arguments else None
        if id is not None and self._open is None:
            self._begin(id)
        for argument in arguments:
            for raw in as_items(as_fields(argument).get("events")):
                self._sent.append((as_fields(raw), self._line))

    def _describe(self, fields: Fields) -> None:
        """The session as it was made: its agent, instructions and tools."""
        id = as_text(fields.get("id")) or self._name
        if self._open is not None and self._open.run.id != id:
            self.close()
            self._open = None
        events = self._open or self._begin(id)
        run = events.run
        if run.agent is not None or run.start_ns is not None:
            what = "a session that is described again"
            self._builder.problem("note", what, "not shown", self._line)
            return
        agent = as_fields(fields.get("agent"))
        run.agent = as_text(agent.get("name"))
        run.start_ns = self._builder.time(as_scalar(fields.get("created_at")))
        for name in _LABELS:
            if value := as_scalar(fields.get(name)):
                run.labels[name.replace("_", " ")] = value
        model, tools = agent.get("model"), agent.get("tools")
        events.model = as_text(as_fields(model).get("id")) or as_text(model)
        if is_list(tools):
            events.tools = tuple(self._tool(raw) for raw in as_items(tools))
        system = agent.get("system")
        step = run.step("system", line=self._line, status="ok")
        step.input = self._contents.add_if(system)
        rest = rest_of({**fields, **agent}, _SESSION)
        step.details = self._contents.add_if(rest)

    def _tool(self, raw: Raw) -> Tool:
        """A tool on offer; a set of tools does not name those that it holds."""
        fields = as_fields(raw)
        kind = as_text(fields.get("type")) or "tool"
        name = as_text(first(fields, "name", "mcp_server_name"))
        if kind != "custom":
            name = f"{name}: {kind}" if name else kind
        return Tool(name or kind, self._contents.add(raw))

    def _event(self, fields: Fields) -> None:
        id = as_text(fields.get("id"))
        events = self._events
        if id is not None:
            if id in events.run.read:
                what = "an event is written twice"
                self._builder.problem("note", what, "shown once", self._line)
                return
            events.run.read.add(id)
            self._echoed(fields)
        events.tell(fields, self._line)

    def _echoed(self, fields: Fields) -> None:
        """Forgets what was sent, now that it came back."""
        for number, (sent, _) in enumerate(self._sent):
            if _is_same(sent, fields):
                del self._sent[number]
                return


def _is_same(sent: Fields, fields: Fields) -> bool:
    """True when an event is what was sent: about the same call, or in the same words.

    The server may write the fields of a content in another order.
    """
    if as_text(sent.get("type")) != as_text(fields.get("type")):
        return False
    calls = [key for key in CALL_IDS if key in sent]
    return all(_value(sent[key]) == _value(fields.get(key)) for key in calls or sent)


def _value(raw: Raw | None) -> object:
    try:
        return None if raw is None else _any(raw)
    except BadShape:
        return raw
