"""Measures how fast a trace is read: bytes to finished runs, beside plain parsing.

`python read.py TRACE` prints the format, the runs' steps, and two times in seconds:
of our reading, detection and putting right included, and of `orjson.loads` over the
same lines. Both are the best of three.
"""

import gc
import sys
from pathlib import Path
from time import perf_counter

import orjson

from whypath.build import read_input


def main() -> None:
    """Prints one line about the trace that is named."""
    path = Path(sys.argv[1])
    lines = path.read_bytes().splitlines()
    parse_s, read_s = [], []
    gc.disable()  # as the command does
    for _ in range(3):
        start = perf_counter()
        for line in lines:
            orjson.loads(line)
        parse_s.append(perf_counter() - start)
    del lines
    steps, format = 0, ""
    for _ in range(3):
        start = perf_counter()
        runs = read_input([str(path)]).runs
        read_s.append(perf_counter() - start)
        steps, format = sum(len(run.steps) for run in runs), runs[0].format
        del runs
        gc.collect()
    print(f"{format} {steps} {min(read_s):.4f} {min(parse_s):.4f}")


if __name__ == "__main__":
    main()
