"""Turns diffs into lines for the terminal, plain data for JSON, and short Markdown.

Trace text is made safe here: no control character of it reaches a terminal, and in
Markdown it is nothing but text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from whypath.derive.diffs.diff import Diff
from whypath.derive.diffs.leaves import Change
from whypath.derive.diffs.metrics import Metric, find_metrics
from whypath.derive.diffs.parting import Side
from whypath.derive.diffs.row import Row
from whypath.derive.diffs.words import CLASSES, chain, join, verdict
from whypath.derive.story import Story
from whypath.render import words
from whypath.render.markdown import quoted
from whypath.terminal import line


def lines(diff: Diff) -> Iterator[str]:
    """The verdict, what leads to it and on, the numbers that differ."""
    yield from (f"{name}: {_named(story)}" for name, story in _sides(diff))
    yield line(verdict(diff).text)
    joined = join(diff)
    if joined:
        yield line(joined)
    for link in chain(diff):
        yield f"  {_ROLES[link.role]:<9} {line(link.text)}"
    numbers = [metric for metric in find_metrics(diff.a, diff.b) if metric.differs]
    if numbers:
        yield "not the same: " + line(", ".join(map(_metric, numbers)))
    if diff.masked:
        what = words.counted(diff.masked, "value")
        yield f"masked: {what} that differ only in ids, times or the like"


_ROLES = {
    "cause": "cause",
    "carrier": "by way of",
    "also": "also",
    "decision": "so",
    "after": "then",
}


def _sides(diff: Diff) -> tuple[tuple[str, Story], tuple[str, Story]]:
    return ("A", diff.a), ("B", diff.b)


def _named(story: Story) -> str:
    run = story.run
    return line(f"{run.id} ({run.format}, {words.counted(len(run.steps), 'step')})")


def _metric(metric: Metric) -> str:
    a, b = shown(metric, metric.a), shown(metric, metric.b)
    return f"{metric.name} {a} and {b}"


def shown(metric: Metric, value: float | str | None) -> str:
    """A number of a run as people read it."""
    if value is None:
        return "not recorded"
    if isinstance(value, str):
        return value
    if metric.unit == "usd":
        return words.cost(value)
    if metric.unit == "ns":
        return words.duration(int(value))
    return f"{value:,.10g}"


def as_json(diff: Diff) -> dict[str, Any]:
    """The same facts as plain data: the verdict, the cause, rows that differ."""
    parting, cause = diff.parting, diff.cause
    return {
        "same_decisions": diff.same_decisions,
        "verdict": verdict(diff).text,
        "a": _run(diff.a),
        "b": _run(diff.b),
        "parting": parting
        and {
            "a": _side(diff.a, parting.a),
            "b": _side(diff.b, parting.b),
            "arguments_only": parting.is_arguments,
        },
        "cause": cause
        and {
            "class": cause.kind,
            "says": CLASSES[cause.kind],
            "differences": [
                {"what": one.what, "how": one.how, "name": one.name}
                | {"step_a": one.step_a, "step_b": one.step_b}
                | {"used": list(one.used), "changes": _changes(one.changes)}
                for one in cause.differences
            ],
        },
        "chain": [
            {"role": link.role, "text": link.text}
            | {"step_a": link.step_a, "step_b": link.step_b}
            for link in chain(diff)
        ],
        "joins": None
        if parting is None or parting.joins is None
        else dict(
            zip(("step_a", "step_b"), diff.rows[parting.joins].leads, strict=True)
        ),
        "goes_on": join(diff),
        "metrics": [
            {"name": m.name, "unit": m.unit, "a": m.a, "b": m.b, "delta": m.delta}
            for m in find_metrics(diff.a, diff.b)
        ],
        "counts": dict(diff.counts),
        "masked": diff.masked,
        "rows": [_row(row) for row in diff.rows if row.differs],
    }


def _run(story: Story) -> dict[str, Any]:
    run = story.run
    return {
        "run": run.id,
        "format": run.format,
        "files": list(run.files),
        "status": run.status,
        "steps": len(run.steps),
        "decisions": len(story.decisions),
    }


def _side(story: Story, side: Side) -> dict[str, Any]:
    contents = story.run.contents
    return {
        "step": side.step,
        "chose": [
            {
                "name": one.name,
                "arguments": None
                if one.arguments is None
                else contents.value(one.arguments),
            }
            for one in side.choice
        ],
        "steps_until_join": len(side.steps),
        "errors": side.errors,
        "tokens": side.tokens,
        "cost_usd": side.cost_usd,
        "duration_ns": side.duration_ns,
    }


def _changes(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [
        {"path": c.path, "how": c.how, "a": c.a, "b": c.b}
        | ({"path_b": c.path_b} if c.path_b else {})
        for c in changes
    ]


def _row(row: Row) -> dict[str, Any]:
    left, right = row.leads
    return {
        "how": row.how,
        "step_a": left,
        "step_b": right,
        "parts": [
            {"of": part.of, "step_a": part.step_a, "step_b": part.step_b}
            | {"changes": _changes(part.changes)}
            for part in row.parts
        ],
    }


def markdown(diffs: Sequence[Diff], page: str | None = None) -> Iterator[str]:
    """A short form for a comment on a pull request."""
    different = sum(not diff.same_decisions for diff in diffs)
    if len(diffs) > 1:
        yield f"### Whypath: {different} of {len(diffs)} runs part from the first"
        yield ""
        yield "| run | parts at | why |"
        yield "|---|---|---|"
        for diff in diffs:
            yield f"| {quoted(diff.b.run.id)} | {_parts_at(diff)} | {_why(diff)} |"
    else:
        (diff,) = diffs
        title = "other decisions" if different else "the same decisions"
        yield f"### Whypath: {title}"
        yield ""
        yield f"A is {quoted(_named(diff.a))}, B is {quoted(_named(diff.b))}."
        yield ""
        yield quoted(verdict(diff).text)
        joined = join(diff)
        if joined:
            yield quoted(joined)
        yield ""
        for link in chain(diff):
            yield f"- {_ROLES[link.role]}: {quoted(link.text)}"
        numbers = [metric for metric in find_metrics(diff.a, diff.b) if metric.differs]
        if numbers:
            yield ""
            yield "| | A | B |"
            yield "|---|---|---|"
        for metric in numbers:
            a, b = shown(metric, metric.a), shown(metric, metric.b)
            yield f"| {metric.name} | {quoted(a)} | {quoted(b)} |"
    if page:
        yield ""
        yield f"The page: {quoted(page)}"


def _parts_at(diff: Diff) -> str:
    if diff.parting is None:
        return "same decisions"
    a, b = diff.parting.a.step, diff.parting.b.step
    return f"step {a or '–'} / {b or '–'}"


def _why(diff: Diff) -> str:
    found = chain(diff)
    cause = next((link for link in found if link.role == "cause"), None)
    if diff.cause is None or cause is None:
        return ""
    return quoted(f"{CLASSES[diff.cause.kind]}: {cause.text}")


def matrix(diffs: Sequence[Diff]) -> Iterator[str]:
    """A line for each run against the first: where it parts, and why."""
    yield f"A: {_named(diffs[0].a)}"
    for diff in diffs:
        yield ""
        yield f"B: {_named(diff.b)}"
        yield line(verdict(diff).text)
