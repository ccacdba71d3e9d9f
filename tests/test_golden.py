"""Every example as a person would review it, and every real trace in one line.

A golden that fails shows the difference. When it is meant: --update-golden.
"""

import sys
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from samples import CORPUS, EXAMPLES, dump, read_runs
from whypath.build import read_input
from whypath.derive.story import tell
from whypath.errors import EmptyTrace, TraceError
from whypath.readers import claimants
from whypath.records import Records

Golden = Callable[[str, str], None]

TRACES = sorted(p for p in EXAMPLES.glob("*/*") if p.suffix in (".json", ".jsonl"))


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_an_example_reads_as_it_did(path: Path, golden: Golden) -> None:
    text = "\n".join(dump(run) for run in read_runs(path))
    golden(f"examples/{path.name}.txt", text)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_an_example_read_twice_is_the_same(path: Path) -> None:
    first, second = read_runs(path), read_runs(path)
    assert [dump(run) for run in first] == [dump(run) for run in second]
    assert [run.steps for run in first] == [run.steps for run in second]


def files() -> list[Path]:
    return sorted(path for path in CORPUS.rglob("*") if path.is_file())


@cache
def claims(path: Path) -> tuple[str, ...] | str:
    """The names of the readers that claim the file; or why it is no JSON."""
    try:
        records = Records(path)
    except TraceError as error:
        return error.why
    try:
        return tuple(reader.NAME for reader in claimants(records.sample()))
    except TraceError as error:
        return error.why
    finally:
        records.close()


def test_no_real_file_is_claimed_by_two_readers(corpus: Path) -> None:
    found = {path: claims(path) for path in files()}
    assert len(found) > 200
    several = {p: c for p, c in found.items() if isinstance(c, tuple) and len(c) > 1}
    assert several == {}


def summed_up(path: Path) -> str:
    """A file in one line: format, runs, steps, decisions, errors, problems by level.

    Of a file that is refused, the sentence that says why.
    """
    name = path.relative_to(CORPUS).as_posix()
    try:
        runs = read_input([str(path)]).runs
    except TraceError as error:
        return f"{name}: refused: {error.why}. {error.hint}"
    stories = [tell(run) for run in runs]
    assert all(run.steps for run in runs)
    # runs share the very objects of what is wrong with the file as a whole
    told = {id(problem): problem for run in runs for problem in run.problems}
    problems = list(told.values())
    levels = [
        f"{level} {sum(p.count for p in problems if p.level == level)}"
        for level in ("note", "repair", "loss")
        if any(p.level == level for p in problems)
    ]
    counts = [
        runs[0].format,
        f"runs {len(runs)}",
        f"steps {sum(len(run.steps) for run in runs)}",
        f"decisions {sum(len(story.decisions) for story in stories)}",
        f"errors {sum(story.totals.errors for story in stories)}",
        *levels,
    ]
    return f"{name}: {', '.join(counts)}"


def test_every_real_trace_reads_as_it_did_or_is_refused_with_a_sentence(
    corpus: Path, golden: Golden
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = [summed_up(path) for path in files()]
    assert len(table) > 230
    sys.stdout.write("\n".join(table))  # seen with pytest -s
    golden("corpus.txt", "\n".join(table) + "\n")


REFUSED = (
    "PROVENANCE.tsv",
    "claude-code/records/system_file_history_snapshot.jsonl",
    "claude-code/records/system_queue_operation.jsonl",
    "claude-code/sniffly_ff71dbed-a4f2-4284-a4fc-fe2fb90de929.jsonl",
    "langgraph-checkpoint/checkpoint.db",
    "tau2-bench/voice_results.json",
)
"""What holds no run: a list, rows of bookkeeping, pickles, settings alone."""


def test_only_files_without_a_run_are_refused(corpus: Path) -> None:
    table = [summed_up(path) for path in files()]
    refused = [line.split(": ")[0] for line in table if ": refused: " in line]
    assert tuple(refused) == REFUSED


def test_a_run_without_steps_is_never_passed_off_as_a_run(corpus: Path) -> None:
    empty = corpus / "claude-code" / "records" / "system_queue_operation.jsonl"
    with pytest.raises(
        EmptyTrace, match=r"no steps found \(recognised as claude-code\)"
    ):
        read_input([str(empty)])
