"""Finds answers that give a field another value than the last result that has it."""

import re
from collections.abc import Iterator, Mapping

from whypath.derive.evidence import leaves
from whypath.derive.findings.effects import words_of
from whypath.derive.findings.finding import Cite, Finding, NotApplicable, Unseen
from whypath.derive.findings.sight import Sight, line, short
from whypath.derive.findings.values import DATE, IDENTITY, name_of


def contradicted_answers(sight: Sight) -> Iterator[Finding | Unseen | NotApplicable]:
    """Numbers, dates and ids in the answer where the last result has another value.

    The words before the value must name the field; a value that stands somewhere else
    in what the model saw is no contradiction.
    """
    if sight.answer is None:
        yield NotApplicable("the run ends without an answer")
        return
    at = sight.answer.step.position
    missing = [
        origin
        for origin in sight.origins.get(at, ())
        if origin.of == "answer" and origin.verdict == "missing" and origin.span
    ]
    if not missing:
        return
    fields = _last_fields(sight)
    for origin in missing:
        start, end = origin.span or (0, 0)
        before = sight.answer.text[max(0, start - 60) : start]
        found = _field_named(before, fields, origin.value)
        if found is None:
            continue
        name, value, step = found
        yield Finding(
            "answer-contradicts-tool",
            "error",
            f"The answer at step {at} gives {short(name)} as “{short(origin.value)}”; "
            f"step {step} returned “{short(value)}”.",
            at,
            (
                Cite(step, f"{name}: {short(value)}"),
                Cite(at, line(before[-40:] + sight.answer.text[start:end], 80)),
            ),
            subject=name,
        )


def _last_fields(sight: Sight) -> dict[tuple[str, ...], tuple[str, str, int] | None]:
    """Words of a field's name -> name, value and step; None where it has several."""
    fields: dict[tuple[str, ...], tuple[str, str, int] | None] = {}
    for act in reversed(sight.acts[-60:]):
        document = sight.document(act.step.output)
        if not act.worked or not isinstance(document, dict):
            continue
        here: dict[tuple[str, ...], tuple[str, str, int] | None] = {}
        for leaf in leaves(document):
            name = name_of(leaf.path)
            if isinstance(leaf.value, bool) or not isinstance(
                leaf.value, str | int | float
            ):
                continue
            told = (name, str(leaf.value), act.at)
            words = words_of(name)
            known = here.get(words, told)
            same = known is not None and known[1] == told[1]
            here[words] = told if same else None
        for words, told_ in here.items():
            fields.setdefault(words, told_)
    return fields


_LINK = re.compile(r"[\s:*`_=>\"“#$€£-]*(?:is|was|of|at|to|are)?[\s:*`_=\"“#$€£-]*\Z")


def _field_named(
    before: str,
    fields: Mapping[tuple[str, ...], tuple[str, str, int] | None],
    value: str,
) -> tuple[str, str, int] | None:
    """The field that the words before a value name, if it holds one of its kind."""
    link = _LINK.search(before)
    words = words_of(before[: link.start()] if link else before)
    for length in (3, 2):
        known = fields.get(words[-length:]) if len(words) >= length else None
        if known is not None and _kind(known[1]) == _kind(value) != "text":
            return known
    return None


def _kind(value: str) -> str:
    bare = value.strip().lstrip("$€£").replace(",", "")
    if DATE.match(bare):
        return "date"
    if bare.replace(".", "", 1).lstrip("-").isdecimal():
        return "number"
    return "id" if IDENTITY.match(bare) else "text"
