"""Turns what is known of the formats into lines of plain text for the terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from whypath.errors import Near
from whypath.model import Run
from whypath.terminal import counted, line

NEAR = 3
"""So many formats that an unknown input may be are named."""


def recognised(source: str, runs: Sequence[Run]) -> Iterator[str]:
    """What an input is: a line for each format found in it."""
    for name in dict.fromkeys(run.format for run in runs):
        found = [run for run in runs if run.format == name]
        steps = sum(len(run.steps) for run in found)
        many = f"{counted(len(found), 'run')}, {counted(steps, 'step')}"
        yield f"{line(source)}: {name} ({many})"


def near_misses(found: Sequence[Near]) -> Iterator[str]:
    """The formats that an unknown input comes close to: what is there, what is not."""
    for near in found[:NEAR]:
        yield f"near {near.format}: has {', '.join(near.found)}"
        if near.missing:
            yield f"{' ' * len(f'near {near.format}')}  lacks {', '.join(near.missing)}"


def known_formats(readers: Sequence[Any]) -> Iterator[str]:
    """A paragraph for each format: who writes it, how to get one, what is left out."""
    for reader in readers:
        yield reader.NAME
        yield f"  from:     {reader.TOOL}"
        yield f"  export:   {reader.EXPORT}"
        yield f"  not read: {reader.NOT_READ}"
        yield f"  example:  {reader.EXAMPLE}"
        yield ""
