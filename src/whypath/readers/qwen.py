"""https://github.com/QwenLM/qwen-code: chatRecordingService of packages/core.

Not read: snapshots and telemetry, which are counted; the history after a compression.
A session is a tree of records by `uuid` and `parentUuid`, like Claude Code's, with
messages like Gemini's. What does not lead to the last turn was given up.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from whypath.builder import Builder, Draft, RunDraft, Thread
from whypath.model import Call, ContentId
from whypath.readers.claude_tree import Node, Tree
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_raw,
    as_scalar,
    as_text,
    first,
    reason_of,
    rest_of,
    shown_type,
)
from whypath.readers.gemini_parts import (
    Parts,
    arguments_of,
    response_of,
    take_parts,
    usage_of_api,
)
from whypath.readers.permissions import refusal, refused
from whypath.records import Raw, Record, Records, Sample

NAME = "qwen"
TOOL = "Qwen Code chat recordings"
EXPORT = "they lie in ~/.qwen/projects/PROJECT/chats/"
NOT_READ = "snapshots and telemetry; the history as a compression leaves it"
EXAMPLE = "whypath report ~/.qwen/projects/PROJECT/chats/ID.jsonl"

_ENVELOPE = {
    *("uuid", "parentUuid", "sessionId", "timestamp", "type", "subtype", "cwd"),
    *("version", "gitBranch", "message", "usageMetadata", "model", "isSidechain"),
    *("agentId", "agentName", "agentColor", "systemPayload", "toolCallResult"),
}
_SILENT = (
    *("session_artifact_snapshot", "session_artifact_event", "file_history_snapshot"),
    *("attribution_snapshot", "ui_telemetry", "session_sources_snapshot"),
    *("user_text_elements", "branch_checkpoint", "parent_session", "session_source"),
)
_LABELS = (("cwd", "cwd"), ("version", "version"), ("gitBranch", "git branch"))


def detect(sample: Sample) -> bool:
    """Some record is a node of a session's tree, with parts for a message."""
    return any(_is_record(value) for value in sample.objects())


def _is_record(value: dict[str, Any]) -> bool:
    if not isinstance(value.get("uuid"), str) or "sessionId" not in value:
        return False
    message = value.get("message")
    holds_parts = isinstance(message, dict) and "parts" in message
    return holds_parts or (value.get("type") == "system" and "systemPayload" in value)


def companions(path: Path) -> list[Path]:
    """The transcripts of the session's sub-agents."""
    session = path.name.partition(".jsonl")[0]
    return sorted((path.parent.parent / "subagents" / session).glob("*.jsonl"))


def read(records: Records, builder: Builder) -> None:
    """Each session is a run; a sub-agent's records are a thread of it."""
    reader = _Reader(builder, records.path.stem if records.path else "stdin")
    for record in records.rows():
        reader.record(as_fields(record.data), record)
    reader.close()


def _is_answer(node: Node) -> bool:
    """True for a part of an answer, which further records may go on with."""
    return node.step is not None and node.step.kind == "model"


