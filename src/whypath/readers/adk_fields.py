"""Turns the objects of Google's ADK, written in either spelling, into fields.

Part of the `adk_sessions` reader: `functionCall` is `function_call`. Only ADK's own
objects are read so; what a tool was given or gave back keeps its names.
"""

from functools import lru_cache
from re import compile as pattern

from whypath.readers.fields import Fields, as_fields
from whypath.records import BadShape, Raw, decoder

_HUMP = pattern("(?<=[a-z0-9])([A-Z])")

_decode = decoder(dict[str, Raw])


def adk_fields(raw: bytes | Raw | None) -> Fields:
    """The fields of an object that are not null, named in snake_case."""
    return {snake(key): value for key, value in as_fields(raw).items()}


def all_fields(raw: Raw | None) -> Fields:
    """The fields of an object as they are, null ones too: a state may hold null."""
    try:
        return {} if raw is None else _decode(raw)
    except BadShape:
        return {}


@lru_cache(maxsize=1000)
def snake(name: str) -> str:
    """`functionCall` as `function_call`; other names as they are."""
    return _HUMP.sub(r"_\1", name).lower() if name[:1].islower() else name
