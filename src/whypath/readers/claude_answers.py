"""Turns what the model said, and what its calls brought back, into steps.

Part of the `claude_code` reader. A message is written as one row for each of its
blocks, with results and other rows between them; it becomes one step here.
"""

from collections import deque
from sys import intern

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Call, ContentId, Decision, Usage
from whypath.readers.claude_agents import Conversations
from whypath.readers.claude_questions import ASKING, PLANNING, decide, decide_plan
from whypath.readers.claude_rows import (
    Block,
    MessageLine,
    Misfit,
    Row,
    blocks_of,
    decode_fields,
    decode_usage,
    flatten,
    join,
    pick,
    says_more,
    text_of,
)
from whypath.readers.claude_tree import Node
from whypath.readers.permissions import USER, Refusal, refusal, refused
from whypath.records import BadShape, Raw

_DOES_NOT_WANT = b"\"The user doesn't want to "
_NO_ANSWERS = Raw(b"{}")
_NO_REFUSAL = ("interrupted", "cancelled")
_NO_REPLY = b'"No response requested."'
_STOPPED = {
    "refusal": "the model refused",
    "max_tokens": "cut off at the token limit",
    "model_context_window_exceeded": "the context window is full",
}


class _Answer:
    """A model step whose blocks are still coming in."""

    __slots__ = ("calls", "draft", "others", "texts", "thoughts")

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.texts: tuple[ContentId, ...] = ()
        self.thoughts: tuple[ContentId, ...] = ()
        self.calls: tuple[Call, ...] = ()
        self.others: tuple[bytes, ...] = ()


