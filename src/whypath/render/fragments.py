"""Turns a step into its HTML: what happened, why, what it saw, what changed.

Rendering a long run is the hot path of a report. So the texts are prepared here and
given to the template as plain arguments, which Jinja2 reads faster than attributes.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from markupsafe import Markup

from whypath.derive.evidence import CheckedEvidence
from whypath.derive.findings.finding import Finding, by_step
from whypath.derive.story import Story
from whypath.model import Decision, Step, Tool
from whypath.render import words
from whypath.render.headings import facts_of, label_of, source_of
from whypath.render.sources import HOWS, MISSING, UsePart, ValuePart, uses_of, values_of
from whypath.render.text import Prose
from whypath.render.windows import MessageRow, WindowRows, Windows

PROSE_BYTES = 64 * 1024
OTHERS = 40
KEPT = 5
"""How many of the messages that a window begins with are listed where written out."""


class Part(NamedTuple):
    """A content under a heading: its number in the payload, or rendered markup too."""

    label: str
    size: str
    number: int
    markup: Markup | None


class CallPart(NamedTuple):
    """A tool call: the step that carried it out, and its arguments' number."""

    name: str
    step: int | None
    is_open: bool
    number: int | None


class StatePart(NamedTuple):
    """A path of the state after a step, as numbers of contents; None: not there."""

    path: str
    is_changed: bool
    before: int | None
    after: int | None


class EvidencePart(NamedTuple):
    """A checked piece of evidence, the number of its value, and a word if not seen."""

    check: CheckedEvidence
    number: int | None
    unseen: str | None


class StepParts(NamedTuple):
    """The arguments of the macro `fragment` in parts/step.html, in its order."""

    kind: str
    label: str
    facts: str
    facts_long: str
    is_error: bool
    error: str | None
    note: str | None
    findings: tuple[Finding, ...]
    why: int | None
    why_because: int | None
    contents: list[Part]
    is_open: bool
    calls: list[CallPart]
    decision: Decision | None
    chosen: str
    others: str
    rationale: int | None
    evidence: list[EvidencePart]
    values: list[ValuePart]
    uses: list[UsePart]
    uses_more: int
    causes: list[tuple[int, str]]
    window: WindowRows | None
    kept: list[MessageRow]
    tools: int | None
    tools_count: int
    state: list[StatePart]
    details: int | None
    source: str


class Contents(Protocol):
    """What numbers the contents of a page: the payload, or the pages written out."""

    def ref(self, content: int, *, own: bool = True) -> int:
        """The page's number of a content; `own`: it belongs to the step in hand."""

    def ref_json(self, raw: bytes) -> int:
        """The page's number of a JSON text that is in no store."""


