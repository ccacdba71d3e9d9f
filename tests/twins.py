"""Makes pairs of runs that differ by a known edit. For tests only.

An invented agent looks orders up and acts on them. B is A with one edit; beside it,
what differs in any two runs differs here too: ids, times, the words of the model.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tiny import Tiny
from whypath.derive.story import Story

TOOLS = ("orders.find", "stock.check", "mail.send", "notes.add", "price.quote")
PROMPT = "You look after orders. Look before you act, and act once."
TASK = "Order {order} is late. Find out why and tell the customer."


@dataclass(frozen=True)
class Turn:
    """A call of a tool, and what came back. `origin` is its place in A."""

    tool: str
    arguments: dict[str, Any]
    result: dict[str, Any]
    origin: int | None
    words: str = ""


@dataclass(frozen=True)
class Script:
    """A run to be written down."""

    turns: tuple[Turn, ...]
    prompt: str = PROMPT
    task: str = TASK
    model: str = "small-1"
    tools: tuple[str, ...] = TOOLS
    temperature: float = 0.0


@dataclass(frozen=True)
class Twins:
    """Two runs, the edit between them, and what a diff is to find.

    `turn_a` and `turn_b` are the places where they part, `cause` what the cause is:
    a class, or a class and the place of the turn whose result is not the same.
    """

    edit: str
    a: Script
    b: Script
    turn_a: int
    turn_b: int
    cause: str
    from_turn: int | None = None
    steps: dict[str, int] = field(default_factory=dict)


def make(edit: str, seed: int) -> Twins:
    """The pair of an edit and a seed: the same for the same ones, everywhere."""
    source = random.Random(f"{edit} {seed}")
    a = _run(source, source.randrange(6, 30))
    at = source.randrange(2, len(a.turns) - 2)
    return EDITS[edit](source, a, at)


def _run(source: random.Random, size: int) -> Script:
    """A run whose calls use values that earlier calls brought back."""
    turns: list[Turn] = []
    known = [f"order-{source.randrange(10_000, 99_999)}"]
    for place in range(size):
        tool = source.choice(TOOLS)
        used = source.choice(known[-6:])
        arguments = {"about": used, "limit": source.randrange(2, 90)}
        found = f"ref-{source.randrange(10_000, 99_999)}"
        state = source.choice(("open", "shipped", "returned", "on hold"))
        result = {"about": used, "found": found, "state": state, "place": place}
        known.append(found)
        turns.append(Turn(tool, arguments, result, place, f"Step {place} next."))
    return Script(tuple(turns))


def _other(source: random.Random, turn: Turn) -> Turn:
    """Another choice than a turn's."""
    tool = source.choice([tool for tool in TOOLS if tool != turn.tool])
    return replace(turn, tool=tool)


def _new(source: random.Random, like: Turn) -> Turn:
    fresh = f"new-{source.randrange(10_000, 99_999)}"
    arguments = {"about": fresh, "limit": 91}
    return replace(
        _other(source, like), arguments=arguments, result={"found": fresh}, origin=None
    )


def _with(script: Script, at: int, *turns: Turn, dropped: int = 0) -> Script:
    all_ = (*script.turns[:at], *turns, *script.turns[at + dropped :])
    return replace(script, turns=all_)


def _same(source: random.Random, a: Script, at: int) -> Twins:
    return Twins("same", a, a, -1, -1, "none")


def _insert(source: random.Random, a: Script, at: int) -> Twins:
    b = _with(a, at, _new(source, a.turns[at]))
    return Twins("insert", a, b, at, at, "choice")


def _insert_block(source: random.Random, a: Script, at: int) -> Twins:
    new = [_new(source, a.turns[at]) for _ in range(source.randrange(2, 6))]
    return Twins("insert a block", a, _with(a, at, *new), at, at, "choice")


def _delete(source: random.Random, a: Script, at: int) -> Twins:
    b = _with(a, at, dropped=1)
    return Twins("delete", a, b, at, at, "choice")


def _arguments(source: random.Random, a: Script, at: int) -> Twins:
    turn = a.turns[at]
    changed = replace(turn, arguments=turn.arguments | {"limit": 99})
    b = _with(a, at, changed, dropped=1)
    return Twins("change arguments", a, b, at, at, "choice")


def _swap(source: random.Random, a: Script, at: int) -> Twins:
    first, second = a.turns[at], a.turns[at + 1]
    b = _with(a, at, second, first, dropped=2)
    return Twins("swap", a, b, at, at, "choice")


def _loop_more(source: random.Random, a: Script, at: int) -> Twins:
    turn = replace(a.turns[at - 1], origin=None)
    b = _with(a, at, *[turn] * source.randrange(1, 4))
    return Twins("loop more", a, b, at, at, "choice")


def _choice(source: random.Random, a: Script, at: int) -> Twins:
    b = _with(a, at, _other(source, a.turns[at]), dropped=1)
    return Twins("change only the choice", a, b, at, at, "choice")


def _changed_result(a: Script, early: int, **changes: Any) -> Script:
    turn = a.turns[early]
    changed = replace(turn, result=turn.result | changes)
    return _with(a, early, changed, dropped=1)


