"""Measures a finished report in Chromium over file://: how soon, how big, how quick."""

import statistics
import sys
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import chromium

PRESSES = 50
MORE_PRESSES = 200

WATCH = """
(() => {
  const root = () => document.documentElement;
  const bench = (window.bench = { ready: null, shown: [], worked: [], waiting: null });
  let pressed = null;
  const first = new MutationObserver(() => {
    if (bench.ready === null && root()?.dataset.ready === "1") {
      bench.ready = performance.now();
      first.disconnect();
      watchSteps();
    }
  });
  first.observe(document, { subtree: true, attributeFilter: ["data-ready"] });
  addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  // A frame's callbacks run before it is painted; a message sent then arrives after.
  const painted = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = then;
    channel.port2.postMessage(null);
  });
  const watchSteps = () => {
    const step = document.getElementById("step");
    new MutationObserver(() => {
      if (pressed === null) return;
      const from = pressed;
      pressed = null;
      bench.worked.push(performance.now() - from);
      painted(() => {
        bench.shown.push(performance.now() - from);
        bench.waiting?.();
      });
    }).observe(step, { attributes: true, attributeFilter: ["data-position"] });
  };
  bench.until = (count) => new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("no step shown after a key")), 5000);
    bench.waiting = () => {
      if (bench.shown.length < count) return;
      clearTimeout(late);
      resolve(bench.shown.length);
    };
    bench.waiting();
  });
})();
"""

COUNT = "document.querySelectorAll('*').length"

VISITS = 200
STRIDE = 7919
"""A prime: steps this far apart, round about, are spread over any run."""

VISIT = """
async ([visits, stride]) => {
  const number = document.getElementById("number");
  const step = document.getElementById("step");
  const strip = document.getElementById("scrubber");
  const count = Number(strip.getAttribute("aria-valuemax"));
  for (let i = 1; i <= visits; i++) {
    const n = String(((i * stride) % count) + 1);
    const there = new Promise((done) => {
      const watch = new MutationObserver(() => {
        if (step.dataset.position === n) (watch.disconnect(), done());
      });
      watch.observe(step, { attributes: true, attributeFilter: ["data-position"] });
      if (step.dataset.position === n) (watch.disconnect(), done());
    });
    number.value = n;
    number.dispatchEvent(new Event("change"));
    await there;
  }
}
"""

SCAN = """
async ([field, text, result]) => {
  let longest = 0, last = performance.now(), isOver = false;
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setTimeout(tick, 0);
  };
  tick();
  const from = performance.now();
  const input = document.getElementById(field);
  input.value = text;
  input.dispatchEvent(new Event("input"));
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  await new Promise((done) => {
    const wait = () => {
      const said = document.querySelector(result)?.textContent || "";
      if (said && !said.includes("…")) done();
      else setTimeout(wait, 1);
    };
    setTimeout(wait, 1);
  });
  isOver = true;
  return [performance.now() - from, longest];
}
"""
"""Asks for something that no step holds, and for the longest time without an answer."""

SEARCHED = ("search", "no such words anywhere", "#search-count")
BREAK = 'tool != "" && output.contains("no such words anywhere")'
BROKEN = ("break", BREAK, "#breakpoints .count")


class PageFigures(NamedTuple):
    """What a reader of the report feels. Times in milliseconds."""

    first_step_ms: float
    nodes: int
    nodes_later: int
    key_median_ms: float
    key_worst_ms: float
    key_work_ms: float
    visited_nodes: int
    search_ms: float
    search_blocked_ms: float
    break_ms: float
    break_blocked_ms: float


def look(report: Path) -> PageFigures | None:
    """Opens `report` and steps through it. None where there is no Chromium."""
    found = chromium.find()
    if found is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=chromium.ARGUMENTS
        )
        ready = [_first_step(browser, report) for _ in range(2)]
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        _open(page, report, "#step=1")  # there is a step behind each key pressed
        nodes = page.evaluate(COUNT)
        for count in range(1, PRESSES + 1):
            page.keyboard.press("ArrowRight")
            page.evaluate("count => bench.until(count)", count)
        shown, worked = page.evaluate("[bench.shown, bench.worked]")
        for _ in range(MORE_PRESSES - PRESSES):
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(200)
        later = page.evaluate(COUNT)
        page.evaluate(VISIT, [VISITS, STRIDE])
        visited = page.evaluate(COUNT)
        search, search_blocked = page.evaluate(SCAN, list(SEARCHED))
        broken, broken_blocked = page.evaluate(SCAN, list(BROKEN))
        browser.close()
    return PageFigures(
        first_step_ms=min(ready),
        nodes=nodes,
        nodes_later=later,
        key_median_ms=statistics.median(shown),
        key_worst_ms=max(shown),
        key_work_ms=statistics.median(worked),
        visited_nodes=visited,
        search_ms=search,
        search_blocked_ms=search_blocked,
        break_ms=broken,
        break_blocked_ms=broken_blocked,
    )


def _first_step(browser: Any, report: Path) -> float:
    """Milliseconds from the start of navigation to the first step that can be used."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    _open(page, report)
    ready: float = page.evaluate("bench.ready")
    page.close()
    return ready


def _open(page: Any, report: Path, address: str = "") -> None:
    page.add_init_script(WATCH)
    page.goto(f"{report.resolve().as_uri()}{address}")
    page.wait_for_selector("html[data-ready='1']", state="attached")
