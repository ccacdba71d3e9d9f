"""Turns the ticks of a tau2-bench voice call into turns: who spoke from when to when.

Part of the `tau2` reader. Ticks in a row in which one side speaks are one step; both
may speak at once. A turn has words only where the trace has a transcript.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Usage
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    rest_of,
)
from whypath.readers.tau2_messages import Dialogue, spent_on, sum_of
from whypath.records import Raw

_DETAILS = ("turn_taking_action", "speech_effects", "source_effects", "channel_effects")
_TOLD = {"role", "content", "contains_speech", "timestamp", "cost", "usage", *_DETAILS}


class _Turn:
    """What one side says without a pause."""

    def __init__(self, step: Draft, tick: str) -> None:
        self.step = step
        self.texts: list[str] = []
        self.usages: list[Usage] = []
        self.first = self.last = tick
        self.marks: list[Fields] = []


class Call:
    """The state of reading one voice call."""

    def __init__(
        self, builder: Builder, run: RunDraft, line: int, dialogue: Dialogue
    ) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._run = run
        self._line = line
        self._dialogue = dialogue
        self._turns: dict[str, _Turn] = {}
        self._silent: list[Usage] = []
        self._wordless = False

    def ticks(self, items: list[Raw]) -> None:
        """Reads the ticks in turn."""
        for number, item in enumerate(items):
            fields = as_fields(item)
            tick = as_scalar(fields.get("tick_id")) or str(number)
            time = as_scalar(fields.get("timestamp"))
            time_ns = self._builder.time(time, self._line)
            for side, role in (("agent", "assistant"), ("user", "user")):
                self._side(fields, side, role, tick, time_ns)
        for side in list(self._turns):
            self._close(side)
        if self._wordless:
            what = "speech without a transcript"
            done = "shown with its times only"
            self._builder.problem("note", what, done, self._line)
        if self._silent:
            usage = _sum(self._silent)
            name = "checks whether to speak"
            self._run.step("event", name, line=self._line, status="ok", usage=usage)
        self._run.labels["ticks"] = str(len(items))

    def _side(
        self, fields: Fields, side: str, role: str, tick: str, time_ns: int | None
    ) -> None:
        chunk = as_fields(fields.get(f"{side}_chunk"))
        calls = fields.get(f"{side}_tool_calls")
        words = as_text(chunk.get("content"))
        speech = as_scalar(chunk.get("contains_speech"))
        speaks = speech == "true" or (speech is None and bool(words))
        if speaks:
            self._speak(side, role, chunk, tick, time_ns)
        else:
            self._close(side)
            if (usage := spent_on(chunk)) is not None:
                self._silent.append(usage)
        if as_items(calls):
            self._close(side)
            message = {"role": role, "content": "", "tool_calls": calls}
            step = self._dialogue.message(as_fields(as_raw(message)))
            if step is not None:
                step.start_ns = time_ns
        for raw in as_items(fields.get(f"{side}_tool_results")):
            self._dialogue.messages([raw])

    def _speak(
        self, side: str, role: str, chunk: Fields, tick: str, time_ns: int | None
    ) -> None:
        turn = self._turns.get(side)
        if turn is None:
            dialogue = self._dialogue
            is_agent = side == "agent"
            step = self._run.step(
                "model" if is_agent else "user",
                line=self._line,
                key=f"{side}-{tick}",
                start_ns=time_ns,
                status="ok",
                agent=side,
                model=dialogue.agent_model if is_agent else dialogue.user_model,
            )
            turn = self._turns[side] = _Turn(step, tick)
        turn.last = tick
        turn.step.end_ns = time_ns
        if words := as_text(chunk.get("content")):
            turn.texts.append(words)
        if (usage := spent_on(chunk)) is not None:
            turn.usages.append(usage)
        mark = as_fields(rest_of(chunk, _TOLD - set(_DETAILS)))
        if mark and (not turn.marks or turn.marks[-1] != mark):
            turn.marks.append(mark)

    def _close(self, side: str) -> None:
        """The side is silent: its turn is over."""
        turn = self._turns.pop(side, None)
        if turn is None:
            return
        if turn.texts:
            turn.step.output = self._contents.add_text("".join(turn.texts))
        else:
            self._wordless = True
        if turn.usages:
            turn.step.usage = _sum(turn.usages)
        details: dict[str, object] = {"first_tick": turn.first, "last_tick": turn.last}
        if turn.marks:
            details["marks"] = turn.marks
        turn.step.details = self._contents.add(as_raw(details))


def _sum(usages: list[Usage]) -> Usage:
    costs = [usage.cost_usd for usage in usages if usage.cost_usd is not None]
    return Usage(
        sum_of([usage.input_tokens for usage in usages]),
        sum_of([usage.output_tokens for usage in usages]),
        cost_usd=sum(costs) if costs else None,
    )
