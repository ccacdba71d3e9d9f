"""Turns the messages of a Gemini CLI session into steps, their calls and results.

Part of the `gemini_cli` reader. It is told which messages were taken back.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Call, ContentId, StateChange, Status
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    first,
    reason_of,
    rest_of,
    shown_type,
)
from whypath.readers.gemini_parts import (
    Answered,
    Parts,
    arguments_of,
    count_up,
    response_of,
    take_parts,
)
from whypath.readers.permissions import refusal, refused
from whypath.records import Raw

_TOPIC = "update_topic"
_HARNESS = "<session_context>"
_TOLD = {
    *("id", "timestamp", "type", "content", "thoughts", "tokens", "model"),
    *("toolCalls", "displayContent"),
}
_CALL = {"id", "name", "args", "result", "status", "timestamp"}
_FAILED = {"error": "failed; no message is recorded", "cancelled": "cancelled"}
_COUNTS = ("input", "tool", "output", "thoughts", "cached")


class Told:
    """The run that messages are told to, and the sub-agents that its calls start."""

    def __init__(
        self, builder: Builder, run: RunDraft, agents: dict[str, tuple[str, str]]
    ) -> None:
        self.builder = builder
        self.contents = builder.contents
        self.run = run
        self.agents = agents
        self.calls: set[str] = set()

    def rewritten(self) -> None:
        """The history was cut or summed up: the context begins anew."""
        step = self.run.step("event", "compaction", status="ok")
        step.resets_context = True


def tell(told: Told, message: Fields, line: int, *, abandoned: bool) -> Draft | None:
    """Makes the step of a message; results alone go to their calls, and have none."""
    kind = shown_type(message)
    parts = take_parts(message.get("content"), told.contents)
    before = len(told.run.steps)
    step: Draft | None
    if kind == "gemini":
        step = _answer(told, message, parts, line)
    elif kind == "user":
        step = _prompt(told, message, parts, line)
    else:
        step = _notice(told, message, parts, kind, line)
    for draft in told.run.steps[before:]:
        draft.abandoned = abandoned
    return step


def _step(told: Told, kind: str, name: str, message: Fields, line: int) -> Draft:
    return told.run.step(
        kind,  # type: ignore[arg-type]
        name,
        line=line,
        key=as_scalar(message.get("id")),
        start_ns=told.builder.time(as_scalar(message.get("timestamp")), line),
        status="ok",
    )


def _details(told: Told, message: Fields, parts: Parts) -> ContentId | None:
    """What has no place of its own: files, and fields that are not known."""
    fields = {name: raw for name, raw in message.items() if name not in _TOLD}
    shown = message.get("displayContent")
    if shown is not None and shown != message.get("content"):
        fields["displayContent"] = shown
    if parts.others:
        fields["content"] = as_raw(parts.others)
    rest = rest_of(fields, ())
    return told.contents.add_if(rest)


def _prompt(told: Told, message: Fields, parts: Parts, line: int) -> Draft | None:
    for result in parts.results:
        _response(told, result, message, line)
    if parts.results and parts.text is None and not parts.others:
        return None
    is_harness = False
    if parts.text is not None:
        is_harness = told.contents.text(parts.text).startswith(_HARNESS)
    kind, name = ("system", "session context") if is_harness else ("user", "")
    step = _step(told, kind, name, message, line)
    step.input = parts.text
    step.details = _details(told, message, parts)
    return step


def _notice(told: Told, message: Fields, parts: Parts, kind: str, line: int) -> Draft:
    """What the tool told its user."""
    if kind not in ("info", "warning", "error"):
        what = f"messages of type {kind}"
        told.builder.problem("note", what, "shown as they are", line)
    is_error = kind == "error"
    step = _step(told, "error" if is_error else "event", kind, message, line)
    step.output = parts.text
    step.details = _details(told, message, parts)
    if is_error:
        step.status = "error"
        if parts.text is not None:
            step.error = reason_of(Raw(told.contents.raw(parts.text)))
    return step


def _answer(told: Told, message: Fields, parts: Parts, line: int) -> Draft:
    thoughts = [as_fields(raw) for raw in as_items(message.get("thoughts"))]
    subjects = [as_text(thought.get("subject")) for thought in thoughts]
    name = next((subject for subject in reversed(subjects) if subject), "")
    step = _step(told, "model", name, message, line)
    step.model = as_text(message.get("model"))
    step.output = parts.text
    step.usage = count_up(as_fields(message.get("tokens")), *_COUNTS)
    said = [_thought(thought) for thought in thoughts]
    step.reasoning = parts.thought
    if any(said):
        step.reasoning = told.contents.add_text(
            "\n".join(text for text in said if text)
        )
    step.details = _details(told, message, parts)
    made = [as_fields(raw) for raw in as_items(message.get("toolCalls"))]
    ids = {as_scalar(call.get("id")) for call in made}
    made += [call for call in parts.calls if as_scalar(call.get("id")) not in ids]
    step.calls = tuple(_call(told, step, call, line) for call in made)
    for result in parts.results:
        _response(told, result, message, line)
    return step


def _thought(thought: Fields) -> str:
    """A thought as one text: what it is about, and what it says."""
    parts = (as_text(thought.get(name)) for name in ("subject", "description"))
    return " — ".join(part for part in parts if part)


def _call(told: Told, step: Draft, call: Fields, line: int) -> Call:
    """A call, with a step of its own and with what it brought back."""
    id = as_scalar(call.get("id")) or None
    name = as_scalar(call.get("name")) or "(unnamed tool)"
    arguments = arguments_of(call, told.contents)
    if id is None:
        id = f"{step.key or line}#{name}-{len(told.calls)}"
    if id in told.calls:
        return Call(id, name, arguments)
    told.calls.add(id)
    tool = told.run.step(
        "tool",
        name,
        line=line,
        key=id,
        start_ns=step.start_ns,
        input=arguments,
        call_id=id,
    )
    if agent := as_text(call.get("agentId")):
        told.agents.setdefault(agent, (told.run.id, id))
    _ended(told, tool, id, call, line)
    if name == _TOPIC and arguments is not None:
        tool.state = [StateChange("topic", _topic(told, arguments))]
    return Call(id, name, arguments)


def _topic(told: Told, arguments: ContentId) -> ContentId:
    """What the agent says that it is at: a title, or else what it is up to."""
    fields = as_fields(told.contents.raw(arguments))
    said = first(fields, "title", "strategic_intent", "summary")
    return arguments if said is None else told.contents.add(said)


def _ended(told: Told, tool: Draft, id: str, call: Fields, line: int) -> None:
    """The result that stands with its call; none while the call is open."""
    status = as_text(call.get("status")) or ""
    rest = rest_of(call, _CALL)
    tool.details = told.contents.add_if(rest)
    parts = take_parts(call.get("result"), told.contents)
    own = [r for r in parts.results if as_scalar(r.get("id")) in (id, None)]
    done = status in ("success", *_FAILED)
    if not done and not own and parts.text is None:
        return
    answered = Answered(parts.text)
    if own:
        answered = response_of(own[0], told.contents)
    error = answered.error
    if status in _FAILED:
        error = error or _FAILED[status]
    if parts.others:
        what = "files that a tool brought back"
        told.builder.problem("note", what, "shown with its result", line)
        answered.output = told.contents.add(call["result"])
    if error and (denied := refusal(error)):
        tool.decision = refused(tool.name, denied, told.contents)
    told.run.result(
        id,
        answered.output,
        status=_status(error),
        error=error,
        end_ns=told.builder.time(as_scalar(call.get("timestamp")), line),
        name=tool.name,
        line=line,
    )


def _response(told: Told, result: Fields, message: Fields, line: int) -> None:
    """A result that is sent back to the model; mostly it stands with its call, too."""
    id = as_scalar(result.get("id"))
    if id is None or id in told.run.results:
        return
    answered = response_of(result, told.contents)
    told.run.result(
        id,
        answered.output,
        status=_status(answered.error),
        error=answered.error,
        end_ns=told.builder.time(as_scalar(message.get("timestamp")), line),
        name=as_scalar(result.get("name")),
        line=line,
    )


def _status(error: str | None) -> Status:
    return "ok" if error is None else "error"
