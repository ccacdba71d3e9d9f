"""Finds which contents hold which of the wanted forms, each content read once.

First all forms are said, then contents are looked through: one cut into words, one set
intersection. Whether the words of a form stand there as one is checked only when asked.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from whypath.content import ContentStore
from whypath.derive.find_text import find_exact, find_words
from whypath.derive.value_forms import FOLD, Form, encode, fold
from whypath.derive.values import Span, Text, texts_of

MAX_BYTES = 200_000
MAX_CHECKS = 500_000
RARE = 50
_TELLING = {"words": 3, "date": 2, "prose": 2, "number": 0, "line": 0}
_KEPT = 64

_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_ONLY_NUMBERS = bytes(
    byte if chr(byte) in "0123456789.," else 32 for byte in range(256)
)
_GROUPED = re.compile(r"\d,\d{3}(?!\d)")
_NUMBERED_LINE = re.compile(r"^ *\d+[\t→|:]", re.MULTILINE)

Key = int
"""The number of a form."""


class Open:
    """A content opened: its texts, all of them together, and their folded words."""

    __slots__ = ("_words", "joined", "texts")

    def __init__(self, texts: tuple[Text, ...]) -> None:
        self.texts = texts
        self.joined = "\n".join(text.text for text in texts)
        self._words: bytes | None = None

    @property
    def words(self) -> bytes:
        """The words of every text; those of two texts never follow each other."""
        if self._words is None:
            folded = (b" ".join(fold(text.text).split()) for text in self.texts)
            self._words = b" %b " % b' " '.join(folded)
        return self._words


class Spot(NamedTuple):
    """Where in a content a value stands, and how it is written there.

    `exact`: letter for letter; `whole`: it is all of the text at `path`. `span` counts
    characters of that text; None where it is the whole or cannot be told.
    """

    path: str | None
    span: Span | None
    exact: bool
    whole: bool


class FormIndex:
    """The wanted forms, and for each content that was read, which it may hold."""

    def __init__(self, contents: ContentStore, forms: Sequence[Form]) -> None:
        self._contents = contents
        self._forms = forms
        self._lines: dict[str, Key] = {}
        self._numbers: dict[bytes, Key] = {}
        words: set[bytes] = set()
        for key, form in enumerate(forms):
            if form.kind == "line":
                self._lines[form.text] = key
            elif form.kind == "number":
                for end in ("", ".", ","):
                    self._numbers[(form.text + end).encode()] = key
            else:
                words.update(_telling(form))
        self._find_words = frozenset(words).intersection
        self._find_numbers = frozenset(self._numbers).intersection
        self._find_lines = frozenset(self._lines).intersection
        self._words: dict[int, tuple[bytes, ...]] = {}
        self._keys: dict[int, tuple[Key, ...]] = {}
        self._open: dict[int, Open] = {}
        self._checked: dict[tuple[int, Key], bool] = {}
        self.cut: set[int] = set()
        self.is_spent = False

    def read(self, contents: Iterable[int]) -> None:
        """Notes which forms each content may hold. Of a huge one, the beginning."""
        for content in contents:
            if content not in self._words:
                self._read(content)
        often = Counter(chain.from_iterable(self._words.values()))
        by_word: dict[bytes, list[tuple[Key, bytes]]] = {}
        for key, form in enumerate(self._forms):
            rare = sorted(_telling(form), key=lambda word: (often[word], word))
            if rare and (form.kind != "prose" or often[rare[0]] <= RARE):
                by_word.setdefault(rare[0], []).append(
                    (key, rare[min(1, len(rare) - 1)])
                )
        first_words = frozenset(by_word).intersection
        for content, words in self._words.items():
            have = frozenset(words)
            found = [
                key
                for word in sorted(first_words(have))
                for key, other in by_word[word]
                if other in have
            ]
            if found:
                self._keys[content] = (*self._keys.get(content, ()), *found)
        self._words.clear()

    def _read(self, content: int) -> None:
        if self._contents.size(content) > MAX_BYTES:
            self.cut.add(content)
        text, lines = self._plain(content)
        data = encode(text)
        found = self._find_words(data.translate(FOLD).split())
        self._words[content] = tuple(found)
        numbers = self._find_numbers(data.translate(_ONLY_NUMBERS, _LETTERS).split())
        keys = {self._numbers[number] for number in numbers}
        if self._lines:
            keys.update(self._lines[line] for line in self._find_lines(lines))
        if keys:
            self._keys[content] = tuple(sorted(keys))

    def _plain(self, content: int) -> tuple[str, Iterable[str]]:
        """A content's text as it may be cut into words, and its lines."""
        contents = self._contents
        if contents.is_text(content):
            text = contents.text(content)[:MAX_BYTES]
            if text[:1] not in ("{", "["):
                return text, _lines(text)
        else:
            text = contents.raw(content)[:MAX_BYTES].decode("utf-8", "ignore")
        if "\\u" in text:
            texts = _opened(contents, content).texts
            text = "\n".join(text.text for text in texts)
            return text, _lines(text)
        text = text.replace("\\\\", "\0").replace('\\"', "\1")
        for escape in ("\\n", "\\t", "\\r"):
            text = text.replace(escape, "\n")
        lines = text.replace('"', "\n").replace("\1", '"').replace("\0", "\\")
        if _GROUPED.search(text):
            return f"{text} {text.replace(',', ' ')}", _lines(lines)
        return text.replace(",", " "), _lines(lines)

    def keys(self, content: int) -> Sequence[Key]:
        """The forms that a content may hold: their rarest words are in it."""
        return self._keys.get(content, ())

    def holds(self, content: int, key: Key) -> bool:
        """True when the form stands in the content. False after `MAX_CHECKS` checks."""
        form = self._forms[key]
        if len(form.words) == 1 or form.kind == "line":
            return True
        known = self._checked.get((content, key))
        if known is None:
            if len(self._checked) >= MAX_CHECKS:
                self.is_spent = True
                return False
            known = _stands_in(self.opened(content), form)
            self._checked[content, key] = known
        return known

    def opened(self, content: int) -> Open:
        """The content's texts; the last ones are kept."""
        known = self._open.get(content)
        if known is None:
            if len(self._open) >= _KEPT:
                self._open.clear()
            known = self._open[content] = _opened(self._contents, content)
        return known

    def spot(self, content: int, key: Key, value: str) -> Spot:
        """Where in the content the form stands; the place that is most like `value`.

        An empty `value` is unlike all.
        """
        form = self._forms[key]
        texts = self.opened(content).texts
        bare = value.strip()
        wanted = form.text or bare
        for path, text, _ in texts if wanted else ():
            if text in (value, bare):
                return Spot(path, None, True, True)
            if wanted in text:
                span = find_exact(text, wanted, form.kind == "number")
                if span is not None:
                    is_whole = span == (0, len(text))
                    return Spot(path, span, wanted == bare, is_whole)
        phrase = _phrase(form)
        for path, text, _ in texts if form.words else ():
            folded = fold(text)
            words = b" %b " % b" ".join(folded.split())
            if phrase in words or _runs_on(form, phrase, words):
                span = find_words(folded, form) if text.isascii() else None
                is_whole = len(words) == len(phrase) or span == (0, len(text))
                return Spot(path, None if is_whole else span, False, is_whole)
        return Spot(None, None, False, False)


