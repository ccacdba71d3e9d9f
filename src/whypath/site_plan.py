"""What a site is to hold: which runs, which of them are usual, and how that is said.

Part of the `build_site` room.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from whypath.derive.sites.row import Row
from whypath.records import Limits

if TYPE_CHECKING:
    from whypath.render.site import Words

Only = Literal["findings", "failed"]

DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Plan:
    """What the site is to hold, and how it is made.

    `only`, `limit` (the newest runs), `sample` (a share of the traces, 0 to 1) and
    `max_age_ns` (against the newest run) choose runs. `baseline` holds the label
    `name=value`, or folders, of the runs that others are compared with; `pair_by` is
    the label across which runs of a task are compared, `diffs` how many diffs are made
    at most. `secrets` is the recipe of the redactor that each trace gets for itself,
    None for none. `exclude` holds patterns of the names of traces to leave out.
    `forget` leaves out what the next build would need to know what is unchanged.
    With `search` there is an index of the text of every step.
    """

    title: str = "Runs"
    format: str | None = None
    dot: str | None = None
    only: Only | None = None
    limit: int | None = None
    sample: float = 1.0
    max_age_ns: int | None = None
    baseline: tuple[str, ...] = ()
    pair_by: str | None = None
    diffs: int = 20
    secrets: Mapping[str, Any] | None = None
    limits: Limits | None = None
    exclude: tuple[str, ...] = ()
    forget: bool = False
    search: bool = False


def has_pages(row: Row, plan: Plan) -> bool:
    """True for a run that `--only` lets in."""
    if row.error:
        return False
    if plan.only == "findings":
        return bool(row.flaws)
    return plan.only != "failed" or row.outcome == "failed"


def choose_rows(rows: Iterable[Row], plan: Plan) -> list[Row]:
    """The rows that the site shows, in order of time; those without a clock first."""
    shown = [row for row in rows if row.error or has_pages(row, plan)]
    shown.sort(key=lambda row: (row.start_ns or 0, row.source, row.run))
    if plan.max_age_ns is not None:
        newest = max((row.start_ns or 0 for row in shown), default=0)
        oldest = newest - plan.max_age_ns
        shown = [r for r in shown if r.start_ns is None or r.start_ns >= oldest]
    return shown[-plan.limit :] if plan.limit is not None else shown


def is_usual(plan: Plan) -> Callable[[Row], bool]:
    """Tells the runs of the baseline: by a label `name=value`, or by their folder."""
    return partial(_is_usual, plan.baseline)


def _is_usual(baseline: tuple[str, ...], row: Row) -> bool:
    for one in baseline:
        name, mark, value = one.partition("=")
        if mark and (name, value) in row.labels:
            return True
        folder = one.strip("/")
        if row.source == folder or row.source.startswith(f"{folder}/"):
            return True
    return False


def words_of(plan: Plan, clean: Callable[[str], str]) -> "Words":
    """What pages say of the plan. `clean` takes secrets out of what a person wrote."""
    from whypath.render.site import Words

    said = []
    if plan.only:
        said.append(
            f"only runs {'with findings' if plan.only == 'findings' else 'that failed'}"
        )
    if plan.limit is not None:
        said.append(f"the newest {plan.limit:,}")
    if plan.sample < 1:
        said.append(f"a sample of {plan.sample:.0%} of the traces")
    if plan.max_age_ns is not None:
        said.append(
            f"none more than {plan.max_age_ns / DAY_NS:g} days older than the newest"
        )
    baseline = " and ".join(plan.baseline)
    said_of = (clean(plan.title), "; ".join(said), clean(baseline))
    return Words(*said_of, plan.pair_by, plan.diffs, plan.search)
