"""Compares two payloads leaf by leaf: what was added, removed, renamed or changed.

A text that is no JSON is one leaf. What differs only in volatile values is told apart.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from whypath.content import ContentStore
from whypath.derive.diffs.masks import Masks
from whypath.derive.values import MAX_DEPTH, field_path, is_worth_it, opened

How = Literal["changed", "added", "removed", "renamed", "masked"]

LEAVES = 20_000
_WORD = re.compile(r"[A-Z]?[a-z]+|\d+")


class Change(NamedTuple):
    """A leaf that is not the same in both: its path, and its text in A and in B.

    `renamed`: the value of A's `path` stands at `path_b` in B. `masked`: it differs
    only in what is volatile.
    """

    path: str
    how: How
    a: str | None
    b: str | None
    path_b: str | None = None


class Payloads:
    """Compares payloads of two runs; each pair once."""

    def __init__(self, a: ContentStore, b: ContentStore, masks: Masks) -> None:
        self._a = a
        self._b = b
        self._masks = masks
        self._known: dict[tuple[int | None, int | None, str], tuple[Change, ...]] = {}

    def changes(
        self, a: int | None, b: int | None, tool: str = ""
    ) -> tuple[Change, ...]:
        """What differs between content `a` of A and `b` of B; `tool` names the call."""
        if self._is_same(a, b):
            return ()
        key = (a, b, tool)
        known = self._known.get(key)
        if known is None:
            found = self._compare(_leaves(self._a, a), _leaves(self._b, b), tool)
            known = self._known[key] = tuple(found)
        return known

    def _is_same(self, a: int | None, b: int | None) -> bool:
        if a is None or b is None:
            return a is b
        return self._a.raw(a) == self._b.raw(b)

    def _compare(
        self, a: Mapping[str, str], b: Mapping[str, str], tool: str
    ) -> Iterator[Change]:
        masks = self._masks
        paths = dict.fromkeys((*a, *b))
        if a.keys() == {"$"} and b.keys() != {"$"}:
            paths = dict.fromkeys(("$", *b))
        found = [
            self._leaf(path, a.get(path), b.get(path))
            for path in paths
            if a.get(path) != b.get(path) and not masks.is_ignored(path, tool)
        ]
        yield from _with_renames([change for change in found if change is not None])

    def _leaf(self, path: str, a: str | None, b: str | None) -> Change | None:
        if a is None or b is None:
            return Change(path, "added" if a is None else "removed", a, b)
        name = path.rpartition(".")[2]
        masked = self._masks.is_time(name) or self._masks.text(a) == self._masks.text(b)
        if masked and a.strip() == b.strip():
            return None
        return Change(path, "masked" if masked else "changed", a, b)


def counted(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes without those in volatile values alone."""
    return tuple(change for change in changes if change.how != "masked")


def _leaves(contents: ContentStore, number: int | None) -> dict[str, str]:
    """Path -> text of each leaf; none for nothing and for an empty object."""
    if number is None:
        return {}
    document = contents.document(number)
    if isinstance(document, str):
        return {"$": document} if document.strip() else {}
    return leaves_of(document)


def leaves_of(document: Any) -> dict[str, str]:
    """The leaves of a parsed document as texts, a text that holds JSON being opened.

    What is null counts as not there. No more than `LEAVES` leaves are looked at.
    """
    leaves: dict[str, str] = {}
    todo: list[tuple[str, Any, int]] = [("$", document, 0)]
    while todo and len(leaves) < LEAVES:
        path, value, depth = todo.pop()
        if isinstance(value, str) and value[:1] in ("{", "["):
            value = opened(value)
        if isinstance(value, dict) and depth < MAX_DEPTH:
            inside = [
                (field_path(path, name), each, depth + 1)
                for name, each in value.items()
            ]
            todo.extend(reversed(inside))
        elif isinstance(value, list) and depth < MAX_DEPTH:
            each = [(f"{path}[{at}]", one, depth + 1) for at, one in enumerate(value)]
            todo.extend(reversed(each))
        elif value is not None:
            leaves[path] = value if isinstance(value, str) else _written(value)
    return leaves


def _written(value: Any) -> str:
    """A number or a truth value as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value)
    except ValueError:  # more digits than Python writes
        return "(a number of very many digits)"


def _with_renames(changes: list[Change]) -> Iterator[Change]:
    """The changes, a value that moved to a new name being one and not two."""
    added: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        if change.how == "added" and change.b is not None:
            added.setdefault((_parent(change), change.b), []).append(change)
    gone: set[str] = set()
    renamed: dict[str, Change] = {}
    for change in changes:
        if change.how != "removed" or change.a is None:
            continue
        for to in added.get((_parent(change), change.a), ()):
            if to.path not in gone and _is_renamed(change, to):
                gone.add(to.path)
                new = change._replace(how="renamed", b=to.b, path_b=to.path)
                renamed[change.path] = new
                break
    for change in changes:
        if change.how == "removed" and change.path in renamed:
            yield renamed[change.path]
        elif not (change.how == "added" and change.path in gone):
            yield change


def _parent(change: Change) -> str:
    return change.path.rpartition(".")[0]


def _is_renamed(old: Change, new: Change) -> bool:
    """True where a value that is not there by chance, or a name much alike, stayed."""
    if is_worth_it(old.a or ""):
        return True
    return bool(_words(old.path) & _words(new.path))


def _words(path: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(path.rpartition(".")[2])}
