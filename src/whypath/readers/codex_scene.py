"""The run that a Codex session becomes: makes its steps, each with a key of its own.

Part of the `codex` reader.
"""

from collections import Counter

from whypath.builder import Builder, Draft, RunDraft
from whypath.content import digest_of
from whypath.model import Kind
from whypath.records import Shape


class Place(Shape, frozen=True, gc=False):
    """Where a record stands, when it was written, and its payload."""

    line: int
    time_ns: int | None
    raw: bytes


class Scene:
    """The run being made. `prefix` goes before its keys when it is part of another."""

    def __init__(self, builder: Builder, run: RunDraft, prefix: str) -> None:
        self.builder = builder
        self.contents = builder.contents
        self.run = run
        self._prefix = prefix
        self._taken: set[str] = set()
        self._again: Counter[str] = Counter()

    def step(self, kind: Kind, name: str, place: Place, id: str | None = None) -> Draft:
        """A step. Its key is the source's own `id`, else a hash of the payload."""
        if id is None:
            id = f"{kind}:{digest_of(place.raw)}"
        key = base = self._prefix + id
        while key in self._taken:
            self._again[base] += 1
            key = f"{base}~{self._again[base] + 1}"
        self._taken.add(key)
        return self.run.step(
            kind, name, line=place.line, key=key, start_ns=place.time_ns
        )

    def take_back(self, draft: Draft) -> None:
        """Leaves out a step that something else turned out to tell."""
        steps = self.run.steps
        at = next(i for i in reversed(range(len(steps))) if steps[i] is draft)
        del steps[at]

    def abandon(self, first: Draft) -> None:
        """What stands from `first` on was taken back by the user."""
        for draft in self.run.steps:
            if draft.order >= first.order:
                draft.abandoned = True
