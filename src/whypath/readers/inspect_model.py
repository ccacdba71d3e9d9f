"""Turns the model events of an Inspect log into model steps and the prompts before.

Part of the `inspect_ai` reader. Usage counts what a cache served: see `usage_of`.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.content import to_json
from whypath.model import ContentId, Kind, Tool, Usage
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    reason_of,
)
from whypath.readers.inspect_decisions import between_choices
from whypath.readers.inspect_messages import EMPTY, Attachments, Heard, Messages
from whypath.readers.inspect_places import Place
from whypath.readers.inspect_windows import SENT, Windows
from whypath.readers.payloads import Answer, Payloads
from whypath.records import Raw

PROMPTS: dict[str, Kind] = {"system": "system", "developer": "system", "user": "user"}

_SHOWN = {
    *("event", "uuid", "span_id", "timestamp", "completed", "working_start"),
    *("input", "input_refs", "tools", "output", "call", "error", "traceback_ansi"),
    *("model", "role", "pending"),
}
_SHOWN_OUTPUT = {"choices", "usage", "completion", "error"}
_SHOWN_CALL = {"request", "call_refs", "call_key"}
_SHOWN_REQUEST = {*SENT, "system", "instructions", "tools", "functions"}
_SHOWN_CHOICE = {"message"}
_SHOWN_MESSAGE = {"id", "role", "content", "tool_calls", "reasoning", "source", "model"}


class ModelCalls:
    """The model calls of one sample."""

    def __init__(
        self,
        builder: Builder,
        run: RunDraft,
        texts: Attachments,
        payloads: Payloads,
        messages: Messages,
        windows: Windows,
    ) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._run = run
        self._texts = texts
        self._payloads = payloads
        self._messages = messages
        self._windows = windows
        self._tools: dict[bytes, tuple[Tool, ...]] = {}

    def read(self, fields: Fields, place: Place, line: int) -> Draft:
        """One model event: its prompts that are new, then the call itself."""
        read = self._windows.read(fields, place.thread, line)
        for heard in self._windows.new(read, PROMPTS) if read else ():
            self.prompt(heard, place, line)
        output = as_fields(fields.get("output"))
        draft = self._run.step(
            "model",
            as_scalar(fields.get("role")) or "",
            line=line,
            key=as_scalar(fields.get("uuid")),
            start_ns=self._builder.time(as_scalar(fields.get("timestamp")), line),
            end_ns=self._builder.time(as_scalar(fields.get("completed")), line),
            model=as_scalar(fields.get("model")) or as_scalar(output.get("model")),
            **place._asdict(),
        )
        if read is not None:
            draft.window = self._windows.window(draft, read)
        draft.tools = self._offered(fields.get("tools"))
        errors = (fields.get("error"), output.get("error"))
        error = next((raw for raw in errors if _says(raw)), None)
        if error is not None:
            draft.status, draft.error = "error", reason_of(error)
        elif as_scalar(fields.get("pending")) != "true":
            draft.status = "ok"
        if as_scalar(fields.get("cache")) != "read":
            draft.usage = usage_of(output.get("usage"))
        draft.details = self._details(draft, fields, output, line)
        return draft

    def prompt(self, heard: Heard, place: Place, line: int) -> None:
        """A message from outside: a system prompt, or what a user says."""
        self._run.step(
            PROMPTS[heard.role],
            line=line,
            key=heard.id,
            output=self._messages.answer(heard).output,
            details=keep(_rest(heard.fields, _SHOWN_MESSAGE), self._builder, None),
            **place._asdict(),
        )

    def say(self, draft: Draft, heard: Heard, line: int) -> Answer:
        """Puts what a model said into its step, with tools that its API ran itself."""
        said = self._messages.answer(heard)
        draft.output, draft.reasoning, draft.calls = said
        for part in heard.parts if said.calls else ():
            id = part.call_id
            if part.kind != "result" or id is None or id in self._run.results:
                continue
            error = heard.failures.get(id)
            self._run.result(
                id,
                part.content,
                status="error" if error else "ok",
                error=error,
                name=part.name,
                line=line,
            )
        return said

    def _details(
        self, draft: Draft, fields: Fields, output: Fields, line: int
    ) -> ContentId | None:
        """Reads what the model said. Returns all that has no place of its own."""
        found: dict[str, object] = dict(_rest(fields, _SHOWN))
        rest = _rest(output, _SHOWN_OUTPUT)
        if as_scalar(rest.get("model")) == draft.model:
            rest.pop("model", None)
        if draft.usage is None and "usage" in output:
            rest["usage"] = output["usage"]
        choices = [as_fields(raw) for raw in as_items(output.get("choices"))]
        said = [self._messages.heard(c["message"]) for c in choices if "message" in c]
        if said:
            answers = [self.say(draft, said[0], line)]
            answers.extend(map(self._messages.answer, said[1:]))
            if len(answers) == len(choices):
                decision = between_choices(choices, answers, self._contents)
                draft.decision = decision
            rest.update(_rest(choices[0], _SHOWN_CHOICE))
            found["message"] = _rest(said[0].fields, _SHOWN_MESSAGE)
            found["parse_errors"] = _parse_errors(said[0])
        elif _says(output.get("completion")):
            kept = self._texts.resolve(output["completion"])
            draft.output = self._contents.add(kept)
        found["output"] = rest
        if "call" in fields:
            call = as_fields(fields["call"])
            found["api"] = _rest(call, _SHOWN_CALL)
            found["request"] = _rest(as_fields(call.get("request")), _SHOWN_REQUEST)
        return keep({k: v for k, v in found.items() if v}, self._builder, self._texts)

    def _offered(self, raw: Raw | None) -> tuple[Tool, ...] | None:
        """The tools on offer, read once for each list of them."""
        if raw is None:
            return None
        data = bytes(raw)
        known = self._tools.get(data)
        if known is None:
            offered = self._payloads.tools(self._texts.resolve(data))
            known = self._tools[data] = offered
        return known


def keep(
    value: object, builder: Builder, texts: Attachments | None
) -> ContentId | None:
    """A content made of raw values, long texts put back; None for nothing."""
    if not value:
        return None
    data = to_json(value)
    return builder.contents.add(data if texts is None else texts.resolve(data))


def usage_of(raw: Raw | None) -> Usage | None:
    """Tokens as Inspect counts them: what a cache served or stored stands apart.

    For some models, older versions counted it with the input: the total tells.
    """
    fields = as_fields(raw)
    if not fields:
        return None
    given = _count(fields, "input_tokens")
    made = _count(fields, "output_tokens")
    total = _count(fields, "total_tokens")
    read = _count(fields, "input_tokens_cache_read")
    written = _count(fields, "input_tokens_cache_write")
    cached = (read or 0) + (written or 0)
    if given is not None and cached and total != given + (made or 0):
        given += cached
    return Usage(
        input_tokens=given,
        output_tokens=made,
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=_count(fields, "reasoning_tokens"),
        cost_usd=as_number(fields.get("total_cost")),
    )


def _count(fields: Fields, name: str) -> int | None:
    number = as_number(fields.get(name))
    return None if number is None else int(number)


def _rest(fields: Fields, shown: set[str]) -> dict[str, Raw]:
    """The fields that are not `shown` and say something."""
    return {k: v for k, v in fields.items() if k not in shown and _says(v)}


def _parse_errors(heard: Heard) -> list[Raw]:
    """Why calls of the model could not be read."""
    calls = [as_fields(raw) for raw in as_items(heard.fields.get("tool_calls"))]
    return [call["parse_error"] for call in calls if "parse_error" in call]


def _says(raw: Raw | None) -> bool:
    return raw is not None and (len(raw) > 4 or bytes(raw) not in EMPTY)
