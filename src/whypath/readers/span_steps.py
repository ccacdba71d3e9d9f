"""Turns the span trees of a run into its steps: names, agents, threads, linked calls.

What a span's attributes mean is the work of the dialects; order and pairing by id is
the builder's.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from whypath.builder import Builder, Draft, RunDraft, Window
from whypath.model import ContentId, Decision, Kind, Outcome, RunStatus
from whypath.readers import dialects, gen_ai
from whypath.readers.choices import OpenChoices
from whypath.readers.payloads import Payloads
from whypath.readers.span_calls import CallLinks
from whypath.readers.span_tree import Node
from whypath.readers.spans import Event, Facts, Span, first, text

_PREFIXES = ("execute_tool ", "invoke_agent ", "create_agent ", "invoke_workflow ")
_ENCLOSING = ("agent", "tool", "model")
_FAILURES = frozenset(("error.type", "exception.type"))
_HTTP = ("http.response.status_code", "http.status_code")
_EVALUATION = "gen_ai.evaluation.result"


class _Place(NamedTuple):
    """Where a step stands: its agent, its thread, and if a call is around it."""

    agent: str | None = None
    thread: str = ""
    nested: bool = False


_OUTSIDE = _Place()


@dataclass(slots=True)
class _Ending:
    """The root span that a run's end is read from."""

    is_agent: bool
    start_ns: int
    status: RunStatus
    output: ContentId | None


