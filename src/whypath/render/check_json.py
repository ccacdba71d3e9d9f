"""Turns an inspection into JSON for programs; `--previous` reads it again."""

import json
from datetime import UTC, datetime
from typing import Any

from whypath.derive.drift.across import Across
from whypath.derive.findings.finding import Finding, as_data
from whypath.derive.inspection import CheckedRun, Inspection

VERSION = 1


def check_json(inspection: Inspection) -> str:
    """All of an inspection, as JSON."""
    counts = inspection.counts()
    data = {
        "whypath_check": VERSION,
        "summary": {
            "runs": len(inspection.runs),
            "baseline_runs": inspection.baseline_runs,
            **counts,
            "unanswered": inspection.unseen(),
        },
        "across": [_across(inspection, one) for one in inspection.across],
        "runs": [_run(inspection, run) for run in inspection.runs],
        "fixed": [
            {"fingerprint": print_, "rule": rule, "statement": statement}
            for print_, rule, statement in inspection.fixed
        ],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _finding(inspection: Inspection, finding: Finding) -> dict[str, Any]:
    data = as_data(finding)
    state = inspection.state(finding)
    return data | ({"state": state} if state else {})


def _across(inspection: Inspection, one: Across) -> dict[str, Any]:
    since = one.since_ns
    moment = None if since is None else datetime.fromtimestamp(since // 10**9, UTC)
    return _finding(inspection, one.finding) | {
        "run": one.run,
        "file": one.file,
        "affected": list(one.runs),
        "of": one.of,
        "since": moment and moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _run(inspection: Inspection, run: CheckedRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "file": run.file,
        "format": run.format,
        "heading": run.heading,
        "status": run.status,
        "steps": run.steps,
        "verdict": run.verdict,
        "findings": [_finding(inspection, finding) for finding in run.findings],
        "look_first": [suspect._asdict() for suspect in run.suspects],
        "checks": [
            {"rule": check.rule, "status": check.status}
            | ({"note": check.note} if check.note else {})
            for check in run.checks
        ],
    }
