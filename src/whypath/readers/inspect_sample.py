"""Turns one sample of an Inspect log, in one epoch, into a run.

Part of the `inspect_ai` reader. A sample without events is read from its messages.
"""

from whypath.builder import Builder, RunDraft
from whypath.model import ContentId, Outcome, Usage
from whypath.readers.fields import (
    ERROR_LENGTH,
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    is_list,
    reason_of,
)
from whypath.readers.inspect_events import Events
from whypath.readers.inspect_messages import EMPTY, Attachments, Heard, Messages
from whypath.readers.inspect_model import (
    PROMPTS,
    ModelCalls,
    keep,
    usage_of,
)
from whypath.readers.inspect_places import Item, Place, Places
from whypath.readers.inspect_windows import Pool, Windows
from whypath.readers.payloads import Payloads
from whypath.records import Raw

LABEL_LENGTH = 200

_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0, "true": 1.0, "false": 0.0}
"""What Inspect's own scale makes of grades."""

_ASKED = (
    *("target", "choices", "metadata", "files", "setup", "sandbox", "description"),
)
_READ = {
    *("id", "epoch", "input", "messages", "output", "events", "attachments"),
    *("events_data", "message_pool", "transcript", "timelines", "scores", "score"),
    *("error", "error_retries", "uuid", "started_at", "completed_at", "expected"),
}
_TOP = Place()


