"""Finds calls that failed, loudly or quietly, one or many in a row.

Whether it matters depends on what came next: tried again, spoken of, or passed over.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from whypath.derive.findings.finding import Cite, Finding, NotApplicable, Unseen
from whypath.derive.findings.sight import Act, Sight, line, short, steps_named
from whypath.model import Step

NEAR = 6
"""So many calls on, a call of the same tool is still an answer to one that failed."""
CASCADE, STORM = 3, 5

_TAKEN_UP = re.compile(
    r"\b(?:error|fail\w*|not found|no (?:\w+ )?(?:results?|match\w*|such|output|data)"
    r"|none|nothing|empty|could ?n[o']t|can ?n[o']t|cannot|unable|unfortunately"
    r"|does ?n[o']t|did ?n[o']t|was ?n[o']t|is ?n[o']t|instead|retry|again|alternative"
    r"|missing|truncat\w*|cut off|partial\w*|incomplete|rest of|remaining|issues?"
    r"|problem|invalid|sorry|apolog\w*|however|denied|time[d ]?out|fix\w*|wrong|empty"
    r"|block\w*|exception|quota|rejected|reject|correct|mistake|let me try|adjust)\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_ATOM = re.compile(r"[\w./@-]*[\d/._@-][\w./@-]*")


def failed_calls(sight: Sight) -> Iterator[Finding]:
    """Calls that failed and said so; the same failure of a tool is one finding."""
    groups: dict[tuple[str, str], list[Act]] = {}
    passed_over = set(_passed_over(sight))
    for act in sight.acts:
        if act.failure and act.is_told and act not in passed_over:
            same = _DIGITS.sub("#", act.failure)[:60]
            groups.setdefault((act.name, same), []).append(act)
    for (name, same), acts in groups.items():
        first, *others = acts
        times = f" {len(acts):,} times" if others else ""
        yield Finding(
            "failed-call",
            "info",
            f"“{short(name)}” failed{times}: {first.failure}",
            first.at,
            (Cite(first.at, first.failure or ""),),
            tuple(act.at for act in others),
            f"{name}: {same}",
        )


def unhandled_errors(sight: Sight) -> Iterator[Finding | Unseen]:
    """Failures after which the run went on as if nothing had happened."""
    for act, following in _passed_over(sight).items():
        yield Finding(
            "unhandled-error",
            "warning",
            f"“{short(act.name)}” failed at step {act.at} "
            f"({line(act.failure or '', 80)}) and what came next, "
            f"“{short(following.name)}” at step {following.at}, does not take it up.",
            act.at,
            (
                Cite(act.at, act.failure or ""),
                Cite(following.at, "went on with something else"),
            ),
            subject=f"{act.name}: {_DIGITS.sub('#', act.failure or '')[:60]}",
        )


def _passed_over(sight: Sight) -> dict[Act, Act]:
    """Each failed call that nothing took up, and the call that came next."""
    found: dict[Act, Act] = {}
    for acts in sight.lanes.values():
        for at, act in enumerate(acts):
            if not act.failure or not act.is_told or at + 1 >= len(acts):
                continue
            beside = act.step.caller
            later = [
                a
                for a in acts[at + 1 : at + 1 + NEAR]
                if beside is None or a.step.caller != beside
            ]
            if any(a.name == act.name for a in later):
                continue
            later = [a for a in later if a.turn == act.turn]
            if not later or later[0].effect == "thinks":
                continue  # it thought about it; what, is not for us to judge
            if act.effect == "changes" and later[0].effect == "reads":
                continue  # it looked why
            if is_taken_up(sight, act) is not False:
                continue
            if _shares(sight, act, later[:2]):
                continue
            found[act] = later[0]
    return found


def is_taken_up(sight: Sight, act: Act) -> bool | None:
    """True when the model's next words speak of trouble; None where it has none."""
    step = next_model(sight, act)
    texts = [c for c in (step.reasoning, step.output) if c is not None] if step else []
    if not texts:
        return None
    said = " ".join(sight.run.contents.preview(c, 3_000) for c in texts)
    return _TAKEN_UP.search(said) is not None


def next_model(sight: Sight, act: Act) -> Step | None:
    """The model call of the same thread that saw the result first."""
    models = _models(sight).get(act.step.thread, [])
    at = bisect_right(models, act.at)
    return sight.run.step(models[at]) if at < len(models) else None


