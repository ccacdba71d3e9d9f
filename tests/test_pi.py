"""pi, OpenClaw and oh-my-pi: a tree of entries, two clocks, a cost for each message."""

import json
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, mutants, runs_of
from samples import CORPUS, read_runs
from whypath.derive.windows.context import find_contexts, window
from whypath.errors import TraceError
from whypath.model import Run, Step
from whypath.readers import pi

CLI = CORPUS / "other-cli"
LETTA = CORPUS / "letta-pairs"
LARGE = CORPUS / "pi" / "large-session.jsonl"
PAIRS = [
    LETTA / source / f"{name}.input.jsonl"
    for source in ("pi", "openclaw", "omp")
    for name in ("tool-calls", "cleanup")
]
FILES = [
    LARGE,
    CLI / "pi_small.jsonl",
    CLI / "openclaw_large.jsonl",
    CLI / "gitai_pi-session-tool.jsonl",
    *PAIRS,
]

SECOND = 1_000_000_000


def row(id: str, parent: str | None, second: int, **fields: Any) -> dict[str, Any]:
    time = f"2026-11-20T10:00:{second:02}.000Z"
    return {"type": "message", "id": id, "parentId": parent, "timestamp": time} | fields


def user(id: str, parent: str | None, second: int, text: str) -> dict[str, Any]:
    return row(id, parent, second, message={"role": "user", "content": text})


def answer(
    id: str, parent: str | None, second: int, *blocks: Any, **more: Any
) -> dict[str, Any]:
    message = {"role": "assistant", "content": list(blocks), "model": "m", "api": "a"}
    return row(id, parent, second, message=message | more)


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def call(id: str, name: str = "read") -> dict[str, Any]:
    return {"type": "toolCall", "id": id, "name": name, "arguments": {"path": "a"}}


def result(id: str, parent: str | None, second: int, call_id: str) -> dict[str, Any]:
    said = {"role": "toolResult", "toolCallId": call_id, "content": [text("found")]}
    return row(id, parent, second, message=said | {"isError": False})


HEAD = {
    "type": "session",
    "version": 3,
    "id": "s",
    "timestamp": "2026-11-20T10:00:00.000Z",
    "cwd": "/w",
}
REWOUND = (
    HEAD,
    user("u1", None, 1, "Fix it"),
    answer("a1", "u1", 2, text("Trying"), call("c1")),
    result("r1", "a1", 3, "c1"),
    answer("a2", "r1", 4, text("Wrong way")),
    row(
        "b1",
        "u1",
        5,
        type="branch_summary",
        fromId="a2",
        summary="Reading a was no use",
        usage={"input": 3, "output": 2, "cost": {"total": 0.5}},
    ),
    user("u2", "b1", 6, "Another way"),
    answer("a3", "u2", 7, text("Done")),
)


def one(*records: Any) -> Run:
    (run,) = runs_of(pi, *records)
    return run


def shown(run: Run, step: Step) -> str:
    content = step.input if step.output is None else step.output
    return "" if content is None else run.contents.text(content)


def problems(run: Run) -> dict[str, int]:
    return {p.what: p.count for p in run.problems}


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_a_session_is_claimed_by_this_reader_alone(corpus: Path, path: Path) -> None:
    assert claimed_by(path) == ["pi"]


def test_tokens_and_cost_are_the_sums_of_the_messages(corpus: Path) -> None:
    messages = [
        json.loads(line).get("message", {}) for line in LARGE.read_bytes().splitlines()
    ]
    usages = [m["usage"] for m in messages if m.get("role") == "assistant"]
    [run] = read_runs(LARGE)
    counted = [step.usage for step in run.steps if step.usage is not None]
    assert sum(u.input_tokens or 0 for u in counted) == sum(
        u["input"] + u["cacheRead"] + u["cacheWrite"] for u in usages
    )
    assert sum(u.output_tokens or 0 for u in counted) == sum(
        u["output"] for u in usages
    )
    cost = sum(u.cost_usd or 0 for u in counted)
    assert cost == pytest.approx(sum(u["cost"]["total"] for u in usages))
    assert cost > 30


