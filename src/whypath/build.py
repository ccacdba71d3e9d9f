"""Strings the stages together: files are read, runs derived, pages rendered, written.

A newcomer learns the program from this file. It talks to nobody: see `cli`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from whypath.build_check import (
    check,
    inspection_json,
    read_baseline,
    write_inspection,
)
from whypath.build_diff import Picked, WrittenDiff, compare_all, diff, masks, pick
from whypath.build_files import ENDINGS, called_below, input_files
from whypath.build_secrets import checked_pieces
from whypath.builder import Builder
from whypath.derive.causes import value_causes
from whypath.derive.graphs.graph import build_graph, look_inside
from whypath.derive.graphs.marks import mark_findings
from whypath.derive.story import Story, tell
from whypath.errors import EmptyTrace, TraceError
from whypath.model import Run, Step
from whypath.readers import Reader, all_readers, companions, named, reader_for
from whypath.records import Limits, Records
from whypath.redact import Redactor
from whypath.write import write_file, write_folder

if TYPE_CHECKING:
    from whypath.render.pages import Drawing

__all__ = [
    "Limits",
    "Redactor",
    "WrittenDiff",
    "all_readers",
    "called_below",
    "check",
    "checked_pieces",
    "choose",
    "compare_all",
    "diff",
    "input_files",
    "inspection_json",
    "masks",
    "pick_runs",
    "read_baseline",
    "read_input",
    "report",
    "tell",
    "write_inspection",
    "write_lines",
]

Say = Callable[[str], None]
"""Told what is being done: a short sentence, or nothing."""


def _quiet(_: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True)
class Input:
    """The runs of everything that was named, and the files that no reader claimed.

    `beyond` is how many files were more than the limit, and not looked at.
    """

    runs: tuple[Run, ...]
    skipped: tuple[str, ...]
    beyond: int = 0


def read_input(
    sources: Sequence[str],
    *,
    format: str | None = None,
    stdin: IO[bytes] | None = None,
    redactor: Redactor | None = None,
    limits: Limits | None = None,
    root: Path | None = None,
    say: Say = _quiet,
) -> Input:
    """Reads files, folders, globs, or `-` for standard input; no secrets if redacted.

    Files of one format are read together, so that a run in several files is one run;
    a file is read once, however often it is named. Files below `root` are called by
    their way from there. Raises `TraceError` for a file that cannot be read and
    `EmptyTrace` for no step.
    """
    limits = limits or Limits()
    traces, skipped, beyond = _sort_out(
        sources, named(format) if format else None, stdin, limits, root
    )
    builders: dict[str, Builder] = {}
    done: set[Path] = set()
    for trace in traces:
        reader = trace.reader
        builder = builders.setdefault(reader.NAME, Builder(reader.NAME, redactor))
        for path in (trace.path, *trace.companions):
            if path is not None and path.resolve() in done:
                continue
            say(f"reading {path or 'standard input'}")
            opened = trace.records if path == trace.path else None
            called = called_below(root, path)
            with closing(opened or Records(path, None, limits, called)) as records:
                builder.reading(records.name)
                reader.read(records, builder)
                builder.add_problems(records.problems)
            if path is not None:
                done.add(path.resolve())
    runs = tuple(run for builder in builders.values() for run in builder.finish())
    for builder in builders.values():
        builder.clear()
    if not runs:
        names = [called_below(root, Path(source)) or source for source in sources]
        raise _nothing(names, builders, skipped)
    return Input(runs, tuple(skipped), beyond)


class Trace(NamedTuple):
    """A file that a reader claims (None: standard input), and what belongs to it.

    `records` is the file where it is still open.
    """

    path: Path | None
    reader: Reader
    companions: tuple[Path, ...]
    records: Records | None


def _sort_out(
    sources: Sequence[str],
    wanted: Reader | None,
    stdin: IO[bytes] | None,
    limits: Limits,
    root: Path | None,
) -> tuple[list[Trace], list[str], int]:
    """The traces, those that belong to another one last, and what no reader claims.

    A file that was named must be a trace; in a folder, other files are expected.
    Files are not all kept open, as there may be thousands.
    """
    files = list(input_files(sources))
    beyond = max(0, len(files) - limits.files)
    del files[limits.files :]
    traces: list[Trace] = []
    skipped: list[str] = []
    for path, is_named in files:
        try:
            keep = path is None or len(files) == 1
            records = Records(path, stdin, limits, called_below(root, path))
            traces.append(claimed(records, wanted, keep))
        except TraceError:
            if is_named:
                raise
            skipped.append(str(path))
    belonging = {path for trace in traces for path in trace.companions}
    traces.sort(key=lambda trace: trace.path in belonging)
    return traces, skipped, beyond


def claimed(records: Records, wanted: Reader | None, keep: bool) -> Trace:
    """The trace that the records are, with what was read of it so far, to `keep` it.

    Raises `TraceError`, for no known format too.
    """
    path = records.path
    try:
        records.sample()
        reader = wanted or reader_for(records)
        others = tuple(companions(reader, path)) if path is not None else ()
    except TraceError:
        keep = False
        raise
    finally:
        if not keep:
            records.close()
    return Trace(path, reader, others, records if keep else None)


def _nothing(
    sources: Sequence[str], builders: dict[str, Builder], skipped: list[str]
) -> TraceError:
    what = " ".join(sources)
    if builders:
        formats = " and ".join(builders)
        lost = [p for b in builders.values() for p in b.problems]
        found = "; ".join(f"{p.what} ({p.done})" for p in lost[:3])
        hint = f"this is all it holds: {found}" if found else "record a run first"
        return EmptyTrace(what, f"no steps found (recognised as {formats})", hint=hint)
    if skipped:
        some = ", ".join(skipped[:3]) + (", …" if len(skipped) > 3 else "")
        hint = f"`whypath formats` lists what can be read; there are {some}"
        return EmptyTrace(what, "no known trace in it", hint=hint)
    return EmptyTrace(
        what, "no trace files in it", hint=f"looked for {', '.join(ENDINGS)}"
    )


def choose(runs: Sequence[Run], wanted: str | None, source: str) -> Run:
    """The run with the id `wanted`, or the one with the most steps.

    Raises `TraceError`, naming ids that exist, when there is no such run.
    """
    if wanted is None:
        return max(runs, key=lambda run: len(run.steps))
    exact = [run for run in runs if run.id == wanted]
    matches = exact or [run for run in runs if run.id.startswith(wanted)]
    if len(matches) == 1 or exact:
        return matches[0]
    some = matches or list(runs)
    ids = ", ".join(run.id for run in some[:5]) + (", …" if len(some) > 5 else "")
    begins = f"{len(matches)} runs have an id that begins with {wanted!r}"
    why = begins if matches else f"no run has the id {wanted!r}"
    raise TraceError(source, why, hint=f"there are {ids}")


def pick_runs(
    sources: Sequence[str],
    wanted: Sequence[str],
    *,
    format: str | None = None,
    redactor: Redactor | None = None,
    limits: Limits | None = None,
    say: Say = _quiet,
) -> Picked:
    """The runs that are to be compared: see `build_diff.pick`. Raises `TraceError`.

    What `redactor` takes out has the same placeholder in all of them.
    """

    def read(source: str) -> Sequence[Run]:
        found = read_input(
            [source], format=format, redactor=redactor, limits=limits, say=say
        )
        return found.runs

    return pick(sources, wanted, read, choose)


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Writes lines of text to a file. Raises `TraceError`."""
    return write_file(path, (f"{line}\n" for line in lines))


