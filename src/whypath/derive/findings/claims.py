"""Finds words that the calls do not bear out: done what was not done, all of a part.

Words are only taken for a claim where they plainly are one; English is looked for.
"""

import re
from collections.abc import Iterator
from typing import Any

from whypath.derive.findings.effects import bag, words_of
from whypath.derive.findings.finding import Cite, Finding, NotApplicable, Unseen
from whypath.derive.findings.sight import Act, Said, Sight, line, short
from whypath.model import Decision

_DEED = (
    r"(?:cancell?ed|booked|refunded|reserved|purchased|ordered|shipped|paid|charged|"
    r"transferred|rescheduled|upgraded|exchanged|deleted|removed|sent|e-?mailed|"
    r"submitted|updated|modified|changed|created|added|saved|deployed|published|"
    r"merged|committed|pushed|uploaded|installed|fixed|written|renamed|moved|"
    r"scheduled|registered|escalated|closed|opened|approved|issued|processed)"
)
_DONE = re.compile(
    r"\b(?:(?:i|we)(?:['’]ve| have)(?: now| already| just| also)?(?: successfully)? "
    rf"(?P<i>{_DEED})"
    r"|(?:has|have)(?: now| already| just| also)? been(?: now)?(?: successfully)? "
    rf"(?P<it>{_DEED})"
    r"|(?:was|were) successfully "
    rf"(?P<was>{_DEED}))\b",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:not|n't|n’t|never|unable|once|if|when|after|until|would|will|should|could|"
    r"may|might|can|already been|was (?:already|previously)|previously|unless|whether|"
    r"before|cannot|fail\w*|error|as soon as|your (?:request|case) has been)\b",
    re.IGNORECASE,
)
_SUCCESS = re.compile(
    r"\b(?:successfully|all (?:the )?tests (?:now )?pass\w*|everything (?:is |now )?"
    r"(?:works|working|passes|done)|(?:is|are|has been|have been) (?:now )?(?:done|"
    r"complete|completed|fixed|finished|resolved|working)|all done|task (?:is )?"
    r"complete\w*|completed (?:all|the|your))\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\b(?:fail\w*|error\w*|unable|could ?n[o'’]t|can ?n[o'’]t|cannot|not able"
    r"|unfortunately|however|but|except|issue\w*|problem\w*|sorry|apolog\w*"
    r"|blocked|denied|timed? ?out|did ?n[o'’]t|does ?n[o'’]t|was ?n[o'’]t|not yet"
    r"|still|remaining|skipped|incomplete"
    r"|partial\w*|pending|limitation\w*|missing|manual\w*|next step\w*)\b",
    re.IGNORECASE,
)


def phantom_completions(sight: Sight) -> Iterator[Finding | Unseen | NotApplicable]:
    """Words that something was done, in a run in which nothing had changed a thing."""
    claims = [(said, claim) for said in sight.said if (claim := _claim(said))]
    if not claims:
        yield NotApplicable("no answer claims that something was done")
        return
    effective = [a for a in sight.acts if a.effect != "thinks" and _may_change(a)]
    unsure = [a for a in effective if a.effect != "changes" or not a.worked]
    agents = [s.position for s in sight.run.steps if s.kind in ("agent", "handoff")]
    if not any(step.calls or step.kind == "tool" for step in sight.run.steps):
        yield Unseen("no call of a tool is recorded")
        return
    for said, (deed, words) in claims:
        at = said.step.position
        if any(act.at < at and act not in unsure for act in effective):
            continue
        if any(act.at < at for act in unsure) or any(a < at for a in agents if a > 1):
            yield Unseen("what some tools do, or did, is not known")
            continue
        if _was_told(sight, said, deed):
            continue
        yield Finding(
            "phantom-completion",
            "error",
            f"Step {at} says “{line(words, 90)}”, but no call before it that changes "
            "anything succeeded.",
            at,
            (Cite(at, line(words, 90)),),
            subject=deed.lower(),
        )


def _may_change(act: Act) -> bool:
    """True for a call that may have changed something, as far as is recorded."""
    return act.failure is None and act.effect in ("changes", "runs", "unknown")


