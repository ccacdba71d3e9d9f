"""Whatever happens while it writes, there is the old report or the new one.

Twelve kills by default; as many as the environment variable WHYPATH_KILLS says.
"""

import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path
from random import Random
from typing import Any

import pytest

from samples import EXAMPLES
from test_demo import opened
from test_site import contents
from whypath import build_site, fleet
from whypath.errors import Unwritable
from whypath.stage import staged
from whypath.write import MARK

TRACE = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
BEFORE = str(TRACE.with_name("vip-before-rename.jsonl"))
KILLS = int(os.environ.get("WHYPATH_KILLS", "12"))
LATE = """
import sys, time
from whypath import build, write
fill = write._fill
def slow(file, pieces, path, limit):
    def later():
        for piece in pieces:
            file.flush()
            print("writing", flush=True)
            time.sleep(60)
            yield piece
    return fill(file, later(), path, limit)
write._fill = slow
from whypath.cli import main
main(sys.argv[1:])
"""


def says(out: Path) -> bytes | dict[str, bytes]:
    """What a page or each file of a folder holds, whichever way it was packed.

    The packer has no promise to give the same bytes twice, and once in some hundred
    thousand blocks it did not.
    """
    if out.is_file():
        return opened(out.read_bytes())
    return {name: opened(data) for name, data in contents(out).items()}


def command(out: Path | str, *more: str) -> list[str]:
    words = more or ("report", str(TRACE))
    return [sys.executable, "-m", "whypath", *words, "-o", str(out)]


def whypath(out: Path | str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(out),
        capture_output=True,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )


def assert_one_sentence(done: "subprocess.CompletedProcess[str]", code: int) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: "), done.stderr


