"""Makes characters visible that cannot be seen, or that turn the text round them.

`\\u202e` becomes `‹U+202E›`. What scripts and emoji are written with stays: joiners
between their letters, the variation selector after a symbol, flags made of tags.
"""

import re

_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_UNSEEN = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e007a]{1,6}\U000e007f)"  # a flag such as Scotland's
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e00ff]"
    "|(?<![\u0300-\u1fff\u2190-\U000dffff])[\u200c\u200d]"
    "|(?<=[A-Za-z\\s\ufe00-\ufe0f])[\ufe00-\ufe0f]"
    "|(?<![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"
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
