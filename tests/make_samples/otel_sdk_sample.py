"""Writes tests/traces/otel_sdk: a scripted agent, traced by the real OpenTelemetry SDK.

Run by hand where these are installed: `opentelemetry-sdk`, `openai`, `httpx`,
`opentelemetry-instrumentation-openai-v2==2.4b0`, `opentelemetry-util-genai==1.1b0`,
`opentelemetry-exporter-otlp-json-file`, `openinference-instrumentation`. The model is a
server on this machine that says what it is told to. The same spans go to every
exporter. The decisions are asked for with OpenAI's own client and written down with
OpenInference's own helpers.
"""

import io
import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

os.environ.update(
    OTEL_SEMCONV_STABILITY_OPT_IN="gen_ai_latest_experimental",
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="SPAN_ONLY",
)

from openai import OpenAI
from openinference.instrumentation import (
    OITracer,
    TraceConfig,
    get_decision_attributes,
)
from openinference.semconv.trace import (
    OpenInferenceDecisionProviderValues,
    OpenInferenceDecisionSystemValues,
    OpenInferenceSpanKindValues,
)
from opentelemetry.exporter.otlp.json.file.trace_exporter import (
    FileSpanExporter,
)
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)

OUT = Path(__file__).parents[1] / "traces" / "otel_sdk"
PORT = 8765
CREATED = 1_795_000_000

ASKED = "Order A-17 came broken. Can I have my 49 euros back?"
LOOK = {
    "type": "function",
    "function": {
        "name": "look_up_order",
        "description": "What was ordered, and when.",
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
        },
    },
}
PAY = {
    "type": "function",
    "function": {
        "name": "pay_back",
        "description": "Sends money back.",
        "parameters": {
            "type": "object",
            "properties": {"cents": {"type": "integer"}},
        },
    },
}
FOUND = '{"order_id": "A-17", "cents": 4900, "paid": "2026-11-02"}'
REFUSED = "the bank does not answer"


def call(id: str, name: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": id, "type": "function", "function": function}


def completion(number: int, message: dict[str, Any], why: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}}
    usage = {"prompt_tokens": 100 * number, "completion_tokens": 10 + number}
    cached = {"prompt_tokens_details": {"cached_tokens": 40 * (number - 1)}}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": CREATED,
        "model": "desk-1-2026-10-01",
        "choices": [{**choice, "finish_reason": why}],
        "usage": {**usage, "total_tokens": sum(usage.values()), **cached},
    }


DECIDED = {
    "model": "gpt-6-luna",
    "answers": [
        {
            "type": "choice",
            "name": "team",
            "choice": "refunds",
            "confidence": 0.91,
            "probabilities": [
                {"value": "refunds", "probability": 0.91},
                {"value": "shipping", "probability": 0.07},
                {"value": "legal", "probability": 0.02},
            ],
        },
        {"type": "predicate", "name": "is_angry", "probability": 0.23},
        {
            "type": "score",
            "name": "urgency",
            "score": 1.2,
            "confidence": 0.7,
            "probabilities": [
                {"label": "low", "value": 0, "probability": 0.1},
                {"label": "normal", "value": 1, "probability": 0.6},
                {"label": "high", "value": 2, "probability": 0.3},
            ],
        },
        {"type": "refusal", "name": "is_lying"},
    ],
    "usage": {
        "input_tokens": 120,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 124,
    },
}
QUESTIONS: list[dict[str, Any]] = [
    {
        "type": "choice",
        "name": "team",
        "instructions": "Which team should answer?",
        "choices": [
            {"value": "refunds", "description": "money back"},
            {"value": "shipping", "description": "where is it"},
            {"value": "legal"},
        ],
    },
    {
        "type": "predicate",
        "name": "is_angry",
        "instructions": "The customer is angry.",
    },
    {
        "type": "score",
        "name": "urgency",
        "instructions": "How urgent is it?",
        "levels": [{"label": "low"}, {"label": "normal"}, {"label": "high"}],
    },
    {"type": "predicate", "name": "is_lying", "instructions": "The customer lies."},
]
SYSTEM_ONE_ASKED = {
    "model": "jev-latest",
    "state": {"order": "A-17", "cents": 4900, "limit": 5000},
    "questions": {
        "within_limit": {
            "type": "noul",
            "instructions": "Is the sum within the limit?",
        },
        "next": {
            "type": "choice",
            "instructions": "What should happen next?",
            "criteria": {"pay": "send the money", "ask": "ask a person"},
        },
    },
}
SYSTEM_ONE_SAID = {
    "model": "jev-1.13.0",
    "answers": {
        "within_limit": {"type": "noul", "noul": 0.98},
        "next": {
            "type": "choice",
            "choice": "pay",
            "confidence": 0.83,
            "probabilities": {"pay": 0.83, "ask": 0.17},
        },
    },
    "usage": {"input_tokens": 88, "output_tokens": 0},
}

