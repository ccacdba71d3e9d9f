"""On a real terminal, of a hostile trace only letters and our own colours arrive."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from test_browser_hostile import step, steps_with

pty = pytest.importorskip("pty", reason="no pseudo terminals here")

NASTY = [
    "\x1b[2J\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07\x1b]8;;http://e\x1b\\link",
    "\x9b31m\x90q\x9c bell\x07 back\x08\x08 form\x0c vertical\x0b",
    "name\r\nforged line\rover",
    "user\u202e \u2066// check\u2069",
    "zero\u200bwidth \ufeff\U000e0041 \x00 \x7f",
]
OWN = re.compile(rb"\x1b\[(?:[0-9;]*m|\?25[lh]|[0-9]*[AKJ])|\x1b\]8;[^\x07\x1b]*\x1b\\")
"""Colours, and what draws a line of progress anew."""
OBEYED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\U000e0000-\U000e007f]"
)


def seen_on_a_terminal(folder: Path, *words: str) -> str:
    """All that a command sends to a terminal on both of its outputs."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "whypath", *words]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"}
    env.pop("NO_COLOR", None)
    running = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=env
    )
    os.close(slave)
    told = b""
    try:
        while part := os.read(master, 65536):
            told += part
    except OSError:  # so the end of a terminal is told
        pass
    running.wait()
    os.close(master)
    return told.decode("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with something nasty in every field, and files named so."""
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "site-of").mkdir()
    for name, some in (("a", NASTY), ("b", NASTY[::-1])):
        head = {"id": f"{some[0]}{name}", "task": some[1], "agent": some[2]}
        run = {"type": "run", "whypath": 1, **head, "labels": {some[3]: some[4]}}
        steps = [*steps_with("s", some), {"type": some[0]}]
        steps.append(step("last", kind="tool", name=some[1], error=some[0]))
        text = "\n".join(json.dumps(record) for record in [run, *steps, {}])
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
        (folder / "site-of" / f"\x1b[31m\u202e{name}\x07.jsonl").write_text(
            text, "utf-8"
        )
    (folder / "\x1b[2Jbroken\u202e.jsonl").write_text("\x1b[2Jnothing", "utf-8")
    (folder / "\x1b[2J\nother.json").write_text('{"\x5cu001b[2J": 1}', "utf-8")
    (folder / "rules.yaml").write_text("- \x1b[2J: 1\n", "utf-8")
    return folder


COMMANDS = {
    "show a run": ("show", "a.jsonl"),
    "show a step": ("show", "a.jsonl", "1", "--context", "--why"),
    "show as JSON": ("show", "a.jsonl", "2", "--json"),
    "show a run that is not there": ("show", "a.jsonl", "--run", NASTY[0]),
    "diff": ("diff", "a.jsonl", "b.jsonl", "-o", "diff.html"),
    "check": ("check", "a.jsonl", "b.jsonl"),
    "check against a baseline": ("check", "a.jsonl", "--baseline", "b.jsonl"),
    "check with a bad rule file": ("check", "a.jsonl", "--rules", "rules.yaml"),
    "formats": ("formats", "a.jsonl"),
    "a file that is nothing": ("formats", "\x1b[2Jbroken\u202e.jsonl"),
    "a file that cannot be read": ("report", "\x1b[2Jbroken\u202e.jsonl"),
    "a file that is not there": ("report", "\x1b[31mnone\u202e"),
    "an option that is none": ("show", "a.jsonl", "--\x1b[2J"),
    "report": ("report", "a.jsonl", "-o", "report.html"),
    "a report with a name": ("report", "a.jsonl", "-o", "\x1b[2J\u202e\n.html"),
    "check as JSON": ("check", "a.jsonl", "b.jsonl", "--json", "-"),
    "no format that is known": ("show", "\x1b[2J\nother.json"),
    "site with its progress": ("site", "site-of", "-o", "site"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_nothing_of_a_trace_is_obeyed(folder: Path, words: tuple[str, ...]) -> None:
    told = seen_on_a_terminal(folder, *words)
    rest = OWN.sub(b"", told.encode()).decode().replace("\r\n", "\n")
    assert rest.strip()
    assert not OBEYED.search(rest), told
    assert "Traceback" not in rest
    assert "\x1b[2J" not in told
    assert "\x1b]" not in told
    assert "\rover" not in told
