"""Writes the records of one run: a whole line each, in the order in which they happen.

Threads share it. What goes wrong ends the recording, never the agent.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from threading import RLock
from typing import Any, NamedTuple, Self

from whypath.record import values
from whypath.record.messages import Windows, calls, parts, tools
from whypath.record.sink import Sink
from whypath.record.values import (
    NOT_SET,
    encoded,
    fitted,
    joined,
    names,
    text,
    with_fields,
)

Clock = Callable[[], int | float | str]


def _id_of(value: Any) -> str:
    """A step stands for its id."""
    return text(getattr(value, "id", value))


_FITS: dict[str, values.Fit] = {
    **dict.fromkeys(("name", "task", "agent", "thread", "model"), text),
    **dict.fromkeys(("reasoning", "error", "call"), text),
    **dict.fromkeys(("question", "rationale"), text),
    "outcome": lambda said: said if isinstance(said, dict) else text(said),
    **dict.fromkeys(("parent", "previous", "step"), _id_of),
    "tools": tools,
    "context": parts,
    "calls": calls,
    "usage": values.usage,
    "labels": values.labels,
    "set": values.state,
    "remove": names,
    "options": values.options,
    "chosen": values.chosen,
    "evidence": values.evidence,
    "confidence": values.number,
}
"""Fields of records whose values the format wants in a shape of its own."""


class Log:
    """Where the steps of one run get their ids from and write themselves to."""

    def __init__(self, id: str, sink: Sink, clock: Clock) -> None:
        self.id, self._clock = id, clock
        self.owner: Any = None
        self._sink, self._lock, self._pid = sink, RLock(), os.getpid()
        self._numbers, self._prefix = count(1), f"s{sink.seed}"
        self._windows, self._calls = Windows(f"m{sink.seed}"), OpenCalls()
        self._has_agent = False

    def new_id(self) -> str:
        """An id that no other step of the run has."""
        return f"{self._prefix}{next(self._numbers)}"

    def now(self) -> int | float | str | None:
        """What the clock says; a clock that fails ends the recording."""
        try:
            return self._clock()
        except Exception as problem:  # the agent goes on
            self._sink.give_up(problem)
            return None

    def is_first_agent(self) -> bool:
        """True once: the first agent's conversation is the run's main one."""
        first, self._has_agent = not self._has_agent, True
        return first

    def put(self, type: str, record: Mapping[str, Any], asked: Any = NOT_SET) -> None:
        """Writes one record, after the messages that it is the first to name.

        `asked` are the arguments of a tool whose call is still to be found.
        """
        if self._sink.is_closed or os.getpid() != self._pid:
            return
        try:
            self._put(type, record, asked)
        except Exception as problem:  # an agent does not fail because it is recorded
            self._sink.give_up(problem)

    def _put(self, type: str, record: Mapping[str, Any], asked: Any) -> None:
        """What runs an agent's own code, such as a `__repr__`, is done unlocked."""
        line = {"type": type, **self._named(type), **fitted(record, _FITS)}
        window = line.pop("context", None)
        made = [
            OpenCall.of(one["name"], one["arguments"], one["id"])
            for one in line.get("calls", ())
            if isinstance(one, dict) and "id" in one
        ]
        answer = None if asked is NOT_SET else OpenCall.of(line.get("name", ""), asked)
        data = encoded(line, self._sink.is_text)
        with self._lock:
            self._calls.made(made)
            if "call" in line:
                self._calls.answered(line["call"])
            elif answer is not None and (found := self._calls.match(answer)):
                data = with_fields(data, call=found)
            new: list[str] = []
            if window is not None:
                thread, step = line.get("thread"), line["id"]
                new, context = self._windows.shown(thread, step, window)
                data = with_fields(data, context=context)
            head = with_fields("{}", type="message", run=self.id)
            lines = [joined(head, message) for message in new]
            self._sink.write("".join(f"{one}\n" for one in (*lines, data)))

    def _named(self, type: str) -> dict[str, str]:
        """Which run a record is of: others may write to the same file."""
        return {} if type == "run" else {"run": self.id}

    def close(self) -> None:
        """Nothing is written after this."""
        with self._lock:
            self._sink.close()


class OpenCall(NamedTuple):
    """A call: its id, the tool's name and its arguments as JSON."""

    id: str
    name: str
    arguments: str

    @classmethod
    def of(cls, name: str, arguments: Any, id: str = "") -> Self:
        """The call of a tool with these arguments."""
        return cls(id, name, encoded({"": arguments}))


class OpenCalls:
    """The calls that models have made and that no step has answered yet."""

    MOST = 100
    """How many of one tool are remembered: what is older is not answered any more."""

    def __init__(self) -> None:
        self._named: dict[str, dict[str, OpenCall]] = {}
        self._names: dict[str, str] = {}

    def made(self, calls: Iterable[OpenCall]) -> None:
        """Notes calls of a model."""
        for one in calls:
            self.answered(one.id)
            open = self._named.setdefault(one.name, {})
            if len(open) >= OpenCalls.MOST:
                self.answered(next(iter(open)))
            open[one.id] = one
            self._names[one.id] = one.name

    def answered(self, id: str) -> None:
        """Forgets a call: a step has said that it answers it."""
        name = self._names.pop(id, None)
        if name is not None:
            del self._named[name][id]

    def match(self, answer: OpenCall) -> str | None:
        """The id of the call with this name and these arguments, or of the only one.

        None where that cannot be told.
        """
        open = self._named.get(answer.name, {})
        same = (id for id, one in open.items() if one.arguments == answer.arguments)
        found = next(same, next(iter(open)) if len(open) == 1 else None)
        if found is not None:
            self.answered(found)
        return found
