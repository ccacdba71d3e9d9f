"""Finds what a condensation leaves of a conversation: its beginning and its end.

Part of the `openhands` readers. Between the two the model sees a summary.
"""

from collections.abc import Callable

from whypath.builder import Draft, RunDraft
from whypath.readers.fields import Fields, as_items, as_number, as_scalar


class Condensed:
    """The events of one run, and which of them are forgotten so far."""

    def __init__(self, run: RunDraft) -> None:
        self._run = run
        self._starts: dict[str, int] = {}
        self._gone: set[str] = set()

    def event(self, fields: Fields) -> None:
        """Takes note of an event, before its steps are made."""
        id = as_scalar(fields.get("id"))
        if id is not None:
            self._starts.setdefault(id, len(self._run.steps))

    def tell(self, summary: Draft, args: Fields) -> None:
        """Puts a summary behind what is left before it, and says what is kept after.

        A later condensation forgets what the ones before it forgot, too.
        """
        is_gone = _forgotten(args)
        self._gone.update(filter(is_gone, self._starts))
        ids = list(self._starts)
        gone = [number for number, id in enumerate(ids) if id in self._gone]
        if not gone:
            return
        before = self._run.steps[: self._starts[ids[gone[0]]]][::-1]
        summary.previous = self._key(before, summary)
        if gone[-1] + 1 < len(ids):
            after = self._run.steps[self._starts[ids[gone[-1] + 1]] :]
            summary.keeps = self._key(after, summary)

    def _key(self, steps: list[Draft], summary: Draft) -> str | None:
        """The key of the first of the steps that is of the summary's conversation."""
        mine = (step for step in steps if step.thread == summary.thread)
        step = next(mine, None)
        if step is None or step is summary or step.resets_context:
            return None
        step.key = step.key or f"beside-{summary.order[0]}"
        return step.key


def _forgotten(args: Fields) -> Callable[[str], bool]:
    """Whether an event's id is one of those that a condensation leaves out."""
    ids = {as_scalar(raw) for raw in as_items(args.get("forgotten_event_ids"))}
    first = as_number(args.get("forgotten_events_start_id"))
    last = as_number(args.get("forgotten_events_end_id"))

    def is_gone(id: str) -> bool:
        if id in ids:
            return True
        number = int(id) if id.isdecimal() and len(id) < 19 else None
        if first is None or last is None or number is None:
            return False
        return first <= number <= last

    return is_gone
