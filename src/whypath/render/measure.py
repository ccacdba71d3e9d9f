"""Measures and clips a line of text by a fixed table, so that every machine agrees.

The table is that of a common sans-serif face; it does not ask for a real font.
"""

import re
from unicodedata import category, east_asian_width

from whypath.unseen import CONTROLS, HIDDEN, STRAY

ELLIPSIS = "…"

_THOUSANDTHS = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)
"""Widths of the characters from space to tilde in thousandths of the font size."""
_ROOM = 1.13
"""Faces differ: what the table says, and a little more."""

_ODD = re.compile(
    f"(?:[\t\n\r{CONTROLS}{HIDDEN}\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|{STRAY})+"
)


def plain(text: str) -> str:
    """The text on one line: breaks are spaces, what cannot be seen is a mark."""
    return _ODD.sub(_mark, text)


def _mark(match: re.Match[str]) -> str:
    odd = match[0]
    if odd.strip("\t\n\v\f\r\x85\u2028\u2029") == "":
        return " "
    return "".join(
        chr(0x2400 + ord(char)) if char < " " else "\ufffd" for char in odd[:8]
    )


def width(text: str, size: float) -> float:
    """How wide the text is at a font size, both in pixels."""
    return sum(map(_width, text)) * size * _ROOM / 1000


def clip(text: str, size: float, limit: float) -> str:
    """The text, cut with an ellipsis where it grows wider than `limit` pixels."""
    room = limit * 1000 / size / _ROOM
    used, fits = 0, 0
    last = _width(ELLIPSIS)
    for at, char in enumerate(text):
        used += _width(char)
        if used + last <= room:
            fits = at + 1
        if used > room:
            return text[:fits].rstrip() + ELLIPSIS
    return text


def split(text: str, size: float, limit: float) -> tuple[str, str]:
    """The text and "", or, where it is wider than `limit` pixels, its two parts.

    The first is cut where it says so by two spaces, else between two words.
    """
    clipped = clip(text, size, limit)
    if clipped == text:
        return text, ""
    fits = len(clipped) - len(ELLIPSIS)
    at = text.find("  ", 0, fits + 2)
    if at <= 0:
        at = text.rfind(" ", 0, fits + 1)
    return (text[:at], text[at:].strip()) if at > 0 else (text, "")


def _width(char: str) -> int:
    number = ord(char) - 32
    if number < len(_THOUSANDTHS):
        return _THOUSANDTHS[number] if number >= 0 else 0
    if char == ELLIPSIS:
        return 1000
    if east_asian_width(char) in "WF":
        return 1100
    return 0 if category(char) in ("Mn", "Me") else 640
