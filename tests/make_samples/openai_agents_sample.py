"""Writes tests/traces/openai_agents: scripted runs, traced by the real Agents SDK.

Run by hand where `openai-agents` is installed; a transport inside the process answers
for the model, and no network is used.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    UserError,
    function_tool,
    set_trace_processors,
    trace,
)
from agents.tracing import TracingProcessor
from openai import AsyncOpenAI

OUT = Path(__file__).parents[1] / "traces" / "openai_agents"
MODEL = "model-1"


class Lines(TracingProcessor):
    """Keeps what a processor is given: a trace as it starts, a span as it ends."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def on_trace_start(self, trace: Any) -> None:
        self.lines.append(json.dumps(trace.export()))

    def on_trace_end(self, trace: Any) -> None:
        pass

    def on_span_start(self, span: Any) -> None:
        pass

    def on_span_end(self, span: Any) -> None:
        self.lines.append(json.dumps(span.export()))

    def shutdown(self) -> None:
        pass

    def force_flush(self) -> None:
        pass


def client(answers: Iterator[dict[str, Any]]) -> AsyncOpenAI:
    """A client whose every request is answered with the next of `answers`."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=next(answers))

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return AsyncOpenAI(
        api_key="none", base_url="http://model.test/v1", http_client=http
    )


def response(number: int, tokens: int, *output: dict[str, Any]) -> dict[str, Any]:
    """An answer of the Responses API."""
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1_795_000_000,
        "model": MODEL,
        "status": "completed",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": tokens,
            "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 0},
            "output_tokens": 10 * number,
            "output_tokens_details": {"reasoning_tokens": 4},
            "total_tokens": tokens + 10 * number,
        },
    }


def said(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def called(id: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {
        "id": f"fc_{id}",
        "type": "function_call",
        "call_id": id,
        "name": name,
        "arguments": json.dumps(arguments),
        "status": "completed",
    }


def completion(tokens: int, **message: Any) -> dict[str, Any]:
    """An answer of the Chat Completions API."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_795_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": None, **message},
            }
        ],
        "usage": {
            "prompt_tokens": tokens,
            "completion_tokens": 7,
            "total_tokens": tokens + 7,
            "prompt_tokens_details": {"cached_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }


@function_tool
def look_up_order(order_id: str) -> str:
    """Reads an order."""
    return json.dumps({"order_id": order_id, "paid": 49.5})


@function_tool(failure_error_function=None)
def ship(order_id: str) -> str:
    """Sends an order."""
    raise ValueError(f"order {order_id} has no address")


@function_tool
def check_stock(item: str) -> str:
    """Counts what is in stock. Its error goes back to the model."""
    raise RuntimeError("the stock server is down")


@function_tool(needs_approval=True)
def pay_back(order_id: str, euros: float) -> str:
    """Pays money back, once somebody agrees."""
    return "paid"


async def no_secrets(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
    tripped = "password" in str(input)
    return GuardrailFunctionOutput({"reason": "asks for a password"}, tripped)


def responses_model(*answers: dict[str, Any]) -> OpenAIResponsesModel:
    return OpenAIResponsesModel(MODEL, client(iter(answers)))


async def handoff() -> None:
    """A tool, a failed tool, a handoff, and an answer by another agent."""
    refunds = Agent(
        name="Refunds",
        instructions="Pay back what is due.",
        model=responses_model(response(4, 140, said("You get 49.50 back."))),
    )
    returns = Agent(name="Returns", instructions="Take things back.")
    triage = Agent(
        name="Triage",
        instructions="Find out what it is about.",
        tools=[look_up_order, check_stock],
        handoffs=[refunds, returns],
        input_guardrails=[InputGuardrail(no_secrets, name="no secrets")],
        model=responses_model(
            response(
                1,
                100,
                called("call_1", "look_up_order", order_id="A-17"),
                called("call_2", "check_stock", item="lamp"),
            ),
            response(2, 130, called("call_3", "transfer_to_refunds")),
        ),
    )
    with trace("Shop", group_id="conversation-7", metadata={"channel": "mail"}):
        await Runner.run(triage, "The lamp of order A-17 is broken.")


async def tripped() -> None:
    """A guardrail stops the run before the model answers."""
    guarded = Agent(
        name="Helper",
        input_guardrails=[
            InputGuardrail(no_secrets, name="no secrets", run_in_parallel=False)
        ],
        model=responses_model(),
    )
    with suppress(InputGuardrailTripwireTriggered):
        await Runner.run(guarded, "What is the password?")


async def chat() -> None:
    """A model of the Chat Completions API, whose messages are recorded; a crash."""
    call = {
        "id": "call_9",
        "type": "function",
        "function": {"name": "look_up_order", "arguments": '{"order_id": "B-2"}'},
    }
    failing = {
        "id": "call_10",
        "type": "function",
        "function": {"name": "ship", "arguments": '{"order_id": "B-2"}'},
    }
    answers = (
        completion(50, content="I read it first.", tool_calls=[call]),
        completion(80, tool_calls=[failing]),
    )
    clerk = Agent(
        name="Clerk",
        instructions="Answer in one line.",
        tools=[look_up_order, ship],
        model=OpenAIChatCompletionsModel(MODEL, client(iter(answers))),
    )
    config = RunConfig(workflow_name="Shipping")
    with suppress(UserError):
        await Runner.run(clerk, "Please send order B-2.", run_config=config)


async def paused() -> str:
    """A run that waits for somebody to agree, for the third time."""
    paid = [("A-17", 49.5), ("B-2", 9.0), ("C-3", 1.5)]
    calls = (
        called(f"call_{n}", "pay_back", order_id=order, euros=euros)
        for n, (order, euros) in enumerate(paid, start=2)
    )
    first = called("call_1", "look_up_order", order_id="A-17")
    answers = (
        response(n, 30 * n, call) for n, call in enumerate((first, *calls), start=1)
    )
    careful = Agent(
        name="Careful",
        tools=[look_up_order, pay_back],
        model=OpenAIResponsesModel(MODEL, client(answers)),
    )
    result = await Runner.run(careful, "Pay back what is due.")
    state = result.to_state()
    state.approve(result.interruptions[0])
    result = await Runner.run(careful, state)
    state = result.to_state()
    state.reject(result.interruptions[0])
    result = await Runner.run(careful, state)
    return json.dumps(result.to_state().to_json())


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for name, make in (("handoff", handoff), ("guardrail", tripped), ("chat", chat)):
        lines = Lines()
        set_trace_processors([lines])
        asyncio.run(make())
        text = "".join(f"{line}\n" for line in lines.lines)
        (OUT / f"{name}.jsonl").write_text(text, "utf-8")
    set_trace_processors([])
    (OUT / "paused.json").write_text(asyncio.run(paused()) + "\n", "utf-8")


if __name__ == "__main__":
    main()
