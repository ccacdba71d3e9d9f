"""Reads from the fields of an object that a call brought: failed, empty, or not all.

Only the top is looked at, and only fields whose names are in wide use.
"""

from typing import Any

import msgspec

Top = dict[str, msgspec.Raw]

_CUT_FIELDS = ("truncated", "is_truncated", "isTruncated", "was_truncated", "clipped")
_MORE_FIELDS = (
    *("next_page_token", "nextPageToken", "next_cursor", "nextCursor", "next_token"),
    *("nextToken", "next_page", "continuation_token", "has_more", "hasMore"),
)


_decode_any = msgspec.json.Decoder().decode


def cut_field(top: Top) -> str | None:
    """The field that says that something was left out, or that there is more."""
    for name in _CUT_FIELDS:
        if _is_true(top, name):
            return f"{name} is true"
    named = (name for name in _MORE_FIELDS if _has_more(top.get(name)))
    return next((f"there is more: {name}" for name in named), None)


def _is_true(top: Top, name: str) -> bool:
    return name in top and bytes(top[name]) == b"true"


def _has_more(value: msgspec.Raw | None) -> bool:
    return value is not None and bytes(value) not in (
        *(b"null", b"false", b'""', b"0", b"[]", b"{}"),
    )


_FALSE_FIELDS = ("success", "ok", "succeeded", "is_success", "isSuccess")
_TRUE_FIELDS = ("isError", "is_error", "failed", "hasError")
_ERROR_FIELDS = ("error", "errors", "error_message", "errorMessage", "exception")
_CODE_FIELDS = ("status", "status_code", "statusCode", "http_status", "code")
_EXIT_FIELDS = ("exit_code", "exitCode", "returncode", "return_code", "exit_status")
_BAD_STATES = ("error", "failed", "failure", "fail", "rejected", "denied", "timeout")
_BESIDE = ("errors", "warnings", "issues", "problems", "notes", "messages", "logs")
"""Lists that are good news when they are empty, or no news."""
_WHY_FIELDS = (
    *(
        "message",
        "reason",
        "error",
        "detail",
        "error_message",
        "errorMessage",
        "stderr",
    ),
)


def failed_field(top: Top) -> tuple[str | None, bool]:
    """The field that says that the call failed, with the reason beside it.

    True for one that is there to tell so, as an exit code; False for one in an answer
    that otherwise looks like any other.
    """
    for told in (_error_flag(top), _quiet_failure(top)):
        if told is None:
            continue
        for name in _WHY_FIELDS:
            why = _plain(top.get(name))
            if isinstance(why, str) and why.strip() and why not in told:
                told = f"{told}, {name}: {said(why)}"
                break
        return told, _error_flag(top) is not None
    return None, False


def _error_flag(top: Top) -> str | None:
    """A field that protocols and shells have for it: `isError`, an exit code."""
    for name in _TRUE_FIELDS:
        if _is_true(top, name):
            return f"{name} is true"
    for name in _EXIT_FIELDS:
        value = _plain(top.get(name))
        if isinstance(value, int) and not isinstance(value, bool) and value != 0:
            return f"{name} is {value}"
    return None


def _quiet_failure(top: Top) -> str | None:
    """A field that says so in an answer which came back as if all was well."""
    for name in _FALSE_FIELDS:
        if name in top and bytes(top[name]) == b"false":
            return f"{name} is false"
    for name in _ERROR_FIELDS:
        value = _plain(top.get(name))
        if isinstance(value, dict):
            value = value.get("message") or value.get("type") or "an object"
        if isinstance(value, list) and value:
            value = value[0] if isinstance(value[0], str) else "a list"
        if isinstance(value, str) and value.strip():
            return f"{name}: {said(value)}"
    for name in _CODE_FIELDS:
        value = _plain(top.get(name))
        if isinstance(value, int) and not isinstance(value, bool):
            if 400 <= value <= 599:
                return f"{name} is {value}"
        elif isinstance(value, str) and value.lower() in _BAD_STATES:
            rest = {name, *_WHY_FIELDS, "id", "type"}
            told = [n for n in top if n not in rest and bytes(top[n]) != b"null"]
            if len(told) <= 1:  # else it may be the state of a record
                return f"{name} is {value}"
    return None


def _plain(value: msgspec.Raw | None) -> Any:
    if value is None or len(bytes(value)) > 20_000:
        return None
    try:
        return _decode_any(value)
    except (msgspec.DecodeError, RecursionError):
        return None


def none_in(top: Top) -> str | None:
    """Says so where every list of an object is empty and nothing else tells much."""
    lists = [
        name
        for name, value in top.items()
        if bytes(value)[:1] == b"[" and name.lower() not in _BESIDE
    ]
    if not lists or any(bytes(top[name]).strip() != b"[]" for name in lists):
        return None
    others = [bytes(value) for name, value in top.items() if name not in lists]
    telling = [value for value in others if value[:1] == b"{" and value != b"{}"]
    counts = ("total", "count", "total_count", "totalCount", "size", "hits", "num")
    zero = any(name in top and bytes(top[name]) == b"0" for name in counts)
    if zero or (not telling and len(others) <= 4 and len(lists) == 1):
        return f"no {lists[0]}"
    return None


def said(text: str, length: int = 120) -> str:
    """A text on one line, cut."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
