"""Turns the spans of an input, of any container, into the builder's runs.

A run is one trace, or all the traces that share a session's id. The steps themselves
are the work of `span_steps`.
"""

from collections.abc import Iterable, Iterator

from whypath.builder import Builder
from whypath.readers.aside import Aside
from whypath.readers.payloads import Payloads
from whypath.readers.span_steps import RunSteps
from whypath.readers.span_tree import grow
from whypath.readers.spans import Attributes, Event, Span

_SESSION = (
    *("gen_ai.conversation.id", "session.id", "copilot_chat.chat_session_id"),
    *("copilot_chat.parent_chat_session_id", "copilot_chat.session_id"),
    *("langfuse.session.id", "gcp.vertex.agent.session_id", "lk.session_id"),
    *("traceloop.association.properties.session_id", "lmnr.association.session_id"),
    *("ai.telemetry.metadata.sessionId", "langsmith.trace.session_id"),
)
"""Attributes whose value names the session that a trace belongs to."""

_NAMES = frozenset(_SESSION)

_LABELS = {"service.name": "service", "user.id": "user", "tag.tags": "tags"}
_UNTRACED = "untraced"


def add_spans(spans: Iterable[Span], builder: Builder) -> None:
    """Takes in spans; runs are made of them when every file is read.

    A trace may lie in several files, as a collector starts a new one now and then.
    """
    builder.shared(_Traces).add(spans)


class _Traces:
    """The spans of all files by trace, in order of first mention."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._traces: dict[str, list[Span]] = {}
        self._sender: Attributes = {}
        self._aside = Aside()
        builder.at_end(self._tell)

    def add(self, spans: Iterable[Span]) -> None:
        """Takes in spans of one file; what sent many of them is kept once."""
        for span in spans:
            if span.resource == self._sender:
                span.resource = self._sender
            self._sender = span.resource
            span.attributes = self._aside.lay(span.attributes)
            if span.events:
                span.events = tuple(map(self._lay, span.events))
            self._traces.setdefault(span.trace_id or _UNTRACED, []).append(span)

    def _lay(self, event: Event) -> Event:
        return event._replace(attributes=self._aside.lay(event.attributes))

    def _tell(self) -> None:
        """Tells the builder everything the spans say."""
        builder, traces = self._builder, self._traces
        if _UNTRACED in traces:
            first = traces[_UNTRACED][0].source
            what, done = "a span has no trace id", "in a run of its own"
            builder.problem_at("repair", what, done, first)
        payloads = Payloads(builder)
        for run_id, members in _sessions(traces):
            run = builder.run(run_id)
            run.by_time = True
            steps = RunSteps(run, builder, payloads)
            members.sort(key=lambda trace: _start(traces[trace]))
            for trace in members:
                run.labels.update(_labels(traces[trace]))
                steps.add_trace(grow(traces.pop(trace), builder))
            steps.close()


def _start(spans: list[Span]) -> int:
    return min((s.start_ns for s in spans if s.start_ns is not None), default=0)


def _sessions(traces: dict[str, list[Span]]) -> Iterator[tuple[str, list[str]]]:
    """Id and traces of each run: traces that share a session's id go together."""
    owner: dict[str, str] = {trace: trace for trace in traces}

    def find(trace: str) -> str:
        while owner[trace] != trace:
            owner[trace] = owner[owner[trace]]
            trace = owner[trace]
        return trace

    sharing: dict[str, list[str]] = {}
    for trace, spans in traces.items():
        for session in _session_ids(spans):
            sharing.setdefault(session, []).append(trace)
    for members in sharing.values():
        for trace in members[1:]:
            owner[find(trace)] = find(members[0])
    groups: dict[str, list[str]] = {}
    for trace in traces:
        groups.setdefault(find(trace), []).append(trace)
    names: dict[str, str] = {}
    for session, members in sorted(sharing.items(), key=lambda item: -len(item[1])):
        if len(members) > 1:
            names.setdefault(find(members[0]), session)
    for root, members in groups.items():
        yield names.get(root, members[0]), members


def _session_ids(spans: list[Span]) -> dict[str, None]:
    """The session ids that the spans of one trace name, in order, each once."""
    found: dict[str, None] = {}
    for source in _sources(spans):
        if _NAMES.isdisjoint(source):
            continue
        for name in _SESSION:
            value = source.get(name)
            if isinstance(value, str) and value.strip():
                found[value] = None
    return found


def _sources(spans: list[Span]) -> Iterator[Attributes]:
    """Each span's attributes and resource; a resource that many share, once."""
    last: Attributes | None = None
    for span in spans:
        if span.resource is not last:
            last = span.resource
            yield last
        yield span.attributes


def _labels(spans: list[Span]) -> dict[str, str]:
    """What a trace says of itself as a whole."""
    found: dict[str, str] = {}
    for source in _sources(spans):
        if _LABELS.keys().isdisjoint(source):
            continue
        for name, label in _LABELS.items():
            value = source.get(name)
            if isinstance(value, list):
                value = ", ".join(map(str, value))
            if isinstance(value, str) and value:
                found.setdefault(label, value)
    return found
