"""Fixtures of the whole house: samples, goldens, and a browser of our own."""

import difflib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import chromium
from samples import CORPUS, EXAMPLES, HOSTILE, ROOT, SHARED, dump, read_runs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["CORPUS", "EXAMPLES", "HOSTILE", "ROOT", "SHARED", "dump", "read_runs"]

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    what = "write tests/golden anew from what the tests see"
    parser.addoption("--update-golden", action="store_true", help=what)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by the fixtures they ask for, so that -m can leave them out."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "browser" in fixtures:
            item.add_marker("browser")
        if "shared" in fixtures:
            item.add_marker("corpus")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real and hostile traces that lies beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("NOT TESTED ON REAL TRACES: ../shared is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    """Real traces, a folder for each format."""
    return shared / "corpus"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with `tests/golden/NAME`, or writes it with --update-golden."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        expected = path.read_text(encoding="utf-8") if path.exists() else ""
        if text != expected:
            test = Path(request.node.path).relative_to(ROOT)
            pytest.fail(_difference(name, expected, text, str(test)), pytrace=False)

    return compare


def _difference(name: str, expected: str, text: str, test: str) -> str:
    was, now = expected.splitlines(), text.splitlines()
    diff = list(
        difflib.unified_diff(was, now, f"golden/{name}", "now", lineterm="", n=1)
    )
    more = [f"... {len(diff) - 80} more lines"] if len(diff) > 80 else []
    return "\n".join(
        [
            "" if expected else f"there is no tests/golden/{name} yet",
            *(diff[:80] or ["only the line ends differ"]),
            *more,
            "",
            "If this is what you meant, write it down and review the difference:",
            f"    python -m pytest {test} --update-golden",
        ]
    )


ReportOf = Callable[..., Path]


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory) -> ReportOf:
    """Writes the report of the trace at a path, once for each set of options."""
    from whypath.build import choose, read_input, report

    folder = tmp_path_factory.mktemp("reports")
    known: dict[str, Path] = {}

    def report_of(trace: Path, **options: object) -> Path:
        key = f"{trace} {options}"
        if key not in known:
            out = folder / str(len(known)) / "report.html"
            out.parent.mkdir()
            run = choose(read_input([str(trace)]).runs, None, str(trace))
            known[key] = report(run, out, **options).path  # type: ignore[arg-type]
        return known[key]

    return report_of


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One headless Chromium for all tests. Missing: skipped, and in CI a failure."""
    found = chromium.find()
    if found is None:
        missing = "NOT TESTED IN A BROWSER: no Chromium; see tests/chromium.py"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=chromium.ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page of its own, with a profile of its own, 1440 x 900."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


class PageWatch:
    """What a page did that a report never does: errors, messages, requests."""

    def __init__(self, page: "Page") -> None:
        self.errors: list[str] = []
        self.console: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self.requests.append(request.url))

    def _heard(self, message: object) -> None:
        if getattr(message, "type", "") in ("error", "warning"):
            self.console.append(str(getattr(message, "text", message)))

    @property
    def remote(self) -> list[str]:
        """Requests that left the machine's own files and the page's own bytes."""
        own = ("file:", "data:", "blob:", "about:")
        return [url for url in self.requests if not url.startswith(own)]

    def assert_quiet(self) -> None:
        """Fails when the page complained, or asked for anything from anywhere."""
        assert (self.errors, self.console, self.remote) == ([], [], [])


@pytest.fixture
def page_watch(page: "Page") -> PageWatch:
    """Listens to `page` from before its first navigation."""
    return PageWatch(page)
