"""Makes trace text safe for a terminal: no control character of it gets there."""

import json
import re
from collections.abc import Iterator
from typing import Any

from whypath.render import words
from whypath.unseen import CONTROLS, HIDDEN, JOINERS, STRAY

_OBEYED = re.compile(f"[\r{CONTROLS}{HIDDEN}{JOINERS}\ud800-\udfff]|{STRAY}")
"""What a terminal would obey, or what would change how the text around it reads."""


def safe(text: str) -> str:
    """The text without control and direction characters, which are shown as `·`."""
    return _OBEYED.sub("·", text.replace("\t", "    "))


def line(text: str) -> str:
    """The text on one line."""
    return safe(" ".join(text.split()))


def size(number_bytes: int) -> str:
    """`245760` -> `246 kB`."""
    return words.size(number_bytes)


def counted(number: int, noun: str) -> str:
    """`14, "step"` -> `14 steps`."""
    return words.counted(number, noun)


def line_cut(text: str, width: int) -> str:
    """At most `width` characters, the last one `…` where something is left out."""
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def indented(text: str, limit: int) -> Iterator[str]:
    """The lines of a text, set in; after `limit` characters, how many are left out."""
    shown = text[:limit]
    for part in safe(shown).splitlines():
        yield f"    {part}"
    if len(text) > limit:
        yield f"    … {len(text) - limit:,} more characters"


def json_text(facts: Any) -> str:
    """The facts as JSON that reads well and that no terminal obeys."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    return _OBEYED.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0]).strip('"')
