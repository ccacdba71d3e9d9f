"""Turns the events of OpenHands (version 0) into steps, each result with its action.

Part of the `openhands` reader. An action that a model's answer asked for repeats that
answer: the answer is one step, with all its calls, and its tokens count once.
"""

from collections.abc import Callable

from whypath.builder import Builder, Draft, RunDraft, Thread
from whypath.model import Call, ContentId, Outcome, RunStatus, StateChange
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    first,
    is_list,
    rest_of,
    shown_type,
)
from whypath.readers.openhands_answers import Answers
from whypath.readers.openhands_condensed import Condensed
from whypath.readers.openhands_spent import (
    failure,
    rejection,
)
from whypath.readers.payloads import Payloads
from whypath.records import Raw

_TOP = {
    *("id", "timestamp", "source", "message", "action", "args", "observation"),
    *("content", "extras", "cause", "tool_call_metadata", "llm_metrics", "success"),
}
_STATES: dict[str, RunStatus | None] = {
    "finished": "ok",
    "rejected": "incomplete",
    "stopped": "incomplete",
    "error": "error",
}


class Events:
    """The state of reading the events of one run."""

    def __init__(self, builder: Builder, run: RunDraft) -> None:
        builder.about = run.id
        self._builder = builder
        self._contents = builder.contents
        self._payloads = Payloads(builder)
        self._run = run
        self._line = 0
        self._answers = Answers(builder, self._step)
        self._condensed = Condensed(run)
        self._actions: dict[str, Draft] = {}
        self._delegates: list[str] = []
        self._in_pair: str | None = None
        self._count = 0
        self._kinds: dict[str, Callable[[Fields, Fields], Draft | None]] = {
            "system": self._system,
            "message": self._message,
            "change_agent_state": self._change,
            "recall": self._recall,
            "condensation": self._condensation,
            "condensation_request": self._plain,
            "null": self._nothing,
        }

    def read(self, items: list[Raw], line: int) -> None:
        """Reads events, or the pairs of action and observation of old evaluations."""
        self._line = line
        for item in items:
            self._in_pair = None
            pair = as_items(item) if is_list(item) else [item]
            for raw in pair:
                fields = as_fields(raw)
                self._condensed.event(fields)
                if "action" in fields:
                    self._action(fields, len(pair) > 1)
                elif "observation" in fields:
                    self._observation(fields)
                else:
                    what = "an event that is neither action nor observation"
                    self._builder.problem("loss", what, "left out", line)

    def spent(self, metrics: Raw | None, line: int) -> None:
        """What an evaluation counted at its end, where it is more than events tell."""
        usage = self._answers.spent.rest(metrics)
        if usage is not None:
            self._run.step(
                "event",
                "model calls without an event",
                line=line,
                status="ok",
                usage=usage,
            )

    def _step(self, kind: str, name: str, fields: Fields, **more: object) -> Draft:
        self._count += 1
        time = self._builder.time(as_scalar(fields.get("timestamp")), self._line)
        step = self._run.step(
            kind,  # type: ignore[arg-type]
            name,
            line=self._line,
            key=as_scalar(fields.get("id")),
            start_ns=time,
            **{"status": "ok", **more},
        )
        step.thread = self._delegates[-1] if self._delegates else ""
        return step

    def _agent(self) -> str | None:
        """Who acts: the agent, or nobody that is named here (a sub-agent's thread)."""
        return None if self._delegates else self._run.agent

    def _add(self, raw: Raw | bytes | None) -> ContentId | None:
        return self._contents.add_if(raw)

    def _action(self, fields: Fields, in_pair: bool) -> None:
        args = as_fields(fields.get("args"))
        kind = as_text(fields.get("action")) or shown_type(fields, "action")
        tell = self._kinds.get(kind)
        step = tell(fields, args) if tell else self._tool(kind, fields, args)
        id = as_scalar(fields.get("id"))
        if in_pair and id is None:
            self._in_pair = id = f"pair {self._count}"
        if step is not None and id is not None:
            self._actions[id] = step
        if kind in ("finish", "reject"):
            self._finish(kind, args)

    def _system(self, fields: Fields, args: Fields) -> Draft:
        if "tools" in args:
            self._answers.tools = self._payloads.tools(bytes(args["tools"]))
        version = as_scalar(args.get("openhands_version"))
        if version:
            self._run.labels["openhands_version"] = version[:80]
        self._run.agent = as_text(args.get("agent_class")) or self._run.agent
        rest = self._add(rest_of(args, ("content", "tools")))
        output = self._add(args.get("content"))
        return self._step("system", "", fields, output=output, details=rest)

    def _message(self, fields: Fields, args: Fields) -> Draft:
        source = as_text(fields.get("source"))
        said = first(args, "content") or fields.get("message")
        if source == "agent":
            step = self._answers.of(fields, args)
            step.agent = self._agent()
            step.output = self._add(said) if said is not None else step.output
            return step
        rest = self._add(rest_of(args, ("content",)))
        return self._step("user", "", fields, output=self._add(said), details=rest)

    def _tool(self, kind: str, fields: Fields, args: Fields) -> Draft:
        """An action on the world: the agent's with the answer it comes from."""
        metadata = as_fields(fields.get("tool_call_metadata"))
        name = as_text(metadata.get("function_name")) or kind
        by_agent = as_text(fields.get("source")) == "agent"
        details = self._add(rest_of(args, ("thought",)))
        call: Call | None = None
        if by_agent:
            answer = self._answers.of(fields, args)
            answer.agent = self._agent()
            id = as_scalar(metadata.get("tool_call_id"))
            call = self._answers.asked(answer, id, name)
            if call is None:
                number = as_scalar(fields.get("id")) or self._count
                call = self._answers.add(answer, f"{kind}-{number}", name, details)
        tool = self._step("tool", name, fields, status="unset", input=details)
        tool.agent = self._agent() if by_agent else as_text(fields.get("source"))
        if call is not None:
            tool.call_id = call.id
            tool.input = details if call.arguments is None else call.arguments
            tool.details = None if tool.input == details else details
        if kind == "delegate":
            thread = f"delegate-{as_scalar(fields.get('id')) or self._count}"
            agent = as_text(args.get("agent"))
            self._run.threads[thread] = Thread(tool.call_id, agent=agent)
            self._delegates.append(thread)
        return tool

    def _finish(self, kind: str, args: Fields) -> None:
        """The agent says that it is done; nothing answers that."""
        last = self._run.steps[-1]
        last.status = "ok"
        if self._delegates:
            return
        self._run.status = "ok" if kind == "finish" else "incomplete"
        said = first(args, "final_thought", "thought")
        message = as_text(as_fields(args.get("outputs")).get("content"))
        answer = as_raw(message) if message else said
        done = as_scalar(args.get("task_completed"))
        note = None if done is None else f"task completed: {done}"[:200]
        self._run.outcome = Outcome(answer=self._add(answer), note=note)

    def _change(self, fields: Fields, args: Fields) -> Draft:
        state = args.get("agent_state")
        change = [StateChange("agent_state", self._add(state))]
        rest = self._add(rest_of(args, ("agent_state",)))
        return self._step("state", "agent state", fields, state=change, details=rest)

    def _recall(self, fields: Fields, args: Fields) -> Draft:
        kind = as_text(args.get("recall_type")) or "recall"
        asked = self._add(args.get("query"))
        return self._step("retrieval", kind, fields, input=asked, status="unset")

    def _condensation(self, fields: Fields, args: Fields) -> Draft:
        """From here on the model sees a summary in the place of some events."""
        output = self._add(fields.get("args"))
        step = self._step("event", "condensation", fields, output=output)
        step.resets_context = True
        told = self._step(
            "user",
            "summary of forgotten events",
            {key: fields[key] for key in ("timestamp",) if key in fields},
            output=self._add(args.get("summary")),
        )
        self._condensed.tell(told, args)
        return step

    def _plain(self, fields: Fields, args: Fields) -> Draft:
        name = as_text(fields.get("action")) or "event"
        return self._step("event", name, fields, output=self._add(fields.get("args")))

    def _nothing(self, fields: Fields, args: Fields) -> None:
        self._builder.problem(
            "note", "events that say nothing", "not shown", self._line
        )

    def _observation(self, fields: Fields) -> None:
        kind = as_text(fields.get("observation")) or shown_type(fields, "observation")
        extras = as_fields(fields.get("extras"))
        if kind == "null":
            self._nothing(fields, extras)
            return
        if kind == "agent_state_changed":
            self._state(fields, extras)
            return
        cause = self._in_pair or as_scalar(fields.get("cause"))
        if kind == "delegate" and self._delegates:
            self._delegates.pop()
        step = self._actions.get(cause) if cause else None
        why = failure(kind, fields, extras)
        if step is None or step.output is not None or step.kind not in _ANSWERED:
            self._alone(kind, fields, why, cause)
            return
        step.output = self._add(fields.get("content"))
        step.end_ns = self._builder.time(as_scalar(fields.get("timestamp")), self._line)
        step.status = "ok" if why is None else "error"
        step.error = why
        rest = {key: fields[key] for key in ("extras",) if extras}
        told = as_fields(None if step.details is None else self._details(step))
        if rest:
            step.details = self._contents.add(as_raw({**told, **rest}))
        if kind == "user_rejected":
            said = rejection(step.name, "user", fields.get("content"))
            self._step("decision", "confirmation", {}, decision=said, agent="user")

    def _details(self, step: Draft) -> bytes:
        return b"{}" if step.details is None else self._contents.raw(step.details)

    def _alone(
        self, kind: str, fields: Fields, why: str | None, cause: str | None
    ) -> None:
        """An observation that answers no action: an error of the agent, mostly."""
        if cause is not None:
            what = "an observation of no action that is there"
            done = "shown as a step of its own"
            self._builder.problem("repair", what, done, self._line)
        rest = self._add(rest_of(fields, _TOP - {"extras"}))
        step = self._step(
            "error" if why is not None else "event",
            kind,
            fields,
            output=self._add(fields.get("content")),
            details=rest,
        )
        if why is not None:
            step.status, step.error = "error", why
            self._answers.spent.failed = step

    def _state(self, fields: Fields, extras: Fields) -> None:
        state = extras.get("agent_state")
        change = [StateChange("agent_state", self._add(state))]
        rest = self._add(rest_of(extras, ("agent_state",)))
        self._step("state", "agent state", fields, state=change, details=rest)
        named = as_text(state)
        if not self._delegates and named in _STATES:
            self._run.status = _STATES[named]


_ANSWERED = ("tool", "retrieval")
