"""Turns a decision line of the native format into a Decision.

What a later line of the same decision leaves out stays as an earlier one said it.
"""

from typing import Any

from whypath.content import ContentStore
from whypath.model import Decision, Evidence, Option, replace
from whypath.readers.native_lines import (
    DecisionLine,
    EvidenceLine,
    OptionLine,
    as_id,
    payload,
)

UNDECIDED = Decision(
    step=0,
    question="",
    options=(),
    rationale=None,
    rationale_from=None,
    confidence=None,
    evidence=(),
    outcome=None,
    basis="recorded",
    options_note="other options: not recorded",
)


def decided(line: DecisionLine, before: Decision, contents: ContentStore) -> Decision:
    """The decision as `line` says it, over what was said of it `before`."""
    changes: dict[str, Any] = {}
    if line.question:
        changes["question"] = line.question
    if line.options or line.chosen is not None:
        changes["options"] = _options(line, before.options, contents)
    if line.options:
        changes["options_note"] = None
    if line.rationale is not None:
        changes["rationale"] = contents.add_text(line.rationale)
        changes["rationale_from"] = "recorded"
    if line.confidence is not None:
        changes["confidence"] = line.confidence
    if line.evidence:
        changes["evidence"] = tuple(_evidence(e, contents) for e in line.evidence)
    if line.outcome is not None:
        changes["outcome"] = line.outcome
    return replace(before, **changes)


def _options(
    line: DecisionLine, before: tuple[Option, ...], contents: ContentStore
) -> tuple[Option, ...]:
    """The options offered; one that was chosen and not offered comes last."""
    options = [_option(o, contents) for o in line.options or ()] or list(before)
    if line.chosen is None:
        return tuple(options)
    chosen = [line.chosen] if isinstance(line.chosen, str) else line.chosen
    offered = {option.name for option in options}
    options.extend(Option(name) for name in chosen if name not in offered)
    return tuple(replace(o, chosen=o.name in chosen) for o in options)


def _option(option: OptionLine | str, contents: ContentStore) -> Option:
    if isinstance(option, str):
        return Option(option)
    arguments = payload(option.arguments, contents)
    return Option(option.name, False, arguments, option.score, option.reason)


def _evidence(item: EvidenceLine, contents: ContentStore) -> Evidence:
    value = payload(item.value, contents)
    source, default = as_id(item.step), bool(item.default)
    return Evidence(item.name or "", value, source, item.path, default)
