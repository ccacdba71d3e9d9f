"""Turns a Story into lines of plain text for the terminal. Prints nothing itself.

Trace text is made safe here: no control character of it reaches a terminal.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from whypath.derive.context import window
from whypath.derive.evidence import CheckedEvidence
from whypath.derive.story import Story
from whypath.model import Decision, Run, Step
from whypath.render import words

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What a terminal would obey, or what would change how the text around it reads."""


def safe(text: str) -> str:
    """The text without control and direction characters, which are shown as `·`."""
    return _CONTROL.sub("·", text.replace("\t", "    "))


def line(text: str) -> str:
    """The text on one line."""
    return safe(" ".join(text.split()))


def size(number_bytes: int) -> str:
    """`245760` -> `246 kB`."""
    return words.size(number_bytes)


def counted(number: int, noun: str) -> str:
    """`14, "step"` -> `14 steps`."""
    return words.counted(number, noun)


def about_others(runs: Sequence[Run], shown: Run) -> str | None:
    """One sentence about the runs that are not shown, or None when there are none."""
    others = [run.id for run in runs if run is not shown]
    if not others:
        return None
    here = f"This is run {line(shown.id)}, one of {len(runs):,} in the input"
    return f"{here}; others: {_some(others, 5)}."


def left_out(files: Sequence[str]) -> str:
    """One sentence about the files that no reader claimed."""
    return f"Left out, being no known trace: {_some(files, 3)}"


