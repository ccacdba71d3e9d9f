"""Gemini CLI recordings: messages written again, taken back, and sub-agents' files."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, mutants, runs_of
from samples import CORPUS, read_runs
from whypath.errors import TraceError
from whypath.model import Run
from whypath.readers import gemini_cli

GEMINI = CORPUS / "gemini-cli"
PAIRS = [
    CORPUS / "letta-pairs" / "gemini-cli" / f"{name}.input.json"
    for name in ("cleanup", "tool-calls")
]
FILES = [
    GEMINI / "edit_and_run.jsonl",
    GEMINI / "failed_shell.jsonl",
    GEMINI / "gitai_gemini-session-simple.jsonl",
    GEMINI / "read_explain.jsonl",
    *PAIRS,
]

HEAD = {
    "sessionId": "s",
    "projectHash": "p",
    "startTime": "2026-11-20T10:00:00Z",
    "lastUpdated": "2026-11-20T10:00:00Z",
    "kind": "main",
}


def message(id: str, kind: str, content: Any, **fields: Any) -> dict[str, Any]:
    time = "2026-11-20T10:00:01Z"
    return {"id": id, "timestamp": time, "type": kind, "content": content} | fields


def call(id: str, status: str = "success", **fields: Any) -> dict[str, Any]:
    response = {"id": id, "name": "look", "response": {"output": "seen"}}
    made = {"id": id, "name": "look", "args": {"q": 1}, "status": status}
    time = "2026-11-20T10:00:03Z"
    return {
        **made,
        "timestamp": time,
        "result": [{"functionResponse": response}],
    } | fields


def one(*records: Any) -> Run:
    (run,) = runs_of(gemini_cli, *records)
    return run


def shown(run: Run) -> list[str]:
    contents = [s.input if s.output is None else s.output for s in run.steps]
    return ["" if c is None else run.contents.text(c) for c in contents]


def problems(run: Run) -> list[str]:
    return [problem.what for problem in run.problems]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_recording_is_claimed_by_this_reader_alone(corpus: Path, path: Path) -> None:
    assert claimed_by(path) == ["gemini-cli"]


@pytest.mark.parametrize("path", FILES[:4], ids=lambda path: path.name)
def test_a_message_written_twice_counts_once(corpus: Path, path: Path) -> None:
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    last = {row["id"]: row for row in rows if row.get("type") == "gemini"}
    tokens = [row["tokens"] for row in last.values() if row.get("tokens")]
    calls = [c["id"] for row in last.values() for c in row.get("toolCalls", [])]
    [run] = read_runs(path)
    used = [step.usage for step in run.steps if step.usage is not None]
    assert sum(u.input_tokens or 0 for u in used) == sum(t["input"] for t in tokens)
    whole = sum((u.input_tokens or 0) + (u.output_tokens or 0) for u in used)
    assert whole == sum(t["total"] for t in tokens)
    assert sum(u.cache_read_tokens or 0 for u in used) == sum(
        t["cached"] for t in tokens
    )
    assert len([s for s in run.steps if s.kind == "model"]) == len(last)
    assert [s.call_id for s in run.steps if s.kind == "tool"] == calls


def test_the_harness_is_not_the_user(corpus: Path) -> None:
    [run] = read_runs(GEMINI / "read_explain.jsonl")
    assert [(s.kind, s.name) for s in run.steps[:2]] == [
        ("system", "session context"),
        ("user", ""),
    ]


def test_a_thoughts_subject_names_the_step_and_the_thought_is_its_reason() -> None:
    thoughts = [
        {"subject": "Planning", "description": "read first"},
        {"subject": "Acting", "description": "then write"},
    ]
    run = one(HEAD, message("m", "gemini", "", thoughts=thoughts))
    [step] = run.steps
    assert step.name == "Acting"
    assert step.reasoning is not None
    told = run.contents.text(step.reasoning)
    assert told == "Planning — read first\nActing — then write"


@pytest.mark.parametrize(
    ("fields", "status", "error", "output"),
    [
        ({}, "ok", None, "seen"),
        ({"status": "cancelled"}, "error", "cancelled", "seen"),
        ({"status": "executing", "result": None}, "unset", None, None),
        ({"result": [{"text": "plain"}]}, "ok", None, "plain"),
        ({"status": "error", "result": None}, "error", "failed; no message", None),
    ],
    ids=["success", "cancelled", "open", "plain", "nothing"],
)
def test_a_call_says_how_it_ended(
    fields: dict[str, Any], status: str, error: str | None, output: str | None
) -> None:
    run = one(HEAD, message("m", "gemini", "", toolCalls=[call("c") | fields]))
    tool = run.steps[1]
    assert (tool.kind, tool.caller, tool.status) == ("tool", 1, status)
    assert (tool.error or "")[:18] == (error or "")[:18]
    told = None if tool.output is None else run.contents.text(tool.output)
    assert told == output


def test_the_result_is_the_one_that_answers_the_call() -> None:
    other = {"functionResponse": {"id": "d", "response": {"output": "not this"}}}
    made = call("c")
    made["result"] = [other, *made["result"]]
    run = one(HEAD, message("m", "gemini", "", toolCalls=[made]))
    assert shown(run)[1] == "seen"


def test_a_result_that_only_stands_in_the_answer_to_the_model_is_paired() -> None:
    sent = {"functionResponse": {"id": "c", "response": {"output": "late"}}}
    made = call("c", "executing", result=None)
    run = one(
        HEAD,
        message("m", "gemini", "", toolCalls=[made]),
        message("u", "user", [sent]),
    )
    assert [s.kind for s in run.steps] == ["model", "tool"]
    assert shown(run)[1] == "late"


def test_a_rewind_takes_back_the_message_and_all_after_it() -> None:
    run = one(
        HEAD,
        message("u1", "user", "Fix it"),
        message("g1", "gemini", "Trying"),
        message("u2", "user", "No, otherwise"),
        message("g2", "gemini", "", toolCalls=[call("c")]),
        {"$rewindTo": "u2"},
        message("u3", "user", "Third way"),
        message("g3", "gemini", "Done"),
    )
    assert [s.abandoned for s in run.steps] == [False, False, *[True] * 3, False, False]
    assert run.steps[5].previous == 2


def test_a_rewind_to_nowhere_takes_all_back_and_is_told() -> None:
    run = one(
        HEAD,
        message("u1", "user", "a"),
        {"$rewindTo": "gone"},
        message("u2", "user", "b"),
    )
    assert [s.abandoned for s in run.steps] == [True, False]
    assert problems(run) == ["a rewind to a message that is not there"]


def test_a_history_that_was_cut_begins_a_new_context() -> None:
    summary = message("s1", "user", "Summary of all")
    last = message("g1", "gemini", "Trying")
    run = one(
        HEAD,
        message("u1", "user", "Fix it"),
        last,
        {"$set": {"messages": [summary, last]}},
        message("u2", "user", "Go on"),
    )
    assert shown(run) == ["Fix it", "Trying", "", "Summary of all", "Go on"]
    assert [s.resets_context for s in run.steps] == [False, False, True, False, False]


def test_facts_of_the_session_are_patched() -> None:
    run = one(
        HEAD,
        message("u1", "user", "a"),
        {"$set": {"summary": "Fixing", "directories": ["/a"], "memoryScratchpad": {}}},
    )
    assert run.task == "Fixing"
    assert dict(run.labels) == {"directories": "/a", "kind": "main"}
    assert problems(run) == ["other facts of the session"]


def test_notices_are_events_and_errors_are_errors() -> None:
    run = one(
        HEAD,
        message("i", "info", "Note"),
        message("w", "warning", "Mind"),
        message("e", "error", "Quota\nexceeded"),
        message("t", "telemetry", "?"),
    )
    assert [(s.kind, s.name, s.error) for s in run.steps] == [
        ("event", "info", None),
        ("event", "warning", None),
        ("error", "error", "Quota"),
        ("event", "telemetry", None),
    ]
    assert problems(run) == ["messages of type telemetry"]


def test_the_topic_that_the_agent_sets_is_its_state(corpus: Path) -> None:
    [run] = read_runs(GEMINI / "read_explain.jsonl")
    [topic] = [s for s in run.steps if s.state]
    assert topic.state[0].path == "topic"
    assert run.contents.text(topic.state[0].value or 0) == "TITLE-PLACEHOLDER"


def test_a_document_says_what_a_log_says(corpus: Path) -> None:
    document = json.loads(PAIRS[1].read_bytes())
    head = {k: v for k, v in document.items() if k != "messages"}
    as_log = one(head, *document["messages"])
    [whole] = read_runs(PAIRS[1])
    assert [(s.kind, s.key, s.status) for s in as_log.steps] == [
        (s.kind, s.key, s.status) for s in whole.steps
    ]


@pytest.mark.parametrize("linked", [True, False], ids=["named_by_a_call", "by_folder"])
def test_a_sub_agents_file_is_part_of_its_session(tmp_path: Path, linked: bool) -> None:
    agent = {"agentId": "finder-1"} if linked else {}
    main = [
        {**HEAD, "sessionId": "abcdefgh-1"},
        message("u1", "user", "Find it"),
        message("g1", "gemini", "", toolCalls=[call("c", **agent)]),
    ]
    sub = [
        {**HEAD, "sessionId": "finder-1", "kind": "subagent"},
        message("v1", "user", "Find"),
        message("h1", "gemini", "Found"),
    ]
    files = {"session-2026-abcdefgh.jsonl": main, "abcdefgh-1/finder-1.jsonl": sub}
    for name, rows in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    [run] = read_runs(tmp_path / "session-2026-abcdefgh.jsonl")
    inner = [s for s in run.steps if s.thread == "finder-1"]
    assert [s.kind for s in inner] == ["user", "model"]
    assert [s.parent for s in inner] == ([3, 3] if linked else [None, None])
    [alone] = read_runs(tmp_path / "abcdefgh-1" / "finder-1.jsonl")
    assert len(alone.steps) == 2


def test_a_session_that_was_moved_to_a_log_is_shown_once(tmp_path: Path) -> None:
    rows = [message("u1", "user", "a"), message("g1", "gemini", "b")]
    old = tmp_path / "session-1-abcdefgh.json"
    old.write_text(json.dumps({**HEAD, "messages": rows}))
    new = [HEAD, *rows, message("u2", "user", "c")]
    log = tmp_path / "session-1-abcdefgh.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in new))
    [run] = read_runs(tmp_path)
    assert shown(run) == ["a", "b", "c"]


def test_no_value_of_another_type_stops_the_reader() -> None:
    thoughts = [{"subject": "s", "description": "d"}]
    tokens = {"input": 1, "output": 2, "cached": 3, "thoughts": 4, "tool": 5}
    records = [
        HEAD,
        message("u1", "user", [{"text": "a"}, {"inlineData": {}}], displayContent="b"),
        message("g1", "gemini", "c", thoughts=thoughts, tokens=tokens, model="m"),
        message("g1", "gemini", "c", toolCalls=[call("c", agentId="x")]),
        {"$set": {"messages": [message("u9", "user", "x")], "summary": "s"}},
        {"$rewindTo": "g1"},
        message("e", "error", "f"),
    ]
    for number, record in enumerate(records):
        for mutant in mutants(record):
            try:
                runs_of(gemini_cli, *records[:number], mutant, *records[number + 1 :])
            except TraceError:
                continue
