"""Sums runs up by what they have in common: task, agent, model, or a label."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from whypath.derive.row import Row

MOST_GROUPS = 100
MOST_LABELS = 12
FIELDS = ("task", "agent", "model", "format")


class Group(NamedTuple):
    """Runs that share a value. Of those judged, `passed` passed; medians in units."""

    value: str
    runs: int
    passed: int
    failed: int
    findings: int
    with_findings: int
    duration_ns: int | None
    tokens: int | None
    cost_usd: float | None

    @property
    def judged(self) -> int:
        """Runs whose outcome is recorded."""
        return self.passed + self.failed


class Grouping(NamedTuple):
    """All runs by one field: `field` as a query names it, the largest group first."""

    field: str
    title: str
    groups: tuple[Group, ...]
    left_out: int


def group_by(value: str, rows: Sequence[Row]) -> Group:
    """What the rows of one group come to."""
    durations = [row.duration_ns for row in rows if row.duration_ns is not None]
    tokens = [row.tokens for row in rows if row.tokens is not None]
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    return Group(
        value=value,
        runs=len(rows),
        passed=sum(row.outcome == "passed" for row in rows),
        failed=sum(row.outcome == "failed" for row in rows),
        findings=sum(row.findings for row in rows),
        with_findings=sum(bool(row.flaws) for row in rows),
        duration_ns=round(median(durations)) if durations else None,
        tokens=round(median(tokens)) if tokens else None,
        cost_usd=median(costs) if costs else None,
    )


def find_groupings(rows: Iterable[Row]) -> tuple[Grouping, ...]:
    """By each field, and by each label that several runs share."""
    by: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.error:
            continue
        for field, value in _values(row):
            by[field][value].append(row)
    labels = sorted(
        (f for f in by if f.startswith("label:")), key=lambda f: -_size(by[f])
    )
    wanted = [*FIELDS[:3], *labels[:MOST_LABELS], "format"]
    return tuple(
        _grouping(field, by[field])
        for field in wanted
        if len(by.get(field, {})) > 1 and _size(by[field]) > 1
    )


def _values(row: Row) -> Iterable[tuple[str, str]]:
    yield "task", row.task
    if row.agent:
        yield "agent", row.agent
    for model in row.models:
        yield "model", model
    yield "format", row.format
    for name, value in row.labels:
        yield f"label:{name}", value


def _size(groups: dict[str, list[Row]]) -> int:
    """How many runs are in a group with others; 0 where each run stands alone."""
    return sum(len(rows) for rows in groups.values() if len(rows) > 1)


def _grouping(field: str, groups: dict[str, list[Row]]) -> Grouping:
    order = sorted(groups, key=lambda value: (-len(groups[value]), value))
    title = field.removeprefix("label:")
    made = tuple(group_by(value, groups[value]) for value in order[:MOST_GROUPS])
    return Grouping(field, title, made, max(0, len(order) - MOST_GROUPS))
