"""Fuzzes one reader, or what stands behind it, with Atheris: no error but a TraceError.

    python tests/fuzz/fuzz.py claude-code -max_total_time=60

The seeds are small traces of this repository: of a reader, those that it reads.
`pipeline` guesses the format; `redact` and `terminal` take any text. An input
that breaks something is left as `crash-...`: make a test of it.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src")]
TARGETS = ("pipeline", "redact", "terminal")
MOST = 64 * 1024
TOO_LONG_S = "10"


def main(words: list[str]) -> int:
    """Runs Atheris on the target that is named first."""
    try:
        import atheris
    except ImportError:
        sys.stderr.write("NOT FUZZED: `pip install atheris` (Linux, CPython) first\n")
        return 0
    with atheris.instrument_imports(include=["whypath"]):
        from whypath import build, redact, terminal
        from whypath.content import ContentStore, to_json
        from whypath.errors import TraceError
    names = {reader.NAME for reader in build.all_readers()}
    if not words or words[0] not in {*TARGETS, *names}:
        sys.stderr.write(f"name one of {', '.join(sorted({*TARGETS, *names}))}\n")
        return 2
    target = words[0]
    folder = Path(tempfile.mkdtemp(prefix="whypath-fuzz-"))
    file = folder / "input.jsonl"
    redactor = redact.Redactor()

    def read(data: bytes) -> None:
        file.write_bytes(data[:MOST])
        format = None if target == "pipeline" else target
        with suppress(TraceError):
            found = build.read_input([str(file)], format=format, redactor=redactor)
            for run in found.runs:
                story = build.tell(run)
                list(terminal.overview(story, 80))

    def take_out(data: bytes) -> None:
        store = ContentStore()
        store.add_text(data.decode("utf-8", "replace"))
        redactor.clean(store, [to_json([data.decode("latin-1")])])
        store.value(0)

    def show(data: bytes) -> None:
        text = terminal.safe(data.decode("utf-8", "surrogatepass"))
        assert not set(text) & {"\x1b", "\x9b", "\u202e"}

    def show_if_text(data: bytes) -> None:
        with suppress(UnicodeDecodeError):
            show(data)

    tests = {"redact": take_out, "terminal": show_if_text}
    seeds = folder / "seeds"
    seeds.mkdir()
    for number, path in enumerate(seed_files(target, names)):
        (seeds / str(number)).write_bytes(path.read_bytes()[:MOST])
    flags = [f"-timeout={TOO_LONG_S}", f"-max_len={MOST}", *words[1:], str(seeds)]
    atheris.Setup([sys.argv[0], *flags], tests.get(target, read))
    atheris.Fuzz()
    return 0


def seed_files(target: str, names: set[str]) -> list[Path]:
    """Small traces; of a reader those in the folder of its name, if there is one."""
    folders = (ROOT / "tests" / "traces", ROOT / "example_traces")
    every = [path for folder in folders for path in folder.rglob("*.json*")]
    small = sorted(path for path in every if path.stat().st_size < MOST)
    alike = [p for p in small if p.parent.name.replace("_", "-") == target]
    return alike if target in names and alike else small


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