ANSWERS = iter(
    [
        DECIDED,
        completion(
            1,
            {"content": None, "tool_calls": [call("call_1", LOOK["function"]["name"],
                                                   order_id="A-17")]},
            "tool_calls",
        ),
        completion(
            2,
            {"content": "It was 49 euros; I send them back.",
             "tool_calls": [call("call_2", "pay_back", cents=4900)]},
            "tool_calls",
        ),
        completion(3, {"content": "The bank does not answer; please wait."}, "stop"),
    ]
)  # fmt: skip


class Model(BaseHTTPRequestHandler):
    """Says what comes next, whatever it is asked."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        data = json.dumps(next(ANSWERS)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        return


def decide(client: OpenAI, tracer: OITracer) -> None:
    """Two calls to decision models: OpenAI's, and one of the System One kind."""
    kind = OpenInferenceSpanKindValues.DECISION
    asked = {"model": "gpt-6-luna", "input": ASKED, "questions": QUESTIONS}
    with tracer.start_as_current_span("triage", openinference_span_kind=kind) as span:
        said = client.decisions.create(**asked)  # type: ignore[arg-type]
        span.set_input(json.dumps(asked), mime_type="application/json")
        span.set_output(said.model_dump_json(), mime_type="application/json")
        span.set_attributes(
            get_decision_attributes(
                provider=OpenInferenceDecisionProviderValues.OPENAI,
                system=OpenInferenceDecisionSystemValues.OPENAI,
                response_model_name=said.model,
                token_count={
                    "input": said.usage.input_tokens,
                    "output": said.usage.output_tokens,
                },
            )
        )
    with tracer.start_as_current_span("guard", openinference_span_kind=kind) as span:
        span.set_input(json.dumps(SYSTEM_ONE_ASKED), mime_type="application/json")
        span.set_output(json.dumps(SYSTEM_ONE_SAID), mime_type="application/json")
        span.set_attributes(
            get_decision_attributes(
                provider=OpenInferenceDecisionProviderValues.TYPESAFE,
                system=OpenInferenceDecisionSystemValues.TYPESAFE,
                request_model_name="jev-latest",
                response_model_name="jev-1.13.0",
                token_count={"input": 88, "output": 0},
            )
        )


def run_tool(tracer: Any, asked: Any) -> dict[str, Any]:
    """One tool call, traced as the conventions say; the payment fails."""
    name = asked.function.name
    said = FOUND if name == "look_up_order" else f"Error: {REFUSED}"
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": asked.id,
        "gen_ai.tool.call.arguments": asked.function.arguments,
        "gen_ai.tool.call.result": said,
    }
    with tracer.start_as_current_span(f"execute_tool {name}") as span:
        span.set_attributes(attributes)
        if name == "pay_back":
            error = TimeoutError(REFUSED)
            span.record_exception(error)
            span.set_status(_error(REFUSED))
    return {"role": "tool", "tool_call_id": asked.id, "content": said}


def _error(message: str) -> Any:
    from opentelemetry.trace import Status, StatusCode

    return Status(StatusCode.ERROR, message)


def answer(client: OpenAI, provider: TracerProvider) -> None:
    """One agent that decides, then talks to the model until it calls no tool."""
    tracer = provider.get_tracer("desk")
    messages: list[Any] = [
        {"role": "system", "content": "Be kind. Check before you pay."},
        {"role": "user", "content": ASKED},
    ]
    with tracer.start_as_current_span("invoke_agent desk") as agent:
        agent.set_attribute("gen_ai.operation.name", "invoke_agent")
        agent.set_attribute("gen_ai.agent.name", "desk")
        decide(client, OITracer(tracer, TraceConfig()))
        spent = 0
        while True:
            said = client.chat.completions.create(
                model="desk-1", messages=messages, tools=[LOOK, PAY]
            )
            spent += said.usage.prompt_tokens if said.usage else 0
            message = said.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                break
            messages += [run_tool(tracer, call) for call in message.tool_calls]
        agent.set_attribute("gen_ai.usage.input_tokens", spent)
        agent.set_status(_ok())


def _ok() -> Any:
    from opentelemetry.trace import Status, StatusCode

    return Status(StatusCode.OK)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    outs = {name: io.StringIO() for name in ("console.json", "spans.jsonl")}
    otlp = io.StringIO()
    provider = TracerProvider(resource=Resource({"service.name": "desk"}))
    for exporter in (
        ConsoleSpanExporter(out=outs["console.json"]),
        ConsoleSpanExporter(
            out=outs["spans.jsonl"],
            formatter=lambda span: span.to_json(indent=None) + "\n",
        ),
        FileSpanExporter(stream=otlp),
    ):
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    server = HTTPServer(("127.0.0.1", PORT), Model)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{PORT}/v1"
    answer(OpenAI(base_url=base, api_key="none", max_retries=0), provider)
    server.shutdown()
    for name, out in {**outs, "otlp.jsonl": otlp}.items():
        (OUT / name).write_text(out.getvalue(), "utf-8")


if __name__ == "__main__":
    main()
