"""Turns the entries of one pi session into steps, and the tree they form.

Part of the `pi` reader. Messages are told by `pi_messages`.
"""

from collections.abc import Callable

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import ContentId, StateChange
from whypath.readers.claude_tree import Node, Tree
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    first,
    rest_of,
    shown_type,
)
from whypath.readers.message_parts import take_apart
from whypath.readers.pi_messages import Place, tell_message, tools_of, usage_of
from whypath.records import Raw, Record

_ENVELOPE = {"type", "id", "parentId", "timestamp"}
_HEADER = (
    *("cwd", "version", "provider", "modelId", "thinkingLevel", "title"),
    *("branchedFrom", "parentSession"),
)
_TITLES = {"session_info": "name", "title": "title"}
_SHOWN = ("session_init", "custom", "label", "ttsr_injection", "context_transform")
_LABEL_LENGTH = 200


class Session:
    """The state of reading one file: the run and the tree of its entries."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._name = name
        self._tree = Tree()
        self._aliases: dict[str, str] = {}
        self._said: Fields = {}
        self._place = Place(builder)
        self._tellers: dict[str, Callable[[Fields, str | None], Draft | None]] = {
            "message": self._message,
            "compaction": self._compaction,
            "branch_summary": self._branch_summary,
            "custom_message": self._injected,
            "active_tools_change": self._tools,
        }

    def entry(self, fields: Fields, record: Record) -> None:
        """Takes in one entry."""
        place = self._place
        place.line = record.line
        kind = as_text(fields.get("type")) or ""
        if kind == "session":
            self._start(fields)
            return
        if not fields:
            what = "a record that is no object"
            self._builder.problem("loss", what, "left out", record.line)
            return
        if place.run is None:
            self._start({})
        place.row_ns = self._builder.time(
            as_scalar(fields.get("timestamp")), record.line
        )
        if kind in _TITLES:
            self._title(as_text(fields.get(_TITLES[kind])))
        self._tell(fields, kind)

    def close(self) -> None:
        """Marks what was given up."""
        self._tree.settle()

    def _start(self, fields: Fields) -> None:
        id = as_scalar(fields.get("id")) or self._name
        run = self._place.begin(id)
        run.start_ns = self._builder.time(as_scalar(fields.get("timestamp")))
        for name in _HEADER:
            value = as_scalar(fields.get(name))
            if value and len(value) <= _LABEL_LENGTH:
                run.labels[name] = value
        self._title(as_text(fields.get("title")))

    def _title(self, title: str | None) -> None:
        if title and self._place.run is not None:
            self._place.run.task = title

    @property
    def _run(self) -> RunDraft:
        run = self._place.run
        return run if run is not None else self._place.begin(self._name)

    def _tell(self, fields: Fields, kind: str) -> None:
        """Gives the entry its step, and its place in the tree."""
        id = as_text(fields.get("id"))
        if id is not None and self._tree.get(id) is not None:
            what = "an entry's id is used twice"
            self._builder.problem(
                "repair", what, "shown all the same", self._place.line
            )
            id = None
        parent = self._known(as_text(fields.get("parentId")))
        node = Node(parent, self._run, "", self._place.line, self._place.row_ns, 0)
        self._said = as_fields(fields.get("message")) if kind == "message" else {}
        is_turn = as_text(self._said.get("role")) in ("user", "assistant")
        node.turn = is_turn or kind == "branch_summary"
        teller = self._tellers.get(kind, self._other)
        if kind == "compaction" and id is not None:
            node = self._fork(node, id, self._boundary(fields, id))
            id = self._aliases[id]
        node.step = teller(fields, id)
        self._tree.add(id, node)
        for call in node.step.calls if node.step and id else ():
            if call.id:
                self._aliases.setdefault(call.id, id or "")

    def _known(self, id: str | None) -> str | None:
        """The entry that is meant: some name a call instead of its message."""
        return self._aliases.get(id, id) if id is not None else None

    def _fork(self, node: Node, id: str, boundary: Draft) -> Node:
        """Places the boundary; returns a node below it, which stands for it."""
        node.step = boundary
        self._tree.add(id, node)
        self._aliases[id] = f"{id}#summary"
        return Node(id, node.run, "", node.line, node.time_ns, 0)

    def _message(self, fields: Fields, key: str | None) -> Draft | None:
        if not self._said:
            what = "messages that hold nothing"
            self._builder.problem("loss", what, "left out", self._place.line)
            return None
        return tell_message(self._place, self._said, fields, key)

    def _step(self, kind: str, name: str, key: str | None) -> Draft:
        return self._place.step(kind, name, key, self._place.row_ns)

    def _boundary(self, fields: Fields, key: str | None) -> Draft:
        """Where the context begins anew."""
        step = self._step("event", "compaction", key)
        step.status, step.resets_context = "ok", True
        step.details = self._rest(fields, {"summary", "usage"})
        return step

    def _compaction(self, fields: Fields, key: str | None) -> Draft:
        """The summary that stands for what was left out."""
        if key is None:
            self._boundary(fields, None)
        step = self._summary("compaction summary", fields, key)
        step.keeps = as_scalar(fields.get("firstKeptEntryId"))
        if step.keeps is None and "firstKeptEntryIndex" in fields:
            what = "messages kept through a compaction, named by a number"
            done = "not put into the contexts after it"
            self._builder.problem("note", what, done, self._place.line)
        return step

    def _branch_summary(self, fields: Fields, key: str | None) -> Draft:
        step = self._summary("branch summary", fields, key)
        step.details = self._rest(fields, {"summary", "usage"})
        return step

    def _summary(self, name: str, fields: Fields, key: str | None) -> Draft:
        step = self._step("system", name, key)
        step.status = "ok"
        step.input = self._content(fields.get("summary"))
        step.usage = usage_of(fields.get("usage"))
        return step

    def _injected(self, fields: Fields, key: str | None) -> Draft:
        """What an extension put into the conversation."""
        name = as_scalar(fields.get("customType")) or "custom message"
        step = self._step("system", name, key)
        step.status = "ok"
        contents = self._builder.contents
        parts = take_apart(fields.get("content"), contents)
        step.input = parts.text
        if parts.text is None or not parts.whole:
            step.details = self._rest(fields, {"customType"})
        else:
            step.details = self._rest(fields, {"customType", "content"})
        return step

    def _tools(self, fields: Fields, key: str | None) -> Draft:
        """From here on the model is offered these tools."""
        raw = first(fields, "activeToolNames", "tools")
        self._place.tools = tools_of(as_items(raw), self._builder.contents)
        step = self._step("state", "active tools", key)
        step.status = "ok"
        step.state = [StateChange("active tools", self._content(raw))]
        return step

    def _other(self, fields: Fields, key: str | None) -> Draft:
        """A change of the agent's settings, or what only this entry's type tells."""
        kind = shown_type(fields)
        if kind.endswith("_change"):
            return self._change(kind.removesuffix("_change"), fields, key)
        if kind not in _SHOWN and kind not in _TITLES:
            what = f"entries of type {kind}"
            self._builder.problem("note", what, "shown as they are", self._place.line)
        name = as_scalar(fields.get("customType")) or kind
        step = self._step("event", name, key)
        step.status = "ok"
        step.output = self._rest(fields, {"customType"})
        return step

    def _change(self, name: str, fields: Fields, key: str | None) -> Draft:
        path = name.replace("_", " ")
        rest = {k: v for k, v in fields.items() if k not in _ENVELOPE}
        value: Raw | None = next(iter(rest.values()), None)
        contents = self._builder.contents
        new: ContentId | None = contents.add_if(value)
        if path == "model":
            parts = (as_scalar(rest.get(part)) for part in ("provider", "modelId"))
            new = contents.add_text("/".join(part for part in parts if part))
        elif len(rest) > 1:
            new = self._rest(fields, ())
        step = self._step("state", path, key)
        step.status, step.output = "ok", new
        step.state = [StateChange(path, new)]
        return step

    def _content(self, raw: Raw | None) -> ContentId | None:
        return self._builder.contents.add_if(raw)

    def _rest(self, fields: Fields, told: "set[str] | tuple[()]") -> ContentId | None:
        rest = rest_of(fields, {*_ENVELOPE, *told})
        return self._builder.contents.add_if(rest)
