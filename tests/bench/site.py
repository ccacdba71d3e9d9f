"""Measures a site: 100,000 rows in Chromium, and many traces built, and built again."""

import argparse
import gc
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import chromium
from whypath import fleet, processes
from whypath.build_site import Unit
from whypath.derive.sites.comparisons import find_pairs
from whypath.derive.sites.ledger import lines
from whypath.derive.sites.row import Choice, Flaw, Row
from whypath.fleet import Plan
from whypath.render.site import Words, site_pages
from whypath.rows import entries, gather
from whypath.stage import write_page

FOLDER = Path(__file__).parents[2] / "build" / "bench-site"
OPEN_MS = FILTER_MS = 1000.0
REBUILD_SHARE = 0.05

FILTER = """
async (query) => {
  const from = performance.now();
  location.hash = "#q=" + encodeURIComponent(query);
  await new Promise((done) => addEventListener("hashchange", done, { once: true }));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return [performance.now() - from, document.getElementById("shown").textContent];
}
"""


def rows(count: int) -> Iterator[Row]:
    """Invented rows: tasks that repeat, ids that do not."""
    return (
        Row(
            key=f"run-{n:06}-{n * 2654435761 % 2**32:08x}",
            source=f"night-{n % 90}/run-{n:06}.jsonl",
            run=f"run-{n:06}",
            format="native",
            task=f"Task {n * 7919 % 4000} of the suite, as asked by customer {n % 977}",
            agent=f"agent-{n % 12}",
            models=(f"model-{n % 7}",),
            labels=(("suite", f"s{n % 40}"), ("commit", f"{n // 500:07x}")),
            status="ok" if n % 9 else "error",
            outcome="passed" if n % 9 else "failed",
            tone="ok" if n % 9 else "error",
            verdict=f"Ended after {n % 300 + 3} steps; {n % 11} errors on the way.",
            start_ns=(1_790_000_000 + n * 61) * 10**9,
            duration_ns=(n * 7919 % 600_000 + 900) * 10**6,
            tokens=n * 104_729 % 400_000,
            cost_usd=(n * 104_729 % 400_000) / 3e6,
            steps=n % 300 + 3,
            decisions=n % 70,
            flaws=(Flaw("loop", "warning", "Goes round and round.", n % 300),)
            * (n % 3),
            choices=tuple(
                Choice(f"decision {n % 9 + m}", "name", f"option {n % m}", m, 1)
                for m in range(1, 7)
            ),
        )
        for n in range(count)
    )


def gathered(count: int, in_files: bool) -> None:
    """The memory that the pages of `count` rows take; for a process of its own."""
    start = time.process_time()
    kept = gather(in_files)
    for number, row in enumerate(rows(count)):
        kept.add(number, [row], [row.key])
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    plan, words = Plan(), Words("", "", "", None)
    units = [Unit(f"{number}", "") for number in range(count)]
    found = find_pairs(kept.chosen(plan))
    for _, pieces in site_pages(kept.chosen(plan), (), (), words, bool):
        for _ in pieces:
            pass
    for _ in lines(entries(kept, units, plan)):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = time.process_time() - start
    print(
        f"  {'in files' if in_files else 'in memory'}: {after:.0f} MB when gathered, "
        f"{peak:.0f} MB at most, {took:.1f} s of processor, {len(found):,} pairs"
    )


def large(count: int) -> None:
    """The list of `count` runs in Chromium."""
    out = FOLDER / "large"
    shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    for name, pieces in site_pages(
        list(rows(count)), (), (), Words("", "", "", None), bool
    ):
        write_page(out / name, pieces)
    print(f"{count:,} rows: pages written in {time.perf_counter() - start:.1f} s")
    found = chromium.find()
    if found is None:
        print("NO CHROMIUM: the list is not measured; see tests/chromium.py")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=chromium.ARGUMENTS
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        opened = []
        for _ in range(3):
            page.goto("about:blank")
            page.goto((out / "index.html").as_uri())
            page.wait_for_selector('html[data-ready="1"]')
            opened.append(page.evaluate("performance.now()"))
        nodes = page.evaluate("document.querySelectorAll('*').length")
        print(f"opens in {min(opened):.0f} ms (target {OPEN_MS:.0f}), {nodes:,} nodes")
        for query in ("customer 97", "outcome:failed cost:>0.1", "zzz", ""):
            took, said = page.evaluate(FILTER, query)
            print(f"  {query!r}: {took:.0f} ms (target {FILTER_MS:.0f}), {said}")
        browser.close()


def many(count: int, size: int) -> None:
    """Traces of `size` steps: one process alone, then all, then one changed."""
    from generate import FORMATS

    traces = FOLDER / "traces"
    for old in ("site", "few", "traces"):
        shutil.rmtree(FOLDER / old, ignore_errors=True)
    traces.mkdir(parents=True, exist_ok=True)
    text = "\n".join(json.dumps(one) for one in FORMATS["native"](size)) + "\n"
    for number in range(count):
        (traces / f"{number:05}.jsonl").write_text(text)
    few = [str(path) for path in sorted(traces.iterdir())[: max(count // 10, 1)]]
    gc.disable()  # as the command and its workers do
    start = time.perf_counter()
    alone = fleet.site(few, FOLDER / "few", Plan(), jobs=1)
    single = alone.steps / (time.perf_counter() - start)
    gc.enable()
    start = time.perf_counter()
    made = fleet.site([str(traces)], FOLDER / "site", Plan())
    whole = time.perf_counter() - start
    rate, mb = made.steps / whole, made.size / 1e6 / whole
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cores = processes.cores()
    print(f"{count:,} traces of {size} steps, {cores} processors: {whole:.1f} s")
    print(f"  {rate:,.0f} steps/s, {mb:.1f} MB/s; one process alone {single:,.0f}")
    print(f"  {rate / single / cores:.0%} of that times the processors (target 80%)")
    print(f"  peak memory: a worker {peak:.0f} MB, the parent {own:.0f} MB")
    changed = traces / "00000.jsonl"
    changed.write_text(text.replace("ok", "OK", 1))
    start = time.perf_counter()
    again = fleet.site([str(traces)], FOLDER / "site", Plan())
    share = (time.perf_counter() - start) / whole
    print(
        f"  again with {again.made} changed: {share:.1%} (target {REBUILD_SHARE:.0%})"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--traces", type=int, default=2_000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--gather", choices=["memory", "files"])
    asked = parser.parse_args()
    if asked.gather:
        gathered(asked.rows, asked.gather == "files")
        sys.exit()
    many(asked.traces, asked.steps)  # first: a peak is of all that came before
    print(f"{asked.rows:,} rows and the pages they share:", flush=True)
    for where in ("memory", "files"):
        words = [sys.executable, __file__, "--gather", where]
        subprocess.run([*words, "--rows", str(asked.rows)], check=True)
    large(asked.rows)
