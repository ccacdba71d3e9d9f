"""Gives every tool call of a run its step, and every result the step of its call.

What has no partner is shown all the same, with a Problem. Part of the `builder` room.
"""

from whypath.builder import Builder, Draft, Result, RunDraft
from whypath.model import Call, Source

ANSWERS = ("tool", "retrieval", "handoff")
"""Kinds of steps that a model's call can ask for."""


def pair_calls(run: RunDraft, builder: Builder) -> dict[int, Draft]:
    """Gives every call its tool step. Returns tool draft (by id()) -> calling draft."""
    callers: dict[int, Draft] = {}
    tools = {d.call_id: d for d in run.steps if d.kind in ANSWERS and d.call_id}
    seen: set[str] = set()
    made: list[Draft] = []
    for draft in run.steps:
        for number, call in enumerate(draft.calls, start=1):
            if call.id and call.id in seen:
                what, done = "two calls have the same id", "the first has the step"
                builder.problem_at("note", what, done, draft.source)
                continue
            tool = tools.get(call.id) if call.id else None
            if tool is None:
                tool = _tool_for(call, draft, number)
                made.append(tool)
            if call.id:
                seen.add(call.id)
            callers[id(tool)] = draft
            result = run.results.pop(call.id, None) if call.id else None
            if result is not None and tool.output is None:
                if result.order < draft.order[0]:
                    what = "a result stands before its call"
                    done = "paired all the same"
                    builder.problem_at("repair", what, done, result.source)
                _take(result, tool)
            elif result is None and tool.output is None and tool.status == "unset":
                what = "a call has no result"
                builder.problem_at("note", what, "shown as open", tool.source)
    run.steps.extend(made)
    for result in run.results.values():
        if (tool := tools.get(result.call_id)) is not None:
            _take(result, tool)
            continue
        what = "a result has no call"
        done = "shown as a step of its own"
        builder.problem_at("repair", what, done, result.source)
        orphan = Draft(
            kind="tool",
            name=result.name or "(call not recorded)",
            source=result.source,
            order=(result.order, 0),
            output=result.output,
            end_ns=result.end_ns,
            status=result.status,
            error=result.error,
            details=result.details,
            call_id=result.call_id,
        )
        run.steps.append(orphan)
    return callers


def _take(result: Result, tool: Draft) -> None:
    """Fills in what the tool's own step does not say."""
    if tool.output is not None:
        return
    tool.output = result.output
    tool.end_ns = tool.end_ns or result.end_ns
    tool.error = tool.error or result.error
    tool.details = result.details if tool.details is None else tool.details
    if tool.status == "unset":
        tool.status = result.status


def _tool_for(call: Call, caller: Draft, number: int) -> Draft:
    """The step of a call that no step of its own was recorded for."""
    return Draft(
        kind="tool",
        name=call.name,
        key=call.id,
        source=Source(caller.source.file, caller.source.line, call.id),
        order=(caller.order[0], number),
        parent=caller.parent,
        agent=caller.agent,
        thread=caller.thread,
        start_ns=caller.end_ns or caller.start_ns,
        input=call.arguments,
        call_id=call.id,
        abandoned=caller.abandoned,
    )
