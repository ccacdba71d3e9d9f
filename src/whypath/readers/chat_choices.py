"""Turns the choices of a chat response into a decision, and finds which was used.

Part of `conversation`. The next request of a log shows it: it repeats the answer.
"""

from typing import NamedTuple

from whypath.builder import Builder, Draft
from whypath.readers.choices import NOT_TOLD, TOLD, between, between_tokens, which
from whypath.readers.fields import Fields, as_fields, as_raw
from whypath.readers.payloads import Answer, Payloads
from whypath.records import Raw


class Choices(NamedTuple):
    """Several answers of one model step, until it is known which was used."""

    turn: Draft
    choices: list[Fields]
    answers: list[Answer]

    def use(self, echo: Raw, builder: Builder) -> Fields | None:
        """Marks the answer that `echo` repeats; it, where it is not the first."""
        payloads = builder.shared(Payloads)
        said = payloads.messages(bytes(echo), "assistant")
        used = which(self.answers, said)
        if used is None:
            return None
        self.turn.decision = between(
            self.answers,
            builder.contents,
            used=used,
            choices=self.choices,
            note=TOLD,
        )
        return said_by(self.choices[used]) if used else None


def decide(turn: Draft, choices: list[Fields], builder: Builder) -> Choices | None:
    """Gives `turn` the decision between its answers, or between an answer's tokens.

    Returns the answers where there are several: which was used is yet to be found.
    """
    if len(choices) == 1:
        if not turn.calls:
            turn.decision = between_tokens(choices[0].get("logprobs"))
        return None
    payloads = builder.shared(Payloads)
    said = [payloads.messages(as_raw(said_by(c)), "assistant") for c in choices]
    answers = list(map(payloads.answer, said))
    turn.decision = between(
        answers, builder.contents, used=None, choices=choices, note=NOT_TOLD
    )
    return Choices(turn, choices, answers)


def said_by(choice: Fields) -> Fields:
    """The message of a choice; a completion's is a text alone."""
    said = as_fields(choice.get("message"))
    return {"content": choice["text"]} if not said and "text" in choice else said
