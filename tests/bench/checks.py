"""What the checks find, and what they cost: run it as a program, or a part of it.

`python checks.py planted`: long invented runs in six formats, in which hard errors,
silent failures and loops are planted; what is found, and what is found besides.
`rates`: how often each check finds something in the corpus of real traces. `reward`:
runs with a reward, and how much oftener a check finds something in those that failed.
`cost`: the time of the checks as a share of a report's. Without a word: all of it.
"""

import gc
import importlib.util
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from samples import CORPUS, SHARED
from whypath.build import read_input, report, tell
from whypath.derive import story as stories
from whypath.derive.findings.detectors import DETECTORS
from whypath.derive.findings.suspects import has_failed
from whypath.derive.story import Story
from whypath.errors import TraceError
from whypath.model import Run

STEPS = 1_000
LOOPS = ("repeat-call", "cycle")
FORMS = ("cc", "codex", "openai", "atif", "otlp", "langfuse")


def planted(seeds: Sequence[int] = (7, 1, 2)) -> Iterator[str]:
    """A line for each run and format: what was planted, found, and found besides."""
    path = SHARED / "bench" / "generate.py"
    if not path.is_file():
        yield "planted: NOT MEASURED, there is no generator here"
        return
    spec = importlib.util.spec_from_file_location("generator", path)
    assert spec is not None
    assert spec.loader is not None
    made: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    yield f"{'planted':20} errors    silent    loops     besides"
    for seed in seeds:
        steps = made.Gen(STEPS, seed).run()
        with tempfile.TemporaryDirectory() as name:
            for form in FORMS:
                file = _write(made, Path(name), form, steps)
                run = max(read_input([str(file)]).runs, key=lambda r: len(r.steps))
                yield f"{f'run {seed}, {form}':20} {_found(run, steps)}"


def _write(made: Any, folder: Path, form: str, steps: list[Any]) -> Path:
    """The run as a file of that format."""
    lines = {"cc": made.claude_code, "codex": made.codex, "otlp": made.otlp}
    if form in lines:
        path = folder / f"{form}.jsonl"
        made.w(path, lines[form](steps, "bench"))
        return path
    path = folder / f"{form}.json"
    whole = {"atif": made.atif, "langfuse": made.langfuse}
    chat = form == "openai"
    data = {"messages": made.openai_messages(steps)} if chat else None
    made.wj(path, data if chat else whole[form](steps, "bench"))
    return path


def _found(run: Run, steps: list[Any]) -> str:
    errors = {at for at, step in enumerate(steps) if step["error"]}
    silent = {at for at, step in enumerate(steps) if step["silent"]}
    loops = list(_loops(steps))
    planted_at = errors | silent | {at for loop in loops for at in loop}
    tools = [step.position for step in run.steps if step.kind == "tool"]
    place = {position: at for at, position in enumerate(tools)}
    hits: dict[int, set[str]] = defaultdict(set)
    besides = 0
    for finding in tell(run).findings:
        for position in finding.steps:
            at = place.get(position, -1)
            hits[at].add(finding.rule)
            besides += at not in planted_at
    looped = sum(any(hits[at] & set(LOOPS) for at in loop) for loop in loops)
    counts = (
        (len(errors & hits.keys()), len(errors)),
        (len([at for at in silent if hits.get(at)]), len(silent)),
        (looped, len(loops)),
    )
    told = "  ".join(f"{n:3d} of {of:2d}" for n, of in counts)
    return f"{told}  {besides:3d}"


def _loops(steps: list[Any]) -> Iterator[range]:
    """The stretches of one call made three times or more."""
    at = 0
    while at < len(steps):
        end = at + 1
        while end < len(steps) and _same(steps[end], steps[at]):
            end += 1
        if end - at >= 3:
            yield range(at, end)
        at = end


def _same(a: Any, b: Any) -> bool:
    return (a["tool"], a["args"]) == (b["tool"], b["args"])


