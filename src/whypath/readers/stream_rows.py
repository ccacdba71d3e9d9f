"""Puts the rows of a Claude stream into the terms of a session, and tells its end.

Part of the `stream_json` reader. The rows themselves are told by `claude_session`.
"""

from typing import NamedTuple

from whypath.builder import Builder, RunDraft
from whypath.content import to_json
from whypath.model import Outcome, Tool, Usage
from whypath.readers.claude_session import Session
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_raw,
    as_scalar,
    as_text,
    is_list,
    reason_of,
    rest_of,
)
from whypath.readers.permissions import permission
from whypath.records import Raw, Record, Records

_NAMES = {
    "session_id": "sessionId",
    "parent_tool_use_id": "agentId",
    "tool_use_result": "toolUseResult",
    "claude_code_version": "version",
    "isSynthetic": "isMeta",
}
"""Names of the stream, and those of a session's file."""

_PIECES = "stream_event"
_PROGRESS = ("tool_progress", "keep_alive", "control_request", "control_response")
_COUNTS = (
    ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"),
    ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
)
_RESULT = {"type", "subtype", "session_id", "uuid", "result"}
_LABELS = ("num_turns", "duration_ms", "duration_api_ms")


class _Counted(NamedTuple):
    """What a result counted: from the step `first` on, up to the step `end`."""

    totals: Usage
    first: int
    end: int


class Stream:
    """The state of reading one stream."""

    def __init__(self, records: Records, builder: Builder) -> None:
        self._builder = builder
        self._session = Session(records, builder)
        self._tools: dict[str, tuple[Tool, ...]] = {}
        self._offered: dict[str, int] = {}
        self._speaking: dict[str, tuple[str, dict[str, Raw]]] = {}
        self._counted: dict[str, _Counted] = {}
        self._number = 0

    def record(self, record: Record) -> None:
        """Takes in one row."""
        fields, line = as_fields(record.data), record.line
        kind = as_text(fields.get("type")) or ""
        self._number += 1
        if not fields:
            what = "a row that is no object"
            self._builder.problem("loss", what, "left out", line)
        elif kind == _PIECES:
            self._piece(fields, line)
        elif kind == "result":
            run = self._run_of(fields)
            self._builder.about = run.id
            self._result(run, fields, line)
        elif kind in _PROGRESS:
            what = f"{kind} rows"
            self._builder.problem("note", what, "not shown", line)
        else:
            self._told(fields, kind, line)

    def close(self) -> None:
        """Puts together what only the whole stream tells."""
        self._session.close()

    def _run_of(self, fields: Fields) -> RunDraft:
        return self._session.conversations.main(as_text(fields.get("session_id")))

    def _told(self, fields: Fields, kind: str, line: int) -> None:
        """A row that a session's file has, too, under other names."""
        run = self._run_of(fields)
        call_id = as_text(fields.get("parent_tool_use_id"))
        self._session.row(self._renamed(fields, kind), line)
        if call_id is not None:
            self._session.conversations.link(run, call_id, call_id)
        if kind == "system" and is_list(fields.get("tools")):
            names = (as_scalar(raw) or "?" for raw in as_items(fields["tools"]))
            self._tools[run.id] = tuple(Tool(name, None) for name in names)
        elif kind == "assistant":
            self._offer(run)

    def _renamed(self, fields: Fields, kind: str) -> bytes:
        row = {_NAMES.get(name, name): raw for name, raw in fields.items()}
        if kind == "assistant":
            message = as_fields(fields.get("message"))
            if message and "id" not in message and "uuid" not in fields:
                row["uuid"] = as_raw(f"row-{self._number}")
            if "error" in fields:
                row["isApiErrorMessage"] = as_raw(True)
        return to_json(row)

    def _offer(self, run: RunDraft) -> None:
        """Says what the main conversation's model could have called."""
        tools = self._tools.get(run.id)
        for step in run.steps[self._offered.get(run.id, 0) :]:
            if step.kind == "model" and not step.thread:
                step.tools = tools
        self._offered[run.id] = len(run.steps)

    def _piece(self, fields: Fields, line: int) -> None:
        """A piece of a message: only its count of tokens is not told elsewhere."""
        what = "pieces of messages that follow whole"
        self._builder.problem("note", what, "not shown", line)
        thread = as_text(fields.get("parent_tool_use_id")) or ""
        event = as_fields(fields.get("event"))
        kind = as_text(event.get("type"))
        if kind == "message_start":
            message = as_fields(event.get("message"))
            id = as_text(message.get("id")) or ""
            self._speaking[thread] = (id, dict(as_fields(message.get("usage"))))
        elif kind == "message_delta" and thread in self._speaking:
            id, usage = self._speaking[thread]
            usage.update(as_fields(event.get("usage")))
            self._session.answers.recount(thread, id, as_raw(usage))

    def _result(self, run: RunDraft, fields: Fields, line: int) -> None:
        """How the run ended, and what it took in all."""
        self._builder.about = run.id
        subtype = as_text(fields.get("subtype")) or ""
        failed = as_scalar(fields.get("is_error")) == "true" or subtype.startswith(
            "err"
        )
        contents = self._builder.contents
        answer = fields.get("result")
        output = contents.add_if(answer)
        step = run.step("event", "result", line=line, key=as_text(fields.get("uuid")))
        step.output = output
        step.status = "error" if failed else "ok"
        if failed:
            step.error = _why(fields, subtype)
        rest = rest_of(fields, _RESULT)
        step.details = contents.add_if(rest)
        if failed or subtype == "success":
            run.status = "error" if failed else "ok"
        run.outcome = Outcome(answer=output, note=subtype or None)
        for name in _LABELS:
            if value := as_scalar(fields.get(name)):
                run.labels[name.replace("_", " ")] = value
        step.usage = self._beyond(run, _totals(fields), line)
        for raw in as_items(fields.get("permission_denials")):
            self._denied(run, as_fields(raw), line)

    def _beyond(self, run: RunDraft, totals: Usage, line: int) -> Usage | None:
        """What a result counts, beyond what the messages and results before count.

        The counts of one process grow from result to result; a smaller one is that of
        a process of its own.
        """
        before = self._counted.get(run.id, _Counted(Usage(), 0, 0))
        first = before.first if _grows(before.totals, totals) else before.end
        known = [step.usage for step in run.steps[first:] if step.usage is not None]
        self._counted[run.id] = _Counted(totals, first, len(run.steps))
        rest = [_less(totals, known, name) for name in Usage.__struct_fields__]
        if not any(rest):
            return None
        if any(rest[:-1]):
            what = "tokens that no message counts"
            self._builder.problem("note", what, "counted at the result", line)
        return Usage(*rest)  # type: ignore[arg-type]

    def _denied(self, run: RunDraft, fields: Fields, line: int) -> None:
        """A call that was not allowed: a decision by a person or a rule."""
        name = as_scalar(fields.get("tool_name")) or "the tool"
        call_id = as_text(fields.get("tool_use_id"))
        step = self._session.answers.tool(call_id)
        if step is None:
            step = run.step("decision", "permission", line=line, status="ok")
            given = fields.get("tool_input")
            step.input = self._builder.contents.add_if(given)
        if step.decision is None:
            step.decision = permission(name, allowed=False)


