"""Looks at a run as a whole: its window, its dead ends, and how whole its trace is."""

from collections.abc import Iterator

from whypath.derive.findings.finding import Cite, Finding, NotApplicable, Unseen
from whypath.derive.findings.sight import Sight, short, steps_named

FULL = 0.9

WINDOWS = (
    *(("gpt-4.1", 1_047_576), ("gpt-4o", 128_000), ("gpt-4-turbo", 128_000)),
    *(("gpt-5", 400_000), ("gpt-4", 8_192), ("gpt-3.5", 16_385)),
    *(("o1", 200_000), ("o3", 200_000), ("o4", 200_000)),
    *(("claude-2", 100_000), ("claude", 200_000)),
    *(("gemini", 1_048_576), ("llama-3", 128_000), ("mistral-large", 128_000)),
    *(("deepseek", 128_000), ("qwen3-coder", 262_144), ("kimi-k2", 262_144)),
)
"""How a model's name begins, and the tokens its window holds, as its maker says."""


def context_pressure(sight: Sight) -> Iterator[Finding | Unseen | NotApplicable]:
    """Windows that were nearly full, and conversations that had to be compacted."""
    models = [s for s in sight.run.steps if s.kind == "model"]
    if not models:
        yield NotApplicable("no model was called")
        return
    resets = [
        s.position for s in sight.run.steps if s.resets_context and s.position > 1
    ]
    if len(resets) > 1:
        yield Finding(
            "context-pressure",
            "info",
            f"The context was started anew {len(resets):,} times, at "
            f"{steps_named(resets)}.",
            resets[0],
            tuple(Cite(at, "started anew") for at in resets[:8]),
            tuple(resets[1:]),
            "compactions",
        )
    fullest, share = 0, 0.0
    blind = True
    for step in models:
        tokens = step.usage.input_tokens if step.usage is not None else None
        window = _window(step.model)
        if tokens is None or window is None:
            continue
        blind = False
        if share < tokens / window <= 1.2:
            fullest, share = step.position, tokens / window
    if blind:
        yield Unseen("tokens, or the size of the model's window, are not known")
    if share >= FULL:
        model = sight.run.step(fullest).model or ""
        yield Finding(
            "context-pressure",
            "info",
            f"At step {fullest} the window of {short(model)} was {share:.0%} full.",
            fullest,
            (Cite(fullest, f"{share:.0%} of {_window(model):,} tokens"),),
            subject="window",
        )


def _window(model: str | None) -> int | None:
    """Tokens that a model's window holds; None for a model that is not known."""
    name = (model or "").lower().rsplit("/", 1)[-1]
    if "[1m]" in name:
        return 1_000_000
    return next((size for start, size in WINDOWS if name.startswith(start)), None)


def dead_ends(sight: Sight) -> Iterator[Finding | NotApplicable]:
    """Branches that the run went back on: steps whose work was thrown away."""
    lost = [step.position for step in sight.run.steps if step.abandoned]
    if not lost:
        yield NotApplicable("the run never went back")
        return
    groups: list[list[int]] = []
    for at in lost:
        if groups and at == groups[-1][-1] + 1:
            groups[-1].append(at)
        else:
            groups.append([at])
    for group in groups:
        first, last = group[0], group[-1]
        tools = sum(sight.run.step(at).kind == "tool" for at in group)
        calls = f", with {tools:,} calls," if tools else ""
        many = f"Steps {first} to {last}" if len(group) > 1 else f"Step {first}"
        yield Finding(
            "dead-end",
            "info",
            f"{many}{calls} led nowhere: the run went back and took another way.",
            first,
            (Cite(first, "abandoned from here"),),
            tuple(group[1:]),
            sight.run.step(first).name or sight.run.step(first).kind,
        )


def trace_integrity(sight: Sight) -> Iterator[Finding]:
    """Calls without a result, times that run backwards, and what could not be read."""
    for problem in sight.run.problems:
        if problem.level != "loss":
            continue
        place = f" (line {problem.line:,})" if problem.line else ""
        times = f", {problem.count:,} times" if problem.count > 1 else ""
        yield Finding(
            "trace-integrity",
            "warning",
            f"Not all of the trace could be read: {problem.what}{place}{times}; "
            f"{problem.done}.",
            1,
            (),
            (),
            problem.what,
        )
    steps = sight.run.steps
    open_ = [
        act.at
        for act in sight.acts
        if act.step.status == "unset" and act.at < len(steps)
    ]
    if open_:
        calls = "A call has" if len(open_) == 1 else f"{len(open_):,} calls have"
        yield Finding(
            "trace-integrity",
            "info",
            f"{calls} no recorded result: {steps_named(open_)}.",
            open_[0],
            tuple(Cite(at, "no result") for at in open_[:8]),
            tuple(open_[1:]),
            "no result",
        )
    backwards = [
        step.position
        for step in steps
        if step.start_ns is not None
        and step.end_ns is not None
        and step.end_ns < step.start_ns
    ]
    if backwards:
        yield Finding(
            "trace-integrity",
            "info",
            f"{len(backwards):,} steps end before they begin: "
            f"{steps_named(backwards)}.",
            backwards[0],
            tuple(Cite(at, "ends before it begins") for at in backwards[:8]),
            tuple(backwards[1:]),
            "backwards",
        )
