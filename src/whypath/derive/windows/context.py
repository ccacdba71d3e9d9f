"""Finds what the model saw at each call: recorded windows, or ones put together again.

A reconstructed window is made of what stood in the conversation before the call:
prompts, answers, calls and results. Earlier reasoning is not assumed to be in it.
"""

from collections.abc import Iterator

from whypath.model import Context, Message, Run, Step


def find_contexts(run: Run) -> dict[int, Context]:
    """Position of each model step -> its window, as a change to an earlier one."""
    return _Windows(run).contexts


def window(contexts: dict[int, Context], position: int) -> list[Message]:
    """The whole window at a model step, first message first."""
    chain: list[Context] = []
    at: int | None = position
    while at is not None:
        chain.append(contexts[at])
        at = contexts[at].base
    messages: list[Message] = []
    for context in reversed(chain):
        del messages[context.keep :]
        messages.extend(context.add)
    return messages


class _Windows:
    """One pass over the run; keeps how long each window is."""

    def __init__(self, run: Run) -> None:
        self.contexts: dict[int, Context] = {}
        self._steps = run.steps
        self._lengths: dict[int, int] = {}
        self._results: dict[int, list[Step]] = {}
        for step in run.steps:
            if step.caller is not None:
                self._results.setdefault(step.caller, []).append(step)
        for step in run.steps:
            if step.kind == "model":
                context = step.context or self._reconstruct(step)
                self.contexts[step.position] = context
                self._lengths[step.position] = context.keep + len(context.add)

    def _reconstruct(self, step: Step) -> Context:
        base: int | None = None
        between: list[Step] = []
        reset = step if step.resets_context else None
        at = None if reset else self._before(step)
        while at is not None and reset is None:
            if at.position in self.contexts:
                base = at.position
                break
            between.append(at)
            if at.resets_context:
                reset = at
            at = self._before(at)
        add: list[Message] = []
        if base is not None:
            add.extend(self._left_by(self._steps[base - 1]))
        for earlier in reversed(between):
            add.extend(self._left_by(earlier))
            if earlier.keeps is not None:
                for kept in self._kept(earlier, reset):
                    add.extend(self._left_by(kept))
        keep = self._lengths[base] if base is not None else 0
        dropped = self._length_before(reset) if reset is not None else 0
        return Context(base, keep, tuple(add), dropped, "reconstructed")

    def _kept(self, summary: Step, reset: Step | None) -> list[Step]:
        """The steps that a compaction left in the conversation, behind its summary.

        `reset` is where it happened; None: right before the summary, which stands
        behind older steps that were left in as well.
        """
        kept: list[Step] = []
        at = self._before(reset or self._steps[summary.position - 2])
        while at is not None and at.position >= (summary.keeps or 0):
            kept.append(at)
            at = self._before(at)
        return kept[::-1]

    def _before(self, step: Step) -> Step | None:
        if step.previous is None or step.previous >= step.position:
            return None
        return self._steps[step.previous - 1]

    def _length_before(self, step: Step) -> int:
        """The length of the last window before a compaction."""
        at = self._before(step)
        while at is not None and at.position not in self._lengths:
            at = self._before(at)
        return self._lengths[at.position] if at is not None else 0

    def _left_by(self, step: Step) -> Iterator[Message]:
        """What a step leaves in the conversation for the calls after it."""
        shown = step.output if step.output is not None else step.input
        if step.kind in ("user", "system"):
            yield Message(step.kind, "text", shown)
        elif step.kind == "model":
            if step.output is not None:
                yield Message("assistant", "text", step.output)
            for call in step.calls:
                yield Message("assistant", "call", call.arguments, call.name, call.id)
            for tool in self._results.get(step.position, ()):
                yield from self._result(tool)
        elif step.kind in ("tool", "retrieval") and step.caller is None:
            yield from self._result(step)

    def _result(self, step: Step) -> Iterator[Message]:
        if step.output is not None:
            yield Message("tool", "result", step.output, step.name, step.call_id)
