"""A site in a browser: search, order, keys, links, without scripts, and axe's rules."""

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conftest import PageWatch
from samples import EXAMPLES
from test_browser_axe import CHECK, COLOURS, RULES
from whypath import fleet
from whypath.fleet import Plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

JENKINS = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    plan = Plan(title="All examples", baseline=("vip-routing/before",))
    fleet.site([str(EXAMPLES)], out, plan, jobs=1)
    return out


def opened(page: "Page", site: Path, address: str = "") -> "Page":
    page.goto("about:blank")
    page.goto((site / "index.html").as_uri() + address)
    expect(page.locator("html")).to_have_attribute("data-ready", "1")
    return page


def names(page: "Page") -> list[str]:
    return page.locator("#table .c-name a").all_inner_texts()


def test_the_page_is_quiet_and_says_how_many_runs_there_are(
    page: "Page", page_watch: PageWatch, site: Path
) -> None:
    opened(page, site)
    expect(page.locator("#shown")).to_have_text("30 runs")
    page_watch.assert_quiet()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 30),
        ("outcome:failed", 2),
        ("outcome:none", 2),
        ('task:"Route a ticket"', 20),
        ("route ticket -task:Triage", 20),
        ("steps:>20", 4),
        ("findings:>0 outcome:passed", None),
        ("from:2026-11-23", 1),
        ('choice:"route_ticket=vip-desk"', 5),
        ("cost:none", None),
        ("nothing-like-this", 0),
        ("steps:many", 0),
    ],
)
def test_a_search_finds(
    page: "Page", site: Path, query: str, count: int | None
) -> None:
    opened(page, site)
    page.keyboard.press("/")
    page.keyboard.type(query)
    page.keyboard.press("Enter")
    said = f"{count} of 30 runs" if query else "30 runs"
    shown = page.locator("#shown")
    if count is None:
        expect(shown).to_have_text(re.compile(r"^[1-9]\d* of 30 runs"))
    else:
        expect(shown).to_have_text(said)
    assert ("#q=" in page.url) == bool(query)


def test_the_address_says_what_is_shown(page: "Page", site: Path) -> None:
    opened(page, site, "#q=outcome%3Afailed&sort=-steps")
    expect(page.locator("#shown")).to_have_text("2 of 30 runs")
    expect(page.locator("#search")).to_have_value("outcome:failed")
    expect(page.locator("th.c-steps")).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Escape")
    expect(page.locator("#shown")).to_have_text("30 runs")


def test_a_header_sorts_down_then_up_then_not(page: "Page", site: Path) -> None:
    opened(page, site)
    newest = names(page)[0]
    button = page.locator("th.c-steps button")
    first = page.locator("#table tbody tr:not(.space) .c-steps").first
    button.click()
    expect(first).to_have_text("33")
    button.click()
    expect(first).to_have_text("7")
    button.click()
    assert names(page)[0] == newest


def test_keys_go_from_run_to_run_and_open_one(page: "Page", site: Path) -> None:
    opened(page, site)
    for key in ("j", "j", "k", "j"):
        page.keyboard.press(key)
    current = page.locator("#table tr.current a")
    target = current.get_attribute("href")
    page.locator("#table").focus()
    page.keyboard.press("Enter")
    assert target
    expect(page).to_have_url((site / target).as_uri())


def test_end_shows_the_last_of_many_rows(page: "Page", site: Path) -> None:
    opened(page, site)
    page.locator("#table").focus()
    page.keyboard.press("End")
    expect(page.locator("#table tr.current")).to_have_attribute("aria-rowindex", "31")


