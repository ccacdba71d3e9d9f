"""Turns the JSON patches of an Inspect log into changes of the agent's state.

Part of the `inspect_ai` reader. Paths are those of the whole state; the store, which
has patches of its own, is at `/store` in it.
"""

from whypath.builder import Builder
from whypath.model import ContentId, StateChange
from whypath.readers.fields import Fields, as_fields, as_items, as_text
from whypath.readers.inspect_messages import Attachments
from whypath.records import BadShape, Raw, decoder

_decode_all = decoder(dict[str, Raw])


class Patches:
    """The patches of one sample. Remembers values, for patches that move them."""

    def __init__(self, builder: Builder, texts: Attachments) -> None:
        self._builder = builder
        self._texts = texts
        self._values: dict[str, ContentId] = {}

    def start_anew(self) -> None:
        """What follows changes another state."""
        self._values.clear()

    def initial(self, state: Fields) -> list[StateChange]:
        """The state that a sample begins with."""
        return [self._set(f"/{name}", raw) for name, raw in state.items()]

    def changes(
        self, raw: Raw | None, root: str, line: int
    ) -> tuple[list[StateChange], bool]:
        """The changes of a patch, and whether they are all that it says."""
        found: list[StateChange] = []
        whole = True
        for item in as_items(raw):
            fields = as_fields(item)
            op, path = as_text(fields.get("op")), as_text(fields.get("path"))
            if path is None:
                whole = False
            elif op in ("add", "replace"):
                found.append(self._set(root + path, _value(item)))
            elif op == "remove":
                found.append(self._remove(root + path))
            elif op in ("move", "copy"):
                start = root + (as_text(fields.get("from")) or "")
                value = self._values.get(start)
                if op == "move":
                    found.append(self._remove(start))
                if value is not None:
                    self._values[root + path] = value
                    found.append(StateChange(root + path, value))
                else:
                    whole = False
            else:
                whole = whole and op == "test"
        if not whole:
            what = "changes of state that cannot be worked out"
            self._builder.problem("note", what, "shown as recorded", line)
        return found, whole

    def _set(self, path: str, raw: Raw) -> StateChange:
        value = self._builder.contents.add(self._texts.resolve(raw))
        self._values[path] = value
        return StateChange(path, value)

    def _remove(self, path: str) -> StateChange:
        self._values.pop(path, None)
        return StateChange(path, None)


def _value(patch: Raw) -> Raw:
    """The value of a patch, which may be null."""
    try:
        return _decode_all(patch).get("value", Raw(b"null"))
    except BadShape:
        return Raw(b"null")
