"""What people and rules did not allow, and plans they took, are decisions."""

from typing import Any

import pytest

from test_claude_code import _asked, _prompt, _said, run_of_rows
from test_gemini_cli import HEAD, call, message
from test_gemini_cli import one as gemini
from test_qwen import SESSION
from test_qwen import one as qwen
from whypath.model import Decision, Run
from whypath.readers.claude_questions import TURNED_AWAY
from whypath.readers.permissions import Refusal, refusal

REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected "
    "(eg. if it was a file edit, the new_string was NOT written to the file). "
)
TOLD = REJECTED + "To tell you how to proceed, the user said:\n"
NOTE = "\n\nNote: The user's next message may contain a correction or preference."

WORDS: dict[str, tuple[str, Refusal | None]] = {
    "the user": (REJECTED + "STOP what you are doing", Refusal("the user", None)),
    "the user says why": (
        TOLD + "Not here.\nThere." + NOTE,
        Refusal("the user", "Not here.\nThere."),
    ),
    "a classifier": (
        "Permission for this action has been denied. Reason: It pushes to main. "
        "If you have other tasks that don't depend on this action, go on.",
        Refusal("a classifier", "It pushes to main"),
    ),
    "a rule": (
        "Permission to use Bash with command rm -rf / has been denied.",
        Refusal("a rule", None),
    ),
    "a mode": (
        "Permission to use Bash has been denied because Claude Code is running in "
        "don't ask mode.",
        Refusal("the permission mode", None),
    ),
    "nobody granted it": (
        "Claude requested permissions to write to /a, but you haven't granted it yet.",
        Refusal("the permission mode", None),
    ),
    "opencode": (
        "The user rejected permission to use this specific tool call with the "
        "following feedback: Ask first",
        Refusal("the user", "Ask first"),
    ),
    "codex": ("exec command rejected by user", Refusal("the user", None)),
    "gemini": (
        "[Operation Cancelled] Reason: User did not allow tool call",
        Refusal("the user", None),
    ),
    "another error": ("Permission denied: /etc/shadow", None),
    "words about it": ("It says: The user doesn't want to proceed with this", None),
}


@pytest.mark.parametrize(("said", "found"), WORDS.values(), ids=WORDS)
def test_a_refusal_is_known_by_how_its_words_begin(
    said: str, found: Refusal | None
) -> None:
    assert refusal(said) == found


def claude(name: str, arguments: Any, said: str, **more: Any) -> Run:
    """A session of one call and its result."""
    failed = more.pop("failed", False)
    block = {
        "type": "tool_result",
        "tool_use_id": "c",
        "content": said,
        "is_error": failed,
    }
    result = _prompt("r", [block], parentUuid="a", **more)
    return run_of_rows(_said("a", _asked("c", name, arguments)), result)


def decided(run: Run) -> Decision | None:
    return run.steps[1].decision


def told(run: Run) -> tuple[Any, ...]:
    """The options, the chosen one with a `*`, why, and by whom."""
    decision = decided(run)
    assert decision is not None
    assert decision.basis == "recorded"
    names = [f"{'*' if o.chosen else ''}{o.name}" for o in decision.options]
    why = decision.rationale
    words = None if why is None else run.contents.text(why)
    return names, words, decision.options_note


def test_a_call_that_the_user_refused_is_a_decision_with_the_users_words() -> None:
    run = claude("Bash", {"command": "ls"}, TOLD + "Use rg." + NOTE, failed=True)
    assert told(run) == (["allow", "*deny"], "Use rg.", "decided by: the user")
    assert run.steps[1].error == "refused by the user"


KINDS = {
    "user-rejected": "decided by: the user",
    "permission-rule": "decided by: permission-rule",
}


@pytest.mark.parametrize(("kind", "by"), KINDS.items())
def test_a_denial_that_a_row_names_needs_no_known_words(kind: str, by: str) -> None:
    run = claude("Bash", {}, "No.", failed=True, toolDenialKind=kind)
    assert told(run) == (["allow", "*deny"], None, by)


