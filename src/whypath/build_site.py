"""Makes a site of many runs: what one trace becomes, and what they become together.

The work on one trace stands alone, so that any process can do it; `fleet` spreads it.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from fnmatch import fnmatchcase
from os.path import commonpath
from pathlib import Path
from typing import NamedTuple, TypeVar

from whypath.build import checked_pieces, claimed, draw, input_files, read_input
from whypath.derive.sites.comparisons import Pair
from whypath.derive.sites.ledger import Compared, entry_of, lines
from whypath.derive.sites.ledger import Entry as Entry
from whypath.derive.sites.row import Row as Row
from whypath.derive.sites.row import Rows as Rows
from whypath.derive.sites.row import row_of, unreadable
from whypath.derive.story import tell
from whypath.errors import (
    EmptyTrace,
    TraceError,
    UnknownFormat,
    Unwritable,
    printable,
)
from whypath.model import Run
from whypath.readers import named
from whypath.records import Limits, Records, digest_of
from whypath.redact import Redactor
from whypath.rows import Gathered as Gathered
from whypath.rows import entries as entries
from whypath.rows import gather as gather
from whypath.site_plan import Plan as Plan
from whypath.site_plan import has_pages, words_of
from whypath.site_plan import is_usual as is_usual
from whypath.stage import MARK as MARK
from whypath.stage import clear, staged, take_over, write_packed, write_page

LEDGER = "runs.jsonl.gz"
RUNS = "runs"
SHARED = "../../assets/"
HOME = "../../index.html"
NO_MEMORY = "the memory is not enough for it"

T = TypeVar("T")


class Unit(NamedTuple):
    """A trace: its name in the site, its file, and what its pages depend on.

    `companions` are read with it. `error` says why it cannot be read; `is_foreign`
    marks a file in a folder that is no trace at all.
    """

    name: str
    path: str
    digest: str = ""
    companions: tuple[str, ...] = ()
    error: str = ""
    is_foreign: bool = False

    @property
    def mark(self) -> str:
        """Tells the trace from others without saying its name."""
        return hashed(self.name, 16)

    @property
    def root(self) -> Path:
        """The folder that names are relative to: pages say no more of where it is."""
        return Path(self.path).parents[len(Path(self.name).parts) - 1]


class Made(NamedTuple):
    """The rows of a trace, the keys of those with pages, and how much work it was."""

    rows: tuple[Row, ...]
    kept: tuple[str, ...]
    steps: int
    size: int


def find_units(
    sources: Sequence[str], exclude: Sequence[str] = ()
) -> list[tuple[Unit, bool]]:
    """Every file to look at, once, and whether it was named itself.

    `exclude` holds patterns of names in the site, such as `drafts/*`. Raises
    `TraceError` for a pattern that names nothing, or standard input.
    """
    found: dict[Path, bool] = {}
    for path, is_named in input_files(sources):
        if path is None:
            raise TraceError("-", "a site is made from files", hint="name a folder")
        found[path] = is_named or found.get(path, False)
    if not found:
        hint = "name a folder with traces, or a pattern in quotes"
        raise EmptyTrace(" ".join(sources), "no trace files in it", hint=hint)
    root = _root(list(found), sources)
    units = [
        (Unit(_name(path, root), str(path.absolute())), is_named)
        for path, is_named in found.items()
    ]
    return [
        (unit, is_named)
        for unit, is_named in units
        if not any(fnmatchcase(unit.name, pattern) for pattern in exclude)
    ]


def _root(paths: Sequence[Path], sources: Sequence[str]) -> Path:
    """The folder that all names are relative to."""
    if len(sources) == 1 and Path(sources[0]).is_dir():
        return Path(sources[0]).absolute()
    return Path(commonpath([path.absolute().parent for path in paths]))


def _name(path: Path, root: Path) -> str:
    """The way to it from there; bytes that are no UTF-8 are written out."""
    name = path.absolute().relative_to(root).as_posix()
    return name.encode("utf-8", "backslashreplace").decode()


def look_at(unit: Unit, is_named: bool, plan: Plan, edition: str) -> Unit:
    """The unit with what its pages depend on: contents, companions, program, options.

    Whatever is wrong with the file is told in the unit; nothing is raised.
    """
    path = Path(unit.path)
    clean = _cleaner(redactor_for(plan, unit.name))
    try:
        wanted = named(plan.format) if plan.format else None
        records = Records(path, None, plan.limits or Limits(), unit.name)
        trace = claimed(records, wanted, False)
        files = (path, *trace.companions)
        parts = [edition, unit.name, plan.dot or "", plan.format or ""]
        parts += [repr(plan.secrets), repr(plan.limits)]
        parts += [f"{file.name} {digest_of(file)}" for file in files]
    except UnknownFormat as error:
        if not is_named:
            return unit._replace(name=clean(unit.name), is_foreign=True)
        return unit._replace(error=clean(str(error)))
    except TraceError as error:
        return unit._replace(error=clean(str(error)))
    return unit._replace(
        digest=hashed("\0".join(parts), 16),
        companions=tuple(str(file) for file in trace.companions),
    )


def choose_units(units: Iterable[Unit], plan: Plan) -> tuple[list[Unit], list[str]]:
    """The traces to make pages of, in order of name, and the files that are none.

    What belongs to another trace is read with it. A sample holds the traces whose
    digests are smallest, so that the same ones are in it again.
    """
    units = sorted(units)
    belonging = {Path(c).resolve() for unit in units for c in unit.companions}
    chosen, foreign = [], []
    for unit in units:
        if unit.is_foreign:
            foreign.append(unit.name)
        elif Path(unit.path).resolve() not in belonging and _in_sample(unit, plan):
            chosen.append(unit)
    return chosen, foreign


def _in_sample(unit: Unit, plan: Plan) -> bool:
    return plan.sample >= 1 or int(hashed(unit.name, 4), 16) < plan.sample * 2**32


def make(unit: Unit, plan: Plan, stage: str) -> Made:
    """Reads a trace and writes the pages of its runs below `stage`.

    What cannot be read, or be made into pages, becomes a row that says why. Raises
    `Unwritable` alone: a disk that is full is no trace's fault.
    """
    redactor = redactor_for(plan, unit.name)
    clean = _cleaner(redactor)
    source = clean(unit.name)
    key = _key(unit.name, "", "trace")
    if unit.error:
        return Made((unreadable(key, source, unit.error),), (), 0, 0)
    rows: list[Row] = []
    kept: list[str] = []
    size = 0
    try:
        size = sum(Path(f).stat().st_size for f in (unit.path, *unit.companions))
        found = read_input(
            [unit.path],
            format=plan.format,
            redactor=redactor,
            limits=plan.limits,
            root=unit.root,
        )
        for run in found.runs:
            made = _make_run(run, unit, plan, Path(stage), redactor)
            rows.append(made)
            if has_pages(made, plan):
                kept.append(made.key)
    except Unwritable:
        raise
    except TraceError as error:
        rows.append(unreadable(key, source, clean(str(error))))
    except MemoryError:
        rows.append(unreadable(key, source, f"{source}: {NO_MEMORY}"))
    except Exception as error:  # one trace never stops the others: its row says so
        why = f"a fault in Whypath: {type(error).__name__}: {error}"
        rows.append(unreadable(key, source, clean(why)))
    return Made(tuple(rows), tuple(kept), sum(row.steps for row in rows), size)


def redactor_for(plan: Plan, *names: str) -> Redactor | None:
    """What takes the secrets of traces out; it knows those of their names."""
    if plan.secrets is None:
        return None
    redactor = Redactor(**plan.secrets)
    for name in names:
        redactor.learn(printable(name))
    return redactor


def _cleaner(redactor: Redactor | None) -> Callable[[str], str]:
    """What makes the name of a trace one that can be shown."""
    clean = str if redactor is None else redactor.text
    return lambda name: clean(printable(name))


def _make_run(
    run: Run, unit: Unit, plan: Plan, stage: Path, redactor: Redactor | None
) -> Row:
    from whypath.render.pages import Page, report_folder

    story = tell(run)
    source = _cleaner(redactor)(unit.name)
    row = row_of(story, _key(unit.name, run.format, run.id), source)
    if has_pages(row, plan):
        page = Page(story, draw(story, plan.dot), None, {}, None, SHARED, HOME)
        folder = stage / RUNS / row.key
        try:
            for name, pieces in report_folder(page):
                write_page(folder / name, checked_pieces(redactor, pieces))
        except BaseException:
            clear(folder)  # a part of a report is none
            raise
    return row


def remember(folder: Path) -> Iterator[Entry]:
    """What the last build of the site in `folder` made, trace by trace."""
    return remembered(folder / LEDGER, entry_of)


def remembered(path: Path, read: Callable[[bytes], T | None]) -> Iterator[T]:
    """What the lines of a ledger say; None of one is left out, of a torn ledger all."""
    if not path.is_file():
        return
    try:
        with closing(Records(path)) as records:
            for _ in records:
                pass  # of a torn one nothing is believed
        with closing(Records(path)) as records:
            for record in records:
                said = read(bytes(record.data))
                if said is not None:
                    yield said
    except TraceError:
        return  # then everything is made anew


def can_keep(entry: Entry, unit: Unit, plan: Plan) -> bool:
    """True when the pages of an earlier build are those that would be made now."""
    if not unit.digest or entry.digest != unit.digest:
        return False
    wanted = {row.key for row in entry.rows if has_pages(row, plan)}
    return wanted <= set(entry.kept)


def keep_pages(entry: Entry, old: Path, stage: Path) -> bool:
    """Takes the pages of an unchanged trace over; False: some are gone."""
    return all(take_over(old / RUNS / key, stage / RUNS / key) for key in entry.kept)


def finish(
    gathered: Gathered,
    units: Sequence[Unit],
    compared: Sequence[tuple[Pair, Compared | None]],
    foreign: Sequence[str],
    plan: Plan,
    stage: Path,
) -> Rows:
    """Writes what all runs share, and what is remembered; returns the rows shown.

    `compared` are the pairs worth a diff, each with the diff that was made of it.
    """
    from whypath.render.site import site_pages

    rows = gathered.chosen(plan)
    for key in gathered.hidden(plan):
        clear(stage / RUNS / key)
    redactor = redactor_for(plan)
    words = words_of(plan, str if redactor is None else redactor.told)
    for name, pieces in site_pages(rows, compared, foreign, words, is_usual(plan)):
        write_page(stage / name, pieces)
    if not plan.forget:
        write_packed(stage / LEDGER, lines(entries(gathered, units, plan)))
    if plan.search:
        from whypath.full_text import index_texts

        index_texts(stage, f"{RUNS}/*/steps-*.html")
    return rows


def _key(name: str, format: str, id: str) -> str:
    """A folder name that is safe everywhere, the same for the same run again."""
    slug = re.sub(r"[^a-z0-9]+", "-", id[:120].lower()).strip("-")[:40] or "run"
    return f"{slug}-{hashed(chr(0).join((name, format, id)), 6)}"


def fill(path: Path) -> AbstractContextManager[Path]:
    """A folder to fill, which then takes the place of the site at `path`, whole.

    Raises `TraceError` for a folder that Whypath did not make.
    """
    return staged(path)


def is_staged(folder: Path) -> bool:
    """True where this process sees the folder that is being filled."""
    return (folder / MARK).is_file()


def hashed(text: str, size: int) -> str:
    """A hash of `size` bytes, in hex digits."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=size).hexdigest()


def edition() -> str:
    """Names the program that makes the pages: another one makes them anew."""
    from whypath.render.site import edition_text

    return hashed(edition_text(), 8)
