"""The command `diff`: which runs it takes, what it says and writes, how it ends."""

import gc
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from samples import EXAMPLES
from tiny import Tiny
from whypath.build import compare_all, masks, read_input
from whypath.cli import main
from whypath.comparison import as_json, lines, markdown
from whypath.derive.diffs.diff import compare
from whypath.derive.diffs.masks import Masks

BEFORE = str(EXAMPLES / "escalation" / "vip-before-rename.jsonl")
AFTER = str(EXAMPLES / "escalation" / "vip-after-rename.jsonl")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """The command turns the garbage collector off, for itself."""
    yield
    gc.enable()
    gc.unfreeze()


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["diff", *map(str, arguments)])
    crashed = result.exception is not None
    assert not crashed or isinstance(result.exception, SystemExit), result.exception
    return result


def rows(path: Path, *runs: tuple[str, str]) -> Path:
    """A file with a run in each line: an id, and the tool that was called."""
    made = [
        {
            "task_id": name,
            "trial": 0,
            "reward": 1.0,
            "info": {},
            "traj": [
                {"role": "user", "content": "Do it."},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": tool, "arguments": "{}"},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "done"},
            ],
        }
        for name, tool in runs
    ]
    path.write_text("\n".join(map(json.dumps, made)) + "\n", encoding="utf-8")
    return path


def test_the_sentence_names_the_renamed_field_and_not_the_routing_step() -> None:
    result = run(BEFORE, AFTER)
    assert result.exit_code == 1
    assert (
        "They part at step 9, “Which queue takes this ticket?”: A chose “vip-desk”, "
        "B “general”. The input differed: crm.lookup (step 4) returned “vip” as tier "
        "in A and as account_tier in B."
    ) in result.stdout


def test_the_cause_is_the_lookup_the_other_way_round_too() -> None:
    result = run(AFTER, BEFORE)
    assert "crm.lookup (step 4) returned “vip” as account_tier in A" in result.stdout


def test_a_trace_against_itself_has_the_same_decisions() -> None:
    result = run(BEFORE, BEFORE)
    assert result.exit_code == 0
    assert "Same decisions: 7 decisions in A, all of them in B." in result.stdout


