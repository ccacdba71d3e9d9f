"""Checks what a decision says it rests on against what the named step really returned.

Only recorded evidence is looked at; tracing values nobody cited is not done here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from whypath.model import Decision, Evidence, Run

Verdict = Literal["found", "differs", "missing", "unknown"]

MAX_LEAVES = 5_000
_PATH_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[['\"](.+?)['\"]\]")
_WORD = re.compile(r"[A-Za-z][a-z]*|\d+")
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A JSON path in a step's output and the value there."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class CheckedEvidence:
    """A piece of evidence and what a look at its source shows.

    `found`: the source holds the value at that path. `differs`: another value, in
    `actual`. `missing`: no such path; `near` is a sibling with a similar name.
    `unknown`: the source or the path is not recorded. `source` is a position.
    """

    evidence: Evidence
    verdict: Verdict
    source: int | None = None
    actual: Any = None
    near: Leaf | None = None


def check_evidence(run: Run, decision: Decision) -> tuple[CheckedEvidence, ...]:
    """Each piece of the decision's evidence, checked."""
    positions = {step.key: step.position for step in run.steps}
    return tuple(
        _check(run, evidence, positions.get(evidence.source or ""))
        for evidence in decision.evidence
    )


def _check(run: Run, evidence: Evidence, source: int | None) -> CheckedEvidence:
    if source is None or evidence.path is None or evidence.value is None:
        return CheckedEvidence(evidence, "unknown", source)
    output = run.step(source).output
    if output is None:
        return CheckedEvidence(evidence, "unknown", source)
    document = run.contents.document(output)
    claimed = run.contents.value(evidence.value)
    actual = resolve(document, evidence.path)
    if actual is _ABSENT:
        near = _nearest(document, evidence.path)
        return CheckedEvidence(evidence, "missing", source, near=near)
    if actual == claimed:
        return CheckedEvidence(evidence, "found", source, actual)
    return CheckedEvidence(evidence, "differs", source, actual)


def resolve(document: Any, path: str) -> Any:
    """The value at a JSON path such as `$.customer.orders[0].id`, or a marker."""
    value = document
    for match in _PATH_PART.finditer(path.removeprefix("$")):
        name, index, quoted = match.groups()
        key = name if name is not None else quoted
        if isinstance(value, dict) and key is not None and key in value:
            value = value[key]
        elif isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
        else:
            return _ABSENT
    return value


def leaves(document: Any) -> Iterator[Leaf]:
    """Every value that is no object and no list, with its path, breadth first."""
    queue: list[Leaf] = [Leaf("$", document)]
    for leaf in queue:
        if len(queue) > MAX_LEAVES:
            return
        if isinstance(leaf.value, dict):
            queue.extend(Leaf(f"{leaf.path}.{k}", v) for k, v in leaf.value.items())
        elif isinstance(leaf.value, list):
            items = enumerate(leaf.value)
            queue.extend(Leaf(f"{leaf.path}[{i}]", v) for i, v in items)
        else:
            yield leaf


def _nearest(document: Any, path: str) -> Leaf | None:
    """The leaf whose name is most like the one that is missing."""
    wanted = path.rsplit(".", 1)[-1]
    best: tuple[float, Leaf] | None = None
    for leaf in leaves(document):
        score = _likeness(wanted, leaf.path.rsplit(".", 1)[-1])
        if score >= 0.5 and (best is None or score > best[0]):
            best = (score, leaf)
    return best[1] if best else None


def _likeness(a: str, b: str) -> float:
    """1 for the same words; else the better of shared words and shared letters."""
    words_a = {w.lower() for w in _WORD.findall(a)}
    words_b = {w.lower() for w in _WORD.findall(b)}
    shared = len(words_a & words_b) / max(1, min(len(words_a), len(words_b)))
    letters = SequenceMatcher(None, a.lower(), b.lower(), autojunk=False).ratio()
    return max(shared * 0.9, letters)
