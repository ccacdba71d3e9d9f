"""The replay in a real browser: search, filters, the long list, Markdown."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parent / "bench"))

from generate import write  # type: ignore[import-not-found]

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
DECISIONS = (3, 6, 8, 9, 10, 12, 14)
"""Steps of the escalation at which something was decided."""
WRONG = 9
LAST = 14


@pytest.fixture
def vip(page: "Page", page_watch: PageWatch, report_of: ReportOf) -> Iterator[Replay]:
    """The escalation's report, not open yet. Whatever the test does, it is quiet."""
    yield Replay(page, report_of(VIP))
    page_watch.assert_quiet()


@pytest.fixture(scope="session")
def thousand(tmp_path_factory: pytest.TempPathFactory, report_of: ReportOf) -> Path:
    """The report of an invented run of a thousand steps."""
    folder = tmp_path_factory.mktemp("thousand")
    return report_of(write(folder, "native", 500))


def test_search_finds_a_result_far_away(page: "Page", thousand: Path) -> None:
    replay = Replay(page, thousand).open("#step=1")
    chunks = replay.find("script.chunk").count()
    assert chunks > 1, "the run is too small for this test"
    replay.press("j", "End")
    end = replay.find("#scrubber").get_attribute("aria-valuemax")
    expect(replay.find("#step")).to_have_attribute("data-position", str(end))
    last = replay.find("#step .content").first.inner_text()
    needle = max(re.findall(r"[\w./-]{6,}", last), key=len)
    replay.press("Home", "/")
    replay.find("#search").fill(needle)
    expect(replay.find("#search-count")).to_have_text(re.compile(r"^[\d,]+ steps?$"))
    replay.find("#rows").evaluate("rows => { rows.scrollTop = rows.scrollHeight; }")
    expect(replay.find(f'#rows .row[data-position="{end}"]')).to_be_visible()
    replay.press("Escape")
    expect(replay.find("#search")).to_have_value("")


def test_search_finds_the_calls_of_a_model(page: "Page", thousand: Path) -> None:
    replay = Replay(page, thousand).open("#step=1")
    replay.press("/")
    replay.find("#search").fill("claude-sonnet")
    expect(replay.find("#search-count")).to_have_text(
        re.compile(r"^[1-9][\d,]+ steps$")
    )


def test_search_counts_and_walks_its_matches(vip: Replay) -> None:
    vip.open("#step=1")
    vip.press("/")
    vip.find("#search").fill("INC-311")
    expect(vip.find("#search-count")).to_have_text("3 steps")
    expect(vip.find("#rows .row")).not_to_have_count(LAST)
    assert vip.shown_rows() == [5, 6, 7]
    vip.press("Enter")
    vip.expect_step(5)
    vip.find("#step-panel").focus()
    vip.press("n")
    vip.expect_step(6)
    vip.press("n", "n")
    vip.expect_step(7)
    vip.press("Shift+N")
    vip.expect_step(6)
    vip.expect_address("#step=6&q=INC-311")
    vip.press("/", "Escape")
    expect(vip.find("#rows .row")).to_have_count(LAST)
    vip.expect_step(6)
    vip.expect_address("#step=6")


def test_what_is_nowhere_is_said_to_be_nowhere(vip: Replay) -> None:
    vip.open("#q=nothing-like-this")
    expect(vip.find("#search-count")).to_have_text("0 steps")
    expect(vip.find("#rows .row")).to_have_count(0)


FILTERS = [
    ("decisions", list(DECISIONS)),
    ("errors", [WRONG]),
    ("all", list(range(1, LAST + 1))),
]


def test_a_filter_leaves_its_steps(vip: Replay) -> None:
    vip.open("#step=9")
    for name, positions in FILTERS:
        button = vip.find(f'[data-filter="{name}"]')
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(vip.find("#rows .row")).to_have_count(len(positions))
        assert vip.shown_rows() == positions
        vip.expect_step(WRONG)


def test_a_long_outline_holds_only_the_rows_in_sight(
    page: "Page", page_watch: PageWatch, thousand: Path
) -> None:
    replay = Replay(page, thousand).open("#step=1")
    assert replay.run("document.querySelectorAll('*').length") < 5000
    last = int(replay.find("#scrubber").get_attribute("aria-valuemax") or 0)
    assert last >= 1000
    replay.press("End")
    replay.expect_step(last)
    selected = replay.find('#rows [aria-selected="true"]')
    expect(selected).to_be_in_viewport()
    assert replay.find("#rows .row").count() < 100
    replay.find("#rows").evaluate("rows => { rows.scrollTop = 13000; }")
    row = replay.find('#rows .row[data-position="505"]')
    row.click()
    replay.expect_step(505)
    page_watch.assert_quiet()


def test_what_is_searched_for_is_marked(vip: Replay) -> None:
    marks = "[...(CSS.highlights.get('found') || [])].map((range) => range.toString())"
    vip.open("#step=5&q=inc-311")
    expect(vip.find("#search-count")).to_have_text("3 steps")
    assert "INC-311" in vip.run(marks)
    vip.press("/", "Escape")
    assert vip.run(marks) == []


def test_markdown_can_be_read_as_it_was_written(
    page: "Page", page_watch: PageWatch, report_of: ReportOf, tmp_path: Path
) -> None:
    text = "# Findings\n\n1. **One** of `two`\n2. [three](https://example.org)\n"
    lines = [
        {"type": "run", "whypath": 1, "id": "r"},
        {"type": "step", "kind": "model", "output": text},
    ]
    trace = tmp_path / "trace.jsonl"
    trace.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    replay = Replay(page, report_of(trace)).open()
    expect(replay.find("#step .prose li")).to_have_count(2)
    button = replay.find("#step").get_by_text("as written")
    button.click()
    expect(replay.find("#step pre")).to_have_text(text)
    button.click()
    expect(replay.find("#step .prose strong")).to_have_text("One")
    page_watch.assert_quiet()
