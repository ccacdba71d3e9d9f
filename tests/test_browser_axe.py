"""The rules of axe-core, on the report as people meet it: wide, narrow, light, dark."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import ReportOf
from replay import Replay
from samples import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

axe = pytest.importorskip("axe_core_python")

RULES = (Path(axe.__file__).parent / "axe.min.js").read_text("utf-8")
CHECK = """
(options) => axe.run(document, { resultTypes: ["violations"], ...options })
  .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 300)}`)))
"""
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""What another theme can break."""

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
MARKET = EXAMPLES / "research" / "market-report.jsonl"
FLAKY = EXAMPLES / "coding" / "flaky-test.jsonl"
VIEWS = [
    pytest.param(
        VIP,
        (
            "#step=9",
            "#step=9&pane=state&pin=customer.tier&note=9=mine",
            "#step=12&pane=context&vs=6&bp=step%20==%2012&col=output.status",
            "#view=overview",
        ),
        id="vip",
    ),
    pytest.param(MARKET, ("#step=5&pane=graph", "#step=12&q=council"), id="market"),
    pytest.param(FLAKY, ("#step=16", "#step=3&pane=raw", "#view=overview"), id="flaky"),
]


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
@pytest.mark.parametrize(("trace", "addresses"), VIEWS)
def test_no_rule_is_broken(
    browser: "Browser",
    report_of: ReportOf,
    trace: Path,
    addresses: tuple[str, ...],
    size: tuple[int, int],
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    # The rules are a script of their own, which the page's policy would not let in.
    context = browser.new_context(viewport=viewport, bypass_csp=True)  # type: ignore[arg-type]
    notes = {9: "a person's words"} if trace is VIP else None
    replay = Replay(context.new_page(), report_of(trace, notes=notes))
    broken: list[str] = []

    def check(what: str) -> None:
        for theme, options in (("dark", COLOURS), ("light", {})):
            replay.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found = replay.run(CHECK, options)
            broken.extend(f"{what} {theme} {each}" for each in found)

    for address in addresses:
        replay.open(address)
        replay.run(RULES)
        check(address)
    replay.open(addresses[0])
    replay.run(RULES)
    if size[0] < 900:
        for sheet in ("outline", "side"):
            replay.click(f"sheet-{sheet}")
            check(f"sheet {sheet}")
    replay.press("Escape", "?")
    check("keys")
    replay.press("Escape", "m")
    check("note")
    replay.press("Escape")
    replay.find(".menu summary").click()
    replay.run("document.querySelector('.probes').open = true")
    check("menu")
    context.close()
    assert broken == []
