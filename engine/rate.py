"""The learning rate that a run stood: what a new one is computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

    from .report import Moment

RATE = "learning_rate"
"""The metric from which `lr_peak` is taken."""

JUMP = 3.0
"""How many times the largest rate so far a rate must be to be a jump. A ramp that starts at 0 doubles at most."""

_SEEN = 3  # rates above zero before a jump: the first ones of a ramp say little
_NEAR = 5  # rows from a jump to the fault; what a run stood for longer did not break it


class Rate(NamedTuple):
    """The learning rate in the table of a run (with i, line, segment): of it counts what is since the last rewind."""

    con: duckdb.DuckDBPyConnection
    table: str
    column: str

    def peak(self, onset: Moment | None) -> float | None:
        """The largest rate; where it jumped up as a fault began, the largest one before. None where none is known."""
        rates = (
            f"SELECT i, line, CAST({self.column} AS DOUBLE) AS rate FROM {self.table}"
            f" WHERE isfinite({self.column}) AND segment = (SELECT max(segment) FROM {self.table})"
        )
        so_far = "OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        steps = (
            f"SELECT i, line, rate, row_number() OVER (ORDER BY i) AS n, max(rate) {so_far} AS before,"
            f" count(CASE WHEN rate > 0 THEN 1 END) {so_far} AS seen FROM ({rates})"
        )
        found = self.con.execute(
            f"WITH steps AS ({steps}) SELECT max(rate), arg_min(before, i) FILTER (WHERE rate > {JUMP} * before"
            f" AND seen >= {_SEEN} AND n >= (SELECT max(n) FROM steps WHERE line <= $1::BIGINT) - {_NEAR}) FROM steps",
            [onset.row if onset else None],
        ).fetchone()
        top, before = found or (None, None)
        return before or top or None
