"""Turns what ADK keeps for evaluation into sessions: cases, and results of cases.

Part of the `adk_sessions` reader. A case of an eval set says what is expected of the
agent, mostly what it once did; a result holds the session that was judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from whypath.content import to_json
from whypath.model import Outcome
from whypath.readers.adk_events import Session
from whypath.readers.adk_fields import adk_fields
from whypath.readers.fields import (
    Fields,
    as_items,
    as_number,
    as_scalar,
    as_text,
    first,
    is_object,
)
from whypath.records import Raw

_STATUS = {"1": "passed", "2": "failed", "3": "not evaluated"}
_USER = Raw(b'"user"')


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation, as a list of invocations; `expected` unless it took place."""

    invocations: list[Raw]
    labels: dict[str, str]
    expected: bool

    def tell(self, session: Session, line: int) -> None:
        """Tells the session each invocation as the events it is made of."""
        session.run.labels.update(self.labels)
        if self.expected:
            session.note_expected(line)
        for number, raw in enumerate(self.invocations, start=1):
            for event in _events(adk_fields(raw), number):
                session.event(event, line)
        session.close()


@dataclass(frozen=True, slots=True)
class Result:
    """How one case was judged; `session` is what took place, if it is there."""

    session: Fields
    case: Case
    outcome: Outcome

    def tell(self, session: Session, line: int) -> None:
        """Tells the outcome, and what took place where no session is kept."""
        session.run.labels.update(self.case.labels)
        session.run.outcome = self.outcome
        if self.session:
            session.close()
        else:
            self.case.tell(session, line)


def eval_cases(fields: Fields) -> Iterator[tuple[str, Case]]:
    """Id and case of each member of an eval set."""
    named = as_scalar(fields.get("eval_set_id"))
    for number, raw in enumerate(as_items(fields["eval_cases"]), start=1):
        case = adk_fields(raw)
        about = adk_fields(case.get("session_input"))
        labels = {
            "eval set": named,
            "app": as_scalar(about.get("app_name")),
            "user": as_scalar(about.get("user_id")),
        }
        known = {key: value for key, value in labels.items() if value}
        id = as_scalar(case.get("eval_id")) or f"case-{number}"
        yield id, Case(as_items(case.get("conversation")), known, True)


def eval_results(fields: Fields) -> Iterator[tuple[str, Result]]:
    """Id and result of each member of an eval set's results."""
    for number, raw in enumerate(as_items(fields["eval_case_results"]), start=1):
        result = adk_fields(raw)
        id = as_scalar(first(result, "eval_id", "session_id")) or f"case-{number}"
        judged = as_scalar(result.get("final_eval_status")) or ""
        labels = {
            "eval set": as_scalar(fields.get("eval_set_id")),
            "eval status": _STATUS.get(judged, judged),
            "user": as_scalar(result.get("user_id")),
        }
        known = {key: value for key, value in labels.items() if value}
        each = as_items(result.get("eval_metric_result_per_invocation"))
        took_place = [adk_fields(one).get("actual_invocation") for one in each]
        case = Case([one for one in took_place if one is not None], known, False)
        details = adk_fields(result.get("session_details"))
        session = details if "events" in details else {}
        yield id, Result(session, case, _outcome(result))


def _outcome(result: Fields) -> Outcome:
    """The metrics of a case; the first one's score stands for it."""
    metrics = as_items(result.get("overall_eval_metric_results"))
    scores = [adk_fields(raw) for raw in metrics if is_object(raw)]
    named = [
        f"{as_scalar(m.get('metric_name')) or 'metric'} {as_scalar(m.get('score'))}"
        for m in scores
        if "score" in m
    ]
    numbers = (as_number(m.get("score")) for m in scores)
    first_score = next((n for n in numbers if n is not None), None)
    return Outcome(score=first_score, note=", ".join(named) or None)


def _events(invocation: Fields, number: int) -> Iterator[Fields]:
    """An invocation as events: the prompt, what came between, the final response."""
    id = invocation.get("invocation_id") or Raw(to_json(f"invocation-{number}"))
    common: dict[str, Raw] = {"invocation_id": id}
    if "user_content" in invocation:
        yield {**common, "author": _USER, "content": invocation["user_content"]}
    between = adk_fields(invocation.get("intermediate_data"))
    for raw in as_items(between.get("invocation_events")):
        yield {**common, **adk_fields(raw)}
    for raw in as_items(between.get("intermediate_responses")):
        pair = as_items(raw)
        if len(pair) == 2 and as_text(pair[0]) is not None:
            yield {**common, "author": pair[0], "content": _content(as_items(pair[1]))}
    calls = [_part("function_call", raw) for raw in as_items(between.get("tool_uses"))]
    if calls:
        yield {**common, "content": _content(calls)}
    answers = as_items(between.get("tool_responses"))
    if answers:
        parts = [_part("function_response", raw) for raw in answers]
        yield {**common, "content": _content(parts)}
    if "final_response" in invocation:
        yield {**common, "content": invocation["final_response"]}


def _part(name: str, raw: Raw) -> Raw:
    return Raw(to_json({name: raw}))


def _content(parts: list[Raw]) -> Raw:
    return Raw(to_json({"role": "model", "parts": parts}))
