"""Ends work that takes too long, in the middle of a regular expression too.

Needed where somebody else's expressions read hostile text: Pygments has some whose time
grows by half with every letter. It does not know what the work is.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TookTooLong(Exception):
    """The work was ended."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises `TookTooLong` in its block after so much processor time of this process.

    Not on Windows, in a thread, or where somebody uses that timer: no limit there.
    """
    if not _has_timer():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _has_timer() -> bool:
    if not hasattr(signal, "setitimer"):
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGVTALRM) is None:  # not ours to put back
        return False
    return signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def _end(*_: Any) -> None:
    raise TookTooLong
