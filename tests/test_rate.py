"""The rate that a plan halves."""

from __future__ import annotations

from math import inf, nan

import duckdb
import pytest

from trainrules.engine.compile.lower import LONG
from trainrules.engine.compile.program import Program
from trainrules.engine.rate import Rate
from trainrules.engine.report import Moment

RAMP = [0.0, 1e-4, 2e-4, 3e-4, 4e-4]
FLAT = [2e-3] * 10


@pytest.mark.parametrize(
    ("rates", "onset", "peak"),
    [
        (FLAT, 5, 2e-3),
        ([2e-3, 1e-3, 5e-4], 3, 2e-3),
        ([], None, None),
        ([None, nan, inf], 2, None),
        ([0.0, 0.0], 2, None),
        # a fault in the ramp, one after it, and one long after a rate that started low
        (RAMP, 2, 4e-4),
        ([*RAMP, *[4e-4] * 5], 8, 4e-4),
        ([1e-6] * 5 + [1e-3] * 20, 20, 1e-3),
        # a jump at the onset, just before it, long before it, after it
        ([*FLAT, 0.8, 0.8, 0.8], 11, 2e-3),
        ([*FLAT, 0.8, 0.8, 0.8], 13, 2e-3),
        ([*FLAT, *[0.8] * 7], 17, 0.8),
        ([*FLAT, 0.8, 0.8], 5, 2e-3),
        ([*FLAT, 0.8, 0.8], None, 0.8),
        # two jumps: before the first of them
        ([*FLAT, 0.01, 0.8], 11, 2e-3),
        # a rate that doubles, a schedule that restarts, a single rate before
        ([*FLAT, 4e-3], 11, 4e-3),
        ([2e-3, 1e-3, 1e-5, 2e-3, 1e-3], 4, 2e-3),
        ([2e-3, 0.8, 0.8], 2, 0.8),
        # rows without a rate between
        ([*FLAT, None, nan, 0.8], 12, 2e-3),
    ],
)
@pytest.mark.parametrize("long", [1, LONG])
def test_the_largest_rate_that_the_run_stood(
    rates: list[float | None], onset: int | None, peak: float | None, long: int
) -> None:
    assert table(rates, long=long).peak(None if onset is None else Moment(None, onset)) == peak


def test_rates_before_the_last_rewind_do_not_count() -> None:
    rate = table([0.5, 0.5, 0.5, 0.5, *FLAT], [0] * 4 + [1] * 10)
    assert rate.peak(Moment(None, 6)) == 2e-3


def test_a_jump_at_a_resume_is_none() -> None:
    rate = table([*FLAT, 0.1, 0.1], [0] * 10 + [1] * 2)
    assert rate.peak(Moment(None, 11)) == 0.1


def table(rates: list[float | None], segments: list[int] | None = None, long: int = LONG) -> Rate:
    con = duckdb.connect()
    con.execute("CREATE TABLE run (i BIGINT, line BIGINT, segment INTEGER, m DOUBLE)")
    for i, rate in enumerate(rates, 1):
        con.execute("INSERT INTO run VALUES (?, ?, ?, ?)", [i, i, segments[i - 1] if segments else 0, rate])
    return Rate(Program(con, "run", long, rows=len(rates)), "m")
