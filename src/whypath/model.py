"""What a run is: frozen values that every reader fills and every page shows.

Two families of traces exist, span trees and event logs. Both become these values.
Payloads are not here: a field of type `ContentId` points into the run's `ContentStore`.
What there are thousands of is a Struct, made ten times as fast as a dataclass.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace as replace

from whypath.content import ContentStore
from whypath.errors import Problem

ContentId = int

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
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]

Status = Literal["ok", "error", "unset"]
RunStatus = Literal["ok", "error", "incomplete", "unknown"]
Basis = Literal["recorded", "reconstructed", "inferred"]


class Source(Struct, frozen=True, gc=False):
    """Where a step was read: file, 1-based line, and the source's own id."""

    file: str
    line: int | None
    ref: str | None


class Usage(Struct, frozen=True, gc=False):
    """Tokens and cost of one model call; None is "not recorded".

    `input_tokens` includes what was read from and written to a cache.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None


class Tool(NamedTuple):
    """A tool that was on offer: its name and, if recorded, its whole definition."""

    name: str
    definition: ContentId | None


class Call(NamedTuple):
    """A tool call that a model made. `arguments` is a JSON content."""

    id: str | None
    name: str
    arguments: ContentId | None


class Message(NamedTuple):
    """One part of a context window.

    `role` is the sender (`system`, `user`, `assistant`, `tool`, ...); `kind` is what
    the part is: `text`, `reasoning`, `call`, `result` or `data`. `name` is the tool's,
    where there is one.
    """

    role: str
    kind: str
    content: ContentId | None
    name: str | None = None
    call_id: str | None = None


class Context(Struct, frozen=True, gc=False):
    """What the model saw at one call, as a change to an earlier call's window.

    The window is the first `keep` messages of the window at step `base` (a position;
    None: of nothing), then `add`. `dropped` counts the base's messages left behind.
    """

    base: int | None
    keep: int
    add: tuple[Message, ...]
    dropped: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class StateChange:
    """A path of the agent's state and its new value; None: the path was removed."""

    path: str
    value: ContentId | None


class Option(Struct, frozen=True, gc=False):
    """Something that could have been chosen, or was."""

    name: str
    chosen: bool = False
    arguments: ContentId | None = None
    score: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A value that a decision rests on, and where its author says it came from.

    `source` is the key of the step that is named as the origin, `path` a JSON path in
    that step's output. `default` is True where the trace says a default was used.
    """

    name: str
    value: ContentId | None
    source: str | None = None
    path: str | None = None
    default: bool = False


class Decision(Struct, frozen=True, gc=False):
    """What was decided at a step, what else was on offer, why, and what came of it.

    `step` is a position. `rationale_from` says where the rationale stands: `recorded`,
    `reasoning`, `text` (beside the call) or `ledger` (the agent's own analysis and
    plan, in a fixed form). `outcome` is what the choice led to: `ok`, `error`, `no
    result`, a count of each, `abandoned`, `superseded`, or the trace's own words.
    `options_note` explains a list that may not be whole. Of a decision made after a
    failed call, `failed` is the position of that call, and `recovery` says in words
    what was done about it.
    """

    step: int
    question: str
    options: tuple[Option, ...]
    rationale: ContentId | None
    rationale_from: str | None
    confidence: float | None
    evidence: tuple[Evidence, ...]
    outcome: str | None
    basis: Basis
    options_note: str | None = None
    failed: int | None = None
    recovery: str | None = None

    @property
    def chosen(self) -> tuple[Option, ...]:
        """The options that were taken, in order."""
        return tuple(option for option in self.options if option.chosen)


class Step(Struct, frozen=True, gc=False):
    """One thing that happened in a run.

    `position` counts from 1. `key` is the source's own id, or a hash of the content:
    never a line number alone. `parent` is the position of the enclosing step (an agent,
    a tool that ran a sub-agent); `caller` the position of the model call that asked for
    this tool call. Times are nanoseconds since 1970 UTC; None is "no clock". A summary
    after a compaction `keeps` the messages from that position on.
    """

    position: int
    key: str
    kind: Kind
    name: str
    source: Source
    parent: int | None = None
    caller: int | None = None
    depth: int = 0
    agent: str | None = None
    thread: str = ""
    previous: int | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    status: Status = "unset"
    error: str | None = None
    input: ContentId | None = None
    output: ContentId | None = None
    reasoning: ContentId | None = None
    model: str | None = None
    usage: Usage | None = None
    tools: tuple[Tool, ...] | None = None
    calls: tuple[Call, ...] = ()
    call_id: str | None = None
    context: Context | None = None
    resets_context: bool = False
    keeps: int | None = None
    abandoned: bool = False
    state: tuple[StateChange, ...] = ()
    decision: Decision | None = None
    details: ContentId | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the run ended, as its trace says: an answer, a score, a reward."""

    answer: ContentId | None = None
    score: float | None = None
    reward: float | None = None
    note: str | None = None


class Redaction(NamedTuple):
    """A secret that was taken out: its placeholder, how often, and at which steps."""

    label: str
    times: int
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded run of an agent, ready to be understood and shown."""

    id: str
    format: str
    files: tuple[str, ...]
    contents: ContentStore
    steps: tuple[Step, ...]
    task: str | None = None
    agent: str | None = None
    models: tuple[str, ...] = ()
    start_ns: int | None = None
    end_ns: int | None = None
    status: RunStatus = "unknown"
    outcome: Outcome | None = None
    labels: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    redactions: tuple[Redaction, ...] | None = None
    """What was taken out; None: secrets were not looked for."""

    def step(self, position: int) -> Step:
        """The step at a 1-based `position`."""
        return self.steps[position - 1]
