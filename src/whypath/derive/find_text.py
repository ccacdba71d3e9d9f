"""Finds where in a text a value stands, as a word or a number of its own."""

from whypath.derive.value_forms import Form
from whypath.derive.values import Span


def find_exact(text: str, wanted: str, is_number: bool = False) -> Span | None:
    """The first place of `wanted` in `text` that is no part of a longer word.

    A number is none of a longer number, date, time or id either.
    """
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        before, after = text[max(0, at - 2) : at], text[end : end + 2]
        if _is_edge(before[::-1], wanted[0], is_number, True) and _is_edge(
            after, wanted[-1], is_number, False
        ):
            return at, end
        at = text.find(wanted, at + 1)
    return None


def _is_edge(beside: str, edge: str, is_number: bool, is_before: bool) -> bool:
    """True when a word that ends in `edge` ends there; `beside` are two characters."""
    if not beside or not (edge.isalnum() or edge == "_"):
        return True
    if beside[0].isalnum():
        return False
    if not is_number or len(beside) < 2:
        return not (is_number and beside[0] == "_")
    if beside[0] in "-#" and is_before:
        return not beside[1].isalnum()
    return not (beside[0] in ".,:/-_" and beside[1].isdigit())


def find_words(folded: bytes, form: Form, most: int = 200) -> Span | None:
    """Where the words stand in a folded ASCII text; None after `most` tries."""
    at = folded.find(form.words[0])
    for _ in range(most):
        if at < 0:
            return None
        end = _end_of_words(folded, at, form)
        if end is not None and (at == 0 or folded[at - 1] == 32):
            return at, end
        at = folded.find(form.words[0], at + 1)
    return None


def _end_of_words(folded: bytes, at: int, form: Form) -> int | None:
    for word in form.words:
        while folded[at : at + 1] == b" ":
            at += 1
        if not folded.startswith(word, at):
            return None
        at += len(word)
        following = folded[at : at + 1]
        if following not in (b" ", b"") and not (
            form.kind == "date" and following == b"t"
        ):
            return None
    return at
