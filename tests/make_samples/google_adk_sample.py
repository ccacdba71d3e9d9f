"""Writes tests/traces/google_adk: scripted agents, run by the real Google ADK.

Run by hand where `google-adk` is installed; nothing in it calls a model or a network.
A session is written in both spellings (snake_case, camelCase), and what a runner yields
while it streams, one event a line.
"""

import asyncio
import json
import logging
import warnings
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")
logging.disable(logging.ERROR)

from google.adk.agents import LlmAgent, ParallelAgent  # noqa: E402
from google.adk.agents.run_config import RunConfig, StreamingMode  # noqa: E402
from google.adk.models import BaseLlm, LlmRequest, LlmResponse  # noqa: E402
from google.adk.runners import Runner  # noqa: E402
from google.adk.sessions import InMemorySessionService  # noqa: E402
from google.adk.tools import (  # noqa: E402
    FunctionTool,
    LongRunningFunctionTool,
    ToolContext,
)
from google.genai import types  # noqa: E402

OUT = Path(__file__).parents[1] / "traces" / "google_adk"


def call(name: str, **args: Any) -> types.Part:
    return types.Part(function_call=types.FunctionCall(name=name, args=args))


def thought(text: str) -> types.Part:
    return types.Part(text=text, thought=True)


SAID: dict[str, list[Any]] = {
    "desk": [
        [thought("This is about money."), call("transfer_to_agent", agent_name="till")],
        [call("transfer_to_agent", agent_name="checks")],
    ],
    "till": [
        [
            types.Part(text="Let me look."),
            call("get_order", order_id="A-17"),
            call("get_order", order_id="A-71"),
        ],
        [call("refund", order_id="A-17", cents=4900)],
        [types.Part(text="4900 cents are paid back.")],
        [call("ask_boss", about="A-71")],
        [types.Part(text="I have asked; the answer will take a while.")],
        LlmResponse(error_code="RESOURCE_EXHAUSTED", error_message="Quota is used up."),
    ],
    "stock": [[types.Part(text="Two are in stock.")]],
    "prices": [[types.Part(text="The price is 4900 cents.")]],
}


class Script(BaseLlm):
    """A model that says what the script has for its agent."""

    model: str = "script-1"
    agent: str
    turn: int = 0

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        said = SAID[self.agent][self.turn]
        self.turn += 1
        if isinstance(said, LlmResponse):
            yield said
            return
        texts = [part for part in said if part.text and not part.thought]
        for part in texts if stream else []:
            for piece in (part.text[:8], part.text[8:]):
                content = types.Content(role="model", parts=[types.Part(text=piece)])
                yield LlmResponse(content=content, partial=True)
        usage = types.GenerateContentResponseUsageMetadata(
            prompt_token_count=100 * self.turn,
            candidates_token_count=10,
            thoughts_token_count=3 if said[0].thought else None,
            cached_content_token_count=40 if self.turn > 1 else None,
        )
        usage.total_token_count = 100 * self.turn + (13 if said[0].thought else 10)
        content = types.Content(role="model", parts=said)
        yield LlmResponse(content=content, usage_metadata=usage, model_version="s-1.1")


def get_order(order_id: str, tool_context: ToolContext) -> dict[str, Any]:
    """Reads an order."""
    if order_id == "A-71":
        return {"error": "no such order"}
    tool_context.state["order"] = {"id": order_id, "cents": 4900}
    tool_context.state["user:tier"] = "gold"
    return {"order_id": order_id, "cents": 4900}


def refund(order_id: str, cents: int) -> dict[str, Any]:
    """Pays money back."""
    return {"paid": cents}


def ask_boss(about: str) -> dict[str, Any]:
    """Asks the boss, who answers later."""
    return {"status": "pending", "ticket": "T-1"}


def agent(name: str, **more: Any) -> LlmAgent:
    return LlmAgent(name=name, model=Script(agent=name), instruction="Help.", **more)


def team() -> LlmAgent:
    tools = [
        get_order,
        FunctionTool(refund, require_confirmation=True),
        LongRunningFunctionTool(ask_boss),
    ]
    till = agent("till", description="Handles money.", tools=tools)
    both = [agent("stock"), agent("prices")]
    checks = ParallelAgent(name="checks", description="Looks up.", sub_agents=both)
    return agent("desk", sub_agents=[till, checks])


def user(text: str) -> types.Content:
    return types.Content(role="user", parts=[types.Part(text=text)])


async def talk(runner: Runner, id: str, said: types.Content, config: RunConfig) -> list:
    given = {"user_id": "user-7", "session_id": id, "run_config": config}
    return [event async for event in runner.run_async(new_message=said, **given)]


async def main() -> None:
    service = InMemorySessionService()
    runner = Runner(app_name="shop", agent=team(), session_service=service)
    await service.create_session(
        app_name="shop", user_id="user-7", session_id="s-42", state={"shop": "north"}
    )
    config = RunConfig(streaming_mode=StreamingMode.NONE)
    events = await talk(runner, "s-42", user("Please refund order A-17."), config)
    calls = [c for event in events for c in event.get_function_calls()]
    asked = next(c for c in calls if c.name == "adk_request_confirmation")
    answer = types.FunctionResponse(
        id=asked.id, name=asked.name, response={"confirmed": True}
    )
    part = types.Part(function_response=answer)
    await talk(runner, "s-42", types.Content(role="user", parts=[part]), config)
    await talk(runner, "s-42", user("And order A-71?"), config)
    await talk(runner, "s-42", user("Is there an answer?"), config)
    session = await service.get_session(
        app_name="shop", user_id="user-7", session_id="s-42"
    )
    snake = json.loads(session.model_dump_json(exclude_none=True))
    camel = json.loads(session.model_dump_json(exclude_none=True, by_alias=True))
    for name, value in (("snake", snake), ("camel", camel)):
        text = json.dumps(value, indent=1) + "\n"
        (OUT / f"session_{name}.json").write_text(text)

    runner = Runner(app_name="shop", agent=team(), session_service=service)
    await service.create_session(app_name="shop", user_id="user-7", session_id="s-43")
    config = RunConfig(streaming_mode=StreamingMode.SSE)
    SAID["desk"].reverse()
    events = await talk(runner, "s-43", user("Is it there, and how much?"), config)
    lines = (e.model_dump_json(exclude_none=True, by_alias=True) for e in events)
    (OUT / "events.jsonl").write_text("".join(line + "\n" for line in lines))


if __name__ == "__main__":
    asyncio.run(main())
