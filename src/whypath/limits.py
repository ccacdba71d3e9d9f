"""How much of an input is read: a breach is a sentence, and the rest is kept.

Part of the `records` room.
"""

from typing import NamedTuple


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
