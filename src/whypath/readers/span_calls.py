"""Links tool steps and results to the calls that models made.

By id where both record one, else by name and arguments. It makes no steps: the builder
does that for calls that nothing answers.
"""

from collections.abc import Iterable
from typing import NamedTuple

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Call, ContentId, Message

_FAR = 256
"""Calls after which a tool step is no longer looked for."""


class _Open(NamedTuple):
    """A call that no tool step answers yet, and its place in the model's calls."""

    model: Draft
    number: int
    call: Call


class _Found(NamedTuple):
    """A result that a later call's messages hold."""

    content: ContentId | None
    name: str | None
    line: int | None


class CallLinks:
    """The calls, tool steps and results of one run, trace after trace."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._makers: dict[str, list[Draft]] = {}
        self._tools: dict[str, Draft] = {}
        self._results: dict[str, _Found] = {}
        self._open: list[_Open] = []
        self._loose: list[Draft] = []

    def model(self, draft: Draft, messages: Iterable[Message]) -> None:
        """Takes in a model step: its calls, and the results it was shown."""
        self._match_loose()
        for message in messages:
            if message.kind == "result" and message.call_id:
                found = _Found(message.content, message.name, draft.source.line)
                self._results.setdefault(message.call_id, found)
        for number, call in enumerate(draft.calls):
            if call.id:
                self._makers.setdefault(call.id, []).append(draft)
            self._open.append(_Open(draft, number, call))

    def again(self, draft: Draft) -> None:
        """Takes in a model step whose calls turned out to be others."""
        self._open = [known for known in self._open if known.model is not draft]
        self.model(draft, ())

    def tool(self, draft: Draft) -> None:
        """Takes in a tool step."""
        if draft.call_id is None or draft.call_id not in self._makers:
            self._loose.append(draft)
        if draft.call_id is None:
            return
        makers = self._makers.get(draft.call_id, ())
        if draft.call_id in self._tools and len(makers) > 1:
            draft.call_id = self._rename(draft.call_id, makers[-1])
        self._tools.setdefault(draft.call_id, draft)

    def _rename(self, call_id: str, model: Draft) -> str:
        """Gives the latest call with an id that was used before an id of its own."""
        again = len(self._makers[call_id])
        new = f"{call_id}~{again}"
        model.calls = tuple(
            call._replace(id=new) if call.id == call_id else call
            for call in model.calls
        )
        what = "a call's id is used for another call too"
        self._builder.problem_at("repair", what, "renamed", model.source)
        return new

    def end_trace(self) -> None:
        """A tool step belongs to a call of its own trace."""
        self._match_loose()
        self._open.clear()

    def close(self, run: RunDraft) -> None:
        """Gives each call the result that only a later message holds."""
        for call_id, found in self._results.items():
            tool = self._tools.get(call_id)
            if tool is not None:
                if tool.output is None:
                    tool.output = found.content
            elif call_id in self._makers:
                run.result(call_id, found.content, name=found.name, line=found.line)

    def _match_loose(self) -> None:
        """Gives the tool steps that no call's id links the calls made before them."""
        if not self._loose:
            return
        still = (o for o in self._open if (o.call.id or "") not in self._tools)
        self._open = list(still)[-_FAR:]
        for draft in self._loose:
            if draft.call_id is not None and draft.call_id in self._makers:
                continue
            match = self._match(draft)
            if match is None:
                continue
            self._open.remove(match)
            model, number, call = match
            if call.id is None:
                call = call._replace(id=draft.call_id or draft.key)
                calls = list(model.calls)
                calls[number] = call
                model.calls = tuple(calls)
            draft.call_id = call.id
            if call.id:
                self._makers.setdefault(call.id, []).append(model)
                self._tools[call.id] = draft
        self._loose.clear()

    def _match(self, draft: Draft) -> _Open | None:
        """The latest model's first call that fits: same arguments, or same name."""
        fitting = [o for o in self._open if self._fits(o.call, draft)]
        if len(fitting) < 2:
            return fitting[0] if fitting else None
        asked = self._spelling(draft.input)
        same = [o for o in fitting if self._spelling(o.call.arguments) == asked]
        candidates = same or fitting
        latest = candidates[-1].model
        return next(o for o in candidates if o.model is latest)

    def _fits(self, call: Call, draft: Draft) -> bool:
        if draft.call_id is not None and call.id is not None:
            return False
        if draft.kind == "handoff":
            return "handoff" in call.name or "transfer" in call.name
        return call.name == draft.name

    def _spelling(self, arguments: ContentId | None) -> str:
        """Arguments as written but for white space, which tools set as they like."""
        if arguments is None:
            return ""
        return "".join(self._builder.contents.text(arguments).split())
