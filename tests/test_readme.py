"""The console blocks of the READMEs run, and print what they say they print."""

import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import NamedTuple

import pytest

from samples import EXAMPLES, ROOT, read_runs
from whypath.builder import Builder
from whypath.readers import Reader
from whypath.records import Records

PAGES = (ROOT / "README.md", EXAMPLES / "README.md")

NOT_RUN = ("pip install ", "pipx ", "uvx ", "make ", "git clone ", "cd ")
"""Commands that a README may show and that a test has no business to run."""

BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
ELLIPSIS = ("…", "...")


class Example(NamedTuple):
    """One command of a block and the lines that are shown under it."""

    command: str
    output: tuple[str, ...]


def blocks(text: str) -> list[list[Example]]:
    """The console blocks of a page; a block's commands run in one folder."""
    found = []
    for match in BLOCK.finditer(text):
        examples: list[Example] = []
        for line in match[1].splitlines():
            if line.startswith("$ "):
                examples.append(Example(line[2:], ()))
            elif examples:
                command, output = examples[-1]
                examples[-1] = Example(command, (*output, line))
        found.append([Example(one, _without_end(lines)) for one, lines in examples])
    return found


def _without_end(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines without the blank ones that only set two commands apart."""
    return tuple("\n".join(lines).rstrip().split("\n")) if any(lines) else ()


def pattern(lines: tuple[str, ...]) -> re.Pattern[str]:
    """What the output must look like: a line of `…` is any lines, `…` any words."""
    parts = []
    for line in lines:
        if line.strip() in ELLIPSIS:
            parts.append(r"(?:.*\n)*?")
        else:
            words = re.split(r"…|(?<=\s)\.\.\.|\.\.\.$", line.rstrip())
            parts.append(r".*".join(map(re.escape, words)) + r"[ \t]*\n")
    return re.compile("".join(parts))


def cases() -> list[object]:
    """A case for each block, named by its page and the line it begins on."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        for match, examples in zip(BLOCK.finditer(text), blocks(text), strict=True):
            line = text.count("\n", 0, match.start()) + 1
            name = f"{page.relative_to(ROOT)}:{line}"
            found.append(pytest.param(page, examples, id=name))
    return found


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with a copy of the examples, and `whypath` on its PATH."""
    shutil.copytree(EXAMPLES, tmp_path / "example_traces")
    program = tmp_path / "bin" / "whypath"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m whypath "$@"\n')
    program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_readme_shows_commands_that_a_test_may_run_or_knows(page: Path) -> None:
    if not page.exists():
        pytest.skip(f"NOT CHECKED: there is no {page.relative_to(ROOT)} yet")
    examples = [one for block in blocks(page.read_text("utf-8")) for one in block]
    for command, output in examples:
        known = command.startswith(("whypath ", *NOT_RUN))
        assert known, f"say in NOT_RUN why this is not run: {command}"
        assert not (output and command.startswith(NOT_RUN)), f"unproved: {command}"


@pytest.mark.parametrize(("page", "examples"), cases())
def test_a_console_block_prints_what_it_says(
    page: Path, examples: list[Example], workplace: Path
) -> None:
    folder = workplace / page.parent.relative_to(ROOT)
    path = f"{workplace / 'bin'}{os.pathsep}{os.environ['PATH']}"
    fixed = {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100", "NO_COLOR": "1"}
    environment = {**os.environ, "PATH": path, **fixed}
    for command, output in examples:
        if command.startswith(NOT_RUN):
            continue
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        said = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())
        shown = "\n".join(output)
        what = f"$ {command}\n--- the README says\n{shown}\n--- it prints\n{said}"
        assert pattern(output).fullmatch(said), what


def fenced(language: str, section: str) -> str:
    """The block of that language in a section of the README."""
    text = PAGES[0].read_text("utf-8").partition(f"## {section}\n")[2]
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_reader_that_the_readme_shows_reads_the_trace_that_it_shows(
    tmp_path: Path,
) -> None:
    code = fenced("python", "Add a format")
    assert len(code.splitlines()) < 50
    reader = types.ModuleType("ticket_bot")
    exec(code, reader.__dict__)
    trace = tmp_path / "monday.jsonl"
    trace.write_text(fenced("json", "Add a format") + '{"ticket":"T-7","who":"x"}\n')
    records = Records(trace)
    assert reader.detect(records.sample())
    builder = Builder(reader.NAME)
    builder.reading("monday.jsonl")
    reader.read(records, builder)
    [run] = builder.finish()
    assert [(s.kind, s.name) for s in run.steps] == [
        ("user", ""),
        ("model", ""),
        ("tool", "orders.find"),
        ("model", ""),
    ]
    assert run.contents.text(run.steps[2].output or 0) == "shipped yesterday"
    assert [(p.what, p.line) for p in run.problems] == [("lines by x", 4)]
    public = [name for name in Reader.__dict__ if name[0] != "_"]
    assert {*public, *Reader.__annotations__} <= reader.__dict__.keys()


def test_the_agent_that_the_readme_records_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(fenced("python", "Record your own agent"), {})
    [run] = read_runs(tmp_path / "ticket.jsonl")
    assert [step.kind for step in run.steps] == ["tool", "decision"]


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        (("one", "two"), "one\ntwo\n", True),
        (("one",), "one\ntwo\n", False),
        (("one", "…"), "one\ntwo\nthree\n", True),
        (("...", "three"), "one\ntwo\nthree\n", True),
        (("wrote … in … s",), "wrote 3 MB in 0.2 s\n", True),
        (("wrote … in … s",), "read 3 MB in 0.2 s\n", False),
        ((), "", True),
        ((), "surprise\n", False),
    ],
    ids=str,
)
def test_an_ellipsis_stands_for_any_words_or_lines(
    shown: tuple[str, ...], said: str, same: bool
) -> None:
    assert bool(pattern(shown).fullmatch(said)) is same


def test_a_block_is_its_commands_with_their_output() -> None:
    text = "```console\n$ whypath a\none\n\n$ whypath b | head\n```\n"
    assert blocks(text) == [
        [Example("whypath a", ("one",)), Example("whypath b | head", ())]
    ]
