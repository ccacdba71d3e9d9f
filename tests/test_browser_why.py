"""The pane that says why: the decision, where values came from, what led to a step."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import EXAMPLES, read_runs
from test_browser_axe import CHECK, COLOURS, RULES
from tiny import Tiny
from whypath.build import report, tell
from whypath.derive.causes import chain
from whypath.render.sources import HOWS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
FLAKY = EXAMPLES / "coding" / "flaky-test.claude-code.jsonl"
CHAIN = """() => [...document.querySelectorAll("#pane .chain > li")].map((item) => [
  Number(item.querySelector("a").textContent.slice(5)),
  item.querySelector(".from").textContent,
])"""


@pytest.fixture
def vip(page: "Page", page_watch: PageWatch, report_of: ReportOf) -> Replay:
    return Replay(page, report_of(VIP))


def test_two_clicks_lead_from_the_verdict_to_the_lookup(
    vip: Replay, page_watch: PageWatch
) -> None:
    vip.open("#step=1")
    vip.find(".verdict .go").click()
    vip.expect_step(9)
    options = vip.find("#step .options li")
    for at, words in enumerate(["general 0.71", "vip-desk 0.22", "billing 0.07"]):
        expect(options.nth(at)).to_contain_text(words)
    missing = vip.find("#pane .values .missing")
    expect(missing).to_contain_text("tier standard not found in what the model saw")
    expect(vip.find("#step .evidence .near")).to_contain_text("$.account_tier = vip")
    vip.find("#pane .chain li a").first.click()
    vip.expect_step(4)
    expect(vip.find("#step")).to_contain_text("account_tier")
    page_watch.assert_quiet()


def test_a_step_that_carries_out_a_decision_shows_the_whole_decision(
    vip: Replay,
) -> None:
    vip.open("#step=11")
    expect(vip.find("#pane h3").first).to_have_text("Decided at step 10")
    expect(vip.find("#pane .inferred, #pane .decision")).to_contain_text(
        "tickets.route"
    )
    vip.go_to(4)
    expect(vip.find("#pane .decision .chosen").first).to_contain_text("crm.lookup")
    expect(vip.find("#pane .decision .rejected").first).to_contain_text("can wait")


@pytest.mark.parametrize("trace", [VIP, FLAKY], ids=lambda path: path.stem)
def test_the_chain_in_the_page_is_the_one_that_python_walks(
    page: "Page", report_of: ReportOf, trace: Path
) -> None:
    replay = Replay(page, report_of(trace)).open("#step=1")
    story = tell(read_runs(trace)[0])
    for position in range(1, len(story.run.steps) + 1):
        replay.go_to(position)
        expected = [
            [
                link.step,
                f"{HOWS[link.how]} "
                + ("this step" if to == position else f"step {to}"),
            ]
            for link in chain(story.causes, position)[1:]
            if (to := link.leads_to) and link.how
        ]
        expect(replay.find("#pane .chain > li")).to_have_count(len(expected))
        assert replay.run(CHAIN) == expected, f"step {position}"


def test_a_model_call_shows_the_values_of_the_calls_it_made(vip: Replay) -> None:
    vip.open("#step=3")
    values = vip.find("#pane .values li")
    expect(values.first).to_contain_text("C-20417")
    expect(vip.find("#pane")).to_contain_text("Where the values came from of step 4")


def test_a_pressed_value_shows_where_it_came_from(vip: Replay) -> None:
    vip.open("#step=7&pane=state")
    vip.find("#step .leaf").filter(has_text="C-20417").first.click()
    expect(vip.find("#tab-why")).to_have_attribute("aria-selected", "true")
    lit = vip.find("#pane .values .is-lit")
    expect(lit).to_have_count(1)
    expect(lit).to_contain_text("$.customer_id C-20417")


def test_a_pressed_value_of_a_result_shows_who_used_it(vip: Replay) -> None:
    vip.open("#step=7&pane=context")
    vip.find("#step .leaf").filter(has_text="total").first.click()
    lit = vip.find("#pane .uses .is-lit")
    expect(lit).to_have_text(["earlier tickets"])
    vip.find("#pane .uses li a").first.click()
    vip.expect_step(8)


def test_a_source_is_lit_where_the_link_leads(vip: Replay) -> None:
    vip.open("#step=8")
    vip.find("#pane .values a.at").first.click()
    vip.expect_step(7)
    lit = vip.find("#step .leaf.is-lit")
    expect(lit).to_have_count(1)
    expect(lit).to_contain_text("total")
    vip.press("ArrowRight")
    vip.press("ArrowLeft")
    vip.expect_step(7)
    expect(vip.find("#step .leaf.is-lit")).to_have_count(0)


def test_names_of_fields_that_are_no_words_have_the_same_path(
    page: "Page", tmp_path: Path
) -> None:
    names = ["a b", 'q"uote', "naïve", "ключ", "1st", "tab\t", "", "日本-x"]
    tiny = Tiny()
    tiny.step("user", output="The code is ZX-81-42, again.")
    tiny.step("model", calls=[("c", "act", dict.fromkeys(names, "ZX-81-42"))])
    tiny.result("c")
    report(tiny.run, tmp_path / "r.html")
    replay = Replay(page, tmp_path / "r.html").open("#step=3")
    leaves = replay.find("#step .leaf").filter(has_text="ZX-81-42")
    expect(leaves).to_have_count(len(names))
    for at in range(len(names)):
        leaves.nth(at).click()
        expect(replay.find("#pane .values .is-lit")).to_have_count(1)


def test_a_step_that_nothing_is_known_of_says_so(page: "Page", tmp_path: Path) -> None:
    tiny = Tiny()
    tiny.step("event", "started")
    tiny.step("user", output="hello")
    report(tiny.run, tmp_path / "r.html")
    replay = Replay(page, tmp_path / "r.html").open("#step=1")
    expect(replay.find("#pane")).to_contain_text("No decision led here")


def test_without_scripts_each_step_links_to_what_led_to_it(
    browser: "Browser", tmp_path: Path
) -> None:
    report(read_runs(VIP)[0], tmp_path / "site", as_folder=True)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "site" / "steps-001.html").as_uri() + "#step-9")
    section = page.locator("#step-9")
    expect(section.locator(".causes li")).to_have_text(["step 4 is cited by this step"])
    expect(section.locator(".values .missing")).to_contain_text("not found")
    section.locator(".causes a").click()
    assert page.url.endswith("steps-001.html#step-4")
    context.close()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_the_pane_breaks_no_rule(
    browser: "Browser", report_of: ReportOf, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, bypass_csp=True)  # type: ignore[arg-type]
    broken: list[str] = []
    for trace, address in ((VIP, "#step=9"), (VIP, "#step=4"), (FLAKY, "#step=20")):
        replay = Replay(context.new_page(), report_of(trace)).open(address)
        if size[0] < 900:
            replay.click("sheet-side")
        replay.run(RULES)
        for theme, options in (("dark", COLOURS), ("light", {})):
            replay.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found = replay.run(CHECK, options)
            broken.extend(f"{address} {theme} {each}" for each in found)
    context.close()
    assert broken == []
