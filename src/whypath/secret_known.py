"""Replaces known secrets by numbered placeholders, wherever and however they stand.

Part of the `redact` room.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import re2

from whypath.secret_texts import forms

_LITERALS = 128 << 10
"""Bytes of literals in one automaton."""
_SHORT = 16
"""A value of fewer letters is one only where no letter or digit stands beside it."""
_LETTER = re.compile(rb"[A-Za-z0-9]")
_ESCAPE = re.compile(rb"(?:%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\.)$", re.DOTALL)
"""A letter as an address or JSON writes it, which ends in a letter that is none."""


class Known:
    """The secrets of one or more runs: each value with its rule and its number."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._forms: dict[bytes, str] = {}
        self._automata: list[tuple[Any, Any]] = []
        self._fresh = True

    def __bool__(self) -> bool:
        return bool(self._rules)

    def __contains__(self, value: str) -> bool:
        return value in self._rules

    def add(self, value: str, rule: str, *, everywhere: bool) -> None:
        """Learns a secret, to be replaced `everywhere` or only where `label` is asked.

        The first rule that finds it names it.
        """
        if not value or value in self._rules:
            return
        self._rules[value] = rule
        if not everywhere:
            return
        self._fresh = False
        for form in forms(value):
            self._forms.setdefault(form.encode("utf-8", "replace"), value)

    def label(self, value: str) -> str:
        """`[redacted:aws-key:1]`: the same for the same secret, numbered by rule."""
        label = self._labels.get(value)
        if label is None:
            rule = self._rules[value]
            self._counts[rule] += 1
            label = self._labels[value] = f"[redacted:{rule}:{self._counts[rule]}]"
        return label

    def is_in(self, data: bytes) -> bool:
        """True when a secret is in the bytes, in any form."""
        self._freshen()
        return any(
            found.Match(data) and any(_matches(pattern, data))
            for found, pattern in self._automata
        )

    def cleaned(self, data: bytes, seen: Counter[str]) -> bytes:
        """The bytes with every secret replaced; `seen` counts the placeholders."""
        self._freshen()
        for found, pattern in self._automata:
            if found.Match(data):
                data = b"".join(self._pieces(data, pattern, seen))
        return data

    def text(self, text: str, seen: Counter[str]) -> str:
        """The text with every secret replaced."""
        data = text.encode("utf-8", "surrogatepass")
        clean = self.cleaned(data, seen)
        return text if clean is data else clean.decode("utf-8", "surrogatepass")

    def _pieces(self, data: bytes, pattern: Any, seen: Counter[str]) -> Iterator[bytes]:
        done = 0
        for match in _matches(pattern, data):
            start, end = match.span()
            label = self.label(self._forms[match.group()])
            seen[label] += 1
            yield data[done:start]
            yield label.encode()
            done = end
        yield data[done:]

    def _freshen(self) -> None:
        if not self._fresh:
            self._automata = [_automaton(part) for part in _parts(self._forms)]
            self._fresh = True


def _parts(literals: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The literals, longest first, in parts that an automaton holds."""
    part: list[bytes] = []
    size = 0
    for literal in sorted(literals, key=lambda form: (-len(form), form)):
        if part and size + len(literal) > _LITERALS:
            yield part
            part, size = [], 0
        part.append(literal)
        size += len(literal)
    if part:
        yield part


def _automaton(literals: list[bytes]) -> tuple[Any, Any]:
    """One that says whether a literal is there, and one that says where."""
    options = re2.Options()
    options.max_mem = 256 << 20
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    pattern = b"|".join(map(re2.escape, literals))
    found = re2.Set.SearchSet(options)
    found.Add(pattern)
    found.Compile()
    return found, re2.compile(pattern, options)


def _matches(pattern: Any, data: bytes) -> Iterator[Any]:
    """Where the secrets are; a short one is none inside of a longer word."""
    for match in pattern.finditer(data):
        start, end = match.span()
        if end - start >= _SHORT or _stands_alone(data, start, end):
            yield match


def _stands_alone(data: bytes, start: int, end: int) -> bool:
    """False when a letter or digit stands right before or after."""
    if _LETTER.match(data[end : end + 1]):
        return False
    before = data[max(0, start - 6) : start]
    return not _LETTER.match(before[-1:]) or _ESCAPE.search(before) is not None
