"""Sums a run up: a line for each step, the totals, and the verdict in one sentence."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from whypath.derive.evidence import CheckedEvidence
from whypath.model import Decision, Run, Step

Tone = Literal["error", "warn", "ok", "info"]

TITLE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Totals:
    """A run in numbers. None is "not recorded". Tokens include what a cache served."""

    steps: int
    decisions: int
    recorded_decisions: int
    errors: int
    duration_ns: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    models: tuple[str, ...]
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happened, in one sentence, and the step to look at first."""

    tone: Tone
    text: str
    step: int | None


def heading(run: Run) -> str:
    """What to call the run: its task, else the first prompt, else its id.

    A prompt with a name is a command or a note of the harness: it stands back.
    """
    if run.task:
        return run.task
    prompts = [step for step in run.steps if step.kind == "user"]
    main = [step for step in prompts if not step.thread] or prompts
    spoken = [s for s in main if not s.name and s.thread == main[0].thread]
    for step in spoken or main:
        return title(run, step) or run.id
    return run.id


def title(run: Run, step: Step) -> str:
    """One line that tells the step apart in a list."""
    contents = run.contents
    if step.decision is not None:
        chosen = ", ".join(option.name for option in step.decision.chosen)
        return f"{step.name} → {chosen}" if chosen else step.name
    if step.kind == "model":
        said = step.output is not None and contents.preview(step.output, TITLE_LENGTH)
        if said:
            return said
        if step.calls:
            more = f" and {len(step.calls) - 6:,} more" if len(step.calls) > 6 else ""
            return "→ " + ", ".join(call.name for call in step.calls[:6]) + more
        if step.reasoning is not None:
            return contents.preview(step.reasoning, TITLE_LENGTH)
        return step.name or step.model or "model call"
    if step.kind in ("user", "system"):
        content = step.output if step.output is not None else step.input
        return contents.preview(content, TITLE_LENGTH) if content is not None else ""
    shown = step.input if step.input is not None else step.output
    if shown is None:
        return step.name or step.kind
    return f"{step.name} {_glance(contents.preview(shown, TITLE_LENGTH))}".strip()


_QUOTED = re.compile(r'"((?:[^"\\]+|\\.)*)(?:"\s*([:,]?)|\\?$)')
_AFTER = {":": ": ", ",": ", ", "": "", None: ""}
_WRITTEN = (("\\n", " "), ("\\t", " "), ('\\"', '"'), ("\\\\", "\\"))


def _glance(preview: str) -> str:
    """The beginning of a JSON object without its punctuation: `id: 7, name: x`.

    What stands inside a text stays as it is; `preview` may end anywhere.
    """
    if preview[:1] != "{":
        return preview
    inside = preview[1:].removesuffix("}").replace(',"', ', "')
    if "\\" in inside or "{" in inside:
        return " ".join(_QUOTED.sub(_unquoted, inside).split())
    # nothing to tell apart, as nearly always: ten times faster
    return " ".join(inside.replace('":', ": ").replace('"', "").split())


def _unquoted(match: re.Match[str]) -> str:
    text = match[1]
    if "\\" in text:
        for written, shown in _WRITTEN:
            text = text.replace(written, shown)
    return text + _AFTER[match[2]]


