"""Zip archives and SQLite databases: each member or row is one located JSON value."""

import io
import json
import sqlite3
import sys
import zipfile
from pathlib import Path

import pytest

from whypath.errors import TraceError
from whypath.records import Record, Records


def zipped(path: Path, members: dict[str, bytes]) -> Records:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return Records(path)


def database(path: Path, *statements: str) -> Path:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path


def test_each_json_member_of_a_zip_is_a_record_those_at_the_top_first(
    tmp_path: Path,
) -> None:
    records = zipped(
        tmp_path / "log.eval",
        {
            "samples/1.json": b'{"id": 1}',
            "samples/notes.txt": b"not looked at",
            "header.json": b'{"version": 2}\n',
        },
    )
    assert records.sample().parts == ("header.json", "samples/1.json")
    assert list(records) == [
        Record(1, b'{"version": 2}\n', "header.json"),
        Record(2, b'{"id": 1}', "samples/1.json"),
    ]
    assert records.problems == []


def test_a_zip_packed_with_zstd_is_read_too(tmp_path: Path) -> None:
    if sys.version_info >= (3, 14):
        packer = zipfile
    else:
        from backports.zstd import zipfile as packer
    path = tmp_path / "log.eval"
    with packer.ZipFile(path, "w", packer.ZIP_ZSTANDARD) as archive:
        archive.writestr("header.json", b'{"version": 2}')
    assert [record.data for record in Records(path)] == [b'{"version": 2}']


def test_what_is_wrong_with_one_member_leaves_the_others_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", b'{"good": 1}')
        archive.writestr("b.json", b'{"bad": "flipped bit"}')
        archive.writestr("c.json", b'{"odd": NaN}')
        archive.writestr("d.json", b"no JSON")
    path.write_bytes(path.read_bytes().replace(b"flipped", b"flopped"))
    records = Records(path)
    assert [record.data for record in records] == [b'{"good": 1}', b'{"odd":"NaN"}']
    said = [(p.level, p.what, p.done) for p in records.problems]
    assert said == [
        (
            "loss",
            "a part that cannot be read (Bad CRC-32 for file 'b.json')",
            "b.json is left out",
        ),
        ("repair", "NaN is not JSON; kept as text", "read all the same"),
        ("loss", "a damaged part: not JSON: Expecting value", "d.json is left out"),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04 and then nothing", "a damaged zip archive"),
        (b"SQLite format 3\0 and then nothing", "a damaged SQLite database"),
    ],
)
def test_a_damaged_archive_is_refused_in_one_sentence(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(data)
    with pytest.raises(TraceError, match=message):
        list(Records(path))


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    records = zipped(tmp_path / "x.zip", {"run.jsonl": b"{}"})
    with pytest.raises(TraceError, match="a zip archive without any"):
        list(records)


def test_a_zip_that_unpacks_to_far_too_much_is_refused(tmp_path: Path) -> None:
    bomb = b'"' + b" " * (80 << 20) + b'"'
    records = zipped(tmp_path / "bomb.zip", {"a.json": b"{}", "b.json": bomb})
    with pytest.raises(TraceError, match="unpacks to more than 200 times"):
        list(records)


def test_each_row_of_a_database_is_a_record_named_after_its_table(
    tmp_path: Path,
) -> None:
    path = database(
        tmp_path / "traces.db",
        "CREATE TABLE spans (id TEXT, start REAL, note BLOB)",
        "INSERT INTO spans VALUES ('a', 1.5, x'00ff'), ('b', NULL, NULL)",
        'CREATE TABLE "odd ""name" (n INTEGER)',
        'INSERT INTO "odd ""name" VALUES (7)',
        "CREATE VIEW all_spans AS SELECT * FROM spans",
    )
    records = Records(path)
    assert records.sample().parts == ("spans", 'odd "name')
    found = [(r.line, json.loads(r.data), r.part) for r in records]
    assert found == [
        (1, {"id": "a", "start": 1.5, "note": "AP8="}, "spans"),
        (2, {"id": "b", "start": None, "note": None}, "spans"),
        (1, {"n": 7}, 'odd "name'),
    ]


def test_reading_a_database_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = database(
        tmp_path / "traces.db",
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE spans (id TEXT)",
        "INSERT INTO spans VALUES ('a')",
    )
    before = path.read_bytes()
    assert len(list(Records(path))) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["traces.db"]
    assert path.read_bytes() == before


def test_rows_that_are_only_in_the_log_of_a_database_are_read(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE spans (id TEXT)")
    writer.execute("INSERT INTO spans VALUES ('newest')")
    writer.commit()
    assert [record.data for record in Records(path)] == [b'{"id":"newest"}']
    writer.close()


def test_an_archive_in_a_pipe_is_refused_with_a_hint() -> None:
    pipe = io.BytesIO(b"SQLite format 3\0" + b"\0" * 99)
    with pytest.raises(TraceError, match="give it by its name"):
        list(Records(None, pipe))
