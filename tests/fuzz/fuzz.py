"""Fuzzes the readers and what stands behind them: no error but a `TraceError`.

    python tests/fuzz/fuzz.py                    # a minute over all targets
    python tests/fuzz/fuzz.py --minutes 60       # an hour, spread evenly
    python tests/fuzz/fuzz.py atif otlp --minutes 5

With Atheris the input grows by what it reaches in the code, without it the same changes
are made at random. Seeds are traces of this repository and of the shared corpus, cut
down; they are read where they lie. An input that breaks something is left in
`build/fuzz/crashes`, once for each place that broke: make a test of it. Exit code 1
then. What was reached is kept in `build/fuzz/corpus` for the next time.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from importlib import import_module
from pathlib import Path
from time import monotonic, process_time
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(Path(__file__).parent)]

from mutate import Mutator, names_of, small  # noqa: E402

BUILD = ROOT / "build" / "fuzz"
CRASHES = BUILD / "crashes"
FOLDERS = (
    ROOT / "tests" / "traces",
    ROOT / "example_traces",
    ROOT.parent / "shared" / "corpus",
    ROOT.parent / "shared" / "hostile" / "traces",
)
MOST = 64 * 1024
LARGEST = 8 << 20
TOO_LONG_S = 10
TEXTS = ("markdown", "code", "terminal", "dot", "evidence", "cel", "rules")
WORDS = {
    "cel": [b'step.name == "x" && size(args.a) > 0', b"args.a.exists(i, i == 1)"],
    "rules": [b'[[rules]]\nname = "x"\nwhen = "step.kind == \'tool\'"\ntext = "y"\n'],
    "evidence": [b"$.a[0]['b c'].d\n" + b'{"a": [{"b c": {"d": 1}}]}'],
    "dot": [b'a "b" \\l \\N <b> &lt; \\', b"\\\\\n"],
    "markdown": [b"# a\n\n[b](http://c) ![d](e) `f`\n\n| a | b |\n|--|--|\n| 1 | 2 |"],
    "code": [b"\0def f(x):\n  return '''\\n'''", b"\1" + b'{"a": [1, "b"]}'],
}


def main(words: list[str]) -> int:
    """Runs all targets, or those named, each in a process of its own."""
    parser = argparse.ArgumentParser(description="Fuzzes Whypath.")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--one", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.one is not None:
        return run_one(options.targets[0], options.one)
    from targets import TARGETS

    unknown = [name for name in options.targets if name not in TARGETS]
    if unknown:
        parser.error(f"no target {unknown[0]}; there are {', '.join(TARGETS)}")
    names = options.targets or list(TARGETS)
    sow(names)
    seconds = options.minutes * 60 / len(names)
    print(f"{len(names)} targets, {seconds:.1f} s each")
    codes = [_in_process(name, seconds) for name in names]
    crashes = sorted(CRASHES.glob("*")) if CRASHES.is_dir() else []
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{used.ru_utime + used.ru_stime:.0f} CPU seconds; {len(crashes)} crashes")
    for path in crashes:
        print(f"  {path}")
    return 1 if crashes or any(codes) else 0


def _in_process(name: str, seconds: float) -> int:
    """Fuzzes one target; what hangs or kills the process is a crash as well."""
    command = [sys.executable, __file__, name, "--one", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith(name)]
    print(said[-1] if said else f"{name}: ended with {done.returncode}", flush=True)
    if not said:
        CRASHES.mkdir(parents=True, exist_ok=True)
        log = CRASHES / f"{name}.log"
        log.write_text(done.stdout[-2000:] + done.stderr[-8000:], "utf-8")
    return done.returncode or int(not said)


class Watched:
    """Calls a target, counts, times, and keeps one input for each place that breaks."""

    def __init__(self, name: str, target: Callable[[bytes], None]) -> None:
        self.name, self.target = name, target
        self.runs, self.worst, self.until = 0, 0.0, 0.0
        self._start = monotonic()
        self.broken: dict[str, str] = {}
        self._slowest = BUILD / "slowest" / name
        self._slowest.parent.mkdir(parents=True, exist_ok=True)

    def __call__(self, data: bytes) -> None:
        self.runs += 1
        start = process_time()
        try:
            self.target(data)
        except Exception as error:
            self._keep(data, error)
        took = process_time() - start
        if took > self.worst:
            self.worst = took
            self._slowest.write_bytes(data)
        if self.until and monotonic() > self.until:
            print(self.line(), flush=True)
            os._exit(1 if self.broken else 0)  # libFuzzer would go on

    def _keep(self, data: bytes, error: Exception) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "whypath" in frame.filename] or frames
        place = f"{Path(ours[-1].filename).stem}-{ours[-1].lineno}"
        kind = f"{self.name}-{type(error).__name__}-{place}"
        if kind in self.broken:
            return
        self.broken[kind] = str(error)
        CRASHES.mkdir(parents=True, exist_ok=True)
        (CRASHES / kind).write_bytes(data)
        text = "".join(traceback.format_exception(error))
        (CRASHES / f"{kind}.txt").write_text(text, "utf-8", "replace")

    def line(self) -> str:
        """What was done, in one line."""
        seconds = monotonic() - self._start
        speed = self.runs / seconds if seconds else 0
        return (
            f"{self.name}: {self.runs} runs in {seconds:.0f} s ({speed:.0f}/s), "
            f"slowest {self.worst:.2f} s, {len(self.broken)} broken"
        )


def run_one(name: str, seconds: float) -> int:
    """Fuzzes one target in this process, with Atheris if it is there."""
    try:
        import atheris
    except ImportError:
        atheris = None
    watched = Watched(name, _target(name, atheris))
    seeds = sorted((BUILD / "seeds" / name).glob("*"))
    inputs = [path.read_bytes() for path in seeds] or [b"{}"]
    for data in inputs:
        watched(data)
    watched.until = monotonic() + seconds
    change = None if name in TEXTS else Mutator(_words_of(name), inputs)
    if atheris is None:
        _at_random(watched, inputs, change)
    else:
        _guided(atheris, watched, change)
    return 0


def _target(name: str, atheris: Any) -> Callable[[bytes], None]:
    """The target, its code watched by Atheris if that is there."""
    with atheris.instrument_imports(include=["whypath"]) if atheris else nullcontext():
        import targets

        from whypath.readers.formats import FORMATS

        if name in FORMATS:
            import_module(f"whypath.readers.{FORMATS[name].module}")
    return targets.TARGETS[name]


def _words_of(name: str) -> list[str]:
    from whypath.readers.formats import FORMATS

    return names_of(FORMATS[name].module) if name in FORMATS else names_of("native")


def _guided(atheris: Any, watched: Watched, change: Mutator | None) -> None:
    corpus = BUILD / "corpus" / watched.name
    corpus.mkdir(parents=True, exist_ok=True)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        if change is None or seed % 8 == 0:
            return bytes(atheris.Mutate(data, most))
        return change(data, most, seed)

    flags = [
        f"-timeout={TOO_LONG_S}",
        f"-max_len={MOST}",
        f"-artifact_prefix={CRASHES}/{watched.name}-",
        "-rss_limit_mb=2048",
        "-len_control=0",
    ]
    folders = [str(corpus), str(BUILD / "seeds" / watched.name)]
    CRASHES.mkdir(parents=True, exist_ok=True)
    command = [sys.argv[0], *flags, *folders]
    atheris.Setup(command, watched, custom_mutator=mutated)
    atheris.Fuzz()


def _at_random(watched: Watched, inputs: list[bytes], change: Mutator | None) -> None:
    chance = random.Random(watched.name)
    while True:
        data = chance.choice(inputs)
        if change is not None:
            data = change(data, MOST, chance.randrange(1 << 30))
        else:
            at = chance.randrange(len(data) + 1)
            data = data[:at] + chance.randbytes(chance.randrange(9)) + data[at:]
        watched(data)


def sow(names: list[str]) -> None:
    """Writes each target's seeds: the traces that its reader claims, cut down."""
    from whypath import build
    from whypath.errors import TraceError

    claimed: dict[str, list[bytes]] = {}
    for path in sorted(p for folder in FOLDERS for p in folder.rglob("*.json*")):
        if path.stat().st_size > LARGEST:
            continue
        data = small(path.read_bytes())
        with suppress(TraceError, OSError):
            found = build.claimed(build.Records(path), None, False)
            if data is not None:
                claimed.setdefault(found.reader.NAME, []).append(data)
    every = [data for several in claimed.values() for data in several[:3]]
    for name in names:
        folder = BUILD / "seeds" / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(WORDS.get(name) or claimed.get(name) or every):
            (folder / f"{number:03}").write_bytes(data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
