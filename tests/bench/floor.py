"""Measures what no report can be faster than: parsing a trace and packing its texts.

`python floor.py TRACE` prints seconds: `orjson.loads` over every line, and isal's gzip
at level 1 over every unique text once. Finding the unique texts is not counted.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
from isal import igzip

SHORT = 40
"""Strings up to this length are ids, names and times rather than content."""


def texts(value: Any) -> Iterator[str]:
    """Every long string in a JSON value, and in JSON that a string holds."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from texts(member)
    elif isinstance(value, str) and len(value) > SHORT:
        inner: Any = None
        if value[0] in "[{":
            try:
                inner = orjson.loads(value)
            except orjson.JSONDecodeError:
                inner = None
        if inner is None:
            yield value
        else:
            yield from texts(inner)


def main() -> None:
    """Prints the seconds of the best of three, and the bytes of unique text."""
    lines = Path(sys.argv[1]).read_bytes().splitlines()
    parse_s, pack_s = [], []
    for _ in range(3):
        start = perf_counter()
        for line in lines:
            orjson.loads(line)
        parse_s.append(perf_counter() - start)
    unique = {text for line in lines for text in texts(orjson.loads(line))}
    content = "\n".join(sorted(unique)).encode("utf-8", "replace")
    for _ in range(3):
        start = perf_counter()
        igzip.compress(content, 1)
        pack_s.append(perf_counter() - start)
    print(f"{min(parse_s):.4f} {min(pack_s):.4f} {len(content)}")


if __name__ == "__main__":
    main()
