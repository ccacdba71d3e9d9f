"""Turns a question that Claude Code put to its user into a recorded decision.

Part of the `claude_code` reader. The options and the answer are the trace's own words;
a question without an answer, or without options, is no decision. So is a plan that
waits for its approval.
"""

from whypath.content import ContentStore
from whypath.model import Decision, Option, replace
from whypath.readers.claude_rows import Text
from whypath.readers.fields import as_fields, as_scalar, as_text
from whypath.readers.permissions import USER, Refusal, answered
from whypath.records import BadShape, Raw, Shape, decoder

ASKING = "AskUserQuestion"
TURNED_AWAY = "turned away without an answer"
PLANNING = ("ExitPlanMode", "exit_plan_mode")


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


def decide(
    arguments: bytes,
    answers: Raw,
    contents: ContentStore,
    found: Refusal | None = None,
) -> Decision | None:
    """What was asked and what the user chose; several questions are one decision.

    `found` says that the user turned the questions away, and perhaps why.
    """
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
    asked = " ".join(question.question for question in questions)
    why = contents.add_text(found.why) if found and found.why else None
    decision = answered(asked, tuple(options), why)
    return replace(decision, options_note=TURNED_AWAY) if found else decision


def decide_plan(
    arguments: bytes, twin: Raw, found: Refusal | None, contents: ContentStore
) -> Decision | None:
    """Whether the user went along with a plan, which is the option's content.

    The plan stands in the call or, in newer sessions, in its structured result.
    """
    result = as_fields(twin)
    if found is None and as_scalar(result.get("awaitingLeaderApproval")) == "true":
        return None
    told = (as_fields(Raw(arguments)).get("plan"), result.get("plan"))
    plan = next((contents.add(raw) for raw in told if raw and as_text(raw)), None)
    why = contents.add_text(found.why) if found and found.why else None
    options = (
        Option("approve the plan", found is None, plan),
        Option("stay in plan mode", found is not None),
    )
    return answered(
        "Go ahead with the plan?", options, why, found.by if found else USER
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
