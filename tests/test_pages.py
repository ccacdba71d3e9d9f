"""The report as HTML: its words, its links, its policy, and what is packed into it."""

import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jinja2 import StrictUndefined, UndefinedError

from conftest import Golden, ReportOf
from samples import EXAMPLES, ROOT, read_runs
from whypath import __version__, build
from whypath.derive.story import tell
from whypath.derive.windows.context import window
from whypath.render.assets import TEMPLATES, asset
from whypath.render.environment import environment
from whypath.render.fragments import StepParts
from whypath.render.pages import SCRIPTS, STYLES

HOSTILE = Path(__file__).parent / "traces" / "hostile"
ESCALATION = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
CRASH = EXAMPLES / "crash" / "nightly-reconcile.jsonl"
PAGES = [
    ESCALATION,
    CRASH,
    EXAMPLES / "research" / "market-report.otlp.jsonl",
    EXAMPLES / "coding" / "flaky-test.claude-code.jsonl",
    *sorted(HOSTILE.glob("*")),
]
of_pages = pytest.mark.parametrize("trace", PAGES, ids=lambda path: path.name)

EMPTY = ("meta", "link", "input", "br", "hr", "img")
REFERENCES = ("for", "aria-controls", "aria-labelledby", "aria-describedby")


class Reading(HTMLParser):
    """The elements of a page; `unclosed` are those that were never closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.unclosed: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.unclosed += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1:] == [tag]:
            self._open.pop()
        else:
            self.unclosed.append(f"/{tag}")

    def values(self, name: str) -> list[str]:
        return [each[name] for _, each in self.elements if name in each]


class Packed(NamedTuple):
    """A report's payload as a browser unpacks it."""

    index: dict[str, Any]
    fragments: dict[int, str]
    own: dict[int, list[int]]
    facts: dict[int, dict[str, Any]]
    contents: list[bytes]


def blocks(html: str, role: str) -> list[bytes]:
    start = f'<script type="application/octet-stream" class="{role}">'
    found = re.findall(re.escape(start) + "([A-Za-z0-9+/=]+)</script>", html)
    return [gzip.decompress(base64.b64decode(each, validate=True)) for each in found]


def unpack(html: str) -> Packed:
    index: dict[str, Any] = {}
    for part in blocks(html, "index"):
        index |= json.loads(part)
    packed = Packed(index, {}, {}, {}, [])
    for number, chunk in enumerate(blocks(html, "chunk")):
        line, _, rest = chunk.partition(b"\n")
        header = json.loads(line)
        assert packed.index["chunkContents"][number] == len(packed.contents)
        assert packed.index["chunkSteps"][number] == header["steps"][0][0]
        at = 0
        for position, size, own, facts in header["steps"]:
            packed.fragments[position] = rest[at : at + size].decode()
            packed.own[position], packed.facts[position] = own, facts
            at += size
        for size in header["contents"]:
            packed.contents.append(rest[at : at + size])
            at += size
        assert at == len(rest)
    return packed


def page_and_fragments(html: str) -> Iterator[Reading]:
    yield Reading(html)
    for fragment in unpack(html).fragments.values():
        yield Reading(fragment)


def readable(html: str) -> str:
    """Header and overview without the drawn graph, which has a golden of its own."""
    start, end = html.index("<header"), html.index("</main>")
    text = html[start:end].replace(__version__, "VERSION")
    text = re.sub(r"<svg class=\"column\".*?</svg>", "<svg/>", text, flags=re.S)
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


@pytest.mark.parametrize("trace", [ESCALATION, CRASH], ids=lambda path: path.stem)
def test_what_is_read_without_scripts_is_as_it_was(
    trace: Path, report_of: ReportOf, golden: Golden
) -> None:
    html = report_of(trace).read_text("utf-8")
    golden(f"pages/{trace.stem}.html", readable(html))


@of_pages
def test_elements_are_closed_and_ids_are_unique(
    trace: Path, report_of: ReportOf
) -> None:
    for reading in page_and_fragments(report_of(trace).read_text("utf-8")):
        assert reading.unclosed == []
        twice = [each for each, n in Counter(reading.values("id")).items() if n > 1]
        assert twice == []


