"""A made-up secret in every field of a trace is in nothing that is written."""

import base64
import gzip
import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import re2
from click.testing import CliRunner

from canaries import FORMATS, KINDS, TOLD, Planted
from whypath import cli

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
        packed = [
            gzip.decompress(base64.b64decode(m[0])) for m in _PACKED.finditer(data)
        ]
        return {
            self._forms[match.group()]
            for part in (data, *packed)
            for match in self._pattern.finditer(part)
        }


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
    return done.stdout


def files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.name.encode() + path.read_bytes()


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
