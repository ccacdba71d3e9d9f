"""Turns the parts of ADK events into calls, results, hand-overs and approvals.

Part of the `adk_sessions` reader. Calls without ids, as old files have them, are paired
with results in their order, name by name.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from whypath.builder import Builder, Draft, RunDraft
from whypath.content import to_json
from whypath.model import Call, ContentId, Decision, Option, replace
from whypath.readers.adk_fields import adk_fields
from whypath.readers.fields import (
    Fields,
    as_items,
    as_scalar,
    as_text,
    error_of,
    first,
    is_object,
    reason_of,
)
from whypath.records import Raw

_TRANSFERS = ("transfer_to_agent", "transfer_to_other_agent")
_CONFIRMS = "adk_request_confirmation"
_ASKS = "adk_request_"
_RUNS_CODE = "code_execution"


@dataclass(slots=True)
class Parts:
    """What an event's content holds. `asks` are calls that ADK itself makes to us."""

    texts: list[Raw] = field(default_factory=list)
    thoughts: list[Raw] = field(default_factory=list)
    calls: list[Fields] = field(default_factory=list)
    asks: list[Fields] = field(default_factory=list)
    results: list[Fields] = field(default_factory=list)
    others: list[Raw] = field(default_factory=list)
    role: str | None = None
    time_ns: int | None = None
    handed_over: bool = False


@dataclass(slots=True)
class _Asked:
    """An approval that was asked for: its step, and the call that waits for it."""

    step: Draft
    name: str


