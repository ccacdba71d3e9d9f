"""Checks a run against the rules that its owner wrote.

A rule that could not be evaluated is `unknown` or an `error`, and never a pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from whypath.derive.findings.finding import (
    Broken,
    Checked,
    Cite,
    Finding,
    NotApplicable,
    Severity,
    Unseen,
    conclude,
)
from whypath.derive.rules.expressions import Answer, Expression, evaluate
from whypath.derive.rules.facts import StepFacts
from whypath.derive.story import Story
from whypath.model import Step

Form = Literal[
    "require", "forbid", "expect", "absence", "precedence", "response", "count"
]
FORMS: tuple[Form, ...] = Form.__args__  # type: ignore[attr-defined]

Said = Iterator[Finding | Unseen | NotApplicable | Broken]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a user's own.

    `require` holds at every selected step, `forbid` at none, `expect` at one at least,
    `absence` nowhere. `precedence`: before each step where `other` holds, `main` has
    held. `response`: after each step where `main` holds, `other` does, within `within`
    steps. `count`: `main` holds at `at_least` to `at_most` steps. Where `given` holds
    nowhere in a run, the rule has nothing to say of it.
    """

    id: str
    severity: Severity
    form: Form
    main: Expression
    message: str = ""
    select: Expression | None = None
    other: Expression | None = None
    given: Expression | None = None
    within: int | None = None
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """Findings of a rule that are expected, where `when` holds, and why."""

    rule: str
    reason: str
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may take at most, of one kind."""

    name: str
    most: float
    severity: Severity


@dataclass(frozen=True, slots=True)
class Rules:
    """All that a file of rules asks for."""

    rules: tuple[Rule, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    budgets: tuple[Budget, ...] = ()


def apply_rules(story: Story, rules: Rules) -> tuple[list[Finding], list[Checked]]:
    """What the rules and budgets find in a run, and what came of each."""
    facts = StepFacts(story)
    found: list[Finding] = []
    checked: list[Checked] = []
    for rule in rules.rules:
        outcome, findings = conclude(rule.id, _Checking(story, facts, rule).look())
        checked.append(outcome)
        found.extend(findings)
    if rules.budgets:
        outcome, findings = conclude("budget", _over_budget(story, rules.budgets))
        checked.append(outcome)
        found.extend(findings)
    return found, checked


def allow(
    story: Story, findings: Sequence[Finding], allowances: Sequence[Allowance]
) -> tuple[Finding, ...]:
    """The findings, those that an allowance covers marked as expected.

    An allowance whose condition cannot be evaluated covers nothing.
    """
    facts = StepFacts(story)

    def covered(finding: Finding) -> Finding:
        for allowance in allowances:
            if allowance.rule not in (finding.rule, "*"):
                continue
            steps = [story.run.step(at) for at in finding.steps]
            when = allowance.when
            if when is None or all(
                evaluate(when, facts.of(step, when.needs)).said == "true"
                for step in steps
            ):
                return replace(finding, expected=allowance.reason)
        return finding

    return tuple(map(covered, findings))


class _Checking:
    """One rule on one run."""

    def __init__(self, story: Story, facts: StepFacts, rule: Rule) -> None:
        self._story = story
        self._facts = facts
        self._rule = rule
        self._steps = [s for s in story.run.steps if not s.abandoned]

    def look(self) -> Said:
        """What the rule finds."""
        rule = self._rule
        if rule.given is not None:
            given = [self._ask(rule.given, step) for step in self._steps]
            if not any(answer.said == "true" for answer in given):
                yield from self._unclear(given)
                yield NotApplicable("what the rule is about does not occur")
                return
        match rule.form:
            case "require" | "forbid":
                yield from self._each("false" if rule.form == "require" else "true")
            case "expect":
                yield from self._one()
            case "absence":
                yield from self._each("true")
            case "precedence":
                yield from self._precedence()
            case "response":
                yield from self._response()
            case "count":
                yield from self._count()

    def _ask(self, expression: Expression, step: Step) -> Answer:
        return evaluate(expression, self._facts.of(step, expression.needs))

    def _unclear(self, answers: Sequence[Answer]) -> Iterator[Unseen | Broken]:
        for answer in answers:
            if answer.said == "unknown":
                yield Unseen(answer.why)
            elif answer.said == "error":
                yield Broken(answer.why)

    def _selected(self) -> tuple[list[Step], list[Answer]]:
        """The steps that the rule is about, and the answers that leave it open."""
        select = self._rule.select
        if select is None:
            return self._steps, []
        answers = [(step, self._ask(select, step)) for step in self._steps]
        chosen = [step for step, answer in answers if answer.said == "true"]
        return chosen, [a for _, a in answers if a.said in ("unknown", "error")]

    def _each(self, wrong: str) -> Said:
        """Every selected step, with the expression's `wrong` answer as a finding."""
        steps, unclear = self._selected()
        if not steps and self._rule.select is not None:
            yield from self._unclear(unclear)
            yield NotApplicable("no step is selected")
            return
        answers = [(step, self._ask(self._rule.main, step)) for step in steps]
        bad = [step for step, answer in answers if answer.said == wrong]
        if bad:
            holds = "holds" if wrong == "true" else "does not hold"
            yield self._finding(bad, f"{self._rule.main.text} {holds}")
        yield from self._unclear([answer for _, answer in answers])
        if self._rule.select is not None and not bad:
            yield from self._unclear([a for a in unclear if a.said == "error"])

    def _one(self) -> Said:
        steps, unclear = self._selected()
        answers = [self._ask(self._rule.main, step) for step in steps]
        if any(answer.said == "true" for answer in answers):
            return
        open_ = [*unclear, *(a for a in answers if a.said in ("unknown", "error"))]
        if open_:
            yield from self._unclear(open_)
            return
        last = self._story.run.steps[-1]
        yield self._finding([last], f"{self._rule.main.text} never holds")

    def _precedence(self) -> Said:
        other = self._rule.other
        assert other is not None
        before, unclear = False, False
        for step in self._steps:
            asked = self._ask(other, step)
            if asked.said == "true" and not before:
                if unclear:
                    yield Unseen("whether it came before is not recorded")
                else:
                    text = f"{self._rule.main.text} has not held before"
                    yield self._finding([step], text)
                return
            yield from self._unclear([asked])
            first = self._ask(self._rule.main, step)
            before = before or first.said == "true"
            unclear = unclear or first.said in ("unknown", "error")

    def _response(self) -> Said:
        other, within = self._rule.other, self._rule.within
        assert other is not None
        asked = [self._ask(self._rule.main, step) for step in self._steps]
        answered = [self._ask(other, step) for step in self._steps]
        missing = []
        for at, answer in enumerate(asked):
            if answer.said != "true":
                continue
            end = len(asked) if within is None else at + 1 + within
            later = answered[at + 1 : end]
            if any(one.said == "true" for one in later):
                continue
            if any(one.said in ("unknown", "error") for one in later):
                yield from self._unclear(later)
            elif self._story.run.status == "incomplete" and end > len(asked):
                yield Unseen("the run was cut off before it could follow")
            else:
                missing.append(self._steps[at])
        if missing:
            near = "" if within is None else f" within {within} steps"
            yield self._finding(missing, f"{other.text} does not follow{near}")
        yield from self._unclear(asked)

    def _count(self) -> Said:
        rule = self._rule
        answers = [(step, self._ask(rule.main, step)) for step in self._steps]
        hits = [step for step, answer in answers if answer.said == "true"]
        open_ = [a for _, a in answers if a.said in ("unknown", "error")]
        most = rule.at_most
        if most is not None and len(hits) > most:
            text = f"{rule.main.text} holds {len(hits):,} times, more than {most:,}"
            yield self._finding(hits[most:], text)
        elif len(hits) < rule.at_least and not open_:
            last = self._story.run.steps[-1]
            text = f"{rule.main.text} holds {len(hits):,} times, not {rule.at_least:,}"
            yield self._finding([last], text)
        elif len(hits) < rule.at_least or most is not None:
            yield from self._unclear(open_)

    def _finding(self, steps: Sequence[Step], text: str) -> Finding:
        rule = self._rule
        first, *others = steps
        title = self._story.titles[first.position - 1]
        where = f"step {first.position}"
        if others:
            where += f" and {len(others):,} more"
        said = f"{rule.message} ({where})" if rule.message else f"At {where}: {text}."
        return Finding(
            rule.id,
            rule.severity,
            " ".join(said.split()),
            first.position,
            (Cite(first.position, f"{title[:80]}: {text}"[:200]),),
            tuple(step.position for step in others),
            first.name or first.kind,
        )


def _over_budget(story: Story, budgets: Sequence[Budget]) -> Said:
    """What a run took more of than it may."""
    totals = story.totals
    tokens = [t for t in (totals.input_tokens, totals.output_tokens) if t is not None]
    took: dict[str, float | None] = {
        "steps": totals.steps,
        "tokens": sum(tokens) if tokens else None,
        "cost_usd": totals.cost_usd,
        "duration_s": None if totals.duration_ns is None else totals.duration_ns / 1e9,
        "errors": totals.errors,
    }
    for budget in budgets:
        amount = took[budget.name]
        if amount is None:
            yield Unseen(f"{budget.name} is not recorded")
        elif amount > budget.most:
            yield Finding(
                "budget",
                budget.severity,
                f"The run took {amount:,.6g} {budget.name}, more than the "
                f"{budget.most:,.6g} it may.",
                len(story.run.steps),
                subject=budget.name,
            )
