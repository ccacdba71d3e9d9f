"""Finds where each event of an Inspect log stands: in which span, agent and branch.

Part of the `inspect_ai` reader. Logs have spans with ids since May 2025, before that
steps that begin and end, and events inside the events of tools. It makes no steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from whypath.builder import Builder
from whypath.readers.fields import Fields, as_fields, as_items, as_scalar, as_text
from whypath.records import Raw

AGENT, CALL, GROUP, MARK, SILENT = "agent", "call", "group", "mark", "silent"
"""What becomes of a span: a step with steps inside, for an agent, for a tool's call,
for what else the log groups; a step with none inside; or nothing."""

_SILENT = {"init", "solvers", "scorers", "handoff"}
_CLAIMED = {"tool": "function", "subtask": "name"}
_WORK = {"model", "tool"}
_MOST_LOOKS = 20_000_000


@dataclass(slots=True, eq=False)
class Span:
    """Something that began and ended. `key` is that of the step that stands for it."""

    id: str
    type: str
    name: str
    parent: str | None
    key: str | None
    begin: int
    line: int
    start: Raw | None = None
    end: Raw | None = None
    role: str = GROUP
    claimed: bool = False
    thinks: bool = False
    abandoned: bool = False


class Item(NamedTuple):
    """An event, the span it stands in, and the one that it stands for."""

    name: str
    fields: Fields
    inside: str | None
    stands_for: Span | None = None


class Place(NamedTuple):
    """Where a step stands."""

    parent: str | None = None
    thread: str = ""
    agent: str | None = None
    abandoned: bool = False


class Places:
    """The events of one sample, or of one attempt at it, in order."""

    def __init__(self, events: Raw, builder: Builder, line: int) -> None:
        self.items: list[Item] = []
        self.spans: dict[str, Span] = {}
        self.abandoned: set[int] = set()
        self._builder = builder
        self._line = line
        self._open: list[Span] = []
        self._names: dict[str, int] = {}
        self._places: dict[str, Place] = {}
        self._main: Span | None = None
        self._read(events, None)
        for item in self.items:
            if item.name == "model":
                self._mark_thinking(item.inside)
        for span in self.spans.values():
            span.role = _role(span)
        self._main = next((s for s in self.spans.values() if self._is_main(s)), None)
        self._find_abandoned()

    @property
    def main_agent(self) -> str | None:
        """The name of the outermost agent, where there is one."""
        return self._main.name if self._main else None

    def place(self, index: int) -> Place:
        """Where the event number `index` stands."""
        item = self.items[index]
        span = self.spans.get(item.inside or "")
        place = self.inside(span) if span else Place()
        if index in self.abandoned:
            return place._replace(abandoned=True)
        return place

    def inside(self, span: Span) -> Place:
        """Where a step right inside the span stands."""
        known = self._places.get(span.id)
        if known is not None:
            return known
        parent = thread = agent = None
        abandoned = False
        for outer in self._around(span.id):
            shown = outer.role in (AGENT, CALL, GROUP)
            parent = outer.key if parent is None and shown else parent
            if thread is None and (outer.role in (AGENT, CALL) or _branches(outer)):
                thread = "" if outer is self._main else outer.key
            agent = outer.name if agent is None and outer.role == AGENT else agent
            abandoned = abandoned or outer.abandoned
        place = Place(parent, thread or "", agent, abandoned)
        self._places[span.id] = place
        return place

    def around(self, span: Span) -> Place:
        """Where the step of the span itself stands."""
        outer = self.spans.get(span.parent or "")
        place = self.inside(outer) if outer and outer is not span else Place()
        return place._replace(abandoned=place.abandoned or span.abandoned)

    def _around(self, id: str | None) -> Iterator[Span]:
        """The span and those that hold it, from the innermost."""
        seen: set[str] = set()
        while id is not None and id in self.spans and id not in seen:
            seen.add(id)
            yield self.spans[id]
            id = self.spans[id].parent

    def _read(self, events: Raw, around: str | None) -> None:
        steps: list[Span] = []
        for raw in as_items(events):
            fields = as_fields(raw)
            name = as_text(fields.get("event"))
            if name is None:
                what = "an event that does not say what it is"
                self._builder.problem("loss", what, "left out", self._line)
                continue
            inside = as_scalar(fields.get("span_id"))
            if inside is None:
                inside = steps[-1].id if steps else around
            if name == "span_begin":
                inside = as_scalar(fields.get("parent_id")) or around
                span = self._begin(fields, inside, as_scalar(fields.get("id")))
                self.items.append(Item(name, fields, inside, span))
                self._open.append(span)
            elif name == "span_end":
                ended = self.spans.get(as_scalar(fields.get("id")) or "")
                self._end(ended, fields)
            elif name == "step" and as_text(fields.get("action")) == "end":
                self._end(steps.pop() if steps else None, fields)
            elif name == "step":
                span = self._begin(fields, inside, None)
                steps.append(span)
                self.items.append(Item(name, fields, inside, span))
            else:
                self._event(name, fields, inside)

    def _event(self, name: str, fields: Fields, inside: str | None) -> None:
        """An event; one that holds events, or has a span for them, stands for that."""
        nested = fields.get("events")
        span: Span | None = None
        if name in _CLAIMED:
            called = as_scalar(fields.get(_CLAIMED[name]))
            span = self._claim(name, called, inside)
            if span is None and nested is not None and len(nested) > 2:
                span = self._begin({}, inside, None, name, called or name)
            if span is not None:
                span.claimed = True
                own = as_scalar(fields.get("uuid")) or as_scalar(fields.get("id"))
                span.key = own or span.key
                inside = span.parent if inside == span.id else inside
        self.items.append(Item(name, fields, inside, span))
        if nested is not None and span is not None:
            self._read(nested, span.id)

    def _begin(
        self,
        fields: Fields,
        parent: str | None,
        id: str | None,
        type: str | None = None,
        name: str | None = None,
    ) -> Span:
        """A new span; one without an id, or with one used before, gets a key."""
        name = name or as_scalar(fields.get("name")) or "span"
        type = type or as_scalar(fields.get("type")) or name
        key = id
        if id is None or id in self.spans:
            base = f"{type}:{name}"
            self._names[base] = self._names.get(base, 0) + 1
            key = id = f"{base}~{self._names[base]}"
        begin = len(self.items)
        span = Span(id, type, name, parent, key, begin, self._line)
        span.start = fields.get("timestamp")
        self.spans[id] = span
        return span

    def _end(self, span: Span | None, fields: Fields) -> None:
        if span is not None:
            span.end = fields.get("timestamp")
            if span in self._open:
                self._open.remove(span)
            return
        what = "the end of a span that did not begin"
        self._builder.problem("note", what, "left out", self._line)

    def _claim(self, type: str, name: str | None, inside: str | None) -> Span | None:
        """The span that was opened for this event: the last one of that name."""
        for number in range(len(self._open) - 1, -1, -1):
            span = self._open[number]
            if (span.type, span.name) != (type, name):
                continue
            outer = {outer.id for outer in self._around(span.id)}
            if inside is None or inside in outer or inside not in self.spans:
                return self._open.pop(number)
        return None

    def _mark_thinking(self, id: str | None) -> None:
        for span in self._around(id):
            if span.thinks:
                return
            span.thinks = True

    def _is_main(self, span: Span) -> bool:
        """True for an agent that no other step of the log has started."""
        if span.type != "agent":
            return False
        outer = list(self._around(span.parent))
        return not any(o.role in (AGENT, CALL) or _branches(o) for o in outer)

    def _find_abandoned(self) -> None:
        """Marks the ways taken from an anchor, but the last: that one went on."""
        anchors: dict[str, int] = {}
        branches: dict[str, list[Span]] = {}
        for index, item in enumerate(self.items):
            if item.name == "anchor":
                id = as_scalar(item.fields.get("anchor_id")) or ""
                anchors.setdefault(id, index)
            elif item.name == "branch":
                id = as_scalar(item.fields.get("from_anchor")) or ""
                span = next(filter(_branches, self._around(item.inside)), None)
                if span is not None and span not in branches.setdefault(id, []):
                    branches[id].append(span)
        if len(branches) * len(self.items) > _MOST_LOOKS:
            what = "too many branches to tell which were abandoned"
            self._builder.problem("note", what, "none is marked so", self._line)
            return
        for id, spans in branches.items():
            self._leave(anchors.get(id), spans)

    def _leave(self, anchor: int | None, branches: list[Span]) -> None:
        for span in branches[:-1]:
            span.abandoned = True
        if anchor is None:
            return
        home = self.items[anchor].inside
        taken = {span.id for span in branches}
        before: set[int] = set()
        goes_on = False
        for index in range(anchor + 1, len(self.items)):
            around = [span.id for span in self._around(self.items[index].inside)]
            if (home is not None and home not in around) or taken & {*around}:
                continue
            if index < branches[0].begin:
                before.add(index)
            elif index > branches[-1].begin:
                goes_on = goes_on or self.items[index].name in _WORK
        branches[-1].abandoned = goes_on
        if not goes_on:
            self.abandoned |= before


def _branches(span: Span) -> bool:
    return span.type == "branch"


def _role(span: Span) -> str:
    if span.claimed:
        return CALL
    if span.type == "agent" or (span.type == "scorer" and span.thinks):
        return AGENT
    if span.type in _SILENT:
        return SILENT
    is_flat = span.type in ("solver", "scorer", "tool") or not span.thinks
    return MARK if is_flat else GROUP
