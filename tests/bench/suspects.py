"""How well the ranking of a failed run's steps finds the labelled root cause.

Beside it: chance, and the positional prior, which only knows where in a run the other
labelled roots lie (leave one out). Prints top-1, top-3, top-5 and within one.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from samples import SHARED
from whypath.build import read_input, tell
from whypath.derive.findings.suspects import find_suspects
from whypath.model import Run

FAILURES = SHARED / "failures"
WIDTH = 0.08
"""Of the window over relative positions, in which the prior is smoothed."""


def labelled() -> list[tuple[Run, int]]:
    """Each run and the position of its labelled step: messages count from 0."""
    path = FAILURES / "tau_retail_failed.json"
    tasks = [row["task_id"] for row in json.loads(path.read_text())]
    labels = map(json.loads, (FAILURES / "labels.jsonl").read_text().splitlines())
    roots = {label["task_id"]: label["root_message_index"] + 1 for label in labels}
    runs = read_input([str(path)]).runs
    pairs = zip(runs, tasks, strict=True)
    return [(run, roots[task]) for run, task in pairs if task in roots]


def by_suspects(run: Run) -> list[int]:
    """Our ranking; steps that nothing speaks against come last, in their order."""
    ranked = [s.step for s in find_suspects(run, tell(run).findings, most=None)]
    return ranked + [s.position for s in run.steps if s.position not in ranked]


def by_position(run: Run, others: Sequence[tuple[Run, int]]) -> list[int]:
    """Steps by how many of the other runs' roots lie near the same relative place."""
    known = [root / len(other.steps) for other, root in others]

    def weight(position: int) -> float:
        at = position / len(run.steps)
        return sum(max(0.0, 1 - abs(at - place) / WIDTH) for place in known)

    return sorted(range(1, len(run.steps) + 1), key=lambda p: (-weight(p), p))


def rates(cases: Sequence[tuple[Run, int]], rank: Callable[[int], list[int]]) -> str:
    """Top-1, top-3, top-5 and within one step of the first, as a line."""
    ranked = [(rank(number), root) for number, (_, root) in enumerate(cases)]
    tops = [sum(root in order[:k] for order, root in ranked) for k in (1, 3, 5)]
    near = sum(abs(order[0] - root) <= 1 for order, root in ranked)
    return "  ".join(f"{hits:3d} of {len(cases)}" for hits in (*tops, near))


def chance(cases: Sequence[tuple[Run, int]]) -> str:
    """What drawing steps at random would hit, on average."""
    tops = [sum(min(1, k / len(run.steps)) for run, _ in cases) for k in (1, 3, 5, 3)]
    return "  ".join(f"{hits:3.1f} of {len(cases)}" for hits in tops)


def measure() -> list[str]:
    """The table, a line each; one line that says so where there are no labels."""
    if not FAILURES.is_dir():
        return ["ranking: NOT MEASURED, there are no labelled failures here"]
    cases = labelled()

    def others(number: int) -> list[tuple[Run, int]]:
        return [case for at, case in enumerate(cases) if at != number]

    def prior(number: int) -> list[int]:
        return by_position(cases[number][0], others(number))

    return [
        f"{'look here first':22}   top-1     top-3     top-5     within 1",
        f"{'whypath':22} {rates(cases, lambda n: by_suspects(cases[n][0]))}",
        f"{'position of the others':22} {rates(cases, prior)}",
        f"{'chance':22} {chance(cases)}",
    ]


if __name__ == "__main__":
    print("\n".join(measure()))
