"""Compares runs with a baseline, or with each other, and says what is no longer usual.

A statement about many runs names how many are affected and since when; it points at a
step of the first of them.
"""

from collections.abc import Iterator, Sequence

from whypath.derive.drift import shapes
from whypath.derive.drift.across import Across, told
from whypath.derive.drift.baseline import Baseline, UsualPoint, key_of
from whypath.derive.drift.digest import TOOLS_CALLED, Digest, Used
from whypath.derive.drift.stats import differs
from whypath.derive.findings.finding import Cite

ENOUGH = 8
"""So many decisions make a constant worth a word."""


def compare(usual: Baseline | None, digests: Sequence[Digest]) -> tuple[Across, ...]:
    """What is no longer usual in these runs, the causes before what they led to.

    Without a baseline, only what the runs themselves show.
    """
    runs = sorted(digests, key=lambda one: (one.start_ns or 0, one.file, one.id))
    found: list[Across] = []
    if usual is not None:
        found.extend(shapes.renamed(usual, runs))
        found.extend(_collapsed(usual, runs))
        found.extend(shapes.changed(usual, runs))
        found.extend(_choices(usual, runs))
        found.extend(_sizes(usual, runs))
        found.extend(_config(usual, runs))
    found.extend(_defaults(usual, runs))
    found.extend(_wavering(usual, runs))
    return tuple(found)


def _used(runs: Sequence[Digest]) -> dict[str, list[tuple[Digest, Used]]]:
    values: dict[str, list[tuple[Digest, Used]]] = {}
    for one in runs:
        for used in one.used:
            values.setdefault(key_of(used.place, used.name), []).append((one, used))
    return values


def _collapsed(usual: Baseline, runs: Sequence[Digest]) -> Iterator[Across]:
    """Values that were several before and are one and the same now."""
    for key, all_ in _used(runs).items():
        before = usual.used.get(key)
        values = {used.value for _, used in all_}
        if before is None or len(values) != 1 or len(all_) < ENOUGH:
            continue
        if before.is_wide or len(before.values) < 2 or before.count < ENOUGH:
            continue
        (value,) = values
        if differs(before.values, {value: len(all_)}) is None:
            continue
        place, name = all_[0][1].place, all_[0][1].name
        was = ", ".join(f"“{v}”" for v in sorted(before.values)[:4])
        more = f" and {len(before.values) - 4} more" if len(before.values) > 4 else ""

        def said(
            how: str,
            place: str = place,
            name: str = name,
            value: str = value,
            was: str = was + more,
            times: int = len(all_),
        ) -> str:
            return (
                f"{name} of “{place}” was “{value}” all {times:,} times, {how}; "
                f"before it was {was}."
            )

        affected = [(one, used.step) for one, used in all_]
        yield told(
            "default-collapse",
            "error",
            said,
            affected,
            len(runs),
            key,
            (Cite(affected[0][1], f"{name} = “{value}”"),),
        )


def _defaults(usual: Baseline | None, runs: Sequence[Digest]) -> Iterator[Across]:
    """A default that is used every time, where the trace says that it is one."""
    for key, all_ in _used(runs).items():
        defaults = [(one, used) for one, used in all_ if used.is_default]
        values = {used.value for _, used in all_}
        before = usual.used.get(key) if usual is not None else None
        if len(all_) < ENOUGH or len(defaults) < len(all_) or len(values) != 1:
            continue
        if before is not None and before.defaults >= before.count:
            continue
        (value,) = values
        place, name = all_[0][1].place, all_[0][1].name

        def said(
            how: str,
            place: str = place,
            name: str = name,
            value: str = value,
            times: int = len(all_),
        ) -> str:
            return (
                f"{name} of “{place}” was the default “{value}” all {times:,} times, "
                f"{how}: nobody reads the real one any more."
            )

        affected = [(one, used.step) for one, used in defaults]
        yield told("default-collapse", "error", said, affected, len(runs), key)


def _choices(usual: Baseline, runs: Sequence[Digest]) -> Iterator[Across]:
    """Decision points that became constant, that moved, or that fall back more."""
    for point, made in _made(runs).items():
        before = usual.points.get(point)
        if before is None or point == "the first model call":
            continue
        now: dict[str, int] = {}
        for _, chosen, _, _ in made:
            now[chosen] = now.get(chosen, 0) + 1
        affected = [(one, step) for one, _, step, _ in made]
        p = differs(before.choices, now)
        if p is None:
            pass
        elif len(now) == 1 and len(before.choices) > 1 and len(made) >= ENOUGH:
            yield _constant(point, before, next(iter(now)), affected, len(runs))
        elif point != TOOLS_CALLED or p < 1e-6:
            yield _moved(point, before, now, p, affected, len(runs))
        backs = [(one, step) for one, _, step, back in made if back]
        share, usually = len(backs) / len(made), before.fallbacks / before.count
        spread = max(usually * (1 - usually), 1e-4) / len(made)
        if len(made) >= ENOUGH and share > usually + 3 * spread**0.5 + 0.05:
            yield _fallback(point, share, usually, backs, len(runs))


