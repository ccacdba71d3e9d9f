"""Copilot's database of spans tells what the same spans tell as OTLP."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from samples import dump, read_runs
from whypath.model import Run

DATABASE = "otlp-genai/copilot_chat_otel_traces.db"
AS_OTLP = "otlp-genai/copilot_chat_otel.derived.otlp.jsonl"

COLUMNS = "span_id, trace_id, parent_span_id, name, start_time_ms, end_time_ms"


def steps_of(run: Run) -> str:
    """A run's text without what the two files do not have in common."""
    lines = dump(run).splitlines()[1:]
    return "\n".join(line for line in lines if not line.startswith("label service"))


def test_the_database_and_its_twin_in_otlp_have_the_same_runs_and_steps(
    corpus: Path,
) -> None:
    runs = {run.id: run for run in read_runs(corpus / DATABASE)}
    twins = {run.id: run for run in read_runs(corpus / AS_OTLP)}
    assert runs.keys() == twins.keys()
    for id, run in runs.items():
        assert steps_of(run) == steps_of(twins[id])
        assert [s.key for s in run.steps] == [s.key for s in twins[id].steps]


def test_tokens_are_those_that_the_database_itself_sums_up(corpus: Path) -> None:
    with closing(
        sqlite3.connect(f"file:{corpus / DATABASE}?immutable=1", uri=True)
    ) as db:
        query = (
            "SELECT SUM(input_tokens), SUM(output_tokens), SUM(cached_tokens)"
            " FROM spans WHERE operation_name = 'chat'"
        )
        summed = db.execute(query).fetchone()
    found = [0, 0, 0]
    for run in read_runs(corpus / DATABASE):
        for usage in (step.usage for step in run.steps if step.usage is not None):
            found[0] += usage.input_tokens or 0
            found[1] += usage.output_tokens or 0
            found[2] += usage.cache_read_tokens or 0
    assert tuple(found) == summed


def test_a_step_says_which_row_it_is(corpus: Path) -> None:
    with closing(
        sqlite3.connect(f"file:{corpus / DATABASE}?immutable=1", uri=True)
    ) as db:
        rows = [row[0] for row in db.execute("SELECT * FROM spans")]
    for run in read_runs(corpus / DATABASE):
        for step in run.steps:
            assert step.source.line is not None
            assert rows[step.source.line - 1] == step.key


def database(
    path: Path, spans: list[tuple[Any, ...]], attributes: list[tuple[Any, ...]]
) -> Path:
    """A small one, whose columns take values of any type."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"CREATE TABLE spans ({COLUMNS}, operation_name, request_model)")
        db.execute("CREATE TABLE span_attributes (span_id, key, value)")
        db.execute(
            "CREATE TABLE span_events (id, span_id, name, timestamp_ms, attributes)"
        )
        db.executemany("INSERT INTO spans VALUES (?,?,?,?,?,?,?,?)", spans)
        db.executemany("INSERT INTO span_attributes VALUES (?,?,?)", attributes)
        event = (1, "a", "exception", 1779650002494.1, '{"exception.message":"no"}')
        db.execute("INSERT INTO span_events VALUES (?,?,?,?,?)", event)
    return path


def test_columns_tell_what_no_attribute_does(tmp_path: Path) -> None:
    row = ("a", "t", None, "chat m", 1779650002354, 1779650002949.5, "chat", "m-1")
    path = database(tmp_path / "x.db", [row], [("a", "error.type", "Timeout")])
    (run,) = read_runs(path)
    (step,) = run.steps
    assert (step.kind, step.model) == ("model", "m-1")
    assert step.error == "Timeout: no"
    assert step.end_ns is not None
    assert abs(step.end_ns - 1779650002949500000) < 1000  # a double has no more


def test_rows_about_a_span_that_is_not_there_are_a_problem(tmp_path: Path) -> None:
    row = ("a", "t", None, "chat", 1779650002354, None, "chat", None)
    path = database(tmp_path / "x.db", [row], [("b", "k", "v"), ("b", "l", "v")])
    (run,) = read_runs(path)
    problems = {p.what: p.level for p in run.problems}
    assert problems["rows about a span that is not there"] == "loss"


@pytest.mark.parametrize("value", [None, 7, -1.5, "x", b"\x00\xff", "", 10**17])
def test_no_value_of_any_type_stops_the_reader(tmp_path: Path, value: Any) -> None:
    whole: list[Any] = [
        "a",
        "t",
        None,
        "chat",
        1779650002354,
        1779650002355,
        "chat",
        "m",
    ]
    rows = []
    for number in range(len(whole)):
        row = [f"{number}", *whole[1:]]
        row[number] = value
        rows.append(tuple(row))
    attributes = [(value, "k", "v"), ("1", value, "v"), ("2", "k", value)]
    runs = read_runs(database(tmp_path / "x.db", rows, attributes))
    # the one whose parent is called like another is a call around that call
    assert sum(len(run.steps) for run in runs) >= len(rows) - 1
