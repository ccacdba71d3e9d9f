"""The command line: help, messages, exit codes, and what goes to which stream."""

import gc
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from samples import EXAMPLES, SHARED
from test_build import chat, native
from whypath import __version__, cli

ROOT = Path(__file__).parents[1]
EXAMPLE = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
COMMANDS = ["report", "show", "check", "formats", "diff", "site"]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """The command turns the garbage collector off, for itself."""
    yield
    gc.enable()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, with a trace."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.jsonl").write_text(native("one", "hi", "ho", "hum"))
    return tmp_path


def whypath(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli.main, arguments, input=stdin)


def ok(*arguments: str, stdin: str | None = None) -> Result:
    """The command does well and says nothing on stderr."""
    result = whypath(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result


def refused(*arguments: str, stdin: str | None = None) -> str:
    """The one sentence of a command that ends with 2 and gives no data."""
    result = whypath(*arguments, stdin=stdin)
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (2, "")
    (sentence,) = [s for s in result.stderr.splitlines() if s.startswith("Error: ")]
    return sentence


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_of_every_command_shows_examples(command: str, flag: str) -> None:
    text = ok(command, flag).stdout
    assert re.search(rf"Examples:\n +whypath {command}\b", text)
    assert max(map(len, text.splitlines())) <= 100


def test_the_help_names_every_command_and_how_to_begin() -> None:
    text = ok("--help").stdout
    assert set(COMMANDS) == set(cli.main.commands)
    assert "whypath report session.jsonl" in text
    assert all(re.search(rf"\n  {command} +\w", text) for command in COMMANDS)


def test_every_example_in_the_help_is_a_command_that_can_be_parsed() -> None:
    for command in COMMANDS:
        parser = cli.main.commands[command]
        known = {flag for option in parser.params for flag in option.opts}
        for flag in re.findall(r" (-[\w-]+)", parser.help or ""):
            assert flag in known or flag == "-", f"whypath {command} has no {flag}"


def test_the_version_is_told() -> None:
    assert ok("--version").stdout == f"whypath, version {__version__}\n"


def test_a_report_is_named_after_its_trace_and_its_name_is_printed(here: Path) -> None:
    assert ok("report", "run.jsonl").stdout == "run.html\n"
    assert (here / "run.html").read_text("utf-8").startswith("<!DOCTYPE html>")


NAMES = {
    "a.b.jsonl": "a.b.html",
    "a.jsonl.gz": "a.html",
    "a.ndjson": "a.html",
    "a.txt": "a.txt.html",
    "deep/a.json": "a.html",
    "-": "report.html",
}


@pytest.mark.parametrize(("trace", "name"), NAMES.items(), ids=NAMES)
def test_the_report_is_written_here_under_a_telling_name(
    here: Path, trace: str, name: str
) -> None:
    (here / "deep").mkdir()
    if trace != "-":
        (here / trace).write_text(native("one", "hi"))
    assert ok("report", trace, stdin=native("one", "hi")).stdout == f"{name}\n"
    assert (here / name).exists()


def test_a_folder_and_a_pattern_give_a_name_too(here: Path) -> None:
    (here / "runs").mkdir()
    (here / "runs" / "b.jsonl").write_text(native("b", "hi", "ho"))
    (here / "runs" / "a.jsonl").write_text(native("a", "hi"))
    assert whypath("report", "runs").stdout == "runs.html\n"
    assert whypath("report", "runs/*.jsonl").stdout == "b.html\n"
    assert whypath("report", "runs/a.jsonl", "runs/b.jsonl").stdout == "b.html\n"


def test_a_report_is_written_where_it_is_wanted(here: Path) -> None:
    assert ok("report", "run.jsonl", "-o", "out/x.htm").stdout == "out/x.htm\n"
    assert (here / "out" / "x.htm").exists()


def test_a_name_that_ends_in_a_slash_is_a_folder(here: Path) -> None:
    assert ok("report", "run.jsonl", "-o", "out/").stdout == "out\n"
    assert (here / "out" / "index.html").exists()
    assert ok("report", "run.jsonl", "-o", "out").stdout == "out\n"
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").write_text("precious")
    assert "was not made by Whypath" in refused("report", "run.jsonl", "-o", "mine/")


def test_the_graph_can_be_had_as_a_picture(here: Path) -> None:
    ok("report", "run.jsonl", "--graph", "run.svg")
    drawn = (here / "run.svg").read_text("utf-8")
    assert drawn.lstrip().startswith(("<?xml", "<svg"))
    assert "<script" not in drawn


def test_the_graph_can_be_had_as_dot(here: Path) -> None:
    ok("report", "run.jsonl", "--graph", "run.dot")
    assert (here / "run.dot").read_text().lstrip().startswith("digraph")


def test_standard_input_is_a_trace(here: Path) -> None:
    ok("report", "-", "-o", "x.html", stdin=native("piped", "hi"))
    assert "piped" in (here / "x.html").read_text("utf-8")
    assert "piped" in ok("show", "-", stdin=native("piped", "hi")).stdout
    assert ok("formats", "-", stdin=chat("hi")).stdout == "-: chat (1 run, 1 step)\n"


def test_of_several_runs_the_longest_is_shown_and_the_others_are_named(
    here: Path,
) -> None:
    Path("two.jsonl").write_text(native("short", "a") + native("long", "b", "c"))
    result = whypath("show", "two.jsonl")
    assert result.exit_code == 0
    assert "run long)" in result.stdout
    said = "This is run long, one of 2 in the input; others: short."
    assert result.stderr == f"{said} Choose with --run ID.\n"
    assert "run short)" in ok("show", "two.jsonl", "--run", "sh").stdout
    result = whypath("report", "two.jsonl")
    assert "others: short." in Path("two.html").read_text("utf-8")


def test_what_was_left_out_of_a_folder_is_told_on_stderr(here: Path) -> None:
    Path("package.json").write_text('{"name": "x"}')
    result = whypath("show", ".")
    assert result.exit_code == 0
    assert result.stderr == "Left out, being no known trace: package.json\n"


def test_notes_and_the_first_step_come_into_the_report(here: Path) -> None:
    ok(
        "report",
        "run.jsonl",
        "--note",
        "2=the <root> cause",
        "--note",
        "3=so",
        "--step",
        "2",
    )
    page = Path("run.html").read_text("utf-8")
    assert "the &lt;root&gt; cause" in page


WRONG = {
    "a missing file": (["report", "no.jsonl"], "no.jsonl: cannot be opened: No such"),
    "an empty file": (
        ["show", "empty.jsonl"],
        "empty.jsonl: the file is empty. Hint: ",
    ),
    "no JSON": (["report", "bad.txt"], "bad.txt:2: not JSON: "),
    "another format": (
        ["formats", "other.json"],
        "other.json:1: no known trace format: ",
    ),
    "no steps": (["report", "header.jsonl"], "no steps found (recognised as native)"),
    "a name too long": (["show", "x" * 999], ": cannot be opened: File name too long"),
    "an unknown run": (
        ["report", "run.jsonl", "--run", "zz"],
        "run.jsonl: no run has the id 'zz'. Hint: there are one",
    ),
    "a step past the end": (
        ["report", "run.jsonl", "--step", "9"],
        "run.jsonl: no step 9. Hint: steps go from 1 to 3",
    ),
    "a note on no step": (["report", "run.jsonl", "--note", "4=x"], "no step 4"),
    "a step that is not there": (["show", "run.jsonl", "4"], "no step 4. Hint: "),
    "an unknown format": (
        ["report", "run.jsonl", "--format", "xml"],
        "--format: no format 'xml'. Hint: one of ",
    ),
    "too large": (
        ["report", "run.jsonl", "--max-size", "1kB"],
        "run.html: the report would be larger than --max-size allows. Hint: ",
    ),
    "over the trace": (
        ["report", "run.jsonl", "-o", "run.jsonl"],
        "run.jsonl: is the trace itself. Hint: ",
    ),
    "to standard output": (["report", "run.jsonl", "-o", "-"], "Hint: name a file: "),
    "into a file": (
        ["report", "run.jsonl", "-o", "run.jsonl/x"],
        "cannot be written: ",
    ),
    "an output name too long": (
        ["report", "run.jsonl", "-o", "x" * 999],
        ": File name too long",
    ),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_trouble_is_one_sentence_with_file_line_cause_and_hint(
    here: Path, arguments: list[str], said: str
) -> None:
    Path("empty.jsonl").write_text("")
    Path("bad.txt").write_text("\nhello\n")
    Path("other.json").write_text('{"a": 1}')
    Path("header.jsonl").write_text(native("r"))
    sentence = refused(*arguments)
    assert said in sentence
    assert whypath(*arguments).stderr.count("\n") == 1
    assert not list(here.glob(".whypath*"))


USAGE = {
    "no trace": (["report"], "Missing argument 'TRACE...'"),
    "no command": (["reprot", "x"], "No such command 'reprot'"),
    "an unknown flag": (["report", "x", "--stpe", "1"], "No such option"),
    "step nought": (["report", "x", "--step", "0"], "0 is not in the range x>=1"),
    "a note without a step": (["report", "x", "--note", "hm"], "'hm' is not N=TEXT"),
    "a note on an odd number": (["report", "x", "--note", "²=x"], "is not N=TEXT"),
    "no size": (["report", "x", "--max-size", "big"], "write 24MB or 900kB"),
    "an endless size": (["report", "x", "--max-size", "inf"], "'inf' is not a size"),
    "a negative size": (["report", "x", "--max-size", "-1MB"], "'-1MB' is not a size"),
    "a shape without JSON": (
        ["show", "x", "1", "--context", "--as", "openai"],
        "--as shapes the JSON of a context: --context --json",
    ),
    "why without a step": (["show", "x", "--why"], "--context and --why need a STEP"),
    "a step that is a word": (["show", "x", "two"], "'two' is not a valid integer"),
}


@pytest.mark.parametrize(("arguments", "said"), USAGE.values(), ids=USAGE)
def test_bad_usage_ends_with_2_and_says_what_is_right(
    arguments: list[str], said: str
) -> None:
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("size", "fits"),
    [("10MB", True), ("0.5gb", True), ("900 kB", True), ("2000", False), ("1k", False)],
)
def test_sizes_are_written_as_people_do(here: Path, size: str, fits: bool) -> None:
    result = whypath("report", "run.jsonl", "--max-size", size)
    assert result.exit_code == (0 if fits else 2)


def test_a_large_report_is_noted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "WARN_BYTES", 1_000)
    result = whypath("report", "run.jsonl")
    assert result.exit_code == 0
    assert "is more than most issue trackers take as an attachment" in result.stderr


