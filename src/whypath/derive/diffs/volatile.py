"""Tells whether a value that looks volatile is one, or was chosen.

An order's id looks like any other id; but if the other run has it too, then taking
another one was a choice. A time is volatile where it is the time of the run itself.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from whypath.derive.diffs.leaves import Change
from whypath.derive.diffs.masks import volatile_in
from whypath.model import Run

SLACK_S = 300
LOOKED_FOR = 200
"""So many values are looked for in a run; what comes after is taken to be volatile."""


class Volatile:
    """Judges changes of arguments in which only masked values differ."""

    def __init__(self, a: Run, b: Run) -> None:
        self._a = _Known(a)
        self._b = _Known(b)

    def counts(self, change: Change) -> bool:
        """True for a masked change that is a difference after all."""
        if change.how != "masked" or change.a is None or change.b is None:
            return False
        values_a, values_b = volatile_in(change.a), volatile_in(change.b)
        if len(values_a) != len(values_b):
            return False
        return any(
            self._is_chosen(a, b)
            for a, b in zip(values_a, values_b, strict=True)
            if a != b
        )

    def _is_chosen(self, a: str, b: str) -> bool:
        times = _time(a), _time(b)
        if times[0] is not None and times[1] is not None:
            return not (self._a.is_now(times[0]) and self._b.is_now(times[1]))
        return self._b.holds(a) or self._a.holds(b)


class _Known:
    """What a run holds, and when it ran."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._held: dict[str, bool] = {}

    def holds(self, value: str) -> bool:
        """True when any content of the run holds the value."""
        known = self._held.get(value)
        if known is None and len(self._held) < LOOKED_FOR:
            contents, sought = self._run.contents, value.encode("utf-8", "replace")
            numbers: Sequence[int] = range(len(contents))
            known = any(sought in contents.raw(number) for number in numbers)
            self._held[value] = known
        return known or False

    def is_now(self, time_s: float) -> bool:
        """True for a time of the run itself, as far as it has a clock."""
        start, end = self._run.start_ns, self._run.end_ns
        if start is None:
            return False
        end = start if end is None else end
        return start / 1e9 - SLACK_S <= time_s <= end / 1e9 + SLACK_S


def _time(text: str) -> float | None:
    """Seconds since 1970 of a time as text or as a number; None for anything else."""
    try:
        when = datetime.fromisoformat(text.replace(" UTC", "Z").replace(",", "."))
    except ValueError:
        return _clock(text)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return when.timestamp()


def _clock(text: str) -> float | None:
    whole, _, _ = text.partition(".")
    if not whole.isdecimal() or len(whole) not in (10, 13, 16, 19):
        return None
    return float(whole) / 10.0 ** (len(whole) - 10)
