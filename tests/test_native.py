"""The native reader: what fits, what does not, and that the schema says the same."""

import io
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from samples import ROOT, read_runs
from whypath.builder import Builder
from whypath.errors import NewerVersion, Problem
from whypath.model import KINDS, Run
from whypath.readers import native, native_lines
from whypath.records import Records

TRACES = Path(__file__).parent / "traces" / "native"
SCHEMA = json.loads((ROOT / "src" / "whypath" / "schema.json").read_text("utf-8"))
VALID = Draft202012Validator(SCHEMA)

HEADER: dict[str, Any] = {"type": "run", "whypath": 1, "id": "r1"}
STEP: dict[str, Any] = {"type": "step", "kind": "tool", "name": "ping", "output": 1}


def read_lines(*lines: object) -> tuple[tuple[Run, ...], tuple[Problem, ...]]:
    """What the reader makes of `lines`, and all its problems."""
    return read_bytes("".join(json.dumps(line) + "\n" for line in lines).encode())


def read_bytes(data: bytes) -> tuple[tuple[Run, ...], tuple[Problem, ...]]:
    """The runs in a file of these bytes, and all problems."""
    records = Records(None, io.BytesIO(data))
    builder = Builder(native.NAME)
    builder.reading(records.name)
    native.read(records, builder)
    return builder.finish(), builder.problems


def read_file(name: str) -> tuple[Run, ...]:
    return read_runs(TRACES / f"{name}.jsonl", native.NAME)


def found(name: str) -> list[tuple[str, str, int | None, int]]:
    """The problems of a file: level, what, first line, how many."""
    problems = read_file(name)[0].problems
    return [(p.level, p.what, p.line, p.count) for p in problems]


LEVELS = {
    "unknown_record": [
        ("loss", "a record of unknown type 'heartbeat'", 3, 2),
        ("loss", "a record of unknown type (none)", 5, 1),
    ],
    "before_the_header": [("loss", "a record before the header of its run", 1, 2)],
    "unknown_kind": [("repair", "an unknown kind of step 'dream'", 3, 1)],
    "missing_message": [
        ("loss", "a context names a message that is not in the trace before it", 3, 1),
        ("loss", "a context builds on a step that has none", 4, 1),
    ],
    "missing_steps": [
        ("repair", "a step's `previous` is not in the trace before it", 2, 1),
        ("repair", "a decision names a step that is not in the trace before it", 3, 1),
        ("note", "evidence names a step that is not in the trace before it", 3, 1),
        (
            "repair",
            "a state record names a step that is not in the trace before it",
            4,
            1,
        ),
        ("repair", "a parent is not in the trace", 5, 1),
    ],
    "misfits": [
        (
            "loss",
            "a field that does not fit the format: "
            "Expected `array | null`, got `int` - at `$.calls`",
            3,
            1,
        ),
        ("loss", "a record that is no JSON object", 4, 1),
        ("loss", "a field that a step record does not have", 5, 1),
        ("repair", "a field `name` that is no text", 5, 1),
    ],
    "unknown_fields": [
        ("loss", "a field that a run record does not have", 1, 1),
        ("loss", "a field that a step record does not have", 2, 2),
        ("loss", "a field that a decision record does not have", 4, 1),
    ],
    "odd_values": [
        ("loss", "a time that cannot be read", 2, 1),
        ("repair", "an unknown status 'success'", 2, 1),
        ("note", "a confidence outside 0 to 1", 3, 1),
        ("note", "times without a zone", 4, 1),
        ("loss", "a context builds on a step that has none", 4, 1),
        ("repair", "an unknown status 'done'", 5, 1),
    ],
    "two_runs": [],
    "interleaved_runs": [],
    "run_taken_up_again": [],
    "merged_steps": [],
}


@pytest.mark.parametrize("name", LEVELS)
def test_what_does_not_fit_is_located_and_the_rest_is_kept(name: str) -> None:
    assert found(name) == LEVELS[name]
    assert read_file(name)[0].steps[0].status == "ok"


def test_every_trace_of_this_folder_is_in_a_table() -> None:
    future = {"from_the_future", "second_run_from_the_future"}
    assert {path.stem for path in TRACES.iterdir()} == future | LEVELS.keys()


