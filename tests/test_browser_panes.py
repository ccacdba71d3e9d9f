"""The side panes, the narrow layout, print, and the page without its scripts."""

import json
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import EXAMPLES, read_runs
from whypath.cli import main
from whypath.derive.story import Story, tell
from whypath.derive.windows.context import window

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
MARKET = EXAMPLES / "research" / "market-report.jsonl"
FLAKY = EXAMPLES / "coding" / "flaky-test.claude-code.jsonl"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def vip(page: "Page", page_watch: PageWatch, report_of: ReportOf) -> Iterator[Replay]:
    """The escalation's report, not open yet. Whatever the test does, it is quiet."""
    yield Replay(page, report_of(VIP))
    page_watch.assert_quiet()


@pytest.fixture(scope="module")
def story() -> Story:
    return tell(read_runs(VIP)[0])


def previews(story: Story, at: int) -> list[tuple[str, str]]:
    """Role and first letters of the messages of the window at a model step."""
    contents = story.run.contents
    return [
        (message.role, contents.preview(message.content or 0, 12))
        for message in window(story.contexts, at)
    ]


@pytest.mark.parametrize("at", [3, 6, 10, 12, 14])
def test_kept_messages_complete_the_window_in_order(
    vip: Replay, story: Story, at: int
) -> None:
    expected = previews(story, at)
    vip.open(f"#step={at}&pane=context")
    pane = vip.find("#pane")
    messages = pane.locator(".window > li")
    more = pane.locator(".kept-more")
    if at != 3:
        expect(pane.locator(".delta")).to_contain_text(f"{len(expected)} messages")
        more.click()
    expect(messages).to_have_count(len(expected))
    expect(more).to_have_count(0)
    for item, (role, words) in zip(messages.all(), expected, strict=True):
        expect(item.locator("summary b")).to_have_text(role)
        expect(item.locator(".preview")).to_contain_text(words)


def test_a_message_opens_in_full(vip: Replay, story: Story) -> None:
    message = window(story.contexts, 6)[-1]
    vip.open("#step=6&pane=context")
    item = vip.find("#pane .window > li").last
    item.locator("summary").first.click()
    raw = json.loads(story.run.contents.raw(message.content or 0))
    assert isinstance(raw, dict)
    for key in raw:
        expect(item.locator(".tree .key", has_text=key).first).to_be_visible()


@pytest.mark.parametrize(
    ("step", "words"), [(1, "No model call"), (2, "No model call")]
)
def test_a_step_before_any_call_says_that_nothing_was_seen(
    vip: Replay, step: int, words: str
) -> None:
    vip.open(f"#step={step}&pane=context")
    expect(vip.find("#pane")).to_contain_text(words)


def test_offered_tools_are_listed(vip: Replay) -> None:
    vip.open("#step=6&pane=context")
    vip.find("#pane .tools summary").first.click()
    expect(vip.find("#pane .tools .tree")).to_contain_text("crm.lookup")


def test_the_state_pane_shows_what_changed(vip: Replay) -> None:
    vip.open("#step=9&pane=state")
    changed = vip.find("#pane tr.changed")
    expect(changed).to_have_count(2)
    expect(changed.first).to_contain_text("ticket.due_hours")
    expect(changed.first.locator("td").last).to_have_text("24")
    expect(vip.find("#pane tbody tr")).to_have_count(7)
    vip.press("j")
    expect(vip.find("#pane h3")).to_have_text("As of step 9, the last change")
    vip.press("Home")
    expect(vip.find("#pane")).to_contain_text("not recorded before this step")


def test_a_run_without_state_says_so(page: "Page", report_of: ReportOf) -> None:
    replay = Replay(page, report_of(FLAKY)).open("#pane=state")
    expect(replay.find("#pane")).to_contain_text("This trace records no state")


def test_the_source_pane_says_where_the_step_was_read(vip: Replay) -> None:
    vip.open("#step=9&pane=raw")
    expect(vip.find("#pane")).to_contain_text("vip-after-rename.jsonl:23")


@pytest.mark.parametrize("trace", [VIP, MARKET, FLAKY], ids=lambda path: path.stem)
def test_the_graph_follows_the_step(
    page: "Page", page_watch: PageWatch, report_of: ReportOf, trace: object
) -> None:
    replay = Replay(page, report_of(trace)).open("#step=1&pane=graph")
    expect(replay.find("#pane #graph")).to_be_visible()
    count = int(replay.find("#scrubber").get_attribute("aria-valuemax") or 0)
    for step in range(1, count + 1):
        current = replay.find("#graph .is-current")
        if current.count():
            first = int(current.get_attribute("data-first") or 0)
            last = int(current.get_attribute("data-last") or 0)
            assert min(first, last) <= step <= last, f"step {step} is not in its node"
            expect(current).to_be_in_viewport()
        replay.press("j")
    page_watch.assert_quiet()


