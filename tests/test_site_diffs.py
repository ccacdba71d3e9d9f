"""The diffs of a site: which are made, what is kept, where they are told."""

import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from samples import EXAMPLES
from test_points import row
from test_site import broken_links, build, contents
from whypath import build_pairs, fleet
from whypath.build import choose, read_input
from whypath.build_diff import pick
from whypath.derive.sites.comparisons import find_pairs
from whypath.derive.sites.row import Row
from whypath.fleet import Plan
from whypath.render.site_pairs import commands

VIP = "Triage ticket T-8841 and answer the customer"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The run before a field was renamed, and the one after, which went wrong."""
    folder = tmp_path / "runs"
    folder.mkdir()
    for name in ("vip-before-rename.jsonl", "vip-after-rename.jsonl"):
        shutil.copy(EXAMPLES / "escalation" / name, folder)
    return folder


def diff_of(out: Path) -> Path:
    (folder,) = (out / "diffs").iterdir()
    return folder


def test_the_pair_of_a_task_has_its_diff(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    made = build(runs, out)
    assert made.diffs == 1
    told = "They part at step 9, “Which queue takes this ticket?”: A chose “vip-desk”"
    folder = diff_of(out)
    assert told in (folder / "index.html").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["index.html"]
    assert (out / "assets" / "diff.css").is_file()
    compare = (out / "compare.html").read_text()
    assert f'href="diffs/{folder.name}/index.html"' in compare
    assert told in compare
    assert "part at step 9" in compare
    assert f'href="diffs/{folder.name}/index.html"' in (out / "index.html").read_text()
    for one, side in zip(made.rows, "AB", strict=True):
        report = (out / "runs" / one.key / "index.html").read_text()
        assert f'href="../../diffs/{folder.name}/index.html"' in report
        assert f"This run is {side}." in report
        assert (
            f'href="../../runs/{one.key}/index.html"'
            in (folder / "index.html").read_text()
        )
    assert list(broken_links(out)) == []


def test_a_page_of_a_diff_has_no_style_or_script_of_its_own(
    runs: Path, tmp_path: Path
) -> None:
    build(runs, tmp_path / "site")
    page = (diff_of(tmp_path / "site") / "index.html").read_text()
    assert "style=" not in page
    assert "<style" not in page
    assert "script-src &#39;self&#39;; style-src &#39;self&#39;" in page
    scripts = re.findall(r"<script(?! type=\"application/octet-stream\")[^>]*>", page)
    assert scripts == ['<script src="../../assets/diff.js">']


def test_an_unchanged_diff_is_taken_over_and_a_changed_one_made_again(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "site"
    build(runs, out)
    before = contents(out)
    made: list[str] = []
    real = build_pairs.compare_two

    def compare_two(couple, plan, stage):  # type: ignore[no-untyped-def]
        made.append(couple.key)
        return real(couple, plan, stage)

    monkeypatch.setattr(build_pairs, "compare_two", compare_two)
    build(runs, out)
    assert made == []
    assert contents(out) == before
    after = runs / "vip-after-rename.jsonl"
    after.write_text(after.read_text().replace("account_tier", "tier_of_account"))
    build(runs, out)
    assert len(made) == 1
    assert "tier_of_account" in (out / "compare.html").read_text()
    build(runs, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_the_diff_of_a_run_that_is_gone_is_gone_and_nothing_speaks_of_it(
    runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    build(runs, out)
    assert diff_of(out).is_dir()
    (runs / "vip-after-rename.jsonl").unlink()
    made = build(runs, out)
    assert made.kept == 1
    assert not (out / "diffs").exists()
    assert "Compared with" not in "".join(p.read_text() for p in out.rglob("*.html"))
    build(runs, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_the_same_traces_elsewhere_give_the_same_diffs(
    runs: Path, tmp_path: Path
) -> None:
    bare = "k1L2m3N4o5P6q7R8s9T0"
    after = runs / "vip-after-rename.jsonl"
    after.write_text(after.read_text().replace("general", bare))
    elsewhere = tmp_path / f"token={bare}" / "there"
    shutil.copytree(runs, elsewhere)
    build(runs, tmp_path / "one", secrets={"known": {}})
    made = build(elsewhere, tmp_path / "two", secrets={"known": {}})
    assert made.diffs == 1
    pages = contents(tmp_path / "one")
    assert pages == contents(tmp_path / "two")
    assert not any(str(tmp_path).encode() in page for page in pages.values())


def test_the_site_of_before_is_not_written_to(runs: Path, tmp_path: Path) -> None:
    out, copy = tmp_path / "site", tmp_path / "copy"
    made = build(runs, out)
    shutil.copytree(out, copy, copy_function=os.link)
    before = contents(copy)
    report = f"runs/{made.rows[0].key}/index.html"
    assert b"This run is A." in before[report]
    build(runs, out, diffs=0)
    assert b"This run is A." not in contents(out)[report]
    assert contents(copy) == before


def test_any_number_of_workers_makes_the_same_diffs(runs: Path, tmp_path: Path) -> None:
    for trace in list(runs.iterdir()):
        text = trace.read_text().replace(VIP, f"{VIP} again")
        (runs / f"more-{trace.name}").write_text(text.replace("T-8841-1", "T-9-1"))
    build(runs, tmp_path / "one")
    made = fleet.site([str(runs)], tmp_path / "two", Plan(), jobs=2)
    assert made.diffs == 2
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_without_diffs_there_are_commands_that_make_them(
    runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    build(runs, out)
    assert build(runs, out, diffs=0).diffs == 0
    assert not (out / "diffs").exists()
    assert "Compared with" not in "".join(p.read_text() for p in out.rglob("*.html"))
    said = "whypath diff vip-before-rename.jsonl vip-after-rename.jsonl -o diff.html"
    assert f"<code>{said}</code>" in (out / "compare.html").read_text()


def test_a_diff_that_cannot_be_made_is_told_and_stops_nothing(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(build_pairs, "compare_all", stop)
    made = build(runs, tmp_path / "site")
    assert (made.diffs, len(made.rows)) == (0, 2)
    page = (tmp_path / "site" / "compare.html").read_text()
    assert "No diff: <bdi>a fault in Whypath: KeyError" in page
    assert "whypath diff vip-before" in page
    assert list(broken_links(tmp_path / "site")) == []


def test_failed_runs_alone_are_compared_with_those_that_passed(
    runs: Path, tmp_path: Path
) -> None:
    trace = runs / "vip-after-rename.jsonl"
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    for line in lines:
        if "status" in line and line["type"] in ("run", "end"):
            line["status"] = "error"
    lines.append({"type": "end", "status": "error"})
    trace.write_text("\n".join(map(json.dumps, lines)))
    made = build(runs, tmp_path / "site", only="failed")
    assert (len(made.rows), made.diffs) == (1, 1)
    assert list(broken_links(tmp_path / "site")) == []


def test_a_diff_does_not_lead_to_a_report_that_is_left_out(
    runs: Path, tmp_path: Path
) -> None:
    made = build(runs, tmp_path / "site", limit=1)
    assert (len(made.rows), made.diffs) == (1, 1)
    assert list(broken_links(tmp_path / "site")) == []


def test_a_secret_of_one_run_stays_out_of_the_other_side(
    runs: Path, tmp_path: Path
) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    bare = secret.removeprefix("ghp_")
    before, after = runs / "vip-before-rename.jsonl", runs / "vip-after-rename.jsonl"
    before.write_text(before.read_text().replace("vip-desk", bare))
    after.write_text(after.read_text().replace("general", f"token={bare}"))
    out = tmp_path / "site"
    build(runs, out, secrets={"known": {}, "patterns": {"mine": bare}})
    pages = "".join(page.read_text() for page in out.rglob("*.html"))
    ledger = gzip.decompress((out / "diffs.jsonl.gz").read_bytes()).decode()
    assert "redacted:" in ledger
    assert bare not in pages + ledger


@pytest.mark.parametrize(
    "name", ["a b.jsonl", "it's.jsonl", "-x.jsonl", "$(x);#y.jsonl", "ü.jsonl"]
)
def test_a_command_is_taken_by_a_shell_as_it_is(
    name: str, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    shutil.copy(runs / "vip-before-rename.jsonl", runs / name)
    one, other = row(1, source=name), row(2, source="vip-after-rename.jsonl")
    words = shlex.split(commands([one, other])(one, other))
    assert words[:2] == ["whypath", "diff"]
    monkeypatch.chdir(runs)
    picked = pick(words[2:4], (), lambda s: read_input([s]).runs, choose)
    assert len(picked.runs) == 2


def test_a_run_of_a_file_with_several_is_named_in_the_command() -> None:
    one, other = row(1, source="all.jsonl"), row(2, source="all.jsonl")
    said = commands([one, other])(one, other)
    assert said == "whypath diff 'all.jsonl#r1' 'all.jsonl#r2' -o diff.html"


NO_WORD = {
    "a NUL in an id": (row(1, source="all.jsonl", run="a\0"), True),
    "half a pair in an id": (row(1, source="all.jsonl", run="a\ud800"), True),
    "bytes of a name that are not kept": (row(1, source="\ufffd.jsonl"), False),
}


@pytest.mark.parametrize(("one", "is_of_several"), NO_WORD.values(), ids=NO_WORD)
def test_what_no_shell_can_be_given_has_no_command(
    one: Row, is_of_several: bool
) -> None:
    other = row(2, source=one.source if is_of_several else "b.jsonl")
    assert commands([one, other])(one, other) == ""


INVISIBLE = (
    "\u202e\u2066x",
    "a\u3164",
    "\x1b[2J\x07",
    "a\tb\nc",
    "it's \\ \u00a0",
    "e\ufe0f",
)
"""What a page shows by a mark, a terminal by a dot, or as another letter."""


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize("id", INVISIBLE, ids=ascii)
def test_a_command_with_what_cannot_be_seen_is_shown_and_taken_as_it_is(
    id: str, tmp_path: Path
) -> None:
    one, other = row(1, source=f"{id}.jsonl", run=id), row(2, source=f"{id}.jsonl")
    command = commands([one, other])(one, other)
    assert command.isascii()
    assert command.isprintable()
    show = f"whypath() {{ printf '%s\\0' \"$@\"; }}; {command}"
    told = subprocess.run(["bash", "-c", show], capture_output=True, check=True).stdout
    wanted = ["diff", f"{id}.jsonl#{id}", f"{id}.jsonl#r2", "-o", "diff.html", ""]
    assert told.decode().split("\0") == wanted


def test_the_baseline_is_compared_with_the_latest_run_beside_it() -> None:
    rows = [row(0), row(1), row(2, tone="error"), row(3)]
    pairs = find_pairs(rows, None, lambda one: one.run in ("r0", "r1"))
    assert [(p.good.run, p.bad.run) for p in pairs] == [("r1", "r2")]
    assert pairs[0].why.count(";") == 1, "both reasons are told"


def test_a_run_that_was_asked_the_same_is_compared_with_first() -> None:
    rows = [row(0, asked="x"), row(1, asked="y"), row(2, asked="x", outcome="failed")]
    (pair,) = find_pairs(rows)
    assert (pair.good.run, pair.bad.run) == ("r0", "r2")


def test_a_run_that_passed_before_is_preferred_to_one_after() -> None:
    rows = [row(0), row(1, outcome="failed"), row(2)]
    (pair,) = find_pairs(rows)
    assert (pair.good.run, pair.bad.run) == ("r0", "r1")


def test_a_text_that_turns_round_does_not_turn_our_sentence(
    runs: Path, tmp_path: Path
) -> None:
    after = runs / "vip-after-rename.jsonl"
    after.write_text(after.read_text().replace("general", "gene\u202eral"))
    build(runs, tmp_path / "site")
    assert "B “general”" in (tmp_path / "site" / "compare.html").read_text()


def test_what_is_published_does_not_remember(runs: Path, tmp_path: Path) -> None:
    made = build(runs, tmp_path / "site", forget=True)
    assert made.diffs == 1
    assert not list((tmp_path / "site").glob("*.gz"))
