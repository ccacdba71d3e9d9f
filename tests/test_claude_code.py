"""Claude Code sessions become one run each, told as the person at the keyboard saw it.

The small samples in traces/claude-code hold one quirk each; the numbers of the real
sessions were counted with jq, independently of the reader.
"""

import json
import shutil
from collections import Counter
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from whypath.builder import Builder
from whypath.errors import TraceError
from whypath.model import Run, Step
from whypath.readers import claimants, claude_code
from whypath.records import Records

TRACES = Path(__file__).parent / "traces" / "claude-code"


def runs_of(path: Path) -> tuple[Run, ...]:
    """The runs of a session file and its sub-agents' files."""
    builder = Builder(claude_code.NAME)
    for file in (path, *claude_code.companions(path)):
        records = Records(file)
        builder.reading(records.name)
        claude_code.read(records, builder)
    return builder.finish()


def run_of(name: str) -> Run:
    (run,) = runs_of(TRACES / f"{name}.jsonl")
    return run


def run_of_rows(*rows: dict[str, Any]) -> Run:
    lines = b"\n".join(json.dumps(row).encode() for row in rows)
    builder = Builder(claude_code.NAME)
    claude_code.read(Records(None, BytesIO(lines)), builder)
    (run,) = builder.finish()
    return run


def told(run: Run) -> list[str]:
    """Kind and name of each step, indented by depth."""
    return [f"{'  ' * s.depth}{s.kind} {s.name}".rstrip() for s in run.steps]


def texts(run: Run) -> list[str]:
    """What each step holds that is not a tool's, shortened."""
    shown = [s.output if s.output is not None else s.input for s in run.steps]
    return [run.contents.preview(c, 40) if c is not None else "" for c in shown]


def problems(run: Run) -> dict[str, int]:
    return {p.what: p.count for p in run.problems}


def one(run: Run, name: str) -> Step:
    (step,) = (step for step in run.steps if step.name == name)
    return step


# Grouping


def test_the_rows_of_one_message_are_one_model_step_though_results_stand_between() -> (
    None
):
    run = run_of("rewind")
    assert told(run)[:5] == ["user", "model", "  tool Grep", "  tool Read", "model"]
    model = run.steps[1]
    assert [call.name for call in model.calls] == ["Grep", "Read"]
    assert model.reasoning is not None
    assert run.contents.text(model.reasoning) == "Two places to look."


def test_usage_is_the_fullest_of_a_message_and_its_input_includes_the_cache() -> None:
    usage = run_of("rewind").steps[1].usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (125, 30)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (100, 20)


