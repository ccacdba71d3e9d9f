"""Who&When failure logs, https://github.com/mingyin1/Agents_Failure_Attribution

Not read: nothing; what has no place of its own is kept in the last step. Also reads
bare lists of Magentic-One messages. There is no clock, no id, no token in these logs.
The thoughts of an orchestrator that name the next speaker are recorded decisions.
"""

import re
from typing import Any

from whypath.builder import Builder, RunDraft
from whypath.model import ContentId, Decision, Option, Outcome
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_raw,
    as_scalar,
    as_text,
    is_list,
    json_in,
    rest_of,
)
from whypath.records import Raw, Records, Sample

NAME = "who-and-when"
TOOL = "Who&When failure logs, Magentic-One"
EXPORT = "take a JSON file of the data set, or the message list of a Magentic-One run"
NOT_READ = "nothing"
EXAMPLE = "whypath report 'Who&When/Hand-Crafted/1.json'"

LABEL_LENGTH = 200

_ROLE = re.compile(r"^(?P<agent>[\w .&-]+?) \((?P<what>->|[^()]*?)(?P<to> [^()]*)?\)$")
_VERDICTS = {
    *("mistake_step", "mistake_agent", "mistake_reason", "is_corrected"),
    *("is_correct", "ground_truth", "groundtruth"),
}
_TERMINALS = ("computerterminal", "computer_terminal", "code_executor", "executor")
_FACTS = (*_VERDICTS, "question_ID", "question_id", "level")


def detect(sample: Sample) -> bool:
    """A history with a verdict, or a list of messages of an orchestrator's team."""
    return any(_is_log(value) or _is_team(value) for value in sample.records)


