"""A user's own rules: what they find, what they cannot tell, what a bad file is."""

from typing import Any

import pytest

from test_detectors import ORDER, Made, call, decided, say, script, tokens, user
from whypath.derive.findings.finding import Checked, Finding
from whypath.derive.rules.expressions import compile_expression, evaluate
from whypath.derive.rules.facts import StepFacts
from whypath.derive.rules.file import read_rules
from whypath.derive.rules.rule import allow, apply_rules
from whypath.errors import TraceError


def applied(make: Made, text: str) -> tuple[list[Finding], Checked]:
    """What the only rule of a file finds, and what came of it."""
    found, (check,) = apply_rules(make().story, read_rules(text, "rules.toml"))
    return found, check


def rule(body: str, more: str = "") -> str:
    return f'[[rule]]\nid = "mine"\n{body}\n{more}'


SHOP = script(
    user("refund it"),
    call("get_order", {"id": "W-1"}, ORDER),
    call("refund_order", {"id": "W-1", "amount": 250}, {"ok": True}),
    say("Done, refunded."),
)
LOOP = script(*(call("search", {"q": n}, n) for n in range(5)), say("x"))

CASES: dict[str, tuple[Made, str, str, int]] = {
    "required and there": (
        SHOP,
        "select = \"tool == 'refund_order'\"\nrequire = 'input.amount < 500'",
        "no_match",
        0,
    ),
    "required and not so": (
        SHOP,
        "select = \"tool == 'refund_order'\"\nrequire = 'input.amount < 100'",
        "match",
        5,
    ),
    "a field that is not there": (
        SHOP,
        "select = \"tool == 'refund_order'\"\nrequire = 'input.total < 100'",
        "unknown",
        0,
    ),
    "a number that is not recorded": (
        SHOP,
        "select = \"kind == 'model'\"\nrequire = 'tokens_in < 100'",
        "unknown",
        0,
    ),
    "nothing to look at": (
        SHOP,
        "select = \"tool == 'fly'\"\nrequire = 'input.amount < 100'",
        "not_applicable",
        0,
    ),
    "forbidden": (SHOP, "forbid = \"tool.startsWith('refund')\"", "match", 5),
    "no boolean": (SHOP, "require = 'step'", "error", 0),
    "division by zero": (SHOP, "require = '1 / 0 == step'", "error", 0),
    "expected somewhere": (SHOP, "expect = \"tool == 'get_order'\"", "no_match", 0),
    "expected and never": (SHOP, "expect = \"tool == 'ask_user'\"", "match", 6),
    "absent": (SHOP, "absence = \"tool == 'delete_all'\"", "no_match", 0),
    "in order": (
        SHOP,
        "precedence = { first = \"tool == 'get_order'\","
        " then = \"tool == 'refund_order'\" }",
        "no_match",
        0,
    ),
    "out of order": (
        SHOP,
        "precedence = { first = \"tool == 'ask_user'\","
        " then = \"tool == 'refund_order'\" }",
        "match",
        5,
    ),
    "answered": (
        SHOP,
        "response = { after = \"tool == 'refund_order'\","
        " expect = \"kind == 'model'\", within = 1 }",
        "no_match",
        0,
    ),
    "not answered in time": (
        SHOP,
        "response = { after = \"tool == 'get_order'\","
        " expect = \"output.contains('refunded')\", within = 1 }",
        "unknown",
        0,
    ),
    "not answered": (
        SHOP,
        "response = { after = \"tool == 'get_order'\","
        " expect = \"tool == 'ask_user'\", within = 2 }",
        "match",
        3,
    ),
    "too often": (
        LOOP,
        "count = { of = \"tool == 'search'\", at_most = 3 }",
        "match",
        8,
    ),
    "often enough": (
        LOOP,
        "count = { of = \"tool == 'search'\", at_least = 5, at_most = 5 }",
        "no_match",
        0,
    ),
    "too seldom": (
        LOOP,
        "count = { of = \"tool == 'open'\", at_least = 1 }",
        "match",
        11,
    ),
    "not what it is about": (
        LOOP,
        "given = \"tool == 'pay'\"\nexpect = \"tool == 'open'\"",
        "not_applicable",
        0,
    ),
}


