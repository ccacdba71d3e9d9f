"""Turns what containers write of a span into plain values: ids, times, attributes.

For every container of spans, and not a reader itself. Foreign JSON has any type
anywhere: these functions answer with nothing where something else stands.
"""

from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from whypath.builder import Builder
from whypath.model import Status
from whypath.readers.spans import Event
from whypath.records import BadShape, Raw, Record, decoder

_any = decoder(object)
_fields = decoder(dict[str, Raw])
_list = decoder(list[Raw])

_BASE64 = {24: 16, 12: 8}
"""Length of an id in base64, as Protobuf's own JSON has it, and its bytes."""

_DEEPEST = 12
_ERRORS = ("ERROR", "2")
_NESTED = frozenset((dict, type(None)))
_NAMES = ("name", "event", "Name", "message")
_TIMES = ("timeUnixNano", "timestamp", "time", "Timestamp")
_ATTRIBUTES = ("attributes", "fields", "Attributes")


def document(data: bytes) -> Any:
    """A record as plain data; None where it is nested too deep to read."""
    try:
        return parse(data)
    except RecursionError:
        return None


def parse(data: bytes | Raw) -> Any:
    """A JSON value. What no double can hold is kept as the text it was written as."""
    try:
        return _any(data)
    except BadShape:
        pass
    try:
        return {key: parse(value) for key, value in _fields(data).items()}
    except BadShape:
        pass
    try:
        return [parse(value) for value in _list(data)]
    except BadShape:
        return bytes(data).decode("utf-8", "replace")


def each_value(
    records: Iterable[Record], builder: Builder, take: Callable[[Any, int], None]
) -> None:
    """Has each record, or each member of a list of records, taken in with its line."""
    for record in records:
        whole = document(record.data)
        for value in whole if isinstance(whole, list) else (whole,):
            try:
                take(value, record.line)
            except RecursionError:
                what = "a record nested too deep to read"
                builder.problem("loss", what, "left out", record.line)


def each_object(
    records: Iterable[Record], builder: Builder
) -> Iterator[tuple[dict[str, Any], int]]:
    """The objects among the records, also those in lists, and the line of each.

    Anything else is a Problem.
    """
    for record in records:
        whole = document(record.data)
        for value in whole if isinstance(whole, list) else (whole,):
            if isinstance(value, dict):
                yield value, record.line
            else:
                what = "a record that is no object"
                builder.problem("loss", what, "left out", record.line)


def spans_in(
    value: Any, builder: Builder, line: int | None
) -> Iterator[dict[str, Any]]:
    """The spans of a list; what is none, the list itself too, is a Problem."""
    for span in value if isinstance(value, list) else [None]:
        if isinstance(span, dict):
            yield span
        else:
            what = "a span that is no object"
            builder.problem("loss", what, "left out", line)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """The members of a list that are objects."""
    if not isinstance(value, list):
        return iter(())
    return iter([item for item in value if isinstance(item, dict)])


def as_object(value: Any) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str | None:
    """The value where it is a text with something in it."""
    return value if isinstance(value, str) and value else None


def as_id(value: Any) -> str | None:
    """A trace's or span's id as OTLP has it; None for none and for all zeros.

    Lower case hex, without the `0x` of the Python SDK; from base64 where it is that.
    """
    return _id(value) if isinstance(value, str) else None


@lru_cache(maxsize=1024)  # a parent's id stands at each of its children
def _id(value: str) -> str | None:
    id = value[2:] if value[:2] == "0x" else value
    if not id.strip("0"):
        return None
    size = len(id)
    if size == 16 or size == 32:
        return id.lower()
    return _hex(id) if size in _BASE64 else id


def _hex(id: str) -> str | None:
    """An id that has the length of one in base64, as hex if it is that."""
    try:
        data = b64decode(id, validate=True)
    except (NoBase64, ValueError):
        return id
    return _id(data.hex()) if len(data) == _BASE64[len(id)] else id


def as_status(value: Any) -> Status:
    """A status code in any spelling: 2, "2", "ERROR", "STATUS_CODE_ERROR", "Error"."""
    if isinstance(value, str):
        return _status(value)
    return "ok" if value == 1 else "error" if value == 2 else "unset"


@lru_cache(maxsize=64)
def _status(code: str) -> Status:
    code = code.upper().removeprefix("STATUS_CODE_").removeprefix("STATUSCODE.")
    return "ok" if code in ("OK", "1") else "error" if code in _ERRORS else "unset"


def as_time(value: Any, builder: Builder, line: int | None) -> int | None:
    """Nanoseconds of a time: JavaScript's pair of seconds and nanoseconds, or any."""
    if isinstance(value, list) and len(value) == 2:
        seconds, rest = value
        if type(seconds) is int and type(rest) is int and 0 < seconds < 10**10:
            return seconds * 10**9 + rest
    return builder.time(value, line)


def flat(nested: Any, prefix: str = "") -> dict[str, Any]:
    """Nested objects as one with dotted names; lists, and what is deep, as they are.

    Nulls are left out: a table's empty cell says nothing.
    """
    fields = as_object(nested)
    if not prefix and _NESTED.isdisjoint(map(type, fields.values())):
        return fields
    found: dict[str, Any] = {}
    deepest = prefix.count(".") >= _DEEPEST
    for name, value in fields.items():
        if isinstance(value, dict) and value and not deepest:
            found.update(flat(value, f"{prefix}{name}."))
        elif value is not None:
            found[prefix + name] = value
    return found


def as_event(fields: dict[str, Any], builder: Builder, line: int | None) -> Event:
    """An event on a span, in the spelling of any container but OTLP's own."""
    name = next((n for key in _NAMES if (n := as_text(fields.get(key)))), "")
    time = next((fields[key] for key in _TIMES if key in fields), None)
    said = next((fields[key] for key in _ATTRIBUTES if key in fields), None)
    return Event(name, as_time(time, builder, line), flat(said))