def test_every_message_and_call_of_a_long_session_is_a_step(corpus: Path) -> None:
    [run] = read_runs(LARGE)
    kinds = [step.kind for step in run.steps]
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    assert counts == {"model": 453, "state": 104, "tool": 391, "user": 88}
    failed = [s for s in run.steps if s.kind == "model" and s.status == "error"]
    assert len(failed) == 22
    assert {s.error for s in failed} == {
        "Request was aborted",
        "Request was aborted.",
        "terminated",
    }
    assert problems(run) == {"a call has no result": 18}


def test_the_two_clocks_of_an_answer_are_its_start_and_its_end(corpus: Path) -> None:
    [run] = read_runs(LARGE)
    first = next(step for step in run.steps if step.calls)
    assert (first.end_ns or 0) - (first.start_ns or 0) == 3_779_000_000


@pytest.mark.parametrize(
    ("said", "written", "took"),
    [
        (1_795_168_801_500, 2, 500_000_000),
        (1_795_168_802_500, 2, None),
        (None, 2, None),
    ],
    ids=["both", "backwards", "row_only"],
)
def test_a_clock_that_is_not_told_is_not_made_up(
    said: int | None, written: int, took: int | None
) -> None:
    more = {} if said is None else {"timestamp": said}
    run = one(HEAD, answer("a", None, written, text("Hi"), **more))
    [step] = run.steps
    assert step.start_ns is not None
    length = None if step.end_ns is None else step.end_ns - step.start_ns
    assert length == took


def test_what_does_not_lead_to_the_last_turn_is_abandoned() -> None:
    run = one(*REWOUND)
    assert [(s.kind, s.abandoned) for s in run.steps] == [
        ("user", False),
        ("model", True),
        ("tool", True),
        ("model", True),
        ("system", False),
        ("user", False),
        ("model", False),
    ]
    assert run.steps[4].previous == 1
    assert run.steps[4].name == "branch summary"
    usage = run.steps[4].usage
    assert usage is not None
    assert (usage.input_tokens, usage.cost_usd) == (3, 0.5)


def test_the_context_after_a_rewind_is_that_of_the_branch() -> None:
    run = one(*REWOUND)
    seen = window(find_contexts(run), 7)
    texts = [run.contents.text(m.content) for m in seen if m.content is not None]
    assert texts == ["Fix it", "Reading a was no use", "Another way"]


def test_parents_that_name_a_call_stand_for_its_message(corpus: Path) -> None:
    [run] = read_runs(CLI / "openclaw_large.jsonl")
    assert not any(step.abandoned for step in run.steps)
    assert [s.name for s in run.steps if s.caller] == ["run_terminal", "edit_file"]


@pytest.mark.parametrize(
    ("kept", "seen_then", "said"),
    [
        ({}, ["All so far", "Go on"], {}),
        ({"firstKeptEntryId": "a1"}, ["All so far", "Trying", "Go on"], {}),
        (
            {"firstKeptEntryIndex": 1},
            ["All so far", "Go on"],
            {"messages kept through a compaction, named by a number": 1},
        ),
    ],
    ids=["nothing kept", "kept from an id", "kept from a number"],
)
def test_a_compaction_begins_a_new_context_with_its_summary_and_what_it_keeps(
    kept: dict[str, Any], seen_then: list[str], said: dict[str, int]
) -> None:
    compaction = row("k", "a1", 3, type="compaction", summary="All so far", **kept)
    run = one(
        HEAD,
        user("u1", None, 1, "Fix it"),
        answer("a1", "u1", 2, text("Trying")),
        compaction,
        user("u2", "k", 4, "Go on"),
        answer("a2", "u2", 5, text("Done")),
    )
    assert [(s.name, s.resets_context) for s in run.steps[2:4]] == [
        ("compaction", True),
        ("compaction summary", False),
    ]
    seen = window(find_contexts(run), run.steps[-1].position)
    texts = [run.contents.text(m.content) for m in seen if m.content is not None]
    assert texts == seen_then
    assert problems(run) == said


