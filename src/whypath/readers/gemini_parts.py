"""Takes the parts of a Google API message apart: text, thoughts, calls and results.

Part of the `gemini_cli` and `qwen` readers. It makes no step.
"""

from dataclasses import dataclass, field

from whypath.content import ContentStore
from whypath.model import ContentId, Usage
from whypath.readers.fields import (
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
from whypath.records import Raw


@dataclass(slots=True)
class Parts:
    """What a message holds. `others` are parts that are none of the rest (a file)."""

    text: ContentId | None = None
    thought: ContentId | None = None
    calls: list[Fields] = field(default_factory=list)
    results: list[Fields] = field(default_factory=list)
    others: list[Raw] = field(default_factory=list)


@dataclass(slots=True)
class Answered:
    """What a call brought back, and why it failed, if it did."""

    output: ContentId | None = None
    error: str | None = None


def take_parts(content: Raw | None, contents: ContentStore) -> Parts:
    """Reads a text, a part, or a list of both."""
    found = Parts()
    texts: list[str] = []
    thoughts: list[str] = []
    if content is None:
        return found
    for raw in as_items(content) if is_list(content) else [content]:
        part = as_fields(raw)
        text = as_text(raw)
        said = as_text(part.get("text")) if text is None else text
        if said is not None:
            aside = as_scalar(part.get("thought")) == "true"
            (thoughts if aside else texts).append(said)
        elif "functionCall" in part:
            found.calls.append(as_fields(part["functionCall"]))
        elif "functionResponse" in part:
            found.results.append(as_fields(part["functionResponse"]))
        else:
            found.others.append(raw)
    found.text = _joined(texts, contents)
    found.thought = _joined(thoughts, contents)
    return found


def response_of(result: Fields, contents: ContentStore) -> Answered:
    """What a function's response says: its output, its error, or all of it."""
    raw = result.get("response")
    if raw is None:
        return Answered()
    response = as_fields(raw)
    error = response.get("error")
    if error is not None:
        return Answered(contents.add(raw), reason_of(error))
    output = response.get("output") if len(response) == 1 else None
    return Answered(contents.add_embedded(raw if output is None else output))


def usage_of_api(raw: Raw | None) -> Usage | None:
    """The counts of the API's `usageMetadata`; thoughts are apart from the answer."""
    names = ("promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount")
    return count_up(
        as_fields(raw), *names, "thoughtsTokenCount", "cachedContentTokenCount"
    )


def count_up(
    fields: Fields, given: str, by_tools: str, said: str, thought: str, cached: str
) -> Usage | None:
    """Tokens by the names of the counts: in all given, in all made, from a cache."""
    counts = [_count(fields, name) for name in (given, by_tools, said, thought)]
    if all(count is None for count in counts):
        return None
    inputs, outputs = counts[:2], counts[2:]
    return Usage(
        input_tokens=_sum(inputs),
        output_tokens=_sum(outputs),
        cache_read_tokens=_count(fields, cached),
        reasoning_tokens=counts[3],
    )


def arguments_of(call: Fields, contents: ContentStore) -> ContentId | None:
    """What a function is called with."""
    raw = first(call, "args", "arguments")
    return contents.add_embedded_if(raw)


def _count(fields: Fields, name: str) -> int | None:
    number = as_number(fields.get(name))
    return None if number is None else int(number)


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _joined(texts: list[str], contents: ContentStore) -> ContentId | None:
    whole = "".join(texts)
    return contents.add_text(whole) if whole else None