NO_DENIALS: dict[str, tuple[str, dict[str, Any]]] = {
    "interrupted": ("No.", {"failed": True, "toolDenialKind": "interrupted"}),
    "an error": ("No such file", {"failed": True}),
    "a file that tells of one": ("Permission to use Bash has been denied.", {}),
}


@pytest.mark.parametrize(("said", "more"), NO_DENIALS.values(), ids=NO_DENIALS)
def test_what_is_no_denial_is_no_decision(said: str, more: dict[str, Any]) -> None:
    assert decided(claude("Read", {}, said, **more)) is None


APPROVED = "User has approved your plan. You can now start coding."
PLANS: dict[str, tuple[dict[str, Any], str, dict[str, Any], tuple[Any, ...]]] = {
    "approved": (
        {"plan": "1. Look"},
        APPROVED,
        {},
        (["*approve the plan", "stay in plan mode"], None, "decided by: the user"),
    ),
    "approved, the plan in the result": (
        {},
        APPROVED,
        {"toolUseResult": {"plan": "1. Look", "isAgent": False}},
        (["*approve the plan", "stay in plan mode"], None, "decided by: the user"),
    ),
    "rejected": (
        {"plan": "1. Look"},
        TOLD + "Test first.",
        {"failed": True},
        (
            ["approve the plan", "*stay in plan mode"],
            "Test first.",
            "decided by: the user",
        ),
    ),
}


@pytest.mark.parametrize(
    ("arguments", "said", "more", "decision"), PLANS.values(), ids=PLANS
)
def test_a_plan_is_an_option_that_the_user_takes_or_not(
    arguments: Any, said: str, more: Any, decision: Any
) -> None:
    run = claude("ExitPlanMode", arguments, said, **more)
    assert told(run) == decision
    plan = run.steps[1].decision.options[0].arguments  # type: ignore[union-attr]
    assert run.contents.value(plan or 0) == "1. Look"


NO_PLANS: dict[str, tuple[str, dict[str, Any]]] = {
    "not in plan mode": ("You are not in plan mode.", {"failed": True}),
    "the lead is asked": (
        "Your plan has been submitted to the team lead",
        {"toolUseResult": {"plan": "1. Look", "awaitingLeaderApproval": True}},
    ),
}


@pytest.mark.parametrize(("said", "more"), NO_PLANS.values(), ids=NO_PLANS)
def test_a_plan_that_nobody_answered_is_no_decision(said: str, more: Any) -> None:
    assert decided(claude("ExitPlanMode", {"plan": "1. Look"}, said, **more)) is None


def test_questions_that_were_turned_away_keep_their_options() -> None:
    options = [{"label": "A"}, {"label": "B"}]
    asked = {"questions": [{"question": "Which?", "options": options}]}
    run = claude("AskUserQuestion", asked, TOLD + "Neither.", failed=True)
    assert told(run) == (["A", "B"], "Neither.", TURNED_AWAY)


CANCELLED = "[Operation Cancelled] Reason: User did not allow tool call"


def test_a_call_that_geminis_user_did_not_allow_is_a_decision() -> None:
    response = {"id": "c", "name": "t", "response": {"error": CANCELLED}}
    made = call("c", "cancelled", result=[{"functionResponse": response}])
    run = gemini(HEAD, message("m", "gemini", "", toolCalls=[made]))
    assert told(run) == (["allow", "*deny"], None, "decided by: the user")


def test_a_call_that_qwens_user_did_not_allow_is_a_decision() -> None:
    result = {"callId": "c", "status": "cancelled", "error": {"message": CANCELLED}}
    run = qwen(*SESSION[:3], {**SESSION[3], "toolCallResult": result})
    (decision,) = (s.decision for s in run.steps if s.decision is not None)
    assert [o.chosen for o in decision.options] == [False, True]
