"""How the command line talks: data, messages, progress, errors, exit codes.

Part of the `cli` room, which alone prints, reads the clock, the environment, or exits.
"""

import gc
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from whypath.errors import TraceError


def _hurry() -> None:
    """Spares the cyclic garbage collector: a run is a few large values, no cycles.

    Each collection would walk them all; a long report takes a third less time without.
    """
    gc.disable()


class _Stopped(BaseException):
    """A signal asks to end: first, what was begun is cleared away."""


def _stop(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough, and clearing takes a moment
    raise _Stopped(number)


def _listen() -> None:
    """Ends in order when asked to; what `nohup` has us ignore stays ignored."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def _fill_gaps() -> None:
    """Where a standard stream is closed, no file that is opened takes its number."""
    with suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")


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
        _listen()
        _fill_gaps()
        _write_any_letter()
        try:
            command(*args, **kwargs)
            gc.freeze()  # or Python would walk through all there is once more to exit
        except TraceError as error:
            from whypath.terminal import line

            say(f"Error: {line(str(error))}")
            sys.exit(2)
        except KeyboardInterrupt:
            say("Interrupted: nothing was changed.")
            sys.exit(130)
        except _Stopped as stopped:
            say("Stopped: nothing was changed.")
            sys.exit(128 + stopped.args[0])
        except MemoryError:
            pass  # what filled it goes first: to say so takes some
        except OSError as error:
            from whypath.terminal import line

            place = line(str(error.filename or "whypath"))
            say(f"Error: {place}: {error.strerror or error}")
            sys.exit(2)
        else:
            return
        say(f"Error: {_input_of(kwargs)}: ran out of memory. Hint: {_LESS}")
        sys.exit(2)

    return run


_LESS = "--at-most total=50MB reads no more of each file"


def _input_of(options: dict[str, Any]) -> str:
    """What a command was to read, and how large it is."""
    from whypath.terminal import line, size

    named = [options[key] for key in ("traces", "paths", "trace") if key in options]
    if not named:
        return "whypath"
    names = [named[0]] if isinstance(named[0], str) else list(named[0])
    files = [Path(name) for name in names if Path(name).is_file()]
    words = line(" ".join(names))
    if len(files) < len(names):
        return words
    return f"{words} ({size(sum(file.stat().st_size for file in files))})"


def say(text: str) -> None:
    """A message to the person, on stderr; lost where nobody can hear it."""
    with suppress(OSError):
        click.echo(text, err=True)


def print_lines(lines: Iterable[str]) -> None:
    """Data, on stdout: as it is for programs, but a terminal gets nothing to obey.

    A reader who hangs up has read enough. Raises `TraceError`.
    """
    if sys.stdout is None:
        raise TraceError("standard output", "is closed")
    from whypath.terminal import safe

    shown = safe if sys.stdout.isatty() else str
    try:
        for line in lines:
            click.echo(shown(line))
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except OSError as error:
        why = f"cannot be written: {error.strerror or error}"
        raise TraceError("standard output", why) from None


def width() -> int:
    """How many letters a line of data may have."""
    if sys.stdout is None or not sys.stdout.isatty():
        return 160
    return shutil.get_terminal_size().columns


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
