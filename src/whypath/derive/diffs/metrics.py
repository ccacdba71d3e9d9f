"""Puts the numbers of two runs side by side. What is not recorded is None."""

from typing import Literal, NamedTuple

from whypath.derive.story import Story
from whypath.model import Outcome, Run

Unit = Literal["count", "tokens", "usd", "ns", "number", "word"]


class Metric(NamedTuple):
    """A number, or a word, of both runs, and whether less is better."""

    name: str
    unit: Unit
    a: float | str | None
    b: float | str | None

    @property
    def delta(self) -> float | None:
        """B less A; None where one is not recorded, or is no number."""
        if isinstance(self.a, int | float) and isinstance(self.b, int | float):
            return self.b - self.a
        return None

    @property
    def differs(self) -> bool:
        """True when both are known and not the same."""
        return None not in (self.a, self.b) and self.a != self.b


def find_metrics(a: Story, b: Story) -> tuple[Metric, ...]:
    """Outcome, steps, decisions, calls, errors, tokens, cost and time of both runs."""
    left, right = a.totals, b.totals
    one, other = a.run.outcome or Outcome(), b.run.outcome or Outcome()
    found = [
        Metric("status", "word", a.run.status, b.run.status),
        Metric("score", "number", one.score, other.score),
        Metric("reward", "number", one.reward, other.reward),
        Metric("steps", "count", left.steps, right.steps),
        Metric("decisions", "count", left.decisions, right.decisions),
        Metric(
            "model calls", "count", _of_kind(a.run, "model"), _of_kind(b.run, "model")
        ),
        Metric("tool calls", "count", _of_kind(a.run, "tool"), _of_kind(b.run, "tool")),
        Metric("errors", "count", left.errors, right.errors),
        Metric("input tokens", "tokens", left.input_tokens, right.input_tokens),
        Metric("output tokens", "tokens", left.output_tokens, right.output_tokens),
        Metric("cost", "usd", left.cost_usd, right.cost_usd),
        Metric("time", "ns", left.duration_ns, right.duration_ns),
        Metric("models", "word", _listed(left.models), _listed(right.models)),
    ]
    optional = ("score", "reward", "models")
    return tuple(
        one
        for one in found
        if one.name not in optional or (one.a, one.b) != (None, None)
    )


def _of_kind(run: Run, kind: str) -> int:
    return sum(step.kind == kind for step in run.steps)


def _listed(models: tuple[str, ...]) -> str | None:
    return ", ".join(models) or None


def answers(a: Story, b: Story) -> tuple[str | None, str | None]:
    """The answers of both runs, as their traces record them."""
    texts = []
    for story in (a, b):
        outcome = story.run.outcome
        number = outcome.answer if outcome is not None else None
        texts.append(None if number is None else story.run.contents.text(number))
    return texts[0], texts[1]
