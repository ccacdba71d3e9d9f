"""Turns the spans of one trace into a tree in which every call is there once.

Two instrumentations may record the same call, and a retried export the same span. It
does not look into payloads.
"""

from collections.abc import Iterator

from whypath.builder import Builder
from whypath.model import replace
from whypath.readers import dialects
from whypath.readers.spans import Attributes, Role, Span, text, whole
from whypath.records import Shape

_PENDING = ("logfire.span_type", "pending_span")
_OVERLAP = 0.8
_MODEL = (
    *("gen_ai.request.model", "llm.model_name", "ai.model.id"),
    "gen_ai.response.model",
)


_NONE: Attributes = {}


class Node(Shape, eq=False):
    """A span in its tree. `role` is None for plumbing; `same` is the node it joined."""

    span: Span
    role: Role | None
    parent: "Node | None" = None
    children: list["Node"] = []
    same: "Node | None" = None

    def forget(self) -> None:
        """Lets go of the payloads, once they are contents."""
        self.span.attributes, self.span.events = _NONE, ()

    def whole(self) -> "Node":
        """The node that stands for this one: itself, or the one it joined."""
        node = self
        while node.same is not None:
            node = node.same
        return node

    def above(self) -> Iterator["Node"]:
        """The enclosing nodes from the inside out; a circle ends where it closes."""
        seen = {id(self)}
        node = self.parent
        while node is not None and id(node) not in seen:
            seen.add(id(node))
            yield node
            node = node.parent


def grow(spans: list[Span], builder: Builder) -> list[Node]:
    """The nodes of a trace by start, linked, each call once."""
    nodes = [Node(span, dialects.role(span)) for span in _once(spans, builder)]
    nodes.sort(key=lambda node: (_moment(node.span), node.role == "tool"))
    by_id = {node.span.span_id: node for node in nodes if node.span.span_id}
    for node in nodes:
        node.parent = by_id.get(node.span.parent_id or "")
        if node.parent is not None:
            node.parent.children.append(node)
    _note_clocks(nodes, builder)
    _join_nested(nodes, builder)
    _join_siblings(nodes, builder)
    return [node for node in nodes if node.same is None]


def _moment(span: Span) -> int:
    """When a span began; of one that was only seen to end, when it ended."""
    return span.start_ns or span.end_ns or 0


def _once(spans: list[Span], builder: Builder) -> list[Span]:
    """Leaves out what stands for a span that is there too: pending, exported twice."""
    kept: dict[str, Span] = {}
    loose: list[Span] = []
    for span in spans:
        if span.attributes.get(_PENDING[0]) == _PENDING[1]:
            what = "spans noted while they were still running"
            builder.problem_at("note", what, "shown as they ended", span.source)
            continue
        if span.span_id is None:
            what = "a span has no id"
            builder.problem_at("repair", what, "shown all the same", span.source)
            loose.append(span)
            continue
        before = kept.get(span.span_id)
        if before is None:
            kept[span.span_id] = span
        elif (before.name, before.start_ns) == (span.name, span.start_ns):
            what = "the same span recorded twice"
            builder.problem_at("note", what, "shown once", span.source)
            kept[span.span_id] = span if before.end_ns is None else before
        else:
            loose.append(span)
    return [*kept.values(), *loose]


def _note_clocks(nodes: list[Node], builder: Builder) -> None:
    for node in nodes:
        start, end = node.span.start_ns, node.span.end_ns
        if start is not None and end is not None and end < start:
            what = "a span ends before it starts"
            builder.problem_at("note", what, "shown as recorded", node.span.source)
        above = node.parent.span.start_ns if node.parent else None
        if start is not None and above is not None and start < above:
            what = "a span starts before its parent"
            builder.problem_at("note", what, "clocks may differ", node.span.source)


def _join_nested(nodes: list[Node], builder: Builder) -> None:
    """A model call around one model call is that call; around several, an agent."""
    inside: dict[int, list[Node]] = {}
    outer: dict[int, Node] = {}
    for node in nodes:
        if node.role not in ("model", "tool"):
            continue
        for above in node.above():
            if above.role == node.role:
                inside.setdefault(id(above), []).append(node)
                outer[id(above)] = above
            if above.role in ("model", "tool", "agent"):
                break
    for key, inner in inside.items():
        above = outer[key]
        if above.role == "tool":
            for node in inner:
                if _tool_name(node.span) == _tool_name(above.span):
                    _join(above, node, builder)
        elif len(inner) == 1 and _same_model(inner[0].span, above.span):
            _join(above, inner[0], builder)
        elif len(inner) > 1:
            above.whole().role = "agent"


def _join_siblings(nodes: list[Node], builder: Builder) -> None:
    """Two model calls side by side are one if all that both record agrees."""
    last: dict[int, Node] = {}
    for node in nodes:
        if node.role != "model" or node.same is not None:
            continue
        key = id(node.parent.whole()) if node.parent else 0
        before = last.get(key)
        if before is not None and _is_twin(before.span, node.span):
            _join(before, node, builder)
        else:
            last[key] = node


def _is_twin(one: Span, other: Span) -> bool:
    if one.scope == other.scope or not _same_model(one, other):
        return False
    for name in ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"):
        counts = whole(one.attributes, [name]), whole(other.attributes, [name])
        if None not in counts and counts[0] != counts[1]:
            return False
    times = one.start_ns, one.end_ns, other.start_ns, other.end_ns
    if None in times:
        return False
    start_1, end_1, start_2, end_2 = (t or 0 for t in times)
    common = min(end_1, end_2) - max(start_1, start_2)
    longer = max(end_1 - start_1, end_2 - start_2)
    return common >= _OVERLAP * longer > 0


def _join(kept: Node, other: Node, builder: Builder) -> None:
    """Makes one node of two; where both say a thing, `kept` is believed."""
    kept, other = kept.whole(), other.whole()
    if kept is other:
        return
    a, b = kept.span, other.span
    kept.span = replace(
        a,
        attributes={**b.attributes, **a.attributes},
        events=(*a.events, *b.events),
        status="error" if "error" in (a.status, b.status) else a.status,
        message=a.message or b.message,
    )
    other.same = kept
    for child in other.children:
        child.parent = kept
        kept.children.append(child)
    kind = "model" if kept.role == "model" else "tool"
    what = f"the same {kind} call recorded by two instrumentations"
    builder.problem_at("note", what, "shown once", b.source)


def _same_model(one: Span, other: Span) -> bool:
    """True unless both name a model and neither name begins with the other."""
    a, b = (text(s.attributes, *_MODEL) or "" for s in (one, other))
    a, b = a.rpartition("/")[2], b.rpartition("/")[2]
    return not a or not b or a.startswith(b) or b.startswith(a)


def _tool_name(span: Span) -> str:
    names = ("gen_ai.tool.name", "tool.name", "ai.toolCall.name")
    return text(span.attributes, *names) or span.name
