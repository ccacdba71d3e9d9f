"""Turns a foreign JSON object into fields that may be asked for anything.

For every reader of logs, and not a reader itself. Foreign JSON has any type anywhere:
these functions answer with nothing where something else stands.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping

from whypath.content import to_json
from whypath.model import Usage
from whypath.records import BadShape, Raw, decoder

Fields = Mapping[str, Raw]

ERROR_LENGTH = 200
TYPE_LENGTH = 40

_OBJECT, _LIST, _TEXT = b'{["'
_NO_SCALARS = b"{[n"
_NULL = Raw(b"null")

_decode_object = decoder(dict[str, Raw])
_decode_list = decoder(list[Raw])
_decode_text = decoder(str)
_decode_number = decoder(float)
_decode_raw = decoder(Raw)
_check = decoder(Raw)


def is_object(raw: bytes | Raw | None) -> bool:
    """True for a JSON object."""
    return raw is not None and memoryview(raw)[0] == _OBJECT


def is_list(raw: bytes | Raw | None) -> bool:
    """True for a JSON list."""
    return raw is not None and memoryview(raw)[0] == _LIST


def as_fields(raw: bytes | Raw | None) -> Fields:
    """The fields of an object that are not null; none of anything else."""
    if raw is None or memoryview(raw)[0] != _OBJECT:
        return {}
    try:
        fields = _decode_object(raw)
    except BadShape:
        return {}
    if _NULL not in fields.values():
        return fields
    return {key: value for key, value in fields.items() if value != _NULL}


def as_items(raw: bytes | Raw | None) -> list[Raw]:
    """The members of a list; none of anything else."""
    if raw is None or memoryview(raw)[0] != _LIST:
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
    if raw is None:
        return None
    start = memoryview(raw)[0]
    if start == _TEXT:
        return _decode_text(raw)
    return None if start in _NO_SCALARS else bytes(raw).decode()


def is_json(text: str) -> bool:
    """True when a text is one valid JSON value."""
    try:
        _check(text.encode())
    except (BadShape, UnicodeEncodeError):
        return False
    return True


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


def as_raw(value: object) -> Raw:
    """Plain data as a field of its own, for a record that is put into other terms."""
    return Raw(to_json(value))


def rest_of(fields: Fields, told: Container[str]) -> bytes | None:
    """The fields that are told nowhere else, as one JSON object; None for none."""
    rest = {key: raw for key, raw in fields.items() if key not in told}
    return to_json(rest) if rest else None


def shown_type(fields: Fields, key: str = "type") -> str:
    """What a record calls itself, short enough to be named in a problem."""
    return (as_scalar(fields.get(key)) or "none")[:TYPE_LENGTH]


def json_in(raw: Raw | None) -> Raw | None:
    """A field, or the JSON object or list that its text holds; None for other text."""
    text = as_text(raw)
    if text is None:
        return raw
    inner = text.strip().encode("utf-8", "replace")
    if inner[:1] not in (b"{", b"["):
        return None
    try:
        return _decode_raw(inner)
    except BadShape:
        return None


class Names:
    """Gives each thing a name of its own: the second `a` is `a-2`, or `a~2`."""

    def __init__(self, taken: Iterable[str] = (), mark: str = "-") -> None:
        self._taken = set(taken)
        self._mark = mark
        self._uses: Counter[str] = Counter()

    def new(self, base: str) -> str:
        """The name, with a number behind it where it is taken."""
        name = base
        while name in self._taken:
            self._uses[base] += 1
            name = f"{base}{self._mark}{self._uses[base] + 1}"
        self._taken.add(name)
        return name