def test_show_has_a_line_for_each_step_and_a_step_in_full() -> None:
    lines = ok("show", str(EXAMPLE)).stdout.splitlines()
    assert "Succeeded on a wrong value" in lines[1]
    steps = [line for line in lines if re.match(r" *\d+ ", line)]
    count = int(lines[2].split()[0])
    assert len([s for s in steps if "steps ·" not in s]) == count
    wrong = re.search(r"step (\d+) chose", lines[1])
    assert wrong is not None
    whole = ok("show", str(EXAMPLE), wrong[1]).stdout
    why = ok("show", str(EXAMPLE), wrong[1], "--why").stdout
    assert why in whole
    assert "missing" in why
    context = ok("show", str(EXAMPLE), wrong[1], "--context").stdout
    assert context.startswith("context at step ")
    both = ok("show", str(EXAMPLE), wrong[1], "--why", "--context").stdout
    assert both == why + context
    short = ok("show", str(EXAMPLE), "1", "--limit", "5").stdout
    assert "more characters" in short


def test_show_gives_the_same_facts_as_json() -> None:
    facts = json.loads(ok("show", str(EXAMPLE), "--json").stdout)
    assert facts["totals"]["steps"] == len(facts["steps"])
    step = json.loads(ok("show", str(EXAMPLE), "2", "--json", "--context").stdout)
    assert step["step"] == 2
    assert "context" in step


