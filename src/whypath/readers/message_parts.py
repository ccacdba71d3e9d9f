"""Takes a message's content apart: text, reasoning, calls, results, and what is none.

Part of `conversation`, and not a reader itself. It makes no step.
"""

from collections.abc import Callable

from whypath.content import ContentStore
from whypath.model import ContentId
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_text,
    first,
    is_list,
    is_object,
)
from whypath.records import Raw, Shape

_TEXTS = {None, "text", "input_text", "output_text", "summary_text"}
_THOUGHTS = {"thinking", "reasoning", "reasoning_text"}


class Parts(Shape, gc=False):
    """What a content holds. `whole` is False when some of it is no text (an image)."""

    text: ContentId | None = None
    reasoning: ContentId | None = None
    calls: list[Fields] = []
    results: list[Fields] = []
    whole: bool = True


def take_apart(
    raw: Raw | None, contents: ContentStore, *, embedded: bool = False
) -> Parts:
    """Reads null, a text, an object, or a list of parts.

    With `embedded`, a text that is itself a JSON object or list is kept as that.
    """
    parts = Parts()
    if raw is None:
        return parts
    add = contents.add_embedded if embedded else contents.add
    if not is_list(raw):
        parts.text = add(raw)
        return parts
    texts: list[Raw] = []
    thoughts: list[Raw] = []
    for item in as_items(raw):
        fields = as_fields(item) if is_object(item) else {"text": item}
        kind = as_text(fields.get("type"))
        said = first(fields, "text", "refusal", "thinking", "reasoning")
        if said is not None and as_text(said) is None:
            parts.whole = False
        elif said is not None and (kind in _TEXTS or kind == "refusal"):
            texts.append(said)
        elif said is not None and kind in _THOUGHTS:
            thoughts.append(said)
        elif kind == "tool_use":
            parts.calls.append(fields)
        elif kind == "tool_result":
            parts.results.append(fields)
        else:
            parts.whole = False
    parts.text = _joined(texts, add, contents)
    parts.reasoning = _joined(thoughts, contents.add, contents)
    return parts


def reasoning_of(raw: Raw | None, contents: ContentStore) -> ContentId | None:
    """The reasoning in a text or in a list of blocks; None where it is empty."""
    if raw is None:
        return None
    text = as_text(raw)
    if text is not None:
        return contents.add(raw) if text.strip() else None
    parts = take_apart(raw, contents)
    number = parts.text if parts.reasoning is None else parts.reasoning
    return contents.add(raw) if number is None and len(raw) > 2 else number


def _joined(
    texts: list[Raw], add: Callable[[Raw], ContentId], contents: ContentStore
) -> ContentId | None:
    if len(texts) < 2:
        return add(texts[0]) if texts else None
    return contents.add_text("\n".join(as_text(raw) or "" for raw in texts))
