"""Where the values of calls, answers and decisions came from, if it was in view."""

from collections.abc import Callable
from typing import Any

import pytest

from samples import EXAMPLES, read_runs
from tiny import Tiny
from whypath.builder import Thread
from whypath.derive.origins import asking
from whypath.derive.origins.chains import uses
from whypath.derive.origins.origin import Origin, find_origins
from whypath.derive.origins.texts import MAX_BYTES
from whypath.derive.story import tell
from whypath.derive.values import MAX_DEPTH, MAX_VALUES, texts_of, values_of
from whypath.derive.windows.context import find_contexts
from whypath.model import Run


def origins(run: Run) -> dict[int, tuple[Origin, ...]]:
    return find_origins(run, find_contexts(run))


def of_call(value: Any, *said: Any) -> Origin:
    """The origin of a call's only argument, after the user and tools `said` things."""
    tiny = Tiny()
    for at, text in enumerate(said):
        if isinstance(text, str):
            tiny.step("user", output=text)
        else:
            tiny.step("model", calls=[(f"c{at}", "look")])
            tiny.result(f"c{at}", text)
    tiny.step("model", calls=[("c", "act", {"value": value})])
    tiny.result("c", "done")
    run = tiny.run
    return origins(run)[len(run.steps)][0]


FOUND = {
    "an id in text": ("T-8841", "about T-8841, please", "part"),
    "an id that ends a sentence": ("T-8841", "It is T-8841.", "part"),
    "an id that is all of a text": ("T-8841", "T-8841", "found"),
    "another case": ("sara_doe", "I am Sara_Doe", "normalised"),
    "another separator": ("sara-doe-496", "user sara_doe_496", "normalised"),
    "a phrase": ("invoice export", "every invoice export stops", "part"),
    "a phrase over lines": ("invoice export", "invoice\n  export", "normalised"),
    "an e-mail": ("a.b@c.org", "write to a.b@c.org!", "part"),
    "a path": ("src/a/b.py", "see src/a/b.py:42:def", "part"),
    "the tail of a path": ("/home/u/src/b.py", "see src/b.py", "part"),
    "a file of a path": ("/home/u/index.ts", "edit index.ts", "part"),
    "a URL": ("https://a.org/x?y=1", "at https://a.org/x?y=1 now", "part"),
    "a short code": ("JFK", "from JFK to SFO", "part"),
    "a word beside signs": ("standard", 'tier="standard"', "part"),
    "letters that are not ASCII": ("Müller", "herr MÜLLER", "normalised"),
    "curly quotes": ("T-8841", "the “T-8841”", "part"),
    "an integer": (24, "within 24 hours", "part"),
    "an integer at the end": (24, "it is 24.", "part"),
    "a number beside a unit": (24, "24-hour desk, 24%", "part"),
    "thousands": (1234.5, "costs $1,234.50", "normalised"),
    "thousands in the argument": ("1,234.50", "costs 1234.5", "normalised"),
    "a whole float": (50.0, "costs 50", "normalised"),
    "money": (50, "costs $50.00", "normalised"),
    "a long number in an id": (12345, "ORD-12345", "part"),
    "zeros in front": ("00123", "number 00123", "part"),
    "a date in words": ("2024-05-20", "on May 20, 2024", "normalised"),
    "a date, day first": ("2024-05-20", "the 20th of May 2024", "normalised"),
    "a date with slashes": ("2024-05-20", "on 5/20/2024", "normalised"),
    "a date without its year": ("2024-05-20", "on May 20", "part"),
    "a date of a time": ("2024-05-20", "at 2024-05-20T10:15:00Z", "normalised"),
    "a date for a date in words": ("May 20, 2024", "2024-05-20", "normalised"),
    "a time": ("2024-05-20T10:15:00Z", "2024-05-20 10:15:00 UTC", "normalised"),
    "a time of which only the day is there": ("2024-05-20T10:15", "2024-05-20", "part"),
    "a pattern of signs": ("**/*.py", "look at **/*.py", "part"),
    "accents, composed or not": ("Zoë Müller", "Zoe\u0308 Mu\u0308ller", "normalised"),
    "wide letters": ("ORD-123", "ＯＲＤ－１２３", "normalised"),
    "a name without spaces": ("王小明", "请联系王小明先生", "part"),
    "an id beside such signs": ("ORD-123", "订单ORD-123已", "part"),
    "an id in a URL": ("C-20417", "https://a.org/items/C-20417/edit", "part"),
    "a file here": ("/home/u/index.ts", "edit ./index.ts", "part"),
    "a text, word for word": (
        "say it to them all",
        "Say it to them all!",
        "normalised",
    ),
    "a line": ("return value + other", "def f():\n    return value + other\n", "part"),
    "several lines, numbered": (
        "def area(width):\n    return width * width",
        "  1→def area(width):\n  2→    return width * width\n",
        "part",
    ),
}


