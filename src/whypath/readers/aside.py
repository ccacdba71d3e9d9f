"""Lays long attributes of spans aside, compressed, until what they say is told.

Spans stand in any order, so a trace is told when all of them are there. Not a reader.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from whypath.readers.spans import Attributes
from whypath.shelf import BLOCK_BYTES, Shelf

AT_HAND_LETTERS = 32 * 1024 * 1024
"""So many letters of long attributes stay as they are: most traces have fewer."""
_LONG = 256


class _Number(int):
    """Stands for a text that was laid aside."""


class Aside:
    """The long attributes of an input's spans, once there are many."""

    def __init__(self) -> None:
        self._room = AT_HAND_LETTERS
        self._shelf = Shelf()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def lay(self, attributes: Attributes) -> Attributes:
        """The attributes, to be read as before; the long texts may be elsewhere."""
        long = {
            name: value
            for name, value in attributes.items()
            if type(value) is str and len(value) >= _LONG
        }
        if not long:
            return attributes
        if self._room > 0:
            self._room -= sum(map(len, long.values()))
            return attributes
        return _Laid({**attributes, **{n: self._put(v) for n, v in long.items()}}, self)

    def _put(self, text: str) -> _Number:
        number = len(self._shelf) + len(self._waiting)
        self._waiting.append(text.encode("utf-8", "surrogatepass"))
        self._waiting_bytes += len(self._waiting[-1])
        if self._waiting_bytes >= BLOCK_BYTES:
            self._shelf.put(self._waiting)
            self._waiting, self._waiting_bytes = [], 0
        return _Number(number)

    def text(self, number: int) -> str:
        """A text that was laid aside."""
        at = number - len(self._shelf)
        data = self._waiting[at] if at >= 0 else self._shelf[number]
        return data.decode("utf-8", "surrogatepass")


class _Laid(Mapping[str, Any]):
    """Attributes of which some lie aside."""

    __slots__ = ("_aside", "_values")

    def __init__(self, values: dict[str, Any], aside: Aside) -> None:
        self._values = values
        self._aside = aside

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        return self._aside.text(value) if type(value) is _Number else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values
