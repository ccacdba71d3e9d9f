"""`pytest --whypath`: the traces of a test that failed get a report, linked from all.

Each case is a session of its own, in a process of its own.
"""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from samples import EXAMPLES, ROOT

pytest_plugins = ("pytester",)

AGENT = """
from whypath.record import run

def agent(to=..., id="r1", chosen="general"):
    how = {} if to is ... else {"to": to}
    with run(**how, id=id, task="Where does this go?") as r:
        r.decide("Which queue?", ["vip", "general"], chosen=chosen)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Runs pytest on the text of a test file beside an agent; returns its output."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.delenv("WHYPATH_TRACES", raising=False)
    pytester.makepyfile(agent=AGENT)
    pytester.makeini("[pytest]\nfilterwarnings = error\n")

    def suite(text: str, *options: str, code: int = 1) -> str:
        pytester.makepyfile(test_router=text)
        off = ("-p", "no:cacheprovider")
        done = pytester.runpytest_subprocess(*off, *options)
        said = done.stdout.str() + done.stderr.str()
        assert done.ret == code, said
        return said

    return suite


def reports(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.html"))


FAILS = """
from agent import agent
def test_vip_goes_to_the_desk():
    agent()
    assert "general" == "vip"
"""


def test_what_the_recorder_wrote_in_a_failing_test_becomes_a_report(
    suite, pytester: pytest.Pytester
) -> None:
    said = suite(FAILS, "--whypath=why")
    [made] = reports(pytester.path / "why")
    assert re.fullmatch(r"test-router-test-vip[a-z-]*-[0-9a-f]{8}\.html", made.name)
    assert "Which queue?" in made.read_text("utf-8")
    section = said.partition("- Whypath -")[2]
    assert f"why/{made.name}" in section.partition("=====")[0]
    end = said.partition("Whypath: why the agents did that")[2]
    assert f"test_router.py::test_vip_goes_to_the_desk\n  why/{made.name}" in end


PLACES = """
import subprocess, sys, unittest
import pytest
from agent import agent

def test_fixture(whypath_traces): agent(whypath_traces / "a.jsonl"); assert 0
def test_folder(whypath_traces): agent(whypath_traces); assert 0
def test_tmp_path(tmp_path): agent(tmp_path / "deep" / "a.jsonl"); assert 0
def test_anywhere(): agent("somewhere/a.jsonl"); assert 0
def test_child():
    subprocess.run([sys.executable, "-c", "import agent; agent.agent()"])
    assert 0
def test_changed_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path); agent("a.jsonl"); assert 0

@pytest.mark.xfail(strict=True)
def test_strict_xfail(): agent()

@pytest.fixture
def no_setup(tmp_path): agent(tmp_path); raise OSError
def test_setup(no_setup): pass

@pytest.fixture
def no_teardown(): yield; agent(); raise OSError
def test_teardown(no_teardown): pass

class TestClass:
    def test_it(self): agent(); assert 0

class TestUnit(unittest.TestCase):
    def test_it(self): agent(); assert 0