@pytest.mark.parametrize(("value", "said", "verdict"), FOUND.values(), ids=FOUND)
def test_a_value_is_found_where_it_stands(value: Any, said: str, verdict: str) -> None:
    origin = of_call(value, "nothing here", said)
    assert origin.verdict == verdict
    assert origin.source
    assert (origin.source.step, origin.source.path) == (2, "$")


NOT_THERE = {
    "a word that is part of another": ("tier", "frontiers", "missing"),
    "an id that is part of another": ("T-8841", "T-88412 and XT-8841", "missing"),
    "another id": ("T-8841", "T-8842", "missing"),
    "a number in a longer number": (24, "240, 1.24, 24.5, 1,24", "missing"),
    "a number in a date or time": (24, "2024-05-24, 5/24/2024, 10:24:30", "missing"),
    "a number in an id": (24, "gpt-24 INC-24 a24 24h routing#24", "missing"),
    "a day of another year": ("2024-05-20", "on May 20, 2023", "missing"),
    "another time of the day": ("T-10:15:07.250", "T-10:15:07.251", "missing"),
    "digits of a longer number": (12345, "12345.6, 9,12345, 12345,6", "missing"),
    "a file of that name elsewhere": ("/u/src/a/main.py", "see lib/main.py", "missing"),
    "a word like a code": ("LAS", "to Las Vegas", "missing"),
    "a pattern's words": ("--red|--blue", "stripe-red-blue", "missing"),
    "other signs": ("**/*.py", "see a.py and py", "missing"),
    "other signs without spaces": ("王小明", "请联系王大明先生", "composed"),
    "words across two items": ("John Smith", ["John", "Smith"], "composed"),
    "another date": ("2024-05-20", "May 21, 2024", "missing"),
    "a word of the enumeration": ("standard", "the tier is vip", "missing"),
    "a few words, none there": ("opening hours", "the tier is vip", "composed"),
    "prose": ("I am sorry for that, truly", "the tier is vip", "composed"),
    "code": ("for a in b:\n    print(a)", "the tier is vip", "composed"),
    "words across two fields": ("John Smith", {"a": "John", "b": "Smith"}, "composed"),
}


@pytest.mark.parametrize(
    ("value", "said", "verdict"), NOT_THERE.values(), ids=NOT_THERE
)
def test_what_is_not_there_is_not_found(value: Any, said: Any, verdict: str) -> None:
    origin = of_call(value, said)
    assert (origin.verdict, origin.source, origin.copies) == (verdict, None, ())


IGNORED: list[Any] = [
    True,
    False,
    None,
    0,
    1,
    -1,
    "",
    "yes",
    "a",
    "====",
    "null",
    "0",
    {},
    [],
]


@pytest.mark.parametrize("value", IGNORED, ids=repr)
def test_what_can_be_there_by_chance_is_not_traced(value: Any) -> None:
    assert list(values_of({"value": value})) == []


PATHS = {
    "a field": ({"user": {"id": "C-20417"}}, "$.user.id", "found"),
    "an item": ([{"id": "x"}, {"id": "C-20417"}], "$[1].id", "found"),
    "a field with an odd name": ({"a b": "C-20417"}, '$["a b"]', "found"),
    "a field's name": ({"users": {"C-20417": {}}}, '$.users["C-20417"]', "found"),
    "JSON inside text": ({"text": '{"id": "C-20417"}'}, "$.text.id", "found"),
    "a text that is JSON": ('[{"id": "C-20417"}]', "$[0].id", "found"),
    "a line in JSON inside text": ({"t": '{"a": "x\\nC-20417"}'}, "$.t.a", "part"),
    "a path of another system": ({"note": "C:\\new\\C-20417"}, "$.note", "part"),
    "text in a field": ({"note": "for C-20417\nnow"}, "$.note", "part"),
    "an escaped line in JSON": ({"note": "a\nC-20417"}, "$.note", "part"),
    "an escaped letter in JSON": ({"note": "\u00e9 \u2028C-20417"}, "$.note", "part"),
}


@pytest.mark.parametrize(("output", "path", "verdict"), PATHS.values(), ids=PATHS)
def test_a_source_is_given_with_its_path(output: Any, path: str, verdict: str) -> None:
    tiny = Tiny()
    tiny.step("model", calls=[("c1", "look")])
    tiny.result("c1", output)
    tiny.step("model", calls=[("c2", "act", {"id": "C-20417"})])
    tiny.result("c2")
    (origin,) = origins(tiny.run)[4]
    assert origin.source is not None
    assert (origin.source.step, origin.source.path) == (2, path)
    assert origin.verdict == verdict


