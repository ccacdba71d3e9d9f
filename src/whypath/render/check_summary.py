"""Turns an inspection into Markdown for a job's summary or a comment, below 900 kB.

Trace text is quoted so that no reader of Markdown takes it for markup, a link or a
name to notify.
"""

from collections.abc import Iterator

from whypath.derive.findings.finding import SEVERITIES, Finding
from whypath.derive.inspection import CheckedRun, Inspection
from whypath.render import words
from whypath.render.markdown import quoted

MAX_BYTES = 900_000
ROWS = 200
MARKS = {"error": "❌ error", "warning": "⚠️ warning", "info": "ℹ️ info"}


def check_summary(inspection: Inspection) -> str:
    """The Markdown. What does not fit is counted at the end."""
    pieces: list[str] = []
    size = 0
    for number, piece in enumerate(lines := list(_lines(inspection))):
        size += len(piece.encode()) + 1
        if size > MAX_BYTES - 200:
            pieces.append(f"\n… {len(lines) - number:,} more lines do not fit here.")
            break
        pieces.append(piece)
    return "\n".join(pieces) + "\n"


def _lines(inspection: Inspection) -> Iterator[str]:
    counts = inspection.counts()
    told = [words.counted(counts[s], _NOUNS[s]) for s in SEVERITIES if counts[s]]
    if counts["expected"]:
        told.append(f"{counts['expected']:,} expected")
    yield "## Whypath"
    yield ""
    runs = words.counted(len(inspection.runs), "run")
    yield f"**{', '.join(told) or 'No findings'}** in {runs}."
    if inspection.baseline_runs is not None:
        baseline = words.counted(inspection.baseline_runs, "run")
        yield f"Compared with a baseline of {baseline}."
    yield ""
    for one in inspection.across[:ROWS]:
        yield f"- {_mark(inspection, one.finding)} {quoted(one.finding.statement)}"
    if inspection.across:
        yield ""
    groups = _groups(inspection)
    if groups:
        yield "| | rule | runs | what, first at |"
        yield "|---|---|---:|---|"
        for finding, found_in in groups[:ROWS]:
            run = found_in[0]
            place = f"{quoted(run.id)} step {finding.step}"
            yield (
                f"| {_mark(inspection, finding)} | {quoted(finding.rule)} | "
                f"{len(found_in):,} | {quoted(finding.statement)} ({place}) |"
            )
        if len(groups) > ROWS:
            yield ""
            yield f"… and {len(groups) - ROWS:,} more."
        yield ""
    if inspection.fixed:
        yield f"<details><summary>{len(inspection.fixed):,} fixed</summary>"
        yield ""
        for _, rule, statement in inspection.fixed[:ROWS]:
            yield f"- {quoted(rule)}: {quoted(statement)}"
        yield "</details>"
        yield ""
    unseen = inspection.unseen()
    if unseen:
        checks = words.counted(len(unseen), "check")
        yield f"<details><summary>{checks} could not see all they need</summary>"
        yield ""
        for rule, how in sorted(unseen.items()):
            told = [f"{kind} in {n:,}" for kind, n in how.items() if n]
            yield f"- {quoted(rule)}: {', '.join(told)}"
        yield "</details>"


_NOUNS = {"error": "error", "warning": "warning", "info": "note"}


def _mark(inspection: Inspection, finding: Finding) -> str:
    state = inspection.state(finding)
    mark = f"expected ({quoted(finding.expected)})" if finding.expected else ""
    mark = mark or MARKS[finding.severity]
    return f"{mark} **{state}**" if state == "new" else mark


def _groups(inspection: Inspection) -> list[tuple[Finding, list[CheckedRun]]]:
    """Findings of the same kind in several runs as one, the gravest first."""
    groups: dict[str, tuple[Finding, list[CheckedRun]]] = {}
    for run in inspection.runs:
        for finding in run.findings:
            groups.setdefault(finding.fingerprint, (finding, []))[1].append(run)

    def weight(group: tuple[Finding, list[CheckedRun]]) -> tuple[bool, int, int]:
        finding, runs = group
        grave = SEVERITIES.index(finding.severity)
        return finding.expected is not None, grave, -len(runs)

    return sorted(groups.values(), key=weight)
