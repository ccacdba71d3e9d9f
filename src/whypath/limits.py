"""How much of an input is read: a breach is a sentence, and the rest is kept.

Part of the `records` room.
"""

import stat
from pathlib import Path
from typing import NamedTuple

BOMB = (
    "this looks like a decompression bomb; unpack it yourself, or see --at-most ratio"
)
OPENED_FOR_US = ("/dev/", "/proc/")
"""Where a shell names a pipe that it has opened, such as `/dev/fd/63`."""


class Limits(NamedTuple):
    """What one input may be, in bytes where nothing else is said.

    `total` is all of a file, unpacked; `line` one line; `value` one JSON value over
    several lines, or one member of an archive. `depth` is how deep brackets nest, at
    most 400. `ratio` is how many times its size an archive unpacks to. `files` is how
    many files a folder or a pattern names.
    """

    total: int = 8 << 30
    line: int = 1 << 30
    value: int = 1 << 30
    depth: int = 400
    ratio: int = 200
    files: int = 20_000


USUAL = Limits()


def endless(path: Path) -> str | None:
    """What a path is where reading may never end, or never begin; None elsewhere.

    A named pipe is waited for until somebody writes, a device may give bytes for ever.
    Raises `OSError` for what is not there, `ValueError` for what can be no name.
    """
    mode = path.stat().st_mode
    if stat.S_ISFIFO(mode) and not str(path).startswith(OPENED_FOR_US):
        return "is a named pipe"
    return "is a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else None
