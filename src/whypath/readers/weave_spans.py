"""https://docs.wandb.ai/weave: a call's facts from what its op was given and gave back.

Not read: what references (`weave:///...`) point to. An op says what kind it is, or its
name does; one that says neither only groups, unless it counts tokens of its own.
"""

import re
from typing import Any

from whypath.content import to_json
from whypath.model import Usage, replace
from whypath.readers.api_calls import add_call
from whypath.readers.fields import usage_of
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Facts, Role, Span, as_number, text
from whypath.records import Raw

HEADS = frozenset(("weave",))

KIND, OP, COUNTED = "weave.kind", "weave.op", "weave.usage"
INPUTS, OUTPUT, COSTS = "weave.inputs", "weave.output", "weave.costs"

_KINDS: dict[str, Role] = {
    "agent": "agent",
    "llm": "model",
    "tool": "tool",
    "search": "retrieval",
    "guardrail": "guardrail",
    "scorer": "event",
}
_NAMED: tuple[tuple[str, Role], ...] = (
    (r"embed|moderat|count_tokens|image", "event"),
    (r"^langchain\.(Llm|Chat_model)\.", "model"),
    (r"^langchain\.Tool\.|\.call_tool$", "tool"),
    (r"^langchain\.Retriever\.", "retrieval"),
    (r"(completions|responses|[mM]essages)\.(create|parse|stream)$", "model"),
    (r"\b(generate_content|converse|chat|completion|chat_completion)"
     r"(_stream)?(_async)?$", "model"),
    (r"\bchat\.(complete|stream)$|\bLLM\.call$|acompletion$", "model"),
    (r"\bAgent\.(execute_task|run)$|\binvoke_agent$", "agent"),
)  # fmt: skip
"""What the names of ops say that Weave's own integrations trace."""


def role(span: Span) -> Role | None:
    """What the call is: by its own word, its name, or the tokens it counts."""
    attributes = span.attributes
    if OP not in attributes:
        return None
    kind = text(attributes, KIND)
    if kind is not None:
        return _KINDS.get(kind, "structure")
    name = text(attributes, OP) or ""
    for pattern, found in _NAMED:
        if re.search(pattern, name):
            return found
    return "model" if attributes.get(COUNTED) else "structure"


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds what the call says of itself."""
    attributes = span.attributes
    if OP not in attributes:
        return
    facts.shown += (KIND, OP, INPUTS, OUTPUT)
    asked, said = attributes.get(INPUTS), attributes.get(OUTPUT)
    if facts.kind == "model":
        facts.usage = facts.usage or _usage(attributes)
        facts.shown += (COUNTED, COSTS)
        request = {k: v for k, v in (asked or {}).items() if k != "self"}
        add_call(facts, request, said, payloads)
        counted = attributes.get(COUNTED)
        facts.model = facts.model or next(iter(counted or ()), None)
        return
    if facts.input is None and asked:
        facts.input = payloads.keep(asked)
    if facts.output is None:
        facts.output = payloads.keep_if(said)


def _usage(attributes: Any) -> Usage | None:
    """Tokens by model, added up; a cost where the export was asked for costs."""
    counted = attributes.get(COUNTED)
    found = [
        usage
        for counts in (counted or {}).values()
        if (usage := usage_of(Raw(to_json(counts)))) is not None
    ]
    if len(found) != 1:
        return None
    costs = attributes.get(COSTS)
    parts = [
        as_number(cost.get(name))
        for cost in (costs.values() if isinstance(costs, dict) else ())
        if isinstance(cost, dict)
        for name in ("prompt_tokens_total_cost", "completion_tokens_total_cost")
    ]
    known = [part for part in parts if part is not None]
    return replace(found[0], cost_usd=sum(known)) if known else found[0]
