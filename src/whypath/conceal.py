"""Takes secrets out of the names, ids and messages of runs, and says at which steps.

Contents are cleaned by `redact`; here is what stands beside them. Part of the `builder`
room.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from dataclasses import replace as replace_fields
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from msgspec.structs import astuple, replace

from whypath.assemble import assemble
from whypath.content import to_json
from whypath.model import ContentId, Redaction, Run, Step
from whypath.redact import Places, Redactor

if TYPE_CHECKING:
    from whypath.builder import Builder, RunDraft

T = TypeVar("T")

_PART = 200
"""Steps that are looked at together."""


def put_right(drafts: "list[RunDraft]", builder: "Builder") -> list[Run]:
    """The runs that have steps, without secrets if the builder has a redactor."""
    redactor = builder.redactor
    if redactor is None:
        return list(_assembled(drafts, builder))
    places = redactor.clean(builder.contents, _names_in(drafts))
    return [_conceal(run, redactor, places) for run in _assembled(drafts, builder)]


def _assembled(drafts: "list[RunDraft]", builder: "Builder") -> Iterator[Run]:
    for draft in drafts:
        run = assemble(draft, builder)
        draft.results.clear()
        if run.steps:
            yield run


def _names_in(drafts: "Iterable[RunDraft]") -> Iterator[bytes]:
    """All texts of runs that are not contents, as JSON lists in lists, in parts."""
    for draft in drafts:
        head = (draft.id, draft.task, draft.agent, draft.labels, draft.outcome)
        yield to_json([head, list(draft.threads.items())])
        steps = map(_texts, draft.steps)
        for part in _in_parts(chain(steps, draft.results.values())):
            yield to_json(part)


def _texts(step: Struct) -> list[object]:
    """What a draft says, without its numbers of tokens, whose names look secret."""
    parts = astuple(step)
    at = step.__struct_fields__.index("usage")
    return [*parts[:at], *parts[at + 1 :]]


def _in_parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    values = iter(values)
    while part := list(islice(values, _PART)):
        yield part


def _conceal(run: Run, redactor: Redactor, places: Places) -> Run:
    """The run without known secrets in any name, and with what was removed where.

    `places` are the contents that were changed, with how often by each placeholder.
    """
    if not redactor.knows_any:
        return replace_fields(run, redactions=())
    found = _Found()
    clean = _clean(run, redactor, found.of_run)
    steps = []
    for step, may_change in _marked(run.steps, redactor):
        seen: Counter[str] = Counter()
        steps.append(_clean(step, redactor, seen) if may_change else step)
        for content in places.keys() & _contents(step):
            seen.update(dict.fromkeys(places[content], 0))
            found.contents.add(content)
        found.at(step.position, seen)
    counts = found.of_run
    if run.outcome is not None and run.outcome.answer in places:
        found.contents.add(run.outcome.answer)
    for content in found.contents:
        counts.update(places[content])
    removed = tuple(
        Redaction(label, count, tuple(found.steps.get(label, ())))
        for label, count in sorted(counts.items(), key=lambda item: _order(item[0]))
    )
    return replace_fields(clean, steps=tuple(steps), redactions=removed)


def _marked(steps: Iterable[Step], redactor: Redactor) -> Iterator[tuple[Step, bool]]:
    """The steps, each with whether a text in it, or in one beside it, may change."""
    for part in _in_parts(steps):
        may_change = redactor.changes(to_json(part))
        yield from ((step, may_change) for step in part)


class _Found:
    """Collects what was removed from a run, and at which steps."""

    def __init__(self) -> None:
        self.of_run: Counter[str] = Counter()
        self.steps: dict[str, list[int]] = {}
        self.contents: set[ContentId] = set()

    def at(self, position: int, seen: Counter[str]) -> None:
        for label, count in seen.items():
            self.of_run[label] += count
            self.steps.setdefault(label, []).append(position)


def _order(label: str) -> tuple[str, int]:
    rule, _, number = label.strip("[]").removeprefix("redacted:").rpartition(":")
    return rule, int(number)


def _clean(value: T, redactor: Redactor, seen: Counter[str]) -> T:
    """A frozen value with every text in it put right; itself where none has to be."""
    clean: Any = _changed(value, redactor, seen)
    return clean  # type: ignore[no-any-return]


def _changed(value: Any, redactor: Redactor, seen: Counter[str]) -> Any:
    if isinstance(value, str):
        return redactor.text(value, seen)
    if isinstance(value, tuple):
        parts = [_changed(part, redactor, seen) for part in value]
        if all(new is old for new, old in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, Struct):
        changes = dict(_changes(value, value.__struct_fields__, redactor, seen))
        return replace(value, **changes) if changes else value
    if is_dataclass(value):
        names = tuple(each.name for each in fields(value) if each.name != "steps")
        changes = dict(_changes(value, names, redactor, seen))
        return replace_fields(value, **changes) if changes else value  # type: ignore[type-var]
    return value


def _changes(
    value: object, names: Iterable[str], redactor: Redactor, seen: Counter[str]
) -> Iterator[tuple[str, Any]]:
    for name in names:
        old = getattr(value, name)
        new = _changed(old, redactor, seen)
        if new is not old:
            yield name, new


def _contents(step: Step) -> Iterator[ContentId]:
    """Every content that a step refers to."""
    numbers = [step.input, step.output, step.reasoning, step.details]
    numbers += [call.arguments for call in step.calls]
    numbers += [change.value for change in step.state]
    numbers += [tool.definition for tool in step.tools or ()]
    if step.context is not None:
        numbers += [message.content for message in step.context.add]
    if (decision := step.decision) is not None:
        numbers.append(decision.rationale)
        numbers += [option.arguments for option in decision.options]
        numbers += [evidence.value for evidence in decision.evidence]
    yield from {number for number in numbers if number is not None}
