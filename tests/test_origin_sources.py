"""Where values in real traces came from: a table for each, checked by hand.

A table holds the first values of a trace that calls, decisions and the answer used, cut
short; then how many of each verdict the whole trace has.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Golden
from samples import read_runs
from whypath.derive.origins.origin import Origin, Place, find_origins
from whypath.derive.windows.context import find_contexts
from whypath.model import Run

HOME = re.compile(r"(/(?:Users|home)/)[^/\s]+")
"""Whose machine it was is nobody's business here."""
MOST = 24
LONGEST = 32

TRACES = {
    "adk-transfer": "google-adk/sample.session.json",
    "atif-two-agents": "atif/atif_multiagent.json",
    "claude-code": "claude-code/gitai_example-claude-code.jsonl",
    "inspect-ctf": "inspect/docent_ctf.json",
    "langgraph-routes": "langfuse/langgraph-python-2025-08-22.trace.json",
    "openhands": "openhands-v0/basic_gui_mode.json",
    "tau-lost": "tau-bench/pairs/task13_trial0_reward0.json",
    "tau-won": "tau-bench/pairs/task13_trial1_reward1.json",
    "pydantic-delegation": "otlp-genai/pydantic_ai_2.58.0_delegation.json",
    "swe-agent": "swe-agent/function_calling_simple.traj",
    "mini-swe-agent": "mini-swe-agent/github_issue.traj.json",
}
"""Golden -> file."""


@pytest.mark.parametrize("name", TRACES)
def test_the_values_of_a_real_trace_come_from_where_its_file_has_them(
    name: str, corpus: Path, golden: Golden
) -> None:
    """`--update-golden` writes the tables anew; then read them beside the raw files."""
    tables = [table(run) for run in read_runs(corpus / TRACES[name])]
    golden(f"origins/{name}.txt", "\n".join(tables))


def table(run: Run) -> str:
    """A line a value: step and path, value, verdict, and the place it came from."""
    origins = find_origins(run, find_contexts(run))
    rows = [(step, one) for step, all_ in origins.items() for one in all_]
    lines = [f"run {run.id}  {run.format}  {len(run.steps)} steps"]
    lines += [" ".join(_cells(step, one)) for step, one in rows[:MOST]]
    verdicts = Counter(one.verdict for _, one in rows)
    counts = ", ".join(f"{count} {name}" for name, count in sorted(verdicts.items()))
    return "\n".join([*lines, f"of {len(rows)} values: {counts or 'none'}"]) + "\n"


def _cells(step: int, one: Origin) -> Iterator[str]:
    yield f"s{step}"
    yield f"{one.name or one.of} {one.path}" + (f" {_span(one)}" if one.span else "")
    value = HOME.sub(r"\1…", " ".join(one.value.split()))
    yield f"= {value if len(value) <= LONGEST else value[:LONGEST] + '…'}"
    yield f" -> {one.verdict}"
    if one.source is not None:
        yield f"{_place(one.source)}" + (f" +{len(one.copies)}" if one.copies else "")
    if one.elsewhere is not None:
        yield f"not in view: {_place(one.elsewhere)}"


def _span(one: Origin) -> str:
    assert one.span is not None
    return f"{one.span[0]}-{one.span[1]}"


def _place(place: Place) -> str:
    step = "?" if place.step is None else f"s{place.step}"
    where = f"{place.path or '?'}"
    if place.span is not None:
        where += f" {place.span[0]}-{place.span[1]}"
    return f"{step} {place.role} {where}"
