"""tau2-bench results, https://github.com/sierra-research/tau2-bench

Not read: audio, and the voice of a tick where nobody speaks (its costs are counted).
A simulated user is a user who may call tools, too; both sides' tokens are counted.
"""

from pathlib import Path
from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.model import Outcome, RunStatus
from whypath.readers.fields import (
    Fields,
    Names,
    as_fields,
    as_items,
    as_number,
    as_raw,
    as_scalar,
    as_text,
    first,
    is_object,
    rest_of,
)
from whypath.readers.tau2_messages import Dialogue
from whypath.readers.tau2_ticks import Call as VoiceCall
from whypath.records import Raw, Records, Sample

NAME = "tau2-bench"
TOOL = "tau2-bench (dual control, text and voice)"
EXPORT = (
    "take data/simulations/RUN.json, or results.json with its folder of simulations"
)
NOT_READ = "audio, and ticks of a voice call in which nobody speaks"
EXAMPLE = "whypath report data/simulations/RUN.json"

LABEL_LENGTH = 200

_FACTS = ("task_id", "trial", "seed", "mode", "termination_reason", "duration")
_COSTS = ("agent_cost", "user_cost")
_STATUSES: dict[str, RunStatus] = {
    "user_stop": "ok",
    "agent_stop": "ok",
    "max_steps": "incomplete",
    "timeout": "incomplete",
}
_TIMES = ("timestamp", "start_time", "end_time")
_BODY = ("messages", "ticks", "id", *_TIMES, *_FACTS, *_COSTS)
_FOLDER = "simulations"


def detect(sample: Sample) -> bool:
    """Results with their simulations, one simulation, or the index of a folder."""
    return any(_is_ours(value) for value in sample.objects())


def _is_ours(value: dict[str, Any]) -> bool:
    if isinstance(value.get("simulations"), list):
        return "info" in value or "tasks" in value
    info = value.get("info")
    if isinstance(info, dict) and {"agent_info", "environment_info"} <= info.keys():
        return True
    body = value.get("ticks", value.get("messages"))
    told = "termination_reason" in value or "ticks" in value
    return isinstance(body, list) and told and "task_id" in value


def companions(path: Path) -> list[Path]:
    """The simulations that lie in a folder of their own beside results.json."""
    folder = path.parent / _FOLDER
    return sorted(folder.glob("*.json")) if path.name == "results.json" else []


def read(records: Records, builder: Builder) -> None:
    """Each simulation is a run."""
    for record in records:
        items = as_items(record.data) or [Raw(record.data)]
        for item in items:
            fields = as_fields(item)
            if "simulations" not in fields and "info" not in fields:
                _simulation(builder, fields, record.line)
                continue
            results = builder.shared(_Results)
            results.keep(fields)
            if "simulations" not in fields:
                builder.about = None
                what = f"results whose simulations lie in {_FOLDER}/ beside them"
                builder.problem("note", what, "read them too", record.line)
            for raw in as_items(fields.get("simulations")):
                _simulation(builder, as_fields(raw), record.line)


class _Results:
    """What results.json says of all simulations: the setting, and the tasks."""

    def __init__(self, builder: Builder) -> None:
        self.names = Names()
        self.info: Fields = {}
        self.tasks: dict[str, Raw] = {}

    def keep(self, fields: Fields) -> None:
        """Takes in the setting and the tasks of one file."""
        self.info = as_fields(fields.get("info"))
        for raw in as_items(fields.get("tasks")):
            id = as_scalar(as_fields(raw).get("id"))
            if id is not None:
                self.tasks[id] = raw


def _simulation(builder: Builder, fields: Fields, line: int) -> None:
    if not fields.keys() & {"messages", "ticks"}:
        builder.about = None
        what = "a simulation without messages"
        builder.problem("loss", what, "left out", line)
        return
    results = builder.shared(_Results)
    run = builder.run(_id(builder, fields))
    builder.about = run.id
    run.start_ns = builder.time(as_scalar(fields.get("start_time")), line)
    run.end_ns = builder.time(as_scalar(fields.get("end_time")), line)
    task = results.tasks.get(as_scalar(fields.get("task_id")) or "")
    run.task = _said_of(task)
    _describe(run, fields, results.info)
    dialogue = Dialogue(builder, run, line)
    agent, user = (as_fields(results.info.get(k)) for k in ("agent_info", "user_info"))
    dialogue.agent_model = as_text(agent.get("llm"))
    dialogue.user_model = as_text(user.get("llm"))
    place = as_fields(results.info.get("environment_info"))
    dialogue.setting(place.get("policy"), place.get("tool_defs"))
    dialogue.messages(as_items(fields.get("messages")))
    if "ticks" in fields:
        VoiceCall(builder, run, line, dialogue).ticks(as_items(fields["ticks"]))
    _end(builder, run, fields, task, line)


def _id(builder: Builder, fields: Fields) -> str:
    """The simulation's own id, else its task and trial."""
    task, trial = (as_scalar(fields.get(key)) for key in ("task_id", "trial"))
    base = as_scalar(fields.get("id")) or f"task-{task}-trial-{trial}"
    return builder.shared(_Results).names.new(base)


def _said_of(task: Raw | None) -> str | None:
    """What the user wants: a text, or the reason for the call among instructions."""
    scenario = as_fields(as_fields(task).get("user_scenario"))
    told = scenario.get("instructions")
    if is_object(told):
        told = first(as_fields(told), "reason_for_call", "task_instructions")
    return as_text(told)


def _describe(run: RunDraft, fields: Fields, info: Fields) -> None:
    facts = {key: fields.get(key) for key in (*_FACTS, *_COSTS)}
    place = as_fields(info.get("environment_info"))
    facts["domain"] = place.get("domain_name")
    for key, raw in facts.items():
        value = as_scalar(raw)
        if value and len(value) <= LABEL_LENGTH:
            run.labels[key] = value
    agent = as_fields(info.get("agent_info"))
    run.agent = as_text(agent.get("implementation"))


def _end(
    builder: Builder, run: RunDraft, fields: Fields, task: Raw | None, line: int
) -> None:
    """How it ended, what it was worth, and what was asked for, as the last step."""
    reason = as_text(fields.get("termination_reason"))
    if reason is not None:
        run.status = _STATUSES.get(reason, "error")
    reward_info = as_fields(fields.get("reward_info"))
    reward = as_number(reward_info.get("reward"))
    if reward is not None:
        run.outcome = Outcome(reward=reward, note=_note(reward_info))
    rest = as_fields(rest_of(fields, (*_BODY, "reward_info")))
    details = {**rest, **({} if task is None else {"task": task})}
    if "reward_info" not in fields and not details:
        return
    output = fields.get("reward_info")
    run.step(
        "event",
        "evaluation",
        line=line,
        status="ok",
        output=builder.contents.add_if(output),
        details=builder.contents.add(as_raw(details)) if details else None,
    )


def _note(reward_info: Fields) -> str | None:
    """The parts of the reward as recorded: `DB 1, ACTION 0`."""
    parts = as_fields(reward_info.get("reward_breakdown"))
    numbers = {key: as_number(raw) for key, raw in parts.items()}
    said = [f"{key} {value:g}" for key, value in numbers.items() if value is not None]
    return ", ".join(said)[:LABEL_LENGTH] or None
