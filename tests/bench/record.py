"""Measures what the recorder costs an agent, and prints it in microseconds a step.

A step is a `with` block with an input and an output: two lines, each on its way to the
disk before the agent goes on. The floor is two bare writes of as many bytes.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from whypath.record import Recorder, run

STEPS = 20_000
THREADS = 8
TURNS = 200
TARGET_US = 50.0


def timed(work: Callable[[int], object], count: int = STEPS) -> list[float]:
    """How long each of `count` calls took, in microseconds, sorted."""
    taken = []
    for number in range(count):
        start = time.perf_counter_ns()
        work(number)
        taken.append((time.perf_counter_ns() - start) / 1000)
    return sorted(taken)


def step(r: Recorder, number: int) -> None:
    with r.step("tool", "orders.get", input={"id": number}) as s:
        s.output = {"id": number, "status": "lost", "paid": "2026-11-02"}


def decision(r: Recorder, number: int) -> None:
    r.decide(
        "What happens with the order?",
        [{"name": "refund", "score": 0.8}, {"name": "ask", "reason": "too slow"}],
        chosen="refund",
        rationale="A lost order is refunded.",
        confidence=0.8,
        evidence=[{"name": "id", "value": number}],
    )


def show(name: str, taken: list[float]) -> float:
    """Prints a line; returns the median."""
    median, late = statistics.median(taken), taken[int(len(taken) * 0.99)]
    print(f"{name:<44} {median:>9.1f} {late:>9.1f}")
    return median


def main() -> int:
    """Prints the table; 1 when a step costs more than the target."""
    print(f"{'microseconds':<44} {'median':>9} {'99 %':>9}")
    with tempfile.TemporaryDirectory() as folder, run(Path(folder) / "r.jsonl") as r:
        line = b"x" * 110 + b"\n"
        with (Path(folder) / "floor").open("ab", buffering=0) as file:
            show(
                "floor: two writes",
                timed(lambda n: file.write(line) + file.write(line)),
            )
        median = show("a step", timed(lambda n: step(r, n)))
        show("a decision with options and evidence", timed(lambda n: decision(r, n)))
        tool = r.tool(
            lambda id: {"status": "lost"},
        )
        show("a decorated tool", timed(lambda n: tool(n)))
        said = [{"role": "user", "content": f"{n} " + "x" * 1000} for n in range(TURNS)]

        def ask(number: int) -> None:
            r.add("model", context=said[: number + 1], output="ok")

        show(f"a model call, 1 to {TURNS} messages of 1 KB", timed(ask, TURNS))

        def work(thread: int) -> list[float]:
            return timed(lambda n: step(r, n), STEPS // THREADS)

        start = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
        taken_us = (time.perf_counter() - start) * 1e6 / STEPS
        print(f"{f'a step, {THREADS} threads, time over steps':<44} {taken_us:>9.1f}")
        show("a step that is not recorded", timed(lambda n: step(run_off, n)))
    print(f"target: {TARGET_US:g} a step, {'met' if median < TARGET_US else 'MISSED'}")
    return int(median >= TARGET_US)


run_off = run(None)

if __name__ == "__main__":
    print(f"{STEPS} steps, {os.cpu_count()} processors", file=sys.stderr)
    sys.exit(main())
