"""pytest's side: `pytest --whypath=DIR` reports the traces of the tests that failed.

Of the `cli` room: options become reports, results become lines. Without the option
nothing of Whypath is imported but this file.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from whypath.pytest_reports import Traces

VARIABLE = "WHYPATH_TRACES"
"""Where `whypath.record.run` writes to when it is not told: a folder."""
NAME = "whypath"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and the setting of the same kind."""
    group = parser.getgroup(NAME, "why the agent did that")
    group.addoption(
        "--whypath",
        metavar="DIR",
        help="write a report of the traces of each test that fails to DIR",
    )
    group.addoption(
        "--whypath-all",
        action="store_true",
        help="with --whypath: of tests that pass, too",
    )
    group.addoption(
        "--whypath-traces",
        metavar="DIR",
        action="append",
        default=[],
        help="also look here for traces that a test wrote; may be repeated",
    )
    parser.addini(
        "whypath_traces", "folders to look in as --whypath-traces", "paths", default=[]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begins only where a report is asked for."""
    out = config.getoption("--whypath")
    if not out:
        return
    folder = config.invocation_params.dir / out
    if folder.exists() and not folder.is_dir():
        raise pytest.UsageError(f"--whypath={out}: is a file; name a folder")
    config.pluginmanager.register(Reporter(config, folder), "whypath-reporter")


@pytest.fixture
def whypath_traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test alone: traces in it are reported when the test fails."""
    given = os.environ.get(VARIABLE)
    folder = Path(given) if given else tmp_path_factory.mktemp("traces")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Reporter:
    """Knows what traces each test wrote, and tells of their reports."""

    def __init__(self, config: pytest.Config, out: Path) -> None:
        start = config.invocation_params.dir
        named = [start / each for each in config.getoption("--whypath-traces")]
        self._config, self._out, self._start = config, out, start
        self._named = (*named, *config.getini("whypath_traces"))
        self._always = bool(config.getoption("--whypath-all"))
        self._folder = TemporaryDirectory(prefix="whypath-traces-")
        self._count = 0
        self._traces: Traces | None = None
        self._told: dict[str, list[str]] = {}
        self._faults: list[str] = []

    def pytest_unconfigure(self) -> None:
        """Takes the folders of the tests away; what they hold is in the reports."""
        self._folder.cleanup()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Gives a test its own folder, and listens to what it records."""
        from whypath.pytest_reports import Traces

        self._count += 1
        folder = Path(self._folder.name, str(self._count))
        self._traces = Traces(item.nodeid, folder, self._named)
        with self._traces.heard(), _set(VARIABLE, f"{folder}{os.sep}"):
            try:
                return (yield)
            finally:
                self._traces = None

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, Any, Any]:
        """Sees where `tmp_path` is, for a test that fails before it begins as well."""
        value = yield
        if fixturedef.argname == "tmp_path" and self._traces is not None:
            self._traces.look_below(Path(value))
        return value

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Writes reports when a phase failed, and again if more is recorded after."""
        result = yield
        traces = self._traces
        if traces is None:
            return result
        passed = result.when == "call" and result.passed and self._always
        wanted = traces.is_wanted or result.failed or passed
        if result.when == "setup" and result.passed and not wanted:
            return result
        if wanted:
            traces.write(self._out, os.environ)
            self._attach(item, result, traces, is_first=not traces.is_wanted)
            traces.is_wanted = True
        elif result.when == "teardown" and result.passed:
            traces.clear(self._out)
        return result

    def _attach(
        self,
        item: pytest.Item,
        result: pytest.TestReport,
        traces: "Traces",
        *,
        is_first: bool,
    ) -> None:
        """Links the reports from all that is written of a test."""
        paths = [self._shown(made.path) for made in traces.made]
        told: dict[str, Any] = {"reports": paths, "faults": list(traces.faults)}
        result.whypath = told  # type: ignore[attr-defined]  # goes along with xdist
        for path in paths:
            if (NAME, path) not in item.user_properties:
                item.user_properties.append((NAME, path))
        result.user_properties = list(item.user_properties)
        if not is_first and not result.failed:
            return
        lines = [f"{p}\n  {m.verdict}" for p, m in zip(paths, traces.made, strict=True)]
        lines += [f"warning: {fault}" for fault in traces.faults]
        if lines:
            result.sections.append(("Whypath", "\n".join(lines) + "\n"))
        if self._config.pluginmanager.hasplugin("html"):
            self._attach_to_html(result, traces)

    def _attach_to_html(self, result: pytest.TestReport, traces: "Traces") -> None:
        page = getattr(self._config.option, "htmlpath", None)
        if not page:
            return
        try:
            from pytest_html import extras
        except ImportError:
            return
        start = (self._start / page).parent
        links = [
            extras.url(quote(_relative(made.path, start)), name=f"why: {made.run}")
            for made in traces.made
        ]
        result.extras = [*getattr(result, "extras", []), *links]  # type: ignore[attr-defined]

    def _shown(self, path: Path) -> str:
        return _relative(path, self._start)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hears of each report, a worker's too."""
        told = getattr(report, "whypath", None)
        if not told:
            return
        self._told[report.nodeid] = told["reports"]
        new = [f for f in told["faults"] if f not in self._faults]
        self._faults.extend(new)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The paths of all reports, at the end."""
        told = {test: paths for test, paths in self._told.items() if paths}
        if not told and not self._faults:
            return
        terminalreporter.section("Whypath: why the agents did that")
        for test, paths in told.items():
            terminalreporter.write_line(test)
            for path in paths:
                terminalreporter.write_line(f"  {path}")
        for fault in self._faults:
            terminalreporter.write_line(f"warning: {fault}", yellow=True)


def _relative(path: Path, start: Path) -> str:
    try:
        return Path(os.path.relpath(path, start)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


@contextmanager
def _set(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before