def test_a_call_starts_at_its_own_row_and_ends_at_its_result() -> None:
    grep, read = (one(run_of("rewind"), name) for name in ("Grep", "Read"))
    seconds = [
        ((s.start_ns or 0) // 10**9 % 60, (s.end_ns or 0) // 10**9 % 60)
        for s in (grep, read)
    ]
    assert seconds == [(3, 5), (4, 6)]


def test_a_message_of_one_row_has_no_end_because_none_is_recorded() -> None:
    assert run_of("rewind").steps[4].end_ns is None


def test_the_twin_of_a_result_is_kept_only_when_it_says_more() -> None:
    run = run_of("rewind")
    assert one(run, "Grep").details is None
    assert one(run, "Read").details is not None


def test_texts_of_a_result_are_joined_and_images_kept() -> None:
    run = run_of("sidechains")
    outputs = [s.output for s in run.steps if s.name == "Task"]
    assert run.contents.text(outputs[0] or 0) == "Left is \nblocked."
    first, _ = runs_of(TRACES / "oddities.jsonl")
    image = first.contents.value(first.steps[2].output or 0)
    assert image[0]["type"] == "image"


# The tree


def test_a_rewound_prompt_and_all_that_came_of_it_is_abandoned() -> None:
    run = run_of("rewind")
    assert [s.position for s in run.steps if s.abandoned] == [6, 7, 8, 9]


def test_the_prompt_after_a_rewind_follows_what_it_was_rewound_to() -> None:
    run = run_of("rewind")
    assert [s.previous for s in run.steps[4:8]] == [4, 5, 6, 7]
    assert run.steps[9].previous == 5


def test_results_of_parallel_calls_are_no_branches() -> None:
    assert not any(s.abandoned for s in run_of("rewind").steps[:5])


def test_a_circle_of_parents_is_survived() -> None:
    _, odd = runs_of(TRACES / "oddities.jsonl")
    assert "Round and round" in texts(odd)


def test_a_resumed_session_is_one_run_and_an_unconnected_one_another() -> None:
    first, other = runs_of(TRACES / "resumed.jsonl")
    assert (first.id, len(first.steps)) == ("first", 4)
    assert (other.id, len(other.steps)) == ("other", 1)
    assert dict(first.labels)["git branch"] == "main, feature"


def test_a_run_is_titled_only_by_a_summary_of_its_own_rows() -> None:
    first, other = runs_of(TRACES / "resumed.jsonl")
    assert (first.task, other.task) == ("Say hello", None)
    assert problems(first)["a summary of another session"] == 1
    assert run_of("questions").task == "Pick a database"


def test_a_signature_without_reasoning_is_noted_and_nothing_is_invented() -> None:
    first, _ = runs_of(TRACES / "resumed.jsonl")
    assert first.steps[3].reasoning is None
    assert problems(first)["reasoning that is recorded only as a signature"] == 1


# Sub-agents


def test_a_sidechain_in_the_file_hangs_on_the_call_with_its_prompt() -> None:
    run = run_of("sidechains")
    left, right = (s for s in run.steps if s.name == "Task")
    inside = {s.position: s.parent for s in run.steps if s.thread and s.parent}
    assert inside == {6: left.position, 7: left.position, 9: right.position, 10: 8}
    assert {s.agent for s in run.steps if s.parent} == {"scout"}


def test_a_sidechain_without_a_call_is_shown_at_the_top_and_said_so() -> None:
    run = run_of("sidechains")
    assert [(s.depth, s.parent) for s in run.steps[:2]] == [(0, None), (0, None)]
    assert problems(run)["the call that started a sub-agent is not in the trace"] == 1


def test_files_of_sub_agents_join_the_session_by_result_workflow_and_progress() -> None:
    run = run_of("team")
    parents = {texts(run)[s.position - 1]: s.parent for s in run.steps if s.thread}
    named = {s.call_id: s.position for s in run.steps if s.call_id}
    assert parents["Seven."] == named["c1"]
    assert parents["Swept."] == named["c2"]
    assert parents["Zzz."] == named["c3"]
    assert parents["Nobody called."] is None


def test_each_sub_agent_has_a_thread_of_its_own() -> None:
    run = run_of("team")
    assert {s.thread for s in run.steps} == {"", "ag1", "ag2", "ag3", "ag4"}
    assert {s.agent for s in run.steps if s.thread == "ag1"} == {"counter"}


def test_companions_lie_below_the_session_or_beside_it(tmp_path: Path) -> None:
    shutil.copy(TRACES / "team.jsonl", tmp_path)
    old = tmp_path / "agent-ag1.jsonl"
    shutil.copy(TRACES / "team" / "subagents" / "agent-ag1.jsonl", old)
    (tmp_path / "agent-empty.jsonl").touch()
    (tmp_path / "agent-other.jsonl").write_text('{"sessionId": "other"}\n')
    assert claude_code.companions(tmp_path / "team.jsonl") == [old]
    assert claude_code.companions(old) == []
    names = [p.name for p in claude_code.companions(TRACES / "team.jsonl")]
    assert names == [f"agent-ag{n}.jsonl" for n in (1, 3, 4, 2)]


def test_a_sub_agents_file_alone_is_a_run_named_after_it() -> None:
    (run,) = runs_of(TRACES / "team" / "subagents" / "agent-ag1.jsonl")
    assert (run.id, len(run.steps)) == ("ag1", 2)


def test_a_sub_agents_file_joins_its_folders_run_when_the_session_was_resumed(
    tmp_path: Path,
) -> None:
    main = tmp_path / "new.jsonl"
    shutil.copy(TRACES / "resumed.jsonl", main)
    below = tmp_path / "new" / "subagents"
    below.mkdir(parents=True)
    shutil.copy(TRACES / "team" / "subagents" / "agent-ag1.jsonl", below)
    assert [run.id for run in runs_of(main)] == ["first", "other"]


# What people and the harness do


def test_a_question_to_the_user_is_a_recorded_decision() -> None:
    run = run_of("questions")
    decision = one(run, "AskUserQuestion").decision
    assert decision is not None
    assert (decision.question, decision.basis) == ("Which database?", "recorded")
    assert [(o.name, o.chosen) for o in decision.options] == [
        ("SQLite", True),
        ("Postgres", False),
    ]


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [
        pytest.param("SQLite, Postgres", ["SQLite", "Postgres"], id="several"),
        pytest.param("a text file", ["a text file"], id="own words"),
        pytest.param(["Postgres"], ["Postgres"], id="list"),
    ],
)
def test_answers_of_every_form_mark_what_was_chosen(
    answer: object, chosen: list[str]
) -> None:
    rows = [
        json.loads(x) for x in (TRACES / "questions.jsonl").read_text().split("\n")[:4]
    ]
    rows[3]["toolUseResult"]["answers"] = {"Which database?": answer}
    decision = one(run_of_rows(*rows), "AskUserQuestion").decision
    assert decision is not None
    assert [option.name for option in decision.chosen] == chosen


