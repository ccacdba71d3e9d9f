"""Spreads work over worker processes here, and finds out which item kills one.

Part of the `fleet` room.
"""

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import NamedTuple, Protocol, TypeVar

AHEAD = 3
"""Tasks that each worker may have waiting: few, so that memory stays flat."""

T = TypeVar("T")
R = TypeVar("R")


class Lost(NamedTuple):
    """An item whose worker process died."""

    why: str = "its worker process died; the trace may be too large for the memory"


class Spread(Protocol):
    """Gives work to many: processes here, see `spread`, or the workers of a cluster."""

    def __call__(
        self, work: Callable[[T], R], items: Sequence[T], workers: int, /
    ) -> Generator[tuple[T, R | Lost], None, None]:
        """Each item with what `work` makes of it, in any order.

        Closed before the end, the work on the others stops.
        """


def cores() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def spread(
    work: Callable[[T], R], items: Sequence[T], workers: int
) -> Generator[tuple[T, R | Lost], None, None]:
    """Each item with what `work` makes of it, in any order.

    When a worker dies, the items that were being worked on are tried again one by one,
    and the one that does it again is `Lost`.
    """
    if workers == 1 or len(items) < 2:
        yield from ((item, work(item)) for item in items)
        return
    waiting = iter(items)
    while True:
        suspects = yield from _until_broken(work, waiting, min(workers, len(items)))
        if not suspects:
            return
        for item in suspects:
            yield from _alone(work, item)


def _until_broken(
    work: Callable[[T], R], waiting: Iterator[T], workers: int
) -> Generator[tuple[T, R | Lost], None, list[T]]:
    """Works on items until there are none (returns []), or a worker dies: then those
    that were under way are returned."""
    running: dict[Future[R], T] = {}
    try:
        with _pool(workers) as pool:
            while True:
                for item in islice(waiting, workers * AHEAD - len(running)):
                    running[_submit(pool, work, item)] = item
                if not running:
                    return []
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    yield running.pop(future), result
    except BrokenProcessPool:
        return list(running.values())


def _submit(pool: ProcessPoolExecutor, work: Callable[[T], R], item: T) -> Future[R]:
    """The future of an item; of a broken pool, one that says so."""
    try:
        return pool.submit(work, item)
    except BrokenProcessPool as error:
        broken: Future[R] = Future()
        broken.set_exception(error)
        return broken


def _alone(work: Callable[[T], R], item: T) -> Iterator[tuple[T, R | Lost]]:
    with _pool(1) as pool:
        try:
            result: R | Lost = pool.submit(work, item).result()
        except BrokenProcessPool:
            result = Lost()
    yield item, result


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes: a fork of this one would copy what its threads hold.

    All have ended at the end; where it is early, in the middle of what they do.
    """
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["whypath.build_site"])
    pool = ProcessPoolExecutor(workers, context, _begin)
    try:
        yield pool
    except BrokenProcessPool:
        raise
    except BaseException:
        for process in list((pool._processes or {}).values()):
            _end(process)  # nobody waits for the rest
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _end(worker: BaseProcess) -> None:
    """Ends a worker, and a layout program that it waits for."""
    if worker.pid is None:
        return
    try:
        os.killpg(worker.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError):  # it has not begun; or no groups here
        worker.kill()


def _begin() -> None:
    """Spares the garbage collector in a worker, as the command line does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # and with each what it has started, see `_end`
    Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()
    gc.freeze()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)
