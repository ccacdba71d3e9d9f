"""Payloads in the pages beside the report of one run: diffs, sites, folders.

Nothing of them runs, with the page's policy and without; nobody is connected to; each
is shown as text. By default a sample is tried, with WHYPATH_ALL_PAYLOADS all of them.
"""

import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import read_runs
from test_browser_hostile import (
    A_STEP,
    A_TRACE,
    HOOKS,
    ONE_IN,
    assert_faithful,
    steps_with,
    strings_in,
    walk,
    write_payloads,
)
from whypath import fleet
from whypath.build import compare_all, diff, masks, report
from whypath.fleet import Plan
from whypath.unseen import visible

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CENSUS = (Path(__file__).parent / "census.js").read_text("utf-8")
POLICY = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')
ADDRESS = re.compile(r"(?:(?:https?|ftp|wss?):)?//(?=[\w\[])[\w.-]+(?::\d+)?", re.I)
A_RUN = 60
"""Payloads in one run of a diff or a folder."""


class Listener:
    """A port of this machine that counts who connects to it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                there, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            there.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def payloads(shared: Path, listener: Listener) -> list[str]:
    """Payloads whose addresses all lead to the listener."""
    lines = (shared / "hostile/xss/payloads.jsonl").read_bytes().splitlines()
    texts = [json.loads(line)["payload"] for line in lines[::ONE_IN]]
    return [ADDRESS.sub(f"http://{listener.host}", text) for text in texts]


def write_run(path: Path, payloads: list[str], turn: int = 0) -> Path:
    """A run made of payloads; another `turn` has other payloads at other places."""
    turned = payloads[turn:] + payloads[:turn]
    first, last = turned[0][:200], turned[-1][:200]
    labels = {first: last, f"x{last}": turned[len(turned) // 2]}
    head = {"id": first, "task": f"{turned[0]} {turned[-1]}", "agent": last}
    records: list[dict[str, Any]] = [
        {"type": "run", "whypath": 1, **head, "labels": labels, "answer": turned[0]}
    ]
    for start in range(0, len(turned), A_STEP):
        records += steps_with(f"s{start}", turned[start : start + A_STEP])
    lines = (json.dumps(record) for record in records)
    path.write_text("\n".join(lines), "utf-8", errors="replace")
    return path


def write_choice(path: Path, payload: str) -> Path:
    """A short run: its id, task, agent, decision, options and tools are a payload."""
    name = payload[:200] or "x"
    head = {"id": name, "task": payload, "agent": name, "labels": {name: name}}
    options = [{"name": name, "reason": payload, "score": 0.5}, {"name": "other"}]
    chosen = {"options": options, "chosen": name, "question": payload}
    records = [
        {"type": "run", "whypath": 1, **head},
        {"type": "step", "kind": "user", "id": "u", "output": payload},
        {"type": "decision", "id": "d", "name": name, **chosen},
        {"type": "step", "kind": "tool", "id": "t", "name": name, "error": payload},
    ]
    lines = (json.dumps(record) for record in records)
    path.write_text("\n".join(lines), "utf-8", errors="replace")
    return path


def without_policy(page_html: Path) -> Path:
    """The same page beside it, with nothing but escaping to rely on."""
    bare = page_html.with_name(f"bare-{page_html.name}")
    html, count = POLICY.subn("", page_html.read_text("utf-8"))
    assert count == 1
    bare.write_text(html, "utf-8")
    return bare


def look(page: "Page", html: Path) -> dict[str, Any]:
    """What a census says of a page, once its scripts have run."""
    page.goto("about:blank")
    page.goto(html.as_uri(), wait_until="load")
    seen: dict[str, Any] = page.evaluate(CENSUS)
    return seen


@pytest.fixture
def hooked(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(HOOKS)
    yield page
    context.close()


def assert_inert(page: "Page", pages: list[Path], listener: Listener) -> str:
    """Looks at each page with its policy and without; the text of all of them."""
    before, texts, elements = listener.connections, [], 0
    for html in pages:
        for one in (html, without_policy(html)):
            seen = look(page, one)
            assert (seen["bad"], seen["ran"]) == ([], []), one.name
            elements += seen["count"]
        texts.append(seen["text"])
    assert listener.connections == before
    sys.stderr.write(f"{len(pages)} pages twice, {elements:,} elements\n")
    return "\n".join(texts)


def squeezed(text: str) -> str:
    """As a page shows a text, line ends and blanks aside."""
    text = re.sub("[\ud800-\udfff]", "\ufffd", visible(text))
    return " ".join(text.split())


def test_the_harness_sees_what_runs_and_who_connects(
    hooked: "Page", listener: Listener, payloads: list[str], tmp_path: Path
) -> None:
    """Raw in a page, they run: else the tests below prove nothing."""
    raw = tmp_path / "raw.html"
    before = listener.connections
    some = "".join(f"<div>{each}</div>" for each in payloads if "<img" in each)
    beacon = f"<img src=http://{listener.host}/a.png><img src=x onerror=alert(1)>"
    raw.write_text(f"<!DOCTYPE html><body>{beacon}{some}", "utf-8", errors="replace")
    hooked.goto(raw.as_uri(), wait_until="commit")
    hooked.wait_for_function("window.ran.length > 0")
    seen = hooked.evaluate(CENSUS)
    assert seen["bad"]
    assert seen["ran"]
    assert listener.connections > before


FIRE = """async (payloads) => {
  let fired = 0;
  const hooks = `<script>window.ran = 0; const hook = () => { ran++; };
    for (const name of ["alert", "confirm", "prompt", "print", "open"])
      window[name] = hook;
    addEventListener("error", hook, true);<\\/script>`;
  for (let at = 0; at < payloads.length; at += 50) {
    const frames = payloads.slice(at, at + 50).map((payload) => {
      const frame = document.createElement("iframe");
      frame.srcdoc = hooks + payload;
      document.body.append(frame);
      return frame;
    });
    const late = new Promise((done) => setTimeout(done, 3000));
    const loaded = (frame) => new Promise((done) => (frame.onload = done));
    await Promise.race([Promise.all(frames.map(loaded)), late]);
    for (const frame of frames) {
      try {
        const there = frame.contentDocument;
        for (const each of there.querySelectorAll("*")) {
          for (const { name } of [...each.attributes]) {
            const event = name.slice(2).toLowerCase();
            if (/^on/i.test(name)) each.dispatchEvent(new Event(event));
          }
          const href = each.getAttribute("href") || "";
          if (/^\\s*javascript:/i.test(href)) each.click();
        }
        await 0;
        if (frame.contentWindow.ran !== 0) fired++;
      } catch {
        fired++;
      }
      frame.remove();
    }
  }
  return fired;
}"""
"""Puts each payload raw into a document of its own; how many ran or left the page."""


def test_payloads_run_where_they_are_markup(
    hooked: "Page", shared: Path, tmp_path: Path
) -> None:
    """What the pages below are tried with is alive, and the hooks see it."""
    lines = (shared / "hostile/xss/payloads.jsonl").read_bytes().splitlines()
    every = [json.loads(line) for line in lines[::ONE_IN]]
    live = [each["payload"] for each in every if each["fires_raw_in_chromium156"]]
    blank = tmp_path / "blank.html"
    blank.write_text("<!DOCTYPE html><title>blank</title><body>", "utf-8")
    hooked.goto(blank.as_uri())
    fired = hooked.evaluate(FIRE, live)
    sys.stderr.write(f"{fired:,} of {len(live):,} live payloads ran\n")
    assert fired > 0.95 * len(live)


@pytest.fixture(scope="module")
def texts(shared: Path) -> list[str]:
    """Texts made to be read wrong: naughty ones, tokens, Markdown, hidden letters."""
    folder = shared / "hostile"
    found = [*json.loads((folder / "strings/blns.json").read_text("utf-8"))]
    examples = json.loads((folder / "markdown/commonmark.json").read_text("utf-8"))
    found += [example["markdown"] for example in examples]
    hidden = (folder / "unicode/trojan_source.jsonl").read_text("utf-8").split("\n")
    found += [text for line in hidden if line for text in strings_in(json.loads(line))]
    for path in sorted((folder / "html5lib").glob("*.test")):
        tests = json.loads(path.read_text("utf-8"))
        found += [test["input"] for test in tests.get("tests", ())]
    return [text for text in dict.fromkeys(found) if text.strip()][::ONE_IN]


@pytest.mark.parametrize("given", ["payloads", "texts"])
def test_nothing_that_a_report_is_made_of_runs_and_all_of_it_is_shown(
    given: str,
    request: pytest.FixtureRequest,
    browser: "Browser",
    report_of: ReportOf,
    listener: Listener,
    tmp_path: Path,
) -> None:
    every: list[str] = request.getfixturevalue(given)
    before, steps = listener.connections, 0
    for start in range(0, len(every), A_TRACE):
        some = every[start : start + A_TRACE]
        trace = write_payloads(tmp_path / f"from-{start}.jsonl", some)
        run, html = read_runs(trace)[0], report_of(trace)
        for one in (html, without_policy(html)):
            context = browser.new_context()
            page = context.new_page()
            page.add_init_script(HOOKS)
            watch = PageWatch(page)
            seen = walk(Replay(page, one).open(), texts=True, every=20)
            assert (seen["bad"], seen["ran"]) == ([], []), f"{one.name} from {start}"
            assert_faithful(run, seen["steps"])
            steps += len(seen["steps"])
            watch.assert_quiet()
            assert len(watch.requests) == 1
            context.close()
    assert listener.connections == before
    sys.stderr.write(f"{len(every):,} {given}, {steps:,} steps looked at\n")


def test_no_payload_runs_in_a_folder_that_is_written_out(
    hooked: "Page", listener: Listener, payloads: list[str], tmp_path: Path
) -> None:
    for start in range(0, len(payloads), A_RUN):
        some = payloads[start : start + A_RUN]
        trace = write_run(tmp_path / f"{start}.jsonl", some)
        out = tmp_path / f"folder-{start}"
        report(read_runs(trace)[0], out, as_folder=True)
        text = assert_inert(hooked, sorted(out.glob("[!b]*.html")), listener)
        shown = squeezed(text)
        missing = [each for each in some if squeezed(each) not in shown]
        assert missing == []


def test_no_payload_runs_in_a_diff(
    hooked: "Page", listener: Listener, payloads: list[str], tmp_path: Path
) -> None:
    for start in range(0, len(payloads), A_RUN):
        some = payloads[start : start + A_RUN]
        traces = [
            write_run(tmp_path / f"{start}-{turn}.jsonl", some, turn) for turn in (0, 7)
        ]
        runs = [read_runs(trace)[0] for trace in traces]
        out = tmp_path / f"diff-{start}.html"
        diff(compare_all(runs, masks([], [])), out)
        shown = squeezed(assert_inert(hooked, [out], listener))
        missing = [each for each in some if squeezed(each) not in shown]
        assert missing == []


def test_no_payload_runs_in_a_site(
    hooked: "Page", listener: Listener, payloads: list[str], tmp_path: Path
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    for number, payload in enumerate(payloads):
        write_choice(traces / f"{number:05}.jsonl", payload)
    out = tmp_path / "site"
    fleet.site([str(traces)], out, Plan(title=payloads[0]), jobs=1)
    shared_pages = sorted(out.glob("*.html")) + sorted(out.glob("decisions/*.html"))
    runs = sorted(set(out.rglob("*.html")) - set(shared_pages))
    every = max(1, len(runs) // 60)
    assert_inert(hooked, shared_pages, listener)
    text = squeezed(assert_inert(hooked, runs[::every], listener))
    assert sum(squeezed(each) in text for each in payloads) >= len(runs[::every])


def test_no_payload_runs_that_was_given_on_the_command_line(
    hooked: "Page", listener: Listener, payloads: list[str], tmp_path: Path
) -> None:
    """Titles, notes and what is said of the input as a whole."""
    trace = write_choice(tmp_path / "one.jsonl", "a ticket")
    run = read_runs(trace)[0]
    for number, payload in enumerate(payloads[:: max(1, len(payloads) // 12)]):
        page_html, out = tmp_path / f"{number}.html", tmp_path / f"site-{number}"
        report(run, page_html, note=payload, notes={1: payload, 2: payload})
        fleet.site([str(trace)], out, Plan(title=payload), jobs=1)
        for page in (page_html, out / "index.html"):
            text = squeezed(assert_inert(hooked, [page], listener))
            assert squeezed(payload) in text


def test_what_is_kept_in_the_address_and_the_browser_is_text(
    hooked: "Page", listener: Listener, payloads: list[str], tmp_path: Path
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    write_choice(traces / "one.jsonl", payloads[0])
    out, page_html = tmp_path / "site", tmp_path / "report.html"
    fleet.site([str(traces)], out, Plan(), jobs=1)
    report(read_runs(traces / "one.jsonl")[0], page_html)
    keep = """(payload) => {
      const names = Object.keys(localStorage);
      for (const name of [...names, "whypath.theme", "whypath.notes", "whypath.panes"])
        localStorage.setItem(name, payload);
    }"""
    before = listener.connections
    for payload in payloads[:: max(1, len(payloads) // 12)]:
        said = quote(payload.encode("utf-8", "replace"))
        fields = (
            "q",
            "step",
            "pane",
            "sort",
            "pick",
            "view",
            "break",
            "column",
            "note",
        )
        address = "&".join(f"{field}={said}" for field in fields)
        for html in (page_html, without_policy(page_html), out / "index.html"):
            hooked.goto(f"{html.as_uri()}?x={said}")
            hooked.evaluate(keep, payload)
            hooked.goto("about:blank")
            hooked.goto(f"{html.as_uri()}?{address}#{address}", wait_until="load")
            seen = hooked.evaluate(CENSUS)
            assert (seen["bad"], seen["ran"]) == ([], []), payload
    assert listener.connections == before
