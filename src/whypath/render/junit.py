"""Turns an inspection into JUnit XML: a suite for each run, a case for each check.

The dialect of Jenkins, which GitLab reads too:
https://github.com/jenkinsci/xunit-plugin (junit-10.xsd).
"""

import re
from collections.abc import Iterator, Sequence
from html import escape  # Python's own for XML brings an HTTP client along

from whypath.derive.findings.finding import Checked, Finding, Severity, at_or_above
from whypath.derive.inspection import CheckedRun, Inspection
from whypath.unseen import visible

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def junit(inspection: Inspection, limit: Severity | None) -> Iterator[str]:
    """The XML in pieces. A finding less grave than `limit` is told, and no failure."""
    suites = [_suite(run, limit) for run in inspection.runs]
    if inspection.across:
        suites.insert(0, _across(inspection, limit))
    yield _HEAD
    yield "<testsuites>\n"
    for suite in suites:
        yield from suite
    yield "</testsuites>\n"


def _across(inspection: Inspection, limit: Severity | None) -> list[str]:
    cases = []
    for one in inspection.across:
        name = f"{len(one.runs)} of {one.of} runs, first {one.run}"
        cases.append(_case(one.finding.rule, name, [one.finding], limit, one.file))
    return _whole("all runs", (), cases)


def _suite(run: CheckedRun, limit: Severity | None) -> list[str]:
    """A run: a case for each check, and one for each rule that found beside its own."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in run.findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    cases = []
    for check in run.checks:
        found = by_rule.pop(check.rule, [])
        if found:
            cases.append(_case(check.rule, run.id, found, limit, run.file))
        else:
            cases.append(_unmatched(check, run.id))
    for rule, found in by_rule.items():
        cases.append(_case(rule, run.id, found, limit, run.file))
    properties = (("run", run.id), ("file", run.file), ("format", run.format))
    return _whole(f"{run.heading} ({run.id})", properties, cases)


def _whole(
    name: str, properties: Sequence[tuple[str, str]], cases: Sequence[str]
) -> list[str]:
    counts = {
        kind: sum(f"<{tag}" in case for case in cases)
        for kind, tag in (("failures", "failure "), ("errors", "error "))
    }
    counts["skipped"] = sum("<skipped" in case for case in cases)
    told = " ".join(f'{kind}="{count}"' for kind, count in counts.items())
    pieces = [
        f'<testsuite name={_attribute(name[:200])} tests="{len(cases)}" {told}>\n'
    ]
    if properties:
        pieces.append("<properties>\n")
        for key, value in properties:
            pieces.append(f'<property name="{key}" value={_attribute(value)}/>\n')
        pieces.append("</properties>\n")
    return [*pieces, *cases, "</testsuite>\n"]


def _case(
    rule: str, name: str, found: Sequence[Finding], limit: Severity | None, file: str
) -> str:
    """A case with what was found: a failure if it is grave enough and not expected."""
    grave = [
        finding
        for finding in found
        if limit is not None
        and finding.expected is None
        and at_or_above(finding.severity, limit)
    ]
    lines = []
    for finding in found:
        expected = f" [expected: {finding.expected}]" if finding.expected else ""
        lines.append(f"{file} step {finding.step}: {finding.statement}{expected}")
        lines += [f"  step {c.step}: {c.what} {c.path or ''}" for c in finding.cites]
    text = _text("\n".join(lines))
    start = f"<testcase classname={_attribute(rule)} name={_attribute(name)}>\n"
    if grave:
        said = _attribute(grave[0].statement)
        inside = (
            f'<failure type="{grave[0].severity}" message={said}>{text}</failure>\n'
        )
    else:
        inside = f"<system-out>{text}</system-out>\n"
    return f"{start}{inside}</testcase>\n"


def _unmatched(check: Checked, name: str) -> str:
    start = f"<testcase classname={_attribute(check.rule)} name={_attribute(name)}"
    if check.status == "error":
        said = _attribute(check.note)
        return f'{start}>\n<error type="error" message={said}/>\n</testcase>\n'
    if check.status in ("unknown", "not_applicable"):
        said = _attribute(f"{check.status}: {check.note}")
        return f"{start}>\n<skipped message={said}/>\n</testcase>\n"
    return f"{start}/>\n"


def _text(text: str) -> str:
    said = escape(_NOT_XML.sub("\ufffd", visible(text)), quote=False)
    return said.replace("\r", "&#13;")  # a reader of XML makes line feeds of them


def _attribute(text: str) -> str:
    line = _NOT_XML.sub("\ufffd", visible(" ".join(text.split())))
    return f'"{escape(line)}"'
