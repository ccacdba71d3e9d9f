"""Takes out of texts what differs in any two runs: ids, times, temporary names.

What is taken out is named, so that a page can show that it was. What else does not
count is a person's choice: patterns of texts, and paths in JSON.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

_VOLATILE = re.compile(
    r"(?P<uuid>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)"
    r"|(?P<time>\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
    r"(?: ?(?:Z\b|UTC\b|[+-]\d\d:?\d\d\b))?"
    r"|(?<![\d:])\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\b)"
    r"|(?P<address>\b0x[0-9a-fA-F]{6,16}\b)"
    r"|(?P<id>\b[A-Za-z]{2,12}[-_](?=[A-Za-z_-]{0,40}\d)[A-Za-z0-9]{14,48}\b)"
    r"|(?P<code>\b(?=[A-Za-z]{0,47}\d)(?=[A-Z0-9]{0,47}[a-z])(?=[a-z0-9]{0,47}[A-Z])"
    r"[A-Za-z0-9]{20,48}\b)"
    r"|(?P<hash>\b(?=[a-f]{0,40}\d)(?=\d{0,40}[a-f])[0-9a-f]{12,64}\b)"
    r"|(?P<clock>\b1[5-9]\d{8}(?:\d{3}|\d{6}|\d{9})?(?:\.\d{1,9})?\b)"
    r"|(?P<temporary>/var/folders/\w\w/\w+/T/[\w.-]+|\btmp[a-z0-9_]{8}\b"
    r"|\bpytest-of-\w+/pytest-\d+)"
    r"|(?P<home>/(?:home|Users)/[\w.-]+)"
    r"|(?P<took>\b\d+(?:\.\d+)? ?(?:ms|µs|us|ns)\b|\b\d+\.\d+ ?s(?:ec(?:onds?)?)?\b)"
    r"|(?P<float>\b\d{1,15}\.\d{3,17}\b)"
)
_TIMES = re.compile(
    r"(?:^|_)(?:timestamp|elapsed|duration|latency|took|(?:created|updated|started|"
    r"ended|finished|completed)_?at|(?:trace|span|request|session)_?id)(?:_m?s)?$",
    re.IGNORECASE,
)
"""Names of fields that are times or ids of the recording, whatever they hold."""
_PART = re.compile(r"\[\*\]|\[\d+\]|\[\"(?:[^\"\\]|\\.)*\"\]|\*|[^.\[\]*]+")
_INDEX = re.compile(r"\[\d+\]")


class Masks:
    """What does not count when two runs are compared.

    `patterns` replace what they find in a text; `ignored` are paths as a diff shows
    them, such as `$.meta.seed`, `crm.lookup:$.seats` or `took_ms`.
    """

    def __init__(
        self,
        patterns: Sequence[Callable[[str], str]] = (),
        ignored: Iterable[str] = (),
    ) -> None:
        self._patterns = tuple(patterns)
        self._ignored = tuple(map(_ignored, ignored))
        self.text = lru_cache(maxsize=1 << 14)(self._text)
        """The text with a name in the place of everything that is volatile."""

    def _text(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern(text)
        return _VOLATILE.sub(_named, text).strip()

    def is_ignored(self, path: str, tool: str = "") -> bool:
        """True for a path that a person said does not count."""
        return any(one.matches(path, tool) for one in self._ignored)

    def is_time(self, name: str) -> bool:
        """True for the name of a field that holds a time or an id of the recording."""
        return _TIMES.search(name) is not None


def _named(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "float":
        return f"{float(match[0]):.3g}"
    return f"‹{kind}›"


def volatile_in(text: str) -> tuple[str, ...]:
    """The values that would be taken out of a text, but for rounded numbers."""
    found = _VOLATILE.finditer(text)
    return tuple(match[0] for match in found if match.lastgroup != "float")


class _Ignored(NamedTuple):
    tool: str
    parts: tuple[str, ...]
    is_anchored: bool

    def matches(self, path: str, tool: str) -> bool:
        if self.tool and self.tool != tool:
            return False
        there = _parts(path)
        size = len(self.parts)
        starts = [0] if self.is_anchored else range(len(there) - size + 1)
        return any(
            len(there) >= start + size
            and all(map(_fits, self.parts, there[start : start + size]))
            for start in starts
        )


def _ignored(text: str) -> _Ignored:
    """`tool:$.path` taken apart; a path without `$` is looked for at any depth."""
    tool, mark, path = text.strip().rpartition(":$")
    path = f"${path}" if mark else text.strip()
    return _Ignored(tool, _parts(path), path.startswith("$"))


@lru_cache(maxsize=1 << 12)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(_PART.findall(path.removeprefix("$")))


def _fits(wanted: str, part: str) -> bool:
    if wanted == "*" or wanted == part:
        return True
    return wanted == "[*]" and _INDEX.fullmatch(part) is not None


def pattern(expression: str) -> Callable[[str], str]:
    """A person's regular expression, run in linear time whatever it says.

    Raises `ValueError` with what is wrong with it.
    """
    import re2

    options: Any = re2.Options()
    options.log_errors = False
    try:
        compiled: Any = re2.compile(expression, options)
    except re2.error as error:
        said = error.args[0] if error.args else "not a regular expression"
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise ValueError(why) from None

    def replace(text: str) -> str:
        return str(compiled.sub("‹masked›", text))

    return replace
