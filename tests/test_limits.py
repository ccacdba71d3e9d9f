"""Input that is far too much, or never ends: a sentence soon, and little memory.

What is measured is the processor time and the peak memory of a process of its own.
"""

import gc
import gzip
import io
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from samples import ROOT
from whypath import records
from whypath.errors import TraceError
from whypath.limits import USUAL
from whypath.options import LIMITS
from whypath.records import Records

RUN = b'{"type": "run", "whypath": 1, "id": "r"}\n'
STEP = b'{"type": "step", "kind": "tool", "name": "t", "output": "x"}\n'
GOOD = RUN + STEP * 5
MEGABYTE = 1 << 20


class Ended(NamedTuple):
    """How a process ended: its code, what it said, CPU seconds, peak megabytes."""

    code: int
    said: str
    seconds: float
    megabytes: float


PEAK = """
import atexit, re
from pathlib import Path
from whypath.cli import main

@atexit.register
def peak():
    status = Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\\s+(\\d+)", status)[1], flush=True)

main()
"""


def report(trace: Path, *options: str) -> Ended:
    words = ["-c", PEAK, "report", str(trace), *options]
    words += ["-o", str(trace.parent / "report.html")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with (trace.parent / "said").open("w+") as said:
        process = subprocess.Popen(
            [sys.executable, *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text, _, peak = said.read().rpartition("peak ")
    assert "Traceback" not in text
    seconds = used.ru_utime + used.ru_stime
    return Ended(process.returncode, text, seconds, int(peak) / 1024)


def bomb(of: bytes) -> bytes:
    """A thousand of it, in archives that follow each other."""
    return gzip.compress(of, mtime=0) * 1024


def zip_of(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


def large_members() -> bytes:
    member = b'{"a": "' + b" " * (40 * MEGABYTE) + b'"}'
    return zip_of(("0.json", GOOD), ("1.json", member), ("2.json", member))


BOMBS: dict[str, Callable[[], bytes]] = {
    "a gigabyte of NUL": lambda: bomb(bytes(MEGABYTE)),
    "a gigabyte of line feeds": lambda: bomb(b"\n" * MEGABYTE),
    "members of a zip": large_members,
}


@pytest.mark.parametrize("made", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_soon_and_in_little_memory(
    made: Callable[[], bytes], tmp_path: Path
) -> None:
    (tmp_path / "bomb").write_bytes(made())
    ended = report(tmp_path / "bomb", "--format", "native")
    assert ended.code == 2
    assert "unpacks to more than 200 times its size" in ended.said
    assert "--at-most ratio" in ended.said
    assert ended.seconds < 2
    assert ended.megabytes < 150


WRONG: dict[str, tuple[bytes, str]] = {
    "gzip in gzip": (gzip.compress(gzip.compress(GOOD)), "not JSON"),
    "zip in zip": (zip_of(("a.zip", zip_of(("b.json", GOOD)))), "without any .json"),
    "a megabyte of lines that are none": (b"word\n" * 200_000, "no JSON value in its"),
    "a document that never ends": (b'{"a":\n' + b"[1,\n" * 200_000, "no JSON value"),
    "line feeds alone": (b"\n" * (50 * MEGABYTE), "only blank lines"),
    "deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deep"),
    "open brackets": (b"[" * (5 * MEGABYTE), "cut off"),
}


@pytest.mark.parametrize(("data", "sentence"), WRONG.values(), ids=WRONG)
def test_what_is_no_trace_is_said_soon_and_in_little_memory(
    data: bytes, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "trace").write_bytes(data)
    ended = report(tmp_path / "trace")
    assert (ended.code, sentence in ended.said) == (2, True), ended.said
    assert ended.seconds < 5
    assert ended.megabytes < 200


def test_lines_that_are_no_json_leave_nothing_behind() -> None:
    """The command line spares the garbage collector, so circles would stay."""
    left = Records(None, io.BytesIO(RUN + b"word\n" * 500))
    gc.collect()
    gc.disable()
    try:
        assert len(list(left)) == 1
        assert gc.collect() < 100
    finally:
        gc.enable()
    assert left.problems[0].count == 500


def test_a_damaged_document_of_too_many_lines_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "MOST_LINES", 50)
    with pytest.raises(TraceError, match="a damaged JSON value of more than 50 lines"):
        list(Records(None, io.BytesIO(b'{"a":\n' + b'"b":\n' * 100)))


KEPT: dict[str, tuple[bytes, str]] = {
    "a line of 5 MB": (
        b'{"type": "step", "kind": "tool", "output": "%s"}' % (b"ab c" * 1_250_000),
        "",
    ),
    "a number of a million digits": (
        b'{"type": "step", "kind": "tool", "output": %s}' % (b"7" * 10**6),
        "",
    ),
    "brackets 100,000 deep": (
        b'{"type": "step", "output": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "nested too deep",
    ),
    "a broken line of 8 MB": (
        b'{"type": "step", "a": "' + b"x" * 8_000_000,
        "not JSON",
    ),
}


@pytest.mark.parametrize(("line", "what"), KEPT.values(), ids=KEPT)
def test_one_odd_line_costs_little_and_the_others_are_kept(
    line: bytes, what: str, tmp_path: Path
) -> None:
    (tmp_path / "trace").write_bytes(RUN + line + b"\n" + STEP * 3)
    ended = report(tmp_path / "trace")
    assert ended.code == 0, ended.said
    assert ended.seconds < 5
    found = Records(tmp_path / "trace")
    assert len(list(found)) >= 4
    whats = [problem.what for problem in found.problems]
    assert [what in said for said in whats] == [True] * len(whats)
    assert bool(whats) is bool(what)


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    ended = report(tmp_path / "pipe.json")
    assert (ended.code, "is a named pipe" in ended.said) == (2, True)
    (tmp_path / "runs").mkdir()
    os.mkfifo(tmp_path / "runs" / "pipe.json")
    (tmp_path / "runs" / "good.jsonl").write_bytes(GOOD)
    assert report(tmp_path / "runs").code == 0


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/null"])
def test_a_device_is_not_read(device: str) -> None:
    with pytest.raises(TraceError, match="is a device"):
        Records(Path(device))


def test_a_socket_and_a_circle_of_links_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is a short one
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.json")
        with pytest.raises(TraceError, match="cannot be opened"):
            Records(Path("socket.json"))
    Path("me.json").symlink_to("me.json")
    with pytest.raises(TraceError, match="cannot be opened"):
        Records(Path("me.json"))
    Path("runs").mkdir()
    Path("runs/here").symlink_to(".")
    Path("runs/good.jsonl").write_bytes(GOOD)
    assert report(tmp_path / "runs").code == 0


@pytest.mark.parametrize("size", [0, 10, len(GOOD) * 20_000])
def test_a_file_that_grows_or_shrinks_while_it_is_read_is_read(
    size: int, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_bytes(RUN + STEP * 20_000)
    reading = Records(trace)
    reading.sample()
    os.truncate(trace, size)
    with suppress(TraceError):
        for record in reading:
            json.loads(record.data)
    assert all(problem.what for problem in reading.problems)


def test_a_file_that_vanishes_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be opened"):
        Records(tmp_path / "gone.jsonl")


def test_help_has_each_limit_with_what_it_is() -> None:
    words = [sys.executable, "-m", "whypath", "report", "--help"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"}
    told = subprocess.run(
        words, env=environment, capture_output=True, text=True, check=True
    ).stdout
    about = " ".join(told.split("--at-most")[1].split("--help")[0].split())
    sizes = {"total": "8 GiB", "line": "1 GiB", "value": "1 GiB", "depth": "400"}
    sizes |= {"ratio": "200", "files": "20000"}
    assert tuple(sizes) == LIMITS == USUAL._fields
    for name, size in sizes.items():
        assert re.search(rf"{name} \([^)]*{size}\)", about), name
    shown = {"total": USUAL.total >> 30, "line": USUAL.line >> 30}
    assert shown == {"total": 8, "line": 1}
    assert (USUAL.value >> 30, USUAL.depth, USUAL.ratio, USUAL.files) == (
        *(1, 400, 200),
        20_000,
    )
