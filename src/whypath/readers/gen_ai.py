"""https://github.com/open-telemetry/semantic-conventions-genai: a span's facts from it.

Not read: memory records, evaluation results on spans, per-modality token counts. The
old per-message events (up to version 1.36) are read as well as today's attributes.
"""

from typing import Any

from whypath.model import Message
from whypath.readers.payloads import Answer, Payloads
from whypath.readers.spans import Event, Facts, Role, Span, first, text, usage

HEADS = ("gen_ai.", "final_result", "operation.cost")

_OPERATIONS: dict[str, Role] = {
    "chat": "model",
    "generate_content": "model",
    "text_completion": "model",
    "llm_call": "model",
    "execute_tool": "tool",
    "tool_call": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "invoke_workflow": "agent",
    "agent_call": "agent",
    "plan": "decision",
    "retrieval": "retrieval",
    "user_prompt": "user",
    "system_prompt": "system",
    "handoff": "handoff",
    "guardrail": "guardrail",
    "chain": "structure",
}
"""`gen_ai.operation.name`, the ones of Gemini CLI and LangSmith among them."""

_USAGE = {
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens",
    ),
    "cost_usd": ("gen_ai.usage.cost", "gen_ai.usage.total_cost", "operation.cost"),
}

_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_ENDED = '"finish_reason"'
_SAID = "gen_ai.client.inference.operation.details"
_TOLD = {*_ROLES, _SAID, "gen_ai.choice"}
_TOLD |= {"gen_ai.content.prompt", "gen_ai.content.completion"}


def role(span: Span) -> Role | None:
    """What the span is, where the conventions say so."""
    operation = span.attributes.get("gen_ai.operation.name")
    if isinstance(operation, str) and operation:
        return _OPERATIONS.get(operation, "event")
    return None


def tells(event: Event) -> bool:
    """True for an event whose content becomes part of the step itself."""
    return event.name in _TOLD


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the span's `gen_ai.*` attributes and events say."""
    attributes = span.attributes
    facts.agent = facts.agent or text(attributes, "gen_ai.agent.name")
    facts.shown += ("gen_ai.operation.name", "gen_ai.agent.name")
    if facts.kind == "tool":
        _add_tool(facts, span, payloads)
        return
    model = text(attributes, "gen_ai.response.model", "gen_ai.request.model")
    facts.model = facts.model or model
    if facts.kind == "agent":
        facts.name = facts.name or text(
            attributes, "gen_ai.agent.name", "gen_ai.workflow.name"
        )
    elif facts.usage is None and (found := usage(attributes, _USAGE)):
        facts.usage = found
        facts.shown += ("gen_ai.usage.", "operation.cost")
    if facts.tools is None and "gen_ai.tool.definitions" in attributes:
        facts.tools = payloads.tools(attributes["gen_ai.tool.definitions"])
        facts.shown.append("gen_ai.tool.definitions")
    _add_messages(facts, span, payloads)
    if facts.kind == "retrieval":
        query = attributes.get("gen_ai.retrieval.query.text")
        facts.input = payloads.keep_if(query)
        found_documents = attributes.get("gen_ai.retrieval.documents")
        facts.output = payloads.keep_if(found_documents)
        facts.shown += ("gen_ai.retrieval.query.text", "gen_ai.retrieval.documents")


def _add_tool(facts: Facts, span: Span, payloads: Payloads) -> None:
    attributes = span.attributes
    facts.name = facts.name or text(attributes, "gen_ai.tool.name")
    facts.call_id = facts.call_id or text(attributes, "gen_ai.tool.call.id")
    given = attributes.get("gen_ai.tool.call.arguments")
    facts.input = payloads.keep_if(given) if facts.input is None else facts.input
    given = attributes.get("gen_ai.tool.call.result")
    facts.output = payloads.keep_if(given) if facts.output is None else facts.output
    facts.shown += ("gen_ai.tool.name", "gen_ai.tool.call.")


