"""Writes steps out in full, for the pages that work without JavaScript."""

import re

from whypath.content import ContentStore
from whypath.render import words

STEPS_PER_PAGE = 100
TEXT_LIMIT = 20_000
PREVIEW = 160

_CONTROLS = re.compile(
    "\x1b(?:\\[[0-9;:]*[ -/]*[@-~]|[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?"
    "|[ -/]+[0-~]|[6-9=>D-FHMNOVWZ\\\\cl-o|}~])"
)
"""What a terminal would obey: taken out where steps are written out. Of the short ones
only those that terminals know: any other letter after an escape is a letter."""


def page_name(position: int) -> str:
    """The file with the step at `position`."""
    return f"steps-{(position - 1) // STEPS_PER_PAGE + 1:03}.html"


def page_link(position: int) -> str:
    """The address of a step among the written-out pages."""
    return f"{page_name(position)}#step-{position}"


class Static:
    """What the step template asks in place of leaving contents to the browser.

    Stands in for `Payload`, too: contents keep the numbers of the store, and JSON that
    is in no store gets negative ones.
    """

    def __init__(self, contents: ContentStore) -> None:
        self._contents = contents
        self._more: list[str] = []
        self.here = ""
        """The page that is being written, within which addresses are short."""

    def ref(self, content: int, *, own: bool = True) -> int:
        """The content's own number."""
        return content

    def ref_json(self, raw: bytes) -> int:
        """A number for a JSON text that is not in the store."""
        self._more.append(raw.decode("utf-8", "replace"))
        return -len(self._more)

    def text(self, number: int) -> str:
        """A content as text, cut with a word about it when it is long."""
        text = self._more[-number - 1] if number < 0 else self._contents.text(number)
        text = _CONTROLS.sub("", text)
        if len(text) <= TEXT_LIMIT:
            return text
        shown, whole = words.size(TEXT_LIMIT), words.size(len(text))
        return f"{text[:TEXT_LIMIT]}\n… {shown} of {whole}; the rest is in the replay"

    def preview(self, number: int) -> str:
        """The first words of a content."""
        return _CONTROLS.sub("", self._contents.preview(number, PREVIEW))

    def href(self, position: int) -> str:
        """The address of a step."""
        return page_link(position).removeprefix(self.here)
