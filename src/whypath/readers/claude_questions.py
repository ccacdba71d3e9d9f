"""Turns a question that Claude Code put to its user into a recorded decision.

Part of the `claude_code` reader. The options and the answer are the trace's own words;
a question without an answer, or without options, is no decision.
"""

from whypath.content import ContentStore
from whypath.model import Decision, Option
from whypath.readers.claude_rows import Text
from whypath.records import BadShape, Raw, Shape, decoder

ASKING = "AskUserQuestion"


class Choice(Shape):
    label: str = ""
    description: Text = None


class Question(Shape):
    question: str = ""
    header: Text = None
    options: list[Choice] = []


class Asked(Shape):
    """Arguments of the call."""

    questions: list[Question] = []


_decode_asked = decoder(Asked)
_decode_answers = decoder(dict[str, str | list[str]])


def decide(arguments: bytes, answers: Raw, contents: ContentStore) -> Decision | None:
    """What was asked and what the user chose; several questions are one decision."""
    try:
        questions = _decode_asked(arguments).questions
        chosen = _decode_answers(answers)
    except BadShape:
        return None
    if not any(question.options for question in questions):
        return None
    options: list[Option] = []
    for question in questions:
        name = f"{question.header or question.question}: " if len(questions) > 1 else ""
        options.extend(
            _options(question, chosen.get(question.question, []), name, contents)
        )
    return Decision(
        step=0,
        question=" ".join(question.question for question in questions),
        options=tuple(options),
        rationale=None,
        rationale_from=None,
        confidence=None,
        evidence=(),
        outcome=None,
        basis="recorded",
    )


def _options(
    question: Question, answer: str | list[str], name: str, contents: ContentStore
) -> list[Option]:
    """The options offered, the chosen ones marked, and the user's own words."""
    labels = [choice.label for choice in question.options]
    given = [answer] if isinstance(answer, str) else answer
    if len(given) == 1 and given[0] not in labels:
        parts = given[0].split(", ")
        given = parts if all(part in labels for part in parts) else given
    options = [
        Option(
            name + choice.label,
            choice.label in given,
            contents.add_text(choice.description) if choice.description else None,
        )
        for choice in question.options
    ]
    own = [Option(name + text, True) for text in given if text not in labels]
    return [*options, *own]
