"""One run that is being recorded: what an agent's own code talks to."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack, overload

from whypath.record.log import Log
from whypath.record.steps import (
    Decision,
    Fields,
    Kind,
    Said,
    Scope,
    Step,
    decided,
    enclosing,
    is_farewell,
    scope,
)
from whypath.record.values import NOT_SET, described
from whypath.record.wrap import wrapped

Status = Literal["ok", "error", "incomplete", "unknown"]
Function = TypeVar("Function", bound=Callable[..., Any])


class Recorder:
    """A run; `whypath.record.run` makes it.

    Threads and tasks may share it. A step's parent is the step whose `with` block it
    lies in, also in tasks that are started there; a thread has no such block, and says
    `parent=`. A forked process records nothing.
    """

    def __init__(self, log: Log, header: Mapping[str, Any]) -> None:
        self._log, self._outer, self._is_entered = log, scope.get(), False
        self._outcome: dict[str, Any] | None = None
        log.owner = self
        log.put("run", header)

    @property
    def id(self) -> str:
        """The run's id."""
        return self._log.id

    def step(self, kind: Kind, name: str = "", **fields: Unpack[Fields]) -> Step:
        """Begins a step, and writes so: use it in a `with`, or call its `end`."""
        return Step(self._log, kind, name, fields).begin()

    def add(self, kind: Kind, name: str = "", **fields: Unpack[Fields]) -> Step:
        """Writes down a step that is over, such as a user's message, in one line."""
        step = Step(self._log, kind, name, fields)
        step.write("step")
        return step

    def decide(
        self,
        question: str,
        options: Any = None,
        *,
        name: str = "",
        **said: Unpack[Said],
    ) -> Decision:
        """Writes down a decision as a step of its own; see `Said` for its fields.

        What is decided at a model's step is better written with that step's `decide`.
        """
        return decided(self._log, question, options, said, {}, name)

    def state(self, set: Mapping[str, Any] | None = None, remove: Any = None) -> None:
        """Writes down a change of the agent's state, made by the step that is open."""
        change = {"step": enclosing(self._log), "set": set, "remove": remove}
        self._log.put("state", change)

    @overload
    def tool(self, function: Function) -> Function:
        """Bare: `@r.tool`."""

    @overload
    def tool(
        self, *, name: str | None = None, kind: Kind = "tool"
    ) -> Callable[[Function], Function]:
        """With options: `@r.tool(name="orders.get")`."""

    def tool(
        self,
        function: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        kind: Kind = "tool",
    ) -> Any:
        """A decorator: each call becomes a step with its arguments and its result.

        For functions, coroutines and generators of both kinds; an exception is recorded
        and goes on. The step answers the call that a model made of this tool. `name` is
        the tool's, where that is not the function's.
        """
        return decorator(lambda: self, function, name, kind)

    def begin_tool(self, kind: Kind, name: str, arguments: dict[str, Any]) -> Step:
        """Begins a step that answers a model's call of this tool, if there is one."""
        return Step(self._log, kind, name, {"input": arguments}).begin(arguments)

    def end(
        self,
        status: Status | None = None,
        *,
        error: Any = None,
        answer: Any = NOT_SET,
        score: float | None = None,
        reward: float | None = None,
        note: str | None = None,
    ) -> None:
        """Writes how the run ended; a `with` block does so when it is left.

        Without a status it is `ok`, or `error` where there is an error.
        """
        given = {"score": score, "reward": reward, "note": note}
        new = {name: value for name, value in given.items() if value is not None}
        if answer is not NOT_SET:
            new["answer"] = answer
        self._outcome = {**(self._outcome or {}), **new}
        if error is not None and self._outcome:
            self._outcome.setdefault("note", described(error))
        how = {"status": status or ("ok" if error is None else "error"), "error": error}
        end = {"end": self._log.now(), **how, "outcome": self._outcome or None}
        self._log.put("end", end)
        if not self._is_entered:
            self._log.close()

    def __enter__(self) -> Self:
        self._is_entered, self._outer = True, scope.get()
        scope.set(Scope(self._log, None, self._outer))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        scope.set(self._outer)
        if error is not None and not is_farewell(error):
            failed = isinstance(error, Exception)
            self.end("error" if failed else "incomplete", error=error)
        elif self._outcome is None:
            self.end()
        self._log.close()


def decorator(
    run: Callable[[], Recorder],
    function: Callable[..., Any] | None,
    name: str | None,
    kind: Kind,
) -> Any:
    """`Recorder.tool` for the run that `run` finds at each call."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        own = getattr(function, "__name__", type(function).__name__)
        called = own if name is None else name
        return wrapped(function, lambda given: run().begin_tool(kind, called, given))

    return decorate if function is None else decorate(function)
