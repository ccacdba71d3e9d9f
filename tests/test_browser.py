"""The replay in a real browser: moving, keys, the address, the overview, help."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import EXAMPLES, read_runs
from whypath import build

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
FLAKY = EXAMPLES / "coding" / "flaky-test.jsonl"
DECISIONS = (3, 6, 8, 9, 10, 12, 14)
"""Steps of the escalation at which something was decided."""
WRONG = 9
LAST = 14


@pytest.fixture
def vip(page: "Page", page_watch: PageWatch, report_of: ReportOf) -> Iterator[Replay]:
    """The escalation's report, not open yet. Whatever the test does, it is quiet."""
    yield Replay(page, report_of(VIP))
    page_watch.assert_quiet()


@pytest.fixture
def flaky(page: "Page", page_watch: PageWatch, report_of: ReportOf) -> Iterator[Replay]:
    yield Replay(page, report_of(FLAKY))
    page_watch.assert_quiet()


def test_the_report_opens_at_the_step_of_its_verdict(vip: Replay) -> None:
    vip.open()
    vip.expect_step(WRONG)
    expect(vip.find("#step h2")).to_contain_text("route_ticket")
    vip.expect_said(f"Step {WRONG} of {LAST}, decision")


def test_a_report_whose_index_is_in_several_blocks_opens(
    page: "Page",
    page_watch: PageWatch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whypath.render.index.PART_BYTES", 300)
    report = build.report(read_runs(VIP)[0], tmp_path / "report.html").path
    assert report.read_text("utf-8").count('class="index"') > 3
    vip = Replay(page, report).open()
    vip.expect_step(WRONG)
    expect(vip.find("#rows .row").first).to_be_visible()
    page_watch.assert_quiet()


def test_buttons_move_through_the_steps(vip: Replay) -> None:
    vip.open("#step=1")
    for act, step in (("next", 2), ("last", LAST), ("previous", 13), ("first", 1)):
        vip.click(act)
        vip.expect_step(step)
    for act in ("first", "previous"):
        expect(vip.find(f'[data-act="{act}"]')).to_be_disabled()


MOVES = [
    ("ArrowRight", 5, 6),
    ("ArrowLeft", 5, 4),
    ("ArrowDown", 5, 6),
    ("ArrowUp", 5, 4),
    ("j", 5, 6),
    ("k", 5, 4),
    ("Home", 5, 1),
    ("End", 5, LAST),
    ("ArrowLeft", 1, 1),
    ("ArrowRight", LAST, LAST),
    ("d", 3, 6),
    ("Shift+D", 9, 8),
    ("Shift+D", 3, 3),
    ("e", 1, WRONG),
    ("Shift+E", LAST, WRONG),
    ("e", WRONG, WRONG),
]


def test_keys_move(vip: Replay) -> None:
    vip.open()
    for key, start, end in MOVES:
        vip.go_to(start)
        vip.press(key)
        vip.expect_step(end)


def test_keys_visit_every_decision_in_order(vip: Replay) -> None:
    vip.open("#step=1")
    for step in DECISIONS:
        vip.press("d")
        vip.expect_step(step)
    vip.press("d")
    vip.expect_said("No later decision")
    for step in reversed(DECISIONS[:-1]):
        vip.press("Shift+D")
        vip.expect_step(step)


def test_errors_are_visited_by_button(flaky: Replay) -> None:
    flaky.open("#step=1")
    for step in (3, 5, 7):
        flaky.click("next-error")
        flaky.expect_step(step)
    flaky.click("previous-error")
    flaky.expect_step(5)


@pytest.mark.parametrize("field", ["#search", "#number"])
def test_keys_do_nothing_while_somebody_types(vip: Replay, field: str) -> None:
    vip.open("#step=5")
    vip.find(field).focus()
    vip.press("d", "j", "o", "t", "End", "Home", "ArrowRight", "?")
    expect(vip.find("#step")).to_have_attribute("data-position", "5")
    expect(vip.find("#help")).not_to_be_visible()
    expect(vip.find("body")).to_have_attribute("data-view", "replay")


def test_a_number_is_gone_to(vip: Replay) -> None:
    vip.open("#step=5")
    vip.press("g", "1", "2", "Enter")
    vip.expect_step(12)
    for typed, step in (("9,999", LAST), ("2", 2), ("what", 2), ("", 2), ("0", 1)):
        vip.find("#number").fill(typed)
        vip.press("Enter")
        vip.expect_step(step)


def test_an_address_opens_its_step_and_pane(vip: Replay) -> None:
    vip.open("#step=7&pane=state")
    vip.expect_step(7)
    expect(vip.find("#tab-state")).to_have_attribute("aria-selected", "true")
    expect(vip.find("#pane")).to_contain_text("ticket.repeat_of")


WRONG_ADDRESSES = [
    ("#step=0", WRONG),
    ("#step=-3", 1),
    ("#step=99999", LAST),
    ("#step=x&pane=nonsense&view=nonsense", WRONG),
    ("#step=2.6", 3),
    ("#%E0%A4%A", WRONG),
]


def test_a_wrong_address_shows_a_step_all_the_same(vip: Replay) -> None:
    for address, step in WRONG_ADDRESSES:
        vip.open(address)
        vip.expect_step(step)
        expect(vip.find("#tab-why")).to_have_attribute("aria-selected", "true")


def test_back_and_forward_follow_the_jumps(vip: Replay) -> None:
    vip.open("#step=2")
    vip.press("End")
    vip.expect_address("#step=14")
    vip.press("Home")
    vip.expect_address("#step=1")
    vip.page.go_back()
    vip.expect_step(LAST)
    vip.page.go_back()
    vip.expect_step(2)
    vip.page.go_forward()
    vip.expect_step(LAST)


def test_the_address_says_what_is_shown(vip: Replay) -> None:
    vip.open("#step=2")
    vip.press("j")
    vip.expect_address("#step=3")
    vip.press("4")
    vip.expect_address("#step=3&pane=graph")
    vip.press("o")
    vip.expect_address("#step=3&pane=graph&view=overview")


def test_a_link_to_a_step_goes_there(vip: Replay) -> None:
    vip.open("#step=1")
    vip.find(".verdict .go").click()
    vip.expect_step(WRONG)
    vip.find("#step .evidence a").first.click()
    vip.expect_step(4)


def test_the_sheet_of_keys_lists_every_button_with_a_key(vip: Replay) -> None:
    vip.open()
    vip.press("?")
    expect(vip.find("#help")).to_be_visible()
    keys = vip.find("[data-key]").evaluate_all("all => all.map((b) => b.dataset.key)")
    listed = vip.find("#help dt").all_inner_texts()
    assert listed[: len(keys)] == keys
    assert len(set(keys)) == len(keys), "two buttons have the same key"
    assert all(vip.find("#help dd").all_inner_texts())
    vip.press("Escape")
    expect(vip.find("#help")).not_to_be_visible()


def test_keys_bring_the_focus_to_the_list_and_to_the_details(vip: Replay) -> None:
    vip.open("#step=9")
    vip.press("s")
    expect(vip.find("#rows")).to_be_focused()
    vip.press("j")
    vip.expect_step(10)
    vip.press("a")
    expect(vip.find("#pane")).to_be_focused()


def test_the_way_past_the_header_leads_to_the_step(vip: Replay) -> None:
    vip.open("#step=9")
    vip.press("Tab")
    expect(vip.find(".skip")).to_be_focused()
    vip.press("Enter")
    expect(vip.find("#step-panel")).to_be_focused()
    vip.expect_address("#step=9")


def test_every_button_says_its_key(vip: Replay) -> None:
    vip.open()
    for button in vip.find("[data-key]").all():
        key, title = button.get_attribute("data-key"), button.get_attribute("title")
        assert (title or "").endswith(f"({key})"), title


def test_the_theme_is_switched_and_kept(vip: Replay) -> None:
    vip.open()
    colour = "getComputedStyle(document.body.parentElement).backgroundColor"
    light = vip.run(colour)
    vip.press("t")
    dark = vip.run(colour)
    assert light != dark
    vip.page.reload()
    expect(vip.find("html")).to_have_attribute("data-theme", "dark")
    vip.press("t")
    expect(vip.find("html")).to_have_attribute("data-theme", "light")
    assert vip.run(colour) == light


def test_the_overview_opens_and_closes(vip: Replay) -> None:
    vip.open("#step=4")
    vip.press("o")
    expect(vip.find("#overview")).to_be_visible()
    expect(vip.find("#replay")).not_to_be_visible()
    vip.press("o")
    expect(vip.find("#overview")).not_to_be_visible()
    vip.expect_step(4)


def test_a_link_in_the_overview_opens_the_replay(vip: Replay) -> None:
    vip.open("#step=4&view=overview")
    vip.find('#path a[href="#step=12"]').click()
    expect(vip.find("#replay")).to_be_visible()
    vip.expect_step(12)
    vip.page.go_back()
    expect(vip.find("#overview")).to_be_visible()


def test_a_note_is_shown_at_its_step_and_in_the_overview(
    page: "Page", report_of: ReportOf
) -> None:
    words = "the <b>tier</b> was never returned"
    replay = Replay(page, report_of(VIP, notes={9: words}, step=9)).open()
    expect(replay.find("#step .person-note")).to_contain_text(words)
    replay.press("o")
    expect(replay.find("#overview .notes")).to_contain_text(words)
    replay.find("#overview .notes a").click()
    replay.expect_step(9)


def test_the_step_to_show_first_can_be_chosen(
    page: "Page", report_of: ReportOf
) -> None:
    Replay(page, report_of(VIP, step=5)).open().expect_step(5)
