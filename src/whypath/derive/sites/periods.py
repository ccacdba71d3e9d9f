"""Cuts the time that runs lie in into a few equal periods, each with a name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

MOST = 32
_SECOND = 10**9
_STEPS = (
    (60, "%m-%d %H:%M"),
    (600, "%m-%d %H:%M"),
    (3_600, "%m-%d %H:%M"),
    (21_600, "%m-%d %H:%M"),
    (86_400, "%Y-%m-%d"),
    (604_800, "%Y-%m-%d"),
    (28 * 86_400, "%Y-%m-%d"),
    (182 * 86_400, "%Y-%m-%d"),
    (3_640 * 86_400, "%Y"),
)
"""Seconds of a period, and how its beginning is written."""
_MONDAY = 4 * 86_400
"""1970-01-05 in seconds: weeks begin on Mondays."""
_NAMES = {
    60: "minute",
    600: "10 minutes",
    3_600: "hour",
    21_600: "6 hours",
    86_400: "day",
    604_800: "week",
    28 * 86_400: "4 weeks",
    182 * 86_400: "half a year",
    3_640 * 86_400: "ten years",
}


@dataclass(frozen=True, slots=True)
class Periods:
    """Equal periods in UTC: `first` and `count` of them, each `seconds` long."""

    seconds: int
    form: str
    first: int
    count: int

    @property
    def unit(self) -> str:
        """How long each is, in words."""
        return _NAMES[self.seconds]

    def at(self, moment_ns: int | None) -> int | None:
        """The number of the period that a moment lies in, from 0; None: no clock."""
        if moment_ns is None or not self.count:
            return None
        return _number(moment_ns, self.seconds) - self.first

    def label(self, number: int) -> str:
        """When a period begins."""
        start = (self.first + number) * self.seconds + _MONDAY
        return f"{datetime.fromtimestamp(start, UTC):{self.form}}"


def cut(moments_ns: Iterable[int | None]) -> Periods:
    """The shortest periods of which there are at most `MOST`."""
    known = (moment for moment in moments_ns if moment is not None)
    first = last = next(known, None)
    if first is None or last is None:
        return Periods(*_STEPS[4], 0, 0)
    for moment in known:
        first, last = min(first, moment), max(last, moment)
    fitting = (s for s in _STEPS if _count(first, last, s[0]) <= MOST)
    seconds, form = next(fitting, _STEPS[-1])
    start = _number(first, seconds)
    return Periods(seconds, form, start, _count(first, last, seconds))


def _count(first_ns: int, last_ns: int, seconds: int) -> int:
    return _number(last_ns, seconds) - _number(first_ns, seconds) + 1


def _number(moment_ns: int, seconds: int) -> int:
    return (moment_ns // _SECOND - _MONDAY) // seconds
