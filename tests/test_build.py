"""Files, folders and patterns become runs; a run becomes the same report every time."""

import gzip
import io
import json
import sys
from pathlib import Path

import pytest

from whypath import build
from whypath.errors import EmptyTrace, TraceError, UnknownFormat
from whypath.model import Run


def native(id: str, *texts: str, **header: object) -> str:
    """A native trace of a few steps by the user."""
    run = {"type": "run", "whypath": 1, "id": id, **header}
    steps = [{"type": "step", "kind": "user", "output": text} for text in texts]
    return "".join(json.dumps(line) + "\n" for line in (run, *steps, {"type": "end"}))


def chat(*texts: str) -> str:
    return json.dumps([{"role": "user", "content": text} for text in texts])


def claude(session: str, agent: str | None = None, *, call: bool = False) -> str:
    """A few rows of a Claude Code session, or of a sub-agent of it."""
    rows: list[dict[str, object]] = [
        {"type": "user", "message": {"role": "user", "content": "look"}}
    ]
    if call:
        use = {
            "type": "tool_use",
            "id": "t1",
            "name": "Task",
            "input": {"prompt": "look"},
        }
        rows[0]["message"] = {"role": "user", "content": "begin"}
        message = {"role": "assistant", "id": "m1", "content": [use]}
        rows.append({"type": "assistant", "message": message})
    for number, row in enumerate(rows):
        row["uuid"] = f"{agent or session}-{number}"
        row["parentUuid"] = f"{agent or session}-{number - 1}" if number else None
        row["sessionId"] = session
        row["timestamp"] = f"2026-01-01T00:00:0{number}Z"
        if agent:
            row |= {"isSidechain": True, "agentId": agent}
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(folder: Path, **files: str) -> Path:
    """Files in `folder`; `a__b` is `a/b`, and `_jsonl` at the end is `.jsonl`."""
    for name, text in files.items():
        stem, _, ending = name.replace("__", "/").rpartition("_")
        path = folder / f"{stem}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def ids(*sources: str | Path) -> list[str]:
    return [run.id for run in build.read_input([str(s) for s in sources]).runs]


def test_a_file_is_read(tmp_path: Path) -> None:
    write(tmp_path, run_jsonl=native("one", "hi"))
    found = build.read_input([str(tmp_path / "run.jsonl")])
    assert [(run.id, run.format, len(run.steps)) for run in found.runs] == [
        ("one", "native", 1)
    ]
    assert found.skipped == ()
    assert found.runs[0].files == (str(tmp_path / "run.jsonl"),)


def test_standard_input_is_read() -> None:
    stdin = io.BytesIO(native("piped", "hi").encode())
    (run,) = build.read_input(["-"], stdin=stdin).runs
    assert (run.id, run.files) == ("piped", ("<stdin>",))


def test_a_folder_is_read_in_order_and_what_is_no_trace_is_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        b_jsonl=native("b", "hi"),
        a_json=chat("hi"),
        deep__c_ndjson=native("c", "hi"),
        package_json='{"name": "x"}',
        empty_jsonl="",
        notes_txt="not looked at",
        broken_json="{",
    )
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(native("d", "hi").encode()))
    found = build.read_input([str(tmp_path)])
    assert sorted(run.id for run in found.runs) == ["a", "b", "c", "d"]
    skipped = [Path(name).name for name in found.skipped]
    assert skipped == ["broken.json", "empty.jsonl", "package.json"]


def test_a_pattern_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a_jsonl=native("a", "hi"), b_jsonl=native("b", "hi"), c_json="{}")
    assert ids(tmp_path / "*.jsonl") == ["a", "b"]
    monkeypatch.chdir(tmp_path)
    assert ids("[ab].jsonl") == ["a", "b"]
    assert ids("**/b*") == ["b"]


