"""Bytes in, located records out: whatever the bytes are, and never a traceback."""

import gzip
import io
import json
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import igzip

from whypath.errors import Problem, TraceError
from whypath.limits import USUAL, Limits
from whypath.mend import MAX_DEPTH, Unmendable, close_cut, is_deep, is_open, mend
from whypath.records import Records

check = msgspec.json.Decoder(msgspec.Raw).decode

Pack = Callable[[bytes], bytes]

GOOD = b'{"a":1}\n{"b":2}\n'


def read(data: bytes, limits: Limits = USUAL) -> tuple[list[bytes], list[Problem]]:
    """The records of some bytes, checked for what every later stage relies on."""
    records = Records(None, io.BytesIO(data), limits)
    records.sample()
    found = [record.data for record in records]
    for value in found:
        check(value)
        value.decode()
        assert not is_deep(value)
    return found, records.problems


def attempt(data: bytes) -> list[bytes] | str:
    """The records of some bytes, or the one sentence that refuses them."""
    try:
        return read(data)[0]
    except TraceError as error:
        return str(error)


def refusal(data: bytes, limits: Limits = USUAL) -> str:
    with pytest.raises(TraceError) as caught:
        read(data, limits)
    return str(caught.value)


def said(problems: list[Problem]) -> list[tuple[str, str, int | None]]:
    return [(problem.level, problem.what, problem.line) for problem in problems]


SOUND = {
    "two lines": (GOOD, 2),
    "no line feed at the end": (GOOD[:-1], 2),
    "blank lines": (b"\n\n" + GOOD + b"\n \t\n", 2),
    "CRLF": (GOOD.replace(b"\n", b"\r\n"), 2),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, 2),
    "a second byte order mark": (GOOD + b"\xef\xbb\xbf" + GOOD, 4),
    "record separators of RFC 7464": (b'\x1e{"a":1}\n\x1e{"b":2}\n', 2),
    "one document": (b'{"a":1}', 1),
    "a printed document": (json.dumps([{"a": 1}] * 30, indent=2).encode(), 1),
    "a list with an object a line": (b'[\n{"a":1},\n{"b":2}\n]', 1),
    "a list of empty lists": (b"[\n[],\n[]\n]", 1),
    "line separators inside a text": ('{"a":"x\u2028y\u2029z\x85"}\n{}'.encode(), 2),
    "numbers that no double holds": (
        b"[1e999,-1e999,123456789012345678901234567890]",
        1,
    ),
    "duplicate keys": (b'{"a":1,"a":2}', 1),
    "an escaped NUL": (b'{"a":"\\u0000"}', 1),
}


@pytest.mark.parametrize(("data", "count"), SOUND.values(), ids=SOUND.keys())
def test_what_is_sound_is_read_without_a_word(data: bytes, count: int) -> None:
    found, problems = read(data)
    assert (len(found), problems) == (count, [])


REPAIRED = {
    "NaN": (b'{"x":NaN}', b'{"x":"NaN"}', "NaN is not JSON; kept as text"),
    "Infinity": (
        b'{"x":-Infinity}',
        b'{"x":"-Infinity"}',
        "-Infinity is not JSON; kept as text",
    ),
    "a lone surrogate": (
        b'{"x":"a\\ud800b"}',
        '{"x":"a\ufffdb"}'.encode(),
        "half of a surrogate pair; shown as U+FFFD",
    ),
    "bytes that are not UTF-8": (
        b'{"x":"a\xffb"}',
        '{"x":"a\ufffdb"}'.encode(),
        "bytes that are not UTF-8; shown as U+FFFD",
    ),
    "a raw control character": (
        b'{"x":"a\x1cb\tc"}',
        b'{"x":"a\\u001cb\\tc"}',
        "control characters in a text",
    ),
    "NUL padding": (b'\0\0{"x":1}\0\0', b'{"x":1}', "NUL bytes"),
    "an integer beyond 64 bits beside NaN": (
        b"[NaN,123456789012345678901234567890]",
        b'["NaN",123456789012345678901234567890]',
        "NaN is not JSON; kept as text",
    ),
    "a number beyond a double beside NaN": (
        b"[1e999,NaN]",
        b'["1e999","NaN"]',
        "a number beyond a double's range; kept as text",
    ),
    "an integer of 5,000 digits beside NaN": (
        b"[NaN," + b"7" * 5000 + b"]",
        b'["NaN","' + b"7" * 5000 + b'"]',
        "a number of more than 600 digits; kept as text",
    ),
}


