"""What readers call: loose steps, calls, results and spans go in, Runs come out.

A reader says what it found, in the order it found it, in our terms. Putting it right
(pairing, order, parents, keys) is the work of `assemble`, in one place for all formats.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from msgspec import Struct

from whypath import clock
from whypath.content import ContentStore
from whypath.errors import Level, Problem
from whypath.model import (
    Call,
    ContentId,
    Decision,
    Kind,
    Message,
    Outcome,
    Run,
    RunStatus,
    Source,
    StateChange,
    Status,
    Tool,
    Usage,
)

if TYPE_CHECKING:
    from whypath.redact import Redactor

T = TypeVar("T")


class Window(NamedTuple):
    """A context window as a format records it: a change to the window of step `base`.

    `base` is that step's key; None means that `add` is the whole window.
    """

    add: Sequence[Message]
    base: str | None = None
    keep: int = 0


class Draft(Struct, kw_only=True, gc=False):
    """A step being made. Fields mean what they mean in `Step`; references are keys.

    `previous` is the key of the step before it in the conversation, where a format
    records a tree; None is "the one before in this thread". A `hidden` step is noise:
    it is left out, and its children move to its parent.
    """

    kind: Kind
    name: str
    source: Source
    order: tuple[int, int]
    key: str | None = None
    parent: str | None = None
    previous: str | None = None
    agent: str | None = None
    thread: str = ""
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
    window: Window | None = None
    resets_context: bool = False
    keeps: str | None = None
    state: Sequence[StateChange] = ()
    decision: Decision | None = None
    details: ContentId | None = None
    abandoned: bool = False
    hidden: bool = False


class Result(Struct, frozen=True, gc=False):
    """What a tool call brought back, as recorded apart from the call."""

    order: int
    call_id: str
    output: ContentId | None
    status: Status
    error: str | None
    end_ns: int | None
    details: ContentId | None
    name: str | None
    source: Source


class Thread(NamedTuple):
    """A conversation of its own inside a run: a sub-agent's.

    `call_id` is the call that started it, or `parent` the key of the enclosing step.
    """

    call_id: str | None = None
    parent: str | None = None
    agent: str | None = None


class RunDraft:
    """A run being made: what is known of it, its steps and its tool results."""

    def __init__(self, builder: "Builder", id: str) -> None:
        self.id = id
        self.task: str | None = None
        self.agent: str | None = None
        self.start_ns: int | None = None
        self.end_ns: int | None = None
        self.status: RunStatus | None = None
        self.outcome: Outcome | None = None
        self.labels: dict[str, str] = {}
        self.by_time = False
        """True for span trees: siblings are ordered by their start."""
        self.steps: list[Draft] = []
        self.results: dict[str, Result] = {}
        self.threads: dict[str, Thread] = {}
        self.part_of: str | None = None
        """The run that this one belongs to, if that is in the input as well."""
        self.as_thread: Thread | None = None
        """What starts it there, for a sub-agent; None for a continuation."""
        self.read: set[str] = set()
        """Ids of records already read, for formats that repeat them across files."""
        self._builder = builder

    def step(
        self,
        kind: Kind,
        name: str = "",
        *,
        line: int | None = None,
        key: str | None = None,
        **fields: object,
    ) -> Draft:
        """Adds a step; `fields` are `Draft`'s. Returns it, still open to changes."""
        builder = self._builder
        source, order = Source(builder.file, line, key), (builder.tick(), 0)
        draft = Draft(
            kind=kind,
            name=intern(name),
            key=key,
            source=source,
            order=order,
            **fields,  # type: ignore[arg-type]
        )
        if draft.model is not None:
            draft.model = intern(draft.model)
        self.steps.append(draft)
        return draft

    def result(
        self,
        call_id: str,
        output: ContentId | None,
        *,
        status: Status = "ok",
        error: str | None = None,
        end_ns: int | None = None,
        details: ContentId | None = None,
        name: str | None = None,
        line: int | None = None,
    ) -> None:
        """Adds the result of the call `call_id`, which may come before or after it."""
        builder = self._builder
        if call_id in self.results:
            what = "a second result for the same call"
            builder.problem("loss", what, "the first is kept", line)
            return
        source = Source(builder.file, line, call_id)
        self.results[call_id] = Result(
            builder.tick(),
            call_id,
            output,
            status,
            error,
            end_ns,
            details,
            name,
            source,
        )


