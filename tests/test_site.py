"""A site of many runs: what is in it, what is kept, and what goes wrong on the way."""

import base64
import gzip
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner

from samples import EXAMPLES
from test_cli import whypath
from whypath import build_site, fleet
from whypath.cli import main
from whypath.errors import TraceError
from whypath.fleet import Plan
from whypath.processes import Lost, spread

ROUTES = EXAMPLES / "vip-routing"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Six traces in two folders, and a file that is no trace."""
    folder = tmp_path / "runs"
    for side in ("before", "after"):
        (folder / side).mkdir(parents=True)
        for trace in sorted((ROUTES / side).glob("*.jsonl"))[:3]:
            shutil.copy(trace, folder / side)
    (folder / "settings.json").write_text('{"colour": "blue"}')
    return folder


def build(folder: Path, out: Path, **options: object) -> fleet.Site:
    plan = Plan(**options)  # type: ignore[arg-type]
    return fleet.site([str(folder)], out, plan, jobs=1)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_run_has_a_row_and_a_folder(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    made = build(runs, out)
    assert (len(made.rows), made.foreign) == (6, ("settings.json",))
    for row in made.rows:
        assert (out / "runs" / row.key / "index.html").is_file()
        assert (out / "runs" / row.key / "steps-001.html").is_file()
    assert len(list((out / "runs").iterdir())) == 6
    assert "settings.json" in (out / "index.html").read_text()


def test_style_and_script_are_there_once(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    build(runs, out)
    assert len(list(out.rglob("report.css"))) == len(list(out.rglob("report.js"))) == 1


def test_the_same_traces_give_the_same_bytes_with_any_number_of_workers(
    runs: Path, tmp_path: Path
) -> None:
    build(runs, tmp_path / "one")
    fleet.site([str(runs)], tmp_path / "two", Plan(), jobs=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_same_traces_elsewhere_give_the_same_bytes(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs / "torn.jsonl").write_text('{"type": "run", "whypath": 99, "id": "x"}\n')
    build(runs, tmp_path / "one")
    shutil.copytree(runs, tmp_path / "elsewhere" / "there")
    monkeypatch.chdir(tmp_path / "elsewhere")
    build(Path("there"), tmp_path / "two")
    made = contents(tmp_path / "one")
    assert made == contents(tmp_path / "two")
    assert b"torn.jsonl:1: written in version 99" in made["index.html"]
    assert not any(str(tmp_path).encode() in data for data in made.values())


def test_what_is_unchanged_is_taken_over_and_what_is_gone_disappears(
    runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    first = build(runs, out)
    before = contents(out)
    assert build(runs, out).kept == 6
    assert contents(out) == before
    changed, gone = sorted((runs / "after").iterdir())[:2]
    changed.write_text(changed.read_text().replace("general", "vip-desk"))
    gone.unlink()
    made = build(runs, out)
    assert (made.made, made.kept, len(made.rows)) == (1, 4, 5)
    lost = {row.key for row in first.rows} - {row.key for row in made.rows}
    assert len(lost) == 1
    assert not (out / "runs" / lost.pop()).exists()
    shutil.rmtree(tmp_path / "anew", ignore_errors=True)
    build(runs, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_a_page_that_was_lost_is_made_again(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    made = build(runs, out)
    before = contents(out)
    shutil.rmtree(out / "runs" / made.rows[0].key)
    assert build(runs, out).made == 1
    assert contents(out) == before


def test_another_program_makes_everything_anew(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(runs, tmp_path / "site")
    monkeypatch.setattr(build_site, "edition", lambda: "another")
    assert build(runs, tmp_path / "site").made == 6


def test_an_interrupted_build_leaves_the_old_site(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "site"
    build(runs, out)
    before = contents(out)
    trace = sorted((runs / "after").iterdir())[0]
    trace.write_text(trace.read_text().replace("general", "vip-desk"))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build_site, "finish", stop)
    with pytest.raises(KeyboardInterrupt):
        build(runs, out)
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "site"]


def test_a_build_killed_between_two_renames_is_put_right(
    runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    build(runs, out)
    before = contents(out)
    out.rename(tmp_path / ".whypath-site.new-old")
    (tmp_path / ".whypath-site.new").mkdir()
    build(runs, out)
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "site"]


def test_a_folder_that_is_not_ours_is_refused(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(TraceError, match="not made by Whypath"):
        build(runs, out)
    assert (out / "thesis.txt").read_text() == "years of work"


def test_a_trace_that_cannot_be_read_is_a_row_and_stops_nothing(
    runs: Path, tmp_path: Path
) -> None:
    (runs / "torn.jsonl").write_text('{"type": "run", "whypath": 99, "id": "x"}\n')
    made = build(runs, tmp_path / "site")
    (bad,) = [row for row in made.rows if row.error]
    assert (bad.source, bad.status, len(made.rows)) == ("torn.jsonl", "unreadable", 7)
    assert "torn.jsonl" in bad.error
    page = (tmp_path / "site" / "index.html").read_text()
    assert "1 unreadable" in page
    assert str(tmp_path) not in page, "where the files lie is nobody's business"


def test_a_fault_of_ours_is_told_in_the_row(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = build_site.tell

    def tell(run):  # type: ignore[no-untyped-def]
        if run.id.endswith("8811"):
            raise KeyError("a bug")
        return real(run)

    monkeypatch.setattr(build_site, "tell", tell)
    made = build(runs, tmp_path / "site")
    (bad,) = [row for row in made.rows if row.error]
    assert bad.error == "a fault in Whypath: KeyError: 'a bug'"
    assert len(made.rows) == 6


def test_names_can_be_left_out_and_nothing_be_remembered(
    runs: Path, tmp_path: Path
) -> None:
    made = build(runs, tmp_path / "site", exclude=("after/*",), forget=True)
    assert {row.source.split("/")[0] for row in made.rows} == {"before"}
    assert not (tmp_path / "site" / "runs.jsonl.gz").exists()
    again = build(runs, tmp_path / "site", exclude=("after/*",), forget=True)
    assert (again.made, again.kept) == (made.made, 0)


def die_on(item: int) -> int:
    if item == 3:
        os._exit(9)
    return item * 2


def test_a_worker_that_dies_takes_only_its_own_item_along() -> None:
    made = dict(spread(die_on, list(range(8)), 2))
    assert isinstance(made.pop(3), Lost)
    assert made == {item: item * 2 for item in range(8) if item != 3}


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no trace files"):
        build(tmp_path, tmp_path / "site")
    (tmp_path / "a.json").write_text('{"colour": "blue"}')
    with pytest.raises(TraceError, match="no run could be read"):
        build(tmp_path, tmp_path / "site")
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"limit": 2}, 2),
        ({"only": "failed"}, 0),
        ({"max_age_ns": 16 * 3_600 * 10**9}, 2),
        ({"sample": 0.5}, None),
    ],
    ids=str,
)
def test_runs_can_be_chosen(
    runs: Path, tmp_path: Path, options: dict[str, object], count: int | None
) -> None:
    out = tmp_path / "site"
    made = build(runs, out, **options)
    if count is None:
        assert 0 < len(made.rows) < 6
        assert build(runs, tmp_path / "again", **options).rows == made.rows
    else:
        assert len(made.rows) == count
    folders = list((out / "runs").iterdir()) if (out / "runs").exists() else []
    assert len(folders) == len(made.rows)
    assert len(build(runs, out).rows) == 6, "and chosen differently the next time"
    assert contents(out) == contents(build(runs, tmp_path / "whole").path)


def test_what_belongs_to_a_trace_is_no_trace_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    (folder / "s1" / "subagents").mkdir(parents=True)
    session = (EXAMPLES / "coding" / "flaky-test.claude-code.jsonl").read_text()
    (folder / "s1.jsonl").write_text(session)
    side = [json.loads(line) for line in session.splitlines()]
    (folder / "s1" / "subagents" / "agent-1.jsonl").write_text(
        "\n".join(json.dumps({**one, "isSidechain": True}) for one in side)
    )
    made = build(folder, tmp_path / "site")
    assert [row.source for row in made.rows] == ["s1.jsonl"]


class Links(HTMLParser):
    """Every address and every anchor of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value and tag != "use":
                self.links.add(value)
            if name == "id" and value:
                self.anchors.add(value)


