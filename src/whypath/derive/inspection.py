"""Checks many runs: each by itself, all together, and against an earlier inspection."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from whypath.derive.drift.across import Across
from whypath.derive.drift.baseline import Baseline
from whypath.derive.drift.compare import compare
from whypath.derive.drift.digest import Digest, digest, steps_of
from whypath.derive.findings.detectors import DETECTORS
from whypath.derive.findings.finding import (
    SEVERITIES,
    Checked,
    Finding,
    Severity,
    at_or_above,
    fingerprinted,
    in_order,
)
from whypath.derive.findings.suspects import Suspect
from whypath.derive.rules.rule import Rules, allow, apply_rules
from whypath.derive.story import Story
from whypath.errors import TraceError
from whypath.model import Run, RunStatus

State = Literal["new", "persisting", ""]


class Place(NamedTuple):
    """Where a step was read, and what to call it."""

    file: str
    line: int | None
    title: str


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """A run and what came of its checks. `places` are those that findings name."""

    id: str
    file: str
    format: str
    heading: str
    status: RunStatus
    steps: int
    verdict: str
    findings: tuple[Finding, ...]
    checks: tuple[Checked, ...]
    suspects: tuple[Suspect, ...]
    places: Mapping[int, Place]


@dataclass(frozen=True, slots=True)
class Inspection:
    """All runs that were checked, and what is said of several of them together.

    `known` are the fingerprints of an earlier inspection, None without one; `fixed`
    are its findings that are no more: fingerprint, rule and statement.
    """

    runs: tuple[CheckedRun, ...]
    across: tuple[Across, ...]
    own: frozenset[str] = frozenset()
    baseline_runs: int | None = None
    known: frozenset[str] | None = None
    fixed: tuple[tuple[str, str, str], ...] = ()

    def state(self, finding: Finding) -> State:
        """Whether the finding is new since the earlier inspection."""
        if self.known is None:
            return ""
        return "persisting" if finding.fingerprint in self.known else "new"

    def all(self) -> Iterator[tuple[Finding, CheckedRun | None]]:
        """Every finding: those about several runs first, which belong to no one run."""
        for across in self.across:
            yield across.finding, None
        for run in self.runs:
            yield from ((finding, run) for finding in run.findings)

    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, and how many are expected."""
        counts: dict[str, int] = dict.fromkeys((*SEVERITIES, "expected"), 0)
        for finding, _ in self.all():
            counts["expected" if finding.expected else finding.severity] += 1
        return counts

    def unseen(self) -> dict[str, dict[str, int]]:
        """Rule -> `unknown` and `error` -> in how many runs it had no answer."""
        found: dict[str, dict[str, int]] = {}
        for run in self.runs:
            for check in run.checks:
                if check.status in ("unknown", "error"):
                    counts = found.setdefault(check.rule, {"unknown": 0, "error": 0})
                    counts[check.status] += 1
        return found

    def fails(self, limit: Severity | None, *, strict: bool = False) -> bool:
        """True where a finding is at least as grave, and nobody expected it.

        So is a user's own rule that could not be carried out; if `strict`, one that
        could not see what it needs too. None as the limit never fails.
        """
        if limit is None:
            return False
        if any(
            at_or_above(finding.severity, limit) and finding.expected is None
            for finding, _ in self.all()
        ):
            return True
        bad = ("error", "unknown") if strict else ("error",)
        return any(
            check.status in bad and check.rule in self.own
            for run in self.runs
            for check in run.checks
        )


def inspect(
    stories: Iterable[Story],
    *,
    rules: Rules | None = None,
    baseline: Baseline | None = None,
    earlier: str | None = None,
    earlier_name: str = "",
) -> tuple[Inspection, tuple[Digest, ...]]:
    """Checks each run as it comes, then all together; also gives their digests.

    `earlier` is the JSON of an earlier inspection. Raises `TraceError` if it is none.
    """
    rules = rules or Rules()
    before = None if earlier is None else _earlier(earlier, earlier_name)
    runs: list[CheckedRun] = []
    digests: list[Digest] = []
    for story in stories:
        one = digest(story)
        digests.append(one)
        runs.append(_checked(story, rules, steps_of(one)))
    across = _named(_allowed(compare(baseline, digests), rules))
    inspection = Inspection(
        tuple(_pruned(run, across) for run in runs),
        across,
        frozenset(rule.id for rule in rules.rules) | frozenset(["budget"]),
        None if baseline is None else baseline.runs,
    )
    if before is not None:
        now = {finding.fingerprint for finding, _ in inspection.all()}
        fixed = [
            (print_, *said) for print_, said in before.items() if print_ not in now
        ]
        inspection = replace(inspection, known=frozenset(before), fixed=tuple(fixed))
    return inspection, tuple(digests)


