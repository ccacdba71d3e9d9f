"""Writes an invented run as other tools record it, for measuring how fast it is read.

As `generate`, but one function for each format that large traces come in. What happens
in the run is made up in `workload`.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from workload import MODEL, START, TOOLS, Action, Record, actions

PROMPT = "You find out why a stale value comes back. Work in small steps. " * 40
NS = 1_000_000_000
CALLS_A_SAMPLE = 100


def when(seconds: float) -> str:
    """An ISO 8601 time in UTC with microseconds."""
    moment = START + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def nanoseconds(seconds: float) -> int:
    """The same moment as nanoseconds since 1970."""
    return int((START.timestamp() + seconds) * NS)


def dumps(value: object) -> str:
    """JSON in a text, as many formats carry it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def definitions() -> list[Record]:
    """The tools on offer, as OpenAI's API defines them."""
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    return [
        {"type": "function", "function": {"name": name, "parameters": schema}}
        for name in TOOLS
    ]


def openai(size: int) -> Iterator[Record]:
    """One list of chat messages with its tools."""
    messages: list[Record] = [{"role": "system", "content": PROMPT}]
    for action in actions(size):
        if action.prompt:
            messages.append({"role": "user", "content": action.prompt})
        function = {"name": action.tool, "arguments": dumps(action.arguments)}
        call = {"id": action.call_id, "type": "function", "function": function}
        said = {"role": "assistant", "content": action.text, "tool_calls": [call]}
        messages.append({**said, "reasoning_content": action.thinking})
        result = {"role": "tool", "tool_call_id": action.call_id}
        messages.append({**result, "content": action.result})
        if action.answer:
            messages.append({"role": "assistant", "content": action.answer})
    yield {"messages": messages, "tools": definitions(), "model": MODEL}


def codex(size: int) -> Iterator[Record]:
    """A rollout of Codex CLI: items, and events that say them again."""

    def line(kind: str, time_s: float, payload: Record) -> Record:
        return {"timestamp": when(time_s), "type": kind, "payload": payload}

    meta = {"id": f"5e551017-0000-4000-8000-{size:012d}", "cwd": "/repo"}
    meta |= {"originator": "codex_cli", "cli_version": "0.104.0"}
    yield line("session_meta", 0, {**meta, "base_instructions": {"text": PROMPT}})
    yield line("turn_context", 0, {"cwd": "/repo", "model": MODEL, "effort": "high"})
    given = made = 0
    for action in actions(size):
        asked, called = action.asked_s, action.called_s
        if action.prompt:
            part = {"type": "input_text", "text": action.prompt}
            user = {"type": "message", "role": "user", "content": [part]}
            yield line("response_item", asked, user)
            event = {"type": "user_message", "message": action.prompt}
            yield line("event_msg", asked, event)
        summary = {"type": "summary_text", "text": action.thinking}
        thought = {"type": "reasoning", "summary": [summary]}
        yield line("response_item", called, {**thought, "encrypted_content": "A" * 400})
        event = {"type": "agent_reasoning", "text": action.thinking}
        yield line("event_msg", called, event)
        call: Record = {"type": "function_call", "name": action.tool}
        call |= {"arguments": dumps(action.arguments), "call_id": action.call_id}
        yield line("response_item", called, call)
        output = {"type": "function_call_output", "call_id": action.call_id}
        said = {**output, "output": action.result}
        yield line("response_item", action.ended_s, said)
        new, cached, out = action.tokens
        given, made = given + new + cached, made + out
        last = {"input_tokens": new + cached, "cached_input_tokens": cached}
        info = {"last_token_usage": {**last, "output_tokens": out}}
        total = {"input_tokens": given, "output_tokens": made}
        count = {"type": "token_count", "info": {**info, "total_token_usage": total}}
        yield line("event_msg", action.ended_s, count)
        if action.answer:
            part = {"type": "output_text", "text": action.answer}
            said = {"type": "message", "role": "assistant", "content": [part]}
            yield line("response_item", action.ended_s + 2, said)