def _some(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return line(", ".join(names[:most])) + more


def overview(story: Story, width: int) -> Iterator[str]:
    """The verdict, the totals and a line for each step."""
    run, totals = story.run, story.totals
    title = line_cut(line(story.heading), max(width // 2, 60))
    yield f"{title}  ({run.format}, run {line(run.id)})"
    yield line(story.verdict.text)
    yield " · ".join(_totals(story))
    if totals.models:
        yield "models: " + line(", ".join(totals.models))
    for problem in run.problems:
        times = f" ({problem.count:,} times)" if problem.count > 1 else ""
        where = f"line {problem.line}: " if problem.line else ""
        if len(run.files) > 1:
            where = f"{problem.file}: {where}"
        yield line(f"{problem.level}: {where}{problem.what}; {problem.done}{times}")
    yield ""
    digits = len(str(totals.steps))
    for step, title in zip(run.steps, story.titles, strict=True):
        yield _row(story, step, title, digits, width)


def _totals(story: Story) -> Iterator[str]:
    totals = story.totals
    yield words.counted(totals.steps, "step")
    yield words.counted(totals.decisions, "decision")
    yield words.counted(totals.errors, "error")
    if totals.duration_ns is None:
        yield "time not recorded"
    else:
        yield words.duration(totals.duration_ns)
    if totals.input_tokens is None and totals.output_tokens is None:
        yield "tokens not recorded"
    else:
        tokens_in, tokens_out = totals.input_tokens or 0, totals.output_tokens or 0
        yield f"{tokens_in:,} tokens in, {tokens_out:,} out"
    yield (
        "cost not recorded" if totals.cost_usd is None else words.cost(totals.cost_usd)
    )
    yield story.run.status


def _row(story: Story, step: Step, title: str, digits: int, width: int) -> str:
    decision = story.decisions.get(step.position)
    mark = "*" if decision and decision.basis == "recorded" else _mark(step)
    name = step.model if step.kind == "model" else step.name
    text = title if not name or title.startswith(name) else f"{name}  {title}"
    row = f"{step.position:>{digits}} {mark} {'  ' * min(step.depth, 6)}"
    return line_cut(f"{row}{step.kind:<9} {line(text)}", width)


def _mark(step: Step) -> str:
    """`x` for an error, `?` for a call that nothing came back from."""
    if step.status == "error":
        return "x"
    return "?" if step.kind == "tool" and step.status == "unset" else " "


def line_cut(text: str, width: int) -> str:
    """At most `width` characters, the last one `…` where something is left out."""
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def step_lines(story: Story, step: Step, limit: int) -> Iterator[str]:
    """One step: facts, why, input and output, each cut after `limit` characters."""
    run = story.run
    name = f" {line(step.name)}" if step.name else ""
    yield f"step {step.position} of {len(run.steps)}: {step.kind}{name} ({step.status})"
    yield f"source: {line(step.source.file)}" + (
        f":{step.source.line}" if step.source.line else ""
    )
    if step.start_ns is not None:
        took = (
            f", {words.duration(step.end_ns - step.start_ns)}"
            if step.end_ns is not None and step.end_ns >= step.start_ns
            else ""
        )
        yield f"time: {words.moment(step.start_ns)}{took}"
    if step.error:
        yield f"error: {line_cut(line(step.error), limit)}"
    for label, content in (
        ("input", step.input),
        ("reasoning", step.reasoning),
        ("output", step.output),
    ):
        if content is not None:
            yield f"{label}:"
            yield from _indented(run.contents.text(content), limit)
    for call in step.calls:
        text = run.contents.text(call.arguments) if call.arguments is not None else ""
        yield f"call: {line(call.name)}"
        yield from _indented(text, limit)


def why_lines(story: Story, position: int, limit: int) -> Iterator[str]:
    """The decision that a step is, or carries out: options, rationale, evidence."""
    at = story.led_by.get(position)
    decision = story.decisions.get(at) if at is not None else None
    if decision is None:
        yield "why: no decision is recorded for this step, and none can be inferred"
        return
    yield f"why: decided at step {decision.step} ({decision.basis})"
    yield from _decision_lines(story, decision, limit)


def _decision_lines(story: Story, decision: Decision, limit: int) -> Iterator[str]:
    contents = story.run.contents
    yield f"question: {line(decision.question)}"
    for option in sorted(decision.options, key=lambda o: not o.chosen):
        score = f"  {option.score:.2f}" if option.score is not None else ""
        reason = f"  {line(option.reason)}" if option.reason else ""
        mark = "chosen  " if option.chosen else "rejected" if reason else "offered "
        yield f"  {mark}  {line(option.name)}{score}{reason}"
    if decision.options_note:
        yield f"  {decision.options_note}"
    if decision.rationale is not None:
        yield f"rationale ({decision.rationale_from}):"
        yield from _indented(contents.text(decision.rationale), limit)
    for check in story.evidence.get(decision.step, ()):
        value = check.evidence.value
        shown = contents.preview(value, 80) if value is not None else "not recorded"
        place = _origin(check)
        near = f"; nearby {check.near.path} = {check.near.value}" if check.near else ""
        path = check.evidence.path or ""
        text = f"{check.evidence.name} = {shown}, {place} {path}: {check.verdict}"
        yield "evidence: " + line(text.replace(" :", ":") + near)
    if decision.recovery:
        yield f"after the error at step {decision.failed}: {decision.recovery}"
    if decision.outcome:
        yield f"led to: {line(decision.outcome)}"


def _origin(check: CheckedEvidence) -> str:
    """Where a piece of evidence is said to come from."""
    if check.source is not None:
        return f"from step {check.source}"
    if check.evidence.source is not None:
        return "from a step that is not in the trace"
    return "source not recorded"


def context_lines(story: Story, position: int, limit: int) -> Iterator[str]:
    """The context window in force at a step, message by message."""
    at = story.seen_at.get(position)
    if at is None:
        yield "context: no model call comes before this step"
        return
    context = story.contexts[at]
    messages = window(story.contexts, at)
    yield (
        f"context at step {at} ({context.basis}): {counted(len(messages), 'message')}, "
        f"{context.keep} kept, {len(context.add)} new, {context.dropped} dropped"
    )
    for number, message in enumerate(messages, start=1):
        new = "+" if number > context.keep else " "
        name = f" {line(message.name)}" if message.name else ""
        yield f"{new}{number} {line(message.role)} {line(message.kind)}{name}"
        if message.content is not None:
            yield from _indented(story.run.contents.text(message.content), limit)


def _indented(text: str, limit: int) -> Iterator[str]:
    shown = text[:limit]
    for part in safe(shown).splitlines():
        yield f"    {part}"
    if len(text) > limit:
        yield f"    … {len(text) - limit:,} more characters"


def json_text(facts: Any) -> str:
    """The facts as JSON that reads well and that no terminal obeys."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    return _CONTROL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0]).strip('"')


def as_json(story: Story, position: int | None, *, context: bool) -> Any:
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
            "steps": [_step_json(story, step, False) for step in story.run.steps],
        }
    step = _step_json(story, story.run.step(position), True)
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
        facts["decision"] = {
            "question": decision.question,
            "basis": decision.basis,
            "after_error": decision.failed,
            "recovery": decision.recovery,
            "chosen": [option.name for option in decision.chosen],
            "options": [
                {"name": o.name, "chosen": o.chosen, "score": o.score}
                | {"reason": o.reason}
                for o in decision.options
            ],
            "options_note": decision.options_note,
            "rationale": _text(story, decision.rationale),
            "rationale_from": decision.rationale_from,
            "confidence": decision.confidence,
            "evidence": [
                _evidence_json(story, check)
                for check in story.evidence.get(step.position, ())
            ],
            "outcome": decision.outcome,
        }
    if payloads:
        for name in ("input", "output", "reasoning", "details"):
            content = getattr(step, name)
            facts[name] = contents.value(content) if content is not None else None
        facts["error"] = step.error
        facts["led_by"] = story.led_by.get(step.position)
    return facts


def _text(story: Story, content: int | None) -> str | None:
    return None if content is None else story.run.contents.text(content)


def _evidence_json(story: Story, check: CheckedEvidence) -> dict[str, Any]:
    evidence, value = check.evidence, check.evidence.value
    return {
        "name": evidence.name,
        "value": None if value is None else story.run.contents.value(value),
        "from": evidence.source,
        "from_step": check.source,
        "path": evidence.path,
        "verdict": check.verdict,
        "actual": check.actual,
        "near": check.near and {"path": check.near.path, "value": check.near.value},
    }


def _context_json(story: Story, at: int) -> dict[str, Any]:
    contents = story.run.contents
    context = story.contexts[at]
    return {
        "step": at,
        "basis": context.basis,
        "kept": context.keep,
        "dropped": context.dropped,
        "messages": [
            {"role": m.role, "kind": m.kind, "name": m.name, "call_id": m.call_id}
            | {"content": contents.value(m.content) if m.content is not None else None}
            for m in window(story.contexts, at)
        ],
    }