def _add_messages(facts: Facts, span: Span, payloads: Payloads) -> None:
    """The conversation: a model's window and answer, an agent's task and result."""
    seen, said, whole = _recorded(span, payloads)
    if facts.kind == "model":
        if facts.messages is None and seen:
            facts.messages = seen
            facts.shown += ("gen_ai.input.messages", "gen_ai.system_instructions")
        if not facts.answered and said:
            answers = _choices(whole, span, payloads)
            facts.say(answers or [payloads.answer(said)])
            facts.shown.append("gen_ai.output.messages")
        return
    asked = [m.content for m in seen if m.role == "user" and m.content is not None]
    if facts.input is None and asked:
        facts.input = asked[-1]
        facts.shown.append("gen_ai.input.messages")
    if facts.output is None and said:
        facts.output = payloads.answer(said).output
        facts.shown.append("gen_ai.output.messages")
    result = first(span.attributes, "final_result")
    if facts.output is None and result:
        facts.output = payloads.keep(result[1])
        facts.shown.append("final_result")


def _recorded(
    span: Span, payloads: Payloads
) -> tuple[list[Message], list[Message], Any]:
    """What the model saw and what it said, from attributes or else from events.

    The third is what it said as it was recorded, for who looks for several answers.
    """
    sources = [span.attributes, *(_content(e) for e in span.events if e.name == _SAID)]
    seen: list[Message] = []
    said: list[Message] = []
    whole: Any = None
    for source in sources:
        if not seen:
            rules = source.get("gen_ai.system_instructions")
            seen = payloads.messages(source.get("gen_ai.input.messages"), "user")
            system = payloads.messages(rules, "system")
            if system and not (seen and seen[0].role == "system"):
                seen = [*system, *seen]
        if not said:
            whole = source.get("gen_ai.output.messages")
            said = payloads.messages(whole, "assistant")
    for event in span.events if not (seen and said) else ():
        content = _content(event)
        if event.name in _ROLES:
            seen += _message(content, _ROLES[event.name], payloads)
        elif event.name == "gen_ai.choice":
            said += _message(content, "assistant", payloads)
        elif event.name == "gen_ai.content.prompt":
            seen += payloads.messages(content.get("gen_ai.prompt"), "user")
        elif event.name == "gen_ai.content.completion":
            said += payloads.messages(content.get("gen_ai.completion"), "assistant")
    return seen, said, whole


def _choices(whole: Any, span: Span, payloads: Payloads) -> list[Answer]:
    """Several answers, where a call gave them; [] where its messages are but one.

    A message is a whole answer, and ends for a reason of its own. So many reasons there
    are as there are answers: parts of one that are written as messages share theirs.
    """
    if whole is None:
        told = map(_content, (e for e in span.events if e.name == "gen_ai.choice"))
        choices = {repr(content.get("index")): content for content in told}
        parts = [_message(c, "assistant", payloads) for c in choices.values()]
        answers = list(map(payloads.answer, parts)) if len(parts) > 1 else []
        return answers if all(a.calls or a.output is not None for a in answers) else []
    if isinstance(whole, str) and whole.count(_ENDED) < 2:
        return []
    listed = payloads.parse(whole)
    if not isinstance(listed, list) or len(listed) < 2:
        return []
    reasons = span.attributes.get("gen_ai.response.finish_reasons")
    shared = isinstance(reasons, list) and len(reasons) < len(listed)
    ended = (isinstance(m, dict) and m.get("finish_reason") for m in listed)
    return payloads.answers(listed) if all(ended) and not shared else []


def _content(event: Event) -> dict[str, Any]:
    """A span event's attributes and a log record's body, as one object."""
    body = event.body if isinstance(event.body, dict) else {}
    return {**event.attributes, **body}


def _message(content: dict[str, Any], role: str, payloads: Payloads) -> list[Message]:
    """One message of the old events; its fields may be text that holds JSON."""
    whole = payloads.parse(content.get("gen_ai.event.content"))
    fields = {**content, **whole} if isinstance(whole, dict) else content
    known = ("role", "content", "tool_calls", "message", "id", "name")
    message = {k: payloads.parse(fields[k]) for k in known if k in fields}
    if role == "tool" and "id" in message:
        message["tool_call_id"] = message.pop("id")
    return payloads.messages(message, role) if message else []
