"""Gathers the rows of a site as they come, and gives them back in order of time.

Part of the `build_site` room. Few rows stay in memory. Those of a cluster go to Parquet
files, where DuckDB chooses and sorts them: it keeps what does not fit on the disk.
"""

import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from whypath.derive.sites.ledger import Entry, packed, unpacked
from whypath.derive.sites.row import Row, Rows
from whypath.errors import TraceError
from whypath.site_plan import Plan, choose_rows
from whypath.stage import clear

AT_ONCE = 4_000
"""Rows that are in memory at the same time."""
MEMORY = "400MB"
"""What DuckDB may hold before it writes to its folder."""


class Mark(Protocol):
    """What is remembered of a trace beside its rows."""

    @property
    def mark(self) -> str:
        """A hash of its name."""

    @property
    def digest(self) -> str:
        """What its pages depend on."""


class Gathered(Protocol):
    """The rows of all traces. A trace is known by its number among them."""

    def add(self, trace: int, rows: Sequence[Row], kept: Sequence[str]) -> None:
        """The rows of a trace; `kept` are the keys of those with pages.

        All are added before anything is asked.
        """

    def chosen(self, plan: Plan) -> Rows:
        """The rows that the site shows, in order of time; see `choose_rows`."""

    def hidden(self, plan: Plan) -> Iterator[str]:
        """The keys of rows that have pages and are not shown."""

    def traces(self, plan: Plan) -> Iterator[tuple[int, Row, bool]]:
        """Every row by its trace, and whether it has pages that are shown."""


def gather(in_files: bool) -> Gathered:
    """Somewhere to put rows. Raises `TraceError` where DuckDB is not installed."""
    return _InFiles() if in_files else _InMemory()


def entries(gathered: Gathered, marks: Iterable[Mark], plan: Plan) -> Iterator[Entry]:
    """What is remembered of each trace, in order, with the pages that are shown."""
    waiting = gathered.traces(plan)
    upcoming = next(waiting, None)
    for number, trace in enumerate(marks):
        rows: list[Row] = []
        kept: list[str] = []
        while upcoming is not None and upcoming[0] == number:
            _, row, is_kept = upcoming
            rows.append(row)
            if is_kept:
                kept.append(row.key)
            upcoming = next(waiting, None)
        yield Entry(
            mark=trace.mark, digest=trace.digest, rows=tuple(rows), kept=tuple(kept)
        )


_Wanted = tuple[object, ...]


def _wanted(plan: Plan) -> _Wanted:
    """What of a plan tells which rows are shown."""
    return plan.only, plan.limit, plan.max_age_ns


class _InMemory:
    """Rows as they are."""

    def __init__(self) -> None:
        self._traces: dict[int, tuple[Sequence[Row], frozenset[str]]] = {}
        self._chosen: dict[_Wanted, list[Row]] = {}

    def add(self, trace: int, rows: Sequence[Row], kept: Sequence[str]) -> None:
        self._traces[trace] = rows, frozenset(kept)

    def chosen(self, plan: Plan) -> list[Row]:
        wanted = _wanted(plan)
        if wanted not in self._chosen:
            rows = (row for _, row, _ in self._each())
            self._chosen[wanted] = choose_rows(rows, plan)
        return self._chosen[wanted]

    def hidden(self, plan: Plan) -> Iterator[str]:
        shown = {row.key for row in self.chosen(plan)}
        return (r.key for _, r, kept in self._each() if kept and r.key not in shown)

    def traces(self, plan: Plan) -> Iterator[tuple[int, Row, bool]]:
        shown = {row.key for row in self.chosen(plan)}
        return ((n, row, kept and row.key in shown) for n, row, kept in self._each())

    def _each(self) -> Iterator[tuple[int, Row, bool]]:
        for trace, (rows, kept) in sorted(self._traces.items()):
            yield from ((trace, row, row.key in kept) for row in rows)


PART = """
COPY (SELECT
    unnest($1::BIGINT[]) AS trace, unnest($2::BIGINT[]) AS place,
    unnest($3::BLOB[]) AS start, unnest($4::BOOLEAN[]) AS clock,
    unnest($5::BLOB[]) AS source, unnest($6::BLOB[]) AS run,
    unnest($7::BOOLEAN[]) AS unread, unnest($8::BOOLEAN[]) AS flawed,
    unnest($9::BOOLEAN[]) AS failed, unnest($10::BOOLEAN[]) AS kept,
    unnest($11::BLOB[]) AS row
) TO $12 (FORMAT parquet)
"""
LET_IN = """
SELECT * FROM read_parquet($1)
WHERE unread OR ((flawed OR NOT $2) AND (failed OR NOT $3))
"""
ORDER = "start, source, run, trace, place"
"""As `choose_rows` sorts; the last two are the order that the rows had before."""
CHOSEN = f"""
COPY (
    WITH let_in AS ({LET_IN}),
    aged AS (SELECT * FROM let_in WHERE NOT clock OR start >= $4),
    numbered AS (
        SELECT trace, place, row, row_number() OVER (ORDER BY {ORDER}) AS number,
            count(*) OVER () AS count FROM aged
    )
    SELECT trace, place, row, number - greatest(count - $5, 0) - 1 AS number
    FROM numbered WHERE number > count - $5 ORDER BY number
) TO $6 (FORMAT parquet, ROW_GROUP_SIZE 4096)
"""
NUMBERED = """
SELECT row FROM read_parquet($1) WHERE number >= $2 AND number < $3 ORDER BY number
"""
TRACES = """
SELECT every.trace, every.row, every.kept, shown.trace IS NOT NULL
FROM read_parquet($1) AS every LEFT JOIN read_parquet($2) AS shown
    ON every.trace = shown.trace AND every.place = shown.place
WHERE every.trace >= $3 AND every.trace < $4 ORDER BY every.trace, every.place
"""
MOST = 2**62


