"""Measures Whypath against its targets in one run, and prints them side by side.

Times depend on the machine, so what counts are ratios: to the size of the input, and to
the floor, the time to parse the same bytes and to pack their unique texts.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FOLDER = ROOT / "build" / "bench"
CHAT_TURNS = 200

FLOOR_RATIO = 4.0
MEMORY_OVER_INPUT_MB = 60.0
OUTPUT_RATIO = 0.35
CHAT_OUTPUT_RATIO = 0.03
EVIDENCE_SHARE = 0.5
START_UP_S = 0.15
FIRST_STEP_MS = 1000.0
NODES = 5000
KEY_MEDIAN_MS = 16.0
KEY_WORST_MS = 50.0
SCAN_MS = 2000.0
BLOCKED_MS = 100.0
READING_RATIO = 5.0
DIFF_RATIO = 2.0
REDACT_MB_S = 20.0
REDACT_SHARE = 0.25
READ = (
    *("claude_code", "native", "codex", "openai", "atif", "inspect"),
    *("otlp", "otel_sdk", "langfuse"),
)
"""Formats that large traces come in."""
JUDGED_FROM_MB = 10.0
"""Below this the interpreter's start and the empty page weigh more than the trace."""


class Child(NamedTuple):
    """What one process used. `peak_mb` is its largest resident set."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


class Case(NamedTuple):
    """A trace to report on, and how much of it a report may weigh."""

    name: str
    format: str
    size: int
    output_ratio: float = OUTPUT_RATIO


def run(*command: str | Path) -> Child:
    """Runs a Python of our own; fails with what it said when it fails.

    The child inherits this process's peak at its start, so this process stays small:
    traces are generated, and pages looked at, elsewhere or later.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *map(str, command)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended badly:\n{output}")
    cpu_s = used.ru_utime + used.ru_stime
    return Child(wall_s, cpu_s, used.ru_maxrss / 1024, output)


def generate(case: Case) -> Path:
    """The case's trace, made if need be by a process of its own."""
    run(HERE / "generate.py", FOLDER, case.format, str(case.size))
    return FOLDER / f"{case.format}-{case.size}.jsonl"


def report(trace: Path) -> tuple[Child, Path]:
    """The best of three reports of `trace`, by wall time, and the page it wrote."""
    page = trace.with_suffix(".html")
    command = ("-m", "whypath", "report", trace, "-o", page)
    return min((run(*command) for _ in range(3)), key=lambda child: child.wall_s), page


def measure(case: Case) -> dict[str, Any]:
    """One row: the report, and beside it the floor."""
    trace = generate(case)
    parse_s, pack_s, unique = map(float, run(HERE / "floor.py", trace).output.split())
    child, page = report(trace)
    input_mb = trace.stat().st_size / 1e6
    output_mb = page.stat().st_size / 1e6
    return {
        "case": case.name,
        "trace": str(trace),
        "page": str(page),
        "input_mb": input_mb,
        "unique_mb": unique / 1e6,
        "wall_s": child.wall_s,
        "cpu_s": child.cpu_s,
        "floor_s": parse_s + pack_s,
        "floor_ratio": child.wall_s / (parse_s + pack_s),
        "peak_mb": child.peak_mb,
        "over_input_mb": child.peak_mb - input_mb,
        "output_mb": output_mb,
        "output_ratio": output_mb / input_mb,
        "output_target": case.output_ratio,
    }


def reading(size: int) -> Iterator[str]:
    """How fast each large format is read, beside parsing alone, as lines of text.

    `kept` is parsing a file and keeping all of it, the ratio's floor; `dropped` is the
    parser alone, line by line, nothing kept. See `read.py`.
    """
    yield (
        f"{'reading':<16}{'input':>9}{'steps':>9}{'read':>11}"
        f"{'orjson, kept':>15}{'ratio':>7}{'dropped':>13}{'ratio':>8}"
    )
    for format in READ:
        trace = generate(Case(format, format, size))
        mb = trace.stat().st_size / 1e6
        name, steps, *times = run(HERE / "read.py", trace).output.split()
        read_s, keep_s, drop_s = map(float, times)
        ratio = read_s / keep_s
        yield (
            f"{name:<16}{mb:>6.1f} MB{int(steps):>9,}{mb / read_s:>6.0f} MB/s"
            f"{mb / keep_s:>10.0f} MB/s{ratio:>6.1f}x{mark(ratio, READING_RATIO)}"
            f"{mb / drop_s:>7.0f} MB/s{read_s / drop_s:>7.1f}x"
        )
    yield f"{'target':<16}{'':>44}{READING_RATIO:>6.1f}x"


