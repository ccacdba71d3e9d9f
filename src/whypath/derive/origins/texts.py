"""Opens contents: their texts with the paths, and the folded words of all of them."""

from typing import Any

from whypath.content import ContentStore
from whypath.derive.origins.forms import fold
from whypath.derive.values import Text, texts_of

MAX_BYTES = 200_000
_KEPT_BYTES = 2_000_000


class Open:
    """A content opened: its texts, all of them together, and their folded words."""

    __slots__ = ("_joined", "_words", "texts")

    def __init__(self, texts: tuple[Text, ...]) -> None:
        self.texts = texts
        self._joined: str | None = None
        self._words: bytes | None = None

    @property
    def joined(self) -> str:
        """Every text, each on lines of its own."""
        if self._joined is None:
            self._joined = "\n".join(text.text for text in self.texts)
        return self._joined

    @property
    def words(self) -> bytes:
        """The words of every text; those of two texts never follow each other."""
        if self._words is None:
            folded = (b" ".join(fold(text.text).split()) for text in self.texts)
            self._words = b" %b " % b' " '.join(folded)
        return self._words


class OpenContents:
    """Opens contents up to `MAX_BYTES`; the last ones are kept."""

    def __init__(self, contents: ContentStore) -> None:
        self._contents = contents
        self._kept: dict[int, Open] = {}
        self._bytes = 0

    def of(self, content: int) -> Open:
        """The content, opened."""
        known = self._kept.get(content)
        if known is None:
            if self._bytes >= _KEPT_BYTES:
                self._kept.clear()
                self._bytes = 0
            known = self._kept[content] = self._opened(content)
            self._bytes += min(self._contents.size(content), MAX_BYTES)
        return known

    def _opened(self, content: int) -> Open:
        contents = self._contents
        if contents.is_text(content):
            text = contents.text(content)
            if text[:1] not in ("{", "["):
                return Open((Text("$", text[:MAX_BYTES]),))
        texts: list[Text] = []
        left = MAX_BYTES
        for found in texts_of(self._value(content)):
            whole = len(found.text) <= left
            texts.append(found if whole else found._replace(text=found.text[:left]))
            left -= len(found.text) + 1
            if left <= 0:
                break
        return Open(tuple(texts))

    def _value(self, content: int) -> Any:
        """The content parsed, or where it is a huge document, its text."""
        contents = self._contents
        if contents.is_text(content) or contents.size(content) <= 20 * MAX_BYTES:
            return contents.value(content)
        return contents.raw(content)[:MAX_BYTES].decode("utf-8", "ignore")