"""


def test_a_trace_is_found_wherever_a_failing_test_left_it(
    suite, pytester: pytest.Pytester
) -> None:
    said = suite(PLACES, "--whypath=why", "--tb=no")
    tests = set(re.findall(r"^test_router\.py::(\S+)\n  why/", said, re.MULTILINE))
    wanted = set(re.findall(r"def (test_(?!it)\w+)", PLACES))
    assert tests == wanted | {"TestClass::test_it", "TestUnit::test_it"}
    assert len(reports(pytester.path / "why")) == len(tests)
    assert "warning:" not in said


def test_a_named_folder_gives_what_was_written_to_it_during_the_test(
    suite, pytester: pytest.Pytester
) -> None:
    old = pytester.path / "runs" / "old.jsonl"
    old.parent.mkdir()
    old.write_bytes((EXAMPLES / "escalation" / "vip-before-rename.jsonl").read_bytes())
    text = (
        "from pathlib import Path\n"
        "def test_a():\n"
        "    Path('runs/new.json').write_text("
        '\'[{"role": "user", "content": "NEW"}, '
        '{"role": "assistant", "content": "yes"}]\')\n'
        "    assert 0\n"
    )
    said = suite(text, "--whypath=why", "--whypath-traces=runs")
    [made] = reports(pytester.path / "why")
    assert "NEW" in made.read_text("utf-8"), said


def test_what_passes_or_is_skipped_has_no_report_unless_all_are_wanted(
    suite, pytester: pytest.Pytester
) -> None:
    text = (
        "import pytest\nfrom agent import agent\n"
        "def test_a(): agent()\n"
        "def test_b(): agent(); pytest.skip('no')\n"
        "@pytest.mark.xfail\ndef test_c(): agent(); assert 0\n"
    )
    said = suite(text, "--whypath=why", code=0)
    assert not reports(pytester.path / "why")
    assert "Whypath" not in said
    said = suite(text, "--whypath=why", "--whypath-all", code=0)
    assert len(reports(pytester.path / "why")) == 1
    assert "test_router.py::test_a\n  why/test-router-test-a-" in said


def test_a_test_that_passes_again_loses_its_old_report(
    suite, pytester: pytest.Pytester
) -> None:
    suite(FAILS, "--whypath=why")
    assert reports(pytester.path / "why")
    suite(FAILS.replace("assert", "assert True or"), "--whypath=why", code=0)
    assert not reports(pytester.path / "why")


def test_parameters_that_no_file_may_be_called_get_a_report_each(
    suite, pytester: pytest.Pytester
) -> None:
    text = (
        "import pytest\nfrom agent import agent\n"
        "@pytest.mark.parametrize('x', ['../../up', '<b>', 'a/b', 'A/B', 'x' * 300, "
        "'\\x1b[31m', 'é', 'è'])\n"
        "def test_a(x): agent(id=x); assert 0\n"
    )
    suite(text, "--whypath=why", "-q")
    made = reports(pytester.path / "why")
    assert len(made) == 8
    assert all(re.fullmatch(r"[A-Za-z0-9-]{1,100}\.html", one.name) for one in made)


def test_several_runs_of_a_test_are_a_report_each_up_to_a_number(
    suite, pytester: pytest.Pytester
) -> None:
    text = (
        "from agent import agent\ndef test_a():\n"
        "    for n in range(23): agent(id=f'run-{n:02}')\n    assert 0\n"
    )
    said = suite(text, "--whypath=why", "-q")
    assert len(reports(pytester.path / "why")) == 20
    assert "warning: test_router.py::test_a: 3 more runs have no report" in said


def test_a_trace_that_cannot_be_read_is_a_line_and_the_others_are_reported(
    suite, pytester: pytest.Pytester
) -> None:
    text = (
        "from agent import agent\ndef test_a(whypath_traces, tmp_path):\n"
        "    (whypath_traces / 'torn.jsonl').write_text('no trace')\n"
        "    (tmp_path / 'settings.json').write_text('{\"not\": \"a trace\"}')\n"
        "    agent(tmp_path)\n    assert 0\n"
    )
    said = suite(text, "--whypath=why", "--tb=no")
    assert len(reports(pytester.path / "why")) == 1
    assert re.search(r"^warning: .*torn\.jsonl", said, re.MULTILINE), said
    assert "settings.json" not in said


def test_what_is_recorded_in_teardown_is_in_the_report_too(
    suite, pytester: pytest.Pytester
) -> None:
    text = (
        "import pytest\nfrom whypath.record import run\n"
        "@pytest.fixture\ndef r():\n"
        "    with run(id='r1') as r:\n        yield r\n"
        "        r.add('event', 'LAST WORDS')\n"
        "def test_a(r):\n    r.add('user', output='hi')\n    assert 0\n"
    )
    suite(text, "--whypath=why")
    [made] = reports(pytester.path / "why")
    assert "LAST WORDS" in made.read_text("utf-8")


def test_secrets_are_taken_out(
    suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTER_TOKEN", "not-to-be-seen-31337")
    text = FAILS.replace("agent()", "agent(chosen='not-to-be-seen-31337')")
    suite(text, "--whypath=why", "--tb=no")
    [made] = reports(pytester.path / "why")
    assert "not-to-be-seen" not in made.read_text("utf-8")
    assert "[redacted:" in made.read_text("utf-8")


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_all_that_is_written_of_a_session_links_the_report(
    suite, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    options = ("--html=out/page.html", "--junit-xml=junit.xml", *workers)
    said = suite(FAILS, "--whypath=a folder", *options)
    [made] = reports(pytester.path / "a folder")
    assert f"  a folder/{made.name}" in said
    page = (pytester.path / "out" / "page.html").read_text("utf-8")
    assert f"../a%20folder/{made.name}" in page
    xml = ElementTree.parse(pytester.path / "junit.xml")
    found = [p.attrib for p in xml.iter("property") if p.get("name") == "whypath"]
    assert found == [{"name": "whypath", "value": f"a folder/{made.name}"}]


def test_a_file_in_the_way_is_said_before_any_test_runs(
    suite, pytester: pytest.Pytester
) -> None:
    (pytester.path / "why").write_text("mine")
    said = suite(FAILS, "--whypath=why", code=4)
    assert "is a file; name a folder" in said


def test_without_the_option_nothing_is_imported_and_the_fixture_still_works(
    suite,
) -> None:
    text = (
        "import sys\ndef test_a(whypath_traces):\n"
        "    assert whypath_traces.is_dir()\n"
        "    ours = {m for m in sys.modules if m.split('.')[0] == 'whypath'}\n"
        "    assert ours == {'whypath', 'whypath.pytest_plugin'}\n"
    )
    suite(text, code=0)


def test_the_recorder_without_a_place_records_nothing(tmp_path: Path) -> None:
    code = "from whypath.record import run\nwith run() as r: r.add('user')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr, [*tmp_path.iterdir()]) == (b"", b"", [])
