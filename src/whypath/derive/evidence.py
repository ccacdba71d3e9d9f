"""Checks what a decision says it rests on against what the named step really returned.

Only recorded evidence is looked at; tracing values nobody cited is not done here.
"""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from typing import Any, Literal

from whypath.model import Decision, Evidence, Run

Verdict = Literal["found", "differs", "missing", "unknown"]

MAX_LEAVES = 2_000
_PATH_PART = re.compile(
    r"""\.?([^.\[\]*?]+)|\[(\d{1,9})\]|\[(?:'([^']*)'|"([^"]*)")\]"""
)
_MAX_NAME = 80
_MAX_DIGITS = 9
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


def check_evidence(
    run: Run, decisions: Mapping[int, Decision]
) -> dict[int, tuple[CheckedEvidence, ...]]:
    """Position of each decision with evidence -> each piece of it, checked."""
    checks = _Checks(run)
    return {
        position: tuple(map(checks.check, decision.evidence))
        for position, decision in decisions.items()
        if decision.evidence
    }


class _Checks:
    """Checks one piece of evidence after the other; keeps the last output parsed."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._positions = {step.key: step.position for step in run.steps}
        self._parsed: tuple[int, Any] = (-1, None)

    def check(self, evidence: Evidence) -> CheckedEvidence:
        source = self._positions.get(evidence.source or "")
        output = self._run.step(source).output if source is not None else None
        path = _parts(evidence.path) if evidence.path is not None else None
        if output is None or path is None or evidence.value is None:
            return CheckedEvidence(evidence, "unknown", source)
        if self._parsed[0] != output:
            self._parsed = (output, self._run.contents.document(output))
        document = self._parsed[1]
        actual = _resolve(document, path)
        if actual is _ABSENT:
            near = _nearest(document, path)
            return CheckedEvidence(evidence, "missing", source, near=near)
        same = _is_same(self._run.contents.value(evidence.value), actual)
        return CheckedEvidence(evidence, "found" if same else "differs", source, actual)


def _is_same(claimed: Any, actual: Any) -> bool:
    """True for equal values, and for a number or word written as text in one place."""
    if isinstance(claimed, str) != isinstance(actual, str):
        texts = (v if isinstance(v, str) else json.dumps(v) for v in (claimed, actual))
        return len(set(texts)) == 1
    if isinstance(claimed, bool) != isinstance(actual, bool):
        return False
    return bool(claimed == actual)


def _parts(path: str) -> list[str | int] | None:
    """`$.customer.orders[0]['a b']` as keys and indices.

    None for what is no path to one place, such as a pattern with `*` or a filter.
    """
    rest = path.strip().removeprefix("$")
    parts: list[str | int] = []
    at = 0
    while at < len(rest):
        match = _PATH_PART.match(rest, at)
        if match is None:
            return None
        name, index, *quoted = match.groups()
        if index is not None:
            parts.append(int(index))
        else:
            parts.append(next(n for n in (name, *quoted) if n is not None))
        at = match.end()
    return parts


def _resolve(document: Any, parts: list[str | int]) -> Any:
    """The value at the place, or a marker."""
    value = document
    for part in parts:
        if isinstance(value, dict) and str(part) in value:
            value = value[str(part)]
            continue
        if not isinstance(value, list) or not str(part).isdecimal():
            return _ABSENT
        if len(str(part)) > _MAX_DIGITS or int(part) >= len(value):
            return _ABSENT
        value = value[int(part)]
    return value


def leaves(document: Any) -> Iterator[Leaf]:
    """Values that are no object and no list, with their paths, breadth first.

    Of a large document, only the first `MAX_LEAVES` places are looked at.
    """
    queue: deque[Leaf] = deque([Leaf("$", document)])
    left = MAX_LEAVES
    while queue:
        leaf = queue.popleft()
        inside: Iterable[tuple[str, Any]]
        if isinstance(leaf.value, dict):
            inside = ((f".{name}", value) for name, value in leaf.value.items())
        elif isinstance(leaf.value, list):
            inside = ((f"[{i}]", value) for i, value in enumerate(leaf.value))
        else:
            yield leaf
            continue
        for name, value in islice(inside, left):
            queue.append(Leaf(leaf.path + name, value))
            left -= 1


def _nearest(document: Any, path: list[str | int]) -> Leaf | None:
    """The leaf whose name is most like the one that is missing."""
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return None
    wanted = names[-1]
    best: tuple[float, Leaf] | None = None
    known: dict[str, float] = {}
    for leaf in leaves(document):
        name = leaf.path.rsplit(".", 1)[-1]
        score = known.get(name)
        if score is None:
            score = known[name] = likeness(wanted, name)
        if score >= 0.5 and (best is None or score > best[0]):
            best = (score, leaf)
    return best[1] if best else None


def likeness(a: str, b: str) -> float:
    """1 for the same words; else the better of shared words and shared letters."""
    a, b = a[:_MAX_NAME], b[:_MAX_NAME]
    words_a = {w.lower() for w in _WORD.findall(a)}
    words_b = {w.lower() for w in _WORD.findall(b)}
    shared = len(words_a & words_b) / max(1, min(len(words_a), len(words_b)))
    letters = SequenceMatcher(None, a.lower(), b.lower(), autojunk=False)
    close = letters.ratio() if letters.quick_ratio() >= 0.5 else 0.0
    return max(shared * 0.9, close)
