"""Everything derived from a run that a page or the terminal shows, worked out once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from whypath.derive.causes import Causes, find_causes
from whypath.derive.columns import Positions, Rows, Texts
from whypath.derive.decisions.find import find_decisions, governing
from whypath.derive.evidence import CheckedEvidence, check_evidence
from whypath.derive.findings.detectors import examine
from whypath.derive.findings.finding import Checked, Finding
from whypath.derive.findings.sight import Sight
from whypath.derive.findings.suspects import Suspect, find_suspects, has_failed
from whypath.derive.findings.words import with_findings
from whypath.derive.origins.asking import followed_from
from whypath.derive.origins.chains import Use, uses
from whypath.derive.origins.origin import Origin, find_origins
from whypath.derive.summary import Totals, Verdict, heading, title, totals, verdict
from whypath.derive.windows.changes import Change, find_changes, find_shares
from whypath.derive.windows.context import find_contexts
from whypath.errors import Problem
from whypath.model import Context, Decision, Run, Step


@dataclass(frozen=True, slots=True)
class Story:
    """A run and what it means. Dictionaries are keyed by step position.

    `led_by` maps a step to the decision it carries out, `seen_at` to the model call
    whose context window was in force, `state_at` to the last step that changed state.
    `origins` are the values that a step used and where they came from, `uses` those
    that came from it, `causes` the steps that led to it.
    `findings` are the gravest first; `checks` say what came of each check; of a failed
    run, `suspects` are the steps to look at first.
    `changes` say what became of each window since the call before, `shares` what it is
    made of.
    """

    run: Run
    heading: str
    titles: Texts
    decisions: dict[int, Decision]
    evidence: dict[int, tuple[CheckedEvidence, ...]]
    contexts: dict[int, Context]
    changes: dict[int, Change]
    shares: Rows
    led_by: Positions
    seen_at: Positions
    state_at: Positions
    origins: dict[int, tuple[Origin, ...]]
    uses: dict[int, tuple[Use, ...]]
    causes: Causes
    findings: tuple[Finding, ...]
    checks: tuple[Checked, ...]
    suspects: tuple[Suspect, ...]
    totals: Totals
    verdict: Verdict


def tell(run: Run, *, in_depth: bool = True) -> Story:
    """Derives all of it, in one pass for each kind.

    Where values came from, and what is wrong, take most of the time: unless `in_depth`,
    there are no origins, uses, causes, findings, checks and suspects.
    """
    decisions = find_decisions(run)
    evidence = check_evidence(run, decisions)
    contexts = find_contexts(run)
    origins = find_origins(run, contexts) if in_depth else {}
    if in_depth and (first := followed_from(run)) > 1:
        run = replace(run, problems=(*run.problems, _not_followed(run.step(first))))
    led_by = governing(run, decisions)
    titles = Texts(title(run, step) for step in run.steps)
    causes = Causes(
        find_causes(run, origins, evidence, contexts, led_by) if in_depth else ()
    )
    sight = Sight(run, decisions, evidence, contexts, origins, titles)
    findings, checks = examine(sight) if in_depth else ((), ())
    suspects = find_suspects(run, findings) if in_depth and has_failed(run) else ()
    summed_up = verdict(run, decisions, evidence)
    if in_depth:
        summed_up = with_findings(summed_up, findings, checks, suspects)
    return Story(
        run=run,
        heading=heading(run),
        titles=titles,
        decisions=decisions,
        evidence=evidence,
        contexts=contexts,
        changes=find_changes(run, contexts),
        shares=find_shares(run, contexts),
        led_by=led_by,
        seen_at=_seen_at(run, contexts),
        state_at=_state_at(run),
        origins=origins,
        uses=uses(origins),
        causes=causes,
        findings=findings,
        checks=checks,
        suspects=suspects,
        totals=totals(run, decisions),
        verdict=summed_up,
    )


def _not_followed(first: Step) -> Problem:
    """Says from which step on it is told where values came from."""
    what = f"the run is huge: values before step {first.position:,} are not followed"
    done = "all else is told of them"
    return Problem("note", what, done, first.source.file, first.source.line)


def _seen_at(run: Run, contexts: dict[int, Context]) -> Positions:
    """The model call in whose window each step stands: its caller's, or the last."""

    def found() -> Iterator[tuple[int, int]]:
        last: dict[str, int] = {}
        for step in run.steps:
            if step.position in contexts:
                last[step.thread] = step.position
            at = step.caller if step.caller in contexts else last.get(step.thread)
            if at is not None:
                yield step.position, at

    return Positions(len(run.steps), found())


def _state_at(run: Run) -> Positions:
    changed = (step.position if step.state else 0 for step in run.steps)
    return Positions(len(run.steps), enumerate(accumulate(changed, max), start=1))