def test_a_name_that_looks_like_a_pattern_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "run[1].jsonl").write_text(native("odd", "hi"))
    assert ids(tmp_path / "run[1].jsonl") == ["odd"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, run_jsonl=native("one", "hi"))
    path = tmp_path / "run.jsonl"
    (run,) = build.read_input(
        [str(path), str(tmp_path), f"{tmp_path}/./run.jsonl"]
    ).runs
    assert len(run.steps) == 1
    assert run.problems == ()


SESSION = "11111111-1111-4111-8111-111111111111"
LAYOUTS = {
    "below the session's folder": f"{SESSION}/subagents/agent-a1.jsonl",
    "beside the session": "agent-a1.jsonl",
}


@pytest.mark.parametrize("place", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("how", ["the file", "the folder", "every file"])
def test_the_files_of_a_sub_agent_join_their_session_once(
    tmp_path: Path, place: str, how: str
) -> None:
    main, sub = tmp_path / f"{SESSION}.jsonl", tmp_path / place
    sub.parent.mkdir(parents=True, exist_ok=True)
    main.write_text(claude(SESSION, call=True))
    sub.write_text(claude(SESSION, "a1"))
    named = {
        "the file": [main],
        "the folder": [tmp_path],
        "every file": [sub, main],
    }[how]
    (run,) = build.read_input([str(path) for path in named]).runs
    assert run.id == SESSION
    assert sorted(run.files) == sorted([str(main), str(sub)])
    kinds = [(step.kind, step.thread != "") for step in run.steps]
    assert kinds == [("user", False), ("model", False), ("tool", False), ("user", True)]


def test_runs_of_two_formats_are_kept_apart(tmp_path: Path) -> None:
    write(tmp_path, a_jsonl=native("same", "hi"), same_json=chat("hi", "ho"))
    found = build.read_input([str(tmp_path)]).runs
    assert sorted((run.format, run.id) for run in found) == [
        ("chat", "same"),
        ("native", "same"),
    ]


def test_the_format_may_be_named(tmp_path: Path) -> None:
    write(tmp_path, x_jsonl='{"role": "user", "content": "hi"}\n' + native("n", "hi"))
    path = str(tmp_path / "x.jsonl")
    assert build.read_input([path], format="native").runs[0].id == "n"
    with pytest.raises(TraceError, match=r"no format 'nope'\. Hint: one of .*native, "):
        build.read_input([str(tmp_path)], format="nope")


def test_all_files_are_told_while_they_are_read(tmp_path: Path) -> None:
    write(tmp_path, a_jsonl=native("a", "hi"), b_jsonl=native("b", "hi"))
    said: list[str] = []
    build.read_input([str(tmp_path)], say=said.append)
    assert said == [f"reading {tmp_path / name}" for name in ("a.jsonl", "b.jsonl")]


NO_PATTERN = "no pattern: " if sys.version_info < (3, 13) else "no file matches"

TROUBLE: dict[str, tuple[dict[str, str], str, type[TraceError], str]] = {
    "a missing file": ({}, "nope.jsonl", TraceError, "cannot be opened: No such file"),
    "an empty file": ({"x_jsonl": ""}, "x.jsonl", TraceError, "the file is empty"),
    "no JSON": ({"x_txt": "hello"}, "x.txt", TraceError, "x.txt:1: not JSON"),
    "no known format": (
        {"x_json": '{"a": 1}'},
        "x.json",
        UnknownFormat,
        "no known trace",
    ),
    "a header alone": (
        {"x_jsonl": native("r")},
        "x.jsonl",
        EmptyTrace,
        r"no steps found \(recognised as native\)",
    ),
    "an empty folder": ({}, ".", EmptyTrace, "no trace files in it"),
    "a folder of other things": (
        {"x_json": '{"a": 1}'},
        ".",
        EmptyTrace,
        "no known trace",
    ),
    "a pattern of nothing": ({}, "*.jsonl", TraceError, "no file matches"),
    "a pattern that is none": ({}, "**x", TraceError, NO_PATTERN),
    "a name that is too long": ({}, "x" * 5_000, TraceError, "File name too long"),
    "a name with a NUL": ({}, "a\0b", TraceError, "cannot be opened"),
}


@pytest.mark.parametrize(
    ("files", "source", "kind", "why"), TROUBLE.values(), ids=TROUBLE
)
def test_what_cannot_be_read_is_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    source: str,
    kind: type[TraceError],
    why: str,
) -> None:
    write(tmp_path, **files)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=why):
        build.read_input([source])


