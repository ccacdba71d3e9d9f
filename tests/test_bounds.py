"""Hostile text costs bounded time. It is CPU time: a busy machine does not matter."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from markupsafe import escape

from whypath.cli import main
from whypath.render.text import LEXERS, Prose
from whypath.terminal.text import safe

A_REPORT = 10.0
A_BLOCK = 2.0

PATTERNS = (
    *("a", "\\", "'", '"', "'''", '"""', "{", "(", "[", "<", "</", "a.", "1,", "1."),
    *("-", "/", "/*", "//", "a/", " ", "\n", " \n", "\t", "@", "a@", "_", "*", "`"),
    *("a\n", '"\\', "a(", "a b ", "def ", "::", "->", "@@", "a: ", "{{", "}}"),
    *("0", "=", "#", "&", "$", "${", "$(", "%{", "<?", "?>", "r#", "\\\n", "- ", "> "),
)
SLICE = (" \n", "a\n", "$", "'", '"', '"""', "\\", "{", "(", "<", "/*", "${", "\\\n")
SIZES = (2_000, 8_000, 16_000, 20_000, 200_000)

RUN = {"type": "run", "whypath": 1, "id": "r"}


def tool(given: str, output: object) -> dict[str, Any]:
    return {
        "type": "step",
        "kind": "tool",
        "name": "look_up",
        "input": {"q": given},
        "output": output,
    }


def says(text: str) -> dict[str, Any]:
    return {"type": "step", "kind": "model", "output": text}


def filled(piece: str, size: int) -> str:
    return piece * (size // len(piece))


TRACES: dict[str, list[dict[str, Any]]] = {
    "10,000 identical steps": [tool("a", "the same")] * 10_000,
    "10,000 steps of 1 KB, each another": [
        tool(str(at), f"v{at} " * 200) for at in range(10_000)
    ],
    "one step of 5 MB": [
        tool("a", filled("abc def 123 ", 5_000_000)),
        says("done 123"),
    ],
}

PROSE = {
    "open brackets": "[",
    "open images": "![](",
    "nested links": "[a](",
    "stars": "*",
    "stars with a letter": "*a ",
    "stars and lines": "**a _",
    "backticks": "`a``",
    "quotes": "> ",
    "entities": "&",
    "open tags": "<a",
    "comments": "<!--",
    "processing": "<?",
    "table rows": "|\n",
    "table cells": "|a",
    "headings": "# a\n",
    "references": "[a]: b\n",
    "backslashes": "\\",
    "strikes": "~~a",
    "lists": "- - ",
    "numbers": "1. a\n",
    "fences": "```\n",
    "tabs": "\t- a\n",
}
HEADS = {"table rows": "|a|b|\n|-|-|\n", "table cells": "|a|\n|-|\n"}


def spent(work: Any, *given: Any) -> float:
    """The CPU seconds of this process while `work` ran."""
    start = time.process_time()
    work(*given)
    return time.process_time() - start


def blocks() -> Iterator[tuple[str, str, str, int]]:
    """Each lexer with what opens a text, what fills it, and how much of that."""
    everything = bool(os.environ.get("WHYPATH_ALL_BLOCKS"))
    for lexer in sorted(LEXERS):
        for pattern in PATTERNS if everything else SLICE:
            for head in ("", "'''", '"') if everything else ("",):
                for size in SIZES if everything else SIZES[1:2]:
                    yield lexer, head, pattern, size
    yield "toml", "'''", "class ", SIZES[1]


@pytest.mark.parametrize("steps", TRACES.values(), ids=TRACES)
def test_the_report_of_a_pathological_trace_takes_bounded_time(
    steps: list[dict[str, Any]], tmp_path: Path
) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("\n".join(map(json.dumps, [RUN, *steps])), "utf-8")
    arguments = ["report", str(trace), "-o", str(tmp_path / "report.html")]
    start = time.process_time()
    ended = CliRunner().invoke(main, arguments)
    took = time.process_time() - start
    assert ended.exit_code == 0, ended.output
    assert took < A_REPORT


def test_no_block_of_markdown_takes_longer_than_two_seconds() -> None:
    Prose().render("# warm")
    worst = max(
        (spent(Prose().render, HEADS.get(name, "# a\n\n") + filled(piece, size)), name)
        for name, piece in PROSE.items()
        for size in (2_000, 32_000, 200_000)
    )
    assert worst[0] < A_BLOCK, worst


def test_no_block_of_code_takes_longer_than_two_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slice of them by default, all where `WHYPATH_ALL_BLOCKS` is set.

    The lexers by themselves: what would end them in time is out of the way.
    """
    monkeypatch.setattr("whypath.render.text.CODE_S", 600)
    Prose().code("warm = 1", "python")
    worst = max(
        (spent(Prose().code, head + filled(pattern, size), lexer), lexer, head, pattern)
        for lexer, head, pattern, size in blocks()
    )
    assert worst[0] < A_BLOCK, worst


def test_a_lexer_that_would_take_for_ever_is_ended_and_its_page_has_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whypath.render.text.LEXERS", LEXERS | {"scala"})
    prose, hostile = Prose(), '"' + "\\" * 2_000
    assert prose.code("val a = 1", "scala").count("<span")
    start = time.process_time()
    assert prose.code(hostile, "scala") == escape(hostile)
    assert time.process_time() - start < A_BLOCK
    assert prose.code("val a = 2", "scala") == "val a = 2"
    assert Prose().code("val a = 2", "scala").count("<span")


@pytest.mark.parametrize("piece", ["\n", " ", " \n", "::\n", "##", "\r", "\x1b"])
def test_a_terminal_waits_for_no_text(piece: str) -> None:
    assert spent(safe, "##" + filled(piece, 400_000)) < A_BLOCK


@pytest.mark.parametrize("piece", ["> ", "- ", "1. "])
def test_what_markdown_would_drop_is_shown_as_it_is(piece: str) -> None:
    assert Prose().render(piece * 5 + "deep") is not None
    assert Prose().render(piece * 150 + "deep") is None
