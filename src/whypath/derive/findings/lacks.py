"""Finds results that were empty or cut short, and what was done or claimed on them."""

import re
from collections.abc import Iterator

from whypath.derive.findings.calls import NEAR, is_taken_up, next_model
from whypath.derive.findings.finding import Cite, Finding
from whypath.derive.findings.sight import Act, Sight, line, short
from whypath.model import Step


def empty_results(sight: Sight) -> Iterator[Finding]:
    """Calls for something that brought nothing, and what was then done on nothing.

    A command without output is nothing unusual; an empty list is, and so is an empty
    text from a tool that brings something at other times, or is there to find it.
    """
    full = {
        a.name for a in sight.acts if a.step.output is not None and not a.facts.empty
    }
    groups: dict[tuple[str, str], list[Act]] = {}
    for acts in sight.lanes.values():
        for at, act in enumerate(acts):
            if not _is_empty(act, full):
                continue
            later = _committed(sight, acts, at)
            if later is None:
                groups.setdefault((act.name, act.facts.empty or ""), []).append(act)
                continue
            yield Finding(
                "empty-committed",
                "warning",
                f"“{short(act.name)}” brought {act.facts.empty} at step {act.at}; "
                f"“{short(later.name)}” at step {later.at} went ahead all the same.",
                later.at,
                (Cite(act.at, f"brought {act.facts.empty}"), Cite(later.at, "acted")),
                subject=f"{act.name} -> {later.name}",
            )
    for (name, empty), acts_ in groups.items():
        first, *others = acts_
        times = f" {len(acts_):,} times" if others else f" at step {first.at}"
        yield Finding(
            "empty-result",
            "info",
            f"“{short(name)}” brought {empty}{times}.",
            first.at,
            (Cite(first.at, f"brought {empty}"),),
            tuple(act.at for act in others),
            f"{name}: {empty}",
        )


def _is_empty(act: Act, full: set[str]) -> bool:
    empty = act.facts.empty
    if empty is None or act.failure:
        return False
    if act.effect == "thinks":
        return empty == "an empty list" and act.name in full
    if empty in ("an empty list", "an empty object"):
        return act.effect == "reads" or act.name in full
    if empty in ("an empty text", "null"):
        return act.effect == "reads" and act.name in full
    return act.effect in ("reads", "unknown") or act.name in full


def _committed(sight: Sight, acts: tuple[Act, ...], at: int) -> Act | None:
    """The next call that changes something, if nothing in between asked again."""
    act = acts[at]
    if act.effect != "reads":
        return None
    for later in acts[at + 1 : at + 1 + NEAR]:
        if later.turn != act.turn or later.name == act.name:
            return None
        if later.effect == "reads":
            return None  # it looked elsewhere
        if later.effect == "changes" and later.step.caller != act.step.caller:
            return later if later.worked and not is_taken_up(sight, act) else None
    return None


_COMPLETE = re.compile(
    r"\b(?:in total|total of|all (?:of the )?\d+|all (?:the )?(?:files|results|rows|"
    r"records|items|entries|matches|tests|orders|users)|there (?:are|were) "
    r"(?:only |exactly )?\d+|only \d+|exactly \d+|complete list|every (?:file|row|"
    r"record|item|one of)|none of the|no other|the only)\b",
    re.IGNORECASE,
)


def truncated_evidence(sight: Sight) -> Iterator[Finding]:
    """Results that were cut short; graver where the next words know them all."""
    groups: dict[str, list[Act]] = {}
    for act in sight.acts:
        if act.facts.cut is None or act.failure:
            continue
        claim = _claim(sight, act)
        if claim is None:
            groups.setdefault(act.name, []).append(act)
            continue
        step, words = claim
        yield Finding(
            "truncated-evidence",
            "warning",
            f"The result of “{short(act.name)}” at step {act.at} was cut short "
            f"({line(act.facts.cut, 60)}), yet step {step.position} says "
            f"“{line(words, 60)}”.",
            step.position,
            (Cite(act.at, act.facts.cut), Cite(step.position, words)),
            subject=act.name,
        )
    for name, acts in groups.items():
        first, *others = acts
        times = f"{len(acts):,} results" if others else "A result"
        verb = "were" if others else "was"
        yield Finding(
            "truncated-result",
            "info",
            f"{times} of “{short(name)}” {verb} cut short, first at step {first.at} "
            f"({line(first.facts.cut or '', 60)}).",
            first.at,
            (Cite(first.at, first.facts.cut or ""),),
            tuple(act.at for act in others),
            name,
        )


def _claim(sight: Sight, act: Act) -> tuple[Step, str] | None:
    """Words of the model that saw the cut result, that claim completeness."""
    step = next_model(sight, act)
    if step is None or step.output is None or act.effect not in ("reads", "unknown"):
        return None
    if any(a.name == act.name and a.at > act.at for a in sight.lanes[act.step.thread]):
        return None  # it may have read on
    said = sight.run.contents.text(step.output)[:4_000]
    found = _COMPLETE.search(said)
    if found is None or re.search(r"truncat|cut off|partial|first \d+|at least", said):
        return None
    start = said.rfind(".", 0, found.start()) + 1
    return step, said[start : found.end() + 60].strip()
