"""Turns Pydantic AI's messages, part by part, into the steps of a run.

Part of the `pydantic_ai` reader. A request holds what the model is told: prompts, tool
results, retries. A response holds what it said.
"""

from collections import Counter

from whypath.builder import Builder, Draft, RunDraft
from whypath.content import to_json
from whypath.model import Call, ContentId, Decision, Kind, Option, Status, Usage
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    is_list,
    is_object,
    reason_of,
    rest_of,
    shown_type,
)
from whypath.readers.spans import as_number as number_of
from whypath.records import Raw

_MESSAGE = {
    *("parts", "kind", "timestamp", "usage", "model_name", "instructions"),
    *("run_id", "conversation_id", "content_file_digests"),
}
_PART = {
    *("part_kind", "content", "tool_name", "tool_call_id", "args", "timestamp"),
    *("outcome", "scope", "content_file_digests", "transcript"),
}
_CALLS = ("tool-call", "builtin-tool-call")
_RETURNS = ("tool-return", "builtin-tool-return")
_PROMPTS: dict[str, Kind] = {"system-prompt": "system", "user-prompt": "user"}
_RETRIES = ("retry-prompt", "retry-feedback")
_HASHES = "instruction-baseline"
_FAILED = ("failed", "denied", "interrupted", "retried")
_MOST_IDS = 5


