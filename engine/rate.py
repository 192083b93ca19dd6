"""The learning rate that a run stood: what a new one is computed from."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

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


class Rate(NamedTuple):
    """The learning rate in the table of a run (with i, line, segment): of it counts what is since the last rewind."""

    program: Program
    column: str

    def peak(self, onset: Moment | None) -> float | None:
        """The largest rate; where it jumped up as a fault began, the largest one before. None where none is known."""
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
            f"SELECT i, line, rate, row_number() OVER (ORDER BY i) AS n, max(rate) {so_far} AS before,"
            f" count(CASE WHEN rate > 0 THEN 1 END) {so_far} AS seen FROM ({rates})"
        )
        found = self.program.con.execute(
            f"WITH steps AS ({steps}) SELECT max(rate), arg_min(before, i) FILTER (WHERE rate > {JUMP} * before"
            f" AND seen >= {_SEEN} AND n >= (SELECT max(n) FROM steps WHERE line <= $1::BIGINT) - {_NEAR}) FROM steps",
            [onset.row if onset else None],
        ).fetchone()
        top, before = found or (None, None)
        return before or top or None

    def _peak(self, line: int | None) -> float | None:
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
            if is_near and before is not None and seen >= _SEEN and rate > JUMP * before:
                return before or max(rate for rate, _ in kept) or None
            before = rate if before is None else max(before, rate)
            seen += rate > 0
        return max((rate for rate, _ in kept), default=None) or None
