"""One run that was written in several formats is the same run in all of them.

Another tool (agentpile) turned real Claude Code sessions and a tau-bench conversation
into ATIF and OTLP. What differs all the same is listed here, with the reason.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from samples import read_runs
from whypath.model import Run, Step

Told = tuple[str, str, Any, Any]

ORIGINALS = {
    "cc_gitai": "claude-code/gitai_example-claude-code.jsonl",
    "cc_subagents_dir": "claude-code/agentpile/subagents.jsonl",
    "cc_sniffly_big": "claude-code/sniffly_d3ad4cdc-5657-435d-98fa-0035d53e383d.jsonl",
    "cc_ccviewer_sidechains": (
        "claude-code/ccviewer_fe5e1c67-53e7-4862-81ae-d0e013e3270b.jsonl"
    ),
    "tau_first_0": "tau-bench/gpt-4o-airline.first20.jsonl",
}
OTLP = ("cc_gitai", "cc_subagents_dir", "tau_first_0")

NOT_TOLD = {
    "agent": "OTLP has a span around the run and around each sub-agent",
    "name": "OTLP names model calls by their model and messages by their role; only a "
    "tool's name is the same thing everywhere",
}
"""What is left out of every comparison."""

KINDS = {
    "cc_gitai": {("event", "[Request interrupted by user]"): "user"},
    "cc_ccviewer_sidechains": {("system", "Split complex tasks into"): "user"},
}
"""What Claude Code puts in the user's mouth is told apart here alone: the copies have
it as the user's words."""

ONLY_IN_ORIGINAL = {"tau_first_0": 1}
"""Steps at the end that the copies lack: tau-bench's judgement is outside the messages
that they were made of."""

NOT_A_CALL = ("interrupted", "'[Request interrupted by user]'")
"""A failed step of Claude Code that is the user's words in the copies."""

ANY_ORDER = {
    "cc_ccviewer_sidechains": "the copy does not say which rows are sub-agents', so "
    "their steps stand there between those of the main conversation, as written"
}


def told(run: Run) -> list[Told]:
    """The steps of a run: kind, a tool's name, its arguments, what was said."""
    return [
        (
            step.kind,
            step.name if step.kind == "tool" else "",
            _data(run, step.input) if step.kind == "tool" else None,
            _said(run, step),
        )
        for step in run.steps
        if step.kind != "agent"
    ]


def _said(run: Run, step: Step) -> Any:
    """The output; some readers have a user's words as an input. "" is nothing said."""
    number = step.output
    if number is None and step.kind != "tool":
        number = step.input
    return _data(run, number) or None


def _data(run: Run, number: int | None) -> Any:
    if number is None:
        return None
    found = run.contents.text(number)
    try:
        return json.loads(found)
    except ValueError:
        return found


def original(corpus: Path, name: str) -> list[Told]:
    """What the original tells, as the differences make it."""
    run = read_runs(corpus / ORIGINALS[name])[0]
    steps = told(run)
    steps = steps[: len(steps) - ONLY_IN_ORIGINAL.get(name, 0)]
    renamed = KINDS.get(name, {})
    return [
        (
            next(
                (
                    to
                    for (kind, begins), to in renamed.items()
                    if step[0] == kind and str(step[3]).startswith(begins)
                ),
                step[0],
            ),
            *step[1:],
        )
        for step in steps
    ]


def copy(corpus: Path, name: str, ending: str) -> list[Told]:
    (run,) = read_runs(corpus / "derived-crossformat" / f"{name}.{ending}.json")
    return told(run)


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_session_and_its_atif_copy_are_the_same_run(corpus: Path, name: str) -> None:
    ours, theirs = original(corpus, name), copy(corpus, name, "atif")
    if name in ANY_ORDER:
        assert Counter(map(repr, ours)) == Counter(map(repr, theirs))
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", OTLP)
def test_a_sessions_atif_and_otlp_copies_are_the_same_run(
    corpus: Path, name: str
) -> None:
    assert copy(corpus, name, "atif") == copy(corpus, name, "otlp")


@pytest.mark.parametrize("name", OTLP)
def test_calls_have_the_same_results_below_the_same_steps(
    corpus: Path, name: str
) -> None:
    """The nesting of tools and of sub-agents is the same in ATIF and in OTLP."""
    shapes = []
    for ending in ("atif", "otlp"):
        (run,) = read_runs(corpus / "derived-crossformat" / f"{name}.{ending}.json")
        shapes.append(
            [_callers(run, step) for step in run.steps if step.kind == "tool"]
        )
    assert shapes[0] == shapes[1]


def _callers(run: Run, step: Step) -> list[str]:
    """The tools around a step, from the inside out."""
    found = [step.name]
    at = step
    while (above := at.parent or at.caller) is not None:
        at = run.step(above)
        if at.kind == "tool":
            found.append(at.name)
    return found


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_same_calls_failed(corpus: Path, name: str) -> None:
    paths = (
        corpus / ORIGINALS[name],
        corpus / "derived-crossformat" / f"{name}.atif.json",
    )
    failed = [
        sorted((s.name, repr(_said(run, s))) for s in run.steps if s.status == "error")
        for run in (read_runs(path)[0] for path in paths)
    ]
    tools = [[f for f in one if f != NOT_A_CALL] for one in failed]
    assert tools[0] == tools[1]


@pytest.mark.parametrize("name", [n for n in ORIGINALS if n.startswith("cc_")])
def test_totals_are_the_same_in_every_format(corpus: Path, name: str) -> None:
    folder = corpus / "derived-crossformat"
    paths = [corpus / ORIGINALS[name], *sorted(folder.glob(f"{name}.*"))]
    totals = set()
    for path in paths:
        usages = [step.usage for step in read_runs(path)[0].steps if step.usage]
        given = sum(usage.input_tokens or 0 for usage in usages)
        totals.add((given, sum(usage.output_tokens or 0 for usage in usages)))
    assert len(totals) == 1
