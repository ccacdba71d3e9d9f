"""Turns the traces that one test wrote into reports, one a run. Of the `cli` room.

A trace that cannot be read is a sentence, never an exception: a test says what the
agent did wrong, and not what its trace did.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from whypath.errors import EmptyTrace, TraceError

if TYPE_CHECKING:
    from whypath.build import Redactor
    from whypath.model import Run

MOST = 20
"""Reports of one test: who runs a thousand agents in a test wants a site."""


class Made(NamedTuple):
    """A report: where, of which run, and its verdict in a sentence."""

    path: Path
    run: str
    verdict: str


class Traces:
    """What one test wrote: in its own folder, by the recorder, below other folders."""

    def __init__(self, test: str, own: Path, named: Iterable[Path]) -> None:
        self.made: tuple[Made, ...] = ()
        self.faults: tuple[str, ...] = ()
        self.is_wanted = False
        self._test, self._own, self._recorded = test, own, set[Path]()
        self._below: list[Path] = list(named)
        self._before = dict(_stamps(self._below))
        self._written: dict[Path, tuple[int, int]] = {}

    @contextmanager
    def heard(self) -> Iterator[None]:
        """While this is open, files that the recorder opens here are the test's."""
        from whypath.record import sink

        sink.listeners.append(self._recorded.add)
        try:
            yield
        finally:
            sink.listeners.remove(self._recorded.add)

    def look_below(self, folder: Path) -> None:
        """What is written to this folder is the test's."""
        self._below.append(folder)

    def write(self, out: Path, environment: Mapping[str, str]) -> None:
        """Writes the reports to the folder `out`, unless they are there already."""
        certain = dict(_stamps([self._own, *sorted(self._recorded)]))
        new = {**dict(_stamps(self._below)), **certain}
        new = {p: stamp for p, stamp in new.items() if self._before.get(p) != stamp}
        if new == self._written or not self._written.keys() <= new.keys():
            return
        self._written = new
        faults: list[str] = []
        try:
            redactor = _redactor(environment)
            redactor.learn(self._test)
            runs = _read(new, certain.keys(), redactor, faults)
            self.clear(out)
            self.made = tuple(self._reports(runs, out, redactor))
            if len(runs) > MOST:
                more = f"{len(runs) - MOST:,} more runs have no report"
                faults.append(f"{self._test}: {more}")
        except TraceError as error:
            faults.append(_line(str(error)))
        except Exception as error:  # a suite never fails because it is reported
            why = f"a fault in Whypath: {type(error).__name__}: {error}"
            faults.append(_line(f"{self._test}: {why}"))
        self.faults = tuple(faults)

    def _reports(
        self, runs: Sequence["Run"], out: Path, redactor: "Redactor"
    ) -> Iterator[Made]:
        from whypath import build

        for path, run in zip(_paths(out, self._test), runs[:MOST], strict=False):
            written = build.report(run, path, redactor=redactor)
            yield Made(path, _line(run.id), _line(written.story.verdict.text))

    def clear(self, out: Path) -> None:
        """Takes away what an earlier session reported of this test."""
        from whypath.write import discard

        for path in _paths(out, self._test):
            if not path.exists():
                return
            discard(path)


def _paths(out: Path, test: str) -> Iterator[Path]:
    """The files of a test: a name that is safe everywhere, the same again."""
    file, _, rest = _without_secrets(test).partition("::")
    words = re.sub(r"[^A-Za-z0-9]+", "-", f"{Path(file).stem}-{rest}").strip("-")
    mark = hashlib.blake2b(test.encode("utf-8", "replace"), digest_size=4).hexdigest()
    stem = f"{words[:80].rstrip('-')}-{mark}"
    yield out / f"{stem}.html"
    yield from (out / f"{stem}-{number}.html" for number in range(2, MOST + 1))


def _without_secrets(test: str) -> str:
    """The id of a test; what one was given may be a secret."""
    if "[" not in test:
        return test
    return _redactor({}).told(test)


def _redactor(environment: Mapping[str, str]) -> "Redactor":
    from whypath.build import Redactor
    from whypath.options import environment_secrets

    return Redactor(known={"environment": environment_secrets(environment)})


def _stamps(places: Iterable[Path]) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Files that may be traces, with what tells that they were written to."""
    from whypath.build import input_files

    known = [str(place) for place in places if place.exists()]
    for path, _ in input_files(known):
        if path is not None and path.is_file():
            about = path.stat()
            yield path.resolve(), (about.st_mtime_ns, about.st_size)


def _read(
    files: Iterable[Path],
    certain: Iterable[Path],
    redactor: "Redactor",
    faults: list[str],
) -> Sequence["Run"]:
    """The runs of all files: together, so that what belongs together is one run.

    A file that no reader claims counts as a fault only where it is `certain` to be a
    trace: tests write JSON of many kinds.
    """
    from whypath.build import claimed, read_input
    from whypath.records import Records

    sure, traces = set(certain), []
    for path in sorted(files):
        try:
            claimed(Records(path), None, False)
            traces.append(str(path))
        except TraceError as error:
            if path in sure:
                faults.append(_line(str(error)))
    if not traces:
        return ()
    try:
        return read_input(traces, redactor=redactor).runs
    except TraceError:
        runs: list[Run] = []
    for trace in traces:
        try:
            runs.extend(read_input([trace], redactor=redactor).runs)
        except EmptyTrace as error:
            if Path(trace) in sure:
                faults.append(_line(str(error)))
        except TraceError as error:
            faults.append(_line(str(error)))
    return runs


def _line(text: str) -> str:
    from whypath.terminal import line

    return line(text)
