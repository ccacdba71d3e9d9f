"""The tool calls nobody: each command runs where any attempt is written down.

Python tells an audit hook of every connection, look-up and program before it happens
(https://docs.python.org/3/library/audit_events.html); the hook is in worker processes
and in pytest too. Programs that are started are watched from outside, by `strace` and
by a machine without any network, where these are there.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from samples import EXAMPLES, ROOT

WATCH = """
import atexit, os, sys
from _socket import AF_UNIX

FAR = ("socket.", "urllib.", "http.client", "ftplib.", "smtplib.", "webbrowser.")
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
HARMLESS = ("socket.__new__", "socket.gethostname")
KNOWN = ("graphviz-pure", "pagefind_bin", "pagefind", "pagefind_extended")
OF_PYTEST = ("uname",)
ASKED_FOR = ("cluster", "remote", "stores")
NETWORK = ("distributed", "duckdb", "fsspec", "s3fs", "aiohttp", "requests",
           "urllib3", "urllib.request", "http.client", "ssl")

def tell(what):
    with open(os.environ["WATCHED"], "a") as log:
        log.write(f"{what}\\n")

def hook(event, given):
    if event.startswith(FAR) and event not in HARMLESS:
        if getattr(given[0], "family", None) == AF_UNIX:
            return  # by which processes of this machine talk
        tell(f"{event} {given!r}")
    if event in PROGRAMS:
        name = os.path.basename(os.fsdecode(given[0] or given[1][0]))
        known = (*KNOWN, *OF_PYTEST) if "pytest" in sys.modules else KNOWN
        if name not in known and not name.startswith("python"):
            tell(f"{event} {given!r}")

@atexit.register
def imported():
    names = [f"whypath.{name}" for name in ASKED_FOR] + list(NETWORK)
    for name in sys.modules.keys() & set(names):
        if "pytest" not in sys.modules or name.startswith("whypath."):
            tell(f"imported {name}")

sys.addaudithook(hook)
"""

RENAMED, FINE = (
    "escalation/vip-after-rename.jsonl",
    "escalation/vip-before-rename.jsonl",
)
BEFORE, AFTER = "vip-routing/before", "vip-routing/after"
AGENT_TEST = """
from whypath.record import run

def test_the_agent():
    with run() as r:
        r.add("user", output="hello")
    raise AssertionError
"""

COMMANDS: dict[str, tuple[str, ...]] = {
    "report": ("-m", "whypath", "report", RENAMED, "-o", "a.html", "--graph", "g.svg"),
    "show": ("-m", "whypath", "show", RENAMED, "9", "--why", "--context"),
    "diff": ("-m", "whypath", "diff", FINE, RENAMED, "-o", "diff.html"),
    "check": (
        *("-m", "whypath", "check", "escalation", AFTER, "--baseline", BEFORE),
        *("--secrets", "--junit", "j.xml", "--sarif", "s.sarif", "--summary", "s.md"),
    ),
    "site with a search": (
        *("-m", "whypath", "site", "coding", "crash", "-o", "found", "--search"),
        *("--jobs", "2"),
    ),
    "formats": ("-m", "whypath", "formats", RENAMED),
    "recorder": ("recorder/agent.py",),
    "pytest": ("-m", "pytest", "-q", "test_agent.py", "--whypath=why"),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of the examples, with a test of an agent, and the watch beside it."""
    folder = tmp_path / "place"
    shutil.copytree(EXAMPLES, folder)
    (folder / "test_agent.py").write_text(AGENT_TEST)
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    return folder


def environment(place: Path) -> dict[str, str]:
    """The variables under which every Python that is started has the watch."""
    paths = (str(place.parent / "watch"), str(ROOT / "src"))
    log = str(place.parent / "watched")
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "WATCHED": log}


def run(place: Path, words: tuple[str, ...], *around: str) -> str:
    """What was tried, a line each; the command itself must end well."""
    done = subprocess.run(
        [*around, sys.executable, *words],
        cwd=place,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    log = place.parent / "watched"
    return log.read_text() if log.exists() else ""


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_asks_for_the_network_or_starts_a_stranger(
    name: str, place: Path
) -> None:
    assert run(place, COMMANDS[name]) == ""


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "getaddrinfo"),
        ("import socket; socket.socket().connect_ex(('127.0.0.1', 9))", "connect"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
        ("import whypath.remote", "imported whypath.remote"),
        ("import urllib.request", "imported urllib.request"),
    ],
)
def test_the_watch_sees_what_it_is_there_for(code: str, seen: str, place: Path) -> None:
    caught = f"try:\n exec({code!r})\nexcept OSError: pass"
    assert seen in run(place, ("-c", caught))


SITE = COMMANDS["site with a search"]
"""It starts all the programs that are ever started."""


def test_it_works_where_there_is_no_network_at_all(place: Path) -> None:
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rn", "true"], check=False).returncode:
        pytest.skip("NOT CHECKED: a machine without a network cannot be had here")
    run(place, SITE, unshare, "-rn")
    assert (place / "found" / "search.html").is_file()


def test_no_program_that_is_started_connects_to_anything(place: Path) -> None:
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("NOT CHECKED: no strace here")
    log = place.parent / "calls"
    calls = "trace=execve,connect,sendto,sendmsg,bind"
    run(place, SITE, strace, "-f", "-qq", "-e", calls, "-o", str(log))
    told = log.read_text()
    assert "graphviz-pure" in told
    assert "pagefind" in told
    far = re.findall(r".*(?:AF_INET|nscd|resolve).*", told)
    assert far == []