def _made(
    runs: Sequence[Digest],
) -> dict[str, list[tuple[Digest, str, int, bool]]]:
    made: dict[str, list[tuple[Digest, str, int, bool]]] = {}
    for one in runs:
        for choice in one.choices:
            entry = (one, choice.chosen, choice.step, choice.is_fallback)
            made.setdefault(choice.point, []).append(entry)
    return made


def _constant(
    point: str,
    before: UsualPoint,
    chosen: str,
    affected: Sequence[tuple[Digest, int]],
    of: int,
) -> Across:
    was = _shares(before.choices)
    return told(
        "constant-branch",
        "error",
        lambda how: (
            f"“{point}” chose “{chosen}” all {len(affected):,} times, {how}; before it "
            f"was {was}."
        ),
        affected,
        of,
        point,
    )


def _moved(
    point: str,
    before: UsualPoint,
    now: dict[str, int],
    p: float,
    affected: Sequence[tuple[Digest, int]],
    of: int,
) -> Across:
    return told(
        "branch-drift",
        "warning",
        lambda how: (
            f"“{point}” chooses otherwise than it did, {how}: {_shares(now)}; before "
            f"{_shares(before.choices)} (p = {p:.2g})."
        ),
        affected,
        of,
        point,
    )


def _fallback(
    point: str,
    share: float,
    usually: float,
    affected: Sequence[tuple[Digest, int]],
    of: int,
) -> Across:
    return told(
        "fallback-rate",
        "warning",
        lambda how: (
            f"“{point}” fell back on its default in {share:.0%} of decisions, {how}; "
            f"usually {usually:.0%}."
        ),
        affected,
        of,
        point,
    )


def _shares(counts: dict[str, int]) -> str:
    """`“vip” 40 %, “general” 60 %`, the most frequent first."""
    total = sum(counts.values()) or 1
    first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:4]
    more = f" and {len(counts) - 4} more" if len(counts) > 4 else ""
    return ", ".join(f"“{n[:40]}” {c / total:.0%}" for n, c in first) + more


_UNITS = {"steps": "steps", "tokens": "tokens", "cost_usd": "US dollars"}
_UNITS |= {"duration_s": "seconds", "errors": "errors"}


def _sizes(usual: Baseline, runs: Sequence[Digest]) -> Iterator[Across]:
    """Runs that took far more than the baseline's: above twice its 95th percentile."""
    for name, sizes in usual.sizes.items():
        if len(sizes) < ENOUGH:
            continue
        limit = sizes[min(len(sizes) - 1, int(len(sizes) * 0.95))]
        limit = max(sizes[-1], 2 * limit, 2 if name == "errors" else 0)
        over = [(one, 1) for one in runs if one.sizes.get(name, 0) > limit]
        if not over:
            continue
        most = max(one.sizes[name] for one, _ in over)
        unit = _UNITS.get(name, name)

        def said(
            how: str, most: float = most, unit: str = unit, sizes: list[float] = sizes
        ) -> str:
            usually = sizes[len(sizes) // 2]
            return f"Up to {most:,.6g} {unit} {how}; usually it is {usually:,.6g}."

        yield told("budget", "warning", said, over, len(runs), name)


def _config(usual: Baseline, runs: Sequence[Digest]) -> Iterator[Across]:
    """Models, system prompts and tools that no run of the baseline had."""
    for name, known in usual.config.items():
        other = [(one, 1) for one in runs if set(one.config.get(name, ())) - set(known)]
        if not other:
            continue
        new = sorted(set(other[0][0].config[name]) - set(known))[0]
        shown = f" (“{new[:60]}”)" if name != "system prompts" else ""

        def said(how: str, name: str = name, shown: str = shown) -> str:
            return f"The {name} are others than in the baseline{shown}, {how}."

        yield told("config-drift", "info", said, other, len(runs), name)


def _wavering(usual: Baseline | None, runs: Sequence[Digest]) -> Iterator[Across]:
    """The same grounds, and another choice."""
    for point, before in _grounds(usual, runs).items():
        affected: list[tuple[Digest, int]] = []
        example = ("", "")
        for one in runs:
            for choice in one.choices:
                if choice.point != point or not choice.because:
                    continue
                other = before.setdefault(choice.because, choice.chosen)
                if other != choice.chosen:
                    example = example if affected else (other, choice.chosen)
                    affected.append((one, choice.step))
        if not affected:
            continue

        def said(
            how: str, point: str = point, example: tuple[str, str] = example
        ) -> str:
            return (
                f"On the very same grounds “{point}” chose “{example[0]}” and "
                f"“{example[1]}”, {how}."
            )

        yield told("nondeterministic-choice", "info", said, affected, len(runs), point)


def _grounds(
    usual: Baseline | None, runs: Sequence[Digest]
) -> dict[str, dict[str, str]]:
    """Decision point -> grounds -> the choice of the baseline."""
    points = {choice.point for one in runs for choice in one.choices}
    known = usual.points if usual is not None else {}
    return {p: dict(known[p].because) if p in known else {} for p in sorted(points)}