def test_formats_says_what_an_unknown_file_comes_near_to_and_what_is_missing(
    here: Path,
) -> None:
    Path("near.jsonl").write_text('{"type":"step","kind":"tool"}\n{"role":"user"}\n')
    result = whypath("formats", "near.jsonl")
    assert result.exit_code == 2
    assert result.stdout.splitlines()[:4] == [
        "near native: has type=step, kind",
        "             lacks whypath",
        "near chat: has role",
        "           lacks content",
    ]
    hint = "Hint: nearest is native, but there is no whypath"
    seen = "no known trace format: an object with type, kind"
    assert result.stderr == f"Error: near.jsonl:1: {seen}. {hint}\n"


def test_formats_lists_what_can_be_read_and_says_what_a_file_is(here: Path) -> None:
    listed = ok("formats").stdout
    for name in ("native", "claude-code", "otlp", "chat"):
        assert re.search(
            rf"^{name}\n  from: +\S.*\n  export: +\S.*\n  not read: \S.*"
            r"\n  example: +whypath \S",
            listed,
            re.M,
        )
    assert ok("formats", "run.jsonl").stdout == "run.jsonl: native (1 run, 3 steps)\n"
    Path("chat.json").write_text(chat("hi"))
    both = ok("formats", ".").stdout
    assert both.splitlines() == [
        ".: chat (1 run, 1 step)",
        ".: native (1 run, 3 steps)",
    ]