class RunSteps:
    """Adds one trace after the other to a run, then what is known of it as a whole."""

    def __init__(self, run: RunDraft, builder: Builder, payloads: Payloads) -> None:
        self._run = run
        self._builder = builder
        self._payloads = payloads
        self._links = CallLinks(builder)
        self._choices = OpenChoices(builder.contents)
        self._given: set[ContentId | None] = set()
        self._task: ContentId | None = None
        self._first_words: ContentId | None = None
        self._ending: _Ending | None = None

    def add_trace(self, nodes: list[Node]) -> None:
        """Adds the steps of a trace; `nodes` are in order of their start."""
        plain = all(node.role in (None, "structure") for node in nodes)
        agents = {id(n): self._facts(n) for n in nodes if n.role == "agent"}
        places = self._places(nodes, agents)
        for node in nodes:
            self._builder.file = node.span.file or self._builder.file
            known = agents.get(id(node)) or self._facts(node)
            hidden = not plain and not _is_shown(node, known)
            draft = self._add_step(node, known, places[id(node)], hidden)
            self._note_run(node, known, draft)
            node.forget()
            self._choose(draft, known)
            if node.role == "model":
                self._links.model(draft, known.messages or ())
            elif node.role in ("tool", "retrieval", "handoff"):
                self._links.tool(draft)
        self._links.end_trace()

    def close(self) -> None:
        """Adds the results found in later messages, and the run's task and end."""
        run, contents = self._run, self._builder.contents
        self._choices.end(self._given)
        self._links.close(run)
        task = self._first_words if self._task is None else self._task
        if task is not None:
            run.task = contents.text(task)
        ending = self._ending
        run.status = ending.status if ending else "incomplete"
        if ending is not None and ending.output is not None:
            run.outcome = Outcome(answer=ending.output)

    def _choose(self, draft: Draft, facts: Facts) -> None:
        """Says which of several answers was used, as later steps show it."""
        if self._choices:
            for asked in self._choices.look_at(draft, facts.messages or ()):
                self._links.again(asked)
        if facts.kind == "agent":
            self._given.add(facts.output)
        elif facts.choices:
            self._choices.add(draft, facts.choices)

    def _facts(self, node: Node) -> Facts:
        role = node.role
        kind: Kind = "event" if role is None or role == "structure" else role
        return dialects.facts_of(node.span, kind, self._payloads)

    def _places(self, nodes: list[Node], agents: dict[int, Facts]) -> dict[int, _Place]:
        """Each node's place, from the roots down; a circle has no root and is last."""
        callers = _agents_that_call(nodes) if agents else set()
        places: dict[int, _Place] = {}
        roots = [node for node in nodes if node.parent is None]
        for start in (*roots, *nodes):
            stack = [(start, _OUTSIDE)]
            while stack:
                node, place = stack.pop()
                if id(node) in places or node.same is not None:
                    continue
                places[id(node)] = place
                if not node.children:
                    continue
                if node.role == "agent":
                    key = node.span.span_id if place.nested else None
                    name = agents[id(node)].name or agents[id(node)].agent
                    nested = place.nested or id(node) in callers
                    thread = key or place.thread
                    place = _Place(name or place.agent, thread, nested)
                elif node.role == "tool":
                    place = place._replace(nested=True)
                stack.extend((child, place) for child in node.children)
        return places

    def _add_step(self, node: Node, facts: Facts, place: _Place, hidden: bool) -> Draft:
        span = node.span
        draft = self._run.step(
            facts.kind, _name(span, facts), line=span.line, key=span.span_id
        )
        draft.parent = _parent_key(node)
        draft.start_ns, draft.end_ns = span.start_ns, span.end_ns
        draft.hidden = hidden
        draft.error = _error(span)
        draft.status = "error" if draft.error else span.status
        if draft.status == "unset" and span.end_ns is not None:
            draft.status = "ok"
        if hidden:
            return draft
        draft.agent = facts.agent or place.agent
        draft.thread = place.thread
        draft.input, draft.output = facts.input, facts.output
        draft.reasoning, draft.calls = facts.reasoning, facts.calls
        draft.call_id, draft.tools = facts.call_id, facts.tools
        draft.model = facts.model if facts.kind != "agent" else None
        if facts.usage is not None and not _has_models(node):
            draft.usage = facts.usage
        if facts.messages:
            draft.window = Window(facts.messages)
        if facts.decisions:
            self._add_decisions(draft, facts)
        draft.details = self._details(span, facts)
        if span.events:
            self._add_evaluations(span, draft)
        return draft

    def _add_decisions(self, draft: Draft, facts: Facts) -> None:
        """One decision is the step's own; several are steps inside it."""
        if len(facts.decisions) == 1:
            draft.name, draft.decision = facts.decisions[0]
            return
        for name, decision in facts.decisions:
            self._add_part(draft, name, decision)
        if facts.decisions:
            draft.kind = "event"

    def _add_part(self, draft: Draft, name: str, decision: Decision) -> None:
        self._run.step(
            "decision",
            name,
            line=draft.source.line,
            key=f"{draft.key or draft.name}/{name}",
            parent=draft.key,
            agent=draft.agent,
            thread=draft.thread,
            start_ns=draft.start_ns,
            end_ns=draft.end_ns,
            status=draft.status,
            decision=decision,
        )

    def _add_evaluations(self, span: Span, draft: Draft) -> None:
        for event in span.events:
            if event.name != _EVALUATION:
                continue
            name = text(event.attributes, "gen_ai.evaluation.name") or "evaluation"
            self._run.step(
                "event",
                f"evaluation: {name}",
                line=span.line,
                parent=draft.key,
                start_ns=event.time_ns or span.end_ns,
                end_ns=event.time_ns or span.end_ns,
                output=self._builder.contents.add_value(dict(event.attributes)),
                status="ok",
            )

    def _details(self, span: Span, facts: Facts) -> ContentId | None:
        """Everything else the span says, as recorded."""
        found: dict[str, Any] = dialects.rest(span, facts)
        if facts.notes:
            found.update(facts.notes)
        if span.events:
            events = [
                _event(event)
                for event in span.events
                if event.name != _EVALUATION and not gen_ai.tells(event)
            ]
            found.update({"events": events} if events else {})
        return self._builder.contents.add_value(found) if found else None

    def _note_run(self, node: Node, facts: Facts, draft: Draft) -> None:
        """Remembers what says how the run began and how it ended."""
        contents = self._builder.contents
        is_agent = node.role == "agent"
        if is_agent and self._run.agent is None:
            self._run.agent = facts.agent or facts.name
        if is_agent and self._task is None and facts.input is not None:
            self._task = facts.input if contents.is_text(facts.input) else None
        if self._first_words is None and facts.messages:
            asked = (m for m in facts.messages if m.role == "user")
            said = (m.content for m in asked if m.kind == "text")
            self._first_words = next(said, None)
        if is_agent or node.parent is None:
            around = list(node.above())
            if not any(outer.role in _ENCLOSING for outer in around):
                root = around[-1] if around else node
                self._note_end(node, facts, draft, root.span.parent_id is None)

    def _note_end(self, node: Node, facts: Facts, draft: Draft, is_whole: bool) -> None:
        """The last end is the run's; an outermost agent's says more than a root's."""
        status: RunStatus = "incomplete"
        if draft.status == "error":
            status = "error"
        elif draft.end_ns is not None and (is_whole or node.role == "agent"):
            # an unset status is the default: it says nothing of how the run ended
            status = "ok" if node.span.status == "ok" and is_whole else "unknown"
        output = facts.output if node.role in ("agent", "model") else None
        ending = _Ending(node.role == "agent", draft.start_ns or 0, status, output)
        last = self._ending
        if last is None or (ending.is_agent, ending.start_ns) >= (
            last.is_agent,
            last.start_ns,
        ):
            self._ending = ending


