"""Recorded times as nanoseconds since 1970 UTC."""

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_number(value: int | float) -> int:
    """Seconds, milli-, micro- or nanoseconds since 1970, told apart by their size."""
    for limit, factor in ((1e11, 10**9), (1e14, 10**6), (1e17, 10**3)):
        if value < limit:
            return int(value * factor)
    return int(value)


def of_moment(moment: datetime) -> int:
    """A moment with a zone; negative before 1970."""
    whole = moment - _EPOCH
    seconds = whole.days * 86_400 + whole.seconds
    return seconds * 1_000_000_000 + whole.microseconds * 1_000
