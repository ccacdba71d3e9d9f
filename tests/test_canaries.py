"""A made-up secret in every field of a trace is in nothing that is written."""

import base64
import gzip
import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import re2
from click.testing import CliRunner

from canaries import FORMATS, KINDS, TOLD, Planted
from whypath import cli

_GZIP = b"\x1f\x8b"
_PACKED = re.compile(rb"H4sI[A-Za-z0-9+/]{40,}={0,2}")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_TOKEN", TOLD)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")


def written_as(secret: str) -> Iterator[str]:
    """The secret in five encodings."""
    yield secret
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
        yield whole[-(-shift * 4 // 3) : (shift + len(secret)) * 4 // 3]


class Search:
    """Looks for many secrets in many bytes at once."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._forms = {
            form.encode(): place
            for place, secret in secrets.items()
            for form in written_as(secret)
        }
        options = re2.Options()
        options.max_mem = 512 << 20
        options.encoding = re2.Options.Encoding.LATIN1
        forms = sorted(self._forms, key=len, reverse=True)
        self._pattern = re2.compile(b"|".join(map(re2.escape, forms)), options)

    def found(self, data: bytes) -> set[str]:
        """The places whose secrets are in the data, or in what is packed in it."""
        return {
            self._forms[match.group()]
            for part in unpacked(data)
            for match in self._pattern.finditer(part)
        }


def unpacked(data: bytes) -> Iterator[bytes]:
    """The data, and all that is packed in it."""
    yield data
    if data.startswith(_GZIP):
        yield from unpacked(gzip.decompress(data))
    for match in _PACKED.finditer(data):
        yield from unpacked(gzip.decompress(base64.b64decode(match[0])))


def plant(format: str, folder: Path) -> tuple[Path, Search]:
    """A trace with a secret in every field and in its name, and what looks for them."""
    planted = Planted(format)
    rows = [json.dumps(row) for row in FORMATS[format](planted)]
    assert len(planted.secrets) > 10 * len(KINDS)
    name = planted.at("github", "file name")
    trace = folder / f"{format} {name}.jsonl"
    trace.write_text("\n".join(rows) + "\n", "utf-8")
    return trace, Search(planted.secrets)


def run(*words: str) -> str:
    done = CliRunner().invoke(cli.main, words)
    assert isinstance(done.exception, SystemExit | None), (words[0], done.exception)
    assert done.exit_code < 2, done.output
    return done.output


def files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(folder))
            yield name, path.read_bytes()
            yield f"the name of {name}", name.encode()


def report(trace: Path, out: Path) -> dict[str, str]:
    run("report", str(trace), "-o", f"{out}/x.html", "--graph", f"{out}/x.dot")
    run("report", str(trace), "-o", f"{out}/x/", "--graph", f"{out}/x.svg")
    return {}


def show(trace: Path, out: Path) -> dict[str, str]:
    ways = [(), ("--json",), ("2", "--json"), ("3",), ("5", "--why")]
    ways += [("3", "--context"), ("2", "--context", "--json", "--as", "openai")]
    return {" ".join(way): run("show", str(trace), *way) for way in ways}


def check(trace: Path, out: Path) -> dict[str, str]:
    names = ("junit", "sarif", "summary", "json")
    files = [word for name in names for word in (f"--{name}", f"{out}/{name}")]
    saved = ("--save-baseline", f"{out}/usual.json")
    said = run("check", str(trace), "--secrets", "--fail-on", "never", *files, *saved)
    again = ("--baseline", f"{out}/usual.json", "--previous", f"{out}/json")
    return {"text": said, "again": run("check", str(trace), *again, "--json", "-")}


def another(trace: Path) -> Path:
    """The same trace a little different, beside it."""
    other = trace.with_name(f"other {trace.name}")
    text = trace.read_text("utf-8").replace("use ", "then use ", 40)
    other.write_text(text.replace('"error"', '"ok"'), "utf-8")
    return other


def diff(trace: Path, out: Path) -> dict[str, str]:
    both = (str(trace), str(another(trace)))
    files = ("--summary", f"{out}/summary", "--json", f"{out}/json")
    said = run("diff", *both, "-o", f"{out}/x.html", *files)
    return {"text": said, "folder": run("diff", *both, "-o", f"{out}/x/")}


def site(trace: Path, out: Path) -> dict[str, str]:
    another(trace)
    command = ("site", str(trace.parent), "-o", f"{out}/x/", "--jobs", "1", "--search")
    return {"first": run(*command), "again": run(*command)}


OUTPUTS = {f.__name__: f for f in (report, show, check, diff, site)}


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("format", FORMATS)
def test_a_secret_in_any_field_is_in_no_output(
    format: str, output: str, tmp_path: Path
) -> None:
    traces, out = tmp_path / "traces", tmp_path / "out"
    traces.mkdir()
    out.mkdir()
    trace, search = plant(format, traces)
    said = OUTPUTS[output](trace, out)
    outputs = [*files_in(out), *((name, text.encode()) for name, text in said.items())]
    assert outputs
    leaks = {
        f"{place} in {name}" for name, data in outputs for place in search.found(data)
    }
    assert not leaks, "\n".join(["", *sorted(leaks)])


@pytest.mark.parametrize("format", FORMATS)
def test_without_redaction_every_secret_is_found(format: str, tmp_path: Path) -> None:
    """What is searched with finds the secrets, and the trace shows its fields."""
    trace, search = plant(format, tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    run("report", str(trace), "-o", f"{out}/x/", "--no-redact")
    found = {place for _, data in files_in(out) for place in search.found(data)}
    seen = [{place.split(": ")[part] for place in found} for part in (0, 1)]
    assert seen[0] == set(KINDS)
    assert len(seen[1]) > 12, sorted(seen[1])


def adk(first: str, last: str) -> dict[str, Any]:
    """A session of Google's ADK whose answer came in two pieces and broke off."""
    said = [("user", "hi", None), ("agent", first, True), ("agent", last, True)]
    events = [
        {
            "id": str(at),
            "invocation_id": "i",
            "author": author,
            "actions": {},
            "timestamp": float(at),
            "partial": partial,
            "content": {"role": author, "parts": [{"text": text}]},
        }
        for at, (author, text, partial) in enumerate(said)
    ]
    return {"id": "s", "app_name": "a", "user_id": "u", "state": {}, "events": events}


@pytest.mark.parametrize("at", [12, 20, 31])
def test_a_secret_that_was_streamed_in_pieces_is_found(at: int, tmp_path: Path) -> None:
    canary = KINDS["github"]("pieces")
    trace = tmp_path / "s.json"
    trace.write_text(json.dumps(adk(canary.text[:at], canary.text[at:])), "utf-8")
    said = run("show", str(trace), "--json") + run("show", str(trace), "2")
    assert "[redacted:github-pat:1]" in said
    assert canary.secret[8:] not in said
    assert canary.text[:at] not in said


def lines_of_plain_text(format: str) -> tuple[str, Search]:
    """A text with a secret of each kind that needs no telling, on a line each."""
    planted = Planted(format)
    text = "\n".join(planted.at(kind, "word") for kind in KINDS)
    return text, Search(planted.secrets)


def plain_trace(folder: Path, *labels: str) -> list[Path]:
    """Traces of a few steps, one with each label, in which nothing is secret."""
    made = []
    for label in labels or ("one",):
        rows = [
            {
                "type": "run",
                "whypath": 1,
                "id": label,
                "task": "t",
                "labels": {"v": label},
            },
            {"type": "step", "kind": "user", "output": "hello"},
            {"type": "step", "kind": "model", "output": f"{label} to you"},
        ]
        path = folder / f"{label}.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
        made.append(path)
    return made


def leaks_in(folder: Path, search: Search) -> set[str]:
    return {f"{p} in {n}" for n, data in files_in(folder) for p in search.found(data)}


def test_what_a_person_writes_on_the_page_holds_no_secret(tmp_path: Path) -> None:
    text, search = lines_of_plain_text("notes")
    out = tmp_path / "out"
    out.mkdir()
    (trace,) = plain_trace(tmp_path)
    run("report", str(trace), "-o", f"{out}/a.html", "--note", f"2={text}")
    run("report", str(trace), "-o", f"{out}/b/", "--note", f"2={text}")
    run("site", str(trace), "-o", f"{out}/c/", "--jobs", "1", "--title", text)
    assert b"[redacted:" in (out / "a.html").read_bytes()
    assert b"[redacted:" in (out / "c" / "index.html").read_bytes()
    assert not leaks_in(out, search)


def test_a_report_is_not_called_after_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = KINDS["github"]("a name").secret
    (trace,) = plain_trace(tmp_path)
    trace = trace.rename(tmp_path / f"{secret}.jsonl")
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.chdir(out)
    run("report", str(trace))
    assert [path.name for path in out.iterdir()] == ["report.html"]
    assert not leaks_in(out, Search({"name": secret}))


@pytest.mark.parametrize("format", ["native", "otlp"])
def test_the_diffs_of_a_site_hold_no_secret(format: str, tmp_path: Path) -> None:
    traces, out = tmp_path / "traces", tmp_path / "out"
    for name in ("good", "bad"):
        (traces / name).mkdir(parents=True)
    trace, search = plant(format, traces / "bad")
    text = trace.read_text("utf-8").replace('"error"', '"ok"')
    (traces / "good" / f"other {trace.name}").write_text(text, "utf-8")
    made = ("--baseline", "good", "--diffs", "2", "--forget")
    run(
        "site", f"{traces}/good", f"{traces}/bad", "-o", f"{out}/", "--jobs", "1", *made
    )
    assert list(out.glob("diffs/*/index.html"))
    assert not leaks_in(out, search)


def test_reports_of_tests_hold_no_secret(tmp_path: Path) -> None:
    kept = tmp_path / "traces"
    kept.mkdir()
    _, search = plant("native", kept)
    secret = KINDS["aws"]("a parameter").secret
    test = tmp_path / "test_agent.py"
    test.write_text(
        "import shutil, pytest\n"
        f"@pytest.mark.parametrize('key', ['{secret}'])\n"
        "def test_it(key, tmp_path):\n"
        "    shutil.copytree('traces', tmp_path / 'made')\n"
        "    assert 0\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    more = [str(test), "--whypath=out", f"--basetemp={tmp_path / 'base'}"]
    source = str(Path(cli.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source}
    done = subprocess.run(
        [*command, *more],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert list((tmp_path / "out").glob("test-agent-test-it-redacted-*.html"))
    assert not leaks_in(tmp_path / "out", search)
    assert not leaks_in(tmp_path / "out", Search({"parameter": secret}))
    assert "Whypath: why" in done.stdout
    assert not search.found(done.stdout.encode())