def diffing(size: int) -> Iterator[str]:
    """How long comparing two runs takes beside reading them, as lines of text."""
    trace = generate(Case("claude_code", "claude_code", size))
    twin = trace.with_suffix(".twin.jsonl")
    run(HERE / "diff.py", "twin", trace, twin)
    script = HERE / "diff.py"
    modes = {mode: run(script, mode, trace, twin) for mode in ("read", "diff")}
    read_s, compare_s = map(float, modes["diff"].output.split()[:2])
    difflib_s = float(run(script, "difflib", trace, twin).output.split()[1])
    ratio = (read_s + compare_s) / read_s
    peaks = [modes[mode].peak_mb for mode in ("read", "diff")]
    yield f"{'diff of two':<16}{'reading':>11}{'with diff':>11}{'ratio':>8}{'peak':>18}"
    yield (
        f"{size:>7,} actions{read_s:>10.2f} s{read_s + compare_s:>9.2f} s"
        f"{ratio:>7.1f}x{mark(ratio, DIFF_RATIO)}"
        f"{peaks[0]:>5.0f} to {peaks[1]:>4.0f} MB"
    )
    beside = f"difflib, on the keys alone: {difflib_s:.2f} s"
    yield f"{'target':<16}{'':>22}{DIFF_RATIO:>7.1f}x   {beside}"


def evidence(rows: list[dict[str, Any]]) -> Iterator[str]:
    """What finding where values came from adds to the reports, as lines of text."""
    yield (
        f"{'evidence in':<24}{'report':>9}{'without':>10}{'adds':>8}"
        f"{'finding it':>13}{'memory':>9}"
    )
    for row in rows:
        trace, page = row["trace"], FOLDER / "without.html"
        without = [run(HERE / "origins.py", trace, page) for _ in range(3)]
        bare_s = min(child.cpu_s for child in without)
        found_s = float(run(HERE / "origins.py", trace).output.split()[-1])
        share = row["cpu_s"] / bare_s - 1
        memory_mb = row["peak_mb"] - min(child.peak_mb for child in without)
        large = row["input_mb"] > JUDGED_FROM_MB
        row["evidence_share"], row["finding_share"] = share, found_s / bare_s
        yield (
            f"{row['case']:<24}{row['cpu_s']:>7.2f} s{bare_s:>8.2f} s{share:>8.0%}"
            f"{mark(share, EVIDENCE_SHARE) if large else ' '}"
            f"{found_s:>6.2f} s {found_s / bare_s:>4.0%}{memory_mb:>6.0f} MB"
        )
    yield f"{'target':<43}{EVIDENCE_SHARE:>8.0%}"


def redacting(size: int) -> str:
    """What taking secrets out costs, as a line of text."""
    trace = generate(Case("", "claude_code", size))
    figures = run(HERE / "redact.py", trace).output.split()
    mb, redact_s, with_s, without_s = map(float, figures)
    speed, share = mb / redact_s, with_s / without_s - 1
    slow = mark(-speed, -REDACT_MB_S)
    dear = mark(share, REDACT_SHARE)
    return (
        f"redaction       {speed:.0f} MB/s{slow} (target {REDACT_MB_S:.0f}), "
        f"{share:.0%}{dear} of a report without (target {REDACT_SHARE:.0%})"
    )


def start_up() -> float:
    """Median seconds of `whypath --help`."""
    return statistics.median(run("-m", "whypath", "--help").wall_s for _ in range(9))


def mark(value: float, target: float) -> str:
    """` ` for a target that is met, `!` for one that is not."""
    return " " if value <= target else "!"


