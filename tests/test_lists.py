"""What programs write as lines, `jq -s` makes one list of, which reads alike."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from whypath.build import read_input
from whypath.errors import TraceError
from whypath.model import Run
from whypath.readers import companions, named

TRACES = Path(__file__).parent / "traces"
BY_LINE = ("anthropic-managed-agents",)
"""Formats in which a line may be a list by itself."""


def lines_of(path: Path) -> list[Any]:
    """The values of a sound trace of lines, each an object; else none."""
    try:
        values = [json.loads(line) for line in path.read_bytes().splitlines() if line]
    except ValueError:
        return []
    return values if all(isinstance(value, dict) for value in values) else []


def told(runs: tuple[Run, ...]) -> list[object]:
    """What happened in the runs, and not where it stood."""
    return [
        (step.kind, step.name, step.status, step.start_ns, [c.name for c in step.calls])
        for run in runs
        for step in run.steps
    ]


def compared(paths: Iterable[Path], tmp_path: Path) -> set[str]:
    """The formats of the traces that were read both ways, and were the same."""
    formats = set()
    for path in paths:
        values = lines_of(path)
        try:
            runs = read_input([str(path)]).runs
        except TraceError:
            continue
        name = runs[0].format
        if len(values) < 2 or name in BY_LINE or companions(named(name), path):
            continue
        listed = tmp_path / f"{path.stem}.json"
        listed.write_text(json.dumps(values, indent=1), "utf-8")
        again = read_input([str(listed)]).runs
        assert (again[0].format, told(again)) == (name, told(runs)), path
        formats.add(name)
    return formats


def test_a_list_of_the_lines_reads_as_the_lines_do(tmp_path: Path) -> None:
    assert len(compared(sorted(TRACES.rglob("*.jsonl")), tmp_path)) > 10


def test_a_list_of_lines_in_the_corpus_reads_as_the_lines_do(
    corpus: Path, tmp_path: Path
) -> None:
    small = [p for p in corpus.rglob("*.jsonl") if p.stat().st_size < 300_000]
    assert len(compared(sorted(small), tmp_path)) > 10
