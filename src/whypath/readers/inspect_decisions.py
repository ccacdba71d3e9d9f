"""Turns what an Inspect log records of decisions into decisions.

Part of the `inspect_ai` reader: approvals, reviews and sentinels of tool calls, and
answers among several. Only what is recorded is an option, and no score is made up.
"""

from whypath.content import ContentStore
from whypath.model import Decision, Evidence, Option
from whypath.readers.choices import between, between_tokens
from whypath.readers.fields import Fields, as_fields, as_scalar
from whypath.readers.inspect_messages import Attachments
from whypath.readers.payloads import Answer

NOT_RECORDED = "other options: not recorded"

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
        return between(answers, contents, used=0, choices=choices)
    if len(answers) == 1 and not answers[0].calls:
        return between_tokens(choices[0].get("logprobs"))
    return None
