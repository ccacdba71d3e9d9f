"""Finds which contents hold which of the wanted forms, each content read once.

First all forms are said, then each content is searched for all of them at once. Whether
a number is part of a date, or signs are the same, is checked only when asked.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from whypath.content import ContentStore
from whypath.derive.columns import Lists
from whypath.derive.origins.find_text import find_exact, find_form, find_words
from whypath.derive.origins.forms import FOLD, Form, fold
from whypath.derive.origins.texts import MAX_BYTES, OpenContents
from whypath.derive.values import Span

MAX_CHECKS = 500_000
_KNOWN = 10_000
_SHORT = 32
"""Of a longer form, the words in so many bytes at its end are searched for first."""
_BATCH = 64
_SLICE = 16_384
"""So much is searched at once, for words that repeat match again and again."""
_FOLD_JSON = FOLD[:34] + b'"' + FOLD[35:]

Key = str
"""Names a form."""


class Spot(NamedTuple):
    """Where in a content a value stands, and how it is written there.

    `exact`: letter for letter; `whole`: it is all of the text at `path`. `span` counts
    characters of that text; None where it is the whole or cannot be told.
    """

    path: str | None
    span: Span | None
    exact: bool
    whole: bool


class Wanted:
    """The forms to look for, each with a key of its own: what is searched for."""

    def __init__(self) -> None:
        self.forms: dict[Key, Form] = {}
        self.alike: dict[str, list[Key]] = {}
        self._keys: dict[Form, Key] = {}

    def key(self, form: Form) -> Key:
        """The key of a form, which is wanted from now on."""
        known = self._keys.get(form)
        if known is None:
            known = self._add(form)
        return known

    def _add(self, form: Form) -> Key:
        key = pattern = self._pattern(form)
        if pattern in self.alike or pattern in self.forms:
            key = f"{pattern}\n{len(self.forms)}"
            self.alike.setdefault(pattern, []).append(key)
        if form.kind == "date":
            self.alike.setdefault(pattern[:-1] + "t", []).append(key)
        self.forms[key] = form
        self._keys[form] = key
        return key

    def _pattern(self, form: Form) -> str:
        """The words, or the last ones of many: so many that no form has the same."""
        phrase, size = form.phrase, _SHORT
        while size < len(phrase):
            end = phrase[-size:]
            pattern = f"{end[max(0, end.find(b' ')) :].decode('utf-8', 'ignore')} "
            if pattern not in self.forms:
                return pattern
            size *= 2
        return f" {phrase.decode()} "

    @property
    def patterns(self) -> list[str]:
        """What is searched for: keys, and what leads to `alike`."""
        found = (key for key in self.forms if "\n" not in key)
        return list(dict.fromkeys((*found, *self.alike)))


class FormIndex:
    """The wanted forms, and for each content that was read, which it may hold."""

    def __init__(self, contents: ContentStore, wanted: Wanted) -> None:
        self._contents = contents
        self._forms = wanted.forms
        self._alike = wanted.alike
        self._long = frozenset(
            key for key, form in wanted.forms.items() if len(form.phrase) > _SHORT
        )
        self._odd = frozenset((*self._long, *self._alike))
        self._open = OpenContents(contents)
        self._names = list(wanted.forms)
        self._numbers = {key: number for number, key in enumerate(self._names)}
        self._found = Lists(len(contents))
        self._known: dict[tuple[int, Key], bool] = {}
        self._checks = 0
        self.cut: set[int] = set()
        self.is_spent = False
        self._search_for(wanted.patterns)

    def _search_for(self, patterns: Sequence[str]) -> None:
        self._overlap = max(map(len, patterns), default=0) * 4  # bytes, at most
        self._find = AhoCorasick(
            patterns,
            store_patterns=True,  # what it finds are these, not copies
            implementation=Implementation.ContiguousNFA,
        ).find_matches_as_strings

    def narrow(self, keys: Iterable[Key]) -> None:
        """Has only these forms looked for in what is read from now on."""
        wanted = set(keys)
        alike = (key for key, others in self._alike.items() if wanted & set(others))
        self._search_for(sorted(wanted.union(alike)))

    def read(self, contents: Iterable[int]) -> None:
        """Notes which forms each content may hold. Of a huge one, the beginning."""
        unread = dict.fromkeys(c for c in contents if c not in self._found)
        todo = iter(unread)
        while batch := list(islice(todo, _BATCH)):
            each = [self._words(content) for content in batch]
            for content, words in zip(batch, each, strict=True):
                found = self._found_in(words)
                if not self._odd.isdisjoint(found):
                    self._look_again(found, words)
                self._found.put(content, map(self._numbers.__getitem__, found))

    def _found_in(self, words: bytes) -> set[Key]:
        if len(words) <= _SLICE:
            return set(self._find(words.decode(), True))
        found: set[Key] = set()
        for at in range(0, len(words), _SLICE):
            part = words[at : at + _SLICE + self._overlap]
            found.update(self._find(part.decode("utf-8", "ignore"), True))
        return found

    def _look_again(self, found: set[Key], words: bytes) -> None:
        """Adds forms that are searched for in the same way, and checks long ones."""
        alike = self._alike
        for key in found & self._odd:
            if key in alike:
                found.update(k for k in alike[key] if self._is_whole(k, words))
            if key not in self._forms or not self._is_whole(key, words):
                found.remove(key)

    def _is_whole(self, key: Key, words: bytes) -> bool:
        """True for a form that stands there to its beginning, not its end alone."""
        return key not in self._long or b" %b " % self._forms[key].phrase in words

    def _words(self, content: int) -> bytes:
        """The folded words of a content; those of two texts never follow each other.

        The words of a document are taken from its JSON, unopened, where that can be.
        """
        contents = self._contents
        if contents.size(content) > MAX_BYTES:
            self.cut.add(content)
        text = contents.text(content)[:MAX_BYTES]
        if not contents.is_text(content):
            for escape in ("\\n", "\\t", "\\r"):
                text = text.replace(escape, " ")
        elif text[:1] not in ("{", "["):
            return b" %b " % b" ".join(fold(text).split())
        if "\\" in text:
            return self._open.of(content).words
        text = text.replace('"', ' " ')
        return b" %b " % b" ".join(fold(text, _FOLD_JSON).split())

    def keys(self, content: int) -> tuple[Key, ...]:
        """The forms that a content may hold."""
        return tuple(map(self._names.__getitem__, self._found[content]))

    def holds(self, content: int, key: Key) -> bool:
        """True when the form stands in the content. False after `MAX_CHECKS` checks."""
        form = self._forms[key]
        if not form.text:
            return True
        known = self._known.get((content, key))
        if known is None:
            if self._checks >= MAX_CHECKS:
                self.is_spent = True
                return False
            self._checks += 1
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = find_form(self._open.of(content).joined, form) is not None
            self._known[content, key] = known
        return known

    def spot(self, content: int, key: Key, value: str) -> Spot:
        """Where in the content the form stands; the place that is most like `value`.

        An empty `value` is unlike all.
        """
        form = self._forms[key]
        texts = self._open.of(content).texts
        bare = value.strip()
        for path, text, _ in texts:
            is_there = bare != "" and bare in text
            if is_there and text in (value, bare):
                return Spot(path, None, True, True)
            if form.text:
                span = find_form(text, form)
            else:
                span = find_exact(text, bare) if is_there else None
            if span is not None:
                is_exact = text[span[0] : span[1]] == bare
                return Spot(path, span, is_exact, span == (0, len(text)))
        for path, text, _ in texts if not form.text else ():
            folded = fold(text)
            words = b" %b " % b" ".join(folded.split())
            if _has_phrase(words, form):
                span = find_words(text, folded, form)
                is_whole = len(words) == len(form.phrase) + 2 or span == (0, len(text))
                return Spot(path, None if is_whole else span, False, is_whole)
        return Spot(None, None, False, False)


def _has_phrase(words: bytes, form: Form) -> bool:
    """True for the words of a form; a date may have a time right behind it."""
    phrase = b" %b" % form.phrase
    return phrase + b" " in words or (form.kind == "date" and phrase + b"t" in words)
