"""Turns whatever an agent hands to the recorder into JSON, and never fails at it.

Values of the payloads first, then those of the fields that the format has a shape for.
"""

import base64
import json
import math
from collections import deque
from collections.abc import Callable, Iterable, KeysView, Mapping, Set, ValuesView
from dataclasses import fields, is_dataclass
from datetime import date, time
from enum import Enum
from typing import Any

NOT_SET: Any = ...
"""Stands for a field that nobody has set: None is a value."""

NULLS = ("input", "output", "details")
"""Fields in which None is a value; elsewhere it is the same as nothing."""

DEEPEST = 100
MOST_NODES = 100_000
LONGEST_REPR = 10_000
LARGEST_ARRAY = 100_000
"""How far a value is followed that JSON cannot hold as it is; the last is in bytes."""

Fit = Callable[[Any], Any]


def encoded(record: Mapping[str, Any], ascii: bool = False) -> str:
    r"""The record as one line of JSON, without the newline.

    >>> encoded({"seen": {2, 1}, "raw": b"ok", "share": float("nan")})
    '{"seen": [1, 2], "raw": "ok", "share": "nan"}'
    """
    encode = _ASCII.encode if ascii else _UNICODE.encode
    try:
        return encode(record)
    except Exception:  # NaN, a cycle, a strange key, ...: walk the value ourselves
        return encode(_Walk().plain(record, DEEPEST))


def joined(first: str, second: str) -> str:
    """Two objects as JSON, made into one.

    >>> joined('{"a": 1}', '{"b": 2}')
    '{"a": 1, "b": 2}'
    """
    both = [one[1:-1] for one in (first, second) if one != "{}"]
    return "{" + ", ".join(both) + "}"


def with_fields(data: str, **fields: Any) -> str:
    """An object as JSON, with fields of ours added."""
    return joined(data, json.dumps(fields))


def simple(value: object) -> Any:
    """One level of a value that JSON does not know, in types that it knows better."""
    try:
        return _simple(value)
    except Exception:  # what an agent's object raises is not the agent's to suffer
        return f"<{type(value).__name__}>"


_ASCII = json.JSONEncoder(default=simple, allow_nan=False)
_UNICODE = json.JSONEncoder(default=simple, allow_nan=False, ensure_ascii=False)