class Messages:
    """One history being read, message by message."""

    def __init__(self, run: RunDraft, builder: Builder) -> None:
        self._run = run
        self._builder = builder
        self._contents = builder.contents
        self._line = 0
        self._sent_ns: int | None = None
        self._instructions: ContentId | None = None
        self._ids: list[str] = []
        self._unnamed: Counter[str] = Counter()
        self._used: Counter[str] = Counter()
        self._current: dict[str, str] = {}

    def message(self, fields: Fields, line: int) -> None:
        """Reads one request or response."""
        self._line = line
        run_id = as_scalar(fields.get("run_id"))
        if run_id and run_id not in self._ids:
            self._ids.append(run_id)
        kind = as_text(fields.get("kind"))
        if kind == "response":
            self._response(fields)
        elif kind == "request":
            self._request(fields)
        else:
            what = f"messages of kind {shown_type(fields, 'kind')}"
            self._builder.problem("loss", what, "left out", line)

    def close(self) -> None:
        """Labels the run with the agent runs that it is made of."""
        if self._ids and self._ids != [self._run.id]:
            more = ["..."] if len(self._ids) > _MOST_IDS else []
            self._run.labels["run id"] = ", ".join([*self._ids[:_MOST_IDS], *more])

    def _request(self, fields: Fields) -> None:
        self._sent_ns = self._time(fields)
        self._instruct(fields.get("instructions"))
        details = self._details(fields, _MESSAGE, {"state": "complete"})
        for raw in self._parts(fields):
            part = as_fields(raw)
            kind = as_text(part.get("part_kind")) or ""
            step = self._told(kind, part)
            if step is not None and step.details is None:
                step.details, details = details, None
        if details is not None:
            self._run.step("event", "request", line=self._line, details=details)

    def _instruct(self, raw: Raw | None) -> None:
        """The instructions go with every request: a step where they change."""
        if raw is None or not as_text(raw):
            return
        said = self._contents.add(raw)
        if said != self._instructions:
            self._instructions = said
            self._step("system", "instructions", {}, output=said)

    def _told(self, kind: str, part: Fields) -> Draft | None:
        """One part of a request; None where it is the result of a call."""
        if kind in _PROMPTS:
            return self._step(_PROMPTS[kind], "", part, output=self._said(part))
        if kind in _RETURNS:
            return self._returned(part)
        if kind in _RETRIES:
            return self._retry(part)
        if kind == "speech":
            said = first(part, "transcript", "content")
            return self._step("user", "speech", part, output=self._add(said))
        if kind == _HASHES:
            what = "hashes of instructions"
            self._builder.problem("note", what, "not shown", self._line)
            return None
        return self._step("event", kind[:40] or "part", part, told={"part_kind"})

    def _returned(self, part: Fields) -> Draft | None:
        """A tool's result; one that a person refused is a decision as well."""
        outcome = as_text(part.get("outcome"))
        content = part.get("content")
        error = None
        if outcome in _FAILED:
            error = _reason(content) or outcome
        name = as_scalar(part.get("tool_name"))
        self._result(part, content, error)
        if outcome != "denied":
            return None
        return self._step("decision", "approval", {}, decision=_refusal(name))

    def _retry(self, part: Fields) -> Draft | None:
        """Asks the model to try again: as a call's result, or as words of their own."""
        content = part.get("content")
        error = _reason(content) or "retry"
        if as_scalar(part.get("tool_name")) is not None:
            self._result(part, content, error)
            return None
        return self._step(
            "system", "retry", part, output=self._add(content), error=error
        )

    def _result(self, part: Fields, content: Raw | None, error: str | None) -> None:
        recorded = as_scalar(part.get("tool_call_id"))
        name = as_scalar(part.get("tool_name"))
        id = self._current.get(recorded or "") or recorded or self._next(name)
        status: Status = "ok" if error is None else "error"
        self._run.result(
            id,
            self._add(content),
            status=status,
            error=error,
            end_ns=self._time(part),
            details=self._details(part, _PART),
            name=name,
            line=self._line,
        )

    def _next(self, name: str | None) -> str:
        """The id given to the oldest call of that name that had none."""
        self._unnamed[f"answer {name}"] += 1
        return f"{name}~{self._unnamed[f'answer {name}']}"

    def _response(self, fields: Fields) -> None:
        step = self._run.step("model", line=self._line, status="ok")
        step.model = as_text(fields.get("model_name"))
        step.key = as_scalar(fields.get("provider_response_id"))
        step.usage = _usage(as_fields(fields.get("usage")))
        self._set_times(step, self._time(fields))
        state, why = (as_text(fields.get(k)) for k in ("state", "finish_reason"))
        if why == "error":
            step.status, step.error = "error", "the model stopped with an error"
        elif state not in (None, "complete"):
            step.status, step.error = "error", f"the response is {state}"
        texts: list[ContentId] = []
        thoughts: list[ContentId] = []
        others: list[Raw] = []
        for raw in self._parts(fields):
            part = as_fields(raw)
            kind = as_text(part.get("part_kind"))
            said = self._add(first(part, "content", "transcript"))
            if kind in ("text", "speech") and said is not None:
                texts.append(said)
            elif kind == "thinking" and said is not None:
                thoughts.append(said)
            elif kind in _CALLS:
                step.calls = (*step.calls, self._call(part))
            elif kind in _RETURNS:
                self._returned(part)
            elif kind == "compaction":
                self._compacted(part, said)
            if kind in ("thinking", "text", *_CALLS):
                rest = rest_of(part, {*_PART, "id"})
                others += [Raw(rest)] if rest else []
            elif kind not in (*_RETURNS, "compaction"):
                others.append(raw)
        step.output, step.reasoning = self._join(texts), self._join(thoughts)
        step.details = self._details(fields, _MESSAGE, {"state": "complete"}, others)

    def _set_times(self, step: Draft, received_ns: int | None) -> None:
        """From when the request was sent to when the answer was there, if recorded."""
        sent_ns, self._sent_ns = self._sent_ns, None
        if sent_ns is not None and received_ns is not None and sent_ns <= received_ns:
            step.start_ns, step.end_ns = sent_ns, received_ns
        else:
            step.start_ns = received_ns

    def _call(self, part: Fields) -> Call:
        name = as_scalar(part.get("tool_name")) or "?"
        raw = part.get("args")
        arguments = self._contents.add_embedded_if(raw)
        recorded = as_scalar(part.get("tool_call_id"))
        if not recorded:
            self._unnamed[f"call {name}"] += 1
            return Call(f"{name}~{self._unnamed[f'call {name}']}", name, arguments)
        self._used[recorded] += 1
        again = self._used[recorded]
        if again > 1:
            what = "a call id is used twice"
            self._builder.problem(
                "repair", what, "told apart by their order", self._line
            )
        id = self._current[recorded] = recorded if again == 1 else f"{recorded}~{again}"
        return Call(id, name, arguments)

    def _compacted(self, part: Fields, said: ContentId | None) -> None:
        """What was said before is from here on only there in short."""
        self._step("system", "compaction", part, output=said, resets_context=True)

    def _step(
        self,
        kind: Kind,
        name: str,
        part: Fields,
        told: set[str] | None = None,
        **more: object,
    ) -> Draft:
        step = self._run.step(kind, name, line=self._line, **more)  # type: ignore[arg-type]
        step.start_ns = self._time(part)
        step.details = self._details(part, told or _PART)
        step.status = "ok" if step.error is None else "error"
        return step

    def _said(self, part: Fields) -> ContentId | None:
        """A prompt's text: several texts as one, anything else as it stands."""
        raw = part.get("content")
        if not is_list(raw):
            return self._add(raw)
        texts = [_text_of(item) for item in as_items(raw)]
        if not texts or None in texts:
            return self._add(raw)
        return self._contents.add_text("\n\n".join(text or "" for text in texts))

    def _parts(self, fields: Fields) -> list[Raw]:
        raw = fields.get("parts")
        parts = [item for item in as_items(raw) if is_object(item)]
        if raw is not None and (not is_list(raw) or len(parts) < len(as_items(raw))):
            what = "parts that are no JSON object"
            self._builder.problem("loss", what, "left out", self._line)
        return parts

    def _time(self, fields: Fields) -> int | None:
        return self._builder.time(as_scalar(fields.get("timestamp")), self._line)

    def _add(self, raw: Raw | None) -> ContentId | None:
        return self._contents.add_if(raw)

    def _join(self, parts: list[ContentId]) -> ContentId | None:
        if len(parts) < 2:
            return parts[0] if parts else None
        texts = (self._contents.text(part) for part in parts)
        return self._contents.add_text("\n\n".join(texts))

    def _details(
        self,
        fields: Fields,
        told: set[str],
        usual: dict[str, str] | None = None,
        parts: list[Raw] | None = None,
    ) -> ContentId | None:
        """What is told nowhere else, but for what is as it always is."""
        usual = usual or {}
        kept: dict[str, object] = {
            key: raw
            for key, raw in fields.items()
            if key not in told and as_scalar(raw) != usual.get(key, object())
        }
        if parts:
            kept["parts"] = parts
        return self._contents.add(to_json(kept)) if kept else None


