"""Makes the columns that the page's outline, scrubber and keys read: one row a step."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from whypath.content import Raw, in_json
from whypath.derive.causes import HOWS
from whypath.derive.findings.finding import by_step
from whypath.derive.story import Story
from whypath.model import KINDS
from whypath.render import words

KIND_CODES = "usmtardxhgev"
"""One letter for each of `model.KINDS`, in the same order."""

_HOWS = {how: number for number, how in enumerate(HOWS)}
_CODE = dict(zip(KINDS, KIND_CODES, strict=True))
_STATUS = {"ok": "o", "error": "e", "unset": "-"}


def index(
    story: Story, node_of: Mapping[int, int], first: int | None
) -> dict[str, Any]:
    """Data for assets/data.js: lists have an entry a step, strings a letter."""
    steps = story.run.steps
    start = story.run.start_ns
    agents = story.totals.agents
    numbers = {name: number for number, name in enumerate(agents)}
    models = {name: number for number, name in enumerate(story.totals.models)}
    return {
        "count": len(steps),
        "kinds": "".join(_CODE[step.kind] for step in steps),
        "codes": {_CODE[kind]: kind for kind in KINDS},
        "status": "".join(_STATUS[step.status] for step in steps),
        "decided": "".join(_basis(story, step.position) for step in steps),
        "names": _column(_names(story)),
        "titles": _column(story.titles),
        "depth": _column(min(step.depth, 12) for step in steps),
        "agents": list(agents),
        "agent": _column(numbers.get(step.agent or "", -1) for step in steps),
        "models": list(models),
        "model": _column(models.get(step.model or "", -1) for step in steps),
        "at": _column(
            words.offset(step.start_ns - start)
            if step.start_ns is not None and start is not None
            else ""
            for step in steps
        ),
        "parent": _column(step.parent or 0 for step in steps),
        "caller": _column(step.caller or 0 for step in steps),
        "start": _column(_after(start, step.start_ns) for step in steps),
        "took": _column(_after(step.start_ns, step.end_ns) for step in steps),
        "ledBy": _column(story.led_by.get(step.position, 0) for step in steps),
        "causes": _column(_causes(story, step.position) for step in steps),
        "seenAt": _column(story.seen_at.get(step.position, 0) for step in steps),
        "stateAt": _column(story.state_at.get(step.position, 0) for step in steps),
        "node": _column(node_of.get(step.position, -1) for step in steps),
        "abandoned": [step.position for step in steps if step.abandoned],
        "wrong": [
            position for position in story.evidence if _is_wrong(story, position)
        ],
        "findings": _findings(story),
        "verdictStep": first or story.verdict.step or 0,
    }


def _column(values: Iterable[Any]) -> Raw:
    """The values as JSON at once, which takes a tenth of the memory of a list."""
    return in_json(list(values))


def _causes(story: Story, position: int) -> list[int]:
    """The steps that led here, each followed by how: a number, as in `HOWS`."""
    causes = story.causes.get(position, ())
    return [number for cause, how in causes for number in (cause, _HOWS[how])]


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
