"""Finds which conversation a row belongs to: a run, and a sub-agent's thread in it.

Part of the `claude_code` reader. It makes no steps.
"""

from pathlib import Path

from whypath.builder import Builder, RunDraft, Thread
from whypath.readers.claude_rows import Misfit, Row, decode_task
from whypath.readers.claude_tree import Node
from whypath.records import BadShape, Raw, Records

AGENT = "claude-code"
_STARTERS = ("Task", "Agent")


class Conversations:
    """The runs and sub-agents of one file, and what it says of how they hang together.

    A sub-agent hangs on the call whose result names its `agentId` (or, for all that a
    workflow started, its `runId`), or whose prompt is the sub-agent's first prompt.
    """

    def __init__(self, records: Records, builder: Builder) -> None:
        self._path = records.path or Path("session.jsonl")
        folder = self._path.parent
        self._workflow = folder.name if folder.parent.name == "workflows" else ""
        self._builder = builder
        self._runs = {run.id: run for run in builder.runs}
        self._run: RunDraft | None = None
        self._agents: dict[str, str] = {}
        self._prompts: dict[bytes, list[str]] = {}
        self._asked: dict[tuple[str, str], tuple[RunDraft, bytes]] = {}

    def run_of(self, row: Row) -> RunDraft:
        """The run of a row without a known parent, by its session."""
        session = row.session_id
        run = self._runs.get(session) if session else self._run
        if run is None and row.agent_id:
            run = self._main_run(session)
        if run is None:
            run = self._builder.run(row.agent_id or session or self._path.stem)
        return self._goes_on(session, run)

    def main(self, session: str | None) -> RunDraft:
        """The run of a session, or the one that is being read; made if need be."""
        run = self._runs.get(session) if session else self._run
        if run is None:
            run = self._builder.run(session or self._path.stem)
        return self._goes_on(session, run)

    def _goes_on(self, session: str | None, run: RunDraft) -> RunDraft:
        """Remembers whose rows are read; a run that is new gets its agent."""
        run.agent = run.agent or AGENT
        if session:
            self._runs[session] = run
        self._run = run
        return run

    def _main_run(self, session: str | None) -> RunDraft | None:
        """The run that the main file began, if it was read before this sub-agent's.

        It has another id than the sub-agent's rows when the session was resumed.
        """
        folders = [f.parent for f in self._path.parents if f.name == "subagents"]
        mains = {
            f"{place}.jsonl" for place in [self._path.parent / f"{session}", *folders]
        }
        read_before = {*self._builder.files} - {str(self._path)}
        runs = self._builder.runs
        return runs[-1] if runs and mains & read_before else None

    def thread_of(self, row: Row, parent: Node | None, run: RunDraft) -> str:
        """The sub-agent's thread; the main conversation's is empty."""
        if not row.agent_id and not row.is_sidechain:
            return ""
        if row.agent_id:
            thread = row.agent_id
        elif parent is not None and parent.thread:
            return parent.thread
        else:
            thread = row.uuid or "sidechain"
        if thread not in run.threads:
            workflow = run.threads.get(self._workflow)
            call_id = workflow.call_id if workflow else None
            run.threads[thread] = Thread(call_id, agent=row.attribution_agent)
        return thread

    def asks(self, call_id: str, name: str, arguments: Raw, misfit: Misfit) -> None:
        """A call that may start a sub-agent."""
        if name not in _STARTERS:
            return
        try:
            task = decode_task(arguments, misfit)
        except BadShape:
            return
        if task.subagent_type:
            self._agents[call_id] = task.subagent_type
        if prompt := bytes(task.prompt):
            self._prompts.setdefault(prompt, []).append(call_id)

    def asked(self, run: RunDraft, thread: str, prompt: bytes) -> None:
        """A prompt in a sub-agent's thread; only the first one counts."""
        self._asked.setdefault((run.id, thread), (run, prompt))

    def link(self, run: RunDraft, thread: str, call_id: str) -> None:
        """The call `call_id` started what runs in `thread`; the first call stays."""
        known = run.threads.get(thread)
        if known is None or known.call_id is None:
            agent = self._agents.get(call_id) or (known.agent if known else None)
            run.threads[thread] = Thread(call_id, agent=agent)

    def close(self) -> None:
        """Hangs the sub-agents that no result names on the call with their prompt."""
        linked = {
            thread.call_id
            for run, _ in self._asked.values()
            for thread in run.threads.values()
        }
        for (_, thread), (run, prompt) in self._asked.items():
            if run.threads[thread].call_id is not None:
                continue
            calls = [c for c in self._prompts.get(prompt, ()) if c not in linked]
            if calls:
                linked.add(calls[0])
                self.link(run, thread, calls[0])
