"""Numbers, times and sizes as people read them. Text in, text out; no HTML."""

from datetime import UTC, datetime


def count(number: int) -> str:
    """`12345` -> `12,345`."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """`1, "step"` -> `1 step`; `14, "step"` -> `14 steps`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def tokens(number: int) -> str:
    """`8214` -> `8.2k`; below a thousand the number itself."""
    if number < 1_000:
        return str(number)
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if number >= size * 0.9995:
            value = number / size
            return f"{value:.1f}{unit}" if value < 99.95 else f"{value:.0f}{unit}"
    return str(number)


def cost(usd: float) -> str:
    """US dollars with two significant digits, and at least cents."""
    if usd >= 0.1 or usd == 0:
        return f"${usd:,.2f}"
    if usd >= 0.0001:
        return f"${usd:.2g}"
    return f"${usd:.6f}" if usd >= 0.00001 else f"${usd:.1e}"


def duration(nanoseconds: int) -> str:
    """Two significant digits and a unit: `0.84 s`, `12 s`, `3 min 20 s`."""
    seconds = nanoseconds / 1e9
    if seconds < 0.0009995:
        return f"{nanoseconds / 1e3:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def offset(nanoseconds: int) -> str:
    """Time since the start of the run: `+0:12.4`, `+1:02:03`."""
    sign = "+" if nanoseconds >= 0 else "−"
    tenths = abs(nanoseconds) // 100_000_000
    seconds, tenth = divmod(tenths, 10)
    minutes, second = divmod(seconds, 60)
    if minutes < 60:
        return f"{sign}{minutes}:{second:02}.{tenth}"
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{second:02}"


def moment(nanoseconds: int) -> str:
    """The absolute time in UTC, to the millisecond."""
    try:
        when = datetime.fromtimestamp(nanoseconds // 1_000_000 / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return f"{nanoseconds} ns since 1970"
    return f"{when.isoformat(' ', 'milliseconds')[:23]} UTC"


def size(number_bytes: int) -> str:
    """`245760` -> `246 kB`."""
    if number_bytes < 1_000:
        return f"{number_bytes} B"
    if number_bytes < 999_500:
        return f"{number_bytes / 1e3:.0f} kB"
    return f"{number_bytes / 1e6:.1f} MB"
