"""Random input: no error but a TraceError, nothing lost but secrets. See tests/fuzz."""

import io
import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import ROOT
from test_redact import AWS, GITHUB, JWT, cleaned
from whypath.build import read_input
from whypath.errors import TraceError
from whypath.redact import Redactor

FUZZ = ROOT / "tests" / "fuzz" / "fuzz.py"
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


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=150, deadline=None)
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


def test_the_fuzzer_runs() -> None:
    pytest.importorskip("atheris", reason="NOT FUZZED: atheris is not installed")
    command = [sys.executable, str(FUZZ), "pipeline", "-runs=300"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
