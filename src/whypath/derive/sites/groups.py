"""Sums runs up by what they have in common: task, agent, model, or a label."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, MutableSequence
from statistics import median
from typing import NamedTuple

from whypath.derive.sites.row import Row

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


Numbers = MutableSequence[int]


class Sums:
    """What the rows of one group come to, as they are seen.

    Of each row, three numbers are kept, for the medians: eight bytes each.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._durations: Numbers = array("q")
        self._tokens: Numbers = array("q")
        self._costs = array("d")

    def add(self, row: Row) -> None:
        """Counts a row."""
        counts = self._counts
        counts["runs"] += 1
        counts[row.outcome] += 1
        counts["findings"] += row.findings
        counts["with_findings"] += bool(row.flaws)
        if row.duration_ns is not None:
            self._durations = appended(self._durations, row.duration_ns)
        if row.tokens is not None:
            self._tokens = appended(self._tokens, row.tokens)
        if row.cost_usd is not None:
            self._costs.append(row.cost_usd)

    def group(self, value: str) -> Group:
        """The group of the rows so far."""
        counts = self._counts
        return Group(
            value=value,
            runs=counts["runs"],
            passed=counts["passed"],
            failed=counts["failed"],
            findings=counts["findings"],
            with_findings=counts["with_findings"],
            duration_ns=round(median(self._durations)) if self._durations else None,
            tokens=round(median(self._tokens)) if self._tokens else None,
            cost_usd=median(self._costs) if self._costs else None,
        )


def appended(numbers: Numbers, number: int) -> Numbers:
    """The numbers with one more: in eight bytes each, until one does not fit there."""
    try:
        numbers.append(number)
    except OverflowError:
        return [*numbers, number]
    return numbers


def group_of(rows: Iterable[Row]) -> Group:
    """What the rows come to, all of them."""
    sums = Sums()
    for row in rows:
        sums.add(row)
    return sums.group("")


def find_groupings(rows: Iterable[Row]) -> tuple[Grouping, ...]:
    """By each field, and by each label that several runs share.

    The rows are gone through twice: first it is counted which groups are shown.
    """
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for field, value in _values(row):
            sizes[field][value] += 1
    labels = sorted(
        (f for f in sizes if f.startswith("label:")), key=lambda f: -_size(sizes[f])
    )
    wanted = [*FIELDS[:3], *labels[:MOST_LABELS], "format"]
    shown = {
        field: {value: Sums() for value in _largest(sizes[field])}
        for field in wanted
        if len(sizes.get(field, {})) > 1 and _size(sizes[field]) > 1
    }
    for row in rows:
        for field, value in _values(row):
            if field in shown and value in shown[field]:
                shown[field][value].add(row)
    return tuple(
        Grouping(
            field,
            field.removeprefix("label:"),
            tuple(sums.group(value) for value, sums in groups.items()),
            max(0, len(sizes[field]) - MOST_GROUPS),
        )
        for field, groups in shown.items()
    )


def _values(row: Row) -> Iterable[tuple[str, str]]:
    if row.error:
        return
    yield "task", row.task
    if row.agent:
        yield "agent", row.agent
    for model in row.models:
        yield "model", model
    yield "format", row.format
    for name, value in row.labels:
        yield f"label:{name}", value


def _size(sizes: Counter[str]) -> int:
    """How many runs are in a group with others; 0 where each run stands alone."""
    return sum(count for count in sizes.values() if count > 1)


def _largest(sizes: Counter[str]) -> list[str]:
    return sorted(sizes, key=lambda value: (-sizes[value], value))[:MOST_GROUPS]
