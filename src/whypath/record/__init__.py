r"""Records an agent's run while it happens: a native trace, a line for each thing.

The standard library only, each line written at once, and some microseconds for it. What
goes wrong here is said once on stderr and ends the recording, never the agent.

>>> from whypath.record import run
>>> with run("-", id="r1", task="Ticket 7", clock=lambda: 1) as r:
...     with r.step("tool", "orders.get", input={"id": 77}) as order:
...         order.output = {"state": "lost"}
...     d = r.decide("Refund?", ["refund", "ask"], chosen="refund",
...                  evidence=[order.cite("state", "lost", "$.state")])
{"type": "run", "whypath": 1, "id": "r1", "task": "Ticket 7", "start": 1}
{"type": "step", "run": "r1", "id": "s1", "kind": "tool", "name": "orders.get", ...}
{"type": "step", "run": "r1", "id": "s1", "end": 1, "output": {"state": "lost"}}
{"type": "decision", "run": "r1", "id": "s2", "start": 1, "question": "Refund?", ...}
{"type": "end", "run": "r1", "end": 1, "status": "ok"}
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, overload

from whypath.record.log import Clock, Log
from whypath.record.recorder import Function, Recorder, Status, decorator
from whypath.record.sink import Sink
from whypath.record.steps import Decision, Fields, Kind, Said, Step, scope
from whypath.record.values import NOT_SET, text

__all__ = [
    "Clock",
    "Decision",
    "Fields",
    "Kind",
    "Recorder",
    "Said",
    "Status",
    "Step",
    "current",
    "run",
    "tool",
]


def run(
    to: Any = NOT_SET,
    *,
    task: str | None = None,
    agent: str | None = None,
    id: str | None = None,
    tools: Iterable[Any] | None = None,
    labels: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> Recorder:
    """Begins to record a run: use it in a `with`, or call its `end`.

    `to` is a file to add the run to, a folder (then the file is named after the run),
    `-` for standard output, a stream, or None to record nothing. When it is left out,
    the environment's WHYPATH_TRACES names the folder; without that, nothing is
    recorded. `id` is best unique everywhere; without one it is made from the time.
    `tools` are those on offer at each model call of the main conversation. `clock`
    gives times as the format has them; without it, microseconds since 1970.
    """
    id = id or f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"
    id = text(id)
    if to is NOT_SET:
        to = os.environ.get("WHYPATH_TRACES")
        to = to and os.path.join(to, "")  # noqa: PTH118  # a folder, there or not
    log = Log(id, Sink(to, id), clock or _now)
    header = {"whypath": 1, "id": id, "task": task, "agent": agent}
    begun = {"start": log.now(), "tools": tools, "labels": labels}
    return Recorder(log, {**header, **begun})


def _now() -> int:
    """Microseconds: the finest unit that every JSON parser reads without rounding."""
    return time.time_ns() // 1000


def current() -> Recorder:
    """The run whose `with` block is open here; without one, one that records nothing.

    Tasks know it; a thread does when it runs in a `contextvars.copy_context()`.

    >>> current().decide("Refund?", ["yes", "no"], chosen="no").id
    's1'
    """
    found = scope.get()
    recorder: Recorder = run(None) if found is None else found.log.owner
    return recorder


@overload
def tool(function: Function) -> Function:
    """Bare: `@tool`."""


@overload
def tool(
    *, name: str | None = None, kind: Kind = "tool"
) -> Callable[[Function], Function]:
    """With options: `@tool(name="orders.get")`."""


def tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    kind: Kind = "tool",
) -> Any:
    """`Recorder.tool` for functions that are written before there is a run.

    A call is recorded in the `current` run, and only there.

    >>> @tool
    ... def double(number: int) -> int:
    ...     return 2 * number
    >>> double(21)
    42
    """
    return decorator(current, function, name, kind)
