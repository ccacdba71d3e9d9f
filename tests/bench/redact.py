"""Measures what taking secrets out costs: alone in MB/s, and of the whole report.

`python redact.py TRACE` prints the megabytes of unique content, the seconds to redact
them (rules loaded included), and the CPU seconds of two reports, with and without.
Times are the best of three.
"""

import gc
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from whypath.build import Redactor, read_input
from whypath.content import ContentStore


def alone(path: Path) -> tuple[float, float]:
    """Megabytes, and seconds for contents alone."""
    (run, *_) = read_input([str(path)]).runs
    raws = [run.contents.raw(number) for number in range(len(run.contents))]
    times = []
    for _ in range(3):
        store = ContentStore()
        for raw in raws:
            store.add(raw)
        start = process_time()
        Redactor().clean(store, [])
        times.append(process_time() - start)
    return sum(map(len, raws)) / 1e6, min(times)


def report(path: Path, *more: str) -> float:
    """CPU seconds of one report."""
    with TemporaryDirectory() as folder:
        out = f"{folder}/x.html"
        command = [
            sys.executable,
            "-m",
            "whypath",
            "report",
            str(path),
            "-o",
            out,
            *more,
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints one line about the trace that is named."""
    gc.disable()  # as the command does
    path = Path(sys.argv[1])
    size, seconds = alone(path)
    gc.collect()
    with_it = min(report(path) for _ in range(3))
    without = min(report(path, "--no-redact") for _ in range(3))
    print(f"{size:.2f} {seconds:.4f} {with_it:.4f} {without:.4f}")


if __name__ == "__main__":
    main()
