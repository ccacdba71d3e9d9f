"""Gives the results of a trajectory's steps to the calls that they answer.

Part of the `atif` reader. A result may name no call, stand for several, or refer to a
sub-agent's trajectory: what it refers to is kept as `refs`.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.content import to_json
from whypath.model import ContentId, Message
from whypath.readers import atif_extra
from whypath.readers.atif_links import Ref
from whypath.readers.atif_parts import Asked, Said, Seen, detail, said_in
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    error_of,
    is_object,
    rest_of,
)

_REFS = "subagent_trajectory_ref"


class Results:
    """The results of one trajectory, and the calls that still wait for theirs."""

    def __init__(self, run: RunDraft, builder: Builder, seen: Seen) -> None:
        self.refs: list[Ref] = []
        self._run = run
        self._builder = builder
        self._contents = builder.contents
        self._seen = seen
        self._open: dict[str, list[Asked]] = {}

    def add(
        self,
        draft: Draft,
        results: list[Fields],
        asked: list[Asked],
        extra: Fields,
        line: int,
    ) -> None:
        """Reads the results of a step; those of no call become steps of their own."""
        unnamed: list[Fields] = []
        for result in atif_extra.with_flags(results, extra):
            recorded = as_scalar(result.get("source_call_id"))
            one = self._asked(recorded, asked) if recorded else None
            if one is not None:
                self._answer(draft, one, result, extra, line)
            else:
                unnamed.append(result)
        waiting = [one for one in asked if not one.is_answered]
        if waiting and len(unnamed) == 1:
            self._answer_with_one(draft, waiting, unnamed.pop(), extra, line)
        elif waiting and len(unnamed) == len(waiting):
            what, done = "results that name no call", "given to the calls in order"
            self._builder.problem("repair", what, done, line)
            for one in waiting:
                self._answer(draft, one, unnamed.pop(0), extra, line)
        for one in asked:
            if not one.is_answered and one.recorded:
                self._open.setdefault(one.recorded, []).append(one)
        for result in unnamed:
            self._observe(draft, result, line)

    def refer(self, draft: Draft, result: Fields, call_id: str | None) -> None:
        """Notes which trajectories a result refers to."""
        raw = result.get(_REFS)
        items = [raw] if raw is not None and is_object(raw) else as_items(raw)
        for item in items:
            fields = as_fields(item)
            ref = Ref(
                as_text(fields.get("trajectory_id")),
                as_text(fields.get("trajectory_path")),
                as_text(fields.get("session_id")),
                call_id,
                draft,
            )
            if any(ref[:3]):
                self.refs.append(ref)

    def _asked(self, recorded: str, asked: list[Asked]) -> Asked | None:
        """The call of that id which waits for a result, of this step or before it."""
        for one in asked:
            if one.recorded == recorded and not one.is_answered:
                return one
        earlier = self._open.get(recorded)
        return earlier.pop(0) if earlier else None

    def _answer_with_one(
        self,
        draft: Draft,
        waiting: list[Asked],
        result: Fields,
        extra: Fields,
        line: int,
    ) -> None:
        """One output for all the calls of a step, as a terminal gives it."""
        *others, last = waiting
        for one in others:
            what, done = "one output for several calls", "shown at the last of them"
            self._builder.problem("note", what, done, line)
            one.is_answered = True
            self._run.result(one.call.id or "", None, line=line)
        self._answer(draft, last, result, extra, line)

    def _answer(
        self, draft: Draft, asked: Asked, result: Fields, extra: Fields, line: int
    ) -> None:
        asked.is_answered = True
        call = asked.call
        said = said_in(result.get("content"), self._contents, embedded=True)
        output = said.content
        if output is None and _REFS in result:
            output = self._contents.add(to_json({_REFS: result[_REFS]}))
        error = atif_extra.failure_of(extra, asked.recorded)
        error = error or self._error(result, said.content, line)
        rest = _rest(result, said)
        if rest and asked.tool is not None and asked.tool.details is not None:
            detail(asked.tool, "result", rest, self._contents)
        self._run.result(
            call.id or "",
            output,
            status="ok" if error is None else "error",
            error=error,
            details=self._contents.add(rest) if rest else None,
            line=line,
        )
        self.refer(draft, result, call.id)
        if said.content is not None:
            message = Message("tool", "result", said.content, call.name, call.id)
            self._seen.add(None, [message])

    def _observe(self, draft: Draft, result: Fields, line: int) -> None:
        """What came back without being a call's result: a terminal's output, say."""
        self.refer(draft, result, None)
        said = said_in(result.get("content"), self._contents, embedded=True)
        if said.content is None:
            detail(draft, "observation", as_raw(result), self._contents)
            return
        recorded = as_scalar(result.get("source_call_id"))
        if recorded:
            what, done = "a result has no call", "shown as a step of its own"
            self._builder.problem("repair", what, done, line)
        error = self._error(result, said.content, line)
        rest = _rest(result, said)
        self._run.step(
            "tool",
            "observation",
            line=line,
            thread=draft.thread,
            agent=draft.agent,
            start_ns=draft.end_ns or draft.start_ns,
            output=said.content,
            status="ok" if error is None else "error",
            error=error,
            details=self._contents.add(rest) if rest else None,
        )
        self._seen.add(None, [Message("tool", "result", said.content)])

    def _error(self, result: Fields, output: ContentId | None, line: int) -> str | None:
        """Why a result is an error, in its own words: the format has no other."""
        if output is None:
            return None
        extra = as_fields(result.get("extra"))
        error = error_of(extra, self._contents.raw(output))
        if error is not None and not extra.keys() & {"is_error", "isError"}:
            what, done = "errors are not recorded", "told by a result's own words"
            self._builder.problem("note", what, done, line)
        return error


def _rest(result: Fields, said: Said) -> bytes | None:
    """The fields of a result that are told nowhere else."""
    told = ["source_call_id", "content"]
    return rest_of(result, told if said.whole else told[:1])
