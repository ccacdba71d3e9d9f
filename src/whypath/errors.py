"""What can go wrong: a Problem is shown in the report, a TraceError stops us."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

Level = Literal["note", "repair", "loss"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a trace got wrong, or that is not shown, and what was done about it.

    `level` is `note` (nothing lost), `repair` (put right) or `loss` (left out).
    Problems of one kind are one value: `line` is the first place, `count` how many.
    """

    level: Level
    what: str
    done: str
    file: str
    line: int | None = None
    count: int = 1


def printable(name: str) -> str:
    """A name of a file, or a word of a command, as text: other bytes are U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class TraceError(Exception):
    """The trace cannot be read, or what was asked of it cannot be done.

    `source` is the file (or `<stdin>`), `line` is 1-based or None, `why` says what was
    found, `hint` says what to do about it. Printed once, by the command line.
    """

    def __init__(
        self, source: str, why: str, *, line: int | None = None, hint: str = ""
    ) -> None:
        self.source = source
        self.line = line
        self.why = why
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        """`run.jsonl:17: not JSON. Hint: ...`"""
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        sentence = f"{place}: {self.why}"
        return f"{sentence}. Hint: {self.hint}" if self.hint else sentence

    def __reduce__(self) -> tuple[Any, ...]:
        """What it is made of again, when a worker process sends it."""
        again = partial(type(self), line=self.line, hint=self.hint)
        return again, (self.source, self.why)


class Unwritable(TraceError):
    """A file or a folder cannot be written: no trace is to blame, and all stops."""


class Near(NamedTuple):
    """A format that an input may be meant to be: the signs of it, and those missing."""

    format: str
    found: tuple[str, ...]
    missing: tuple[str, ...]


class UnknownFormat(TraceError):
    """No reader claims the input. `near`: formats it comes close to, nearest first."""

    near: tuple[Near, ...] = ()


class NewerVersion(TraceError):
    """The file was written by a newer version of the native format."""


class EmptyTrace(TraceError):
    """A reader claimed the input and found no step in it."""
