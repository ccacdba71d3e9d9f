"""Takes secrets out of contents and names before anything derives from them.

What the rules find is known from then on, and replaced wherever it stands: in contents,
names, titles and ids, as it is or as JSON, addresses or base64 would write it. Nobody
can promise to find all: see SECURITY.md.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any

import msgspec

from whypath.content import ContentStore, to_json
from whypath.secret_known import Known
from whypath.secret_rules import Hit, Rule, RuleBook, own_rule, usual_rules
from whypath.secret_texts import (
    APART,
    as_pair,
    packed_gate,
    packed_texts,
    readings,
    rewritten,
    texts_of,
)
from whypath.secret_values import is_telling

_check = msgspec.json.Decoder(msgspec.Raw).decode
_decode = msgspec.json.Decoder(float_hook=float).decode
"""With the hook, a number that is too large does not make the rest unreadable."""
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeError)

_VAGUE = (
    *("api-key", "assigned-secret", "keyed-secret"),
    *("vendor-token", "bearer-token", "session-cookie"),
)
"""Rules that know least of what they find: others name it first."""
_LAST = 100
_MORE = 8
"""Letters around a secret that make it no other one."""
_PACKED = Rule("base64", r"\z.", packed_gate(), gates="run")


@cache
def _book(personal: bool, patterns: tuple[tuple[str, str], ...]) -> RuleBook:
    """The rules, compiled once for all the traces of a process."""
    own = [own_rule(name, regex) for name, regex in patterns]
    return RuleBook([*usual_rules(personal), *own, _PACKED])


class Redactor:
    """Finds and replaces secrets, the same secret by the same placeholder.

    `known` are values that are secret wherever they stand, by the name of their kind;
    `patterns` are a person's own, by name; `personal` adds e-mail addresses and
    telephone numbers. Raises `TraceError` for a pattern that RE2 does not know.
    `recipe` makes another one that knows as little as this one at its start.
    """

    def __init__(
        self,
        *,
        known: Mapping[str, Iterable[str]] | None = None,
        patterns: Mapping[str, str] | None = None,
        personal: bool = False,
    ) -> None:
        self.recipe: dict[str, Any] = {
            "known": {kind: tuple(values) for kind, values in (known or {}).items()},
            "patterns": dict(patterns or {}),
            "personal": personal,
        }
        self._sure = {"email", "phone", *(patterns or {})}
        self._book = _book(personal, tuple((patterns or {}).items()))
        self._known = Known()
        self._weak: list[Hit] = []
        for kind, values in (known or {}).items():
            for value in values:
                self._known.add(value, kind, everywhere=True)

    def clean(self, contents: ContentStore, names: Iterable[bytes]) -> "Places":
        """Replaces the secrets of `contents`, and learns those of `names`, as JSON.

        Says where. What `names` are from is not changed: see `text`.
        """
        weak = {
            number: hits
            for number in range(len(contents))
            if (hits := self._look(contents.raw(number)))
        }
        for part in names:
            self._weak += self._look(part, named=False)
        places: Places = {}
        if not self._known:
            return places
        for number in range(len(contents)):
            data = contents.raw(number)
            seen: Counter[str] = Counter()
            clean = self._cleaned(data, weak.get(number, []), seen)
            if seen:
                contents.replace(number, clean)
                places[number] = seen
        return places

    def learn(self, name: str) -> None:
        """Learns the secrets of a text that no run holds, such as a file's name."""
        self._weak += self._look(to_json(name), named=False)

    def told(self, text: str) -> str:
        """What a person wrote, such as a note, without its secrets, which it learns."""
        self.learn(text)
        return self.text(text)

    def text(self, text: str, seen: Counter[str] | None = None) -> str:
        """The text with all secrets replaced that are known by now."""
        if not self._known:
            return text
        return self._fixed(text, self._weak, Counter() if seen is None else seen)

    @property
    def knows_any(self) -> bool:
        """True when a secret was found, or told."""
        return bool(self._known)

    def changes(self, data: bytes) -> bool:
        """True when `text` may change one of the texts in some JSON."""
        return bool(self._weak) or self.finds_any(data)

    def finds_any(self, data: bytes) -> bool:
        """True when a known secret is in the bytes: nothing written may say so."""
        return bool(self._known) and self._known.is_in(data)

    def _look(self, data: bytes, *, named: bool = True) -> list[Hit]:
        """Learns the secrets of a content. Returns those that are secret only there.

        Where the texts are not `named`, what stands before one says nothing of it.
        """
        if b"\\u00" in data or b"\\/" in data:
            data = _plain(data)
        wanted = self._book.wanted(data)
        if not wanted:
            return []
        try:
            value = _decode(data)
        except _UNREADABLE:
            value = data.decode("utf-8", "replace")
        texts = texts_of(value) if named else _leaves(value)
        text = APART.join(texts)
        hits = [hit for read in readings(text) for hit in _find(wanted, read)]
        if _PACKED in wanted:
            hits += self._packed(text)
        hits.sort(key=lambda hit: (len(hit.value), hit.rule in _VAGUE))
        kept: dict[str, Hit] = {}
        for hit in hits:
            if hit.value not in kept and not _is_most_of(hit.value, kept):
                kept[hit.value] = hit
                self._known.add(hit.value, hit.rule, everywhere=self._tells(hit))
        return [hit for hit in kept.values() if not self._tells(hit)]

    def _tells(self, hit: Hit) -> bool:
        """True for a secret that is one wherever it stands."""
        return hit.rule in self._sure or is_telling(hit.value)

    def _packed(self, text: str) -> Iterable[Hit]:
        """The runs of base64 that hold a secret, and the secrets."""
        for run, held in packed_texts(text):
            hits = _find(self._book.wanted(held.encode()), held)
            yield from hits
            if hits and not any(map(self._tells, hits)):
                yield Hit(hits[0].rule, run, "")

    def _cleaned(self, data: bytes, weak: list[Hit], seen: Counter[str]) -> bytes:
        """A content without its secrets, the rest as it was written."""
        is_plain = b"\\u00" not in data and b"\\/" not in data
        plain = data if is_plain else _plain(data)
        if not weak and not self._known.is_in(plain):
            return data
        counted: Counter[str] = Counter()
        if not weak and is_plain:
            clean = self._known.cleaned(data, counted)
            if _is_valid(clean):
                seen.update(counted)
                return clean
            counted.clear()
        try:
            clean = self._rewritten(data, weak, counted)
        except ValueError:
            return self._known.cleaned(data, seen)
        seen.update(counted)
        return clean

    def _fixed(self, text: str, weak: list[Hit], seen: Counter[str]) -> str:
        """A text without its secrets, the weak ones only behind what tells of them."""
        for hit in weak:
            if hit.before and (said := hit.before + hit.value) in text:
                label = self._known.label(hit.value)
                seen[label] += text.count(said)
                text = text.replace(said, hit.before + label)
        return self._known.text(text, seen)

    def _rewritten(self, data: bytes, weak: list[Hit], seen: Counter[str]) -> bytes:
        known = self._known

        def fix(text: str) -> str:
            return self._fixed(text, weak, seen)

        def pair(name: str, text: str) -> str:
            said = as_pair(name, text)
            for hit in weak:
                if text == hit.value and hit.before + hit.value in said:
                    seen[known.label(text)] += 1
                    return known.label(text)
            return fix(text)

        return rewritten(data, fix, pair)


Places = dict[int, Counter[str]]
"""Numbers of contents, and how often each placeholder was put there."""


def _find(rules: Iterable[Rule], text: str) -> list[Hit]:
    return [hit for rule in rules for hit in rule.find(text)]


def _is_most_of(value: str, kept: dict[str, Hit]) -> bool:
    """True when one of the last secrets is in the value, and little else."""
    last = islice(reversed(kept), _LAST)
    return any(
        known in value and len(value) - len(known) < _MORE and is_telling(known)
        for known in last
    )


def _leaves(value: object) -> Iterable[str]:
    """The texts of lists in lists."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            stack.extend(reversed(each))
        elif isinstance(each, dict):
            stack.extend(reversed(each.values()))


def _plain(data: bytes) -> bytes:
    """JSON without the escapes that nobody needs; as it is where it has none."""
    if b"\\u" not in data and b"\\/" not in data:
        return data
    try:
        return to_json(_decode(data))
    except _UNREADABLE:
        return data


def _is_valid(data: bytes) -> bool:
    try:
        _check(data)
    except _UNREADABLE:
        return False
    return True