class Calls:
    """The calls of one session that are made and answered, event by event."""

    def __init__(self, run: RunDraft, builder: Builder) -> None:
        self.line = 0
        self._run = run
        self._builder = builder
        self._contents = builder.contents
        self._open: defaultdict[str, deque[str]] = defaultdict(deque)
        self._used: set[str] = set()
        self._approvals: dict[str, _Asked] = {}

    def parts(self, fields: Fields, time_ns: int | None) -> Parts:
        """Takes an event's content apart."""
        content = fields.get("content")
        said = adk_fields(content)
        found = Parts(role=as_text(said.get("role")), time_ns=time_ns)
        for raw in as_items(said.get("parts")):
            self._part(adk_fields(raw), raw, found)
        if content is not None and not is_object(content):
            found.others.append(content)
        return found

    def _part(self, part: Fields, raw: Raw, found: Parts) -> None:
        text, call = part.get("text"), adk_fields(part.get("function_call"))
        if text is not None and as_text(text) is not None:
            if bytes(text) != b'""':
                aside = as_scalar(part.get("thought")) == "true"
                (found.thoughts if aside else found.texts).append(text)
        elif call:
            name = as_scalar(call.get("name")) or ""
            (found.asks if name.startswith(_ASKS) else found.calls).append(call)
        elif is_object(part.get("function_response")):
            found.results.append(adk_fields(part["function_response"]))
        elif "executable_code" in part:
            code = {"name": Raw(to_json(_RUNS_CODE)), "args": part["executable_code"]}
            found.calls.append(code)
        elif "code_execution_result" in part:
            found.results.append(_ran(part["code_execution_result"]))
        elif part or not is_object(raw):
            found.others.append(raw)

    def asked(self, parts: Parts, main: Draft | None) -> None:
        """Gives a step its calls; those that ADK makes itself have their own steps."""
        for fields in parts.calls:
            call = self._call(fields)
            if main is not None:
                main.calls = (*main.calls, call)
            if call.name in _TRANSFERS:
                parts.handed_over = True
                arguments = adk_fields(fields.get("args"))
                target = as_scalar(arguments.get("agent_name")) or "?"
                why = arguments.get("transfer_reason")
                self.hand_over(target, why, call, main)
        for fields in parts.asks:
            self._ask(fields)

    def _call(self, fields: Fields) -> Call:
        name = as_scalar(fields.get("name")) or "?"
        raw = first(fields, "args", "arguments")
        arguments = self._contents.add_embedded_if(raw)
        recorded = as_scalar(fields.get("id"))
        id = recorded or f"{name}~1"
        if recorded in self._used:
            what, done = "a call id is used twice", "told apart by their order"
            self._builder.problem("repair", what, done, self.line)
        number = 1
        while id in self._used:
            number += 1
            id = f"{recorded or name}~{number}"
        self._used.add(id)
        self._open[name].append(id)
        if recorded and recorded != id:
            self._open[recorded].append(id)
        return Call(id, name, arguments)

    def hand_over(
        self, target: str, why: Raw | None, call: Call | None, main: Draft | None
    ) -> None:
        """The choice of the agent that goes on; who else could, no event says."""
        rationale, said_in = None, None
        if why is not None and as_text(why):
            rationale, said_in = self._contents.add(why), "recorded"
        elif main is not None and main.reasoning is not None:
            rationale, said_in = main.reasoning, "reasoning"
        step = self._run.step("handoff", target, line=self.line)
        step.key = call.id if call else None
        step.call_id = call.id if call else None
        step.input = call.arguments if call else None
        step.status = "unset" if call else "ok"
        step.decision = Decision(
            step=0,
            question="Which agent goes on?",
            options=(Option(target, chosen=True),),
            rationale=rationale,
            rationale_from=said_in,
            confidence=None,
            evidence=(),
            outcome=None,
            basis="recorded",
            options_note="other agents: not recorded",
        )

    def _ask(self, fields: Fields) -> None:
        """A call with which ADK asks its user: for an approval, for a login."""
        call = self._call(fields)
        arguments = adk_fields(fields.get("args"))
        waiting = adk_fields(arguments.get("original_function_call"))
        if call.name != _CONFIRMS:
            self._run.step(
                "tool",
                call.name,
                line=self.line,
                key=call.id,
                call_id=call.id,
                input=call.arguments,
            )
            return
        name = as_scalar(waiting.get("name")) or "the tool"
        step = self._run.step("decision", "approval", line=self.line, key=call.id)
        step.input = call.arguments
        step.decision = Decision(
            step=0,
            question=f"Run {name}?",
            options=(Option("approve"), Option("deny")),
            rationale=None,
            rationale_from=None,
            confidence=None,
            evidence=(),
            outcome=None,
            basis="recorded",
            options_note="not answered",
        )
        self._approvals[call.id or ""] = _Asked(step, name)

    def answered(
        self, parts: Parts, waiting: Fields, details: ContentId | None
    ) -> None:
        """Gives calls their results; `waiting` are ids that still want an approval.

        `details` is what the event says beside: the first result has them.
        """
        for fields in parts.results:
            name = as_scalar(fields.get("name"))
            parts.handed_over = parts.handed_over or name in _TRANSFERS
            id = self._answers(as_scalar(fields.get("id")), name)
            if id in self._approvals:
                self._approve(self._approvals.pop(id), fields, parts.time_ns)
                continue
            self._set_aside(id, name, parts.time_ns)
            raw = first(fields, "response", "result")
            output = self._contents.add_if(raw)
            error = None if output is None else error_of({}, bytes(raw or b"null"))
            if error is not None and id in waiting:
                error = None
            self._run.result(
                id,
                output,
                status="ok" if error is None else "error",
                error=error,
                end_ns=parts.time_ns,
                details=details,
                name=name,
                line=self.line,
            )
            details = None

    def _answers(self, recorded: str | None, name: str | None) -> str:
        """The id of the call that a result answers."""
        if recorded:
            again = self._open.get(recorded)
            return again.popleft() if again else recorded
        waiting = self._open[name or "?"]
        while waiting:
            id = waiting.popleft()
            if id not in self._run.results:
                return id
        return self._call({"name": Raw(to_json(f"{name or 'result'}~?"))}).id or ""

    def _set_aside(self, id: str, name: str | None, time_ns: int | None) -> None:
        """A second result is the real one: the first only said to wait for it."""
        earlier = self._run.results.pop(id, None)
        if earlier is None:
            return
        step = self._run.step("event", f"{name or 'call'}: not yet done")
        step.source, step.order = earlier.source, (earlier.order, 0)
        step.output, step.start_ns, step.status = earlier.output, earlier.end_ns, "ok"

    def _approve(self, asked: _Asked, fields: Fields, time_ns: int | None) -> None:
        """Marks what the user chose."""
        raw = first(fields, "response", "result")
        answer = adk_fields(raw)
        if list(answer) == ["response"] and (text := as_text(answer["response"])):
            answer = adk_fields(text.encode("utf-8", "replace") or b"null")
        confirmed = as_scalar(answer.get("confirmed"))
        step = asked.step
        step.output = self._contents.add_if(raw)
        step.end_ns, step.status = time_ns, "ok"
        if step.decision is None or confirmed not in ("true", "false"):
            return
        yes = confirmed == "true"
        options = (Option("approve", chosen=yes), Option("deny", chosen=not yes))
        step.decision = replace(step.decision, options=options, options_note=None)


def _ran(raw: Raw) -> Fields:
    """The result of code that the model ran, as a call's result."""
    fields = adk_fields(raw)
    failed = as_scalar(fields.get("outcome")) in ("OUTCOME_FAILED", "OUTCOME_ERROR")
    output = fields.get("output")
    said = {"error": output or reason_of(raw)} if failed else None
    response = raw if said is None else Raw(to_json(said))
    return {"name": Raw(to_json(_RUNS_CODE)), "response": response}


def spoken(fields: Fields, key: str) -> str | None:
    """What was said aloud, as written down beside the audio."""
    return as_text(adk_fields(fields.get(key)).get("text")) or None
