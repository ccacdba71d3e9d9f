"""Each check on two tiny runs that have it, and on one that almost has it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tiny import Tiny
from whypath.derive.findings.detectors import DETECTORS
from whypath.derive.findings.finding import Finding
from whypath.derive.story import Story
from whypath.model import Option, Outcome

Event = tuple[Any, ...]
Made = Callable[[], Tiny]


def user(text: str) -> Event:
    return "user", text


def call(tool: str, arguments: Any, result: Any, **fields: Any) -> Event:
    """A call and what came back; `failed` with its reason, `words` beside the call.

    `is_open`: nothing came back.
    """
    return "call", tool, arguments, result, fields


def say(text: str) -> Event:
    return "say", text


def script(*events: Event, offered: Any = None, ended: Any = "ok") -> Made:
    """A maker of the run in which these things happened."""

    def make() -> Tiny:
        tiny = Tiny()
        for number, event in enumerate(events):
            if event[0] == "user":
                tiny.step("user", output=event[1])
            elif event[0] == "say":
                tiny.step("model", output=event[1], status="ok")
            else:
                _, tool, arguments, result, fields = event
                failed, words = fields.get("failed"), fields.get("words")
                said = {} if words is None else {"output": words}
                calls = [(f"c{number}", tool, arguments)]
                tools = {} if offered is None else {"tools": offered}
                tiny.step("model", calls=calls, status="ok", **said, **tools)
                if fields.get("is_open"):
                    continue
                how = {"status": "error", "error": failed} if failed else {}
                tiny.result(f"c{number}", result, **how)
        tiny.draft.status = ended
        return tiny

    return make


def defined(tool: str, schema: Any, arguments: Any) -> Made:
    """One call of a tool whose definition is recorded."""

    def make() -> Tiny:
        from whypath.model import Tool

        tiny = Tiny()
        definition = tiny.keep({"name": tool, "parameters": schema})
        step = tiny.step("model", calls=[("c", tool, arguments)], status="ok")
        step.tools = (Tool(tool, definition),)
        tiny.result("c", "done")
        return tiny

    return make


def decided(
    output: Any,
    value: Any,
    path: str,
    *,
    default: bool = False,
    options: tuple[Option, ...] = (),
    rationale: str | None = None,
) -> Made:
    """A lookup and a recorded decision that rests on it."""

    def make() -> Tiny:
        from dataclasses import replace

        tiny = Tiny()
        tiny.step("tool", "crm", key="t", input={"id": 7}, output=output, status="ok")
        evidence = replace(tiny.evidence("tier", value, "t", path), default=default)
        fields: dict[str, Any] = {"evidence": (evidence,)}
        if options:
            fields["options"] = options
        if rationale is not None:
            fields["rationale"] = tiny.keep(rationale)
        tiny.step("decision", "route", decision=tiny.decision("low", "high", **fields))
        return tiny

    return make


def set_state(name: str, value: Any, output: Any) -> Made:
    """A lookup after which a value of the state was set."""

    def make() -> Tiny:
        from whypath.model import StateChange

        tiny = Tiny()
        step = tiny.step("tool", "crm", input={"id": 7}, output=output, status="ok")
        step.state = (StateChange(name, tiny.keep(value)),)
        return tiny

    return make


def compacted(value: str, summary: str) -> Made:
    """A value was read, the context started anew, then it was used."""

    def make() -> Tiny:
        tiny = Tiny()
        tiny.step("model", calls=[("a", "find_order", {"q": "x"})], status="ok")
        tiny.result("a", {"order_id": value})
        tiny.step("user", output=summary, resets_context=True)
        tiny.step("model", calls=[("b", "cancel_order", {"order_id": value})])
        tiny.result("b", "done")
        return tiny

    return make


def abandoned(flag: bool) -> Made:
    def make() -> Tiny:
        tiny = Tiny()
        tiny.step("user", output="hi")
        tiny.step("model", output="one way", status="ok", abandoned=flag)
        tiny.step("model", output="the other way", status="ok")
        return tiny

    return make


def tokens(model: str, used: int) -> Made:
    def make() -> Tiny:
        from whypath.model import Usage

        tiny = Tiny()
        tiny.step("model", output="x", model=model, usage=Usage(used, 5))
        return tiny

    return make


def restarted(times: int) -> Made:
    def make() -> Tiny:
        tiny = Tiny()
        tiny.step("user", output="hi")
        for _ in range(times):
            tiny.step("model", output="x", status="ok")
            tiny.step("user", output="a summary", resets_context=True)
        tiny.step("model", output="y", status="ok")
        return tiny

    return make


def with_answer(*events: Event, answer: str) -> Made:
    made = script(*events, say(answer))

    def make() -> Tiny:
        tiny = made()
        tiny.draft.outcome = Outcome(answer=tiny.keep(answer))
        return tiny

    return make


ORDER = {"order_id": "W-5521", "user_id": "ada_7", "total": 120}
TODO = [
    {"content": "find it", "status": "completed"},
    {"content": "test it", "status": "pending"},
]
DONE = [{**item, "status": "completed"} for item in TODO]
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
    "required": ["city"],
}
SAME = {"q": "late parcels"}
SAID_NOTHING = "I go on."

CASES: dict[str, tuple[Made, Made, Made]] = {
    "wrong-evidence": (
        decided({"tier": "gold"}, "silver", "$.tier"),
        decided({"a": [{"n": 3}]}, 4, "$.a[0].n"),
        decided({"tier": "gold"}, "gold", "$.tier"),
    ),
    "renamed-field": (
        decided({"account_tier": "vip"}, "standard", "$.tier"),
        set_state("customer.tier", "standard", {"account_tier": "vip"}),
        set_state("customer.tier", "vip", {"account_tier": "vip"}),
    ),
    "default-used": (
        decided({"account_tier": "vip"}, "standard", "$.tier", default=True),
        decided({}, 0, "$.credit.score", default=True),
        decided({"tier": "standard"}, "standard", "$.tier", default=True),
    ),
    "ungrounded-argument": (
        script(
            user("cancel my order"),
            call("cancel_order", {"order_id": "W-9912"}, "cancelled"),
        ),
        script(
            user("who am I?"),
            call("get_user", {"user_id": "ada_4471"}, "Error: user not found"),
        ),
        script(
            user("cancel order W-9912"),
            call("cancel_order", {"order_id": "#w-9912"}, "cancelled"),
            call("search_files", {"pattern": "x-77", "limit": 250}, "No files found"),
            call("get_user", {"user_id": "ada_4471"}, {"name": "Ada"}),
        ),
    ),
    "evicted-evidence": (
        compacted("W-5521", "We looked for an order."),
        compacted("INV-88172", "We talked."),
        compacted("W-5521", "We looked for the order W-5521."),
    ),
    "stale-value": (
        script(
            call("get_quote", {"id": "q-1"}, {"price": 1204.5}),
            call("get_quote", {"id": "q-1"}, {"price": 1390.25}),
            call("buy_quote", {"id": "q-1", "price": 1204.5}, "bought"),
        ),
        script(
            call("get_user", {"id": 4711}, {"phone": "555-0101-22"}),
            call("get_user", {"id": 4711}, {"phone": "555-0199-33"}),
            call("send_sms", {"phone": "555-0101-22"}, "sent"),
        ),
        script(
            call("get_quote", {"id": "q-1"}, {"price": 1204.5}),
            call("get_quote", {"id": "q-1"}, {"price": 1390.25}),
            call("buy_quote", {"id": "q-1", "price": 1390.25}, "bought"),
        ),
    ),
    "entity-mixup": (
        script(
            call("get_order", {"order_id": "W-5521"}, ORDER),
            call("refund_order", {"order_id": "W-5521", "user_id": "bob_2"}, "done"),
        ),
        script(
            call("list_all", {}, [{"case_id": "k9", "site_id": "s1"}]),
            call("close_case", {"case_id": "k9", "site_id": "s2"}, "closed"),
        ),
        script(
            call("get_order", {"order_id": "W-5521"}, ORDER),
            call("refund_order", {"order_id": "W-5521", "user_id": "ada_7"}, "done"),
        ),
    ),
    "answer-contradicts-tool": (
        with_answer(
            call("get_order", {"id": "W-5521"}, {"order_total": 120.75}),
            answer="Your order total: $210.75, paid in full.",
        ),
        with_answer(
            call("get_order", {"id": "W-5521"}, {"delivery_date": "2026-03-14"}),
            answer="The delivery date is 2026-05-20 as planned.",
        ),
        with_answer(
            call("get_order", {"id": "W-5521"}, {"order_total": 120.75}),
            answer="Your order total: $120.75. With shipping that makes 131.40.",
        ),
    ),
    "hallucinated-tool": (
        script(call("find_ship", {}, "?", failed="none such"), offered=("get_order",)),
        script(call("Bashh", {"c": "ls"}, "Error: no tool"), offered=("Bash",)),
        script(
            call("mcp__shop__get_order", {}, "x", failed="down"),
            call("find_ship", {}, "found"),
            offered=("get_order",),
        ),
    ),
    "invalid-arguments": (
        defined("weather", CITY, {"unit": "c"}),
        defined("weather", CITY, {"city": "Oslo", "unit": "kelvin"}),
        defined("weather", CITY, {"city": "Oslo", "unit": "f", "more": 1}),
    ),
    "phantom-completion": (
        script(
            user("refund it"),
            call("get_order", {"q": "a"}, ORDER),
            say("I have refunded the whole amount."),
        ),
        script(
            user("move my flight"),
            call("move_flight", {"q": "a"}, "x", failed="no seats"),
            say("Your flight has been successfully rescheduled."),
        ),
        script(
            user("refund it"),
            call("refund_order", {"q": "a"}, "done"),
            say("I have refunded the whole amount."),
        ),
    ),
    "masked-error": (
        script(
            user("book it"),
            call("book_room", {"q": 1}, "x", failed="room is taken"),
            say("All done, your room has been booked successfully!"),
        ),
        script(
            user("write it"),
            call("write_file", {"q": 1}, {"success": False, "reason": "disk full"}),
            say("The report is now complete."),
        ),
        script(
            user("book it"),
            call("book_room", {"q": 1}, "x", failed="room is taken"),
            call("book_room", {"q": 2}, "booked"),
            say("All done, your room has been booked successfully!"),
        ),
    ),
    "partial-as-complete": (
        script(call("TodoWrite", {"todos": TODO}, "ok"), say("Everything is done.")),
        script(call("update_plan", {"plan": TODO}, "ok"), say("It is now fixed.")),
        script(call("TodoWrite", {"todos": DONE}, "ok"), say("Everything is done.")),
    ),
    "unverified-write": (
        script(
            call("Bash", {"command": "pytest"}, "1 failed"),
            call("Edit", {"file_path": "/a.py", "new": "x"}, "edited"),
            say("The bug is fixed."),
        ),
        script(
            call("run_shell", {"c": "make"}, "built"),
            call("write_file", {"path": "b.md", "text": "x"}, "written"),
            say("It is done."),
        ),
        script(
            call("Edit", {"file_path": "/a.py", "new": "x"}, "edited"),
            call("Bash", {"command": "pytest"}, "2 passed"),
            say("The bug is fixed."),
        ),
    ),
    "reason-action-mismatch": (
        decided(
            {"tier": "a"},
            "a",
            "$.tier",
            options=(Option("low", True, score=0.2), Option("high", score=0.7)),
        ),
        decided(
            {"tier": "a"},
            "a",
            "$.tier",
            rationale="The customer is angry, so go with high at once.",
        ),
        decided(
            {"tier": "a"},
            "a",
            "$.tier",
            options=(Option("low", True, score=0.7), Option("high", score=0.2)),
            rationale="Not high: go with low.",
        ),
    ),
    "silent-failure": (
        script(call("submit_job", {"q": 1}, {"status": 200, "success": False})),
        script(call("post", {"q": 1}, '{"ok": true, "error": "quota exceeded"}')),
        script(
            call("post", {"q": 1}, {"ok": True, "error": None, "errors": []}),
            call(
                "get_job", {"q": 1}, {"id": 7, "status": "failed", "rows": 3, "by": 1}
            ),
        ),
    ),
    "unhandled-error": (
        script(
            user("do both"),
            call("query_stock", {"sku": "A-1"}, "x", failed="HTTP 500"),
            call("list_users", {"n": 3}, "Ada", words=SAID_NOTHING),
        ),
        script(
            user("do both"),
            call("Bash", {"command": "make lint"}, "Exit code 2\nno rule"),
            call("open_page", {"u": "start"}, "Hello", words="Now the page."),
        ),
        script(
            user("do both"),
            call("query_stock", {"sku": "A-1"}, "x", failed="HTTP 500"),
            call("list_users", {"n": 3}, "Ada", words="The stock failed; on to users."),
        ),
    ),
    "failed-call": (
        script(call("get_user", {"q": 1}, "x", failed="timed out")),
        script(
            call("Bash", {"c": "x"}, "Traceback (most recent call last):\nKeyError: 1")
        ),
        script(
            call("Read", {"f": "x"}, "  1\tdef test_error():\n  2\t    raise Error")
        ),
    ),
    "error-cascade": (
        script(*(call(f"get_{n}", {"q": 1}, "x", failed="down") for n in "abc")),
        script(*(call("Bash", {"c": n}, "bash: x: command not found") for n in "abc")),
        script(
            call("get_a", {"q": 1}, "x", failed="down"),
            call("get_b", {"q": 1}, "x", failed="down"),
            call("get_c", {"q": 1}, "fine"),
            call("get_d", {"q": 1}, "x", failed="down"),
        ),
    ),
    "retry-storm": (
        script(*(call("pay", {"n": n}, "x", failed="declined") for n in range(5))),
        script(*(call("Edit", {"n": n}, "Error: no match") for n in range(6))),
        script(
            *(call("pay", {"n": n}, "x", failed="declined") for n in range(4)),
            call("pay", {"n": 9}, "paid"),
        ),
    ),
    "empty-result": (
        script(call("search_orders", SAME, [])),
        script(call("find_users", SAME, {"users": [], "total": 0})),
        script(call("Bash", {"command": "mkdir a"}, ""), call("think", {"t": "x"}, "")),
    ),
    "empty-committed": (
        script(
            user("rebook"),
            call("search_flights", SAME, [], words="Look."),
            call("book_flight", {"n": 1}, "booked", words=SAID_NOTHING),
        ),
        script(
            user("clean up"),
            call("list_owners", SAME, "No owners found."),
            call("delete_repo", {"n": 1}, "deleted"),
        ),
        script(
            user("rebook"),
            call("search_flights", SAME, []),
            call("search_trains", SAME, [{"train": "IC 1"}]),
            call("book_train", {"n": 1}, "booked"),
        ),
    ),
    "truncated-result": (
        script(
            call("Read", {"f": 1}, "a\nb\n... [output truncated, 482 lines omitted]")
        ),
        script(call("list_rows", {"f": 1}, {"rows": [1, 2], "next_page_token": "x9"})),
        script(
            call("Read", {"f": 1}, "def cut(text):\n    return truncated(text)  # [1]"),
            call("list_rows", {"f": 1}, {"rows": [1, 2], "has_more": False}),
        ),
    ),
    "truncated-evidence": (
        script(
            user("how many?"),
            call("list_rows", {"f": 1}, {"rows": [1, 2], "has_more": True}),
            say("There are 2 rows."),
        ),
        script(
            user("which fail?"),
            call("read_log", {"f": 1}, "a failed\n[truncated: 90 more lines]"),
            say("The only failing test is a."),
        ),
        script(
            user("how many?"),
            call("list_rows", {"f": 1}, {"rows": [1, 2], "has_more": True}),
            say("There are at least 2 rows; the list goes on."),
        ),
    ),
    "repeat-call": (
        script(*(call("get_order", SAME, ORDER) for _ in range(3))),
        script(
            call("ls", {"d": "."}, "a"),
            call("get_x", {"d": 1}, "b"),
            call("ls", {"d": "."}, "a"),
            call("ls", {"d": "."}, "a"),
        ),
        script(
            *(call("get_job", SAME, {"done": n}) for n in range(3)),
            call("Bash", {"c": "pytest"}, "1 failed"),
            call("Edit", {"f": 1}, "edited"),
            call("Bash", {"c": "pytest"}, "1 failed"),
            call("Edit", {"f": 2}, "edited"),
            call("Bash", {"c": "pytest"}, "1 failed"),
            call("TodoWrite", {"todos": ["fix"]}, "ok"),
            call("Edit", {"f": 3}, "edited"),
            call("TodoWrite", {"todos": ["fix"]}, "ok"),
            call("Edit", {"f": 4}, "edited"),
            call("TodoWrite", {"todos": ["fix"]}, "ok"),
        ),
    ),
    "cycle": (
        script(*(call(t, SAME, t) for _ in range(3) for t in ("get_a", "get_b"))),
        script(
            *(call(t, SAME, t) for _ in range(4) for t in ("open", "shut", "read_x"))
        ),
        script(*(call(t, SAME, t) for _ in range(2) for t in ("get_a", "get_b"))),
    ),
    "no-progress": (
        script(
            *(call("get_x", {"n": n % 4}, n % 4) for n in (0, 1, 2, 3, 1, 0, 3, 2)),
            *(call("get_x", {"n": n % 4}, n % 4) for n in (2, 0, 1, 3, 0, 2)),
        ),
        script(*(call("ls", {"d": d}, d) for d in "abcdacbdbadc")),
        script(*(call("ls", {"d": d}, d) for d in "abcdacbdxbadcy")),
    ),
    "duplicate-side-effect": (
        script(*(call("send_email", {"to": "ada", "x": "hi"}, "sent") for _ in "ab")),
        script(
            call("create_refund", {"order": "W-1"}, {"id": 1}),
            call("get_order", {"order": "W-1"}, ORDER),
            call("create_refund", {"order": "W-1"}, {"id": 2}),
        ),
        script(
            call("send_email", {"to": "ada"}, "x", failed="timed out"),
            call("send_email", {"to": "ada"}, "sent"),
            *(call("write_file", {"path": "a", "text": "b"}, "ok") for _ in "ab"),
        ),
    ),
    "dead-end": (abandoned(True), abandoned(True), abandoned(False)),
    "context-pressure": (
        tokens("claude-sonnet-4-5", 190_000),
        restarted(2),
        tokens("claude-sonnet-4-5", 90_000),
    ),
    "trace-integrity": (
        script(call("get_a", {}, 0, is_open=True), call("get_b", {}, "x")),
        script(call("get_a", {}, 0, is_open=True), say("done")),
        script(call("get_a", {}, "x"), say("done")),
    ),
}


def rules(story: Story) -> set[str]:
    return {finding.rule for finding in story.findings}


def broken(story: Story) -> list[Any]:
    return [check for check in story.checks if check.status == "error"]


@pytest.mark.parametrize("rule", CASES)
def test_a_check_finds_what_is_there_and_not_what_is_almost_there(rule: str) -> None:
    for number, make in enumerate(CASES[rule]):
        story = make().story
        assert not broken(story)
        found = rule in rules(story)
        assert found == (number < 2), (number, story.findings, story.checks)


@pytest.mark.parametrize("rule", CASES)
def test_a_finding_points_at_steps_that_exist_and_is_one_sentence(rule: str) -> None:
    story = CASES[rule][0]().story
    for finding in story.findings:
        places = (*finding.steps, *(cite.step for cite in finding.cites))
        assert all(1 <= place <= len(story.run.steps) for place in places)
        assert 10 < len(finding.statement) < 400
        assert "\n" not in finding.statement
        assert finding.fingerprint


def test_a_plan_written_again_and_again_is_a_repeat_and_changes_nothing() -> None:
    plan = call("TodoWrite", {"todos": ["fix"]}, "ok")
    assert "repeat-call" in rules(script(plan, plan, plan)().story)
    look = call("get_order", SAME, ORDER)
    assert "repeat-call" in rules(script(look, plan, look, plan, look)().story)


def test_every_check_has_its_cases() -> None:
    both = {"empty-committed", "truncated-evidence"}
    assert {detector.id for detector in DETECTORS} | both == set(CASES)


BLIND: dict[str, tuple[str, Made]] = {
    "tools": ("hallucinated-tool", script(call("get", {"q": 1}, "x"))),
    "definitions": ("invalid-arguments", script(call("get", {"q": 1}, "x"))),
    "window": ("context-pressure", tokens("our-own-model", 5)),
    "arguments": ("repeat-call", script(call("get", None, "x"))),
    "what a tool did": (
        "phantom-completion",
        script(user("go"), call("Bash", {"c": "x"}, "ok"), say("I have updated it.")),
    ),
}


@pytest.mark.parametrize(("rule", "make"), BLIND.values(), ids=BLIND)
def test_a_check_that_cannot_see_says_so(rule: str, make: Made) -> None:
    (check,) = (check for check in make().story.checks if check.rule == rule)
    assert check.status == "unknown"
    assert check.note


def test_a_check_that_breaks_is_an_error_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from whypath.derive.findings import detectors

    def breaks(_: Any) -> Any:
        raise ZeroDivisionError

    mine = DETECTORS[0]._replace(look=breaks)
    monkeypatch.setattr(detectors, "DETECTORS", (mine, *DETECTORS[1:]))
    story = CASES["repeat-call"][0]().story
    assert story.checks[0].status == "error"
    assert "repeat-call" in rules(story)


def about(rule: str, make: Made) -> Finding:
    return next(f for f in make().story.findings if f.rule == rule)


def test_a_fingerprint_outlives_ids_and_positions() -> None:
    event = call("submit_job", {"q": 1}, {"success": False, "reason": "quota"})
    first = about("silent-failure", script(event))
    later = about("silent-failure", script(user("hi"), say("hello"), event))
    assert first.step != later.step
    assert first.fingerprint == later.fingerprint


def test_findings_of_the_same_kind_have_fingerprints_of_their_own() -> None:
    events = [call("pay", {"n": n}, "ok") for n in ("W-1177", "W-1188")]
    story = script(user("pay"), *events).__call__().story
    prints = [f.fingerprint for f in story.findings if f.rule == "ungrounded-argument"]
    assert len(prints) == len(set(prints))


def test_the_index_has_a_row_for_each_step_of_a_finding() -> None:
    from whypath.render.index import columns

    story = CASES["repeat-call"][0]().story
    rows = json.loads(dict(columns(story, {}, None))["findings"])
    words = story.findings[0].statement
    assert rows == [[at, "repeat-call", "warning", words] for at in (2, 4, 6)]


def test_only_nodes_with_more_than_a_note_are_marked() -> None:
    from whypath.derive.graphs.graph import build_graph
    from whypath.derive.graphs.marks import mark_findings

    def marks(make: Made) -> set[str]:
        story = make().story
        titles = {step.position: step.name for step in story.run.steps}
        graph = build_graph(story.run, story.decisions, lambda s: titles[s.position])
        return {node.found for node in mark_findings(graph, story.findings).nodes}

    assert marks(CASES["repeat-call"][0]) >= {"warning"}
    assert marks(CASES["phantom-completion"][0]) >= {"error"}
    assert marks(CASES["empty-result"][0]) == {""}