def broken_links(site: Path) -> Iterator[str]:
    """What leads nowhere, or away from the site."""
    pages: dict[Path, Links] = {}

    def parsed(path: Path) -> Links:
        if path not in pages:
            pages[path] = Links(path.read_text("utf-8"))
        return pages[path]

    for page in sorted(site.rglob("*.html")):
        for link in parsed(page).links:
            parts = urlsplit(link)
            target = (
                (page.parent / unquote(parts.path)).resolve() if parts.path else page
            )
            if parts.scheme or parts.netloc:
                if "runs" not in page.parts:  # what an agent wrote may link anywhere
                    yield f"{page.name}: {link} leaves the site"
            elif not target.is_file():
                yield f"{page.relative_to(site)}: {link}: no such file"
            elif step := re.fullmatch(r"step=(\d+).*", parts.fragment):
                last = sorted(target.parent.glob("steps-*.html"))[-1]
                count = max(
                    int(a[5:]) for a in parsed(last).anchors if a.startswith("step-")
                )
                if int(step[1]) > count:
                    yield f"{page.relative_to(site)}: {link}: no such step"
            elif (
                parts.fragment
                and not re.match(r"(q|sort|view)=", parts.fragment)
                and unquote(parts.fragment) not in parsed(target).anchors
            ):
                yield f"{page.relative_to(site)}: {link}: no such anchor"


