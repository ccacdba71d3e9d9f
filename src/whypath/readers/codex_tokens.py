"""The shapes of the events that a Codex session has most of, and which say nothing.

Part of the `codex` reader, and of `codex_exec`, which counts tokens the same way.
"""

from whypath.model import Usage
from whypath.records import Raw, Shape, decoder

BOOKKEEPING = frozenset(
    (
        *("codex/event/raw_item", "account/rateLimits/updated", "session_configured"),
        *("exec_command_begin", "exec_command_output_delta", "mcp_tool_call_begin"),
        *("patch_apply_begin", "web_search_begin", "image_generation_begin"),
        *("agent_message_delta", "agent_reasoning_delta", "item_started"),
        *("collab_agent_spawn_begin", "collab_waiting_begin", "collab_close_begin"),
        *("collab_agent_interaction_begin", "agent_reasoning_section_break"),
        *("dynamic_tool_call_request", "thread_settings_applied", "undo_started"),
        *("mcp_startup_update", "mcp_startup_complete", "shutdown_complete"),
        *("agent_message_content_delta", "reasoning_content_delta", "turn_diff"),
    )
)
"""Events that tell nothing which is not told better elsewhere."""


class Tokens(Shape, gc=False):
    """Tokens as Codex counts them: what a cache served is part of the input."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None

    def usage(self) -> Usage:
        """The same in our terms."""
        return Usage(
            self.input_tokens,
            self.output_tokens,
            self.cached_input_tokens,
            self.cache_write_input_tokens,
            self.reasoning_output_tokens,
        )


class Info(Shape, gc=False):
    """The tokens of the last response and of all up to now."""

    total_token_usage: Raw = Raw()
    last_token_usage: Tokens | None = None


class Event(Shape, gc=False):
    """The fields of the events that there are many of."""

    type: str | None = None
    message: Raw = Raw()
    text: Raw = Raw()
    info: Info | None = None


decode_event = decoder(Event)
decode_tokens = decoder(Tokens)
