"""Judges whether a text that stands where secrets stand is one: entropy, shape, words.

Part of the `redact` room.
"""

import math
import re
from collections import Counter

_STAND_IN = re.compile(
    r"""(?ix) ^ (?:
      [x*.\#_-]+ | \W+ | \d{1,23} | \d[\d:.,/T+Z-]{0,23}
    | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-0{12}
    | <[\w .:/-]*>.* | \$[\w({].* | %\w+%.* | %[sdr(].* | @\w+@? | \#\{.* | &\w+;.*
    | \{ (?: \{.* | [a-z_\d]?[^{}\s]{0,40}\}.* )? | \[[\w .:-]*(?:\].*)?
    | (?:your|my|the|some|insert|enter|put|replace|change)[_\s-].* | yourp\w+
    | (?:change|replace)[_-]?(?:me|it|this)\W* | .*redacted.* | .*example.*
    | .*placeholder.* | .*(?:xxxx|\*\*\*|\.\.\.|…).* | dummy.* | fake.* | foo\w* | bar
    | todo | tbd | n/?a | none | null | nil | true | false | undefined | unset | empty
    | string | str | int | bool | bytes | object | any | text | optional | required
    | secret(?:name|key|s)? | tokens? | pass(?:word|wd|phrase)?s?\d* | keys? | value
    | hidden | user(?:name)?\d* | admin | root | test(?:ing)? | default | basic | bearer
    | self | this | args | kwargs | env(?:iron)? | process | config | settings | os
    | (?:os|self|this|process|config|settings|env|args|req|request|ctx|props)[.\[].*
    ) $"""
)
"""What a person writes where a secret would stand."""
_NAME = re.compile(r"^[A-Za-z_$@.:/\\-]++\d?\W*+$")
_PATH = re.compile(r"^(?:[a-z]+:/)?[.~]?/[\w./~ -]*$|^[A-Za-z]:\\|\.\w{2,4}$", re.I)
_DATE = re.compile(r"^\d{4}-\d\d-\d\d")
_CODE = re.compile(r"\w\(|\)$|::|->|=>|&&|\|\||\w(?:==|!=)\w|^[=!<>]=")
_SIGN = re.compile(r"\w[!#%^~?]+\w")
"""A sign that a name in code or a sentence does not have inside."""
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""The words and numbers that a name is put together from."""
_LONG = re.compile(r"[a-z]{24}|[A-Z]{24}|\d{24}|(?:[A-Z\d]{5}-){3}[A-Z\d]{5}")
"""Longer than a word or a number that counts something; a licence in groups."""
_UNSPOKEN = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}", re.I)
"""More consonants than a word has one after the other."""
_TURN = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=\d)[A-Za-z]")


def entropy(text: str) -> float:
    """Shannon's entropy in bits a character: 0 for one letter repeated."""
    size = len(text)
    counts = Counter(text).values()
    return -sum(n / size * math.log2(n / size) for n in counts)


def is_plausible(value: str, *, bare: bool = False, dense: bool = False) -> bool:
    """True for what a person would hide: no stand-in, name, path, date or code.

    `bare` is for values that stand without quotes, `dense` for those that nothing
    around them tells apart: they must look made by chance.
    """
    if _STAND_IN.match(value) or _DATE.match(value) or _CODE.search(value):
        return False
    if dense:
        return _is_chance(value) and not (_PATH.search(value) or _is_words(value))
    if bare:
        return not _PATH.search(value) and (_is_mixed(value) or _is_chance(value))
    return len(value.split()) <= 2 and not _PATH.match(value)


def _is_mixed(value: str) -> bool:
    """True for letters with digits or signs that are no name in code."""
    if _SIGN.search(value):
        return True
    has_both = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return has_both and not _NAME.match(value) and not _is_words(value)


def _is_words(value: str) -> bool:
    """True for words that code puts together: `X25519PublicKey`, `no-key-2`."""
    parts = _PARTS.findall(value)
    words = [part for part in parts if not part.isdigit()]
    numbers = [part for part in parts if part.isdigit()]
    if len(words) < 2 or any(len(number) > 8 for number in numbers):
        return False
    return 2 * len(numbers) <= len(words) and sum(map(len, words)) >= 3 * len(words)


def _is_chance(value: str) -> bool:
    """True for letters and digits in an order that nobody would write."""
    if _LONG.search(value) or _UNSPOKEN.search(value):
        return True
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    if digits >= 3 and letters >= 3:
        return True
    return len(value) >= 16 and 3 * len(_TURN.findall(value)) > len(value)


def is_telling(value: str) -> bool:
    """True for a value that is a secret wherever it stands, not a common word."""
    if len(value) < 6 or value.isspace():
        return False
    if any(c.isalpha() for c in value) and any(not c.isalpha() for c in value):
        return not value.istitle() or len(value) >= 8
    return len(value) >= 12
