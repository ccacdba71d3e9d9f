"""Turns the steps of one trajectory into ours, in the order they stand.

Part of the `atif` reader. What the model saw is kept along the way, and recorded where
the trajectory says it exactly.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.content import to_json
from whypath.model import ContentId, Decision, Kind, Message, Option, Tool
from whypath.readers import atif_extra
from whypath.readers.atif_links import Ref
from whypath.readers.atif_parts import (
    ROLES,
    Asked,
    CallIds,
    Said,
    Seen,
    calls_in,
    detail,
    is_true,
    messages_of,
    results_in,
    said_in,
    usage_in,
)
from whypath.readers.atif_results import Results
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
)
from whypath.records import Raw

_COMMON = {
    *("step_id", "timestamp", "source", "message", "observation", "metrics"),
    "is_copied_context",
}
_AGENTS = {*_COMMON, "model_name", "reasoning_content", "tool_calls"}
_AGENT_ONLY = ("tool_calls", "metrics", "reasoning_content", "llm_call_count")
_COUNTED = {"prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd"}
_TOKEN_IDS = {"prompt_token_ids", "completion_token_ids"}


class Steps:
    """One trajectory being read: its steps go to a run, in a thread of their own."""

    def __init__(
        self, run: RunDraft, builder: Builder, ids: CallIds, thread: str
    ) -> None:
        self.model: str | None = None
        self.tools: tuple[Tool, ...] | None = None
        self._run = run
        self._builder = builder
        self._contents = builder.contents
        self._ids = ids
        self._thread = thread
        self._prefix = f"{thread}/" if thread else ""
        self._seen = Seen()
        self._results = Results(run, builder, self._seen)
        self._copied: list[Raw] = []

    @property
    def refs(self) -> list[Ref]:
        """The trajectories that the steps refer to."""
        return self._results.refs

    def step(self, raw: Raw, line: int) -> None:
        """Reads one step."""
        fields = as_fields(raw)
        if not fields:
            what = "a step that is no object"
            self._builder.problem("loss", what, "left out", line)
        elif is_true(fields.get("is_copied_context")):
            self._copy(fields, raw, line)
        else:
            self._own(fields, line)

    def close(self, line: int) -> None:
        """Shows what was copied for a model call that never came."""
        if self._copied:
            output = self._contents.add(to_json(self._copied))
            name = "copied context"
            self._run.step("event", name, line=line, thread=self._thread, output=output)

    def _copy(self, fields: Fields, raw: Raw, line: int) -> None:
        """A step of another trajectory that the next model call saw."""
        what = "steps copied from another trajectory"
        done = "shown as the context of the next model call"
        self._builder.problem("note", what, done, line)
        source = as_text(fields.get("source")) or "user"
        said = said_in(fields.get("message"), self._contents)
        ids = CallIds(self._builder)
        calls = calls_in(fields.get("tool_calls"), ids, self._builder, line)
        messages = messages_of(ROLES.get(source, source), said.content, calls)
        for result in results_in(fields.get("observation")):
            output = said_in(result.get("content"), self._contents, embedded=True)
            call_id = as_scalar(result.get("source_call_id"))
            if output.content is not None:
                messages.append(
                    Message("tool", "result", output.content, None, call_id)
                )
        self._seen.add(_id(fields), messages)
        self._seen.is_exact = True
        self._copied.append(raw)
        if source == "user" and self._run.task is None and said.content is not None:
            self._run.task = self._contents.text(said.content)

    def _own(self, fields: Fields, line: int) -> None:
        source = as_text(fields.get("source"))
        extra = as_fields(fields.get("extra"))
        managed = as_fields(extra.get("context_management"))
        if source not in ROLES:
            source = "agent" if any(key in fields for key in _AGENT_ONLY) else None
            what = "a step whose source is none of user, system and agent"
            done = "shown as an event"
            if source is not None:
                what = "a step that only an agent takes, from another source"
                done = "shown as the agent's"
            self._builder.problem("repair", what, done, line)
        if source == "agent":
            self._agent(fields, extra, line)
        elif managed:
            self._manage(fields, extra, managed, line)
        else:
            self._spoken(source, fields, extra, line)

    def _spoken(
        self, source: str | None, fields: Fields, extra: Fields, line: int
    ) -> None:
        """What the user or the harness said."""
        kind: Kind = "event"
        if source is not None:
            kind = "user" if source == "user" else "system"
        said = said_in(fields.get("message"), self._contents)
        draft = self._add(kind, "", fields, extra, said, line)
        if source is not None:
            self._seen.add(_id(fields), messages_of(source, said.content, ()))
        results = results_in(fields.get("observation"))
        self._results.add(draft, results, [], extra, line)

    def _agent(self, fields: Fields, extra: Fields, line: int) -> None:
        said = said_in(fields.get("message"), self._contents)
        asked = calls_in(fields.get("tool_calls"), self._ids, self._builder, line)
        if as_scalar(fields.get("llm_call_count")) == "0":
            draft = self._dispatch(fields, extra, said, asked, line)
        else:
            draft = self._add("model", "", fields, extra, said, line)
            draft.model = as_text(fields.get("model_name")) or self.model
            draft.calls = tuple(one.call for one in asked)
            draft.tools = self.tools
            draft.window = self._seen.take()
            self._copied.clear()
        thought = said_in(fields.get("reasoning_content"), self._contents)
        draft.reasoning = thought.content
        messages = messages_of("assistant", said.content, asked)
        self._seen.add(_id(fields), messages)
        for one in asked:
            if one.extra or draft.kind != "model":
                one.tool = self._tool(draft, one, line)
        results = results_in(fields.get("observation"))
        self._results.add(draft, results, asked, extra, line)

    def _dispatch(
        self, fields: Fields, extra: Fields, said: Said, asked: list[Asked], line: int
    ) -> Draft:
        """What the agent's own code did, without asking a model."""
        if not asked:
            return self._add("event", "without a model", fields, extra, said, line)
        draft = self._add("decision", "dispatch", fields, extra, said, line)
        options = (Option(one.call.name, True, one.call.arguments) for one in asked)
        draft.decision = Decision(
            step=0,
            question="Which tool to call, decided without a model?",
            options=tuple(options),
            rationale=said.content,
            rationale_from=None if said.content is None else "recorded",
            confidence=None,
            evidence=(),
            outcome=None,
            basis="recorded",
            options_note="only what was chosen is recorded",
        )
        return draft

    def _tool(self, draft: Draft, asked: Asked, line: int) -> Draft:
        """A step for a call of which more is recorded than the call and its result."""
        call = asked.call
        start_ns, end_ns = atif_extra.times_of(asked.extra, self._builder, line)
        failed = atif_extra.has_failed(asked.extra)
        more = to_json({"extra": asked.extra}) if asked.extra else None
        return self._run.step(
            "tool",
            call.name,
            line=line,
            key=f"{self._prefix}{call.id}",
            thread=self._thread,
            agent=draft.agent,
            start_ns=start_ns or draft.end_ns or draft.start_ns,
            end_ns=end_ns,
            input=call.arguments,
            call_id=call.id,
            status="error" if failed else "unset",
            error="failed; no message is recorded" if failed else None,
            details=self._contents.add(more) if more else None,
        )

    def _manage(
        self, fields: Fields, extra: Fields, managed: Fields, line: int
    ) -> None:
        """The harness changes what the model sees: it compacts, prunes, injects."""
        boundary = as_text(managed.get("boundary"))
        name = as_text(managed.get("type")) or "context management"
        said = said_in(fields.get("message"), self._contents)
        results = results_in(fields.get("observation"))
        shown = [said_in(one.get("content"), self._contents) for one in results]
        texts = [one.content for one in shown if one.content is not None]
        kind: Kind = "system" if boundary == "append" else "event"
        draft = self._add(kind, name, fields, extra, said, line)
        if texts:
            draft.input, draft.output = said.content, texts[0]
        if boundary == "replace":
            draft.resets_context = True
            self._seen.replace(is_exact=bool(texts))
        elif boundary == "truncate":
            self._cut(managed, line)
        if boundary is not None:
            added = (Message("system", "text", text) for text in texts)
            self._seen.add(_id(fields), added)
        for result in results:
            self._results.refer(draft, result, None)
        is_told = len(results) == len(texts) == 1 and shown[0].whole
        if results and not is_told:
            detail(draft, "observation", fields["observation"], self._contents)

    def _cut(self, managed: Fields, line: int) -> None:
        """Takes the steps that were cut off out of what the model sees."""
        listed = as_items(managed.get("removed_step_ids"))
        removed = {as_scalar(item) for item in listed} - {None}
        if removed:
            self._seen.cut(removed)
            return
        what = "a context was cut, and what was cut off is not recorded"
        self._builder.problem("note", what, "shown as if it were whole", line)

    def _add(
        self,
        kind: Kind,
        name: str,
        fields: Fields,
        extra: Fields,
        said: Said,
        line: int,
    ) -> Draft:
        builder = self._builder
        start_ns, end_ns = atif_extra.times_of(extra, builder, line)
        metrics = as_fields(fields.get("metrics"))
        step_id = _id(fields)
        time_ns = builder.time(as_scalar(fields.get("timestamp")), line)
        return self._run.step(
            kind,
            name,
            line=line,
            key=f"{self._prefix}{step_id}" if step_id else None,
            thread=self._thread,
            agent=atif_extra.actor_of(extra),
            start_ns=start_ns or time_ns,
            end_ns=end_ns,
            status="ok",
            output=said.content,
            usage=usage_in(metrics) if metrics else None,
            details=self._details(kind, fields, metrics, said, line),
        )

    def _details(
        self, kind: Kind, fields: Fields, metrics: Fields, said: Said, line: int
    ) -> ContentId | None:
        """The fields of a step that have no place of their own."""
        told = _AGENTS if kind in ("model", "decision") else _COMMON
        rest = {key: raw for key, raw in fields.items() if key not in told}
        if not said.whole:
            rest["message"] = fields["message"]
        if as_scalar(rest.get("llm_call_count")) in ("0", "1"):
            del rest["llm_call_count"]
        more = {key: raw for key, raw in metrics.items() if key not in _COUNTED}
        if more.keys() & _TOKEN_IDS:
            self._builder.problem("note", "token ids", "not shown", line)
            more = {key: raw for key, raw in more.items() if key not in _TOKEN_IDS}
        if more:
            rest["metrics"] = as_raw(more)
        return self._contents.add(to_json(rest)) if rest else None


def _id(fields: Fields) -> str | None:
    return as_scalar(fields.get("step_id"))
