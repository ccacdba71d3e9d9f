"""Writes an invented run as the trace of a format: bytes that a tool would record.

What happens in the run is made up in `workload`; here is only how each format says it.
"""

import argparse
import json
import random
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from foreign import FORMATS as FOREIGN
from workload import MODEL, SEED, START, TOOLS, Author, Record, actions


def when(seconds: float) -> str:
    """An ISO 8601 time in UTC with milliseconds."""
    moment = START + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def claude_code(size: int) -> Iterator[Record]:
    """The records of a Claude Code session: a record for each part of a message."""
    session = f"5e551017-0000-4000-8000-{size:012d}"
    previous: str | None = None
    count = 0

    def record(kind: str, message: Record, time_s: float, **more: Any) -> Any:
        nonlocal previous, count
        count += 1
        own = f"{count:08x}-0000-4000-9000-{size:012d}"
        made = {
            "parentUuid": previous,
            "isSidechain": False,
            "userType": "external",
            "cwd": "/repo",
            "sessionId": session,
            "version": "2.0.46",
            "gitBranch": "main",
            "type": kind,
            "message": message,
            "uuid": own,
            "timestamp": when(time_s),
            **more,
        }
        previous = own
        return made

    signatures = random.Random(size)
    for action in actions(size):
        if action.prompt:
            said = {"role": "user", "content": action.prompt}
            yield record("user", said, action.asked_s)
        new, cached, out = action.tokens
        envelope: Record = {
            "id": f"msg_{action.number:024d}",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": new,
                "cache_creation_input_tokens": 900,
                "cache_read_input_tokens": cached,
                "output_tokens": out,
                "service_tier": "standard",
            },
        }
        signature = signatures.randbytes(160).hex()
        thought: Record = {"type": "thinking", "thinking": action.thinking}
        parts = [{**thought, "signature": signature}]
        if action.text:
            parts.append({"type": "text", "text": action.text})
        call: Record = {"type": "tool_use", "id": action.call_id, "name": action.tool}
        parts.append({**call, "input": action.arguments})
        request = f"req_{action.number:024d}"
        for part in parts:
            message: Record = {**envelope, "content": [part]}
            yield record("assistant", message, action.called_s, requestId=request)
        result: Record = {"tool_use_id": action.call_id, "type": "tool_result"}
        result["content"] = action.result
        if action.failed:
            result["is_error"] = True
        seen: Any = {"stdout": action.result, "stderr": "", "interrupted": False}
        if action.tool != "Bash":
            seen = {"type": "text", "durationMs": 12, "truncated": False}
        if action.failed:
            seen = f"Error: {action.result[:200]}"
        brought = {"role": "user", "content": [result]}
        yield record("user", brought, action.ended_s, toolUseResult=seen)
        if action.answer:
            envelope["id"] += "_last"
            part = {"type": "text", "text": action.answer}
            message = {**envelope, "content": [part], "stop_reason": "end_turn"}
            yield record("assistant", message, action.ended_s + 2, requestId=request)


def native(size: int) -> Iterator[Record]:
    """The records of Whypath's own format, a decision among them now and then."""
    head = {"type": "run", "whypath": 1, "id": f"bench-{size}", "agent": "bench"}
    yield {**head, "task": "Find out why a stale value comes back", "start": when(0)}
    end = 0.0
    for action in actions(size):
        number, asked, called = action.number, when(action.asked_s), action.called_s
        if action.prompt:
            user = {"type": "step", "id": f"u{number}", "kind": "user"}
            yield {**user, "output": action.prompt, "start": asked, "end": asked}
        new, cached, out = action.tokens
        model: Record = {
            "type": "step",
            "id": f"m{number}",
            "kind": "model",
            "name": "chat",
            "model": MODEL,
            "start": asked,
            "end": when(called),
            "reasoning": action.thinking,
            "usage": {
                "input_tokens": new + cached,
                "cache_read_tokens": cached,
                "output_tokens": out,
            },
            "tools": list(TOOLS),
            "calls": [
                {
                    "id": action.call_id,
                    "name": action.tool,
                    "arguments": action.arguments,
                }
            ],
        }
        if action.text:
            model["output"] = action.text
        yield model
        if number % 10 == 9:
            yield {
                "type": "decision",
                "step": f"m{number}",
                "question": "Which tool next?",
                "options": [{"name": name, "score": 0.1} for name in TOOLS],
                "chosen": action.tool,
                "rationale": action.thinking[:120],
            }
        tool: Record = {
            "type": "step",
            "id": f"t{number}",
            "kind": "tool",
            "name": action.tool,
        }
        tool |= {"call": action.call_id, "start": when(called)}
        tool |= {"end": when(action.ended_s), "input": action.arguments}
        if action.failed:
            tool["error"] = "ValueError: expected str, got None"
        yield {**tool, "output": action.result}
        if action.answer:
            last = {"type": "step", "id": f"a{number}", "kind": "model", "name": "chat"}
            yield {**last, "output": action.answer, "start": when(action.ended_s)}
        end = action.ended_s
    yield {"type": "end", "status": "ok", "end": when(end)}


def chat(turns: int) -> Iterator[Record]:
    """OpenTelemetry spans of a chat whose every call repeats the whole history."""
    author = Author(f"{SEED}-chat")
    trace = f"{turns:032x}"
    history = [_message("system", author.sentences(6, 6))]
    for turn in range(turns):
        history.append(_message("user", author.sentences(2, 8)))
        reply = _message("assistant", author.answer())
        start = 1_772_440_000_000_000_000 + turn * 60_000_000_000
        facts: dict[str, str | int] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": MODEL,
            "gen_ai.conversation.id": f"chat-{turns}",
            "gen_ai.usage.input_tokens": 300 * (turn + 1),
            "gen_ai.usage.output_tokens": 250,
            "gen_ai.input.messages": _dumps(history),
            "gen_ai.output.messages": _dumps([{**reply, "finish_reason": "stop"}]),
        }
        span = {
            "traceId": trace,
            "spanId": f"{turn + 1:016x}",
            "parentSpanId": "",
            "name": f"chat {MODEL}",
            "kind": 3,
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + 4_000_000_000),
            "attributes": [_attribute(key, value) for key, value in facts.items()],
            "status": {"code": 1},
        }
        scope = {"scope": {"name": "bench", "version": "1"}, "spans": [span]}
        service = {"attributes": [_attribute("service.name", "bench")]}
        yield {"resourceSpans": [{"resource": service, "scopeSpans": [scope]}]}
        history.append(reply)


def _message(role: str, text: str) -> Record:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _attribute(key: str, value: str | int) -> Record:
    kind = "stringValue" if isinstance(value, str) else "intValue"
    return {"key": key, "value": {kind: str(value)}}


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


FORMATS: dict[str, Callable[[int], Iterable[Record]]] = {
    "claude_code": claude_code,
    "native": native,
    "chat": chat,
    **FOREIGN,
}


def write(folder: Path, format: str, size: int) -> Path:
    """The trace of that format and size, made unless it is there and up to date."""
    path = folder / f"{format}-{size}.jsonl"
    if path.exists() and path.stat().st_mtime > Path(__file__).stat().st_mtime:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".part")
    with made.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{_dumps(record)}\n" for record in FORMATS[format](size))
    made.replace(path)
    return path


def main() -> None:
    """Writes the trace that the arguments name and prints its path and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("size", type=int, help="steps, or the turns of a chat")
    asked = parser.parse_args()
    path = write(asked.folder, asked.format, asked.size)
    print(path, f"{path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
