"""Says what a span is, whatever file it came from, and what was understood of one.

The values of every span reader and dialect. Nothing here knows a container or a
dialect: a container fills `Span`, a dialect turns its attributes into `Facts`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from whypath.model import (
    Call,
    ContentId,
    Decision,
    Kind,
    Message,
    Source,
    Status,
    Tool,
    Usage,
)
from whypath.readers.payloads import Answer
from whypath.records import Shape

Attributes = Mapping[str, Any]

Role = Kind | Literal["structure"]
"""A step's kind; `structure` is a span that only groups others, like a turn."""


class Event(NamedTuple):
    """Something noted on a span: an exception, a message, a log record.

    `body` is a log record's, None for a span event.
    """

    name: str
    time_ns: int | None
    attributes: Attributes
    body: Any = None


class Span(Shape, gc=False):
    """A span in no container's shape: ids as text, times in ns, attributes plain.

    `trace_id`, `span_id` and `parent_id` are None where missing or all zeros. `status`
    is `unset` where the span says neither ok nor error. Nothing in it changes, but for
    the payloads, which are let go once they are contents.
    """

    trace_id: str | None
    span_id: str | None
    parent_id: str | None
    name: str
    start_ns: int | None
    end_ns: int | None
    status: Status
    message: str | None
    attributes: Attributes
    events: tuple[Event, ...]
    resource: Attributes
    scope: str
    line: int | None
    file: str = ""

    @property
    def source(self) -> Source:
        """Where the span was read."""
        return Source(self.file, self.line, self.span_id)


class Facts(Shape, gc=False):
    """What the dialects say of one span, in our terms; the first to say it is kept.

    `choices` are all answers of a call that gave several, the first of them its output.
    `shown` holds beginnings of the attribute names that are told by these facts.
    `decisions` are named; `parts` says what each child step of its own is made of.
    """

    kind: Kind
    name: str | None = None
    agent: str | None = None
    model: str | None = None
    input: ContentId | None = None
    output: ContentId | None = None
    reasoning: ContentId | None = None
    calls: tuple[Call, ...] = ()
    call_id: str | None = None
    tools: tuple[Tool, ...] | None = None
    usage: Usage | None = None
    messages: list[Message] | None = None
    answered: bool = False
    choices: tuple[Answer, ...] = ()
    decisions: list[tuple[str, Decision]] = []
    notes: dict[str, Any] = {}
    shown: list[str] = []

    def say(self, answers: Sequence[Answer]) -> None:
        """Puts in what a model said: the first answer, and all where there are more."""
        self.output, self.reasoning, self.calls = answers[0]
        self.choices = tuple(answers) if len(answers) > 1 else ()
        self.answered = True


_LARGEST = 10**18
_LONGEST = 40


def text(attributes: Attributes, *names: str) -> str | None:
    """The first of the named attributes that is a text with something in it."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def first(attributes: Attributes, *names: str) -> tuple[str, Any] | None:
    """Name and value of the first of the named attributes that is there."""
    for name in names:
        value = attributes.get(name)
        if value is not None and value != "":
            return name, value
    return None


def whole(attributes: Attributes, names: Iterable[str]) -> int | None:
    """The first of the named attributes that is a count: text, integer or float."""
    value = number(attributes, names)
    return None if value is None else int(value)


def number(attributes: Attributes, names: Iterable[str]) -> float | None:
    """The first of the named attributes that is a finite number of 0 or more."""
    for name in names:
        if name in attributes:
            value = as_number(attributes[name])
            if value is not None and value >= 0:
                return value
    return None


def as_number(value: object) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if type(value) is int and -_LARGEST < value < _LARGEST:
        return value
    if isinstance(value, str) and len(value) <= _LONGEST:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -_LARGEST < value < _LARGEST else None


def usage(attributes: Attributes, names: Mapping[str, Iterable[str]]) -> Usage | None:
    """Tokens and cost from the named attributes; `names` has a field of `Usage` each.

    Where the cache holds more tokens than the input, the input was counted without it.
    """
    found: dict[str, float] = {}
    for field, keys in names.items():
        for key in keys:
            value = as_number(attributes[key]) if key in attributes else None
            if value is not None and value >= 0:
                found[field] = value
                break
    if not found:
        return None
    cost = found.pop("cost_usd", None)
    counts = {field: int(value) for field, value in found.items()}
    given = counts.get("input_tokens")
    cached = counts.get("cache_read_tokens", 0) + counts.get("cache_write_tokens", 0)
    if given is not None and cached > given:
        counts["input_tokens"] = given + cached
    return Usage(**counts, cost_usd=cost)


def unflatten(attributes: Attributes, prefix: str) -> list[Any]:
    """What numbered attributes spell out: `prefix0.a.b` is the first item's a, its b.

    Keys that hold nothing but numbered items become lists too. Where the attributes are
    nested already, the list stands under the prefix.
    """
    nested = attributes.get(prefix[:-1])
    if isinstance(nested, list):
        return [_spelled_out(item, 0) for item in nested]
    start, items = len(prefix), attributes.items()
    named = [(key[start:], value) for key, value in items if key.startswith(prefix)]
    listed = _listed(_tree(named)) if named else None
    return listed if isinstance(listed, list) else []


_DEEPEST = 12


def _tree(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Dotted names and values as objects inside each other."""
    root: dict[str, Any] = {}
    for name, value in items:
        *path, last = name.split(".", _DEEPEST)
        node: Any = root
        for key in path:
            node = node.setdefault(key, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[last] = value
    return root


def _nested(value: Any, depth: int = 0) -> Any:
    """A list whose members, and theirs, may have dotted names, with objects instead."""
    if not isinstance(value, list) or depth >= _DEEPEST:
        return value
    return [_spelled_out(item, depth) for item in value]


def _spelled_out(item: Any, depth: int) -> Any:
    if not isinstance(item, dict):
        return item
    if any("." in name for name in item):
        item = _listed(_tree(item.items()))
    return _with_lists(item, depth + 1)


def _with_lists(node: Any, depth: int) -> Any:
    """The same object, lists inside it spelled out."""
    if isinstance(node, list):
        return _nested(node, depth)
    if not isinstance(node, dict) or depth >= _DEEPEST:
        return node
    return {key: _with_lists(value, depth + 1) for key, value in node.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdecimal() for key in node):
        return [_listed(node[key]) for key in sorted(node, key=lambda k: int(k[:9]))]
    return {key: _listed(value) for key, value in node.items()}
