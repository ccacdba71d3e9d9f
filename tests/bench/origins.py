"""Measures what evidence, where each value came from, adds to the report of a trace.

`python origins.py TRACE` prints how the values were judged, and in the last line the
seconds of CPU of finding that out, the best of three. `python origins.py TRACE PAGE`
writes the report without any of it, as the command would.
"""

import gc
import sys
from collections import Counter
from time import process_time

from whypath.build import choose, read_input
from whypath.cli import main as whypath
from whypath.derive import story
from whypath.derive.origins.origin import find_origins
from whypath.derive.windows.context import find_contexts


def main() -> None:
    """Prints a few lines about the trace that is named, or writes the page."""
    trace, *page = sys.argv[1:]
    if page:
        story.find_origins = lambda run, contexts: {}
        sys.argv = ["whypath", "report", trace, "-o", *page]
        whypath()
    gc.disable()  # as the command does
    run = choose(read_input([trace]).runs, None, trace)
    contexts = find_contexts(run)
    best_s = float("inf")
    for _ in range(3):
        start = process_time()
        origins = find_origins(run, contexts)
        best_s = min(best_s, process_time() - start)
    verdicts = Counter(one.verdict for all_ in origins.values() for one in all_)
    print(f"{len(run.steps):,} steps, {verdicts.total():,} values: {dict(verdicts)}")
    print(f"{best_s:.3f}")


if __name__ == "__main__":
    main()
