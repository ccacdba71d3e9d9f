"""The example traces and their manual: valid, readable, counted, and as they are told.

The counts come from plain JSON here, not from the reader: a step is a `step` or own
`decision` record whose id (or lack of one) is new; a step has an error when one of its
records has; tokens and cost are summed over all `usage` objects.
"""

import io
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from samples import EXAMPLES, ROOT, read_runs
from whypath.builder import Builder
from whypath.model import Decision, Run, Step
from whypath.readers import claimants, native, native_lines
from whypath.records import Records

SCHEMA = json.loads((ROOT / "src" / "whypath" / "schema.json").read_text("utf-8"))
VALID = Draft202012Validator(SCHEMA)
MANUAL = (EXAMPLES / "README.md").read_text("utf-8")
NATIVE = sorted(
    path for path in EXAMPLES.glob("*/*.jsonl") if path.name.count(".") == 1
)
SIBLINGS = sorted(
    path for path in EXAMPLES.glob("*/*.json*") if path.name.count(".") == 2
)
MAX_BYTES = 60_000

OPEN_CALL = "a call has no result"
MEANT = {"nightly-reconcile": [OPEN_CALL]}
"""Problems that an example is there to show."""


def name_of(path: Path) -> str:
    return path.name.removesuffix(".jsonl").removesuffix(".json")


native_examples = pytest.mark.parametrize("path", NATIVE, ids=name_of)
siblings = pytest.mark.parametrize("path", SIBLINGS, ids=name_of)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def read_text(text: str) -> tuple[tuple[Run, ...], list[str]]:
    """The runs in a native trace and what is wrong with it."""
    records = Records(None, io.BytesIO(text.encode()))
    builder = Builder(native.NAME)
    builder.reading(records.name)
    native.read(records, builder)
    builder.add_problems(records.problems)
    return builder.finish(), [problem.what for problem in builder.problems]


def example(name: str) -> Run:
    (run,) = read_runs(EXAMPLES / f"{name}.jsonl")
    return run


def step_named(run: Run, name: str) -> Step:
    return next(step for step in run.steps if step.name == name)


def decision_at(run: Run, name: str) -> Decision:
    decision = step_named(run, name).decision
    assert decision is not None
    return decision


# --- the files


@native_examples
def test_every_line_of_an_example_fits_the_schema(path: Path) -> None:
    for number, line in enumerate(lines_of(path), start=1):
        errors = [error.message for error in VALID.iter_errors(line)]
        assert errors == [], f"line {number}"


@native_examples
def test_an_example_reads_without_a_problem_but_the_one_it_shows(path: Path) -> None:
    (run,) = read_runs(path)
    expected = MEANT.get(name_of(path), [])
    assert [problem.what for problem in run.problems] == expected
    assert run.format == native.NAME


@native_examples
def test_a_reader_counts_what_plain_json_counts(path: Path) -> None:
    lines = lines_of(path)
    happened = [line for line in lines if line["type"] in ("step", "decision")]
    happened = [line for line in happened if "step" not in line]
    ids = {line["id"] for line in happened}
    decided = [line for line in lines if line["type"] == "decision"]
    failed = {line["id"] for line in happened if "error" in line}
    usages = [line["usage"] for line in lines if "usage" in line]
    (run,) = read_runs(path)
    assert len(run.steps) == len(ids)
    assert [step.key for step in run.steps if step.decision] == [
        line.get("step", line.get("id")) for line in decided
    ]
    assert {step.key for step in run.steps if step.status == "error"} == failed
    totals: Counter[str] = Counter()
    for step in run.steps:
        if step.usage is not None:
            totals["input_tokens"] += step.usage.input_tokens or 0
            totals["output_tokens"] += step.usage.output_tokens or 0
            totals["cost_usd"] += step.usage.cost_usd or 0  # type: ignore[assignment]
    for field, total in totals.items():
        assert total == pytest.approx(sum(usage[field] for usage in usages)), field
    calls = [call["name"] for line in lines for call in line.get("calls", ())]
    assert sorted(calls) == sorted(c.name for step in run.steps for c in step.calls)


