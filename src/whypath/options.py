"""Turns what a person typed after a flag into a value, or says what to type instead.

Part of the `cli` room. What flags there are, and what they do, is in `cli`.
"""

from typing import Any

import click

BYTES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


class TraceSize(click.ParamType[int]):
    """A size such as `24MB`, as bytes."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        text = str(value).strip().upper().replace(" ", "")
        digits = text.rstrip("BKMG")
        unit = text[len(digits) :]
        unit = unit if unit.endswith("B") or not unit else f"{unit}B"
        try:
            size = int(float(digits) * BYTES[unit])
        except (ValueError, KeyError, OverflowError):
            size = 0
        if size <= 0:
            self.fail(f"{value!r} is not a size; write 24MB or 900kB", param, ctx)
        return size


class Note(click.ParamType[tuple[int, str]]):
    """`N=TEXT`: a note on step N."""

    name = "N=TEXT"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, str]:
        if isinstance(value, tuple):
            return value
        number, mark, text = str(value).partition("=")
        if not mark or not number.strip().isdecimal():
            self.fail(f'{value!r} is not N=TEXT, such as 4="root cause"', param, ctx)
        return int(number), text
