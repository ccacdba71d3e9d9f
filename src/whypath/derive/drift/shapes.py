"""Compares the shapes of tools' results with those of a baseline: fields that left,
came, changed their type, or their name.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from whypath.derive.drift.across import Across, told
from whypath.derive.drift.baseline import Baseline, UsualPath, UsualTool
from whypath.derive.drift.digest import Digest, Shape
from whypath.derive.evidence import likeness
from whypath.derive.findings.finding import Cite

FEW = 3
ALWAYS, OFTEN, MORE = 0.9, 0.5, 0.2
ALIKE = 0.8


class _Rename(NamedTuple):
    """A field that is gone from a tool's results, and the one that took its place."""

    tool: str
    old: str
    new: str
    seen: list[tuple[Digest, Shape]]


def _by_tool(runs: Sequence[Digest]) -> dict[str, list[tuple[Digest, Shape]]]:
    tools: dict[str, list[tuple[Digest, Shape]]] = {}
    for one in runs:
        for shape in one.shapes:
            tools.setdefault(shape.tool, []).append((one, shape))
    return tools


def _renames(usual: Baseline, runs: Sequence[Digest]) -> Iterator[_Rename]:
    for tool, now in _by_tool(runs).items():
        before = usual.tools.get(tool)
        if before is None or before.count < FEW:
            continue
        for old, new in _pairs(before, [shape for _, shape in now]):
            seen = [
                (one, shape)
                for one, shape in now
                if new in shape.paths and old not in shape.paths
            ]
            yield _Rename(tool, old, new, seen)


def _pairs(before: UsualTool, now: Sequence[Shape]) -> Iterator[tuple[str, str]]:
    """Each path that the results lost, with the new one that is most like it."""
    here = {path for shape in now for path in shape.paths}
    came = [path for path in sorted(here) if path not in before.paths]
    for old, path in before.paths.items():
        if path.count < ALWAYS * before.count:
            continue
        without = [shape for shape in now if old not in shape.paths]
        candidates = [p for p in came if any(p in shape.paths for shape in without)]
        scored = [(_alike(old, path, new, without), new) for new in candidates]
        best = max(scored, default=(0.0, ""))
        if best[0] >= ALIKE:
            yield old, best[1]


def _alike(old: str, path: UsualPath, new: str, now: Sequence[Shape]) -> float:
    """How much a new field is like an old one: by its name, or by its values."""
    name_old, name_new = _last(old), _last(new)
    values = {shape.paths[new][1] for shape in now if new in shape.paths}
    kinds = {shape.paths[new][0] for shape in now if new in shape.paths}
    if not kinds & set(path.types):
        return 0.0
    if old.rsplit(".", 1)[0] == new.rsplit(".", 1)[0] or name_old == name_new:
        score = likeness(name_old, name_new)
    else:
        score = likeness(name_old, name_new) * 0.9
    domain = not path.is_wide and len(path.values) > 1
    shared = len(values & set(path.values)) / len(values) if domain and values else 0.0
    return max(score, shared)


def _last(path: str) -> str:
    return path.rsplit(".", 1)[-1].replace("[]", "")


def renamed(usual: Baseline, runs: Sequence[Digest]) -> Iterator[Across]:
    """Fields with another name than in the baseline, and what was taken instead."""
    for rename in _renames(usual, runs):
        tool, old, new, seen = rename
        one, shape = seen[0]
        value = shape.paths[new][1]
        taken = _taken(usual, runs, _last(old))
        affected = [(run, at.step) for run, at in seen]
        was = _values(usual.tools[tool].paths[old])

        def said(
            how: str,
            tool: str = tool,
            old: str = old,
            new: str = new,
            taken: str = taken,
            was: str = was,
        ) -> str:
            return (
                f"“{tool}” no longer returns {_bare(old)}{was}; it returns "
                f"{_bare(new)} instead, {how}{taken}."
            )

        yield told(
            "renamed-field",
            "error",
            said,
            affected,
            len(runs),
            f"{tool} {old} {new}",
            (
                Cite(shape.step, f"no {_bare(old)}", old),
                Cite(shape.step, f"{_bare(new)} = “{value}”", new),
                *_uses(one, _last(old)),
            ),
        )


def _uses(one: Digest, name: str) -> Iterator[Cite]:
    for used in one.used:
        if used.name.lower() == name.lower():
            yield Cite(used.step, f"“{used.place}” used {name} = “{used.value}”")
            return


