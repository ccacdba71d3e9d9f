"""SWE-agent trajectories, https://swe-agent.com/latest/usage/trajectories/

Not read: the messages of reviewers and choosers of a retry agent (kept as details).
The format has no clock, and tokens only for the whole run: they are labels.
"""

from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.model import Decision, Option, Outcome, RunStatus
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    is_list,
    json_in,
    rest_of,
)
from whypath.readers.swe_agent_steps import Attempt
from whypath.records import Raw, Records, Sample

NAME = "swe-agent"
TOOL = "SWE-agent"
EXPORT = "take the .traj file from the run's folder in trajectories/"
NOT_READ = "the messages of reviewers and choosers of a retry agent (kept as details)"
EXAMPLE = "whypath report trajectories/USER/RUN/INSTANCE/INSTANCE.traj"

LABEL_LENGTH = 200

_LIMITS = ("cost", "context", "time")
_STATS = ("instance_cost", "tokens_sent", "tokens_received", "api_calls", "total_cost")
_BODY = ("trajectory", "history", "info", "attempts")


def detect(sample: Sample) -> bool:
    """One document with turns of thought, action and observation, or their history."""
    return any(isinstance(v, dict) and _is_trajectory(v) for v in sample.records)


def _is_trajectory(value: dict[str, Any]) -> bool:
    attempts = value.get("attempts")
    if isinstance(attempts, list) and attempts:
        return isinstance(attempts[0], dict) and _is_trajectory(attempts[0])
    turns = value.get("trajectory")
    if isinstance(turns, list) and turns:
        return any(_is_turn(turn) for turn in turns[:5])
    history = value.get("history")
    if not isinstance(history, list) or "mistake_step" in value:
        return False
    return any(_is_entry(entry) for entry in history[:5])


def _is_turn(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return {"action", "observation"} <= value.keys() and (
        "thought" in value or "response" in value
    )


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and {"role", "content", "agent"} <= value.keys()


def read(records: Records, builder: Builder) -> None:
    """Each document is a run."""
    for number, record in enumerate(records):
        fields = as_fields(record.data)
        if not fields.keys() & set(_BODY):
            what = "a record that holds no trajectory"
            builder.problem("loss", what, "left out", record.line)
            continue
        name = records.path.stem if records.path else "stdin"
        run = builder.run(f"{name}-{number + 1}" if number else name)
        builder.about = run.id
        run.agent = NAME
        _Document(builder, run, fields, record.line).read()


class _Document:
    """One trajectory file: a run, with the attempts of a retry agent side by side."""

    def __init__(
        self, builder: Builder, run: RunDraft, fields: Fields, line: int
    ) -> None:
        self._builder = builder
        self._contents = builder.contents
        self._run = run
        self._fields = fields
        self._line = line
        self._info = as_fields(fields.get("info"))

    def read(self) -> None:
        """Tells the run's steps, then how it ended."""
        self._describe()
        attempts = [as_fields(raw) for raw in as_items(self._fields.get("attempts"))]
        if attempts:
            self._attempts(attempts)
        else:
            self._attempt(self._fields, "", None)
        self._end()

    def _attempt(
        self, fields: Fields, thread: str, parent: str | None, left: bool = False
    ) -> None:
        config = _config(first(fields, "replay_config") or self._config_raw())
        model = as_text(
            as_fields(as_fields(config.get("agent")).get("model")).get("name")
        )
        attempt = Attempt(self._builder, self._run, self._line)
        attempt.model, attempt.thread, attempt.parent = model, thread, parent
        attempt.abandoned = left
        attempt.read(
            as_items(fields.get("trajectory")), as_items(fields.get("history"))
        )

    def _attempts(self, attempts: list[Fields]) -> None:
        """All attempts; the top of the file repeats the one that was chosen."""
        best = as_number(self._info.get("best_attempt_idx"))
        for number, fields in enumerate(attempts):
            left = best is not None and best != number
            info = as_fields(fields.get("info"))
            key = f"attempt-{number + 1}"
            ended = as_text(info.get("exit_status"))
            self._run.step(
                "agent",
                f"attempt {number + 1}",
                line=self._line,
                key=key,
                abandoned=left,
                status="ok" if _status(ended) == "ok" else "unset",
                output=self._add(info.get("submission")),
                details=self._add(fields.get("info")),
            )
            self._attempt(fields, key, key, left)
        if best is not None and len(attempts) > 1:
            self._chosen(attempts, int(best))

    def _chosen(self, attempts: list[Fields], best: int) -> None:
        """Which attempt was handed in, as the retry loop recorded it."""
        chooser = as_fields(self._info.get("chooser"))
        options = []
        for number, fields in enumerate(attempts):
            info = as_fields(fields.get("info"))
            score = as_number(as_fields(info.get("review")).get("accept"))
            options.append(Option(f"attempt {number + 1}", number == best, None, score))
        said = chooser.get("response")
        decision = Decision(
            step=0,
            question="Which attempt to hand in?",
            options=tuple(options),
            rationale=self._add(said),
            rationale_from=None if said is None else "recorded",
            confidence=None,
            evidence=(),
            outcome=None,
            basis="recorded",
        )
        self._run.step(
            "decision",
            "attempt",
            line=self._line,
            status="ok",
            decision=decision,
            details=self._add(self._info.get("chooser")),
        )

    def _describe(self) -> None:
        """The task and the labels: short facts, and what was spent on the whole run."""
        config = _config(self._config_raw())
        problem = as_fields(config.get("problem_statement"))
        self._run.task = as_text(problem.get("text"))
        facts = {
            "instance": problem.get("id"),
            "environment": self._fields.get("environment"),
            **{
                key: self._info.get(key) for key in ("exit_status", "swe_agent_version")
            },
        }
        stats = as_fields(self._info.get("model_stats"))
        facts.update({key: stats.get(key) for key in _STATS})
        for name, raw in facts.items():
            value = as_scalar(raw)
            if value and len(value) <= LABEL_LENGTH:
                self._run.labels[name] = value

    def _end(self) -> None:
        """Status, outcome, and a last step with all that is recorded of the end."""
        ended = as_text(self._info.get("exit_status"))
        self._run.status = _status(ended)
        submission = self._info.get("submission")
        if submission is not None or ended is not None:
            self._run.outcome = Outcome(answer=self._add(submission), note=ended)
        if not self._info:
            return
        rest = rest_of(self._fields, _BODY)
        failed = self._run.status == "error"
        self._run.step(
            "error" if failed else "event",
            "exit",
            line=self._line,
            status="error" if failed else "ok",
            error=ended if failed else None,
            output=self._contents.add(self._fields["info"]),
            details=self._contents.add_if(rest),
        )

    def _config_raw(self) -> Raw | None:
        return self._fields.get("replay_config")

    def _add(self, raw: Raw | None) -> int | None:
        return self._contents.add_if(raw)


def _config(raw: Raw | None) -> Fields:
    """The configuration, which newer versions write as JSON in a string."""
    inner = json_in(raw)
    return {} if inner is None or is_list(inner) else as_fields(inner)


def _status(ended: str | None) -> RunStatus | None:
    """What the exit status says; "submitted (exit_cost)" was handed in at a limit."""
    if ended is None:
        return None
    reason = ended.removeprefix("submitted").strip(" ()")
    if not reason:
        return "ok" if ended else None
    return "incomplete" if any(limit in reason for limit in _LIMITS) else "error"