@pytest.mark.parametrize(("make", "body", "status", "step"), CASES.values(), ids=CASES)
def test_a_rule_says_what_it_finds_and_what_it_cannot_tell(
    make: Made, body: str, status: str, step: int
) -> None:
    found, check = applied(make, rule(body))
    assert check.status == status, check
    assert [finding.step for finding in found] == ([step] if step else [])
    if status in ("unknown", "error"):
        assert check.note


def test_a_message_is_shown_with_its_severity() -> None:
    body = "forbid = \"tool == 'refund_order'\"\nseverity = 'warning'\nmessage = 'Ask'"
    ((finding,), _) = applied(SHOP, rule(body))
    assert (finding.severity, finding.statement) == ("warning", "Ask (step 5)")


def test_budgets_are_checked_and_what_is_not_recorded_is_unknown() -> None:
    found, check = applied(LOOP, "[budget]\nsteps = 5\ncost_usd = 1.5")
    assert [finding.rule for finding in found] == ["budget"]
    assert "11 steps, more than the 5" in found[0].statement
    assert check.status == "match"
    assert "cost_usd is not recorded" in check.note


def test_an_allowance_marks_a_finding_and_hides_nothing() -> None:
    rules = read_rules(
        "[[allow]]\nrule = 'failed-call'\nwhen = \"tool == 'get_user'\"\n"
        "reason = 'the sandbox has no users'",
        "rules.toml",
    )
    fails = [call(t, {"q": t}, "x", failed="down") for t in ("get_user", "get_page")]
    story = script(*fails).__call__().story
    found = {f.step: f.expected for f in allow(story, story.findings, rules.allowances)}
    assert found == {2: "the sandbox has no users", 4: None}


WRONG: dict[str, tuple[str, int | None, str]] = {
    "no TOML": ("[[rule]]\nid = \n", 2, "no TOML"),
    "an unknown table": ("\n[rules]\n", 2, "there is no [rules]"),
    "no id": ("[[rule]]\nforbid = 'true'", 1, "needs an id"),
    "no form": (rule(""), 1, "needs one of"),
    "two forms": (rule("forbid = 'true'\nrequire = 'true'"), 1, "require and forbid"),
    "an unknown key": (rule("forbid = 'true'\nsevrity = 'x'"), 4, "no sevrity"),
    "a bad severity": (rule("forbid = 'true'\nseverity = 'bad'"), 4, "one of error"),
    "no CEL": (rule("forbid = 'tool =='"), 3, "is no CEL: at 1:8"),
    "an unknown variable": (rule("forbid = 'toll == 1'"), 3, "did you mean tool?"),
    "an unknown function": (rule("forbid = 'open(name)'"), 3, "calls open()"),
    "not quoted": (rule("forbid = 7"), 3, "expression, in quotes"),
    "the second rule": (
        rule("forbid = 'true'", "[[rule]]\nid = 'b'\nforbid = 'x'"),
        6,
        "speaks of x",
    ),
    "the same id": (
        rule("forbid = 'true'", "[[rule]]\nid = 'mine'\nforbid = 'true'"),
        5,
        "a second rule",
    ),
    "an id of our own": (
        '[[rule]]\nid = "cycle"\nforbid = "true"',
        2,
        "a second rule with the id cycle",
    ),
    "no reason": ("[[allow]]\nrule = 'cycle'", 1, "needs a reason"),
    "a budget of text": ("[budget]\nsteps = 'few'", 2, "steps is a number"),
    "count without a number": (rule("count = {of = 'true'}"), 3, "at_least or at_most"),
    "a strange key inside": (
        rule("response = {after = 'true', expect = 'true', near = 1}"),
        3,
        "response has no near",
    ),
    "too many macros": (
        rule("forbid = '" + "chosen.all(a, " * 5 + "true" + ")" * 5 + "'"),
        3,
        "more than 4",
    ),
    "too deep": (rule("forbid = '" + "(" * 90 + "true" + ")" * 90 + "'"), 3, "deeply"),
}


