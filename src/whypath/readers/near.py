"""Says which formats a sample comes near to, and what of each is missing.

Every reader lists the signs of its format as data (`SIGNS`). A sign is a key, a path of
keys (`info.trace_id`; lists are looked into), a key with its value (`type=run`), or the
name of a part of an archive or database (`/header.json`).
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from whypath.errors import Near
from whypath.records import Sample

if TYPE_CHECKING:
    from whypath.readers import Reader

Signs = tuple[tuple[str, ...], ...]
"""Ways in which a format shows itself; in each, every sign must be there."""

_MEMBERS = 20
"""So many members of a list are looked into."""


def near(readers: "Iterable[Reader]", sample: Sample) -> list[Near]:
    """The formats of which a sample has half of the signs or more, nearest first."""
    found = [_nearest(reader, sample) for reader in readers]
    close = [n for n in found if len(n.found) >= len(n.missing) and n.found]
    return sorted(close, key=lambda n: (len(n.missing), -len(n.found)))


def _nearest(reader: "Reader", sample: Sample) -> Near:
    """The one of a format's ways to show itself of which the least is missing."""
    ways = []
    for signs in reader.SIGNS:
        has = {sign for sign in signs if shows(sign, sample)}
        found = tuple(sign for sign in signs if sign in has)
        ways.append(Near(reader.NAME, found, tuple(s for s in signs if s not in has)))
    return min(ways, key=lambda way: (len(way.missing), -len(way.found)))


def shows(sign: str, sample: Sample) -> bool:
    """True when some record of the sample, or its archive, has the sign."""
    if sign.startswith("/"):
        return any(part.startswith(sign[1:]) for part in sample.parts)
    path, _, wanted = sign.partition("=")
    found = (v for record in sample.records for v in _at(record, path.split(".")))
    return any(not wanted or str(value).startswith(wanted) for value in found)


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """The values at a path of keys, in every member of a list on the way."""
    if isinstance(value, list) and path:
        for member in value[:_MEMBERS]:
            yield from _at(member, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
