"""What a Codex session tells beside its items: how calls ended, tokens, errors.

Part of the `codex` reader. Most events tell once more what an item tells: of these only
what is new is used. They make steps of their own where there is no such item.
"""

from collections.abc import Callable

from whypath.builder import Builder, Draft
from whypath.model import Kind, Outcome, StateChange, Usage
from whypath.readers.codex_reviews import assessment, request, verdict
from whypath.readers.codex_scene import Place
from whypath.readers.codex_threads import Session, Threads
from whypath.readers.codex_tokens import (
    BOOKKEEPING,
    Info,
    decode_event,
    decode_tokens,
)
from whypath.readers.codex_tools import failure_of, joined
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    reason_of,
)
from whypath.records import BadShape, Raw

_ENDS = {
    "exec_command_end": "exec_command",
    "patch_apply_end": "apply_patch",
    "mcp_tool_call_end": "mcp",
    "web_search_end": "web_search",
    "image_generation_end": "image_generation",
    "view_image_tool_call": "view_image",
    "dynamic_tool_call_response": "dynamic_tool",
    "collab_agent_spawn_end": "spawn_agent",
    "collab_agent_interaction_end": "send_input",
    "collab_waiting_end": "wait",
    "collab_close_end": "close_agent",
    "collab_resume_end": "resume_agent",
}
_ITEMS = {
    "CommandExecution": "exec_command",
    "FileChange": "apply_patch",
    "McpToolCall": "mcp",
    "Extension": "extension",
    "WebSearch": "web_search",
    "ImageView": "view_image",
    "ImageGeneration": "image_generation",
}


