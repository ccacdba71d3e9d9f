"""Gives the facts of a step by the names that expressions know them by.

Only what an expression needs is looked up. What is not recorded is None, of a number
or a payload, and an empty text or list of the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from whypath.derive.findings.finding import by_step
from whypath.derive.rules.expressions import MAX_BYTES, TOO_LARGE, bounded
from whypath.derive.story import Story
from whypath.model import Step

_CALLED = ("tool", "retrieval")


class StepFacts:
    """The facts of the steps of one run."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._contents = story.run.contents
        self._known: dict[int, Any] = {}
        self._states: list[dict[str, Any]] | None = None
        self._found = {
            step: [finding.rule for finding in found]
            for step, found in by_step(story.findings).items()
        }
        self._makers: Mapping[str, Callable[[Step], Any]] = {
            "step": lambda step: step.position,
            "kind": lambda step: step.kind,
            "name": lambda step: step.name,
            "tool": lambda step: step.name if step.kind in _CALLED else "",
            "agent": lambda step: step.agent or "",
            "model": lambda step: step.model or "",
            "status": lambda step: step.status,
            "error": lambda step: step.error or "",
            "input": lambda step: self._content(step.input),
            "output": lambda step: self._content(step.output),
            "reasoning": self._reasoning,
            "question": lambda step: self._decided(step, "question", ""),
            "chosen": lambda step: self._names(step, True),
            "options": lambda step: self._names(step, False),
            "basis": lambda step: self._decided(step, "basis", ""),
            "findings": lambda step: self._found.get(step.position, []),
            "tokens_in": lambda step: step.usage and step.usage.input_tokens,
            "tokens_out": lambda step: step.usage and step.usage.output_tokens,
            "cost": lambda step: step.usage and step.usage.cost_usd,
            "duration_s": _duration,
            "abandoned": lambda step: step.abandoned,
            "state": self._state,
        }

    def of(self, step: Step, needs: Iterable[str]) -> dict[str, Any]:
        """The facts of a step with these names."""
        return {name: self._makers[name](step) for name in needs}

    def _content(self, content: int | None) -> Any:
        if content is None:
            return None
        if content not in self._known:
            value: Any = TOO_LARGE
            if self._contents.size(content) <= MAX_BYTES:
                value = bounded(self._contents.document(content))
            self._known[content] = value
        return self._known[content]

    def _reasoning(self, step: Step) -> Any:
        if step.reasoning is None:
            return ""
        if self._contents.size(step.reasoning) > MAX_BYTES:
            return TOO_LARGE
        return self._contents.text(step.reasoning)

    def _decided(self, step: Step, name: str, otherwise: Any) -> Any:
        decision = self._story.decisions.get(step.position)
        return otherwise if decision is None else getattr(decision, name)

    def _names(self, step: Step, only_chosen: bool) -> list[str]:
        decision = self._story.decisions.get(step.position)
        if decision is None:
            return []
        options = decision.chosen if only_chosen else decision.options
        return [option.name for option in options]

    def _state(self, step: Step) -> Any:
        """The state after a step; the states of all steps are worked out at once."""
        if self._states is None:
            now: dict[str, Any] = {}
            self._states = []
            for each in self._story.run.steps:
                if each.state:
                    now = dict(now)
                for change in each.state:
                    now[change.path] = self._content(change.value)
                    if change.value is None:
                        del now[change.path]
                self._states.append(now)
        state = self._states[step.position - 1]
        return TOO_LARGE if TOO_LARGE in state.values() else state


def _duration(step: Step) -> float | None:
    if step.start_ns is None or step.end_ns is None or step.end_ns < step.start_ns:
        return None
    return (step.end_ns - step.start_ns) / 1e9