def test_a_refusal_an_interruption_and_an_api_error_are_told_apart() -> None:
    run = run_of("questions")
    refused = one(run, "ExitPlanMode")
    assert (refused.status, refused.error) == ("error", "refused by the user")
    assert [(s.kind, s.name, s.error) for s in run.steps[-2:]] == [
        ("event", "interrupted", None),
        ("error", "API error", "rate_limit"),
    ]


def _row(uuid: str, kind: str, **fields: object) -> dict[str, Any]:
    return {"type": kind, "uuid": uuid, "parentUuid": None, "sessionId": "s", **fields}


def _prompt(uuid: str, content: object, **fields: object) -> dict[str, Any]:
    message = {"role": "user", "content": content}
    return _row(uuid, "user", message=message, **fields)


@pytest.mark.parametrize(
    ("row", "kind", "name"),
    [
        pytest.param(_prompt("u", "Hello"), "user", "", id="prompt"),
        pytest.param(
            _prompt("u", "<command-name>/init</command-name>"),
            "user",
            "command",
            id="slash command",
        ),
        pytest.param(
            _prompt("u", "Caveat", isMeta=True), "system", "harness", id="harness"
        ),
        pytest.param(
            _row("u", "system", subtype="turn_duration", durationMs=5),
            "event",
            "turn_duration",
            id="telemetry",
        ),
        pytest.param(
            _row("u", "system", content="Running hook"),
            "event",
            "system",
            id="old hook",
        ),
        pytest.param(
            _row("u", "system", subtype="api_error", error={"message": "Overloaded"}),
            "error",
            "api_error",
            id="api error",
        ),
        pytest.param(
            _row("u", "attachment", attachment={"type": "plan_mode", "plan": "x"}),
            "event",
            "plan_mode",
            id="attachment",
        ),
        pytest.param(
            _row(
                "u", "attachment", attachment={"type": "queued_command", "prompt": "x"}
            ),
            "user",
            "queued prompt",
            id="queued prompt",
        ),
    ],
)
def test_each_row_becomes_a_step_of_its_kind(
    row: dict[str, Any], kind: str, name: str
) -> None:
    (step,) = run_of_rows(row).steps
    assert (step.kind, step.name) == (kind, name)


@pytest.mark.parametrize("boundary", [True, False], ids=["boundary", "old"])
def test_a_compaction_starts_the_context_anew_and_then_comes_the_summary(
    boundary: bool,
) -> None:
    rows = [
        _prompt("u1", "Begin"),
        _row("b", "system", subtype="compact_boundary", logicalParentUuid="u1"),
        _prompt("u2", "What happened", parentUuid="b", isCompactSummary=True),
    ]
    run = run_of_rows(*(row for row in rows if boundary or row["uuid"] != "b"))
    assert told(run) == ["user", "event compaction", "user compaction summary"]
    assert [s.resets_context for s in run.steps] == [False, True, False]


def test_a_prompts_images_are_kept_beside_its_text() -> None:
    blocks = [{"type": "text", "text": "See"}, {"type": "image", "source": {"n": 1}}]
    run = run_of_rows(_prompt("u", [*blocks, {"type": "text", "text": "there"}]))
    (step,) = run.steps
    assert run.contents.text(step.input or 0) == "See\n\nthere"
    assert run.contents.value(step.details or 0) == [blocks[1]]


