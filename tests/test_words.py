"""Numbers, times and sizes as people read them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whypath.render import words

MINUTE = 60 * 10**9
CASES = [
    (words.count, 1234567, "1,234,567"),
    (words.tokens, 0, "0"),
    (words.tokens, 999, "999"),
    (words.tokens, 1_000, "1.0k"),
    (words.tokens, 8_214, "8.2k"),
    (words.tokens, 99_960, "100k"),
    (words.tokens, 999_499, "999k"),
    (words.tokens, 999_999, "1.0M"),
    (words.tokens, 3_786_648, "3.8M"),
    (words.tokens, 2_000_000_000, "2.0G"),
    (words.cost, 0, "$0.00"),
    (words.cost, 0.00001234, "$0.000012"),
    (words.cost, 0.0012, "$0.0012"),
    (words.cost, 0.1, "$0.10"),
    (words.cost, 1234.5, "$1,234.50"),
    (words.duration, 0, "0 µs"),
    (words.duration, 840, "1 µs"),
    (words.duration, 999_900, "1 ms"),
    (words.duration, 840_000_000, "840 ms"),
    (words.duration, 999_900_000, "1.0 s"),
    (words.duration, 9_960_000_000, "10 s"),
    (words.duration, 12_000_000_000, "12 s"),
    (words.duration, 119_600_000_000, "2 min 0 s"),
    (words.duration, 200 * 10**9, "3 min 20 s"),
    (words.duration, 61 * MINUTE, "1 h 1 min"),
    (words.duration, 47 * 60 * MINUTE, "47 h 0 min"),
    (words.duration, 121 * 24 * 60 * MINUTE, "121 d 0 h"),
    (words.offset, 0, "+0:00.0"),
    (words.offset, 12_400_000_000, "+0:12.4"),
    (words.offset, -1_500_000_000, "−0:01.5"),
    (words.offset, 3_723 * 10**9, "+1:02:03"),
    (words.moment, 1_767_225_600_123_999_999, "2026-01-01 00:00:00.123 UTC"),
    (words.moment, 10**30, f"{10**30} ns since 1970"),
    (words.size, 999, "999 B"),
    (words.size, 245_760, "246 kB"),
    (words.size, 999_999, "1.0 MB"),
    (words.size, 24_000_000, "24.0 MB"),
]


@pytest.mark.parametrize(
    ("write", "number", "text"), CASES, ids=[f"{c[0].__name__} {c[1]}" for c in CASES]
)
def test_a_number_reads_well(write: object, number: object, text: str) -> None:
    assert callable(write)
    assert write(number) == text


def test_one_is_not_many() -> None:
    said = [words.counted(n, "step") for n in (0, 1, 2, 1_500)]
    assert said == ["0 steps", "1 step", "2 steps", "1,500 steps"]


@given(st.integers(0, 10**15))
def test_a_duration_has_a_unit_and_never_a_thousand_of_it(nanoseconds: int) -> None:
    text = words.duration(nanoseconds)
    assert re.fullmatch(
        r"\d{1,3} (µs|ms|s)|\d\.\d s|\d+ min \d+ s|\d+ h \d+ min|\d+ d \d+ h", text
    )


@given(st.integers(-(10**40), 10**40))
def test_any_time_can_be_written(nanoseconds: int) -> None:
    assert words.moment(nanoseconds)
    assert words.offset(nanoseconds)