def test_formats_gives_the_schema() -> None:
    schema = json.loads(ok("formats", "--schema").stdout)
    assert schema == json.loads((ROOT / "src/whypath/schema.json").read_text("utf-8"))


def test_the_browser_is_opened_only_when_asked(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    ok("report", "run.jsonl")
    assert opened == []
    ok("report", "run.jsonl", "--open")
    ok("report", "run.jsonl", "-o", "out/", "--open")
    assert opened == [
        (here / "run.html").as_uri(),
        (here / "out" / "index.html").as_uri(),
    ]


HOSTILE = [
    *("ansi", "bidi", "zero_width", "line_sep", "null_bytes", "invalid_utf8"),
    *("inject_01", "runid_13", "bigint", "utf16", "binary", "mixed_formats"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_a_trace_says_is_obeyed_by_a_terminal(
    shared: Path, tmp_path: Path, name: str
) -> None:
    path = str(shared / "hostile" / "traces" / f"{name}.jsonl")
    obeyed = re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]"
    )
    for arguments in (
        ["report", path, "-o", str(tmp_path / "x.html")],
        ["show", path],
        ["show", path, "1"],
        ["show", path, "1", "--json"],
        ["formats", path],
    ):
        result = whypath(*arguments)
        assert result.exit_code in (0, 2)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert not obeyed.search(result.output), result.output


def expected() -> list[tuple[str, str]]:
    manifest = SHARED / "hostile" / "traces" / "MANIFEST.tsv"
    if not manifest.exists():
        return []
    rows = [line.split("\t") for line in manifest.read_text("utf-8").splitlines()[1:]]
    return [(row[0], row[2]) for row in rows]


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "wanted"), expected(), ids=[n for n, _ in expected()])
def test_a_hostile_trace_gives_a_report_with_located_problems_or_a_sentence(
    shared: Path, tmp_path: Path, name: str, wanted: str
) -> None:
    path = str(shared / "hostile" / "traces" / name)
    result = whypath("report", path, "-o", str(tmp_path / "x.html"))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    if " or " in wanted or "and/or" in wanted:
        assert result.exit_code in (0, 2)
    else:
        assert result.exit_code == (2 if "error" in wanted else 0), result.stderr
    if result.exit_code == 2:
        assert f"Error: {path}" in result.stderr
    elif "+ warning" in wanted and " or " not in wanted:
        facts = json.loads(whypath("show", path, "--json").stdout)
        assert [p for p in facts["problems"] if p["line"]], "no located problem"


WARNED = {
    "last line": "the last line is cut off",
    "NUL": "NUL bytes",
    "UTF-8": "not UTF-8",
    "cycle": "round in a circle",
    "self parent": "round in a circle",
    "orphans": "parent is not in the trace",
    "span ids": "has no id",
    "all-zero ids": "has no id",
    "NaN": "NaN is not JSON",
    "child before parent": "starts before its parent",
    "1970": "out of range",
    "time not a number": "cannot be read",
    "digits": "not OTLP",
    "mixed": "not OTLP",
}
"""What is said of a class of traces, by a word of the class."""


def classes() -> list[tuple[str, str, str]]:
    """Each hostile trace with its class and the lines that a warning must name."""
    manifest = SHARED / "hostile" / "traces" / "MANIFEST.tsv"
    if not manifest.exists():
        return []
    rows = [line.split("\t") for line in manifest.read_text("utf-8").splitlines()[1:]]
    return [(name, kind, wanted) for name, kind, wanted, _ in rows]


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "kind", "wanted"), classes(), ids=[name for name, _, _ in classes()]
)
def test_every_command_says_of_a_hostile_trace_what_was_wrong_and_where(
    shared: Path, tmp_path: Path, name: str, kind: str, wanted: str
) -> None:
    folder = shared / "hostile" / "traces"
    path, good = str(folder / name), str(folder / "ok.jsonl")
    commands = (
        ["show", path, "--json"],
        ["show", path],
        ["check", path],
        ["diff", good, path, "-o", str(tmp_path / "diff.html")],
        ["formats", path],
    )
    done = [whypath(*words) for words in commands]
    for result in done:
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert result.exit_code in (0, 1, 2)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", result.stderr)
    assert {left.name for left in tmp_path.iterdir()} <= {"diff.html"}
    if done[0].exit_code != 0:
        assert f"Error: {path}" in done[0].stderr
        return
    problems = json.loads(done[0].stdout)["problems"]
    assert all(problem["line"] and problem["done"] for problem in problems)
    if wanted == "report":
        return
    if "warning" in wanted and " or " not in wanted:
        said = [say for word, say in WARNED.items() if word in f"{kind} {wanted}"]
        for words in said:
            assert any(words in p["what"] for p in problems), (words, problems)
        if lines := re.search(r"lines? (\d+)", wanted):
            assert int(lines[1]) in [p["line"] for p in problems]


