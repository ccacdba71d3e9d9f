"""What a reader asks of a run: breakpoints, a column, pins, notes, windows compared."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import EXAMPLES, read_runs
from whypath.derive.requests import SHAPES, request
from whypath.derive.story import tell
from whypath.derive.windows.context import window

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
FLAKY = EXAMPLES / "coding" / "flaky-test.claude-code.jsonl"


@pytest.fixture(scope="module")
def tab(browser: "Browser") -> Iterator["Page"]:
    """One page for all tests of this file, watched, with a clipboard."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(20_000)
    page = context.new_page()
    watch = PageWatch(page)
    yield page
    context.close()
    watch.assert_quiet()


@pytest.fixture
def vip(tab: "Page", report_of: ReportOf) -> Replay:
    return Replay(tab, report_of(VIP))


HITS: list[tuple[str, list[int]]] = [
    ('tool == "crm.lookup" && output.account_tier == "vip"', [4]),
    ('tool == "crm.lookup" && output.tier != "vip"', []),
    ('tool == "crm.lookup" && !has(output.tier)', [4]),
    ("has(output.status) && output.status >= 200", [11, 13]),
    ('output["status"] == 202 || output.tier == 1', [13]),
    ('kind == "decision"', [8, 9]),
    ('"general" in chosen', [9]),
    ('options.exists(o, o == "billing")', [9]),
    ('step in [2, 3] || name == "rate_severity"', [2, 3, 8]),
    ('size(findings) > 0 && basis == "recorded"', [9]),
    ('state["customer.tier"] == "standard" && step < 6', [4, 5]),
    ("tokens_in != null && tokens_in > 1200", [12, 14]),
    ("cost > 0.005 && duration_s > 2", [12]),
    ('input.query.startsWith("inv") && input.days + 1 == 8', [5]),
    ('reasoning.contains("export") ? true : question == "x"', [3, 6]),
    ('output.tickets.filter(t, t.cause == "INC-311").size() == 1', [7]),
    ("output.tickets.map(t, t.id)[1] == 'T-7719'", [7]),
    ("output.tickets.all(t, t.state == 'closed')", [7]),
    ("abandoned || -step == -14 || 7 / 2 == step && step % 2 == 1", [3, 14]),
    (
        'agent == "" && model == "claude-sonnet-4-5" && error == ""',
        [3, 6, 10, 12, 14],
    ),
    ('status == "ok" && step > 13', [14]),
    ("/INC-311", [5, 6, 7]),
]
"""An expression, or a text, and the steps that it holds at."""

WRONG = [
    ("tool ==", "a name is missing"),
    ("tool = 'x'", "has no meaning here"),
    ("nothing == 1", "nothing is no variable"),
    ("matches(tool)", "matches() is not known"),
    ("tool.matches('x')", "matches() is not known"),
    ("(" * 50 + "1" + ")" * 50, "nested too deep"),
    ("step == 1 step", "is too much"),
    ("[1, 2", "is missing"),
    ("/", "a text is missing"),
]


def test_a_breakpoint_finds_the_steps_where_it_is_true(vip: Replay) -> None:
    for text, steps in HITS:
        vip.open(f"#step=1&bp={quote(text)}")
        words = f"{len(steps)} hit{'s' if len(steps) != 1 else ''}"
        expect(vip.find("#breakpoints .count")).to_have_text(words)
        vip.find('[data-filter="stops"]').click()
        assert vip.shown_rows() == steps, text


def test_a_missing_key_is_no_hit(vip: Replay) -> None:
    for text in ('tool == "crm.lookup" && output.tier != "vip"', "output.nothing"):
        vip.open(f"#step=1&bp={quote(text)}")
        expect(vip.find("#breakpoints .count")).to_have_text("0 hits")


def test_what_is_wrong_with_an_expression_is_said(vip: Replay) -> None:
    vip.open("#step=1")
    vip.press("q")
    for text, words in WRONG:
        vip.find("#break").fill(text)
        vip.press("Enter")
        expect(vip.find("#break-problem")).to_contain_text(words)
    expect(vip.find("#breakpoints li")).to_have_count(0)


