"""https://github.com/Arize-ai/openinference/blob/main/spec/decision_spans.md: answers.

An answer may say more than the specification does, in the words of the native format:
its `evidence`, its `outcome`, and among its probabilities the `reason` of an option.
Not read: the `state` a decision rests on, beyond showing it as the step's input. A
probability without an answer stays a probability: no answer is made up from it.
"""

from collections.abc import Iterator
from typing import Any

from whypath.model import Decision, Evidence, Option
from whypath.readers.payloads import Payloads
from whypath.readers.span_values import as_text, objects
from whypath.readers.spans import Attributes, Facts, as_number

_QUESTION = ("question", "instructions", "prompt", "text", "name")
_ANSWER = ("answer", "choice", "value", "label", "selected", "score")
_PROBABILITY = ("probability", "noul", "confidence")
_OPTIONS = ("options", "choices", "candidates", "criteria", "levels")
_SPREAD = ("probabilities", "distribution", "scores", *_OPTIONS)
_NAME = ("name", "id", "label", "value", "option", "answer", "choice", "key")


def is_decision(attributes: Attributes) -> bool:
    """True for a call to a decision model, also where it is written as an LLM span."""
    if attributes.get("openinference.span.kind") == "DECISION":
        return True
    if "decision.system" in attributes:
        return True
    asked, said = attributes.get("input.value"), attributes.get("output.value")
    return (
        isinstance(asked, str)
        and isinstance(said, str)
        and '"questions"' in asked
        and '"answers"' in said
    )


def add_decisions(facts: Facts, attributes: Attributes, payloads: Payloads) -> None:
    """Adds a decision for each question that was asked and answered."""
    asked = _field(payloads.parse(attributes.get("input.value")), "questions")
    said = _field(payloads.parse(attributes.get("output.value")), "answers")
    questions = dict(_named(asked))
    answers = dict(_named(said))
    for name in dict.fromkeys([*questions, *answers]):
        decision = _decision(name, questions.get(name), answers.get(name), payloads)
        facts.decisions.append((name, decision))


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _named(items: Any) -> Iterator[tuple[str, Any]]:
    """The members of an object, or of a list whose items say their name."""
    if isinstance(items, dict):
        yield from items.items()
    elif isinstance(items, list):
        for number, item in enumerate(items, start=1):
            name = item.get("name") if isinstance(item, dict) else None
            yield name if isinstance(name, str) else str(number), item


def _decision(name: str, question: Any, answer: Any, payloads: Payloads) -> Decision:
    question = question if isinstance(question, dict) else {"question": question}
    answer = answer if isinstance(answer, dict) else {"answer": answer}
    asked = next((q for n in _QUESTION if isinstance(q := question.get(n), str)), name)
    chosen = next((answer[n] for n in _ANSWER if answer.get(n) is not None), None)
    raw = next((answer[n] for n in _PROBABILITY if n in answer), None)
    probability = as_number(raw)
    scores = _offered(question)
    scores.update(_spread(answer))
    outcome = None
    note = None if len(scores) > 1 else "other options: not recorded"
    if answer.get("type") == "refusal":
        note = "the model declined to answer"
    elif _is_between(answer, scores):
        outcome, chosen = f"score {_label(chosen)}", None
        note = "a score is recorded, and no choice"
    elif chosen is None and any(name in answer for name in _ANSWER):
        note = "the answer is: none"
    elif chosen is None and ("noul" in answer or not scores):
        scores["true"] = probability
        note = "a probability is recorded, and no answer"
    picked = [_label(c) for c in (chosen if isinstance(chosen, list) else [chosen])]
    picked = [] if chosen is None else picked
    for label in picked:
        if scores.get(label) is None:
            scores[label] = probability
    confidence = probability if picked or outcome else None
    if confidence is None and len(picked) == 1:
        confidence = scores[picked[0]]
    why = answer.get("explanation", answer.get("rationale"))
    reasons = _reasons(answer)
    return Decision(
        step=0,
        question=asked,
        options=tuple(
            Option(label, label in picked, score=score, reason=reasons.get(label))
            for label, score in scores.items()
        ),
        rationale=payloads.keep_if(why),
        rationale_from="recorded" if why else None,
        confidence=confidence,
        evidence=tuple(_evidence(answer.get("evidence"), payloads)),
        outcome=outcome or as_text(answer.get("outcome")),
        basis="recorded",
        options_note=note,
    )


def _is_between(answer: dict[str, Any], scores: dict[str, float | None]) -> bool:
    """True for a score that is the mean of the levels, and none of them."""
    score = answer.get("score")
    others = any(answer.get(name) is not None for name in _ANSWER[:-1])
    return (
        bool(scores)
        and score is not None
        and not others
        and (_label(score) not in scores)
    )


def _offered(question: dict[str, Any]) -> dict[str, float | None]:
    """The options a question lists; none of them has a score yet."""
    for name in _OPTIONS:
        listed = question.get(name)
        if isinstance(listed, dict | list) and listed:
            return dict.fromkeys(map(_label, listed))
    return {}


def _spread(answer: dict[str, Any]) -> dict[str, float | None]:
    """Each option's probability, where the answer spells out the distribution."""
    for name in _SPREAD:
        listed = answer.get(name)
        if isinstance(listed, dict):
            return {_label(key): as_number(value) for key, value in listed.items()}
        if isinstance(listed, list):
            return {_label(item): _score(item) for item in listed}
    return {}


def _reasons(answer: dict[str, Any]) -> dict[str, str]:
    """Why each option was taken or not, where the distribution says so."""
    listed = next((answer[name] for name in _SPREAD if name in answer), None)
    reasons = ((_label(i), as_text(i.get("reason"))) for i in objects(listed))
    return {label: reason for label, reason in reasons if reason}


def _evidence(listed: Any, payloads: Payloads) -> Iterator[Evidence]:
    """The values that an answer says it rests on; `step` is the id of a span."""
    for item in objects(listed):
        yield Evidence(
            name=as_text(item.get("name")) or "",
            value=payloads.keep(item["value"]) if "value" in item else None,
            source=as_text(item.get("step")),
            path=as_text(item.get("path")),
            default=item.get("default") is True,
        )


def _score(item: Any) -> float | None:
    if not isinstance(item, dict):
        return None
    return next(
        (as_number(item[n]) for n in ("probability", "score") if n in item), None
    )


def _label(value: Any) -> str:
    """An option's name as JSON writes it: true, 3, approve."""
    if isinstance(value, dict):
        named = (value[n] for n in _NAME if isinstance(value.get(n), str | int | float))
        value = next(named, value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
