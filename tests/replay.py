"""Drives one report in a browser: opens it, presses keys, and says what is shown.

For tests only. It waits for what it expects; it never sleeps.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class Replay:
    """A report in a page. A method that expects fails when it waits in vain."""

    def __init__(self, page: "Page", report: Path) -> None:
        self.page = page
        self.url = report.as_uri()

    def open(self, address: str = "") -> "Replay":
        """Opens the report at an address such as `#step=3`, and waits for the step."""
        self.page.goto("about:blank")
        self.page.goto(self.url + address)
        expect(self.page.locator("html")).to_have_attribute("data-ready", "1")
        return self

    def find(self, selector: str, **how: Any) -> "Locator":
        return self.page.locator(selector, **how)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def go_to(self, position: int) -> None:
        """Types the number of a step, and puts the focus back on the page."""
        self.page.locator("#number").fill(str(position))
        self.page.locator("#number").press("Enter")
        self.expect_step(position)

    def shown_rows(self) -> list[int]:
        """The steps whose rows of the outline are in the document."""
        rows = self.page.locator("#rows .row")
        script = "rows => rows.map((row) => Number(row.dataset.position))"
        positions: list[int] = rows.evaluate_all(script)
        return positions

    def click(self, act: str) -> None:
        """Presses the button that does `act`, such as "next"."""
        self.page.locator(f'[data-act="{act}"]').click()

    def expect_step(self, position: int) -> None:
        """The step in the middle, in the number field and in the outline."""
        step = self.page.locator("#step")
        expect(step).to_have_attribute("data-position", str(position))
        expect(self.page.locator("#number")).to_have_value(str(position))
        row = self.page.locator('#rows [aria-selected="true"]')
        if row.count():
            expect(row).to_have_attribute("data-position", str(position))

    def expect_address(self, fragment: str) -> None:
        expect(self.page).to_have_url(self.url + fragment)

    def expect_said(self, words: str) -> None:
        """What a screen reader is told."""
        expect(self.page.locator("#announce")).to_contain_text(words)

    def open_pane(self, name: str) -> "Locator":
        """Opens a side pane and gives it once it is shown."""
        tab = self.page.locator(f"#tab-{name}")
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        return self.page.locator("#pane")

    def run(self, script: str, argument: Any = None) -> Any:
        """What a script answers in the page, whatever the page's policy says."""
        return self.page.evaluate(script, argument)
