"""Changes traces as records, not as bytes: keys, types, values, order, and cuts.

Most of what a random byte does to JSON is to break it, which one parser sees. These
changes leave JSON that a reader goes on with. The same number makes the same change.
"""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

READERS = Path(__file__).parents[2] / "src" / "whypath" / "readers"
SMALL = 12 * 1024
_NAME = re.compile(r'"([A-Za-z_$@./:-]{1,40})"|^    (\w+): ', re.MULTILINE)
_IMPORT = re.compile(r"from whypath\.readers\.(\w+) import")

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 2**53 + 1, 2**63, -(2**70)),
    *("", " ", "\x00", "\ud800", "\u202e", "x" * 300, "1", "-1", "NaN", "null", "[]"),
    *("{}", '{"a": [1', "2025-01-01T00:00:00Z", "0001-01-01", "9999-12-31T23:59:59"),
    *("tool", "user", "assistant", "system", "error", "\\", "%s{}", "a" * 32, "é" * 9),
    *([], {}, [[]], [{}], [None], [""], {"": None}, [[[[[]]]]], {"type": None}),
    *({"type": "text", "text": 1}, {"role": []}, {"id": {}}, [{"type": "tool_use"}]),
)


def names_of(module: str) -> list[str]:
    """The words that a reader's module, and the modules it uses, look for."""
    seen: dict[str, None] = {}
    todo, done = [module], set()
    while todo:
        if (each := todo.pop()) in done:
            continue
        done.add(each)
        path = READERS / f"{each}.py"
        if path.is_file():
            text = path.read_text("utf-8")
            seen.update(dict.fromkeys(a or b for a, b in _NAME.findall(text)))
            todo += _IMPORT.findall(text)
    return list(seen)


def trimmed(value: Any, most: int = 4, text: int = 400) -> Any:
    """A value with the middle of long lists and the ends of long texts left out."""
    if isinstance(value, str):
        return value[:text]
    if isinstance(value, list):
        kept = value if len(value) <= 2 * most else [*value[:most], *value[-most:]]
        return [trimmed(each, most, text) for each in kept]
    if isinstance(value, dict):
        return {name: trimmed(inner, most, text) for name, inner in value.items()}
    return value


def small(data: bytes, limit: int = SMALL) -> bytes | None:
    """A trace cut down to `limit` bytes by leaving out whole values; None: it is none.

    Of a file of lines, the first of every kind stay, as `type` and `kind` tell kinds.
    """
    values = parsed(data)
    if not values:
        return None
    for most, text in ((4, 400), (3, 120), (2, 60), (1, 30)):
        cut = [trimmed(value, most, text) for value in values]
        kinds: dict[str, int] = {}
        kept = []
        for each in cut:
            kind = str(each.get("type") or each.get("kind")) + str(sorted(each)[:9])
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] <= most:
                kept.append(each)
        if len(written := written_as(kept)) <= limit:
            return written
    return None


def parsed(data: bytes) -> list[Any]:
    """The objects of a document or of lines; none where it holds anything else."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        lines = data.split(b"\n")
        return [value for line in lines if isinstance(value := _line(line), dict)]
    values = whole if isinstance(whole, list) else [whole]
    return values if all(isinstance(value, dict) for value in values) else []


def _line(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def written_as(values: list[Any]) -> bytes:
    """One JSON value a line."""
    return "\n".join(map(json.dumps, values)).encode()


class Mutator:
    """Makes an input from another one. `words` are what the reader looks for."""

    def __init__(self, words: list[str], others: list[bytes]) -> None:
        self._words = words or ["type"]
        self._others = [value for each in others for value in parsed(each)] or [{}]

    def __call__(self, data: bytes, most: int, seed: int) -> bytes:
        """The input changed in one to six places; bytes that are no JSON are cut."""
        chance = random.Random(seed)
        values = parsed(data)
        if not values:
            values = [chance.choice(self._others)]
        for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
            self._change(values, chance)
        if len(values) == 1 or chance.random() < 0.9:
            out = written_as(values)
        else:
            out = json.dumps(values).encode()
        if chance.random() < 0.04:
            at = chance.randrange(len(out) + 1)
            out = out[:at] if chance.random() < 0.5 else out[:at] + b"\xff" + out[at:]
        return out[:most]

    def _change(self, values: list[Any], chance: random.Random) -> None:
        if chance.random() < 0.15:
            self._change_rows(values, chance)
            return
        places = list(_places(values))
        holder, at = chance.choice(places)
        if isinstance(at, str) and chance.random() < 0.2:
            holder[chance.choice(self._words)] = holder.pop(at)
            return
        if chance.random() < 0.12:
            del holder[at]
            return
        if isinstance(holder, dict) and chance.random() < 0.15:
            holder[chance.choice(self._words)] = self._value(values, chance)
            return
        if isinstance(holder[at], str) and chance.random() < 0.3:
            holder[at] = chance.choice(self._words)
            return
        holder[at] = self._value(values, chance, holder[at])

    def _change_rows(self, values: list[Any], chance: random.Random) -> None:
        at = chance.randrange(len(values) + 1) - 1
        if at < 0:
            values.insert(0, json.loads(json.dumps(chance.choice(self._others))))
            return
        how = chance.randrange(4)
        if how == 0:
            values.insert(at, json.loads(json.dumps(chance.choice(self._others))))
        elif how == 1:
            values.append(json.loads(json.dumps(values[at])))
        elif how == 2 and len(values) > 1:
            del values[at]
        else:
            chance.shuffle(values)

    def _value(self, values: list[Any], chance: random.Random, old: Any = None) -> Any:
        """An odd value, one from elsewhere in the trace, or the old one wrapped."""
        makes: tuple[Callable[[], Any], ...] = (
            lambda: chance.choice(ODD),
            lambda: chance.choice(ODD),
            lambda: _at(chance.choice(list(_places(values)))),
            lambda: _at(chance.choice(list(_places([chance.choice(self._others)])))),
            lambda: [old, old],
            lambda: json.dumps(old),
            lambda: {chance.choice(self._words): old},
        )
        # A copy: a value in two places would be changed in both.
        return json.loads(json.dumps(chance.choice(makes)()))


def _places(values: list[Any]) -> list[tuple[Any, Any]]:
    """Every place in the values: what holds it, and its name or number there."""
    found: list[tuple[Any, Any]] = []
    todo: list[Any] = [values]
    while todo:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                todo.append(holder[key])
    return found or [([None], 0)]


def _at(place: tuple[Any, Any]) -> Any:
    holder, key = place
    return holder[key]
