"""Finds calls made again and again to no avail: repeats, cycles, work done twice.

A call whose result changes is waiting for something, and not repeated in vain.
"""

from collections.abc import Iterator, Sequence

from whypath.derive.findings.effects import counts_twice
from whypath.derive.findings.finding import Cite, Finding, Unseen
from whypath.derive.findings.sight import Act, Sight, short, steps_named

REPEATS, WINDOW = 3, 8
PERIODS, ROUNDS = range(2, 7), 3
STANDSTILL = 8

Same = tuple[str, int | None, int | str | None]


def _same(act: Act) -> Same:
    """What makes two calls the same: the tool, the arguments, and what came of it."""
    return (*act.key, "failed" if act.failure else act.step.output)


def repeated_calls(sight: Sight) -> Iterator[Finding | Unseen]:
    """The same call with the same result, three times or more within eight calls.

    Not where something was changed in between, or where each was asked for by the user.
    """
    if any(a.step.input is None for a in sight.acts):
        yield Unseen("the arguments of some calls are not recorded")
    for acts in sight.lanes.values():
        for cluster in _clusters(acts):
            turns = {act.turn for act in cluster}
            if len(cluster) < REPEATS or len(turns) >= len(cluster):
                continue
            first, *others = cluster
            how = "failed each time" if first.failure else "the same result each time"
            yield Finding(
                "repeat-call",
                "warning",
                f"“{short(first.name)}” was called {len(cluster):,} times with the "
                f"same arguments, at {steps_named([a.at for a in cluster])}: {how}.",
                first.at,
                tuple(Cite(a.at, sight.words(a.step.input, 60)) for a in cluster[:5]),
                tuple(act.at for act in others),
                first.name,
            )


def _clusters(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Calls that are the same, none further than a window from the one before."""
    open_: dict[Same, list[int]] = {}
    changed = -1
    for at, act in enumerate(acts):
        if act.step.input is None:
            continue
        same = _same(act)
        known = open_.get(same)
        if known is not None:
            if at - known[-1] < WINDOW - 1 and changed <= known[-1]:
                known.append(at)
            else:
                yield [acts[i] for i in known]
                open_[same] = [at]
        else:
            open_[same] = [at]
        if act.effect not in ("reads", "thinks"):
            changed = at
    for known in open_.values():
        yield [acts[i] for i in known]


def cycles(sight: Sight) -> Iterator[Finding]:
    """Two to six calls, over and over, with the same results."""
    for acts in sight.lanes.values():
        keys = [_same(act) for act in acts]
        taken: set[int] = set()
        for period in PERIODS:
            yield from _of_period(acts, keys, period, taken)


def _of_period(
    acts: Sequence[Act], keys: Sequence[Same], period: int, taken: set[int]
) -> Iterator[Finding]:
    length = 0
    for at in range(period, len(keys) + 1):
        if at < len(keys) and keys[at] == keys[at - period]:
            length += 1
            continue
        first = at - length - period
        whole = length + period
        if whole >= period * ROUNDS and first not in taken:
            inside = acts[first:at]
            names = [act.name for act in inside[:period]]
            if len(set(keys[first : first + period])) > 1:
                taken.update(range(first, at))
                yield _cycle(inside, names, whole // period)
        length = 0


def _cycle(acts: Sequence[Act], names: Sequence[str], rounds: int) -> Finding:
    shown = ", ".join(f"“{short(name)}”" for name in names)
    return Finding(
        "cycle",
        "warning",
        f"The same {len(names)} calls ({shown}) were made {rounds:,} times over, from "
        f"step {acts[0].at} to {acts[-1].at}, with the same results.",
        acts[0].at,
        tuple(Cite(act.at, short(act.name)) for act in acts[: len(names)]),
        tuple(act.at for act in acts[1:]),
        " ".join(names),
    )


def no_progress(sight: Sight) -> Iterator[Finding]:
    """A long stretch in which no call brought anything that was not known already."""
    for acts in sight.lanes.values():
        known: set[Same] = set()
        stretch: list[Act] = []
        for act in (*acts, None):
            if act is not None and act.step.output is not None and _same(act) in known:
                stretch.append(act)
                continue
            if len(stretch) >= STANDSTILL and len({_same(a) for a in stretch}) > 1:
                first, *others = stretch
                yield Finding(
                    "no-progress",
                    "warning",
                    f"{len(stretch):,} calls from step {first.at} to {stretch[-1].at} "
                    f"brought only what earlier calls had brought already.",
                    first.at,
                    tuple(Cite(a.at, short(a.name)) for a in stretch[:5]),
                    tuple(a.at for a in others),
                    first.name,
                )
            stretch = []
            if act is not None:
                known.add(_same(act))


def done_twice(sight: Sight) -> Iterator[Finding]:
    """A call that counts each time it is made, such as a payment, made twice."""
    made: dict[tuple[str, int | None], Act] = {}
    for act in sight.acts:
        if act.step.input is None or not act.worked or not counts_twice(act.name):
            continue
        first = made.setdefault(act.key, act)
        if first is act:
            continue
        same_turn = first.turn == act.turn
        yield Finding(
            "duplicate-side-effect",
            "error" if same_turn else "warning",
            f"“{short(act.name)}” was done twice with the same arguments, at steps "
            f"{first.at} and {act.at}; both succeeded.",
            act.at,
            (Cite(first.at, "done"), Cite(act.at, "done again")),
            subject=act.name,
        )
