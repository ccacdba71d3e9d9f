"""Makes the columns that the page's outline, scrubber and keys read: one row a step.

As JSON, and one column at a time: of a large run all of them would be a quarter of what
there is to hold.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from whypath.content import to_json
from whypath.derive.causes import HOW_CODES
from whypath.derive.findings.finding import by_step
from whypath.derive.story import Story
from whypath.model import KINDS
from whypath.render import words

KIND_CODES = "usmtardxhgev"
"""One letter for each of `model.KINDS`, in the same order."""

PART_BYTES = 4 * 1024 * 1024
_ROWS = 4096
_CODE = dict(zip(KINDS, KIND_CODES, strict=True))
_STATUS = {"ok": "o", "error": "e", "unset": "-"}


def columns(
    story: Story, node_of: Mapping[int, int], first: int | None
) -> Iterator[tuple[str, bytes]]:
    """Data for assets/data.js: lists have an entry a step, strings a letter."""
    run, led_by = story.run, story.led_by
    seen_at, state_at = story.seen_at, story.state_at
    steps, start = run.steps, run.start_ns
    agents, models = story.totals.agents, story.totals.models
    numbers = {name: number for number, name in enumerate(agents)}
    model = {name: number for number, name in enumerate(models)}
    yield "count", to_json(len(steps))
    yield "kinds", to_json("".join(_CODE[step.kind] for step in steps))
    yield "codes", to_json({_CODE[kind]: kind for kind in KINDS})
    yield "status", to_json("".join(_STATUS[step.status] for step in steps))
    yield "decided", to_json("".join(_basis(story, step.position) for step in steps))
    yield "names", _column(_names(story))
    yield "titles", _column(story.titles)
    yield "depth", _column(min(step.depth, 12) for step in steps)
    yield "agents", to_json(agents)
    yield "agent", _column(numbers.get(step.agent or "", -1) for step in steps)
    yield "models", to_json(models)
    yield "model", _column(model.get(step.model or "", -1) for step in steps)
    yield "at", _column(_since(start, step.start_ns) for step in steps)
    yield "parent", _column(step.parent or 0 for step in steps)
    yield "caller", _column(step.caller or 0 for step in steps)
    yield "start", _column(_after(start, step.start_ns) for step in steps)
    yield "took", _column(_after(step.start_ns, step.end_ns) for step in steps)
    yield "ledBy", _column(led_by.get(step.position, 0) for step in steps)
    yield "causes", _column(_causes(story, step.position) for step in steps)
    yield "seenAt", _column(seen_at.get(step.position, 0) for step in steps)
    yield "stateAt", _column(state_at.get(step.position, 0) for step in steps)
    yield "node", _column(node_of.get(step.position, -1) for step in steps)
    yield "abandoned", _column(step.position for step in steps if step.abandoned)
    yield "wrong", _column(at for at in story.evidence if _is_wrong(story, at))
    yield "findings", to_json(_findings(story))
    yield "verdictStep", to_json(first or story.verdict.step or 0)


def in_parts(columns: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """JSON objects with the columns, each of a few MB at most but for a long column.

    Nothing of one is held when the next one is made.
    """
    part: list[bytes] = []
    size = 0
    for name, column in columns:
        if part and size + len(column) > PART_BYTES:
            yield _object(part)
            size = 0
        part += (b",", to_json(name), b":", column)
        size += len(column)
        del column
    yield _object(part)


def _object(part: list[bytes]) -> bytes:
    """The parts as one JSON object, and no longer as parts."""
    part[0] = b"{"
    data = b"".join([*part, b"}"])
    part.clear()
    return data


def _column(values: Iterable[Any]) -> bytes:
    """A list of the values, without a list of them all."""
    rows = iter(values)
    parts: list[bytes] = []
    while part := list(islice(rows, _ROWS)):
        parts += (b",", to_json(part)[1:-1])
    return b"".join([b"[", *parts[1:], b"]"])


def _since(start_ns: int | None, ns: int | None) -> str:
    """How long after the start in words; empty where one is not recorded."""
    return "" if start_ns is None or ns is None else words.offset(ns - start_ns)


def _causes(story: Story, position: int) -> list[int]:
    """The steps that led here, each followed by how: a number of `HOW_CODES`."""
    causes = story.causes.get(position, ())
    return [number for cause, how in causes for number in (cause, HOW_CODES[how])]


def _after(start_ns: int | None, ns: int | None) -> float | None:
    """Milliseconds from one moment to another; None where one is not recorded."""
    if start_ns is None or ns is None or ns < start_ns:
        return None
    return round((ns - start_ns) / 1e6, 1)


def _basis(story: Story, position: int) -> str:
    """`r` recorded, `i` inferred, `-` no decision."""
    decision = story.decisions.get(position)
    if decision is None:
        return "-"
    return "r" if decision.basis == "recorded" else "i"


def _is_wrong(story: Story, position: int) -> bool:
    checks = story.evidence[position]
    return any(check.verdict in ("missing", "differs") for check in checks)


def _findings(story: Story) -> list[tuple[int, str, str, str]]:
    """A row for each step of a finding: position, rule, severity, statement."""
    return [
        (step, finding.rule, finding.severity, finding.statement)
        for step, found in by_step(story.findings).items()
        for finding in found
    ]


def _names(story: Story) -> Iterator[str]:
    """A short name for each row; empty where the title alone says it."""
    for step in story.run.steps:
        telling = step.kind not in ("user", "system", "model", "decision")
        yield step.name if telling else ""