class Events:
    """The events of one file, told to the run that they belong to."""

    def __init__(self, builder: Builder, threads: Threads) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._threads = threads
        self._session: Session
        self._place = Place(0, None, b"")
        self._reviews: dict[str, Draft] = {}
        self._kinds: dict[str, Callable[[Fields], None]] = {
            "user_message": self._user_message,
            "agent_message": self._agent_message,
            "agent_reasoning": self._agent_reasoning,
            "agent_reasoning_raw_content": self._agent_reasoning,
            "token_count": self._limits,
            "turn.completed": self._turn_completed,
            "task_started": self._started,
            "turn_started": self._started,
            "task_complete": self._complete,
            "turn_complete": self._complete,
            "turn_aborted": self._aborted,
            "error": self._error,
            "stream_error": self._error,
            "thread_rolled_back": self._rolled_back,
            "undo_completed": self._undone,
            "context_compacted": self._compacted,
            "thread_name_updated": self._named,
            "thread_goal_updated": self._goal,
            "plan_update": self._plan,
            "item_completed": self._item,
            "exited_review_mode": self._reviewed,
            "guardian_assessment": self._guardian,
            "exec_approval_request": self._approval,
            "apply_patch_approval_request": self._approval,
            "sub_agent_activity": self._activity,
            **dict.fromkeys(_ENDS, self._ended),
        }

    def event(self, session: Session, place: Place) -> None:
        """Reads one event."""
        self._session, self._place = session, place
        if self._usual(place.raw):
            return
        fields = as_fields(place.raw)
        kind = as_text(fields.get("type")) or ""
        known = self._kinds.get(kind)
        if known is not None:
            known(fields)
        elif kind in BOOKKEEPING:
            what = f"{kind} events"
            self._builder.problem("note", what, "bookkeeping, not shown", place.line)
        else:
            self._step("event", kind[:40] or "event", fields)

    def _usual(self, raw: bytes) -> bool:
        """Reads an event of the kinds that there are many of; False: another one."""
        try:
            event = decode_event(raw)
        except BadShape:
            return False
        answers = self._session.items.answers
        if event.type == "agent_message" and _is_text(event.message):
            answers.told("text", event.message, self._place)
        elif event.type == "agent_reasoning" and _is_text(event.text):
            answers.told("thought", event.text, self._place)
        elif event.type == "token_count" and isinstance(event.info, Info):
            self._tokens(event.info)
        else:
            return False
        return True

    def _user_message(self, fields: Fields) -> None:
        text = fields.get("message")
        if as_text(text) is None or text is None:
            self._step("event", "user_message", fields)
            return
        self._session.items.asked(text, self._place)

    def _agent_message(self, fields: Fields) -> None:
        self._told("text", fields, fields.get("message"))

    def _agent_reasoning(self, fields: Fields) -> None:
        self._told("thought", fields, fields.get("text"))

    def _told(self, kind: str, fields: Fields, text: Raw | None) -> None:
        if as_text(text) is None or text is None:
            self._step("event", kind, fields)
            return
        self._session.items.answers.told(kind, text, self._place)

    def _tokens(self, info: Info) -> None:
        """The tokens of one response; told again whenever the limits change."""
        total, last = bytes(info.total_token_usage), info.last_token_usage
        if last is None or (total and total == self._session.counted):
            return
        self._session.counted = total
        self._count(last.usage())

    def _limits(self, fields: Fields) -> None:
        """Tells only of rate limits, or of tokens in a form that is not known."""
        if "info" in fields:
            what = "token counts that cannot be read"
            self._builder.problem("loss", what, "not counted", self._place.line)

    def _turn_completed(self, fields: Fields) -> None:
        try:
            tokens = decode_tokens(fields.get("usage", Raw(b"null")))
        except BadShape:
            self._limits({"info": Raw(b"null")})
            return
        self._count(tokens.usage())

    def _count(self, usage: Usage) -> None:
        answers = self._session.items.answers
        answers.counted()
        if answers.last is not None and answers.last.usage is None:
            answers.last.usage = usage
            return
        name = "tokens of a request that is not recorded"
        self._step("event", name, as_fields(self._place.raw)).usage = usage

    def _started(self, fields: Fields) -> None:
        self._session.items.answers.close()
        self._session.run.status = "incomplete"

    def _complete(self, fields: Fields) -> None:
        session = self._session
        session.items.answers.close()
        session.run.status = "ok"
        said = fields.get("last_agent_message")
        if as_text(said) and said is not None:
            session.run.outcome = Outcome(answer=self._contents.add(said))
        if "error" in fields:
            self._error(fields)

    def _aborted(self, fields: Fields) -> None:
        self._session.items.answers.close()
        step = self._step("error", "turn aborted", fields)
        step.status, step.error = "error", as_scalar(fields.get("reason")) or "aborted"
        self._session.run.status = "incomplete"

    def _error(self, fields: Fields) -> None:
        self._session.items.answers.close()
        retried = as_text(fields.get("type")) == "stream_error"
        kind: Kind = "event" if retried else "error"
        step = self._step(kind, as_text(fields.get("type")) or "error", fields)
        why = first(fields, "error", "message")
        step.status = "error"
        step.error = "error" if why is None else reason_of(why)
        if not retried:
            self._session.run.status = "error"

    def _rolled_back(self, fields: Fields) -> None:
        count = as_number(fields.get("num_turns")) or 0
        self._session.items.roll_back(int(count) if 0 < count < 1e9 else 0)
        self._step("event", "rolled back", fields)

    def _undone(self, fields: Fields) -> None:
        done = as_scalar(fields.get("success")) == "true"
        if done:
            self._session.items.undo()
        step = self._step("event", "undo", fields)
        step.status = "ok" if done else "error"
        step.error = None if done else reason_of(fields.get("message", Raw(b'""')))

    def _compacted(self, fields: Fields) -> None:
        """Tells that a compaction took place, whose own record says what is left."""
        session = self._session
        if session.compactions > 0:
            session.compactions -= 1
            return
        session.items.answers.close()
        step = self._step("event", "compaction", fields)
        step.resets_context = True
        session.items.history.exact = False
        session.announced = step

    def _named(self, fields: Fields) -> None:
        name = as_text(fields.get("thread_name"))
        if name:
            self._session.run.labels["name"] = name

    def _goal(self, fields: Fields) -> None:
        self._state("goal", "goal", fields.get("goal"))

    def _plan(self, fields: Fields) -> None:
        tools = self._session.items.tools
        plan = fields.get("plan")
        if plan is not None and not tools.has_plan(bytes(plan)):
            self._state("plan", "plan", plan)

    def _state(self, name: str, path: str, value: Raw | None) -> None:
        if value is not None:
            number = self._contents.add(value)
            step = self._step("state", name, {})
            step.state = [StateChange(path, number)]

    def _ended(self, fields: Fields) -> None:
        """How a call ended; its item, if there is one, has the same id."""
        kind = as_text(fields.get("type")) or ""
        id = as_scalar(first(fields, "call_id", "callId"))
        self._end(id, _ENDS[kind], fields)
        child = as_text(fields.get("new_thread_id"))
        if child:
            name = first(fields, "new_agent_nickname", "new_agent_role")
            parent = self._session.run.id
            self._threads.spawn(child, parent, id, as_text(name))

    def _end(self, id: str | None, name: str, fields: Fields) -> None:
        tools = self._session.items.tools
        asked = as_fields(fields.get("invocation")) or fields
        server = as_text(first(asked, "server", "namespace"))
        tool = as_text(first(asked, "tool", "name")) or name
        name = f"{server}.{tool}" if server else tool
        id = tools.same_search(fields.get("action")) or id
        if id is None:
            self._step("event", name, fields)
            return
        tools.ended(id, name, fields, self._place)

    def _item(self, fields: Fields) -> None:
        """A whole item as newer sessions tell of it, once more."""
        item = as_fields(fields.get("item"))
        kind = as_text(item.get("type")) or ""
        if kind in ("UserMessage", "AgentMessage"):
            told = self._user_message if kind[0] == "U" else self._agent_message
            for part in map(as_fields, as_items(item.get("content"))):
                if as_text(part.get("text")) is not None:
                    told({"message": part["text"]})
        elif kind == "Reasoning":
            for key in ("summary_text", "raw_content"):
                for thought in as_items(item.get(key)):
                    self._told("thought", fields, thought)
        elif kind == "Plan":
            self._state("plan", "plan", item.get("text"))
        elif kind in _ITEMS:
            self._end(as_scalar(item.get("id")), _ITEMS[kind], item)
        else:
            self._step("event", kind[:40] or "item", fields)

    def _reviewed(self, fields: Fields) -> None:
        """The end of a review, with its verdict."""
        decision = verdict(fields, self._contents)
        step = self._step("event" if decision is None else "decision", "review", fields)
        step.decision = decision

    def _guardian(self, fields: Fields) -> None:
        """Whether a command may run, as an automatic reviewer says in two events."""
        id = as_scalar(fields.get("id")) or ""
        step = self._reviews.get(id)
        if step is None or not id:
            step = self._reviews[id] = self._step("guardrail", "approval", fields)
            step.input = step.output
        step.output = self._contents.add(joined(fields))
        step.end_ns = self._place.time_ns
        status = as_text(fields.get("status"))
        if status in ("in_progress", None):
            return
        step.status = "ok" if status in ("approved", "denied") else "error"
        step.error = None if step.status == "ok" else status
        step.decision = assessment(fields, self._contents)

    def _approval(self, fields: Fields) -> None:
        """A question to the user whose answer is not recorded."""
        step = self._step("decision", "approval request", fields)
        step.decision = request(fields)

    def _activity(self, fields: Fields) -> None:
        """Something a sub-agent did; the event of its start has the call's id."""
        session = self._session
        child = as_text(fields.get("agent_thread_id"))
        id = as_scalar(fields.get("event_id"))
        if child and id in session.items.tools.drafts:
            name = as_text(fields.get("agent_path"))
            self._threads.spawn(child, session.run.id, id, name)
            return
        kind = as_text(fields.get("kind")) or "active"
        self._step("event", f"sub-agent {kind}"[:40], fields)

    def _step(self, kind: Kind, name: str, fields: Fields) -> Draft:
        step = self._session.items.scene.step(kind, name, self._place)
        step.status = "ok"
        rest = {key: raw for key, raw in fields.items() if key != "type"}
        text = rest.get("message")
        if text is not None and as_text(text) and len(rest) == 1:
            step.output = self._contents.add(text)
        elif rest:
            step.output = self._contents.add(joined(rest))
        if kind == "event" and "status" in fields:
            step.error = failure_of(fields)
            step.status = "ok" if step.error is None else "error"
        return step


def _is_text(raw: Raw) -> bool:
    return len(raw) > 0 and memoryview(raw)[0] == 34
