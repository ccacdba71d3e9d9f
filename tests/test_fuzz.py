"""Random input: no error but a TraceError, nothing lost but secrets. See tests/fuzz."""

import io
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import targets
from hypothesis import given, settings
from hypothesis import strategies as st
from mutate import Mutator, names_of, written_as

import fuzz
from samples import ROOT
from test_redact import AWS, GITHUB, JWT, cleaned
from whypath.build import read_input, tell
from whypath.errors import TraceError
from whypath.readers.formats import FORMATS
from whypath.redact import Redactor
from whypath.render.pages import block
from whypath.render.payload import pack, unpacked

FUZZ = ROOT / "tests" / "fuzz" / "fuzz.py"
MANY = int(os.environ.get("WHYPATH_EXAMPLES", "60"))
"""How many examples of each property; 2,000 before a release."""
STARTS = st.sampled_from([0, 1.7e9, 1.7e9, 1.7e9 + 1, 1.7e12, 2**62])
TEXT = st.text(max_size=40)
ODD = st.one_of(TEXT, st.sampled_from(["\u202e", "</script>", "\x1b[2J", '\\"', "NaN"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    (
        *("type", "kind", "id", "parent", "input", "output", "calls", "name", "set"),
        *("role", "content", "message", "tool_calls", "uuid", "timestamp", "usage"),
    )
)
ROWS = st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=5)


@settings(max_examples=MANY, deadline=None)
@given(rows=ROWS, format=st.sampled_from([None, "native", "claude-code", "chat"]))
def test_any_rows_are_a_run_or_a_sentence(
    rows: list[dict[str, Any]], format: str | None
) -> None:
    head = {"type": "run", "whypath": 1, "id": "r"}
    lines = [json.dumps(head), *(json.dumps(row) for row in rows)]
    with suppress(TraceError):
        read_input(["-"], format=format, stdin=stream(lines), redactor=Redactor())


def stream(lines: list[str]) -> io.BytesIO:
    return io.BytesIO("\n".join(lines).encode("utf-8", "surrogatepass"))


@settings(max_examples=MANY, deadline=None)
@given(
    value=VALUES,
    before=ODD,
    secret=st.sampled_from([AWS, GITHUB, JWT]),
    packed=st.integers(0, 2),
)
def test_a_secret_is_gone_from_anywhere_and_a_second_look_finds_no_more(
    value: Any, before: str, secret: str, packed: int
) -> None:
    whole: Any = {"x": value, before: [f"{before} {secret} {before}", {secret: value}]}
    for _ in range(packed):
        whole = {"packed": json.dumps(whole)}
    (once,) = cleaned(json.loads(json.dumps(whole).replace("NaN", "0")))
    assert secret not in once
    (twice,) = cleaned(once.encode())
    assert twice == once


@settings(max_examples=MANY, deadline=None)
@given(seed=st.integers(0, 1 << 30), format=st.sampled_from(sorted(FORMATS)))
def test_every_reader_takes_any_value_in_any_place(seed: int, format: str) -> None:
    changed = Mutator(names_of(FORMATS[format].module), [])
    data = changed(changed(b"", 1 << 15, seed + 1), 1 << 15, seed)
    with suppress(TraceError):
        read_input(["-"], format=format, stdin=io.BytesIO(data))


@settings(max_examples=MANY, deadline=None)
@given(text=st.text(st.one_of(st.sampled_from('\\"lNrG<>&;\n'), st.characters())))
def test_no_text_leaves_its_quotes_in_dot(text: str) -> None:
    targets.dot(text.encode("utf-8", "replace"))


@settings(max_examples=MANY, deadline=None)
@given(values=st.lists(VALUES, max_size=5))
def test_what_is_packed_into_a_page_is_what_comes_out(values: list[Any]) -> None:
    texts = [json.dumps(value).encode() for value in values]
    packed = block("chunk", pack(b"\n".join(texts)))
    assert "<" not in packed[1:-1].partition(">")[2].rpartition("<")[0]
    *_, inner = unpacked(packed)
    assert inner == b"\n".join(texts)


@settings(max_examples=MANY, deadline=None)
@given(order=st.permutations(range(6)), starts=st.lists(STARTS, min_size=6, max_size=6))
def test_the_order_of_steps_is_total(order: list[int], starts: list[int]) -> None:
    rows = [{"type": "run", "whypath": 1, "id": "r"}]
    for number in order:
        step = {"type": "step", "kind": "event", "id": f"s{number}", "whypath": 1}
        rows.append(step | {"start": starts[number], "parent": f"s{number // 2}"})
    lines = [json.dumps(row) for row in rows]
    first, second = (read_input(["-"], stdin=stream(lines)).runs for _ in range(2))
    assert [step.key for step in first[0].steps] == [s.key for s in second[0].steps]
    assert len({step.key for step in first[0].steps}) == len(order)
    assert [s.position for s in first[0].steps] == list(range(1, len(order) + 1))


@pytest.mark.parametrize("name", sorted(targets.OTHERS))
def test_every_other_target_takes_its_seeds_and_more(name: str) -> None:
    seeds = fuzz.WORDS.get(name) or [written_as([{"type": "run", "whypath": 1}])]
    for seed in (*seeds, b"", b"\xff\xfe", b'"' * 99, b"[" * 5000, b"\\" * 99):
        targets.OTHERS[name](seed)


MODEL = {"type": "step", "kind": "model", "id": "m", "whypath": 1}
RUN = {"type": "run", "whypath": 1, "id": "r"}
SUMMARY = {"type": "summary", "summary": "x", "leafUuid": "u"}
USER = {"type": "user", "uuid": "u", "sessionId": "s", "message": {"content": "hi"}}
LLM = {"id": "l", "run_type": "llm", "trace_id": "l", "start_time": "2026-01-01"}


@pytest.mark.parametrize(
    ("format", "rows"),
    [
        ("native", [RUN, {**MODEL, "id": "e", "kind": "odd", "context": []}, MODEL]),
        (
            "native",
            [
                RUN,
                {**MODEL, "id": "e", "kind": "event", "context": []},
                {**MODEL, "context": {"base": "e", "add": []}},
            ],
        ),
        ("native", [RUN, {"type": "step", "id": "a", "abandoned": True}]),
        ("claude-code", [{**USER, "uuid": ["u"]}, SUMMARY, SUMMARY, USER]),
        ("claude-code", [[SUMMARY, {**SUMMARY, "leafUuid": None}, USER]]),
        ("langsmith", [{**LLM, "inputs": {"messages": [{"type": {}}]}}]),
        (
            "letta-trajectory",
            [
                {
                    "records": [{"role": "assistant", "refusal": [{"id": 1}]}],
                    "diagnostics": [],
                }
            ],
        ),
    ],
)
def test_what_once_broke_a_reader_is_read(format: str, rows: list[Any]) -> None:
    with suppress(TraceError):
        for run in read_input(["-"], format=format, stdin=stream_of(rows)).runs:
            tell(run)


def stream_of(rows: list[Any]) -> io.BytesIO:
    return stream([json.dumps(row) for row in rows])


def test_the_fuzzer_runs_and_keeps_what_breaks(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZ), "atif", "dot", "--minutes", "0.02"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "atif: " in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
