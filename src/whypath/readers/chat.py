"""Chat messages, https://platform.openai.com/docs/api-reference/chat, and relatives.

Not read: streamed chunks, ShareGPT, tau2.
Also reads request logs, and tau-bench (https://github.com/sierra-research/tau-bench).
A run's status says whether it finished, its outcome how well: a tau-bench run that
ended with reward 0 is `ok`, one that crashed is `error`, and a plain list says neither.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.model import Outcome
from whypath.readers.conversation import Conversation
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
)
from whypath.readers.mini_swe_agent import is_transcript
from whypath.records import Raw, Records, Sample

NAME = "chat"
TOOL = "OpenAI-style chat messages, request logs, tau-bench"
EXPORT = "write the list of messages, or one {messages, tools} a line, as JSON"
NOT_READ = "streamed chunks, ShareGPT, tau2"
EXAMPLE = "whypath report messages.jsonl"

LABEL_LENGTH = 200

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_ITEMS = ("reasoning", "function_call", "function_call_output")
_OTHER_FORMATS = {
    *("trajectory_format", "trajectory", "projectHash", "simulations"),
    *("session_start", "termination_reason"),
}
_RUN_IDS = ("id", "run_id", "session_id", "conversation_id", "custom_id", "request_id")
_SUFFIXES = {".json", ".jsonl", ".ndjson", ".traj", ".gz", ".zst"}
_SYSTEM = ("system", "system_prompt", "instructions")
_TAU = ("traj", "info", "reward")
_READ = {
    *("messages", "input", "traj", "tools", "functions", "model", "task"),
    *("request", "body", "response", "choices", "output", "usage", "error"),
    *_SYSTEM,
}


def detect(sample: Sample) -> bool:
    """Most records are messages, lists of messages, or hold such a list."""
    ours = sum(_is_message(v, bare=True) or _holds_messages(v) for v in sample.records)
    return ours * 2 > len(sample.records)


def read(records: Records, builder: Builder) -> None:
    """Single messages make one run; each list of messages makes a run of its own."""
    reader = _Reader(builder, records.path)
    for record in records:
        reader.value(record.data, record.line)


def _holds_messages(value: Any, depth: int = 0) -> bool:
    if isinstance(value, list) and depth < 2:
        if is_transcript(value):
            return False
        ours = sum(_is_message(v) or _holds_messages(v, depth + 1) for v in value)
        return ours * 2 > len(value)
    if not isinstance(value, dict) or value.keys() & _OTHER_FORMATS:
        return False
    if value.keys() >= {"epoch", "target"}:  # a sample of an evaluation
        return False
    request = value.get("request", value.get("body"))
    holder = request if isinstance(request, dict) else value
    messages = holder.get("messages", holder.get("traj"))
    if messages == []:
        return "reward" in value
    if messages is None and _is_responses_call(value):
        messages = holder.get("input")
    return isinstance(messages, list) and _is_message(messages[0])


def _is_responses_call(value: dict[str, Any]) -> bool:
    """A request of the Responses API, logged beside what came back."""
    response = value.get("response", value)
    return (
        "type" not in value
        and isinstance(response, dict)
        and isinstance(response.get("output"), list)
    )


def _is_message(value: Any, *, bare: bool = False) -> bool:
    """A known role and something said or called, and no mark of another format.

    A `bare` message stands on a line of its own, where other formats have a type.
    """
    if not isinstance(value, dict):
        return False
    if "role" not in value and not bare:
        return value.get("type") in _ITEMS
    if value.get("role") not in _ROLES:
        return False
    foreign = {"parts", "messageId", "observed"} | ({"type"} if bare else set())
    said = "content" in value or "tool_calls" in value or "function_call" in value
    return said and not value.keys() & foreign


class _Reader:
    """The state of reading one file: the runs so far, and the one still open."""

    def __init__(self, builder: Builder, path: Path | None) -> None:
        self._builder = builder
        self._name = _stem(path)
        self._ids = {run.id for run in builder.runs}
        self._again: defaultdict[str, int] = defaultdict(lambda: 1)
        self._single: Conversation | None = None
        self._log: tuple[Conversation, list[bytes]] | None = None

    def value(self, raw: bytes | Raw, line: int, depth: int = 0) -> None:
        """Reads one record, or one member of a list of records."""
        if is_object(raw):
            self._object(as_fields(raw), line)
        elif is_list(raw) and depth < 2:
            items = as_items(raw)
            if any("role" in as_fields(item) for item in items[:8]):
                self._messages(self._start(), items, line)
                return
            for item in items:
                self.value(item, line, depth + 1)
        else:
            self._unreadable(line)

    def _unreadable(self, line: int) -> None:
        what = "a record that holds no messages"
        self._builder.problem("loss", what, "left out", line)

    def _object(self, fields: Fields, line: int) -> None:
        listed = is_list(fields.get("input"))
        if "traj" in fields:
            self._tau(fields, line)
        elif listed or fields.keys() & {"messages", "request", "body"}:
            self._recorded(fields, line)
        elif "role" in fields or "type" in fields:
            if self._single is None:
                self._single = self._start()
            self._single.message(fields, line)
        else:
            self._unreadable(line)

    def _start(
        self, fields: Fields | None = None, id: str | None = None
    ) -> Conversation:
        """A new run, with the record's own id, else named after the file."""
        fields = fields or {}
        ids = (as_scalar(fields.get(key)) for key in _RUN_IDS)
        base = id or next((i for i in ids if i), None) or self._name
        unique = base
        while unique in self._ids:
            self._again[base] += 1
            unique = f"{base}-{self._again[base]}"
        self._ids.add(unique)
        run = self._builder.run(unique)
        self._builder.about = unique
        run.task = as_text(fields.get("task"))
        return Conversation(self._builder, run)

    def _messages(
        self, conversation: Conversation, items: list[Raw], line: int
    ) -> None:
        for item in items:
            fields = as_fields(item)
            if fields:
                conversation.message(fields, line)
            else:
                what = "a message that is no JSON object"
                self._builder.problem("loss", what, "left out", line)

    def _recorded(self, fields: Fields, line: int) -> None:
        """One conversation; or one request and its response, out of a log of them."""
        request = as_fields(first(fields, "request", "body"))
        source = request if request.keys() & {"messages", "input"} else fields
        response = _response_of(fields)
        items = list(_messages_of(source))
        seen = [bytes(item) for item in items] if response else []
        conversation = self._continued(seen) if response else None
        if conversation is None:
            conversation = self._start(fields)
            self._label(conversation.run, fields, line)
            if source is not fields:
                self._label(conversation.run, source, line)
            conversation.system(first(source, *_SYSTEM), line)
        else:
            known = len(self._log[1]) if self._log else 0
            items = items[known + conversation.echoes(items[known], line) :]
        tools = first(source, "tools", "functions") or first(fields, "tools")
        conversation.offer(tools, line)
        model = first(source, "model") or first(fields, "model")
        conversation.model = as_text(model)
        self._messages(conversation, items, line)
        if response:
            answered = as_text(first(response, "model"))
            conversation.model = answered or conversation.model
            conversation.answer(response, line)
            self._log = conversation, seen
        error = first(response, "error") or first(fields, "error")
        if error is not None:
            conversation.crash(error, None, line)

    def _continued(self, seen: list[bytes]) -> Conversation | None:
        """The run whose last request this one begins with: the agent's next call."""
        if self._log is None:
            return None
        conversation, before = self._log
        goes_on = 0 < len(before) < len(seen) and seen[: len(before)] == before
        return conversation if goes_on else None

    def _label(self, run: RunDraft, fields: Fields, line: int) -> None:
        """Keeps the short facts of a record; what is longer is said to be left out."""
        for key, raw in fields.items():
            if key in _READ or key in _RUN_IDS[:1]:
                continue
            value = as_scalar(raw)
            if value is not None and len(value) <= LABEL_LENGTH:
                run.labels.setdefault(key, value)
            elif value is None or value:
                what = "other fields of a record, longer than a label"
                self._builder.problem("note", what, "not shown", line)

    def _tau(self, fields: Fields, line: int) -> None:
        """One tau-bench result. What the benchmark expected is its last step."""
        ids = [as_scalar(fields.get(key)) for key in ("task_id", "trial")]
        id = None if None in ids else f"task-{ids[0]}-trial-{ids[1]}"
        conversation = self._start(id=id)
        run = conversation.run
        info = as_fields(fields.get("info"))
        task = as_fields(info.get("task"))
        run.task = as_text(task.get("instruction"))
        rest = {key: raw for key, raw in fields.items() if key not in _TAU}
        rest.update((key, task[key]) for key in ("user_id",) if key in task)
        self._label(run, rest, line)
        self._messages(conversation, as_items(fields.get("traj")), line)
        error = first(info, "error", "traceback")
        if error is not None:
            conversation.crash(error, info.get("traceback"), line)
            run.status = "error"
        reward = as_number(fields.get("reward"))
        if reward is not None:
            run.status = run.status or "ok"
            run.outcome = Outcome(reward=reward, note=_reward_note(info))
        if info:
            contents = self._builder.contents
            output = contents.add(fields["info"])
            run.step("event", "evaluation", line=line, status="ok", output=output)