def _result_used(source: random.Random, a: Script, at: int) -> Twins:
    """The value that a later call uses is another one."""
    early = source.randrange(0, at)
    value, other = a.turns[early].result["found"], f"odd-{source.randrange(10_000)}"
    turn = a.turns[at]
    a = _with(a, at, replace(turn, arguments={"about": value, "limit": 5}), dropped=1)
    b = _changed_result(a, early, found=other)
    turn = b.turns[at]
    b = _with(b, at, replace(turn, arguments={"about": other, "limit": 5}), dropped=1)
    late = tuple(
        replace(turn, arguments=turn.arguments | {"about": "order-1"})
        if at != place and turn.arguments["about"] == value
        else turn
        for place, turn in enumerate(a.turns)
    )
    a = replace(a, turns=late)
    b = replace(
        b,
        turns=tuple(
            replace(turn, arguments=late[place].arguments) if place != at else turn
            for place, turn in enumerate(b.turns)
        ),
    )
    return Twins("change a result that is used", a, b, at, at, "input", early)


def _result_weighed(source: random.Random, a: Script, at: int) -> Twins:
    """The result says something else, and the model does something else for it."""
    early = source.randrange(0, at)
    b = _changed_result(a, early, state="lost")
    b = _with(b, at, _other(source, b.turns[at]), dropped=1)
    return Twins("change an early result", a, b, at, at, "input", early)


def _result_renamed(source: random.Random, a: Script, at: int) -> Twins:
    """A field has another name, so that what it held is not found."""
    early = source.randrange(0, at)
    turn = a.turns[early]
    result = dict(turn.result)
    result["order_state"] = result.pop("state")
    b = _with(a, early, replace(turn, result=result), dropped=1)
    b = _with(b, at, _other(source, b.turns[at]), dropped=1)
    return Twins("rename a field of a result", a, b, at, at, "input", early)


def _prompt(source: random.Random, a: Script, at: int) -> Twins:
    b = _with(a, at, _other(source, a.turns[at]), dropped=1)
    b = replace(b, prompt=PROMPT + " Never write to the customer twice.")
    return Twins("change the prompt", a, b, at, at, "configuration: prompt")


def _task(source: random.Random, a: Script, at: int) -> Twins:
    b = _with(a, at, _other(source, a.turns[at]), dropped=1)
    b = replace(b, task=TASK + " She has waited for two weeks.")
    return Twins("change the task", a, b, at, at, "input: message")


def _model(source: random.Random, a: Script, at: int) -> Twins:
    b = _with(a, at, _other(source, a.turns[at]), dropped=1)
    b = replace(b, model="small-2")
    return Twins("change the model", a, b, at, at, "configuration: model")


def _tools(source: random.Random, a: Script, at: int) -> Twins:
    b = _with(a, at, _other(source, a.turns[at]), dropped=1)
    b = replace(b, tools=(*TOOLS, "refund.pay"))
    return Twins("offer another tool", a, b, at, at, "configuration: tools")


def _settings(source: random.Random, a: Script, at: int) -> Twins:
    b = _with(a, at, _other(source, a.turns[at]), dropped=1)
    b = replace(b, temperature=1.0)
    return Twins("change a setting", a, b, at, at, "configuration: settings")


EDITS: dict[str, Callable[[random.Random, Script, int], Twins]] = {
    "same": _same,
    "insert": _insert,
    "insert a block": _insert_block,
    "delete": _delete,
    "change arguments": _arguments,
    "swap": _swap,
    "loop more": _loop_more,
    "change only the choice": _choice,
    "change a result that is used": _result_used,
    "change an early result": _result_weighed,
    "rename a field of a result": _result_renamed,
    "change the prompt": _prompt,
    "change the task": _task,
    "change the model": _model,
    "offer another tool": _tools,
    "change a setting": _settings,
}

FIRST_TURN = 3
"""The position of the first turn's model call: the prompts come before it."""


def position(turn: int) -> int:
    """The position of a turn's model call; its tool's is the next one."""
    return FIRST_TURN + 2 * turn


def story(script: Script, seed: str) -> Story:
    """The run as a story. Ids, times and words follow the `seed`."""
    source = random.Random(seed)
    tiny = Tiny(f"run-{seed}")
    start_s = 1_760_000_000 + source.randrange(1_000_000)
    tiny.step("system", output=script.prompt)
    tiny.step("user", output=script.task.format(order=4711))
    for number, turn in enumerate(script.turns):
        call = f"call_{source.getrandbits(96):024x}"
        words = source.choice(("", turn.words, f"Now {turn.words.lower()}"))
        tiny.step(
            "model",
            calls=[(call, turn.tool, turn.arguments)],
            tools=script.tools,
            model=script.model,
            output=words,
            status="ok",
            details={"temperature": script.temperature},
        )
        took = {"took_ms": source.randrange(20, 900), "request_id": _uuid(source)}
        at = f"2026-01-{source.randrange(10, 28)}T10:00:{number % 60:02}.125Z"
        tiny.result(call, turn.result | took | {"at": at}, status="ok")
    tiny.step("model", output=f"Done at {start_s}.", model=script.model, status="ok")
    return tiny.story


def _uuid(source: random.Random) -> str:
    digits = f"{source.getrandbits(128):032x}"
    return "-".join(
        (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    )
