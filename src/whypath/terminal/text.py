"""Makes trace text safe for a terminal: no control character of it gets there."""

import json
import re
from collections.abc import Iterator
from typing import Any

from whypath.render import words
from whypath.unseen import CONTROLS, HIDDEN, JOINERS, STRAY

_OBEYED = re.compile(f"[\r{CONTROLS}{HIDDEN}{JOINERS}\ud800-\udfff]|{STRAY}")
"""What a terminal would obey, or what would change how the text around it reads."""


_COMMAND = r"(?<=#)#(?=\[|vso\[|teamcity\[)"
"""Where a line of a job's log is a command to GitHub, Azure Pipelines or TeamCity."""
_IN_LINE = re.compile(rf"(?m)^([^\S\n]*):(?=:)|{_COMMAND}")
"""The same, and GitHub's that stand first: ActionCommand.cs of actions/runner."""
_IN_JSON = re.compile(f"{_OBEYED.pattern}|{_COMMAND}")


def safe(text: str) -> str:
    """The text without what a terminal or a job's log obeys, of which each is a `·`."""
    shown = _OBEYED.sub("·", text.replace("\t", "    "))
    return _IN_LINE.sub(r"\1·", shown) if "::" in shown or "##" in shown else shown


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
    return json_safe(json.dumps(facts, indent=2, ensure_ascii=False))


def json_safe(text: str) -> str:
    """The same JSON, with escapes for what a terminal or a job's log would obey."""
    return _IN_JSON.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    if match[0] == "#":
        return "\\u0023"
    return json.dumps(match[0]).strip('"')
