"""Full-text search over a site: made by Pagefind, shown by a page of its own."""

import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from click.testing import CliRunner

from conftest import PageWatch
from samples import EXAMPLES
from test_browser_axe import CHECK, RULES
from whypath.cli import main

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ATTACK = "zebra <img src=x onerror=window.hit=1> <mark>no</mark> giraffe"
SECRET = "AKIA" + "Z7VRSQ5TJN2C4XMB"


def build(traces: Path, out: Path) -> None:
    done = CliRunner().invoke(main, ["site", str(traces), "-o", str(out), "--search"])
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traces")
    shutil.copytree(EXAMPLES / "escalation", folder / "escalation")
    hostile = f'[{{"role":"user","content":"{ATTACK} {SECRET}"}},'
    hostile += '{"role":"assistant","content":"done"}]'
    (folder / "hostile.json").write_text(hostile)
    return folder


@pytest.fixture(scope="module")
def built(traces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site two folders below the root of a web server."""
    out = tmp_path_factory.mktemp("www") / "ci" / "agents"
    build(traces, out)
    return out


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    """The site as a web server shows it, below a path."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path == "/favicon.ico":  # asked for by browsers, not by the page
                self.send_response(204)
                self.end_headers()
                return
            super().do_GET()

    handler = partial(Quiet, directory=str(built.parents[1]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/ci/agents"
        server.shutdown()


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_the_index_is_the_same_when_the_site_is_made_again_and_when_made_anew(
    built: Path, traces: Path, tmp_path: Path
) -> None:
    first = files(built)
    build(traces, built)
    assert files(built) == first
    build(traces, tmp_path / "new")
    new = files(tmp_path / "new")
    assert {n for n in first if n.startswith("pagefind/fragment/")}
    assert new == first


def test_a_secret_is_not_in_the_index(built: Path) -> None:
    import gzip

    index = {n: d for n, d in files(built).items() if n.startswith("pagefind/")}
    plain = [gzip.decompress(d) if d[:2] == b"\x1f\x8b" else d for d in index.values()]
    assert any(b"giraffe" in data for data in plain)
    assert not any(SECRET.encode() in data for data in plain)


def test_a_site_that_is_named_from_where_one_stands_can_be_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build(EXAMPLES / "crash", Path("site"))
    assert (tmp_path / "site" / "pagefind" / "pagefind.js").is_file()


def test_only_the_page_that_searches_may_run_pagefind(built: Path) -> None:
    for path in built.rglob("*.html"):
        loose = "wasm-unsafe-eval" in path.read_text("utf-8")
        assert loose is (path.name == "search.html"), path


def test_what_is_found_leads_to_the_step(page: "Page", address: str) -> None:
    watch = PageWatch(page)
    page.goto(f"{address}/search.html#q=account_tier")
    page.wait_for_selector("#found li")
    assert page.locator("#no-full-text").is_hidden()
    link = page.locator("#found p a").first
    step = (link.text_content() or "").removeprefix("step ")
    link.click()
    page.wait_for_url(f"**/index.html#step={step}")
    page.wait_for_selector("html[data-ready]")
    assert (watch.errors, watch.console) == ([], [])
    assert all(url.startswith(f"{address}/") for url in watch.remote)


def test_words_that_are_typed_are_found_and_stand_in_the_address(
    page: "Page", address: str
) -> None:
    page.goto(f"{address}/index.html")
    page.click("#full-text-link")
    page.locator("#words").fill("auditors")
    page.wait_for_selector("#found mark")
    assert page.locator("#found mark").first.text_content() == "auditors"
    assert page.url.endswith("#q=auditors")
    page.locator("#words").fill("xqzjvk")
    page.wait_for_selector("#found li", state="detached")
    assert "0 pages" in (page.locator("#found-count").text_content() or "")


def test_the_words_sought_in_the_list_of_runs_are_taken_along(
    page: "Page", address: str
) -> None:
    page.goto(f"{address}/index.html#q=outcome:passed%20auditors%20-draft")
    page.wait_for_selector("html[data-ready]")
    link = page.locator("#full-text-link")
    assert link.text_content() == "Search every step for auditors"
    link.click()
    page.wait_for_selector("#found mark")
    assert page.locator("#words").input_value() == "auditors"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_the_page_is_hard_to_use(
    browser: "Browser", address: str, scheme: Literal["light", "dark"]
) -> None:
    # The rules are a script of their own, which the page's policy would not let in.
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}/search.html#q=auditors")
    page.wait_for_selector("#found mark")
    page.evaluate(RULES)
    assert page.evaluate(CHECK, {}) == []
    context.close()


def test_hostile_text_is_found_as_text(page: "Page", address: str) -> None:
    watch = PageWatch(page)
    page.goto(f"{address}/search.html#q=giraffe")
    page.wait_for_selector("#found li")
    assert "<img src=x onerror=window.hit=1> <mark>no</mark>" in " ".join(
        page.locator("#found").inner_text().split()
    )
    assert page.locator("#found img").count() == 0
    assert page.evaluate("window.hit") is None
    assert (watch.errors, watch.console) == ([], [])


def test_from_the_disk_the_page_says_why_it_does_not_search(
    page: "Page", built: Path
) -> None:
    page.goto((built / "search.html").as_uri())
    assert page.locator("#no-full-text").is_visible()
    assert page.locator("#full-text").is_hidden()
    page.goto((built / "index.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    page.locator("#search").fill("outcome:failed")


def test_without_pagefind_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pagefind_bin", None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    out = str(tmp_path / "out")
    done = CliRunner().invoke(main, ["site", str(EXAMPLES), "-o", out, "--search"])
    assert done.exit_code == 2
    assert "pip install 'whypath[search]'" in done.output
    assert not (tmp_path / "out").exists()


def test_a_site_in_an_object_store_gets_no_index_and_is_told_so() -> None:
    line = ["site", str(EXAMPLES), "-o", "memory://bucket/site", "--search"]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 2
    assert "make the site in a folder, then copy it" in done.output