@pytest.mark.parametrize("copy", ["coding/flaky-test", "research/market-report"])
def test_an_example_and_its_copy_in_another_format_decide_the_same(copy: str) -> None:
    native = EXAMPLES / f"{copy}.jsonl"
    other = next(
        path
        for path in sorted(native.parent.iterdir())
        if path.name.startswith(native.stem + ".") and path != native
    )
    assert run(native, other).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([BEFORE], "there is only one run in it"),
        ([BEFORE, "nowhere.jsonl"], "nowhere.jsonl"),
        ([BEFORE, AFTER, "--run", "other"], "no run has the id 'other'"),
        ([BEFORE, f"{AFTER}#other"], "no run has the id 'other'"),
        ([BEFORE, AFTER, "--mask", "(a"], "--mask (a"),
        ([BEFORE, AFTER, "--mask", r"(?=x)"], "no look-around"),
        ([BEFORE, AFTER, BEFORE, "-o", "out.html"], "more than two runs need a folder"),
        ([BEFORE, AFTER, "-o", AFTER], "is the trace itself"),
        ([BEFORE, AFTER, "--open"], "--open needs a page"),
    ],
)
def test_trouble_is_one_sentence_and_exit_code_2(
    arguments: list[str], says: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_one_trace_with_two_runs_stands_for_both(tmp_path: Path) -> None:
    both = rows(tmp_path / "both.jsonl", ("1", "look"), ("2", "buy"))
    result = run(both)
    assert result.exit_code == 1
    assert "A chose “look”, B “buy”" in result.stdout


@pytest.mark.parametrize("place", ["#1 #3", "#task-1-trial-0 #task-3-trial-0"])
def test_a_run_is_named_by_its_id_or_its_place(tmp_path: Path, place: str) -> None:
    trace = rows(tmp_path / "three.jsonl", ("1", "look"), ("2", "buy"), ("3", "look"))
    result = run(*(f"{trace}{one}" for one in place.split()))
    assert result.exit_code == 0
    assert "1 more run in the input" in result.stderr


def test_run_options_choose_among_all_inputs(tmp_path: Path) -> None:
    trace = rows(tmp_path / "a.jsonl", ("1", "look"), ("2", "buy"))
    other = rows(tmp_path / "b.jsonl", ("3", "look"), ("4", "sell"))
    ids = ("--run", "task-2-trial-0", "--run", "task-4-trial-0")
    assert "A chose “buy”, B “sell”" in run(trace, other, *ids).stdout


def test_of_two_files_the_runs_with_the_same_id_are_compared(tmp_path: Path) -> None:
    trace = rows(tmp_path / "a.jsonl", ("1", "look"), ("2", "buy"))
    other = rows(tmp_path / "b.jsonl", ("2", "sell"), ("1", "look"))
    assert run(trace, other).exit_code == 0


def test_json_goes_alone_to_standard_output() -> None:
    result = run(BEFORE, AFTER, "--json", "-")
    facts = json.loads(result.stdout)
    assert facts["same_decisions"] is False
    assert facts["cause"]["class"] == "input"
    assert facts["parting"]["a"]["step"] == 9
    (change,) = facts["cause"]["differences"][0]["changes"]
    assert (change["path"], change["path_b"]) == ("$.tier", "$.account_tier")


def test_json_and_summary_are_written_to_files(tmp_path: Path) -> None:
    data, text = tmp_path / "diff.json", tmp_path / "diff.md"
    result = run(BEFORE, AFTER, "--json", data, "--summary", text)
    assert "They part at step 9" in result.stdout
    assert json.loads(data.read_text("utf-8"))["a"]["run"] == "triage-T-8841-1103"
    summary = text.read_text("utf-8")
    assert summary.startswith("### Whypath: other decisions\n")
    assert "- cause: crm.lookup (step 4) returned “vip” as tier" in summary


def test_three_runs_are_compared_with_the_first(tmp_path: Path) -> None:
    data = tmp_path / "diff.json"
    result = run(BEFORE, AFTER, BEFORE, "--json", data)
    assert result.exit_code == 1
    assert result.stdout.count("\nB: ") == 2
    assert [one["same_decisions"] for one in json.loads(data.read_text())] == [
        False,
        True,
    ]


def test_ignored_paths_and_masks_reach_the_comparison(tmp_path: Path) -> None:
    a = Tiny("a")
    b = Tiny("b")
    for tiny, build in ((a, "build-7"), (b, "build-8")):
        tiny.step("user", output="Go.")
        tiny.step("model", calls=[("c1", "start", {"build": build})])
        tiny.result("c1", "ok")
    stories = (a.story, b.story)
    assert not compare(*stories, Masks()).same_decisions
    assert compare(*stories, masks([r"build-\d"], [])).same_decisions
    assert compare(*stories, masks([], ["start:$.build"])).same_decisions


def test_pages_are_written_as_a_file_and_as_a_folder(tmp_path: Path) -> None:
    page = tmp_path / "diff.html"
    assert run(BEFORE, AFTER, "-o", page).stdout.splitlines()[-1] == str(page)
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    folder = tmp_path / "pages"
    assert run(BEFORE, AFTER, BEFORE, "-o", f"{folder}/").exit_code == 1
    names = {path.name for path in folder.iterdir()}
    assert {"index.html", "pair-01.html", "pair-02.html", "diff.css"} <= names


def test_a_page_too_large_is_not_written(tmp_path: Path) -> None:
    page = tmp_path / "diff.html"
    assert run(BEFORE, AFTER, "-o", page, "--max-size", "9kB").exit_code == 2
    assert not page.exists()


def test_no_control_character_of_a_trace_reaches_the_terminal() -> None:
    runs = []
    for name in ("\x1b[2Jred\u202e", "\x9bblue"):
        tiny = Tiny(name)
        tiny.step("user", output=f"say {name}")
        tiny.step("model", calls=[("c1", name, {name: name})])
        tiny.result("c1", name)
        runs.append(tiny.run)
    (diff,) = compare_all(runs, Masks())
    text = "\n".join([*lines(diff), *markdown([diff])])
    assert not set("\x1b\x9b\u202e") & set(text)
    assert as_json(diff)["parting"]["a"]["chose"][0]["name"] == "\x1b[2Jred\u202e"


def test_the_same_input_gives_the_same_facts() -> None:
    runs = [read_input([trace]).runs[0] for trace in (BEFORE, AFTER)]
    facts = [as_json(compare_all(runs, Masks())[0]) for _ in range(2)]
    assert facts[0] == facts[1]
