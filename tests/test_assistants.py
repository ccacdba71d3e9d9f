"""The logs of assistants in terminals and editors: what each file says, line by line.

One small format each, of which the corpus has a few real files; totals and traps are
checked against the files themselves, wrong input against every reader at once.
"""

import json
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from mutants import mutants, runs_of
from samples import CORPUS, read_runs
from whypath.model import Run
from whypath.readers import claimants, named
from whypath.records import Records

BLANKED = "[trimmed for fixture]"
"""What stands for every id of some rows."""

MUTANTS = 400
"""So many of a record's values are changed, in turn."""

CLI = CORPUS / "other-cli"
LETTA = CORPUS / "letta-pairs"

FILES = {
    "amp": [CLI / "gitai_T-019ca1ce-3ae2-7686-a41e-ccc078837f8a.json"],
    "continue": [CLI / "gitai_continue-cli-session-simple.json"],
    "copilot-cli": [
        CLI / "copilot_small.jsonl",
        CLI / "copilot_large.jsonl",
        CLI / "gitai_copilot_cli_session_events.jsonl",
        CLI / "gitai_copilot_session_event_stream.jsonl",
        LETTA / "copilot-cli" / "tool-calls.input.jsonl",
    ],
    "cursor": [
        CLI / "cursor_large.jsonl",
        CLI / "gitai_cursor-session-simple.jsonl",
        LETTA / "cursor" / "cleanup.input.jsonl",
    ],
    "droid": [
        CLI / "droid_session_store_large.jsonl",
        CLI / "gitai_droid-session.jsonl",
        LETTA / "droid" / "happy-path.input.jsonl",
    ],
    "grok": [CLI / "grok_chat_history.jsonl"],
    "hermes": [CLI / "hermes_large.json", LETTA / "hermes" / "cleanup.input.json"],
    "kimi": [CLI / "kimi_assistant_tools.jsonl", CLI / "kimi_small.jsonl"],
    "letta-code": [LETTA / "letta-code" / "cleanup.input.jsonl"],
    "letta-trajectory": [LETTA / "pi" / "tool-calls.expected.json"],
    "opencode": [
        CLI / "gitai_opencode.db",
        LETTA / "opencode" / "tool-calls.input.json",
    ],
    "vscode-chat": [CLI / "gitai_copilot_session_simple.json"],
    "windsurf": [CLI / "gitai_windsurf-session-simple.jsonl"],
}
EACH = [(name, path) for name, paths in FILES.items() for path in paths]
each = pytest.mark.parametrize(
    ("name", "path"), EACH, ids=[f"{n}-{p.name}" for n, p in EACH]
)


def one(path: Path, format: str | None = None) -> Run:
    [run] = read_runs(path, format)
    return run


def names(run: Run, kind: str) -> list[str]:
    return [step.name for step in run.steps if step.kind == kind]


def text(run: Run, content: int | None) -> str:
    return "" if content is None else run.contents.text(content)


@each
def test_a_file_is_claimed_by_its_reader_alone(
    corpus: Path, name: str, path: Path
) -> None:
    records = Records(path)
    assert [reader.NAME for reader in claimants(records.sample())] == [name]
    records.close()


@each
def test_a_file_becomes_one_run_whose_calls_have_their_steps(
    corpus: Path, name: str, path: Path
) -> None:
    run = one(path)
    assert run.format == name
    calls = {call.id for step in run.steps for call in step.calls} - {BLANKED}
    made = {step.call_id for step in run.steps if step.caller is not None} - {BLANKED}
    assert made == calls
    assert {step.kind for step in run.steps} >= {"user", "model"}


def test_copilot_says_which_model_a_router_chose_and_how_sure_it_was(
    corpus: Path,
) -> None:
    run = one(CLI / "copilot_small.jsonl")
    [decision] = [step.decision for step in run.steps if step.decision is not None]
    assert [(o.name, o.chosen) for o in decision.options] == [
        ("gpt-5-mini", True),
        ("claude-haiku-4.5", False),
    ]
    assert (decision.confidence, decision.basis) == (0.67, "recorded")


