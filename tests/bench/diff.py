"""Measures a diff of two long runs beside reading them, and beside `difflib`.

`python diff.py twin TRACE TWIN` writes a twin of a Claude Code session: other ids,
other results here and there and, late, another choice. `python diff.py read A B` prints
how long reading both takes, in seconds; `diff` also how long all takes that is done
before the page is written; `difflib` how long that takes on the keys that are aligned.
"""

import gc
import random
import re
import sys
from difflib import SequenceMatcher
from pathlib import Path
from time import perf_counter

from whypath.build import compare_all, masks, read_input, tell
from whypath.derive.diffs.keys import Keys
from whypath.derive.diffs.masks import Masks
from whypath.derive.diffs.turns import find_lanes
from whypath.derive.diffs.words import verdict
from whypath.model import Run

_OWN_ID = re.compile(r"[0-9a-f]{8}(?=-0000-4000-9000-)")
_SHARE = 0.01


def make_twin(trace: Path, twin: Path) -> None:
    """Writes a session that mostly agrees with the one at `trace`."""
    source = random.Random(5)
    with trace.open(encoding="utf-8") as file:
        lines = file.readlines()
    late = len(lines) * 9 // 10
    is_changed = False
    with twin.open("w", encoding="utf-8") as out:
        for number, text in enumerate(lines):
            line = _OWN_ID.sub(lambda match: f"9{match[0][1:]}", text)
            line = line.replace("toolu_0", "toolu_9")
            if '"tool_result"' in line and source.random() < _SHARE:
                line = line.replace("def ", "async def ", 1)
            if number > late and '"name":"Read"' in line and not is_changed:
                line = line.replace('"name":"Read"', '"name":"Open"')
                is_changed = True
            out.write(line)


def read(paths: list[str]) -> tuple[list[Run], float]:
    """Both runs, and how long reading them took."""
    start = perf_counter()
    runs = [read_input([path]).runs[0] for path in paths]
    return runs, perf_counter() - start


def main() -> None:
    """Prints what was asked for."""
    mode, *paths = sys.argv[1:]
    if mode == "twin":
        make_twin(Path(paths[0]), Path(paths[1]))
        return
    gc.disable()  # as the command does
    runs, read_s = read(paths)
    if mode == "read":
        print(f"{read_s:.4f}")
        return
    if mode == "diff":
        start = perf_counter()
        (diff,) = compare_all(runs, masks([], []))
        compare_s = perf_counter() - start
        print(f"{read_s:.4f} {compare_s:.4f} {len(diff.rows)} {verdict(diff).text}")
        return
    a, b = (tell(run, in_depth=False) for run in runs)
    lanes = find_lanes(a, b)
    keys = Keys(a, b, Masks())
    both = keys.of(0, lanes[0]), keys.of(1, lanes[1])
    start = perf_counter()
    SequenceMatcher(None, *both, autojunk=False).get_opcodes()
    print(f"{read_s:.4f} {perf_counter() - start:.4f}")


if __name__ == "__main__":
    main()