def test_every_link_and_anchor_of_the_examples_resolves(tmp_path: Path) -> None:
    build(EXAMPLES, tmp_path / "site", baseline=("vip-routing/before",))
    assert list(broken_links(tmp_path / "site")) == []


def test_the_corpus_becomes_one_site_whose_links_resolve(
    corpus: Path, tmp_path: Path
) -> None:
    made = fleet.site([str(corpus)], tmp_path / "site", Plan())
    assert len(made.rows) > 400
    faults = [row.error for row in made.rows if "fault in Whypath" in row.error]
    assert faults == []
    told = (tmp_path / "site" / "compare.html").read_text()
    assert made.diffs == Plan().diffs
    assert "No diff" not in told
    assert list(broken_links(tmp_path / "site")) == []


def test_the_collapsed_decision_is_told_on_the_list_of_runs(tmp_path: Path) -> None:
    build(ROUTES, tmp_path / "site", baseline=("before",))
    page = (tmp_path / "site" / "index.html").read_text()
    found = re.search(r'<a href="(decisions/route-ticket-\w+\.html)">', page)
    assert found
    assert "collapsed: always “general”" in page
    point = (tmp_path / "site" / found[1]).read_text()
    assert "in the baseline" in point
    assert re.search(r'href="\.\./runs/[\w-]+/index\.html#step=\d+"', point)


def test_a_baseline_is_a_label_or_a_folder() -> None:
    row = build_site.unreadable("k", "before/x.jsonl", "")
    labelled = replace_row(row, labels=(("side", "old"),), source="x.jsonl")
    folder = build_site.is_usual(Plan(baseline=("before/",)))
    label = build_site.is_usual(Plan(baseline=("side=old",)))
    assert (folder(row), folder(labelled)) == (True, False)
    assert (label(row), label(labelled)) == (False, True)


def replace_row(row, **fields):  # type: ignore[no-untyped-def]
    import msgspec

    return msgspec.structs.replace(row, **fields)