def test_breakpoints_are_set_walked_kept_and_removed(vip: Replay) -> None:
    vip.open("#step=1")
    vip.press("q")
    vip.find("#break").fill('tool == "mail.send"')
    vip.press("Enter")
    vip.find("#break").fill("has(output.incidents)")
    vip.press("Enter", "Escape")
    expect(vip.find("#breakpoints li")).to_have_count(2)
    expect(vip.find("#rows .row.is-stop")).to_have_count(2)
    for key, step in (("b", 5), ("b", 13), ("b", 13), ("Shift+B", 5)):
        vip.press(key)
        vip.expect_step(step)
    vip.expect_said("hit 1 of 1: has(output.incidents)")
    address = vip.page.url
    vip.open(address.partition("report.html")[2])
    expect(vip.find("#breakpoints li")).to_have_count(2)
    vip.find(".probes > summary").click()
    vip.find("#breakpoints button").first.click()
    expect(vip.find("#breakpoints li")).to_have_count(1)
    vip.find('[data-act="break-here"]').click()
    expect(vip.find("#breakpoints li").last).to_contain_text(
        'tool == "incidents.search"'
    )
    for number, act in enumerate(('[data-act="break-on"]', '[data-act="break-agent"]')):
        vip.find(act).first.click()
        expect(vip.find("#breakpoints li")).to_have_count(3 + number)
    expect(vip.find("#breakpoints")).to_contain_text('status == "error"')
    expect(vip.find("#breakpoints")).to_contain_text('agent == ""')


def test_a_column_shows_a_value_of_every_step(vip: Replay) -> None:
    vip.open("#step=1")
    vip.press("l")
    vip.find("#column").fill("output.status")
    vip.press("Enter", "Escape")
    cell = '#rows .row[data-position="{}"] .cell'
    expect(vip.find(cell.format(11))).to_have_text("200")
    expect(vip.find(cell.format(13))).to_have_text("202")
    expect(vip.find(cell.format(1))).to_have_text("")
    vip.expect_address("#step=1&col=output.status")
    vip.open("#step=1&col=%24.tickets%5B0%5D.id")
    expect(vip.find(cell.format(7))).to_have_text("T-8203")
    vip.open("#step=1&col=size(options)%20%2B")
    expect(vip.find("#column-problem")).to_contain_text("a name is missing")


def test_a_pinned_path_is_shown_at_every_step(vip: Replay) -> None:
    vip.open("#step=9&pane=state")
    row = vip.find("#pane tr", has_text="customer.tier")
    row.hover()
    row.locator(".pin").click()
    pins = vip.find("#pins")
    expect(pins).to_contain_text('customer.tier "standard"')
    expect(pins).to_contain_text("last changed at 4")
    vip.press("Home")
    expect(pins).to_contain_text("not set")
    expect(pins).to_contain_text("also at 4")
    pins.locator("a", has_text="4").click()
    vip.expect_step(4)
    expect(pins).to_contain_text("changed here")
    vip.expect_address("#step=4&pane=state&pin=customer.tier")
    pins.locator(".pin").click()
    expect(pins).not_to_be_visible()


