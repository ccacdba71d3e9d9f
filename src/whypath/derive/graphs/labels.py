"""Says what a node of the graph stands for: a label, a few rows, a short mark.

Cuts texts to a line each; how wide a line may be drawn is not decided here.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from whypath.derive.graphs.units import QUIET, Unit
from whypath.model import Decision, Run, Step

MAX_ROWS = 4
TEXT_LENGTH = 160
_UNSAID = QUIET | {"user", "agent"}

_PATH = re.compile(r"(?:[A-Za-z]:|~|\.{1,2})?(?:/?[^/\s]+)?(?:/[^/\s]+){3,}")

Titles = Callable[[Step], str]


@dataclass(frozen=True, slots=True)
class Row:
    """A line inside a node: an option taken (`chosen`) or turned down (`struck`).

    A row that is neither says what else there is. `error`: this call failed. `reason`
    is why an option was taken or not, as recorded.
    """

    text: str
    chosen: bool = False
    struck: bool = False
    error: bool = False
    reason: str = ""


class Text(NamedTuple):
    """What a node says."""

    label: str
    rows: tuple[Row, ...]
    note: str


class Labels:
    """Finds the words for units, in the order of the run."""

    def __init__(
        self, run: Run, decisions: Mapping[int, Decision], titles: Titles
    ) -> None:
        self._run = run
        self._decisions = decisions
        self._titles = titles
        self._offered: dict[str | None, frozenset[str]] = {}

    def of(self, unit: Unit) -> Text:
        """Label, rows and note of a unit."""
        label, rows, note = self._text(unit)
        return Text(cut(label), rows, note)

    def _text(self, unit: Unit) -> tuple[str, tuple[Row, ...], str]:
        lead = self._run.step(unit.lead)
        size = f"{len(unit.steps):,} step{'s' if len(unit.steps) != 1 else ''}"
        if unit.kind == "loop":
            names = " → ".join(self._short(each) for each in unit.sample)
            return f"Loop: {names}", (), f"×{unit.count:,}"
        if unit.kind == "parallel":
            branches = Counter(self._short(branch) for branch in unit.sample)
            each = [Row(_times(name, count)) for name, count in branches.most_common()]
            return f"{unit.count:,} side by side", _few(each), size
        if unit.kind == "segment":
            if unit.turns > 1:
                rows = [Row(tally)] if (tally := self._tally(unit)) else []
                return self._titles(lead), tuple(rows), f"{unit.turns:,} turns"
            if unit.abandoned:
                return "Abandoned branch", (Row(self._tally(unit)),), size
            note = "" if unit.errors > 1 else size
            return self._tally(unit) or lead.name or lead.kind, (), note
        if unit.kind == "agent":
            folded = unit.inner is None and len(unit.steps) > 2
            return *self._agent(unit, lead), size if folded else ""
        if unit.kind == "user":
            tally = self._tally(unit)
            rows = [Row(tally)] if tally else []
            return self._titles(lead), tuple(rows), size if tally else ""
        if unit.count > 1:
            return self._short(unit), self._samples(unit), f"×{unit.count:,}"
        if unit.kind == "decision":
            question = self._decisions[unit.lead].question
            named = lead.name if lead.kind == "decision" else ""
            label = named or question or self._label(lead)
            return label, self._options(unit), ""
        if len(unit.tools) == 1:
            call = self._run.step(unit.tools[0])
            return self._label(call), self._on_offer(lead), _open(call)
        if unit.tools:
            rows = [
                Row(cut(self._label(call)), chosen=True, error=call.status == "error")
                for call in map(self._run.step, unit.tools)
            ]
            label = self._short(unit)
            return label, (*_few(rows), *self._on_offer(lead)), ""
        return self._label(lead), self._on_offer(lead), _open(lead)

    def _label(self, step: Step) -> str:
        """One line for a step; of a call, its arguments' values without their JSON."""
        said = self._arguments(step)
        if said is not None:
            again = said == step.name or said.startswith(f"{step.name} ")
            return said if again else f"{step.name}  {said}".strip()
        return self._titles(step) or step.name or step.kind

    def _arguments(self, step: Step, but: str = "") -> str | None:
        """The values of a call's arguments on one line, leaving out `but`."""
        number = step.input
        if number is None or step.kind not in ("tool", "agent", "retrieval", "handoff"):
            return None
        contents = self._run.contents
        value = contents.value(number) if contents.size(number) < 1 << 14 else None
        return _flat(value, but) if isinstance(value, dict) else None

    def _agent(self, unit: Unit, lead: Step) -> tuple[str, tuple[Row, ...]]:
        """A sub-agent's name, and what it was asked."""
        name = lead.agent if lead.kind == "agent" and lead.agent else lead.name
        name = self._agent_inside(unit) or name or "sub-agent"
        said = self._arguments(lead, but=name)
        if said is None:
            said = self._titles(lead).removeprefix(lead.name).strip()
        return name, (Row(cut(said)),) if said and said != name else ()

    def _short(self, unit: Unit) -> str:
        """The names of a unit's calls: `Read ×2, Grep`."""
        if unit.kind in ("agent", "loop", "segment"):
            return self._text(unit)[0]
        names = Counter(self._run.step(tool).name for tool in unit.tools)
        if not names:
            lead = self._run.step(unit.lead)
            return lead.name or lead.kind
        if unit.count > 1 and len(names) == 1:
            return next(iter(names))
        return ", ".join(_times(name, count) for name, count in names.most_common(3))

    def _tally(self, unit: Unit) -> str:
        """What the steps of a unit were, most frequent first."""
        steps = [self._run.step(position) for position in unit.steps]
        calls = [s.name for s in steps if s.kind in ("tool", "retrieval")]
        names = calls or [s.kind for s in steps if s.kind not in _UNSAID]
        common = Counter(names).most_common()
        text = ", ".join(_times(name, count) for name, count in common[:MAX_ROWS])
        more = len(common) - MAX_ROWS
        return cut(f"{text}, +{more} more" if more > 0 else text)

    def _samples(self, unit: Unit) -> tuple[Row, ...]:
        """The first and the last of a repeated call."""
        steps = unit.tools or unit.steps
        ends = [self._run.step(steps[0]), self._run.step(steps[-1])]
        texts = [self._label(step).removeprefix(step.name).strip() for step in ends]
        if unit.kind != "model" or unit.tools:
            rows = [Row(cut(text)) for text in dict.fromkeys(texts) if text]
            return tuple(rows)
        return ()

    def _agent_inside(self, unit: Unit) -> str | None:
        """The name that the steps of a sub-agent give it."""
        positions = unit.inner[0].steps if unit.inner else unit.steps[1:]
        names = (self._run.step(position).agent for position in positions)
        lead = self._run.step(unit.lead).agent
        return next((name for name in names if name and name != lead), None)

    def _options(self, unit: Unit) -> tuple[Row, ...]:
        """The alternatives of a recorded decision, the chosen first."""
        decision = self._decisions[unit.lead]
        options = sorted(decision.options, key=lambda option: not option.chosen)
        rows = []
        for option in options:
            text = option.name
            if option.score is not None:
                text += f"  {option.score:.3g}"
            reason = cut(option.reason or "")
            rows.append(Row(cut(text), option.chosen, not option.chosen, reason=reason))
        return _few(rows)

    def _on_offer(self, step: Step) -> tuple[Row, ...]:
        """What an inferred decision left aside, where the offer is new to the agent."""
        decision = self._decisions.get(step.position)
        if decision is None or decision.basis == "recorded" or step.tools is None:
            return ()
        offer = frozenset(tool.name for tool in step.tools)
        if self._offered.get(step.agent) == offer:
            return ()
        self._offered[step.agent] = offer
        others = [option.name for option in decision.options if not option.chosen]
        if not others:
            return ()
        text = ", ".join(name[:40] for name in others[:MAX_ROWS])
        more = len(others) - MAX_ROWS
        return (Row(cut(f"also: {text}" + (f", +{more}" if more > 0 else ""))),)


