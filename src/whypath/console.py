"""How the command line talks: data, messages, progress, errors, exit codes.

Part of the `cli` room, which alone prints, reads the clock, the environment, or exits.
"""

import gc
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from io import TextIOWrapper
from typing import Any

import click

from whypath.errors import TraceError


def _hurry() -> None:
    """Spares the cyclic garbage collector: a run is a few large values, no cycles.

    Each collection would walk them all; a long report takes a third less time without.
    """
    gc.disable()


def _stop(*_: object) -> None:
    """Ends as a signal asks, after what was begun is cleared away."""
    sys.exit(143)


def _write_any_letter() -> None:
    """Where a terminal or a pipe has no such letter, `?` is written in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def tell_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Prints a `TraceError` as one sentence and ends with exit code 2."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        _hurry()
        signal.signal(signal.SIGTERM, _stop)
        _write_any_letter()
        try:
            command(*args, **kwargs)
            gc.freeze()  # or Python would walk through all there is once more to exit
        except TraceError as error:
            from whypath.terminal import line

            say(f"Error: {line(str(error))}")
            sys.exit(2)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)
        except KeyboardInterrupt:
            say("Interrupted: nothing was changed.")
            sys.exit(130)
        except MemoryError:
            say("Error: the memory is not enough. Hint: report a part of the trace")
            sys.exit(2)
        except OSError as error:
            from whypath.terminal import line

            place = line(str(error.filename or "whypath"))
            say(f"Error: {place}: {error.strerror or error}")
            sys.exit(2)

    return run


def say(text: str) -> None:
    """A message to the person, on stderr."""
    click.echo(text, err=True)


def print_lines(lines: Iterable[str]) -> None:
    """Data, on stdout: as it is for programs, but a terminal gets nothing to obey."""
    from whypath.terminal import safe

    shown = safe if sys.stdout.isatty() else str
    for line in lines:
        click.echo(shown(line))


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A line on the terminal that says what is being done; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    with console.status(Text("starting")) as status:
        yield lambda text: status.update(Text(f"{text} …"))


def leave(code: int) -> None:
    """Ends with an exit code that is an answer, all being written."""
    gc.freeze()
    sys.exit(code)
