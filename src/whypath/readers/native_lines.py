"""Turns one record of the native format into a typed line, one shape a record type.

It does not know what lines mean together: `native` does.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from whypath.content import ContentStore
from whypath.errors import Level
from whypath.model import Usage
from whypath.records import BadShape, Raw, Shape, decoder

VERSION = 1
SYNONYMS = dict.fromkeys(("success", "succeeded", "completed", "done"), "ok")
SYNONYMS |= dict.fromkeys(("failed", "failure", "fail", "exception"), "error")
"""What people write for a status, in small letters, and what the format calls it."""

Id = str | int | None
Time = str | int | float | None
Text = str | None


class CallLine(Shape, forbid_unknown_fields=True):
    name: Text = None
    id: Id = None
    arguments: Raw = Raw()


class ToolLine(Shape):
    name: Text = None


class UsageLine(Shape, forbid_unknown_fields=True):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None


class ContextLine(Shape, forbid_unknown_fields=True):
    add: list[str | int] | None = None
    base: Id = None
    keep: int | None = None


class OptionLine(Shape, forbid_unknown_fields=True):
    name: str
    arguments: Raw = Raw()
    score: float | None = None
    reason: Text = None


class EvidenceLine(Shape, forbid_unknown_fields=True):
    name: Text = None
    value: Raw = Raw()
    step: Id = None
    path: Text = None
    default: bool | None = None


class OutcomeLine(Shape, forbid_unknown_fields=True):
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


PARTS: dict[str, type[Shape]] = {
    "calls": CallLine,
    "usage": UsageLine,
    "context": ContextLine,
    "options": OptionLine,
    "evidence": EvidenceLine,
    "outcome": OutcomeLine,
}
"""Fields whose value is an object, or a list of objects, with fields of its own."""

_PROSE = {"error", "name", "outcome", "question", "rationale", "reasoning", "task"}
"""Fields that people read: any JSON in them is better than none."""
_NOTHING = (b"false", b"[]", b"{}")
"""What stands where a text is expected and says that there is none."""


class Misfit(NamedTuple):
    """What of a record does not fit the format, and what was done about it."""

    what: str
    done: str
    level: Level = "loss"


_decode = cast(Callable[[bytes], Line], decoder(cast(type[Any], Line)))
_decode_fields = decoder(dict[str, Raw])
_decode_any = decoder(cast(type[Any], Any))
_decode_list = decoder(list[Raw])


class ToolDefinitions(Shape):
    """The tools of a record again, whole, to keep their definitions as written."""

    tools: Raw = Raw()


_decode_tools = decoder(ToolDefinitions)


def tool_definitions(data: bytes) -> bytes:
    """The tools of a record as they are written, a list."""
    return bytes(_decode_tools(data).tools)


def definitions_in(tools: bytes) -> list[Raw]:
    """The members of the list, as they are written."""
    return _decode_list(tools)


def as_id(id: Id) -> str | None:
    """An id may be written as a number; 7 and "7" are the same."""
    return None if id is None else str(id)


def used(line: UsageLine) -> Usage:
    """The tokens and the cost of a call, as far as they are written."""
    return Usage(
        line.input_tokens,
        line.output_tokens,
        line.cache_read_tokens,
        line.cache_write_tokens,
        line.reasoning_tokens,
        line.cost_usd,
    )


def payload(raw: Raw, contents: ContentStore) -> int | None:
    """Where the JSON of a field is kept; None when the field is not there."""
    data = bytes(raw)
    return contents.add(data) if data else None


def parse(data: bytes) -> tuple[Line | None, list[Misfit]]:
    """The line, as far as it fits the format, and what does not fit."""
    try:
        return _decode(data), []
    except BadShape:
        return _parse_loosely(data)


def _parse_loosely(data: bytes) -> tuple[Line | None, list[Misfit]]:
    """The line without the fields that its type does not have, or that do not fit."""
    try:
        fields = _decode_fields(data)
    except BadShape:
        return None, [Misfit("a record that is no JSON object", "left out")]
    type = _value(fields, "type")
    if not isinstance(type, str) or type not in LINES:
        name = repr(type)[:60] if isinstance(type, str) else "(none)"
        return None, [Misfit(f"a record of unknown type {name}", "left out")]
    version = _value(fields, "whypath")
    if type == "run" and isinstance(version, int) and version > VERSION:
        return RunLine(whypath=version), []
    misfits: list[Misfit] = []
    known = LINES[type].__struct_fields__
    extra = [name for name in fields if name not in ("type", *known)]
    if extra:
        misfits.append(_not_known(f"a {type} record", extra[0]))
    line = {"type": fields["type"]}
    for name in known:
        if name in fields:
            value, misfit = _fitted(line["type"], name, fields[name])
            line |= {} if value is None else {name: value}
            misfits += [] if misfit is None else [misfit]
    return _decode(_object(line)), misfits


def _fitted(type: Raw, name: str, raw: Raw) -> tuple[Raw | None, Misfit | None]:
    """As much of a field's value as fits, else its JSON where a text is expected."""
    wrong = _misfit(type, name, raw)
    if wrong is None:
        return raw, None
    part, extra = _known_part(name, raw)
    if extra and _misfit(type, name, part) is None:
        return part, _not_known(f"an object in `{name}`", extra[0])
    text = Raw(json.dumps(bytes(raw).decode("utf-8", "replace")).encode())
    if name not in _PROSE or _misfit(type, name, text) is not None:
        return None, Misfit(f"a field that does not fit the format: {wrong}", "ignored")
    what = f"a field `{name}` that is no text"
    if bytes(raw) in _NOTHING:
        return None, Misfit(what, "taken as not given", "note")
    return text, Misfit(what, "its JSON is shown", "repair")


def _misfit(type: Raw, name: str, raw: Raw) -> str | None:
    """Why a record of this type cannot have this field; None where it can."""
    try:
        _decode(_object({"type": type, name: raw}))
    except BadShape as wrong:
        return str(wrong)
    return None


def _not_known(owner: str, name: str) -> Misfit:
    what = f"a field that {owner} does not have"
    return Misfit(what, f"ignored; the first is {repr(name)[:60]}")


def _known_part(name: str, raw: Raw) -> tuple[Raw, list[str]]:
    """An object, or a list of them, without the fields that it does not have."""
    known = PARTS[name].__struct_fields__ if name in PARTS else ()
    extra: list[str] = []

    def prune(item: Raw) -> bytes:
        try:
            fields = _decode_fields(item)
        except BadShape:
            return bytes(item)
        extra.extend(key for key in fields if key not in known)
        return _object({key: fields[key] for key in fields if key in known})

    try:
        items = _decode_list(raw)
    except BadShape:
        return Raw(prune(raw)), extra
    return Raw(b"[" + b",".join(map(prune, items)) + b"]"), extra


def _object(fields: dict[str, Raw]) -> bytes:
    pairs = (json.dumps(name).encode() + b":" + bytes(fields[name]) for name in fields)
    return b"{" + b",".join(pairs) + b"}"


def _value(fields: dict[str, Raw], name: str) -> object:
    try:
        return _decode_any(fields.get(name, b"null"))
    except BadShape:
        return None
