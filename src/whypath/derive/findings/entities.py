"""Finds calls that put the ids of two things together that do not belong together.

What belongs together is read from the records that calls brought.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from whypath.derive.findings.effects import words_of
from whypath.derive.findings.finding import Cite, Finding, NotApplicable
from whypath.derive.findings.sight import Act, Sight, short


class _Bond(NamedTuple):
    """Two ids that a record holds side by side, and the step that said so."""

    other: str
    step: int


def mixed_entities(sight: Sight) -> Iterator[Finding | NotApplicable]:
    """Calls with ids of two things of which one belongs to somebody else."""
    asking = [(act, ids) for act in sight.acts if len(ids := _ids(sight, act)) > 1]
    if not asking:
        yield NotApplicable("no call names two ids")
        return
    wanted = {name for _, ids in asking for name in ids}
    bonds = _bonds(sight, wanted)
    for act, ids in asking:
        for name, value in ids.items():
            for other, said in ids.items():
                known = bonds.get((name, value, other))
                before = [bond for bond in known or () if bond.step < act.at]
                owners = {bond.other for bond in before}
                if len(owners) != 1 or said in owners or name == other:
                    continue
                if (other, said, name) in bonds and value in {
                    bond.other for bond in bonds[other, said, name]
                }:
                    continue
                bond = before[0]
                yield Finding(
                    "entity-mixup",
                    "error" if act.effect == "changes" else "warning",
                    f"“{short(act.name)}” at step {act.at} put {name} “{short(value)}” "
                    f"together with {other} “{short(said)}”, but by step {bond.step} "
                    f"it belongs to “{short(bond.other)}”.",
                    act.at,
                    (
                        Cite(bond.step, f"{name} {value}: {other} {bond.other}"),
                        Cite(act.at, f"{name} {value}, {other} {said}"),
                    ),
                    subject=f"{act.name} {name} {other}",
                )


def _ids(sight: Sight, act: Act) -> dict[str, str]:
    """The ids at the top of a call's arguments, by name."""
    keys = sight.run.contents.keys(act.step.input) if act.step.input is not None else ()
    named = [key for key in keys if _is_id(key)]
    if len(named) < 2:
        return {}
    document = sight.document(act.step.input)
    if not isinstance(document, dict):
        return {}
    return {key: str(document[key]) for key in named if _is_plain(document[key])}


def _is_id(key: str) -> bool:
    words = words_of(key)
    return len(words) > 1 and words[-1] in ("id", "uuid", "number", "no")


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _bonds(sight: Sight, wanted: set[str]) -> dict[tuple[str, str, str], list[_Bond]]:
    """(name, id, other name) -> the other ids that records held beside it."""
    bonds: dict[tuple[str, str, str], list[_Bond]] = {}
    for act in sight.acts:
        if not act.worked:
            continue
        for record in _records(sight.document(act.step.output)):
            held = {
                k: str(v) for k, v in record.items() if k in wanted and _is_plain(v)
            }
            for name, value in held.items():
                for other, said in held.items():
                    if other != name:
                        bond = _Bond(said, act.at)
                        bonds.setdefault((name, value, other), []).append(bond)
    return bonds


def _records(document: Any, most: int = 500) -> Iterator[dict[str, Any]]:
    """The objects in a document, at most `most`."""
    todo = [document]
    while todo and most:
        value = todo.pop()
        most -= 1
        if isinstance(value, dict):
            yield value
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value[:200])
