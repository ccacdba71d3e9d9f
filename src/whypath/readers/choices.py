"""Turns several answers of one model call into a decision between them.

For every reader, and not a reader itself. A response does not say which of its answers
was used: what comes after it does, or nothing does.
"""

from collections.abc import Iterable, Sequence
from math import exp

from whypath.builder import Draft
from whypath.content import ContentStore
from whypath.model import Decision, Message, Option
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
)
from whypath.readers.payloads import Answer
from whypath.records import Raw

NAME_LENGTH = 80
NOT_TOLD = "which answer was used: not recorded; the first is shown as the output"
TOLD = "taken is the answer that a later step goes on from"
SUMMED = "scores are sums of the log probabilities of each answer's tokens"
TOKENS = "the most likely tokens, with their probabilities"

_SPEAKERS = ("assistant", "model", "ai")


def between(
    answers: Sequence[Answer],
    contents: ContentStore,
    *,
    used: int | None,
    choices: Sequence[Fields] = (),
    note: str | None = None,
) -> Decision:
    """The decision between answers, of which number `used` (from 0) was taken.

    `choices` are the objects that they came in, for why each ended and what its tokens
    weigh.
    """
    beside = list(choices) or [{}] * len(answers)
    scores = [_sum(choice.get("logprobs")) for choice in beside]
    options = tuple(
        Option(
            _label(answer, number + 1, contents),
            number == used,
            answer.output,
            score,
            as_scalar(choice.get("stop_reason") or choice.get("finish_reason")),
        )
        for number, (choice, answer, score) in enumerate(
            zip(beside, answers, scores, strict=True)
        )
    )
    summed = SUMMED if any(score is not None for score in scores) else None
    said = "; ".join(filter(None, (note, summed)))
    return _decision("Which of the answers?", options, None, said or None)


def between_tokens(logprobs: Raw | None) -> Decision | None:
    """An answer of one token, where the likeliest tokens in its place are recorded."""
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


def which(answers: Sequence[Answer], said: Iterable[Message]) -> int | None:
    """The answer that messages after it repeat, in words or by the id of a call."""
    texts, calls = set(), set()
    for message in said:
        if message.kind == "call":
            calls.add(message.call_id)
        elif message.kind == "text":
            texts.add(message.content)
    return _first(answers, texts - {None}, calls - {None})


class OpenChoices:
    """The model calls of one run that gave several answers, until one is used."""

    def __init__(self, contents: ContentStore) -> None:
        self._contents = contents
        self._open: list[tuple[Draft, tuple[Answer, ...]]] = []

    def __bool__(self) -> bool:
        """True while a call waits for what comes after it."""
        return bool(self._open)

    def add(self, draft: Draft, answers: tuple[Answer, ...]) -> None:
        """Takes in a model step whose output is the first of `answers`."""
        self._open.append((draft, answers))
        draft.decision = between(answers, self._contents, used=None, note=NOT_TOLD)

    def look_at(self, draft: Draft, seen: Sequence[Message]) -> list[Draft]:
        """Looks whether a later step shows what was used; the steps it decides.

        A tool step does if it answers a call, a model step if its window goes on from
        that of the call.
        """
        decided = []
        for item in list(self._open):
            asked, answers = item
            calls = {draft.call_id} if draft.kind == "tool" else set()
            used = _first(answers, set(), calls - {None})
            if used is None:
                used = which(answers, _after(asked, seen))
            if used is not None:
                self._use(asked, answers, used)
                self._open.remove(item)
                decided.append(asked)
        return decided

    def end(self, outputs: Iterable[int | None]) -> None:
        """Takes the answers that are also what an agent gave as its own."""
        given = set(outputs) - {None}
        for asked, answers in self._open:
            if (used := _first(answers, given, set())) is not None:
                self._use(asked, answers, used)
        self._open.clear()

    def _use(self, draft: Draft, answers: tuple[Answer, ...], used: int) -> None:
        draft.output, draft.reasoning, draft.calls = answers[used]
        draft.decision = between(answers, self._contents, used=used, note=TOLD)


def _after(asked: Draft, seen: Sequence[Message]) -> list[Message]:
    """What a later window holds right after that of the call: the model's turn."""
    own = asked.window.add if asked.window is not None else ()
    if not own or list(seen[: len(own)]) != list(own):
        return []
    said = []
    for message in seen[len(own) :]:
        if message.role not in _SPEAKERS:
            break
        said.append(message)
    return said


def _first(
    answers: Sequence[Answer], texts: set[int | None], calls: set[str | None]
) -> int | None:
    """The first answer with one of the texts, or with one of the calls."""
    for number, answer in enumerate(answers):
        if answer.output in texts or any(call.id in calls for call in answer.calls):
            return number
    return None


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