def test_bookkeeping_is_counted_and_unknown_rows_are_named() -> None:
    snapshot = {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}}
    run = run_of_rows(snapshot, _prompt("u", "Hi"), snapshot, {"type": "novelty"})
    assert problems(run) == {
        "file-history-snapshot rows": 2,
        "rows of unknown type 'novelty'": 1,
    }


def test_rows_of_bookkeeping_alone_make_no_run() -> None:
    builder = Builder(claude_code.NAME)
    line = b'{"type":"summary","summary":"x","leafUuid":"y"}'
    claude_code.read(Records(None, BytesIO(line)), builder)
    assert builder.finish() == ()


def test_fields_of_any_type_never_stop_the_reading() -> None:
    first, second = runs_of(TRACES / "oddities.jsonl")
    assert texts(first)[:2] == ["Odd but readable", "plain"]
    assert texts(second)[-1] == "one two"
    assert second.steps[-1].error == "broken off midway"
    what = problems(first)
    assert what["a row that is no object"] == 1
    assert what["a field of an unexpected type: sessionId"] == 1
    assert what["a block of unknown type 'hologram'"] == 1


def test_a_result_without_an_id_belongs_to_the_call_of_its_parent() -> None:
    first, _ = runs_of(TRACES / "oddities.jsonl")
    assert (first.steps[2].name, first.steps[2].status) == ("Bash", "ok")


def _said(uuid: str, *blocks: object, **message: object) -> dict[str, Any]:
    whole = {"role": "assistant", "id": "m", "content": blocks, **message}
    return _row(uuid, "assistant", message=whole)


def _asked(call_id: str, name: str = "Bash", arguments: object = None) -> object:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def _brought(call_id: str, content: object, twin: object) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": call_id, "content": content}
    return _prompt("r", [block], parentUuid="a", toolUseResult=twin)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("refusal", "the model refused"),
        ("max_tokens", "cut off at the token limit"),
        ("end_turn", None),
    ],
)
def test_a_message_that_did_not_end_by_itself_is_an_error(
    reason: str, error: str | None
) -> None:
    (step,) = run_of_rows(_said("a", stop_reason=reason)).steps
    assert (step.status, step.error) == ("error" if error else "ok", error)


def test_a_call_that_was_interrupted_is_an_error() -> None:
    twin = {"stdout": "", "stderr": "", "interrupted": True}
    step = run_of_rows(_said("a", _asked("c")), _brought("c", "", twin)).steps[1]
    assert (step.status, step.error) == ("error", "interrupted")


def test_what_a_tool_of_the_server_found_is_its_result() -> None:
    found = {
        "type": "web_search_tool_result",
        "tool_use_id": "c",
        "content": [{"n": 1}],
    }
    call = {"type": "server_tool_use", "id": "c", "name": "web_search", "input": {}}
    run = run_of_rows(_said("a", call, found))
    assert told(run) == ["model", "  tool web_search"]
    assert run.contents.value(run.steps[1].output or 0) == [{"n": 1}]


def test_a_row_with_less_usage_than_an_earlier_one_does_not_count() -> None:
    rows = [_said(uuid, usage={"output_tokens": n}) for uuid, n in (("a", 9), ("b", 2))]
    (step,) = run_of_rows(*rows).steps
    assert step.usage is not None
    assert (step.usage.input_tokens, step.usage.output_tokens) == (None, 9)


@pytest.mark.parametrize(
    ("content", "twin", "more"),
    [
        pytest.param("x", "Error: x", False, id="error"),
        pytest.param("x", "y", True, id="another text"),
        pytest.param("x", [{"type": "text", "text": "x"}], False, id="blocks"),
        pytest.param("x", {"stdout": "x", "isImage": False}, False, id="streams"),
        pytest.param("x", {"stdout": "x", "stderr": "!"}, True, id="more streams"),
        pytest.param({"odd": 1}, 5, True, id="number"),
    ],
)
def test_a_results_twin_is_kept_when_it_adds_something(
    content: object, twin: object, more: bool
) -> None:
    step = run_of_rows(_said("a", _asked("c")), _brought("c", content, twin)).steps[1]
    assert (step.details is not None) == more


