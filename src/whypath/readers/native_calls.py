"""Pairs calls that were written without an id with the steps that answer them.

Part of the `native` reader. Calls with an id are the builder's to pair.
"""

from whypath.builder import Builder, Draft

_ANSWERS = ("tool", "retrieval", "handoff")


class OpenCalls:
    """The calls without an id that the last model call of each thread made."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._open: dict[str, list[tuple[Draft, int]]] = {}

    def made_by(self, caller: Draft) -> None:
        """Notes the calls of a step; those of an earlier one are never answered."""
        numbered = enumerate(caller.calls)
        nameless = [(caller, number) for number, call in numbered if call.id is None]
        self._open[caller.thread] = nameless

    def answer(self, draft: Draft, thread: str) -> Draft | None:
        """Gives the step the first open call of its name. Returns who made it."""
        if draft.kind not in _ANSWERS:
            return None
        for caller, number in self._open.get(thread, ()):
            calls = list(caller.calls)
            if calls[number].id is None and calls[number].name == draft.name:
                draft.call_id = f"{draft.name}~{caller.order[0]}.{number + 1}"
                calls[number] = calls[number]._replace(id=draft.call_id)
                caller.calls = tuple(calls)
                what, done = "a call has no id", "paired with the next of its name"
                self._builder.problem("repair", what, done, draft.source.line)
                return caller
        return None