class Answers:
    """The model's messages in one file, their calls, and the calls' results."""

    def __init__(
        self, builder: Builder, conversations: Conversations, misfit: Misfit
    ) -> None:
        self._builder = builder
        self._conversations = conversations
        self._misfit = misfit
        self._answers: dict[tuple[str, str, str | None], _Answer] = {}
        self._tools: dict[str, Draft] = {}
        self._uses: dict[str, int] = {}
        self._renamed: dict[str, deque[str]] = {}
        self._unnamed: dict[str | None, deque[str]] = {}
        self._counted: tuple[_Answer, bytes] | None = None

    def answer(self, row: Row, message: MessageLine, node: Node) -> None:
        """A part of a model's message, or a message that the harness made up."""
        node.turn = True
        if row.is_api_error_message or message.model == "<synthetic>":
            self._made_up(row, message, node)
            return
        name = message.id or row.uuid or f"line {node.line}"
        key = (node.thread, name, row.request_id if message.id else None)
        answer = self._answers.get(key)
        if answer is None:
            step = node.run.step(
                "model",
                line=node.line,
                key=row.uuid,
                thread=node.thread,
                start_ns=node.time_ns,
                status="ok",
                model=message.model,
            )
            answer = self._answers[key] = _Answer(step)
        else:
            answer.draft.end_ns = node.time_ns or answer.draft.end_ns
        node.step = answer.draft
        others: list[int] = []
        for number, block in enumerate(blocks_of(message.content, self._misfit)):
            if not self._take(row, node, answer, block):
                others.append(number)
        if others:
            answer.others += (pick(message.content, others),)
        self._count(row, message, answer)
        if row.is_aborted_mid_stream:
            answer.draft.status, answer.draft.error = "error", "broken off midway"
        elif message.stop_reason in _STOPPED:
            answer.draft.status = "error"
            answer.draft.error = _STOPPED[message.stop_reason]

    def result(self, row: Row, node: Node, block: Block) -> None:
        """What a call brought back; `tool_use_result` is its structured twin."""
        call_id = self._answered(row, block.tool_use_id, node.run)
        output = flatten(block.content, self._misfit)
        twin = bytes(row.tool_use_result)
        fields = decode_fields(twin) if twin[:1] == b"{" else {}
        for field in ("agentId", "runId"):
            if thread := text_of(fields.get(field)):
                self._conversations.link(node.run, thread, call_id)
        error = None
        denied = _refusal(row, block, output)
        if denied is not None:
            error = f"refused by {denied.by}"
        elif bytes(fields.get("interrupted", Raw())) == b"true":
            error = "interrupted"
        add = self._builder.contents.add
        more = says_more(twin, fields, output, self._misfit)
        node.run.result(
            call_id,
            add(output) if output not in (b"", b"null") else None,
            status="error" if block.is_error or error else "ok",
            error=error,
            end_ns=node.time_ns,
            details=add(twin) if more else None,
            line=node.line,
        )
        node.step = tool = self._tools.get(call_id)
        if tool is not None:
            failed = bool(block.is_error) and denied is None
            tool.decision = (
                None if failed else self._decided(tool, twin, fields, denied)
            )

    def _decided(
        self, tool: Draft, twin: bytes, fields: dict[str, Raw], denied: Refusal | None
    ) -> Decision | None:
        """What a person or a rule decided at a call, as its result shows it."""
        contents = self._builder.contents
        given = b"{}" if tool.input is None else contents.raw(tool.input)
        if tool.name in PLANNING:
            return decide_plan(given, Raw(twin or b"null"), denied, contents)
        if tool.name == ASKING:
            answers = fields.get("answers", Raw() if denied is None else _NO_ANSWERS)
            return decide(given, answers, contents, denied)
        return None if denied is None else refused(tool.name, denied, contents)

    def tool(self, call_id: str | None) -> Draft | None:
        """The step of a call, if the call was read."""
        return self._tools.get(call_id or "")

    def recount(self, thread: str, name: str, usage: Raw) -> None:
        """Takes in a message's usage that came later than its parts."""
        answer = self._answers.get((thread, name, None))
        if answer is not None:
            self._count(Row(), MessageLine(usage=usage), answer)

    def close(self) -> None:
        """Joins the parts of each message."""
        contents = self._builder.contents
        for answer in self._answers.values():
            draft = answer.draft
            draft.output = self._joined(answer.texts)
            draft.reasoning = self._joined(answer.thoughts)
            draft.calls = answer.calls
            if answer.others:
                draft.details = contents.add(b"[%s]" % b",".join(answer.others))

    def _joined(self, parts: tuple[ContentId, ...]) -> ContentId | None:
        if len(parts) < 2:
            return parts[0] if parts else None
        contents = self._builder.contents
        return contents.add(join([contents.raw(part) for part in parts], b"\\n\\n"))

    def _made_up(self, row: Row, message: MessageLine, node: Node) -> None:
        """An error shown as if the model had said it, or that it was not asked."""
        output = flatten(message.content, self._misfit)
        silent = output == _NO_REPLY and not row.is_api_error_message
        node.step = node.run.step(
            "event" if silent else "error",
            "no reply" if silent else "API error",
            line=node.line,
            key=row.uuid,
            thread=node.thread,
            start_ns=node.time_ns,
            status="ok" if silent else "error",
            error=text_of(row.error),
            output=self._builder.contents.add(output) if output else None,
        )

    def _take(self, row: Row, node: Node, answer: _Answer, block: Block) -> bool:
        """Takes in a block. False: it is of a kind that has no place of its own."""
        kind, add = block.type or "", self._builder.contents.add
        if kind == "text" and (text := bytes(block.text))[:1] == b'"':
            answer.texts += (add(text),)
        elif kind.endswith("thinking"):
            thought = bytes(block.thinking)
            if thought[:1] == b'"' and thought != b'""':
                answer.thoughts += (add(thought),)
            else:
                what = "reasoning that is recorded only as a signature"
                self._builder.problem("note", what, "its text is unknown", node.line)
        elif kind.endswith("tool_use"):
            self._call(row, node, answer, block)
        elif kind.endswith("tool_result") and block.tool_use_id:
            self.result(row, node, block)
            node.step = answer.draft
        else:
            what = f"a block of unknown type {kind[:40]!r}"
            self._builder.problem("note", what, "shown as recorded", node.line)
            return False
        return True

    def _call(self, row: Row, node: Node, answer: _Answer, block: Block) -> None:
        """A tool call: a step of its own, since it has a time of its own."""
        start_ns = node.time_ns
        call_id = self._call_id(row, node, answer, block)
        result = node.run.results.get(call_id)
        if result is not None and (result.end_ns or 0) < (start_ns or 0):
            start_ns = None
            what = "a call is dated after its result"
            self._builder.problem("note", what, "no duration is shown", node.line)
        name = block.name or "(unnamed tool)"
        arguments = None
        if data := bytes(block.input):
            arguments = self._builder.contents.add(data)
            self._conversations.asks(call_id, name, block.input, self._misfit)
        answer.calls += (Call(call_id, intern(name), arguments),)
        self._tools[call_id] = node.run.step(
            "tool",
            name,
            line=node.line,
            key=call_id,
            thread=node.thread,
            start_ns=start_ns,
            input=arguments,
            call_id=call_id,
        )

    def _call_id(self, row: Row, node: Node, answer: _Answer, block: Block) -> str:
        """The call's id; one is made where there is none, or where it is taken."""
        if not block.id:
            call_id = f"{row.uuid or node.line}#{len(answer.calls) + 1}"
            self._unnamed.setdefault(row.uuid, deque()).append(call_id)
            return call_id
        if block.id not in self._tools:
            return block.id
        self._uses[block.id] = self._uses.get(block.id, 1) + 1
        call_id = f"{block.id}~{self._uses[block.id]}"
        self._renamed.setdefault(block.id, deque()).append(call_id)
        what = "two calls have the same id"
        self._builder.problem("repair", what, "the second is renamed", node.line)
        return call_id

    def _answered(self, row: Row, call_id: str | None, run: RunDraft) -> str:
        """The call that a result belongs to; one without an id is its parent's."""
        if not call_id:
            waiting = self._unnamed.get(row.parent_uuid)
            return waiting.popleft() if waiting else f"{row.uuid}#result"
        renamed = self._renamed.get(call_id)
        if renamed and call_id in run.results:
            return renamed.popleft()
        tool = self._tools.get(call_id)
        return tool.call_id or call_id if tool else call_id  # one text for both

    def _count(self, row: Row, message: MessageLine, answer: _Answer) -> None:
        """Each row repeats the message's usage as known so far: the fullest counts."""
        data = bytes(message.usage)
        if data in (b"", b"null") or self._counted == (answer, data):
            return
        self._counted = answer, data
        try:
            usage = decode_usage(data, self._misfit)
        except BadShape:
            self._misfit("usage")
            return
        before = answer.draft.usage
        if before and (before.output_tokens or 0) > (usage.output_tokens or 0):
            return
        read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
        parts = [n for n in (usage.input_tokens, read, written) if n is not None]
        details = usage.output_tokens_details
        answer.draft.usage = Usage(
            input_tokens=sum(parts) if parts else None,
            output_tokens=usage.output_tokens,
            cache_read_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=details.thinking_tokens if details else None,
            cost_usd=row.costUSD,
        )


def _refusal(row: Row, block: Block, output: bytes) -> Refusal | None:
    """Who did not allow a call: by its words, or by a field of newer sessions."""
    kind = row.tool_denial_kind
    if not block.is_error and not kind and not output.startswith(_DOES_NOT_WANT):
        return None
    found = refusal(text_of(Raw(output)) or "") if output else None
    if found is None and kind and kind not in _NO_REFUSAL:
        return Refusal(USER if kind.startswith("user") else kind, None)
    return found
