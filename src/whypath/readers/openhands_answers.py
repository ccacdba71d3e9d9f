"""Turns what a model answered, as actions of OpenHands repeat it, into one step each.

Part of the `openhands` reader. Several actions may come from one answer.
"""

from collections.abc import Callable

from whypath.builder import Builder, Draft
from whypath.model import Call, ContentId, Tool
from whypath.readers.fields import (
    Fields,
    Names,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    first,
    rest_of,
)
from whypath.readers.message_parts import reasoning_of, take_apart
from whypath.readers.openhands_spent import Spent


class Answers:
    """The answers of one run. `tools` are those on offer; `step` makes a step."""

    def __init__(self, builder: Builder, step: Callable[..., Draft]) -> None:
        self.tools: tuple[Tool, ...] | None = None
        self.spent = Spent()
        self._contents = builder.contents
        self._step = step
        self._known: dict[str, Draft] = {}
        self._ids = Names(mark="~")
        self._done: set[str | None] = set()

    def of(self, fields: Fields, args: Fields) -> Draft:
        """The answer that asked for an action; it is told at its first action."""
        metadata = as_fields(fields.get("tool_call_metadata"))
        response = as_fields(metadata.get("model_response"))
        id = as_scalar(response.get("id"))
        known = self._known.get(id) if id else None
        if known is not None:
            self.spent.again(fields, known)
            return known
        choices = as_items(response.get("choices"))
        message = as_fields(as_fields(choices[0]).get("message")) if choices else {}
        parts = take_apart(message.get("content"), self._contents)
        thought = args.get("thought")
        output = parts.text
        if output is None and thought is not None:
            output = self._contents.add(thought)
        if output is not None and self._contents.raw(output) == b'""':
            output = None
        said = first(message, "reasoning_content", "thinking_blocks", "reasoning")
        reasoning = reasoning_of(said, self._contents)
        rest = rest_of(response, ("choices", "usage", "model"))
        step = self._step(
            "model",
            "",
            {key: raw for key, raw in fields.items() if key != "id"},
            output=output,
            reasoning=parts.reasoning if reasoning is None else reasoning,
            model=as_text(response.get("model")) or self.spent.model(fields),
            tools=self.tools,
            details=self._contents.add_if(rest),
        )
        step.key = f"answer-{id}" if id else None
        step.usage = self.spent.on(fields, response)
        for raw in as_items(message.get("tool_calls")):
            self._call(step, as_fields(raw))
        if id:
            self._known[id] = step
        return step

    def asked(self, answer: Draft, id: str | None, name: str) -> Call | None:
        """The call of the answer that an action carries out, if none did before."""
        free = [call for call in answer.calls if call.id not in self._done]
        for call in free:
            named = call.name == name if id is None else _recorded(call) == id
            if named:
                self._done.add(call.id)
                return call
        return None

    def add(
        self, answer: Draft, id: str, name: str, arguments: ContentId | None
    ) -> Call:
        """A call that the answer does not show, but its action does."""
        call = Call(self._ids.new(id), name, arguments)
        self._done.add(call.id)
        answer.calls = (*answer.calls, call)
        return call

    def _call(self, answer: Draft, fields: Fields) -> None:
        function = as_fields(fields.get("function"))
        arguments = function.get("arguments")
        kept = self._contents.add_embedded_if(arguments)
        name = as_scalar(function.get("name")) or "?"
        id = self._ids.new(as_scalar(fields.get("id")) or name)
        answer.calls = (*answer.calls, Call(id, name, kept))


def _recorded(call: Call) -> str:
    """The id of a call as the trace has it."""
    return (call.id or "").partition("~")[0]
