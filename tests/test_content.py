"""The content store: each payload once, as it was written, parsed only when asked."""

import gc
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whypath import content
from whypath.content import ContentStore
from whypath.shelf import BLOCK_BYTES, Shelf

NO_SURROGATES = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63),
        st.floats(allow_nan=False, allow_infinity=False),
        NO_SURROGATES,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(NO_SURROGATES, inner, max_size=4)
    ),
    max_leaves=12,
)


def test_a_content_is_kept_once_and_numbered_by_its_first_appearance() -> None:
    store = ContentStore()
    assert [store.add(raw) for raw in (b'"a"', b"[1]", b'"a"')] == [0, 1, 0]
    assert store.add_text("a") == 0
    assert store.add_value([1]) == 1
    assert len(store) == 2


def test_a_digest_names_the_same_content_in_any_store() -> None:
    first, second = ContentStore(), ContentStore()
    second.add_text("something else")
    digest = first.digest(first.add_text("hello"))
    assert digest == second.digest(second.add_text("hello"))
    assert len(digest) == 16
    assert digest != first.digest(first.add(b'{"hello":1}'))


def test_the_bytes_are_those_that_were_recorded() -> None:
    store = ContentStore()
    raw = b'{"b": 1.0,  "a": "\\u00e9", "n": 9007199254740993}'
    number = store.add(raw)
    assert store.raw(number) == raw
    assert store.text(number) == raw.decode()
    assert store.size(number) == len(raw)
    assert store.value(number) == {"b": 1.0, "a": "é", "n": 9007199254740993}
    assert store.keys(number) == ("b", "a", "n")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('{"a": 1}', b'{"a": 1}'),
        (" [1, 2]\n", b"[1, 2]"),
        ('{"a": 1', None),
        ("{not json}", None),
        ("7", None),
        ('"quoted"', None),
        ("true", None),
        ("", None),
        ('{"a": 1} trailing', None),
        ("[" * 100_000, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_json_inside_a_string_is_taken_out_when_it_is_an_object_or_a_list(
    said: str, kept: bytes | None
) -> None:
    store = ContentStore()
    number = store.add_embedded(json.dumps(said).encode())
    assert store.raw(number) == (kept or json.dumps(said).encode())


def test_a_value_that_is_no_string_is_not_unpacked() -> None:
    store = ContentStore()
    assert store.raw(store.add_embedded(b'{"a":"{}"}')) == b'{"a":"{}"}'


@pytest.mark.parametrize(
    ("raw", "document"),
    [
        (b'"{\\"a\\": [1]}"', {"a": [1]}),
        (b'"  [1]"', [1]),
        (b'"[1"', "[1"),
        (b'"hello"', "hello"),
        (b'{"a":1}', {"a": 1}),
    ],
    ids=str,
)
def test_a_document_looks_into_a_text_that_holds_json(
    raw: bytes, document: Any
) -> None:
    store = ContentStore()
    assert store.document(store.add(raw)) == document


@pytest.mark.parametrize("half", ["\ud83d", "a\ud800b\udfff"], ids=repr)
def test_half_a_surrogate_pair_becomes_a_replacement_character(half: str) -> None:
    store = ContentStore()
    text = store.text(store.add_text(half))
    assert "\ufffd" in text
    assert text.encode()


@pytest.mark.parametrize(
    "digits", ["1" + "0" * 30, "9" * 5_000, "1e400", "-1e999"], ids=lambda d: d[:8]
)
def test_a_number_too_large_to_parse_is_shown_as_it_was_written(digits: str) -> None:
    store = ContentStore()
    number = store.add(f'{{"n":{digits}}}'.encode())
    assert store.text(number) == f'{{"n":{digits}}}'
    store.value(number)
    store.document(number)
    assert store.keys(number) == ("n",)
    assert digits[:20] in store.preview(number, 40)


def test_keys_are_those_of_an_object_alone() -> None:
    store = ContentStore()
    for raw in (b"[1]", b'"a"', b"null", b"{}"):
        assert store.keys(store.add(raw)) == ()


@given(JSON, st.integers(0, 80))
@settings(max_examples=150, deadline=None)
def test_a_preview_is_how_the_text_begins_on_one_line(value: Any, length: int) -> None:
    """The slow truth: the whole text on one line, cut. A preview may be shorter."""
    store = ContentStore()
    number = store.add_value(value)
    whole = " ".join(store.text(number).split())
    preview = store.preview(number, length)
    assert len(preview) <= length
    if isinstance(value, str):
        assert " ".join(preview.split()) == preview.strip()
        assert whole.startswith(preview.strip()) or not value.isprintable()


@given(
    st.lists(
        st.sampled_from(["a", " ", "\n", "\t", '"', "\\", "/", "é", "日", "🙂", "\\n"]),
        max_size=60,
    ).map("".join),
    st.booleans(),
    st.integers(1, 40),
)
@settings(max_examples=150, deadline=None)
def test_a_preview_of_a_text_is_the_slow_truth(
    text: str, ascii_only: bool, length: int
) -> None:
    store = ContentStore()
    number = store.add(json.dumps(text, ensure_ascii=ascii_only).encode())
    whole = " ".join(text.split())
    preview = store.preview(number, length)
    assert whole.startswith(preview)
    if len(text) <= length:
        assert preview == whole
    elif " " not in whole and text == whole:
        assert preview == whole[:length]


def test_a_preview_does_not_parse_the_whole() -> None:
    store = ContentStore()
    number = store.add(b'"' + b"x" * 5_000_000 + b'"')
    before = sys.getallocatedblocks()
    assert store.preview(number, 100) == "x" * 100
    assert sys.getallocatedblocks() - before < 1_000


@given(st.binary(max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_preview_never_fails_on_a_cut_string(data: bytes) -> None:
    store = ContentStore()
    store.preview(store.add(b'"' + data), 8)


@pytest.fixture(scope="module")
def _small_reach() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "IN_REACH_BYTES", 40)
        yield


@pytest.mark.usefixtures("_small_reach")
@given(st.lists(JSON, max_size=12), st.data())
def test_contents_on_the_shelf_are_those_that_were_added(
    values: list[Any], data: st.DataObject
) -> None:
    raws = [json.dumps(value).encode() for value in values]
    store = ContentStore()
    numbers = [store.add(raw) for raw in raws]
    assert [store.add(raw) for raw in raws] == numbers, "each is kept once"
    expected = dict(zip(numbers, raws, strict=True))
    for number in data.draw(st.lists(st.sampled_from(numbers or [-1]), max_size=3)):
        if number >= 0:
            store.replace(number, b'"[redacted:1]"')
            expected[number] = b'"[redacted:1]"'
    for _ in ("in use", "sealed"):
        assert {n: store.raw(n) for n in expected} == expected
        assert {n: store.size(n) for n in expected} == {
            n: len(raw) for n, raw in expected.items()
        }
        assert {n for n in expected if store.is_text(n)} == {
            n for n, raw in expected.items() if raw[:1] == b'"'
        }
        store.seal()
    assert len(store) == len(expected)


def test_contents_on_the_shelf_are_let_go_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        store = ContentStore()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(content, "IN_REACH_BYTES", 40)
            numbers = [store.add_text(f"text {number} " * 9) for number in range(99)]
        assert store.text(numbers[0]).startswith("text 0 ")
        del store
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_shelf_holds_texts_in_less_than_half_their_size() -> None:
    line = b"a line of a log, and another one that is much like it\n"
    items = [b"%d %b" % (n, line * (n % 50 + 1)) for n in range(2_000)]
    shelf = Shelf()
    shelf.put(items)
    assert [shelf[n] for n in range(len(items))] == items
    assert sum(map(len, shelf._blocks)) < sum(map(len, items)) / 2
    assert len(shelf._blocks) > sum(map(len, items)) // (2 * BLOCK_BYTES)
