"""https://openai.github.io/openai-agents-python/human_in_the_loop: a paused RunState.

Not read: sandboxes, the tools' schemas, the hashes by which the SDK knows its items.
"""

from collections.abc import Iterator

from whypath.builder import Builder, RunDraft
from whypath.content import to_json
from whypath.model import Decision, Option, Usage
from whypath.readers.conversation import Conversation
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    first,
    is_object,
    json_in,
    usage_of,
)
from whypath.records import Raw, Records, Sample

NAME = "openai-agents-state"
TOOL = "OpenAI Agents SDK: a run that is paused"
EXPORT = "pathlib.Path('state.json').write_text(result.to_state().to_string())"
NOT_READ = "sandboxes, the schemas of tools, how long anything took"
EXAMPLE = "whypath report state.json"

_KEYS = {"$schemaVersion", "original_input", "current_agent"}
_LISTS = ("generated_items", "model_responses", "session_items")
_GUARDRAILS = ("input_guardrail_results", "output_guardrail_results")
_TOOL_GUARDRAILS = ("tool_input_guardrail_results", "tool_output_guardrail_results")
_PAUSED = "next_step_interruption"
_BY_MODEL = ("message_output_item", "reasoning_item")
_UNDECIDED = "waits for an answer"


def detect(sample: Sample) -> bool:
    """Some object is the state of a run as the SDK writes it."""
    return any(
        value.keys() >= _KEYS and any(isinstance(value.get(k), list) for k in _LISTS)
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the states say, each a run of its own."""
    for record in records:
        items = as_items(record.data) or [Raw(record.data)]
        for raw in items:
            fields = as_fields(raw)
            if not is_object(raw) or not fields.keys() | {"original_input"} >= _KEYS:
                what = "a record that is no state of a run"
                builder.problem("loss", what, "left out", record.line)
                continue
            _State(fields, builder, record.line).tell()
            builder.about = None


class _State:
    """One state being read."""

    def __init__(self, fields: Fields, builder: Builder, line: int) -> None:
        self._fields = fields
        self._builder = builder
        self._line = line
        trace = as_fields(fields.get("trace"))
        name = as_scalar(trace.get("id")) or f"state {len(builder.runs) + 1}"
        taken = {run.id for run in builder.runs}
        self._run: RunDraft = builder.run(name if name not in taken else f"{name}~2")
        builder.about = self._run.id
        self._conversation = Conversation(builder, self._run)
        self._approvals = _Approvals(as_fields(fields.get("context")))
        self._used: set[int] = set()
        self._by_item = dict(_response_of_items(fields))

    def tell(self) -> None:
        """Tells the run: what was asked, what was done, and what it waits for."""
        run, fields = self._run, self._fields
        run.agent = _name(fields.get("current_agent"))
        trace = as_fields(fields.get("trace"))
        for label, raw in (
            ("workflow", trace.get("workflow_name")),
            ("conversation", fields.get("conversation_id")),
            ("schema version", fields.get("$schemaVersion")),
            ("turns", fields.get("current_turn")),
        ):
            if (said := as_scalar(raw)) is not None:
                run.labels[label] = said
        self._asked()
        for raw in self._items():
            self._item(as_fields(raw))
        self._rest_of_responses()
        for key in (*_GUARDRAILS, *_TOOL_GUARDRAILS):
            for raw in as_items(fields.get(key)):
                self._guardrail(as_fields(raw))
        step = as_fields(fields.get("current_step"))
        if as_scalar(step.get("type")) == _PAUSED:
            run.status = "incomplete"

    def _asked(self) -> None:
        """What the run was started with: a text, or items."""
        given = self._fields.get("original_input")
        if given is None:
            return
        if as_text(given) is not None:
            self._conversation.message(_user(given), self._line)
            self._run.task = as_text(given)
        for raw in as_items(given):
            self._conversation.message(as_fields(raw), self._line)

    def _items(self) -> Iterator[Raw]:
        """What happened since, but for what the input holds already."""
        items = as_items(self._fields.get("session_items"))
        items = items or as_items(self._fields.get("generated_items"))
        known = as_items(self._fields.get("nested_history_owned_session_item_refs"))
        owned = {as_scalar(as_fields(raw).get("index")) for raw in known}
        for number, raw in enumerate(items):
            if str(number) not in owned:
                yield raw

    def _item(self, item: Fields) -> None:
        kind = as_scalar(item.get("type"))
        raw = as_fields(item.get("raw_item"))
        before = len(self._run.steps)
        if kind == "tool_approval_item":
            self._approval(item, raw)
        elif kind == "handoff_output_item" and raw.get("call_id") is not None:
            self._handoff(item, raw)
        elif raw:
            self._conversation.message(_plain(raw), self._line)
            self._count(raw)
        else:
            what = "an item without what the model or a tool said"
            self._builder.problem("loss", what, "left out", self._line)
        agent = _name(item.get("agent"))
        for draft in self._run.steps[before:]:
            draft.agent = draft.agent or agent

    def _count(self, raw: Fields) -> None:
        """Gives a model step the tokens of the response that it is part of."""
        ids = (as_scalar(raw.get(name)) for name in ("call_id", "id"))
        number = next((self._by_item[id] for id in ids if id in self._by_item), None)
        if number is None or number in self._used:
            return
        models = [draft for draft in self._run.steps if draft.kind == "model"]
        if models and models[-1].usage is None:
            self._used.add(number)
            models[-1].usage = self._usage(number)

    def _usage(self, number: int) -> Usage | None:
        responses = as_items(self._fields.get("model_responses"))
        counted = as_fields(as_fields(responses[number]).get("usage"))
        if as_scalar(counted.get("total_tokens")) == "0":
            return None
        return usage_of(_with_details(counted))

    def _rest_of_responses(self) -> None:
        """Adds the responses of which no item was kept."""
        for number, raw in enumerate(as_items(self._fields.get("model_responses"))):
            ids = {n for n in self._by_item.values() if n == number}
            if number in self._used or (ids and self._usage(number) is None):
                continue
            before = len(self._run.steps)
            self._conversation.answer(as_fields(raw), self._line)
            made = [d for d in self._run.steps[before:] if d.kind == "model"]
            for draft in made[:1]:
                draft.usage = self._usage(number)
                draft.window = None

    def _approval(self, item: Fields, raw: Fields) -> None:
        """A call that somebody had to agree to: what they said, if they did."""
        call_id = as_scalar(first(raw, "call_id", "id"))
        tool = as_scalar(first(item, "tool_name")) or as_scalar(raw.get("name")) or "?"
        said = self._approvals.of(call_id, tool)
        given = json_in(raw.get("arguments")) or raw.get("arguments")
        arguments = self._builder.contents.add_if(given)
        self._run.step(
            "decision",
            f"approval: {tool}",
            line=self._line,
            status="unset" if said is None else "ok",
            input=arguments,
            decision=Decision(
                step=0,
                question=f"May {tool} run?",
                options=(
                    Option("approve", said is True, arguments),
                    Option("reject", said is False),
                ),
                rationale=None,
                rationale_from=None,
                confidence=None,
                evidence=(),
                outcome=_UNDECIDED if said is None else None,
                basis="recorded",
            ),
        )

    def _handoff(self, item: Fields, raw: Fields) -> None:
        """A handoff that was carried out."""
        target = _name(item.get("target_agent")) or "another agent"
        output = raw.get("output")
        self._run.step(
            "handoff",
            f"handoff to {target}",
            line=self._line,
            status="ok",
            call_id=as_scalar(raw.get("call_id")),
            output=self._builder.contents.add_if(output),
        )

    def _guardrail(self, result: Fields) -> None:
        guardrail = as_fields(result.get("guardrail"))
        self._run.step(
            "guardrail",
            as_scalar(guardrail.get("name")) or "guardrail",
            line=self._line,
            status="ok",
            agent=_name(result.get("agent")),
            output=self._builder.contents.add(to_json(dict(result))),
        )


class _Approvals:
    """What was said of the calls that somebody had to agree to."""

    def __init__(self, context: Fields) -> None:
        self._by_call: dict[str, bool] = {}
        self._by_tool: dict[str, bool] = {}
        for tool, raw in as_fields(context.get("approvals")).items():
            self._add(tool, as_fields(raw))
        for raw in as_items(context.get("function_tool_approvals")):
            fields = as_fields(raw)
            tool = as_scalar(fields.get("tool_key")) or ""
            self._add(tool, as_fields(fields.get("decision")))

    def of(self, call_id: str | None, tool: str) -> bool | None:
        """True for approved, False for rejected, None for no answer."""
        return self._by_call.get(call_id or "", self._by_tool.get(tool))

    def _add(self, tool: str, record: Fields) -> None:
        for name, answer in (("approved", True), ("rejected", False)):
            raw = record.get(name)
            if as_scalar(raw) == "true":
                self._by_tool[tool] = answer
            for item in as_items(raw):
                self._by_call[as_scalar(item) or ""] = answer


def _response_of_items(fields: Fields) -> Iterator[tuple[str, int]]:
    """The ids of items, each with the number of the response that it is part of."""
    for number, raw in enumerate(as_items(fields.get("model_responses"))):
        for item in as_items(as_fields(raw).get("output")):
            for name in ("id", "call_id"):
                if id := as_scalar(as_fields(item).get(name)):
                    yield id, number


def _plain(raw: Fields) -> Fields:
    """An item without its own state, and without an id that is not unique."""
    return {k: v for k, v in raw.items() if k not in ("id", "status", "annotations")}


def _with_details(counted: Fields) -> Raw:
    """Counts whose details are an object, where the state has a list of one."""
    plain = dict(counted)
    for name in ("input_tokens_details", "output_tokens_details"):
        listed = as_items(counted.get(name))
        if listed:
            plain[name] = listed[0]
    return Raw(to_json(plain))


def _user(text: Raw) -> Fields:
    return {"role": Raw(b'"user"'), "content": text}


def _name(agent: Raw | None) -> str | None:
    return as_scalar(as_fields(agent).get("name"))
