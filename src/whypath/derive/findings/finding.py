"""What checks found in a run: findings with their evidence, and what could not be seen.

A finding is a claim with a place, so it can be looked at; a check that could not see
what it needs says so, and is not clean.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning", "info"]
Status = Literal["match", "no_match", "unknown", "not_applicable", "error"]

SEVERITIES: tuple[Severity, ...] = Severity.__args__  # type: ignore[attr-defined]
"""The gravest first."""


class Cite(NamedTuple):
    """A step that a finding rests on, and what stands there, in a few words.

    `path` is a JSON path in what the step brought or used.
    """

    step: int
    what: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, or worth a look, at a step of a run.

    `statement` is one sentence. `cites` are the evidence, from the cause to the step.
    `also` are later steps of which the same is true. `subject` names what it is about
    in words that are the same in the next recording: with the rule it makes the
    `fingerprint`. `expected` is the reason of the allowance that covers it.
    """

    rule: str
    severity: Severity
    statement: str
    step: int
    cites: tuple[Cite, ...] = ()
    also: tuple[int, ...] = ()
    subject: str = ""
    expected: str | None = None
    fingerprint: str = ""

    @property
    def steps(self) -> tuple[int, ...]:
        """Every step that it is true of, in order."""
        return (self.step, *self.also)


class Unseen(NamedTuple):
    """Why a check, or a part of it, could not see what it needs."""

    why: str


class Broken(NamedTuple):
    """Why a check could not be carried out: a fault of the check, not of the run."""

    why: str


class NotApplicable(NamedTuple):
    """Why there is nothing for a check to look at."""

    why: str


class Checked(NamedTuple):
    """What came of one check of a run. `note` says why there is no answer.

    `found` counts its findings; with some, `note` may tell what was not seen besides.
    """

    rule: str
    status: Status
    note: str = ""
    found: int = 0


def conclude(
    rule: str, said: Iterable[Finding | Unseen | NotApplicable | Broken]
) -> tuple[Checked, list[Finding]]:
    """What a check said, as one status: what was found, else what was not seen."""
    found: list[Finding] = []
    unseen: dict[str, None] = {}
    broken, moot = "", ""
    for one in said:
        if isinstance(one, Finding):
            found.append(one)
        elif isinstance(one, Unseen):
            unseen.setdefault(one.why)
        elif isinstance(one, Broken):
            broken = broken or one.why
        else:
            moot = moot or one.why
    note = broken or "; ".join(unseen) or moot
    if found:
        return Checked(rule, "match", note if note != moot else "", len(found)), found
    if broken:
        return Checked(rule, "error", note), found
    if unseen:
        return Checked(rule, "unknown", note), found
    return Checked(rule, "not_applicable" if moot else "no_match", note), found


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings with their fingerprints: the gravest first, then as they happened."""
    weight = {severity: number for number, severity in enumerate(SEVERITIES)}
    found = sorted(findings, key=lambda f: (weight[f.severity], f.step, f.rule))
    return fingerprinted(found)


def fingerprinted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with fingerprints: of those about the same, the second has its own.

    A fingerprint holds neither position, time nor id, so that it outlives them.
    """
    seen: dict[tuple[str, str], int] = {}
    named: list[Finding] = []
    for finding in findings:
        about = (finding.rule, finding.subject or finding.statement)
        number = seen[about] = seen.get(about, 0) + 1
        data = "\0".join((*about, str(number))).encode("utf-8", "replace")
        digest = hashlib.blake2b(data, digest_size=8).hexdigest()
        named.append(replace(finding, fingerprint=digest))
    return tuple(named)


def at_or_above(severity: Severity, limit: Severity) -> bool:
    """True for a severity that is at least as grave as `limit`."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(limit)


def as_data(finding: Finding) -> dict[str, Any]:
    """A finding as plain data, for JSON."""
    data: dict[str, Any] = {
        "rule": finding.rule,
        "severity": finding.severity,
        "statement": finding.statement,
        "step": finding.step,
        "also": list(finding.also),
        "evidence": [
            {"step": cite.step, "what": cite.what, "path": cite.path}
            for cite in finding.cites
        ],
        "fingerprint": finding.fingerprint,
    }
    if finding.expected is not None:
        data["expected"] = finding.expected
    return data


def by_step(findings: Iterable[Finding]) -> dict[int, tuple[Finding, ...]]:
    """Position of a step -> the findings that are true of it, the gravest first."""
    found: dict[int, list[Finding]] = {}
    for finding in findings:
        for step in finding.steps:
            found.setdefault(step, []).append(finding)
    return {step: tuple(all_) for step, all_ in sorted(found.items())}
