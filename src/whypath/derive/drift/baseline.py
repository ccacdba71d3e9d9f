"""Learns from good runs what is usual: shapes, choices, values, sizes, set-up.

A baseline is plain data, so that it can be saved beside the rules and read back.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from whypath.derive.drift.digest import Digest
from whypath.errors import TraceError

VERSION = 1
DOMAIN = 24
"""A value with more different ones than this is no choice among few."""

Counts = dict[str, int]


@dataclass(slots=True)
class UsualPath:
    """A JSON path in the results of a tool: how many have it, its types and values.

    `values` is empty once there are too many to be a choice among few.
    """

    count: int = 0
    types: Counts = field(default_factory=dict)
    values: Counts = field(default_factory=dict)
    is_wide: bool = False


@dataclass(slots=True)
class UsualTool:
    """The structured results of a tool, over all runs."""

    count: int = 0
    paths: dict[str, UsualPath] = field(default_factory=dict)


@dataclass(slots=True)
class UsualPoint:
    """A decision point: how often each choice was made, and on which grounds."""

    count: int = 0
    choices: Counts = field(default_factory=dict)
    fallbacks: int = 0
    because: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class UsualValue:
    """The values used under a name at a place, and how many were defaults."""

    count: int = 0
    values: Counts = field(default_factory=dict)
    defaults: int = 0
    is_wide: bool = False


@dataclass(slots=True)
class Baseline:
    """What is usual. `sizes` are sorted, one of each run that recorded it."""

    runs: int = 0
    tools: dict[str, UsualTool] = field(default_factory=dict)
    points: dict[str, UsualPoint] = field(default_factory=dict)
    used: dict[str, UsualValue] = field(default_factory=dict)
    sizes: dict[str, list[float]] = field(default_factory=dict)
    config: dict[str, list[str]] = field(default_factory=dict)


def learn(digests: Iterable[Digest]) -> Baseline:
    """What is usual in these runs."""
    usual = Baseline()
    for one in digests:
        usual.runs += 1
        _learn_shapes(usual, one)
        _learn_choices(usual, one)
        for name, size in one.sizes.items():
            usual.sizes.setdefault(name, []).append(size)
        for name, values in one.config.items():
            known = usual.config.setdefault(name, [])
            known.extend(value for value in values if value not in known)
    for sizes in usual.sizes.values():
        sizes.sort()
    for known in usual.config.values():
        known.sort()
    return usual


def _learn_shapes(usual: Baseline, one: Digest) -> None:
    for shape in one.shapes:
        tool = usual.tools.setdefault(shape.tool, UsualTool())
        tool.count += 1
        for name, (kind, value) in shape.paths.items():
            path = tool.paths.setdefault(name, UsualPath())
            path.count += 1
            path.types[kind] = path.types.get(kind, 0) + 1
            path.is_wide = _count(path.values, value, path.is_wide)


def _learn_choices(usual: Baseline, one: Digest) -> None:
    for choice in one.choices:
        point = usual.points.setdefault(choice.point, UsualPoint())
        point.count += 1
        point.choices[choice.chosen] = point.choices.get(choice.chosen, 0) + 1
        point.fallbacks += choice.is_fallback
        if choice.because and len(point.because) < 10_000:
            point.because.setdefault(choice.because, choice.chosen)
    for used in one.used:
        value = usual.used.setdefault(key_of(used.place, used.name), UsualValue())
        value.count += 1
        value.defaults += used.is_default
        value.is_wide = _count(value.values, used.value, value.is_wide)


def key_of(place: str, name: str) -> str:
    """The name of a value at a place, in one."""
    return f"{place} · {name}"


def _count(counts: Counts, value: str, is_wide: bool) -> bool:
    """Counts a value; True once there are too many different ones."""
    if is_wide:
        return True
    counts[value] = counts.get(value, 0) + 1
    if len(counts) > DOMAIN:
        counts.clear()
        return True
    return False


def to_text(baseline: Baseline) -> str:
    """A baseline as JSON, with names in order, so that versions can be compared."""
    data = json.dumps(asdict(baseline), indent=1, sort_keys=True, ensure_ascii=False)
    return f'{{\n "whypath_baseline": {VERSION},{data[1:]}\n'


def from_text(text: str, source: str) -> Baseline:
    """Reads what `to_text` wrote. Raises `TraceError` for anything else."""
    hint = "write it with `whypath check GOOD_RUNS --save-baseline FILE`"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = f"is no saved baseline: {error}"
        raise TraceError(source, why, hint=hint) from None
    if not isinstance(data, dict) or data.get("whypath_baseline") != VERSION:
        raise TraceError(source, "is no saved baseline of this version", hint=hint)
    try:
        baseline = Baseline(
            runs=int(data["runs"]),
            tools={
                name: UsualTool(
                    int(tool["count"]),
                    {p: _made(UsualPath, path) for p, path in tool["paths"].items()},
                )
                for name, tool in data["tools"].items()
            },
            points={n: _made(UsualPoint, point) for n, point in data["points"].items()},
            used={n: _made(UsualValue, value) for n, value in data["used"].items()},
            sizes={n: sorted(map(float, s)) for n, s in data["sizes"].items()},
            config={n: sorted(map(str, v)) for n, v in data["config"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"is a damaged baseline: {type(error).__name__} {error}"
        raise TraceError(source, why, hint=hint) from None
    return baseline


def is_saved(text: str) -> bool:
    """True for the beginning of a saved baseline, to tell it from a trace."""
    return text.lstrip()[:1] == "{" and '"whypath_baseline"' in text


def _made(kind: Any, data: dict[str, Any]) -> Any:
    """A value of that kind from its fields; whatever else is there is left out."""
    made = kind(**{f.name: data[f.name] for f in fields(kind)})
    for name in ("count", "fallbacks", "defaults"):
        if not isinstance(getattr(made, name, 0), int):
            raise ValueError(f"{name} is no number")
    for name in ("types", "values", "choices"):
        if not all(isinstance(n, int) for n in getattr(made, name, {}).values()):
            raise ValueError(f"{name} holds no numbers")
    return made
