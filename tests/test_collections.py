"""Well-known collections of hostile text, as content and as names: no traceback ever.

`WHYPATH_MUTATIONS` is how many damaged copies of real traces are read, 300 by default.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from samples import CORPUS, HOSTILE
from whypath.cli import main

pytestmark = pytest.mark.skipif(
    not HOSTILE.is_dir(), reason=f"NOT TESTED ON HOSTILE TEXT: no {HOSTILE}"
)

AT_ONCE = 400
SMALL = 60_000
MUTATIONS = int(os.environ.get("WHYPATH_MUTATIONS", "300"))
Rows = list[dict[str, Any]]


def ends_well(data: bytes, folder: Path, *commands: str) -> None:
    """Each command makes what it should, or says in a sentence why not."""
    trace = folder / "trace.jsonl"
    trace.write_bytes(data)
    for command in commands:
        out = ("-o", str(folder / "report.html")) if command == "report" else ()
        ended = CliRunner().invoke(main, [command, str(trace), *out])
        broken = ended.exception
        assert broken is None or isinstance(broken, SystemExit), (data, broken)
        assert ended.exit_code in (0, 1, 2)
        assert "\x1b" not in ended.stderr
        if ended.exit_code == 2:
            assert "trace.jsonl" in ended.stderr
            assert not (folder / "report.html").exists() or command != "report"


def lines_of(rows: Rows) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def as_native(texts: list[str]) -> bytes:
    labels = {text[:80]: text[:80] for text in texts}
    rows: Rows = [{"type": "run", "whypath": 1, "id": texts[0][:200] or "r"}]
    rows[0] |= {"task": texts[-1], "agent": texts[0], "labels": labels}
    for at, text in enumerate(texts):
        name = text[:150] or "x"
        call = {"id": f"c{at}", "name": name, "arguments": {name: text}}
        rows += [
            {"type": "step", "kind": "tool", "name": name, "id": f"{at}{name}"}
            | {"input": {name: text}, "output": text},
            {"type": "step", "kind": "model", "name": name, "model": name}
            | {"agent": name, "output": text, "calls": [call]},
            {"type": "step", "kind": "decision", "name": name, name: text},
        ]
    return lines_of(rows)


def as_claude_code(texts: list[str]) -> bytes:
    rows: Rows = []
    same = {"sessionId": "s", "timestamp": "2026-01-01T00:00:00Z"}
    for at, text in enumerate(texts):
        name = text[:150] or "x"
        use = {"type": "tool_use", "id": f"t{at}", "name": name, "input": {name: text}}
        said = [{"type": "text", "text": text}, use]
        result = {"type": "tool_result", "tool_use_id": f"t{at}", "content": text}
        rows += [
            {"type": "user", "uuid": f"u{at}", **same}
            | {"message": {"role": "user", "content": text}},
            {"type": "assistant", "uuid": f"a{at}", "parentUuid": f"u{at}", **same}
            | {"message": {"role": "assistant", "model": name, "content": said}},
            {"type": "user", "uuid": f"r{at}", "parentUuid": f"a{at}", **same}
            | {"message": {"role": "user", "content": [result]}},
        ]
    return lines_of(rows)


def as_otlp(texts: list[str]) -> bytes:
    spans = []
    for at, text in enumerate(texts):
        name = text[:150] or "x"
        known = {
            name: text,
            "gen_ai.tool.name": name,
            "gen_ai.tool.call.arguments": text,
            "gen_ai.operation.name": "execute_tool",
        }
        span = {"traceId": "5" * 32, "spanId": f"{at + 1:016x}", "name": name}
        span |= {"startTimeUnixNano": "1790000000000000000"}
        span |= {"endTimeUnixNano": "1790000000000000001"}
        told = [{"key": k, "value": {"stringValue": v}} for k, v in known.items()]
        spans.append(span | {"attributes": told})
    scopes = [{"spans": spans}]
    return lines_of([{"resourceSpans": [{"resource": {}, "scopeSpans": scopes}]}])


def as_chat(texts: list[str]) -> bytes:
    rows: Rows = []
    for at, text in enumerate(texts):
        call = {"id": f"c{at}", "type": "function"}
        call |= {"function": {"name": text[:150] or "x", "arguments": text}}
        rows += [
            {"role": "user", "content": text},
            {"role": "assistant", "content": text, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{at}", "content": text},
        ]
    return lines_of([{"messages": rows}])


def texts() -> Iterator[str]:
    """Naughty strings, html5lib, CommonMark, pathological Markdown, trojan sources."""
    yield from json.loads((HOSTILE / "strings/blns.json").read_text("utf-8"))
    for file in sorted((HOSTILE / "html5lib").iterdir()):
        yield from file.read_bytes().decode("utf-8", "replace").split("\n\n")
    for file in sorted((HOSTILE / "markdown").rglob("*")):
        if file.is_file():
            yield file.read_text("utf-8", "replace")
    for case in json.loads((HOSTILE / "markdown/commonmark.json").read_text("utf-8")):
        yield case["markdown"]
    sources = (HOSTILE / "unicode/trojan_source.jsonl").read_text("utf-8")
    yield from filter(None, sources.split("\n"))


@pytest.mark.parametrize("written", [as_native, as_claude_code, as_otlp, as_chat])
def test_hostile_text_is_content_and_a_name(
    written: Callable[[list[str]], bytes], tmp_path: Path
) -> None:
    every = list(texts())
    assert len(every) > 3_000
    for start in range(0, len(every), AT_ONCE):
        ends_well(written(every[start : start + AT_ONCE]), tmp_path, "report", "check")


def test_every_json_of_the_test_suite_is_a_trace_a_line_and_a_value(
    tmp_path: Path,
) -> None:
    first, *others = (HOSTILE / "traces/ok.jsonl").read_bytes().splitlines()
    run = b'{"type": "run", "whypath": 1, "id": "r"}'
    step = b'{"type": "step", "kind": "tool", "name": "t", "input": %s, "output": %s}'
    files = sorted((HOSTILE / "json").rglob("*.json"))
    assert len(files) > 200
    for file in files:
        data = file.read_bytes()
        packed = json.dumps(data.decode("utf-8", "replace")).encode()
        bare = step % (data.replace(b"\n", b" "), b"1")
        for trace in (
            data,
            b"\n".join([first, data, *others]),
            b"\n".join([run, step % (packed, packed), bare]),
        ):
            (tmp_path / "report.html").unlink(missing_ok=True)
            ends_well(trace, tmp_path, "report")


PIECES = (b'"', b":", b"true", b"0", b"{", b"}", b"[", b"null", b"1e999", b'{"x":')


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The data with some of it gone, twice, elsewhere, or something else."""
    for _ in range(chance.randint(1, 8)):
        at, of = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
        size = chance.randint(1, 200)
        middle = chance.choice(
            [b"", data[of : of + size], chance.randbytes(8), chance.choice(PIECES)]
        )
        data = data[:at] + middle + data[at + chance.choice([0, 1, size]) :]
    return data


def test_damaged_real_traces_end_well(tmp_path: Path) -> None:
    chance = random.Random(20)
    files = [
        file
        for file in sorted(CORPUS.rglob("*"))
        if file.suffix in (".json", ".jsonl") and 0 < file.stat().st_size < SMALL
    ]
    for _ in range(MUTATIONS):
        (tmp_path / "report.html").unlink(missing_ok=True)
        data = damaged(chance.choice(files).read_bytes(), chance)
        ends_well(data, tmp_path, "report")
