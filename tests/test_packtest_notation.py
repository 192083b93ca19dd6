# ruff: noqa: RUF001 - ranges as guides print them
"""Series notation: what each piece stands for, what is refused, and that writing and reading are one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainrules.engine.packtest.model import Cell
from trainrules.engine.packtest.notation import MAX_VALUES, NotationError, read_series, write_series

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.65", [0.65]),
        ("1 2.5 -3", [1, 2.5, -3]),
        ("10,500 1,000,000.5 +4 .5 5.", [10500, 1000000.5, 4, 0.5, 5]),
        ("5e-7 1E3", [5e-7, 1000]),
        ("0.5x3", [0.5, 0.5, 0.5]),
        ("0.65-0.001x4", [0.65, 0.649, 0.648, 0.647]),
        ("-1+0.5x4", [-1, -0.5, 0, 0.5]),
        ("5e-7-1e-7x3", [5e-7, 4e-7, 3e-7]),
        ("1*2x5", [1, 2, 4, 8, 16]),
        ("100*0.1x4", [100, 10, 1, 0.1]),
        ("1*1e200x3", [1, 1e200, INF]),
        ("0.1+0.1x3", [0.1, 0.2, 0.3]),
        ("1 _ 2 _x2", [1, None, 2, None, None]),
        ("inf -inf Infx2", [INF, -INF, INF, INF]),
        ("main 'aux2' x", ["main", "aux2", "x"]),
        ("mainx2 'x2'x2 'two words' ''", ["main", "main", "x2", "x2", "two words", ""]),
        ("info infinite nano", ["info", "infinite", "nano"]),
        ("true falsex2 'true'", [True, False, False, "true"]),
        ("1x4~0.1", [1.0236068, 0.947213595, 1.07082039, 0.994427191]),
        ("1+1x3~0.1", [1.0236068, 1.9472136, 3.07082039]),
        ("  1\n 2\t3 ", [1, 2, 3]),
    ],
)
def test_what_a_series_stands_for(text: str, values: list[Cell | None]) -> None:
    assert read_series(text) == values


def test_nan_is_a_value_and_no_number() -> None:
    values = read_series("nan NaNx2 1")
    assert [isinstance(value, float) and math.isnan(value) for value in values] == [True, True, True, False]


def test_jitter_stays_within_its_bounds_and_is_even() -> None:
    values = [value for value in read_series("0x1000~0.5") if isinstance(value, (int, float))]
    assert len(values) == 1000
    assert -0.5 < min(values) < -0.499
    assert 0.499 < max(values) < 0.5
    assert abs(sum(values)) < 1


@pytest.mark.parametrize(
    ("text", "message", "offset", "hint"),
    [
        ("", "a series without a value", 0, "write values, as in '0.5 0.4 0.3' or '0.5-0.1x3'"),
        ("1 2 3-", "'3-' is no piece of a series", 4, "pieces look like 0.5, 0.5x10, 0.65-0.001x145, _, nan or 'text'"),
        (
            "1 5,000–15,000",
            "'5,000–15,000' is no piece of a series",
            2,
            "a range is no value; write one, or steps such as '0.5-0.1x3'",
        ),
        ("1 0.5-0.1", "'0.5-0.1' does not say how many values", 2, "as in '0.5-0.1x10'"),
        ("0.5x0", "'0.5x0' stands for no value", 0, "a count is at least 1"),
        ("1 0.5x100000", "more than 100,000 values", 2, "give the path of a log instead"),
        ("1x99999999999999999999", "more than 100,000 values", 0, "give the path of a log instead"),
        ("nan~0.1", "only numbers can have jitter, not 'nan~0.1'", 0, "take the '~' away"),
        ("2x39, 9x5", "'2x39,' is no piece of a series", 0, "blanks part the values, without commas: write '2x39'"),
        ('"a"', "'\"a\"' is no piece of a series", 0, "a text stands in single quotes"),
        (
            "10,50",
            "'10,50' is no piece of a series",
            0,
            "pieces look like 0.5, 0.5x10, 0.65-0.001x145, _, nan or 'text'",
        ),
    ],
)
def test_what_is_no_series(text: str, message: str, offset: int, hint: str) -> None:
    with pytest.raises(NotationError) as caught:
        read_series(text)
    assert (caught.value.message, caught.value.offset, caught.value.hint) == (message, offset, hint)


def test_a_series_may_be_as_long_as_it_says() -> None:
    assert len(read_series(f"0x{MAX_VALUES}")) == MAX_VALUES


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.5, 0.5, None, None, 1, True, "a b", "a b"], "0.5x2 _x2 1 true 'a b'x2"),
        ([NAN, NAN, INF, -INF, 5e-7, 1, 1.0], "nanx2 inf -inf 5e-07 1 1.0"),
    ],
)
def test_how_values_are_written(values: list[Cell | None], text: str) -> None:
    assert write_series(values) == text


def test_a_text_with_a_quotation_mark_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="cannot be written as a series"):
        write_series(["it's"])


numbers = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)
texts = st.text(st.characters(exclude_characters="'", exclude_categories=["Cs", "Cc"]), max_size=8)
cells = st.one_of(st.none(), numbers, st.just(NAN), st.booleans(), texts)


@given(st.lists(cells, min_size=1, max_size=30))
def test_what_is_written_reads_as_it_was(values: list[Cell | None]) -> None:
    read = read_series(write_series(values))
    assert len(read) == len(values)
    for got, wanted in zip(read, values, strict=True):
        if isinstance(wanted, float) and math.isnan(wanted):
            assert isinstance(got, float)
            assert math.isnan(got)
        else:
            assert got == wanted
            assert isinstance(got, bool) == isinstance(wanted, bool)
