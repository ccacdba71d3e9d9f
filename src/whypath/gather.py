"""Puts runs that were read apart together: sub-agents and continuations in other files.

A reader says what a run is part of; whether that run is there is known only when all
files are read. Part of the `builder` room.
"""

from typing import TYPE_CHECKING

from whypath.model import Call, replace

if TYPE_CHECKING:
    from whypath.builder import Builder, RunDraft


def gather(runs: "dict[str, RunDraft]", builder: "Builder") -> "dict[str, RunDraft]":
    """The runs that stand on their own, each with those that are part of it.

    A run whose host is not in the input stands on its own; so does the first of a
    circle of runs that name each other.
    """
    chains = {id: _hosts(id, runs) for id in runs}
    parts = sorted((id for id in runs if chains[id]), key=lambda id: len(chains[id]))
    longest = builder.tick()
    for number, id in enumerate(parts, start=1):
        _join(runs[id], runs[chains[id][-1]], number * longest)
        builder.move_problems(id, chains[id][-1])
    return {id: run for id, run in runs.items() if not chains[id]}


def _hosts(id: str, runs: "dict[str, RunDraft]") -> list[str]:
    """The runs that the run is part of, from the nearest to the outermost."""
    chain = [id]
    while (host := runs[chain[-1]].part_of) is not None and host in runs:
        if host in chain:
            first = min(chain[chain.index(host) :])
            return [] if first == id else [first]
        chain.append(host)
    return chain[1:]


def _join(part: "RunDraft", host: "RunDraft", after: int) -> None:
    """Moves everything of `part` to `host`, behind what was read up to `after`."""
    renamed = _renamed(part, host)
    for draft in part.steps:
        draft.order = (after + draft.order[0], draft.order[1])
        draft.call_id = renamed.get(draft.call_id or "", draft.call_id)
        draft.calls = tuple(_rename(call, renamed) for call in draft.calls)
        if part.as_thread is not None and not draft.thread:
            draft.thread = part.id
    for id, result in part.results.items():
        id = renamed.get(id, id)
        host.results[id] = replace(result, call_id=id, order=after + result.order)
    host.steps.extend(part.steps)
    for id, thread in part.threads.items():
        call_id = renamed.get(thread.call_id or "", thread.call_id)
        host.threads[id] = thread._replace(call_id=call_id)
    for name, label in part.labels.items():
        host.labels.setdefault(name, label)
    if part.as_thread is not None:
        host.threads[part.id] = part.as_thread
        return
    host.status = part.status or host.status
    host.outcome = part.outcome or host.outcome
    host.end_ns = part.end_ns or host.end_ns


def _renamed(part: "RunDraft", host: "RunDraft") -> dict[str, str]:
    """New ids for the calls of `part` whose ids the host uses too."""
    taken = {call.id for step in host.steps for call in step.calls} | set(host.results)
    taken |= {step.call_id for step in host.steps}
    own = {call.id for step in part.steps for call in step.calls} | set(part.results)
    own |= {step.call_id for step in part.steps}
    return {id: f"{id}@{part.id}" for id in own & taken if id is not None}


def _rename(call: Call, renamed: dict[str, str]) -> Call:
    return call._replace(id=renamed.get(call.id or "", call.id))