def totals(run: Run, decisions: Mapping[int, Decision]) -> Totals:
    """Counts over the whole run; a model call's usage is counted once, where it is."""
    usages = [step.usage for step in run.steps if step.usage is not None]
    costs = [u.cost_usd for u in usages if u.cost_usd is not None]
    return Totals(
        steps=len(run.steps),
        decisions=len(decisions),
        recorded_decisions=sum(d.basis == "recorded" for d in decisions.values()),
        errors=sum(step.status == "error" for step in run.steps),
        duration_ns=(
            run.end_ns - run.start_ns
            if run.start_ns is not None
            and run.end_ns is not None
            and run.end_ns > run.start_ns
            else None
        ),
        input_tokens=_sum([u.input_tokens for u in usages]),
        output_tokens=_sum([u.output_tokens for u in usages]),
        cost_usd=sum(costs) if costs else None,
        models=run.models,
        agents=tuple(dict.fromkeys(s.agent for s in run.steps if s.agent)),
    )


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def verdict(
    run: Run,
    decisions: Mapping[int, Decision],
    evidence: Mapping[int, tuple[CheckedEvidence, ...]],
) -> Verdict:
    """The sentence on top of the report: what happened, where, on what evidence."""
    for position, checks in evidence.items():
        for check in checks:
            if check.verdict in ("missing", "differs"):
                return _on_wrong_value(run, decisions[position], check)
    found = _ending(run)
    if not any(problem.level == "loss" for problem in run.problems):
        return found
    tone: Tone = "warn" if found.tone == "ok" else found.tone
    return Verdict(
        tone, f"{found.text} Not all of the trace could be read.", found.step
    )


def _ending(run: Run) -> Verdict:
    errors = [step for step in run.steps if step.status == "error"]
    count = f"{len(run.steps):,} step{'s' if len(run.steps) != 1 else ''}"
    if run.status == "error":
        return _failed(run, errors, count)
    if run.status == "incomplete":
        last = run.steps[-1]
        what = _short(last.name or last.kind)
        text = f"Stopped after {count}: no end is recorded; the last is {what}"
        tail = ", which has no result." if last.status == "unset" else "."
        return Verdict("error", text + tail, last.position)
    on_the_way = f"{len(errors):,} error{'s' if len(errors) != 1 else ''} on the way"
    tail = f"; {on_the_way}." if errors else "; no error is recorded."
    first = errors[0].position if errors else None
    failed = _failing_outcome(run)
    if failed is not None:
        return Verdict("warn", f"Ended after {count}, but {failed}{tail}", first)
    if run.status == "ok":
        return Verdict("ok", f"Ended ok after {count}{tail}", first)
    text = f"Ended after {count}; the trace does not say whether it succeeded{tail}"
    return Verdict("info", text, first)


def _on_wrong_value(run: Run, decision: Decision, check: CheckedEvidence) -> Verdict:
    names = [f"“{_short(o.name)}”" for o in decision.chosen]
    chosen = " and ".join(names[:3]) or "nothing"
    value = check.evidence.value
    said = run.contents.preview(value, 60) if value is not None else "?"
    name = _short(check.evidence.name or check.evidence.path)
    start = {
        "ok": "Succeeded on a wrong value",
        "error": "Failed on a wrong value",
    }.get(run.status, "Went on with a wrong value")
    text = f"{start}: step {decision.step} chose {chosen} on {name} = “{said}”, "
    if check.verdict == "differs":
        text += f"but step {check.source} returned “{_short(check.actual)}”."
    else:
        text += f"which step {check.source} did not return"
        near = check.near
        place = near.path.removeprefix("$").removeprefix(".") if near else ""
        text += f"; it has {_short(place)} = “{_short(near.value)}”." if near else "."
    return Verdict("error", text, decision.step)


def _short(value: object, length: int = 40) -> str:
    """A text, or a value as JSON writes it, on one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _failed(run: Run, errors: list[Step], count: str) -> Verdict:
    if not errors:
        return Verdict("error", f"Failed after {count}; no step records why.", None)
    last = errors[-1]
    why = _short(last.error or "", 120)
    if not why and last.output is not None:
        why = run.contents.preview(last.output, 120)
    name = _short(last.name or last.kind)
    text = f"Failed after {count}: step {last.position}, {name}"
    return Verdict("error", f"{text}: {why}" if why else f"{text}.", last.position)


def _failing_outcome(run: Run) -> str | None:
    """A recorded score or reward of zero, in words."""
    outcome = run.outcome
    if outcome is None:
        return None
    if outcome.reward is not None and outcome.reward <= 0:
        return f"its reward is {outcome.reward:g}"
    if outcome.score is not None and outcome.score <= 0:
        return f"its score is {outcome.score:g}"
    return None