def test_two_marked_runs_give_the_command_that_compares_them(
    page: "Page", site: Path
) -> None:
    opened(page, site, "#q=Route")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("#diff-command")).to_have_text(
        re.compile(r"^whypath diff \S+\.jsonl \S+\.jsonl -o diff\.html$")
    )
    expect(page.locator("#diff-link")).to_be_hidden()
    assert re.search(r"&pick=[\w-]+,[\w-]+$", page.url)
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("#picked")).to_contain_text("in the folder that holds")
    expect(page.locator("#table input:checked")).to_have_count(2)
    page.keyboard.press("Shift+X")
    expect(page.locator("#picked")).to_be_hidden()
    assert "pick" not in page.url


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_the_command_of_runs_whose_names_cannot_be_seen_runs(
    page: "Page", tmp_path: Path
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    trace = traces / "a\u202e it's\u3164.jsonl"
    ids = ("one\u200b\x1b[31m", "-\ttwo\ufe0f")
    records: list[dict[str, object]] = []
    for id in ids:
        records.append({"type": "run", "whypath": 1, "id": id})
        said = {"kind": "user", "output": f"hello {id}"}
        records.append({"type": "step", "run": id, "id": f"s{id}", **said})
    trace.write_text("\n".join(map(json.dumps, records)), "utf-8")
    fleet.site([str(traces)], tmp_path / "site", Plan(), jobs=1)
    opened(page, tmp_path / "site")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    command = page.locator("#diff-command")
    expect(command).to_have_text(re.compile("^whypath diff"))
    words = str(command.evaluate("command => command.textContent"))
    python = f'whypath() {{ "{sys.executable}" -m whypath "$@"; }}; {words}'
    done = subprocess.run(
        ["bash", "-c", python], cwd=traces, capture_output=True, text=True
    )
    assert done.returncode in (0, 1), done.stderr
    assert (traces / "diff.html").is_file()
    assert "more run" not in done.stderr, "each names its own run"


def test_two_marked_runs_lead_to_their_diff_where_it_is_made(
    page: "Page", page_watch: PageWatch, site: Path
) -> None:
    opened(page, site, '#q=task:"Triage ticket T-8841 and answer the customer"')
    boxes = page.locator("#table tr:has(.diff-link) input")
    expect(boxes).to_have_count(2)
    for box in boxes.all():
        box.check()
    expect(page.locator("#diff-link")).to_be_visible()
    page.keyboard.press("d")
    expect(page.locator(".verdict")).to_contain_text("They part at step 9")
    page.locator(".verdict .go").click()
    expect(page.locator(".diff-row.is-current")).to_be_visible()
    page.locator(".sides a").first.click()
    expect(page.locator(".compared a")).to_contain_text("triage-T-8841")
    page_watch.assert_quiet()


def test_from_the_list_to_the_step_in_four_clicks(page: "Page", site: Path) -> None:
    opened(page, site)
    page.get_by_role("link", name="route_ticket").first.click()
    expect(page.locator(".verdict")).to_contain_text("always “general” since")
    page.locator(".wide-plot a[aria-label*='general']").last.click()
    cell = page.locator(".cell:target")
    expect(cell).to_be_visible()
    step = cell.get_by_role("link", name=re.compile(r"step \d+")).first
    number = (step.inner_text()).removeprefix("step ")
    cell.get_by_role("link").first.click()
    expect(page.locator("#step")).to_have_attribute("data-position", number)
    page.get_by_role("link", name="all runs").click()
    expect(page.locator("html")).to_have_attribute("data-ready", "1")


class Jenkins(SimpleHTTPRequestHandler):
    """Serves as Jenkins does."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", JENKINS)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    handler = partial(Jenkins, directory=str(site.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/site"
        server.shutdown()
        thread.join()


def test_without_scripts_and_under_a_sub_path_everything_is_read(
    page: "Page", served: str
) -> None:
    page.goto(f"{served}/index.html")
    assert page.locator("html").get_attribute("data-ready") is None
    assert page.locator("table.runs tbody tr").count() == 30
    assert (
        page.locator("table.runs").evaluate(
            "table => getComputedStyle(table).tableLayout"
        )
        == "fixed"
    )
    page.get_by_role("link", name="route_ticket").first.click()
    page.locator(".behind a", has_text="step").first.click()
    expect(page).to_have_url(re.compile(r"steps-001\.html#step-\d+$"))
    expect(page.locator("section:target")).to_be_visible()
    page.goto(f"{served}/compare.html")
    page.get_by_role("link", name="Triage ticket T-8841").click()
    expect(page.locator(".verdict")).to_contain_text("They part at step 9")
    page.locator(".verdict .go").click()
    expect(page.locator(".diff-row:target details[open]")).to_be_visible()
    page.locator(".sides a").last.click()
    expect(page.locator(".compared")).to_contain_text("This run is B.")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_no_rule_of_axe_is_broken(
    browser: "Browser", site: Path, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    point = next((site / "decisions").glob("route-ticket-*")).name
    broken: list[str] = []
    diff = next((site / "diffs").glob("triage-*")).name
    run = next((site / "runs").glob("triage-t-8841-1112-*")).name
    names = ["index.html", "decisions.html", f"decisions/{point}", "compare.html"]
    names += [f"diffs/{diff}/index.html", f"runs/{run}/index.html"]
    for name in [*names, f"runs/{run}/steps-001.html"]:
        page.goto((site / name).as_uri())
        if not name.startswith(("runs", "diffs")):
            expect(page.locator("html")).to_have_attribute("data-ready", "1")
        nodes = page.evaluate("document.querySelectorAll('*').length")
        assert nodes < 5_000 or "steps-" in name, f"{name} has {nodes} nodes"
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], f"{name} is {wide} pixels wide"
        page.evaluate(RULES)
        for theme, options in (("dark", COLOURS), ("light", {})):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            broken.extend(f"{name} {theme} {e}" for e in page.evaluate(CHECK, options))
    context.close()
    assert broken == []
