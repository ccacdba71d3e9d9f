"""Says which formats a sample comes near to, and what of each is missing."""

from collections.abc import Iterator
from typing import Any

from whypath.errors import Near
from whypath.readers.formats import FORMATS
from whypath.records import Sample

_MEMBERS = 20
"""So many members of a list are looked into."""
_DEEPEST = 4


def near(sample: Sample) -> list[Near]:
    """The formats of which a sample has half of the signs or more, nearest first."""
    signs = Signs(sample)
    found = [signs.nearest(name) for name in FORMATS]
    close = [n for n in found if len(n.found) >= len(n.missing) and n.found]
    return sorted(close, key=lambda n: (len(n.missing), -len(n.found)))


class Signs:
    """The signs that a sample shows, each looked for once."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._keys = set(_keys(list(sample.records), _DEEPEST))
        self._known: dict[str, bool] = {}

    def nearest(self, name: str) -> Near:
        """The one of a format's ways to show itself of which the least is missing."""
        ways = []
        for signs in FORMATS[name].ways:
            found = tuple(sign for sign in signs if self.has(sign))
            missing = tuple(sign for sign in signs if sign not in found)
            ways.append(Near(name, found, missing))
        return min(ways, key=lambda way: (len(way.missing), -len(way.found)))

    def has(self, sign: str) -> bool:
        """True when some record of the sample, or its archive, has the sign."""
        if sign not in self._known:
            self._known[sign] = self._is_there(sign)
        return self._known[sign]

    def _is_there(self, sign: str) -> bool:
        sample = self._sample
        if sign.startswith("/"):
            return any(part.startswith(sign[1:]) for part in sample.parts)
        whole, _, wanted = sign.partition("=")
        path = whole.split(".")
        if not self._keys.issuperset(path):
            return False
        found = (v for record in sample.records for v in _at(record, path))
        return any(not wanted or _begins(value, wanted) for value in found)


def _begins(value: Any, wanted: str) -> bool:
    return isinstance(value, str) and value.startswith(wanted)


def _keys(value: Any, depth: int) -> Iterator[str]:
    """All keys in a value, down to a depth; lists do not count."""
    if isinstance(value, list):
        for member in value[: _MEMBERS if depth < _DEEPEST else None]:
            yield from _keys(member, depth)
    elif isinstance(value, dict) and depth:
        yield from value
        for inner in value.values():
            yield from _keys(inner, depth - 1)


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """The values at a path of keys, in every member of a list on the way."""
    if isinstance(value, list) and path:
        for member in value[:_MEMBERS]:
            yield from _at(member, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
