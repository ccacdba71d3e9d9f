"""Writes tests/traces/pydantic_ai: a scripted agent, run by the real Pydantic AI.

Run by hand where `pydantic-ai-slim` is installed; nothing in it calls a model or a
network.
"""

import json
from pathlib import Path

from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry, ToolOutput
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

OUT = Path(__file__).parents[1] / "traces" / "pydantic_ai"


class Refund(BaseModel):
    """What was paid back."""

    order_id: str
    cents: int


def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Says what the script says, by how often it has spoken."""
    turn = sum(isinstance(message, ModelResponse) for message in messages)
    usage = RequestUsage(
        input_tokens=100 * (turn + 1),
        output_tokens=10 + turn,
        cache_read_tokens=50 * turn,
        details={"reasoning_tokens": turn},
    )
    parts = [
        [
            ThinkingPart("The order is needed first.", signature="c2ln"),
            TextPart("Let me look at the order."),
            ToolCallPart("get_order", {"order_id": "17"}, "call_1"),
        ],
        [ToolCallPart("get_order", '{"order_id": "A-17"}', "call_2")],
        [ToolCallPart("final_result", {"order_id": "A-17", "cents": "all"}, "call_3")],
        [ToolCallPart("final_result", {"order_id": "A-17", "cents": 4900}, "call_4")],
        [TextPart("Two working days.")],
    ][turn]
    return ModelResponse(parts, usage=usage, model_name="script-1")


agent = Agent(
    FunctionModel(model),
    instructions="You help the shop's customers.",
    system_prompt="Be brief.",
    output_type=[ToolOutput(Refund, name="final_result"), str],
    retries=2,
)


@agent.tool_plain
def get_order(order_id: str) -> dict[str, object]:
    """Reads an order."""
    if not order_id.startswith("A-"):
        raise ModelRetry("An order's id begins with A-.")
    return {"order_id": order_id, "cents": 4900}


def main() -> None:
    first = agent.run_sync("Please refund order A-17.")
    again = agent.run_sync("How long?", message_history=first.all_messages())
    whole = json.loads(again.all_messages_json())
    (OUT / "messages.json").write_text(json.dumps(whole, indent=1) + "\n")
    new = json.loads(ModelMessagesTypeAdapter.dump_json(first.new_messages()))
    row = {"messages": new, "output": {"order_id": "A-17", "cents": 4900}}
    (OUT / "wrapped.jsonl").write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