def test_copilots_tools_have_the_clock_of_their_own_events(corpus: Path) -> None:
    run = one(CLI / "copilot_small.jsonl")
    shell = next(step for step in run.steps if step.name == "shell")
    assert (shell.end_ns or 0) - (shell.start_ns or 0) == 1_000_000_000
    assert text(run, shell.output) == "a.txt\nb.txt\n"


def test_a_prompt_that_a_hook_tells_too_is_shown_once(tmp_path: Path) -> None:
    prompt = {"hookType": "userPromptSubmitted", "input": {"prompt": "Hi"}}
    events = [
        ("session.start", {"sessionId": "s"}),
        ("hook.start", prompt),
        ("user.message", {"content": "Hi", "attachments": []}),
        ("assistant.message", {"content": "Ho", "toolRequests": []}),
    ]
    path = tmp_path / "events.jsonl"
    path.write_text(
        "".join(
            json.dumps({"type": kind, "data": data, "id": kind, "timestamp": "2026"})
            + "\n"
            for kind, data in events
        )
    )
    assert [step.kind for step in one(path).steps] == ["user", "model"]


def test_kimis_tokens_are_those_of_its_steps_and_of_its_compactions(
    corpus: Path,
) -> None:
    path = CLI / "kimi_assistant_tools.jsonl"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    counts = [line["usage"] for line in lines if line["type"] == "usage.record"]
    given = ("inputOther", "inputCacheRead", "inputCacheCreation")
    usages = [step.usage for step in one(path).steps if step.usage is not None]
    assert sum(u.input_tokens or 0 for u in usages) == sum(
        count[name] for count in counts for name in given
    )
    assert sum(u.output_tokens or 0 for u in usages) == sum(
        count["output"] for count in counts
    )


def test_kimis_permissions_are_recorded_decisions_of_the_user(corpus: Path) -> None:
    run = one(CLI / "kimi_assistant_tools.jsonl")
    asked = [step for step in run.steps if step.name == "permission: Bash"]
    decisions = [step.decision for step in asked if step.decision is not None]
    assert decisions[0].question == "May this be done: Running: ls?"
    assert [(o.name, o.chosen) for o in decisions[0].options] == [("approved", True)]
    assert {step.agent for step in asked} == {"user"}


def test_kimis_compaction_begins_a_new_context(corpus: Path) -> None:
    *_, summary, begin, said = one(CLI / "kimi_assistant_tools.jsonl").steps
    assert (summary.kind, summary.name) == ("model", "compaction")
    assert (begin.kind, begin.resets_context) == ("event", True)
    assert (said.kind, said.name) == ("system", "compaction summary")


def test_amps_tokens_are_those_that_it_counts(corpus: Path) -> None:
    path = FILES["amp"][0]
    thread = json.loads(path.read_text("utf-8"))
    counts = [m["usage"] for m in thread["messages"] if "usage" in m]
    usages = [step.usage for step in one(path).steps if step.usage is not None]
    assert [u.input_tokens for u in usages] == [c["totalInputTokens"] for c in counts]
    assert [u.output_tokens for u in usages] == [c["outputTokens"] for c in counts]


def test_a_store_of_opencode_gives_each_session_with_its_tools(corpus: Path) -> None:
    run = one(CLI / "gitai_opencode.db")
    assert run.id == "test-session-123"
    assert [step.kind for step in run.steps] == ["user", "model", "tool", "model"]
    [tool] = [step for step in run.steps if step.kind == "tool"]
    assert (tool.name, text(run, tool.output)) == ("edit", "Edit applied")
    assert (tool.end_ns or 0) - (tool.start_ns or 0) == 1_000_000_000


