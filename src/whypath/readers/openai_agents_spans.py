"""Turns the spans of one trace of the Agents SDK into spans of no container's shape.

Part of the `openai_agents` reader. What an agent could use is recorded at its own span,
and is what each of its model calls was offered.
"""

from typing import Any

from whypath.builder import Builder
from whypath.content import to_json
from whypath.model import Decision, Option, Usage, replace
from whypath.readers import told_spans
from whypath.readers.fields import usage_of
from whypath.readers.span_values import as_object, as_text
from whypath.readers.spans import Role, Span
from whypath.records import Raw

Fields = dict[str, Any]

_ROLES: dict[str, Role] = {
    "agent": "agent",
    "generation": "model",
    "response": "model",
    "function": "tool",
    "handoff": "handoff",
    "guardrail": "guardrail",
    "mcp_tools": "event",
    "transcription": "event",
    "speech": "event",
    "speech_group": "structure",
}
_GROUPS = ("task", "turn")
_ASKED_FOR = ("function", "handoff")
_SHOWN = ("type", "name", "input", "output", "usage", "model", "data", "result")
_NO_CONTENT = "not recorded: the trace holds the response's id"


class Trace:
    """One trace: its own row, where there is one, and its spans with their places."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.row: Fields = {}
        self.spans: list[tuple[Fields, str, int]] = []


def spans_of(trace: Trace, builder: Builder) -> list[Span]:
    """The spans, outermost first, each with what only those around it tell."""
    tree = _Tree(trace, builder)
    spans = [tree.span(*item) for item in trace.spans]
    ids = {span.span_id for span in spans}
    session = as_text(trace.row.get("group_id"))
    spans.sort(key=lambda span: span.parent_id in ids)
    if session and spans:
        told = {**spans[0].attributes, "session.id": session}
        spans[0] = replace(spans[0], attributes=told)
    return spans


class _Tree:
    """The spans of a trace by id and by the span around them, in order of start."""

    def __init__(self, trace: Trace, builder: Builder) -> None:
        self._trace = trace
        self._builder = builder
        self._by_id: dict[str, Fields] = {}
        self._inside: dict[str | None, list[Fields]] = {}
        rows = sorted((fields for fields, *_ in trace.spans), key=_start)
        for fields in rows:
            if (id := as_text(fields.get("id"))) is not None:
                self._by_id.setdefault(id, fields)
            self._inside.setdefault(_parent(fields), []).append(fields)

    def span(self, fields: Fields, file: str, line: int) -> Span:
        """A span with its facts under our names."""
        data = as_object(fields.get("span_data"))
        kind = as_text(data.get("type")) or "custom"
        role = _role(kind, data)
        error = self._error(fields, data)
        told = {
            told_spans.KIND: role,
            **self._facts(kind, fields, data, line),
            **_rest(data),
        }
        if isinstance(error, dict) and error.get("data"):
            told["error"] = error["data"]
        return Span(
            trace_id=self._trace.id,
            span_id=as_text(fields.get("id")),
            parent_id=_parent(fields),
            name=_name(kind, data),
            start_ns=self._builder.time(fields.get("started_at"), line),
            end_ns=self._builder.time(fields.get("ended_at"), line),
            status="error" if error else "unset",
            message=_reason(error),
            attributes={k: v for k, v in told.items() if v is not None},
            events=(),
            resource={},
            scope="openai-agents",
            line=line,
            file=file,
        )

    def _facts(self, kind: str, fields: Fields, data: Fields, line: int) -> Fields:
        asked, said = data.get("input"), data.get("output")
        if kind in ("generation", "response"):
            return self._model(kind, fields, data, line)
        if kind == "handoff":
            return self._handoff(fields, data)
        if kind == "guardrail":
            tripped = data.get("triggered")
            return {
                told_spans.OUTPUT: {"triggered": tripped},
                told_spans.DECISION: _guarded(tripped, data),
            }
        if kind == "function":
            called = as_text(fields.get("id")) if self._is_told(fields) else None
            found = {told_spans.CALL_ID: called, told_spans.INPUT: asked}
            return {**found, told_spans.OUTPUT: said}
        if kind == "mcp_tools":
            said = data.get("result")
        elif kind == "custom":
            said = as_object(data.get("data")) if not _is_group(data) else None
        name = as_text(data.get("name")) if kind == "agent" else None
        found = {told_spans.INPUT: asked or None, told_spans.OUTPUT: said or None}
        return {**found, told_spans.NAME: name}

    def _model(self, kind: str, fields: Fields, data: Fields, line: int) -> Fields:
        """A model call: what it saw and said, or else what it led to."""
        asked, said = data.get("input"), data.get("output")
        found = {
            told_spans.MODEL: as_text(data.get("model")),
            told_spans.USAGE: _usage(data.get("usage")),
            told_spans.TOOLS: self._offered(fields),
        }
        if kind == "response" and not asked and not said:
            said = self._led_to(fields)
            found["content"] = _NO_CONTENT
            what = "model calls without content: the SDK exports only their ids"
            done = "their calls are those that were carried out next"
            self._builder.problem("note", what, done, line)
        if isinstance(said, list) and len(said) == 1:
            said = {"choices": [{"message": said[0]}]}
        return {**found, told_spans.INPUT: asked, told_spans.OUTPUT: said}

    def _led_to(self, fields: Fields) -> Any:
        """The tools that ran between this response and the next, as its calls."""
        calls = [
            {
                "id": as_text(after.get("id")),
                "type": "function",
                "function": {
                    "name": _name(data["type"], data),
                    "arguments": data.get("input") or "{}",
                },
            }
            for after in self._after(fields)
            if (data := as_object(after["span_data"])).get("type") in _ASKED_FOR
        ]
        return {"role": "assistant", "tool_calls": calls} if calls else None

    def _after(self, response: Fields) -> list[Fields]:
        """The spans beside a response that began after it, up to the next response."""
        beside = self._inside.get(_parent(response), [])
        at = next((n for n, span in enumerate(beside) if span is response), None)
        found: list[Fields] = []
        for span in beside[at + 1 :] if at is not None else ():
            if as_object(span.get("span_data")).get("type") == "response":
                break
            found.append(span)
        return found

    def _is_told(self, function: Fields) -> bool:
        """True where a response without content stands before a tool's span."""
        for span in self._inside.get(_parent(function), []):
            data = as_object(span.get("span_data"))
            if data.get("type") == "response":
                return not data.get("output")
            if span is function:
                return False
        return False

    def _offered(self, fields: Fields) -> list[Fields] | None:
        """What the agent could use, and to whom it could hand over."""
        agent = self._agent(fields)
        tools, handoffs = agent.get("tools"), agent.get("handoffs")
        if not isinstance(tools, list) and not isinstance(handoffs, list):
            return None
        names = [*_texts(tools), *map(_handing_over, _texts(handoffs))]
        return [{"name": name} for name in names]

    def _handoff(self, fields: Fields, data: Fields) -> Fields:
        """A handoff: the choice of one agent among those that the agent knows."""
        to = as_text(data.get("to_agent"))
        known = _texts(self._agent(fields).get("handoffs"))
        names = dict.fromkeys([*known, *([to] if to else [])])
        sides = {k: data[k] for k in ("from_agent", "to_agent") if data.get(k)}
        decision = _decision(
            "Which agent goes on?",
            {name: name == to for name in names},
            None if known else "other agents: not recorded",
        )
        called = as_text(fields.get("id")) if self._is_told(fields) else None
        return {
            told_spans.CALL_ID: called,
            told_spans.INPUT: sides or None,
            told_spans.DECISION: decision if to else None,
        }

    def _agent(self, fields: Fields) -> Fields:
        """The nearest agent around a span, as it was set up."""
        seen: set[str] = set()
        at = _parent(fields)
        while at is not None and at not in seen and at in self._by_id:
            seen.add(at)
            data = as_object(self._by_id[at].get("span_data"))
            if data.get("type") == "agent":
                return data
            at = _parent(self._by_id[at])
        return {}

    def _error(self, fields: Fields, data: Fields) -> Any:
        """What went wrong: an agent's turn fails, and so does the agent."""
        error = fields.get("error")
        if _is_group(data):
            above = self._by_id.get(_parent(fields) or "")
            is_agent = above is not None and _kind(above) == "agent"
            return None if is_agent else error
        if error or data.get("type") != "agent":
            return error
        turns = self._inside.get(as_text(fields.get("id")), [])
        last = [turn for turn in turns if _is_group(as_object(turn["span_data"]))][-1:]
        return last[0].get("error") if last else None


