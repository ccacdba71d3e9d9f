"""A run in which values of known origin are planted: each is traced to its own.

What makes it hard: values like the planted ones stand everywhere, the same value stands
in later messages, in what was evicted, in other threads and in the model's reasoning;
it is written in another form, and stands in long prose, in nested JSON, in a table.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tiny import Tiny
from whypath.builder import Thread
from whypath.derive.origins.forms import MONTHS
from whypath.derive.origins.origin import Origin, find_origins
from whypath.derive.windows.context import find_contexts
from whypath.model import Tool

COUNT = 1_000
TALK = (
    "the order was sent on its way before noon and nobody at the desk had seen the "
    "list when the second call came in about a late parcel with no name on the label"
)
WORDS = TALK.split()


class Planted(NamedTuple):
    """A value, where it was used, and the key of the step it came from."""

    kind: str
    case: str
    used: str
    path: str
    value: Any
    source: str | None


class Verdicts(NamedTuple):
    """The planted values that were not traced to their origin."""

    wrong: list[tuple[Planted, Origin]]
    not_found: list[tuple[Planted, Origin]]
    made_up: list[tuple[Planted, Origin]]


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_values_are_traced_to_where_they_were_planted(seed: int) -> None:
    garden = Garden(random.Random(seed))
    garden.grow(COUNT)
    verdicts = judge(garden)
    known = sum(planted.source is not None for planted in garden.planted)
    assert len(garden.planted) == COUNT
    assert len({planted.kind for planted in garden.planted}) == len(KINDS)
    assert len({planted.case for planted in garden.planted}) == len(CASES)
    every = (*verdicts.wrong, *verdicts.not_found, *verdicts.made_up)
    assert len(every) <= COUNT * 0.01, told(every)
    assert len(verdicts.not_found) <= known * 0.01, told(verdicts.not_found)


def judge(garden: "Garden") -> Verdicts:
    """Compares every origin with the truth."""
    run = garden.tiny.run
    found = find_origins(run, find_contexts(run))
    keys = {step.key: step.position for step in run.steps}
    verdicts = Verdicts([], [], [])
    for planted in garden.planted:
        all_ = found[keys[planted.used]]
        origin = next(o for o in all_ if o.path == planted.path and o.span is None)
        source = origin.source
        here = None
        if source is not None:
            here = source.step if source.role != "tools" else -1
        true = planted.source and (keys.get(planted.source, -1))
        role = ROLES.get(planted.case)
        if here == true and (source is None or role in (None, source.role)):
            continue
        if here is None:
            verdicts.not_found.append((planted, origin))
        elif true is None:
            verdicts.made_up.append((planted, origin))
        else:
            verdicts.wrong.append((planted, origin))
    return verdicts


def told(wrong: Any) -> str:
    """What was wrong, most of all first."""
    kinds = Counter((planted.kind, planted.case) for planted, _ in wrong)
    shown = "\n".join(f"{planted}\n  {origin}" for planted, origin in wrong[:8])
    return f"{len(wrong)}: {kinds.most_common(8)}\n{shown}"


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choices("bcdfghjklmnpqrstvwz", k=count))


def _id(chance: random.Random) -> str:
    return f"{_letters(chance, 3)}{chance.randrange(10**5, 10**8)}"


def _same(make: Callable[[random.Random], Any]) -> Callable[[random.Random], Any]:
    def pair(chance: random.Random) -> tuple[str, Any]:
        value = make(chance)
        return (value if isinstance(value, str) else json.dumps(value)), value

    return pair


def _day(chance: random.Random) -> tuple[int, int, int]:
    return (
        chance.randrange(1000, 9999),
        chance.randrange(1, 13),
        chance.randrange(1, 29),
    )


def _dates(
    written: Callable[[int, int, int], str], used: Callable[[int, int, int], str]
) -> Callable[[random.Random], tuple[str, str]]:
    def pair(chance: random.Random) -> tuple[str, str]:
        day = _day(chance)
        return written(*day), used(*day)

    return pair


def _iso(y: int, m: int, d: int) -> str:
    return f"{y}-{m:02}-{d:02}"


def _long(y: int, m: int, d: int) -> str:
    return f"{MONTHS[m - 1].title()} {d}, {y}"


def _numbers(
    written: Callable[[float], str], used: Callable[[float], Any]
) -> Callable[[random.Random], tuple[str, Any]]:
    def pair(chance: random.Random) -> tuple[str, Any]:
        number = chance.randrange(10**7, 10**10) / 100
        number += 0.11 if number == int(number) else 0
        return written(number), used(number)

    return pair


def _either(
    written: Callable[[str], str], used: Callable[[str], str]
) -> Callable[[random.Random], tuple[str, str]]:
    def pair(chance: random.Random) -> tuple[str, str]:
        core = _id(chance)
        return written(core), used(core)

    return pair


KINDS: dict[str, Callable[[random.Random], tuple[str, Any]]] = {
    "id": _same(lambda c: f"ORD-{c.randrange(10**5, 10**9)}"),
    "uuid": _same(lambda c: f"{c.randrange(2**32):08x}-4a1c-4b7e-8f00-{_id(c)}"),
    "hash": _same(lambda c: f"{c.randrange(2**160):040x}"),
    "integer": _same(lambda c: c.randrange(10**5, 10**9)),
    "float": _same(lambda c: c.randrange(10**6, 10**9) / 1000 + 0.0001),
    "negative": _same(lambda c: -c.randrange(10**5, 10**9)),
    "digits with zeros": _same(lambda c: f"00{c.randrange(10**5, 10**8)}"),
    "e-mail": _same(lambda c: f"{_id(c)}@mail.example"),
    "URL": _same(lambda c: f"https://{_letters(c, 6)}.example/a/{_id(c)}?x=1&y=2"),
    "file": _same(lambda c: f"{_id(c)}.tar.gz"),
    "version": _same(
        lambda c: f"{c.randrange(99)}.{c.randrange(10**6)}.{c.randrange(9)}"
    ),
    "time": _same(lambda c: f"{_iso(*_day(c))}T10:{c.randrange(60):02}:00Z"),
    "address": _same(lambda c: ".".join(str(c.randrange(1, 255)) for _ in range(4))),
    "accents": _same(lambda c: f"Zoë Müller-{_letters(c, 6).title()}"),
    "CJK": _same(lambda c: "".join(chr(0x4E00 + c.randrange(9000)) for _ in range(4))),
    "place in capitals": _either(str.lower, str.upper),
    "name, other case": _either(
        lambda t: f"red {t} kettle", lambda t: f"Red {t} Kettle"
    ),
    "snake for kebab": _either(lambda t: f"user_{t}_x", lambda t: f"user-{t}-x"),
    "words for snake": _either(
        lambda t: f"late {t} parcel", lambda t: f"late_{t}_parcel"
    ),
    "over two lines": _either(
        lambda t: f"late\n    {t} box", lambda t: f"late {t} box"
    ),
    "path with a line": _either(
        lambda t: f"src/{t}/a.py:12:3", lambda t: f"src/{t}/a.py"
    ),
    "tail of a path": _either(
        lambda t: f"lib/{t}.py", lambda t: f"/home/me/lib/{t}.py"
    ),
    "Windows path": _either(
        lambda t: f"C:\\new\\{t}.txt", lambda t: f"C:\\new\\{t}.txt"
    ),
    "id in a URL": _either(lambda t: f"https://a.example/items/{t}/edit", str),
    "thousands": _numbers(lambda n: f"{n:,.2f}", lambda n: round(n, 2)),
    "money": _numbers(lambda n: f"${int(n):,}.00", lambda n: int(n)),
    "whole float": _numbers(lambda n: f"{int(n)}", lambda n: float(int(n))),
    "a number as text": _numbers(lambda n: f"{int(n)}", lambda n: f"{int(n):,}"),
    "ISO date": _dates(_iso, _iso),
    "date in words": _dates(_long, _iso),
    "date for words": _dates(_iso, _long),
    "date of a time": _dates(lambda *d: f"{_iso(*d)}T10:15:00Z", _iso),
    "US date": _dates(lambda y, m, d: f"{m}/{d}/{y}", _iso),
    "prose": _either(
        lambda t: f"Dear {t}, your parcel is late; we are sorry for it.",
        lambda t: f"Dear {t}, your parcel is late; we are sorry for it.",
    ),
    "code": _either(
        lambda t: f"def {t}(width):\n    return width * {t}_height\n",
        lambda t: f"def {t}(width):\n    return width * {t}_height\n",
    ),
}
"""Kind -> how it is said, and how it is used."""

CASES = {
    "once": 8,
    "again later": 4,
    "its own call": 2,
    "said by the model": 2,
    "evicted": 2,
    "evicted and said again": 3,
    "other thread": 2,
    "reasoning": 2,
    "only later": 2,
    "never": 3,
    "tool definition": 1,
    "system prompt": 1,
}
"""What happens to the values of a round -> how often."""


ROLES = {
    "its own call": "assistant",
    "said by the model": "assistant",
    "tool definition": "tools",
    "system prompt": "system",
}
"""Case -> the role of its source: what a model said itself is told apart."""


class Garden:
    """Rounds of about ten values: said, perhaps copied or evicted, and used."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.tiny = Tiny()
        self.planted: list[Planted] = []
        self.round = 0
        self.kinds = iter(())
        self.tiny.step("system", output=self._prose(), key="system")
        self.tiny.step("user", output="Do all of it.", key="first")

    def grow(self, count: int) -> None:
        """Adds rounds until `count` values have been used."""
        cases = [case for case, often in CASES.items() for _ in range(often)]
        self.chance.shuffle(cases)
        while len(self.planted) < count:
            case = cases[self.round % len(cases)]
            self._round(case, min(10, count - len(self.planted)))

    def _key(self, name: str) -> str:
        return f"{self.round}-{name}"

    def _round(self, case: str, count: int) -> None:
        self.round += 1
        names = [self._kind() for _ in range(count)]
        pairs = [KINDS[name](self.chance) for name in names]
        self._decoys(pairs)
        written = [said for said, _ in pairs]
        source = self._plant(case, written)
        used = self._key("use")
        arguments = {f"v{at}": value for at, (_, value) in enumerate(pairs)}
        if case == "tool definition":
            text = " ".join(written)
            tool = Tool("use", self.tiny.keep({"name": "use", "description": text}))
            self.tiny.step("model", tools=[tool], calls=[(used, "use", arguments)])
            source = "tools"
        elif case == "reasoning":
            reasoning = self._prose(written)
            self.tiny.step(
                "model", reasoning=reasoning, calls=[(used, "use", arguments)]
            )
        else:
            self.tiny.step("model", calls=[(used, "use", arguments)])
        self.tiny.result(used, "done")
        if case == "only later":
            self._say(self._key("late"), written)
        self.planted += [
            Planted(name, case, used, f"$.v{at}", value, source)
            for at, (name, (_, value)) in enumerate(zip(names, pairs, strict=True))
        ]

    def _kind(self) -> str:
        kind = next(self.kinds, None)
        if kind is None:
            names = list(KINDS)
            self.chance.shuffle(names)
            self.kinds = iter(names)
            kind = next(self.kinds)
        return kind

    def _plant(self, case: str, written: list[str]) -> str | None:
        """Says the values as the case asks for; the key of the step to be found."""
        say, again = self._key("say"), self._key("again")
        if case in ("never", "reasoning", "only later", "tool definition"):
            return None
        if case == "other thread":
            name = self._key("thread")
            self.tiny.draft.threads[name] = Thread(parent="first")
            self.tiny.step("tool", "look", thread=name, output=written)
            return None
        if case == "system prompt":
            self.tiny.step("system", output=self._prose(written), key=say)
            return say
        if case == "said by the model":
            self.tiny.step("model", output=self._prose(written), key=say)
            self.tiny.step("user", output="Go on.")
            return say
        if case == "its own call":
            self.tiny.step("model", calls=[(say, "look", {"of": written})], key=again)
            self.tiny.result(say, {"answer": "nothing"})
            return again
        self._say(say, written)
        if case == "again later":
            self._say(again, written)
        if case.startswith("evicted"):
            said = self._prose(written if case != "evicted" else [])
            self.tiny.step("user", output=said, key=again, resets_context=True)
            return again if case != "evicted" else None
        return say

    def _say(self, key: str, written: list[str]) -> None:
        """One of the ways in which a message holds values."""
        rows = [{"at": at, "data": {"text": text}} for at, text in enumerate(written)]
        way = self.chance.randrange(7)
        if way == 0:
            self.tiny.step("user", output=self._prose(written), key=key)
            return
        outputs: list[Any] = [
            self._prose(written),
            {"rows": rows, "count": len(rows)},
            json.dumps({"rows": rows}, indent=2),
            {"content": [{"type": "text", "text": json.dumps({"rows": rows})}]},
            "\n".join(f"| {at} | {text} |" for at, text in enumerate(written)),
            {"log": "\n".join(f'[INFO] got "{text}" ok' for text in written)},
        ]
        self.tiny.step("model", calls=[(key, "look")])
        self.tiny.result(key, outputs[way - 1])

    def _decoys(self, pairs: list[tuple[str, Any]]) -> None:
        """A message with values that are almost the ones to come."""
        near = []
        for said, value in pairs:
            text = value if isinstance(value, str) else json.dumps(value)
            near += [_changed(said), _changed(text)]
            if text.isascii():  # signs that are words end anywhere
                near.append(f"x{text}9")
        self._say(self._key("decoy"), near)

    def _prose(self, written: Any = ()) -> str:
        """The texts in long prose, each as a sentence's end or middle."""
        parts: list[str] = []
        for text in written:
            parts.append(
                " ".join(self.chance.choices(WORDS, k=self.chance.randrange(4, 90)))
            )
            ends = ["{} .", "({}).", "“{}”,", "{}; and", "**{}**:", "`{}`", "{}!"]
            parts.append(self.chance.choice(ends).format(text))
        parts.append(" ".join(self.chance.choices(WORDS, k=40)))
        return " ".join(parts)


def _changed(text: str) -> str:
    """The text with another number in it where there is one, else another letter."""
    numbers = sorted(re.findall(r"\d+", text), key=len)
    if not numbers:
        places = [at for at, sign in enumerate(text) if sign.isalpha()]
        at = places[len(places) // 2]
        return text[:at] + "x" + text[at + 1 :]
    old = numbers[-1]
    return text.replace(old, old[:-1] + str((int(old[-1]) + 3) % 10))
