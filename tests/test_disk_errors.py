"""Each call that touches the output fails once: there is the old output or the new one.

strace makes the calls fail. A few of each kind by default; all of them with the
environment variable WHYPATH_EVERY_ERROR, which takes some minutes.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from samples import EXAMPLES
from test_site import contents

EVERY = bool(os.environ.get("WHYPATH_EVERY_ERROR"))
ERRORS = {
    "write": ("ENOSPC", "No space left on device"),
    "fsync": ("EIO", "Input/output error"),
    "rename": ("EACCES", "Permission denied"),
    "renameat2": ("ENOSYS", "Function not implemented"),
    "mkdir": ("ENOSPC", "No space left on device"),
    "openat": ("ENOSPC", "No space left on device"),
    "close": ("EIO", "Input/output error"),
    "chmod": ("EROFS", "Read-only file system"),
    "syncfs": ("EIO", "Input/output error"),
}
"""A call, the error that it ends with, and what a person is told of it."""
OLD = EXAMPLES / "escalation" / "vip-before-rename.jsonl"
NEW = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
CHAT = EXAMPLES / "escalation" / "vip-after-rename.chat.json"
BEGUN = re.compile(r"(\d* *)(\w+)\((.*)")


class Case(NamedTuple):
    """A command, with what it reads and the folder that it writes to left open."""

    name: str
    words: tuple[str, ...]

    def command(self, trace: Path, folder: Path) -> list[str]:
        filled = (word.format(trace=trace, folder=folder) for word in self.words)
        return [sys.executable, "-m", "whypath", *filled]


OUTPUTS = ("junit", "sarif", "summary", "json", "save-baseline")
CASES = (
    Case("report", ("report", "{trace}", "-o", "{folder}/made.html")),
    Case("folder", ("report", "{trace}", "-o", "{folder}/made/")),
    Case(
        "graph",
        (
            *("report", "{trace}", "-o", "{folder}/made.html"),
            *("--graph", "{folder}/made.svg"),
        ),
    ),
    Case(
        "diff",
        (
            *("diff", str(OLD), "{trace}", "-o", "{folder}/made.html"),
            *("--json", "{folder}/made.json", "--summary", "{folder}/made.md"),
        ),
    ),
    Case("site", ("site", "{trace}", "-o", "{folder}/made", "--jobs", "1")),
    Case(
        "workers",
        (
            *("site", "{trace}", str(CHAT), "-o", "{folder}/made"),
            *("--jobs", "2", "--dot", "none"),  # or its calls would fail as well
        ),
    ),
    Case(
        "check",
        (
            *("check", "{trace}", "--fail-on", "never", "--secrets"),
            *(
                word
                for name in OUTPUTS
                for word in (f"--{name}", f"{{folder}}/made.{name}")
            ),
        ),
    ),
)


FEW = [case for case in CASES if case.name in ("report", "folder", "workers")]


def run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    still = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=still
    )


def calls_on(folder: Path, log: Path) -> Iterator[tuple[str, int]]:
    """Each call on the folder: its name, and the how many-th of its process it is."""
    known: Counter[tuple[str, str]] = Counter()
    found = set()
    for line in log.read_text("utf-8", "replace").splitlines():
        begun = BEGUN.match(line)
        if begun is None:
            continue
        process, name, rest = begun.groups()
        known[process, name] += 1
        if str(folder) in rest:
            found.add((name, known[process, name]))
    yield from sorted(found)


def some(calls: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The last of each kind that a default run has time for."""
    last = dict(calls)
    return [(name, last[name]) for name in ("write", "rename") if name in last]


def assert_old_or_new(
    done: "subprocess.CompletedProcess[str]",
    cause: str,
    left: dict[str, bytes],
    old: dict[str, bytes],
    new: dict[str, bytes],
) -> None:
    """Of several outputs each is the old one or the new one, of a folder all are."""
    if done.returncode in (0, 1):  # it did without the call
        assert left == new
        assert done.stderr == ""
        return
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("Error: "), done.stderr
    assert cause in done.stderr
    assert "/out/made" in done.stderr
    in_folder = any(name.startswith("made/") for name in old)
    if in_folder:
        assert left in (old, new)
    for name in old.keys() | left.keys():
        assert left.get(name) in (old.get(name), new.get(name)), name


@pytest.mark.skipif(not shutil.which("strace"), reason="NOT TESTED: no strace here")
@pytest.mark.parametrize("case", CASES if EVERY else FEW, ids=lambda case: case.name)
def test_a_call_that_fails_leaves_the_old_output_or_the_new(
    tmp_path: Path, case: Case
) -> None:
    folder, kept, log = tmp_path / "out", tmp_path / "kept", tmp_path / "log"
    folder.mkdir()
    assert run(case.command(OLD, folder)).returncode in (0, 1)
    shutil.copytree(folder, kept)
    old = contents(folder)
    strace = ["strace", *(["-f"] if case.name == "workers" else []), "-o", str(log)]
    every = [*strace, "-y", "-e", f"trace={','.join(ERRORS)}"]
    assert run([*every, *case.command(NEW, folder)]).returncode in (0, 1)
    new = contents(folder)
    assert old != new
    calls = list(calls_on(folder, log))
    hits = 0
    for name, number in calls if EVERY else some(calls):
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        error, cause = ERRORS[name]
        inject = [
            "-e",
            f"trace={name}",
            "-e",
            f"inject={name}:error={error}:when={number}",
        ]
        done = run([*strace, *inject, *case.command(NEW, folder)])
        hits += "INJECTED" in log.read_text("utf-8", "replace")
        assert_old_or_new(done, cause, contents(folder), old, new)
        litter = [path.name for path in folder.iterdir() if path.name[0] == "."]
        assert litter == [], f"{name} {number}"
    assert hits, calls
