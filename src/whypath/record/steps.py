"""The steps of a run that is being recorded, and which of them is open."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, TypedDict, Unpack

from whypath.record.log import Log
from whypath.record.values import NOT_SET, described

Kind = Literal[
    "user",
    "system",
    "model",
    "tool",
    "agent",
    "retrieval",
    "decision",
    "state",
    "handoff",
    "guardrail",
    "error",
    "event",
]


class Fields(TypedDict, total=False):
    """What is known of a step, under the names of the format.

    `context` are the messages that a model is shown, as its API takes them; `parent`
    and `previous` are steps or their ids.
    """

    input: Any
    output: Any
    reasoning: str | None
    model: str | None
    usage: Any
    tools: Iterable[Any] | None
    calls: Iterable[Any] | None
    call: Any
    context: Any
    status: Literal["ok", "error"] | None
    error: Any
    agent: str | None
    thread: str | None
    parent: Any
    previous: Any
    start: int | float | str | None
    end: int | float | str | None
    resets_context: bool | None
    abandoned: bool | None
    set: Mapping[str, Any] | None
    remove: Iterable[str] | None
    details: Any


class Said(TypedDict, total=False):
    """What is known of a decision.

    `options` are names, objects with `name`, `score`, `reason` and `arguments`, or a
    dict of names and scores. `chosen` is one of them or a list. `evidence` is a list of
    what `Step.cite` returns, or a dict of names and values. `confidence` is 0 to 1.
    """

    chosen: Any
    rationale: str | None
    confidence: float | None
    evidence: Any
    outcome: str | None


class Scope(NamedTuple):
    """A `with` block that is open: of which run, and which step if it is a step's."""

    log: Log
    step: "Step | None"
    outer: "Scope | None"


scope: ContextVar[Scope | None] = ContextVar("whypath_scope", default=None)


def enclosing(log: Log) -> "Step | None":
    """The innermost open step of this run; blocks of other runs may lie inside it."""
    found = scope.get()
    while found is not None and found.log is not log:
        found = found.outer
    return None if found is None else found.step


class Step:
    """Something that happens: begun, and over when its `with` block is left.

    Set what comes to be known (`output`, `calls`, `usage`, ...): it is written when the
    step ends. An exception that leaves the block becomes its error, and goes on.
    """

    LATER = (
        *("input", "output", "reasoning", "model", "usage", "calls", "call"),
        *("context", "status", "error", "abandoned", "details"),
    )
    input: Any
    output: Any
    reasoning: str | None
    model: str | None
    usage: Any
    calls: Iterable[Any] | None
    call: Any
    context: Any
    status: Literal["ok", "error"] | None
    error: Any
    abandoned: bool | None
    details: Any

    def __init__(
        self, log: Log, kind: Kind, name: str, fields: Mapping[str, Any]
    ) -> None:
        self.id = log.new_id()
        self._log, self._outer = log, scope.get()
        self._is_over = self._has_decided = False
        self._known = fields
        parent = fields["parent"] if "parent" in fields else enclosing(log)
        inside = parent if isinstance(parent, Step) else None
        agent, thread = (inside.agent, inside.thread) if inside else (None, None)
        own = name if kind == "agent" and name else agent
        self.agent: str | None = fields.get("agent") or own
        self.thread: str | None = fields.get("thread") or thread
        self._begun = {
            "id": self.id,
            "kind": kind,
            "name": name or None,
            "agent": self.agent,
            "thread": self.thread,
            "parent": parent,
        }
        if kind == "agent" and not log.is_first_agent() and "thread" not in fields:
            self.thread = f"{name or 'agent'}-{self.id}"  # that of the steps inside

    def begin(self, asked: Any = NOT_SET) -> Self:
        """Writes that the step has begun. `asked`: arguments of a call to be found."""
        fields = {**self._begun, "start": self._log.now(), **self._known}
        self._log.put("step", fields, asked)
        return self

    def write(self, type: str, **more: Any) -> None:
        """Writes a step that is over, or a decision of its own, in one line."""
        self._is_over = True
        record = {**self._begun, "start": self._log.now(), **self._known}
        self._log.put(type, {**record, **more})

    def end(self, **fields: Unpack[Fields]) -> None:
        """Writes what has come to be known; only once."""
        if self._is_over:
            return
        self._is_over = True
        mine = self.__dict__
        found = {name: mine[name] for name in Step.LATER if name in mine} | fields
        brought = {"output", "calls", "error", "status"}
        if not brought & (found.keys() | self._known.keys()):
            found["status"] = "ok"
        record = {"id": self.id, "end": self._log.now(), **found}
        if "context" in found:
            record["thread"] = self.thread
        self._log.put("step", record)

    def failed(self, error: BaseException) -> None:
        """Takes an exception as the step's error, if it is one."""
        if not is_farewell(error):
            self.error = described(error)

    def cite(
        self, name: str, value: Any, path: str | None = None, default: bool = False
    ) -> dict[str, Any]:
        """A piece of evidence for a decision: a value read from this step's output.

        `path` says where, such as `$.customer.tier`. `default=True` says that nothing
        was there and a default was used.
        """
        piece = {"name": name, "value": value, "step": self.id, "path": path}
        return {**piece, "default": True} if default else piece

    def decide(
        self, question: str, options: Any = None, **said: Unpack[Said]
    ) -> "Decision":
        """Writes down what was decided at this step; more than once, inside it."""
        if self._has_decided:
            return decided(self._log, question, options, said, {"parent": self})
        self._has_decided = True
        facts = {"step": self.id, "question": question, "options": options, **said}
        self._log.put("decision", facts)
        return Decision(self._log, self.id, {"step": self.id})

    def state(self, set: Mapping[str, Any] | None = None, remove: Any = None) -> None:
        """Writes down a change of the agent's state that this step made."""
        self._log.put("state", {"step": self.id, "set": set, "remove": remove})

    def __enter__(self) -> Self:
        self._outer = scope.get()
        scope.set(Scope(self._log, self, self._outer))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        scope.set(self._outer)  # not `reset`: a generator may end in another context
        if error is not None:
            self.failed(error)
        self.end()


class Decision:
    """A decision that is written down; what came of it can be added."""

    def __init__(self, log: Log, id: str, where: dict[str, str]) -> None:
        self._log, self.id, self._where = log, id, where

    def outcome(self, said: str) -> None:
        """Writes down what came of the decision."""
        self._log.put("decision", {**self._where, "outcome": said})


def decided(
    log: Log,
    question: str,
    options: Any,
    said: Mapping[str, Any],
    fields: Mapping[str, Any],
    name: str = "",
) -> Decision:
    """Writes down a decision as a step of its own."""
    step = Step(log, "decision", name, fields)
    step.write("decision", question=question, options=options, kind=None, **said)
    return Decision(log, step.id, {"id": step.id})


def is_farewell(error: BaseException) -> bool:
    """True for what ends a program or a generator, and is no failure."""
    if isinstance(error, SystemExit):
        return error.code in (None, 0)
    return isinstance(error, GeneratorExit)
