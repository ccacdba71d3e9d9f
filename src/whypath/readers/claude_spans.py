"""https://code.claude.com/docs/en/monitoring-usage#traces-beta: Claude Code's spans.

Not read: what Claude Code writes as redacted, which is all content unless it is asked
for. A prompt's `new_context` is what was added to the window, not the whole of it.
"""

from whypath.model import Usage, replace
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Attributes, Facts, Role, Span, text, usage, whole

HEADS = ("span.type",)

_KIND = "span.type"
_PREFIX = "claude_code."
_ROLES: dict[str, Role] = {
    "interaction": "agent",
    "llm_request": "model",
    "tool": "tool",
    "tool.execution": "structure",
    "tool.blocked_on_user": "guardrail",
    "hook": "event",
}
_USAGE = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read_tokens",),
    "cache_write_tokens": ("cache_creation_tokens",),
}
_REDACTED = "<REDACTED>"
_TOOL_INPUT = ("full_command", "file_path", "skill_name", "subagent_type")
_TOOL_OUTPUT = ("output", "content", "diff")


def role(span: Span) -> Role | None:
    """What the span is, where `span.type` is one of Claude Code's."""
    kind = _kind(span)
    return None if kind is None else _ROLES.get(kind, "event")


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what Claude Code's attributes say, which have no common beginning."""
    kind, attributes = _kind(span), span.attributes
    if kind is None:
        return
    facts.shown.append(_KIND)
    if kind == "interaction":
        facts.name = facts.name or "Claude Code"
        facts.input = _content(attributes, payloads, "user_prompt", "new_context")
        facts.shown.append("user_prompt")
    elif kind == "llm_request":
        facts.model = facts.model or text(attributes, "model", "gen_ai.request.model")
        facts.usage = facts.usage or _usage(attributes)
        facts.input = _content(attributes, payloads, "new_context")
        if facts.output is None:
            facts.output = _content(attributes, payloads, "response.model_output")
            facts.answered = facts.output is not None
        facts.shown += ("response.model_output", *_TOKENS)
    elif kind == "tool":
        facts.name = facts.name or text(attributes, "tool_name", "gen_ai.tool.name")
        facts.call_id = facts.call_id or text(attributes, "tool_use_id")
        facts.input = _content(attributes, payloads, "tool_input") or _asked(
            attributes, payloads
        )
        facts.output = facts.output or _said(span, payloads)
        facts.shown += ("tool_name", "tool_use_id", "tool_input")


_TOKENS = tuple(name for names in _USAGE.values() for name in names)


def _kind(span: Span) -> str | None:
    """The kind without its prefix; other tools use the attribute's name too."""
    kind = text(span.attributes, _KIND)
    if kind is None:
        return None
    if kind.startswith(_PREFIX):
        return kind.removeprefix(_PREFIX)
    return kind if span.name == _PREFIX + kind else None


def _usage(attributes: Attributes) -> Usage | None:
    """Tokens; Claude Code counts the input without the cache."""
    found = usage(attributes, _USAGE)
    given = whole(attributes, _USAGE["input_tokens"])
    if found is None or given is None:
        return found
    cached = (found.cache_read_tokens or 0) + (found.cache_write_tokens or 0)
    return replace(found, input_tokens=given + cached)


def _content(attributes: Attributes, payloads: Payloads, *names: str) -> int | None:
    """The first of the named contents that is recorded, and not redacted."""
    found = (text(attributes, name) for name in names)
    said = next((value for value in found if value and value != _REDACTED), None)
    return payloads.keep_if(said)


def _asked(attributes: Attributes, payloads: Payloads) -> int | None:
    """What is known of a tool's arguments where they are not recorded whole."""
    known = {
        n: v for n in _TOOL_INPUT if (v := text(attributes, n)) not in (None, _REDACTED)
    }
    return payloads.keep(known) if known else None


def _said(span: Span, payloads: Payloads) -> int | None:
    """A tool's output, which an event of its span holds."""
    for event in span.events:
        if event.name == "tool.output":
            return _content(event.attributes, payloads, *_TOOL_OUTPUT)
    return _content(span.attributes, payloads, "new_context")