def _why(fields: Fields, subtype: str) -> str:
    """Why it failed: the first error, or what stands for the answer."""
    said = [*as_items(fields.get("errors")), *filter(None, [fields.get("result")])]
    return reason_of(said[0]) if said else subtype or "failed; no reason is recorded"


def _totals(fields: Fields) -> Usage:
    """Tokens of all models, else of the main one; and the whole cost."""
    models = [as_fields(raw) for raw in as_fields(fields.get("modelUsage")).values()]
    names, made = _COUNTS[0], "outputTokens"
    if not any(models):
        models = [as_fields(fields.get("usage"))]
        names, made = _COUNTS[1], "output_tokens"
    given, read, written = (_sum(models, name) for name in names)
    parts = [count for count in (given, read, written) if count is not None]
    return Usage(
        input_tokens=sum(parts) if parts else None,
        output_tokens=_sum(models, made),
        cache_read_tokens=read,
        cache_write_tokens=written,
        cost_usd=as_number(fields.get("total_cost_usd")),
    )


def _sum(models: list[Fields], name: str) -> int | None:
    numbers = [as_number(model.get(name)) for model in models]
    known = [int(number) for number in numbers if number is not None]
    return sum(known) if known else None


def _grows(before: Usage, now: Usage) -> bool:
    pairs = ((before.cost_usd, now.cost_usd), (before.output_tokens, now.output_tokens))
    return all((old or 0) <= (new or 0) for old, new in pairs)


def _less(totals: Usage, known: list[Usage], name: str) -> int | float | None:
    """What is left of a total; None where nothing is, or where it is not known."""
    total = getattr(totals, name)
    if total is None:
        return None
    left = total - sum(getattr(usage, name) or 0 for usage in known)
    return left if left > 0 else None
