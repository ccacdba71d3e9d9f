"""What was said, called and answered, as an independent converter reads the same files.

Each pair is a small log of one agent and what Letta's converter makes of it. The
converter's file is itself a format we read, so two Runs are compared. What it leaves
out (system texts, events, errors of the transport) is not compared; what else differs
is listed in `DIFFERENT`, with the reason.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samples import CORPUS, read_runs
from whypath.model import Run, Step

PAIRS = CORPUS / "letta-pairs"

Said = tuple[str, Any]

ORPHANS = "a result without a call is shown with a problem; the converter drops it"

DIFFERENT: dict[str, tuple[str, str]] = {
    "atif/cleanup": (
        "result user assistant",
        "sub-agents and results without a call are shown; the converter drops them",
    ),
    "claude-code/cleanup": (
        "assistant",
        "what a sub-agent said is part of the run; the converter leaves it out",
    ),
    "codex/cleanup": ("result", ORPHANS),
    "hermes/cleanup": (
        "user result",
        f"a message that was taken back is shown as abandoned; {ORPHANS}",
    ),
    "omp/cleanup": (
        "result result",
        f"a command of the user's own is shown; {ORPHANS}",
    ),
    "openclaw/cleanup": ("result", ORPHANS),
    "openhands/cleanup": (
        "user call result result",
        "events without an id and results without a call are shown, an error is an"
        " error, and a tool without a name gets none",
    ),
    "openhands/tool-calls": (
        "assistant result",
        "the thought of an action is what the model said beside the call, and what the"
        " user refused did not go well",
    ),
    "pi/cleanup": ("result result", f"a command of the user's own is shown; {ORPHANS}"),
}
"""Pair -> the kinds of what only we have, and why."""

THEIRS = {
    "openhands/cleanup": "call result",
    "openhands/tool-calls": "reasoning result",
}
"""Pair -> the kinds of what only the converter has: other words for the same."""


def pairs() -> list[Path]:
    """The inputs that have an expected file."""
    found = sorted(PAIRS.glob("*/*.input.*"))
    return [path for path in found if expected(path).exists()]


def expected(path: Path) -> Path:
    return path.with_name(path.name.split(".")[0] + ".expected.json")


def said(run: Run) -> list[Said]:
    """The run as messages, calls and results, in the order of its steps."""
    return [one for step in run.steps for one in _of(run, step)]


def _of(run: Run, step: Step) -> Iterator[Said]:
    if step.kind == "user":
        yield "user", _plain(run, step.input if step.output is None else step.output)
    elif step.kind == "model":
        if step.reasoning is not None:
            yield "reasoning", _plain(run, step.reasoning)
        if step.output is not None:
            yield "assistant", _plain(run, step.output)
    elif step.kind == "tool":
        if step.caller is not None:
            yield "call", (step.name, _plain(run, step.input))
        if step.output is not None:
            yield "result", (_plain(run, step.output), step.status != "error")


def _plain(run: Run, content: int | None) -> Any:
    """A content as data; JSON in a text is the same as that JSON.

    What the converter adds is taken off: a word for each image (ours are in the step's
    details), an object around arguments that are none, a word before an error.
    """
    if content is None:
        return None
    value = run.contents.document(content)
    if isinstance(value, dict) and value.keys() in ({"_raw"}, {"input"}):
        [value] = value.values()
    if isinstance(value, str):
        value = value.removesuffix("\n[image]").removeprefix("Error: ").strip()
        value = json.loads(value) if value.startswith("[") else value
    return value


def kinds(those: list[Said], others: list[Said]) -> str:
    """The kinds of what is among those and not among the others."""
    return " ".join(kind for kind, said in those if (kind, said) not in others)


def ids() -> list[str]:
    return [f"{path.parent.name}-{path.name.split('.')[0]}" for path in pairs()]


@pytest.mark.parametrize("path", pairs(), ids=ids())
def test_messages_and_calls_are_those_of_the_independent_converter(path: Path) -> None:
    [ours] = read_runs(path)
    [theirs] = read_runs(expected(path), format="letta-trajectory")
    name = f"{path.parent.name}/{path.name.split('.')[0]}"
    mine, wanted = said(ours), said(theirs)
    assert kinds(wanted, mine) == THEIRS.get(name, "")
    assert kinds(mine, wanted) == DIFFERENT.get(name, ("", ""))[0]
    shared = [one for one in mine if one in wanted]
    assert shared == [one for one in wanted if one in mine]


def test_every_listed_difference_has_a_reason_and_a_pair() -> None:
    if not PAIRS.exists():
        pytest.skip("NOT CHECKED: the shared corpus is not here")
    names = {f"{path.parent.name}/{path.name.split('.')[0]}" for path in pairs()}
    assert set(THEIRS) <= set(DIFFERENT) <= names
    assert all(more and reason for more, reason in DIFFERENT.values())


def test_the_pairs_are_there() -> None:
    if not PAIRS.exists():
        pytest.skip("NOT CHECKED: the shared corpus is not here")
    assert len(pairs()) > 20
    assert json.loads(expected(pairs()[0]).read_text("utf-8"))["records"]
