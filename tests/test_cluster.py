"""Past one machine: a Dask cluster of real processes makes the site byte for byte."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread
from typing import IO

import pytest
from click.testing import CliRunner

from samples import EXAMPLES
from test_site import contents
from whypath import build_site, cluster, fleet, remote
from whypath.cli import main
from whypath.errors import TraceError
from whypath.fleet import Plan
from whypath.processes import Lost

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of Dask's own sockets
]

FLAGS = ("--host", "127.0.0.1", "--no-dashboard")
READY = re.compile(r"Scheduler at:\s+(tcp://\S+)|Registered to:|on (http://\S+)")


def start(*words: str) -> tuple[subprocess.Popen[str], str]:
    """A process, once it says that it is ready, and the address if it says one."""
    environment = {name: os.environ[name] for name in os.environ if "proxy" not in name}
    environment |= {"PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if found := READY.search(line):
            Thread(target=drain, args=[process.stderr]).start()
            return process, found[1] or found[2] or ""
    raise AssertionError("".join(seen))


def drain(said: IO[str]) -> None:
    """Reads what nobody wants to know, so that the process never waits for us."""
    with said:
        deque(said, maxlen=0)


@dataclass
class Dask:
    """A scheduler and its workers, each a process of its own."""

    scheduler: subprocess.Popen[str]
    address: str
    folder: Path
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def add_worker(self) -> None:
        """One more, of a single thread."""
        local = ("--local-directory", str(self.folder), "--no-nanny")
        words = (self.address, *FLAGS, *local, "--nthreads", "1")
        self.workers.append(start("distributed.cli.dask_worker", *words)[0])


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    """A cluster of two workers on ports of its own."""
    words = ("distributed.cli.dask_scheduler", *FLAGS, "--port", "0")
    cluster = Dask(*start(*words), tmp_path / "dask")
    try:
        for _ in range(2):
            cluster.add_worker()
        yield cluster
    finally:
        for process in (*cluster.workers, cluster.scheduler):
            process.kill()
            process.wait()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Asks again until it is; the test's own limit of time ends it otherwise."""
    while not is_so():
        time.sleep(0.02)


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    """An S3 of its own with a bucket, known by the environment as usual."""
    from s3fs import S3FileSystem

    process, address = start("moto.server", "-H", "127.0.0.1", "-p", "0")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        S3FileSystem().mkdir("bucket")
        yield
    process.kill()
    process.wait()


def sent(url: str) -> dict[str, bytes]:
    """What is below a URL, by name."""
    from fsspec.core import url_to_fs

    fs, root = url_to_fs(url)
    fs.invalidate_cache()
    return {
        name.removeprefix(root).lstrip("/"): fs.cat_file(name) for name in fs.find(root)
    }