def _title(story: Story, step: Step) -> str:
    """The line that tells a step apart."""
    return story.titles[step.position - 1]


@dataclass(frozen=True, slots=True)
class Written:
    """What `report` made: where, how large, and of which run."""

    path: Path
    size: int
    story: Story


def draw(story: Story, dot: str | None = None) -> "Drawing":
    """The decision graph of a run, laid out. `dot` names another layout program."""
    from whypath.render.dot import lay_out, lay_out_all
    from whypath.render.pages import Drawing

    run, titles = story.run, partial(_title, story)
    causes = value_causes(story.origins, story.evidence)
    graph = build_graph(run, story.decisions, titles, causes=causes)
    graph = mark_findings(graph, story.findings)
    layout, sentence = lay_out(graph, dot)
    folded = look_inside(graph, run, story.decisions, titles, causes=causes)
    insides = lay_out_all(folded, dot) if layout else {}
    return Drawing(graph, layout, sentence, insides)


def report(
    run: Run,
    out: Path,
    *,
    note: str | None = None,
    notes: Mapping[int, str] | None = None,
    step: int | None = None,
    dot: str | None = None,
    max_size: int | None = None,
    as_folder: bool = False,
    graph_out: Path | None = None,
    redactor: Redactor | None = None,
    say: Say = _quiet,
) -> Written:
    """Writes the report of one run: one HTML file, or a folder. Raises `TraceError`.

    A folder is written where `as_folder` says so. `note` is shown under the totals,
    `notes` at their steps, `step` first; `dot` names another layout program,
    `max_size` is in bytes, `graph_out` is where the graph goes, as SVG if it
    ends in `.svg`, else as labelled DOT. Nothing is left on the disk in which
    `redactor` finds a secret that it knows.
    """
    from whypath.render.dot import labelled_dot
    from whypath.render.pages import Page, report_file, report_folder
    from whypath.render.svg import svg_file

    for target in (out, graph_out):
        if target and any(target.resolve() == Path(f).resolve() for f in run.files):
            hint = "name another file to write"
            raise TraceError(str(target), "is the trace itself", hint=hint)
    say("working out the decisions")
    story = tell(run)
    say("drawing the graph")
    drawing = draw(story, dot)
    if graph_out is not None and graph_out.suffix == ".svg":
        if drawing.layout is None:
            raise TraceError(str(graph_out), f"cannot be drawn: {drawing.sentence}")
        svg = svg_file(drawing.layout)
        write_file(graph_out, checked_pieces(redactor, [svg]))
    elif graph_out is not None:
        dot_text = labelled_dot(drawing.graph)
        write_file(graph_out, checked_pieces(redactor, [dot_text]))
    say("writing the page")
    page = Page(story, drawing, note, notes or {}, step)
    checked = partial(checked_pieces, redactor)
    if as_folder:
        files = ((name, checked(parts)) for name, parts in report_folder(page))
        size = write_folder(out, files, max_size)
    else:
        size = write_file(out, checked(report_file(page)), max_size)
    return Written(out, size, story)
