"""Keeps what the models of an Inspect sample read: whole windows, and what is new.

Part of the `inspect_ai` reader. A model event holds all that the model read, as
messages or as ranges in a pool of messages that the sample keeps apart.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from whypath.builder import Builder, Draft, Window
from whypath.model import Message
from whypath.readers.fields import Fields, as_fields, as_items, first
from whypath.readers.inspect_messages import Heard, Messages
from whypath.records import BadShape, Raw, decoder

T = TypeVar("T")

LONGEST_WINDOW = 1_000_000
SENT = ("messages", "contents", "input", "inputs")
"""Where a request to a model's API has its messages."""

_decode_ranges = decoder(list[tuple[int, int]])


class Pool(NamedTuple):
    """What the model events of a sample refer to: messages, and messages as sent."""

    messages: list[Heard]
    sent: list[Raw]


class Read(NamedTuple):
    """What a model read; the first `same` messages are those of the call before."""

    heard: list[Heard]
    same: int


@dataclass(slots=True)
class _Seen:
    """The last window of a conversation, and the step that it belongs to."""

    heard: list[Heard]
    key: str | None
    parent: str | None
    length: int


class Windows:
    """The windows of one sample, conversation by conversation."""

    def __init__(self, builder: Builder, messages: Messages, pool: Pool) -> None:
        self.results: dict[str, Heard] = {}
        """Results of calls as the windows hold them, by call."""
        self._builder = builder
        self._messages = messages
        self._pool = pool
        self._seen: dict[str, _Seen] = {}
        self._shown: set[str] = set()
        self._counts: Counter[Heard] = Counter()
        self._keys: set[str] = set()

    def start_anew(self) -> None:
        """What follows is another attempt: all of it is new again."""
        self._seen.clear()
        self._shown.clear()
        self._counts.clear()

    def read(self, fields: Fields, thread: str, line: int) -> Read | None:
        """What the model of an event read; None where the log does not have it."""
        heard = self._input(fields, line)
        if not heard:
            return None
        before = self._seen.get(thread)
        return Read(heard, _common(before.heard, heard) if before else 0)

    def new(self, read: Read, roles: Iterable[str]) -> list[Heard]:
        """The messages of these roles that were in no window before."""
        found: list[Heard] = []
        heard = read.heard
        for index in range(read.same, len(heard)):
            message = heard[index]
            if message.role == "tool":
                self._keep_results(message)
            elif message.role not in roles:
                continue
            elif message.id is None:
                if heard[: index + 1].count(message) > self._counts[message]:
                    self._counts[message] += 1
                    found.append(message)
            elif message.id not in self._shown:
                self._shown.add(message.id)
                found.append(message)
        return found

    def window(self, draft: Draft, read: Read) -> Window:
        """The window; as a change to the last one where steps are sure to be in order.

        They are for siblings with keys of their own.
        """
        heard, same = read
        before = self._seen.get(draft.thread)
        if before is not None and same == len(before.heard):
            kept = before.length
        else:
            kept = sum(len(message.parts) for message in heard[:same])
        add = _flat(heard[same:])
        key = draft.key if draft.key not in self._keys else None
        if key is not None:
            self._keys.add(key)
        self._seen[draft.thread] = _Seen(heard, key, draft.parent, kept + len(add))
        if before is None or None in (key, before.key) or before.parent != draft.parent:
            return Window(_flat(heard))
        return Window(add, before.key, kept)

    def _keep_results(self, message: Heard) -> None:
        for part in message.parts:
            if part.call_id is not None:
                self.results.setdefault(part.call_id, message)

    def _input(self, fields: Fields, line: int) -> list[Heard]:
        heard = [self._messages.heard(raw) for raw in as_items(fields.get("input"))]
        if not heard and "input_refs" in fields:
            heard = self._expand(fields["input_refs"], self._pool.messages, line)
        if heard or "call" not in fields:
            return heard
        call = as_fields(fields["call"])
        request = as_fields(call.get("request"))
        sent = as_items(first(request, *SENT))
        if not sent and "call_refs" in call:
            sent = self._expand(call["call_refs"], self._pool.sent, line)
        return [self._messages.sent(raw) for raw in sent]

    def _expand(self, raw: Raw, pool: list[T], line: int) -> list[T]:
        """The members of the pool in the ranges."""
        try:
            ranges = _decode_ranges(raw)
        except BadShape:
            ranges = [(-1, -1)]
        found: list[T] = []
        done = "the context window is put together from the steps before"
        for start, end in ranges:
            if not 0 <= start <= end <= len(pool):
                what = "references to messages that are not there"
                self._builder.problem("loss", what, done, line)
                return []
            found.extend(pool[start:end])
            if len(found) > LONGEST_WINDOW:
                what = f"a context window of more than {LONGEST_WINDOW:,} messages"
                self._builder.problem("loss", what, done, line)
                return []
        return found


def _common(before: list[Heard], now: list[Heard]) -> int:
    """How many messages the two windows begin with in common."""
    if now[: len(before)] == before:
        return len(before)
    for index, (old, new) in enumerate(zip(before, now, strict=False)):
        if old is not new:
            return index
    return min(len(before), len(now))


def _flat(heard: Iterable[Heard]) -> tuple[Message, ...]:
    return tuple(part for message in heard for part in message.parts)