@pytest.mark.parametrize(
    "words", [("report", str(TRACE)), ("diff", BEFORE, str(TRACE))]
)
def test_a_file_that_is_killed_is_the_old_one_or_the_new_one(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    out = tmp_path / "made.html"
    start = time.monotonic()
    subprocess.run(command(out, *words), capture_output=True, check=False)
    takes = time.monotonic() - start
    whole = says(out)
    old = b"<p>the old one</p>"
    for number in range(KILLS):
        out.write_bytes(old)
        with subprocess.Popen(
            command(out, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            try:
                child.wait(takes * (0.5 + 0.7 * number / KILLS))
            except subprocess.TimeoutExpired:
                child.kill()
        assert says(out) in (old, whole), f"torn by kill {number}"
    for left in tmp_path.iterdir():
        os.utime(left, (left.stat().st_mtime - 3600,) * 2)
    subprocess.run(command(out, *words), capture_output=True, check=False)
    assert says(out) == whole
    assert list(tmp_path.iterdir()) == [out], "litter"


def killed_after(seconds: float, words: list[str], group: bool = False) -> None:
    """Runs Whypath and kills it; with its workers where it is a `group`."""
    with subprocess.Popen(
        [sys.executable, "-m", "whypath", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as child:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL) if group else child.kill()


def folder_words(kind: str, tmp_path: Path, out: Path) -> tuple[list[str], list[str]]:
    """The command that makes a folder, of older and of newer traces."""
    if kind == "report":
        end = ["-o", f"{out}/"]
        return ["report", BEFORE, *end], ["report", str(TRACE), *end]
    both = []
    for age in ("old", "new"):
        runs = tmp_path / "traces" / age / "runs"
        runs.mkdir(parents=True)
        for number in range(4):
            text = TRACE.read_text("utf-8").replace("general", f"{age}-{number}")
            (runs / f"{number}.jsonl").write_text(text, "utf-8")
        both.append(["site", str(runs), "-o", str(out), "--jobs", "2"])
    return both[0], both[1]


@pytest.mark.parametrize("kind", ["report", "site"])
def test_a_folder_that_is_killed_is_the_old_one_or_the_new_one(
    tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / "made"
    old, new = folder_words(kind, tmp_path, out)
    whole = []
    for words in (new, old):
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "whypath", *words], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        takes = time.monotonic() - start
        whole.append(says(out))
    assert whole[0] != whole[1]
    for number in range(KILLS):
        group = number % 2 == 0
        killed_after(takes * (0.4 + 0.9 * number / KILLS), new, group)
        assert says(out) in whole, f"torn by kill {number}"
    for left in folder.iterdir():
        os.utime(left, (left.stat().st_mtime - 3600,) * 2)
    for words in (old, new):
        subprocess.run(
            [sys.executable, "-m", "whypath", *words], capture_output=True, check=True
        )
    assert says(out) == whole[0]
    assert list(folder.iterdir()) == [out], "litter"


def test_workers_end_when_what_started_them_is_killed() -> None:
    code = (
        "import time\n"
        "from whypath import processes\n"
        "with processes._pool(2) as pool:\n"
        "    list(pool.map(abs, range(8)))\n"
        "    print(*pool._processes, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        workers = [int(word) for word in child.stdout.readline().split()]
        child.kill()
    assert workers
    late = time.monotonic() + 20
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < late, "an orphan"
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or ") Z " not in stat.read_text()


def test_two_builds_of_one_site_at_the_same_time_are_a_sentence(
    tmp_path: Path,
) -> None:
    out = tmp_path / "made"
    words, _ = folder_words("site", tmp_path, out)
    with staged(out) as first:
        done = subprocess.run(
            [sys.executable, "-m", "whypath", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert_one_sentence(done, 2)
        assert "is being written by another process" in done.stderr
        assert first.is_dir()
    assert [path.name for path in out.iterdir()] == [MARK]


def test_nobody_waits_for_a_pipe_that_looks_like_litter(tmp_path: Path) -> None:
    pipe = tmp_path / ".whypath-abcdefgh"
    os.mkfifo(pipe)
    os.utime(pipe, (0, 0))
    done = subprocess.run(
        command(tmp_path / "made.html"), capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["link", "file", "pipe"])
def test_what_stands_where_a_site_is_staged_is_named_and_left_alone(
    tmp_path: Path, kind: str
) -> None:
    planted, precious = tmp_path / ".whypath-made.new", tmp_path / "precious"
    precious.mkdir()
    if kind == "link":
        planted.symlink_to(precious)
    elif kind == "pipe":
        os.mkfifo(planted)
    else:
        planted.write_text("precious")
    why = r"\.whypath-made\.new beside it is no folder"
    with pytest.raises(Unwritable, match=why), staged(tmp_path / "made"):
        pass
    assert sorted(tmp_path.iterdir()) == [planted, precious]


@pytest.mark.parametrize("name", ["report.html", "report/"])
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_in_the_middle_of_writing_leaves_nothing_behind(
    tmp_path: Path, name: str, how: signal.Signals, code: int
) -> None:
    words = ["report", str(TRACE), "-o", f"{tmp_path}/{name}"]
    with subprocess.Popen(
        [sys.executable, "-c", LATE, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(how)
        _, said = child.communicate(timeout=30)
    assert child.returncode == code, said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_report_left_behind_is_swept_by_the_next(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LATE, "report", str(TRACE), "-o", f"{tmp_path}/x.html"],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.kill()
    (left,) = tmp_path.iterdir()
    hour_ago = left.stat().st_mtime - 3600
    os.utime(left, (hour_ago, hour_ago))
    mine = tmp_path / ".whypath-notes"
    mine.write_text("not one of ours", "utf-8")
    assert whypath(tmp_path / "x.html").returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [mine.name, "x.html"]


def test_a_size_limit_of_the_system_is_a_sentence(tmp_path: Path) -> None:
    out = tmp_path / "x.html"
    out.write_text("old", "utf-8")

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    assert_one_sentence(whypath(out, preexec_fn=small), 2)
    assert out.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_full_disk_is_a_sentence() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("NOT TESTED: there is no /dev/full here")
    done = whypath("/dev/full")
    assert_one_sentence(done, 2)
    assert "No space left" in done.stderr


def test_a_full_file_system_keeps_the_old_report(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT TESTED: a small file system cannot be mounted here")
    try:
        out = tmp_path / "x.html"
        out.write_text("old", "utf-8")
        for target in (out, f"{tmp_path}/folder/"):
            done = whypath(target)
            assert_one_sentence(done, 2)
            assert "No space left" in done.stderr
        assert out.read_text("utf-8") == "old"
        assert list(tmp_path.iterdir()) == [out]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_too_little_memory_is_a_sentence(tmp_path: Path) -> None:
    trace = tmp_path / "large.jsonl"
    row = b'{"type": "step", "kind": "user", "output": "%s"}\n'
    head = b'{"type": "run", "whypath": 1, "id": "r"}\n'
    chance = Random(1)  # what is made by chance is not packed to next to nothing
    texts = (b64encode(chance.randbytes(300_000)) for _ in range(400))
    trace.write_bytes(head + b"".join(row % text for text in texts))

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (150 << 20, 150 << 20))

    done = subprocess.run(
        [sys.executable, "-m", "whypath", "report", trace, "-o", tmp_path / "x.html"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=little,
    )
    assert_one_sentence(done, 2)
    assert "large.jsonl (160.0 MB): ran out of memory. Hint: " in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["large.jsonl"]


def run_out(*_: object, **__: object) -> None:
    raise MemoryError


def test_a_trace_that_takes_all_memory_is_a_row_and_the_site_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = tmp_path / "traces"
    shutil.copytree(TRACE.parent, traces)
    tell = build_site.tell

    def tell_some(run: Any) -> Any:
        return run_out() if "rename.chat" in run.files[0] else tell(run)

    monkeypatch.setattr(build_site, "tell", tell_some)
    made = fleet.site([str(traces)], tmp_path / "made", fleet.Plan(), jobs=1)
    said = [row.error for row in made.rows if row.error]
    assert said == ["vip-after-rename.chat.json: the memory is not enough for it"]
    assert len(made.rows) == 3
    assert (tmp_path / "made" / "index.html").is_file()


def test_a_disk_that_fails_in_a_worker_is_a_sentence_and_no_row(
    tmp_path: Path,
) -> None:
    out = tmp_path / "made"
    words, _ = folder_words("site", tmp_path, out)

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-m", "whypath", *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=small,
    )
    assert_one_sentence(done, 2)
    assert f"{out}: cannot be written: File too large" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["traces"]


def test_an_error_from_a_worker_is_the_same_here() -> None:
    error = Unwritable("x.html", "cannot be written", line=3, hint="try again")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (Unwritable, str(error))