def test_settings_that_change_are_the_state_of_the_agent(corpus: Path) -> None:
    [run] = read_runs(LETTA / "omp" / "tool-calls.input.jsonl")
    states = {
        change.path: run.contents.value(change.value or 0)
        for step in run.steps
        for change in step.state
    }
    assert states == {
        "model": "anthropic/claude-sonnet-5",
        "thinking level": "medium",
        "service tier": {"family": "anthropic", "tier": "default"},
        "mode": "default",
    }
    assert run.task == "omp notes demo"


def test_tools_are_on_offer_only_where_the_session_says_so() -> None:
    change = row("t", None, 1, type="active_tools_change", activeToolNames=["read"])
    run = one(HEAD, answer("a0", None, 1, text("?")), change, answer("a1", "t", 2))
    offered = [s.tools for s in run.steps if s.kind == "model"]
    assert offered[0] is None
    assert [tool.name for tool in offered[1] or ()] == ["read"]


def test_a_command_of_the_user_is_a_call_by_nobody(corpus: Path) -> None:
    [run] = read_runs(LETTA / "pi" / "cleanup.input.jsonl")
    [shell] = [s for s in run.steps if s.name == "shell command by the user"]
    assert (shell.caller, shell.status, shown(run, shell)) == (None, "ok", "notes.md\n")


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"exitCode": 2}, "error", "exit code 2"),
        ({"cancelled": True}, "error", "cancelled"),
        ({"exitCode": 0}, "ok", None),
    ],
)
def test_a_command_of_the_user_says_how_it_ended(
    fields: dict[str, Any], status: str, error: str | None
) -> None:
    message = {"role": "bashExecution", "command": "ls", "output": "x"} | fields
    [step] = one(HEAD, row("b", None, 1, message=message)).steps
    assert (step.status, step.error) == (status, error)


@pytest.mark.parametrize(
    ("stop", "more", "error"),
    [
        ("toolUse", {}, None),
        ("stop", {}, None),
        ("length", {}, "cut off at the token limit"),
        ("aborted", {}, "aborted"),
        ("error", {"errorMessage": "429\nslow down"}, "429"),
    ],
)
def test_why_an_answer_stopped_is_told(
    stop: str, more: dict[str, str], error: str | None
) -> None:
    [step] = one(HEAD, answer("a", None, 1, text("x"), stopReason=stop, **more)).steps
    assert step.error == error


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ([HEAD, result("r", None, 1, "gone")], "a result has no call"),
        ([HEAD, answer("a", None, 1, call("c"))], "a call has no result"),
        ([HEAD, user("u", None, 1, "a"), user("u", None, 2, "b")], "used twice"),
        ([HEAD, user("u", None, 1, "a"), row("x", "u", 2, type="dream")], "type dream"),
        ([HEAD, user("u", None, 1, "a"), row("x", "u", 2)], "hold nothing"),
        ([HEAD, user("u", None, 1, "a"), [1]], "no object"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_shown(
    records: list[Any], what: str
) -> None:
    run = one(*records)
    assert run.steps
    assert any(what in problem for problem in problems(run))


def test_sessions_behind_each_other_are_runs_of_their_own() -> None:
    more = {**HEAD, "id": "t"}
    runs = runs_of(pi, HEAD, user("u1", None, 1, "a"), more, user("u1", None, 2, "b"))
    assert [(run.id, len(run.steps)) for run in runs] == [("s", 1), ("t", 1)]


def test_no_value_of_another_type_stops_the_reader() -> None:
    compaction = row("k", "a3", 9, type="compaction", summary="s", firstKeptEntryId="u")
    change = row("m", "k", 9, type="model_change", provider="p", modelId="m")
    told = answer(
        "a4", "m", 9, {"type": "thinking", "thinking": "t"}, stopReason="stop"
    )
    told["message"] |= {"usage": {"input": 1, "cost": {"total": 1}}, "timestamp": 1}
    records = [*REWOUND, compaction, change, told]
    for number, record in enumerate(records):
        for mutant in mutants(record):
            try:
                runs_of(pi, *records[:number], mutant, *records[number + 1 :])
            except TraceError:
                continue
