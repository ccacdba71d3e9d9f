"""Formats that are known and not read: their refusal says why, and what to do."""

from typing import NamedTuple

from whypath.readers.near import Signs
from whypath.records import Sample


class Unread(NamedTuple):
    """A format by its signs (see `formats`), why it is not read, and what to do."""

    signs: tuple[str, ...]
    why: str
    hint: str


UNREAD = (
    Unread(
        ("/checkpoints", "/writes"),
        "LangGraph checkpoints: their values are pickled, and unpickling can run code",
        "export the runs from LangSmith, Langfuse or OpenTelemetry",
    ),
    Unread(
        ("resourceMetrics",),
        "OpenTelemetry metrics, which hold no steps",
        "give the file of traces: its records begin with resourceSpans",
    ),
)


def unread(sample: Sample) -> Unread | None:
    """What the sample is, when it is a format that is known and not read."""
    signs = Signs(sample)
    return next((u for u in UNREAD if all(map(signs.has, u.signs))), None)
