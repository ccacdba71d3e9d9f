"""https://opentelemetry.io/docs/concepts/signals/traces: facts a reader found itself.

Readers of tracers that have no attributes (Langfuse, LangSmith, the Agents SDK) hand
over what they know under these names. Not read: anything that a tracer itself wrote; a
dialect that knows more of the span is believed first.
"""

from typing import Any

from whypath.model import Usage, replace
from whypath.readers.api_calls import add_call
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Facts, Role, Span

KIND = "whypath.kind"
NAME = "whypath.name"
MODEL = "whypath.model"
INPUT = "whypath.input"
OUTPUT = "whypath.output"
CALL_ID = "whypath.call_id"
TOOLS = "whypath.tools"
USAGE = "whypath.usage"
DECISION = "whypath.decision"

HEADS = frozenset(("whypath",))


def role(span: Span) -> Role | None:
    """What the reader says that the span is."""
    found: Role | None = span.attributes.get(KIND)
    return found


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the reader found; what other dialects know stays."""
    told = span.attributes
    facts.shown.append("whypath.")
    facts.name = facts.name or told.get(NAME)
    facts.model = facts.model or told.get(MODEL)
    facts.call_id = facts.call_id or told.get(CALL_ID)
    facts.usage = _usage(facts.usage, told.get(USAGE))
    if facts.tools is None and told.get(TOOLS) is not None:
        facts.tools = payloads.tools(told[TOOLS])
    if not facts.decisions and DECISION in told:
        facts.decisions.append((facts.name or span.name, told[DECISION]))
    _add_payloads(facts, told.get(INPUT), told.get(OUTPUT), payloads)


def _usage(known: Usage | None, told: Usage | None) -> Usage | None:
    """What is known of tokens; a cost that only the reader knows is added."""
    if known is None or told is None or known.cost_usd is not None:
        return told if known is None else known
    return replace(known, cost_usd=told.cost_usd)


def _add_payloads(facts: Facts, asked: Any, said: Any, payloads: Payloads) -> None:
    if facts.kind == "model":
        add_call(facts, asked, said, payloads)
        return
    if facts.input is None:
        facts.input = payloads.keep_if(asked)
    if facts.output is None and not facts.answered:
        facts.output = payloads.keep_if(said)
