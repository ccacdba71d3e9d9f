"""Turns a Story into plain data for programs: the same facts as the lines tell."""

from typing import Any

from whypath.content import ContentStore
from whypath.derive.findings.finding import as_data, by_step
from whypath.derive.requests import Shape, request
from whypath.derive.story import Story
from whypath.derive.windows.changes import PARTS, Change
from whypath.derive.windows.context import window
from whypath.model import Message, Step
from whypath.terminal.why import decision_json, why_json


def as_json(
    story: Story, position: int | None, *, context: bool, why: bool = False
) -> Any:
    """The same facts as plain data: a run with its steps, or one step."""
    if position is None:
        totals = story.totals
        return {
            "run": story.run.id,
            "format": story.run.format,
            "task": story.run.task,
            "status": story.run.status,
            "verdict": story.verdict.text,
            "totals": {
                name: getattr(totals, name)
                for name in type(totals).__dataclass_fields__
            },
            "problems": [
                {"level": p.level, "file": p.file, "line": p.line, "what": p.what}
                | {"done": p.done, "count": p.count}
                for p in story.run.problems
            ],
            "findings": [as_data(finding) for finding in story.findings],
            "look_first": [suspect._asdict() for suspect in story.suspects],
            "steps": [_step_json(story, step, False) for step in story.run.steps],
        }
    step = _step_json(story, story.run.step(position), True)
    if why:
        step["why"] = why_json(story, position)
    if context:
        at = story.seen_at.get(position)
        step["context"] = _context_json(story, at) if at is not None else None
    return step


def _step_json(story: Story, step: Step, payloads: bool) -> dict[str, Any]:
    contents = story.run.contents
    facts: dict[str, Any] = {
        "step": step.position,
        "id": step.key,
        "kind": step.kind,
        "name": step.name,
        "title": story.titles[step.position - 1],
        "status": step.status,
        "agent": step.agent,
        "model": step.model,
        "parent": step.parent,
        "caller": step.caller,
        "start_ns": step.start_ns,
        "end_ns": step.end_ns,
        "source": f"{step.source.file}:{step.source.line or ''}".rstrip(":"),
    }
    decision = story.decisions.get(step.position)
    if decision is not None:
        facts["decision"] = decision_json(story, decision)
    if payloads:
        for name in ("input", "output", "reasoning", "details"):
            content = getattr(step, name)
            facts[name] = contents.value(content) if content is not None else None
        facts["error"] = step.error
        facts["led_by"] = story.led_by.get(step.position)
        found = by_step(story.findings).get(step.position, ())
        facts["findings"] = [as_data(finding) for finding in found]
    return facts


def _context_json(story: Story, at: int) -> dict[str, Any]:
    contents = story.run.contents
    context, change = story.contexts[at], story.changes[at]
    shares = zip(PARTS, story.shares[at], strict=True)
    return {
        "step": at,
        "basis": context.basis,
        "kept": context.keep,
        "dropped": context.dropped,
        "previous": change.previous,
        "estimated_tokens": {name: tokens for name, tokens in shares if tokens},
        "messages": [_message_json(contents, m) for m in window(story.contexts, at)],
        "gone": [_message_json(contents, m) for m in change.gone],
        "gone_by": _gone_by(change),
    }


def _gone_by(change: Change) -> str | None:
    if not change.gone:
        return None
    return "compaction" if change.compacted else "eviction"


def _message_json(contents: ContentStore, message: Message) -> dict[str, Any]:
    role, kind, content, name, call_id = message
    value = None if content is None else contents.value(content)
    said = {"role": role, "kind": kind, "name": name, "call_id": call_id}
    return said | {"content": value}


def as_request(
    story: Story, position: int, shape: Shape
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The request that asks for the call behind a step again, and notes about it.

    Without a model call before the step, the request is empty.
    """
    at = story.seen_at.get(position)
    if at is None:
        return {}, ("no model call comes before this step",)
    asked = request(story, at, shape)
    return asked.body, asked.notes