def atif(size: int) -> Iterator[Record]:
    """One trajectory of ATIF 1.6."""
    steps: list[Record] = [{"step_id": 1, "source": "system", "message": PROMPT}]

    def add(source: str, time_s: float, **more: Any) -> None:
        head = {"step_id": len(steps) + 1, "timestamp": when(time_s)}
        steps.append({**head, "source": source, **more})

    for action in actions(size):
        if action.prompt:
            add("user", action.asked_s, message=action.prompt)
        call = {"tool_call_id": action.call_id, "function_name": action.tool}
        result = {"source_call_id": action.call_id, "content": action.result}
        new, cached, out = action.tokens
        counts = {"prompt_tokens": new + cached, "cached_tokens": cached}
        add(
            "agent",
            action.called_s,
            model_name=MODEL,
            message=action.text or "",
            reasoning_content=action.thinking,
            tool_calls=[{**call, "arguments": action.arguments}],
            observation={"results": [result]},
            metrics={**counts, "completion_tokens": out},
        )
        if action.answer:
            add("agent", action.ended_s + 2, model_name=MODEL, message=action.answer)
    agent = {"name": "bench", "version": "1", "tool_definitions": definitions()}
    head = {"schema_version": "ATIF-v1.6", "session_id": f"bench-{size}"}
    yield {**head, "agent": agent, "steps": steps}


def _spans(size: int) -> Iterator[tuple[Record, Record, Action]]:
    """Attributes of the model call and of the tool call of each step."""
    for action in actions(size):
        new, cached, out = action.tokens
        said: list[Record] = [{"type": "reasoning", "content": action.thinking}]
        if action.text:
            said.append({"type": "text", "content": action.text})
        call = {"type": "tool_call", "id": action.call_id, "name": action.tool}
        said.append({**call, "arguments": action.arguments})
        answer = {"role": "assistant", "parts": said, "finish_reason": "tool_call"}
        yield (
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": MODEL,
                "gen_ai.usage.input_tokens": new + cached,
                "gen_ai.usage.output_tokens": out,
                "gen_ai.output.messages": dumps([answer]),
            },
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": action.tool,
                "gen_ai.tool.call.id": action.call_id,
                "gen_ai.tool.call.arguments": dumps(action.arguments),
                "gen_ai.tool.call.result": action.result,
            },
            action,
        )


def otlp(size: int) -> Iterator[Record]:
    """OTLP as JSON Lines, a batch for each step."""

    def span(number: int, attributes: Record, start_s: float, end_s: float) -> Record:
        found = [
            {"key": k, "value": {_KINDS[type(v)]: str(v)}}
            for k, v in attributes.items()
        ]
        return {
            "traceId": f"{size:032x}",
            "spanId": f"{number + 1:016x}",
            "parentSpanId": "",
            "name": attributes["gen_ai.operation.name"],
            "startTimeUnixNano": str(nanoseconds(start_s)),
            "endTimeUnixNano": str(nanoseconds(end_s)),
            "attributes": found,
            "status": {},
        }

    for model, tool, action in _spans(size):
        number = action.number * 2
        pair = [
            span(number, model, action.asked_s, action.called_s),
            span(number + 1, tool, action.called_s, action.ended_s),
        ]
        scope = {"scope": {"name": "bench"}, "spans": pair}
        yield {"resourceSpans": [{"resource": {}, "scopeSpans": [scope]}]}


_KINDS = {str: "stringValue", int: "intValue"}


def otel_sdk(size: int) -> Iterator[Record]:
    """The OpenTelemetry SDK's own span objects, one a line."""

    def span(number: int, attributes: Record, start_s: float, end_s: float) -> Record:
        own = {"trace_id": f"0x{size:032x}", "span_id": f"0x{number + 1:016x}"}
        return {
            "name": attributes["gen_ai.operation.name"],
            "context": {**own, "trace_state": "[]"},
            "kind": "SpanKind.INTERNAL",
            "parent_id": None,
            "start_time": when(start_s),
            "end_time": when(end_s),
            "status": {"status_code": "UNSET"},
            "attributes": attributes,
            "events": [],
            "links": [],
            "resource": {"attributes": {"service.name": "bench"}, "schema_url": ""},
        }

    for model, tool, action in _spans(size):
        number = action.number * 2
        yield span(number, model, action.asked_s, action.called_s)
        yield span(number + 1, tool, action.called_s, action.ended_s)


