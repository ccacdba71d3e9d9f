"""Writes tests/traces/mlflow: a scripted agent, traced by the real MLflow SDK.

Run by hand where `mlflow` is installed; nothing in it calls a model or a network. What
names the machine or its user is taken out before a file is written.
"""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
HOME = tempfile.mkdtemp()
os.chdir(HOME)

import mlflow  # noqa: E402
from mlflow.entities import Document, SpanType  # noqa: E402
from mlflow.tracing import set_span_chat_tools  # noqa: E402

OUT = Path(__file__).parents[1] / "traces" / "mlflow"
PRIVATE = ("mlflow.source.", "mlflow.user", "mlflow.artifactLocation", "mlflow.runId")

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": what,
            "parameters": {
                "type": "object",
                "properties": {key: {"type": type_} for key, type_ in takes.items()},
                "required": list(takes),
            },
        },
    }
    for name, what, takes in (
        ("find_policy", "Searches the shop's rules.", {"query": "string"}),
        ("get_order", "Reads an order.", {"order_id": "string"}),
        ("refund", "Pays money back.", {"order_id": "string", "cents": "integer"}),
    )
]


def call(id: str, name: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": id, "type": "function", "function": function}


SAID: list[dict[str, Any]] = [
    {
        "content": "I need the rules and the order.",
        "tool_calls": [
            call("call_1", "find_policy", query="late refund"),
            call("call_2", "get_order", order_id="A-17"),
        ],
    },
    {
        "content": None,
        "tool_calls": [call("call_3", "refund", order_id="A-17", cents=9900)],
    },
    {
        "content": "That was too much; the order was 49.00.",
        "tool_calls": [call("call_4", "refund", order_id="A-17", cents=4900)],
    },
    {"content": "I have paid back 49.00 for order A-17."},
    {"content": "It takes two working days."},
]
USED = [(210, 41, 0), (390, 22, 128), (455, 35, 256), (520, 14, 384), (560, 8, 512)]


class Model:
    """A model that says what the script says."""

    def __init__(self) -> None:
        self.turn = 0

    @mlflow.trace(name="Completions", span_type=SpanType.CHAT_MODEL)
    def create(self, **request: Any) -> dict[str, Any]:
        said, (given, made, cached) = SAID[self.turn], USED[self.turn]
        self.turn += 1
        span = mlflow.get_current_active_span()
        span.set_inputs(request)
        set_span_chat_tools(span, request["tools"])
        usage = {"input_tokens": given, "output_tokens": made}
        usage |= {"total_tokens": given + made, "cache_read_input_tokens": cached}
        span.set_attribute("mlflow.chat.tokenUsage", usage)
        cost = {"input_cost": given / 4e6, "output_cost": made / 1e6}
        cost["total_cost"] = sum(cost.values())
        span.set_attribute("mlflow.llm.cost", cost)
        span.set_attribute("mlflow.llm.model", request["model"])
        span.set_attribute("mlflow.message.format", "openai")
        message = {"role": "assistant", **said}
        reason = "tool_calls" if "tool_calls" in said else "stop"
        return {
            "id": f"chatcmpl-{self.turn}",
            "object": "chat.completion",
            "model": "gpt-4.1-mini-2025-04-14",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {
                "prompt_tokens": given,
                "completion_tokens": made,
                "total_tokens": given + made,
                "prompt_tokens_details": {"cached_tokens": cached},
            },
        }


@mlflow.trace(span_type=SpanType.RETRIEVER)
def find_policy(query: str) -> list[Document]:
    text = "Refunds are paid within 30 days, up to what the order cost."
    return [Document(page_content=text, metadata={"doc_uri": "policy.md"}, id="p1")]


@mlflow.trace(span_type=SpanType.TOOL)
def get_order(order_id: str) -> dict[str, Any]:
    return {"order_id": order_id, "cents": 4900, "days": 12}


@mlflow.trace(span_type=SpanType.TOOL)
def refund(order_id: str, cents: int) -> str:
    if cents > 4900:
        raise ValueError("more than the order cost")
    return f"paid {cents}"


RUN = {"find_policy": find_policy, "get_order": get_order, "refund": refund}


@mlflow.trace(name="shop_agent", span_type=SpanType.AGENT)
def agent(question: str, model: Model, messages: list[dict[str, Any]]) -> str:
    metadata = {"mlflow.trace.session": "session-42", "mlflow.trace.user": "user-7"}
    mlflow.update_current_trace(metadata=metadata, tags={"shop": "north"})
    mlflow.get_current_active_span().set_inputs({"question": question})
    messages.append({"role": "user", "content": question})
    while True:
        request = {"model": "gpt-4.1-mini", "tools": TOOLS}
        answer = model.create(messages=list(messages), **request)
        message = answer["choices"][0]["message"]
        messages.append(message)
        if "tool_calls" not in message:
            return str(message["content"])
        for asked in message["tool_calls"]:
            function = asked["function"]
            try:
                result = RUN[function["name"]](**json.loads(function["arguments"]))
            except ValueError as error:
                result = f"Error: {error}"
            content = json.dumps(result, default=lambda value: value.to_dict())
            messages.append(
                {"role": "tool", "tool_call_id": asked["id"], "content": content}
            )


@mlflow.trace(name="broken_agent", span_type=SpanType.AGENT)
def broken_agent(question: str) -> str:
    with mlflow.start_span("plan", span_type="PLANNER") as span:
        span.set_inputs({"question": question})
        span.set_outputs(["look", "answer"])
    refund("A-18", 10_000)
    return "never"


def scrubbed(value: Any) -> Any:
    """The value without what names this machine, its user or its folders."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if not k.startswith(PRIVATE)}
        return {key: scrubbed(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    if not isinstance(value, str):
        return value
    if value[:1] in ("{", "["):
        try:
            return json.dumps(scrubbed(json.loads(value)))
        except ValueError:
            return value
    here = str(Path(__file__).resolve().parent)
    value = re.sub(r'[^"\s]*/site-packages/', "", value)
    return value.replace(here, "shop").replace(HOME, "shop")


def v2(trace: dict[str, Any], ids: str) -> dict[str, Any]:
    """The trace as MLflow 2 wrote it, by the rules of `Span.from_dict_v2`."""
    import base64

    def hexed(id: str | None) -> str | None:
        return None if id is None else "0x" + base64.b64decode(id).hex()

    spans = [
        {
            "name": span["name"],
            "context": {"span_id": hexed(span["span_id"]), "trace_id": ids},
            "parent_id": hexed(span["parent_span_id"]),
            "start_time": span["start_time_unix_nano"],
            "end_time": span["end_time_unix_nano"],
            "status_code": span["status"]["code"].removeprefix("STATUS_CODE_"),
            "status_message": span["status"].get("message") or "",
            "attributes": span["attributes"],
            "events": [
                {
                    "name": event["name"],
                    "timestamp": event["time_unix_nano"] // 1000,
                    "attributes": event["attributes"],
                }
                for event in span["events"]
            ],
        }
        for span in trace["data"]["spans"]
    ]
    info = trace["info"]
    return {
        "info": {
            "request_id": "tr-" + ids[2:],
            "experiment_id": "0",
            "timestamp_ms": trace["data"]["spans"][0]["start_time_unix_nano"] // 10**6,
            "execution_time_ms": info["execution_duration_ms"],
            "status": info["state"],
            "request_metadata": info["trace_metadata"],
            "tags": info["tags"],
            "assessments": [],
        },
        "data": {
            "spans": spans,
            "request": spans[0]["attributes"]["mlflow.spanInputs"],
            "response": spans[0]["attributes"].get("mlflow.spanOutputs"),
        },
    }


def main() -> None:
    mlflow.set_tracking_uri(f"sqlite:///{HOME}/mlflow.db")
    mlflow.set_experiment("shop")
    model, messages = Model(), []
    messages.append({"role": "system", "content": "You help the shop's customers."})
    agent("Please refund order A-17.", model, messages)
    first = mlflow.get_last_active_trace_id()
    agent("How long does that take?", model, messages)
    try:
        broken_agent("Refund order A-18.")
    except ValueError:
        broken = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(trace_id=first, name="helpful", value=True, rationale="Paid.")
    mlflow.log_expectation(trace_id=first, name="cents", value=4900)
    mlflow.flush_trace_async_logging()
    whole = scrubbed(json.loads(mlflow.get_trace(first).to_json()))
    (OUT / "trace.json").write_text(json.dumps(whole, indent=1) + "\n")
    failed = scrubbed(json.loads(mlflow.get_trace(broken).to_json()))
    ids = "0x" + failed["info"]["trace_id"].removeprefix("tr-")
    (OUT / "v2.json").write_text(json.dumps(v2(failed, ids), indent=1) + "\n")
    frame = mlflow.search_traces(order_by=["timestamp_ms ASC"])
    lines = frame.to_json(orient="records", lines=True, date_format="iso")
    rows = [json.dumps(scrubbed(json.loads(x))) for x in lines.splitlines()]
    (OUT / "search.jsonl").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
