"""The characters that cannot be seen, or that turn the text round them: the one list.

Of them a page makes marks: `\\u202e` becomes `‹U+202E›`. What scripts and emoji are
written with stays: joiners between their letters, the variation selector after a
symbol, flags made of tags. A terminal and a drawing make less of them. Beside controls
the list has all that Unicode calls default ignorable, and all that has no shape.
"""

import re

CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
"""All of them but tab, line feed and carriage return, for a character class."""
HIDDEN = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""What nobody needs to see a text as it was meant, for a character class."""
JOINERS = "\u200c\u200d"
SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
STRAY = (
    "(?<![\u0300-\u1fff\u2190-\U000dffff])[\u200c\u200d]"
    "|(?<![\u1820-\u18aa])[\u180b-\u180d\u180f]"
    "|(?<=[A-Za-z\\s\ufe00-\ufe0f])[\ufe00-\ufe0f]"
    "|(?<![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"
)
"""Joiners and selectors where no script and no emoji has them, as a pattern."""

_SUSPECT = re.compile(f"[{CONTROLS}{HIDDEN}{JOINERS}{SELECTORS}]")
_UNSEEN = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e007a]{1,6}\U000e007f)"  # a flag such as Scotland's
    f"|[{CONTROLS}{HIDDEN}]|{STRAY}"
)


def has_unseen(text: str) -> bool:
    """True when `visible` would change the text."""
    if text.isascii() and text.isprintable():
        return False
    if _SUSPECT.search(text) is None:
        return False
    return any(found[1] is None for found in _UNSEEN.finditer(text))


def visible(text: str) -> str:
    """The text with a mark in place of each character that cannot be seen."""
    if text.isascii() and text.isprintable():
        return text
    if _SUSPECT.search(text) is None:
        return text
    return _UNSEEN.sub(_mark, text)


def _mark(found: re.Match[str]) -> str:
    return found[1] or f"‹U+{ord(found[0]):04X}›"
