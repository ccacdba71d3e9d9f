"""Turns a foreign JSON object into fields that may be asked for anything.

For every reader of logs, and not a reader itself. Foreign JSON has any type anywhere:
these functions answer with nothing where something else stands.
"""

from collections.abc import Mapping

from whypath.model import Usage
from whypath.records import BadShape, Raw, decoder

Fields = Mapping[str, Raw]

ERROR_LENGTH = 200

_OBJECT, _LIST, _TEXT = b'{["'

_decode_object = decoder(dict[str, Raw])
_decode_list = decoder(list[Raw])
_decode_text = decoder(str)
_decode_number = decoder(float)


def is_object(raw: bytes | Raw | None) -> bool:
    """True for a JSON object."""
    return raw is not None and memoryview(raw)[0] == _OBJECT


def is_list(raw: bytes | Raw | None) -> bool:
    """True for a JSON list."""
    return raw is not None and memoryview(raw)[0] == _LIST


def as_fields(raw: bytes | Raw | None) -> Fields:
    """The fields of an object that are not null; none of anything else."""
    if raw is None or not is_object(raw):
        return {}
    try:
        fields = _decode_object(raw)
    except BadShape:
        return {}
    return {key: value for key, value in fields.items() if not _is_null(value)}


def as_items(raw: bytes | Raw | None) -> list[Raw]:
    """The members of a list; none of anything else."""
    if raw is None or not is_list(raw):
        return []
    try:
        return _decode_list(raw)
    except BadShape:
        return []


def as_text(raw: Raw | None) -> str | None:
    """A string's text; None for anything else."""
    if raw is None or memoryview(raw)[0] != _TEXT:
        return None
    return _decode_text(raw)


def as_scalar(raw: Raw | None) -> str | None:
    """A string's text, a number or a truth value as written; else None."""
    if raw is None or _is_null(raw) or is_object(raw) or is_list(raw):
        return None
    text = as_text(raw)
    return bytes(raw).decode() if text is None else text


def as_number(raw: Raw | None) -> float | None:
    """A number, or None for anything else and for what exceeds a double."""
    try:
        return None if raw is None else _decode_number(raw)
    except BadShape:
        return None


def first(fields: Fields, *keys: str) -> Raw | None:
    """The first of the fields that is there."""
    for key in keys:
        if key in fields:
            return fields[key]
    return None


def _is_null(raw: Raw) -> bool:
    return len(raw) == 4 and bytes(raw) == b"null"


def error_of(fields: Fields, output: bytes) -> str | None:
    """Why a result is an error, or None. Only what says so itself is one.

    That is: a flag of the message (`is_error`, `isError`, `status: error`), a text that
    begins with `Error:`, as tau-bench's tools write it, or an object whose `error` is
    neither empty nor false.
    """
    flag = as_scalar(first(fields, "is_error", "isError", "status"))
    text = output.startswith(b'"Error:')
    said: Raw | None = None
    if output[:1] == b"{" and b'"error"' in output:
        said = as_fields(output).get("error")
        if said is not None and bytes(said) in (b'""', b"false", b"0", b"[]", b"{}"):
            said = None
    if flag not in ("true", "error") and not text and said is None:
        return None
    return reason_of(Raw(output) if said is None else said)


def reason_of(error: Raw) -> str:
    """The first line of what an error says: of its text, or of its `message`."""
    text = as_text(error) or as_text(as_fields(error).get("message"))
    lines = (text or bytes(error).decode()).strip().splitlines()
    return lines[0][:ERROR_LENGTH] if lines else "error"


def usage_of(raw: Raw | None) -> Usage | None:
    """Tokens as counted by OpenAI (cache included) or by Anthropic (cache apart)."""
    if raw is None or not (fields := as_fields(raw)):
        return None
    told = as_fields(first(fields, "prompt_tokens_details", "input_tokens_details"))
    made = first(fields, "completion_tokens_details", "output_tokens_details")
    read = _count(fields, "cache_read_input_tokens")
    written = _count(fields, "cache_creation_input_tokens")
    given = _count(fields, "prompt_tokens", "input_tokens")
    if given is not None and "prompt_tokens" not in fields:
        given += (read or 0) + (written or 0)
    return Usage(
        input_tokens=given,
        output_tokens=_count(fields, "completion_tokens", "output_tokens"),
        cache_read_tokens=_count(told, "cached_tokens") if read is None else read,
        cache_write_tokens=written,
        reasoning_tokens=_count(as_fields(made), "reasoning_tokens"),
        cost_usd=as_number(fields.get("cost")),
    )


def _count(fields: Fields, *keys: str) -> int | None:
    number = as_number(first(fields, *keys))
    return None if number is None else int(number)
