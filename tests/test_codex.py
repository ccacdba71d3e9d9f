"""The Codex readers: real rollouts, both generations, and `codex exec --json`."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from samples import dump, read_runs
from whypath.derive.decisions.find import find_decisions
from whypath.derive.windows.context import find_contexts, window
from whypath.errors import TraceError
from whypath.model import Run, Step
from whypath.readers import claimants
from whypath.records import Records

Write = Callable[..., Path]
Record = dict[str, Any]

PARENT, CHILD = "0000-parent", "1111-child"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes records, one a line, and returns the file."""

    def file(*records: object, name: str = "rollout.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
        return path

    return file


def clock() -> Iterator[str]:
    """A time for each record, a second after the one before."""
    return (f"2026-01-01T00:{n // 60:02d}:{n % 60:02d}.000Z" for n in count())


def timed(*records: tuple[str, Record]) -> list[Record]:
    """Records of the newer generation."""
    times = clock()
    return [
        {"timestamp": next(times), "type": kind, "payload": payload}
        for kind, payload in records
    ]


def meta(id: str = PARENT, **fields: Any) -> tuple[str, Record]:
    base = {"text": "You are Codex."}
    return "session_meta", {"id": id, "base_instructions": base, **fields}


def item(type: str, **fields: Any) -> tuple[str, Record]:
    return "response_item", {"type": type, **fields}


def event(type: str, **fields: Any) -> tuple[str, Record]:
    return "event_msg", {"type": type, **fields}


def user(text: str, **fields: Any) -> tuple[str, Record]:
    content = [{"type": "input_text", "text": text}]
    return item("message", role="user", content=content, **fields)


def says(text: str, **fields: Any) -> tuple[str, Record]:
    content = [{"type": "output_text", "text": text}]
    return item("message", role="assistant", content=content, **fields)


def thinks(*texts: str) -> tuple[str, Record]:
    summary = [{"type": "summary_text", "text": text} for text in texts]
    return item("reasoning", summary=summary, encrypted_content="gAAAA")


def calls(id: str, name: str = "exec_command", **arguments: Any) -> tuple[str, Record]:
    return item("function_call", name=name, arguments=json.dumps(arguments), call_id=id)


def returns(id: str, output: object) -> tuple[str, Record]:
    return item("function_call_output", call_id=id, output=output)


def tokens(given: int, made: int, total: int) -> tuple[str, Record]:
    last = {"input_tokens": given, "cached_input_tokens": 1, "output_tokens": made}
    info = {"last_token_usage": last, "total_token_usage": {"total_tokens": total}}
    return event("token_count", info=info, rate_limits=None)


def one(path: Path, format: str | None = None) -> Run:
    (run,) = read_runs(path, format)
    return run


def shape(run: Run) -> list[tuple[str, str]]:
    """Kind and name, or what is said, of each step."""
    return [(step.kind, step.name or text(run, step.output)) for step in run.steps]


def text(run: Run, number: int | None) -> str:
    return "" if number is None else run.contents.text(number)


def seen(run: Run, step: Step) -> list[tuple[str, str, str]]:
    """The window at a model step."""
    contexts = find_contexts(run)
    messages = window(contexts, step.position)
    return [(m.role, m.kind, text(run, m.content)) for m in messages]


def models(run: Run) -> list[Step]:
    return [step for step in run.steps if step.kind == "model"]


def tool(run: Run, name: str) -> Step:
    return next(s for s in run.steps if s.kind == "tool" and s.name == name)


def said_of(run: Run) -> list[tuple[str, str]]:
    return [(problem.level, problem.what) for problem in run.problems]


def ours(corpus: Path) -> list[Path]:
    pairs = sorted((corpus / "letta-pairs" / "codex").glob("*.input.jsonl"))
    return [*sorted((corpus / "codex-rollout").glob("*.jsonl")), *pairs]


def claims(path: Path) -> list[str]:
    with closing(Records(path)) as records:
        return [reader.NAME for reader in claimants(records.sample())]


def test_of_all_real_traces_only_rollouts_are_claimed(corpus: Path) -> None:
    packed = {".db", ".eval", ".tsv"}
    mine = ours(corpus)
    assert len(mine) == 8
    for path in corpus.rglob("*"):
        if path.is_file() and path.suffix not in packed:
            names = claims(path)
            assert (names == ["codex"]) == (path in mine), path
            assert "codex-exec" not in names, path


LINES = {
    "an item": ([item("message")], "codex"),
    "noise before": ([7, {"a": 1}, event("token_count")], "codex"),
    "another format's payload": ([("span", {"type": "message"})], None),
    "a payload that is none": ([{"type": "event_msg", "payload": 3}], None),
    "state": ([{"record_type": "state"}], "codex"),
    "old header": ([{"id": "a", "timestamp": "t", "instructions": None}], "codex"),
    "a header of another": (
        [{"id": "a", "timestamp": "t", "instructions": None, "messages": 1}],
        None,
    ),
    "a thread": ([{"type": "thread.started", "thread_id": "t"}], "codex-exec"),
    "an item of a thread": (
        [{"type": "item.completed", "item": {"id": "1", "type": "reasoning"}}],
        "codex-exec",
    ),
    "an item of nothing": ([{"type": "item.completed", "item": {}}], None),
}


@pytest.mark.parametrize(("records", "name"), LINES.values(), ids=LINES.keys())
def test_a_file_is_claimed_by_its_structure(
    write: Write, records: list[Any], name: str | None
) -> None:
    lines = [
        {"type": r[0], "payload": r[1]} if isinstance(r, tuple) else r for r in records
    ]
    names = [n for n in claims(write(*lines)) if n.startswith("codex")]
    assert names == ([name] if name else [])


def test_every_real_rollout_is_read_and_its_tokens_are_counted_once(
    corpus: Path,
) -> None:
    for path in sorted((corpus / "codex-rollout").glob("*.jsonl")):
        run = one(path)
        assert run.steps, path
        assert counted(run) == expected(path), path


def counted(run: Run) -> tuple[int, int]:
    usages = [step.usage for step in run.steps if step.usage is not None]
    given = sum(usage.input_tokens or 0 for usage in usages)
    return given, sum(usage.output_tokens or 0 for usage in usages)


def expected(path: Path) -> tuple[int, int]:
    """The same from plain JSON: each count once, however often it is told."""
    given = made = 0
    before = None
    for line in path.read_text("utf-8").splitlines():
        payload = json.loads(line)["payload"]
        info = payload.get("info") or {}
        last = info.get("last_token_usage") or payload.get("usage")
        if not last or (info and info["total_token_usage"] == before):
            continue
        before = info.get("total_token_usage", before)
        given, made = given + last["input_tokens"], made + last["output_tokens"]
    return given, made


def test_one_response_is_one_step_and_what_events_repeat_is_told_once(
    write: Write,
) -> None:
    records = timed(
        meta(cwd="/repo", cli_version="0.1", git={"branch": "main"}),
        ("turn_context", {"model": "gpt-x", "effort": "high"}),
        event("task_started", turn_id="1"),
        user("<environment_context>\n<cwd>/repo</cwd></environment_context>"),
        user("Fix the bug"),
        event("user_message", message="Fix the bug"),
        event("agent_reasoning", text="Look first."),
        thinks("Look first.", "Then act."),
        event("agent_reasoning", text="Then act."),
        says("I look."),
        event("agent_message", message="I look."),
        calls("c1", cmd="ls"),
        tokens(10, 2, 12),
        tokens(10, 2, 12),
        returns("c1", "Process exited with code 0\nOutput:\na.py"),
        event("agent_message", message="Done."),
        says("Done."),
        tokens(20, 3, 35),
        event("task_complete", last_agent_message="Done."),
    )
    run = one(write(*records))
    assert shape(run) == [
        ("system", "You are Codex."),
        ("system", "context"),
        ("user", "Fix the bug"),
        ("model", "I look."),
        ("tool", "exec_command"),
        ("model", "Done."),
    ]
    assert (run.task, run.status, run.models) == ("Fix the bug", "ok", ("gpt-x",))
    assert run.outcome is not None
    assert text(run, run.outcome.answer) == "Done."
    first, last = models(run)
    assert text(run, first.reasoning) == "Look first.\nThen act."
    assert counted(run) == (30, 5)
    assert first.usage is not None
    assert first.usage.cache_read_tokens == 1
    assert [c.name for c in first.calls] == ["exec_command"]
    assert last.reasoning is None
    assert said_of(run) == []
    assert dict(run.labels) == {
        "cwd": "/repo",
        "effort": "high",
        "git branch": "main",
        "version": "0.1",
    }


def test_a_window_is_what_the_items_before_it_say_and_is_recorded(write: Write) -> None:
    records = timed(
        meta(),
        user("<user_instructions>be brief</user_instructions>"),
        user("go"),
        thinks("hm"),
        calls("c1", cmd="ls"),
        returns("c1", "a.py"),
        says("ok"),
        user("more"),
        says("yes"),
    )
    run = one(write(*records))
    contexts = [step.context for step in models(run)]
    assert [c and (c.keep, len(c.add), c.basis) for c in contexts] == [
        (0, 3, "recorded"),
        (3, 3, "recorded"),
        (6, 2, "recorded"),
    ]
    assert seen(run, models(run)[-1]) == [
        ("system", "text", "You are Codex."),
        ("user", "text", "<user_instructions>be brief</user_instructions>"),
        ("user", "text", "go"),
        ("assistant", "reasoning", "hm"),
        ("assistant", "call", '{"cmd": "ls"}'),
        ("tool", "result", "a.py"),
        ("assistant", "text", "ok"),
        ("user", "text", "more"),
    ]


def test_after_a_compaction_the_window_is_the_replacement_and_nothing_else(
    write: Write,
) -> None:
    history = [user("go")[1], item("compaction", encrypted_content="x")[1]]
    records = timed(
        meta(),
        user("go"),
        says("long talk"),
        ("compacted", {"message": "", "replacement_history": history}),
        event("context_compacted"),
        user("and now?"),
        says("done"),
    )
    run = one(write(*records))
    last = models(run)[-1]
    assert seen(run, last) == [
        ("system", "text", "You are Codex."),
        ("user", "text", "go"),
        ("system", "data", "x"),
        ("user", "text", "and now?"),
    ]
    assert last.context is not None
    assert (last.context.basis, last.context.keep, last.context.dropped) == (
        *("recorded", 2),
        0,
    )
    resets = [step.name for step in run.steps if step.resets_context]
    assert resets == ["compaction"]


@pytest.mark.parametrize("announced", [True, False], ids=["event", "record"])
def test_after_a_compaction_without_its_items_the_window_is_put_together(
    write: Write, announced: bool
) -> None:
    compaction = (
        event("context_compacted")
        if announced
        else ("compacted", {"message": "so far: nothing"})
    )
    records = timed(meta(), user("go"), says("a"), compaction, user("on"), says("b"))
    run = one(write(*records))
    last = models(run)[-1]
    assert last.context is None
    summary = [] if announced else [("system", "text", "so far: nothing")]
    assert seen(run, last) == [*summary, ("user", "text", "on")]
    assert sum(step.resets_context for step in run.steps) == 1


def test_a_rollback_abandons_the_last_turns_and_takes_them_out_of_the_window(
    write: Write,
) -> None:
    records = timed(
        meta(),
        user("one"),
        says("1"),
        user("two"),
        calls("c", cmd="rm"),
        returns("c", "gone"),
        says("2"),
        event("thread_rolled_back", num_turns=1),
        user("three"),
        says("3"),
    )
    run = one(write(*records))
    gone = [
        name for (_, name), s in zip(shape(run), run.steps, strict=True) if s.abandoned
    ]
    assert gone == ["two", "", "exec_command", "2"]
    assert [m for _, _, m in seen(run, models(run)[-1])] == [
        *("You are Codex.", "one", "1", "three"),
    ]


def test_an_undo_abandons_what_came_after_the_snapshot_but_not_the_window(
    write: Write,
) -> None:
    records = timed(
        meta(),
        user("one"),
        item("ghost_snapshot", ghost_commit={"id": "abc"}),
        says("1"),
        event("undo_completed", success=False, message="no snapshot"),
        event("undo_completed", success=True, message="undone"),
        user("two"),
        says("2"),
    )
    run = one(write(*records))
    gone = [
        name for (_, name), s in zip(shape(run), run.steps, strict=True) if s.abandoned
    ]
    assert gone == ["snapshot", "1", "undo"]
    assert [m for _, _, m in seen(run, models(run)[-1])][1:] == ["one", "1", "two"]
    assert [s.error for s in run.steps if s.name == "undo"] == ["no snapshot", None]


def test_where_there_are_only_events_they_are_the_conversation(write: Write) -> None:
    records = timed(
        meta(),
        event("user_message", message="## My request for Codex:\nhi"),
        event("agent_reasoning", text="greet"),
        event("agent_message", message="hello"),
        event(
            "exec_command_end",
            call_id="c",
            command=["ls"],
            exit_code=2,
            aggregated_output="no",
        ),
        event("user_message", message="bye"),
    )
    run = one(write(*records))
    assert [kind for kind, _ in shape(run)] == [
        "system",
        "user",
        "model",
        *("tool", "user"),
    ]
    (model,) = models(run)
    assert (text(run, model.reasoning), text(run, model.output)) == ("greet", "hello")
    assert (run.task, model.context) == ("hi", None)
    step = tool(run, "exec_command")
    assert (text(run, step.input), text(run, step.output)) == ('["ls"]', "no")
    assert (step.status, step.error) == ("error", "exit code 2")


def test_a_prompt_told_by_an_event_first_stands_where_its_item_is(write: Write) -> None:
    records = timed(
        meta(),
        event("user_message", message="go"),
        user("# AGENTS.md instructions for /repo"),
        user("go"),
        says("ok"),
    )
    run = one(write(*records))
    assert [name for _, name in shape(run)] == ["You are Codex.", "context", "go", "ok"]


OUTPUTS = {
    "shell": ("Exit code: 3\nWall time: 1 s\nOutput:\nbad", "exit code 3"),
    "exec": ("Wall time: 1\nProcess exited with code 1\nOutput:\n", "exit code 1"),
    "fine": ("Exit code: 0\nOutput:\nExit code: 1", None),
    "quoted": ("Output:\nProcess exited with code 1", None),
    "json": ('{"output":"x","metadata":{"exit_code":4}}', "exit code 4"),
    "success": ({"content": "no such file\nat all", "success": False}, "no such file"),
    "parts": ([{"type": "input_text", "text": "Exit code: 5"}], "exit code 5"),
    "refused": (
        "exec command rejected by user\nmore",
        "exec command rejected by user",
    ),
    "text": ("Exit code: none", None),
    "a number": (7, None),
    "nothing": (None, None),
}


@pytest.mark.parametrize(("output", "error"), OUTPUTS.values(), ids=OUTPUTS.keys())
def test_a_result_is_an_error_if_it_says_so(
    write: Write, output: object, error: str | None
) -> None:
    run = one(write(*timed(meta(), user("go"), calls("c"), returns("c", output))))
    step = tool(run, "exec_command")
    assert (step.status, step.error) == ("error" if error else "ok", error)


ENDS = {
    "command": (
        {"type": "exec_command_end", "exit_code": 2, "status": "failed"},
        "exit code 2",
    ),
    "declined": ({"type": "exec_command_end", "status": "declined"}, "declined"),
    "patch": (
        {"type": "patch_apply_end", "success": False, "stderr": "no hunk\n.."},
        "no hunk",
    ),
    "tool": ({"type": "mcp_tool_call_end", "result": {"Err": "down"}}, "down"),
    "tool's own": (
        {
            "type": "mcp_tool_call_end",
            "result": {"Ok": {"isError": True, "content": [{"text": "bad"}]}},
        },
        "bad",
    ),
    "fine": ({"type": "exec_command_end", "exit_code": 0, "status": "completed"}, None),
}


@pytest.mark.parametrize(("end", "error"), ENDS.values(), ids=ENDS.keys())
def test_an_event_says_how_a_call_ended_and_how_long_it_took(
    write: Write, end: Record, error: str | None
) -> None:
    duration = {"secs": 1, "nanos": 500_000_000}
    ended = ("event_msg", {**end, "call_id": "c", "duration": duration})
    records = timed(meta(), user("go"), calls("c"), ended, returns("c", "text"))
    step = tool(one(write(*records)), "exec_command")
    assert (step.status, step.error) == ("error" if error else "ok", error)
    assert step.start_ns is not None
    assert step.end_ns is not None
    assert step.end_ns - step.start_ns == 1_500_000_000
    assert step.caller is not None


def test_every_kind_of_call_is_paired_with_what_it_brought_back(write: Write) -> None:
    search = {"type": "search", "query": "x"}
    records = timed(
        meta(),
        user("go"),
        item("custom_tool_call", name="apply_patch", call_id="a", input="*** Begin"),
        item("local_shell_call", call_id="b", action={"type": "exec"}),
        item("tool_search_call", call_id="d", arguments={"query": "y"}),
        item("web_search_call", status="completed", action=search),
        item("image_generation_call", id="i", revised_prompt="a cat", result="AAAA"),
        item("tool_call", function={"name": "run"}, arguments={"z": 1}),
        item("custom_tool_call_output", call_id="a", output="Done"),
        returns("b", "Exit code: 0\nOutput:\n"),
        item("tool_search_output", call_id="d", tools=[{"name": "read_file"}]),
        item("tool_result", name="run", result={"stdout": "1", "exitCode": 0}),
        event("web_search_end", call_id="w", action=search, results=[{"title": "t"}]),
        says("done"),
    )
    run = one(write(*records))
    first, last = models(run)
    names = [call.name for call in first.calls]
    assert names == [
        *("apply_patch", "local_shell", "tool_search"),
        *("web_search", "image_generation", "run"),
    ]
    steps = [tool(run, name) for name in names]
    assert all(step.caller == first.position for step in steps)
    assert [text(run, step.output) for step in steps] == [
        *("Done", "Exit code: 0\nOutput:\n", '[{"name": "read_file"}]'),
        *('[{"title": "t"}]', "AAAA", '{"stdout": "1", "exitCode": 0}'),
    ]
    assert [step.status for step in steps] == ["ok"] * 6
    assert [t.name for t in last.tools or ()] == ["read_file"]
    assert said_of(run) == []


def test_tools_are_on_offer_only_where_they_are_recorded(write: Write) -> None:
    inner = [{"name": "mail", "description": "m"}, {"name": "z", "deferLoading": True}]
    groups = [{"type": "namespace", "name": "apps", "tools": inner}]
    records = timed(
        meta(dynamic_tools=groups),
        user("go"),
        says("a"),
        item("additional_tools", tools=[{"name": "calendar"}]),
        user("on"),
        says("b"),
    )
    first, last = models(one(write(*records)))
    assert [t.name for t in first.tools or ()] == ["mail"]
    assert [t.name for t in last.tools or ()] == ["mail", "calendar"]
    (bare,) = models(one(write(*timed(meta(), user("go"), says("a")))))
    assert bare.tools is None


def test_what_was_asked_and_approved_and_judged_is_a_recorded_decision(
    write: Write,
) -> None:
    options = [{"label": "A", "description": "first"}, {"label": "B"}]
    asked = {"id": "q", "header": "Pick", "question": "Which?", "options": options}
    answer = json.dumps({"answers": {"q": {"answers": ["B"]}}})
    command = {"type": "command", "command": "rm -rf x"}
    review = {
        "overall_correctness": "incorrect",
        "overall_explanation": "a bug",
        "overall_confidence_score": 0.75,
    }
    records = timed(
        meta(),
        user("go"),
        calls("q1", "request_user_input", questions=[asked]),
        returns("q1", answer),
        event("guardian_assessment", id="g", status="in_progress", action=command),
        event(
            "guardian_assessment",
            id="g",
            status="denied",
            rationale="too much",
            action=command,
        ),
        event(
            "exec_approval_request", command=["ls"], available_decisions=["approved"]
        ),
        event("exited_review_mode", review_output=review),
    )
    run = one(write(*records))
    found = [d for d in find_decisions(run).values() if d.basis == "recorded"]
    told = [
        (d.question, [(o.name, o.chosen) for o in d.options], d.confidence)
        for d in found
    ]
    assert told == [
        ("Which?", [("A", False), ("B", True)], None),
        ("May this run: rm -rf x?", [("denied", True)], None),
        ("May this run: ls?", [("approved", False)], None),
        ("Is the reviewed change correct?", [("incorrect", True)], 0.75),
    ]
    assert [text(run, d.rationale) for d in found] == ["", "too much", "", "a bug"]


def test_plans_goals_and_what_is_known_of_the_world_are_state(write: Write) -> None:
    plan = [{"step": "look", "status": "pending"}]
    records = timed(
        meta(),
        user("go"),
        calls("p", "update_plan", plan=plan),
        event("plan_update", plan=[{"step": "other"}]),
        returns("p", "Plan updated"),
        event("thread_goal_updated", goal={"objective": "win"}),
        ("world_state", {"full": True, "state": {"model": "m", "apps": None}}),
    )
    run = one(write(*records))
    changes = [(s.kind, c.path, text(run, c.value)) for s in run.steps for c in s.state]
    assert changes == [
        ("tool", "plan", json.dumps(plan)),
        ("state", "plan", '[{"step": "other"}]'),
        ("state", "goal", '{"objective": "win"}'),
        ("state", "model", "m"),
    ]


STATUSES = {
    "complete": ([event("task_started"), event("task_complete")], "ok"),
    "aborted": (
        [event("task_started"), event("turn_aborted", reason="interrupted")],
        "incomplete",
    ),
    "going on": ([event("task_started")], "incomplete"),
    "failed": ([event("error", message="quota")], "error"),
    "failed at its end": ([event("task_complete", error={"message": "no"})], "error"),
    "retried": ([event("stream_error", message="again")], "unknown"),
    "nothing": ([], "unknown"),
}


@pytest.mark.parametrize(("events", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_a_run_ended_as_its_last_turn_did(
    write: Write, events: list[tuple[str, Record]], status: str
) -> None:
    run = one(write(*timed(meta(), user("go"), says("a"), *events)))
    assert run.status == status
    errors = [step.error for step in run.steps if step.status == "error"]
    assert bool(errors) == any(k in str(events) for k in ("message", "reason"))


def test_encrypted_reasoning_is_said_to_be_unknown_unless_an_event_tells_it(
    write: Write,
) -> None:
    hidden = item("reasoning", summary=[], content=None, encrypted_content="gAAAA")
    told = event("agent_reasoning", text="because")
    run = one(
        write(*timed(meta(), user("a"), hidden, says("1"), user("b"), hidden, told))
    )
    assert [text(run, step.reasoning) for step in models(run)] == ["", "because"]
    assert said_of(run) == [("note", "reasoning that is recorded only encrypted")]


def child(**fields: Any) -> tuple[str, Record]:
    spawn = {"parent_thread_id": PARENT, "agent_nickname": "scout"}
    source = {"subagent": {"thread_spawn": spawn}}
    return meta(CHILD, source=source, **fields)


def parent_records() -> list[Record]:
    return timed(
        meta(),
        user("go"),
        calls("s", "spawn_agent", message="look"),
        event("collab_agent_spawn_end", call_id="s", new_thread_id=CHILD),
        returns("s", '{"agent_id": "x"}'),
        says("wait"),
    )


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")], ids=["first", "last"])
def test_a_sub_agent_hangs_on_the_call_that_started_it(
    write: Write, tmp_path: Path, names: tuple[str, str]
) -> None:
    write(*parent_records(), name=f"{names[0]}.jsonl")
    write(*timed(child(), user("look"), says("seen")), name=f"{names[1]}.jsonl")
    run = one(tmp_path)
    spawn = tool(run, "spawn_agent")
    below = [step for step in run.steps if step.parent == spawn.position]
    assert [(s.kind, s.agent, s.thread) for s in below] == [
        ("system", "scout", CHILD),
        ("user", "scout", CHILD),
        ("model", "scout", CHILD),
    ]
    assert (run.id, run.task) == (PARENT, "go")
    assert [m for _, _, m in seen(run, below[-1])] == ["You are Codex.", "look"]
    assert said_of(run) == []


def test_a_sub_agent_without_its_parent_stands_alone(write: Write) -> None:
    run = one(write(*timed(child(), user("look"), says("seen"))))
    assert (run.id, run.task, len(run.steps)) == (CHILD, "look", 3)


def test_what_a_fork_copied_of_its_parent_is_shown_once_and_still_seen(
    write: Write, tmp_path: Path
) -> None:
    write(*parent_records(), name="a.jsonl")
    copied = [meta(), user("go"), calls("s", "spawn_agent", message="look")]
    write(*timed(child(), *copied, user("look"), says("seen")), name="b.jsonl")
    run = one(tmp_path)
    below = [step for step in run.steps if step.thread == CHILD]
    assert [kind for kind, _ in shape(run)].count("user") == 2
    assert [m for _, _, m in seen(run, below[-1])] == [
        *("You are Codex.", "go", '{"message": "look"}', "look"),
    ]
    assert ("note", "a copy of the parent's conversation") in said_of(run)


def test_a_fork_by_the_user_is_a_run_of_its_own(write: Write, tmp_path: Path) -> None:
    write(*parent_records(), name="a.jsonl")
    fork = timed(meta("2222", forked_from_id=PARENT), meta(), user("go"), says("b"))
    write(*fork, name="b.jsonl")
    runs = read_runs(tmp_path)
    assert [run.id for run in runs] == [PARENT, "2222"]
    assert dict(runs[1].labels)["forked from"] == PARENT


def test_a_copy_of_a_file_beside_it_changes_nothing(
    write: Write, tmp_path: Path
) -> None:
    alone = dump(one(write(*parent_records(), name="a.jsonl")))
    write(*parent_records(), name="b.jsonl")
    both = dump(one(tmp_path))
    assert both.startswith(alone)


def old(*items: tuple[str, Record]) -> list[Record]:
    """Records of the old generation."""
    header = {"id": "old", "timestamp": "2025-08-01T10:00:00.000Z"}
    bare = [payload for _, payload in items]
    return [{**header, "instructions": "be good", "git": {}}, *bare]


def test_the_old_generation_has_bare_items_and_no_clock(write: Write) -> None:
    shell = '{"output":"a","metadata":{"exit_code":1,"duration_seconds":0.1}}'
    records = old(
        user("<environment_context>x</environment_context>"),
        user("go"),
        thinks("hm"),
        calls("c", "shell", command=["ls"]),
        returns("c", shell),
        says("done"),
    )
    records[2:2] = [{"record_type": "state"}]
    run = one(write(*records))
    assert shape(run) == [
        ("system", "instructions"),
        ("system", "context"),
        ("user", "go"),
        ("model", ""),
        ("tool", "shell"),
        ("model", "done"),
    ]
    assert (run.id, run.task, run.end_ns) == ("old", "go", None)
    assert all(step.start_ns is step.end_ns is None for step in run.steps)
    assert tool(run, "shell").error == "exit code 1"
    assert all(step.context is None for step in run.steps)
    assert seen(run, models(run)[-1])[-1][2] == shell
    assert said_of(run) == [("note", "state markers, which hold nothing")]


EXEC: list[Record] = [
    {"type": "thread.started", "thread_id": "t1"},
    {"type": "turn.started"},
    {"type": "item.completed", "item": {"id": "0", "type": "reasoning", "text": "hm"}},
    {
        "type": "item.started",
        "item": {"id": "1", "type": "command_execution", "command": "ls"},
    },
    {
        "type": "item.completed",
        "item": {
            "id": "1",
            "type": "command_execution",
            "command": "ls",
            "aggregated_output": "no",
            "exit_code": 2,
            "status": "failed",
        },
    },
    {"type": "item.started", "item": {"id": "2", "type": "todo_list", "items": [1]}},
    {"type": "item.completed", "item": {"id": "2", "type": "todo_list", "items": [1]}},
    {
        "type": "item.completed",
        "item": {
            "id": "3",
            "type": "mcp_tool_call",
            "server": "s",
            "tool": "t",
            "arguments": {"a": 1},
            "result": {"content": [], "structured_content": {"b": 2}},
            "error": None,
            "status": "completed",
        },
    },
    {
        "type": "item.completed",
        "item": {"id": "4", "type": "file_change", "changes": [{"path": "p"}]},
    },
    {"type": "item.completed", "item": {"id": "5", "type": "web_search", "query": "q"}},
    {"type": "item.completed", "item": {"id": "6", "type": "error", "message": "hot"}},
    {
        "type": "item.completed",
        "item": {"id": "7", "type": "agent_message", "text": "done"},
    },
    {"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 2}},
]


def test_a_stream_of_codex_exec_becomes_calls_and_answers(write: Write) -> None:
    run = one(write(*EXEC))
    assert shape(run) == [
        ("model", ""),
        ("tool", "exec_command"),
        ("state", "plan"),
        ("model", ""),
        ("tool", "s.t"),
        ("model", ""),
        ("tool", "apply_patch"),
        ("model", ""),
        ("tool", "web_search"),
        ("event", "error"),
        ("model", "done"),
        ("event", "turn completed"),
    ]
    assert (run.id, run.status, run.task, run.start_ns) == ("t1", "ok", None, None)
    assert run.outcome is not None
    assert text(run, run.outcome.answer) == "done"
    failed = tool(run, "exec_command")
    assert (failed.error, text(run, failed.output)) == ("exit code 2", "no")
    assert failed.caller == 1
    assert text(run, tool(run, "s.t").output) == '{"b": 2}'
    assert [s.error for s in run.steps if s.status == "error"] == ["exit code 2", "hot"]
    assert said_of(run) == []


def test_the_tokens_of_codex_exec_are_those_of_all_turns_and_counted_once(
    write: Write, tmp_path: Path
) -> None:
    say = {"type": "item.completed", "item": {"id": "9", "type": "agent_message"}}
    usage = {
        "type": "turn.completed",
        "usage": {"input_tokens": 25, "output_tokens": 3},
    }
    write(*EXEC, {"type": "turn.started"}, say, usage, name="a.jsonl")
    assert counted(one(tmp_path)) == (25, 3)
    again = {
        "type": "turn.completed",
        "usage": {"input_tokens": 30, "output_tokens": 9},
    }
    write(EXEC[0], say, again, name="b.jsonl")
    run = one(tmp_path)
    assert counted(run) == (30, 9)
    assert not [p for p in run.problems if p.level == "repair"]


def test_a_failed_turn_of_codex_exec_fails_the_run_once(write: Write) -> None:
    failed = [
        {"type": "error", "message": "quota"},
        {"type": "turn.failed", "error": {"message": "quota"}},
    ]
    run = one(write(*EXEC[:3], *failed))
    assert run.status == "error"
    assert [s.error for s in run.steps if s.kind == "error"] == ["quota"]


EXPLAINED = {
    "meta": "what the session is, is labels of the run and no step",
    "call_DUP__2": "a second call with the same id is renamed to call_DUP~2",
    '{"_raw":"not-json"}': "arguments that are no JSON stay the text they are",
    '{"input":"*** Begin Patch\\n*** End Patch"}': "free text is not put in an object",
    "orphan": "a result without a call is shown, not dropped",
    "context": "what Codex says in the user's name is shown, not dropped",
}


@pytest.mark.parametrize("name", ["cleanup", "tool-calls"])
def test_messages_and_calls_are_those_of_an_independent_reading(
    corpus: Path, name: str
) -> None:
    folder = corpus / "letta-pairs" / "codex"
    run = one(folder / f"{name}.input.jsonl")
    records = json.loads((folder / f"{name}.expected.json").read_text())["records"]
    assert list(told(run)) == list(wanted(records))


def told(run: Run) -> Iterator[tuple[str, str | None, str]]:
    """What was said, called and returned, in the order of the trace."""
    tools = [s for s in run.steps if s.kind == "tool" and s.caller is not None]
    results = {s.call_id: s for s in tools if s.output is not None}
    for step in run.steps:
        if step.kind == "user":
            yield "user", None, text(run, step.output)
        elif step.kind == "model":
            if step.reasoning is not None:
                yield "reasoning", None, text(run, step.reasoning)
            if step.output is not None:
                yield "assistant", None, text(run, step.output)
            for call in step.calls:
                yield call.name, call.id, text(run, call.arguments)
            for call in step.calls:
                yield "tool", call.id, text(run, results[call.id].output)


def wanted(records: list[Any]) -> Iterator[tuple[str, str | None, str]]:
    ids = {"call_DUP__2": "call_DUP~2"}
    texts = {
        '{"_raw":"not-json"}': "not-json",
        '{"input":"*** Begin Patch\\n*** End Patch"}': "*** Begin Patch\n*** End Patch",
    }
    assert EXPLAINED.keys() >= ids.keys() | texts.keys()
    for record in records:
        role = record["role"]
        for call in record.get("tool_calls", ()):
            arguments = texts.get(call["args"], call["args"])
            yield call["name"], ids.get(call["id"], call["id"]), arguments
        if role != "meta" and record["content"] is not None:
            id = record.get("tool_call_id")
            yield role, ids.get(id, id), record["content"]


ODD: list[Any] = [None, True, 7, -1.5, 10**30, "", "x", "\ud800", [], [3], {}, {"a": 1}]


def samples() -> list[list[Record]]:
    everything = [
        meta(dynamic_tools=[{"name": "d"}], git={"branch": "b"}),
        ("turn_context", {"model": "m", "cwd": "/"}),
        event("task_started", turn_id="1"),
        event("user_message", message="go"),
        user("go", id="u"),
        event("agent_reasoning", text="hm"),
        thinks("hm"),
        says("a"),
        event("agent_message", message="a"),
        calls("c", "update_plan", plan=[{"step": "s"}]),
        event("exec_command_end", call_id="c", duration={"secs": 1, "nanos": 2}),
        event(
            "mcp_tool_call_end", call_id="e", invocation={"server": "s", "tool": "t"}
        ),
        returns("c", [{"type": "input_text", "text": "Exit code: 1"}]),
        item("web_search_call", action={"query": "q"}),
        tokens(1, 2, 3),
        event("guardian_assessment", id="g", status="denied", action={"command": "c"}),
        event("exited_review_mode", review_output={"overall_correctness": "yes"}),
        event("collab_agent_spawn_end", call_id="c", new_thread_id="n"),
        event("sub_agent_activity", event_id="c", agent_thread_id="n"),
        event(
            "item_completed", item={"type": "AgentMessage", "content": [{"text": "t"}]}
        ),
        event("item_completed", item={"type": "CommandExecution", "id": "k"}),
        item("ghost_snapshot", ghost_commit={"id": "i"}),
        ("compacted", {"message": "m", "replacement_history": [user("go")[1]]}),
        event("thread_rolled_back", num_turns=1),
        event("undo_completed", success=True),
        ("world_state", {"state": {"a": 1}}),
        event("error", message="m"),
        event("unheard_of", a=1),
        item("agent_message", author="a", recipient="b", content=[{"type": "x"}]),
    ]
    return [timed(*everything), old(*everything), EXEC]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values inside a value."""
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


def replaced(record: Record, path: tuple[Any, ...], value: Any) -> Record:
    copy = deepcopy(record)
    at: Any = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return copy


@pytest.mark.parametrize("number", [0, 1, 2], ids=["new", "old", "exec"])
def test_any_value_of_any_type_anywhere_is_read_without_a_traceback(
    write: Write, number: int
) -> None:
    records = samples()[number]
    format = ("codex", "codex", "codex-exec")[number]
    for at, record in enumerate(records):
        for path in places(record):
            changed = [*records]
            odd = [replaced(record, path, value) for value in ODD]
            changed[at : at + 1] = odd
            runs = read_runs(write(*changed), format)
            assert all(find_contexts(run) is not None for run in runs)


@pytest.mark.parametrize(
    "records",
    [
        [returns("no", "call"), calls("open"), calls("open"), returns("open", 1)],
        [item("function_call"), item("function_call_output"), item("message")],
        [says("a"), ("session_meta", {}), ("session_meta", {"id": 3})],
        [event("thread_rolled_back", num_turns=9), event("undo_completed")],
        [("compacted", {}), ("compacted", {"replacement_history": [3, {"a": 1}]})],
    ],
    ids=["calls", "nameless", "metas", "rollbacks", "compactions"],
)
def test_what_does_not_belong_together_is_shown_all_the_same(
    write: Write, records: list[tuple[str, Record]]
) -> None:
    run = one(write(*timed(user("go"), *records, says("end"))))
    assert shape(run)[-1][1].endswith("end")


def test_a_cut_last_line_costs_no_more_than_itself(write: Write) -> None:
    path = write(*timed(meta(), user("go"), says("a"), says("b")))
    path.write_bytes(path.read_bytes()[:-40])
    run = one(path)
    assert shape(run)[-1] == ("model", "a")


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceError):
        read_runs(tmp_path)
