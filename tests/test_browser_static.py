"""The folder as Jenkins shows it, and real traces in both forms of a report."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import CORPUS, EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
MARKET = EXAMPLES / "research" / "market-report.otlp.jsonl"

STRICT = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"
"""The policy that Jenkins sends along with what a build made."""


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder under the strict policy, and says nothing."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", STRICT)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def served(report_of: ReportOf) -> Iterator[str]:
    """The address of the escalation's folder behind the strict policy."""
    folder = report_of(VIP, as_folder=True, notes={4: "renamed here"})
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[True, False], ids=["scripts forbidden", "scripts off"])
def plain(browser: "Browser", request: pytest.FixtureRequest) -> Iterator["Page"]:
    """A page in which no script runs: the policy forbids it, or the browser."""
    context = browser.new_context(java_script_enabled=request.param)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_a_strict_policy_leaves_the_whole_step_through(
    plain: "Page", served: str
) -> None:
    asked: list[str] = []
    plain.on("request", lambda request: asked.append(request.url))
    plain.goto(f"{served}/index.html")
    expect(plain.locator(".verdict")).to_contain_text("account_tier")
    expect(plain.locator("#replay")).not_to_be_visible()
    expect(plain.locator("#notes li")).to_contain_text("renamed here")
    plain.locator(".verdict .go").click()
    for step in range(9, 15):
        shown = plain.locator(f"#step-{step}")
        expect(shown).to_be_in_viewport()
        assert plain.url.endswith(f"#step-{step}")
        if step < 14:
            shown.get_by_role("link", name="next", exact=True).click()
    plain.locator("#step-14").get_by_role("link", name="previous").click()
    window = plain.locator("#step-12 [data-pane='context']")
    kept = window.locator("details.kept-list")
    expect(kept.locator("li").first).not_to_be_visible()
    kept.locator("summary").click()
    expect(kept.locator("li").first).to_be_visible()
    kept.locator("li", has_text="tickets.history").locator("a").last.click()
    expect(plain.locator("#step-7")).to_be_in_viewport()
    border = "getComputedStyle(document.querySelector('.row, .step h2')).display"
    assert plain.evaluate(border) == "flex", "the styles are let in"
    assert all(url.startswith(served) for url in asked)


def written_pages(report_of: ReportOf, trace: Path) -> Iterator[Path]:
    yield from sorted(report_of(trace, as_folder=True).glob("steps-*.html"))


@pytest.mark.parametrize("trace", [VIP, MARKET], ids=lambda path: path.stem)
def test_each_message_leads_to_where_it_first_appeared(
    plain: "Page", report_of: ReportOf, trace: Path
) -> None:
    seen = 0
    for path in written_pages(report_of, trace):
        plain.goto(path.as_uri())
        messages = plain.locator("[data-pane='context'] .window li")
        rows = messages.evaluate_all(
            """all => all.map((li) => [
              Number(li.closest("section[id]").id.slice(5)),
              li.matches(".kept, .gone"),
              Number((li.querySelector("a.at")?.hash || "").slice(6)),
            ])"""
        )
        for step, is_old, origin in rows:
            assert origin < step
            assert origin or not is_old, f"step {step}: an old message without a link"
            seen += 1
    assert seen > 20


REAL = (
    "claude-code/sniffly_ba79134d-b6e9-4867-af0c-6941038c9e4b.jsonl",
    "inspect/docent_ctf.json",
    "swe-agent/marshmallow-1867.function_calling.traj",
)
KEYS = ("v", "i", "u", "d", "e", "f", "r", "w", "h", "b", "Space", "Space", "End")


@pytest.mark.parametrize("as_folder", [False, True], ids=["file", "folder"])
@pytest.mark.parametrize("name", REAL)
def test_real_traces_are_driven(
    page: "Page",
    page_watch: PageWatch,
    report_of: ReportOf,
    shared: Path,
    name: str,
    as_folder: bool,
) -> None:
    made = report_of(CORPUS / name, as_folder=as_folder)
    replay = Replay(page, made / "index.html" if as_folder else made)
    replay.open('#step=1&bp=kind%20%3D%3D%20"tool"&col=kind&pin=nothing')
    expect(replay.find("#breakpoints .count")).to_have_text(re.compile("hits?$"))
    last = int(replay.find("#scrubber").get_attribute("aria-valuemax") or 0)
    expect(replay.find("#rows .row .cell").first).not_to_be_empty()
    for pane in ("why", "context", "state", "graph", "raw"):
        replay.open_pane(pane)
        replay.go_to(1)
        for key in KEYS:
            replay.press(key)
            shown = int(replay.find("#number").input_value())
            assert 1 <= shown <= last
            expect(replay.find("#step")).to_have_attribute("data-position", str(shown))
        expect(replay.find("#pane")).not_to_be_empty()
    replay.press("Shift+B")
    replay.expect_said("hit")
    page_watch.assert_quiet()