def real_stories() -> Iterator[tuple[Path, Story]]:
    """Every run of the corpus, derived."""
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file() and path.suffix not in (".tsv", ".md"):
            try:
                runs = read_input([str(path)]).runs
            except TraceError:
                continue
            yield from ((path, tell(run)) for run in runs)


def rates() -> Iterator[str]:
    """How many runs of the corpus each rule finds something in."""
    if not CORPUS.is_dir():
        yield "rates: NOT MEASURED, there is no corpus here"
        return
    runs, hits = 0, Counter[str]()
    statuses: dict[str, Counter[str]] = defaultdict(Counter)
    for _, story in real_stories():
        runs += 1
        hits.update({finding.rule for finding in story.findings})
        for check in story.checks:
            statuses[check.rule][check.status] += 1
    order = [d.id for d in DETECTORS] + ["empty-committed", "truncated-evidence"]
    yield f"{runs} runs of the corpus: rule, runs with a finding, without an answer"
    for rule in sorted(order, key=lambda rule: -hits[rule]):
        blind = statuses[rule]["unknown"]
        broke = f"  {statuses[rule]['error']} BROKE" if statuses[rule]["error"] else ""
        share = f"({hits[rule] / runs:5.1%})"
        yield f"  {rule:24} {hits[rule]:4d} {share}  {blind:4d}{broke}"


def reward() -> Iterator[str]:
    """Of 200 runs with a reward: findings in failed runs beside those in the others."""
    path = CORPUS / "tau-bench" / "gpt-4o-airline.json"
    if not path.is_file():
        yield "reward: NOT MEASURED, there are no runs with a reward here"
        return
    failed, fine = Counter[str](), Counter[str]()
    count = Counter[bool]()
    for run in read_input([str(path)]).runs:
        is_failure = has_failed(run)
        count[is_failure] += 1
        rules = {finding.rule for finding in tell(run).findings}
        rules |= {"any warning"} if _warns(tell(run)) else set()
        (failed if is_failure else fine).update(rules)
    yield f"{count[True]} failed runs, {count[False]} others: rule, in each, lift"
    for rule in sorted({*failed, *fine}, key=lambda r: (-failed[r], r)):
        share, other = failed[rule] / count[True], fine[rule] / count[False]
        lift = f"{share / other:5.1f}" if other else "  only"
        yield f"  {rule:24} {share:6.1%} {other:6.1%} {lift}"


def _warns(story: Story) -> bool:
    return any(finding.severity != "info" for finding in story.findings)


def cost() -> Iterator[str]:
    """The share of a report's time that the checks take, on the largest real traces."""
    if not CORPUS.is_dir():
        yield "cost: NOT MEASURED, there is no corpus here"
        return
    files = [p for p in CORPUS.rglob("*") if p.suffix in (".json", ".jsonl", ".eval")]
    for path in sorted(files, key=lambda p: -p.stat().st_size)[:8]:
        try:
            yield f"  {path.name[:44]:44} {_share(path)}"
        except TraceError as error:
            yield f"  {path.name[:44]:44} {error.why}"


def _share(path: Path) -> str:
    gc.disable()
    start = perf_counter()
    run = max(read_input([str(path)]).runs, key=lambda r: len(r.steps))
    spent = [0.0]
    examine = stories.examine

    def timed(sight: Any) -> Any:
        begun = perf_counter()
        result = examine(sight)
        spent[0] += perf_counter() - begun
        return result

    stories.examine = timed
    try:
        with tempfile.TemporaryDirectory() as folder:
            report(run, Path(folder) / "x.html")
    finally:
        stories.examine = examine
    whole = perf_counter() - start
    return f"{len(run.steps):6,} steps  {spent[0] / whole:6.1%} of {whole:.2f} s"


PARTS = {"planted": planted, "rates": rates, "reward": reward, "cost": cost}


def main() -> None:
    """Prints the parts that are named, or all."""
    from suspects import measure

    for name in sys.argv[1:] or [*PARTS, "suspects"]:
        lines = measure() if name == "suspects" else PARTS[name]()
        print(*lines, sep="\n", end="\n\n")


if __name__ == "__main__":
    main()
