"""What the readers say of themselves is true of the files that they claim."""

from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from samples import CORPUS, EXAMPLES, ROOT
from whypath.errors import TraceError, UnknownFormat
from whypath.readers import Reader, all_readers, claimants, reader_for
from whypath.readers.formats import FORMATS
from whypath.readers.near import Signs, near
from whypath.readers.seen import seen
from whypath.readers.unread import UNREAD, unread
from whypath.records import Records, Sample

LINE = 120
UNSEEN = {"codex-exec", "phoenix", "trail"}
"""Formats that no file is at hand of: their tests write small ones."""


@cache
def samples() -> dict[Path, Sample]:
    """The beginnings of all real traces and of our own samples."""
    found = {}
    folders = (CORPUS, EXAMPLES, ROOT / "tests" / "traces")
    for path in sorted(p for folder in folders for p in folder.rglob("*")):
        if not path.is_file():
            continue
        try:
            records = Records(path)
            found[path] = records.sample()
            records.close()
        except TraceError:
            continue
    return found


def test_no_two_readers_claim_the_same_file() -> None:
    several = {
        str(path): names
        for path, sample in samples().items()
        if len(names := [reader.NAME for reader in claimants(sample)]) > 1
    }
    assert several == {}


def test_a_claimed_file_shows_all_the_signs_of_its_format() -> None:
    lacking = {}
    for path, sample in samples().items():
        for reader in claimants(sample):
            if missing := Signs(sample).nearest(reader.NAME).missing:
                lacking[str(path)] = reader.NAME, missing
    assert lacking == {}


def test_there_is_a_file_of_every_format() -> None:
    if not CORPUS.exists():
        pytest.skip("NOT CHECKED: the shared corpus is not here")
    seen = {r.NAME for sample in samples().values() for r in claimants(sample)}
    assert seen == set(FORMATS) - UNSEEN


@pytest.mark.parametrize("reader", all_readers(), ids=lambda reader: reader.NAME)
def test_a_reader_says_in_a_line_each_what_a_person_must_know(reader: Reader) -> None:
    said = (reader.TOOL, reader.EXPORT, reader.NOT_READ, reader.EXAMPLE)
    long = {text: len(text) for text in said if not 1 < len(text) <= LINE}
    assert long == {}
    assert reader.EXAMPLE.startswith("whypath report ")


def test_the_list_of_formats_names_each_module_by_its_own_name() -> None:
    for name, known in FORMATS.items():
        module = import_module(f"whypath.readers.{known.module}")
        assert module.NAME == name == name.lower().replace("_", "-")


def test_no_reader_is_missing_from_the_list_of_formats() -> None:
    folder = ROOT / "src" / "whypath" / "readers"
    texts = {path.stem: path.read_text("utf-8") for path in folder.glob("*.py")}
    readers = {stem for stem, text in texts.items() if "\nEXPORT = " in text}
    assert readers == {known.module for known in FORMATS.values()}


def test_the_readme_names_every_format() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    missing = [name for name in FORMATS if f"`{name}`" not in text]
    assert missing == []


def test_what_is_known_and_not_read_is_refused_with_its_own_sentence(
    corpus: Path,
) -> None:
    records = Records(corpus / "langgraph-checkpoint" / "checkpoint.db")
    assert unread(records.sample()) == UNREAD[0]
    records.close()


@pytest.mark.parametrize(
    ("record", "nearest", "missing"),
    [
        ({"sessionId": 1, "uuid": 2, "parentUuid": 3}, "claude-code", ("message",)),
        ({"type": "step", "kind": "tool"}, "native", ("whypath",)),
        ({"spans": []}, None, ()),
        ({}, None, ()),
    ],
    ids=str,
)
def test_near_misses_name_what_is_missing(
    record: dict[str, object], nearest: str | None, missing: tuple[str, ...]
) -> None:
    found = near(Sample((record,), document=True))
    if nearest is None:
        assert found == []
    else:
        assert (found[0].format, found[0].missing) == (nearest, missing)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "an empty object"),
        ({"a": 1}, "an object with a"),
        ({"a": 1, "not a name": 2}, "an object with a and 1 more key"),
        ({"x" * 40: 1, "\x1b[2J": 2}, "an object with 2 keys"),
        (dict.fromkeys("abcdefgh"), "an object with a, b, c, d, e and 3 more keys"),
        ([], "an empty list"),
        ([[1], 2], "a list of 2, first a list"),
        ([{"role": "user"}], "a list of 1, first an object with role"),
        ("sk-secret", "a text"),
        (True, "true or false"),
        (7, "a number"),
    ],
    ids=repr,
)
def test_what_an_unknown_input_begins_with_is_told_without_its_values(
    value: object, said: str
) -> None:
    assert seen(value) == said


def test_the_line_of_what_is_not_known_is_told(tmp_path: Path) -> None:
    trace = tmp_path / "x.jsonl"
    trace.write_text('\n\n{"a": 1}\n{"b": 2}\n')
    with pytest.raises(UnknownFormat) as told:
        reader_for(Records(trace))
    assert (told.value.line, "an object with a" in told.value.why) == (3, True)
