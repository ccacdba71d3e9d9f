"""Which reader a trace belongs to. Each reader is one module that knows one format.

A reader only translates foreign records into calls of the builder. Exactly one reader
claims any sample, so the order in which they are asked does not matter.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from whypath.builder import Builder
from whypath.errors import TraceError, UnknownFormat
from whypath.readers.formats import FORMATS
from whypath.readers.near import near
from whypath.readers.seen import seen
from whypath.readers.unread import unread
from whypath.records import Records, Sample


class Reader(Protocol):
    """What each module in this folder offers.

    One whose files belong together in known places also has `companions`, see there.
    """

    NAME: str
    """Short name, as `--format` takes it."""
    TOOL: str
    """What writes the format."""
    EXPORT: str
    """How to get such a file."""
    NOT_READ: str
    """What of the format is left out."""
    EXAMPLE: str
    """The command that reads one, as a user would type it."""

    def detect(self, sample: Sample) -> bool:
        """True when the sample's structure is this format's."""

    def read(self, records: Records, builder: Builder) -> None:
        """Tells the builder everything the records say."""


@cache
def named(name: str) -> Reader:
    """The reader called `name`. Raises `TraceError` for an unknown name."""
    if name not in FORMATS:
        known = ", ".join(FORMATS)
        raise TraceError("--format", f"no format {name!r}", hint=f"one of {known}")
    return cast(Reader, import_module(f"whypath.readers.{FORMATS[name].module}"))


def companions(reader: Reader, path: Path) -> list[Path]:
    """Other files that belong to the same run, as far as places and names tell."""
    find = getattr(reader, "companions", None)
    return find(path) if find is not None else []


def all_readers() -> list[Reader]:
    """The readers of all formats, the native one first."""
    return [named(name) for name in FORMATS]


def claimants(sample: Sample) -> list[Reader]:
    """The readers that say the sample is theirs: one, or none.

    Those that it comes near to are asked first, and the others only if none claims it.
    """
    close = [found.format for found in near(sample)]
    others = [name for name in FORMATS if name not in close]
    for names in (close, others):
        claims = [named(name) for name in names if named(name).detect(sample)]
        if claims:
            return claims
    return []


def reader_for(records: Records) -> Reader:
    """The reader that claims the records. Raises `UnknownFormat`.

    Where records of two formats are mixed, it is the one that claims more of them.
    """
    sample = records.sample()
    claims = claimants(sample)
    if not claims:
        raise _unknown(records.name, sample)
    if len(claims) == 1:
        return claims[0]
    counts = [_claimed(reader, sample) for reader in claims]
    if counts.count(max(counts)) == 1:
        return claims[counts.index(max(counts))]
    names = " and ".join(reader.NAME for reader in claims)
    hint = "name the format with --format"
    why = f"looks like {names}"
    raise UnknownFormat(records.name, why, line=sample.line, hint=hint)


def _unknown(name: str, sample: Sample) -> UnknownFormat:
    """Says what an unknown sample may be meant to be."""
    known = unread(sample)
    if known is not None:
        why = f"this is {known.why}"
        return UnknownFormat(name, why, line=sample.line, hint=known.hint)
    close = near(sample)
    hint = "`whypath formats` lists what can be read"
    if close and close[0].missing:
        missing = " and ".join(close[0].missing)
        hint = f"nearest is {close[0].format}, but there is no {missing}"
    elif close:
        hint = f"if it is {close[0].format}, say so: --format {close[0].format}"
    what = f": {seen(sample.records[0])}" if sample.records else ""
    why = f"no known trace format{what}"
    error = UnknownFormat(name, why, line=sample.line, hint=hint)
    error.near = tuple(close)
    return error


def _claimed(reader: Reader, sample: Sample) -> int:
    """How many of the sample's records the reader would claim by themselves."""
    alone = (Sample((record,), sample.document) for record in sample.records)
    return sum(reader.detect(one) for one in alone)
