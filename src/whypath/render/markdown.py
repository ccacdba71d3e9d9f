"""Writes trace text as Markdown that is nothing but text, for forges and their jobs."""

import re

from whypath.unseen import visible

_SPECIAL = re.compile(r"([\\`*_\[\]|~&$!%>])|^([#+=-])|^(\d+)(?=[.)])")
"""Marks, formulas, GitLab's references; and what makes a heading or a list in front."""
_NAMES = re.compile(r"(?i)[@#]|\bGH(?=-\d)|:(?=//)|www(?=\.)")
"""What GitHub makes a mention, a reference or a link of whatever stands before it."""


def quoted(text: str) -> str:
    """Text as Markdown that shows it as it is, on one line, and notifies nobody."""
    line = visible(" ".join(text.split()))
    line = _SPECIAL.sub(_escaped, line).replace("<", "&lt;")
    return _NAMES.sub(r"\g<0><!-- -->", line)


def _escaped(found: re.Match[str]) -> str:
    return f"{found[3]}\\" if found[3] else f"\\{found[0]}"
