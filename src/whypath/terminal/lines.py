"""Turns a Story into lines of plain text: the run, one step, its context window."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from whypath.derive.story import Story
from whypath.derive.windows.context import window
from whypath.model import Message, Redaction, Run, Step
from whypath.render import words
from whypath.terminal.findings import finding_lines
from whypath.terminal.text import counted, indented, line, line_cut


def about_others(runs: Sequence[Run], shown: Run) -> str | None:
    """One sentence about the runs that are not shown, or None when there are none."""
    others = [run.id for run in runs if run is not shown]
    if not others:
        return None
    here = f"This is run {line(shown.id)}, one of {len(runs):,} in the input"
    return f"{here}; others: {_some(others, 5)}."


def left_out(files: Sequence[str]) -> str:
    """One sentence about the files that no reader claimed."""
    return f"Left out, being no known trace: {_some(files, 3)}"


def taken_out(redactions: Sequence[Redaction]) -> str:
    """One sentence about the secrets that were replaced: how many of which kind."""
    kinds = Counter(each.label.strip("[]").split(":")[1] for each in redactions)
    said = ", ".join(f"{kind} x{n}" if n > 1 else kind for kind, n in kinds.items())
    steps = sorted({step for each in redactions for step in each.steps})
    where = f" (steps {_some([str(step) for step in steps], 6)})" if steps else ""
    return f"Replaced {counted(len(redactions), 'secret')}: {said}{where}."


def taken_out_of(runs: Iterable[Run]) -> str | None:
    """The same about several runs; None for no secret in any."""
    found: dict[str, Redaction] = {}
    for run in runs:
        some = run.redactions or ()
        found |= {each.label: each._replace(steps=()) for each in some}
    return taken_out([*found.values()]) if found else None


def _some(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return line(", ".join(names[:most])) + more


def overview(story: Story, width: int) -> Iterator[str]:
    """The verdict, the totals and a line for each step."""
    run, totals = story.run, story.totals
    title = line_cut(line(story.heading), max(width // 2, 60))
    yield f"{title}  ({run.format}, run {line(run.id)})"
    yield line(story.verdict.text)
    yield " · ".join(_totals(story))
    if totals.models:
        yield "models: " + line(", ".join(totals.models))
    for problem in run.problems:
        times = f" ({problem.count:,} times)" if problem.count > 1 else ""
        where = f"line {problem.line}: " if problem.line else ""
        if len(run.files) > 1:
            where = f"{problem.file}: {where}"
        yield line(f"{problem.level}: {where}{problem.what}; {problem.done}{times}")
    yield from finding_lines(story, width)
    yield ""
    digits = len(str(totals.steps))
    for step, title in zip(run.steps, story.titles, strict=True):
        yield _row(story, step, title, digits, width)


def _totals(story: Story) -> Iterator[str]:
    totals = story.totals
    yield words.counted(totals.steps, "step")
    yield words.counted(totals.decisions, "decision")
    yield words.counted(totals.errors, "error")
    if totals.duration_ns is None:
        yield "time not recorded"
    else:
        yield words.duration(totals.duration_ns)
    if totals.input_tokens is None and totals.output_tokens is None:
        yield "tokens not recorded"
    else:
        tokens_in, tokens_out = totals.input_tokens or 0, totals.output_tokens or 0
        yield f"{tokens_in:,} tokens in, {tokens_out:,} out"
    yield (
        "cost not recorded" if totals.cost_usd is None else words.cost(totals.cost_usd)
    )
    yield story.run.status


def _row(story: Story, step: Step, title: str, digits: int, width: int) -> str:
    decision = story.decisions.get(step.position)
    mark = "*" if decision and decision.basis == "recorded" else _mark(step)
    name = step.model if step.kind == "model" else step.name
    text = title if not name or title.startswith(name) else f"{name}  {title}"
    row = f"{step.position:>{digits}} {mark} {'  ' * min(step.depth, 6)}"
    return line_cut(f"{row}{step.kind:<9} {line(text)}", width)


def _mark(step: Step) -> str:
    """`x` for an error, `?` for a call that nothing came back from."""
    if step.status == "error":
        return "x"
    return "?" if step.kind == "tool" and step.status == "unset" else " "


def step_lines(story: Story, step: Step, limit: int) -> Iterator[str]:
    """One step: facts, why, input and output, each cut after `limit` characters."""
    run = story.run
    name = f" {line(step.name)}" if step.name else ""
    yield f"step {step.position} of {len(run.steps)}: {step.kind}{name} ({step.status})"
    yield f"source: {line(step.source.file)}" + (
        f":{step.source.line}" if step.source.line else ""
    )
    if step.start_ns is not None:
        took = (
            f", {words.duration(step.end_ns - step.start_ns)}"
            if step.end_ns is not None and step.end_ns >= step.start_ns
            else ""
        )
        yield f"time: {words.moment(step.start_ns)}{took}"
    if step.error:
        yield f"error: {line_cut(line(step.error), limit)}"
    for label, content in (
        ("input", step.input),
        ("reasoning", step.reasoning),
        ("output", step.output),
    ):
        if content is not None:
            yield f"{label}:"
            yield from indented(run.contents.text(content), limit)
    for call in step.calls:
        text = run.contents.text(call.arguments) if call.arguments is not None else ""
        yield f"call: {line(call.name)}"
        yield from indented(text, limit)


def context_lines(story: Story, position: int, limit: int) -> Iterator[str]:
    """The context window in force at a step, message by message."""
    at = story.seen_at.get(position)
    if at is None:
        yield "context: no model call comes before this step"
        return
    context, change = story.contexts[at], story.changes[at]
    messages = window(story.contexts, at)
    again = len(change.again)
    why_gone = "compacted" if change.compacted else "evicted"
    gone = f"{len(change.gone)} {why_gone}" if change.gone else "0 gone"
    yield (
        f"context at step {at} ({context.basis}): {counted(len(messages), 'message')}, "
        f"{context.keep + again} kept, {len(context.add) - again} new, {gone}"
    )
    for number, message in enumerate(messages, start=1):
        index = number - 1 - context.keep
        mark = " " if index < 0 or index in change.again else "+"
        yield from _message(story, f"{mark}{number}", message, limit)
    if change.gone:
        yield f"{why_gone} since step {change.previous}:"
    for message in change.gone:
        yield from _message(story, "-", message, limit)


def _message(story: Story, mark: str, message: Message, limit: int) -> Iterator[str]:
    """A message of a window: who and what on a line, then its text."""
    name = f" {line(message.name)}" if message.name else ""
    yield f"{mark} {line(message.role)} {line(message.kind)}{name}"
    if message.content is not None:
        yield from indented(story.run.contents.text(message.content), limit)
