"""Turns what a person typed after a flag into a value, or says what to type instead.

Part of the `cli` room. What flags there are, and what they do, is in `cli`.
"""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import click

from whypath.console import say
from whypath.errors import printable

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
        return int(number), printable(text)


class Pattern(click.ParamType[tuple[str, str]]):
    """`NAME=REGEX`: a pattern of one's own."""

    name = "NAME=REGEX"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, mark, regex = str(value).partition("=")
        is_text = printable(regex) == regex
        if not mark or not regex or not is_text or not PATTERN_NAME.fullmatch(name):
            self.fail(
                f"{value!r} is not NAME=REGEX, such as ticket=T-[0-9]+", param, ctx
            )
        return name, regex


PATTERN_NAME = re.compile("[a-z0-9][a-z0-9-]{0,39}")
SECRET_NAME = re.compile(
    "(?i)(?:^|_)(?:key|token|secret|passw(?:or)?d|pass|credentials?|dsn|pat)$"
)


def environment_secrets(environment: Mapping[str, str]) -> list[str]:
    """Values of variables whose names say that they are secret, if they look it."""
    return sorted(
        value
        for name, value in environment.items()
        if SECRET_NAME.search(name) and len(value) >= 8 and not value.startswith("/")
    )


def reading(environment: Mapping[str, str]) -> Callable[..., Any]:
    """Gives a command the options about secrets and limits, as two values.

    `redactor` is None for `--no-redact`, which is told; `limits` where none are given.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(
            *args: Any,
            redact: bool,
            redact_personal: bool,
            redact_pattern: tuple[tuple[str, str], ...],
            at_most: tuple[tuple[str, int], ...],
            **rest: Any,
        ) -> Any:
            redactor = None
            if redact:
                from whypath.build import Redactor

                redactor = Redactor(
                    known={"environment": environment_secrets(environment)},
                    patterns=dict(redact_pattern),
                    personal=redact_personal,
                )
            else:
                say("Secrets are not looked for: --no-redact.")
            limits = None
            if at_most:
                from whypath.build import Limits

                limits = Limits(**dict(at_most))
            return command(*args, redactor=redactor, limits=limits, **rest)

        for option in reversed(_READING):
            run = option(run)
        return run

    return decorate


class AtMost(click.ParamType[tuple[str, int]]):
    """`NAME=N`: a limit on what is read; a size may be written as 64MB."""

    name = "NAME=N"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        name, _, number = str(value).partition("=")
        if name not in LIMITS:
            self.fail(f"{value!r} is none of {', '.join(LIMITS)}", param, ctx)
        size = TraceSize().convert(number, param, ctx)
        if name == "depth" and size > DEEPEST:
            self.fail(f"depth is at most {DEEPEST}", param, ctx)
        return name, size


LIMITS = ("total", "line", "value", "depth", "ratio", "files")
DEEPEST = 400

_READING = (
    click.option(
        "--redact/--no-redact",
        default=True,
        show_default=True,
        help="Replace keys, tokens and passwords by placeholders.",
    ),
    click.option(
        "--redact-personal",
        is_flag=True,
        help="Replace e-mail addresses and telephone numbers too.",
    ),
    click.option(
        "--redact-pattern",
        type=Pattern(),
        multiple=True,
        help="Replace what a pattern of yours matches. May be repeated.",
    ),
    click.option(
        "--at-most",
        type=AtMost(),
        multiple=True,
        help="Read no more of: total (of a file; 8 GiB), line (1 GiB), value (over "
        "several lines, or in an archive; 1 GiB), depth (400), ratio (unpacked to "
        "packed; 200), files (20000). May be repeated.",
    ),
)


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
