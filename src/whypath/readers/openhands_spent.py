"""What both versions of OpenHands say alike: tokens spent, failures, rejections.

Part of the `openhands` and `openhands_sdk` readers. It makes no step.
"""

from whypath.builder import Draft
from whypath.model import Decision, Option, Usage
from whypath.readers.fields import (
    ERROR_LENGTH,
    Fields,
    as_fields,
    as_number,
    as_text,
    reason_of,
    usage_of,
)
from whypath.records import Raw

_COUNTS = (
    ("input_tokens", "prompt_tokens"),
    ("output_tokens", "completion_tokens"),
    ("cache_read_tokens", "cache_read_tokens"),
    ("cache_write_tokens", "cache_write_tokens"),
    ("reasoning_tokens", "reasoning_tokens"),
)

_CONDENSER = "condenser"


def counted(metrics: Raw | None) -> dict[str, float]:
    """What was spent up to here, by the names of `Usage`; only what is recorded."""
    fields = as_fields(metrics)
    tokens = as_fields(fields.get("accumulated_token_usage"))
    found = {name: as_number(tokens.get(key)) for name, key in _COUNTS}
    found["cost_usd"] = as_number(fields.get("accumulated_cost"))
    return {name: value for name, value in found.items() if value is not None}


def since(before: dict[str, float], now: dict[str, float]) -> dict[str, float]:
    """What was spent between two counts; nothing where the count went back."""
    return {
        name: value - before.get(name, 0)
        for name, value in now.items()
        if value >= before.get(name, 0)
    }


def usage_from(counts: dict[str, float]) -> Usage | None:
    """Counts as a usage; None where nothing was spent."""
    if not any(counts.values()):
        return None
    tokens = {name: int(value) for name, value in counts.items() if name != "cost_usd"}
    return Usage(**tokens, cost_usd=counts.get("cost_usd"))


class Spent:
    """Follows the counts, which only grow from event to event.

    An answer's own usage is what it says; what the counts say beyond that was spent by
    calls that left no action, such as one that `failed`.
    """

    def __init__(self) -> None:
        self.failed: Draft | None = None
        self._before: dict[str, float] = {}

    def on(self, fields: Fields, response: Fields) -> Usage | None:
        """The usage of the answer that is told by an action's fields."""
        told = usage_of(response.get("usage"))
        now = counted(fields.get("llm_metrics"))
        new = since(self._before, now)
        self._before.update(now)
        if told is None:
            return usage_from(new)
        cost = new.get("cost_usd")
        if not now:
            return told
        own = (
            ("input_tokens", told.input_tokens),
            ("output_tokens", told.output_tokens),
        )
        more = {name: new.get(name, 0) - (value or 0) for name, value in own}
        failed, self.failed = self.failed, None
        if min(more.values()) < 0 or not any(more.values()):
            return _priced(told, cost)
        if failed is None:
            return usage_from(new)
        failed.usage = usage_from(more)
        return _priced(told, cost)

    def again(self, fields: Fields, answer: Draft) -> None:
        """Another action of an answer that was told before: its usage is counted."""
        now = counted(fields.get("llm_metrics"))
        new = usage_from(since(self._before, now))
        self._before.update(now)
        if answer.usage is None and new is not None:
            answer.usage = new

    def rest(self, metrics: Raw | None) -> Usage | None:
        """What the counts at the end say beyond the last event's."""
        now = counted(metrics)
        return usage_from(since(self._before, now)) if self._before else usage_from(now)

    @staticmethod
    def model(fields: Fields) -> str | None:
        """The model that the counts name."""
        metrics = as_fields(fields.get("llm_metrics"))
        tokens = as_fields(metrics.get("accumulated_token_usage"))
        return as_text(tokens.get("model")) or None


class Counts:
    """Follows counts that come in events of their own, one for each use of a model.

    What was spent since the last event is for the step that follows it to take.
    """

    def __init__(self) -> None:
        self.model: str | None = None
        self._before: dict[str, dict[str, float]] = {}
        self._new: dict[str, Usage] = {}

    def count(self, stats: Raw | None) -> None:
        """Takes in one event's counts."""
        for name, metrics in as_fields(
            as_fields(stats).get("usage_to_metrics")
        ).items():
            now = counted(metrics)
            before = self._before.get(name, {})
            usage = usage_from(since(before, now))
            self._before[name] = {**before, **now}
            if usage is not None:
                self._new[name] = usage
            if _CONDENSER not in name:
                named = as_text(as_fields(metrics).get("model_name"))
                self.model = named or self.model

    def take(self, *, condensing: bool) -> Usage | None:
        """What the agent, or its condenser, spent since the last event."""
        mine = [name for name in self._new if (_CONDENSER in name) == condensing]
        return self._new.pop(mine[0]) if mine else None

    def unclaimed(self) -> list[Usage]:
        """What no step took."""
        left = list(self._new.values())
        self._new.clear()
        return left


def _priced(usage: Usage, cost: float | None) -> Usage:
    if cost is None or usage.cost_usd is not None:
        return usage
    return Usage(
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        cost,
    )


def failure(kind: str, fields: Fields, extras: Fields) -> str | None:
    """Why an observation is an error, or None."""
    content = fields.get("content")
    text = as_text(content) or ""
    metadata = as_fields(extras.get("metadata"))
    code = as_number(metadata.get("exit_code"))
    if kind in ("error", "user_rejected"):
        return reason_of(content) if content is not None else kind
    if text.startswith("ERROR:"):
        said = text.removeprefix("ERROR:").strip().splitlines()
        return said[0][:ERROR_LENGTH] if said else "error"
    if bytes(fields.get("success", b"")) == b"false":
        why = (as_text(metadata.get("suffix")) or "").strip()
        if code in (None, -1):
            return why[:ERROR_LENGTH] or "not a success"
    return exit_code(code)


def exit_code(code: float | None) -> str | None:
    """A command's exit code where it is one of a failure; -1 is a running command's."""
    return f"exit code {code:g}" if code not in (None, 0, -1) else None


def rejection(name: str, by: str, reason: Raw | None) -> Decision:
    """The recorded decision not to let an action be carried out."""
    why = None if reason is None else reason_of(reason)
    return Decision(
        step=0,
        question=f"Let {name} run?",
        options=(Option("confirm"), Option("reject", True, None, None, why)),
        rationale=None,
        rationale_from=None,
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
        options_note=None if by == "user" else f"decided by: {by}",
    )
