"""What a Codex session records of approvals and reviews, as decisions.

Part of the `codex` reader. Only what was chosen is known, and for a question to the
user not even that; no other option is made up.
"""

from whypath.content import ContentStore
from whypath.model import Decision, Option
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
)
from whypath.records import Raw

_WORDS_LENGTH = 200


def verdict(fields: Fields, contents: ContentStore) -> Decision | None:
    """What a review found, and how sure the reviewer says it is."""
    said = as_fields(fields.get("review_output"))
    chosen = as_text(said.get("overall_correctness"))
    if not chosen:
        return None
    why = said.get("overall_explanation")
    sure = as_number(said.get("overall_confidence_score"))
    return _decision("Is the reviewed change correct?", chosen, why, sure, contents)


def assessment(fields: Fields, contents: ContentStore) -> Decision:
    """What an automatic reviewer decided on a command."""
    question = f"May this run: {_action(fields.get('action'))}?"
    chosen = as_text(fields.get("status")) or ""
    return _decision(question, chosen, fields.get("rationale"), None, contents)


def request(fields: Fields) -> Decision:
    """What the user was asked to allow; what the user said is not recorded."""
    listed = as_items(fields.get("available_decisions"))
    names = [as_scalar(raw) or next(iter(as_fields(raw)), "?") for raw in listed]
    asked = _words(first(fields, "command", "reason"))
    return _open(f"May this run: {asked}?", names)


def question(fields: Fields) -> Decision:
    """What the model asked the user; the answer is not in the stream."""
    asked = [as_fields(raw) for raw in as_items(fields.get("questions"))]
    texts = [as_text(one.get("question")) or "" for one in asked]
    options = (raw for one in asked for raw in as_items(one.get("options")))
    names = [as_text(as_fields(raw).get("label")) or "?" for raw in options]
    return _open(" ".join(texts), names)


def _open(question: str, names: list[str]) -> Decision:
    """A question without its answer."""
    return Decision(
        step=0,
        question=question,
        options=tuple(Option(name) for name in names),
        rationale=None,
        rationale_from=None,
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
        options_note="the answer is not recorded",
    )


def _decision(
    question: str,
    chosen: str,
    why: Raw | None,
    sure: float | None,
    contents: ContentStore,
) -> Decision:
    rationale = contents.add(why) if why is not None and as_text(why) else None
    return Decision(
        step=0,
        question=question,
        options=(Option(chosen, True),),
        rationale=rationale,
        rationale_from=None if rationale is None else "recorded",
        confidence=sure,
        evidence=(),
        outcome=None,
        basis="recorded",
        options_note="other options: not recorded",
    )


def _action(raw: Raw | None) -> str:
    """What is to be approved, in few words."""
    fields = as_fields(raw)
    asked = first(fields, "command", "argv", "files", "tool_name", "target", "reason")
    return _words(asked if asked is not None else raw)


def _words(raw: Raw | None) -> str:
    parts = [as_scalar(item) or "" for item in as_items(raw)]
    text = " ".join(parts) or as_scalar(raw) or as_text(as_fields(raw).get("type"))
    return " ".join((text or "this action").split())[:_WORDS_LENGTH]
