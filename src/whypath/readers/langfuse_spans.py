"""Turns the observations of one Langfuse trace into spans of no container's shape.

Part of the `langfuse` reader. What an observation keeps of the attributes that it was
made of (`metadata.attributes`) is handed on to the dialects, which know more of them.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from whypath.builder import Builder
from whypath.readers import dialects, told_spans
from whypath.readers.langchain_messages import (
    is_router,
    route,
    unwrap,
)
from whypath.readers.langfuse_facts import (
    MODEL,
    ROLES,
    SPAN,
    called,
    ids_in,
    model_facts,
    tool_facts,
    usage_of,
)
from whypath.readers.langfuse_rows import (
    Fields,
    Trace,
    evaluation,
    is_of_trace,
    parent_of,
)
from whypath.readers.span_values import as_object, as_text, as_time, objects
from whypath.readers.spans import Event, Role, Span

_NOTHING: Fields = {}
_VAGUE = (None, "event", "structure")
_HANDOFF = re.compile(r"(^|[_\W])handoff|^transfer_to_", re.IGNORECASE)
_CALL_ID = "gen_ai.tool.call.id"
_EVALUATION = "gen_ai.evaluation.result"
_TOLD = {
    *("id", "traceId", "parentObservationId", "type", "startTime", "endTime"),
    *("input", "output", "metadata", "statusMessage", "model", "providedModelName"),
    *("usage", "usageDetails", "costDetails", "totalCost", "projectId", "latency"),
    *("promptTokens", "completionTokens", "totalTokens", "internalModelId"),
    *("toolDefinitions", "toolCalls", "toolCallNames", "createdAt", "updatedAt"),
    *("inputPrice", "outputPrice", "totalPrice", "modelId", "unit", "name"),
    *("inputUsage", "outputUsage", "totalUsage", "inputCost", "outputCost"),
    *("calculatedInputCost", "calculatedOutputCost", "calculatedTotalCost"),
    *("usagePricingTierId", "usagePricingTierName", "scores", "traceName"),
}  # fmt: skip
"""Fields of an observation that are shown as something else, or follow from others."""


def spans_of(trace: Trace, builder: Builder) -> Iterator[Span]:
    """The observations as spans, under one root where the trace has none."""
    return _Tree(trace, builder).spans()


class _Tree:
    """The observations of one trace, and what only all of them together show."""

    def __init__(self, trace: Trace, builder: Builder) -> None:
        self._trace = trace
        self._builder = builder
        self._root = trace.root()
        self._metadata = {
            id: _metadata(fields) for id, (fields, *_) in trace.observations.items()
        }
        self._children: set[str] = set()
        self._outer_models: set[str] = set()
        self._with_models: set[str] = set()
        for fields, *_ in trace.observations.values():
            self._look_up(fields)
        self._nodes = {n for m in self._metadata.values() if (n := _node(m))}

    def spans(self) -> Iterator[Span]:
        trace = self._trace
        if self._root == trace.id and trace.id not in trace.observations:
            yield self._own_root()
        for id, (fields, file, line) in trace.observations.items():
            yield self._span(id, fields, file, line)

    def _look_up(self, fields: Fields) -> None:
        """Notes what an observation makes of those around it."""
        is_model = fields.get("type") == MODEL
        parent, seen, nearest = parent_of(fields), set[str](), True
        if parent:
            self._children.add(parent)
        while is_model and parent in self._trace.observations and parent not in seen:
            seen.add(parent)
            above = self._trace.observations[parent][0]
            self._with_models.add(parent)
            if nearest and above.get("type") == MODEL:
                self._outer_models.add(parent)
            nearest = nearest and above.get("type") in (MODEL, SPAN, "CHAIN", None)
            parent = parent_of(above)

    def _own_root(self) -> Span:
        """The trace itself as a span, where its observations have no other."""
        trace = self._trace
        row, (file, line) = trace.row, trace.place
        name = as_text(row.get("name"))
        attributes: Fields = {told_spans.KIND: "agent", told_spans.NAME: name}
        attributes |= self._of_trace(row)
        attributes[told_spans.INPUT] = unwrap(row.get("input"))
        attributes[told_spans.OUTPUT] = unwrap(row.get("output"))
        begun = [row.get("timestamp"), *self._each("startTime")]
        ended = [*begun[1:], *self._each("endTime")]
        return Span(
            trace_id=trace.id,
            span_id=trace.id,
            parent_id=None,
            name=name or "trace",
            start_ns=self._builder.time(
                min(filter(as_text, begun), default=None), line
            ),
            end_ns=self._builder.time(max(filter(as_text, ended), default=None), line),
            status="unset",
            message=None,
            attributes={k: v for k, v in attributes.items() if v is not None},
            events=self._evaluations(None),
            resource={},
            scope="",
            line=line,
            file=file,
        )

    def _span(self, id: str, fields: Fields, file: str, line: int | None) -> Span:
        metadata = self._metadata[id]
        is_root = id == self._root
        level = fields.get("level")
        scope = as_object(metadata.get("scope"))
        parent = parent_of(fields)
        if parent == self._trace.id or (parent is None and not is_root):
            parent = self._root if self._root == self._trace.id else None
        name = as_text(fields.get("name")) or ""
        attributes = self._attributes(fields, metadata, is_root)
        known = _known_role(name, attributes) if "attributes" in metadata else None
        told = self._told(id, fields, name, known)
        attributes |= {k: v for k, v in told.items() if v is not None}
        return Span(
            trace_id=self._trace.id,
            span_id=id,
            parent_id=parent,
            name=name,
            start_ns=as_time(fields.get("startTime"), self._builder, line),
            end_ns=as_time(fields.get("endTime"), self._builder, line),
            status="error" if level == "ERROR" else "unset",
            message=as_text(fields.get("statusMessage")) if level == "ERROR" else None,
            attributes=attributes,
            events=self._evaluations(id),
            resource=as_object(metadata.get("resourceAttributes")) or _NOTHING,
            scope=as_text(scope.get("name")) or "",
            line=line,
            file=file,
        )

    def _attributes(self, fields: Fields, metadata: Fields, is_root: bool) -> Fields:
        """What an observation says beside its facts, and what it was made of."""
        found = {
            key: value
            for key, value in fields.items()
            if key not in _TOLD and value not in (None, "", [], {})
        }
        if found.get("level") in ("DEFAULT", "ERROR"):
            del found["level"]
        if found.get("environment") == "default":
            del found["environment"]
        if fields.get("level") != "ERROR" and as_text(fields.get("statusMessage")):
            found["statusMessage"] = fields["statusMessage"]
        if metadata:
            parts = ("attributes", "resourceAttributes", "scope", "tools")
            rest = {k: v for k, v in metadata.items() if k not in parts}
            found |= {f"metadata.{key}": value for key, value in rest.items()}
            found |= self._known_attributes(as_object(metadata.get("attributes")))
        if is_root:
            found |= self._of_trace(self._trace.row)
        return found

    def _known_attributes(self, attributes: Fields) -> Fields:
        """The attributes; a call's id that no model call knows links nothing."""
        call_id = attributes.get(_CALL_ID)
        if not isinstance(call_id, str) or call_id in self._call_ids:
            return attributes
        rest = {k: v for k, v in attributes.items() if k != _CALL_ID}
        return {**rest, "metadata.call_id": call_id}

    @cached_property
    def _call_ids(self) -> set[str]:
        """The ids of the calls that the models of the trace made."""
        rows = (fields for fields, *_ in self._trace.observations.values())
        return {id for fields in rows for id in ids_in(fields)}

    def _of_trace(self, row: Fields) -> Fields:
        """What the trace says of itself, on its outermost span."""
        tags = row.get("tags")
        found = {
            "session.id": as_text(row.get("sessionId")),
            "user.id": as_text(row.get("userId")),
            "tag.tags": tags if isinstance(tags, list) and tags else None,
        }
        rest = as_object(unwrap(row.get("metadata")))
        parts = ("attributes", "resourceAttributes", "scope")
        found |= {f"trace.{k}": v for k, v in rest.items() if k not in parts}
        return {key: value for key, value in found.items() if value is not None}

    def _told(self, id: str, fields: Fields, name: str, known: Role | None) -> Fields:
        """The facts of an observation under our own names."""
        asked, said = unwrap(fields.get("input")), unwrap(fields.get("output"))
        if id == self._root and asked is None and said is None:
            row = self._trace.row
            asked, said = unwrap(row.get("input")), unwrap(row.get("output"))
        role = self._role(id, fields, name, known, said)
        told: Fields = {told_spans.KIND: role}
        if role == "model":
            if id not in self._outer_models:
                return told | model_facts(fields, self._metadata[id], asked, said)
            return told | {"input": asked, "output": said}
        if role == "agent":
            told[told_spans.NAME] = self._agent(id, fields)
        elif role == "decision":
            told[told_spans.DECISION] = route(name, said)
        elif role == "tool":
            asked, said, told[told_spans.CALL_ID] = tool_facts(asked, said)
        told[told_spans.USAGE] = usage_of(fields)
        return told | {told_spans.INPUT: asked, told_spans.OUTPUT: said}

    def _role(
        self, id: str, fields: Fields, name: str, known: Role | None, said: Any
    ) -> Role | None:
        """What an observation is: by its attributes, its type, or what it does."""
        if known not in _VAGUE:
            return known
        role = ROLES.get(str(fields.get("type")), "structure")
        if role in ("structure", "tool") and _HANDOFF.search(name):
            return "handoff"
        if role != "structure":
            return role
        if self._agent(id, fields):
            return "agent"
        is_leaf = id not in self._children
        node = _node(self._metadata[id])
        if is_leaf and is_router(name, node, said, self._nodes):
            return "decision"
        if is_leaf and self._is_tool(id, name, node, said):
            return "tool"
        if id == self._root and id in self._with_models and said is not None:
            return "agent"
        return known or role

    def _agent(self, id: str, fields: Fields) -> str | None:
        """The name of the agent that an observation stands for."""
        attributes = as_object(self._metadata[id].get("attributes"))
        name = as_text(fields.get("name")) if fields.get("type") == "AGENT" else None
        return as_text(attributes.get("agent_name")) or name

    def _is_tool(self, id: str, name: str, node: str | None, said: Any) -> bool:
        """True for a span that carries out a call, from before spans had a type."""
        fields, _, line = self._trace.observations[id]
        if fields.get("type") != SPAN or name == node:
            return False
        if name in self._called or as_object(said).get("tool_call_id"):
            return True
        if self._metadata[id] or not self._is_untyped:
            return False
        if fields.get("input") is None or fields.get("output") is None:
            return False
        what = "spans of no type beside model calls, with an input and an output"
        self._builder.problem("note", what, "taken for tool calls", line)
        return True

    @cached_property
    def _called(self) -> set[str]:
        """The names of the tools that the models of the trace called."""
        rows = (fields for fields, *_ in self._trace.observations.values())
        return {name for fields in rows for name in called(fields)}

    @cached_property
    def _is_untyped(self) -> bool:
        """True for a trace of model calls in which nothing else has a type."""
        types = set(map(str, self._each("type")))
        return MODEL in types and types <= {MODEL, SPAN, "EVENT"}

    def _each(self, name: str) -> Iterator[Any]:
        """A field of all observations."""
        return (fields.get(name) for fields, *_ in self._trace.observations.values())

    def _evaluations(self, id: str | None) -> tuple[Event, ...]:
        """The scores of an observation, or those of the trace at its root."""
        of_trace = id is None or id == self._root
        corrected = self._trace.row.get("corrections")
        if not self._trace.scores and not corrected:
            return ()
        given = (*self._trace.scores.values(), *objects(corrected))
        return tuple(
            Event(_EVALUATION, None, evaluation(score))
            for score in given
            if (of_trace and is_of_trace(score))
            or (id is not None and score.get("observationId") == id)
        )


def _known_role(name: str, attributes: Fields) -> Role | None:
    """What an observation is to those who know the attributes that it was made of."""
    made_of = Span(
        trace_id=None,
        span_id=None,
        parent_id=None,
        name=name,
        start_ns=None,
        end_ns=None,
        status="unset",
        message=None,
        attributes=attributes,
        events=(),
        resource=_NOTHING,
        scope="",
        line=None,
    )
    return dialects.role(made_of)


def _metadata(fields: Fields) -> Fields:
    return as_object(unwrap(fields.get("metadata")))


def _node(metadata: Fields) -> str | None:
    return as_text(metadata.get("langgraph_node"))
