"""Finds where in a text a value stands, as a word or a number of its own."""

import re
from collections.abc import Callable

from whypath.derive.origins.forms import UNSPACED, Form
from whypath.derive.values import Span

_NO_CENTS = re.compile(r"\.00?(?!\w)")
_MOST_WORDS = 50


def find_form(text: str, form: Form) -> Span | None:
    """Where a form stands of which more is asked than its words; see `Form`."""
    if form.kind == "day":
        words = r"[\W_]+".join(form.text.split())
        pattern = rf"(?<!\w){words}(?!\w)(?![\W_]{{1,3}}\d{{4}}(?!\d))"
        match = re.search(pattern, text, re.IGNORECASE)
        return match.span() if match else None
    if form.kind == "digits":
        match = re.search(rf"(?<!\w)(?<!\d[.,]){form.text}(?!\w|[.,]\d)", text)
        return match.span() if match else None
    if form.kind == "name":
        return find_exact(text, form.text, is_in=_not_below)
    return find_exact(text, form.text, form.kind == "number")


def _not_below(before: str) -> bool:
    """True where no folder is named in front of a file."""
    return before[-1:] not in ("/", "\\") or before in ("./", ".\\")


def find_exact(
    text: str,
    wanted: str,
    is_number: bool = False,
    is_in: Callable[[str], bool] = lambda before: True,
) -> Span | None:
    """The first place of `wanted` in `text` that is no part of a longer word.

    A number is none of a longer number, date, time or id either; one that is whole may
    have `.0` or `.00` behind it, which the place includes. `is_in` is asked about the
    two characters before.
    """
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if is_number and text.startswith(".0", end) and "." not in wanted:
            cents = _NO_CENTS.match(text, end)
            end = cents.end() if cents else end
        before, after = text[max(0, at - 2) : at], text[end : end + 2]
        if (
            _is_edge(before[::-1], wanted[0], is_number, True)
            and _is_edge(after, wanted[-1], is_number, False)
            and is_in(before)
        ):
            return at, end
        at = text.find(wanted, at + 1)
    return None


def _is_edge(beside: str, edge: str, is_number: bool, is_before: bool) -> bool:
    """True when a word that ends in `edge` ends there; `beside` are two characters."""
    if not beside or not (edge.isalnum() or edge == "_"):
        return True
    if beside[0].isalnum():
        return bool(UNSPACED.match(beside[0]) or UNSPACED.match(edge))
    if not is_number or len(beside) < 2:
        return not (is_number and beside[0] == "_")
    if beside[0] in "-#" and is_before:
        return not beside[1].isalnum()
    return not (beside[0] in ".,:/-_" and beside[1].isdigit())


def find_words(text: str, folded: bytes, form: Form, most: int = 200) -> Span | None:
    """Where the words of a form stand in a text; None after `most` tries."""
    words = form.phrase.split(b" ")
    if not text.isascii():
        return _find_pattern(text, words)
    at = folded.find(words[0])
    for _ in range(most):
        if at < 0:
            return None
        end = _end_of_words(folded, at, words, form.kind == "date")
        if end is not None and (at == 0 or folded[at - 1] == 32):
            return at, end
        at = folded.find(words[0], at + 1)
    return None


def _end_of_words(
    folded: bytes, at: int, words: list[bytes], is_date: bool
) -> int | None:
    for word in words:
        while folded[at : at + 1] == b" ":
            at += 1
        if not folded.startswith(word, at):
            return None
        at += len(word)
        following = folded[at : at + 1]
        if following not in (b" ", b"") and not (is_date and following == b"t"):
            return None
    return at


def _find_pattern(text: str, words: list[bytes]) -> Span | None:
    """As folding moves the letters of a text that is not ASCII, without folding it."""
    escaped = (re.escape(word.decode()) for word in words[:_MOST_WORDS])
    match = re.search(r"[\W_]*".join(escaped), text, re.IGNORECASE)
    return match.span() if match and len(words) <= _MOST_WORDS else None
