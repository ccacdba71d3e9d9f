"""Turns an inspection into SARIF 2.1.0, the causal chain of a finding as a threadFlow.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Kept below what code
scanning takes of one upload: 5,000 results, 100 locations and 1,000 steps of a flow.
"""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from whypath import __version__
from whypath.derive.findings.finding import SEVERITIES, Finding
from whypath.derive.inspection import CheckedRun, Inspection, Place, finds_of

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS, MAX_LOCATIONS, MAX_FLOW = 5_000, 100, 1_000
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_STATES = {"new": "new", "persisting": "unchanged"}


def sarif(inspection: Inspection) -> str:
    """The SARIF log as JSON. Of too many findings, the gravest."""
    runs = {run.id: run for run in inspection.runs}
    across = {id(one.finding): one for one in inspection.across}
    found = [(finding, run) for finding, run in inspection.all()]
    found.sort(key=lambda pair: SEVERITIES.index(pair[0].severity))
    shown, hidden = found[:MAX_RESULTS], len(found) - MAX_RESULTS
    rules = list(dict.fromkeys(finding.rule for finding, _ in shown))
    worst: dict[str, str] = {}
    for finding, _ in shown:
        worst.setdefault(finding.rule, finding.severity)
    results = []
    for finding, run in shown:
        where = run or runs.get(across[id(finding)].run)
        results.append(_result(inspection, finding, where, rules.index(finding.rule)))
    notes = [] if hidden <= 0 else [_notification(f"{hidden:,} more are left out.")]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "whypath",
                        "version": __version__,
                        "rules": [_rule(rule, worst[rule]) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {"executionSuccessful": True, "toolExecutionNotifications": notes}
                ],
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _notification(text: str) -> dict[str, Any]:
    return {"level": "note", "message": _message(text)}


def _message(text: str) -> dict[str, str]:
    """A plain text in which nothing is one of SARIF's links, `[text](address)`."""
    return {"text": text.replace("](", "] (")}


def _rule(rule: str, severity: str) -> dict[str, Any]:
    text = finds_of(rule) or f"the rule {rule}"
    return {
        "id": rule,
        "shortDescription": {"text": f"{text[:1].upper()}{text[1:]}."},
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": {"tags": ["agent"]},
    }


def _result(
    inspection: Inspection, finding: Finding, run: CheckedRun | None, index: int
) -> dict[str, Any]:
    places = run.places if run is not None else {}
    name = run.id if run is not None else ""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": _message(finding.statement),
        "locations": [_location(name, finding.step, places, None)],
        "partialFingerprints": {"whypath/v1": finding.fingerprint},
    }
    if finding.also:
        result["relatedLocations"] = [
            _location(name, step, places, None) for step in finding.also[:MAX_LOCATIONS]
        ]
    if finding.cites:
        flow = [
            {"location": _location(name, cite.step, places, cite.what)}
            for cite in finding.cites[:MAX_FLOW]
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
    state = _STATES.get(inspection.state(finding))
    if state is not None:
        result["baselineState"] = state
    if finding.expected is not None:
        allowed = {"kind": "external", "justification": finding.expected}
        result["suppressions"] = [allowed]
    return result


def _location(
    run: str, step: int, places: Mapping[int, Place], said: str | None
) -> dict[str, Any]:
    place = places.get(step)
    title = f"step {step}"
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": f"{run}/{step}", "name": title}]
    }
    if place is not None and place.file and not place.file.startswith("<"):
        physical: dict[str, Any] = {"artifactLocation": {"uri": address(place.file)}}
        if place.line is not None and place.line > 0:
            physical["region"] = {"startLine": place.line}
        location["physicalLocation"] = physical
    if said is not None:
        location["message"] = _message(f"step {step}: {said}")
    return location


def address(file: str) -> str:
    """A file's name as a URI; one that is not absolute stays relative."""
    path = PurePath(file)
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix().removeprefix("./"))
