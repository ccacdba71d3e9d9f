"""Says something about several runs at once: how many are affected, and since when."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from whypath.derive.drift.digest import Digest
from whypath.derive.findings.finding import Cite, Finding, Severity


class Across(NamedTuple):
    """A finding about several runs: it points into the first; `runs` are affected.

    `of` is how many runs there were to be affected; `since_ns` when the first began.
    """

    finding: Finding
    run: str
    file: str
    runs: tuple[str, ...]
    of: int
    since_ns: int | None


def told(
    rule: str,
    severity: Severity,
    statement: Callable[[str], str],
    affected: Sequence[tuple[Digest, int]],
    of: int,
    subject: str,
    cites: tuple[Cite, ...] = (),
) -> Across:
    """A finding about the affected runs, each with the step that shows it.

    `statement` is told, in words, how many runs are affected and since when.
    """
    first, step = affected[0]
    ids = tuple({id(one): one.id for one, _ in affected}.values())
    since = first.start_ns
    how_many = f"in {len(ids):,} of {of:,} run{'s' if of != 1 else ''}"
    if since is not None:
        when = datetime.fromtimestamp(since // 10**9, UTC)
        how_many += f" since {when:%Y-%m-%d %H:%M} UTC"
    text = statement(how_many)
    finding = Finding(rule, severity, text, step, cites, subject=subject)
    return Across(finding, first.id, first.file, ids, of, since)
