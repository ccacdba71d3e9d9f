"""Lays a run out for the checks: its calls with what came of them, and who said what.

Made once for a run and shared by all checks; what few of them need is made on demand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from whypath.derive.columns import Texts
from whypath.derive.evidence import CheckedEvidence
from whypath.derive.findings.effects import Effect, effect_of
from whypath.derive.findings.results import NOTHING, Facts, facts_of
from whypath.derive.origins.asking import followed_from
from whypath.derive.origins.origin import Origin
from whypath.model import Context, Decision, Run, Step

ACTS = ("tool", "retrieval")
NO_TOOL = ("(call not recorded)", "?", "")


class Act(NamedTuple):
    """A call of a tool and what came of it.

    `failure` says how it failed: by its status, or in its result's own words; `is_told`
    is false where it came back as if all was well and only a field says that it failed.
    `turn` is the position of the last words of the user before it.
    """

    step: Step
    effect: Effect
    facts: Facts
    failure: str | None
    is_told: bool
    turn: int

    @property
    def at(self) -> int:
        """The position of the step."""
        return self.step.position

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.step.name

    @property
    def key(self) -> tuple[str, int | None]:
        """The call: the tool, and its arguments as a content."""
        return self.step.name, self.step.input

    @property
    def worked(self) -> bool:
        """True when a result came back and does not say that it failed."""
        return self.failure is None and self.step.status == "ok"


class Said(NamedTuple):
    """Words of the model to somebody: with no call beside them, and not abandoned."""

    step: Step
    text: str
    turn: int


@dataclass(frozen=True)
class Sight:
    """All that checks look at. Dictionaries are keyed by position."""

    run: Run
    decisions: Mapping[int, Decision]
    evidence: Mapping[int, tuple[CheckedEvidence, ...]]
    contexts: Mapping[int, Context]
    origins: Mapping[int, tuple[Origin, ...]]
    titles: Texts

    @cached_property
    def followed_from(self) -> int:
        """The first step of which it was looked for where its values came from."""
        return followed_from(self.run)

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """Every call of a tool that was not abandoned, in order."""
        turn = 0
        acts = []
        known: dict[int, Facts] = {}
        for step in self.run.steps:
            if step.kind == "user" and not step.depth:
                turn = step.position
            elif step.kind in ACTS and not step.abandoned:
                acts.append(self._act(step, turn, known))
        return tuple(acts)

    def _act(self, step: Step, turn: int, known: dict[int, Facts]) -> Act:
        effect = effect_of(step.name) if step.kind == "tool" else "reads"
        facts = NOTHING
        if step.output is not None:
            found = known.get(step.output)
            if found is None:
                found = known[step.output] = facts_of(self.run.contents, step.output)
            facts = found
        if step.status == "error":
            why = step.error if _tells(step.error) else facts.failure or step.error
            if why is None and step.output is not None:
                why = self.run.contents.preview(step.output, 160)
            return Act(step, effect, facts, line(why or "no reason"), True, turn)
        told = facts.how != "envelope"
        return Act(step, effect, facts, facts.failure, told, turn)

    @cached_property
    def lanes(self) -> dict[str, tuple[Act, ...]]:
        """The calls of each thread, in order."""
        lanes: dict[str, list[Act]] = {}
        for act in self.acts:
            lanes.setdefault(act.step.thread, []).append(act)
        return {thread: tuple(acts) for thread, acts in lanes.items()}

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """What the main agent said to its user: model calls that called nothing."""
        turn, found = 0, []
        models = [s for s in self.run.steps if s.kind == "model" and not s.abandoned]
        depth = min((step.depth for step in models), default=0)
        for step in self.run.steps:
            if step.kind == "user" and not step.depth:
                turn = step.position
            elif step.kind != "model" or step.calls or step.abandoned:
                continue
            elif step.output is not None and step.depth == depth:
                found.append(Said(step, self.run.contents.text(step.output), turn))
        return tuple(found)

    @cached_property
    def answer(self) -> Said | None:
        """The last words of the run, where nothing was called after them."""
        if not self.said:
            return None
        last = self.said[-1]
        later = self.acts and self.acts[-1].at > last.step.position
        return None if later else last

    def document(self, content: int | None) -> Any:
        """A content as data; parsed once."""
        if content is None:
            return None
        known = self._documents
        if content not in known:
            if self.run.contents.size(content) > 300_000:
                known[content] = None
            else:
                known[content] = self.run.contents.document(content)
        return known[content]

    @cached_property
    def _documents(self) -> dict[int, Any]:
        return {}

    def words(self, content: int | None, length: int = 80) -> str:
        """The beginning of a content on one line."""
        return "" if content is None else self.run.contents.preview(content, length)


def _tells(error: str | None) -> bool:
    """True for a recorded reason that says more than that there was an error."""
    if error is None:
        return False
    return not error.startswith(("exit code", "failed; no message", "error"))


def line(text: str, length: int = 140) -> str:
    """A text on one line, cut."""
    one = " ".join(text.split())
    return one if len(one) <= length else one[: length - 1] + "…"


def short(text: object, length: int = 40) -> str:
    """A name or a value in few characters."""
    return line(str(text), length)


def steps_named(steps: tuple[int, ...] | list[int]) -> str:
    """`steps 3, 4 and 9`, of many the first ones."""
    if len(steps) == 1:
        return f"step {steps[0]}"
    if len(steps) > 4:
        return f"steps {', '.join(map(str, steps[:3]))} and {len(steps) - 3:,} more"
    return f"steps {', '.join(map(str, steps[:-1]))} and {steps[-1]}"
