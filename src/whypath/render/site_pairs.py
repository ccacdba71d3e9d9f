"""Writes what a site says of two runs: the row of a pair, the note in a report.

Also the command that makes a diff where the site has none.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from whypath.derive.sites.comparisons import Pair
from whypath.derive.sites.ledger import Compared
from whypath.derive.sites.row import Row
from whypath.render.environment import environment
from whypath.render.shell import UNKNOWN, shell_word
from whypath.render.site_rows import RowView, row_view

BEGIN, END = "<!-- compared -->", "<!-- /compared -->"
"""Where the page of a run says which diffs there are of it."""
DIFFS = "diffs"


class PairView(NamedTuple):
    """A pair as its row of the table. `href` is empty where there is no diff.

    `where` is the step at which they part, in words. `command` is empty where no shell
    would take it. `error` says why a diff could not be made.
    """

    a: RowView
    b: RowView
    why: str
    href: str
    tone: str
    where: str
    cause: str
    verdict: str
    command: str
    error: str


Paired = Sequence[tuple[Pair, Compared | None]]


def pair_views(paired: Paired, rows: Iterable[Row]) -> list[PairView]:
    """The rows of the table; `rows` are those with pages."""
    sources = {row.source for pair, _ in paired for row in (pair.good, pair.bad)}
    listed = [row for row in rows if row.source in sources]
    shown = {row.key for row in listed}
    command = commands([*listed, *(pair.good for pair, _ in paired)])
    return [
        PairView(
            a=_run(pair.good, shown),
            b=_run(pair.bad, shown),
            why=pair.why,
            href=diff_link(one) if one is not None and not one.error else "",
            tone="" if one is None else one.tone,
            where="" if one is None else _where(one),
            cause="" if one is None else one.cause,
            verdict="" if one is None else one.verdict,
            command=command(pair.good, pair.bad),
            error="" if one is None else one.error,
        )
        for pair, one in paired
    ]


def _run(row: Row, shown: set[str]) -> RowView:
    view = row_view(row)
    return view if row.key in shown else view._replace(link="")


def diff_link(one: Compared) -> str:
    """The way to a diff from the folder of the list of runs."""
    return f"{DIFFS}/{one.key}/index.html"


def _where(one: Compared) -> str:
    if one.error:
        return ""
    if one.same:
        return "same decisions"
    if one.step_a is None or one.step_b is None:
        side = "A" if one.step_b is None else "B"
        return f"step {one.step_a or one.step_b} of {side}"
    if one.step_a == one.step_b:
        return f"step {one.step_a}"
    return f"steps {one.step_a} and {one.step_b}"


def commands(rows: Iterable[Row]) -> Callable[[Row, Row], str]:
    """Makes the command that compares two of the runs, for a shell."""
    alone = Counter(source for source, _ in {(row.source, row.key) for row in rows})

    def command(a: Row, b: Row) -> str:
        words = [trace_word(one, alone[one.source] == 1) for one in (a, b)]
        return f"whypath diff {' '.join(words)} -o diff.html" if all(words) else ""

    return command


def trace_word(row: Row, is_alone: bool) -> str:
    """A run as `diff` takes it: its file, and its id where the file has several.

    It is "" where no shell can be given that.
    """
    if UNKNOWN in row.source:
        return ""
    name = row.source if is_alone else f"{row.source}#{row.run}"
    return shell_word(f"./{name}" if name.startswith("-") else name)


def notes_of(compared: Iterable[Compared], pairs: Iterable[Pair]) -> dict[str, str]:
    """What the report of each run says of its diffs, by the key of the run."""
    macros: Any = environment().get_template("parts/compared.html").module
    notes: dict[str, str] = defaultdict(str)
    for pair, one in zip(pairs, compared, strict=False):
        if one.error:
            continue
        href = f"../../{diff_link(one)}"
        notes[one.a] += macros.note(one, href, "A", row_view(pair.bad), pair.why)
        notes[one.b] += macros.note(one, href, "B", row_view(pair.good), pair.why)
    return notes
