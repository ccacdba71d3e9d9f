"""Traces as strangers write them: with little care, or by tools that nobody tried.

Each test is one thing that such a trace once made a report get wrong.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from whypath import build
from whypath.build import read_input
from whypath.errors import UnknownFormat
from whypath.model import Run

HEADER = {"type": "run", "whypath": 1, "id": "r"}


def run_of(folder: Path, *records: Any, name: str = "trace.jsonl") -> Run:
    """The one run of a file that holds these records, a line each."""
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    (run,) = build.read_input([str(path)]).runs
    return run


def said_of(run: Run) -> list[tuple[str, str, str]]:
    return [(p.level, p.what, p.done) for p in run.problems]


def span(number: int, parent: int, **attributes: Any) -> dict[str, Any]:
    pairs = [
        {"key": key, "value": {"stringValue": value}}
        for key, value in attributes.items()
    ]
    return {
        "traceId": "5" * 32,
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": "step",
        "startTimeUnixNano": str(10**18 + number),
        "endTimeUnixNano": str(10**18 + number + 1),
        "attributes": pairs,
    }


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        ({"error": {"code": 500}}, ("error", '{"code": 500}')),
        ({"error": False, "output": 1}, ("ok", None)),
        ({"usage": {"input_tokens": "many"}, "output": 1}, ("ok", None)),
        ({"status": "failed", "output": 1}, ("error", None)),
        ({"status": "Success", "output": 1}, ("ok", None)),
    ],
    ids=["object", "false", "usage", "failed", "success"],
)
def test_a_step_with_a_field_that_does_not_fit_is_kept_and_its_failure_is_seen(
    tmp_path: Path, field: dict[str, Any], kept: tuple[str, str | None]
) -> None:
    run = run_of(tmp_path, HEADER, {"type": "step", "kind": "tool", **field})
    assert (run.steps[0].status, run.steps[0].error) == kept
    assert len(run.problems) == 1


def test_what_an_object_inside_a_record_does_not_have_is_reported_and_the_rest_is_kept(
    tmp_path: Path,
) -> None:
    call = {"name": "look", "id": "c1", "args": {"q": 1}}
    usage = {"input_tokens": 7, "total_tokens": 9}
    model = {"type": "step", "kind": "model", "calls": [call], "usage": usage}
    run = run_of(tmp_path, HEADER, model)
    first = run.steps[0]
    assert (first.calls[0].name, first.usage and first.usage.input_tokens) == (
        "look",
        7,
    )
    assert said_of(run)[:2] == [
        (
            "loss",
            "a field that an object in `usage` does not have",
            "ignored; the first is 'total_tokens'",
        ),
        (
            "loss",
            "a field that an object in `calls` does not have",
            "ignored; the first is 'args'",
        ),
    ]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ({"status": "failed"}, "error"),
        ({"status": "completed"}, "ok"),
        ({"status": "abandoned"}, "unknown"),
        ({}, "ok"),
    ],
    ids=["failed", "completed", "another_word", "none"],
)
def test_an_end_whose_status_is_no_word_of_the_format_is_not_taken_for_a_success(
    tmp_path: Path, end: dict[str, str], status: str
) -> None:
    step = {"type": "step", "kind": "user", "output": "hi"}
    run = run_of(tmp_path, HEADER, step, {"type": "end", **end})
    assert run.status == status


def test_a_verdict_says_that_part_of_the_trace_was_lost(tmp_path: Path) -> None:
    step = {"type": "step", "kind": "user", "output": "hi"}
    whole = build.tell(run_of(tmp_path, HEADER, step, {"type": "end"}))
    lost = {"type": "dream"}
    lossy = build.tell(run_of(tmp_path, HEADER, step, lost, {"type": "end"}))
    assert "could be read" not in whole.verdict.text
    assert lossy.verdict.text.endswith(" Not all of the trace could be read.")
    assert (whole.verdict.tone, lossy.verdict.tone) == ("ok", "warn")


def test_a_model_span_with_nothing_but_a_raw_answer_shows_the_raw_answer(
    tmp_path: Path,
) -> None:
    raw = {"generations": [[{"text": "42"}]]}
    model = span(
        1,
        0,
        **{"openinference.span.kind": "LLM", "output.value": json.dumps(raw)},
    )
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [model]}]}]}
    run = run_of(tmp_path, spans)
    output = run.steps[0].output
    assert output is not None
    assert run.contents.value(output) == raw


def test_earlier_answers_in_a_request_are_not_said_to_be_by_the_model_that_responded(
    tmp_path: Path,
) -> None:
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "bye"},
    ]
    answer = {"role": "assistant", "content": "bye", "model": "new-2"}
    run = run_of(
        tmp_path,
        {"request": {"model": "new", "messages": messages}, "response": answer},
    )
    assert [s.model for s in run.steps if s.kind == "model"] == ["new", "new-2"]


def test_a_logged_call_of_the_responses_api_is_recognised(tmp_path: Path) -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    request = {"input": [{"role": "user", "content": "hi"}]}
    run = run_of(tmp_path, {**request, "response": {"model": "m", "output": [call]}})
    assert [(s.kind, s.name) for s in run.steps][-1] == ("tool", "look")


CLEAR = "<command-name>/clear</command-name>\n<command-args></command-args>"
PLAN = "<command-name>/plan</command-name>\n<command-args>a new house</command-args>"


@pytest.mark.parametrize(
    ("prompts", "heading"),
    [
        ([CLEAR, "Fix the build"], "Fix the build"),
        ([PLAN, "Thanks!"], "/plan a new house"),
        (["Fix the build", PLAN], "Fix the build"),
    ],
    ids=["command", "command_with_arguments", "command_later"],
)
def test_a_session_is_headed_by_what_was_asked_not_by_the_tags_of_a_command(
    tmp_path: Path, prompts: list[str], heading: str
) -> None:
    rows = [
        {
            "type": "user",
            "uuid": f"u{number}",
            "parentUuid": f"u{number - 1}" if number else None,
            "sessionId": "s",
            "timestamp": f"2026-11-20T10:00:0{number}Z",
            "message": {"role": "user", "content": prompt},
        }
        for number, prompt in enumerate(prompts)
    ]
    assert build.tell(run_of(tmp_path, *rows)).heading == heading


def test_the_title_of_many_calls_says_how_many_it_leaves_out(tmp_path: Path) -> None:
    calls = [{"name": f"look{number}"} for number in range(1, 9)]
    run = run_of(tmp_path, HEADER, {"type": "step", "kind": "model", "calls": calls})
    titles = build.tell(run).titles
    assert titles[0] == "→ look1, look2, look3, look4, look5, look6 and 2 more"


def test_a_call_without_an_id_is_paired_with_the_next_step_of_its_name(
    tmp_path: Path,
) -> None:
    def model(*names: str) -> dict[str, Any]:
        return {"type": "step", "kind": "model", "calls": [{"name": n} for n in names]}

    def tool(name: str) -> dict[str, Any]:
        return {"type": "step", "kind": "tool", "name": name, "output": name}

    steps = [model("a", "b"), tool("b"), tool("a"), model("a"), tool("c"), tool("a")]
    run = run_of(tmp_path, HEADER, *steps)
    tools = [(s.name, s.caller) for s in run.steps if s.kind == "tool"]
    assert tools == [("b", 1), ("a", 1), ("c", None), ("a", 4)]
    done = "paired with the next of its name"
    assert ("repair", "a call has no id", done) in said_of(run)


def test_a_copy_of_a_session_beside_it_changes_nothing(
    corpus: Path, tmp_path: Path
) -> None:
    session = (corpus / "claude-code/gitai_claude-code-with-plan.jsonl").read_bytes()
    (tmp_path / "a.jsonl").write_bytes(session)
    [alone] = read_input([str(tmp_path / "a.jsonl")]).runs
    (tmp_path / "b.jsonl").write_bytes(session)
    [both] = read_input([str(tmp_path)]).runs
    assert [(s.kind, s.key, s.output) for s in both.steps] == [
        (s.kind, s.key, s.output) for s in alone.steps
    ]
    assert "rows that another file has, too" in {p.what for p in both.problems}


def test_a_native_trace_without_a_header_is_told_what_it_lacks(tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    trace.write_text('{"type":"step","id":"s1","kind":"tool","name":"look"}\n')
    with pytest.raises(
        UnknownFormat, match="nearest is native, but there is no whypath"
    ):
        read_input([str(trace)])


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "JSON_in_a_text"])
def test_half_a_pair_of_surrogates_before_another_escape_is_shown_as_a_mark(
    tmp_path: Path, packed: bool
) -> None:
    odd = '["\\uD888\\u1234"]'
    value = json.dumps(odd) if packed else odd
    step = f'{{"type":"step","kind":"tool","input":{value},"output":{value}}}'
    trace = tmp_path / "trace.jsonl"
    trace.write_text(f"{json.dumps(HEADER)}\n{step}\n", "utf-8")
    (run,) = build.read_input([str(trace)]).runs
    assert build.report(run, tmp_path / "report.html").size > 0
    said = [(level, what) for level, what, _ in said_of(run)]
    pair = ("repair", "half of a surrogate pair; shown as U+FFFD")
    assert (pair in said) is not packed
