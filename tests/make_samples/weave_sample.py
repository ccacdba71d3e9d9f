"""Writes tests/traces/weave: a scripted agent, traced by the real Weave SDK.

Run by hand where `weave` is installed; nothing in it calls a model or a network. The
server is a class that keeps what the SDK sends. Calls are written as its
`calls/stream_query` gives them out: each call's start and end together, one a line.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

for name in ("WANDB_MODE", "WEAVE_PRINT_CALL_LINK", "WEAVE_CAPTURE_CODE"):
    os.environ[name] = "offline" if name == "WANDB_MODE" else "false"
os.environ |= {"WEAVE_ENABLE_WAL": "false", "WEAVE_CAPTURE_SYSTEM_INFO": "false"}
os.environ |= {"WEAVE_CAPTURE_CLIENT_INFO": "false", "WEAVE_USE_SERVER_CACHE": "false"}

import weave  # noqa: E402
from weave.trace import weave_client  # noqa: E402
from weave.trace.context import weave_client_context  # noqa: E402

OUT = Path(__file__).parents[1] / "traces" / "weave"


class Answer(dict[str, Any]):
    """A reply whose every field is there."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name, "0" * 43)


class Server:
    """Keeps the calls; to anything else it says yes."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}

    def call_start(self, request: dict[str, Any]) -> Answer:
        self.calls[request["start"]["id"]] = dict(request["start"])
        return Answer()

    def call_end(self, request: dict[str, Any]) -> Answer:
        self.calls[request["end"]["id"]] |= request["end"]
        return Answer()

    call_processor = None

    def get_feedback_processor(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: Answer(digest="d" * 43)


SAID: list[dict[str, Any]] = [
    {"content": "Let me look.", "call": ("call_1", "search_rules", {"query": "late"})},
    {"content": None, "call": ("call_2", "refund", {"order_id": "A-17", "cents": 9})},
    {"content": "Nine cents are paid back."},
]
USED = [(120, 18, 0), (190, 16, 64), (240, 9, 128)]
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("search_rules", "refund", "escalate")
]


class Model:
    """A model that says what the script says."""

    def __init__(self) -> None:
        self.turn = 0


def create(model: str, messages: list[Any], tools: list[Any]) -> dict[str, Any]:
    said, (given, made, cached) = SAID[MODEL.turn], USED[MODEL.turn]
    MODEL.turn += 1
    message: dict[str, Any] = {"role": "assistant", "content": said["content"]}
    if "call" in said:
        id, name, arguments = said["call"]
        function = {"name": name, "arguments": json.dumps(arguments)}
        message["tool_calls"] = [{"id": id, "type": "function", "function": function}]
    return {
        "id": f"chatcmpl-{MODEL.turn}",
        "object": "chat.completion",
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": given,
            "completion_tokens": made,
            "total_tokens": given + made,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


MODEL = Model()
complete = weave.op(create, name="openai.chat.completions.create", kind="llm")


@weave.op(kind="search")
def search_rules(query: str) -> list[dict[str, Any]]:
    return [{"id": "r1", "text": "Refunds are paid within 30 days."}]


@weave.op(kind="tool")
def refund(order_id: str, cents: int) -> str:
    if order_id == "A-18":
        raise LookupError("no such order")
    return f"paid {cents}"


RUN = {"search_rules": search_rules, "refund": refund}


@weave.op(kind="agent")
def shop_agent(question: str) -> str:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You help the shop's customers."},
        {"role": "user", "content": question},
    ]
    while True:
        answer = complete(model="gpt-4.1-mini", messages=list(messages), tools=TOOLS)
        message = answer["choices"][0]["message"]
        messages.append(message)
        if "tool_calls" not in message:
            return str(message["content"])
        for asked in message["tool_calls"]:
            function = asked["function"]
            result = RUN[function["name"]](**json.loads(function["arguments"]))
            content = json.dumps(result)
            messages.append(
                {"role": "tool", "tool_call_id": asked["id"], "content": content}
            )


@weave.op
def nightly() -> str:
    return str(refund(order_id="A-18", cents=1))


def exported(call: dict[str, Any]) -> dict[str, Any]:
    """The call as the server gives it out."""
    call = {k: v for k, v in call.items() if k not in ("otel_dump", "is_eval")}
    started, ended = call["started_at"], call.get("ended_at")
    name = call["op_name"].rpartition("/")[2].partition(":")[0]
    told = {"status": "error" if call.get("exception") else "success"}
    told |= {"trace_name": name, "latency_ms": (ended - started).microseconds // 1000}
    call["summary"] = {**call.get("summary", {}), "weave": told}
    call["started_at"], call["ended_at"] = started.isoformat(), ended.isoformat()
    call["wb_user_id"] = "VXNlcjow"
    return call


def main() -> None:
    server = Server()
    client = weave_client.WeaveClient("team", "shop", server, False)
    weave_client_context.set_weave_client_global(client)
    with weave.thread("thread-42"):
        shop_agent("Please pay back nine cents for order A-17.")
    client.flush()
    try:
        nightly()
    except LookupError:
        client.flush()
    lines = (json.dumps(exported(c)) for c in server.calls.values())
    text = "".join(line + "\n" for line in lines)
    here = str(Path(__file__).resolve().parent)
    text = re.sub(r'[^" ]*/site-packages/', "", text.replace(here, "shop"))
    (OUT / "calls.jsonl").write_text(text)


if __name__ == "__main__":
    main()
