"""The page of a diff in a browser: keys, links, sides, packed rows, hostile text."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import PageWatch
from samples import EXAMPLES
from tiny import Tiny
from whypath.build import compare_all, diff, masks, pick_runs
from whypath.derive.diffs.diff import Diff

if TYPE_CHECKING:
    from playwright.sync_api import Page

BEFORE = str(EXAMPLES / "escalation" / "vip-before-rename.jsonl")
AFTER = str(EXAMPLES / "escalation" / "vip-after-rename.jsonl")
EVIL = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e"
MANY = 400


def written(folder: Path, diffs: list[Diff], as_folder: bool = False) -> str:
    """Writes the page and returns its address."""
    out = folder / ("pages" if as_folder else "diff.html")
    return diff(diffs, out, as_folder=as_folder).page.resolve().as_uri()


@pytest.fixture(scope="module")
def vip() -> list[Diff]:
    picked = pick_runs([BEFORE, AFTER], [])
    return compare_all(picked.runs, masks([], []))


def long_pair() -> list[Diff]:
    """Two runs with a difference in each of many results, and a parting late."""
    runs = []
    for name in "ab":
        tiny = Tiny(name)
        tiny.step("user", output=f"Go. {EVIL}")
        for number in range(MANY):
            tool = (
                f"other{EVIL}" if (name, number) == ("b", MANY - 9) else f"look{EVIL}"
            )
            tiny.step("model", calls=[(f"c{number}", tool, {"at": number})])
            tiny.result(f"c{number}", f"{EVIL} result {number} for {name} here")
        runs.append(tiny.run)
    return compare_all(runs, masks([], []))


def test_keys_go_from_difference_to_difference(
    page: "Page", page_watch: PageWatch, tmp_path: Path, vip: list[Diff]
) -> None:
    page.goto(written(tmp_path, vip))
    page.wait_for_function("document.getElementById('where').textContent")
    page.keyboard.press("g")
    page.wait_for_selector("#row-6.is-current")
    assert page.url.endswith("#row-6")
    page.keyboard.press("p")
    page.wait_for_selector("#row-3.is-current")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.wait_for_selector("#row-7.is-current details[open]")
    assert page.inner_text("#where") == "3 of 5 differences"
    page_watch.assert_quiet()


def test_a_link_leads_to_its_row_and_sides_can_be_swapped(
    page: "Page", page_watch: PageWatch, tmp_path: Path, vip: list[Diff]
) -> None:
    page.goto(written(tmp_path, vip) + "#row-7")
    page.wait_for_selector("#row-7.is-current")
    left = "document.querySelector('#row-7 .cell.side-%s').getBoundingClientRect().left"
    assert page.evaluate(f"{left % 'a'} < {left % 'b'}")
    page.keyboard.press("s")
    assert page.evaluate(f"{left % 'a'} > {left % 'b'}")
    page_watch.assert_quiet()


def test_the_page_says_all_without_scripts(
    browser: object, tmp_path: Path, vip: list[Diff]
) -> None:
    address = written(tmp_path, vip, as_folder=True)
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(address)
    text = page.inner_text("body")
    assert "They part at step 9" in text
    assert "crm.lookup (step 4) returned “vip” as tier" in text
    assert page.locator("#row-6 details[open]").count() == 1
    page.click("text=go there")
    assert page.url.endswith("#row-6")
    context.close()


def test_a_long_diff_unpacks_what_is_looked_at_and_stays_small(
    page: "Page", page_watch: PageWatch, tmp_path: Path
) -> None:
    diffs = long_pair()
    assert diffs[0].parting is not None
    row = diffs[0].parting.row + 1
    page.goto(written(tmp_path, diffs) + f"#row-{row}")
    page.wait_for_selector(f"#row-{row}.is-current")
    page.keyboard.press("n")
    page.wait_for_selector(f"#row-{row + 1}.is-current")
    assert page.evaluate("document.querySelectorAll('*').length") < 9000
    assert page.locator("img").count() == 0
    assert page.evaluate("document.querySelectorAll('.diff-row bdi img').length") == 0
    page_watch.assert_quiet()


def test_a_matrix_leads_to_each_pair(
    page: "Page", page_watch: PageWatch, tmp_path: Path
) -> None:
    picked = pick_runs([BEFORE, AFTER, BEFORE], [])
    diffs = compare_all(picked.runs, masks([], []))
    page.goto(written(tmp_path, diffs, as_folder=True))
    assert page.inner_text(".verdict p") == "1 of 2 runs parts from the first."
    page.click("table a >> nth=0")
    page.wait_for_selector("#chain")
    assert page.inner_text("#chain h2 .tag") == "the input differed"
    page_watch.assert_quiet()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_never_wider_than_the_screen(
    browser: object, tmp_path: Path, vip: list[Diff], width: int, scheme: str
) -> None:
    from axe_core_python.sync_playwright import Axe

    context = browser.new_context(  # type: ignore[attr-defined]
        viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(written(tmp_path, vip))
    page.wait_for_function("document.getElementById('where').textContent")
    found = Axe().run(page)["violations"]
    told = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found]
    assert not told, "\n".join(told)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