def test_hostile_names_are_text_and_no_path(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    name = "../../<script>alert(1)</script>"
    for number in range(2):
        lines: list[dict[str, object]] = [
            {"type": "run", "whypath": 1, "id": f"{name}{number}", "task": name},
            {"type": "decision", "name": name, "chosen": name, "options": [name, "b"]},
        ]
        text = "\n".join(json.dumps(line) for line in lines)
        (folder / f"{number}.jsonl").write_text(text)
    out = tmp_path / "site"
    made = build(folder, out, title=name, pair_by=name)
    assert all(re.fullmatch(r"[a-z0-9-]+", row.key) for row in made.rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "site"]
    for page in out.rglob("*.html"):
        assert "<script>alert" not in page.read_text(), page
    assert list(broken_links(out)) == []


def test_the_command_says_what_it_made(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    ask = ["site", str(runs), "-o", str(out), "-j", "1"]
    done = CliRunner().invoke(main, ask)
    assert (done.exit_code, done.stdout) == (0, f"{out / 'index.html'}: 6 runs\n")
    again = CliRunner().invoke(main, ask)
    assert "0 traces made, 6 as they were" in again.stdout


@pytest.mark.parametrize(
    "wrong", [["--sample", "0"], ["--sample", "x"], ["--max-age", "3 moons"]], ids=str
)
def test_what_is_no_share_or_age_is_refused(wrong: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["site", str(tmp_path), *wrong])
    assert done.exit_code == 2
    assert "write" in done.stderr


def test_plans_can_be_sent_to_other_processes() -> None:
    import pickle

    plan = replace(Plan(), only="failed")
    assert pickle.loads(pickle.dumps(plan)) == plan


def test_no_secret_gets_into_a_site(tmp_path: Path) -> None:
    key = "AKIA" + "Q7WN2ZTRV5XKJ3LM"
    said = [
        {"role": "user", "content": f"use AWS_ACCESS_KEY_ID={key} please"},
        {"role": "assistant", "content": "done"},
    ]
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "one.json").write_text(json.dumps({"messages": said}))
    for options, is_there in (((), False), (("--no-redact",), True)):
        out = tmp_path / f"site{is_there}"
        ask = ("site", str(tmp_path / "runs"), "-o", str(out), "--jobs", "1")
        assert whypath(*ask, *options).exit_code == 0
        pages = [page.read_text() for page in out.rglob("*.html")]
        assert any(key in page for page in pages) is is_there
        assert any("[redacted:" in page for page in pages) is not is_there


@pytest.mark.parametrize(
    "name", ["run-{}.json", "bad-{}.jsonl", "no-{}.json", "{}/r.json"]
)
def test_the_secret_in_the_name_of_a_file_stays_out_of_everything(
    name: str, tmp_path: Path
) -> None:
    key = "AKIA" + "Q7WN2ZTRV5XKJ3LM"
    said = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "x"}]
    texts = {"bad": '{"type": "run", "whypath": 99}\n', "no-": '{"colour": "blue"}'}
    runs = tmp_path / "runs"
    for file in (name.format(key), "good.json"):
        (runs / file).parent.mkdir(parents=True, exist_ok=True)
        (runs / file).write_text(texts.get(file[:3], json.dumps({"messages": said})))
    out = tmp_path / "site"
    done = whypath("site", str(runs), "-o", str(out), "--jobs", "1")
    assert done.exit_code == 0
    assert "[redacted:" in (out / "index.html").read_text()
    names = " ".join(contents(out))
    ledger = gzip.decompress((out / "runs.jsonl.gz").read_bytes()).decode()
    pages = "".join(page.read_text() for page in out.rglob("*.html"))
    for text in (names, ledger, pages, done.output):
        assert key.lower() not in text.lower()


def test_no_secret_reaches_any_page_whatever_process_made_it(
    runs: Path, tmp_path: Path
) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    told = "correct-horse-battery"
    for trace in (runs / "after").iterdir():
        text = trace.read_text().replace("exports stop half way", f"{secret} {told}")
        trace.write_text(text)
    (runs / "torn.jsonl").write_text('{"type": "run", "whypath": 99, "id": "x"}\n')
    out = tmp_path / "site"
    ask = ["site", str(runs), "-o", str(out), "--redact-pattern", f"horse={told}"]
    assert CliRunner().invoke(main, ask).exit_code == 0
    pages = {name: data for name, data in contents(out).items() if ".html" in name}
    everything = b"".join(pages.values())
    everything += b"".join(
        gzip.decompress(base64.b64decode(block))
        for block in re.findall(rb'octet-stream"[^>]*>([^<]+)<', everything)
    )
    everything += gzip.decompress((out / "runs.jsonl.gz").read_bytes())
    assert b"Route a ticket" in everything
    assert secret.encode() not in everything
    assert told.encode() not in everything
    plain = CliRunner().invoke(main, [*ask, "--no-redact"])
    assert plain.exit_code == 0, "and other options make the pages anew"
    assert secret in "".join(page.read_text() for page in out.rglob("steps-*.html"))