class SampleReader:
    """Reads one sample into a run."""

    def __init__(self, fields: Fields, builder: Builder, run: RunDraft, line: int):
        transcript = as_fields(fields.get("transcript"))
        attachments = first(fields, "attachments") or transcript.get("content")
        pools = as_fields(fields.get("events_data"))
        self._fields = fields
        self._events = first(fields, "events") or transcript.get("events")
        self._builder = builder
        self._run = run
        self._line = line
        self._texts = Attachments(attachments, builder)
        payloads = Payloads(builder)
        self._messages = Messages(builder, payloads, self._texts)
        said = pools.get("messages") or fields.get("message_pool")
        pool = Pool(
            [self._messages.heard(raw) for raw in as_items(said)],
            as_items(pools.get("calls")),
        )
        self._windows = Windows(builder, self._messages, pool)
        self._calls = ModelCalls(
            builder, run, self._texts, payloads, self._messages, self._windows
        )
        self._made = Events(builder, run, self._texts, self._messages, self._calls)

    def read(self) -> None:
        """Adds all steps, and what is known of the run as a whole."""
        builder, fields, line = self._builder, self._fields, self._line
        self._say_asked()
        for number, raw in enumerate(as_items(fields.get("error_retries")), start=1):
            self._attempt(as_fields(raw), number)
        events = self._events if self._events is not None else Raw(b"[]")
        places = Places(events, builder, line)
        if not any(item.name == "model" for item in places.items):
            self._say_messages(bool(places.items))
        self._made.read(places, line)
        self._run.agent = places.main_agent
        self._find_results()
        self._say_end(places)
        self._sum_up()

    def _say_asked(self) -> None:
        """What the sample is, beside its prompt."""
        fields = self._fields
        asked = {key: fields[key] for key in _ASKED if _says(fields.get(key))}
        self.first = self._run.step(
            "event",
            "sample",
            line=self._line,
            key=as_scalar(fields.get("uuid")),
            input=keep(asked, self._builder, self._texts),
            status="ok",
        )
        given = fields.get("input")
        if given is not None:
            resolved = Raw(self._texts.resolve(given))
            self._run.task = as_text(resolved) or self._last_asked(resolved)

    def _last_asked(self, given: Raw) -> str | None:
        """The text of the last message from a user."""
        contents = self._builder.contents
        for raw in reversed(as_items(given)):
            heard = self._messages.heard(raw)
            output = self._messages.answer(heard).output
            if heard.role == "user" and output is not None:
                return contents.text(output)
        return None

    def _attempt(self, fields: Fields, number: int) -> None:
        """An earlier attempt at the sample, which ended with an error."""
        events = fields.get("events")
        if events is not None:
            places = Places(events, self._builder, self._line)
            self._made.read(places, self._line, abandoned=True)
            self._find_results()
            self._windows.start_anew()
        place = Place(abandoned=True)
        item = Item("error", fields, None)
        self._made.fail(f"attempt {number} failed", fields.get("message"), item, place)

    def _say_messages(self, has_events: bool) -> None:
        """The conversation, or at least the prompt, where no model call has it."""
        listed = as_items(self._fields.get("messages"))
        given = self._fields.get("input")
        if has_events or not listed:
            if given is not None and is_list(given):
                listed = as_items(given)
            elif given is not None and _says(given):
                text = self._texts.resolve(given)
                listed = [Raw(b'{"role":"user","content":' + text + b"}")]
            else:
                listed = []
        heard = [self._messages.heard(raw) for raw in listed]
        said = [message for message in heard if message.role == "assistant"]
        for message in heard:
            usage = self._only_usage() if len(said) == 1 else None
            self._say_message(message, usage)

    def _say_message(self, heard: Heard, usage: Usage | None) -> None:
        run, line = self._run, self._line
        if heard.role in PROMPTS:
            self._calls.prompt(heard, _TOP, line)
        elif heard.role == "assistant":
            model = as_scalar(heard.fields.get("model"))
            draft = run.step("model", line=line, key=heard.id, model=model)
            draft.status, draft.usage = "ok", usage
            self._calls.say(draft, heard, line)
        elif heard.role == "tool":
            self._say_result(heard)
        else:
            what = "a message with an unknown role"
            self._builder.problem("repair", what, "shown as an event", line)
            output = keep(dict(heard.fields), self._builder, self._texts)
            run.step("event", heard.role, line=line, key=heard.id, output=output)

    def _say_result(self, heard: Heard) -> None:
        part = heard.parts[0]
        id = part.call_id or heard.id or f"result-{len(self._run.results) + 1}"
        error = heard.failures.get(part.call_id)
        self._run.result(
            id,
            part.content,
            status="error" if error else "ok",
            error=error,
            name=part.name,
            line=self._line,
        )

    def _only_usage(self) -> Usage | None:
        """The usage of the sample's last model call."""
        return usage_of(as_fields(self._fields.get("output")).get("usage"))

    def _find_results(self) -> None:
        """Results that stand only in a later window, for calls without a step."""
        run = self._run
        asked = {call.id for draft in run.steps for call in draft.calls}
        asked -= {d.call_id for d in run.steps if d.kind in ("tool", "handoff")}
        asked -= run.results.keys()
        answers = self._windows.results
        for raw in as_items(self._fields.get("messages")) if asked else ():
            id = as_scalar(as_fields(raw).get("tool_call_id"))
            if id is not None and id in asked:
                answers.setdefault(id, self._messages.heard(raw))
        for id, heard in answers.items():
            if id in asked:
                self._say_result(heard)

    def _say_end(self, places: Places) -> None:
        """How the sample ended: its error, its scores, and what else is known."""
        fields = self._fields
        names = {item.name for item in places.items}
        error = fields.get("error")
        if error is not None and "error" not in names:
            self._made.fail("error", error, Item("error", as_fields(error), None), _TOP)
        rest = {
            key: raw
            for key, raw in fields.items()
            if key not in _READ and key not in _ASKED and _says(raw)
        }
        scores = self._scores()
        if not scores and not rest:
            return
        self._run.step(
            "event",
            "sample end",
            line=self._line,
            start_ns=self._time("completed_at"),
            output=keep(scores, self._builder, self._texts),
            details=keep(rest, self._builder, self._texts),
            status="ok",
        )

    def _scores(self) -> Fields:
        if "score" in self._fields:
            return {"score": self._fields["score"]}
        return as_fields(self._fields.get("scores"))

    def _sum_up(self) -> None:
        run, fields = self._run, self._fields
        run.start_ns = self._time("started_at")
        run.end_ns = self._time("completed_at")
        limit = as_fields(fields.get("limit"))
        if fields.get("error") is not None or limit:
            run.status = "error"
        for name in ("id", "epoch", "target"):
            value = as_scalar(fields.get(name))
            if value and len(value) <= LABEL_LENGTH:
                run.labels["sample" if name == "id" else name] = value
        kind = as_scalar(limit.get("type"))
        if kind:
            run.labels["stopped by"] = f"{kind} limit"
        scores = self._scores()
        for name, raw in scores.items():
            value = as_scalar(first(as_fields(raw), "value"))
            if value is not None and len(value) <= LABEL_LENGTH:
                run.labels[f"score {name}"] = value
        answer = self._answer(scores)
        if scores or answer is not None:
            numbers = [_number(raw) for raw in scores.values()]
            known = [number for number in numbers if number is not None]
            run.outcome = Outcome(
                answer=answer,
                score=known[0] if known else None,
                note=self._note(scores),
            )

    def _answer(self, scores: Fields) -> ContentId | None:
        """The answer that was scored, as the model wrote it where that can be told."""
        contents = self._builder.contents
        choices = as_items(as_fields(self._fields.get("output")).get("choices"))
        message = as_fields(choices[0]).get("message") if choices else None
        said: ContentId | None = None
        if message is not None:
            said = self._messages.answer(self._messages.heard(message)).output
        scored = (as_fields(raw).get("answer") for raw in scores.values())
        answer = next((raw for raw in scored if _says(raw)), None)
        if answer is None:
            return said
        number = contents.add(self._texts.resolve(answer))
        if said is not None and _same(contents.text(said), contents.text(number)):
            return said
        return number

    def _note(self, scores: Fields) -> str | None:
        """Each score as recorded, with the first line of its explanation."""
        said = []
        for name, raw in scores.items():
            fields = as_fields(raw)
            value = fields.get("value")
            text = as_scalar(value) if value is not None else None
            text = text or (bytes(value).decode() if value is not None else "none")
            why = fields.get("explanation")
            line = reason_of(Raw(self._texts.resolve(why))) if why is not None else ""
            said.append(
                f"{name}: {text[:ERROR_LENGTH]}" + (f" ({line})" if line else "")
            )
        return ", ".join(said) or None

    def _time(self, name: str) -> int | None:
        return self._builder.time(as_scalar(self._fields.get(name)), self._line)


def _number(score: Raw) -> float | None:
    """A score as a number: itself, or what a grade stands for."""
    value = as_fields(score).get("value")
    if value is None:
        return None
    return _GRADES.get(as_scalar(value) or "", as_number(value))


def _same(said: str, scored: str) -> bool:
    """True for the same words: some scorers look at them in lower case."""
    return said.strip().lower() == scored.strip().lower()


def _says(raw: Raw | None) -> bool:
    return raw is not None and bytes(raw) not in EMPTY