def _role(kind: str, data: Fields) -> Role | None:
    if kind == "custom":
        return None if _is_group(data) else "event"
    return _ROLES.get(kind, "event")


def _name(kind: str, data: Fields) -> str:
    """What a span is called: by its own name, or by what it does."""
    if kind == "handoff":
        return _handing_over(as_text(data.get("to_agent")) or "(nobody)")
    if kind == "mcp_tools":
        return f"tools of {as_text(data.get('server')) or 'a server'}"
    return as_text(data.get("name")) or as_text(data.get("model")) or kind


def _handing_over(agent: str) -> str:
    return f"handoff to {agent}"


def _guarded(tripped: Any, data: Fields) -> Decision | None:
    if not isinstance(tripped, bool):
        return None
    name = as_text(data.get("name")) or "the guardrail"
    options = {"let it pass": not tripped, "stop the run": tripped}
    return _decision(f"Does {name} stop the run?", options)


def _decision(
    question: str, options: dict[str, bool], note: str | None = None
) -> Decision:
    return Decision(
        step=0,
        question=question,
        options=tuple(Option(name, chosen) for name, chosen in options.items()),
        rationale=None,
        rationale_from=None,
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
        options_note=note,
    )


def _usage(counted: Any) -> Usage | None:
    """Tokens of one call; the cache is counted within the input."""
    counts = as_object(counted)
    if not counts:
        return None
    details = as_object(counts.get("input_tokens_details"))
    found = usage_of(Raw(to_json(counts)))
    written = details.get("cache_write_tokens")
    if found is not None and type(written) is int and written > 0:
        return replace(found, cache_write_tokens=written)
    return found


def _rest(data: Fields) -> Fields:
    """What a span's data says beside its facts."""
    empty: tuple[Any, ...] = (None, "", [], {})
    return {k: v for k, v in data.items() if k not in _SHOWN and v not in empty}


def _is_group(data: Fields) -> bool:
    """True for the spans that only group others: a task, a turn."""
    inner = as_object(data.get("data"))
    return data.get("type") in _GROUPS or inner.get("sdk_span_type") in _GROUPS


def _kind(fields: Fields) -> str | None:
    return as_text(as_object(fields.get("span_data")).get("type"))


def _reason(error: Any) -> str | None:
    """What an error says; the cause where the message is only that there was one."""
    fields = as_object(error)
    said = as_text(fields.get("message")) or as_text(error)
    data = as_object(fields.get("data"))
    cause = as_text(data.get("error")) or as_text(data.get("guardrail"))
    return f"{said}: {cause}" if said and cause else said or cause


def _start(fields: Fields) -> str:
    return as_text(fields.get("started_at")) or ""


def _parent(fields: Fields) -> str | None:
    return as_text(fields.get("parent_id"))


def _texts(value: Any) -> list[str]:
    return [t for t in value if as_text(t)] if isinstance(value, list) else []