def test_a_node_of_the_graph_goes_to_its_step(vip: Replay) -> None:
    vip.open("#step=1&pane=graph")
    for step in (4, 9, 12):
        node = vip.find(f'#graph a[data-step="{step}"]')
        if node.count():
            node.click()
            vip.expect_step(step)
    vip.find('#graph a[data-step="9"]').focus()
    vip.press("Home")
    vip.find('#graph a[data-step="9"]').press("Enter")
    vip.expect_step(9)


def test_the_graph_is_in_the_overview_too(vip: Replay) -> None:
    vip.open("#step=1&pane=graph")
    vip.press("o")
    expect(vip.find("#overview #graph")).to_be_visible()
    vip.press("o")
    expect(vip.find("#pane #graph")).to_be_visible()


def test_tabs_are_walked_with_arrow_keys(vip: Replay) -> None:
    vip.open("#step=9")
    vip.find("#tab-why").focus()
    for name in ("context", "state", "graph", "raw", "why"):
        vip.press("ArrowRight")
        expect(vip.find(f"#tab-{name}")).to_be_focused()
        expect(vip.find(f"#tab-{name}")).to_have_attribute("aria-selected", "true")
    vip.press("ArrowLeft")
    expect(vip.find("#tab-raw")).to_be_focused()
    vip.expect_step(9)


def test_printing_shows_the_overview_and_changes_nothing(
    browser: "Browser", vip: Replay
) -> None:
    vip.open("#step=9&pane=graph")
    vip.page.emulate_media(media="print")
    vip.page.set_viewport_size({"width": 700, "height": 1000})
    for part in (".verdict", "#path", "#overview", "#problems", ".totals .source"):
        expect(vip.find(part)).to_be_visible()
    expect(vip.find("#replay")).not_to_be_visible()
    vip.page.pdf()
    vip.page.emulate_media(media="screen")
    vip.page.set_viewport_size({"width": 1440, "height": 900})
    expect(vip.find("#pane #graph")).to_be_visible()


def test_what_is_printed_holds_the_graph(vip: Replay) -> None:
    vip.open("#step=9&pane=graph")
    vip.run("dispatchEvent(new Event('beforeprint'))")
    vip.page.emulate_media(media="print")
    expect(vip.find("#overview #graph svg").first).to_be_visible()


def test_sheets_open_and_close_on_a_phone(vip: Replay) -> None:
    vip.page.set_viewport_size(PHONE)
    vip.open("#step=9")
    outline, side = vip.find("#outline"), vip.find("#side")
    expect(outline).not_to_be_visible()
    expect(side).not_to_be_visible()
    vip.click("sheet-outline")
    expect(outline).to_be_visible()
    expect(vip.find('[data-act="sheet-outline"]')).to_have_attribute(
        "aria-expanded", "true"
    )
    vip.find('#rows [data-position="4"]').click()
    expect(outline).not_to_be_visible()
    vip.expect_step(4)
    vip.click("sheet-side")
    expect(side).to_be_visible()
    vip.find('#pane a[href^="#step="]').first.click()
    expect(side).not_to_be_visible()
    vip.click("sheet-side")
    vip.press("Escape")
    expect(side).not_to_be_visible()
    expect(vip.find('[data-act="sheet-side"]')).to_be_focused()
    expect(vip.find('[data-act="sheet-side"]')).to_have_attribute(
        "aria-expanded", "false"
    )


def test_the_graph_shows_the_step_when_its_sheet_opens(
    page: "Page", report_of: ReportOf
) -> None:
    page.set_viewport_size(PHONE)
    replay = Replay(page, report_of(FLAKY)).open("#step=31&pane=graph")
    replay.click("sheet-side")
    expect(replay.find("#pane .is-current")).to_be_in_viewport()


@pytest.mark.parametrize("address", ["#step=9", "#view=overview", "#step=9&pane=graph"])
def test_nothing_is_wider_than_a_phone(
    page: "Page", report_of: ReportOf, address: str
) -> None:
    page.set_viewport_size(PHONE)
    replay = Replay(page, report_of(MARKET)).open(address)
    width = "document.scrollingElement.scrollWidth"
    assert replay.run(width) <= PHONE["width"]
    for part in ("#overview", "#step-panel", ".player", ".top"):
        wide = "e => !e.offsetParent || e.scrollWidth <= e.clientWidth"
        assert replay.find(part).evaluate(wide), part