def frame_of(html: str) -> str:
    """The panes and buttons of the replay, which the script puts into the page."""
    found = re.search(r'^const FRAME = (".*");$', html, flags=re.M)
    assert found is not None
    return str(json.loads(found[1]))


@of_pages
def test_every_link_leads_somewhere(trace: Path, report_of: ReportOf) -> None:
    html = report_of(trace).read_text("utf-8")
    page, frame = Reading(html), Reading(frame_of(html))
    assert not set(page.values("id")) & {
        each for each in frame.values("id") if not each.startswith("i-")
    }
    ids = {*page.values("id"), *frame.values("id")}
    named = {
        each
        for reading in (page, frame)
        for name in REFERENCES
        for each in reading.values(name)
    }
    assert named <= ids
    steps = len(unpack(html).fragments)
    for reading in [frame, *page_and_fragments(html)]:
        for link in reading.values("href"):
            if step := re.fullmatch(r"#step=(\d+)", link):
                assert 1 <= int(step[1]) <= steps
            elif link.startswith("#"):
                assert link[1:] in ids, link
            else:
                assert re.match("https?://|mailto:", link), link


def assert_inert(reading: Reading) -> None:
    """Nothing in it loads anything, runs anything or has a style of its own."""
    loads = {"srcset", "data", "poster", "action", "formaction", "style", "background"}
    never = ("img", "iframe", "object", "embed", "base", "audio", "video")
    for tag, attributes in reading.elements:
        assert tag not in never
        assert not loads & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert attributes.get("src", "report.js") == "report.js"
        if tag == "link":
            assert attributes == {"rel": "stylesheet", "href": "report.css"}


@of_pages
def test_nothing_is_loaded_from_anywhere(trace: Path, report_of: ReportOf) -> None:
    html = report_of(trace).read_text("utf-8")
    assert "report.js" not in Reading(html).values("src")
    for reading in page_and_fragments(html):
        assert_inert(reading)


def test_our_own_files_name_no_address() -> None:
    folder = next(each for each in TEMPLATES if each.is_dir())
    for path in folder.rglob("*.*"):
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.findall(r"https?://|url\((?!#)|@import|fetch\(", text), path