def _simple(value: Any) -> Any:
    kind = type(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _text_of_bytes(bytes(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, BaseException):
        return described(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return sorted(value, key=repr)  # a set's own order changes from run to run
    if isinstance(value, deque | KeysView | ValuesView | range):
        return list(value)
    if callable(getattr(kind, "model_dump", None)):
        return value.model_dump()
    if callable(getattr(kind, "tolist", None)):
        size = getattr(value, "nbytes", None)
        if isinstance(size, int) and size <= LARGEST_ARRAY:
            return value.tolist()
    named = getattr(kind, "__struct_fields__", None)
    if isinstance(named, tuple):
        return {name: getattr(value, name) for name in named}
    said = repr(value)
    return said if len(said) <= LONGEST_REPR else said[:LONGEST_REPR] + "…"


def _text_of_bytes(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        packed = base64.b64encode(data).decode()
        return f"data:application/octet-stream;base64,{packed}"


class _Walk:
    """A copy of a value in plain types: finite, with an end, and not too deep."""

    def __init__(self) -> None:
        self._inside: set[int] = set()
        self._left = MOST_NODES

    def plain(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if value is None or isinstance(value, str | bool):
            return value
        if isinstance(value, int):
            return value if value.bit_length() < 4096 else hex(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else str(float(value))
        if depth == 0 or self._left < 0 or id(value) in self._inside:
            why = "inside itself" if id(value) in self._inside else "too large"
            return f"<{type(value).__name__}: {why}>"
        self._inside.add(id(value))
        try:
            return self._opened(value, depth - 1)
        except Exception:  # such as a dict that another thread changes meanwhile
            return f"<{type(value).__name__}>"
        finally:
            self._inside.discard(id(value))

    def _opened(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            pairs = list(value.items())
            return {text(name): self.plain(item, depth) for name, item in pairs}
        if isinstance(value, list | tuple):
            return [self.plain(item, depth) for item in list(value)]
        return self.plain(simple(value), depth)


# --- values of the format's fields ----------------------------------------------------


def text(value: object) -> str:
    """Any value as text; an object's own failure to say it is none of ours."""
    if isinstance(value, str):
        return value
    try:
        if isinstance(value, Enum):
            return text(value.value)
        if isinstance(value, BaseException):
            return described(value)
        return str(value)
    except Exception:  # as for `simple`
        return f"<{type(value).__name__}>"


def described(error: BaseException) -> str:
    """`KeyError: 'tier'`: an exception in a line, without its traceback."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # an exception that cannot say what it is
        said = ""
    return f"{name}: {said}" if said else name


def label(value: Any) -> str:
    """What an option or a tool is called: its name, a function's name, or its text.

    >>> label({"name": "refund"}), label(len), label(7)
    ('refund', 'len', '7')
    """
    if isinstance(value, Mapping) and "name" in value:
        return text(value["name"])
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) else text(value)


def fitted(record: Mapping[str, Any], fits: Mapping[str, Fit]) -> dict[str, Any]:
    """The record as the format has it, without what is not set."""
    kept = {}
    for name, value in record.items():
        if value is NOT_SET or (value is None and name not in NULLS):
            continue
        fit = fits.get(name)
        try:
            kept[name] = value if fit is None else fit(value)
        except Exception:  # it stays as it is: who reads the trace is told of it
            kept[name] = value
    return kept


def number(value: Any) -> float | None:
    """A finite number, or None, which is no number at all."""
    try:
        found = value if isinstance(value, int) else float(value)
    except Exception:  # whatever it is, it is no number
        return None
    return found if math.isfinite(found) else None


def labels(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Names and plain values; any other value as its text."""
    return {text(name): _flat(value) for name, value in given.items()}


def _flat(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return text(value)
    return value if isinstance(value, str | int | float) else text(value)


def usage(given: Any) -> Any:
    """Tokens and cost, also as a client's own object."""
    return given if isinstance(given, Mapping) else simple(given)


def state(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Paths and their values."""
    return {text(path): value for path, value in given.items()}


def names(given: Iterable[Any]) -> list[str]:
    """A list of texts, also from a single one."""
    return [given] if isinstance(given, str) else [text(item) for item in given]


def options(given: Any) -> list[Any]:
    """A list of options from names, from objects, or from names with their scores.

    >>> options({"refund": 0.8, "ask": {"reason": "slow"}})
    [{'name': 'refund', 'score': 0.8}, {'name': 'ask', 'reason': 'slow'}]
    """
    if isinstance(given, Mapping):
        return [_option({"name": name, **_about(v)}) for name, v in given.items()]
    return [_option(item) for item in several(given)]


def _about(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {"reason": value} if isinstance(value, str) else {"score": value}


def _option(given: Any) -> Any:
    if not isinstance(given, Mapping) or "name" not in given:
        return label(given)
    return fitted(given, {"name": text, "reason": text, "score": number}) | {
        "name": text(given["name"])
    }


def chosen(given: Any) -> Any:
    """The name of the option taken, or the names of several."""
    several = isinstance(given, list | tuple | Set)
    return [label(item) for item in given] if several else label(given)


def evidence(given: Any) -> list[Any]:
    """A list of evidence from objects, from bare values, or from names with values.

    >>> evidence({"tier": "vip"})
    [{'name': 'tier', 'value': 'vip'}]
    """
    if isinstance(given, Mapping) and not {"name", "value"} <= given.keys():
        return [{"name": text(name), "value": value} for name, value in given.items()]
    return [_piece(item) for item in several(given)]


def _piece(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return {"value": given}
    return fitted(given, {"name": text, "path": text}) | (
        {"value": given["value"]} if "value" in given else {}
    )


def several(given: Any) -> Iterable[Any]:
    """The members of a collection; anything else is one alone."""
    alone = isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable)
    return (given,) if alone else given