@pytest.mark.parametrize(("line", "mended", "what"), REPAIRED.values(), ids=REPAIRED)
def test_what_can_be_mended_is_read_and_reported(
    line: bytes, mended: bytes, what: str
) -> None:
    found, problems = read(b'{"a":1}\n' + line + b'\n{"b":2}\n')
    assert found == [b'{"a":1}', mended, b'{"b":2}']
    assert what in [problem.what for problem in problems]
    assert {problem.line for problem in problems} == {2}
    assert {problem.level for problem in problems} <= {"repair", "note"}


EMBEDDED_NUL = (
    "embedded null byte"
    if sys.version_info < (3, 13)
    else "stat: embedded null character in path"
)

LOST = {
    "text": (b"Starting the agent", "not JSON: Expecting value at column 1"),
    "a cut line": (b'{"x":"abc', "not JSON: Unterminated string at column 6"),
    "a trailing comma": (
        b'{"x":1,}',
        "not JSON: Expecting property name enclosed in double quotes at column 8"
        if sys.version_info < (3, 13)
        else "not JSON: Illegal trailing comma before end of object at column 7",
    ),
    "deep nesting": (b"[" * 100_000 + b"]" * 100_000, "nested too deep to read"),
    "depth that a strict parser takes": (
        b"[" * (MAX_DEPTH + 9) + b" " * 999 + b"]" * (MAX_DEPTH + 9),
        "nested too deep to read",
    ),
    "open nesting": (b'{"a":' * 100_000, "nested too deep to read"),
}


@pytest.mark.parametrize(("line", "what"), LOST.values(), ids=LOST)
def test_a_broken_line_is_located_and_the_rest_is_kept(line: bytes, what: str) -> None:
    found, problems = read(b'{"a":1}\n' + line + b'\n{"b":2}\n')
    assert found == [b'{"a":1}', b'{"b":2}']
    assert [(p.level, p.line) for p in problems] == [("loss", 2)]
    assert problems[0].what.startswith(what)


def test_a_cut_last_line_is_reported_and_the_rest_is_kept() -> None:
    found, problems = read(GOOD + b'{"c":[1,{"d":"x')
    assert found == [b'{"a":1}', b'{"b":2}']
    assert said(problems) == [("loss", "the last line is cut off", 3)]


def test_a_cut_first_line_does_not_hide_the_rest() -> None:
    found, problems = read(b'{"c":[1,\n' + GOOD * 30)
    assert len(found) == 60
    assert [(p.level, p.line) for p in problems] == [("loss", 1)]


def test_many_broken_lines_are_one_problem_with_a_count() -> None:
    _, problems = read(GOOD + b"oops\n" * 500 + b"  [oops\n")
    assert [(p.line, p.count) for p in problems] == [(3, 501)]


def test_objects_without_a_line_break_between_them_are_each_read() -> None:
    found, problems = read(b'{"a":1}{"b":2} [3]\n{"c":4}')
    assert found == [b'{"a":1}', b'{"b":2}', b"[3]", b'{"c":4}']
    assert [(p.level, p.line, p.count) for p in problems] == [("repair", 1, 2)]


def test_what_is_whole_of_a_line_that_breaks_later_is_kept() -> None:
    found, problems = read(b'{"a":1}{"b":2}{"c"\n7\n')
    assert found == [b'{"a":1}', b'{"b":2}', b"7"]
    assert problems[-1].done == "the rest of the line is left out"


