"""Turns rows that are not of the conversation into events, titles and notes.

Part of the `claude_code` reader. It knows which rows tell what happened, and which are
only the tool's own bookkeeping.
"""

from typing import NamedTuple

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import ContentId, Kind, Status
from whypath.readers.claude_rows import (
    SILENT,
    Misfit,
    Row,
    decode_error,
    decode_fields,
    flatten,
    is_text,
    text_of,
)
from whypath.readers.claude_tree import Node, Tree
from whypath.records import BadShape, Raw

_BOOKKEEPING = (
    "agent-name atis-latch bridge-session file-history-snapshot frame-link last-prompt "
    "mode permission-mode pr-link queue-operation relocated result started tag "
    "worktree-state"
)
_ENVELOPE = (
    "agentId attributionAgent content cwd entrypoint gitBranch isMeta isSidechain "
    "level logicalParentUuid parentUuid requestId sessionId sessionKind session_id "
    "slug subtype timestamp type userType uuid version"
)
_TEXTS = ("content", "text", "prompt", "snippet", "stdout", "stderr")
_KNOWN_NOTES = frozenset(_BOOKKEEPING.split())
_SHOWN_ELSEWHERE = frozenset(_ENVELOPE.split())
_ERRORS = ("api_error", "error", "api_refusal")


class _Title(NamedTuple):
    """What a row calls the session, later and higher ranks first."""

    rank: int
    line: int
    session: str | None
    leaf: str | None
    text: str


def _turn(title: _Title) -> tuple[int, int]:
    return title.rank, title.line


class Events:
    """What one file says beside the conversation."""

    def __init__(self, builder: Builder, tree: Tree, misfit: Misfit) -> None:
        self._builder = builder
        self._tree = tree
        self._misfit = misfit
        self._titles: list[_Title] = []
        self._boundaries: set[tuple[str, str]] = set()

    def system(self, row: Row, data: bytes, node: Node) -> None:
        """A row of the harness: an error, the end of a turn, a compaction."""
        fields = decode_fields(data)
        rest = self._rest(fields, _SHOWN_ELSEWHERE)
        output = self._content(row.content)
        if row.subtype == "compact_boundary":
            self._boundaries.add((node.run.id, node.thread))
            self._compaction(row, node, row.uuid, output, rest)
            return
        failed = row.subtype in _ERRORS or row.level == "error"
        kind: Kind = "error" if row.subtype in _ERRORS else "event"
        step = self._step(row, node, kind, row.subtype or "system", failed)
        step.output, step.details = (output, rest) if output else (rest, None)
        if failed:
            step.error = self._message(row.error)

    def summary(self, row: Row, node: Node) -> None:
        """What goes before a summary: the compaction, unless a row told of it."""
        place = (node.run.id, node.thread)
        if place in self._boundaries:
            self._boundaries.discard(place)
            return
        key = f"{row.uuid}#compaction" if row.uuid else None
        self._compaction(row, node, key, None, None)

    def attachment(self, row: Row, node: Node) -> None:
        """What the harness showed the model, or what a hook did."""
        try:
            fields = decode_fields(row.attachment)
        except BadShape:
            fields = {"content": row.attachment}
        name = text_of(fields.get("type")) or "attachment"
        if name == "queued_command":
            step = self._step(row, node, "user", "queued prompt")
            step.input = self._content(fields.get("prompt", Raw()))
            return
        if name == "hook_success" and not any(
            bytes(fields.get(key, Raw())) not in (b'"{}"', *SILENT) for key in _TEXTS
        ):
            what = "hooks that succeeded and said nothing"
            self._builder.problem("note", what, "not shown", node.line)
            return
        failed = name.endswith("_error")
        step = self._step(row, node, "event", name, failed)
        said = [
            key
            for key in _TEXTS
            if is_text(raw := fields.get(key, Raw())) and bytes(raw) not in SILENT
        ]
        output = self._content(fields[said[0]]) if said else None
        rest = self._rest(fields, frozenset(["type", *said[:1]]))
        step.output, step.details = (output, rest) if said else (rest, None)

    def note(self, row: Row, line: int) -> None:
        """A row that is not shown: its title is kept, its kind is counted."""
        name = (row.type or "")[:40]
        titles = (("summary", row.summary), ("ai-title", row.ai_title))
        for rank, (kind, text) in enumerate(
            (*titles, ("custom-title", row.custom_title))
        ):
            if name == kind and text:
                title = _Title(rank, line, row.session_id, row.leaf_uuid, text)
                self._titles.append(title)
                return
        if name == "progress":
            what, done = "progress rows", "not shown; the results are"
        elif name in _KNOWN_NOTES:
            what, done = f"{name} rows", "bookkeeping, not shown"
        else:
            what, done = f"rows of unknown type {name!r}", "not shown"
        self._builder.problem("note", what, done, line)

    def close(self) -> None:
        """Names the runs: by hand before by machine, the latest before the others.

        A summary names the conversation that ends at its leaf; in many files it is
        the summary of another session.
        """
        runs = {node.run.id: node.run for node in self._tree.nodes.values()}
        for title in sorted(self._titles, key=_turn):
            leaf = self._tree.get(title.leaf)
            run: RunDraft | None = leaf.run if leaf is not None else None
            if run is None and title.rank > 0:
                run = runs.get(title.session or "") or next(iter(runs.values()), None)
            if run is None:
                what = "a summary of another session"
                self._builder.problem("note", what, "not shown", title.line)
            else:
                run.task = title.text

    def _compaction(
        self,
        row: Row,
        node: Node,
        key: str | None,
        output: ContentId | None,
        details: ContentId | None,
    ) -> None:
        step = self._step(row, node, "event", "compaction", key=key)
        step.resets_context = True
        step.output, step.details = output, details

    def _step(
        self,
        row: Row,
        node: Node,
        kind: Kind,
        name: str,
        failed: bool = False,
        key: str | None = None,
    ) -> Draft:
        status: Status = "error" if failed else "ok"
        node.step = node.run.step(
            kind,
            name,
            line=node.line,
            key=key or row.uuid,
            thread=node.thread,
            start_ns=node.time_ns,
            status=status,
        )
        return node.step

    def _content(self, content: Raw) -> ContentId | None:
        output = flatten(content, self._misfit)
        return self._builder.contents.add(output) if output not in SILENT else None

    def _rest(self, fields: dict[str, Raw], skip: frozenset[str]) -> ContentId | None:
        """The fields that say something, beside those that are shown elsewhere."""
        rest = {
            name: value
            for name, value in fields.items()
            if name not in skip and bytes(value) not in SILENT
        }
        return self._builder.contents.add_value(rest) if rest else None

    def _message(self, error: Raw) -> str | None:
        """What an error says of itself, if it is a sentence."""
        try:
            line = decode_error(error, self._misfit)
        except BadShape:
            return None
        return line.message
