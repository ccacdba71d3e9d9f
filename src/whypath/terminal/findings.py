"""Turns findings into lines of plain text: of one run, and of many."""

from collections.abc import Iterator

from whypath.derive.findings.finding import SEVERITIES, Finding, by_step
from whypath.derive.inspection import Inspection
from whypath.derive.story import Story
from whypath.terminal.text import counted, line, line_cut

MOST = 12


def finding_lines(story: Story, width: int) -> Iterator[str]:
    """A line for each finding, the gravest first, and one for what was not seen."""
    if story.findings or story.suspects:
        yield ""
    for number, suspect in enumerate(story.suspects[:3], start=1):
        text = f"look first {number}: step {suspect.step}, {suspect.why}"
        yield line_cut(line(text), max(width, 80))
    for finding in story.findings[:MOST]:
        yield line_cut(one_line(finding), max(width, 80))
    more = len(story.findings) - MOST
    if more > 0:
        yield f"… and {more:,} more findings; --json has them all"
    blind = [c.rule for c in story.checks if c.status in ("unknown", "error")]
    if blind:
        yield line_cut(f"could not see what they need: {', '.join(blind)}", width)


def one_line(finding: Finding) -> str:
    """`warning step 9 repeat-call: …`."""
    expected = f" [expected: {finding.expected}]" if finding.expected else ""
    where = f"{finding.severity} step {finding.step}"
    text = f"{where} {finding.rule}: {finding.statement}"
    return line(f"{text}{expected}")


def step_findings(story: Story, position: int) -> Iterator[str]:
    """What was found at one step, with the evidence."""
    for finding in by_step(story.findings).get(position, ()):
        yield f"{finding.severity}: {finding.rule}: {line(finding.statement)}"
        for cite in finding.cites:
            path = f" {line(cite.path)}" if cite.path else ""
            yield f"    step {cite.step}: {line(cite.what)}{path}"


ANNOTATIONS = 10
"""So many of a kind are shown of one step of a job; the others would be lost."""
_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def annotations(inspection: Inspection) -> Iterator[str]:
    """Commands to GitHub's runner, which shows them beside the files they name."""
    runs = {run.id: run for run in inspection.runs}
    across = {id(one.finding): one for one in inspection.across}
    left = dict.fromkeys(_COMMANDS, ANNOTATIONS)
    for severity in _COMMANDS:
        for finding, run in inspection.all():
            if finding.severity != severity or finding.expected or not left[severity]:
                continue
            left[severity] -= 1
            where = run or runs.get(across[id(finding)].run)
            place = where.places.get(finding.step) if where else None
            fields = [f"title={_property(finding.rule)}"]
            if place is not None and place.file:
                fields.insert(0, f"file={_property(place.file)}")
                if place.line:
                    fields.insert(1, f"line={place.line}")
            command = _COMMANDS[severity]
            yield f"::{command} {','.join(fields)}::{_data(line(finding.statement))}"


def _data(text: str) -> str:
    """Text that a runner's command can carry."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(line(text)).replace(":", "%3A").replace(",", "%2C")


def inspection_lines(inspection: Inspection, width: int) -> Iterator[str]:
    """An inspection for a person: what is true of many runs, then of single ones."""
    for one in inspection.across:
        yield from _told(inspection, one.finding, "")
    groups: dict[str, list[str]] = {}
    first: dict[str, Finding] = {}
    for run in inspection.runs:
        for finding in run.findings:
            first.setdefault(finding.fingerprint, finding)
            groups.setdefault(finding.fingerprint, []).append(run.id)
    order = {severity: number for number, severity in enumerate(SEVERITIES)}
    ranked = sorted(
        first.values(),
        key=lambda f: (
            f.expected is not None,
            order[f.severity],
            -len(groups[f.fingerprint]),
        ),
    )
    for finding in ranked[:SHOWN]:
        ids = groups[finding.fingerprint]
        where = f"{ids[0]} step {finding.step}"
        if len(ids) > 1:
            where += f" and {counted(len(ids) - 1, 'more run')}"
        yield from _told(inspection, finding, where)
    if len(ranked) > SHOWN:
        yield f"… and {len(ranked) - SHOWN:,} more findings; --json FILE has them all"
    for _, rule, statement in inspection.fixed[:SHOWN]:
        yield line(f"fixed {rule}: {statement}")
    unseen = inspection.unseen()
    if unseen:
        told = ", ".join(
            f"{r} ({sum(n.values()):,})" for r, n in sorted(unseen.items())
        )
        yield line_cut(line(f"could not see what they need, in runs: {told}"), width)
    yield _sum(inspection)


SHOWN = 40


def _told(inspection: Inspection, finding: Finding, where: str) -> Iterator[str]:
    state = inspection.state(finding)
    marks = [finding.severity, state, "expected" if finding.expected else ""]
    mark = " ".join(filter(None, marks))
    expected = f" [expected: {finding.expected}]" if finding.expected else ""
    yield line(f"{mark} {finding.rule}: {finding.statement}{expected}")
    if where:
        yield f"    {line(where)}"


def _sum(inspection: Inspection) -> str:
    counts = inspection.counts()
    told = [counted(counts[s], noun) for s, noun in _NOUNS.items()]
    if counts["expected"]:
        told.append(f"{counts['expected']:,} expected")
    runs = counted(len(inspection.runs), "run")
    base = inspection.baseline_runs
    against = "" if base is None else f", against a baseline of {counted(base, 'run')}"
    return f"{runs} checked{against}: {', '.join(told)}"


_NOUNS = {"error": "error", "warning": "warning", "info": "note"}
