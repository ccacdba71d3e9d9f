"""Says what an input that no reader knows begins with, in a few words.

Only keys and types are named, never a value: a message may be published.
"""

import re
from collections.abc import Mapping
from typing import Any

_KEYS = 5
_KEY = re.compile(r"[A-Za-z_$@][\w$@.:-]{0,23}", re.ASCII)
"""A key that reads like a name: others, which may be data, are only counted."""
_TYPES = {str: "a text", bool: "true or false", int: "a number", float: "a number"}


def seen(value: Any) -> str:
    """Such as `an object with a, b and 3 more keys`, or `a list of 7, first a text`."""
    if isinstance(value, Mapping):
        return _keys(value)
    if not isinstance(value, list):
        return _TYPES.get(type(value), "null")
    if not value:
        return "an empty list"
    first = "a list" if isinstance(value[0], list) else seen(value[0])
    return f"a list of {len(value):,}, first {first}"


def _keys(fields: Mapping[str, Any]) -> str:
    if not fields:
        return "an empty object"
    named = [key for key in fields if _KEY.fullmatch(key)][:_KEYS]
    more = len(fields) - len(named)
    told = [", ".join(named)] if named else []
    if more:
        plural = "s" if more > 1 else ""
        told.append(f"{more:,} {'more ' if named else ''}key{plural}")
    return f"an object with {' and '.join(told)}"
