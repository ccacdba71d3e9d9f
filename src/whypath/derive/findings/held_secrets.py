"""Says which secrets a run held, and at which steps, without repeating them."""

from collections.abc import Iterator

from whypath.derive.findings.finding import Finding
from whypath.model import Run


def find_secrets(run: Run) -> Iterator[Finding]:
    """A finding for each secret that was taken out; none where none were looked for."""
    for label, times, steps in run.redactions or ():
        kind = label.strip("[]").split(":")[1]
        first, *more = steps or (1,)
        often = "once" if times == 1 else f"{times:,} times"
        said = f"A secret ({kind}) is in the trace {often}; it is shown as {label}"
        yield Finding("secret", "error", said, first, also=tuple(more), subject=kind)