@pytest.mark.parametrize(
    ("name", "line"), [("from_the_future", 1), ("second_run_from_the_future", 3)]
)
def test_a_newer_version_is_refused_with_its_line(name: str, line: int) -> None:
    with pytest.raises(NewerVersion) as refused:
        read_bytes((TRACES / f"{name}.jsonl").read_bytes())
    assert refused.value.line == line
    assert "reads version 1" in refused.value.why
    assert "pip install --upgrade" in refused.value.hint


def test_two_runs_in_one_file_share_nothing_but_the_file() -> None:
    first, second = read_file("two_runs")
    assert (first.id, second.id) == ("r1", "r2")
    assert (first.status, second.status) == ("ok", "incomplete")
    windows = [run.steps[0].context for run in (first, second)]
    contents = [window.add[0].content for window in windows if window is not None]
    texts = [first.contents.text(number or 0) for number in contents]
    assert texts == ["first", "second"]
    assert first.labels == (("n", "1"),)


def test_records_that_name_their_run_go_there() -> None:
    first, second = read_file("interleaved_runs")
    assert [step.name for step in first.steps] == ["a"]
    assert [step.name for step in second.steps] == ["b", "c"]
    assert second.status == "error"
    assert second.outcome is not None
    assert second.outcome.note == "out of memory"


def test_a_header_with_an_earlier_id_takes_the_run_up_again() -> None:
    (run,) = read_file("run_taken_up_again")
    assert [step.key for step in run.steps] == ["s1", "s2"]
    assert run.steps[1].previous == 1
    assert (run.task, run.status) == ("long", "ok")
    assert run.start_ns == 1_795_168_800 * 10**9


def test_a_line_with_an_earlier_id_adds_to_that_step() -> None:
    (run,) = read_file("merged_steps")
    model, tool, decided = run.steps
    assert model.abandoned
    assert (tool.caller, tool.status, tool.error) == (1, "error", "timed out")
    assert (tool.start_ns, tool.end_ns) == (1795000000 * 10**9, 1795000030500 * 10**6)
    changes = [(change.path, change.value is None) for change in tool.state]
    assert changes == [("a", False), ("b", False), ("a", True)]
    decision = decided.decision
    assert decision is not None
    options = [
        (option.name, option.chosen, option.score) for option in decision.options
    ]
    assert options == [("again", False, None), ("stop", True, 0.4)]
    assert decision.question == "Again?"
    assert decision.outcome == "paged somebody"
    assert (decision.rationale_from, decision.options_note) == ("recorded", None)


def test_a_decision_at_a_step_is_found_again_by_its_own_id() -> None:
    lines = [
        STEP | {"id": "s1"},
        {"type": "decision", "id": "d1", "step": "s1", "question": "Again?"},
        {"type": "decision", "id": "d1", "outcome": "it worked"},
    ]
    (run,), problems = read_lines(HEADER, *lines)
    assert problems == ()
    assert len(run.steps) == 1
    decision = run.steps[0].decision
    assert decision is not None
    assert (decision.question, decision.outcome) == ("Again?", "it worked")


def test_a_choice_that_was_not_offered_is_an_option_all_the_same() -> None:
    line = {"type": "decision", "options": ["a", "b"], "chosen": ["b", "c"]}
    (run,), _ = read_lines(HEADER, line)
    decision = run.steps[0].decision
    assert decision is not None
    options = [(option.name, option.chosen) for option in decision.options]
    assert options == [("a", False), ("b", True), ("c", True)]


def test_a_choice_alone_says_that_the_other_options_are_not_recorded() -> None:
    (run,), _ = read_lines(HEADER, {"type": "decision", "chosen": "a"})
    decision = run.steps[0].decision
    assert decision is not None
    assert [option.name for option in decision.chosen] == ["a"]
    assert decision.options_note == "other options: not recorded"


def test_an_unknown_field_is_named_and_the_record_is_kept_as_written() -> None:
    (run,) = read_file("unknown_fields")
    assert run.problems[1].done == "ignored; the first is 'colour'"
    output = run.steps[0].output
    assert output is not None
    assert run.contents.raw(output) == b'{"pong": 1.50}'
    assert run.steps[1].decision is not None


def test_what_answers_a_call_stands_where_the_call_was_made() -> None:
    call = {"id": "c1", "name": "ping", "arguments": {}}
    model = {"type": "step", "id": "s2", "kind": "model", "parent": "s1"}
    where = {"agent": "scout", "thread": "side", "calls": [call]}
    answer = {**STEP, "kind": "handoff", "call": "c1"}
    agent = {"type": "step", "id": "s1", "kind": "agent"}
    (run,), problems = read_lines(HEADER, agent, model | where, answer)
    handoff = run.steps[2]
    assert (handoff.kind, handoff.parent, handoff.caller) == ("handoff", 1, 2)
    assert (handoff.agent, handoff.thread) == ("scout", "side")
    assert problems == ()


