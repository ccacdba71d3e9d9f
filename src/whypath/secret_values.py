"""Judges whether a text that stands where secrets stand is one: entropy, shape, words.

Part of the `redact` room.
"""

import math
import re
from collections import Counter

_STAND_IN = re.compile(
    r"""(?ix) ^ (?:
      [x*.\#_-]+ | \W+ | \d+ | \d[\d:.,/T+Z-]+ | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-0{12}
    | <.* | \$.* | %\w+%.* | %[sdr(].* | \{.* | \[.* | @\w+@? | \#\{.* | &\w+;.*
    | (?:your|my|the|some|insert|enter|put|replace|change)[_\s-].* | yourp\w+
    | (?:change|replace)[_-]?(?:me|it|this)\W* | .*redacted.* | .*example.*
    | .*placeholder.* | .*(?:xxxx|\*\*\*|\.\.\.|…).* | dummy.* | fake.* | foo\w* | bar
    | todo | tbd | n/?a | none | null | nil | true | false | undefined | unset | empty
    | string | str | int | bool | bytes | object | any | text | optional | required
    | secret(?:name|key|s)? | tokens? | pass(?:word|wd)?s? | keys? | value | hidden
    | user(?:name)? | admin | root | test(?:ing)? | default | basic | bearer | key
    | self | this | args | kwargs | env(?:iron)? | process | config | settings | os
    | (?:os|self|this|process|config|settings|env|args|req|request|ctx|props)[.\[].*
    ) $"""
)
"""What a person writes where a secret would stand."""
_NAME = re.compile(r"^[A-Za-z_$@.:/\\-]++\d?\W*+$")
_PATH = re.compile(r"^(?:[a-z]+:/)?[.~]?/[\w./~ -]*$|^[A-Za-z]:\\|\.\w{2,4}$", re.I)
_DATE = re.compile(r"^\d{4}-\d\d-\d\d")
_CALL = re.compile(r"\w+\(|\)$|::|->|=>|&&|\|\||==|!=|^[=!<>]")


def entropy(text: str) -> float:
    """Shannon's entropy in bits a character: 0 for one letter repeated."""
    size = len(text)
    counts = Counter(text).values()
    return -sum(n / size * math.log2(n / size) for n in counts)


def is_plausible(value: str, *, bare: bool = False, dense: bool = False) -> bool:
    """True for what a person would hide: no stand-in, name, path, date or code.

    `bare` is for values that stand without quotes, `dense` for those that nothing
    around them tells apart: they must mix letters and digits, as a generator does.
    """
    if _STAND_IN.match(value) or _DATE.match(value) or _CALL.search(value):
        return False
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    if dense:
        return digits >= 3 and letters >= 3 and not _PATH.search(value)
    if bare:
        mixed = digits > 0 and letters > 0
        return mixed and not _NAME.match(value) and not _PATH.search(value)
    words = value.split()
    return len(words) <= 2 and not _PATH.match(value)


def is_telling(value: str) -> bool:
    """True for a value that is a secret wherever it stands, not a common word."""
    if len(value) < 6 or value.isspace():
        return False
    if any(c.isalpha() for c in value) and any(not c.isalpha() for c in value):
        return not value.istitle() or len(value) >= 8
    return len(value) >= 12
