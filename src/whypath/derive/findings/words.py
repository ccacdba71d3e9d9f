"""Puts what was found into the verdict: one sentence that a tired engineer understands.

Each rule has its own few words; the finding's statement says what, where, on what.
"""

from collections.abc import Sequence
from dataclasses import replace

from whypath.derive.findings.finding import Checked, Finding
from whypath.derive.findings.suspects import Suspect
from whypath.derive.summary import Verdict

LOSSY = "trace-integrity"
HEADLINES = {
    "ungrounded-argument": "Acted on a value from nowhere",
    "wrong-evidence": "Decided on a value that is not there",
    "renamed-field": "Decided on a field that is not there",
    "missing-field": "Decided on a field that is not there",
    "stale-value": "Acted on an outdated value",
    "entity-mixup": "Mixed up two records",
    "answer-contradicts-tool": "The answer is not what was found",
    "hallucinated-tool": "Called a tool that was not on offer",
    "phantom-completion": "Claimed what was not done",
    "masked-error": "Spoke of success after a failure",
    "reason-action-mismatch": "Did something else than it reasoned",
    "duplicate-side-effect": "Did the same thing twice",
}


def with_findings(
    verdict: Verdict,
    findings: Sequence[Finding],
    checks: Sequence[Checked],
    suspects: Sequence[Suspect] = (),
) -> Verdict:
    """The verdict on a run, with the gravest finding, or that nothing was found.

    Of a failed run without a grave finding, it says where to look first.

    A verdict on a wrong value or a failed run stays: it is the gravest already.
    """
    open_ = [finding for finding in findings if finding.expected is None]
    errors = [finding for finding in open_ if finding.severity == "error"]
    warnings = [finding for finding in open_ if finding.severity == "warning"]
    lossy = [finding for finding in warnings if finding.rule == LOSSY]
    warnings = [finding for finding in warnings if finding.rule != LOSSY]
    if verdict.tone == "error":
        return verdict
    if errors:
        first = errors[0]
        start = HEADLINES.get(first.rule, first.rule)
        more = _more(len(errors) - 1 + len(warnings))
        return Verdict("error", f"{start}: {first.statement}{more}", first.step)
    if warnings:
        text = f"{verdict.text} But: {warnings[0].statement}{_more(len(warnings) - 1)}"
        return Verdict("warn", text, warnings[0].step)
    if lossy:
        return verdict  # it says so already
    clean = _clean(checks)
    if suspects:
        clean = f"No check found why; look at step {suspects[0].step} first."
    return replace(verdict, text=f"{verdict.text} {clean}".rstrip())


def _more(count: int) -> str:
    """How many more findings there are, as a sentence."""
    if count < 1:
        return ""
    return f" {count:,} more finding{'s' if count > 1 else ''}."


def _clean(checks: Sequence[Checked]) -> str:
    """That nothing was found, and how many checks could not have found anything."""
    if not checks:
        return ""
    blind = sum(check.status in ("unknown", "error") for check in checks)
    if not blind:
        return "No check found a problem."
    needs = "it needs" if blind == 1 else "they need"
    could = "1 check" if blind == 1 else f"{blind} checks"
    return f"No check found a problem; {could} could not see what {needs}."
