"""Signals end a command in order: an exit code, a line, the old output, no process."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from samples import EXAMPLES
from test_crash import is_alive
from test_site import contents

OLD = EXAMPLES / "escalation" / "vip-before-rename.jsonl"
NEW = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
COMMANDS = {
    "report": ("report", "{trace}", "-o", "{folder}/made.html"),
    "diff": ("diff", str(OLD), "{trace}", "-o", "{folder}/made.html"),
    "site": ("site", "{trace}", str(OLD), "-o", "{folder}/made", "--jobs", "1"),
    "workers": ("site", "{trace}", str(OLD), "-o", "{folder}/made", "--jobs", "2"),
}
SAID = {
    signal.SIGINT: "Interrupted: nothing was changed.\n",
    signal.SIGTERM: "Stopped: nothing was changed.\n",
    signal.SIGHUP: "Stopped: nothing was changed.\n",
}
EVERY = bool(os.environ.get("WHYPATH_EVERY_ERROR"))
SOME = [("workers", how) for how in SAID] + [("diff", signal.SIGHUP)]
ALL = [(name, how) for name in COMMANDS for how in SAID]


def words(name: str, trace: Path, folder: Path) -> list[str]:
    filled = [word.format(trace=trace, folder=folder) for word in COMMANDS[name]]
    return [sys.executable, "-m", "whypath", *filled]


def first_word(pipe: Path, patience_s: float = 60) -> str:
    """What somebody writes to a pipe, once somebody does."""
    handle = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        assert select.select([handle], [], [], patience_s)[0], "nobody came so far"
        return os.read(handle, 100).decode().split()[0]
    finally:
        os.close(handle)


def hear() -> None:
    """Signals that this session may ignore are heard by the command."""
    for how in SAID:
        signal.signal(how, signal.SIG_DFL)


@pytest.mark.parametrize(("name", "how"), ALL if EVERY else SOME)
def test_a_signal_in_the_middle_leaves_the_old_output_and_no_process(
    tmp_path: Path, name: str, how: signal.Signals
) -> None:
    folder, pipe, dot = tmp_path / "out", tmp_path / "pipe", tmp_path / "dot"
    subprocess.run(words(name, OLD, folder), capture_output=True, check=False)
    before = contents(folder)
    assert before
    os.mkfifo(pipe)
    dot.write_text(f"#!/bin/sh\ncat > /dev/null\necho $$ > {pipe}\nexec sleep 60\n")
    dot.chmod(0o755)
    with subprocess.Popen(
        [*words(name, NEW, folder), "--dot", str(dot)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear,
    ) as child:
        layout = int(first_word(pipe))
        child.send_signal(how)
        told, said = child.communicate(timeout=60)
    assert (child.returncode, told, said) == (128 + how, "", SAID[how])
    assert contents(folder) == before
    assert [path.name for path in folder.iterdir() if path.name[0] == "."] == []
    late = time.monotonic() + 20
    while is_alive(layout):
        assert time.monotonic() < late, "an orphan"
        time.sleep(0.02)
