"""Measures what finding the origins of all values costs, beside the whole report.

`python origins.py TRACE` prints the steps, the values traced and how each was judged,
the best of three times in seconds, and that time as a share of reading and deriving.
"""

import gc
import sys
from collections import Counter
from time import perf_counter

from whypath.build import choose, read_input, tell
from whypath.derive.context import find_contexts
from whypath.derive.origins import find_origins


def main() -> None:
    """Prints a few lines about the trace that is named."""
    trace = sys.argv[1]
    gc.disable()  # as the command does
    start = perf_counter()
    run = choose(read_input([trace]).runs, None, trace)
    tell(run)
    other_s = perf_counter() - start
    contexts = find_contexts(run)
    best_s = float("inf")
    for _ in range(3):
        start = perf_counter()
        origins = find_origins(run, contexts)
        best_s = min(best_s, perf_counter() - start)
    verdicts = Counter(one.verdict for all_ in origins.values() for one in all_)
    print(f"{len(run.steps):,} steps, {verdicts.total():,} values: {dict(verdicts)}")
    print(f"origins {best_s:.3f} s, reading and deriving before {other_s:.3f} s")


if __name__ == "__main__":
    main()