def _flat(value: Mapping[str, object], but: str) -> str:
    """The values of a JSON object on one line; the first without its name."""
    parts: list[str] = []
    for name, each in value.items():
        shown = _scalar(each)
        if shown and shown != but and len(parts) < 4:
            parts.append(f"{name}: {shown}" if parts else shown)
    return " · ".join(parts)


def _scalar(value: object) -> str:
    """A value in few words; of a list, its length and how it begins."""
    if isinstance(value, list):
        inside = value[0] if value else None
        if isinstance(inside, dict):
            texts = [each for each in inside.values() if isinstance(each, str)]
            inside = max(texts, key=len, default=None)
        begin = "" if isinstance(inside, dict | list) else _scalar(inside)
        return f"[{len(value)}] {begin}".strip()
    if isinstance(value, dict):
        return "{…}"
    text = "" if value is None else " ".join(str(value)[: TEXT_LENGTH * 2].split())
    if _PATH.fullmatch(text):
        return "…/" + "/".join(text.split("/")[-2:])
    return text


def _few(rows: list[Row]) -> tuple[Row, ...]:
    if len(rows) <= MAX_ROWS + 1:
        return tuple(rows)
    hidden = rows[MAX_ROWS:]
    failed = any(row.error for row in hidden)
    return (*rows[:MAX_ROWS], Row(f"+{len(hidden)} more", error=failed))


def _times(name: str, count: int) -> str:
    return f"{name} ×{count:,}" if count > 1 else name


def _open(step: Step) -> str:
    """A call that nothing came back from."""
    waiting = step.kind == "tool" and step.status == "unset" and step.output is None
    return "no result" if waiting else ""


def cut(text: str) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 1] + "…"