@native_examples
def test_an_example_cut_after_any_line_is_readable_and_incomplete(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    ended = 1 if json.loads(lines[-1])["type"] == "end" else 0
    steps = 0
    for end in range(1, len(lines) - ended + 1):
        runs, problems = read_text("".join(lines[:end]))
        assert set(problems) <= {OPEN_CALL}, f"cut after line {end}"
        assert [run.status for run in runs] == ["incomplete"] * len(runs)
        now = len(runs[0].steps) if runs else 0
        assert now >= steps, f"cut after line {end}"
        steps = now


@native_examples
def test_an_example_cut_in_its_last_line_says_so_and_keeps_the_rest(path: Path) -> None:
    text = path.read_text("utf-8").rstrip("\n")
    start = text.rindex("\n") + 1
    whole, _ = read_text(text[:start])
    (run,), problems = read_text(text[: (start + len(text)) // 2])
    assert [step.key for step in run.steps] == [step.key for step in whole[0].steps]
    assert "the last line is cut off" in problems
    assert run.status == "incomplete"


@pytest.mark.parametrize("path", [*NATIVE, *SIBLINGS], ids=name_of)
def test_an_example_is_small_and_claimed_by_one_reader(path: Path) -> None:
    assert path.stat().st_size <= MAX_BYTES
    records = Records(None, io.BytesIO(path.read_bytes()))
    claims = [reader.NAME for reader in claimants(records.sample())]
    assert len(claims) == 1, claims


def calls_of(run: Run) -> Counter[str]:
    return Counter(call.name for step in run.steps for call in step.calls)


@siblings
def test_a_sibling_tells_of_the_same_calls_as_the_native_file(path: Path) -> None:
    original = path.with_name(path.name.partition(".")[0] + ".jsonl")
    (ours,), (theirs,) = read_runs(original), read_runs(path)
    assert theirs.format != native.NAME
    assert calls_of(theirs) == calls_of(ours)
    failed = [[s.name for s in r.steps if s.status == "error"] for r in (ours, theirs)]
    assert failed[0] == failed[1]
    tokens = [
        sum(s.usage.input_tokens or 0 for s in r.steps if s.usage)
        for r in (ours, theirs)
    ]
    assert tokens[1] in (0, tokens[0])


# --- what the examples show


def test_after_the_rename_the_tier_is_a_default_that_its_source_does_not_hold() -> None:
    run = example("escalation/vip-after-rename")
    lookup = step_named(run, "crm.lookup")
    decision = decision_at(run, "route_ticket")
    tier = decision.evidence[0]
    assert (tier.name, tier.source, tier.path) == ("tier", lookup.key, "$.tier")
    assert tier.default
    assert tier.value is not None
    assert lookup.output is not None
    answer = run.contents.value(lookup.output)
    assert run.contents.value(tier.value) == "standard"
    assert ("tier" in answer, answer["account_tier"]) == (False, "vip")
    assert [option.name for option in decision.chosen] == ["general"]
    assert decision.confidence == 0.71
    assert {step.status for step in run.steps} == {"ok"}
    assert (run.status, len(run.steps)) == ("ok", 14)


def test_before_the_rename_the_tier_is_found_and_the_ticket_goes_to_the_desk() -> None:
    run = example("escalation/vip-before-rename")
    after = example("escalation/vip-after-rename")
    tier = decision_at(run, "route_ticket").evidence[0]
    lookup = step_named(run, "crm.lookup").output
    assert lookup is not None
    assert run.contents.value(lookup)["tier"] == "vip"
    assert (tier.path, tier.default) == ("$.tier", False)
    assert [o.name for o in decision_at(run, "route_ticket").chosen] == ["vip-desk"]
    shapes = [[(s.kind, s.name) for s in r.steps] for r in (run, after)]
    assert shapes[0] == shapes[1]


def test_the_model_of_the_escalation_never_saw_the_tier() -> None:
    run = example("escalation/vip-after-rename")
    seen = {
        run.contents.text(message.content)
        for step in run.steps
        if step.context is not None
        for message in step.context.add
        if message.content is not None
    }
    assert not any("account_tier" in text or "standard" in text for text in seen)


def test_the_coding_run_repeats_a_call_three_times_and_leaves_a_branch() -> None:
    run = example("coding/flaky-test")
    failed = [step for step in run.steps if step.status == "error"]
    assert [step.position for step in failed] == [3, 5, 7]
    assert len({step.input for step in failed}) == 1
    abandoned = [step.position for step in run.steps if step.abandoned]
    assert abandoned == list(range(14, 23))
    back = run.step(23)
    assert (back.kind, back.previous) == ("user", 13)
    removed = [change.path for change in back.state if change.value is None]
    assert removed == ["files.tests/test_retry.py"]


def test_the_research_run_has_a_thread_a_compaction_and_a_handoff() -> None:
    run = example("research/market-report")
    side = [step for step in run.steps if step.thread == "researcher"]
    started = step_named(run, "researcher")
    assert {step.parent for step in side} == {started.position}
    assert started.parent == step_named(run, "delegate_research").position
    dropped = [s.position for s in side if s.context and s.context.dropped > 0]
    assert dropped == [13]
    handoff = step_named(run, "transfer_to_writer")
    assert (handoff.kind, handoff.caller) == ("handoff", handoff.position - 1)


def test_the_crashed_run_ends_in_an_open_call() -> None:
    run = example("crash/nightly-reconcile")
    last = run.steps[-1]
    assert (run.status, run.outcome) == ("incomplete", None)
    assert (last.kind, last.status, last.output) == ("tool", "unset", None)
    assert (last.start_ns is None, last.end_ns) == (False, None)


# --- the manual


def blocks(language: str) -> list[str]:
    """The code blocks of the manual in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", MANUAL, re.DOTALL | re.MULTILINE)


def test_the_lines_of_the_manual_are_valid_and_read_without_a_problem() -> None:
    text = "".join(blocks("json"))
    for line in text.splitlines():
        assert VALID.is_valid(json.loads(line)), line
    runs, problems = read_text(text)
    assert problems == []
    assert [(run.id, run.status) for run in runs] == [
        ("refund-1042", "ok"),
        ("refund-1043", "ok"),
        ("context-shown", "ok"),
    ]
    assert len(blocks("json")[0].splitlines()) == 4


PROGRAMS = {
    "python": (sys.executable, "-c"),
    "js": ("node", "-e"),
    "sh": ("sh", "-c"),
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_programs_of_the_manual_write_a_trace(language: str) -> None:
    program, flag = PROGRAMS[language]
    if shutil.which(program) is None:
        pytest.skip(f"NOT TESTED: there is no {program} here")
    (code,) = blocks(language)
    run = subprocess.run(
        [program, flag, code], capture_output=True, text=True, check=True, timeout=60
    )
    for line in run.stdout.splitlines():
        assert VALID.is_valid(json.loads(line)), line
    (written,), problems = read_text(run.stdout)
    assert problems == []
    assert written.status == "ok"
    assert written.steps[0].status == "ok"


def tables() -> list[dict[str, str]]:
    """The tables of fields in the manual: each field and whether it is required."""
    found: list[dict[str, str]] = []
    for line in MANUAL.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "field" and cells[-1] == "required":
            found.append({})
        elif found and line.startswith("| `") and len(cells) == 4:
            for field in re.findall(r"`(\w+)`", cells[0]):
                found[-1][field] = cells[-1]
    return found


TABLES = {
    "run": native_lines.RunLine,
    "message": native_lines.MessageLine,
    "step": native_lines.StepLine,
    "call": native_lines.CallLine,
    "usage": native_lines.UsageLine,
    "decision": native_lines.DecisionLine,
    "option": native_lines.OptionLine,
    "evidence": native_lines.EvidenceLine,
    "state": native_lines.StateLine,
    "end": native_lines.EndLine,
    "outcome": native_lines.OutcomeLine,
    "context": native_lines.ContextLine,
}


def test_the_tables_of_the_manual_name_every_field_in_the_schemas_words() -> None:
    for (name, shape), table in zip(TABLES.items(), tables(), strict=True):
        fields = set(shape.__struct_fields__)
        if name == "decision":
            fields -= set(native_lines.StepLine.__struct_fields__)
        assert set(table) == fields, name
        required = {field for field, word in table.items() if word == "yes"}
        definition = SCHEMA["$defs"][name]
        shapes = [definition, *definition.get("anyOf", ())]
        demanded = {f for one in shapes for f in one.get("required", ())}
        assert required == demanded - {"type"}, name


def test_the_links_of_the_manual_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", MANUAL, re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)]+)\)", MANUAL):
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("https://"):
            assert (EXAMPLES / link).is_file(), link


def test_the_manual_lists_every_example() -> None:
    files = {path.relative_to(EXAMPLES).as_posix() for path in [*NATIVE, *SIBLINGS]}
    assert set(re.findall(r"^\| \[`([^`]+)`\]", MANUAL, re.MULTILINE)) == files