def _taken(usual: Baseline, runs: Sequence[Digest], name: str) -> str:
    """The one value that everything which used the field takes now, in words."""
    used = [u for one in runs for u in one.used if u.name.lower() == name.lower()]
    values = {u.value for u in used}
    if len(values) != 1 or len(used) < 2:
        return ""
    places = sorted({u.place for u in used})
    before = {
        v
        for k, u in usual.used.items()
        if k.endswith(f" · {used[0].name}")
        for v in u.values
    }
    if len(before) < 2:
        return ""
    return (
        f", and every one of {len(used):,} uses in “{places[0]}” fell back to {name} = "
        f"“{next(iter(values))}”"
    )


def _values(path: UsualPath) -> str:
    if path.is_wide or not path.values or len(path.values) > 6:
        return ""
    return f" ({', '.join(sorted(path.values))})"


def _bare(path: str) -> str:
    return path.removeprefix("$.").removeprefix("$") or path


def changed(usual: Baseline, runs: Sequence[Digest]) -> Iterator[Across]:
    """Fields that left without a heir, came, or changed their type."""
    renames = list(_renames(usual, runs))
    old = {(rename.tool, rename.old) for rename in renames}
    new = {(rename.tool, rename.new) for rename in renames}
    for tool, now in _by_tool(runs).items():
        before = usual.tools.get(tool)
        if before is None or before.count < FEW or len(now) < FEW:
            continue
        for name, path in before.paths.items():
            if (tool, name) in old:
                continue
            yield from _lost(tool, name, path, before.count, now, len(runs))
            yield from _retyped(tool, name, path, now, len(runs))
        came: dict[str, list[tuple[Digest, int]]] = {}
        for one, shape in now:
            for name in shape.paths:
                if name not in before.paths and (tool, name) not in new:
                    came.setdefault(name, []).append((one, shape.step))
        often = {n: a for n, a in came.items() if len(a) >= OFTEN * len(now)}
        if often:
            names = sorted(often)
            shown = ", ".join(map(_bare, names[:4]))
            more = f" and {len(names) - 4} more" if len(names) > 4 else ""

            def said(how: str, tool: str = tool, shown: str = shown + more) -> str:
                return f"“{tool}” returns what it did not before: {shown}, {how}."

            yield told(
                "schema-drift", "info", said, often[names[0]], len(runs), f"{tool} new"
            )


def _lost(
    tool: str,
    name: str,
    path: UsualPath,
    count: int,
    now: Sequence[tuple[Digest, Shape]],
    of: int,
) -> Iterator[Across]:
    without = [(one, shape.step) for one, shape in now if name not in shape.paths]
    share = len(without) / len(now)
    if path.count >= ALWAYS * count and share > 1 - path.count / count + OFTEN:
        yield told(
            "schema-drift",
            "warning",
            lambda how: f"“{tool}” no longer returns {_bare(name)}, {how}.",
            without,
            of,
            f"{tool} {name} lost",
        )


def _retyped(
    tool: str,
    name: str,
    path: UsualPath,
    now: Sequence[tuple[Digest, Shape]],
    of: int,
) -> Iterator[Across]:
    """Another type than ever before; or null far more often."""
    here = [(one, shape) for one, shape in now if name in shape.paths]
    other = [
        (one, shape.step)
        for one, shape in here
        if shape.paths[name][0] not in path.types and shape.paths[name][0] != "null"
    ]
    if other:
        kind = next(
            s.paths[name][0] for _, s in here if s.paths[name][0] not in path.types
        )
        was = " or ".join(sorted(path.types))
        yield told(
            "schema-drift",
            "warning",
            lambda how: f"“{tool}” returns {_bare(name)} as {kind}, not {was}, {how}.",
            other,
            of,
            f"{tool} {name} type",
        )
    nulls = [(one, s.step) for one, s in here if s.paths[name][0] == "null"]
    usually = path.types.get("null", 0) / max(1, path.count)
    if (
        len(here) >= FEW
        and len(nulls) / len(here) >= usually + MORE
        and len(nulls) >= FEW
    ):
        yield told(
            "schema-drift",
            "warning",
            lambda how: (
                f"“{tool}” returns {_bare(name)} as null in "
                f"{len(nulls) / len(here):.0%} of its results, {how}; "
                f"usually {usually:.0%}."
            ),
            nulls,
            of,
            f"{tool} {name} null",
        )
