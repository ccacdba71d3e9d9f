"""Turns the drafts of one run into a Run: paired, linked, ordered, numbered.

A pipeline of small functions over the list of drafts, in the order of `assemble`. What
has to be put right is recorded as a Problem. Part of the `builder` room.
"""

from collections.abc import Iterable
from operator import attrgetter

from whypath.builder import Builder, Draft, RunDraft, Window
from whypath.model import Context, Message, Run, RunStatus, Step, replace
from whypath.pair import ANSWERS, pair_calls


def assemble(draft: RunDraft, builder: Builder) -> Run:
    """Puts a run right and freezes it."""
    builder.about = draft.id
    callers = pair_calls(draft, builder)
    _give_keys(draft.steps, builder)
    _attach_threads(draft, builder)
    _reparent_hidden(draft, builder)
    _drop_bad_parents(draft.steps, builder)
    ordered = _in_order(draft)
    draft.steps.clear()
    steps = _number(ordered, callers)
    times = [t for s in steps for t in (s.start_ns, s.end_ns) if t is not None]
    return Run(
        id=draft.id,
        format=builder.format,
        files=tuple(builder.files),
        contents=builder.contents,
        steps=steps,
        task=draft.task,
        agent=draft.agent,
        models=_unique(s.model for s in steps),
        start_ns=draft.start_ns or (min(times) if times else None),
        end_ns=draft.end_ns or (max(times) if times else None),
        status=draft.status or _status(steps),
        outcome=draft.outcome,
        labels=tuple(sorted(draft.labels.items())),
        problems=builder.problems_of(draft.id),
    )


def _give_keys(steps: list[Draft], builder: Builder) -> None:
    """Every step gets a key of its own: the source's id, else a hash of its content."""
    taken: set[str] = set()
    uses: dict[str, int] = {}
    for draft in steps:
        key = draft.key or _content_key(draft, builder)
        if key not in taken:
            taken.add(key)
            draft.key = key
            continue
        again = uses.get(key, 1)
        unique = key if again == 1 else f"{key}~{again}"
        while unique in taken:
            again += 1
            unique = f"{key}~{again}"
        if again > 1 and draft.key:
            builder.problem_at(
                "repair",
                "an id is used twice",
                "the second is renamed",
                draft.source,
            )
        taken.add(unique)
        uses[key] = again
        draft.key = unique


def _content_key(draft: Draft, builder: Builder) -> str:
    contents = builder.contents
    parts = (draft.reasoning, draft.input, draft.output)
    digests = [contents.digest(part) for part in parts if part is not None]
    return ":".join([draft.kind, draft.name[:40], *digests])


def _attach_threads(run: RunDraft, builder: Builder) -> None:
    """Puts a sub-agent's steps under the step that started it."""
    if not run.threads:
        return
    loose: set[str] = set()
    answers = (d for d in run.steps if d.kind in ANSWERS)
    by_call = {d.call_id: d.key for d in answers if d.call_id}
    for draft in run.steps:
        thread = run.threads.get(draft.thread)
        if thread is None:
            continue
        draft.agent = draft.agent or thread.agent
        if draft.parent is None:
            draft.parent = thread.parent or by_call.get(thread.call_id or "")
        if draft.parent == draft.key:
            draft.parent = None
        if draft.parent is None and draft.thread not in loose:
            loose.add(draft.thread)
            what = "the call that started a sub-agent is not in the trace"
            builder.problem_at("note", what, "shown at the top", draft.source)


def _reparent_hidden(run: RunDraft, builder: Builder) -> None:
    """Leaves noise out; what stood under it moves up to what stood above it."""
    hidden = {d.key: d for d in run.steps if d.hidden}
    if not hidden:
        return
    for draft in run.steps:
        climbed: set[str] = set()
        while (
            parent := hidden.get(draft.parent or "")
        ) and draft.parent not in climbed:
            climbed.add(draft.parent or "")
            draft.parent = parent.parent
    run.steps[:] = [d for d in run.steps if not d.hidden]
    first = next(iter(hidden.values()))
    spans = "a span" if len(hidden) == 1 else f"{len(hidden):,} spans"
    what = f"{spans} of plumbing (HTTP, framework)"
    builder.problem_at("note", what, "not shown; their children are", first.source)


def _drop_bad_parents(steps: list[Draft], builder: Builder) -> None:
    """A parent that is missing, or that closes a circle, is taken away."""
    children = [draft for draft in steps if draft.parent is not None]
    if not children:
        return
    by_key = {draft.key: draft for draft in steps}
    done: set[str | None] = set()
    for draft in children:
        if draft.parent is not None and draft.parent not in by_key:
            what = "a parent is not in the trace"
            builder.problem_at("repair", what, "shown at the top", draft.source)
            draft.parent = None
        path: dict[str | None, Draft] = {}
        at: Draft | None = draft
        while at is not None and at.key not in done:
            if at.key in path:
                what = "parents go round in a circle"
                builder.problem_at("repair", what, "cut open", at.source)
                at.parent = None
                break
            path[at.key] = at
            at = by_key.get(at.parent) if at.parent is not None else None
        done.update(path)


