"""Writes tests/traces/langsmith: a scripted graph, traced by the real LangSmith client.

Run by hand where `langsmith`, `langchain-core` and `langgraph` are installed. The
client sends to a server on this machine that keeps what it is sent; the model is
scripted. What names the machine is taken out before a file is written.
"""

import json
import os
import re
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

os.environ.update(
    LANGSMITH_TRACING="true",
    LANGSMITH_API_KEY="none",
    LANGSMITH_PROJECT="shop",
    LANGSMITH_TRACING_BACKGROUND="false",
)

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langchain_core.tracers.langchain import LangChainTracer
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langsmith import Client

OUT = Path(__file__).parents[1] / "traces" / "langsmith"
RUNTIME = ("library", "sdk", "sdk_version", "runtime", "langchain_core_version")
LIMITS = {
    "use_multipart_endpoint": False,
    "scale_up_qsize_trigger": 1000,
    "scale_up_nthreads_limit": 1,
    "scale_down_nempty_trigger": 4,
    "size_limit": 100,
    "size_limit_bytes": 20_971_520,
}
MACHINE = re.compile(r"(/[\w.+-]+)+/(site-packages|make_samples)/")

received: dict[str, list[dict[str, Any]]] = {"post": [], "patch": []}


class Keep(BaseHTTPRequestHandler):
    """Takes in runs as the service does: in parts, or as one JSON batch."""

    def do_GET(self) -> None:
        self._answer({"batch_ingest_config": LIMITS})

    def do_POST(self) -> None:
        sent = json.loads(self._body())
        batch = sent if self.path.endswith("/batch") else {"post": [sent]}
        for verb, runs in batch.items():
            received[verb].extend(runs)
        self._answer({})

    def do_PATCH(self) -> None:
        sent = json.loads(self._body())
        received["patch"].append({"id": self.path.rpartition("/")[2], **sent})
        self._answer({})

    def log_message(self, *_: Any) -> None:
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Scripted(BaseChatModel):
    """Says one line after the other."""

    lines: list[AIMessage]
    at: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **more: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(t) for t in tools], **more)

    def _get_ls_params(self, **_: Any) -> Any:
        return {
            "ls_provider": "scripted",
            "ls_model_name": "model-1",
            "ls_model_type": "chat",
        }

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self.at += 1
        return ChatResult(generations=[ChatGeneration(message=self.lines[self.at - 1])])


def said(text: str, tokens: int, *calls: dict[str, Any]) -> AIMessage:
    return AIMessage(
        text,
        tool_calls=[{**call, "type": "tool_call"} for call in calls],
        usage_metadata={
            "input_tokens": tokens,
            "output_tokens": 12,
            "total_tokens": tokens + 12,
            "input_token_details": {"cache_read": 8},
            "output_token_details": {"reasoning": 5},
        },
        response_metadata={"model_name": "model-1-2026"},
    )


@tool
def find_flight(city: str) -> str:
    """Finds a flight."""
    return json.dumps({"city": city, "euros": 180})


@tool
def book(city: str, euros: int) -> str:
    """Books a flight."""
    raise ValueError("the card was refused")


def graph(lines: list[AIMessage]) -> Any:
    model = Scripted(lines=lines).bind_tools([find_flight, book])

    def agent(state: MessagesState) -> Any:
        return {"messages": [model.invoke(state["messages"])]}

    def should_continue(state: MessagesState) -> str:
        return "tools" if state["messages"][-1].tool_calls else "end"

    def polish(state: MessagesState) -> Any:
        return {}

    builder = StateGraph(MessagesState)
    builder.add_node("agent", agent)
    builder.add_node("tools", ToolNode([find_flight, book], handle_tool_errors=True))
    builder.add_node("polish", polish)
    builder.add_edge(START, "agent")
    targets = {"tools": "tools", "end": "polish"}
    builder.add_conditional_edges("agent", should_continue, targets)
    builder.add_edge("tools", "agent")
    builder.add_edge("polish", END)
    return builder.compile()


def trace(client: Client) -> None:
    find = {"name": "find_flight", "args": {"city": "Rome"}, "id": "call_1"}
    pay = {"name": "book", "args": {"city": "Rome", "euros": 180}, "id": "call_2"}
    app = graph(
        [
            said("Let me look.", 40, find),
            said("", 70, pay),
            said("The card was refused, so nothing is booked.", 95),
            said("You are welcome.", 110),
        ]
    )
    config = {
        "callbacks": [LangChainTracer(client=client)],
        "metadata": {"thread_id": "thread-1"},
        "tags": ["travel"],
    }
    for asked in ("Book me a flight to Rome.", "Thanks anyway."):
        app.invoke({"messages": [("user", asked)]}, config)
    client.flush()


def scrubbed(run: dict[str, Any]) -> dict[str, Any]:
    """The run without the machine: its paths, its names, its environment."""
    run = json.loads(MACHINE.sub(r"/\2/", json.dumps(run)))
    extra = run.get("extra") or {}
    runtime = extra.get("runtime") or {}
    if runtime:
        extra["runtime"] = {k: runtime[k] for k in RUNTIME if k in runtime}
    metadata = extra.get("metadata") or {}
    for name in [n for n in metadata if n.startswith("LANG") or n == "revision_id"]:
        del metadata[name]
    return run


def main() -> None:
    server = HTTPServer(("127.0.0.1", 0), Keep)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    OUT.mkdir(parents=True, exist_ok=True)
    trace(Client(api_url=url, api_key="none", auto_batch_tracing=True))
    lines = "".join(json.dumps(scrubbed(run)) + "\n" for run in received["post"])
    (OUT / "runs.jsonl").write_text(lines, "utf-8")
    received.update(post=[], patch=[])
    trace(Client(api_url=url, api_key="none", auto_batch_tracing=False))
    batch = {verb: list(map(scrubbed, runs)) for verb, runs in received.items()}
    (OUT / "batch.json").write_text(json.dumps(batch) + "\n", "utf-8")
    server.shutdown()


if __name__ == "__main__":
    main()
