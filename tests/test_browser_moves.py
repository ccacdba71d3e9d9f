"""Moving along the tree of steps, playing, and the keys for all of it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import EXAMPLES, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
MARKET = EXAMPLES / "research" / "market-report.jsonl"
FLAKY = EXAMPLES / "coding" / "flaky-test.jsonl"

NESTED: list[dict[str, Any]] = [
    {"kind": "user", "output": "go"},
    {"kind": "model", "calls": ["a", "b", "c"]},
    {"id": "t3", "kind": "tool", "name": "agent", "call": "a"},
    {"kind": "model", "parent": "t3", "agent": "left", "calls": ["d"]},
    {"kind": "tool", "name": "read", "parent": "t3", "agent": "left", "call": "d"},
    {"kind": "model", "parent": "t3", "agent": "left", "output": "done"},
    {"id": "t7", "kind": "tool", "name": "agent", "call": "b"},
    {"kind": "model", "parent": "t7", "agent": "right", "output": "done"},
    {"kind": "tool", "name": "read", "call": "c"},
    {"kind": "model", "calls": ["e"]},
    {"kind": "model", "output": "waiting"},
    {"kind": "tool", "name": "read", "call": "e"},
    {"kind": "model", "output": "all done"},
]
"""Three calls at once, two of them sub-agents, and a call whose result comes late.

    1 user
    2 model ── 3 agent a ── 4 model ── 5 read
            │            └─ 6 model
            ├─ 7 agent b ── 8 model
            └─ 9 read
   10 model ── 12 read
   11 model
   13 model
"""


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory, report_of: ReportOf) -> Path:
    """The report of NESTED."""
    rows: list[dict[str, Any]] = [{"type": "run", "whypath": 1, "id": "r"}]
    for step in NESTED:
        calls = [{"id": id, "name": "call"} for id in step.get("calls", ())]
        row = {**step, "calls": calls} if calls else step
        rows.append({"type": "step", "agent": "main", **row})
    trace = tmp_path_factory.mktemp("nested") / "nested.jsonl"
    trace.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return report_of(trace)


@pytest.fixture(scope="module")
def tab(browser: "Browser") -> Iterator["Page"]:
    """One page for all tests of this file, watched."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    page = context.new_page()
    watch = PageWatch(page)
    yield page
    context.close()
    watch.assert_quiet()


TREE = {
    "v": [2, 10, 7, 6, 6, 7, 9, 9, 10, 11, 13, 13, 0],
    "Shift+V": [0, 1, 2, 3, 4, 4, 3, 7, 7, 2, 10, 10, 11],
    "i": [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 13, 0],
    "Shift+I": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11],
    "u": [0, 0, 10, 7, 6, 7, 10, 9, 10, 0, 0, 13, 0],
    "Shift+U": [0, 0, 2, 3, 4, 3, 2, 7, 2, 0, 0, 10, 0],
    "r": [3, 3, 7, 5, 9, 7, 0, 9, 12, 12, 12, 0, 0],
    "Shift+R": [0, 0, 0, 3, 0, 5, 3, 7, 5, 9, 9, 9, 12],
    "w": [2, 3, 7, 5, 6, 0, 9, 0, 10, 11, 12, 13, 0],
    "Shift+W": [0, 1, 2, 0, 4, 5, 3, 0, 7, 9, 10, 11, 12],
    "h": [4, 4, 4, 7, 7, 7, 8, 9, 0, 0, 0, 0, 0],
    "Shift+H": [0, 0, 0, 0, 4, 4, 4, 7, 8, 9, 9, 9, 9],
}
"""Key -> where it leads from each step of NESTED; 0 says that it leads nowhere."""


@pytest.mark.parametrize("key", TREE)
def test_a_move_leads_where_the_tree_says(tab: "Page", nested: Path, key: str) -> None:
    replay = Replay(tab, nested).open()
    for start, end in enumerate(TREE[key], start=1):
        replay.go_to(start)
        replay.press(key)
        replay.expect_step(end or start)
        if not end:
            expect(replay.find("#announce")).to_contain_text(re.compile("[Nn]o "))


def test_over_and_back_visit_the_siblings_of_a_real_run(
    tab: "Page", report_of: ReportOf
) -> None:
    replay = Replay(tab, report_of(MARKET)).open("#step=1")
    last = int(replay.find("#scrubber").get_attribute("aria-valuemax") or 0)
    seen = [1]
    for _ in range(last):
        replay.press("v")
        here = int(replay.find("#number").input_value())
        if here == seen[-1]:
            break
        seen.append(here)
    assert 2 < len(seen) < last, "over enters nothing"
    assert seen == sorted(seen)
    replay.go_to(seen[-1])
    replay.press("Shift+V")
    replay.expect_step(seen[-2])


def test_findings_are_visited_and_buttons_say_where_there_are_none(
    tab: "Page", report_of: ReportOf
) -> None:
    replay = Replay(tab, report_of(VIP)).open("#step=1")
    replay.press("f")
    replay.expect_step(9)
    replay.press("f")
    replay.expect_said("No later finding")
    replay.press("End", "Shift+F")
    replay.expect_step(9)