class _Reader:
    """The state of reading one file: the tree, and answers that may go on."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._name = name
        self._tree = Tree()
        self._titles: list[tuple[Node, str]] = []
        self._calls: dict[str, Draft] = {}
        self._tellers: dict[str, Callable[[Fields, Node], Draft | None]] = {
            "user": self._prompt,
            "assistant": self._answer,
            "tool_result": self._result,
            "system": self._system,
        }

    def record(self, fields: Fields, record: Record) -> None:
        """Takes in one record."""
        kind = shown_type(fields)
        teller = self._tellers.get(kind)
        if teller is None:
            what = f"records of type {kind}"
            self._builder.problem("loss", what, "left out", record.line)
            return
        run = self._run_of(fields)
        uuid = as_text(fields.get("uuid"))
        known = self._tree.get(uuid)
        if known is not None and not (kind == "assistant" and _is_answer(known)):
            what = "a record's id is used twice"
            self._builder.problem("repair", what, "shown all the same", record.line)
            fields = {name: raw for name, raw in fields.items() if name != "uuid"}
            uuid = known = None
        time_ns = self._builder.time(as_scalar(fields.get("timestamp")), record.line)
        thread = self._thread_of(fields, run)
        above = as_text(fields.get("parentUuid"))
        node = known or Node(above, run, thread, record.line, time_ns, 0)
        if known is not None and known.step is not None:
            known.step.end_ns = time_ns
        node.turn = node.turn or kind in ("user", "assistant")
        step = teller(fields, node)
        node.step = node.step or step
        if known is None:
            self._tree.add(uuid, node)

    def close(self) -> None:
        """Marks what was given up; the title of a branch that was counts less."""
        self._tree.settle()
        for node, title in self._titles:
            above = self._tree.get(node.parent)
            gone = above is not None and above.step is not None and above.step.abandoned
            if node.run.task is None or not gone:
                node.run.task = title

    def _run_of(self, fields: Fields) -> RunDraft:
        id = as_text(fields.get("sessionId")) or self._name
        run = self._builder.run(id)
        self._builder.about = id
        for name, label in _LABELS:
            if value := as_scalar(fields.get(name)):
                run.labels[label] = value
        return run

    def _thread_of(self, fields: Fields, run: RunDraft) -> str:
        """The sub-agent's thread; the main conversation's is empty."""
        thread = as_text(fields.get("agentId")) or ""
        if thread and thread not in run.threads:
            agent = as_text(fields.get("agentName"))
            run.threads[thread] = Thread(agent=agent)
        return thread

    def _step(self, kind: str, name: str, fields: Fields, node: Node) -> Draft:
        return node.run.step(
            kind,  # type: ignore[arg-type]
            name,
            line=node.line,
            key=as_text(fields.get("uuid")),
            start_ns=node.time_ns,
            thread=node.thread,
            status="ok",
        )

    def _parts(self, fields: Fields) -> Parts:
        message = as_fields(fields.get("message"))
        return take_parts(message.get("parts"), self._contents)

    def _details(self, fields: Fields, others: list[Raw]) -> ContentId | None:
        rest = {name: raw for name, raw in fields.items() if name not in _ENVELOPE}
        if others:
            rest["parts"] = as_raw(others)
        kept = rest_of(rest, ())
        return self._contents.add_if(kept)

    def _prompt(self, fields: Fields, node: Node) -> Draft | None:
        """What the user said, or what was sent back for a call in his name."""
        parts = self._parts(fields)
        if parts.results:
            return self._result(fields, node)
        name = (as_text(fields.get("subtype")) or "").replace("_", " ")
        is_user = name in ("", "mid turn user message")
        step = self._step("user" if is_user else "system", name, fields, node)
        step.name = "" if is_user else name
        step.input = parts.text
        step.details = self._details(fields, parts.others)
        return step

    def _answer(self, fields: Fields, node: Node) -> Draft:
        """What the model said; the parts of one answer may be records with one id."""
        parts = self._parts(fields)
        step = node.step or self._step("model", "", fields, node)
        step.model = as_text(fields.get("model")) or step.model
        step.usage = usage_of_api(fields.get("usageMetadata")) or step.usage
        step.output = self._joined(step.output, parts.text)
        step.reasoning = self._joined(step.reasoning, parts.thought)
        details = self._details(fields, parts.others)
        step.details = step.details if details is None else details
        made = tuple(self._call(step, call, node) for call in parts.calls)
        step.calls = (*step.calls, *made)
        return step

    def _joined(self, old: ContentId | None, new: ContentId | None) -> ContentId | None:
        if old is None or new is None:
            return old if new is None else new
        texts = (self._contents.text(number) for number in (old, new))
        return self._contents.add_text("\n\n".join(texts))

    def _call(self, step: Draft, call: Fields, node: Node) -> Call:
        id = as_scalar(call.get("id")) or None
        name = as_scalar(call.get("name")) or "(unnamed tool)"
        arguments = arguments_of(call, self._contents)
        if id is not None and id not in self._calls:
            self._calls[id] = node.run.step(
                "tool",
                name,
                line=node.line,
                key=id,
                start_ns=step.end_ns or step.start_ns,
                thread=node.thread,
                input=arguments,
                call_id=id,
            )
        return Call(id, name, arguments)

    def _result(self, fields: Fields, node: Node) -> Draft | None:
        """What a call brought back, in the API's words and in the tool's own."""
        told = as_fields(fields.get("toolCallResult"))
        status = as_text(told.get("status"))
        for result in self._parts(fields).results:
            id = as_scalar(first(result, "id")) or as_scalar(told.get("callId"))
            answered = response_of(result, self._contents)
            error = answered.error
            if status in ("error", "cancelled") and error is None:
                why = told.get("error")
                error = reason_of(why) if why is not None else status
            tool = self._calls.get(id or "")
            if tool is not None and error and (denied := refusal(error)):
                tool.decision = refused(tool.name, denied, self._contents)
            details = rest_of(told, {"callId", "responseParts"})
            node.run.result(
                id or f"{as_text(fields.get('uuid'))}#result",
                answered.output,
                status="ok" if error is None else "error",
                error=error,
                end_ns=node.time_ns,
                details=self._contents.add_if(details),
                name=as_scalar(result.get("name")),
                line=node.line,
            )
        return None

    def _system(self, fields: Fields, node: Node) -> Draft | None:
        """A title, a compression, a command, or bookkeeping."""
        name = as_text(fields.get("subtype")) or "system"
        payload = as_fields(fields.get("systemPayload"))
        if name == "custom_title" and (title := as_text(payload.get("customTitle"))):
            self._titles.append((node, title))
            return None
        if name in _SILENT:
            what = f"{name} records"
            self._builder.problem("note", what, "bookkeeping, not shown", node.line)
            return None
        step = self._step("event", name.replace("_", " "), fields, node)
        step.output = self._kept(fields.get("systemPayload"))
        if name == "chat_compression":
            step.name, step.resets_context = "compaction", True
        if name == "rewind":
            node.turn = False
        return step

    def _kept(self, raw: Raw | None) -> ContentId | None:
        return self._contents.add_if(raw)
