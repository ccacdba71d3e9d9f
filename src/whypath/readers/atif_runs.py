"""Turns one trajectory, and those embedded in it, into a run.

Part of the `atif` reader. An embedded trajectory is a sub-agent's: its steps are a
thread of the run, below the call whose result refers to it.
"""

from pathlib import Path

from whypath.builder import RunDraft, Thread
from whypath.content import to_json
from whypath.readers import atif_extra
from whypath.readers.atif_links import Links, Ref, Told
from whypath.readers.atif_parts import CallIds, detail
from whypath.readers.atif_steps import Steps
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    is_list,
)
from whypath.readers.payloads import Payloads

LABEL_LENGTH = 200

_DEEPEST = 20
_ROOT = {
    *("schema_version", "session_id", "trajectory_id", "agent", "steps", "notes"),
    *("final_metrics", "continued_trajectory_ref", "subagent_trajectories"),
}
_AGENT = {"name", "version", "model_name", "tool_definitions"}
_TOTALS = ("total_prompt_tokens", "total_completion_tokens", "total_cost_usd")


class Document:
    """One trajectory that stands on its own in a file, with all that is inside it."""

    def __init__(
        self, fields: Fields, line: int, path: Path | None, links: Links
    ) -> None:
        self._fields = fields
        self._line = line
        self._path = path
        self._links = links
        self._builder = links.builder
        self._run = self._start()
        self._ids = CallIds(self._builder)
        self._refs: list[Ref] = []
        self._threads: dict[str, str] = {}
        self._agents: dict[str, str | None] = {}

    def read(self) -> None:
        """Tells the builder everything the trajectory says."""
        fields, run = self._fields, self._run
        self._builder.about = run.id
        agent = as_fields(fields.get("agent"))
        run.agent = as_text(agent.get("name"))
        extra = as_fields(fields.get("extra"))
        run.task = atif_extra.task_of(extra)
        run.outcome = atif_extra.outcome_of(extra)
        if "final_metrics" in fields:
            run.status = "unknown"  # closed: the last call is not one that was cut off
        self._trajectory(fields, "", 0)
        self._label(agent)
        told = Told(
            run,
            self._path,
            as_text(fields.get("trajectory_id")),
            as_text(fields.get("session_id")),
            run.agent,
            as_text(fields.get("continued_trajectory_ref")),
        )
        told.refs.extend(ref for ref in self._refs if not self._is_inside(ref))
        for thread, name in self._agents.items():
            run.threads.setdefault(thread, Thread(agent=name))
        self._links.add(told)

    def _start(self) -> RunDraft:
        """The run, by the trajectory's id, its session's, or its file's name."""
        fields = self._fields
        ids = (as_scalar(fields.get(k)) for k in ("trajectory_id", "session_id"))
        stem = self._path.name.partition(".")[0] if self._path else "stdin"
        wanted = next((id for id in ids if id), None) or stem
        return self._builder.run(self._links.name(wanted))

    def _trajectory(self, fields: Fields, thread: str, depth: int) -> None:
        """Reads the steps, then the trajectories inside."""
        run, builder = self._run, self._builder
        agent = as_fields(fields.get("agent"))
        steps = Steps(run, builder, self._ids, thread)
        steps.model = as_text(agent.get("model_name"))
        if "tool_definitions" in agent:
            payloads = builder.shared(Payloads)
            steps.tools = payloads.tools(bytes(agent["tool_definitions"]))
        if not is_list(fields.get("steps")):
            what = "a trajectory without a list of steps"
            builder.problem("loss", what, "left out", self._line)
        begin = len(run.steps)
        for raw in as_items(fields.get("steps")):
            steps.step(raw, self._line)
        steps.close(self._line)
        self._refs.extend(steps.refs)
        self._keep_rest(fields, agent, begin)
        inner = as_items(fields.get("subagent_trajectories"))
        for raw in inner if depth < _DEEPEST else ():
            self._embedded(as_fields(raw), depth)
        if inner and depth == _DEEPEST:
            what = "sub-agents nested too deep"
            builder.problem("loss", what, "left out", self._line)

    def _embedded(self, fields: Fields, depth: int) -> None:
        own = [as_scalar(fields.get(k)) for k in ("trajectory_id", "session_id")]
        wanted = next((id for id in own if id), None) or "sub-agent"
        thread, again = wanted, 1
        while thread in self._agents:
            again += 1
            thread = f"{wanted}~{again}"
        self._agents[thread] = as_text(as_fields(fields.get("agent")).get("name"))
        for id in own:
            if id:
                self._threads.setdefault(id, thread)
        self._trajectory(fields, thread, depth + 1)

    def _is_inside(self, ref: Ref) -> bool:
        """Puts an embedded trajectory at the reference to it. False: it is not here."""
        own = as_text(self._fields.get("session_id"))
        session = ref.session_id if ref.session_id != own else None
        id = ref.trajectory_id or session
        thread = self._threads.get(id) if id else None
        if thread is None:
            return False
        self._run.threads.setdefault(thread, ref.thread(self._agents[thread]))
        return True

    def _keep_rest(self, fields: Fields, agent: Fields, begin: int) -> None:
        """What else a trajectory says of itself goes with its first step."""
        rest = {key: raw for key, raw in fields.items() if key not in _ROOT}
        of_agent = {key: raw for key, raw in agent.items() if key not in _AGENT}
        if of_agent:
            rest["agent"] = as_raw(of_agent)
        notes = as_scalar(fields.get("notes"))
        if "notes" in fields and (notes is None or len(notes) > LABEL_LENGTH):
            rest["notes"] = fields["notes"]
        if rest and len(self._run.steps) > begin:
            step = self._run.steps[begin]
            detail(step, "trajectory", to_json(rest), self._builder.contents)

    def _label(self, agent: Fields) -> None:
        """The short facts of a run; totals where the steps do not add up to them."""
        fields, run = self._fields, self._run
        facts = {
            "version": agent.get("version"),
            "format version": fields.get("schema_version"),
            "session": fields.get("session_id"),
            "notes": fields.get("notes"),
        }
        for name, raw in facts.items():
            value = as_scalar(raw)
            if value and len(value) <= LABEL_LENGTH and value != run.id:
                run.labels[name] = value
        final = as_fields(fields.get("final_metrics"))
        added = self._added_up()
        for name in _TOTALS:
            said = as_scalar(final.get(name))
            if said is not None and not _is_near(said, added[name]):
                run.labels[f"recorded {name.replace('_', ' ')}"] = said[:LABEL_LENGTH]

    def _added_up(self) -> dict[str, float]:
        usages = [step.usage for step in self._run.steps if step.usage is not None]
        return {
            "total_prompt_tokens": sum(u.input_tokens or 0 for u in usages),
            "total_completion_tokens": sum(u.output_tokens or 0 for u in usages),
            "total_cost_usd": sum(u.cost_usd or 0.0 for u in usages),
        }


def _is_near(said: str, added: float) -> bool:
    try:
        return abs(float(said[:40]) - added) <= 1e-6 * max(1.0, abs(added))
    except ValueError:
        return False