def _is_shown(node: Node, facts: Facts) -> bool:
    """False for plumbing: a span that says nothing of an agent, and did not fail."""
    if node.role not in (None, "structure") or _error(node.span):
        return True
    return facts.input is not None or facts.output is not None


def _parent_key(node: Node) -> str | None:
    """The parent's id, also of one that is missing; the joined one's for a twin."""
    if node.parent is not None:
        return node.parent.whole().span.span_id
    return node.span.parent_id


def _has_models(node: Node) -> bool:
    """True when the tokens of this node are those of model calls inside it."""
    if node.role in ("model", "event"):
        return False
    stack, seen = list(node.children), {id(node)}
    while stack:
        child = stack.pop()
        if id(child) in seen:
            continue
        seen.add(id(child))
        if child.role == "model":
            return True
        stack.extend(child.children)
    return False


def _agents_that_call(nodes: list[Node]) -> set[int]:
    """The agents (by id()) that call a model themselves, not through another agent."""
    found: set[int] = set()
    for node in nodes:
        if node.role == "model":
            agents = (above for above in node.above() if above.role == "agent")
            nearest = next(agents, None)
            if nearest is not None:
                found.add(id(nearest))
    return found


def _name(span: Span, facts: Facts) -> str:
    """The tool's, agent's or model's name; else the span's."""
    if facts.kind == "model" and facts.model:
        return facts.model
    name = facts.name or span.name
    if name.startswith(_PREFIXES) and facts.kind in ("tool", "agent"):
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
    return name or "(span without a name)"


def _error(span: Span) -> str | None:
    """What went wrong, in the span's own words; None when nothing did."""
    if span.status != "error" and _FAILURES.isdisjoint(span.attributes):
        return None
    said = text(span.attributes, "error.message", "exception.message")
    kind = text(span.attributes, "error.type", "exception.type")
    if span.status != "error" and (kind is None or span.status == "ok"):
        return None
    for event in span.events:
        if event.name == "exception":
            kind = text(event.attributes, "exception.type") or kind
            said = text(event.attributes, "exception.message") or said
    said = span.message or said
    if said is None and kind is None and (found := first(span.attributes, *_HTTP)):
        return f"HTTP {found[1]}"
    if said and kind and kind not in said:
        return f"{kind}: {said}"
    return said or kind or "failed; no message is recorded"


def _event(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {"name": event.name, **event.attributes}
    if event.body is not None:
        found["body"] = event.body
    return found
