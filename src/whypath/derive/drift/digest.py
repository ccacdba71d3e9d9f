"""Boils a run down to what can be compared across runs: shapes, choices, values, sizes.

Small, so that thousands of runs can be held; positions lead back to the run.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from whypath.derive.decisions.calls import ANSWER
from whypath.derive.evidence import leaves
from whypath.derive.story import Story
from whypath.derive.windows.context import window
from whypath.model import Step

TOOLS_CALLED = "which tool to call"
MAX_VALUE = 60
MAX_PATHS = 400
_INDEX = re.compile(r"\[\d+\]")
_IDLE = ("tool", "retrieval")


class Shape(NamedTuple):
    """A result of a tool: JSON path, with `[]` for any item -> type and first value."""

    tool: str
    step: int
    paths: dict[str, tuple[str, str]]


class Choice(NamedTuple):
    """What was chosen at a decision point, and what else was on offer.

    `because` names what it rested on, in a form that is the same in every run.
    """

    point: str
    step: int
    chosen: str
    options: tuple[str, ...]
    because: str
    is_fallback: bool


class Used(NamedTuple):
    """A value that a decision or a call used, under the name it used it by."""

    place: str
    name: str
    value: str
    step: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """What of one run is compared with others. None is "not recorded"."""

    id: str
    file: str
    start_ns: int | None
    shapes: tuple[Shape, ...]
    choices: tuple[Choice, ...]
    used: tuple[Used, ...]
    sizes: dict[str, float]
    config: dict[str, tuple[str, ...]]


def digest(story: Story) -> Digest:
    """The digest of a run."""
    run, totals = story.run, story.totals
    tokens = (totals.input_tokens or 0) + (totals.output_tokens or 0)
    sizes: dict[str, float | None] = {
        "steps": totals.steps,
        "tokens": tokens or None,
        "cost_usd": totals.cost_usd,
        "duration_s": totals.duration_ns / 1e9 if totals.duration_ns else None,
        "errors": totals.errors,
    }
    return Digest(
        id=run.id,
        file=run.files[0] if run.files else "",
        start_ns=run.start_ns,
        shapes=tuple(_shapes(story)),
        choices=tuple(_choices(story)),
        used=tuple(_used(story)),
        sizes={name: size for name, size in sizes.items() if size is not None},
        config=_config(story),
    )


def steps_of(one: Digest) -> set[int]:
    """The positions that a finding about several runs may point at."""
    groups = (one.shapes, one.choices, one.used)
    return {1, *(each.step for group in groups for each in group)}


def _acts(story: Story) -> Iterator[Step]:
    for step in story.run.steps:
        if step.kind in _IDLE and not step.abandoned:
            yield step


def _shapes(story: Story) -> Iterator[Shape]:
    """The shape of every structured result that came back."""
    contents = story.run.contents
    for step in _acts(story):
        if step.output is None or step.status == "error":
            continue
        if contents.size(step.output) > 200_000:
            continue
        document = contents.document(step.output)
        if not isinstance(document, dict | list) or not document:
            continue
        paths: dict[str, tuple[str, str]] = {}
        for leaf in leaves(document):
            path = _INDEX.sub("[]", leaf.path)
            if path not in paths and len(paths) < MAX_PATHS:
                paths[path] = (_type(leaf.value), _value(leaf.value))
        yield Shape(step.name, step.position, paths)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:MAX_VALUE]


_FALLBACK = re.compile(r"\b(?:default|fallback|else|otherwise)\b", re.IGNORECASE)


def _choices(story: Story) -> Iterator[Choice]:
    """What was chosen, at each recorded decision and by each model that calls tools."""
    contents = story.run.contents
    for at, decision in story.decisions.items():
        step = story.run.step(at)
        names = tuple(sorted({option.name for option in decision.chosen}))
        if not names:
            continue
        options = tuple(sorted({option.name for option in decision.options}))
        if decision.basis == "recorded":
            rests = (
                (e.name, contents.digest(e.value))
                for e in decision.evidence
                if e.value is not None
            )
            because = json.dumps(sorted(rests)) if decision.evidence else ""
            default = any(e.default for e in decision.evidence)
            fallback = default or any(_FALLBACK.search(name) for name in names)
            point = step.name or decision.question
            if step.kind == "model":
                point = decision.question
            yield Choice(point, at, ", ".join(names), options, because, fallback)
        elif step.kind == "model":
            for name in names:
                if name != ANSWER:
                    yield Choice(TOOLS_CALLED, at, name, options, "", False)
    yield from _first_choice(story)


def _first_choice(story: Story) -> Iterator[Choice]:
    """What the first model call of a run did, and on what window exactly."""
    contents = story.run.contents
    for at in story.contexts:
        step = story.run.step(at)
        if not step.calls:
            return
        seen = [
            (m.role, contents.digest(m.content) if m.content is not None else "")
            for m in window(story.contexts, at)
        ]
        names = ", ".join(sorted({call.name for call in step.calls}))
        because = json.dumps([step.model, seen]) if seen else ""
        yield Choice("the first model call", at, names, (), because, False)
        return


def _used(story: Story) -> Iterator[Used]:
    """Values that recorded decisions rest on, and short arguments of calls."""
    contents = story.run.contents
    for at, decision in story.decisions.items():
        if decision.basis != "recorded":
            continue
        point = story.run.step(at).name or decision.question
        for evidence in decision.evidence:
            if evidence.value is not None and evidence.name:
                value = contents.preview(evidence.value, MAX_VALUE)
                yield Used(point, evidence.name, value, at, evidence.default)
    for step in _acts(story):
        if step.input is None or contents.size(step.input) > 20_000:
            continue
        document = contents.document(step.input)
        if not isinstance(document, dict):
            continue
        for name, value in document.items():
            if isinstance(value, str | int | float | bool):
                yield Used(step.name, name, _value(value), step.position, False)


def _config(story: Story) -> dict[str, tuple[str, ...]]:
    """What a run was set up with: models, system prompts and tools, by their hashes."""
    run, contents = story.run, story.run.contents
    prompts, toolsets = set(), set()
    for at, context in story.contexts.items():
        for message in context.add:
            if message.role == "system" and message.content is not None:
                prompts.add(contents.digest(message.content))
        tools = run.step(at).tools
        if tools is not None:
            toolsets.add(", ".join(sorted({tool.name for tool in tools})))
    found = {
        "models": tuple(sorted(run.models)),
        "system prompts": tuple(sorted(prompts)),
        "offered tools": tuple(sorted(toolsets)),
    }
    return {name: values for name, values in found.items() if values}
