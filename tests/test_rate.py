"""The rate that a plan halves."""

from __future__ import annotations

from math import inf, nan

import duckdb
import pytest

from trainrules.engine.compile.lower import LONG
from trainrules.engine.compile.program import Program
from trainrules.engine.rate import Peak, Rate
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
        ([*RAMP, 4e-4], 2, 4e-4),
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
        ([*FLAT, 4e-3, 4e-3], 11, 4e-3),
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
    assert table(rates, long=long).peak(None if onset is None else Moment(None, onset)) == Peak(peak)


@pytest.mark.parametrize(
    ("rates", "is_ramp"),
    [
        (RAMP, True),
        (RAMP[:2], True),
        ([0.0, 0.0, 0.0, 1e-4], True),
        # steps of an epoch or of a rounded number, within one and after the last
        ([1e-4, 1e-4, 1e-4, 2e-4, 2e-4, 2e-4, 3e-4, 3e-4], True),
        ([1e-4, 1e-4, 2e-4, 2e-4, 3e-4, 3e-4, 3e-4], False),
        # rows without a rate between
        ([0.0, None, 1e-4, nan, 2e-4, None], True),
        # past the warm-up: constant, decaying; never one
        ([*RAMP, 4e-4], False),
        ([*RAMP, 3e-4], False),
        ([*RAMP, 3e-4, 3.5e-4], False),
        (FLAT, False),
        ([1e-4], False),
        ([2e-4, 1e-4], False),
        ([0.0, 0.0], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("long", [1, LONG])
def test_whether_the_log_ends_within_the_warm_up(rates: list[float | None], is_ramp: bool, long: int) -> None:
    assert table(rates, long=long).peak(Moment(None, 1)).is_ramp is is_ramp


def test_a_jump_that_breaks_the_run_is_no_warm_up() -> None:
    assert table([*FLAT, 0.8]).peak(Moment(None, 11)) == Peak(2e-3)


@pytest.mark.parametrize(
    ("peak", "configured", "expected"),
    [
        (Peak(1e-7, is_ramp=True), 5e-7, 5e-7),
        (Peak(None, is_ramp=True), 5e-7, 5e-7),
        (Peak(1e-7, is_ramp=True), None, None),
        (Peak(1e-7, is_ramp=True), True, None),
        # a rate that was not applied: the run already stands more
        (Peak(1e-6, is_ramp=True), 5e-7, 1e-6),
        # past the warm-up the log itself shows the peak
        (Peak(1e-7), 5e-7, 1e-7),
        (Peak(1e-7), None, 1e-7),
        (Peak(None), 5e-7, 5e-7),
    ],
)
def test_the_largest_rate_of_the_schedule(peak: Peak, configured: object, expected: float | None) -> None:
    assert peak.of_the_schedule(configured) == expected


def test_rates_before_the_last_rewind_do_not_count() -> None:
    rate = table([0.5, 0.5, 0.5, 0.5, *FLAT], [0] * 4 + [1] * 10)
    assert rate.peak(Moment(None, 6)) == Peak(2e-3)


def test_a_jump_at_a_resume_is_none() -> None:
    rate = table([*FLAT, 0.1, 0.1], [0] * 10 + [1] * 2)
    assert rate.peak(Moment(None, 11)) == Peak(0.1)


def table(rates: list[float | None], segments: list[int] | None = None, long: int = LONG) -> Rate:
    con = duckdb.connect()
    con.execute("CREATE TABLE run (i BIGINT, line BIGINT, segment INTEGER, m DOUBLE)")
    for i, rate in enumerate(rates, 1):
        con.execute("INSERT INTO run VALUES (?, ?, ?, ?)", [i, i, segments[i - 1] if segments else 0, rate])
    return Rate(Program(con, "run", long, rows=len(rates)), "m")
