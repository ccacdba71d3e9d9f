"""Tells from a tool's name whether a call of it reads, changes something, or both.

Names are all there is to go by; what they do not tell is `unknown`, and no check may
take that for either.
"""

import re
from functools import lru_cache
from typing import Literal

from whypath.derive.decisions.calls import is_transfer

Effect = Literal["reads", "changes", "runs", "thinks", "unknown"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def bag(words: str) -> frozenset[str]:
    """The words of a text, to look others up in."""
    return frozenset(words.split())


_THINKS = bag("think thought reflect plan scratchpad todo todowrite")
_RUNS = bag(
    """
    bash shell sh zsh powershell terminal exec execute command cmd python ipython
    jupyter code repl run script sql browser computer
    """
)
_CHANGES = bag(
    """
    create update delete remove cancel book send write edit set add insert put post
    submit pay refund charge transfer move rename replace patch apply modify
    exchange return route assign close open resolve escalate schedule reschedule
    register publish deploy merge push commit upload save store purchase order buy
    sell issue approve reject grant revoke enable disable start stop restart kill
    reset reserve reply email notify mail message invite change append upsert drop
    clear archive install uninstall
    """
)
_READS = bag(
    """
    get list search find read lookup look fetch query grep glob view show check
    describe inspect retrieve browse load select count calculate compute weather
    status ls cat head tail stat exists verify validate preview summarize analyze
    download info details history recall scan observe observation
    """
)
_ONCE = bag(
    """
    create send book pay refund charge post submit add transfer purchase order buy
    sell issue insert reply email notify mail invite schedule append
    """
)
_SAME_AGAIN = bag("todo task plan file text note memory cell")


@lru_cache(4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in small letters: `crm.getUser_v2` -> crm get user v 2."""
    return tuple(word.lower() for word in _WORD.findall(name[:200]))


@lru_cache(4096)
def effect_of(name: str) -> Effect:
    """What a call of the tool does, as far as its name tells: its first telling word.

    Of a name in spaces, as `mcp__server__tool`, the last part counts.
    """
    if is_transfer(name):
        return "unknown"  # who takes over may do anything
    words = words_of(name.rsplit("__", 1)[-1] if "__" in name else name)
    words = words or words_of(name)
    if any(word in _THINKS for word in words):
        return "thinks"
    for word in words:
        if word in _READS:
            return "reads"
        if word in _RUNS:
            return "runs"
        if word in _CHANGES:
            return "changes"
    return "unknown"


@lru_cache(4096)
def counts_twice(name: str) -> bool:
    """True for a tool whose call, made twice, does twice as much: a payment, a mail."""
    if effect_of(name) != "changes":
        return False
    words = words_of(name)
    return any(w in _ONCE for w in words) and not any(w in _SAME_AGAIN for w in words)
