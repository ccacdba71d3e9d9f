"""The pipeline of `diff`: picks the runs, compares each with the first, writes pages.

Part of the `build` room.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from whypath.build_secrets import checked_pieces
from whypath.derive.diffs.diff import Diff, compare
from whypath.derive.diffs.masks import Masks, pattern
from whypath.derive.story import tell
from whypath.errors import TraceError
from whypath.model import Run
from whypath.redact import Redactor
from whypath.write import write_file, write_folder

ReadRuns = Callable[[str], Sequence[Run]]
"""Reads the runs of a file, a folder or a pattern."""
Choose = Callable[[Sequence[Run], str | None, str], Run]


class Picked(NamedTuple):
    """The runs to compare, the first being A, and how many others were in the input."""

    runs: tuple[Run, ...]
    left_out: int


def pick(
    sources: Sequence[str], wanted: Sequence[str], read: ReadRuns, choose: Choose
) -> Picked:
    """The runs that are named, in order. Raises `TraceError` for fewer than two.

    A source is a trace, or `TRACE#ID` for one run of it. One source alone stands for
    the runs `wanted` of it, or for all of them. Of several sources, each stands for
    one run: the one `wanted` first that it has, or that has the first one's id, or
    that has the most steps.
    """
    known: dict[str, Sequence[Run]] = {}

    def runs_of(source: str) -> Sequence[Run]:
        if source not in known:
            known[source] = read(source)
        return known[source]

    named = [_take_apart(source) for source in sources]
    if len(named) == 1 and named[0][1] is None:
        source = named[0][0]
        runs = runs_of(source)
        picked = [choose_one(runs, one, source, choose) for one in wanted] or list(runs)
    elif len(wanted) > 1:
        every = [run for source, _ in named for run in runs_of(source)]
        picked = [choose_one(every, one, " ".join(sources), choose) for one in wanted]
    else:
        picked = []
        for source, own in named:
            runs = runs_of(source)
            first = picked[0].id if picked else None
            same = any(run.id == first for run in runs) and len(runs) > 1
            name = own or next(iter(wanted), None) or (first if same else None)
            picked.append(choose_one(runs, name, source, choose))
    if len(picked) < 2:
        why = "there is only one run in it" if picked else "there is no run in it"
        hint = "name two traces, or one that holds several runs"
        raise TraceError(" ".join(sources), why, hint=hint)
    numbers = set(map(id, picked))
    every = [run for runs in known.values() for run in runs]
    return Picked(tuple(picked), sum(id(run) not in numbers for run in every))


def choose_one(runs: Sequence[Run], id: str | None, source: str, choose: Choose) -> Run:
    """The run with an id, or with its place in the file: `2` is the second."""
    is_place = id is not None and id.isdecimal() and not any(r.id == id for r in runs)
    if is_place and 1 <= int(id or 0) <= len(runs):
        return runs[int(id or 0) - 1]
    return choose(runs, id, source)


def _take_apart(source: str) -> tuple[str, str | None]:
    """`TRACE#ID`, where there is no file of that whole name."""
    if "#" not in source or _exists(source):
        return source, None
    at = source.find("#")
    while at >= 0:
        if _exists(source[:at]):
            return source[:at], source[at + 1 :]
        at = source.find("#", at + 1)
    return source, None


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:
        return False


def masks(patterns: Iterable[str], ignored: Iterable[str]) -> Masks:
    """What does not count. Raises `TraceError` for a pattern that is none."""
    compiled = []
    for text in patterns:
        try:
            compiled.append(pattern(text))
        except ValueError as error:
            hint = "patterns are RE2's: no look-around, no back-references"
            raise TraceError(f"--mask {text}", str(error), hint=hint) from None
    return Masks(compiled, ignored)


def compare_all(runs: Sequence[Run], what_counts: Masks) -> list[Diff]:
    """Each run compared with the first."""
    first, *others = (tell(run, in_depth=False) for run in runs)
    return [compare(first, other, what_counts) for other in others]


class WrittenDiff(NamedTuple):
    """What `diff` made: what was named, the page to open, and its size in bytes."""

    path: Path
    page: Path
    size: int


def diff(
    diffs: Sequence[Diff],
    out: Path,
    *,
    as_folder: bool = False,
    max_size: int | None = None,
    dot: str | None = None,
    redactor: Redactor | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> WrittenDiff:
    """Writes the page of a diff, or, of several, a matrix with a page behind each.

    Several need a folder. `dot` names another layout program, `max_size` is in bytes.
    Nothing is left on the disk in which `redactor` finds a secret that it knows.
    Raises `TraceError`.
    """
    from whypath.render.diff_pages import diff_file, diff_folder

    traces = {
        Path(name).resolve()
        for one in diffs
        for s in (one.a, one.b)
        for name in s.run.files
    }
    if out.resolve() in traces:
        raise TraceError(str(out), "is the trace itself", hint="name another file")
    say("writing the page")
    if as_folder:
        files = (
            (name, checked_pieces(redactor, pieces))
            for name, pieces in diff_folder(diffs, dot)
        )
        size = write_folder(out, files, max_size)
        return WrittenDiff(out, out / "index.html", size)
    pieces = checked_pieces(redactor, diff_file(diffs[0], dot))
    size = write_file(out, pieces, max_size)
    return WrittenDiff(out, out, size)
