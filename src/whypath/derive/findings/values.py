"""Finds values that came from nowhere, from something outdated, or from somebody else.

Rests on origins: what is `missing` there stood in nothing that the model saw. Only
values that nobody makes up on purpose count: an id, an amount, an address.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from whypath.derive.evidence import leaves
from whypath.derive.findings.effects import bag, words_of
from whypath.derive.findings.finding import Cite, Finding, NotApplicable, Unseen
from whypath.derive.findings.sight import Act, Sight, short
from whypath.derive.origins.origin import Origin

_SETTINGS = bag(
    """
    limit timeout offset page pages size count max min top k n lines line head tail
    depth width height retries retry attempts temperature seed days hours minutes
    seconds ms delay wait interval version verbose level format precision radius
    length start end step index position priority score confidence threshold port
    row rows column columns x y z context before after budget chars tokens year
    month day range view mode type kind language lang locale encoding unit units
    """
)
_FREE_NAMES = bag(
    """
    query q search pattern regex glob path file filename filepath dir directory
    folder url uri link href command cmd code script expression prompt text content
    contents body message subject title description summary note notes reason
    comment thought old new string str name label tag tags branch commit key session
    shell title todo todos plan html sql sort order filter filters selector xpath
    css instruction instructions task goal question answer explanation activeform
    header headers intent keyword keywords topic topics
    """
)
_AMOUNTS = bag(
    """
    amount price total cost sum payment refund fee balance quantity qty value
    """
)
IDENTITY = re.compile(r"(?=.*\d)[A-Za-z0-9#][\w#.:-]{3,80}\Z")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+\Z")
_CODE_LIKE = re.compile(r"[/\\<>{}()=;|\s]")
_VERSION = re.compile(r"v?\d+(?:\.\d+)+\Z|\d{1,4}(?:px|ms|s|kb|mb|gb|k|m|%)?\Z", re.I)
DATE = re.compile(r"\d{4}-\d\d(-\d\d)?([T ].*)?\Z|\d{1,2}[/.:]\d\d?([/.:]\d{2,4})?\Z")


def ungrounded_arguments(sight: Sight) -> Iterator[Finding | Unseen | NotApplicable]:
    """Ids, amounts and addresses in calls that stood in nothing the model saw.

    In a call that only looks something up they count where it came back with nothing:
    one that found something has shown the value to be real.
    """
    if not sight.acts:
        yield NotApplicable("no tool was called")
        return
    blind = 0
    for act in sight.acts:
        for origin in sight.origins.get(act.at, ()):
            if origin.of != "arguments":
                continue
            if origin.verdict == "unknown" and _counts(origin):
                blind += 1
            if origin.verdict != "missing" or not _counts(origin):
                continue
            if origin.elsewhere is not None or not _is_at_stake(act):
                continue
            name = name_of(origin.path)
            yield Finding(
                "ungrounded-argument",
                "error" if act.effect == "changes" and act.worked else "warning",
                f"“{short(act.name)}” at step {act.at} was called with {short(name)} = "
                f"“{short(origin.value, 60)}”, which stands in nothing that the model "
                "had seen.",
                act.at,
                (Cite(act.at, f"used “{short(origin.value, 60)}”", origin.path),),
                subject=f"{act.name} {_plain_path(origin.path)}",
            )
    if blind:
        yield Unseen(f"what the model saw is not recorded for {blind:,} values")
    yield from _not_followed(sight)


def _not_followed(sight: Sight) -> Iterator[Unseen]:
    first = sight.followed_from
    if first > 1:
        yield Unseen(f"the run is huge: values are followed from step {first:,} on")


def _is_at_stake(act: Act) -> bool:
    """True where a made-up value does harm, or was shown to be none."""
    if act.effect == "changes":
        return True
    looks_up = act.effect in ("reads", "unknown")
    return looks_up and bool(act.failure or act.facts.empty)


def _counts(origin: Origin) -> bool:
    """True for a value that a model must have from somewhere."""
    if origin.span is not None:
        return False
    name = name_of(origin.path)
    words = words_of(name)
    value = origin.value.strip()
    if not words or words[-1] in _SETTINGS or _CODE_LIKE.search(value):
        return False
    if _MAIL.match(value):
        return True
    is_id = words[-1] in ("id", "ids", "number", "no", "uuid", "iban", "zip", "phone")
    if any(word in _FREE_NAMES for word in words) and not is_id:
        return False
    if value.replace(".", "", 1).replace("-", "", 1).isdecimal():
        return is_id and len(value) > 3
    if _VERSION.match(value) or DATE.match(value):
        return False
    return bool(IDENTITY.match(value)) and (is_id or sum(map(str.isdigit, value)) > 2)


def name_of(path: str) -> str:
    """The last name of a path: `$.items[0].order_id` -> order_id."""
    return re.sub(r"(\[\d+\])+\Z", "", path).rsplit(".", 1)[-1].lstrip("$") or path


def _plain_path(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


def evicted_evidence(sight: Sight) -> Iterator[Finding | Unseen]:
    """Values that the model used after what held them had left its window."""
    yield from _not_followed(sight)
    resets = [step.position for step in sight.run.steps if step.resets_context]
    drops = [at for at, context in sight.contexts.items() if context.dropped]
    for act in sight.acts:
        for origin in sight.origins.get(act.at, ()):
            place = origin.elsewhere
            if origin.verdict != "missing" or place is None or place.step is None:
                continue
            if place.role in ("reasoning", "state") or not _counts(origin):
                continue
            thread = sight.run.step(place.step).thread
            if thread != act.step.thread:
                continue
            left = next(
                (at for at in (*resets, *drops) if place.step < at <= act.at), 0
            )
            if left:
                yield Finding(
                    "evicted-evidence",
                    "warning",
                    f"“{short(act.name)}” at step {act.at} used "
                    f"{name_of(origin.path)} = “{short(origin.value, 60)}” of step "
                    f"{place.step}, which had left the window at step {left}.",
                    act.at,
                    (
                        Cite(place.step, f"held “{short(origin.value)}”", place.path),
                        Cite(left, "the window was cut"),
                        Cite(act.at, "used it from memory", origin.path),
                    ),
                    subject=f"{act.name} {_plain_path(origin.path)}",
                )


def stale_values(sight: Sight) -> Iterator[Finding | Unseen]:
    """Values taken from a result that a later call of the same had replaced."""
    yield from _not_followed(sight)
    users = _users(sight)
    for key, acts in _asked_again(sight).items():
        for earlier, later in pairwise(acts):
            late = [act for act in users.get(earlier.at, ()) if act.at > later.at]
            replaced = _replaced(sight, earlier, later) if late else {}
            for act in late if replaced else ():
                yield from _stale(sight, act, earlier, later, replaced, key[0])


def _users(sight: Sight) -> Mapping[int, list[Act]]:
    """Position of a step -> the calls that used a value of it, in order."""
    users: dict[int, list[Act]] = {}
    for act in sight.acts:
        sources = (origin.source for origin in sight.origins.get(act.at, ()))
        steps = (place.step for place in sources if place is not None)
        for step in dict.fromkeys(step for step in steps if step is not None):
            users.setdefault(step, []).append(act)
    return users


def _asked_again(sight: Sight) -> Mapping[tuple[str, int | None], list[Act]]:
    """Calls made again with the same arguments and another result."""
    made: dict[tuple[str, int | None], list[Act]] = {}
    for act in sight.acts:
        if (
            act.worked
            and act.effect in ("reads", "unknown")
            and act.step.input is not None
        ):
            made.setdefault(act.key, []).append(act)
    return {
        key: acts
        for key, acts in made.items()
        if len({act.step.output for act in acts}) > 1
    }


def _replaced(sight: Sight, earlier: Act, later: Act) -> dict[str, tuple[Any, Any]]:
    """JSON path -> the value before and after, where it changed."""
    old, new = (sight.document(act.step.output) for act in (earlier, later))
    if not isinstance(old, dict) or not isinstance(new, dict):
        return {}
    now = {leaf.path: leaf.value for leaf in leaves(new)}
    return {
        leaf.path: (leaf.value, now[leaf.path])
        for leaf in leaves(old)
        if leaf.path in now and now[leaf.path] != leaf.value
    }


def _stale(
    sight: Sight,
    act: Act,
    earlier: Act,
    later: Act,
    replaced: Mapping[str, tuple[Any, Any]],
    tool: str,
) -> Iterator[Finding]:
    for origin in sight.origins.get(act.at, ()):
        source = origin.source
        if source is None or source.step != earlier.at:
            continue
        if source.path is None or source.path not in replaced:
            continue
        old, new = replaced[source.path]
        if str(old) != origin.value or any(c.step == later.at for c in origin.copies):
            continue
        if any(c.step is not None and c.step > earlier.at for c in origin.copies):
            continue
        yield Finding(
            "stale-value",
            "error" if act.effect == "changes" else "warning",
            f"“{short(act.name)}” at step {act.at} used {name_of(origin.path)} = "
            f"“{short(old)}” from step {earlier.at}, but “{short(tool)}” had given "
            f"“{short(new)}” at step {later.at}.",
            act.at,
            (
                Cite(earlier.at, f"“{short(old)}”", source.path),
                Cite(later.at, f"“{short(new)}”", source.path),
                Cite(act.at, f"used “{short(old)}”", origin.path),
            ),
            subject=f"{act.name} {_plain_path(origin.path)}",
        )
