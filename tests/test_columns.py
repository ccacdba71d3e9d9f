"""Columns hold what dictionaries would, in a fraction of the memory."""

import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whypath.derive.columns import Lists, Positions, Rows, Texts

COUNT = 40
AT = st.integers(1, COUNT)
NUMBER = st.integers(0, 2**40)


@given(st.dictionaries(AT, AT))
def test_positions_are_what_was_given(pairs: dict[int, int]) -> None:
    positions = Positions(COUNT, pairs.items())
    assert positions == pairs
    assert list(positions) == sorted(pairs)
    assert all(positions.get(at) == pairs.get(at) for at in range(-1, COUNT + 2))


@given(st.dictionaries(AT, st.tuples(NUMBER, NUMBER, NUMBER)))
def test_rows_are_what_was_put(given: dict[int, tuple[int, ...]]) -> None:
    rows = Rows(COUNT, 3)
    for at, numbers in given.items():
        rows.put(at, numbers)
    assert rows == given
    assert all(rows.get(at) == given.get(at) for at in range(-1, COUNT + 2))


@given(st.dictionaries(AT, st.lists(st.integers(0, 2**31))))
def test_lists_are_what_was_put(given: dict[int, list[int]]) -> None:
    lists = Lists(COUNT + 1)
    for at, numbers in given.items():
        lists.put(at, numbers)
    for at in range(COUNT + 1):
        assert (at in lists) == (at in given)
        assert list(lists[at]) == given.get(at, [])


@given(st.lists(st.text(st.characters())))
def test_texts_are_what_was_given(given: list[str]) -> None:
    texts = Texts(given)
    assert list(texts) == given
    assert [texts[number] for number in range(len(texts))] == given


def test_a_lone_half_of_a_pair_is_kept() -> None:
    assert list(Texts(["\ud83d", "a"])) == ["\ud83d", "a"]


def test_nothing_stands_beyond_the_end() -> None:
    with pytest.raises(IndexError):
        Texts(["a"])[1]


def test_they_take_less_than_half_of_what_objects_take() -> None:
    count = 20_000
    tracemalloc.start()
    positions = Positions(count, ((at, at + 1000) for at in range(1, count)))
    rows = Rows(count, 7)
    for at in range(1, count):
        rows.put(at, (1000,) * 7)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(positions) == len(rows) == count - 1
    as_objects = count * (sys.getsizeof(1000) + sys.getsizeof((0,) * 7) + 2 * 100)
    assert size < as_objects / 2
