"""Whether a requirement is held up by a near miss without a trend, and which limit the run would keep instead."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

BLOCKS = 20
LEAST_BLOCKS = 3
ENOUGH_TO_RESEMBLE = 6
_T = (
    31.821,
    6.965,
    4.541,
    3.747,
    3.365,
    3.143,
    2.998,
    2.896,
    2.821,
    2.764,
    2.718,
    2.681,
    2.650,
    2.624,
    2.602,
    2.583,
    2.567,
    2.552,
)
"""Student's t at 99 %, one-sided, for 1, 2, … degrees of freedom: two fewer than there are blocks."""


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie, between neighbours by a straight line."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def is_moving(ticks: Sequence[float], values: Sequence[float], upward: bool) -> bool | None:
    """Whether the values surely move upward (else downward); None where they are too few to tell.

    The bound of a straight line's slope at 99 % decides, fitted to the medians of up to twenty blocks: neighbouring
    values are seldom independent (many are running means), and single rows taken for independent ones would show a
    trend where there is none. Blocks of a slow running mean still resemble their neighbours, which widens the bound.
    """
    blocks = min(BLOCKS, len(values) // 3)
    if blocks < LEAST_BLOCKS:
        return None
    edges = [round(part * len(values) / blocks) for part in range(blocks + 1)]
    parts = [slice(first, last) for first, last in pairwise(edges)]
    x, y = [median(ticks[part]) for part in parts], [median(values[part]) for part in parts]
    mean_x, mean_y = math.fsum(x) / blocks, math.fsum(y) / blocks
    spread = math.fsum((each - mean_x) ** 2 for each in x)
    if not spread:
        return None
    slope = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    left = [b - mean_y - slope * (a - mean_x) for a, b in zip(x, y, strict=True)]
    error = math.sqrt(math.fsum(each**2 for each in left) / (blocks - 2) / spread)
    margin = _T[blocks - 3] * error * _widened(left)
    return slope - margin > 0 if upward else slope + margin < 0


def _widened(left: Sequence[float]) -> float:
    """By what factor the error of a slope grows where each of what the line leaves resembles the one before it."""
    size = math.fsum(each**2 for each in left)
    if len(left) < ENOUGH_TO_RESEMBLE or not size:
        return 1.0
    alike = min(max(math.fsum(a * b for a, b in pairwise(left)) / size, 0.0), 0.9)
    return math.sqrt((1 + alike) / (1 - alike))


def solved(limit: Callable[[float], float | None], now: float, goal: float) -> tuple[float, int] | None:
    """The x for which a straight-line `limit(x)` is `goal`, and the direction in which x grows with it (1 or -1)."""
    step = max(abs(now), 1.0) / 2
    here, there = limit(now), limit(now + step)
    if here is None or there is None or here == there:
        return None
    slope = (there - here) / step
    x = now + (goal - here) / slope
    reached = limit(x)
    if reached is None or not math.isclose(reached, goal, rel_tol=1e-6, abs_tol=1e-9 * max(abs(here), abs(there))):
        return None
    return x, 1 if slope > 0 else -1


def rounded(value: float, now: float, direction: int, keeps: Callable[[float], bool], *, whole: bool) -> float | None:
    """The roundest number at or beyond `value` in `direction` (1 or -1) that `keeps` accepts; None if there is none.

    Two digits where they are not coarser than the way from `now` to `value`, or where there is no way, as of a limit
    that is reached and must be passed; else as many as it takes.
    """
    size = abs(value) or abs(now) or 1.0
    for digits in range(2, 13):
        exponent = math.floor(math.log10(size)) - digits + 1
        if whole:
            exponent = max(exponent, 0)
        for more in (0, 1):
            candidate = _on_grid(value, exponent, direction, more)
            is_coarse = abs(candidate - value) > abs(value - now) > 0
            if not is_coarse and candidate != now and keeps(candidate):
                return candidate
    return None


def _on_grid(value: float, exponent: int, direction: int, more: int) -> float:
    from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

    unit = Decimal(1).scaleb(exponent)
    steps = (Decimal(repr(value)) / unit).to_integral_value(ROUND_CEILING if direction > 0 else ROUND_FLOOR)
    return float((steps + more * direction) * unit)