def test_tokens_of_opencodes_steps_are_not_counted_again_for_the_message(
    tmp_path: Path,
) -> None:
    tokens = {
        "input": 10,
        "output": 5,
        "reasoning": 1,
        "cache": {"read": 3, "write": 2},
    }
    finish = {"type": "step-finish", "tokens": tokens, "cost": 0.25}
    call = {"type": "tool", "tool": "ls", "callID": "c1", "state": {"status": "error"}}
    parts: list[dict[str, Any]] = [
        {"type": "step-start"},
        call,
        finish,
        {"type": "step-start"},
        {"type": "text", "text": "Done."},
        finish,
    ]
    message = {
        "info": {"id": "m", "role": "assistant", "tokens": tokens},
        "parts": parts,
    }
    path = tmp_path / "session.json"
    path.write_text(json.dumps({"info": {"id": "s"}, "messages": [message]}))
    run = one(path)
    models = [step for step in run.steps if step.kind == "model"]
    assert [m.usage and m.usage.input_tokens for m in models] == [15, 15]
    assert [m.usage and m.usage.cost_usd for m in models] == [0.25, 0.25]


def test_a_child_session_of_opencode_stands_in_its_parent(tmp_path: Path) -> None:
    for id, parent in (("child", "main"), ("main", None)):
        info = {"id": id, **({"parentID": parent} if parent else {})}
        said = {"info": {"role": "user"}, "parts": [{"type": "text", "text": id}]}
        (tmp_path / f"{id}.json").write_text(
            json.dumps({"info": info, "messages": [said]})
        )
    run = one(tmp_path)
    assert (run.id, [text(run, s.output) for s in run.steps]) == (
        "main",
        ["main", "child"],
    )


def test_cursors_results_without_an_id_of_a_call_go_to_the_only_open_call(
    corpus: Path,
) -> None:
    run = one(CLI / "cursor_large.jsonl")
    tools = [step for step in run.steps if step.kind == "tool"]
    assert [text(run, tool.output) for tool in tools] == [
        "file1.txt\nfile2.txt",
        "hello world",
    ]
    assert all(tool.caller is not None for tool in tools)


def test_droids_to_do_list_is_the_agents_state(corpus: Path) -> None:
    run = one(CLI / "gitai_droid-session.jsonl")
    changes = [change for step in run.steps for change in step.state]
    assert [change.path for change in changes] == ["todos", "todos"]
    assert text(run, changes[1].value).startswith("1. [completed]")


def test_a_message_that_hermes_took_back_is_abandoned(corpus: Path) -> None:
    run = one(LETTA / "hermes" / "cleanup.input.json")
    gone = [text(run, step.output) for step in run.steps if step.abandoned]
    assert gone == ["Ignore that, wrong window."]
    assert text(run, run.steps[0].output) == "Describe this screenshot."


def test_windsurf_says_which_commands_failed(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"type": "planner_response", "status": "done", "planner_response": {}},
        {"type": "run_command", "run_command": {"command": "x", "exit_code": 2}},
        {"type": "find", "status": "error", "find": {"pattern": "*"}},
    ]
    path = tmp_path / "w.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [s.error for s in one(path).steps if s.kind == "tool"] == [
        "failed: exit code 2",
        "failed: no message is recorded",
    ]


def test_vs_codes_rounds_are_model_calls_with_their_results(corpus: Path) -> None:
    run = one(CLI / "gitai_copilot_session_simple.json")
    assert names(run, "tool") == ["replace_string_in_file", "grep_search"]
    results = [text(run, s.output) for s in run.steps if s.kind == "tool"]
    assert results[0].startswith("The following files were successfully edited")


JSON_FILES = [(name, paths[0]) for name, paths in FILES.items() if name != "opencode"]
JSON_FILES.append(("opencode", LETTA / "opencode" / "tool-calls.input.json"))


@pytest.mark.parametrize(("name", "path"), JSON_FILES, ids=[n for n, _ in JSON_FILES])
def test_no_wrong_type_anywhere_stops_a_reader(
    corpus: Path, name: str, path: Path
) -> None:
    whole = path.read_text("utf-8")
    is_lines = path.suffix == ".jsonl"
    lines = [line for line in whole.splitlines()[:8] if line.startswith("{")]
    values = [json.loads(value) for value in (lines if is_lines else [whole])]
    reader = import_module(named(name).__name__)
    for value in values:
        for mutant in islice(mutants(value), MUTANTS):
            runs_of(reader, *[mutant if v is value else v for v in values])
