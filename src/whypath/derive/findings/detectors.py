"""The checks that need no configuration, and what came of each of them in a run.

A check that crashes is reported as an error of that check; it never stops the others.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from whypath.derive.findings import (
    answers,
    calls,
    claims,
    entities,
    fields,
    lacks,
    loops,
    runs,
    tools,
    values,
)
from whypath.derive.findings.finding import (
    Checked,
    Finding,
    NotApplicable,
    Unseen,
    conclude,
    in_order,
)
from whypath.derive.findings.sight import Sight

Said = Iterator[Finding | Unseen | NotApplicable]


class Detector(NamedTuple):
    """A check: its name, what it finds, and when it cannot tell."""

    id: str
    finds: str
    unknown_when: str
    look: Callable[[Sight], Said]


_RESULT = "the result is not recorded"
_VIEW = "what the model saw is not recorded"
_EVIDENCE = "the decision's evidence, or its source, is not recorded"
_ARGUMENTS = "arguments are not recorded"

DETECTORS: tuple[Detector, ...] = (
    Detector(
        "wrong-evidence",
        "a decision rests on a value that its source does not hold",
        _EVIDENCE,
        fields.wrong_evidence,
    ),
    Detector(
        "renamed-field",
        "a field that was read is absent, and one of nearly the same name is there",
        _EVIDENCE,
        fields.renamed_fields,
    ),
    Detector(
        "default-used",
        "a decision rests on a default, as the field was not there",
        _EVIDENCE,
        fields.used_defaults,
    ),
    Detector(
        "ungrounded-argument",
        "an id, amount or address in a call stands in nothing that the model saw",
        _VIEW,
        values.ungrounded_arguments,
    ),
    Detector(
        "evicted-evidence",
        "a value was used after what held it had left the context window",
        _VIEW,
        values.evicted_evidence,
    ),
    Detector(
        "stale-value",
        "a value was used that a later result of the same call had replaced",
        _RESULT,
        values.stale_values,
    ),
    Detector(
        "entity-mixup",
        "a call names two ids of which one belongs to something else",
        _RESULT,
        entities.mixed_entities,
    ),
    Detector(
        "answer-contradicts-tool",
        "the answer gives a field another value than the last result",
        _RESULT,
        answers.contradicted_answers,
    ),
    Detector(
        "hallucinated-tool",
        "a tool was called that was not on offer",
        "the offered tools are not recorded",
        tools.hallucinated_tools,
    ),
    Detector(
        "invalid-arguments",
        "a call's arguments are not what the tool's definition allows",
        "the tool's definition is not recorded",
        tools.invalid_arguments,
    ),
    Detector(
        "phantom-completion",
        "an answer says that something was done, and nothing was",
        "what the called tools do is not known",
        claims.phantom_completions,
    ),
    Detector(
        "masked-error",
        "an answer speaks of success after a change that failed",
        _RESULT,
        claims.masked_errors,
    ),
    Detector(
        "partial-as-complete",
        "an answer says done while the agent's own list has open items",
        "no such list is recorded",
        claims.partial_as_complete,
    ),
    Detector(
        "unverified-write",
        "a file was changed, and neither read nor run before the work was called done",
        _ARGUMENTS,
        claims.unverified_writes,
    ),
    Detector(
        "reason-action-mismatch",
        "a recorded decision goes against its own scores or its own rationale",
        "no decision is recorded",
        claims.mismatched_reasons,
    ),
    Detector(
        "silent-failure",
        "a call came back as a success, with a result that says it failed",
        _RESULT,
        calls.silent_failures,
    ),
    Detector(
        "unhandled-error",
        "a call failed, and nothing after it took that up",
        _RESULT,
        calls.unhandled_errors,
    ),
    Detector("failed-call", "a call failed", _RESULT, calls.failed_calls),
    Detector(
        "error-cascade",
        "three calls or more in a row failed",
        _RESULT,
        calls.error_cascades,
    ),
    Detector(
        "retry-storm",
        "a tool failed five times or more on end, whatever the arguments",
        _RESULT,
        calls.retry_storms,
    ),
    Detector(
        "empty-result",
        "a call brought nothing, or (empty-committed) something was done on it",
        _RESULT,
        lacks.empty_results,
    ),
    Detector(
        "truncated-result",
        "a result was cut short, or (truncated-evidence) taken for the whole",
        _RESULT,
        lacks.truncated_evidence,
    ),
    Detector(
        "repeat-call",
        "the same call was made three times or more with the same result",
        _ARGUMENTS,
        loops.repeated_calls,
    ),
    Detector(
        "cycle", "the same calls were made over and over", _ARGUMENTS, loops.cycles
    ),
    Detector(
        "no-progress",
        "eight calls or more brought nothing new",
        _RESULT,
        loops.no_progress,
    ),
    Detector(
        "duplicate-side-effect",
        "what counts each time, such as a payment, was done twice",
        _ARGUMENTS,
        loops.done_twice,
    ),
    Detector(
        "dead-end",
        "the run went back on a branch",
        "branches are not recorded",
        runs.dead_ends,
    ),
    Detector(
        "context-pressure",
        "the context window was nearly full, or was started anew again and again",
        "tokens, or the model's window, are not known",
        runs.context_pressure,
    ),
    Detector(
        "trace-integrity",
        "calls without a result, times that run backwards, records that were lost",
        "",
        runs.trace_integrity,
    ),
)


def examine(sight: Sight) -> tuple[tuple[Finding, ...], tuple[Checked, ...]]:
    """What all checks found in a run, the gravest first, and what came of each."""
    found: list[Finding] = []
    checked: list[Checked] = []
    for detector in DETECTORS:
        try:
            outcome, findings = conclude(detector.id, detector.look(sight))
        except Exception as error:  # whatever it is, the report must not stop for it
            kind = type(error).__name__
            checked.append(Checked(detector.id, "error", f"the check broke: {kind}"))
            continue
        found.extend(findings)
        checked.append(outcome)
    return in_order(found), tuple(checked)