NUMBERS = {
    "a number": ({"sum": 1234.5}, "found"),
    "in a packed list": ([24, 1234.5, 250], "found"),
    "written in a text": ({"sum": "1,234.50 EUR"}, "normalised"),
}


@pytest.mark.parametrize(("output", "verdict"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_is_found_in_a_document(output: Any, verdict: str) -> None:
    origin = of_call(1234.5, output)
    assert (origin.verdict, origin.source and origin.source.step) == (verdict, 2)


def test_a_span_counts_characters_of_the_text() -> None:
    origin = of_call("T-8841", "über T-8841")
    assert origin.source
    assert origin.source.span == (5, 11)


def test_copies_are_the_later_places_in_order() -> None:
    tiny = Tiny()
    tiny.step("user", output="customer C-20417")
    tiny.step("model", calls=[("c1", "look", {"id": "C-20417"})])
    tiny.result("c1", {"customer": "C-20417"})
    tiny.step("model", calls=[("c2", "act", {"id": "C-20417"})])
    tiny.result("c2")
    run = tiny.run
    found = origins(run)
    (origin,) = found[5]
    assert origin.source
    assert (origin.source.step, origin.source.role) == (1, "user")
    assert [(p.step, p.role) for p in origin.copies] == [(2, "assistant"), (3, "tool")]
    assert [(use.step, use.origin.path) for use in uses(found)[1]] == [
        (3, "$.id"),
        (5, "$.id"),
    ]


def test_what_was_compacted_is_not_a_source_but_is_named() -> None:
    tiny = Tiny()
    tiny.step("user", output="customer C-20417")
    tiny.step("model", output="ok")
    tiny.step("user", output="a summary", resets_context=True)
    tiny.step("model", calls=[("c", "look", {"id": "C-20417"})])
    tiny.result("c")
    (origin,) = origins(tiny.run)[5]
    assert (origin.verdict, origin.source) == ("missing", None)
    assert origin.elsewhere
    assert origin.elsewhere.step == 1


def test_windows_that_go_back_see_again_what_they_kept() -> None:
    tiny = Tiny()
    tiny.step("model", seen=["user: alpha-1", "user: beta-2", "user: gamma-3"])
    tiny.step("model", seen=["user: alpha-1", "user: other"])
    arguments = {"a": "alpha-1", "b": "beta-2", "c": "gamma-3", "d": "other"}
    tiny.step(
        "model",
        seen=["user: alpha-1", "user: beta-2", "user: gamma-3"],
        calls=[("c", "act", arguments)],
    )
    tiny.result("c")
    found = origins(tiny.run)[4]
    assert [o.source and o.source.message for o in found] == [1, 2, 3, None]


def test_another_threads_result_is_not_in_view() -> None:
    tiny = Tiny()
    tiny.draft.threads["sub"] = Thread(parent="s")
    tiny.step("user", output="go", key="s")
    tiny.step("tool", "look", thread="sub", output="C-20417")
    tiny.step("model", calls=[("c", "act", {"id": "C-20417"})])
    tiny.result("c")
    origin = next(o for all_ in origins(tiny.run).values() for o in all_)
    assert (origin.verdict, origin.source) == ("missing", None)
    assert origin.elsewhere is not None


def test_what_the_model_reasoned_first_is_named() -> None:
    tiny = Tiny()
    tiny.step("user", output="40 and 2")
    tiny.step("model", reasoning="that is 4217", calls=[("c", "act", {"sum": 4217})])
    tiny.result("c")
    (origin,) = origins(tiny.run)[3]
    assert origin.verdict == "missing"
    assert origin.elsewhere
    assert origin.elsewhere.role == "reasoning"


def test_nothing_recorded_is_unknown_not_missing() -> None:
    assert of_call("C-20417").verdict == "unknown"


def test_a_message_that_is_too_large_to_read_makes_it_unknown() -> None:
    large = "word " * (MAX_BYTES // 4)
    assert of_call("C-20417", large).verdict == "unknown"
    assert of_call("C-20417", "C-20417 " + large).verdict == "part"


def test_the_values_of_the_answer_are_traced_each() -> None:
    tiny = Tiny()
    tiny.step("user", output="refund order W-99812")
    tiny.step("model", calls=[("c", "refund", {"order": "W-99812"})])
    tiny.result("c", {"amount": 1234.5, "date": "2024-05-20"})
    said = (
        "1. Order W-99812: $1,234.50 back by May 20, 2024, at 10:30.\n"
        "2. Write to help@shop.org or call within 45 days about X-111."
    )
    tiny.step("model", output=said)
    found = origins(tiny.run)[4]
    told = {o.value: (o.verdict, o.source and o.source.step) for o in found}
    assert told == {
        "W-99812": ("part", 1),
        "1,234.50": ("normalised", 3),
        "May 20, 2024": ("normalised", 3),
        "10:30": ("missing", None),
        "help@shop.org": ("missing", None),
        "45": ("missing", None),
        "X-111": ("missing", None),
    }
    assert all(o.of == "answer" and o.span for o in found)
    assert all(said[o.span[0] : o.span[1]] == o.value for o in found if o.span)


def test_names_in_code_count_only_where_they_are_found() -> None:
    code = "import base64\nx1_total = open('data.csv').read()\nprint(x1_total)"
    found = of_call_all({"code": code}, "see data.csv")
    assert [(o.value, o.verdict) for o in found[1:]] == [("data.csv", "part")]


def of_call_all(arguments: Any, said: str) -> tuple[Origin, ...]:
    tiny = Tiny()
    tiny.step("user", output=said)
    tiny.step("model", calls=[("c", "act", arguments)])
    tiny.result("c")
    return origins(tiny.run).get(3, ())


def test_the_vip_example_shows_that_standard_was_never_seen() -> None:
    (run,) = read_runs(EXAMPLES / "escalation" / "vip-after-rename.jsonl")
    found = origins(run)
    tier, severity = (o for o in found[9] if o.of == "evidence")
    assert (tier.name, tier.value, tier.verdict) == ("tier", "standard", "missing")
    assert tier.elsewhere
    assert (tier.elsewhere.step, tier.elsewhere.role) == (4, "state")
    assert (severity.name, severity.verdict) == ("severity", "part")
    (lookup,) = found[4]
    assert lookup.source
    assert (lookup.source.step, lookup.source.span) == (1, (24, 31))


HOSTILE: dict[str, Callable[[], Any]] = {
    "deep": lambda: "[" * 5_000 + "]" * 5_000,
    "deep objects": lambda: '{"a":' * 5_000 + "1" + "}" * 5_000,
    "one long word": lambda: "a1-" * 50_000,
    "slashes": lambda: "a/" * 50_000,
    "digits": lambda: "1" * 50_000,
    "commas": lambda: "1,111" * 20_000,
    "dots": lambda: "1." * 50_000,
    "at signs": lambda: "a@" * 50_000,
    "quotes": lambda: '"`“' * 30_000,
    "spaces": lambda: " " * 100_000 + "x" * 4,
    "lines": lambda: "\n" * 100_000 + "abcd efgh ijkl mnop",
    "other digits": lambda: "١٢٣٤ ²²²² Ⅷ",
    "control": lambda: "\x00\x1b[2J\u202e abc def",
    "a date that is none": lambda: "9999-99-99 99/99/0000 Foo 99, 0000",
    "huge numbers": lambda: {"n": 10**300, "f": 1e308, "s": "9" * 4_000},
    "many": lambda: {f"k{i}": f"v-{i}" for i in range(5_000)},
    "odd names": lambda: {"": "abcd", "\n": "efgh", "a" * 5_000: "ijkl", "$": "mnop"},
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values_are_traced_in_little_time(make: Callable[[], Any]) -> None:
    value = make()
    for origin in of_call_all({"value": value}, str(value)[:150_000]):
        assert origin.verdict in ("found", "part", "normalised", "composed", "missing")
    of_call_all(value, "nothing")
    of_call_all({"value": "abcd"}, value if isinstance(value, str) else "x")
    assert len(list(values_of(value))) <= MAX_VALUES


def test_no_text_is_taken_from_too_deep() -> None:
    document: Any = "bottom"
    for _ in range(MAX_DEPTH * 3):
        document = [document]
    assert list(texts_of(document)) == []


def test_of_a_huge_run_the_values_of_the_last_steps_are_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "MAX_STEPS", 3)
    tiny = Tiny()
    tiny.step("user", output="about T-8841, please")
    for at in range(5):
        tiny.step("model", calls=[(f"c{at}", "look", {"ticket_id": "T-8841"})])
        tiny.result(f"c{at}", "done")
    run = tiny.run
    story = tell(run)
    acts = [step.position for step in run.steps if step.kind == "tool"]
    assert list(story.origins) == acts[-3:]
    assert {o.verdict for all_ in story.origins.values() for o in all_} == {"part"}
    told = [problem.what for problem in story.run.problems]
    assert told == [f"the run is huge: values before step {acts[-3]} are not followed"]
    unseen = {check.rule: check for check in story.checks if "huge" in check.note}
    assert list(unseen) == ["ungrounded-argument", "evicted-evidence", "stale-value"]
    assert {check.status for check in unseen.values()} == {"unknown"}
    monkeypatch.setattr(asking, "MAX_STEPS", 5)
    assert list(tell(run).origins) == acts
    assert not tell(run).run.problems
