"""The Codex sessions of one input, and which of them started which.

Part of the `codex` reader. A sub-agent is a session of its own, in a file of its own,
which names its parent; the parent's call that started it names the sub-agent.
"""

from dataclasses import dataclass

from whypath.builder import Builder, Draft, RunDraft, Thread
from whypath.readers.codex_items import Items

AGENT = "codex"


@dataclass(slots=True)
class Session:
    """One run, with all that is known of it across files."""

    run: RunDraft
    items: Items
    file: str = ""
    last_ns: int = -1
    parent: str | None = None
    agent: str | None = None
    counted: bytes = b""
    is_told: bool = False
    compactions: int = 0
    """Compactions whose record was read and whose event was not, yet."""
    announced: Draft | None = None
    """A compaction whose event was read and whose record was not, yet."""


class Threads:
    """All runs of the input by their ids."""

    def __init__(self, builder: Builder) -> None:
        self.sessions: dict[str, Session] = {}
        self.spawned: dict[str, tuple[str, str | None, str | None]] = {}
        """A sub-agent's id -> its parent, the call that started it, its name."""
        self._builder = builder
        builder.at_end(self._finish)

    def begin(self, id: str, *, is_part: bool) -> Session:
        """The run `id`; as part of another one its keys carry its id."""
        known = self.sessions.get(id)
        if known is None:
            run = self._builder.run(id)
            run.agent = AGENT
            prefix = f"{id}/" if is_part else ""
            items = Items(self._builder, run, prefix)
            known = self.sessions[id] = Session(run, items)
        return known

    def spawn(
        self, child: str, parent: str, call_id: str | None, agent: str | None
    ) -> None:
        """The call `call_id` of `parent` started `child`; the first one told stays."""
        before = self.spawned.get(child)
        if before is None or (before[1] is None and call_id is not None):
            self.spawned[child] = (parent, call_id, agent or (before and before[2]))

    def _finish(self) -> None:
        for id, known in self.sessions.items():
            self._builder.about = id
            known.items.answers.close()
            known.items.tools.close()
            self._say_what_lacks(known)
            parent, call_id, agent = self.spawned.get(id, (known.parent, None, None))
            parent = known.parent or parent
            if parent is not None and parent != id:
                known.run.part_of = parent
                agent = known.agent or agent
                known.run.as_thread = Thread(call_id, agent=agent)

    def _say_what_lacks(self, known: Session) -> None:
        """Windows that are recorded, but for the system prompt before them."""
        recorded = [step for step in known.run.steps if step.window is not None]
        if recorded and not known.items.history.instructions:
            what = "the system prompt is not recorded"
            done = "windows begin without it"
            self._builder.problem_at("note", what, done, recorded[0].source)
