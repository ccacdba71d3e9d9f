"""Turns the messages of a tau2-bench simulation into steps, the user's calls too.

Part of the `tau2` reader.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Call, Usage
from whypath.readers.conversation import Conversation
from whypath.readers.fields import (
    Fields,
    Names,
    as_fields,
    as_items,
    as_number,
    as_raw,
    as_scalar,
    as_text,
    is_list,
    is_object,
    usage_of,
)
from whypath.records import Raw

USER = "user"


class Dialogue:
    """The state of reading one simulation: an agent, a user, and both one's tools."""

    def __init__(self, builder: Builder, run: RunDraft, line: int) -> None:
        self.agent_model: str | None = None
        self.user_model: str | None = None
        self._builder = builder
        self._contents = builder.contents
        self._run = run
        self._line = line
        self._talk = Conversation(builder, run)
        self._ids = Names(mark="~")
        self._open: list[tuple[str, str]] = []

    def setting(self, policy: Raw | None, tools: Raw | None) -> None:
        """The policy that the agent follows, and the tools that are there for it."""
        if policy is not None:
            output = self._contents.add(policy)
            self._run.step(
                "system", "policy", line=self._line, status="ok", output=output
            )
        if is_object(tools):
            tools = as_raw(list(as_fields(tools).values()))
        if is_list(tools):
            self._talk.offer(tools, self._line)

    def messages(self, items: list[Raw]) -> None:
        """Reads the messages in turn; one may hold the results of several calls."""
        for item in items:
            fields = as_fields(item)
            if not fields:
                what = "a message that is no JSON object"
                self._builder.problem("loss", what, "left out", self._line)
                continue
            inner = fields.get("tool_messages")
            for message in as_items(inner) if is_list(inner) else [item]:
                self.message(as_fields(message))

    def message(self, fields: Fields) -> Draft | None:
        """Reads one message. Returns the step of what the agent or the user said."""
        role = as_text(fields.get("role"))
        if role == "tool":
            self._result(fields)
            return None
        told = dict(fields)
        usage = dict(as_fields(told.pop("usage", None)))
        cost = told.pop("cost", None)
        calls = [as_fields(raw) for raw in as_items(told.pop("tool_calls", None))]
        before = len(self._run.steps)
        made = [self._call(call) for call in calls]
        if role == "assistant":
            told["tool_calls"] = as_raw([_chat_call(c) for c in made])
            told["usage"] = as_raw(
                {**usage, **({} if cost is None else {"cost": cost})}
            )
            self._talk.model = self.agent_model
        self._talk.message(told, self._line)
        if len(self._run.steps) == before:
            return None
        step = self._run.steps[-1]
        if step.usage == Usage():
            step.usage = None
        if role == USER:
            self._is_user(step, calls, made, usage, cost)
        return step

    def _is_user(
        self,
        step: Draft,
        calls: list[Fields],
        made: list[tuple[str, Fields]],
        usage: Fields,
        cost: Raw | None,
    ) -> None:
        """A simulated user is a model that calls tools; it is shown as the user."""
        step.agent, step.model, step.status = USER, self.user_model, "ok"
        step.calls = tuple(self._made(id, call) for id, call in made)
        counted = usage_of(as_raw({**usage, "cost": cost})) if usage or cost else None
        step.usage = counted

    def _made(self, id: str, call: Fields) -> Call:
        arguments = call.get("arguments")
        kept = self._contents.add_embedded_if(arguments)
        return Call(id, as_scalar(call.get("name")) or "?", kept)

    def _call(self, fields: Fields) -> tuple[str, Fields]:
        """The call with an id of its own in the run; the recorded one may be empty."""
        recorded = as_scalar(fields.get("id")) or ""
        id = self._ids.new(recorded or as_scalar(fields.get("name")) or "call")
        self._open.append((recorded, id))
        return id, fields

    def _result(self, fields: Fields) -> None:
        """The result of the first open call with its id."""
        recorded = as_scalar(fields.get("id")) or ""
        found = next((pair for pair in self._open if pair[0] == recorded), None)
        told = {k: raw for k, raw in fields.items() if k not in ("id", "error")}
        if found is not None:
            self._open.remove(found)
            told["tool_call_id"] = as_raw(found[1])
        elif recorded:
            told["tool_call_id"] = fields["id"]
        if as_scalar(fields.get("error")) == "true":
            told["is_error"] = as_raw(True)
        self._talk.message(told, self._line)


def _chat_call(made: tuple[str, Fields]) -> dict[str, object]:
    id, fields = made
    return {**{k: fields[k] for k in ("name", "arguments") if k in fields}, "id": id}


def spent_on(fields: Fields) -> Usage | None:
    """What one tick's message cost, with its checks whether to speak."""
    turn = as_fields(fields.get("turn_taking_action"))
    costs = [fields.get("cost")]
    costs += [turn.get(f"{name}_check_cost") for name in ("interrupt", "backchannel")]
    numbers = [n for n in map(as_number, costs) if n is not None]
    counts = [fields.get("usage")]
    counts += [turn.get(f"{name}_check_usage") for name in ("interrupt", "backchannel")]
    usages = [usage for usage in map(usage_of, counts) if usage is not None]
    if not numbers and not usages:
        return None
    return Usage(
        sum_of([usage.input_tokens for usage in usages]),
        sum_of([usage.output_tokens for usage in usages]),
        cost_usd=sum(numbers) if numbers else None,
    )


def sum_of(counts: list[int | None]) -> int | None:
    """The sum of what is recorded; None where nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
