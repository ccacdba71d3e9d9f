"""Finds fields that were read under a name they no longer have, and defaults in use.

The sign of a renamed field: something was taken for a value that no result held, while
a result held another value under a name that is nearly the same.
"""

from collections.abc import Iterator
from typing import Any

from whypath.derive.evidence import CheckedEvidence, Leaf, leaves, likeness
from whypath.derive.findings.effects import words_of
from whypath.derive.findings.finding import Cite, Finding, NotApplicable, Unseen
from whypath.derive.findings.sight import Act, Sight, short
from whypath.model import Evidence

ALIKE = 0.8


def wrong_evidence(sight: Sight) -> Iterator[Finding | Unseen | NotApplicable]:
    """Recorded evidence whose source holds another value at that path."""
    if not sight.evidence:
        yield NotApplicable("no decision records its evidence")
    for at, checks in sight.evidence.items():
        for check in checks:
            if check.verdict == "unknown":
                yield Unseen("the source of some evidence is not recorded")
            if check.verdict != "differs" or check.source is None:
                continue
            said = _said(sight, check.evidence)
            yield Finding(
                "wrong-evidence",
                "error",
                f"Step {at} chose {_chosen(sight, at)} on "
                f"{short(check.evidence.name)} = “{said}”, but step "
                f"{check.source} returned “{short(check.actual)}”.",
                at,
                (
                    Cite(check.source, f"“{short(check.actual)}”", check.evidence.path),
                    Cite(at, f"used “{said}”"),
                ),
                subject=f"{sight.run.step(at).name} {check.evidence.name}",
            )


def renamed_fields(sight: Sight) -> Iterator[Finding | Unseen | NotApplicable]:
    """Fields that were read and are absent, where one of a like name is there."""
    reads = [
        (at, check)
        for at, checks in sight.evidence.items()
        for check in checks
        if check.evidence.path is not None
    ]
    for at, check in reads:
        if check.verdict == "missing":
            yield _missing_field(sight, at, check)
        elif check.verdict == "unknown":
            yield Unseen("the source of some evidence is not recorded")
    told = {at for at, check in reads if check.verdict == "missing"}
    assumed = list(_assumed(sight)) if not told else []
    if not reads and not any(step.state for step in sight.run.steps):
        yield NotApplicable("no field is recorded as read, and no state as set")
    for at, name, value, act, leaf in assumed:
        yield Finding(
            "renamed-field",
            "warning",
            f"Step {at} took {short(name)} to be “{short(value)}”, which no step "
            f"returned; “{short(act.name)}” at step {act.at} has {_place(leaf)} = "
            f"“{short(leaf.value)}”.",
            at,
            (
                Cite(act.at, f"“{short(leaf.value)}”", leaf.path),
                Cite(at, f"took {short(name)} to be “{short(value)}”"),
            ),
            subject=f"{act.name} {name} {_place(leaf)}",
        )


def _missing_field(sight: Sight, at: int, check: CheckedEvidence) -> Finding:
    said, near = _said(sight, check.evidence), check.near
    source = check.source or at
    tool = sight.run.step(source).name
    text = (
        f"Step {at} chose {_chosen(sight, at)} on {short(check.evidence.name)} = "
        f"“{said}”, read at {short(check.evidence.path)} of “{short(tool)}”, "
        f"which step {source} did not return"
    )
    text += f"; it has {_place(near)} = “{short(near.value)}”." if near else "."
    cites = [Cite(source, "no such field", check.evidence.path)]
    if near is not None:
        cites.append(Cite(source, f"“{short(near.value)}”", near.path))
    return Finding(
        "renamed-field" if near else "missing-field",
        "error",
        text,
        at,
        (*cites, Cite(at, f"used “{said}”")),
        subject=f"{tool} {check.evidence.path} {_place(near) if near else ''}",
    )


def _assumed(sight: Sight) -> Iterator[tuple[int, str, Any, Act, Leaf]]:
    """State that was set to what no result held, where a result has a name like it."""
    acts = {act.at: act for act in sight.acts}
    seen: set[str] = set()
    for step in sight.run.steps:
        for change in step.state:
            act = acts.get(step.position)
            if act is None or change.value is None or not act.worked:
                continue
            name = change.path.rsplit(".", 1)[-1]
            value = sight.document(change.value)
            if not isinstance(value, str) or not value or change.path in seen:
                continue
            near = _near(sight, act, name, value)
            if near is not None:
                seen.add(change.path)
                yield step.position, name, value, act, near


def _near(sight: Sight, act: Act, name: str, value: str) -> Leaf | None:
    """The field of a result whose name is nearly `name`, if nothing holds `value`."""
    document = sight.document(act.step.output)
    if not isinstance(document, dict):
        return None
    best = None
    for leaf in leaves(document):
        if leaf.value == value or words_of(_place(leaf)) == words_of(name):
            return None
        if isinstance(leaf.value, str) and likeness(name, _place(leaf)) >= ALIKE:
            best = best or leaf
    return best


def used_defaults(sight: Sight) -> Iterator[Finding | NotApplicable]:
    """Decisions that rest on a default, as their own record says."""
    if not sight.evidence:
        yield NotApplicable("no decision records its evidence")
    for at, checks in sight.evidence.items():
        for check in checks:
            evidence = check.evidence
            if not evidence.default or check.verdict == "found":
                continue
            where = f" of step {check.source}" if check.source else ""
            path = (
                f", as {short(evidence.path)}{where} was not there"
                if evidence.path
                else ""
            )
            yield Finding(
                "default-used",
                "warning",
                f"Step {at} chose {_chosen(sight, at)} on a default: "
                f"{short(evidence.name)} = “{_said(sight, evidence)}”{path}.",
                at,
                (Cite(at, f"default “{_said(sight, evidence)}”", evidence.path),),
                subject=f"{sight.run.step(at).name} {evidence.name}",
            )


def _said(sight: Sight, evidence: Evidence) -> str:
    return short(sight.words(evidence.value, 60), 60) or "?"


def _chosen(sight: Sight, at: int) -> str:
    names = [f"“{short(option.name)}”" for option in sight.decisions[at].chosen]
    return " and ".join(names[:3]) or "nothing"


def _place(leaf: Leaf) -> str:
    return short(leaf.path.rsplit(".", 1)[-1].removeprefix("$"))
