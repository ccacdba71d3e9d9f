"""Turns what an Inspect log records of decisions into decisions.

Part of the `inspect_ai` reader: approvals, reviews and sentinels of tool calls, and
answers among several. Only what is recorded is an option, and no score is made up.
"""

from math import exp

from whypath.content import ContentStore
from whypath.model import Decision, Evidence, Option
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
)
from whypath.readers.inspect_messages import Attachments
from whypath.readers.payloads import Answer
from whypath.records import Raw

NAME_LENGTH = 80
NOT_RECORDED = "other options: not recorded"
SUMMED = "scores are sums of the log probabilities of each answer's tokens"
TOKENS = "the most likely tokens, with their probabilities"

_ASKS = {
    "approval": "May {} be called?",
    "review": "Go on with the result of {}?",
    "sentinel": "Is {} safe?",
}


def of_call(
    event: str, fields: Fields, contents: ContentStore, texts: Attachments
) -> Decision | None:
    """What an approver, a reviewer or a sentinel decided about a tool call."""
    chosen = as_scalar(fields.get("decision")) or as_scalar(fields.get("action"))
    if chosen is None:
        return None
    call = as_fields(fields.get("call"))
    name = as_scalar(call.get("function")) or as_scalar(fields.get("stage"))
    modified = as_fields(fields.get("modified")).get("arguments")
    why = fields.get("explanation")
    given = call.get("arguments")
    evidence: tuple[Evidence, ...] = ()
    if given is not None:
        evidence = (Evidence("arguments", contents.add(texts.resolve(given))),)
    changed = None if modified is None else contents.add(texts.resolve(modified))
    return Decision(
        step=0,
        question=_ASKS[event].format(name or "the tool"),
        options=(Option(chosen, True, changed),),
        rationale=None if why is None else contents.add(texts.resolve(why)),
        rationale_from=None if why is None else "recorded",
        confidence=None,
        evidence=evidence,
        outcome=None,
        basis="recorded",
        options_note=NOT_RECORDED,
    )


def between_choices(
    choices: list[Fields], answers: list[Answer], contents: ContentStore
) -> Decision | None:
    """The decision between several answers, or between the tokens of a one-word one.

    Inspect goes on with the first answer.
    """
    if len(answers) > 1:
        scores = [_sum(choice.get("logprobs")) for choice in choices]
        options = tuple(
            Option(
                _label(answer, number, contents),
                number == 1,
                answer.output,
                score,
                as_scalar(choice.get("stop_reason")),
            )
            for number, (choice, answer, score) in enumerate(
                zip(choices, answers, scores, strict=True), start=1
            )
        )
        note = SUMMED if any(score is not None for score in scores) else None
        return _decision("Which of the answers?", options, None, note)
    if len(answers) == 1 and not answers[0].calls:
        return _between_tokens(choices[0].get("logprobs"))
    return None


def _between_tokens(logprobs: Raw | None) -> Decision | None:
    """An answer of one token, where the log has the likeliest tokens in its place."""
    tokens = as_items(as_fields(logprobs).get("content"))
    if len(tokens) != 1:
        return None
    said = as_fields(tokens[0])
    chosen = as_text(said.get("token"))
    odds = {chosen: _probability(said)} if chosen is not None else {}
    for raw in as_items(said.get("top_logprobs")):
        fields = as_fields(raw)
        token = as_text(fields.get("token"))
        if token is not None:
            odds.setdefault(token, _probability(fields))
    if chosen is None or len(odds) < 2:
        return None
    options = tuple(Option(t, t == chosen, score=p) for t, p in odds.items())
    return _decision("Which answer?", options, odds[chosen], TOKENS)


def _decision(
    question: str,
    options: tuple[Option, ...],
    confidence: float | None,
    note: str | None,
) -> Decision:
    return Decision(
        step=0,
        question=question,
        options=options,
        rationale=None,
        rationale_from=None,
        confidence=confidence,
        evidence=(),
        outcome=None,
        basis="recorded",
        options_note=note,
    )


def _label(answer: Answer, number: int, contents: ContentStore) -> str:
    output = answer.output
    said = "" if output is None else contents.preview(output, NAME_LENGTH)
    calls = ", ".join(call.name for call in answer.calls)
    return f"{number}: {said or calls or 'nothing'}"


def _sum(logprobs: Raw | None) -> float | None:
    """The log probability of a whole answer, where each token's is recorded."""
    tokens = as_items(as_fields(logprobs).get("content"))
    numbers = [as_number(as_fields(raw).get("logprob")) for raw in tokens]
    known = [number for number in numbers if number is not None]
    return sum(known) if known and len(known) == len(numbers) else None


def _probability(fields: Fields) -> float | None:
    number = as_number(fields.get("logprob"))
    return exp(number) if number is not None and number <= 0 else None
