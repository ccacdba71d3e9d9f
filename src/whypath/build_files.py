"""Finds the files that are named to be read: files, folders, patterns, `-`.

Part of the `build` room. Nothing is opened here.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from whypath.errors import TraceError

STDIN = "-"
ENDINGS = (
    *(".jsonl", ".json", ".ndjson", ".gz", ".zst"),
    *(".traj", ".eval", ".db", ".sqlite"),
)


def input_files(sources: Iterable[str]) -> Iterable[tuple[Path | None, bool]]:
    """Each file to read, and whether it was named itself (and so must be readable)."""
    for source in sources:
        path = Path(source)
        if source == STDIN:
            yield None, True
        elif _is(Path.is_dir, path):
            yield from ((file, False) for file in _in_folder(path))
        elif any(mark in source for mark in "*?[") and not _is(Path.exists, path):
            found = _matches(path)
            if not found:
                hint = "check the pattern; one such as 'runs/*.jsonl' is looked up here"
                raise TraceError(source, "no file matches", hint=hint)
            yield from ((file, False) for file in found)
        else:
            yield path, True


def called_below(root: Path | None, path: Path | None) -> str | None:
    """What a file below `root` is called there; None for any other."""
    if root is None or path is None or not path.is_relative_to(root):
        return None
    return path.relative_to(root).as_posix()


def _is(question: Callable[[Path], bool], path: Path) -> bool:
    """The answer, False where there is none: opening the file will say why."""
    try:
        return question(path)
    except OSError:
        return False


def _matches(pattern: Path) -> list[Path]:
    """The files that a pattern such as `runs/*.jsonl` names."""
    anchor = Path(pattern.anchor)
    try:
        found = sorted(anchor.glob(str(pattern.relative_to(anchor))))
    except ValueError as error:
        raise TraceError(str(pattern), f"no pattern: {error}") from None
    return [path for path in found if path.is_file()]


def _in_folder(folder: Path) -> Iterable[Path]:
    """Trace files below a folder, those nearer the top before their companions."""
    files = (f for f in folder.rglob("*") if f.suffix in ENDINGS and f.is_file())
    return sorted(files, key=lambda f: (len(f.parts), f))
