"""Compares how two model calls were set up: model, tools, settings.

The prompt is a message and compared as one: see `window`. What one of the traces
does not record is no difference.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from whypath.derive.diffs.leaves import Change, Payloads, leaves_of
from whypath.derive.story import Story
from whypath.model import Step

What = Literal["model", "tools", "settings"]

SETTINGS = frozenset(
    (
        *("temperature", "top_p", "top_k", "seed", "max_tokens", "stop", "tool_choice"),
        *("max_output_tokens", "max_completion_tokens", "stop_sequences", "verbosity"),
        *("frequency_penalty", "presence_penalty", "reasoning_effort", "effort"),
        *("budget_tokens", "parallel_tool_calls", "response_format"),
    )
)
"""Names of settings, as the last part of a field's name, in small letters."""
_CONFIGURATION = re.compile(r"(?:^|_)(?:config|configuration|settings)$", re.IGNORECASE)
_ENDS = 10
"""The configuration of a run is looked for in so many steps at either end."""


class SetUp(NamedTuple):
    """A difference in how a call was set up, and the leaves that differ."""

    what: What
    changes: tuple[Change, ...]


def compare_set_up(
    a: Story, b: Story, at_a: int, at_b: int, payloads: Payloads
) -> tuple[SetUp, ...]:
    """What differs in the set-up of the model calls `at_a` of A and `at_b` of B."""
    left, right = a.run.step(at_a), b.run.step(at_b)
    found = (
        SetUp("model", tuple(_models(left, right))),
        SetUp("tools", tuple(_tools(left, right, payloads))),
        SetUp("settings", tuple(_settings(_set(a, left), _set(b, right)))),
        SetUp("settings", tuple(_of_runs(a, b, payloads))),
    )
    return tuple(one for one in found if one.changes)


def _models(a: Step, b: Step) -> Iterator[Change]:
    if a.model and b.model and a.model != b.model:
        yield Change("model", "changed", a.model, b.model)


def _tools(a: Step, b: Step, payloads: Payloads) -> Iterator[Change]:
    if a.tools is None or b.tools is None:
        return
    left = {tool.name: tool.definition for tool in a.tools}
    right = {tool.name: tool.definition for tool in b.tools}
    for name in dict.fromkeys((*left, *right)):
        if name not in right:
            yield Change(name, "removed", name, None)
        elif name not in left:
            yield Change(name, "added", None, name)
        elif left[name] is not None and right[name] is not None:
            for change in payloads.changes(left[name], right[name]):
                if change.how != "masked":
                    yield change._replace(path=name + change.path.removeprefix("$"))


def _settings(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Change]:
    if not a or not b:
        return
    for name in dict.fromkeys((*a, *b)):
        if a.get(name) != b.get(name):
            how = "changed" if name in a and name in b else "added"
            how = "removed" if name not in b else how
            yield Change(name, how, a.get(name), b.get(name))  # type: ignore[arg-type]


def _of_runs(a: Story, b: Story, payloads: Payloads) -> Iterator[Change]:
    """What differs in configurations that are recorded of the runs as a whole."""
    left, right = _configurations(a), _configurations(b)
    for name, number in left.items():
        if name in right:
            for change in payloads.changes(number, right[name]):
                if change.how != "masked":
                    yield change._replace(path=name + change.path.removeprefix("$"))


def _configurations(story: Story) -> dict[str, int]:
    """The configurations among what the first and the last steps tell of the run."""
    run, found = story.run, dict[str, int]()
    contents = run.contents
    for step in (*run.steps[:_ENDS], *run.steps[-_ENDS:]):
        if step.details is None or step.kind not in (
            "event",
            "agent",
            "system",
            "state",
        ):
            continue
        for name in contents.keys(step.details):
            if _CONFIGURATION.search(name):
                value = contents.value(step.details)[name]
                found.setdefault(name, contents.add_value(value))
    return found


def _set(story: Story, step: Step) -> dict[str, str]:
    """The settings among the details of a call, by the last part of their names."""
    contents = story.run.contents
    if step.details is None or contents.size(step.details) > 1 << 18:
        return {}
    found: dict[str, str] = {}
    for path, text in leaves_of(contents.value(step.details)).items():
        names = path.replace('"', "").replace("]", "").replace("[", ".").split(".")
        name = names[-1].lower()
        inside = len(names) > 1 and names[-2].lower() == "thinking"
        if (name in SETTINGS or inside) and len(text) < 400:
            found.setdefault(name, text)
    return found