def test_a_run_plays_and_stops_at_its_end(tab: "Page", nested: Path) -> None:
    replay = Replay(tab, nested).open("#step=11")
    play = replay.find('[data-act="play"]')
    replay.run("document.getElementById('speed').value = '5'")
    expect(replay.find('#timing [value="real"]')).to_be_disabled()
    expect(replay.find("#timing")).to_have_value("even")
    replay.press("Space")
    expect(play).to_have_attribute("aria-pressed", "true")
    replay.expect_step(13)
    expect(play).to_have_attribute("aria-pressed", "false")
    replay.press("Space")
    replay.expect_said("This is the last step")


def test_play_pauses_and_changes_its_speed(tab: "Page", report_of: ReportOf) -> None:
    replay = Replay(tab, report_of(VIP)).open("#step=3")
    play = replay.find('[data-act="play"]')
    replay.press("[")
    expect(replay.find("#speed")).to_have_value("0.5")
    replay.press("]", "]", "]", "]", "]")
    expect(replay.find("#speed")).to_have_value("5")
    replay.press("Space", "Space")
    expect(play).to_have_attribute("aria-pressed", "false")
    replay.expect_step(3)
    replay.find(".menu summary").click()
    replay.find("#timing").select_option("real")
    replay.find(".menu summary").click()
    replay.find("#step-panel").focus()
    replay.press("Space")
    expect(replay.find("#step")).not_to_have_attribute("data-position", "3")
    replay.press("o")
    expect(play).to_have_attribute("aria-pressed", "false")
    replay.press("o")


def test_no_timer_runs_while_nothing_plays(tab: "Page", report_of: ReportOf) -> None:
    replay = Replay(tab, report_of(VIP)).open("#step=3")
    replay.run("""() => {
      window.timers = 0;
      const own = window.setTimeout;
      window.setTimeout = (...args) => { window.timers++; return own(...args); };
      window.setInterval = () => { window.timers += 1000; };
    }""")
    replay.press("j", "k")
    replay.expect_address("#step=3")
    assert replay.run("window.timers") <= 2, "only the address waits a moment"


def test_a_breakpoint_stops_a_run_that_plays(tab: "Page", report_of: ReportOf) -> None:
    replay = Replay(tab, report_of(VIP)).open(
        "#step=2&bp=kind%20%3D%3D%20%22decision%22"
    )
    expect(replay.find("#breakpoints .count")).to_have_text("2 hits")
    replay.run("document.getElementById('speed').value = '5'")
    replay.run("document.getElementById('timing').value = 'real'")
    replay.press("Space")
    replay.expect_step(8)
    expect(replay.find('[data-act="play"]')).to_have_attribute("aria-pressed", "false")
    replay.expect_said("hit 1 of 2")


ROUTE = ["g", "4", "Enter", "3"]
"""What the README tells to press on the escalation, once it is open."""


def test_the_root_cause_is_found_by_keyboard_alone(
    page: "Page", page_watch: PageWatch, report_of: ReportOf
) -> None:
    replay = Replay(page, report_of(VIP)).open()
    replay.expect_step(9)
    wrong = replay.find("#step .evidence .missing")
    expect(wrong).to_contain_text("step 4")
    expect(wrong).to_contain_text("$.account_tier = vip")
    replay.press(*ROUTE)
    replay.expect_step(4)
    expect(replay.find("#step .leaf", has_text="account_tier")).to_contain_text("vip")
    changed = replay.find("#pane tr.changed", has_text="customer.tier")
    expect(changed).to_contain_text("standard")
    assert len(ROUTE) < 10
    shown = " ".join(f"`{key}`" for key in ROUTE)
    assert shown in (ROOT / "README.md").read_text("utf-8")
    page_watch.assert_quiet()


def test_buttons_of_the_menu_work_by_keyboard(tab: "Page", nested: Path) -> None:
    replay = Replay(tab, nested).open("#step=2")
    summary = replay.find(".menu summary")
    summary.focus()
    replay.press("Enter")
    expect(replay.find(".menu-box")).to_be_visible()
    replay.find('[data-act="next-same-agent"]').press("Enter")
    replay.expect_step(3)
    replay.press("Escape")
    expect(replay.find(".menu-box")).not_to_be_visible()


def test_every_key_of_the_sheet_does_nothing_while_typing(
    tab: "Page", nested: Path
) -> None:
    replay = Replay(tab, nested).open("#step=4")
    keys = replay.find("[data-key]").evaluate_all(
        "all => all.map((b) => b.dataset.key)"
    )
    typed = [key for key in keys if len(key) == 1 and key not in "←→"]
    replay.press("q")
    expect(replay.find("#break")).to_be_focused()
    replay.press(*typed)
    expect(replay.find("#break")).to_have_value("".join(typed))
    replay.press("Escape")
    replay.expect_step(4)