def _response_of(fields: Fields) -> Fields:
    """What the model answered: beside the messages, below `response`, or a text."""
    raw = fields.get("response")
    if as_text(raw) is not None:
        return {"content": fields["response"]}
    response = as_fields(raw)
    if not response and fields.keys() & {"choices", "output"}:
        return fields
    return as_fields(response["body"]) if "body" in response else response


def _messages_of(source: Fields) -> Iterator[Raw]:
    messages = first(source, "messages", "input")
    if messages is None:
        return
    if is_list(messages):
        yield from as_items(messages)
    elif as_text(messages) is not None:
        yield Raw(b'{"role":"user","content":' + bytes(messages) + b"}")


def _reward_note(info: Fields) -> str | None:
    """The parts of the reward as recorded: `r_actions 0, r_outputs 1`."""
    parts = as_fields(as_fields(info.get("reward_info")).get("info"))
    numbers = {key: as_number(raw) for key, raw in parts.items()}
    said = [f"{key} {value:g}" for key, value in numbers.items() if value is not None]
    return ", ".join(said) or None


def _stem(path: Path | None) -> str:
    """The file's name without the endings of its format."""
    if path is None:
        return "stdin"
    while path.suffix in _SUFFIXES and path.stem:
        path = path.with_suffix("")
    return path.name
