"""Says which trajectory belongs to which, when all files of an input are read.

Part of the `atif` reader. A reference names a trajectory by its id, by its file, or,
before version 1.7, by its session alone; a continuation is named by its file.
"""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeVar

from whypath.builder import Builder, Draft, RunDraft, Thread

T = TypeVar("T")


class Ref(NamedTuple):
    """A reference to a sub-agent's trajectory, and the call or step that holds it."""

    trajectory_id: str | None
    path: str | None
    session_id: str | None
    call_id: str | None
    step: Draft | None

    def thread(self, agent: str | None) -> Thread:
        """The sub-agent's place: below the call, else below the step."""
        parent = self.step.key if self.step is not None else None
        return Thread(self.call_id, None if self.call_id else parent, agent)


@dataclass(slots=True, eq=False)
class Told:
    """A trajectory that was read: what it is called, and what it refers to."""

    run: RunDraft
    path: Path | None
    trajectory_id: str | None
    session_id: str | None
    agent: str | None
    continued: str | None
    refs: list[Ref] = field(default_factory=list)


class Links:
    """All trajectories of an input, in the order they were read."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self._all: list[Told] = []
        self._names: dict[str, int] = {}
        self._by_id: dict[str | None, list[Told]] = {}
        self._by_path: dict[Path | None, list[Told]] = {}
        self._by_session: dict[str | None, list[Told]] = {}
        builder.at_end(self._tell)

    def name(self, wanted: str) -> str:
        """An id for a run that no other has: trajectories may share a session's."""
        again = self._names.get(wanted, 0) + 1
        self._names[wanted] = again
        return wanted if again == 1 else self.name(f"{wanted}-{again}")

    def add(self, told: Told) -> None:
        """Takes in a trajectory that has been read."""
        self._all.append(told)
        self._by_id.setdefault(told.trajectory_id, []).append(told)
        self._by_path.setdefault(told.path, []).append(told)
        self._by_session.setdefault(told.session_id, []).append(told)

    def _tell(self) -> None:
        """Gives every part its host, then every part the keys that set it apart."""
        hosts: dict[int, tuple[Told, Ref | None]] = {}
        for told in self._all:
            if told.continued is not None:
                part = self._continuation(told, told.continued)
                self._link(hosts, told, part, None, "a continuation")
            for each in told.refs:
                part = self._named(told, each)
                self._link(hosts, told, part, each, "a sub-agent's trajectory")
        for told in self._all:
            if id(told) in hosts:
                _set_apart(told.run)
        for told in self._all:
            if id(told) in hosts:
                host, ref = hosts[id(told)]
                told.run.part_of = host.run.id
                told.run.as_thread = ref.thread(told.agent) if ref else None

    def _link(
        self,
        hosts: dict[int, tuple[Told, Ref | None]],
        host: Told,
        part: Told | None,
        ref: Ref | None,
        what: str,
    ) -> None:
        if part is not None:
            hosts.setdefault(id(part), (host, ref))
            return
        self.builder.about = host.run.id
        source = ref.step.source if ref and ref.step else None
        line = source.line if source else None
        self.builder.problem("note", f"{what} is not in the input", "not shown", line)

    def _continuation(self, told: Told, name: str) -> Told | None:
        """The trajectory in that file, or in one of its session whose name ends so."""
        return self._in_file(told, name) or self._renamed(told, name)

    def _named(self, told: Told, ref: Ref) -> Told | None:
        """The trajectory that a reference means, told most exactly by its id."""
        found = None
        if ref.trajectory_id:
            found = _other(self._by_id, ref.trajectory_id, told)
        if found is None and ref.path:
            found = self._in_file(told, ref.path)
        if found is None and ref.session_id and ref.session_id != told.session_id:
            found = _other(self._by_session, ref.session_id, told)
        if found is None and ref.path:
            found = self._renamed(told, ref.path)
        return found

    def _in_file(self, told: Told, name: str) -> Told | None:
        if told.path is None:
            return None
        return _other(self._by_path, told.path.parent / name, told)

    def _renamed(self, told: Told, name: str) -> Told | None:
        """A trajectory of the session whose file's name ends as the one looked for."""
        end = PurePosixPath(name).name
        for other in self._by_session.get(told.session_id, ()):
            if other.path is None or other.path == told.path:
                continue
            if end and other.path.name.endswith(end):
                return other
        return None


def _other(index: dict[T, list[Told]], key: T, told: Told) -> Told | None:
    """The first of the trajectories with that key that is not `told` itself."""
    return next((other for other in index.get(key, ()) if other is not told), None)


def _set_apart(run: RunDraft) -> None:
    """Steps count from 1 in every trajectory: a part's keys begin with its run's id."""
    for draft in run.steps:
        draft.key = f"{run.id}/{draft.key}" if draft.key else None
    run.threads = {
        name: thread._replace(parent=f"{run.id}/{thread.parent}")
        if thread.parent
        else thread
        for name, thread in run.threads.items()
    }
