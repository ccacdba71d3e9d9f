"""All formats: each reader's module, and the signs that its files are known by.

A module is imported when a sample shows such signs, as there are many of them. A sign
is a key, a path of keys (`info.trace_id`; lists are looked into), a key with the
beginning of its value (`type=run`), or that of the name of a part of an archive or
database (`/header.json`).
"""

from typing import NamedTuple


class Known(NamedTuple):
    """A format: its reader's module, and ways in which it shows itself.

    Each way is several signs, all of which are there.
    """

    module: str
    ways: tuple[tuple[str, ...], ...]


FORMATS: dict[str, Known] = {
    "native": Known(
        "native", (("type=run", "whypath"), ("type=step", "kind", "whypath"))
    ),
    "adp": Known("adp", (("content.class_", "id"),)),
    "agentops": Known(
        "agentops", (("trace.trace_id", "spans.span_id", "spans.span_attributes"),)
    ),
    "amp": Known("amp", (("messages.messageId", "messages.role", "v"),)),
    "anthropic-managed-agents": Known(
        "managed_agents",
        (("type=agent.", "processed_at"), ("type=span.model_request", "processed_at")),
    ),
    "atif": Known(
        "atif",
        (("schema_version=ATIF", "steps"), ("steps.step_id", "steps.source", "agent")),
    ),
    "atof": Known("atof", (("atof_version", "kind", "uuid"),)),
    "chat": Known(
        "chat",
        (
            ("role", "content"),
            ("messages.role",),
            ("traj", "reward"),
            ("request.messages",),
            ("body.messages",),
        ),
    ),
    "claude-code": Known(
        "claude_code",
        (
            ("uuid", "parentUuid", "message", "sessionId"),
            ("type=user", "uuid", "message"),
            ("type=system", "uuid", "parentUuid"),
            ("type=summary", "leafUuid"),
            ("type=file-history-snapshot", "snapshot"),
            ("type=queue-operation", "operation"),
        ),
    ),
    "claude-stream-json": Known(
        "stream_json",
        (
            ("type=system", "subtype=init", "session_id", "tools"),
            ("type=assistant", "parent_tool_use_id", "message"),
        ),
    ),
    "codex": Known(
        "codex",
        (
            ("type=response_item", "payload.type"),
            ("type=session_meta", "payload.id"),
            ("id", "timestamp", "instructions"),
        ),
    ),
    "codex-exec": Known(
        "codex_exec",
        (("type=thread.started", "thread_id"), ("type=item.completed", "item.type")),
    ),
    "continue": Known("continue_cli", (("sessionId", "history.message.role"),)),
    "copilot-cli": Known(
        "copilot_cli",
        (("type=session.", "data"), ("type=assistant.message", "data.toolRequests")),
    ),
    "copilot-otel": Known(
        "copilot_otel", (("/spans", "/span_attributes", "/span_events"),)
    ),
    "cursor": Known("cursor", (("role", "message.content"),)),
    "droid": Known(
        "droid", (("type=session_start", "id"), ("type=todo_state", "todos"))
    ),
    "gemini-cli": Known(
        "gemini_cli", (("sessionId", "projectHash"), ("type=gemini", "id", "timestamp"))
    ),
    "google-adk": Known(
        "adk_sessions",
        (
            ("events.author", "events.invocation_id"),
            ("events.author", "events.invocationId"),
            ("author", "invocation_id"),
            ("author", "invocationId"),
            ("eval_cases.conversation",),
            ("eval_case_results",),
        ),
    ),
    "grok": Known(
        "grok",
        (("type=assistant", "tool_calls", "model_id"), ("type=user", "prompt_index")),
    ),
    "hermes": Known(
        "hermes",
        (
            ("observed", "active", "role"),
            ("messages.observed", "messages.active"),
            ("messages.role", "platform", "session_start"),
        ),
    ),
    "inspect": Known(
        "inspect_ai",
        (
            ("/header.json", "/samples/"),
            ("/_journal/start.json",),
            ("eval.task", "eval.model", "status"),
            ("id", "epoch", "target", "events.event"),
            ("events.event", "events.working_start"),
        ),
    ),
    "jaeger": Known(
        "jaeger", (("data.traceID", "data.spans"), ("traceID", "spans.operationName"))
    ),
    "kimi": Known(
        "kimi",
        (("type=metadata", "protocol_version"), ("type=context.append_", "time")),
    ),
    "langfuse": Known(
        "langfuse",
        (
            ("observations.type", "observations.startTime"),
            ("trace", "observations"),
            ("traces.observations",),
            ("traceId", "type", "startTime"),
            ("trace_id", "type", "start_time", "usage_details"),
            ("timestamp", "bookmarked"),
        ),
    ),
    "langsmith": Known(
        "langsmith",
        (
            ("run_type", "start_time", "inputs"),
            ("runs.run_type",),
            ("post.run_type", "patch"),
            ("dotted_order", "trace_id"),
        ),
    ),
    "letta-code": Known("letta_code", (("kind", "captured_at"),)),
    "letta-trajectory": Known("letta_trajectory", (("records.role", "diagnostics"),)),
    "mini-swe-agent": Known(
        "mini_swe_agent",
        (
            ("trajectory_format=mini-swe-agent", "messages"),
            ("role=assistant", "content=<returncode>"),
        ),
    ),
    "mlflow": Known(
        "mlflow",
        (
            ("info.trace_id", "data.spans"),
            ("info.request_id", "data.spans"),
            ("trace_id=tr-", "trace"),
        ),
    ),
    "openai-agents": Known(
        "openai_agents",
        (
            ("object=trace.span", "span_data.type"),
            ("object=trace", "workflow_name"),
            ("data.object=trace",),
        ),
    ),
    "openai-agents-state": Known(
        "openai_agents_state",
        (("$schemaVersion", "original_input", "model_responses", "current_agent"),),
    ),
    "opencode": Known(
        "opencode",
        (("info.id", "messages.parts", "messages.info.role"), ("/session", "/part")),
    ),
    "openhands": Known(
        "openhands",
        (("action", "args", "source"), ("instance_id", "history", "test_result")),
    ),
    "openhands-sdk": Known(
        "openhands_sdk",
        (
            ("kind=ActionEvent", "tool_name"),
            ("kind=MessageEvent", "llm_message"),
            ("items.kind=MessageEvent", "items.llm_message"),
        ),
    ),
    "otel-sdk": Known(
        "otel_sdk",
        (
            ("context.trace_id", "context.span_id", "resource", "parent_id"),
            ("spanContext.traceId", "spanContext.spanId", "startTime"),
            ("traceId", "spanId", "startTime", "endTime", "attributes"),
            ("traceId", "id", "timestamp", "duration", "attributes"),
        ),
    ),
    "otlp": Known("otlp", (("resourceSpans",), ("resourceLogs",))),
    "phoenix": Known(
        "phoenix",
        (
            ("context.trace_id", "context.span_id", "span_kind"),
            ("data.context.trace_id", "data.context.span_id", "data.span_kind"),
        ),
    ),
    "pi": Known(
        "pi", (("type=session", "cwd", "timestamp"), ("type=message", "message.role"))
    ),
    "pydantic-ai": Known(
        "pydantic_ai",
        (
            ("kind=request", "parts.part_kind"),
            ("messages.kind=request", "messages.parts.part_kind"),
        ),
    ),
    "qwen": Known("qwen", (("uuid", "parentUuid", "sessionId", "message.parts"),)),
    "sharegpt": Known(
        "sharegpt",
        (
            ("conversations.from", "conversations.value"),
            ("conversations.role", "conversations.content"),
        ),
    ),
    "swe-agent": Known(
        "swe_agent",
        (
            ("trajectory.action", "trajectory.observation", "trajectory.thought"),
            ("history.role", "history.agent"),
        ),
    ),
    "tau2-bench": Known(
        "tau2",
        (
            ("simulations.task_id", "info"),
            ("task_id", "termination_reason"),
            ("ticks.tick_id", "task_id"),
            ("info.agent_info", "info.environment_info"),
        ),
    ),
    "tempo": Known("tempo", (("batches.resource",), ("trace.resourceSpans",))),
    "trail": Known("trail", (("trace_id", "spans.span_id", "spans.child_spans"),)),
    "vscode-chat": Known(
        "vscode_chat", (("requests.message", "requests.response", "responderUsername"),)
    ),
    "weave": Known(
        "weave",
        (("op_name=weave:///", "trace_id", "started_at"), ("op_name", "trace_id")),
    ),
    "who-and-when": Known(
        "who_and_when",
        (
            ("history.content", "question", "mistake_step"),
            ("role=Orchestrator (thought)", "content"),
        ),
    ),
    "windsurf": Known(
        "windsurf",
        (("type=planner_response", "planner_response"), ("type=user_input", "status")),
    ),
}
"""Name of the format, as `--format` takes it -> what is known of it."""
