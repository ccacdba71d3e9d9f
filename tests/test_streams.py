"""Standard streams that are closed, full or hung up: a sentence, no lost answer."""

import subprocess
import sys
from pathlib import Path

import pytest

from samples import EXAMPLES

CALM = EXAMPLES / "escalation" / "vip-before-rename.jsonl"
TRACE = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
PRINTING = {
    "show": f"show {TRACE}",
    "check": f"check {TRACE} --fail-on never",
    "diff": f"diff {CALM} {TRACE}",
    "formats": "formats",
}


def shell(words: str, end: str = "") -> "subprocess.CompletedProcess[str]":
    command = f"set -o pipefail; {sys.executable} -m whypath {words} {end}"
    return subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", PRINTING.values(), ids=PRINTING)
def test_a_full_disk_behind_standard_output_is_a_sentence(words: str) -> None:
    done = shell(words, "> /dev/full")
    said = "Error: standard output: cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_help_on_a_full_disk_is_a_sentence() -> None:
    done = shell("--help", "> /dev/full")
    said = "Error: whypath: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize("words", PRINTING.values(), ids=PRINTING)
def test_a_closed_standard_output_is_a_sentence(words: str) -> None:
    done = shell(words, ">&-")
    said = "Error: standard output: is closed\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_a_closed_standard_input_is_a_sentence(tmp_path: Path) -> None:
    done = shell(f"report - -o {tmp_path}/x.html", "<&-")
    said = "Error: <stdin>: is closed. Hint: name a file\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize("streams", ["2>&-", "<&- 2>&-"])
def test_a_report_needs_nobody_to_talk_to(tmp_path: Path, streams: str) -> None:
    shell(f"report {TRACE} -o {tmp_path}/heard.html")
    done = shell(f"report {TRACE} -o {tmp_path}/silent.html", streams)
    assert done.returncode == 0
    silent, heard = tmp_path / "silent.html", tmp_path / "heard.html"
    assert silent.read_bytes() == heard.read_bytes()


def test_a_reader_that_hangs_up_does_not_change_the_answer() -> None:
    for words in (f"diff {CALM} {TRACE}", f"check {TRACE}"):
        done = shell(words, "| head -c 1 > /dev/null")
        assert (done.returncode, done.stderr) == (1, ""), words


def test_a_reader_that_hangs_up_is_no_error() -> None:
    done = shell(f"show {TRACE} --json", "| head -c 100 > /dev/null")
    assert (done.returncode, done.stderr) == (0, "")
