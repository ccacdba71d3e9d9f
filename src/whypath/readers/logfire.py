"""https://logfire.pydantic.dev/docs: model calls as Logfire's integrations note them.

Not read: what Logfire adds for its pages (templates, JSON schemas of attributes).
Newer integrations use the GenAI conventions, which have a dialect of their own.
"""

from typing import Any

from whypath.readers.api_calls import add_call, usage_in
from whypath.readers.payloads import Payloads
from whypath.readers.spans import Facts, Role, Span

HEADS = ("request_data", "response_data")

_REQUEST, _RESPONSE = "request_data", "response_data"
_SAID = ("message", "combined_chunk_content", "text")


def role(span: Span) -> Role | None:
    """A model call where the request names a model and says something to it."""
    request = span.attributes.get(_REQUEST)
    return "model" if request and '"model"' in _spelled(request) else None


def add_facts(facts: Facts, span: Span, payloads: Payloads) -> None:
    """Adds the request and the response of a model call."""
    if facts.kind != "model":
        return
    request = payloads.parse(span.attributes.get(_REQUEST))
    response = payloads.parse(span.attributes.get(_RESPONSE))
    if isinstance(response, dict):
        said = (response[name] for name in _SAID if response.get(name))
        facts.usage = facts.usage or usage_in(response)
        response = next(said, None)
    add_call(facts, request, response, payloads)
    facts.shown += (_REQUEST, _RESPONSE)


def _spelled(value: Any) -> str:
    """Enough of a value to see what fields it has."""
    return value if isinstance(value, str) else repr(value).replace("'", '"')