def langfuse(size: int) -> Iterator[Record]:
    """One exported trace with its observations."""
    found: list[Record] = []

    def add(kind: str, number: int, start_s: float, end_s: float, **more: Any) -> None:
        own = {"id": f"obs-{number}", "traceId": f"bench-{size}", "type": kind}
        times = {"startTime": when(start_s), "endTime": when(end_s)}
        found.append({**own, **times, "parentObservationId": None, **more})

    for action in actions(size):
        new, cached, out = action.tokens
        function = {"name": action.tool, "arguments": dumps(action.arguments)}
        call = {"id": action.call_id, "type": "function", "function": function}
        add(
            "GENERATION",
            action.number * 2,
            action.asked_s,
            action.called_s,
            name="chat",
            model=MODEL,
            input=[{"role": "user", "content": action.prompt or action.thinking}],
            output={"role": "assistant", "content": action.text, "tool_calls": [call]},
            usageDetails={"input": new + cached, "output": out},
            level="DEFAULT",
        )
        add(
            "TOOL",
            action.number * 2 + 1,
            action.called_s,
            action.ended_s,
            name=action.tool,
            input=action.arguments,
            output=action.result,
            level="ERROR" if action.failed else "DEFAULT",
        )
    trace = {"id": f"bench-{size}", "name": "bench", "timestamp": when(0)}
    yield {"trace": trace, "observations": found}


def inspect(size: int) -> Iterator[Record]:
    """One log of Inspect AI: samples whose model calls refer to a pool of messages."""
    samples: list[Record] = []
    pool: list[Record] = []
    events: list[Record] = []
    for action in actions(size):
        if action.number % CALLS_A_SAMPLE == 0:
            pool = [{"id": "m0", "role": "system", "content": PROMPT}]
            events = []
            sample = {"id": len(samples) + 1, "epoch": 1, "input": "Find out"}
            sample |= {"target": "", "scores": {}, "messages": [], "events": events}
            data = {"messages": pool, "calls": []}
            samples.append({**sample, "events_data": data})
        if action.prompt:
            said = {"id": f"u{action.number}", "role": "user"}
            pool.append({**said, "content": action.prompt})
        call = {"id": action.call_id, "function": action.tool, "type": "function"}
        thought = {"type": "reasoning", "reasoning": action.thinking}
        answer = {
            "id": f"a{action.number}",
            "role": "assistant",
            "source": "generate",
            "content": [thought, {"type": "text", "text": action.text or ""}],
            "tool_calls": [{**call, "arguments": action.arguments}],
        }
        new, cached, out = action.tokens
        counts = {"input_tokens": new, "input_tokens_cache_read": cached}
        choice = {"message": answer, "stop_reason": "tool_calls"}
        events.append(
            {
                "event": "model",
                "uuid": f"m{action.number}",
                "timestamp": when(action.asked_s),
                "completed": when(action.called_s),
                "model": MODEL,
                "input": [],
                "input_refs": [[0, len(pool)]],
                "tools": [],
                "tool_choice": "auto",
                "config": {},
                "output": {
                    "model": MODEL,
                    "choices": [choice],
                    "usage": {**counts, "output_tokens": out, "total_tokens": 0},
                },
            }
        )
        pool.append(answer)
        events.append(
            {
                "event": "tool",
                "uuid": f"t{action.number}",
                "timestamp": when(action.called_s),
                "completed": when(action.ended_s),
                "type": "function",
                "id": action.call_id,
                "function": action.tool,
                "arguments": action.arguments,
                "result": action.result,
                "events": [],
            }
        )
        result = {"id": f"t{action.number}", "role": "tool", "function": action.tool}
        pool.append(
            {**result, "tool_call_id": action.call_id, "content": action.result}
        )
    head = {"version": 2, "status": "success", "plan": {"name": "plan", "steps": []}}
    facts = {"eval_id": f"bench-{size}", "run_id": "r", "task": "bench"}
    yield {**head, "eval": {**facts, "model": MODEL}, "samples": samples}


FORMATS: dict[str, Callable[[int], Iterable[Record]]] = {
    "atif": atif,
    "codex": codex,
    "inspect": inspect,
    "langfuse": langfuse,
    "openai": openai,
    "otel_sdk": otel_sdk,
    "otlp": otlp,
}
