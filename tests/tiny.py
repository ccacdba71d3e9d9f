"""Turns a few lines of a test into a Run, by way of the builder. For tests only."""

from functools import cached_property
from typing import Any

from whypath.builder import Builder, Draft, Window
from whypath.derive.story import Story, tell
from whypath.model import Call, Evidence, Message, Option, Run, Tool

CONTENTS = ("input", "output", "reasoning", "details")


class Tiny:
    """A run being written down. Values of contents are given as they are.

    `id` and `format` are the run's; more runs are begun with `another`.
    """

    def __init__(self, id: str = "r", format: str = "test") -> None:
        self.builder = Builder(format)
        self.builder.reading("run.jsonl")
        self.contents = self.builder.contents
        self.draft = self.builder.run(id)
        self.line = 0

    def another(self, id: str) -> "Tiny":
        """The next steps belong to the run with this id."""
        self.draft = self.builder.run(id)
        return self

    def keep(self, value: Any) -> int:
        """The number of a content."""
        return self.contents.add_value(value)

    def step(self, kind: Any, name: str = "", **fields: Any) -> Draft:
        """A step, a line further on than the last."""
        self.line += 1
        for field in CONTENTS:
            if field in fields:
                fields[field] = self.keep(fields[field])
        calls = fields.pop("calls", ())
        made = tuple(self.call(*c) if isinstance(c, tuple) else c for c in calls)
        if fields.get("tools") is not None:
            fields["tools"] = tuple(
                Tool(tool, None) if isinstance(tool, str) else tool
                for tool in fields["tools"]
            )
        if "seen" in fields:
            fields["window"] = Window([self.message(m) for m in fields.pop("seen")])
        return self.draft.step(kind, name, line=self.line, calls=made, **fields)

    def call(self, id: str | None, name: str, arguments: Any = None) -> Call:
        """A call as a model makes it."""
        return Call(id, name, None if arguments is None else self.keep(arguments))

    def message(self, text: str) -> Message:
        """`user: hello` as a message."""
        role, _, said = text.partition(": ")
        return Message(role, "text", self.keep(said))

    def result(self, call_id: str, output: Any = "done", **fields: Any) -> None:
        """What a call brought back."""
        self.line += 1
        content = None if output is None else self.keep(output)
        self.draft.result(call_id, content, line=self.line, **fields)

    def decision(self, chosen: str, *others: str, **fields: Any) -> Any:
        """A recorded decision for a step's `decision`."""
        from whypath.model import Decision

        options = (Option(chosen, True), *map(Option, others)) if chosen else ()
        known: dict[str, Any] = {
            "step": 0,
            "question": "Which way?",
            "options": options,
            "rationale": None,
            "rationale_from": None,
            "confidence": None,
            "evidence": (),
            "outcome": None,
            "basis": "recorded",
        }
        return Decision(**{**known, **fields})

    def evidence(self, name: str, value: Any, source: str | None, path: Any) -> Any:
        """A value, the key of the step that is said to have given it, and where."""
        return Evidence(name, self.keep(value), source, path)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """All runs, put right; what is written down later is not in them."""
        return self.builder.finish()

    @property
    def run(self) -> Run:
        """The only run."""
        (run,) = self.runs
        return run

    @property
    def story(self) -> Story:
        """The only run and what it means."""
        return tell(self.run)
