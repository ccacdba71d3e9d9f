"""Turns findings into lines of plain text for the terminal. Prints nothing itself."""

from collections.abc import Iterator

from whypath.derive.findings import Finding, by_step
from whypath.derive.story import Story
from whypath.terminal.text import line, line_cut

MOST = 12


def finding_lines(story: Story, width: int) -> Iterator[str]:
    """A line for each finding, the gravest first, and one for what was not seen."""
    if story.findings:
        yield ""
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
