"""Links planted in an older site, and names that are no text: nothing leaks out."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from samples import EXAMPLES
from whypath import fleet

TRACE = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
PRECIOUS = "precious, and of somebody else"


def run_page(site: Path) -> Path:
    return next((site / "runs").glob("*/index.html"))


PLACES: dict[str, Callable[[Path], Path]] = {
    "list": lambda site: site / "index.html",
    "mark": lambda site: site / ".whypath",
    "ledger": lambda site: site / "runs.jsonl.gz",
    "runs": lambda site: site / "runs",
    "run": lambda site: run_page(site).parent,
    "page": run_page,
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_link_in_an_older_site_leads_nowhere(
    tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    site, target = tmp_path / "site", tmp_path / "target"
    fleet.site([str(TRACE)], site, fleet.Plan(), jobs=1)
    path = place(site)
    if path.is_dir():
        path.rename(target)
        page = next(target.rglob("index.html"))
    else:
        path.unlink()
        page = target
    page.write_text(PRECIOUS, "utf-8")
    path.symlink_to(target)
    fleet.site([str(TRACE)], site, fleet.Plan(), jobs=1)
    assert page.read_text("utf-8") == PRECIOUS
    for file in site.rglob("*"):
        assert not file.is_symlink()
        assert file.is_dir() or PRECIOUS.encode() not in file.read_bytes()


def test_names_that_are_no_utf8_are_told_apart_and_read(tmp_path: Path) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    for name in (b"\xfe.jsonl", b"\xff.jsonl"):
        shutil.copy(TRACE, traces / os.fsdecode(name))
    made = fleet.site([str(traces)], tmp_path / "site", fleet.Plan(), jobs=1)
    assert [row.error for row in made.rows] == ["", ""]
    assert sorted(row.source for row in made.rows) == ["\\udcfe.jsonl", "\\udcff.jsonl"]
    again = fleet.site([str(traces)], tmp_path / "site", fleet.Plan(), jobs=1)
    assert again.kept == 2
