"""JSON values that are almost a format's: one value of a sample is of another type.

For the tests of readers: foreign JSON has any type anywhere, and nothing may stop them.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from whypath.builder import Builder
from whypath.errors import TraceError
from whypath.model import Run
from whypath.readers import claimants
from whypath.records import Records, Sample

OTHERS: tuple[Any, ...] = (None, True, 7, -1.5, 10**30, "", "x", [], [None, 3], {})


def mutants(value: Any) -> Iterator[Any]:
    """`value` with each of its parts in turn of another type; of lists, the first 6."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {other: item for other, item in value.items() if other != key}
            for new in (*OTHERS, *mutants(inner)):
                yield {**value, key: new}
    elif isinstance(value, list):
        for number, inner in enumerate(value[:6]):
            for new in (*OTHERS, *mutants(inner)):
                yield [*value[:number], new, *value[number + 1 :]]


def sample_of(*values: Any) -> Sample:
    """What a reader's `detect` sees of a file with these values, a line each."""
    return Records(None, io.BytesIO(_lines(values))).sample()


def claimed_by(path: Path) -> list[str]:
    """The names of the readers that claim the file."""
    records = Records(path)
    sample = records.sample()
    records.close()
    return [reader.NAME for reader in claimants(sample)]


def runs_of(reader: ModuleType, *values: Any) -> tuple[Run, ...]:
    """The runs that `reader` makes of a file with these values, a line each."""
    builder = Builder(reader.NAME)
    builder.reading("a.json")
    reader.read(Records(None, io.BytesIO(_lines(values))), builder)
    return builder.finish()


def withstands(reader: ModuleType, value: Any) -> int:
    """Reads every mutant of `value`, and returns their number; any error comes out."""
    count = 0
    for mutant in mutants(value):
        count += 1
        try:
            reader.detect(sample_of(mutant))
            runs_of(reader, mutant)
        except TraceError:
            continue
    return count


def _lines(values: tuple[Any, ...]) -> bytes:
    return b"\n".join(json.dumps(value).encode() for value in values)