def test_a_trace_without_steps_says_what_it_holds_instead(tmp_path: Path) -> None:
    lines = [{"type": "run", "whypath": 1, "id": "r"}, {"type": "heartbeat"}]
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(EmptyTrace) as error:
        build.read_input([str(path)])
    hint = "this is all it holds: a record of unknown type 'heartbeat' (left out)"
    assert error.value.hint == hint


def runs(*shapes: tuple[str, int]) -> list[Run]:
    """Runs with an id and a number of steps."""
    text = "".join(native(id, *("hi" for _ in range(count))) for id, count in shapes)
    return list(build.read_input(["-"], stdin=io.BytesIO(text.encode())).runs)


def test_the_run_with_the_most_steps_is_chosen() -> None:
    found = runs(("small", 1), ("large", 3), ("other", 3))
    assert build.choose(found, None, "x").id == "large"


@pytest.mark.parametrize("wanted", ["task-1", "task-10"])
def test_a_whole_id_is_chosen_before_one_that_begins_so(wanted: str) -> None:
    assert build.choose(runs(("task-10", 1), ("task-1", 1)), wanted, "x").id == wanted


def test_the_beginning_of_an_id_is_enough() -> None:
    assert build.choose(runs(("abc", 1), ("xyz", 1)), "x", "f").id == "xyz"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("z", "f: no run has the id 'z'. Hint: there are r0, r1, r2, r3, r4, …"),
        ("r", "f: 7 runs have an id that begins with 'r'. Hint: there are r0, r1,"),
    ],
)
def test_an_id_that_does_not_tell_is_answered_with_those_there_are(
    wanted: str, said: str
) -> None:
    found = runs(*((f"r{number}", 1) for number in range(7)))
    with pytest.raises(TraceError) as error:
        build.choose(found, wanted, "f")
    assert str(error.value).startswith(said)


def test_the_same_input_gives_equal_runs_and_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, run_jsonl=native("one", "hi", "**ho**", task="say hi"))
    made = []
    for name in ("a", "b"):
        (run,) = build.read_input([str(tmp_path / "run.jsonl")]).runs
        written = build.report(run, tmp_path / f"{name}.html", notes={1: "look"})
        data = written.path.read_bytes()
        assert written.size == len(data)
        made.append((run.steps, run.problems, data))
    assert made[0] == made[1]


def test_a_report_says_what_it_is_doing(tmp_path: Path) -> None:
    said: list[str] = []
    (run,) = runs(("one", 2))
    build.report(run, tmp_path / "x.html", say=said.append)
    assert said == [
        "working out the decisions",
        "drawing the graph",
        "writing the page",
    ]


@pytest.mark.parametrize("name", ["run.jsonl", "./run.jsonl", "link.jsonl"])
def test_a_report_is_never_written_over_its_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, run_jsonl=native("one", "hi"))
    (tmp_path / "link.jsonl").symlink_to("run.jsonl")
    (run,) = build.read_input(["run.jsonl"]).runs
    for places in (
        {"out": Path(name)},
        {"out": Path("x.html"), "graph_out": Path(name)},
    ):
        with pytest.raises(TraceError, match="is the trace itself"):
            build.report(run, **places)  # type: ignore[arg-type]
    assert (tmp_path / "run.jsonl").read_text() == native("one", "hi")
    assert not (tmp_path / "x.html").exists()
