"""Holds small facts about each of many steps in arrays, not as a million objects."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence


class Positions(Mapping[int, int]):
    """Position of a step -> position of another one, for some of `count` steps."""

    __slots__ = ("_others",)

    def __init__(self, count: int, pairs: Iterable[tuple[int, int]]) -> None:
        self._others = array("i", bytes(4 * (count + 1)))
        for at, other in pairs:
            self._others[at] = other

    def __getitem__(self, at: int) -> int:
        other = self._others[at] if 0 < at < len(self._others) else 0
        if not other:
            raise KeyError(at)
        return other

    def __iter__(self) -> Iterator[int]:
        return (at for at, other in enumerate(self._others) if other)

    def __len__(self) -> int:
        return len(self._others) - self._others.count(0)


class Rows(Mapping[int, tuple[int, ...]]):
    """Position of a step -> `width` whole numbers, for some of `count` steps."""

    __slots__ = ("_numbers", "_rows", "_width")

    def __init__(self, count: int, width: int) -> None:
        self._width = width
        self._rows = array("i", bytes(4 * (count + 1)))
        self._numbers = array("q")

    def put(self, at: int, numbers: Iterable[int]) -> None:
        """Says what the step at `at` has."""
        self._numbers.extend(numbers)
        self._rows[at] = len(self._numbers) // self._width

    def __getitem__(self, at: int) -> tuple[int, ...]:
        end = self._rows[at] * self._width if 0 < at < len(self._rows) else 0
        if not end:
            raise KeyError(at)
        return tuple(self._numbers[end - self._width : end])

    def __iter__(self) -> Iterator[int]:
        return (at for at, row in enumerate(self._rows) if row)

    def __len__(self) -> int:
        return len(self._rows) - self._rows.count(0)


class Lists:
    """Number of a thing -> whole numbers, for some of `count` things, each put once."""

    __slots__ = ("_ends", "_numbers", "_rows")

    def __init__(self, count: int) -> None:
        self._rows = array("i", bytes(4 * count))
        self._ends = array("Q", [0])
        self._numbers = array("I")

    def put(self, at: int, numbers: Iterable[int]) -> None:
        """Says what the thing `at` has."""
        self._rows[at] = len(self._ends)
        self._numbers.extend(numbers)
        self._ends.append(len(self._numbers))

    def __contains__(self, at: int) -> bool:
        return self._rows[at] > 0

    def __getitem__(self, at: int) -> Sequence[int]:
        row = self._rows[at]
        return self._numbers[self._ends[row - 1] : self._ends[row]] if row else ()


class Texts:
    """Texts in a row, as bytes end to end."""

    __slots__ = ("_data", "_ends")

    def __init__(self, texts: Iterable[str]) -> None:
        self._data = bytearray()
        self._ends = array("Q", [0])
        for text in texts:
            self._data += text.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._data))

    def __getitem__(self, number: int) -> str:
        begin, end = self._ends[number], self._ends[number + 1]
        return self._data[begin:end].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))

    def __len__(self) -> int:
        return len(self._ends) - 1
