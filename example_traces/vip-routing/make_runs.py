"""Writes `before/` and `after/`: the same ticket router before and after a migration.

Each run looks up a customer and routes a ticket. On 10 November the CRM's field `tier`
became `account_tier`; the router reads `tier`, finds none, and takes its default. Every
call succeeds, every run ends ok. Run it to write the files anew; it uses no chance.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
TIERS = ("vip", "standard", "partner", "vip", "partner")
QUEUES = {"vip": "vip-desk", "partner": "partner-desk", "standard": "general"}
SUBJECTS = (
    *("exports stop half way", "cannot log in", "invoice is wrong"),
    *("report is empty", "late delivery"),
)
PEOPLE = ("Ada", "Bo", "Chen", "Dana", "Eli", "Femi", "Gus")
START = datetime(2026, 11, 3, 8, 12, tzinfo=UTC)
MOVED = datetime(2026, 11, 10, 9, 30, tzinfo=UTC)


def run(number: int, when: datetime, field: str) -> list[dict]:
    """The records of one run. `field` is what the CRM calls the tier."""
    tier = TIERS[number % len(TIERS)]
    read = tier if field == "tier" else "standard"
    queue = QUEUES[read]
    customer, ticket = f"C-{20400 + 7 * number}", f"T-{8800 + number}"
    subject = SUBJECTS[number % len(SUBJECTS)]
    name = PEOPLE[number % len(PEOPLE)]
    record = {"customer_id": customer, "name": name, field: tier, "seats": 5 + number}
    routed = {"ticket": ticket, "queue": queue}
    answer = f"{ticket} is in the queue {queue}."
    asked = {"id": "a", "name": "crm.lookup", "arguments": {"customer_id": customer}}
    acted = {"id": "b", "name": "tickets.route", "arguments": routed}

    def at(seconds: float) -> str:
        moment = when + timedelta(seconds=seconds)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return [
        {"type": "run", "whypath": 1, "id": f"route-{ticket}", "start": at(0)}
        | {"task": "Route a ticket", "agent": "router"},
        {"type": "step", "kind": "user", "start": at(0)}
        | {"output": f"{ticket}, customer {customer}: {subject}"},
        {"type": "step", "id": "ask", "kind": "model", "model": "gpt-5.1-mini"}
        | {"start": at(0.1), "end": at(1.2), "calls": [asked]},
        {"type": "step", "id": "crm", "kind": "tool", "name": "crm.lookup", "call": "a"}
        | {"input": {"customer_id": customer}, "start": at(1.2)}
        | {"end": at(1.4), "output": record},
        {"type": "decision", "name": "route_ticket", "start": at(1.4)}
        | {"question": "Which queue takes this ticket?", "chosen": queue}
        | {"options": [{"name": name} for name in sorted(QUEUES.values())]}
        | {"evidence": [{"name": "tier", "value": read}]},
        {"type": "step", "id": "act", "kind": "model", "model": "gpt-5.1-mini"}
        | {"start": at(1.5), "end": at(2.3), "calls": [acted]},
        {"type": "step", "kind": "tool", "name": "tickets.route", "call": "b"}
        | {"input": routed, "start": at(2.3), "end": at(2.4)}
        | {"output": {"status": 200, "queue": queue}},
        {"type": "step", "kind": "model", "model": "gpt-5.1-mini", "start": at(2.5)}
        | {"end": at(3.1), "output": answer},
        {"type": "end", "end": at(3.1), "status": "ok", "outcome": {"answer": answer}},
    ]


def write(folder: Path, first: int, start: datetime, field: str) -> None:
    """Ten runs, some hours apart, a file each."""
    folder.mkdir(exist_ok=True)
    for at in range(10):
        number = first + at
        when = start + timedelta(hours=15 * at, minutes=(number * 17) % 60)
        lines = [json.dumps(record) for record in run(number, when, field)]
        path = folder / f"route-{8800 + number}.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(HERE / "before", 0, START, "tier")
    write(HERE / "after", 10, MOVED, "account_tier")