@pytest.mark.corpus
def test_a_folder_of_hostile_traces_is_a_site_and_no_fault_of_ours(
    shared: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    done = whypath("site", str(shared / "hostile" / "traces"), "-o", str(out), "-j1")
    assert done.exit_code == 0, done.stderr
    assert "fault in Whypath" not in done.stderr
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.stderr)
    page = (out / "index.html").read_text("utf-8")
    assert "fault in Whypath" not in page
    assert [left.name for left in tmp_path.iterdir()] == ["site"]
    names = [each.name for each in (out / "runs").iterdir()]
    assert all(re.fullmatch("[a-z0-9][a-z0-9-]{0,63}", name) for name in names)


def test_progress_is_shown_on_a_terminal_and_nowhere_else(here: Path) -> None:
    """On a pseudo-terminal, as CliRunner's streams are none."""
    ours, theirs = os.openpty()
    code = "from whypath.cli import main; main()"
    command = [sys.executable, "-c", code, "report", "run.jsonl"]
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    assert done.stdout == b"run.html\n"
    assert b"\x1b[" in said
    assert any(
        word in said for word in (b"starting", b"reading", b"drawing", b"writing")
    )
    quiet = subprocess.run(command, capture_output=True, check=True)
    assert (quiet.stdout, quiet.stderr) == (b"run.html\n", b"")


def test_a_pipe_that_is_closed_early_is_no_error(here: Path) -> None:
    Path("long.jsonl").write_text(native("one", *("hi " * 50 for _ in range(5_000))))
    code = "from whypath.cli import main; main()"
    shell = f'"{sys.executable}" -c "{code}" show long.jsonl | head -1'
    done = subprocess.run(shell, shell=True, capture_output=True, check=True)
    assert done.stderr == b""
    assert done.stdout.startswith(b"hi hi")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_a_terminal_lacks_do_not_stop_us(
    here: Path, encoding: str
) -> None:
    Path("j.jsonl").write_text(native("one", "日本語 → ä"), encoding="utf-8")
    code = "from whypath.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "show", "j.jsonl"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert b"user" in done.stdout


def test_a_file_name_of_any_bytes_is_read_and_written(here: Path) -> None:
    name = os.fsdecode(b"odd\xff\x1b.jsonl")
    Path(name).write_text(native("one", "hi"))
    result = ok("report", name)
    assert "\x1b" not in result.stdout
    assert len(list(here.glob("*.html"))) == 1


BYTES = "\udcff\x1b[2J\n<blink>"
"""As Python has the bytes of a name or a word that are no text."""
WITH_BYTES = {
    "a note": ("report", "run.jsonl", "--note", f"2={BYTES}"),
    "the name of a page": ("report", "run.jsonl", "-o", f"{BYTES}.html"),
    "a trace": ("report", f"{BYTES}.jsonl"),
    "a trace that is checked": (
        "check",
        f"{BYTES}.jsonl",
        "--sarif",
        "s",
        "--junit",
        "j",
    ),
    "a trace of a diff": ("diff", "run.jsonl", f"{BYTES}.jsonl", "-o", "d.html"),
    "a trace of a site": ("site", f"{BYTES}.jsonl", "-o", "s", "--title", BYTES),
    "a trace of a site as it is": ("site", ".", "-o", "s", "--no-redact"),
    "a pattern": ("show", "run.jsonl", "--redact-pattern", f"x={BYTES}"),
    "a mask": ("diff", "run.jsonl", "run.jsonl", "--mask", BYTES),
    "a run": ("show", "run.jsonl", "--run", BYTES),
}


@pytest.mark.skipif(sys.platform != "linux", reason="names are text here")
@pytest.mark.parametrize("words", WITH_BYTES.values(), ids=WITH_BYTES)
def test_bytes_that_are_no_text_are_no_fault(
    here: Path, words: tuple[str, ...]
) -> None:
    shutil.copy("run.jsonl", f"{BYTES}.jsonl")
    jobs = ("--jobs", "1") if words[0] == "site" else ()
    result = whypath(*words, *jobs)
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert "a fault in" not in result.stderr
    assert "\x1b" not in result.stderr
    for page in here.rglob("*.html"):
        assert "<blink>" not in page.read_text("utf-8")
