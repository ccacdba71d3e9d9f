"""Over all real traces: what is recorded is said to be, and nothing else is.

Which formats hold what a model saw, and which tools it was offered, is a fact about the
formats; a reader that claims more than its format records fails here.
"""

from collections import defaultdict
from functools import cache
from pathlib import Path

from samples import CORPUS, read_runs
from whypath.derive.story import tell
from whypath.errors import TraceError
from whypath.model import Run

WINDOWS = {
    *("otlp", "otel-sdk", "jaeger", "tempo", "copilot-otel", "agentops", "atof"),
    *("langfuse", "langsmith", "inspect", "codex", "atif", "swe-agent", "google-adk"),
}
"""Formats in which some trace holds the window of a model call."""

TOOLS = {
    *("otlp", "jaeger", "tempo", "copilot-otel", "langfuse", "inspect", "atif"),
    *("claude-stream-json", "anthropic-managed-agents", "codex", "google-adk"),
    *("hermes", "kimi", "openhands"),
}
"""Formats in which some trace holds the tools on offer."""


@cache
def runs() -> tuple[Run, ...]:
    """The runs of every file that is read, each file by itself."""
    found: list[Run] = []
    for path in sorted(p for p in CORPUS.rglob("*") if p.is_file()):
        try:
            found.extend(read_runs(path))
        except TraceError:
            continue
    return tuple(found)


def test_windows_are_recorded_only_where_the_format_records_them(corpus: Path) -> None:
    by_format = defaultdict(set)
    for run in runs():
        for step in run.steps:
            if step.context is not None:
                by_format[run.format].add(step.context.basis)
    assert set(by_format) == WINDOWS
    assert set.union(*by_format.values()) == {"recorded"}


def test_every_other_window_is_labelled_reconstructed(corpus: Path) -> None:
    for run in runs():
        contexts = tell(run).contexts
        for step in run.steps:
            if step.kind == "model":
                wanted = "reconstructed" if step.context is None else "recorded"
                assert contexts[step.position].basis == wanted


def test_tools_on_offer_are_those_of_the_format_or_not_recorded(corpus: Path) -> None:
    offering = {run.format for run in runs() for s in run.steps if s.tools is not None}
    assert offering == TOOLS


def test_no_decision_is_surer_than_its_trace(corpus: Path) -> None:
    sure = {
        run.format
        for run in runs()
        for step in run.steps
        if step.decision is not None and step.decision.confidence is not None
    }
    assert sure <= {"copilot-cli", "codex", "inspect", "otlp"}


def test_no_step_has_a_clock_that_its_run_does_not_have(corpus: Path) -> None:
    clockless = {"tau-bench", "swe-agent", "claude-stream-json", "cursor", "windsurf"}
    for run in runs():
        if run.format in clockless:
            assert {step.start_ns for step in run.steps} == {None}
            assert (run.start_ns, run.end_ns) == (None, None)