def test_the_first_step_of_a_thread_says_where_the_thread_hangs() -> None:
    steps = [
        {"type": "step", "id": "s1", "kind": "agent", "name": "scout"},
        {"type": "step", "thread": "side", "parent": "s1", "kind": "event"},
        {"type": "step", "thread": "side", "kind": "event"},
        {"type": "step", "kind": "event"},
    ]
    (run,), _ = read_lines(HEADER, *steps)
    assert [step.parent for step in run.steps] == [None, 1, 1, None]


def test_the_tools_of_the_run_are_on_offer_outside_of_threads() -> None:
    model = {"type": "step", "kind": "model", "output": "?"}
    lines = [
        HEADER | {"tools": ["a", {"name": "b", "parameters": {}}]},
        model,
        model | {"thread": "side"},
        model | {"tools": []},
        STEP,
    ]
    (run,), _ = read_lines(*lines)
    offered = [step.tools and [tool.name for tool in step.tools] for step in run.steps]
    assert offered == [["a", "b"], None, (), None]
    tools = run.steps[0].tools
    assert tools is not None
    assert tools[1].definition is not None
    kept = run.contents.value(tools[1].definition)
    assert kept == {"name": "b", "parameters": {}}


def test_a_context_without_keep_keeps_all_of_its_base() -> None:
    messages = [{"type": "message", "id": n, "content": n} for n in range(4)]
    model = {"type": "step", "kind": "model"}
    lines = [
        HEADER,
        *messages,
        model | {"id": "s1", "context": [0, 1]},
        model | {"id": "s2", "context": {"base": "s1", "add": [2]}},
        model | {"id": "s3", "context": {"base": "s2", "keep": 1, "add": ["3"]}},
        model | {"id": "s4", "context": {"base": "s3", "keep": 99}},
    ]
    (run,), problems = read_lines(*lines)
    windows = [step.context for step in run.steps]
    sizes = [(w.base, w.keep, len(w.add), w.dropped) for w in windows if w]
    expected = [(None, 0, 2, 0), (1, 2, 1, 0), (2, 1, 1, 2), (3, 2, 0, 0)]
    assert sizes == expected
    assert problems == ()


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ({}, "ok"),
        ({"status": "unknown"}, "unknown"),
        ({"status": "incomplete"}, "incomplete"),
        ({"status": "error"}, "error"),
        ({"error": "killed"}, "error"),
        (None, "incomplete"),
    ],
    ids=["bare", "unknown", "incomplete", "error", "with an error", "no record"],
)
def test_the_end_record_says_how_the_run_ended(
    end: dict[str, str] | None, status: str
) -> None:
    lines = [] if end is None else [{"type": "end", **end}]
    (run,), _ = read_lines(HEADER, STEP, *lines)
    assert run.status == status


# --- the schema


def properties(name: str) -> dict[str, Any]:
    """The properties of a definition, or of its alternative that is an object."""
    definition = SCHEMA["$defs"][name]
    for shape in (definition, *definition.get("anyOf", ())):
        if "properties" in shape:
            return dict(shape["properties"])
    raise KeyError(name)


SHAPES = {
    "usage": native_lines.UsageLine,
    "call": native_lines.CallLine,
    "context": native_lines.ContextLine,
    "option": native_lines.OptionLine,
    "evidence": native_lines.EvidenceLine,
    "outcome": native_lines.OutcomeLine,
}


@pytest.mark.parametrize("name", native_lines.LINES)
def test_schema_and_reader_know_the_same_fields_of_a_record(name: str) -> None:
    fields = {"type", *native_lines.LINES[name].__struct_fields__}
    assert set(properties(name)) == fields


@pytest.mark.parametrize("name", SHAPES)
def test_schema_and_reader_know_the_same_fields_inside_a_record(name: str) -> None:
    assert set(properties(name)) == set(SHAPES[name].__struct_fields__)


def test_the_schema_is_sound_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for name in (*native_lines.LINES, *SHAPES):
        for field, shape in properties(name).items():
            assert field == "type" or shape["description"].endswith("."), (name, field)
    listed = [one["$ref"].rpartition("/")[2] for one in SCHEMA["oneOf"]]
    assert listed == list(native_lines.LINES)
    assert len(get_args(native_lines.Line)) == len(listed)


