"""Rows of many runs, in memory and in files: the same order, choice and pages."""

import sys
from pathlib import Path

import pytest

from samples import EXAMPLES
from whypath import fleet
from whypath.build_site import Unit
from whypath.derive.sites.row import Choice, Flaw, Row
from whypath.errors import TraceError
from whypath.fleet import Plan
from whypath.render.site import Words, site_pages
from whypath.rows import Gathered, entries, gather

SECOND = 10**9
PLANS = [
    Plan(),
    Plan(only="failed"),
    Plan(only="findings"),
    Plan(limit=7),
    Plan(limit=100_000),
    Plan(max_age_ns=900 * SECOND),
    Plan(only="failed", limit=50, max_age_ns=40 * SECOND),
]


def invented(count: int) -> list[Row]:
    """Rows with the same times, with none, with absurd ones, and with odd names."""
    names = ("a", "B", "é", "\U0001f600", "z'; DROP TABLE parts; --", "nul\0inside", "")
    starts = (None, 0, -5, 2**63, -(2**63) - 9, 2**64 - 1)
    return [
        Row(
            key=f"run-{n}",
            source=f"{names[n % 7]}{n % 13}",
            run=names[n % 5],
            task=f"Task {n % 40} of {names[n % 7]}",
            asked=f"{n % 3}",
            agent=f"agent-{n % 3}",
            models=(f"m{n % 2}", "shared"),
            labels=(("suite", f"s{n % 4}"), ("id", f"{n}")),
            outcome=("passed", "failed", "unknown")[n * 7 % 3],  # type: ignore[arg-type]
            tone="ok",
            status="ok",
            start_ns=starts[n % 97]
            if n % 97 < 6 and n % 2
            else (n * 31 % 500) * SECOND,
            duration_ns=n * 7_919 % 5_000 * 10**6,
            tokens=None if n % 5 else n,
            cost_usd=n * 0.1 / 3,
            flaws=(Flaw("loop", "warning", "Goes round.", 3),) if n % 11 == 0 else (),
            choices=(
                Choice("route", "name", "vip" if n % 2 and n < 4_000 else "all", 4, 1),
                Choice("t · id", "tool", f"{n}", 1, 1),
                Choice("t · queue", "tool", f"q{n % 3}", 2, 2),
            ),
            error="Torn." if n % 61 == 0 else "",
        )
        for n in range(count)
    ]


def filled(in_files: bool, rows: list[Row]) -> tuple[Gathered, list[Unit]]:
    """Rows that came in any order, three to a trace; every other one has pages."""
    gathered = gather(in_files)
    traces = list(enumerate(rows[at : at + 3] for at in range(0, len(rows), 3)))
    for number, some in sorted(traces, key=lambda one: one[0] * 7_919 % 1_009):
        kept = [row.key for row in some if not row.error and len(row.key) % 2]
        gathered.add(number, some, kept)
    return gathered, [Unit(f"{number}", "") for number, _ in traces]


@pytest.fixture(scope="module")
def both() -> tuple[tuple[Gathered, list[Unit]], tuple[Gathered, list[Unit]]]:
    """The same rows in memory and in files, of which there are two."""
    rows = invented(5_000)
    return filled(False, rows), filled(True, rows)


@pytest.mark.parametrize(
    "plan", PLANS, ids=lambda p: f"{p.only} {p.limit} {p.max_age_ns}"
)
def test_rows_in_files_are_chosen_and_sorted_as_those_in_memory(both, plan) -> None:  # type: ignore[no-untyped-def]
    (here, units), (there, _) = both
    rows = here.chosen(plan)
    assert list(there.chosen(plan)) == rows
    assert list(reversed(there.chosen(plan))) == rows[::-1]
    assert len(there.chosen(plan)) == len(rows) > 0
    assert sorted(there.hidden(plan)) == sorted(here.hidden(plan))
    remembered = list(entries(there, units, plan))
    assert remembered == list(entries(here, units, plan))
    assert len(remembered) == len(units)


def test_pages_of_rows_in_files_are_those_of_rows_in_memory(both) -> None:  # type: ignore[no-untyped-def]
    words = Words("Runs", "", "suite=s1")

    def pages(gathered: Gathered) -> dict[str, str]:
        usual = lambda row: ("suite", "s1") in row.labels  # noqa: E731
        made = site_pages(gathered.chosen(Plan()), (), (), words, usual)
        return {name: "".join(pieces) for name, pieces in made}

    (here, _), (there, _) = both
    one, other = pages(here), pages(there)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    assert "decisions/route" in " ".join(one)


def test_no_rows_at_all_are_none() -> None:
    gathered = gather(True)
    assert list(gathered.chosen(Plan())) == []
    assert list(entries(gathered, [], Plan())) == []


def test_the_folder_of_the_files_goes_with_the_rows() -> None:
    gathered = gather(True)
    gathered.add(0, invented(3), ())
    folder = Path(gathered.chosen(Plan()).path).parent  # type: ignore[attr-defined]
    assert folder.is_dir()
    del gathered
    assert not folder.exists()


def test_without_duckdb_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(TraceError, match="DuckDB is not installed"):
        fleet.site([str(EXAMPLES)], tmp_path / "site", Plan(), is_far=True)
    assert not (tmp_path / "site").exists()