def _claim(said: Said) -> tuple[str, str] | None:
    """The first plain claim of a deed: the verb, and the words around it."""
    for sentence in re.split(r"(?<=[.!?\n])\s+", said.text[:6_000]):
        found = _DONE.search(sentence)
        if found is None or sentence.rstrip().endswith("?") or _HEDGED.search(sentence):
            continue
        return found["i"] or found["it"] or found["was"], sentence.strip()
    return None


_TELLING = ("user", "system", "tool", "retrieval")


def _was_told(sight: Sight, said: Said, deed: str) -> bool:
    """True where the user, or what was read, speaks of the same deed as done."""
    stem = deed.lower()
    for step in sight.run.steps[: said.step.position - 1]:
        content = step.output if step.output is not None else step.input
        if step.kind in _TELLING and content is not None:
            told = stem.encode() in sight.run.contents.raw(content).lower()
            if told:
                return True
    return False


def masked_errors(sight: Sight) -> Iterator[Finding | NotApplicable]:
    """Words of success after a change that failed and was never made good."""
    if not any(act.failure for act in sight.acts):
        yield NotApplicable("no call failed")
        return
    for said in sight.said:
        found = _SUCCESS.search(said.text) or _DONE.search(said.text)
        if found is None or _TROUBLE.search(said.text):
            continue
        at = said.step.position
        before = [act for act in sight.acts if said.turn < act.at < at]
        for act in before:
            if act.effect != "changes" or not act.failure:
                continue
            later = [a for a in before if a.at > act.at and a.worked]
            if any(a.effect in ("changes", "runs", "unknown") for a in later):
                continue
            start = max(0, found.start() - 40)
            words = said.text[start : found.end() + 40]
            yield Finding(
                "masked-error",
                "error",
                f"Step {at} says “…{line(words, 90)}…”, but “{short(act.name)}” failed "
                f"at step {act.at} ({line(act.failure, 80)}) and was never made good.",
                at,
                (Cite(act.at, act.failure), Cite(at, line(words, 90))),
                subject=f"{act.name}: {re.sub(r'[0-9]+', '#', act.failure)[:60]}",
            )
            break


def partial_as_complete(sight: Sight) -> Iterator[Finding | NotApplicable]:
    """An answer that claims to be done while the agent's own list has open items."""
    plan = next((act for act in reversed(sight.acts) if _items(sight, act)), None)
    if plan is None:
        yield NotApplicable("the run keeps no list of what is to be done")
        return
    if sight.answer is None or sight.answer.turn != plan.turn:
        return
    items = _items(sight, plan)
    left = [what for what, state in items if state not in _FINISHED]
    claim = _SUCCESS.search(sight.answer.text)
    if not left or claim is None or _TROUBLE.search(sight.answer.text):
        return
    at = sight.answer.step.position
    yield Finding(
        "partial-as-complete",
        "warning",
        f"The answer at step {at} says “{line(claim[0])}”, but {len(left)} of "
        f"{len(items)} items of the list at step {plan.at} are open, first "
        f"“{short(left[0], 60)}”.",
        at,
        (Cite(plan.at, f"open: “{short(left[0], 60)}”"), Cite(at, line(claim[0]))),
        subject=plan.name,
    )


_FINISHED = ("completed", "complete", "done", "finished", "cancelled", "canceled")


def _items(sight: Sight, act: Act) -> list[tuple[str, str]]:
    """What a to-do list in a call's arguments holds: the item and its state."""
    words = words_of(act.name)
    if not {"todo", "todos", "plan", "tasks"} & set(words) and "todowrite" not in words:
        return []
    document = sight.document(act.step.input)
    if not isinstance(document, dict):
        return []
    for value in document.values():
        if (
            isinstance(value, list)
            and value
            and all(isinstance(v, dict) for v in value)
        ):
            return [_item(entry) for entry in value if "status" in entry]
    return []


def _item(entry: dict[str, Any]) -> tuple[str, str]:
    text = next(
        (entry[n] for n in ("content", "step", "title", "text", "task") if n in entry),
        "",
    )
    return str(text), str(entry["status"]).lower()


