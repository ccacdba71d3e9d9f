"""Writes tests/traces/inspect: scripted agents, logged by the real Inspect AI.

Run by hand where `inspect_ai` is installed, outside of any git checkout; its mock model
says what is listed here. Nothing in it calls a model or a network.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval
from inspect_ai.agent import agent, as_tool, handoff, react
from inspect_ai.approval import Approval, ApprovalPolicy, approver
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes, model_graded_qa
from inspect_ai.tool import ToolCall, ToolError, tool
from inspect_ai.util import store, subtask

OUT = Path(__file__).parents[1] / "traces" / "inspect"
USAGE = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 22}


@tool
def add() -> Any:
    async def execute(x: int, y: int) -> str:
        """Adds two numbers.

        Args:
            x: The first.
            y: The second.
        """
        store().set("sum", x + y)
        return str(x + y)

    return execute


@tool
def divide() -> Any:
    async def execute(x: int, y: int) -> str:
        """Divides two numbers.

        Args:
            x: The first.
            y: The second.
        """
        if y == 0:
            raise ToolError("nothing can be divided by 0")
        return str(x / y)

    return execute


@subtask
async def reflect(question: str) -> str:
    return (await get_model().generate(question)).completion


@tool
def ponder() -> Any:
    async def execute(question: str) -> str:
        """Thinks about a question.

        Args:
            question: The question.
        """
        return str(await reflect(question))

    return execute


@agent
def helper() -> Any:
    return react(name="helper", description="helps", prompt="Help.", tools=[add()])


@agent
def deputy() -> Any:
    return react(name="deputy", description="decides", prompt="Decide.", tools=[add()])


@approver
def careful() -> Any:
    async def approve(message: Any, call: Any, view: Any, history: Any) -> Approval:
        if call.arguments.get("x") == 13:
            return Approval(decision="reject", explanation="13 is not allowed")
        return Approval(decision="approve", explanation="harmless")

    return approve


def said(text: str, *calls: tuple[str, str, dict[str, Any]]) -> ModelOutput:
    """An answer of the mock model, with a usage of which a cache served a part."""
    asked = [ToolCall(id=id, function=name, arguments=args) for id, name, args in calls]
    message = ChatMessageAssistant(content=text, tool_calls=asked or None)
    reason = "tool_calls" if asked else "stop"
    usage = ModelUsage(**USAGE, input_tokens_cache_read=7)
    choice = {"message": message, "stop_reason": reason}
    return ModelOutput(model="mock", choices=[choice], usage=usage)


SCRIPT = [
    said("Both.", ("c1", "add", {"x": 1, "y": 2}), ("c2", "divide", {"x": 1, "y": 0})),
    said("Ask.", ("c3", "helper", {"input": "Add 3 and 4."})),
    said("Adding.", ("c4", "add", {"x": 3, "y": 4})),
    said("Done.", ("c5", "submit", {"answer": "seven"})),
    said("Hand over.", ("c6", "transfer_to_deputy", {})),
    said("Adding.", ("c7", "add", {"x": 13, "y": 5})),
    said("Done.", ("c8", "submit", {"answer": "no"})),
    said("Think.", ("c9", "ponder", {"question": "Why?"})),
    said("Because it is so. " * 20),
    said("Done.", ("c10", "submit", {"answer": "42"})),
    said("GRADE: C"),
]


def main() -> None:
    model = get_model("mockllm/model", custom_outputs=SCRIPT, memoize=False)
    tools = [add(), divide(), as_tool(helper()), handoff(deputy()), ponder()]
    task = Task(
        dataset=[Sample(input="What is the answer? " * 10, target="42", id="sums")],
        solver=react(name="chief", prompt="Lead.", tools=tools),
        scorer=[includes(), model_graded_qa(model=model)],
        approval=[ApprovalPolicy(careful(), "*")],
        name="sums",
    )
    with tempfile.TemporaryDirectory() as folder:
        eval(task, model=model, log_dir=folder, log_format="eval", display="none")
        (log,) = Path(folder).glob("*.eval")
        OUT.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, OUT / "agents.eval")


if __name__ == "__main__":
    main()
