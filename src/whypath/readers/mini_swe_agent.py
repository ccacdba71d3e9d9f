"""mini-swe-agent trajectories, https://mini-swe-agent.com/latest/usage/output_files/

Not read: the choices of a raw response after the first (kept as details). Version 1 may
be a bare list of messages: it is known by the observations, which begin with a tag.
The commands of an answer are its calls, and the observations after it their results.
"""

import re
from collections import deque
from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.model import Outcome, RunStatus, replace
from whypath.readers.conversation import Conversation
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
from whypath.records import Raw, Records, Sample

NAME = "mini-swe-agent"
TOOL = "mini-swe-agent"
EXPORT = "take the .traj.json file: mini -o run.traj.json, or the output of swebench"
NOT_READ = "the choices of a raw response after the first (kept as details)"
EXAMPLE = "whypath report last_mini_run.traj.json"

TOOL_NAME = "bash"
LABEL_LENGTH = 200

_OBSERVATION = "<returncode>"
_COMMAND = re.compile(r"```(?:mswea_bash_command|bash)\s*\n(.*?)\n```", re.DOTALL)
_RETURN_CODE = re.compile(r"<returncode>\s*(-?\d+)\s*</returncode>")
_STATUSES: dict[str, RunStatus] = {
    "Submitted": "ok",
    "LimitsExceeded": "incomplete",
    "UserInterruption": "incomplete",
}
_EXTRA = ("actions", "cost", "timestamp", "response", "returncode")


def detect(sample: Sample) -> bool:
    """A document that names its format, or a list of messages with observations."""
    return any(_is_ours(value) or is_transcript(value) for value in sample.records)


def _is_ours(value: Any) -> bool:
    named = value.get("trajectory_format") if isinstance(value, dict) else None
    return isinstance(named, str) and named.startswith(NAME)


def is_transcript(value: Any) -> bool:
    """True for a bare list of messages as version 1 of mini-swe-agent leaves it."""
    if not isinstance(value, list):
        return False
    messages = [m for m in value if isinstance(m, dict)]
    roles = {m.get("role") for m in messages if isinstance(m.get("role"), str)}
    if len(messages) < len(value) or not roles <= {"system", "user", "assistant"}:
        return False
    said = [m.get("content") for m in messages if m.get("role") == "user"]
    texts = [text for text in said if isinstance(text, str)]
    return any(text.startswith(_OBSERVATION) for text in texts[1:])


def read(records: Records, builder: Builder) -> None:
    """Each document is a run."""
    name = records.path.name.partition(".")[0] if records.path else "stdin"
    for number, record in enumerate(records):
        run = builder.run(f"{name}-{number + 1}" if number else name)
        builder.about = run.id
        run.agent = NAME
        if is_list(record.data):
            transcript = _Transcript(builder, run, record.line)
            transcript.messages(as_items(record.data))
            continue
        _document(builder, run, as_fields(record.data), record.line)


def _document(builder: Builder, run: RunDraft, fields: Fields, line: int) -> None:
    """Messages, with what the file says of the whole run."""
    if "messages" not in fields:
        builder.problem("loss", "a record that holds no messages", "left out", line)
    info = as_fields(fields.get("info"))
    model = as_fields(as_fields(info.get("config")).get("model"))
    transcript = _Transcript(builder, run, line)
    transcript.conversation.model = as_text(model.get("model_name"))
    transcript.messages(as_items(fields.get("messages")))
    stats = as_fields(info.get("model_stats"))
    facts = {key: info.get(key) for key in ("exit_status", "mini_version")}
    for key, raw in {**facts, **stats}.items():
        value = as_scalar(raw)
        if value and len(value) <= LABEL_LENGTH:
            run.labels[key] = value
    ended = as_text(info.get("exit_status"))
    if ended:
        run.status = _STATUSES.get(ended, "error")
    answer = info.get("submission")
    if answer is not None or ended:
        kept = builder.contents.add_if(answer)
        run.outcome = Outcome(answer=kept, note=ended or None)
    if not info:
        return
    failed = run.status == "error"
    rest = rest_of(fields, ("info", "messages"))
    run.step(
        "error" if failed else "event",
        "exit",
        line=line,
        status="error" if failed else "ok",
        error=ended if failed else None,
        output=builder.contents.add(fields["info"]),
        details=builder.contents.add_if(rest),
    )


