"""https://github.com/NVIDIA/NeMo-Relay/blob/main/docs/reference/atof-event-format.mdx

Not read: drafts of the format with other kinds of events than scopes and marks. A run
is one tree of scopes, or all those of one session.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from whypath.builder import Builder
from whypath.content import to_json
from whypath.model import Source, Status
from whypath.readers import atof_spans as names
from whypath.readers.api_calls import add_call
from whypath.readers.fields import reason_of
from whypath.readers.payloads import Payloads
from whypath.readers.span_runs import add_spans
from whypath.readers.spans import Facts, Span, text
from whypath.records import BadShape, Raw, Records, Sample, decoder

NAME = "atof"
TOOL = "NeMo Relay and NeMo Agent Toolkit (ATOF event streams)"
EXPORT = "take the .jsonl file that the runtime's ATOF exporter writes"
NOT_READ = "drafts of ATOF whose events are no scopes and marks"
EXAMPLE = "whypath report events.atof.jsonl"

_KINDS = ("scope", "mark")
_FAILED = ("error", "failed", "failure")
_DONE = ("ok", "success", "completed")

_decode = decoder(dict[str, Any])


def detect(sample: Sample) -> bool:
    """Some record is an event that says the version of ATOF it is written in."""
    return any(
        "atof_version" in value and value.get("kind") in _KINDS
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Takes in events; a scope's start and end may lie in different files."""
    stream = builder.shared(_Stream)
    for record in records:
        stream.add(record.data, record.line)


@dataclass(slots=True, eq=False)
class _Scope:
    """A scope, or a mark, which is a scope that begins and ends at once."""

    source: Source
    first: dict[str, Any]
    start: dict[str, Any] | None = None
    end: dict[str, Any] | None = None

    @property
    def parent(self) -> str | None:
        return text(self.first, "parent_uuid")

    def said(self, name: str) -> Any:
        """A field of the end, or of the start: the end knows more."""
        found = (self.end or {}).get(name)
        return (self.start or {}).get(name) if found is None else found


