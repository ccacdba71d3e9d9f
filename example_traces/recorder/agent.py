"""A parcel desk that records itself: `python agent.py parcel-desk.jsonl`."""

import sys
from typing import Any

from whypath.record import Clock, run

ASKED = "Send order A-17 (3 kg) to Oslo. It has to be there on Friday."
PRICES = {"road": {"euros": 12.5, "days": 4}, "air": {"euros": 31.0, "days": 2}}


def model(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Stands for a model's API, and answers as one does."""
    if len(messages) == 2:
        asked = {"name": "prices.get", "arguments": '{"to": "Oslo", "kg": 3}'}
        return {"role": "assistant", "tool_calls": [{"id": "c1", "function": asked}]}
    return {"role": "assistant", "content": "Order A-17 flies to Oslo for 31 euros."}


def ship(to: Any, clock: Clock | None = None) -> None:
    """Answers one request, and records that in the file `to`."""
    tools = ["prices.get", "labels.print"]
    with run(to, id="a-17", task=ASKED, agent="desk", tools=tools, clock=clock) as r:

        @r.tool(name="prices.get")
        def get_prices(to: str, kg: int) -> dict[str, Any]:
            return PRICES

        @r.tool(name="labels.print")
        def print_label(by: str) -> str:
            raise ConnectionError("the printer does not answer")

        r.add("user", output=ASKED)
        system = {"role": "system", "content": "You send parcels. Keep to the dates."}
        messages: list[dict[str, Any]] = [system, {"role": "user", "content": ASKED}]
        with r.step("model", model="desk-1", context=messages) as s:
            reply = model(messages)
            s.calls = reply["tool_calls"]
            s.usage = {"input_tokens": 88, "output_tokens": 17, "cost_usd": 0.0004}
        with r.step("retrieval", "calendar", input="Friday") as calendar:
            calendar.output = {"friday": "2026-11-27", "days_left": 3}
        prices = get_prices(to="Oslo", kg=3)
        left = calendar.output["days_left"]
        r.decide(
            "How does the parcel travel?",
            [
                {"name": "road", "arguments": prices["road"], "reason": "too slow"},
                {"name": "air", "arguments": prices["air"]},
            ],
            chosen="air",
            rationale="Only air arrives by Friday.",
            evidence=[calendar.cite("days_left", left, "$.days_left")],
            name="choose_way",
        )
        r.state({"order.way": "air", "order.euros": prices["air"]["euros"]})
        try:
            print_label("air")
        except ConnectionError:
            r.state({"order.label": "still to be printed"})
        result = {"role": "tool", "tool_call_id": "c1", "content": prices}
        messages += [reply, result]
        with r.step("model", model="desk-1", context=messages) as s:
            s.output = model(messages)["content"]
            s.usage = {"input_tokens": 131, "output_tokens": 11, "cost_usd": 0.0005}
            s.decide("Tell the customer now?", ["now", "later"], chosen="now")
        r.end(answer=s.output)


if __name__ == "__main__":
    ship(sys.argv[1] if sys.argv[1:] else "-")