def test_without_scripts_the_page_is_a_document(
    browser: "Browser", report_of: ReportOf
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report_of(VIP).as_uri())
    for part in (".verdict", ".totals", "#path", "#graph svg", "#problems"):
        expect(page.locator(part).first).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text("account_tier")
    expect(page.locator(".totals")).to_contain_text("14 steps")
    expect(page.locator("#path li")).to_have_count(7)
    expect(page.locator("noscript p")).to_contain_text("needs JavaScript")
    for part in ("#replay", ".tools", "#help"):
        expect(page.locator(part)).not_to_be_visible()
    context.close()


def test_the_folder_is_whole_without_scripts(
    browser: "Browser", report_of: ReportOf
) -> None:
    folder = report_of(VIP, as_folder=True)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    watch = PageWatch(page)
    page.goto((folder / "index.html").as_uri())
    page.locator(".verdict .go").click()
    step = page.locator("#step-9")
    expect(step).to_be_in_viewport()
    expect(step).to_contain_text("which queue takes this ticket?", ignore_case=True)
    step.get_by_text("next").click()
    expect(page.locator("#step-10")).to_be_in_viewport()
    watch.assert_quiet()
    context.close()


def test_the_folder_steps_through_the_run_too(
    page: "Page", page_watch: PageWatch, report_of: ReportOf
) -> None:
    folder = report_of(VIP, as_folder=True)
    replay = Replay(page, folder / "index.html").open()
    replay.expect_step(9)
    replay.press("j")
    replay.expect_step(10)
    replay.press("o")
    replay.find("#path a").first.click()
    replay.expect_step(3)
    page_watch.assert_quiet()


def test_focus_can_be_seen(vip: Replay) -> None:
    vip.open("#step=9")
    unseen = []
    for _ in range(40):
        vip.press("Tab")
        seen = vip.run(
            "() => { const e = document.activeElement;"
            " if (e === document.body) return ['', true, true];"
            " const around = e.closest('.search') || e;"
            " const own = e.closest('svg a') ? e.querySelector('.box') : around;"
            " const s = getComputedStyle(own);"
            " const r = e.getBoundingClientRect();"
            " return [e.outerHTML.slice(0, 80), s.outlineStyle !== 'none'"
            " || parseFloat(s.strokeWidth) > 1, r.width > 0]; }"
        )
        if not (seen[1] and seen[2]):
            unseen.append(seen[0])
    assert unseen == []


def test_nothing_moves_for_those_who_do_not_want_it(
    browser: "Browser", report_of: ReportOf
) -> None:
    context = browser.new_context(reduced_motion="reduce")
    replay = Replay(context.new_page(), report_of(VIP)).open("#step=9&pane=graph")
    moving = replay.run(
        "[...document.querySelectorAll('*')].filter((e) => {"
        " const s = getComputedStyle(e);"
        " return parseFloat(s.transitionDuration) || parseFloat(s.animationDuration)"
        " || s.scrollBehavior === 'smooth'; }).length"
    )
    assert moving == 0
    context.close()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_the_secrets_that_were_replaced_are_told_and_leave_room_for_the_step(
    size: tuple[int, int],
    page: "Page",
    page_watch: PageWatch,
    tmp_path: Path,
) -> None:
    keys = [
        f"AKIA{b32encode(sha256(b'%d' % at).digest())[:16].decode()}"
        for at in range(60)
    ]
    steps = [
        {"type": "step", "kind": "tool", "name": "put", "input": {"key": key}}
        for key in keys
    ]
    lines = [{"type": "run", "whypath": 1, "id": "r"}, *steps]
    trace = tmp_path / "keys.jsonl"
    trace.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    out = tmp_path / "report.html"
    made = CliRunner().invoke(main, ["report", str(trace), "-o", str(out)])
    assert made.exit_code == 0, made.output
    replay = Replay(page, out)
    replay.open("#step=2")
    told = replay.find("#redacted")
    expect(told).to_contain_text("60 secrets replaced by placeholders")
    told.locator("summary").click()
    expect(told.get_by_role("link", name="1", exact=True)).to_be_visible()
    expect(replay.find("#step-panel h2").first).to_be_in_viewport()
    page_watch.assert_quiet()
