"""Takes one step of a trajectory apart: what was said, which calls, which results.

Part of the `atif` reader. It makes no step.
"""

from collections.abc import Container, Iterable
from typing import NamedTuple

from whypath.builder import Builder, Draft, Window
from whypath.content import ContentStore, to_json
from whypath.model import Call, ContentId, Message, Usage
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    first,
    is_list,
    is_object,
)
from whypath.readers.message_parts import take_apart
from whypath.records import Raw, Shape

ROLES = {"user": "user", "system": "system", "agent": "assistant"}
EMPTY = (b'""', b"[]", b"{}")


class Said(NamedTuple):
    """A message or a result: its text, and whether that is all of it."""

    content: ContentId | None
    whole: bool


class Asked(Shape, eq=False, gc=False):
    """A tool call, the id it was recorded with, and its other fields.

    `tool` is the step of its own that it has where more of it is recorded.
    """

    call: Call
    recorded: str | None
    extra: Fields
    is_answered: bool = False
    tool: Draft | None = None


class Seen:
    """What the model sees, message by message, and whether that is all of it.

    A trajectory says so exactly where one begins with copies of another's steps, and
    where its harness replaced or cut the context.
    """

    def __init__(self) -> None:
        self.is_exact = False
        self._messages: list[tuple[str | None, Message]] = []
        self._step_id: str | None = None

    def add(self, step_id: str | None, messages: Iterable[Message]) -> None:
        """Messages of a step; None: of the step before, whose calls they answer."""
        self._step_id = step_id or self._step_id
        self._messages.extend((self._step_id, message) for message in messages)

    def replace(self, is_exact: bool) -> None:
        """Nothing of what was seen is seen any longer."""
        self._messages.clear()
        self.is_exact = is_exact

    def cut(self, removed: Container[str | None]) -> None:
        """The messages of these steps are no longer seen."""
        self._messages = [one for one in self._messages if one[0] not in removed]
        self.is_exact = True

    def take(self) -> Window | None:
        """The window of the model call that comes now, where it is known exactly."""
        if not self.is_exact:
            return None
        self.is_exact = False
        return Window([message for _, message in self._messages])


class CallIds:
    """Tells apart the calls of a run, whose ids may be missing or used again."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._uses: dict[str, int] = {}

    def new(self, recorded: str | None, name: str, line: int) -> str:
        """The call's own id, or one made of its name; with a number if it is taken."""
        wanted = recorded or name
        uses = self._uses.get(wanted, 0) + 1
        while (id := wanted if uses == 1 else f"{wanted}~{uses}") in self._uses:
            uses += 1
        self._uses[wanted] = uses
        if uses > 1:
            self._uses[id] = 1
            if recorded:
                what = "a call id is used twice"
                self._builder.problem("repair", what, "told apart by their order", line)
        return id


def said_in(raw: Raw | None, contents: ContentStore, *, embedded: bool = False) -> Said:
    """The text of a message or a result; of one without any text, all of it."""
    if raw is None or (len(raw) == 2 and bytes(raw) in EMPTY):
        return Said(None, True)
    parts = take_apart(raw, contents, embedded=embedded)
    if parts.text is None:
        return Said(contents.add(raw), True)
    whole = parts.whole and not (parts.calls or parts.results)
    return Said(parts.text, whole and parts.reasoning is None)


def calls_in(raw: Raw | None, ids: CallIds, builder: Builder, line: int) -> list[Asked]:
    """The tool calls of a step."""
    found: list[Asked] = []
    for item in as_items(raw):
        fields = as_fields(item)
        if not is_object(item):
            builder.problem("loss", "a tool call that is no object", "left out", line)
            continue
        name = as_scalar(fields.get("function_name")) or "?"
        recorded = as_scalar(fields.get("tool_call_id")) or None
        given = fields.get("arguments")
        arguments = builder.contents.add_embedded_if(given)
        call = Call(ids.new(recorded, name, line), name, arguments)
        found.append(Asked(call, recorded, as_fields(fields.get("extra"))))
    if raw is not None and not is_list(raw):
        builder.problem("loss", "tool calls that are no list", "left out", line)
    return found


def results_in(raw: Raw | None) -> list[Fields]:
    """The results of an observation; a value of another shape is one result."""
    if raw is None:
        return []
    fields = as_fields(raw)
    if is_list(fields.get("results")):
        items = as_items(fields["results"])
    elif fields:
        items = [fields.get("results", raw)]
    else:
        items = as_items(raw) if is_list(raw) else [raw]
    return [as_fields(i) if is_object(i) else {"content": i} for i in items]


def usage_in(metrics: Fields) -> Usage | None:
    """Tokens, of which those from a cache are a part, and cost."""
    extra = as_fields(metrics.get("extra"))
    written = first(extra, "cache_creation_input_tokens", "cache_write_tokens")
    thought = first(extra, "reasoning_tokens", "reasoning_output_tokens")
    usage = Usage(
        input_tokens=_count(metrics.get("prompt_tokens")),
        output_tokens=_count(metrics.get("completion_tokens")),
        cache_read_tokens=_count(metrics.get("cached_tokens")),
        cache_write_tokens=_count(written),
        reasoning_tokens=_count(thought),
        cost_usd=as_number(metrics.get("cost_usd")),
    )
    return None if usage == Usage() else usage


def messages_of(
    role: str, text: ContentId | None, calls: Iterable[Asked]
) -> list[Message]:
    """What a step leaves in the conversation, but for the results of its calls."""
    found = [] if text is None else [Message(role, "text", text)]
    for asked in calls:
        call = asked.call
        found.append(Message(role, "call", call.arguments, call.name, call.id))
    return found


def detail(draft: Draft, name: str, raw: bytes | Raw, contents: ContentStore) -> None:
    """Adds one more detail to a step."""
    known = None if draft.details is None else contents.raw(draft.details)
    more = {**as_fields(known), name: Raw(raw)}
    draft.details = contents.add(to_json(more))


def is_true(raw: Raw | None) -> bool:
    """True for the JSON value true alone."""
    return raw is not None and bytes(raw) == b"true"


def _count(raw: Raw | None) -> int | None:
    number = as_number(raw)
    return None if number is None or number < 0 else int(number)
