"""Says why, as lines and as plain data: the decision, values, what led to a step."""

from collections.abc import Iterator
from typing import Any

from whypath.derive.causes import MAX_CHAIN, chain
from whypath.derive.evidence import CheckedEvidence
from whypath.derive.origins.places import Place
from whypath.derive.story import Story
from whypath.model import Decision
from whypath.render.sources import HOWS, SourcePart, uses_of, values_of
from whypath.terminal.text import indented, line, line_cut

VALUES = 40


def why_lines(story: Story, position: int, limit: int) -> Iterator[str]:
    """The decision that a step is or carries out, its values, uses, what led to it."""
    at = story.led_by.get(position)
    decision = story.decisions.get(at) if at is not None else None
    if decision is None:
        yield "why: no decision is recorded for this step, and none can be inferred"
    else:
        yield f"why: decided at step {decision.step} ({decision.basis})"
        yield from _decision_lines(story, decision, limit)
    yield from _value_lines(story, position)
    yield from _use_lines(story, position)
    yield from _chain_lines(story, position)


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
        yield from indented(contents.text(decision.rationale), limit)
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


def _value_lines(story: Story, position: int) -> Iterator[str]:
    """The values that a step used, and where each came from."""
    values = values_of(story, position)
    for part in values[:VALUES]:
        again = ", ".join(f"step {step}" for step in part.again)
        found = [
            part.words,
            *([_place(part.source)] if part.source else []),
            *([f"again {again}"] if again else []),
            *([f"not in view: {_place(part.elsewhere)}"] if part.elsewhere else []),
        ]
        yield line(f"value: {part.name} = {part.value}: {'; '.join(found)}")
    if len(values) > VALUES:
        yield f"  … {len(values) - VALUES:,} more values"


def _place(source: SourcePart) -> str:
    step = f" of step {source.step}" if source.step is not None else ""
    return f"{source.words}{step} {source.path or ''}".rstrip()


def _use_lines(story: Story, position: int) -> Iterator[str]:
    """The later steps that used values of a step."""
    parts, more = uses_of(story.uses.get(position, ()))
    for part in parts:
        rest = f" and {part.more} more" if part.more else ""
        names = ", ".join(there for _, there in part.names)
        yield line(f"used by step {part.step}: {names}{rest}")
    if more:
        yield f"  … {more:,} more steps"


def _chain_lines(story: Story, position: int) -> Iterator[str]:
    """What led to a step, back to the roots."""
    links = chain(story.causes, position)
    for link in links[1:]:
        if link.leads_to is None or link.how is None:
            continue
        step = story.run.step(link.step)
        to = "this step" if link.leads_to == position else f"step {link.leads_to}"
        title = line_cut(line(story.titles[link.step - 1]), 60)
        what = f"{step.kind} {title}" if step.kind != title else title
        yield f"led here: step {link.step} {HOWS[link.how]} {to}: {what}"
    if len(links) == MAX_CHAIN:
        yield "  … and more before"


def decision_json(story: Story, decision: Decision) -> dict[str, Any]:
    """A decision as plain data."""
    return {
        "step": decision.step,
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
            for check in story.evidence.get(decision.step, ())
        ],
        "outcome": decision.outcome,
    }


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


def why_json(story: Story, position: int) -> dict[str, Any]:
    """Why a step was taken: the decision, its values, their uses, what led to it."""
    at = story.led_by.get(position)
    decision = story.decisions.get(at) if at is not None else None
    return {
        "decision": None if decision is None else decision_json(story, decision),
        "values": [
            {"of": o.of, "name": o.name, "path": o.path, "span": o.span}
            | {"value": o.value, "verdict": o.verdict}
            | {"source": None if o.source is None else _place_json(o.source)}
            | {"copies": [_place_json(copy) for copy in o.copies]}
            | {"elsewhere": None if o.elsewhere is None else _place_json(o.elsewhere)}
            for o in story.origins.get(position, ())
        ],
        "used_by": [
            {"step": use.step, "of": use.origin.of, "name": use.origin.name}
            | {"path": use.origin.path, "value": use.origin.value}
            | {"from": use.origin.source.path if use.origin.source else None}
            for use in story.uses.get(position, ())
        ],
        "chain": [
            {"step": link.step, "how": link.how, "leads_to": link.leads_to}
            | {"title": story.titles[link.step - 1]}
            for link in chain(story.causes, position)
        ],
    }


def _place_json(place: Place) -> dict[str, Any]:
    return {
        "step": place.step,
        "role": place.role,
        "path": place.path,
        "span": place.span,
        "window": place.window,
        "message": place.message,
    }