@pytest.mark.parametrize(("text", "line", "why"), WRONG.values(), ids=WRONG)
def test_a_bad_file_is_told_with_its_line(
    text: str, line: int | None, why: str
) -> None:
    with pytest.raises(TraceError) as caught:
        read_rules(text, "rules.toml")
    assert why in str(caught.value)
    assert caught.value.line == line
    assert caught.value.source == "rules.toml"


FACTS: dict[str, tuple[Made, int, str]] = {
    "arguments": (SHOP, 5, "input.amount == 250 && tool == 'refund_order'"),
    "JSON in a text": (
        script(call("get", {"q": 1}, '{"rows": [1, 2]}')),
        2,
        "size(output.rows) == 2",
    ),
    "what is absent is null": (SHOP, 1, "input == null && tool == '' && error == ''"),
    "a decision": (
        decided({"tier": "a"}, "a", "$.tier"),
        2,
        "question == 'Which way?' && 'low' in chosen && size(options) == 2"
        " && basis == 'recorded'",
    ),
    "findings": (
        script(call("submit_job", {"q": 1}, {"success": False})),
        2,
        "'silent-failure' in findings",
    ),
    "tokens": (tokens("gpt-4o", 7), 1, "tokens_in == 7 && tokens_out == 5"),
    "no cost": (tokens("gpt-4o", 7), 1, "cost == null && duration_s == null"),
    "flags": (SHOP, 1, "!abandoned && step == 1 && status != 'error'"),
    "macros and patterns": (
        SHOP,
        5,
        "name.matches('^refund') && findings.all(f, size(f) > 0)",
    ),
}


@pytest.mark.parametrize(("make", "step", "text"), FACTS.values(), ids=FACTS)
def test_the_facts_of_a_step_are_named_as_in_the_page(
    make: Made, step: int, text: str
) -> None:
    story = make().story
    expression = compile_expression(text)
    facts = StepFacts(story).of(story.run.step(step), expression.needs)
    assert evaluate(expression, facts).said == "true", facts


def test_state_is_what_it_was_after_the_step() -> None:
    from tiny import Tiny
    from whypath.model import StateChange

    tiny = Tiny()
    tiny.step("tool", "a").state = (StateChange("cart.total", tiny.keep(5)),)
    tiny.step("tool", "b").state = (StateChange("cart.total", tiny.keep(9)),)
    tiny.step("tool", "c").state = (StateChange("cart.total", None),)
    story = tiny.story
    facts = StepFacts(story)
    states = [facts.of(step, ["state"])["state"] for step in story.run.steps]
    assert states == [{"cart.total": 5}, {"cart.total": 9}, {}]


def test_what_is_too_large_is_unknown_and_not_looked_through() -> None:
    many = script(call("get", {"q": 1}, {"rows": list(range(5_000))}))
    _, check = applied(many, rule("forbid = 'output.rows.exists(r, r == 7)'"))
    assert check.status == "unknown"
    assert "too large" in check.note


@pytest.mark.parametrize(
    "text", ["'a' + 1 == 'b'", "int(name) == 1", "chosen[9] == ''"]
)
def test_an_expression_that_fails_never_passes(text: str) -> None:
    story = SHOP().story
    expression = compile_expression(text)
    facts: dict[str, Any] = StepFacts(story).of(story.run.step(3), expression.needs)
    assert evaluate(expression, facts).said in ("unknown", "error")


def test_the_rules_in_the_readme_are_rules() -> None:
    import re

    from samples import ROOT

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    rules = [read_rules(block, "README.md") for block in blocks if "[[rule]]" in block]
    assert [len(one.rules) for one in rules] == [3]
    for name in ("step", "findings", "duration_s", "state"):
        assert f"`{name}`" in text
