"""Writes a name as a word of a command that is copied from a page into a shell."""

import shlex

from whypath.unseen import has_unseen

UNKNOWN = "\ufffd"
"""Stands for bytes of a name that are not kept."""


def is_odd(name: str) -> bool:
    """True for a name that a page does not show letter by letter."""
    return not name.isprintable() or UNKNOWN in name or has_unseen(name)


def shell_word(name: str) -> str:
    r"""The name as a shell takes it, and "" for one that no shell can be given.

    One that is odd is written in ASCII, such as `$'a\342\200\256b'`, so that what is
    shown is what is copied: bash, zsh and ksh know it, and POSIX since 2024.
    """
    if not is_odd(name):
        return shlex.quote(name)
    if "\0" in name:
        return ""
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return ""
    return f"$'{''.join(map(_byte, data))}'"


def _byte(byte: int) -> str:
    char = chr(byte)
    if char.isascii() and char.isprintable() and char not in "'\\":
        return char
    return f"\\{byte:03o}"