def _in_order(run: RunDraft) -> list[Draft]:
    """Parents before children; siblings as read, or by time for span trees."""
    as_read = sorted(run.steps, key=attrgetter("order"))
    children: dict[str | None, list[Draft]] = {}
    for draft in as_read:
        children.setdefault(draft.parent, []).append(draft)
    if run.by_time:
        for siblings in children.values():
            _sort_by_time(siblings)
    if len(children) <= 1:
        return children.get(None, [])
    ordered: list[Draft] = []
    stack = children.get(None, [])[::-1]
    while stack:
        draft = stack.pop()
        ordered.append(draft)
        if draft.key in children:
            stack.extend(reversed(children[draft.key]))
    return ordered


def _sort_by_time(siblings: list[Draft]) -> None:
    """By start; one without a clock stays behind the one it was read after."""
    last = 0
    times: dict[int, int] = {}
    for draft in siblings:
        last = draft.start_ns or last
        times[id(draft)] = last
    siblings.sort(key=lambda d: (times[id(d)], d.order))


def _number(ordered: list[Draft], callers: dict[int, Draft]) -> tuple[Step, ...]:
    """Freezes the drafts, references turned from keys into positions.

    Each draft is let go when its step is made: there may be a million.
    """
    positions: dict[str | None, int] = {}
    depths: dict[str | None, int] = {}
    windows = _Windows()
    last: dict[str, int] = {}
    steps: list[Step] = []
    ordered.reverse()
    while ordered:
        draft, position = ordered.pop(), len(steps) + 1
        key, thread = draft.key, draft.thread
        parent = calling = None
        depth = 0
        if draft.parent is not None and draft.parent in positions:
            parent, depth = positions[draft.parent], depths[draft.parent] + 1
        caller = callers.pop(id(draft), None)
        if caller is not None and caller.key in positions:
            calling = positions[caller.key]
            if caller.parent == draft.parent:
                depth = depths[caller.key] + 1
        positions[key], depths[key] = position, depth
        before = positions.get(draft.previous) if draft.previous else None
        window, decision = draft.window, draft.decision
        steps.append(
            Step(  # in the order of its fields: names take twice the time
                position,
                key or "",
                draft.kind,
                draft.name,
                draft.source,
                parent,
                calling,
                depth,
                draft.agent,
                thread,
                before or last.get(thread),
                draft.start_ns,
                draft.end_ns,
                draft.status,
                draft.error,
                draft.input,
                draft.output,
                draft.reasoning,
                draft.model,
                draft.usage,
                draft.tools,
                draft.calls,
                draft.call_id,
                windows.delta(draft, window, position) if window else None,
                draft.resets_context,
                positions.get(draft.keeps) if draft.keeps else None,
                draft.abandoned,
                tuple(draft.state),
                replace(decision, step=position) if decision else None,
                draft.details,
            )
        )
        last[thread] = position
    return tuple(steps)


class _Windows:
    """Turns recorded context windows into changes to the window before."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, tuple[Message, ...]]] = {}
        self._by_key: dict[str | None, tuple[int, int]] = {}

    def delta(self, draft: Draft, window: Window, position: int) -> Context:
        if draft.kind != "model":  # no call: no window builds on it
            return Context(None, 0, tuple(window.add), 0, "recorded")
        if window.base is not None and window.base in self._by_key:
            base, length = self._by_key[window.base]
            keep = min(window.keep, length)
            add = tuple(window.add)
        else:
            base, known = self._last.get(draft.thread, (0, ()))
            whole = tuple(window.add)
            keep, length = _common(known, whole), len(known)
            add = whole[keep:]
            self._last[draft.thread] = (position, whole)
        self._by_key[draft.key] = (position, keep + len(add))
        return Context(base or None, keep, add, length - keep, "recorded")


def _common(before: tuple[Message, ...], now: tuple[Message, ...]) -> int:
    """How many messages the two windows begin with in common."""
    if now[: len(before)] == before:
        return len(before)
    for number, (old, new) in enumerate(zip(before, now, strict=False)):
        if old != new:
            return number
    return min(len(before), len(now))


def _unique(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v))


def _status(steps: tuple[Step, ...]) -> RunStatus:
    """What the end of an event log shows; a format that records it says it itself."""
    open_calls = [s for s in steps if s.kind == "tool" and s.status == "unset"]
    if open_calls and open_calls[-1].position == len(steps):
        return "incomplete"
    return "error" if steps and steps[-1].kind == "error" else "unknown"
