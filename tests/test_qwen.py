"""Qwen Code recordings: Claude Code's tree of records, with Gemini's messages."""

from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, mutants, runs_of
from samples import CORPUS, read_runs
from whypath.errors import TraceError
from whypath.model import Run
from whypath.readers import qwen

FILE = CORPUS / "other-cli" / "qwen_019f0000-0000-7000-8000-000000000004.jsonl"


def row(
    id: str, parent: str | None, kind: str, *parts: Any, **fields: Any
) -> dict[str, Any]:
    time = f"2026-11-20T10:00:0{len(id)}Z"
    head = {"uuid": id, "parentUuid": parent, "sessionId": "s", "timestamp": time}
    return {**head, "type": kind, "message": {"parts": [*parts]}} | fields


CALL = {"functionCall": {"id": "c", "name": "read", "args": {"path": "a"}}}
BACK = {"functionResponse": {"id": "c", "name": "read", "response": {"output": "x"}}}
COUNTS = {"promptTokenCount": 9, "candidatesTokenCount": 2, "thoughtsTokenCount": 3}
SESSION = (
    row("u", None, "user", {"text": "Read a"}, version="1", cwd="/w"),
    row("a", "u", "assistant", {"text": "I read", "thought": True}, model="m"),
    row("a", "u", "assistant", CALL, {"text": "Now"}, usageMetadata=COUNTS),
    row("tt", "a", "tool_result", BACK, toolCallResult={"callId": "c", "status": "ok"}),
    row("bb", "tt", "assistant", {"text": "Done"}),
)


def one(*rows: Any) -> Run:
    (run,) = runs_of(qwen, *rows)
    return run


def problems(run: Run) -> dict[str, int]:
    return {p.what: p.count for p in run.problems}


def test_a_recording_is_claimed_by_this_reader_alone(corpus: Path) -> None:
    assert claimed_by(FILE) == ["qwen"]


def test_a_branch_that_was_rewound_is_abandoned_and_so_is_its_title(
    corpus: Path,
) -> None:
    [run] = read_runs(FILE)
    assert [(s.kind, s.abandoned) for s in run.steps] == [
        ("user", False),
        ("model", True),
        ("event", False),
        ("user", False),
        ("model", False),
        ("tool", False),
    ]
    assert run.task == "Active branch title"
    assert run.steps[2].previous == 1


def test_the_parts_of_an_answer_under_one_id_are_one_step(corpus: Path) -> None:
    [run] = read_runs(FILE)
    answer = run.steps[4]
    assert run.contents.text(answer.reasoning or 0) == "Reason over the active branch."
    assert run.contents.text(answer.output or 0) == "Active branch answer."
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (12, 4)


def test_a_result_goes_to_its_call_and_thoughts_count_as_output() -> None:
    run = one(*SESSION)
    assert [s.kind for s in run.steps] == ["user", "model", "tool", "model"]
    tool, usage = run.steps[2], run.steps[1].usage
    assert (tool.caller, tool.status) == (2, "ok")
    assert run.contents.text(tool.output or 0) == "x"
    assert usage is not None
    assert (usage.output_tokens, usage.reasoning_tokens) == (5, 3)


def test_a_compression_begins_a_new_context() -> None:
    packed = row(
        "kk", "tt", "system", subtype="chat_compression", systemPayload={"i": 1}
    )
    run = one(*SESSION[:4], packed)
    assert (run.steps[-1].name, run.steps[-1].resets_context) == ("compaction", True)


@pytest.mark.parametrize(
    ("status", "error"), [("error", "No file"), ("cancelled", "No file")]
)
def test_a_call_that_failed_says_why(status: str, error: str) -> None:
    told = {"callId": "c", "status": status, "error": {"message": "No file"}}
    failed = {**SESSION[3], "toolCallResult": told}
    tool = one(*SESSION[:3], failed).steps[2]
    assert (tool.status, tool.error) == ("error", error)


def test_a_sub_agents_records_are_a_thread() -> None:
    inner = row("xx", None, "assistant", {"text": "Hi"}, agentId="e-1", agentName="E")
    run = one(*SESSION, inner)
    assert (run.steps[-1].thread, run.steps[-1].agent) == ("e-1", "E")


@pytest.mark.parametrize(
    ("record", "what"),
    [
        (row("zz", "u", "dream"), "records of type dream"),
        (row("u", None, "user", {"text": "b"}), "a record's id is used twice"),
        (
            row("zz", "u", "system", subtype="ui_telemetry", systemPayload={}),
            "ui_telemetry records",
        ),
        ([3], "records of type none"),
    ],
)
def test_what_is_not_shown_is_told(record: Any, what: str) -> None:
    assert what in problems(one(*SESSION, record))


def test_no_value_of_another_type_stops_the_reader() -> None:
    title = row("ti", "bb", "system", subtype="custom_title", systemPayload={})
    title["systemPayload"] = {"customTitle": "T"}
    records = [*SESSION, title]
    for number, record in enumerate(records):
        for mutant in mutants(record):
            try:
                runs_of(qwen, *records[:number], mutant, *records[number + 1 :])
            except TraceError:
                continue
