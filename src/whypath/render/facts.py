"""Gathers what the page asks about a step: for breakpoints, columns and copies.

The facts travel with the step's fragment; payloads are named by their numbers. A fact
that is not recorded is left out. See assets/facts.js.
"""

from collections.abc import Mapping
from typing import Any

from whypath.content import to_json
from whypath.derive.notebook import read_notebook
from whypath.derive.requests import SHAPES, head, recorded_settings, tools
from whypath.derive.story import Story
from whypath.model import Decision, Step, Tool
from whypath.render.payload import Payload
from whypath.render.windows import WindowRows, Windows

_TITLED = ("user", "system", "model", "decision")
"""Kinds whose name is not in the index, as the title says it."""


class Facts:
    """Makes the facts of one run's steps, in order."""

    def __init__(self, story: Story, payload: Payload) -> None:
        self._story = story
        self._payload = payload
        self._windows = Windows(story, self._seen)
        self._lists: dict[tuple[str, ...], int] = {}
        self._toolsets: dict[tuple[Tool, ...], list[int]] = {}
        self._paths: dict[str, int] = {}
        self._state: list[tuple[int, int, int]] = []

    def of(self, step: Step) -> dict[str, Any]:
        """The facts of a step as plain data. To be called for every step, in order."""
        facts: dict[str, Any] = {}
        for name in ("input", "output", "reasoning"):
            content = getattr(step, name)
            if content is not None:
                facts[name] = self._seen(content)
        if step.error:
            facts["error"] = step.error
        if step.name and step.kind in _TITLED:
            facts["name"] = step.name
        usage = step.usage
        if usage is not None:
            told = (usage.input_tokens, usage.output_tokens, usage.cost_usd)
            facts["usage"] = told
        decision = self._story.decisions.get(step.position)
        if decision is not None:
            facts["decision"] = self._decision(decision)
        window = self._windows.rows(step.position)
        if window is not None:
            facts["window"] = self._window(step, window)
        self._windows.passed(step)
        for change in step.state:
            path = self._paths.setdefault(change.path, len(self._paths))
            value = -1 if change.value is None else self._payload.ref(change.value)
            self._state.append((step.position, path, value))
        return facts

    def log(self) -> dict[str, Any]:
        """What changed at which step, once all are done: state, files and lists."""
        notebook = read_notebook(self._story.run)
        files: dict[str, int] = {}
        touched = [
            (at, files.setdefault(path, len(files))) for at, path in notebook.files
        ]
        return {
            "state": self._state,
            "paths": list(self._paths),
            "touched": touched,
            "files": list(files),
            "todos": [(at, self._seen(content)) for at, content in notebook.todos],
        }

    def _seen(self, content: int) -> int:
        return self._payload.ref(content, own=False)

    def _decision(self, decision: Decision) -> tuple[str, int, int]:
        """The question, then the lists of options and of what was chosen."""
        options = tuple(option.name for option in decision.options)
        chosen = tuple(option.name for option in decision.chosen)
        return decision.question, self._list(options), self._list(chosen)

    def _list(self, names: tuple[str, ...]) -> int:
        number = self._lists.get(names)
        if number is None:
            number = self._payload.ref_json(to_json(names))
            self._lists[names] = number
        return number

    def _window(self, step: Step, window: WindowRows) -> Mapping[str, Any]:
        facts: dict[str, Any] = {
            "base": window.base or 0,
            "keep": window.keep,
            "basis": window.basis,
            "add": window.add,
            "previous": window.previous or 0,
            "shares": window.shares,
            "request": self._head(step),
        }
        if window.gone:
            facts["gone"], facts["why"] = window.gone, window.why_gone
        if step.tools is not None:
            facts["tools"] = len(step.tools)
        if step.tools:
            facts["toolsets"] = self._tools(step.tools)
        return facts

    def _head(self, step: Step) -> dict[str, Any]:
        """What a request says beside its messages, and the settings as recorded."""
        contents = self._story.run.contents
        heads: dict[str, Any] = {shape: head(contents, step, shape) for shape in SHAPES}
        heads["settings"] = recorded_settings(contents, step)
        return heads

    def _tools(self, offered: tuple[Tool, ...]) -> list[int]:
        """The numbers of the offered tools: as recorded, then in each shape."""
        known = self._toolsets.get(offered)
        if known is not None:
            return known
        contents, ref = self._story.run.contents, self._payload.ref_json
        recorded = [
            contents.raw(tool.definition)
            if tool.definition is not None
            else to_json(tool.name)
            for tool in offered
        ]
        numbers = [ref(b"[" + b",".join(recorded) + b"]")]
        numbers += [ref(to_json(tools(contents, offered, each))) for each in SHAPES]
        self._toolsets[offered] = numbers
        return numbers
