"""The learning rate that a run stood: what a new one is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

from .record import Record

if TYPE_CHECKING:
    from .compile.program import Program
    from .report import Moment

RATE = "learning_rate"
"""The metric from which `lr_peak` is taken."""

JUMP = 3.0
"""How many times the largest rate so far a rate must be to be a jump. A ramp that starts at 0 doubles at most."""

_SEEN = 3  # rates above zero before a jump: the first ones of a ramp say little
_NEAR = 5  # rows from a jump to the fault; what a run stood for longer did not break it


def rate_cells(column: str) -> tuple[str, str, str]:
    """SQL of what is looked at of each row: the rate, the line, and how often the clock was set back before."""
    return f"CAST({column} AS DOUBLE)", "line", "segment"


class Peak(Record):
    """The largest rate of a run, None where none is known, and whether the log ends before its warm-up does."""

    value: float | None
    is_ramp: bool = False

    def of_the_schedule(self, configured: object) -> float | None:
        """The largest rate of the whole schedule: within the warm-up, and where no rate is logged, the configured one.

        Unknown without that.
        """
        if self.value is not None and not self.is_ramp:
            return self.value
        is_number = isinstance(configured, int | float) and not isinstance(configured, bool)
        return max(float(configured), self.value or 0.0) if is_number else None  # type: ignore[arg-type]


class Rate(Record):
    """The learning rate in the table of a run (with i, line, segment): of it counts what is since the last rewind."""

    program: Program
    column: str

    def peak(self, onset: Moment | None) -> Peak:
        """The largest rate; where it jumped up as a fault began, the largest one before.

        A rate that never fell and still rises is in its warm-up: it has not stood at its last level for longer than at
        those on the way up.
        """
        from .timeline import is_long

        if not is_long(self.program):
            return self._peak(onset.row if onset else None)
        table = self.program.source
        rates = (
            f"SELECT i, line, CAST({self.column} AS DOUBLE) AS rate FROM {table}"
            f" WHERE isfinite({self.column}) AND segment = (SELECT max(segment) FROM {table})"
        )
        so_far = "OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        steps = (
            f"SELECT i, line, rate, row_number() OVER (ORDER BY i) AS n, rate - lag(rate) OVER (ORDER BY i) AS change,"
            f" max(rate) {so_far} AS before, count(CASE WHEN rate > 0 THEN 1 END) {so_far} AS seen FROM ({rates})"
        )
        rises = "SELECT n, n - lag(n) OVER (ORDER BY n) AS stood FROM steps WHERE change > 0"
        found = self.program.con.execute(
            f"WITH steps AS ({steps}), rises AS ({rises})"
            f" SELECT max(rate), arg_min(before, i) FILTER (WHERE rate > {JUMP} * before"
            f" AND seen >= {_SEEN} AND n >= (SELECT max(n) FROM steps WHERE line <= $1::BIGINT) - {_NEAR}),"
            " coalesce(min(change) >= 0 AND max(n) - (SELECT max(n) FROM rises)"
            " < (SELECT coalesce(max(stood), 1) FROM rises), false) FROM steps",
            [onset.row if onset else None],
        ).fetchone()
        top, before, is_ramp = found or (None, None, False)
        return Peak(before) if before else Peak(top or None, is_ramp)

    def _peak(self, line: int | None) -> Peak:
        """The same for a run whose cells are quicker to fetch."""
        rates, lines, segments = self.program.cells(rate_cells(self.column), self.program.source)
        last = max(segments, default=0)
        kept = [
            (rate, at)
            for rate, at, segment in zip(rates, lines, segments, strict=True)
            if rate is not None and isfinite(rate) and segment == last
        ]
        reached = max((n for n, (_, at) in enumerate(kept) if line is not None and at <= line), default=None)
        before: float | None = None
        seen = 0
        for n, (rate, _) in enumerate(kept):
            is_near = reached is not None and n >= reached - _NEAR
            if is_near and before and seen >= _SEEN and rate > JUMP * before:
                return Peak(before)
            before = rate if before is None else max(before, rate)
            seen += rate > 0
        return Peak(before or None, _is_ramp([rate for rate, _ in kept]))


def _is_ramp(rates: Sequence[float]) -> bool:
    changes = [(n, now - last) for n, (last, now) in enumerate(pairwise(rates), 1)]
    rises = [n for n, change in changes if change > 0]
    if not rises or any(change < 0 for _, change in changes):
        return False
    longest = max((there - here for here, there in pairwise(rises)), default=1)
    return len(rates) - rises[-1] <= longest
