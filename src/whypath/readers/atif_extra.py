"""What well-known writers of ATIF put into its free `extra` objects.

Part of the `atif` reader. NeMo Agent Toolkit writes times and ancestry, agentpile the
task, the outcome, who acted, and which calls failed.
"""

from whypath.builder import Builder
from whypath.model import Outcome
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_raw,
    as_scalar,
    as_text,
    reason_of,
)

_FAILED = ("error", "failed", "failure")


def task_of(extra: Fields) -> str | None:
    """The task of the whole run."""
    return as_text(as_fields(_pile(extra).get("task")).get("text"))


def outcome_of(extra: Fields) -> Outcome | None:
    """How the run was judged."""
    said = as_fields(_pile(extra).get("outcome"))
    score, success = as_number(said.get("score")), as_scalar(said.get("success"))
    if score is None and success is None:
        return None
    return Outcome(score=score, note=f"success: {success}" if success else None)


def actor_of(extra: Fields) -> str | None:
    """Which of several agents took a step."""
    return as_text(_pile(extra).get("actor"))


def failure_of(extra: Fields, call_id: str | None) -> str | None:
    """Why a call of the step failed, where the step says so."""
    if not (calls := as_fields(_pile(extra).get("calls"))):
        return None
    call = as_fields(calls.get(call_id or ""))
    return reason_of(call["error"]) if "error" in call else None


def with_flags(results: list[Fields], extra: Fields) -> list[Fields]:
    """The results of a step, each with the error flag that the step keeps for it."""
    kept = [as_fields(item) for item in as_items(_pile(extra).get("result_fields"))]
    if len(kept) != len(results):
        return results
    return [
        {**result, "extra": as_raw({"is_error": flags["is_error"]})}
        if "is_error" in flags and "extra" not in result
        else result
        for result, flags in zip(results, kept, strict=True)
    ]


def times_of(
    extra: Fields, builder: Builder, line: int
) -> tuple[int | None, int | None]:
    """Start and end of a step or a call, where they are recorded."""
    if "invocation" not in extra:
        return None, None
    said = as_fields(extra["invocation"])
    start, end = said.get("start_timestamp"), said.get("end_timestamp")
    return (
        builder.time(as_number(start) or as_text(start), line),
        builder.time(as_number(end) or as_text(end), line),
    )


def has_failed(extra: Fields) -> bool:
    """True where a call says itself that it failed."""
    return as_text(as_fields(extra.get("invocation")).get("status")) in _FAILED


def _pile(extra: Fields) -> Fields:
    return as_fields(extra["agentpile"]) if "agentpile" in extra else {}