def test_files_and_plans_are_worked_out_and_said_to_be(
    tab: "Page", report_of: ReportOf, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [{"type": "run", "whypath": 1, "id": "r"}]
    for name, given in (
        ("Read", {"file_path": "/a/one.py"}),
        ("TodoWrite", {"todos": [{"content": "look", "status": "pending"}]}),
        ("Edit", {"file_path": "/a/two.py", "old": "x"}),
        ("apply_patch", {"input": "*** Begin Patch\n*** Update File: b.py\n@@\n"}),
        ("Read", {"file_path": "/a/one.py"}),
    ):
        rows.append({"type": "step", "kind": "tool", "name": name, "input": given})
    trace = tmp_path / "files.jsonl"
    trace.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    replay = Replay(tab, report_of(trace)).open("#step=5&pane=state")
    pane = replay.find("#pane")
    expect(pane.locator(".files li")).to_have_count(3)
    expect(pane.locator(".files li").first).to_have_text("/a/one.py 1 5")
    expect(pane).to_contain_text("b.py")
    expect(pane.locator(".tag", has_text="inferred")).to_have_count(2)
    expect(pane).to_contain_text("Written at step 2")
    expect(pane.locator(".plan li")).to_have_text("pending look")
    replay.press("Home")
    expect(pane.locator(".files li")).to_have_count(1)


def test_a_window_is_compared_with_an_earlier_one(vip: Replay) -> None:
    vip.open("#step=12&pane=context&vs=3")
    pane = vip.find("#pane")
    expect(pane.locator(".comparison .delta")).to_contain_text(
        "Against step 3: 3 in both, 10 only here, 0 only there"
    )
    expect(pane.locator(".comparison .new")).to_have_count(10)
    pane.locator(".versus input").fill("6")
    pane.locator(".versus input").press("Enter")
    expect(pane.locator(".comparison .delta")).to_contain_text("7 in both, 6 only here")
    vip.expect_address("#step=12&pane=context&vs=6")
    pane.locator(".comparison .same summary").first.click()
    expect(pane.locator(".comparison .same li")).to_have_count(7)
    pane.locator(".versus input").fill("")
    pane.locator(".versus input").press("Enter")
    expect(pane.locator(".comparison")).to_have_count(0)


def test_shares_system_prompt_and_model_are_shown(vip: Replay) -> None:
    vip.open("#step=12&pane=context")
    pane = vip.find("#pane")
    expect(pane.locator(".shares")).to_contain_text("estimated")
    expect(pane.locator(".shares")).to_contain_text("1,225 tokens in, as recorded")
    assert pane.locator(".shares rect").count() == 6
    pane.locator("details.system summary").first.click()
    expect(pane.locator("details.system .preview")).to_contain_text("You triage")
    expect(pane.locator(".settings")).to_contain_text("claude-sonnet-4-5")
    expect(pane.locator(".settings")).to_contain_text("settings not recorded")


def test_what_was_compacted_is_listed(
    tab: "Page", report_of: ReportOf, corpus: Path
) -> None:
    path = corpus / "codex-rollout" / "agentsessions_codex_catalogue_0.146.jsonl"
    run = max(read_runs(path), key=lambda run: len(run.steps))
    story = tell(run)
    at = max(story.changes, key=lambda at: len(story.changes[at].gone))
    gone = len(story.changes[at].gone)
    replay = Replay(tab, report_of(path)).open(f"#step={at}&pane=context")
    expect(replay.find("#pane .delta")).to_contain_text(f"{gone} compacted")
    replay.find("#pane details.gone summary").first.click()
    expect(replay.find("#pane details.gone li")).to_have_count(gone)


REQUESTED = [
    pytest.param(VIP, id="native"),
    pytest.param(EXAMPLES / "research" / "market-report.otlp.jsonl", id="otlp"),
    pytest.param(EXAMPLES / "crash" / "nightly-reconcile.chat.json", id="chat"),
    pytest.param(FLAKY, id="claude-code"),
]


@pytest.mark.parametrize("trace", REQUESTED)
def test_the_page_copies_the_same_request_as_the_command(
    tab: "Page", report_of: ReportOf, trace: Path
) -> None:
    run = max(read_runs(trace), key=lambda run: len(run.steps))
    story = tell(run)
    replay = Replay(tab, report_of(trace)).open("#pane=context")
    for at in [*story.contexts][:: max(1, len(story.contexts) // 4)]:
        replay.go_to(at)
        for shape in SHAPES:
            replay.run("navigator.clipboard.writeText('')")
            expect(replay.find("#pane h3").first).to_contain_text("What the model saw")
            replay.find(f'[data-act="copy-{shape}"]').click()
            replay.expect_said("request copied")
            copied = json.loads(replay.run("navigator.clipboard.readText()"))
            body = request(story, at, shape).body
            assert copied == json.loads(json.dumps(body)), f"step {at} {shape}"
            assert len(window(story.contexts, at)) > 0


def test_a_step_is_copied_as_markdown(vip: Replay) -> None:
    vip.open("#step=9&note=9=look%20here")
    vip.press("y")
    vip.expect_said("step copied")
    lines = vip.run("navigator.clipboard.readText()").splitlines()
    assert lines[0] == "### Step 9 of 14: route_ticket"
    assert "Note: look here" in lines
    assert "- general 0.71 chosen" in lines
    assert any(line.startswith("- tier =") and "account_tier" in line for line in lines)
    vip.go_to(13)
    vip.press("y")
    vip.expect_said("step copied")
    text = vip.run("navigator.clipboard.readText()")
    assert "Dear Ingrid Solheim" in text
    assert text.count("```") == 4


def test_a_note_is_written_linked_and_printed(
    tab: "Page", vip: Replay, report_of: ReportOf
) -> None:
    vip.open("#step=4")
    vip.press("m")
    expect(vip.find("#note textarea")).to_be_focused()
    words = "renamed: <b>tier</b> & account_tier = 100 %"
    vip.page.keyboard.type(words)
    vip.press("Control+Enter")
    expect(vip.find("#step .person-note")).to_contain_text(words)
    vip.expect_address(f"#step=4&note={quote(f'4={words}', safe='~()*!.')}")
    link = vip.page.url.partition("report.html")[2]
    vip.open("#step=1")
    expect(vip.find("#step .person-note")).to_have_count(0)
    vip.open(link)
    expect(vip.find("#step .person-note")).to_contain_text(words)
    expect(vip.find('#rows .row[data-position="4"] .flag')).to_have_count(1)
    tab.emulate_media(media="print")
    expect(vip.find("#notes li")).to_contain_text(words)
    expect(vip.find("#noted article")).to_contain_text("crm.lookup")
    expect(vip.find("#noted")).to_be_visible()
    tab.emulate_media(media="screen")
    vip.press("m")
    vip.find('#note button[value="remove"]').click()
    expect(vip.find("#step .person-note")).to_have_count(0)


def test_a_saved_copy_is_the_page_with_its_notes(
    tab: "Page", report_of: ReportOf, tmp_path: Path
) -> None:
    given = report_of(VIP, notes={9: "wrong here", 12: "to go"})
    replay = Replay(tab, given).open("#step=9")
    expect(replay.find("#step .person-note")).to_contain_text("wrong here")
    replay.press("m")
    replay.find("#note textarea").fill("the </script><b> cause")
    replay.find('#note button[value="keep"]').click()
    replay.go_to(12)
    replay.press("m")
    replay.find('#note button[value="remove"]').click()
    replay.find(".menu summary").click()
    with tab.expect_download() as saving:
        replay.find('[data-act="save-notes"]').click()
    copy = tmp_path / saving.value.suggested_filename
    assert copy.suffix == ".html"
    saving.value.save_as(copy)
    again = Replay(tab, copy).open("#step=9")
    expect(again.find("#step .person-note")).to_contain_text("the </script><b> cause")
    again.go_to(12)
    expect(again.find("#step .person-note")).to_have_count(0)
    text = copy.read_text("utf-8")
    assert "the &lt;/script&gt;&lt;b&gt; cause" in text, "readable without JavaScript"
    before = given.read_text("utf-8")
    for line in before.splitlines():
        if line.startswith('<script type="application/octet-stream"'):
            assert line in text


@pytest.mark.parametrize("width", [390, 920, 1100, 1280, 1440])
def test_the_player_fits_at_any_width(
    browser: "Browser", report_of: ReportOf, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    replay = Replay(page, report_of(VIP)).open("#step=2&bp=step%20%3D%3D%204&q=INC")
    expect(replay.find("#breakpoints .count")).to_have_text("1 hit")
    assert replay.find(".player").evaluate("e => e.scrollWidth <= e.clientWidth")
    replay.find(".menu summary").click()
    for act in ("over", "next-decision", "next-stop", "next-hit", "next-boundary"):
        expect(replay.find(f'[data-act="{act}"]')).to_be_in_viewport(ratio=1)
    replay.find('[data-act="next-stop"]').click()
    replay.expect_step(4)
    page.close()