PAIR = ("vip-before-rename.jsonl", "vip-after-rename.jsonl")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A dozen traces, and three pairs of one task whose second run went wrong.

    Also a trace that cannot be read, and a file that is no trace.
    """
    folder = tmp_path / "runs"
    shutil.copytree(EXAMPLES / "vip-routing", folder)
    for trace in sorted(folder.rglob("*.jsonl"))[12:]:
        trace.unlink()
    for place in range(3):
        for name in PAIR:
            text = (EXAMPLES / "escalation" / name).read_text()
            text = text.replace("T-8841", f"T-884{place}")
            (folder / f"ticket-{place}-{name}").write_text(text)
    (folder / "torn.jsonl").write_text('{"type": "run", "whypath": 99, "id": "x"}\n')
    (folder / "settings.json").write_text('{"colour": "blue"}')
    return folder


@pytest.mark.parametrize(
    ("phase", "after", "of"), [("writing runs", 2, 19), ("comparing runs", 1, 3)]
)
def test_a_cluster_that_loses_a_worker_makes_the_same_site_byte_for_byte(
    phase: str, after: int, of: int, dask: Dask, runs: Path, tmp_path: Path
) -> None:
    here = fleet.site([str(runs)], tmp_path / "here", Plan(), jobs=1)
    killed = []

    def tell(what: str, done: int, total: int, steps: int) -> None:
        if what == phase and done == after and not killed:
            dask.workers[0].send_signal(signal.SIGKILL)
            killed.append((done, total))

    with fleet.on_cluster(dask.address) as spread:
        there = fleet.site(
            [str(runs)],
            tmp_path / "there",
            Plan(),
            spread=spread,
            is_far=True,
            tell=tell,
        )
    assert killed == [(after, of)]
    assert dask.workers[0].wait() == -signal.SIGKILL
    assert (list(there.rows), there.diffs) == (list(here.rows), 3)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def die_on(item: int) -> int:
    if item == 3:
        os._exit(9)
    return item * 2


def test_an_item_that_kills_its_workers_is_lost_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    local = ("--local-directory", str(tmp_path / "dask"), "--nthreads", "1")
    processes = []
    try:
        scheduler, address = start(
            "distributed.cli.dask_scheduler", *FLAGS, "--port", "0"
        )
        processes.append(scheduler)
        processes.append(
            start("distributed.cli.dask_worker", address, *FLAGS, *local)[0]
        )
        with fleet.on_cluster(address) as spread:
            made = dict(spread(die_on, [1, 3, 4], 1))
    finally:
        for process in reversed(processes):
            process.terminate()  # a nanny ends its worker
            process.wait()
    assert isinstance(made.pop(3), Lost)
    assert made == {1: 2, 4: 8}


def double(item: int) -> int:
    return item * 2


def test_results_that_die_with_their_workers_are_made_again(dask: Dask) -> None:
    from distributed import Client

    with fleet.on_cluster(dask.address) as spread:
        made = iter(spread(double, range(8), 1))
        with Client(dask.address, set_as_default=False) as watcher:
            seen = [next(made)]
            wait_until(lambda: sum(map(len, watcher.has_what().values())) == 4)
            seen.append(next(made))  # two more are known to be done, and not fetched
            for worker in dask.workers:
                worker.kill()
            wait_until(lambda: not watcher.nthreads())
        dask.add_worker()
        seen.extend(made)
    assert sorted(seen) == [(item, item * 2) for item in range(8)]


def test_a_scheduler_that_goes_away_is_a_sentence(dask: Dask) -> None:
    with fleet.on_cluster(dask.address) as spread:
        made = iter(spread(double, range(1_000), 1))
        next(made)
        dask.scheduler.kill()
        with pytest.raises(TraceError, match="the scheduler is gone"):
            deque(made, maxlen=0)


def test_the_command_gives_the_work_to_a_cluster(
    dask: Dask, runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    words = ["site", str(runs), "-o", str(out), "--dask", dask.address]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, done.stdout) == (
        0,
        f"{out / 'index.html'}: 18 runs, 1 unreadable, 3 diffs\n",
    )


def test_a_worker_with_another_program_is_refused(
    dask: Dask, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_edition", lambda: "another")
    with (
        pytest.raises(TraceError, match="runs another version of Whypath"),
        fleet.on_cluster(dask.address) as spread,
    ):
        fleet.site([str(runs)], tmp_path / "site", Plan(), spread=spread)
    assert not (tmp_path / "site").exists()


def test_a_cluster_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    words = ["site", str(tmp_path), "--dask", "nonsense://x"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "Error: nonsense://x: no Dask scheduler answers" in done.stderr
    both = CliRunner().invoke(main, [*words, "--jobs", "2"])
    assert (both.exit_code, "--jobs is for this machine" in both.stderr) == (2, True)


def test_what_is_sent_to_a_cluster_says_nothing_when_it_is_logged() -> None:
    plan = Plan(secrets={"known": {"environment": ["hunter2hunter2"]}})
    work = partial(build_site.make, plan=plan, stage="x")
    task = cluster.Task(work, build_site.Unit("hunter2", "hunter2"), "edition")
    assert "hunter2" in repr(work)
    assert repr(task) == "Task()"


SESSION = EXAMPLES / "coding" / "flaky-test.claude-code.jsonl"


def test_a_site_from_s3_to_s3_is_equal_and_is_built_again_in_part(
    s3: None, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from s3fs import S3FileSystem

    (runs / "s1" / "subagents").mkdir(parents=True)
    shutil.copy(SESSION, runs / "s1.jsonl")
    shutil.copy(SESSION, runs / "s1" / "subagents" / "agent-1.jsonl")
    store = S3FileSystem()
    store.put(str(runs), "bucket/runs", recursive=True)
    fleet.site([str(runs)], tmp_path / "here", Plan(), jobs=1)
    build = partial(
        fleet.site_anywhere, ["s3://bucket/runs"], "s3://bucket/site", Plan(), jobs=1
    )
    made = build()
    assert (made.made, made.kept, made.diffs) == (20, 0, 3)
    assert sent("s3://bucket/site") == contents(tmp_path / "here")
    changed, gone = sorted((runs / "after").iterdir())[:2]
    changed.write_text(changed.read_text().replace("general", "vip-desk"))
    store.put(str(changed), f"bucket/runs/after/{changed.name}")
    store.rm(f"bucket/runs/after/{gone.name}")
    gone.unlink()
    uploaded: list[str] = []
    send = remote.send

    def noted(store: remote.Store, paths: Sequence[Path]) -> None:
        uploaded.extend(store.there(path) for path in paths)
        send(store, paths)

    monkeypatch.setattr(remote, "send", noted)
    again = build()
    assert (again.made, again.kept, again.diffs) == (1, 18, 3)
    assert len({url.split("/")[5] for url in uploaded if "/runs/" in url}) == 1
    assert not any("/diffs/" in url for url in uploaded)
    assert uploaded[-1] == "s3://bucket/site/index.html"
    fleet.site([str(runs)], tmp_path / "here", Plan(), jobs=1)
    assert sent("s3://bucket/site") == contents(tmp_path / "here")


def test_a_cluster_reads_from_s3_and_writes_to_it(
    s3: None, dask: Dask, runs: Path, tmp_path: Path
) -> None:
    from s3fs import S3FileSystem

    S3FileSystem().put(str(runs), "bucket/more/runs", recursive=True)
    fleet.site([str(runs)], tmp_path / "here", Plan(), jobs=1)
    sources, out = ["s3://bucket/more/runs"], "s3://bucket/more/site"
    fleet.site_anywhere(sources, out, Plan(), dask=dask.address)
    assert sent(out) == contents(tmp_path / "here")
    again = fleet.site_anywhere(sources, out, Plan(), dask=dask.address)
    assert (again.made, again.kept, again.diffs) == (0, 19, 3)
    assert sent(out) == contents(tmp_path / "here")


@pytest.mark.parametrize("is_on_cluster", [False, True])
def test_diffs_in_a_store_are_kept_made_again_and_removed(
    is_on_cluster: bool,
    s3: None,
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    address = request.getfixturevalue("dask").address if is_on_cluster else None
    out = f"s3://bucket/diffs/{address and 'cluster'}"
    build = partial(fleet.site_anywhere, [str(runs)], out, Plan(), dask=address)
    if address is None:
        build = partial(build, jobs=1)
    build()
    one = fleet.site([str(runs)], tmp_path / "here", Plan(), jobs=1)
    assert sent(out) == contents(tmp_path / "here")
    left = next(row.key for row in one.rows if "ticket-0-vip-before" in row.source)
    (runs / "ticket-0-vip-after-rename.jsonl").unlink()
    changed = runs / "ticket-1-vip-after-rename.jsonl"
    changed.write_text(changed.read_text().replace("general", "billing"))
    brought: list[str] = []
    fetch = remote.fetch

    def noted(store: remote.Store, paths: Sequence[Path]) -> None:
        brought.extend(store.there(path).removeprefix(out) for path in paths)
        fetch(store, paths)

    monkeypatch.setattr(remote, "fetch", noted)
    before = sent(out)
    again = build()
    assert (again.made, again.kept, again.diffs) == (1, 17, 2)
    fleet.site([str(runs)], tmp_path / "here", Plan(), jobs=1)
    fleet.site([str(runs)], tmp_path / "anew", Plan(), jobs=1)
    after = sent(out)
    assert after == contents(tmp_path / "here") == contents(tmp_path / "anew")
    pages = {name for name in before.keys() - after.keys() if "/index.html" in name}
    assert [name.split("/")[0] for name in sorted(pages)] == ["diffs", "runs"]
    assert f"/runs/{left}/index.html" in brought
    assert b"This run is A" not in after[f"runs/{left}/index.html"]
    assert sum("/runs/" in name for name in brought) <= 3


def test_what_is_in_a_store_and_not_ours_is_refused(s3: None, runs: Path) -> None:
    from s3fs import S3FileSystem

    S3FileSystem().pipe("bucket/thesis/chapter-1.txt", b"years of work")
    done = CliRunner().invoke(main, ["site", str(runs), "-o", "s3://bucket/thesis"])
    assert done.exit_code == 2
    assert "s3://bucket/thesis: is there already" in done.stderr
    assert sent("s3://bucket/thesis") == {"chapter-1.txt": b"years of work"}


def test_memory_is_a_store_for_one_process(runs: Path, tmp_path: Path) -> None:
    ask = ["site", str(runs), "-o", "memory://site"]
    done = CliRunner().invoke(main, ask)
    assert (done.exit_code, done.stdout) == (
        0,
        "memory://site/index.html: 18 runs, 1 unreadable, 3 diffs\n",
    )
    here = ["site", str(runs), "-o", str(tmp_path / "here"), "--jobs", "1"]
    assert CliRunner().invoke(main, here).exit_code == 0
    assert sent("memory://site") == contents(tmp_path / "here")
    refused = CliRunner().invoke(main, [*ask, "--jobs", "2"])
    assert (refused.exit_code, "one process alone" in refused.stderr) == (2, True)


def test_a_file_url_is_a_path(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "a b"
    done = CliRunner().invoke(main, ["site", runs.as_uri(), "-o", out.as_uri()])
    assert done.exit_code == 0, done.output
    assert (out / "index.html").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["memory://nowhere"], "memory://nowhere: there is no such file or folder"),
        (["nonsense://x"], "nonsense://x: cannot be opened"),
        (["memory://a", "."], "name files here, or URLs"),
    ],
    ids=str,
)
def test_what_cannot_be_reached_is_a_sentence(
    words: list[str], said: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(main, ["site", *words, "-o", str(tmp_path / "site")])
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
