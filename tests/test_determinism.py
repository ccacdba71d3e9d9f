"""The same traces become the same bytes: in any place, zone, language, order of work.

`WHYPATH_WORLDS` tries every combination, for ten minutes of processor time.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from samples import EXAMPLES, ROOT

BEFORE, AFTER = "vip-routing/before", "vip-routing/after"
A, B = "escalation/vip-before-rename.jsonl", "escalation/vip-after-rename.jsonl"
SPANS = "research/market-report.otlp.jsonl"
CODING = "coding/flaky-test.claude-code.jsonl"

COMMANDS: dict[str, tuple[str, ...]] = {
    "report": ("report", CODING, "-o", "out/page.html", "--graph", "out/graph.dot"),
    "folder": ("report", SPANS, "-o", "out/page/", "--graph", "out/graph.svg"),
    "show": ("show", B, "--json"),
    "diff": ("diff", A, B, "-o", "out/diff.html", "--json", "-"),
    "matrix": ("diff", A, B, f"{AFTER}/*.jsonl", "-o", "out/matrix/"),
    "check": (
        *("check", "escalation", AFTER, "--baseline", BEFORE, "--json", "-"),
        *("--junit", "out/junit.xml", "--sarif", "out/x.sarif"),
        *("--summary", "out/summary.md", "--save-baseline", "out/good.json"),
    ),
    "site": ("site", AFTER, BEFORE, "research", "-o", "out/site", "--baseline", BEFORE),
}


class World(NamedTuple):
    """What a run of the program must not depend on."""

    seed: str = "0"
    folder: str = "one"
    language: str = "C"
    zone: str = "UTC"
    jobs: int = 1
    epoch: str = ""
    backwards: bool = False

    def environment(self) -> dict[str, str]:
        """The variables of this world, with the source of the checkout."""
        dropped = ("SOURCE_DATE_EPOCH", "LANG", "LC_ALL", "COLUMNS")
        kept = {k: v for k, v in os.environ.items() if k not in dropped}
        kept |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": self.seed}
        kept |= {"LC_ALL": self.language, "TZ": self.zone}
        return kept | ({"SOURCE_DATE_EPOCH": self.epoch} if self.epoch else {})


def worlds(command: str) -> Iterator[World]:
    """All differences at once, or every combination of those that may matter."""
    if not os.environ.get("WHYPATH_WORLDS"):
        yield World("1", "two", "C.UTF-8", "Asia/Kolkata", 4, "1700000000", True)
        return
    seeds, folders = ("0", "1", "random"), ("one", "two")
    languages = ("C", "C.UTF-8", "tr_TR.UTF-8")
    times = (("UTC", ""), ("Asia/Kolkata", "1700000000"))
    work = product((1, 4), (False, True)) if command == "site" else [(1, False)]
    for seed, folder, language, (zone, epoch), (jobs, backwards) in product(
        seeds, folders, languages, times, work
    ):
        yield World(seed, folder, language, zone, jobs, epoch, backwards)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples in two folders; in one of them written the other way round."""
    base = tmp_path_factory.mktemp("places")
    files = sorted(path for path in EXAMPLES.rglob("*.json*") if path.is_file())
    for name, order in (("one", files), ("two", files[::-1])):
        for file in order:
            target = base / name / file.relative_to(EXAMPLES)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return base


def made(command: str, world: World, places: Path) -> dict[str, str]:
    """What a command says and writes in a world: its code, and digests of all else."""
    words = list(COMMANDS[command])
    if command == "site":
        words += ["--jobs", str(world.jobs)]
        if world.backwards:
            words[1:4] = words[3:0:-1]
    folder = places / world.folder
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "whypath", *words],
        cwd=folder,
        env=world.environment(),
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert done.returncode in (0, 1), done.stderr.decode()
    found = {"code": str(done.returncode), "said": digest(done.stdout + done.stderr)}
    for path in sorted((folder / "out").rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            found[name] = digest(path.read_bytes())
    return found


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_traces_become_the_same_bytes_everywhere(
    command: str, places: Path
) -> None:
    expected = made(command, World(), places)
    for world in worlds(command):
        found = made(command, world, places)
        names = expected.keys() | found.keys()
        other = [n for n in sorted(names) if expected.get(n) != found.get(n)]
        assert other == [], f"{world} is not as {World()}"