def _models(sight: Sight) -> dict[str, list[int]]:
    known = sight.__dict__.get("_models")
    if known is None:
        known = {}
        for step in sight.run.steps:
            if step.kind == "model":
                known.setdefault(step.thread, []).append(step.position)
        sight.__dict__["_models"] = known
    return known


def _shares(sight: Sight, act: Act, later: Iterable[Act]) -> bool:
    """True when a later call has a telling word of the failed one or of its failure."""
    words = _atoms(sight, act) | set(_ATOM.findall(act.failure or ""))
    words = {word for word in words if len(word) > 3 and _ATOM.fullmatch(word)}
    return any(words & _atoms(sight, one) for one in later)


def _atoms(sight: Sight, act: Act) -> set[str]:
    if act.step.input is None:
        return set()
    words = _ATOM.findall(sight.run.contents.preview(act.step.input, 2_000))
    return {part for word in words for part in (word, *word.split("/"))}


def silent_failures(sight: Sight) -> Iterator[Finding]:
    """Calls that came back as if all was well, with a result that says they failed."""
    groups: dict[tuple[str, str], list[Act]] = {}
    for act in sight.acts:
        if act.failure and not act.is_told:
            groups.setdefault((act.name, act.failure), []).append(act)
    for (name, failure), acts in groups.items():
        first, *others = acts
        noticed = all(is_taken_up(sight, act) for act in acts)
        rest = "" if noticed else "; nothing after it speaks of that"
        times = f", {len(acts):,} times" if others else ""
        yield Finding(
            "silent-failure",
            "info" if noticed else "warning",
            f"“{short(name)}” was answered as a success at step {first.at}{times}, but "
            f"its result says that it failed ({line(failure, 90)}){rest}.",
            first.at,
            (Cite(first.at, failure),),
            tuple(act.at for act in others),
            f"{name}: {_DIGITS.sub('#', failure)[:60]}",
        )


def error_cascades(sight: Sight) -> Iterator[Finding]:
    """Several calls in a row that failed, whatever they were."""
    for acts in sight.lanes.values():
        for streak in _streaks(acts):
            names = {act.name for act in streak}
            one_tool = len(names) == 1 and len(streak) >= STORM
            if len(streak) < CASCADE or one_tool or len({a.key for a in streak}) == 1:
                continue
            first, *others = streak
            tools = ", ".join(f"“{short(name)}”" for name in sorted(names)[:3])
            yield Finding(
                "error-cascade",
                "warning",
                f"{len(streak):,} calls in a row failed, from step {first.at} to "
                f"{streak[-1].at}: {tools}. The first: "
                f"{line(first.failure or '', 80)}.",
                first.at,
                tuple(Cite(act.at, act.failure or "") for act in streak[:8]),
                tuple(act.at for act in others),
                " ".join(sorted(names)),
            )


def _streaks(acts: tuple[Act, ...]) -> Iterator[list[Act]]:
    """The longest runs of calls that failed."""
    streak: list[Act] = []
    for act in acts:
        if act.failure:
            streak.append(act)
        elif act.effect != "thinks":
            if streak:
                yield streak
            streak = []
    if streak:
        yield streak


def retry_storms(sight: Sight) -> Iterator[Finding | NotApplicable]:
    """A tool that failed again and again, with other arguments each time."""
    by_tool: dict[tuple[str, str], list[Act]] = {}
    for act in sight.acts:
        by_tool.setdefault((act.step.thread, act.name), []).append(act)
    for (_, name), acts in by_tool.items():
        for streak in _streaks(tuple(acts)):
            keys = {act.key for act in streak}
            turns = {act.turn for act in streak}
            if len(streak) < STORM or len(keys) < 2 or len(turns) >= len(streak):
                continue
            first, *others = streak
            yield Finding(
                "retry-storm",
                "warning",
                f"“{short(name)}” failed {len(streak):,} times on end, at "
                f"{steps_named([a.at for a in streak])}, with {len(keys):,} different "
                f"arguments. The last: {line(streak[-1].failure or '', 80)}.",
                first.at,
                tuple(Cite(act.at, act.failure or "") for act in streak[:8]),
                tuple(act.at for act in others),
                name,
            )