def report_table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The reports as lines of text."""
    yield (
        f"{'report of':<24}{'input':>9}{'wall':>9}{'CPU':>8}{'floor':>9}"
        f"{'ratio':>9}{'peak':>9}{'-input':>9}{'output':>9}{'ratio':>9}"
    )
    for row in rows:
        ratio, over, share = row["floor_ratio"], row["over_input_mb"], "output_ratio"
        large = row["input_mb"] > JUDGED_FROM_MB
        yield (
            f"{row['case']:<24}{row['input_mb']:>6.1f} MB{row['wall_s']:>7.2f} s"
            f"{row['cpu_s']:>6.2f} s{row['floor_s']:>7.3f} s"
            f"{ratio:>7.1f}x{mark(ratio, FLOOR_RATIO) if large else ' '}"
            f"{row['peak_mb']:>6.0f} MB"
            f"{over:>5.0f} MB{mark(over, MEMORY_OVER_INPUT_MB)}"
            f"{row['output_mb']:>6.2f} MB"
            f"{row[share]:>7.1%}"
            f"{mark(row[share], row['output_target']) if large else ' '}"
        )
    yield (
        f"{'target':<24}{'':>35}{FLOOR_RATIO:>7.1f}x {'':>9}"
        f"{MEMORY_OVER_INPUT_MB:>5.0f} MB {'':>9}{OUTPUT_RATIO:>7.0%} "
        f" (chat {CHAT_OUTPUT_RATIO:.0%})"
    )


def page_table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The pages in Chromium as lines of text."""
    yield (
        f"{'page of':<24}{'first step':>12}{'nodes':>8}{'after 200':>11}"
        f"{'key, median':>14}{'worst':>10}{'of it work':>12}"
    )
    for row in rows:
        if row.get("first_step_ms") is None:
            continue
        first, nodes, later = row["first_step_ms"], row["nodes"], row["nodes_later"]
        median, worst = row["key_median_ms"], row["key_worst_ms"]
        yield (
            f"{row['case']:<24}{first:>8.0f} ms{mark(first, FIRST_STEP_MS)}"
            f"{nodes:>7,}{mark(nodes, NODES)}{later:>10,}{mark(later, NODES)}"
            f"{median:>10.1f} ms{mark(median, KEY_MEDIAN_MS)}"
            f"{worst:>6.1f} ms{mark(worst, KEY_WORST_MS)}{row['key_work_ms']:>8.1f} ms"
        )
    yield (
        f"{'target':<24}{FIRST_STEP_MS:>8.0f} ms {NODES:>7,} {NODES:>10,} "
        f"{KEY_MEDIAN_MS:>10.1f} ms {KEY_WORST_MS:>6.1f} ms"
    )


def scan_table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """What a page does over all of its steps, as lines of text."""
    yield (
        f"{'over all steps of':<24}{'200 visits':>14}{'search':>12}{'blocked':>11}"
        f"{'breakpoint':>13}{'blocked':>11}"
    )
    for row in rows:
        if row.get("search_ms") is None:
            continue
        cells = [
            (row["visited_nodes"], NODES, 8, ",.0f", "nodes"),
            (row["search_ms"], SCAN_MS, 8, ".0f", "ms"),
            (row["search_blocked_ms"], BLOCKED_MS, 7, ".0f", "ms"),
            (row["break_ms"], SCAN_MS, 9, ".0f", "ms"),
            (row["break_blocked_ms"], BLOCKED_MS, 7, ".0f", "ms"),
        ]
        yield f"{row['case']:<24}" + "".join(
            f"{value:>{width}{how}} {unit}{mark(value, target)}"
            for value, target, width, how, unit in cells
        )
    yield (
        f"{'target':<24}{NODES:>8,} nodes {SCAN_MS:>8.0f} ms {BLOCKED_MS:>7.0f} ms "
        f"{SCAN_MS:>9.0f} ms {BLOCKED_MS:>7.0f} ms"
    )


def main() -> None:
    """Prints the tables; `--json` keeps the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    asked = parser.parse_args()
    cases = [
        Case(f"{format}, {size:,} steps", format, size)
        for format in ("claude_code", "native")
        for size in asked.sizes
    ]
    name = f"chat, {CHAT_TURNS} turns"
    cases.append(Case(name, "chat", CHAT_TURNS, CHAT_OUTPUT_RATIO))

    help_s = start_up()
    late = mark(help_s, START_UP_S)
    print(f"whypath --help   {help_s:.3f} s{late}   target {START_UP_S} s\n")
    print(*reading(max(asked.sizes)), sep="\n", end="\n\n")
    print(*diffing(max(asked.sizes)), sep="\n", end="\n\n")
    print(redacting(max(asked.sizes)), end="\n\n")
    rows = [measure(case) for case in cases]
    print(*report_table(rows), sep="\n", end="\n\n")
    print(*evidence(rows), sep="\n")
    if not asked.no_browser:
        from page import look

        print()
        for row in rows:
            if figures := look(Path(row["page"])):
                row.update(figures._asdict())
        if any("nodes" in row for row in rows):
            print(*page_table(rows), sep="\n", end="\n\n")
            print(*scan_table(rows), sep="\n")
        else:
            print("NO CHROMIUM: the page is not measured; see tests/chromium.py")
    print("\n! marks a target that is missed; wall and floor are the best of three.")
    if asked.json:
        numbers = {"start_up_s": help_s, "rows": rows}
        asked.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
