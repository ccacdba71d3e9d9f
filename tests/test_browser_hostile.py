"""Traces that try to run something: all of it is text, nothing runs, nothing loads.

By default a sample of the payloads beside the checkout is tried. All are, in some ten
minutes, where the environment variable WHYPATH_ALL_PAYLOADS is set.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import read_runs
from whypath.model import Run, Step
from whypath.unseen import visible

if TYPE_CHECKING:
    from playwright.sync_api import Page

TRACES = Path(__file__).parent / "traces" / "hostile"
SAMPLES = sorted(TRACES.glob("*.json*"))
A_TRACE = 600
"""Payloads in one trace."""
A_STEP = 6
"""Payloads in one step."""
ONE_IN = 1 if os.environ.get("WHYPATH_ALL_PAYLOADS") else 50

HOOKS = """
window.ran = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
  window[name] = (...words) => { window.ran.push(`${name} ${words}`); };
}
addEventListener("error", (event) => window.ran.push(`error ${event.message}`));
addEventListener("securitypolicyviolation", (event) => {
  window.ran.push(`policy ${event.violatedDirective} ${event.blockedURI}`);
});
"""

WALK = (Path(__file__).parent / "walk.js").read_text("utf-8")


SEQUENCE = re.compile(
    "\x1b(?:\\[[0-9;:]*[ -/]*[@-~]|[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?"
    "|[ -/]+[0-~]|[6-9=>D-FHMNOVWZ\\\\cl-o|}~])"
)
"""What a terminal obeys: a page makes colours of some, and shows others when asked."""


def walk(replay: Replay, *, texts: bool = False, every: int = 1) -> dict[str, Any]:
    """Goes through all steps as a reader does; what was seen, and what ran."""
    seen: dict[str, Any] = replay.run(WALK, {"texts": texts, "every": every})
    return seen


def loose(text: str) -> str:
    """A text as a page shows it in place: its marks, line ends, lone surrogates."""
    text = re.sub("[\ud800-\udfff]", "\ufffd", visible(text))
    return " ".join(text.replace("\r\n", "\n").replace("\r", "\n").split())


def strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings_in(each)


def keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from keys_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from keys_in(each)


def said(step: Step) -> Iterator[str]:
    """Texts of a step that its fragment shows in place."""
    yield step.name if step.kind != "model" else step.model or step.name
    yield step.agent or ""
    yield step.error or ""
    yield from (call.name for call in step.calls)
    if (decision := step.decision) is not None:
        yield decision.question
        yield decision.outcome or ""
        for option in decision.options:
            yield option.name
            yield option.reason or ""


def assert_faithful(run: Run, seen: list[dict[str, Any]]) -> None:
    """Every text of every step is in the page, letter by letter."""
    assert len(seen) == len(run.steps)
    for step, page in zip(run.steps, seen, strict=True):
        text = loose(page["text"])
        for each in said(step):
            assert loose(each) in text, f"step {step.position}: {each!r}"
        numbers = [step.input, step.output, step.reasoning, step.details]
        numbers += [call.arguments for call in step.calls]
        for number in numbers:
            if number is None:
                continue
            value = json.loads(run.contents.raw(number))
            if isinstance(value, str):
                bare = SEQUENCE.sub("", value).replace("\x1b", "␛")
                assert {value, bare} & set(page["boxes"]), f"{step.position}: {value!r}"
            else:
                missing = set(strings_in(value)) - set(page["strings"])
                assert not missing, f"step {step.position}"
                assert not set(keys_in(value)) - set(page["keys"])


@pytest.fixture
def hooked(page: "Page") -> "Page":
    """A page that remembers what ran in it."""
    page.add_init_script(HOOKS)
    return page


@pytest.mark.parametrize("trace", SAMPLES, ids=lambda path: path.stem)
def test_a_hostile_trace_is_text(
    hooked: "Page", page_watch: PageWatch, report_of: ReportOf, trace: Path
) -> None:
    words = "<script>alert('a note')</script>"
    replay = Replay(hooked, report_of(trace, notes={2: words}, note=words)).open()
    seen = walk(replay, texts=True)
    assert (seen["bad"], seen["ran"]) == ([], [])
    assert_faithful(read_runs(trace)[0], seen["steps"])
    expect(replay.find(".top .note:not(#redacted)")).to_have_text(words)
    page_watch.assert_quiet()
    assert len(page_watch.requests) == 1


def test_the_name_of_a_file_is_text(
    hooked: "Page", page_watch: PageWatch, report_of: ReportOf, tmp_path: Path
) -> None:
    trace = tmp_path / "\"><img src=x onerror='alert(1)'>\u202e{{7*7}}.jsonl"
    shutil.copy(TRACES / "native.jsonl", trace)
    replay = Replay(hooked, report_of(trace)).open("#step=1&pane=raw")
    expect(replay.find("#pane")).to_contain_text(visible(trace.name))
    assert walk(replay, every=25)["ran"] == []
    page_watch.assert_quiet()


def test_a_hostile_address_is_text(
    hooked: "Page", page_watch: PageWatch, report_of: ReportOf
) -> None:
    replay = Replay(hooked, report_of(TRACES / "native.jsonl"))
    payload = "%3Cimg%20src%3Dx%20onerror%3Dalert(3)%3E"
    replay.open(f"#step={payload}&pane={payload}&q={payload}&view={payload}")
    expect(replay.find("#search")).to_have_value("<img src=x onerror=alert(3)>")
    expect(replay.find("#search-count")).to_have_text(re.compile("^[1-9]"))
    assert replay.run("window.ran") == []
    page_watch.assert_quiet()


def test_what_cannot_be_seen_has_a_mark_and_turns_nothing_round(
    page: "Page", report_of: ReportOf, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.jsonl"
    hidden = "access_level != 'user\u202e \u2066// check\u2069 \u2066' zero\u200bwidth"
    records: list[dict[str, Any]] = [
        {"type": "run", "whypath": 1, "id": "r"},
        {"type": "step", "kind": "user", "output": f"# {hidden}\n\n- **{hidden}**"},
        {"type": "step", "kind": "tool", "input": {hidden: hidden}, "output": hidden},
    ]
    trace.write_text("\n".join(json.dumps(r) for r in records), "utf-8")
    replay = Replay(page, report_of(trace)).open("#step=1")
    box = replay.find("#step .content pre")
    assert box.evaluate("box => box.textContent") == records[1]["output"]
    codes = ["U+202E", "U+2066", "U+2069", "U+2066", "U+200B"]
    shown = """marks => marks.map((mark) => [
      mark.dataset.code,
      getComputedStyle(mark).unicodeBidi,
      getComputedStyle(mark, "::before").content,
    ])"""
    seen = replay.find("#step pre .unseen").evaluate_all(shown)
    assert seen == [[code, "isolate", f'"{code}"'] for code in codes * 2]
    expect(replay.find("#rows .row").first).to_contain_text("user‹U+202E› ‹U+2066›//")
    replay.press("j")
    expect(replay.find("#step .key")).to_contain_text("zero\\u200bwidth")
    expect(replay.find("#step .string")).to_contain_text("zero\\u200bwidth")


@pytest.fixture(scope="module")
def every_payload(shared: Path) -> list[dict[str, Any]]:
    path = shared / "hostile" / "xss" / "payloads.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def write_payloads(path: Path, payloads: list[str]) -> Path:
    """A native trace with the payloads in every place where text can stand."""
    middle = payloads[len(payloads) // 2]
    head = {"id": payloads[0], "task": payloads[-1], "agent": middle}
    records: list[dict[str, Any]] = [{"type": "run", "whypath": 1, **head}]
    for start in range(0, len(payloads), A_STEP):
        records += steps_with(f"s{start}", payloads[start : start + A_STEP])
    lines = (json.dumps(record) for record in records)
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    return path


def steps_with(key: str, payloads: list[str]) -> Iterator[dict[str, Any]]:
    """A model call, its tool, and a decision, made of nothing but payloads."""
    names = [each[:200] for each in payloads]
    both = dict(zip(names, payloads, strict=True))
    said = "\n\n".join(payloads)
    marks = "".join(f"**x** {each}\n\n> {each}\n\n`{each}`\n\n" for each in payloads)
    calls = [
        {"id": f"{key}-{number}", "name": name, "arguments": {name: each}}
        for number, (name, each) in enumerate(both.items())
    ]
    options = [{"name": name, "reason": each} for name, each in both.items()]
    evidence = [
        {"name": n, "value": v, "source": n, "path": v} for n, v in both.items()
    ]
    call = {"kind": "model", "agent": names[0], "model": names[-1], "calls": calls}
    yield step(f"m{key}", **call, reasoning=said, output=marks)
    tool = {"kind": "tool", "call": f"{key}-0", "name": names[0], "input": both}
    yield step(f"t{key}", **tool, output=[both], error=said, set=both, details=both)
    chosen = {"options": options, "chosen": names[0], "outcome": payloads[0]}
    why = {"question": said, "rationale": said, "evidence": evidence}
    yield {**step(f"d{key}", name=names[-1], **chosen, **why), "type": "decision"}


def step(key: str, **fields: Any) -> dict[str, Any]:
    return {"type": "step", "id": key, **fields}


def test_payloads_run_where_nothing_is_escaped(
    hooked: "Page", every_payload: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Else the hooks are blind, and the tests above prove nothing."""
    live = [
        each["payload"]
        for each in every_payload
        if each["fires_raw_in_chromium156"] and "<img" in each["payload"]
    ][:40]
    blank = tmp_path / "blank.html"
    blank.write_text("<!DOCTYPE html><title>blank</title>", "utf-8")
    hooked.goto(blank.as_uri())
    fired = hooked.evaluate(
        """async (live) => {
          for (const each of live) {
            const place = document.createElement("div");
            document.body.append(place);
            place.innerHTML = each;
          }
          const late = Date.now() + 10000;
          while (window.ran.length < 10 && Date.now() < late)
            await new Promise((done) => setTimeout(done, 20));
          return window.ran.length;
        }""",
        live,
    )
    assert fired >= 10