@of_pages
def test_the_policy_names_the_script_and_the_style_that_are_there(
    trace: Path, report_of: ReportOf
) -> None:
    html = report_of(trace).read_bytes().decode()
    policy = re.search('Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    for tag in ("script", "style"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        given = policy[1].replace("&#39;", "'")
        assert f"{tag}-src 'sha256-{digest}';" in given
    assert given.startswith("default-src 'none'; ")
    assert "unsafe" not in given


def test_styles_and_scripts_are_in_the_page_as_they_are(report_of: ReportOf) -> None:
    html = report_of(ESCALATION).read_text("utf-8")
    assert asset("css", STYLES) in html
    assert asset("js", SCRIPTS) in html


def test_templates_escape_everything_and_miss_nothing() -> None:
    env = environment()
    assert env.autoescape is True
    assert env.undefined is StrictUndefined
    text, escaped = "<'\">&", "&lt;&#39;&#34;&gt;&amp;"
    for shown, times in (("{{ a }}", 1), ("{{ [a, a]|join }}", 2), ("{{ a ~ a }}", 2)):
        assert env.from_string(shown).render(a=text) == escaped * times
    with pytest.raises(UndefinedError):
        env.from_string("{{ nothing }}").render()


def test_a_step_is_given_to_its_template_in_order() -> None:
    module: Any = (
        environment().get_template("parts/step.html").make_module({"static": None})
    )
    assert module.fragment.arguments == StepParts._fields


@of_pages
def test_each_content_is_packed_once_and_comes_back(
    trace: Path, report_of: ReportOf
) -> None:
    run = max(read_runs(trace), key=lambda run: len(run.steps))
    story = tell(run)
    packed = unpack(report_of(trace).read_text("utf-8"))
    assert len(set(packed.contents)) == len(packed.contents)
    assert list(packed.fragments) == [step.position for step in run.steps]
    raw = run.contents.raw
    here = set(packed.contents)
    for step in run.steps:
        numbers = [step.input, step.output, step.reasoning, step.details]
        numbers += [call.arguments for call in step.calls]
        numbers += [change.value for change in step.state]
        own = {packed.contents[number] for number in packed.own[step.position]}
        assert {raw(number) for number in numbers if number is not None} <= own
        if step.position in story.contexts:
            seen = window(story.contexts, step.position)
            assert {raw(m.content) for m in seen if m.content is not None} <= here


def test_a_large_index_is_in_several_blocks(
    report_of: ReportOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = report_of(ESCALATION).read_text("utf-8")
    monkeypatch.setattr("whypath.render.index.PART_BYTES", 300)
    story = tell(read_runs(ESCALATION)[0])
    report = build.report(story.run, tmp_path / "report.html").path.read_text("utf-8")
    assert len(blocks(whole, "index")) == 1
    assert len(blocks(report, "index")) > 3
    assert unpack(report) == unpack(whole)


@of_pages
def test_a_fragment_names_only_contents_that_are_there(
    trace: Path, report_of: ReportOf
) -> None:
    packed = unpack(report_of(trace).read_text("utf-8"))
    for position, fragment in packed.fragments.items():
        reading = Reading(fragment)
        for name in ("data-content", "data-message", "data-preview", "data-raw"):
            for number in reading.values(name):
                assert 0 <= int(number) < len(packed.contents), f"step {position}"
        for base, keep in zip(
            reading.values("data-base"), reading.values("data-keep"), strict=True
        ):
            assert int(keep) >= 0
            assert not base or 'data-pane="context"' in packed.fragments[int(base)]


def test_a_result_in_a_context_leads_to_its_own_call(
    report_of: ReportOf, tmp_path: Path
) -> None:
    records: list[dict[str, Any]] = [{"type": "run", "whypath": 1, "id": "r"}]
    for call in ("a", "b"):
        calls = [{"id": call, "name": "save", "arguments": {"file": call}}]
        records.append({"type": "step", "kind": "model", "calls": calls})
        done = {"kind": "tool", "name": "save", "call": call, "output": "Saved."}
        records.append({"type": "step", **done})
    records.append({"type": "step", "kind": "model", "output": "Both are saved."})
    trace = tmp_path / "trace.jsonl"
    trace.write_text("\n".join(json.dumps(record) for record in records), "utf-8")
    facts = unpack(report_of(trace).read_text("utf-8")).facts
    pages = report_of(trace, as_folder=True) / "steps-001.html"
    written = re.findall(
        '<li class="role-result new".*?</li>', pages.read_text("utf-8")
    )
    for model, tool, item in zip((3, 5), (2, 4), written, strict=False):
        (result,) = (m for m in facts[model]["window"]["add"] if m[1] == "result")
        assert result[4] == tool
        assert f"#step-{tool}" in item


def test_the_same_trace_gives_the_same_bytes_everywhere(tmp_path: Path) -> None:
    pages = []
    for seed, zone in (("0", "UTC"), ("1", "Asia/Kolkata")):
        folder = tmp_path / seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-m", "whypath", "report", ESCALATION, "-o", "page.html"],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "TZ": zone,
                "PYTHONPATH": str(ROOT / "src"),
            },
            check=True,
            capture_output=True,
        )
        pages.append((folder / "page.html").read_bytes())
    assert pages[0] == pages[1]


@of_pages
def test_pages_of_a_folder_link_each_other(trace: Path, report_of: ReportOf) -> None:
    folder = report_of(trace, as_folder=True)
    pages = {
        path.name: Reading(path.read_text("utf-8")) for path in folder.glob("*.html")
    }
    assert len(pages) > 1
    for name, reading in pages.items():
        assert reading.unclosed == [], name
        ids = Counter(reading.values("id"))
        assert max(ids.values()) == 1, name
        assert_inert(reading)
        for link in reading.values("href"):
            file, _, mark = link.partition("#")
            if re.match("https?://|mailto:", link):
                continue
            target = pages.get(file or name)
            if mark and not mark.startswith("step="):
                assert target is not None, link
                assert mark in target.values("id"), f"{name}: {link}"
            else:
                assert (folder / (file or name)).is_file(), link
