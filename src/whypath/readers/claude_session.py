"""Turns the rows of one Claude Code session file into steps, in the order they stand.

Part of the `claude_code` reader. It gives each row its place in the tree, makes
prompts, and hands the other rows on: `claude_answers` and `claude_events` make steps.
"""

from whypath.builder import Builder, RunDraft
from whypath.errors import Level
from whypath.model import Kind
from whypath.readers.claude_agents import Conversations
from whypath.readers.claude_answers import Answers
from whypath.readers.claude_events import Events
from whypath.readers.claude_rows import (
    MessageLine,
    Misfit,
    Row,
    blocks_of,
    command_line,
    decode_progress,
    decode_row,
    join,
    pick,
)
from whypath.readers.claude_tree import Node, Tree
from whypath.records import BadShape, Records

_WITH_STEPS = ("user", "assistant", "system", "attachment")
_INTERRUPTED = b'"[Request interrupted by user'
_PROMPT_NAMES = (
    (b'"<command-', "command"),
    (b'"<local-command-', "command output"),
    (b'"<bash-input', "shell command"),
    (b'"<bash-std', "shell output"),
    (b'"<task-notification', "task notification"),
)


class Session:
    """The state of reading one file."""

    def __init__(self, records: Records, builder: Builder) -> None:
        self._builder = builder
        self._line = 0
        self._misfit = Misfit(builder)
        self._tree = Tree()
        self.conversations = Conversations(records, builder)
        self.answers = Answers(builder, self.conversations, self._misfit)
        self._events = Events(builder, self._tree, self._misfit)
        self._facts: tuple[str | None, ...] = ()

    def row(self, data: bytes, line: int) -> None:
        """Takes in one row that stands on `line`."""
        self._line = self._misfit.line = line
        try:
            row = decode_row(data, self._misfit)
        except BadShape:
            what = "a row that is no object"
            self._builder.problem("loss", what, "left out", self._line)
            return
        if not row.uuid and row.type not in _WITH_STEPS:
            self._events.note(row, self._line)
            return
        node = self._node(row, data)
        if node is None:
            return
        if row.type == "system":
            self._events.system(row, data, node)
        elif row.type == "attachment":
            self._events.attachment(row, node)
        elif row.type not in _WITH_STEPS:
            self._events.note(row, self._line)
            self._progress(row, node)
        elif row.message is None:
            what = f"{row.type} rows without a message"
            self._builder.problem("loss", what, "left out", self._line)
        elif row.type == "user":
            self._user(row, row.message, node)
        else:
            self.answers.answer(row, row.message, node)

    def close(self) -> None:
        """Puts together what only the whole file tells."""
        self.answers.close()
        self.conversations.close()
        self._tree.settle()
        self._events.close()

    def _node(self, row: Row, data: bytes) -> Node | None:
        """The row's place in the tree; None when it was read before."""
        before = self._tree.get(row.uuid)
        if before is not None:
            same = before.size == len(data)
            what = "a row is written twice" if same else "two rows have the same uuid"
            level: Level = "note" if same else "loss"
            self._builder.problem(level, what, "the first is shown", self._line)
            return None
        above = row.parent_uuid or row.logical_parent_uuid
        parent = self._tree.get(above)
        run = parent.run if parent is not None else self.conversations.run_of(row)
        thread = self.conversations.thread_of(row, parent, run)
        if row.uuid is not None:
            if row.uuid in run.read:
                self._repeated(row.uuid, Node(above, run, thread, self._line, None, 0))
                return None
            run.read.add(row.uuid)
        if not thread:
            self._describe(row, run)
        time_ns = self._builder.time(row.timestamp, self._line)
        node = Node(above, run, thread, self._line, time_ns, len(data))
        return self._tree.add(row.uuid, node)

    def _repeated(self, uuid: str, node: Node) -> None:
        """Keeps the place of a row that another file of the session had, too."""
        self._tree.add(uuid, node)
        what, done = "rows that another file has, too", "shown once"
        self._builder.problem("note", what, done, self._line)

    def _describe(self, row: Row, run: RunDraft) -> None:
        """Labels the run; what changes on the way has all its values, at most five."""
        facts = (row.version, row.cwd, row.git_branch)
        if facts == self._facts:
            return
        self._facts = facts
        for name, fact in zip(("version", "cwd", "git branch"), facts, strict=True):
            known = run.labels[name].split(", ") if name in run.labels else []
            if fact and fact not in known and len(known) < 5:
                run.labels[name] = ", ".join([*known, fact])

    def _user(self, row: Row, message: MessageLine, node: Node) -> None:
        """A prompt, or the results of calls, or both."""
        texts: list[bytes] = []
        others: list[int] = []
        blocks = blocks_of(message.content, self._misfit)
        for number, block in enumerate(blocks):
            if block.type == "tool_result":
                self.answers.result(row, node, block)
            elif block.type == "text" and (text := bytes(block.text))[:1] == b'"':
                texts.append(text)
            else:
                others.append(number)
        if texts or others or not blocks:
            details = pick(message.content, others) if others else b""
            self._prompt(row, node, join(texts, b"\\n\\n") if texts else b"", details)

    def _prompt(self, row: Row, node: Node, text: bytes, others: bytes) -> None:
        """A user's words, or what the harness put in the user's mouth."""
        kind: Kind = "user"
        name = next((n for start, n in _PROMPT_NAMES if text.startswith(start)), "")
        interrupted = text.startswith(_INTERRUPTED)
        if name == "command" and not node.thread and not node.run.steps:
            node.run.task = command_line(text)
        node.turn = not row.is_meta
        if row.is_compact_summary:
            self._events.summary(row, node)
            name = "compaction summary"
        elif interrupted:
            kind, name = "event", "interrupted"
        elif row.is_meta:
            kind, name = "system", "harness"
        elif node.thread:
            self.conversations.asked(node.run, node.thread, text)
        add = self._builder.contents.add
        shown, details = (text, others) if text else (others, b"")
        content = add(shown) if shown else None
        node.step = node.run.step(
            kind,
            name,
            line=node.line,
            key=row.uuid,
            thread=node.thread,
            start_ns=node.time_ns,
            status="error" if interrupted else "ok",
            input=None if interrupted else content,
            output=content if interrupted else None,
            details=add(details) if details else None,
        )

    def _progress(self, row: Row, node: Node) -> None:
        """A progress row may tell which sub-agent a running call has started."""
        if row.type != "progress" or not row.parentToolUseID:
            return
        try:
            progress = decode_progress(row.data, self._misfit)
        except BadShape:
            return
        if progress.agent_id:
            run, call_id = node.run, row.parentToolUseID
            self.conversations.link(run, progress.agent_id, call_id)
