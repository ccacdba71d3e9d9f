"""Long attributes of the spans of a large trace lie compressed until they are told."""

import json
from pathlib import Path
from typing import Any

import pytest

from samples import ROOT, read_runs
from whypath.derive.story import tell
from whypath.readers import aside
from whypath.readers.aside import Aside

LONG = "nothing was found in the archive, so the clerk asked again. " * 40
VALUES: dict[str, Any] = {
    "long": LONG,
    "another": f"{LONG}é\ud83d\x00",
    "short": "gpt-4o",
    "number": 2**70,
    "float": 0.1,
    "flag": True,
    "nothing": None,
    "list": [LONG, {"a": LONG}],
}


@pytest.fixture
def nothing_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "AT_HAND_LETTERS", 0)


@pytest.mark.usefixtures("nothing_at_hand")
def test_attributes_that_lie_aside_read_as_before() -> None:
    kept = Aside()
    every = [{**VALUES, "long": f"{number} {LONG}"} for number in range(200)]
    laid = [kept.lay(each) for each in every]
    for before, after in zip(every, laid, strict=True):
        assert after == before
        assert {**after} == before
        assert list(after.items()) == list(before.items())
        assert "long" in after
        assert "missing" not in after
        assert after.get("missing") is None
        assert not {"long"}.isdisjoint(after)


def test_a_small_trace_keeps_its_attributes_as_they_are() -> None:
    assert Aside().lay(VALUES) is VALUES


@pytest.mark.usefixtures("nothing_at_hand")
def test_attributes_without_a_long_text_stay() -> None:
    short = {"a": "b", "n": 1}
    assert Aside().lay(short) is short


TRACES = sorted(
    path
    for folder in ("otlp", "otel_sdk", "openinference", "langfuse", "mlflow")
    for path in (ROOT / "tests" / "traces" / folder).glob("*.json*")
)


@pytest.mark.usefixtures("nothing_at_hand")
@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.name)
def test_a_trace_says_the_same_when_its_attributes_lie_aside(
    trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_LONG", 3)
    laid = [_said(run) for run in read_runs(trace)]
    monkeypatch.undo()
    assert laid == [_said(run) for run in read_runs(trace)]


def _said(run: Any) -> tuple[Any, ...]:
    story = tell(run)
    contents = [run.contents.raw(number) for number in range(len(run.contents))]
    return run.id, run.steps, run.problems, run.outcome, contents, story.verdict


def test_log_records_find_their_spans_however_late_they_come(tmp_path: Path) -> None:
    def batch(**fields: Any) -> str:
        return json.dumps({f"resource{name}": v for name, v in fields.items()})

    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "00000000000000aa",
        "name": "execute_tool weather",
        "startTimeUnixNano": "1795000000000000000",
        "endTimeUnixNano": "1795000001000000000",
        "attributes": [
            {"key": "gen_ai.operation.name", "value": {"stringValue": "execute_tool"}},
            {"key": "gen_ai.tool.name", "value": {"stringValue": "weather"}},
        ],
    }
    log = {
        "traceId": span["traceId"],
        "spanId": span["spanId"],
        "timeUnixNano": "1795000000500000000",
        "body": {"stringValue": "asked the station"},
    }
    spans = batch(Spans=[{"scopeSpans": [{"spans": [span]}]}])
    logs = batch(Logs=[{"scopeLogs": [{"logRecords": [log]}]}])
    trace = tmp_path / "trace.jsonl"
    found = []
    for lines in ((spans, logs), (logs, spans)):
        trace.write_text("\n".join(lines), "utf-8")
        (run,) = read_runs(trace)
        said = b" ".join(run.contents.raw(n) for n in range(len(run.contents)))
        assert b"asked the station" in said
        assert not [p for p in run.problems if "log record" in p.what]
        found.append([(step.kind, step.name) for step in run.steps])
    assert found[0] == found[1]
