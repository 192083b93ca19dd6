"""Held up by a near miss: the test of a trend, the solved limit and the rounding, on numbers alone."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainrules.engine.stuck import is_moving, quantile, rounded, solved


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([1.0], 0.1, 1.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([3.0, 1.0], 0.1, 1.2),
        ([float(n) for n in range(11)], 0.1, 1.0),
        ([float(n) for n in range(11)], 0.9, 9.0),
    ],
)
def test_quantile(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == pytest.approx(expected)


def autocorrelated(seed: int, rise: float = 0.0, count: int = 500) -> list[float]:
    """Noise that remembers nine tenths of itself, around a line that rises by `rise` over all of it."""
    chance, held, values = random.Random(seed), 0.0, []
    for place in range(count):
        held = 0.9 * held + 0.1 * chance.gauss(0, 0.05)
        values.append(0.48 + held + rise * place / count)
    return values


def test_noise_that_remembers_itself_is_no_trend() -> None:
    """At 99 % one in a hundred is taken for one; taking rows for independent would give three in ten."""
    ticks = [float(n) for n in range(500)]
    found = sum(is_moving(ticks, autocorrelated(seed), True) is True for seed in range(200))
    assert found <= 0.03 * 200


def test_nor_is_noise_that_remembers_itself_beyond_a_block() -> None:
    ticks = [float(n) for n in range(100)]
    found = sum(is_moving(ticks, autocorrelated(seed, count=100), True) is True for seed in range(200))
    assert found <= 0.1 * 200


@pytest.mark.parametrize("upward", [True, False])
def test_a_real_trend_is_seen_and_only_in_its_direction(upward: bool) -> None:
    ticks = [float(n) for n in range(500)]
    rise = 0.05 if upward else -0.05
    for seed in range(20):
        assert is_moving(ticks, autocorrelated(seed, rise), upward) is True
        assert is_moving(ticks, autocorrelated(seed, rise), not upward) is False


@pytest.mark.parametrize(
    ("ticks", "values", "upward", "expected"),
    [
        ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], True, None),  # too few
        ([float(n) for n in range(9)], [1.0] * 9, True, False),  # flat
        ([float(n) for n in range(9)], [float(n) for n in range(9)], True, True),  # a perfect line
        ([7.0] * 9, [float(n) for n in range(9)], True, None),  # the clock stands still
    ],
)
def test_edges_of_the_trend(ticks: list[float], values: list[float], upward: bool, expected: bool | None) -> None:
    assert is_moving(ticks, values, upward) is expected


@pytest.mark.parametrize(
    ("slope", "shift", "now", "goal", "expected"),
    [
        (1.0, 0.0, 0.5, 0.48, (0.48, 1)),
        (-1.0, 0.0, 0.005, -0.01, (0.01, -1)),
        (0.05, 0.0, 0.005, 0.0004, (0.008, 1)),
        (2.0, 1.0, 10.0, 5.0, (2.0, 1)),
        (0.0, 3.0, 1.0, 5.0, None),
    ],
)
def test_the_param_behind_a_limit(
    slope: float, shift: float, now: float, goal: float, expected: tuple[float, int] | None
) -> None:
    found = solved(lambda x: slope * x + shift, now, goal)
    assert found == (None if expected is None else (pytest.approx(expected[0]), expected[1]))


def test_a_limit_that_is_no_straight_line_has_no_solution() -> None:
    assert solved(lambda x: x * x, 1.0, 9.0) is None
    assert solved(lambda x: None, 1.0, 9.0) is None


@pytest.mark.parametrize(
    ("value", "now", "direction", "whole", "expected"),
    [
        (0.4743, 0.5, -1, False, 0.47),
        (0.4987, 0.5, -1, False, 0.498),  # two digits would give more away than is missing
        (0.0058, 0.01, -1, False, 0.0058),
        (0.00583, 0.01, -1, False, 0.0058),
        (1990.0, 2000.0, -1, True, 1990.0),
        (1514.2, 2000.0, -1, True, 1500.0),
        (0.0061, 0.005, 1, False, 0.0061),
        (0.00613, 0.005, 1, False, 0.0062),
        (-0.031, -0.02, -1, False, -0.031),
    ],
)
def test_rounding(value: float, now: float, direction: int, whole: bool, expected: float) -> None:
    def keeps(x: float) -> bool:
        return x <= value if direction < 0 else x >= value

    assert rounded(value, now, direction, keeps, whole=whole) == expected


def test_a_strict_bound_takes_the_next_round_number() -> None:
    assert rounded(0.47, 0.5, -1, lambda x: x < 0.47, whole=False) == 0.46


def test_a_limit_that_is_reached_and_must_be_passed_takes_the_next_of_two_digits() -> None:
    assert rounded(0.5, 0.5, -1, lambda x: x < 0.5, whole=False) == 0.49


def test_no_number_fits() -> None:
    assert rounded(0.47, 0.5, -1, lambda x: False, whole=False) is None


@given(value=st.floats(1e-6, 1e6), share=st.floats(0.01, 0.5), direction=st.sampled_from([-1, 1]), strict=st.booleans())
def test_a_rounded_limit_lies_beyond_and_not_far(value: float, share: float, direction: int, strict: bool) -> None:
    """It is kept, lies on the far side, and gives away at most as much again as was missing."""
    now = value * (1 - direction * share)

    def keeps(x: float) -> bool:
        return (x - value) * direction >= 0 and not (strict and x == value)

    found = rounded(value, now, direction, keeps, whole=False)
    assert found is not None
    assert keeps(found)
    assert abs(found - value) <= abs(value - now) * (1 + 1e-9)
    assert math.isfinite(found)
