"""Turns a trace file into Runs, and a Run into text that a person can review.

For tests only. It shows little of each step, so that a golden reads like prose.
"""

from collections.abc import Iterator
from pathlib import Path

from whypath.build import read_input
from whypath.model import Decision, Run, Step

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "example_traces"
SHARED = ROOT.parent / "shared"
CORPUS = SHARED / "corpus"
HOSTILE = SHARED / "hostile"

PREVIEW = 48


def read_runs(path: Path, format: str | None = None) -> tuple[Run, ...]:
    """The runs of the file at `path` and of the files that belong to it.

    `format` names the reader; None finds it by structure. Raises `TraceError`.
    """
    return read_input([str(path)], format=format).runs


def dump(run: Run) -> str:
    """The run as compact text: a header, a line a step, decisions, problems."""
    lines = [_header(run)]
    lines.extend(_step(run, step) for step in run.steps)
    for step in run.steps:
        if step.decision is not None:
            lines.extend(_decision(run, step.decision))
    for problem in run.problems:
        place = "" if problem.line is None else f" (line {problem.line})"
        times = "" if problem.count == 1 else f" x{problem.count}"
        lines.append(f"! {problem.level}: {problem.what}{times}{place}: {problem.done}")
    return "\n".join(lines) + "\n"


def _header(run: Run) -> str:
    usages = [step.usage for step in run.steps if step.usage is not None]
    tokens_in = [u.input_tokens for u in usages if u.input_tokens is not None]
    tokens_out = [u.output_tokens for u in usages if u.output_tokens is not None]
    costs = [u.cost_usd for u in usages if u.cost_usd is not None]
    parts = [f"run {run.id}", run.format, run.status, f"{len(run.steps)} steps"]
    if run.start_ns is not None and run.end_ns is not None:
        parts.append(_seconds(run.start_ns, run.end_ns))
    if tokens_in or tokens_out:
        parts.append(f"{sum(tokens_in)}+{sum(tokens_out)} tokens")
    if costs:
        parts.append(f"${sum(costs):.4f}")
    lines = ["  ".join(parts)]
    facts = {"task": run.task, "agent": run.agent, "models": ", ".join(run.models)}
    lines.extend(f"{name}: {_short(fact)}" for name, fact in facts.items() if fact)
    lines.extend(f"label {name}: {value}" for name, value in run.labels)
    if run.outcome is not None:
        outcome = run.outcome
        said = {
            "score": outcome.score,
            "reward": outcome.reward,
            "note": outcome.note,
            "answer": None if outcome.answer is None else _preview(run, outcome.answer),
        }
        known = [f"{name} {value}" for name, value in said.items() if value is not None]
        lines.append("outcome: " + ", ".join(known))
    return "\n".join(lines)


def _step(run: Run, step: Step) -> str:
    shown = step.input if step.kind == "tool" else step.output
    if shown is None:
        shown = step.input if step.input is not None else step.output
    parts = [f"{'  ' * step.depth}s{step.position}", step.kind, step.name]
    if shown is not None:
        parts.append(_preview(run, shown))
    if step.calls:
        parts.append("calls " + ", ".join(call.name for call in step.calls))
    parts.append(step.status)
    if step.start_ns is not None and step.end_ns is not None:
        parts.append(_seconds(step.start_ns, step.end_ns))
    parts.extend(_links(step))
    if step.error:
        parts.append(f"error: {_short(step.error)}")
    return "  ".join(part for part in parts if part)


def _links(step: Step) -> Iterator[str]:
    """Where a step hangs, and what it does to the context and to the state."""
    if step.caller is not None:
        yield f"<- s{step.caller}"
    if step.parent is not None:
        yield f"in s{step.parent}"
    if step.previous is not None and step.previous != step.position - 1:
        yield f"after s{step.previous}"
    if step.context is not None:
        context = step.context
        base = "nothing" if context.base is None else f"s{context.base}"
        yield f"context: {base} keep {context.keep} add {len(context.add)}"
    if step.resets_context:
        yield "context starts anew"
    if step.abandoned:
        yield "abandoned"
    for change in step.state:
        yield f"{'removes' if change.value is None else 'sets'} {change.path}"


def _decision(run: Run, decision: Decision) -> Iterator[str]:
    confidence = "" if decision.confidence is None else f" ({decision.confidence:g})"
    chosen = ", ".join(option.name for option in decision.chosen) or "nothing"
    question = _short(decision.question) or "?"
    yield f"d{decision.step}  {question}  {decision.basis}: {chosen}{confidence}"
    for option in decision.options:
        if not option.chosen:
            score = "" if option.score is None else f" {option.score:g}"
            reason = f": {_short(option.reason)}" if option.reason else ""
            yield f"    not {option.name}{score}{reason}"
    if decision.rationale is not None:
        said = _preview(run, decision.rationale)
        yield f"    because ({decision.rationale_from}) {said}"
    for evidence in decision.evidence:
        value = "?" if evidence.value is None else _preview(run, evidence.value)
        origin = f" from {evidence.source}" if evidence.source else ""
        path = f" at {evidence.path}" if evidence.path else ""
        yield f"    rests on {evidence.name} = {value}{origin}{path}"
    if decision.outcome:
        yield f"    outcome: {_short(decision.outcome)}"


def _preview(run: Run, number: int) -> str:
    text = run.contents.preview(number, PREVIEW + 1)
    text = text if len(text) <= PREVIEW else text[:PREVIEW] + "…"
    return f'"{text}"' if run.contents.is_text(number) else text


def _short(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= PREVIEW else line[:PREVIEW] + "…"


def _seconds(start_ns: int, end_ns: int) -> str:
    return f"{(end_ns - start_ns) / 1e9:.3g}s"
