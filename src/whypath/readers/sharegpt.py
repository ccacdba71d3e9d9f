"""ShareGPT rows (no specification), and rows of OpenThoughts-Agent.

Not read: images of multimodal rows (kept as details). Rows have no clock and no tokens.
An answer that is terminus-2 JSON is taken apart: its analysis and plan are its
reasoning, its commands a call, and the screen that follows is the call's result.
"""

from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.readers.conversation import Conversation
from whypath.readers.fields import (
    Fields,
    Names,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    first,
    is_list,
    json_in,
    rest_of,
)
from whypath.records import Raw, Records, Sample

NAME = "sharegpt"
TOOL = "ShareGPT rows, OpenThoughts-Agent rows"
EXPORT = "write the data set's rows as JSON Lines: dataset.to_json('rows.jsonl')"
NOT_READ = "images of multimodal rows"
EXAMPLE = "whypath report rows.jsonl --run ID"

LABEL_LENGTH = 200
TERMINAL = "terminal"

_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "model", "chatgpt", "bing", "bard"), "model"),
    **dict.fromkeys(("tool", "observation", "function", "function_response"), "tool"),
    **dict.fromkeys(("tool_response", "tool_result"), "tool"),
    **dict.fromkeys(("function_call", "tool_call"), "call"),
    "system": "system",
}
_THOUGHTS = ("state_analysis", "analysis", "explanation", "plan")
_IDS = ("trial_name", "run_id", "id", "conversation_id")
_BODY = ("conversations", "tools", "system", *_IDS[2:])


def detect(sample: Sample) -> bool:
    """Most rows hold a list of conversation turns under its plural name."""
    rows = list(sample.objects())
    ours = sum(_is_row(row) for row in rows)
    return ours * 2 > len(rows)


def _is_row(value: dict[str, Any]) -> bool:
    turns = value.get("conversations")
    if not isinstance(turns, list) or not turns:
        return False
    ours = sum(_is_turn(turn) for turn in turns)
    return ours * 2 > len(turns)


def _is_turn(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return {"from", "value"} <= value.keys() or {"role", "content"} <= value.keys()


def read(records: Records, builder: Builder) -> None:
    """Each row is a run."""
    name = records.path.stem if records.path else "stdin"
    names = Names(run.id for run in builder.runs)
    for record in records:
        listed = is_list(record.data)
        for item in as_items(record.data) if listed else [Raw(record.data)]:
            fields = as_fields(item)
            if "conversations" not in fields:
                builder.about = None
                what = "a row without conversations"
                builder.problem("loss", what, "left out", record.line)
                continue
            run = builder.run(names.new(_id(fields) or name))
            builder.about = run.id
            _Row(builder, run, record.line).read(fields)


def _id(fields: Fields) -> str | None:
    """The row's own id; a run of several episodes has a row for each."""
    base = next((id for key in _IDS if (id := as_scalar(fields.get(key)))), None)
    episode = as_scalar(fields.get("episode"))
    return f"{base}-{episode}" if base and episode else base


class _Row:
    """The state of reading one row."""

    def __init__(self, builder: Builder, run: RunDraft, line: int) -> None:
        self._builder = builder
        self._run = run
        self._line = line
        self._talk = Conversation(builder, run)
        self._waiting: str | None = None
        self._made = 0

    def read(self, fields: Fields) -> None:
        """Tells what the row says of itself, then its turns."""
        self._run.agent = as_text(fields.get("agent"))
        self._run.task = as_text(fields.get("task"))
        self._talk.model = as_text(fields.get("model"))
        for key, raw in fields.items():
            value = as_scalar(raw)
            if key not in _BODY and value and len(value) <= LABEL_LENGTH:
                self._run.labels[key] = value
        self._talk.offer(json_in(fields.get("tools")), self._line)
        self._talk.system(fields.get("system"), self._line)
        for item in as_items(fields["conversations"]):
            turn = as_fields(item)
            if turn:
                self._turn(turn)
            else:
                what = "a turn that is no JSON object"
                self._builder.problem("loss", what, "left out", self._line)

    def _turn(self, turn: Fields) -> None:
        named = as_text(first(turn, "from", "role"))
        role = _ROLES.get((named or "").lower())
        content = first(turn, "value", "content")
        rest = as_fields(rest_of(turn, ("from", "value", "role", "content")))
        told = dict(rest)
        if content is not None:
            told["content"] = content
        if role == "model":
            self._answer(told, content)
        elif role == "call":
            self._call(told, content)
        elif role == "user" and self._waiting is not None:
            told["tool_call_id"] = as_raw(self._waiting)
            self._say("tool", told)
        elif role is None:
            self._say(named or "message", told)
        else:
            self._say(role, told)

    def _say(self, role: str, told: dict[str, Raw]) -> None:
        self._waiting = None
        self._talk.message({**told, "role": as_raw(role)}, self._line)

    def _answer(self, told: dict[str, Raw], content: Raw | None) -> None:
        plan = _plan_in(as_text(content))
        self._waiting = None
        if plan is None:
            self._say("assistant", told)
            return
        thoughts = [text for key in _THOUGHTS if (text := as_text(plan.get(key)))]
        if thoughts:
            told["reasoning"] = as_raw("\n\n".join(thoughts))
        done = as_scalar(first(plan, "task_complete", "is_task_complete"))
        self._run.status = "ok" if done == "true" else None
        if not as_items(plan["commands"]):
            self._say("assistant", told)
            return
        self._made += 1
        id = f"commands-{self._made}"
        arguments = {"commands": plan["commands"]}
        call = {"id": id, "name": TERMINAL, "arguments": arguments}
        told["tool_calls"] = as_raw([call])
        self._say("assistant", told)
        self._waiting = id

    def _call(self, told: dict[str, Raw], content: Raw | None) -> None:
        """A call in a turn of its own: an object in a string, or several."""
        inner = json_in(content)
        calls = as_items(inner) or ([] if inner is None else [inner])
        if not any("name" in as_fields(call) for call in calls):
            self._say("assistant", told)
            return
        rest = {key: raw for key, raw in told.items() if key != "content"}
        self._say("assistant", {**rest, "tool_calls": as_raw(calls)})


def _plan_in(text: str | None) -> Fields | None:
    """The terminus-2 answer that a text holds, maybe behind what it thought."""
    if not text or '"commands"' not in text:
        return None
    begin, end = text.find("{"), text.rfind("}")
    while 0 <= begin < end:
        fields = as_fields(json_in(as_raw(text[begin : end + 1])))
        if is_list(fields.get("commands")):
            return fields
        nearer = text.find('{\n  "', begin + 1)
        begin = nearer if nearer > begin else -1
    return None
