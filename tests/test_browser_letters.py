"""What is read: terminal colours, patches, pictures, values with their paths."""

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOT = base64.b64encode(
    bytes.fromhex(
        "47494638396101000100800000000000ffffff21f90401000000002c000000000100010000"
        "02014400 3b".replace(" ", "")
    )
).decode()
"""A picture of one point."""

PATCH = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n"
COLOURED = (
    "\x1b[1;31mred\x1b[0m plain \x1b[32mgreen\x1b[39m\x1b[2K\x1b]0;title\x07 <b>end"
    "\x1b(B\x1b7 `\x1b`"
)

OUTPUTS: list[Any] = [
    COLOURED,
    PATCH,
    {"type": "image", "source": {"media_type": "image/gif", "data": DOT}},
    [{"image_url": {"url": f"data:image/gif;base64,{DOT}"}}],
    {"url": "https://example.org/beacon.png", "svg": "data:image/svg+xml;base64,AAAA"},
    {"a": {"b c": [1, {"d": 'deep "value"'}]}, "n": 2**60},
    "x" * 30_000,
]


@pytest.fixture(scope="module")
def shown(
    browser: "Browser",
    report_of: ReportOf,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Replay]:
    """The report of a run with these outputs, step 1 on, in a page with a clipboard."""
    rows: list[dict[str, Any]] = [{"type": "run", "whypath": 1, "id": "r"}]
    for output in OUTPUTS:
        row = {"type": "step", "kind": "tool", "name": "sh", "output": output}
        rows.append(row)
    trace = tmp_path_factory.mktemp("letters") / "letters.jsonl"
    trace.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(20_000)
    page = context.new_page()
    watch = PageWatch(page)
    yield Replay(page, report_of(trace))
    context.close()
    watch.assert_quiet()


def test_terminal_colours_are_shown_and_other_controls_are_not(shown: Replay) -> None:
    shown.open("#step=1")
    pre = shown.find("#step pre")
    expect(pre).to_have_text("red plain green <b>end `␛`")
    expect(pre.locator(".ansi1.bold")).to_have_text("red")
    expect(pre.locator(".ansi2")).to_have_text("green")
    shown.find("#step").get_by_text("controls of a terminal").click()
    expect(pre).to_contain_text("\\u001b[1;31mred")


def test_a_patch_shows_what_it_adds_and_takes_away(shown: Replay) -> None:
    shown.open("#step=2")
    expect(shown.find("#step pre .added")).to_have_text("+new\n")
    expect(shown.find("#step pre .removed")).to_have_text("-old\n")
    expect(shown.find("#step pre")).to_have_text(PATCH)


def test_pictures_are_shown_from_their_own_bytes_only(shown: Replay) -> None:
    for step, count in ((3, 1), (4, 1), (5, 0)):
        shown.open(f"#step={step}")
        expect(shown.find("#step .tree")).to_be_visible()
        expect(shown.find("#step img.picture")).to_have_count(count)
    shown.open("#step=3")
    width = "document.querySelector('#step img').naturalWidth"
    shown.page.wait_for_function(f"{width} === 1")


def test_a_value_has_its_path_and_is_copied(shown: Replay) -> None:
    shown.open("#step=6")
    leaf = shown.find("#step .leaf", has_text="deep")
    leaf.hover()
    bar = leaf.locator(".value-bar")
    expect(bar.locator("code")).to_have_text('$.a["b c"][1].d')
    for what, text in (("value", 'deep "value"'), ("path", '$.a["b c"][1].d')):
        bar.get_by_text(f"copy {what}").click()
        shown.expect_said(f"{what} copied")
        assert shown.run("navigator.clipboard.readText()") == text
    shown.find("#step .io h3 button").first.click()
    shown.expect_said("content copied")
    copied = shown.run("navigator.clipboard.readText()")
    assert json.loads(copied) == OUTPUTS[5], "and long numbers keep their digits"


def test_arrow_keys_walk_the_values_of_a_tree(shown: Replay) -> None:
    shown.open("#step=6")
    shown.find("#step .tree").focus()
    for _ in range(4):
        shown.press("ArrowDown")
    leaf = shown.find("#step .leaf:focus")
    expect(leaf).to_contain_text("1")
    expect(leaf.locator(".value-bar")).to_be_visible()
    shown.expect_step(6)


def test_a_long_text_says_how_much_of_it_is_shown(shown: Replay) -> None:
    shown.open("#step=7")
    shown.find("#step").get_by_text("12 kB of 30 kB · show all").click()
    assert len(shown.find("#step pre").inner_text()) == 30_000
