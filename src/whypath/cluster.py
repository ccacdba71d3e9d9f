"""Spreads work over the workers of a Dask cluster, and hands small results back.

Part of the `fleet` room. A task is sent as one value whose text says nothing, since
Dask logs the tasks that fail and a plan holds secrets to take out.
"""

import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from whypath import build_site
from whypath.errors import TraceError
from whypath.processes import Lost, Spread

AHEAD = 2
"""Tasks that each thread of the cluster may have waiting, so that memory stays flat."""
WAIT_S, WAITS = 5, 12
"""How long, and how often, a cluster may have no worker."""
RETRIES = 2
"""A task that fails by itself, on its way to a file say, is tried so often again."""
DONE_BEFORE_SWEEP = 2_000
_AGAIN = ("pending", "lost")
"""A task is done again where the worker that kept its result has died."""

T = TypeVar("T")
R = TypeVar("R")

_edition = cache(build_site.edition)


class Refused(NamedTuple):
    """Why a worker cannot do what it was asked to do at all."""

    why: str
    hint: str


class Task:
    """One item with its work, for a worker that runs the same program."""

    def __init__(self, work: Callable[[T], R], item: T, edition: str) -> None:
        self.work: Callable[[Any], Any] = work
        self.item = item
        self.edition = edition

    def __repr__(self) -> str:
        return "Task()"

    def __call__(self) -> Any:
        """The result, or `Refused`."""
        if _edition() != self.edition:
            hint = "install the same one on every worker, and start them again"
            return Refused("a worker runs another version of Whypath", hint)
        stage = getattr(self.work, "keywords", {}).get("stage")
        if stage is not None and not build_site.is_staged(Path(stage)):
            hint = "name a folder that all machines share"
            return Refused("a worker does not see the folder to write", hint)
        try:
            return self.work(self.item)
        except TraceError as error:
            return Refused(str(error), "")


@contextmanager
def connect(address: str) -> Iterator[Spread]:
    """What gives work to the cluster at `address`; its tasks are cancelled at the end.

    Raises `TraceError` where Dask is not installed, or nobody answers.
    """
    try:
        from distributed import Client
    except ImportError:
        hint = "pip install 'whypath[cluster]'"
        raise TraceError("--dask", "Dask is not installed", hint=hint) from None
    try:
        client = Client(address, timeout=20, set_as_default=False)
    except (OSError, ValueError) as error:
        hint = "`dask scheduler` prints its address when it starts"
        why = f"no Dask scheduler answers: {_first_line(error)}"
        raise TraceError(address, why, hint=hint) from None
    try:
        yield _Cluster(client, address)
    finally:
        client.close()


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


class _Cluster:
    """The cluster behind a client."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    def __call__(
        self, work: Callable[[T], R], items: Sequence[T], workers: int, /
    ) -> Generator[tuple[T, R | Lost], None, None]:
        """Each item with what `work` makes of it, in any order.

        Dask sends the tasks of a worker that dies to others. Those that were there too
        often when one died are tried again alone: the one that does it again is `Lost`.
        """
        from distributed import CancelledError

        suspects: list[T] = []
        try:
            for item, result in self._spread(work, items, None):
                if isinstance(result, Lost):
                    suspects.append(item)
                else:
                    yield item, result
            yield from self._spread(work, suspects, 1)
        except (OSError, CancelledError):
            raise self._error("the scheduler is gone", "start it again") from None

    def _spread(
        self, work: Callable[[T], R], items: Sequence[T], most: int | None
    ) -> Iterator[tuple[T, R | Lost]]:
        from distributed import wait

        waiting, idle, done = iter(items), 0, 0
        running: dict[Any, T] = {}
        try:
            while True:
                room = (most or AHEAD * max(self._threads(), 1)) - len(running)
                for item in islice(waiting, max(room, 0)):
                    running[self._submit(work, item)] = item
                if not running:
                    return
                try:
                    with self._client.as_current():
                        ended = wait([*running], WAIT_S, "FIRST_COMPLETED").done
                except TimeoutError:
                    idle = 0 if self._threads() else idle + 1
                    if idle == WAITS:
                        hint = f"start some: dask worker {self._address}"
                        raise self._error("there are no workers", hint) from None
                    continue
                for future in ended:
                    if future.status in _AGAIN:
                        continue
                    yield running.pop(future), self._result(future)
                    done += 1
                if done >= DONE_BEFORE_SWEEP:
                    gc.collect()  # see `console`: nothing else does
                    done = 0
        finally:
            if running:
                self._client.cancel(list(running))

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    def _submit(self, work: Callable[[T], R], item: T) -> Any:
        task = Task(work, item, _edition())
        return self._client.submit(task, pure=False, retries=RETRIES)

    def _result(self, future: Any) -> Any:
        """What a task came to; `Lost` where it was there too often at a death."""
        from distributed import KilledWorker

        if future.status != "error":
            result = future.result()  # raises `CancelledError` where it was given up
            if isinstance(result, Refused):
                raise self._error(result.why, result.hint)
            return result
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Lost()
        if isinstance(error, ImportError):
            hint = "install the same Whypath on every worker"
            raise self._error(f"a worker lacks something: {error}", hint)
        raise self._error(f"a worker failed: {_first_line(error)}", "")

    def _error(self, why: str, hint: str) -> TraceError:
        return TraceError(self._address, why, hint=hint)
