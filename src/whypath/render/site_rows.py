"""Writes the cells of a row of the list of runs, as people read them."""

from datetime import UTC, datetime
from typing import NamedTuple

from whypath.derive.sites.row import Row
from whypath.render import words


class RowView(NamedTuple):
    """A row as text; an empty cell is "not recorded". `link` is empty without pages."""

    key: str
    link: str
    name: str
    verdict: str
    tone: str
    outcome: str
    status: str
    findings: str
    worst: str
    decisions: str
    steps: str
    started: str
    took: str
    tokens: str
    cost: str
    agent: str
    model: str
    labels: str
    source: str
    run: str


def row_view(row: Row) -> RowView:
    """The cells of a row."""
    return RowView(
        key=row.key,
        link="" if row.error else f"runs/{row.key}/index.html",
        name=row.task or row.source,
        verdict=row.error or row.verdict,
        tone=row.tone,
        outcome=outcome(row),
        status=row.status,
        findings=words.count(row.findings) if row.findings else "",
        worst=row.flaws[0].severity if row.flaws else "",
        decisions=words.count(row.decisions) if row.decisions else "",
        steps=words.count(row.steps) if row.steps else "",
        started=started(row.start_ns),
        took="" if row.duration_ns is None else words.duration(row.duration_ns),
        tokens="" if row.tokens is None else words.tokens(row.tokens),
        cost="" if row.cost_usd is None else words.cost(row.cost_usd),
        agent=row.agent,
        model=model(row),
        labels=" ".join(label(*pair) for pair in row.labels),
        source=row.source,
        run=row.run,
    )


def outcome(row: Row) -> str:
    """`passed`, `failed`, `unreadable`, or "" where the trace does not say."""
    if row.error:
        return "unreadable"
    return "" if row.outcome == "unknown" else row.outcome


def model(row: Row) -> str:
    """The models of a run, the first two by name."""
    more = f" +{len(row.models) - 2}" if len(row.models) > 2 else ""
    return ", ".join(row.models[:2]) + more


def label(name: str, value: str) -> str:
    """A label as a query writes it."""
    return f"{name}={value}"


def started(start_ns: int | None) -> str:
    """When a run began, in UTC, to the minute."""
    if start_ns is None:
        return ""
    try:
        return f"{datetime.fromtimestamp(start_ns // 10**9, UTC):%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):
        return ""