def test_schema_and_model_know_the_same_kinds_of_step() -> None:
    assert properties("step")["kind"]["enum"] == [*KINDS, None]


ANY = {"input", "output", "details", "content"}


@pytest.mark.parametrize("name", native_lines.LINES)
def test_null_is_the_same_as_leaving_a_field_out(name: str) -> None:
    required = set(SCHEMA["$defs"][name]["required"])
    fields = set(properties(name)) - required - ANY
    line = {"type": name, "id": "x", "whypath": 1}
    line = {key: line[key] for key in required} | dict.fromkeys(sorted(fields))
    assert VALID.is_valid(line), sorted(fields)
    bare = {key: line[key] for key in required}
    assert read_lines(HEADER, STEP, line)[1] == ()
    assert read_lines(HEADER, STEP, bare)[1] == ()


WRONG = [
    {"type": "step", "kind": "dream"},
    {"type": "step", "calls": 3},
    {"type": "step", "calls": ["ping"]},
    {"type": "step", "name": 5},
    {"type": "step", "status": "success"},
    {"type": "step", "context": "m1"},
    {"type": "step", "context": {"add": "m1"}},
    {"type": "step", "tools": "ping"},
    {"type": "step", "usage": {"input_tokens": "many"}},
    {"type": "step", "set": ["a"]},
    {"type": "decision", "confidence": 85},
    {"type": "decision", "confidence": "high"},
    {"type": "decision", "options": [{"score": 1}]},
    {"type": "decision", "chosen": 1},
    {"type": "decision", "evidence": {"name": "tier"}},
    {"type": "end", "status": "done"},
    {"type": "end", "outcome": 1},
    {"type": "heartbeat"},
    {"kind": "tool"},
    ["a", "list"],
]


@pytest.mark.parametrize("line", WRONG, ids=json.dumps)
def test_what_the_schema_refuses_the_reader_reports(line: object) -> None:
    assert not VALID.is_valid(line)
    assert read_lines(HEADER, STEP, line)[1] != ()


RIGHT = [
    {"type": "step"},
    {"type": "step", "id": 7, "parent": None, "start": 1795000000.5},
    {"type": "step", "tools": [], "context": [], "calls": [{"name": "ping"}]},
    {"type": "decision", "options": ["a", {"name": "b"}], "chosen": ["a", "b"]},
    {"type": "decision", "confidence": 1, "chosen": "a"},
    {"type": "state"},
    {"type": "message", "id": 7},
    {"type": "end", "outcome": "done"},
    {"type": "end", "outcome": {"answer": [1], "score": 1}},
]


@pytest.mark.parametrize("line", RIGHT, ids=json.dumps)
def test_what_the_schema_takes_the_reader_takes(line: dict[str, Any]) -> None:
    assert VALID.is_valid(line)
    problems = read_lines(HEADER, line, STEP, {"type": "end"})[1]
    expected = {"a call has no id"} if line.get("calls") else set()
    assert {problem.what for problem in problems} == expected


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "run", "whypath": %s}',
        b'{"type": %s}',
        b'{"type": "step", "id": %s}',
        b'{"type": "step", "output": 1, "%s": 1}',
    ],
    ids=["version", "type", "id", "name of a field"],
)
def test_a_number_of_five_thousand_digits_is_reported(line: bytes) -> None:
    lines = [
        json.dumps(HEADER).encode(),
        json.dumps(STEP).encode(),
        line % (b"9" * 5000),
    ]
    (run,), problems = read_bytes(b"\n".join(lines))
    assert run.steps[0].name == "ping"
    assert [(problem.level, problem.line) for problem in problems] == [("loss", 3)]
    assert len(problems[0].what + problems[0].done) < 200


NAMES = st.sampled_from(
    sorted(
        {f for shape in native_lines.LINES.values() for f in shape.__struct_fields__}
    )
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
LINES = st.dictionaries(NAMES, JSON, max_size=5).flatmap(
    lambda fields: st.sampled_from([*native_lines.LINES]).map(
        lambda type: {**fields, "type": type}
    )
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(LINES, max_size=5))
def test_no_value_of_any_field_stops_the_reader(lines: list[dict[str, Any]]) -> None:
    lines = [line for line in lines if line["type"] != "run"]
    runs, _ = read_lines(HEADER, STEP, *lines, {"type": "end"})
    assert runs[0].id == "r1"
    assert runs[0].steps[0].name == "ping"