def _is_log(value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() & _VERDICTS:
        return False
    history = value.get("history")
    if not isinstance(history, list) or not history or "question" not in value:
        return False
    return any(isinstance(m, dict) and "content" in m for m in history[:5])


def _is_team(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    messages = [m for m in value if isinstance(m, dict) and "content" in m]
    roles = [m.get("role") for m in messages]
    return any(isinstance(r, str) and r.endswith(" (thought)") for r in roles)


def read(records: Records, builder: Builder) -> None:
    """Each document is a run."""
    name = records.path.stem if records.path else "stdin"
    for number, record in enumerate(records):
        run = builder.run(f"{name}-{number + 1}" if number else name)
        builder.about = run.id
        if is_list(record.data):
            _Log(builder, run, record.line).messages(as_items(record.data))
            continue
        _document(builder, run, as_fields(record.data), record.line)


def _document(builder: Builder, run: RunDraft, fields: Fields, line: int) -> None:
    if "history" not in fields:
        builder.problem("loss", "a record without a history", "left out", line)
        return
    run.task = as_text(fields.get("question"))
    for key in _FACTS:
        value = as_scalar(fields.get(key))
        if value and len(value) <= LABEL_LENGTH:
            run.labels[key] = value
    log = _Log(builder, run, line)
    log.mistake = {key: fields[key] for key in _VERDICTS if key in fields}
    log.prompts(as_fields(fields.get("system_prompt")))
    log.messages(as_items(fields["history"]))
    at, by = (as_scalar(fields.get(f"mistake_{key}")) for key in ("step", "agent"))
    if at is not None:
        run.outcome = Outcome(note=f"mistake at {at} of the history, by {by}"[:200])
    rest = rest_of(fields, ("history", "question", "system_prompt"))
    if rest is not None:
        output = builder.contents.add(rest)
        run.step("event", "verdict", line=line, status="ok", output=output)


class _Log:
    """The state of reading one history. `mistake` is what a judge said of it."""

    def __init__(self, builder: Builder, run: RunDraft, line: int) -> None:
        self.mistake: Fields = {}
        self._builder = builder
        self._contents = builder.contents
        self._run = run
        self._line = line
        self._team: list[str] = []

    def prompts(self, prompts: Fields) -> None:
        """The system prompt of each agent."""
        for agent, raw in prompts.items():
            self._step("system", agent, None, self._contents.add(raw), agent)

    def messages(self, items: list[Raw]) -> None:
        """Reads the messages in turn; a message's place is its step's key."""
        messages = [as_fields(item) for item in items]
        speakers = (_speaker(m)[0] for m in messages)
        self._team = list(dict.fromkeys(s for s in speakers if s))
        at = as_scalar(self.mistake.get("mistake_step"))
        for number, fields in enumerate(messages):
            if not fields:
                what = "a message that is no JSON object"
                self._builder.problem("loss", what, "left out", self._line)
                continue
            before = len(self._run.steps)
            self._message(fields, f"history-{number}")
            if at == str(number) and len(self._run.steps) > before:
                judged = {"judged": self.mistake}
                self._run.steps[before].details = self._contents.add(as_raw(judged))

    def _step(
        self,
        kind: str,
        name: str,
        key: str | None,
        output: ContentId | None,
        agent: str | None,
        decision: Decision | None = None,
    ) -> None:
        self._run.step(
            kind,  # type: ignore[arg-type]
            name,
            line=self._line,
            key=key,
            status="ok",
            output=output,
            agent=agent,
            decision=decision,
        )

    def _message(self, fields: Fields, key: str) -> None:
        content = fields.get("content")
        output = self._contents.add_if(content)
        agent, what = _speaker(fields)
        if agent is None:
            self._step("user", "", key, output, None)
        elif what == "thought":
            self._thought(agent, content, output, key)
        elif what.startswith("->"):
            to = what.removeprefix("->").strip()
            self._step("handoff", to or "handoff", key, output, agent)
        elif what:
            self._step("event", what, key, output, agent)
        elif agent.lower() in _TERMINALS:
            self._step("tool", agent, key, output, agent)
        else:
            self._step("model", "", key, output, agent)

    def _thought(
        self, agent: str, content: Raw | None, output: ContentId | None, key: str
    ) -> None:
        """A plan, or a ledger: who speaks next, and why."""
        ledger = as_fields(json_in(content)) or _ledger_in(as_text(content))
        speaker = as_fields(ledger.get("next_speaker"))
        chosen = as_text(speaker.get("answer"))
        if chosen is None:
            self._step("model", "thought", key, output, agent)
            return
        others = [name for name in self._team if name not in (chosen, agent)]
        reason = speaker.get("reason")
        asked = as_fields(ledger.get("instruction_or_question")).get("answer")
        decision = Decision(
            step=0,
            question="Who speaks next?",
            options=(
                Option(chosen, True, None if asked is None else self._add(asked)),
                *(Option(name) for name in others),
            ),
            rationale=None if reason is None else self._add(reason),
            rationale_from=None if reason is None else "recorded",
            confidence=None,
            evidence=(),
            outcome=None,
            basis="recorded",
            options_note="the others are those who speak somewhere in this log",
        )
        self._step("decision", "ledger", key, output, agent, decision)

    def _add(self, raw: Raw) -> ContentId:
        return self._contents.add(raw)


def _speaker(fields: Fields) -> tuple[str | None, str]:
    """Who says it (None: the human), and what it is: "thought", "-> Surfer", ""."""
    name = as_text(fields.get("name"))
    role = as_text(fields.get("role")) or ""
    if name:
        return name, ""
    if role.lower() in ("human", "user", "human_user"):
        return None, ""
    match = _ROLE.match(role)
    if match is None:
        return role or "?", ""
    return match["agent"], f"{match['what']}{match['to'] or ''}".strip()


def _ledger_in(text: str | None) -> Fields:
    """The JSON object that a thought holds behind some words."""
    begin = (text or "").find("{")
    if text is None or begin < 0 or "next_speaker" not in text:
        return {}
    return as_fields(json_in(as_raw(text[begin : text.rfind("}") + 1])))
