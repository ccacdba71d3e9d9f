"""Turns one record of the native format into a typed line, one shape a record type.

It does not know what lines mean together: `native` does.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from whypath.content import ContentStore
from whypath.records import BadShape, Raw, Shape, decoder

VERSION = 1

Id = str | int | None
Time = str | int | float | None
Text = str | None


class CallLine(Shape):
    name: Text = None
    id: Id = None
    arguments: Raw = Raw()


class ToolLine(Shape):
    name: Text = None


class UsageLine(Shape):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None


class ContextLine(Shape):
    add: list[str | int] | None = None
    base: Id = None
    keep: int | None = None


class OptionLine(Shape):
    name: str
    arguments: Raw = Raw()
    score: float | None = None
    reason: Text = None


class EvidenceLine(Shape):
    name: Text = None
    value: Raw = Raw()
    step: Id = None
    path: Text = None
    default: bool | None = None


class OutcomeLine(Shape):
    answer: Raw = Raw()
    score: float | None = None
    reward: float | None = None
    note: Text = None


class RecordLine(Shape, tag_field="type", forbid_unknown_fields=True):
    """What records of every type have: `run` names one of several runs in a file."""

    run: Id = None


class RunLine(RecordLine, tag="run"):
    whypath: int | None = None
    id: Id = None
    task: Text = None
    agent: Text = None
    start: Time = None
    tools: list[ToolLine | str] | None = None
    labels: dict[str, str | int | float | bool | None] | None = None


class MessageLine(RecordLine, tag="message"):
    id: Id = None
    role: Text = None
    kind: Text = None
    content: Raw = Raw()
    name: Text = None
    call: Id = None


class StateLine(RecordLine, tag="state"):
    step: Id = None
    set: dict[str, Raw] | None = None
    remove: list[str] | None = None


class StepLine(RecordLine, tag="step"):
    id: Id = None
    kind: Text = None
    name: Text = None
    agent: Text = None
    thread: Text = None
    parent: Id = None
    previous: Id = None
    start: Time = None
    end: Time = None
    status: Text = None
    error: Text = None
    input: Raw = Raw()
    output: Raw = Raw()
    reasoning: Text = None
    model: Text = None
    usage: UsageLine | None = None
    tools: list[ToolLine | str] | None = None
    calls: list[CallLine] | None = None
    call: Id = None
    context: list[str | int] | ContextLine | None = None
    resets_context: bool | None = None
    abandoned: bool | None = None
    set: dict[str, Raw] | None = None
    remove: list[str] | None = None
    details: Raw = Raw()


class DecisionLine(StepLine, tag="decision"):
    """A decision is a step of its own, or belongs to the step that `step` names."""

    step: Id = None
    question: Text = None
    options: list[OptionLine | str] | None = None
    chosen: str | list[str] | None = None
    rationale: Text = None
    confidence: float | None = None
    evidence: list[EvidenceLine] | None = None
    outcome: Text = None


class EndLine(RecordLine, tag="end"):
    end: Time = None
    status: Text = None
    error: Text = None
    outcome: OutcomeLine | str | None = None


Line = RunLine | MessageLine | StepLine | DecisionLine | StateLine | EndLine
LINES: dict[str, type[RecordLine]] = {
    "run": RunLine,
    "message": MessageLine,
    "step": StepLine,
    "decision": DecisionLine,
    "state": StateLine,
    "end": EndLine,
}


class Misfit(NamedTuple):
    """What of a record does not fit the format, and what was done about it."""

    what: str
    done: str


_decode = cast(Callable[[bytes], Line], decoder(cast(type[Any], Line)))
_decode_fields = decoder(dict[str, Raw])
_decode_any = decoder(cast(type[Any], Any))


def as_id(id: Id) -> str | None:
    """An id may be written as a number; 7 and "7" are the same."""
    return None if id is None else str(id)


def payload(raw: Raw, contents: ContentStore) -> int | None:
    """Where the JSON of a field is kept; None when the field is not there."""
    data = bytes(raw)
    return contents.add(data) if data else None


def parse(data: bytes) -> tuple[Line | None, Misfit | None]:
    """The line, as far as it fits the format, and what does not fit."""
    try:
        return _decode(data), None
    except BadShape as wrong:
        return _parse_loosely(data, wrong)


def _parse_loosely(data: bytes, wrong: BadShape) -> tuple[Line | None, Misfit | None]:
    """The line without the fields that its type does not have."""
    try:
        fields = _decode_fields(data)
    except BadShape:
        return None, Misfit("a record that is no JSON object", "left out")
    type = _value(fields, "type")
    if not isinstance(type, str) or type not in LINES:
        name = repr(type)[:60] if isinstance(type, str) else "(none)"
        return None, Misfit(f"a record of unknown type {name}", "left out")
    version = _value(fields, "whypath")
    if type == "run" and isinstance(version, int) and version > VERSION:
        return RunLine(whypath=version), None
    known = {"type", *LINES[type].__struct_fields__}
    extra = [name for name in fields if name not in known]
    if extra:
        kept = (
            json.dumps(name).encode() + b":" + bytes(fields[name])
            for name in fields
            if name in known
        )
        try:
            line = _decode(b"{" + b",".join(kept) + b"}")
        except BadShape as still:
            wrong = still
        else:
            done = f"ignored; the first is {repr(extra[0])[:60]}"
            return line, Misfit(f"a field that a {type} record does not have", done)
    return None, Misfit(f"a record that does not fit the format: {wrong}", "left out")


def _value(fields: dict[str, Raw], name: str) -> object:
    try:
        return _decode_any(fields.get(name, b"null"))
    except BadShape:
        return None