class Builder:
    """Collects the runs of one input, which may be several files read in turn.

    `format` is the reader's name. Runs share `contents`. `redactor` takes secrets out.
    """

    def __init__(self, format: str, redactor: "Redactor | None" = None) -> None:
        self.format = format
        self.redactor = redactor
        self.contents = ContentStore()
        self.file = ""
        self.about: str | None = None
        """The run that the next problems belong to; None is the input as a whole."""
        self.files: list[str] = []
        self._runs: dict[str, RunDraft] = {}
        self._problems: dict[str | None, dict[tuple[str, str, str], Problem]] = {}
        self._ticks = 0
        self._shared: dict[Callable[[Builder], Any], Any] = {}
        self._at_end: list[Callable[[], None]] = []

    def shared(self, make: "Callable[[Builder], T]") -> T:
        """What a reader keeps from file to file: `make(self)`, at the first ask."""
        if make not in self._shared:
            self._shared[make] = make(self)
        kept: T = self._shared[make]
        return kept

    def at_end(self, task: Callable[[], None]) -> None:
        """Has `task` done when all files are read, before the runs are put right."""
        self._at_end.append(task)

    def reading(self, file: str) -> None:
        """Says which file the next steps come from."""
        self.file, self.about = file, None
        self.files.append(file)

    def tick(self) -> int:
        """A number that grows: the order of reading."""
        self._ticks += 1
        return self._ticks

    def run(self, id: str) -> RunDraft:
        """The run with this id, made at its first mention."""
        draft = self._runs.get(id)
        if draft is None:
            draft = self._runs[id] = RunDraft(self, id)
        return draft

    @property
    def runs(self) -> list[RunDraft]:
        """All runs so far, in order of first mention."""
        return list(self._runs.values())

    def problem(
        self, level: Level, what: str, done: str, line: int | None = None
    ) -> None:
        """Records a problem; the same one again only raises its count."""
        self._add_problem(Problem(level, what, done, self.file, line), self.about)

    def problem_at(self, level: Level, what: str, done: str, source: Source) -> None:
        """Records a problem at a step that may be in a file read earlier."""
        new = Problem(level, what, done, source.file, source.line)
        self._add_problem(new, self.about)

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Records problems of the input as a whole, found elsewhere."""
        for new in problems:
            self._add_problem(new, None)

    def _add_problem(self, new: Problem, about: str | None) -> None:
        """Counts problems of one kind together, at the first one's place."""
        known = self._problems.setdefault(about, {})
        key = (new.level, new.what, new.file)
        old = known.get(key)
        known[key] = replace(old, count=old.count + new.count) if old else new

    def move_problems(self, run: str, host: str) -> None:
        """Says that the problems of `run` are those of the run that it is part of."""
        for problem in self._problems.pop(run, {}).values():
            self._add_problem(problem, host)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What went wrong so far, each kind once."""
        found = (known.values() for known in self._problems.values())
        return tuple(chain.from_iterable(found))

    def problems_of(self, run: str) -> tuple[Problem, ...]:
        """What went wrong in the run `run`, or in the input as a whole."""
        found = (self._problems.get(about, {}).values() for about in (None, run))
        return tuple(chain.from_iterable(found))

    def time(self, value: object, line: int | None = None) -> int | None:
        """A recorded time in any usual form as nanoseconds since 1970 UTC.

        Takes ISO 8601 text with or without a zone (without: UTC, and a Problem), or a
        number in seconds, milli-, micro- or nanoseconds, told apart by its size.
        Returns None for None, zero and what cannot be read, the last with a Problem.
        """
        if isinstance(value, str) and value:
            return self._time_of_text(value, line)
        if value is None or value == "" or value == 0 or isinstance(value, bool):
            return None
        if isinstance(value, int | float) and 0 < value < 1e20:
            return clock.of_number(value) or None
        self.problem("loss", "a time that is out of range", "no clock there", line)
        return None

    def _time_of_text(self, text: str, line: int | None) -> int | None:
        if text.isdecimal():
            return self.time(int(text[:30]), line)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            try:
                return self.time(float(text), line)
            except ValueError:
                self.problem(
                    "loss", "a time that cannot be read", "no clock there", line
                )
                return None
        if moment.tzinfo is None:
            self.problem("note", "times without a zone", "taken as UTC", line)
            moment = moment.replace(tzinfo=UTC)
        nanoseconds = clock.of_moment(moment)
        if nanoseconds < 0:
            self.problem("loss", "a time before 1970", "no clock there", line)
            return None
        return nanoseconds or None

    def clear(self) -> None:
        """Lets go what only reading needed, and what is added to find it again."""
        self._runs.clear()
        self.contents.seal()

    def finish(self) -> tuple[Run, ...]:
        """The runs, put right and frozen; one that has no step to show is left out.

        Once: the drafts are gone then.
        """
        from whypath.conceal import put_right
        from whypath.gather import gather

        while self._at_end:
            self._at_end.pop(0)()
        self._shared.clear()
        self._runs = gather(self._runs, self)
        runs = put_right([d for d in self.runs if d.steps or d.results], self)
        files = [{step.source.file for step in run.steps} for run in runs]
        others = set().union(*files)
        return tuple(
            run if own == others else _without_problems_in(others - own, run)
            for run, own in zip(runs, files, strict=True)
        )


def _without_problems_in(files: set[str], run: Run) -> Run:
    """The run without the problems of files that hold other runs alone."""
    return replace(run, problems=tuple(p for p in run.problems if p.file not in files))