PRETTY = json.dumps({"a": [1, {"b": "x, y"}], "c": [{"d": 4}] * 20}, indent=2).encode()


def test_printed_objects_one_after_the_other_are_each_read_at_their_line() -> None:
    records = Records(None, io.BytesIO(b'{\n"a": 1\n}\n\n{\n"b": 2\n}\n'))
    assert [(r.line, r.data) for r in records] == [(1, b'{"a":1}'), (5, b'{"b":2}')]


@pytest.mark.parametrize("keep", range(3, len(PRETTY), 7))
def test_of_a_document_cut_anywhere_what_is_whole_is_kept(keep: int) -> None:
    data = PRETTY[:keep]
    if isinstance(attempt(data), str):
        assert keep < 20
        return
    found, problems = read(data)
    (value,) = map(json.loads, found)
    whole = json.loads(PRETTY)
    assert value.get("a", [1])[:1] == [1]
    assert all(one in whole["c"] or one == {} for one in value.get("c", []))
    assert [p.level for p in problems] == ["loss"]
    assert problems[0].line == data.rstrip().count(b"\n") + 1


def test_of_a_document_damaged_in_the_middle_what_is_before_is_kept() -> None:
    lines = PRETTY.split(b"\n")
    lines[30] = b"} oops {"
    found, problems = read(b"\n".join(lines))
    assert json.loads(found[0])["a"] == [1, {"b": "x, y"}]
    assert [(p.level, p.line) for p in problems] == [("loss", 31)]


def test_a_printed_document_with_nan_is_mended() -> None:
    found, problems = read(PRETTY.replace(b'"x, y"', b"NaN"))
    assert json.loads(found[0])["a"] == [1, {"b": "NaN"}]
    assert said(problems) == [("repair", "NaN is not JSON; kept as text", 1)]