def _text_of(raw: Raw) -> str | None:
    """The text of one member of a prompt; None where it is an image or a file."""
    text = as_text(raw)
    if text is not None:
        return text
    fields = as_fields(raw)
    if as_text(fields.get("kind")) == "text-content":
        return as_text(fields.get("content"))
    return None


def _reason(content: Raw | None) -> str | None:
    """The first line of what went wrong; validation errors say where and what."""
    if content is None:
        return None
    if not is_list(content):
        return reason_of(content)
    fields = as_fields(next(iter(as_items(content)), None))
    said = as_text(fields.get("msg"))
    where = ".".join(as_scalar(x) or "?" for x in as_items(fields.get("loc")))
    if said is None:
        return None
    return f"{where}: {said}" if where else said


def _refusal(name: str | None) -> Decision:
    return Decision(
        step=0,
        question=f"Run {name or 'the tool'}?",
        options=(Option("approve"), Option("deny", chosen=True)),
        rationale=None,
        rationale_from=None,
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
    )


def _usage(fields: Fields) -> Usage | None:
    """Tokens, which include those of the cache; older names are read as well."""
    unknown = as_number(fields.get("unmeasured_requests"))
    if not fields or unknown:
        return None
    details = as_fields(fields.get("details"))
    thought = _count(fields, "output_reasoning_tokens")
    thought = thought or _count(details, "reasoning_tokens")
    cost = number_of(as_scalar(fields.get("cost")))
    return Usage(
        input_tokens=_count(fields, "input_tokens", "request_tokens"),
        output_tokens=_count(fields, "output_tokens", "response_tokens"),
        cache_read_tokens=_count(fields, "cache_read_tokens"),
        cache_write_tokens=_count(fields, "cache_write_tokens"),
        reasoning_tokens=thought,
        cost_usd=cost,
    )


def _count(fields: Fields, *keys: str) -> int | None:
    number = as_number(first(fields, *keys))
    return int(number) if number is not None and 0 <= number < 1e15 else None