_FILE_WORDS = bag("write edit patch replace insert create multi notebook")


def unverified_writes(sight: Sight) -> Iterator[Finding | NotApplicable]:
    """A file that was changed last and neither read nor run again before the answer."""
    files = [act for act in sight.acts if act.worked and _file(sight, act)]
    if not files:
        yield NotApplicable("no file was changed")
        return
    if sight.answer is None:
        return
    last = files[-1]
    runs = any(a.effect in ("runs", "unknown") for a in sight.acts)
    checked = any(
        a.at > last.at and a.effect in ("reads", "runs", "unknown") for a in sight.acts
    )
    if checked or not runs or not _SUCCESS.search(sight.answer.text):
        return
    at = sight.answer.step.position
    yield Finding(
        "unverified-write",
        "info",
        f"“{short(last.name)}” changed {short(_file(sight, last), 60)} at step "
        f"{last.at}; nothing read or ran it before step {at} called the work done.",
        last.at,
        (Cite(last.at, "changed"), Cite(at, "called done")),
        subject=last.name,
    )


def _file(sight: Sight, act: Act) -> str:
    """The file that a call changed; nothing if it changed none."""
    if act.effect != "changes" or not _FILE_WORDS & set(words_of(act.name)):
        return ""
    document = sight.document(act.step.input)
    if not isinstance(document, dict):
        return ""
    names = ("file_path", "path", "filename", "file", "filePath", "target_file")
    return next((str(document[n]) for n in names if document.get(n)), "")


def mismatched_reasons(sight: Sight) -> Iterator[Finding | NotApplicable]:
    """Recorded decisions against their own scores, or against their own rationale."""
    recorded = [d for d in sight.decisions.values() if d.basis == "recorded"]
    if not recorded:
        yield NotApplicable("no decision is recorded")
        return
    for decision in recorded:
        yield from _against_score(decision)
        yield from _against_words(sight, decision)


def _against_score(decision: Decision) -> Iterator[Finding]:
    chosen, others = decision.chosen, [o for o in decision.options if not o.chosen]
    if len(chosen) != 1 or chosen[0].score is None:
        return
    scored = [o for o in others if o.score is not None]
    best = max(scored, key=lambda o: o.score or 0.0, default=None)
    if best is None or best.score is None or best.score <= chosen[0].score:
        return
    if all((o.score or 0.0) == 0 for o in (*scored, chosen[0])):
        return
    yield Finding(
        "reason-action-mismatch",
        "warning",
        f"Step {decision.step} chose “{short(chosen[0].name)}” with a score of "
        f"{chosen[0].score:g}, though “{short(best.name)}” had {best.score:g}.",
        decision.step,
        (Cite(decision.step, f"“{short(best.name)}” {best.score:g}"),),
        subject=decision.question,
    )


def _against_words(sight: Sight, decision: Decision) -> Iterator[Finding]:
    """The rationale says to choose one option, by its name, and another was chosen."""
    if decision.rationale is None or len(decision.chosen) != 1:
        return
    said = sight.run.contents.preview(decision.rationale, 2_000).lower()
    chosen = decision.chosen[0].name
    for other in decision.options:
        name = other.name.lower()
        if other.chosen or len(name) < 4 or chosen.lower() in said:
            continue
        picked = re.search(
            rf"\b(?:choose|choosing|chose|pick\w*|go(?:ing)? with|use|using|select\w*|"
            rf"route (?:it )?to|call\w*|opt\w* for) (?:the )?[\"“`']?"
            rf"{re.escape(name)}\b",
            said,
        )
        if picked is None or re.search(r"\b(?:not|n't|rather than|instead of)\b", said):
            continue
        yield Finding(
            "reason-action-mismatch",
            "error",
            f"Step {decision.step} chose “{short(chosen)}”, but its rationale says "
            f"“{line(picked[0])}”.",
            decision.step,
            (Cite(decision.step, line(picked[0])),),
            subject=decision.question,
        )
        return