def archive(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(name, GOOD)
    return file.getvalue()


TAR = b"run.jsonl".ljust(257, b"\0") + b"ustar\x0000".ljust(255, b"\0") + GOOD

REFUSED = {
    "nothing": (b"", "the file is empty"),
    "blank lines": (b"\n \r\n\t\n", "the file holds only blank lines"),
    "only NUL": (b"\0" * 5000, "the file holds only blank lines"),
    "text": (b"hello\nworld\n", "<stdin>:1: not JSON: Expecting value at column 1"),
    "binary": (bytes(range(128, 256)) * 99, "<stdin>:1: not JSON: Expecting value"),
    "zip": (archive("run.jsonl"), "<stdin>:1: this is a zip archive. Hint: unpack it"),
    "tar": (TAR, "<stdin>:1: this is a tar archive. Hint: unpack it"),
    "tar.gz": (gzip.compress(TAR, mtime=0), "<stdin>:1: this is a tar archive"),
    "SQLite": (b"SQLite format 3\0" + b"\0" * 99, "this is a SQLite database"),
    "UTF-16 with its mark": (GOOD.decode().encode("utf-16"), "this is UTF-16 text"),
    "UTF-16 little": (GOOD.decode().encode("utf-16-le"), "this is UTF-16 text"),
    "UTF-16 big": (GOOD.decode().encode("utf-16-be"), "this is UTF-16 text"),
    "a gzip head alone": (gzip.compress(GOOD, mtime=0)[:12], "it ends in the middle"),
    "broken gzip": (b"\x1f\x8b\x08" + b"\xff" * 99, "cannot be read"),
    "broken zstd": (b"\x28\xb5\x2f\xfd" + b"\xff" * 99, "cannot be read"),
    "open nesting": (b"[" * 100_000, "<stdin>:1: the last line is cut off"),
    "deep whole nesting": (b"[" * 100_000 + b"]" * 100_000, "nested too deep to read"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_trace_is_refused_in_one_sentence(data: bytes, message: str) -> None:
    found = refusal(data)
    assert message in found
    assert "\n" not in found


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gz", "zst"])
def test_a_packed_file_is_unpacked_and_several_may_follow_each_other(
    pack: Pack,
) -> None:
    assert read(pack(GOOD) + pack(GOOD)) == ([b'{"a":1}', b'{"b":2}'] * 2, [])


MANY = b"".join(b'{"number":%d}\n' % (n * n) for n in range(50_000))


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gz", "zst"])
@pytest.mark.parametrize("part", [0.5, 0.9, 0.999], ids=str)
def test_of_a_cut_archive_what_was_packed_before_is_kept(
    pack: Pack, part: float
) -> None:
    packed = pack(MANY)
    found, problems = read(packed[: int(len(packed) * part)])
    kept = MANY.count(b"\n") * part
    assert len(found) == pytest.approx(kept, rel=0.4, abs=9000)
    assert "the file is damaged: it ends in the middle" in [p.what for p in problems]


def test_of_a_corrupted_archive_what_came_before_is_kept() -> None:
    packed = bytearray(gzip.compress(MANY, mtime=0))
    packed[len(packed) // 2 :] = b"\xff" * (len(packed) // 2)
    found, problems = read(bytes(packed))
    assert len(found) > 10_000
    assert any(p.what.startswith("the file is damaged") for p in problems)


def test_zeros_behind_an_archive_are_padding_and_more_is_damage() -> None:
    packed = gzip.compress(GOOD, mtime=0)
    assert read(packed + b"\0" * 512)[1] == []
    found, problems = read(packed + b"garbage")
    assert (len(found), problems[0].level) == (2, "loss")


@pytest.mark.parametrize("pack", [igzip.compress, zstd.compress], ids=["gz", "zst"])
def test_a_decompression_bomb_is_refused_before_it_fills_the_memory(pack: Pack) -> None:
    bomb = pack(b"\0" * (300 << 20))
    tracemalloc.start()
    message = refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "unpacks to more than 200 times its size" in message
    assert peak < 150 << 20


def test_a_name_says_nothing_about_what_is_in_the_file(tmp_path: Path) -> None:
    plain = tmp_path / "run.jsonl.gz"
    plain.write_bytes(GOOD)
    packed = tmp_path / "run.jsonl"
    packed.write_bytes(gzip.compress(GOOD, mtime=0))
    assert [len(list(Records(path))) for path in (plain, packed)] == [2, 2]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is a folder"),
        ("missing.jsonl", "cannot be opened: No such file or directory"),
        ("a\0b", f"cannot be opened: {EMBEDDED_NUL}"),
        ("x" * 300, "cannot be opened: File name too long"),
    ],
    ids=["folder", "missing", "NUL in the name", "name too long"],
)
def test_what_cannot_be_opened_is_one_sentence(
    tmp_path: Path, name: str, why: str
) -> None:
    with pytest.raises(TraceError) as caught:
        Records(tmp_path / name)
    assert why in str(caught.value)


class Dribble(io.RawIOBase):
    """A pipe that gives a byte at a time, and breaks at the end if asked to."""

    def __init__(self, data: bytes, breaks: bool = False) -> None:
        self._data = io.BytesIO(data)
        self._breaks = breaks

    def read(self, size: int = -1) -> bytes:
        data = self._data.read(1)
        if not data and self._breaks:
            raise OSError(5, "Input/output error")
        return data


@pytest.mark.parametrize(
    "data",
    [GOOD, b"\xef\xbb\xbf" + GOOD, gzip.compress(GOOD, mtime=0), zstd.compress(GOOD)],
)
def test_a_slow_pipe_is_read_like_a_file(data: bytes) -> None:
    records = Records(None, Dribble(data))  # type: ignore[arg-type]
    assert [record.data for record in records] == [b'{"a":1}', b'{"b":2}']
    assert records.problems == []


def test_a_disk_that_fails_ends_the_records_with_a_problem() -> None:
    records = Records(None, Dribble(GOOD * 50, breaks=True))  # type: ignore[arg-type]
    assert len(list(records)) == 100
    assert said(records.problems) == [
        ("loss", "the file is damaged: [Errno 5] Input/output error", None)
    ]


def test_a_line_beyond_the_limit_is_left_out_and_not_held() -> None:
    few = Limits(line=4 << 20, value=4 << 20)
    long = b'{"x":"' + b"y" * (9 << 20) + b'"}'
    found, problems = read(b'{"a":1}\n' + long + b'\n{"b":2}\n', few)
    assert found == [b'{"a":1}', b'{"b":2}']
    assert said(problems) == [("loss", "a line of more than 4 MiB", 2)]
    assert "one JSON value of more than 4 MiB" in refusal(
        b"[\n" + b"12345,\n" * 900_000, few
    )


def test_each_limit_is_a_sentence_and_the_rest_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whypath.lines.RATIO_FROM", 1 << 20)
    rows = GOOD * 5
    deep = b'{"a":' + b"[" * 40 + b"]" * 40 + b"}\n"
    found, problems = read(rows + deep + rows, Limits(depth=20))
    assert len(found) == 20
    assert [what for _, what, _ in said(problems)] == ["nested too deep to read"]
    found, problems = read(rows, Limits(total=len(rows) - 3))
    assert len(found) == 9
    whats = [what for _, what, _ in said(problems)]
    assert whats[0] == f"the file holds more than {len(rows) - 3:,} bytes"
    packed = gzip.compress(GOOD * 300_000, mtime=0)
    assert "more than 50 times its size" in refusal(packed, Limits(ratio=50))


def test_the_sample_uses_nothing_up() -> None:
    records = Records(None, io.BytesIO(GOOD * 200))
    assert records.sample() == records.sample()
    assert len(records.sample().records) == 50
    assert len(list(records)) == 400


def test_a_long_record_is_sampled_up_to_its_last_whole_value() -> None:
    data = json.dumps({"kind": "x", "rows": list(range(50_000))}).encode()
    (value,) = Records(None, io.BytesIO(data)).sample().records
    assert value["kind"] == "x"
    assert value["rows"][:3] == [0, 1, 2]
    assert len(value["rows"]) < 15_000


SUITE = "hostile/json/test_parsing"


def test_every_case_of_the_json_suite_ends_well(shared: Path) -> None:
    cases = sorted((shared / SUITE).iterdir())
    assert len(cases) == 318
    for case in cases:
        data = case.read_bytes()
        try:
            found, problems = read(data)
        except TraceError:
            assert not case.name.startswith("y_"), case.name
            continue
        assert found
        if case.name.startswith("n_"):
            assert problems, case.name
        if case.name.startswith("y_"):
            assert problems == [], case.name


def test_no_case_of_the_json_suite_harms_its_neighbours(shared: Path) -> None:
    for case in sorted((shared / SUITE).iterdir()):
        data = b'{"first":1}\n' + case.read_bytes() + b'\n{"last":2}\n'
        found, _ = read(data)
        assert (found[0], found[-1]) == (b'{"first":1}', b'{"last":2}'), case.name


EXPECTED = {
    "ok": 5,
    "bom": 5,
    "invalid_utf8": 5,
    "truncated_last": 4,
    "no_final_newline": 5,
    "null_bytes": 5,
    "concatenated": 5,
    "pretty": 1,
    "nan_time": 5,
    "raw_u2028_lines": 5,
    "bigint_1M": 6,
    "line_sep": 1,
}


def test_every_hostile_trace_ends_in_records_or_in_one_sentence(shared: Path) -> None:
    for path in sorted((shared / "hostile/traces").glob("*.jsonl*")):
        found = attempt(path.read_bytes())
        if isinstance(found, str):
            assert "\n" not in found
            continue
        name = path.name.removesuffix(".jsonl")
        assert len(found) == EXPECTED.get(name, len(found)), name


@settings(max_examples=400, deadline=None)
@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_no_bytes_raise_anything_but_a_trace_error(data: bytes) -> None:
    for whole in (
        data,
        GOOD + data,
        data + b"\n" + GOOD,
        b"[\n" + data,
        b"\x1f\x8b\x08\0" + data,
    ):
        assert attempt(whole)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_mutation_of_good_lines_raises_anything_but_a_trace_error(
    data: st.DataObject,
) -> None:
    good = bytearray(b'{"a":[1,2.5e3,"x\\u00e9\\n",null],"b":{"c":"\xc3\xa9"}}\n' * 3)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(good) - 1))
        good[at : at + data.draw(st.integers(0, 4))] = data.draw(
            st.sampled_from(
                [b"", b'"', b"{", b"]", b"\\", b"\n", b"\0", b"\xff", b"NaN"]
            )
        )
    assert attempt(bytes(good))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_what_is_mended_is_json_for_every_later_stage(value: object) -> None:
    line = json.dumps(value).encode()
    for mended in mend(line):
        check(mended.data)
        mended.data.decode()


