"""Says in a line what a step is, how it went, what it took, and where it was read."""

from collections.abc import Iterator

from whypath.model import Step
from whypath.render import words


def label_of(step: Step) -> str:
    """The heading: a name where the step has one, else what it is."""
    if step.kind == "model":
        return step.model or step.name or "model call"
    return step.name or step.kind


def facts_of(step: Step, run_start_ns: int | None) -> tuple[str, str]:
    """Short facts on one line, and the same in full for the tooltip."""
    short: list[str] = [] if step.status == "unset" else [step.status]
    full: list[str] = []
    start, end = step.start_ns, step.end_ns
    if start is not None:
        short.append(words.offset(start - (run_start_ns or start)))
        full.append(words.moment(start))
        if end is not None and end > start:
            short.append(words.duration(end - start))
            full.append(f"took {(end - start) / 1e9:.6g} s")
    if step.agent:
        short.append(step.agent)
        full.append(f"agent {step.agent}")
    if step.abandoned:
        short.append("abandoned")
        full.append("this branch was left and not continued")
    if step.usage is not None:
        for few, more in _usage(step):
            short.append(few)
            full.append(more)
    return " · ".join(short), " · ".join(full)


def _usage(step: Step) -> Iterator[tuple[str, str]]:
    usage = step.usage
    if usage is None:
        return
    if usage.input_tokens is not None:
        exact = f"{usage.input_tokens:,} input tokens"
        if usage.cache_read_tokens:
            exact += f", {usage.cache_read_tokens:,} of them from a cache"
        yield f"{words.tokens(usage.input_tokens)} tok in", exact
    if usage.output_tokens is not None:
        exact = f"{usage.output_tokens:,} output tokens"
        if usage.reasoning_tokens:
            exact += f", {usage.reasoning_tokens:,} of them reasoning"
        yield f"{words.tokens(usage.output_tokens)} tok out", exact
    if usage.cost_usd is not None:
        yield words.cost(usage.cost_usd), f"${usage.cost_usd:.6f}, as recorded"


def source_of(step: Step) -> str:
    """Where the step was read and how it hangs together, one fact a line."""
    file, line = step.source.file, step.source.line
    facts = [f"id      {step.key}", f"source  {file}:{line}" if line else file]
    if step.call_id:
        facts.append(f"call    {step.call_id}")
    if step.thread:
        facts.append(f"thread  {step.thread}")
    if step.caller:
        facts.append(f"called by step {step.caller}")
    if step.parent:
        facts.append(f"inside step {step.parent}")
    return "\n".join(facts)
