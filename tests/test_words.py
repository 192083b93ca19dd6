"""Numbers as reports have them: measured ones as a person writes them, places and settings as a file has them."""

from __future__ import annotations

import math

import pytest

from trainrules.engine.words import as_written, number


@pytest.mark.parametrize(
    ("value", "digits", "told", "written"),
    [
        (0.0, 4, "0", "0"),
        (-0.0, 4, "0", "0"),
        (0.21434, 4, "0.2143", "0.2143"),
        (1024.0, 4, "1024", "1024"),
        (1234.56, 3, "1230", "1.23e+03"),
        (9999.6, 4, "10,000", "1e+04"),
        (10514.3, 4, "10,510", "1.051e+04"),
        (-10514.3, 4, "-10,510", "-1.051e+04"),
        (10514.3, 6, "10,514.3", "10514.3"),
        (12000.0, 4, "12,000", "12000"),
        (141361.0, 4, "141,361", "141361"),
        (1234567.8, 4, "1,235,000", "1.235e+06"),
        (3e14 + 0.5, 4, "300,000,000,000,000", "3e+14"),
        (1e15, 4, "1e15", "1e+15"),
        (-1.5e300, 4, "-1.5e300", "-1.5e+300"),
        (0.00012345, 4, "0.0001234", "0.0001234"),
        (2.5e-07, 4, "2.5e-07", "2.5e-07"),
        (math.nan, 4, "NaN", "NaN"),
        (-math.inf, 4, "-inf", "-inf"),
    ],
)
def test_numbers(value: float, digits: int, told: str, written: str) -> None:
    assert number(value, digits) == told
    assert as_written(value, digits) == written