@settings(max_examples=200, deadline=None)
@given(st.lists(JSON, min_size=1, max_size=6))
def test_a_valid_file_passes_through_unchanged(values: list[object]) -> None:
    lines = [msgspec.json.encode(value) for value in values]
    assert read(b"\n".join(lines) + b"\n") == (lines, [])


@settings(max_examples=300, deadline=None)
@given(JSON.filter(lambda value: isinstance(value, list | dict)), st.data())
def test_a_closed_document_is_a_part_of_the_whole(
    value: object, data: st.DataObject
) -> None:
    whole = msgspec.json.encode(value)
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    closed = close_cut(cut)
    assert is_open(cut) == (0 < len(cut) < len(whole))
    if closed is not None:
        check(closed)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 9, MAX_DEPTH + 1])
@pytest.mark.parametrize(
    "around", [b"", b'"]]]]]]}}\\"[[{",'], ids=["bare", "brackets"]
)
def test_depth_is_counted_outside_of_strings(depth: int, around: bytes) -> None:
    opened = b"".join(b"[" + around for _ in range(depth))
    line = opened + b"1" * 900 + b"]" * depth
    assert is_deep(line) is (depth > MAX_DEPTH)


def test_a_long_string_of_brackets_is_not_deep_and_takes_no_time() -> None:
    assert not is_deep(b'{"x":"' + b"[{" * 1_000_000 + b'"}')
    assert not is_deep(b'{"x":"' + b'\\\\\\"[' * 900_000 + b'"}')
    assert close_cut(b'{"a":1,"x":"' + b'\\"[' * 900_000) == b'{"a":1}'
    assert close_cut(b'{"a":' * 200_000 + b"1,") is not None


def test_mending_does_not_depend_on_the_limit_of_python_for_digits() -> None:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        (mended,) = mend(b"[NaN," + b"7" * 639 + b"]")
    finally:
        sys.set_int_max_str_digits(before)
    assert mended.data == b'["NaN","' + b"7" * 639 + b'"]'


def test_the_error_of_mending_names_line_and_column() -> None:
    with pytest.raises(Unmendable) as caught:
        list(mend(b'{"a":1,\n"b":oops}'))
    assert (caught.value.down, caught.value.column) == (1, 5)
    assert caught.value.before == b'{"a":1,\n"b":'


def test_a_document_on_one_line_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "whole.json"
    path.write_text('{"a": [' + ", ".join(['"' + "x" * 990 + '"'] * 8_000) + "]}")
    size = path.stat().st_size
    tracemalloc.start()
    records = Records(path)
    record = next(iter(records))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(record.data) == size
    assert held < 1.2 * size