def _telling(form: Form) -> list[bytes]:
    """The words of a form by which contents are chosen: the longest ones."""
    words = set(form.words[:-1] if form.kind == "date" else form.words)
    return sorted(words, key=lambda word: (-len(word), word))[: _TELLING[form.kind]]


def _lines(text: str) -> Iterable[str]:
    """The lines, without the numbers that tools write in front of them."""
    lines = text.split("\n")
    if _NUMBERED_LINE.match(lines[0]):
        lines += _NUMBERED_LINE.sub("", text).split("\n")
    return map(str.strip, lines)


def _opened(contents: ContentStore, content: int) -> Open:
    if contents.is_text(content):
        text = contents.text(content)
        if text[:1] not in ("{", "["):
            return Open((Text("$", text[:MAX_BYTES]),))
    texts: list[Text] = []
    left = MAX_BYTES
    for found in texts_of(_value(contents, content)):
        whole = len(found.text) <= left
        texts.append(found if whole else found._replace(text=found.text[:left]))
        left -= len(found.text) + 1
        if left <= 0:
            break
    return Open(tuple(texts))


def _value(contents: ContentStore, content: int) -> Any:
    """The content parsed, or where it is a huge document, its text."""
    if contents.is_text(content) or contents.size(content) <= 20 * MAX_BYTES:
        return contents.value(content)
    return contents.raw(content)[:MAX_BYTES].decode("utf-8", "ignore")


def _phrase(form: Form) -> bytes:
    return b" %b " % b" ".join(form.words)


def _runs_on(form: Form, phrase: bytes, words: bytes) -> bool:
    """True for a date with a time right behind it: `2024-05-20T10:15`."""
    return form.kind == "date" and phrase[:-1] + b"t" in words


def _stands_in(content: Open, form: Form) -> bool:
    if form.kind == "number":
        return find_exact(content.joined, form.text, True) is not None
    phrase = _phrase(form)
    return phrase in content.words or _runs_on(form, phrase, content.words)