class _Stream:
    """The events of all files, told when the last one is read."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._payloads = builder.shared(Payloads)
        self._scopes: dict[str, _Scope] = {}
        self._requests: dict[str, Any] = {}
        self._call_ids: set[str | None] = set()
        self._shown: set[tuple[str | None, str, int]] = set()
        builder.at_end(self._tell)

    def add(self, data: bytes | Raw, line: int) -> None:
        """Takes in one event, or a list of them."""
        builder = self._builder
        try:
            event = _decode(data)
        except BadShape:
            for item in _items(data):
                self.add(item, line)
            if not _items(data):
                what = "a record that is no object"
                builder.problem("loss", what, "left out", line)
            return
        kind = event.get("kind")
        if kind not in _KINDS:
            what = f"events of kind {str(kind)[:40]}"
            builder.problem("loss", what, "left out", line)
            return
        uuid = text(event, "uuid")
        if uuid is None:
            builder.problem("repair", "an event has no id", "shown by itself", line)
            uuid = f"{builder.file}#{line}"
        source = Source(builder.file, line, uuid)
        if kind == "mark":
            self._mark(uuid, event, source)
        elif event.get("scope_category") == "end":
            self._end(uuid, event, source)
        else:
            self._start(uuid, event, source)

    def _mark(self, uuid: str, event: dict[str, Any], source: Source) -> None:
        if uuid in self._scopes:
            uuid = f"{uuid}#{source.line}"
        self._scopes[uuid] = _Scope(source, event, end=event)

    def _start(self, uuid: str, event: dict[str, Any], source: Source) -> None:
        scope = self._scopes.setdefault(uuid, _Scope(source, event))
        if scope.start is not None:
            self._again("a scope starts twice", source)
            return
        scope.start = scope.first = event

    def _end(self, uuid: str, event: dict[str, Any], source: Source) -> None:
        scope = self._scopes.setdefault(uuid, _Scope(source, event))
        if scope.end is not None:
            self._again("a scope ends twice", source)
            return
        scope.end = event

    def _again(self, what: str, source: Source) -> None:
        self._builder.problem("loss", what, "the first is shown", source.line)

    def _tell(self) -> None:
        """Makes spans of the scopes, and of what is said to the model."""
        scopes = self._scopes
        for scope in scopes.values():
            said = names.as_answer((scope.end or {}).get("data"))
            if _category(scope) == "llm" and said is not None:
                answer = Facts("model")
                add_call(answer, None, said, self._payloads)
                self._call_ids.update(call.id for call in answer.calls)
            if scope.first.get("kind") == "mark":
                self._note_request(scope)
        add_spans(list(self._spans()), self._builder)
        scopes.clear()

    def _note_request(self, scope: _Scope) -> None:
        """Keeps what a person was asked to allow, until the answer comes."""
        data = _fields(scope.first.get("data"))
        id, name = text(data, "approval_id"), text(scope.first, "name") or ""
        if id is not None and name.endswith("approval.request"):
            self._requests.setdefault(id, data)

    def _spans(self) -> Iterator[Span]:
        roots: dict[str, str] = {}
        for uuid, scope in self._scopes.items():
            trace = self._root(uuid, roots)
            if _category(scope) == "llm":
                yield from self._heard(uuid, scope, trace)
            yield self._span(uuid, scope, trace)

    def _root(self, uuid: str, roots: dict[str, str]) -> str:
        """The outermost scope that encloses this one, which need not be there."""
        path: list[str] = []
        at: str | None = uuid
        while at is not None and at not in roots and at not in path[-1:]:
            path.append(at)
            scope = self._scopes.get(at)
            at = scope.parent if scope is not None else None
            if len(path) > len(self._scopes):  # a circle
                break
        root = roots[at] if at in roots else path[-1]
        roots.update(dict.fromkeys(path, root))
        return root

    def _heard(self, uuid: str, scope: _Scope, trace: str) -> Iterator[Span]:
        """What the user and the harness say in a request that was not said before."""
        asked = Facts("model")
        add_call(asked, (scope.start or {}).get("data"), None, self._payloads)
        for number, message in enumerate(asked.messages or ()):
            role, content = message.role, message.content
            if message.kind != "text" or content is None:
                continue
            key = scope.parent, role, content
            if role not in ("user", "system") or key in self._shown:
                continue
            self._shown.add(key)
            start = self._time(scope.start, scope.source)
            words = self._builder.contents.value(content)
            yield Span(
                trace_id=trace,
                span_id=f"{uuid}#message-{number}",
                parent_id=scope.parent,
                name=f"{role}_message",
                start_ns=start,
                end_ns=start,
                status="unset",
                message=None,
                attributes={names.CATEGORY: role, names.OUTPUT: words},
                events=(),
                resource={},
                scope=NAME,
                line=scope.source.line,
                file=scope.source.file,
            )

    def _span(self, uuid: str, scope: _Scope, trace: str) -> Span:
        end_ns = self._time(scope.end, scope.source)
        is_mark = scope.first.get("kind") == "mark"
        start_ns = end_ns if is_mark else self._time(scope.start, scope.source)
        if scope.start is None and not is_mark:
            what, done = "a scope ends that was not seen to start", "shown all the same"
            self._builder.problem_at("repair", what, done, scope.source)
        status, message = _status(scope)
        return Span(
            trace_id=trace,
            span_id=uuid,
            parent_id=scope.parent,
            name=text(scope.first, "name") or "",
            start_ns=start_ns,
            end_ns=end_ns,
            status=status,
            message=message,
            attributes=self._attributes(scope, is_mark),
            events=(),
            resource={},
            scope=NAME,
            line=scope.source.line,
            file=scope.source.file,
        )

    def _attributes(self, scope: _Scope, is_mark: bool) -> dict[str, Any]:
        found: dict[str, Any] = {
            names.CATEGORY: _category(scope),
            names.INPUT: (scope.start or {}).get("data"),
            names.OUTPUT: (scope.end or {}).get("data"),
            names.PROFILE: scope.said("category_profile"),
            names.METADATA: scope.said("metadata"),
            names.FLAGS: scope.said("attributes") or None,
            "atof.data_schema": scope.said("data_schema"),
        }
        if is_mark:
            self._lift(found, scope)
        session = text(_fields(found[names.METADATA]), "session_id")
        if session is not None:
            found["session.id"] = session
        called = names.call_id_of(found)
        if None in self._call_ids and called not in self._call_ids:
            found[names.CALLED] = called  # made up for an API whose calls have no id
        known = {"uuid", "parent_uuid", "kind", "scope_category", "category", "data"}
        known |= {"atof_version", "timestamp", "name", "category_profile", "metadata"}
        known |= {"attributes", "data_schema"}
        for event in (scope.start, scope.end):
            for name, value in (event or {}).items():
                if name not in known:
                    found.setdefault(f"atof.event.{name}", value)
        return {name: value for name, value in found.items() if value is not None}

    def _lift(self, found: dict[str, Any], scope: _Scope) -> None:
        """What a mark is: something said, an answer to a question, or an event."""
        data = _fields(found[names.OUTPUT])
        role = data.get("role")
        found[names.CATEGORY] = "mark"
        if role in ("user", "system") and "content" in data:
            found[names.CATEGORY], found[names.OUTPUT] = role, data["content"]
        elif _category(scope) == "guardrail":
            found[names.CATEGORY] = "guardrail"
        elif (text(scope.first, "name") or "").endswith("approval.response"):
            asked = self._requests.get(text(data, "approval_id") or "")
            if asked is not None:
                found[names.CATEGORY], found[names.ASKED] = "approval", asked

    def _time(self, event: dict[str, Any] | None, source: Source) -> int | None:
        if event is None:
            return None
        self._builder.file = source.file
        return self._builder.time(event.get("timestamp"), source.line)


def _status(scope: _Scope) -> tuple[Status, str | None]:
    """How a scope ended, as its end says: an error, a word for success, or nothing."""
    end = scope.end or {}
    metadata, data = _fields(end.get("metadata")), _fields(end.get("data"))
    words = [str(metadata.get(name)).lower() for name in ("status", "reason")]
    error = data.get("error")
    if error not in (None, "", False) and scope.first.get("kind") != "mark":
        return "error", reason_of(Raw(to_json(error)))
    if any(word in _FAILED for word in words):
        return "error", None
    return ("ok" if words[0] in _DONE else "unset"), None


def _category(scope: _Scope) -> str:
    return text(scope.first, "category") or "unknown"


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_list = decoder(list[Raw])


def _items(data: bytes | Raw) -> list[Raw]:
    try:
        return _list(data)
    except BadShape:
        return []
