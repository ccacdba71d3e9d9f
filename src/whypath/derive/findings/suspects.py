"""Ranks the steps of a failed run: where to look first, and why there.

No model is asked. What counts, in this order: what checks found and what it rests on;
calls that changed something, as those are what an outcome is judged by, the last that
stood first; figures that the model gave out and had from nowhere; the words of the user
that set a change off. The weights are that order written down, not fitted to labels.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from whypath.derive.findings.effects import effect_of
from whypath.derive.findings.finding import Finding
from whypath.model import Run, Step

MOST = 5
FAILURES = ("failed-call", "unhandled-error", "silent-failure")
_FOUND = {"error": 4.0, "warning": 2.0, "info": 0.5}
_CAUSE, _LATER = 0.8, 0.5
_CHANGED, _CHANGED_BEFORE, _FAILED_CHANGE = 3.0, 2.0, 1.8
_FIGURE, _ASKED, _ASKED_BEFORE, _PROPOSED = 2.5, 1.9, 1.7, 1.2
_ANSWERED, _LAST_ASKED, _ENDED = 0.6, 1.0, 3.5
_NUMBER = re.compile(rb"\d+(?:[.,]\d+)*")
_SPOKEN = re.compile(r"(?<![\w#.$/:-])\d+(?:[.,]\d+)*(?![\w/:-])(?!\. )")


class Suspect(NamedTuple):
    """A step that may be the root of a failure, and why it is one to look at."""

    step: int
    score: float
    why: str


def has_failed(run: Run) -> bool:
    """True for a run that its trace calls a failure: by status, reward or score."""
    outcome = run.outcome
    if run.status in ("error", "incomplete"):
        return True
    if outcome is None:
        return False
    bad = (outcome.reward, outcome.score)
    return any(value is not None and value <= 0 for value in bad)


def find_suspects(
    run: Run, findings: Sequence[Finding], most: int | None = MOST
) -> tuple[Suspect, ...]:
    """The steps to look at first, the likeliest first; all that count with no `most`.

    Of each kind, the strongest reason of a step counts.
    """
    best: dict[int, Suspect] = {}
    scores: dict[int, float] = {}
    failed = {at for f in findings if f.rule in FAILURES for at in f.steps}
    for suspects in (_by_findings(findings), _by_course(run, failed)):
        strongest: dict[int, Suspect] = {}
        for suspect in suspects:
            known = strongest.get(suspect.step)
            if known is None or suspect.score > known.score:
                strongest[suspect.step] = suspect
        for step, suspect in strongest.items():
            scores[step] = scores.get(step, 0.0) + suspect.score
            if step not in best or suspect.score > best[step].score:
                best[step] = suspect
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Suspect(step, score, best[step].why) for step, score in ranked[:most])


def _by_findings(findings: Sequence[Finding]) -> Iterator[Suspect]:
    """Where something was found, and the steps that it rests on."""
    for finding in findings:
        if finding.expected is not None:
            continue
        weight = _FOUND[finding.severity]
        said = f"{finding.rule}: {finding.statement}"
        yield Suspect(finding.step, weight, said)
        for cite in finding.cites:
            if cite.step < finding.step:
                yield Suspect(cite.step, weight * _CAUSE, f"led to {said}")
        for step in finding.also[:20]:
            yield Suspect(step, weight * _LATER, said)


def _by_course(run: Run, failed: Collection[int]) -> Iterator[Suspect]:
    """What the run changed, who asked for it, and what was said without a source."""
    steps = [step for step in run.steps if not step.abandoned]
    tools = [step for step in steps if step.kind == "tool"]
    changing = [step for step in tools if effect_of(step.name) == "changes"]
    stood = [step for step in changing if step.position not in failed]
    users = [s.position for s in steps if s.kind == "user" and not s.depth]
    if stood:
        last = stood[-1]
        yield Suspect(_caller(last), _CHANGED, f"made the last change, “{last.name}”")
    for step in stood[:-1]:
        why = f"changed something: “{step.name}”"
        yield Suspect(_caller(step), _CHANGED_BEFORE, why)
    for step in changing:
        if step not in stood:
            why = f"tried a change that failed: “{step.name}”"
            yield Suspect(_caller(step), _FAILED_CHANGE, why)
    yield from _where_it_ended(run, steps)
    yield from _who_asked(run, changing, users)
    yield from _figures(run, steps)


def _where_it_ended(run: Run, steps: Sequence[Step]) -> Iterator[Suspect]:
    """Where a run broke off, or its last error if it failed."""
    if run.status == "incomplete" and steps:
        yield Suspect(steps[-1].position, _ENDED, "the trace breaks off here")
    bad = [step.position for step in steps if step.status == "error"]
    if run.status == "error" and bad:
        yield Suspect(bad[-1], _ENDED, "the last error before the run failed")


def _caller(step: Step) -> int:
    """The model call that made a call, where it is known: there it was decided."""
    return step.caller or step.position


def _who_asked(
    run: Run, changing: Sequence[Step], users: Sequence[int]
) -> Iterator[Suspect]:
    """The user's words that set a change off, those before, and the words between."""
    asked = ((bisect_left(users, step.position), step) for step in changing)
    turns = {users[at - 1]: step for at, step in asked if at}
    for turn, step in turns.items():
        yield Suspect(turn, _ASKED, f"the words that set “{step.name}” off")
        at = users.index(turn)
        if at > 0:
            why = f"what was asked before “{step.name}” was agreed to"
            yield Suspect(users[at - 1], _ASKED_BEFORE, why)
        for position in range(turn - 1, users[at - 1] if at else 0, -1):
            if run.step(position).kind == "model":
                yield Suspect(position, _PROPOSED, f"proposed “{step.name}”")
                break
    if not turns and len(users) > 1:
        for number, position in enumerate(reversed(users[-3:])):
            why = "one of the last things asked, and nothing was changed"
            yield Suspect(position, _LAST_ASKED + 0.2 * min(number, 1), why)


def _figures(run: Run, steps: Sequence[Step]) -> Iterator[Suspect]:
    """Numbers that the model gave out, and that nothing it had seen holds."""
    seen: set[bytes] = set()
    for step in steps:
        said = step.kind == "model" and step.output is not None and not step.depth
        if said and step.output is not None:
            text = run.contents.text(step.output)[:6_000]
            new = [n for n in _SPOKEN.findall(text) if _is_new(n, seen)]
            if new:
                shown = ", ".join(dict.fromkeys(new[:3]))
                why = f"gave out {shown}, which nothing it had seen holds"
                yield Suspect(step.position, _FIGURE, why)
            elif seen:
                why = "told what it had found"
                yield Suspect(step.position, _ANSWERED, why)
        for content in (step.output, step.input):
            if content is not None and run.contents.size(content) <= 400_000:
                raw = run.contents.raw(content)
                seen.update(n.replace(b",", b"") for n in _NUMBER.findall(raw))


def _is_new(number: str, seen: set[bytes]) -> bool:
    """True for a number of two digits or more that was not seen, however written."""
    plain = number.replace(",", "").encode()
    if len(plain.replace(b".", b"")) < 2 or not seen:
        return False
    whole = plain.rstrip(b"0").rstrip(b".") if b"." in plain else plain
    return plain not in seen and whole not in seen
