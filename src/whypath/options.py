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


class Share(click.ParamType[float]):
    """A share such as `10%` or `0.1`, as a number from 0 to 1."""

    name = "share"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = 0.0
        if not 0 < share <= 1:
            self.fail(f"{value!r} is not a share; write 10% or 0.1", param, ctx)
        return share


UNITS_S = {"h": 3_600, "d": 86_400, "w": 604_800}


class Age(click.ParamType[int]):
    """An age such as `30d`, `12h` or `2w`, in nanoseconds."""

    name = "age"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        if isinstance(value, int):
            return value
        text = str(value).strip().lower()
        try:
            age = float(text[:-1]) * UNITS_S[text[-1:]]
        except (ValueError, KeyError):
            age = 0.0
        if not 0 < age < 1e10:
            self.fail(f"{value!r} is not an age; write 30d, 12h or 2w", param, ctx)
        return int(age * 10**9)
