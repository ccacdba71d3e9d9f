"""Keeps foreign values as contents: JSON in a text as that JSON, text as text.

For `payloads` and what it is made of, and not a reader itself.
"""

from typing import Any

from whypath.builder import Builder
from whypath.content import may_embed
from whypath.model import ContentId
from whypath.records import BadShape, Raw, decoder

_check = decoder(Raw)
_string = decoder(str)

_EITHER = ("{", "[")


class Keeper:
    """Gives the values of one input to its contents."""

    def __init__(self, builder: Builder) -> None:
        self.contents = builder.contents

    def keep(self, value: Any) -> ContentId:
        """A payload of any type; a text that holds a JSON object or list, as that."""
        if not isinstance(value, str):
            return self.contents.add_value(value)
        inner = value.strip()
        if inner.startswith(_EITHER):
            data = inner.encode("utf-8", "replace")
            if is_json(data):
                return self.contents.add(data)
        return self.contents.add_text(value)

    def keep_if(self, value: Any) -> ContentId | None:
        """`keep` for what may be missing: None and "" are nothing."""
        return None if value is None or value == "" else self.keep(value)

    def keep_raw(self, raw: bytes) -> ContentId:
        """`keep` for a value that is still JSON."""
        if raw[:1] != b'"':
            return self.contents.add(raw)
        try:
            return self.keep(_string(raw)) if may_embed(raw) else self.keep_text(raw)
        except BadShape:
            return self.contents.add_text(raw.decode("utf-8", "replace"))

    def keep_text(self, raw: bytes) -> ContentId:
        """A text that is still JSON: mostly it is spelled as we spell it.

        Raises `BadShape` for one that is no Unicode.
        """
        if b"\\u" in raw or b"\\/" in raw:
            return self.contents.add_text(_string(raw))
        return self.contents.add(raw)


def is_json(data: bytes) -> bool:
    """True for one valid JSON value."""
    try:
        _check(data)
    except BadShape:
        return False
    return True