class _Waiting(NamedTuple):
    """A row on its way to a file."""

    trace: int
    place: int
    start: bytes
    clock: bool
    source: bytes
    run: bytes
    unread: bool
    flawed: bool
    failed: bool
    kept: bool
    row: bytes


FIELDS = range(len(_Waiting._fields))


class _InFiles:
    """Rows in Parquet files, in a folder that goes with this."""

    def __init__(self) -> None:
        try:
            import duckdb
        except ImportError:
            hint = "pip install 'whypath[cluster]'"
            raise TraceError("--dask", "DuckDB is not installed", hint=hint) from None
        self._folder = Path(tempfile.mkdtemp(prefix="whypath-rows-"))
        weakref.finalize(self, clear, self._folder)
        self._duckdb: Any = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "temp_directory": str(self._folder / "spilled"),
                "threads": 1,
            }
        )
        self._waiting: list[_Waiting] = []
        self._parts: list[str] = []
        self._chosen: dict[_Wanted, str] = {}
        self._most = 0

    def add(self, trace: int, rows: Sequence[Row], kept: Sequence[str]) -> None:
        self._most = max(self._most, trace + 1)
        with_pages = frozenset(kept)
        for place, row in enumerate(rows):
            waiting = _Waiting(
                trace=trace,
                place=place,
                start=_sortable(row.start_ns or 0),
                clock=row.start_ns is not None,
                source=_bytes(row.source),
                run=_bytes(row.run),
                unread=bool(row.error),
                flawed=bool(row.flaws),
                failed=row.outcome == "failed",
                kept=row.key in with_pages,
                row=packed(row),
            )
            self._waiting.append(waiting)
            if len(self._waiting) == AT_ONCE:
                self._write()

    def chosen(self, plan: Plan) -> "_Numbered":
        wanted = _wanted(plan)
        if self._waiting or not self._parts:
            self._write()
        if wanted not in self._chosen:
            self._chosen[wanted] = self._choose(plan)
        return _Numbered(self, self._chosen[wanted])

    def hidden(self, plan: Plan) -> Iterator[str]:
        for _, row, is_kept, is_shown in self._joined(plan):
            if is_kept and not is_shown:
                yield row.key

    def traces(self, plan: Plan) -> Iterator[tuple[int, Row, bool]]:
        for trace, row, is_kept, is_shown in self._joined(plan):
            yield trace, row, is_kept and is_shown

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """The answer, whole: it is asked for what is small."""
        found: list[tuple[Any, ...]] = self._duckdb.execute(question, values).fetchall()
        return found

    def _joined(self, plan: Plan) -> Iterator[tuple[int, Row, bool, bool]]:
        shown = self.chosen(plan).path
        for start in range(0, self._most, AT_ONCE):
            found = self.ask(TRACES, self._parts, shown, start, start + AT_ONCE)
            for trace, row, is_kept, is_shown in found:
                yield trace, unpacked(row), is_kept, is_shown

    def _write(self) -> None:
        part = str(self._folder / f"part-{len(self._parts)}.parquet")
        columns = [[*map(itemgetter(at), self._waiting)] for at in FIELDS]
        self.ask(PART, *columns, part)
        self._waiting.clear()
        self._parts.append(part)

    def _choose(self, plan: Plan) -> str:
        only = (plan.only == "findings", plan.only == "failed")
        oldest = b""
        if plan.max_age_ns is not None:
            newest = f"SELECT max(start) FROM ({LET_IN})"
            ((found,),) = self.ask(newest, self._parts, *only)
            oldest = _sortable(_number(found) - plan.max_age_ns) if found else b""
        path = str(self._folder / f"chosen-{len(self._chosen)}.parquet")
        limit = MOST if plan.limit is None else plan.limit
        self.ask(CHOSEN, self._parts, *only, oldest, limit, path)
        return path


class _Numbered:
    """Rows in one file, each with its number."""

    def __init__(self, files: _InFiles, path: str) -> None:
        self._files, self.path = files, path
        counted = files.ask("SELECT count(*) FROM read_parquet($1)", path)
        self._count = int(counted[0][0])

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, self._count, AT_ONCE):
            yield from map(unpacked, self._from(start))

    def __reversed__(self) -> Iterator[Row]:
        for start in reversed(range(0, self._count, AT_ONCE)):
            yield from map(unpacked, reversed(self._from(start)))

    def _from(self, start: int) -> list[bytes]:
        found = self._files.ask(NUMBERED, self.path, start, start + AT_ONCE)
        return [row for (row,) in found]


_HALF = 2**127


def _sortable(number: int) -> bytes:
    """Bytes that sort as the numbers do, whatever a trace calls a time."""
    return (min(max(number, -_HALF), _HALF - 1) + _HALF).to_bytes(16, "big")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big") - _HALF


def _bytes(text: str) -> bytes:
    """Bytes that sort as the texts do."""
    return text.encode("utf-8", "surrogatepass")
