"""Measures how fast a trace is read: bytes to finished runs, beside plain parsing.

`python read.py TRACE` prints the format, the runs' steps, and three times in seconds of
this process: of our reading, from opening the file to runs put right; of a program that
opens the file and keeps what `orjson.loads` makes of each line, as a run keeps its
contents; and of `orjson.loads` alone, over lines in memory, each result dropped before
the next. The second is the comparison: like ours it reads, and holds what it read. The
third is the parser's own speed, which no program that keeps anything can reach: what it
makes is never more than one line, and stays in the processor's cache.

All are the best of several, taken in turn so that a busy machine slows them alike.
"""

import gc
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time

import orjson

from whypath.build import read_input
from whypath.model import Run

ROUNDS = 5


def main() -> None:
    """Prints one line about the trace that is named."""
    path = Path(sys.argv[1])
    lines = path.read_bytes().splitlines()
    gc.disable()  # as the command does
    timed = (partial(read, path), partial(hold, path), partial(drop, lines))
    rounds = [[taken(work) for work in timed] for _ in range(ROUNDS)]
    best = map(min, zip(*rounds, strict=True))
    runs = read(path)
    steps = sum(len(run.steps) for run in runs)
    print(runs[0].format, steps, *(f"{seconds:.4f}" for seconds in best))


def read(path: Path) -> tuple[Run, ...]:
    """The runs in a file."""
    return read_input([str(path)]).runs


def hold(path: Path) -> list[object]:
    """All values in a file, held at once."""
    with path.open("rb") as file:
        return [orjson.loads(line) for line in file]


def drop(lines: list[bytes]) -> None:
    """Parses what is in memory; nothing is kept of any line."""
    for line in lines:
        orjson.loads(line)


def taken(work: Callable[[], object]) -> float:
    """Seconds of processor time for a piece of work, but not for letting it go."""
    start = process_time()
    made = work()
    seconds = process_time() - start
    del made
    gc.collect()
    return seconds


if __name__ == "__main__":
    main()
