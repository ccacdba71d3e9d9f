"""What was found, in a browser: overview, list of steps, step, graph."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
FLAKY = EXAMPLES / "coding" / "flaky-test.jsonl"
CRASH = EXAMPLES / "crash" / "nightly-reconcile.jsonl"


@pytest.fixture
def replay(
    page: "Page", page_watch: PageWatch, report_of: ReportOf
) -> Iterator["Opened"]:
    """Opens reports. Whatever the test does, the page stays quiet."""
    yield Opened(page, report_of)
    page_watch.assert_quiet()


class Opened:
    """Opens the report of an example at an address."""

    def __init__(self, page: "Page", report_of: ReportOf) -> None:
        self._page, self._report_of = page, report_of

    def __call__(self, trace: object, address: str) -> Replay:
        opened = Replay(self._page, self._report_of(trace))
        return opened.open(address)


def test_the_overview_lists_what_was_found_with_a_link_to_the_step(
    replay: Opened,
) -> None:
    page = replay(VIP, "#step=1")
    page.press("o")
    first = page.find("#findings .findings > li").first
    expect(first).to_contain_text("renamed-field")
    expect(first.locator(".cites li")).to_have_count(3)
    first.locator("a.at").first.click()
    page.expect_step(9)


def test_a_step_says_what_was_found_there_and_its_row_is_marked(replay: Opened) -> None:
    page = replay(FLAKY, "#step=3")
    expect(page.find("#step p.finding.warning")).to_contain_text("repeat-call")
    expect(
        page.find(
            "#row-3 .flag",
        ).last
    ).to_be_visible()
    expect(page.find("#row-3")).to_have_class("row d1 is-error has-finding")


def test_a_node_of_the_graph_with_a_finding_has_a_mark_and_says_so(
    replay: Opened,
) -> None:
    page = replay(VIP, "#step=9&pane=graph")
    node = page.find("#graph a.node[data-step='9']")
    expect(node.locator("path.finding.error")).to_have_count(1)
    assert "finding: error" in (node.locator("title").first.text_content() or "")


def test_a_failed_run_says_where_to_look_first(replay: Opened) -> None:
    page = replay(CRASH, "#step=1")
    page.press("o")
    looks = page.find("#findings .first-look li")
    expect(looks.first).to_contain_text("the trace breaks off here")
    looks.first.locator("a").click()
    page.expect_step(11)