class _Transcript:
    """The state of reading one list of messages."""

    def __init__(self, builder: Builder, run: RunDraft, line: int) -> None:
        self.conversation = Conversation(builder, run)
        self._builder = builder
        self._run = run
        self._line = line
        self._open: deque[str] = deque()
        self._made = 0

    def messages(self, items: list[Raw]) -> None:
        """Reads the messages in turn."""
        for item in items:
            fields = as_fields(item)
            if not fields:
                what = "a message that is no JSON object"
                self._builder.problem("loss", what, "left out", self._line)
                continue
            extra = as_fields(fields.get("extra"))
            role = as_text(fields.get("role"))
            if role == "assistant":
                self._answer(fields, extra)
            elif role == "exit":
                self._exit(fields)
            elif role == "tool" or (role == "user" and self._observes(extra)):
                self._observation(fields, extra)
            else:
                self._open.clear()
                self._said(fields, extra)

    def _observes(self, extra: Fields) -> bool:
        """True for what stands after an answer with commands, unless it says else."""
        return bool(self._open) and "interrupt_type" not in extra

    def _said(self, fields: Fields, extra: Fields) -> None:
        """A prompt, what the harness said to the model, or the end of the run."""
        why = as_text(extra.get("interrupt_type"))
        name = {} if why is None else {"name": as_raw(why)}
        self._tell({**fields, **name}, extra)

    def _exit(self, fields: Fields) -> None:
        """The last message, which no model sees: what was handed in, and why."""
        said = fields.get("content")
        self._run.step(
            "event",
            "exit message",
            line=self._line,
            status="ok",
            output=self._builder.contents.add_if(said),
            details=self._builder.contents.add(as_raw(fields)),
        )

    def _answer(self, fields: Fields, extra: Fields) -> None:
        """What the model said; its commands are calls, in text or as tool calls."""
        response = as_fields(extra.get("response"))
        usage = dict(as_fields(response.get("usage")))
        usage.update({"cost": extra["cost"]} if "cost" in extra else {})
        told = dict(fields)
        if usage:
            told["usage"] = as_raw(usage)
        if "model" in response:
            told["model"] = response["model"]
        self._open.clear()
        if not as_items(fields.get("tool_calls")):
            calls = [self._call(command) for command in _commands(fields, extra)]
            if calls:
                told["tool_calls"] = as_raw(calls)
        kept = rest_of(response, ("usage", "model", "choices"))
        self._tell(told, extra, kept)

    def _call(self, command: Raw) -> dict[str, object]:
        self._made += 1
        id = f"action-{self._made}"
        self._open.append(id)
        return {"id": id, "name": TOOL_NAME, "arguments": {"command": command}}

    def _observation(self, fields: Fields, extra: Fields) -> None:
        """The result of the next command; of a failed one, with its exit code."""
        told = {**fields, "role": as_raw("tool")}
        id = as_text(fields.get("tool_call_id"))
        if id is None and self._open:
            id = self._open.popleft()
            told["tool_call_id"] = as_raw(id)
        code = _return_code(fields, extra)
        failed = "exception_info" in extra or code not in (None, 0)
        if failed:
            told["is_error"] = as_raw(True)
        kept = rest_of(fields, ("role", "content", "tool_call_id", "extra"))
        self._tell(told, extra, kept)
        result = self._run.results.get(id or "")
        if failed and id is not None and result is not None:
            why = f"exit code {code:g}" if code is not None else None
            if "exception_info" in extra:
                why = reason_of(extra["exception_info"])
            self._run.results[id] = replace(result, error=why)

    def _tell(self, fields: Fields, extra: Fields, kept: bytes | None = None) -> None:
        """Hands a message on, with what its extra fields say in the usual place."""
        told = {key: raw for key, raw in fields.items() if key != "extra"}
        if "timestamp" in extra:
            told["timestamp"] = extra["timestamp"]
        rest = rest_of(extra, _EXTRA)
        if rest is not None:
            told["extra"] = Raw(rest)
        if kept is not None:
            told["response"] = Raw(kept)
        self.conversation.message(told, self._line)


def _commands(fields: Fields, extra: Fields) -> list[Raw]:
    """The commands that were parsed from an answer; of old files, the one it holds."""
    actions = [as_fields(item) for item in as_items(extra.get("actions"))]
    if actions:
        return [action["command"] for action in actions if "command" in action]
    found = _COMMAND.findall(as_text(fields.get("content")) or "")
    return [as_raw(found[0])] if len(found) == 1 else []


def _return_code(fields: Fields, extra: Fields) -> float | None:
    if "returncode" in extra:
        return as_number(extra["returncode"])
    match = _RETURN_CODE.match(as_text(fields.get("content")) or "")
    return float(match[1]) if match else None
