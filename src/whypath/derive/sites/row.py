"""Boils a run down to the row that stands for it among thousands: plain, small data.

Rows travel between processes and outlive a build. What many of them say together is in
`points` and `groups`.
"""

from collections.abc import Iterator
from typing import Literal, Protocol

import msgspec

from whypath.derive.decisions.calls import ANSWER
from whypath.derive.story import Story
from whypath.model import Decision, Run, Step

Outcome = Literal["passed", "failed", "unknown"]
By = Literal["name", "agent", "tool"]

MAX_TEXT = 120
MAX_CHOICE = 60
MAX_VALUES = 8
"""An argument with more different values than this in one run is no choice."""
MAX_CHOICES = 400
MAX_FLAWS = 60
_SCALARS = (str, int, float, bool)


class Choice(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was chosen at a decision point in one run, and how often.

    `by` is what names the point: a recorded decision's `name`, the `agent` whose model
    calls tools, or the `tool` whose argument it is. `step` is the first place;
    `defaults` counts the times that the trace says a default was used, `wrong` those
    whose evidence was not found.
    """

    point: str
    by: By
    chosen: str
    step: int
    count: int
    defaults: int = 0
    wrong: int = 0


class Flaw(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A finding in short: its first step, and how often its rule fired in the run."""

    rule: str
    severity: str
    statement: str
    step: int
    count: int = 1


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One run, or a trace that could not be read: then `error` says why.

    `key` names its folder among the pages. `source` is the file as the site calls it;
    `asked` is a hash of the first thing that a user said.
    Times are nanoseconds. None is "not recorded".
    """

    key: str
    source: str
    run: str = ""
    format: str = ""
    task: str = ""
    asked: str = ""
    agent: str = ""
    models: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    status: str = "unreadable"
    outcome: Outcome = "unknown"
    score: float | None = None
    tone: str = "error"
    verdict: str = ""
    verdict_step: int | None = None
    start_ns: int | None = None
    duration_ns: int | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    steps: int = 0
    decisions: int = 0
    errors: int = 0
    flaws: tuple[Flaw, ...] = ()
    choices: tuple[Choice, ...] = ()
    error: str = ""

    @property
    def findings(self) -> int:
        """How many findings the run has, of all rules."""
        return sum(flaw.count for flaw in self.flaws)


class Rows(Protocol):
    """Rows in an order, to go through as often as needed: a list, or rows in files."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Row]: ...
    def __reversed__(self) -> Iterator[Row]: ...


def row_of(story: Story, key: str, source: str) -> Row:
    """The row of a run; `key` and `source` are what the site calls it."""
    run, totals, verdict = story.run, story.totals, story.verdict
    known = (totals.input_tokens, totals.output_tokens)
    tokens = [count for count in known if count is not None]
    score = _score(run)
    return Row(
        key=key,
        source=source,
        run=run.id,
        format=run.format,
        task=_short(story.heading, MAX_TEXT),
        asked=_asked(run),
        agent=_short(run.agent or "", MAX_TEXT),
        models=tuple(_short(model, MAX_TEXT) for model in run.models[:8]),
        labels=tuple(
            (_short(name, MAX_CHOICE), _short(value, MAX_TEXT))
            for name, value in run.labels[:40]
        ),
        status=run.status,
        outcome=_outcome(run, score),
        score=score,
        tone=verdict.tone,
        verdict=_short(verdict.text, 300),
        verdict_step=verdict.step,
        start_ns=run.start_ns,
        duration_ns=totals.duration_ns,
        tokens=sum(tokens) if tokens else None,
        cost_usd=totals.cost_usd,
        steps=totals.steps,
        decisions=totals.decisions,
        errors=totals.errors,
        flaws=tuple(_flaws(story)),
        choices=tuple(_choices(story)),
    )


def _asked(run: Run) -> str:
    """The same for runs that begin with the same words of a user."""
    said = (s.input for s in run.steps if s.kind == "user" and s.input is not None)
    first = next(said, None)
    return "" if first is None else run.contents.digest(first)


def unreadable(key: str, source: str, error: str) -> Row:
    """The row of a trace that could not be read, or be made into pages."""
    return Row(key=key, source=source, error=_short(error, 500))


def _score(run: Run) -> float | None:
    """The reward, else the score, as recorded."""
    if run.outcome is None:
        return None
    return run.outcome.reward if run.outcome.reward is not None else run.outcome.score


def _outcome(run: Run, score: float | None) -> Outcome:
    """By reward or score where there is one, else by the recorded status."""
    if score is not None:
        return "passed" if score > 0 else "failed"
    if run.status in ("error", "incomplete"):
        return "failed"
    return "passed" if run.status == "ok" else "unknown"


def _flaws(story: Story) -> Iterator[Flaw]:
    """A flaw for each rule that found something, the gravest first."""
    by_rule: dict[str, Flaw] = {}
    for finding in story.findings:
        known = by_rule.get(finding.rule)
        by_rule[finding.rule] = (
            msgspec.structs.replace(known, count=known.count + 1)
            if known is not None
            else Flaw(
                finding.rule,
                finding.severity,
                _short(finding.statement, 300),
                finding.step,
            )
        )
    yield from list(by_rule.values())[:MAX_FLAWS]


class _Seen:
    """What was chosen at one point: choice -> step, count, defaults, wrong."""

    def __init__(self, by: By) -> None:
        self.by = by
        self.choices: dict[str, list[int]] = {}

    def add(
        self, chosen: str, step: int, default: bool = False, wrong: bool = False
    ) -> None:
        """Counts a choice."""
        known = self.choices.setdefault(chosen, [step, 0, 0, 0])
        known[1] += 1
        known[2] += default
        known[3] += wrong


def _choices(story: Story) -> Iterator[Choice]:
    """Every choice at every point, in the order of their first appearance."""
    seen: dict[str, _Seen] = {}
    for step in story.run.steps:
        decision = story.decisions.get(step.position)
        if decision is not None and decision.chosen:
            _decided(story, step, decision, seen)
        if step.kind in ("tool", "retrieval") and not step.abandoned:
            _called(story, step, seen)
    made = (
        Choice(point, one.by, chosen, *numbers)
        for point, one in seen.items()
        if one.by != "tool" or len(one.choices) <= MAX_VALUES
        for chosen, numbers in one.choices.items()
    )
    yield from sorted(made, key=lambda c: c.by != "name")[:MAX_CHOICES]


def _decided(
    story: Story, step: Step, decision: Decision, seen: dict[str, _Seen]
) -> None:
    names = sorted({option.name for option in decision.chosen})
    if decision.basis != "recorded" and step.kind == "model" and not decision.recovery:
        point = f"{step.agent or story.run.agent or 'model'}: what to do next"
        for name in names:
            chosen = "answer" if name == ANSWER else _short(name, MAX_CHOICE)
            seen.setdefault(point, _Seen("agent")).add(chosen, step.position)
        return
    named = step.name if step.kind == "decision" else ""
    point = _short(named or decision.question, MAX_TEXT)
    checks = story.evidence.get(step.position, ())
    seen.setdefault(point, _Seen("name")).add(
        _short(", ".join(names), MAX_CHOICE),
        step.position,
        any(evidence.default for evidence in decision.evidence),
        any(check.verdict in ("missing", "differs") for check in checks),
    )


def _called(story: Story, step: Step, seen: dict[str, _Seen]) -> None:
    """Short arguments of a call: few different ones are a choice, too."""
    contents = story.run.contents
    if step.input is None or contents.size(step.input) > 4_000:
        return
    document = contents.document(step.input)
    if not isinstance(document, dict):
        return
    for name, value in list(document.items())[:12]:
        if isinstance(value, _SCALARS):
            point = _short(f"{step.name} · {name}", MAX_TEXT)
            one = seen.setdefault(point, _Seen("tool"))
            if len(one.choices) <= MAX_VALUES:
                one.add(_short(_written(value), MAX_CHOICE), step.position)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(text: str, length: int) -> str:
    """The text on one line, cut."""
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length else line[: length - 1] + "…"
