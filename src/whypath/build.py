"""Strings the stages together: files are read, runs derived, pages rendered, written.

A newcomer learns the program from this file. It talks to nobody: see `cli`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from whypath.builder import Builder
from whypath.derive.graph import build_graph
from whypath.derive.story import Story, tell
from whypath.errors import EmptyTrace, TraceError, UnknownFormat
from whypath.model import Run
from whypath.readers import Reader, named, reader_for
from whypath.records import Records
from whypath.write import write_file, write_folder

STDIN = "-"
ENDINGS = (".jsonl", ".json", ".ndjson", ".gz", ".zst")

Say = Callable[[str], None]
"""Told what is being done: a short sentence, or nothing."""


def _quiet(_: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True)
class Input:
    """The runs of everything that was named, and the files that no reader claimed."""

    runs: tuple[Run, ...]
    skipped: tuple[str, ...]


def read_input(
    sources: Sequence[str],
    *,
    format: str | None = None,
    stdin: IO[bytes] | None = None,
    say: Say = _quiet,
) -> Input:
    """Reads files, folders, globs, or `-` for standard input.

    Files of one format are read together, so that a run in several files is one run.
    Raises `TraceError` for a file that cannot be read and `EmptyTrace` for no step.
    """
    builders: dict[str, Builder] = {}
    skipped: list[str] = []
    done: set[Path] = set()
    for path, is_named in _files(sources):
        if path in done:
            continue
        say(f"reading {path or 'standard input'}")
        records = Records(path, stdin)
        try:
            reader = named(format) if format else reader_for(records)
        except (UnknownFormat, TraceError):
            if is_named:
                raise
            skipped.append(records.name)
            continue
        builder = builders.setdefault(reader.NAME, Builder(reader.NAME))
        _read_one(reader, records, builder)
        for other in reader.companions(path) if path else ():
            if other not in done:
                done.add(other)
                _read_one(reader, Records(other), builder)
    runs = tuple(run for builder in builders.values() for run in builder.finish())
    if not runs:
        raise _nothing(sources, builders, skipped)
    return Input(runs, tuple(skipped))


def _read_one(reader: Reader, records: Records, builder: Builder) -> None:
    builder.reading(records.name)
    reader.read(records, builder)
    builder.add_problems(records.problems)


def _files(sources: Iterable[str]) -> Iterable[tuple[Path | None, bool]]:
    """Each file to read, and whether it was named itself (and so must be readable)."""
    for source in sources:
        path = Path(source)
        if source == STDIN:
            yield None, True
        elif path.is_dir():
            yield from ((file, False) for file in sorted(_in_folder(path)))
        elif not path.exists() and any(mark in source for mark in "*?["):
            found = sorted(
                Path().glob(source) if not path.is_absolute() else _glob(path)
            )
            if not found:
                raise TraceError(source, "no file matches")
            yield from ((file, False) for file in found if file.is_file())
        else:
            yield path, True


def _glob(path: Path) -> Iterable[Path]:
    anchor = Path(path.anchor)
    return anchor.glob(str(path.relative_to(anchor)))


def _in_folder(folder: Path) -> Iterable[Path]:
    """Trace files below a folder, those nearer the top before their companions."""
    files = (f for f in folder.rglob("*") if f.suffix in ENDINGS and f.is_file())
    return sorted(files, key=lambda f: (len(f.parts), f))


def _nothing(
    sources: Sequence[str], builders: dict[str, Builder], skipped: list[str]
) -> TraceError:
    what = " ".join(sources)
    if builders:
        formats = ", ".join(builders)
        lost = [p for b in builders.values() for p in b.problems]
        hint = f"{lost[0].what} ({lost[0].done})" if lost else "record a run first"
        return EmptyTrace(what, f"no steps found (recognised as {formats})", hint=hint)
    if skipped:
        why = f"none of {len(skipped)} files is a trace"
        return EmptyTrace(what, why, hint="`whypath formats` lists what can be read")
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
    why = (
        f"{len(matches)} runs begin with {wanted!r}"
        if matches
        else f"no run {wanted!r}"
    )
    raise TraceError(source, why, hint=f"there are {ids}")


@dataclass(frozen=True, slots=True)
class Written:
    """What `report` made: where, how large, and of which run."""

    path: Path
    size: int
    story: Story


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
    say: Say = _quiet,
) -> Written:
    """Writes the report of one run: one HTML file, or a folder. Raises `TraceError`.

    A folder is written where `as_folder` says so. `note` is shown under the totals,
    `notes` at their steps, `step` first; `dot` names another layout program,
    `max_size` is in bytes, `graph_out` is where the graph goes as labelled DOT.
    """
    from whypath.render.dot import lay_out, labelled_dot
    from whypath.render.pages import Drawing, Page, report_file, report_folder

    say("working out the decisions")
    story = tell(run)
    graph = build_graph(run, story.decisions, lambda s: story.titles[s.position - 1])
    say("drawing the graph")
    layout, sentence = lay_out(graph, dot)
    if graph_out is not None:
        write_file(graph_out, [labelled_dot(graph)])
    say("writing the page")
    page = Page(story, Drawing(graph, layout, sentence), note, notes or {}, step)
    if as_folder:
        size = write_folder(out, report_folder(page), max_size)
    else:
        size = write_file(out, report_file(page), max_size)
    return Written(out, size, story)