class Fragments:
    """Renders the steps of one run in order; the state of the run is followed along.

    Where the steps are `written_out`, each has its window and the state too; elsewhere
    the page makes these of the step's facts.
    """

    def __init__(
        self,
        story: Story,
        payload: Contents,
        template: Callable[..., str],
        notes: Mapping[int, str],
        *,
        written_out: bool = False,
    ) -> None:
        self._story = story
        self._contents = story.run.contents
        self._ref = payload.ref
        self._payload = payload
        self._template = template
        self._notes = notes
        self._prose = Prose()
        self._state: dict[str, int | None] = {}
        self._by_call: dict[tuple[int, str | None], int] = {}
        self._findings = by_step(story.findings)
        self._toolsets: dict[tuple[Tool, ...], int] = {}
        self._written_out = written_out
        self._windows = Windows(story, self._ref) if written_out else None
        for step in story.run.steps:
            if step.caller is not None:
                call = (step.caller, step.call_id)
                self._by_call.setdefault(call, step.position)

    def render(self, step: Step) -> str:
        """The step's HTML. To be called for every step, in order."""
        html = self._template(*self.parts(step))
        if self._windows is not None:
            self._windows.passed(step)
        return html

    def parts(self, step: Step) -> StepParts:
        """What the template needs for the step, all of it text and numbers."""
        story = self._story
        at = step.position
        why = story.led_by.get(at)
        if why == at:
            why = None
        decision = story.decisions.get(at)
        facts, facts_long = facts_of(step, story.run.start_ns)
        contents = self._content_parts(step)
        users, users_more = uses_of(story.uses.get(at, ()))
        windows, written_out = self._windows, self._written_out
        window = windows.rows(at) if windows else None
        return StepParts(
            kind=step.kind,
            label=label_of(step),
            facts=facts,
            facts_long=facts_long,
            is_error=step.status == "error",
            error=step.error,
            note=self._notes.get(at),
            findings=self._findings.get(at, ()),
            why=why,
            why_because=self._because(why),
            contents=contents,
            is_open=_is_open(step),
            calls=[self._call(step, call) for call in step.calls] if step.calls else [],
            decision=decision,
            chosen=", ".join(o.name for o in decision.chosen) if decision else "",
            others=_others(decision) if decision else "",
            rationale=self._rationale(decision) if decision else None,
            evidence=self._evidence(at) if at in story.evidence else [],
            values=values_of(story, at) if at in story.origins else [],
            uses=users,
            uses_more=users_more,
            causes=[(c.step, HOWS[c.how]) for c in story.causes.get(at, ())],
            window=window,
            kept=windows.last_kept(at, KEPT) if windows and window else [],
            tools=self._tools(step.tools) if step.tools and written_out else None,
            tools_count=len(step.tools or ()),
            state=self._state_parts(step) if step.state and written_out else [],
            details=self._own(step.details),
            source=source_of(step),
        )

    def _own(self, content: int | None) -> int | None:
        return None if content is None else self._ref(content)

    def _because(self, why: int | None) -> int | None:
        """The number of the rationale of the decision that led here."""
        return None if why is None else self._seen(self._story.decisions[why].rationale)

    def _rationale(self, decision: Decision) -> int | None:
        """The number of a decision's rationale; one recorded as such is its own."""
        own = decision.rationale_from == "recorded"
        return self._own(decision.rationale) if own else self._seen(decision.rationale)

    def _evidence(self, at: int) -> list[EvidencePart]:
        unseen = {
            origin.name
            for origin in self._story.origins.get(at, ())
            if origin.of == "evidence" and origin.verdict == "missing"
        }
        return [
            EvidencePart(
                check,
                self._own(check.evidence.value),
                MISSING if check.evidence.name in unseen else None,
            )
            for check in self._story.evidence[at]
        ]

    def _content_parts(self, step: Step) -> list[Part]:
        labels = _LABELS.get(step.kind, _OTHER_LABELS)
        parts: list[Part] = []
        if step.reasoning is not None:
            parts.append(self._part("Reasoning", step.reasoning, False))
        if step.input is not None:
            parts.append(self._part(labels[0], step.input, labels[2]))
        if step.output is not None:
            label = "Text" if step.kind == "model" and step.calls else labels[1]
            parts.append(self._part(label, step.output, labels[2]))
        return parts

    def _part(self, label: str, content: int, is_prose: bool) -> Part:
        contents = self._contents
        length = contents.size(content)
        markup = None
        if is_prose and length < PROSE_BYTES and contents.is_text(content):
            markup = self._prose.render(contents.text(content))
        return Part(label, words.size(length), self._ref(content), markup)

    def _call(self, step: Step, call: Any) -> CallPart:
        done_at = self._by_call.get((step.position, call.id))
        is_open = done_at is not None and _is_open(self._story.run.step(done_at))
        return CallPart(call.name, done_at, is_open, self._own(call.arguments))

    def _tools(self, tools: tuple[Tool, ...]) -> int:
        """The number of the list of offered tools, as they were defined."""
        known = self._toolsets.get(tools)
        if known is not None:
            return known
        raw = self._contents.raw
        parts = [
            raw(tool.definition)
            if tool.definition is not None
            else json.dumps(tool.name).encode()
            for tool in tools
        ]
        number = self._payload.ref_json(b"[" + b",".join(parts) + b"]")
        self._toolsets[tools] = number
        return number

    def _state_parts(self, step: Step) -> list[StatePart]:
        """The state after `step`, the changed paths first."""
        before = {change.path: self._state.get(change.path) for change in step.state}
        self._state.update((change.path, change.value) for change in step.state)
        changed = [
            StatePart(path, True, self._seen(old), self._own(self._state[path]))
            for path, old in sorted(before.items())
        ]
        same = [
            StatePart(path, False, None, self._seen(value))
            for path, value in sorted(self._state.items())
            if path not in before and value is not None
        ]
        return changed + same

    def _seen(self, content: int | None) -> int | None:
        return None if content is None else self._ref(content, own=False)


_OTHER_LABELS = ("Input", "Output", True)
_LABELS = {
    "tool": ("Arguments", "Result", False),
    "retrieval": ("Query", "Result", False),
    "model": ("Input", "Answer", True),
    "user": ("Message", "Message", True),
    "system": ("Message", "Message", True),
}
"""By kind: the headings of input and output, and whether they may be Markdown."""


def _is_open(step: Step) -> bool:
    """True for a tool call without a result."""
    return step.kind == "tool" and step.output is None and not step.error


def _others(decision: Decision) -> str:
    """The tools that were on offer and not called, as far as there is room."""
    names = [option.name for option in decision.options if not option.chosen]
    more = f", and {len(names) - OTHERS} more" if len(names) > OTHERS else ""
    return ", ".join(names[:OTHERS]) + more