@pytest.mark.parametrize(
    ("arguments", "answers"),
    [
        pytest.param({"questions": 5}, {}, id="no questions"),
        pytest.param({"questions": [{"question": "How?"}]}, {}, id="no options"),
        pytest.param({"questions": []}, {"How?": 5}, id="no answer"),
    ],
)
def test_a_question_without_options_or_answer_is_no_decision(
    arguments: object, answers: object
) -> None:
    asked = _said("a", _asked("c", "AskUserQuestion", arguments))
    run = run_of_rows(asked, _brought("c", "?", {"answers": answers}))
    assert run.steps[1].decision is None


def test_several_questions_are_one_decision_with_named_options() -> None:
    questions = [
        {"question": f"{name}?", "header": name, "options": [{"label": "yes"}]}
        for name in ("Red", "Blue")
    ]
    asked = _said("a", _asked("c", "AskUserQuestion", {"questions": questions}))
    answers = {"answers": {"Red?": "yes", "Blue?": "no"}}
    decision = run_of_rows(asked, _brought("c", "?", answers)).steps[1].decision
    assert decision is not None
    assert [(option.name, option.chosen) for option in decision.options] == [
        ("Red: yes", True),
        ("Blue: yes", False),
        ("Blue: no", True),
    ]


def test_shapes_that_no_version_wrote_are_read_all_the_same() -> None:
    progress = _row("p", "progress", parentToolUseID="c", data="half")
    task = _said("a", _asked("c", "Task", "no object"))
    odd = _prompt("u", [5, {"type": "text", "text": "and"}])
    new = _row("n", "novelty")
    builder = Builder(claude_code.NAME)
    lines = json.dumps([task, progress, odd, new, _prompt("v", {"a": 1})]).encode()
    claude_code.read(Records(None, BytesIO(lines)), builder)
    (run,) = builder.finish()
    assert told(run) == ["model", "  tool Task", "user", "user"]
    assert run.contents.value(run.steps[3].input or 0) == {"a": 1}


# Detection


@pytest.mark.parametrize("path", sorted(TRACES.rglob("*.jsonl")), ids=lambda p: p.name)
def test_every_sample_is_claimed_by_this_reader_alone(path: Path) -> None:
    with closing(Records(path)) as records:
        claims = claimants(records.sample())
    assert [reader.NAME for reader in claims] == [claude_code.NAME]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            {"type": "user", "uuid": "u", "session_id": "s", "parent_tool_use_id": None}
            | {"message": {"role": "user", "content": "x"}},
            id="stream-json",
        ),
        pytest.param(
            {"type": "user", "uuid": "u", "parentUuid": None, "sessionId": "s"}
            | {"message": {"role": "user", "parts": [{"text": "x"}]}},
            id="another tool with the same tree",
        ),
        pytest.param({"role": "user", "content": "x"}, id="chat"),
        pytest.param({"sessionId": "s", "projectHash": "h"}, id="session of another"),
    ],
)
def test_rows_of_other_formats_are_left_alone(row: dict[str, Any]) -> None:
    records = Records(None, BytesIO(json.dumps(row).encode()))
    assert not claude_code.detect(records.sample())


def test_of_the_corpus_exactly_the_sessions_are_claimed(corpus: Path) -> None:
    claimed, expected = set(), set()
    for path in corpus.rglob("*"):
        if not path.is_file():
            continue
        name = path.relative_to(corpus)
        if name.parts[0] == "claude-code" or (
            name.parts[:2] == ("letta-pairs", "claude-code") and path.suffix == ".jsonl"
        ):
            expected.add(name)
        with suppress(TraceError), closing(Records(path)) as records:
            if claude_code.detect(records.sample()):
                claimed.add(name)
    assert claimed == expected
    assert len(expected) > 40


# Real sessions, counted with jq -s (errors: tool_result blocks with is_error; tokens:
# per message.id the last usage, input + cache_read + cache_creation, and output):
#   [.[]|select(.type=="assistant").message.id]|unique|length
#   [.[]|select(.type=="assistant").message.content[]|select(.type=="tool_use")]|length