def _checked(story: Story, rules: Rules, also: Iterable[int]) -> CheckedRun:
    """A run checked; `also` are steps that may be named yet."""
    run = story.run
    found, checks = apply_rules(story, rules)
    findings = in_order((*story.findings, *found)) if found else story.findings
    findings = allow(story, findings, rules.allowances)
    named = {at for f in findings for at in (*f.steps, *(c.step for c in f.cites))}
    return CheckedRun(
        id=run.id,
        file=run.files[0] if run.files else "",
        format=run.format,
        heading=story.heading,
        status=run.status,
        steps=len(run.steps),
        verdict=story.verdict.text,
        findings=findings,
        checks=(*story.checks, *checks),
        suspects=story.suspects,
        places={at: _place(run, story, at) for at in sorted({*named, *also})},
    )


def _pruned(run: CheckedRun, across: Sequence[Across]) -> CheckedRun:
    """The run with those places alone that something names."""
    findings = [*run.findings, *(a.finding for a in across if a.run == run.id)]
    named = {at for f in findings for at in (*f.steps, *(c.step for c in f.cites))}
    places = {at: place for at, place in run.places.items() if at in named}
    return replace(run, places=places)


def _place(run: Run, story: Story, at: int) -> Place:
    source = run.step(at).source
    return Place(source.file, source.line, story.titles[at - 1])


def _allowed(across: Sequence[Across], rules: Rules) -> list[Across]:
    """Marks what an allowance without a condition covers."""
    reasons = {a.rule: a.reason for a in rules.allowances if a.when is None}
    return [
        one._replace(finding=replace(one.finding, expected=reasons[one.finding.rule]))
        if one.finding.rule in reasons
        else one
        for one in across
    ]


def _named(across: Sequence[Across]) -> tuple[Across, ...]:
    """With fingerprints; the grave ones first, and otherwise causes first, as given."""
    ordered = sorted(across, key=lambda one: SEVERITIES.index(one.finding.severity))
    prints = fingerprinted([one.finding for one in ordered])
    pairs = zip(ordered, prints, strict=True)
    return tuple(one._replace(finding=finding) for one, finding in pairs)


def _earlier(text: str, name: str) -> dict[str, tuple[str, str]]:
    """Fingerprint -> rule and statement, of the JSON of an earlier inspection."""
    hint = "it is written by `whypath check --json FILE`"
    try:
        data: Any = json.loads(text)
        groups = [data["across"], *(run["findings"] for run in data["runs"])]
        return {
            str(one["fingerprint"]): (str(one["rule"]), str(one["statement"]))
            for group in groups
            for one in group
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        raise TraceError(name, "is no earlier inspection", hint=hint) from None


def finds_of(rule: str) -> str:
    """What a rule of ours looks for, in a few words; nothing for a user's own."""
    return _FINDS.get(rule, "")


_FINDS = {detector.id: detector.finds for detector in DETECTORS} | {
    "empty-committed": "something was done on a result that was empty",
    "truncated-evidence": "a result that was cut short was taken for the whole",
    "missing-field": "a field that was read is absent",
    "default-collapse": "a value is always the same default, in many runs",
    "schema-drift": "the fields of a tool's results are not those of the baseline",
    "constant-branch": "a decision always comes out the same, as it did not before",
    "branch-drift": "a decision comes out otherwise than in the baseline",
    "fallback-rate": "a decision falls back on its default more than it did",
    "budget": "a run took more than it may, or than is usual",
    "config-drift": "models, prompts or tools are not those of the baseline",
    "nondeterministic-choice": "the same grounds led to different choices",
}