@pytest.mark.parametrize(
    ("name", "models", "tools", "prompts", "errors", "tokens", "threads"),
    [
        ("sniffly_d3ad4cdc", 62, 59, 5, 4, (3_928_738, 16_769), 1),
        ("sniffly_ba79134d", 24, 30, 6, 0, (519_932, 2_266), 1),
        ("sniffly_fed8ce56", 4, 7, 2, 2, (60_632, 278), 1),
        ("ccviewer_fe5e1c67", 170, 167, 7, 23, (3_786_648, 51_933), 6),
        ("ccviewer_5c0375b4", 20, 21, 3, 3, (372_135, 3_629), 3),
        ("gitai_example", 13, 13, 1, 0, (322_437, 3_306), 1),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_real_session_has_as_many_steps_and_tokens_as_jq_counts(
    corpus: Path,
    name: str,
    models: int,
    tools: int,
    prompts: int,
    errors: int,
    tokens: tuple[int, int],
    threads: int,
) -> None:
    (path,) = (corpus / "claude-code").glob(f"{name}*")
    (run,) = runs_of(path)
    kinds = Counter(step.kind for step in run.steps)
    assert (kinds["model"], kinds["tool"], kinds["user"]) == (models, tools, prompts)
    failed = [s for s in run.steps if s.kind == "tool" and s.status == "error"]
    assert len(failed) == errors
    usages = [s.usage for s in run.steps if s.usage is not None]
    spent = [(u.input_tokens or 0, u.output_tokens or 0) for u in usages]
    assert (sum(i for i, _ in spent), sum(o for _, o in spent)) == tokens
    assert len({s.thread for s in run.steps}) == threads
    assert not [s for s in run.steps if s.abandoned]
    assert not [s for s in run.steps if s.thread and s.parent is None]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("split_interleaved", ["user", "model", "  tool Bash", "  tool Bash"]),
        ("early_result", ["user", "model", "  tool Bash"]),
        ("edit_branch", ["user", "model", "event turn_duration", "user", "user"]),
        ("api_error", ["user", "error api_error", "model"]),
        ("duplicates", ["user", "model", "  tool Bash", "model", "  tool Bash"]),
        ("images", ["user", "model", "  tool Inspect"]),
        ("unknown", ["user", "model"]),
        (
            "compaction",
            ["user", "model", "event compaction", "user compaction summary", "model"],
        ),
        (
            "attachment_beside_result",
            ["user", "model", "  tool Bash", "event hook_success"],
        ),
        (
            "unpaired",
            [
                *("tool (call not recorded)", "user", "model", "  tool Bash"),
                "tool (call not recorded)",
            ],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_known_quirk_is_told_as_it_happened(
    corpus: Path, name: str, expected: list[str]
) -> None:
    (run,) = runs_of(corpus / "claude-code" / "agentpile" / f"{name}.jsonl")
    assert told(run) == expected


def test_quirks_of_real_sessions_are_reported(corpus: Path) -> None:
    folder = corpus / "claude-code" / "agentpile"
    (run,) = runs_of(folder / "duplicates.jsonl")
    found = problems(run)
    assert found["a row is written twice"] == 1
    assert found["two rows have the same uuid"] == 1
    assert found["two calls have the same id"] == 1
    (run,) = runs_of(folder / "edit_branch.jsonl")
    assert [s.abandoned for s in run.steps] == [False, False, False, True, False]
    assert run.steps[4].previous == 3
    (run,) = runs_of(folder / "early_result.jsonl")
    assert run.steps[2].start_ns is None
    assert run.steps[2].end_ns is not None


def test_real_sub_agents_nest_two_deep(corpus: Path) -> None:
    (run,) = runs_of(corpus / "claude-code" / "agentpile" / "subagents.jsonl")
    depths = Counter(s.depth for s in run.steps if s.thread)
    assert len(run.steps) == 19
    assert depths == {0: 2, 2: 8, 3: 1, 4: 2}


def test_every_session_of_the_corpus_is_read(corpus: Path) -> None:
    empty = []
    for path in sorted((corpus / "claude-code").rglob("*.jsonl")):
        if not runs_of(path):
            empty.append(path.name)
    assert empty == [
        "system_file_history_snapshot.jsonl",
        "system_queue_operation.jsonl",
        "sniffly_ff71dbed-a4f2-4284-a4fc-fe2fb90de929.jsonl",
    ]
