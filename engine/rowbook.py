"""Looks up rows of the working table by number: what the clock says there, and when it first says more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from .compile.sql import number
from .compile.stream import CLOCKS
from .record import Record
from .report import Moment

if TYPE_CHECKING:
    from .compile.program import Program

_EAGER = 20_000


class Row(Record):
    """Where one row stands: its first line in the file, and the clocks (None where the log has none)."""

    line: int
    step: float | None
    tick: float
    epoch: float | None
    time: float | None

    @property
    def moment(self) -> Moment:
        """Where the row stands as a report says it: by its step, in a log without steps by its epoch."""
        return Moment(self.step if self.step is not None else self.epoch, self.line)


@dataclass(slots=True, eq=False, repr=False)
class RowBook:
    """The rows of one run; a short run is read at once, of a long one only what is asked for."""

    program: Program
    rows: int
    spacing: float = 0.0  # the distance of neighbouring rows on the clock where it is the same everywhere, else 0
    known: dict[int, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if 0 < self.rows <= _EAGER and not self.known:
            self._read("true")

    def _read(self, condition: str, given: Sequence[object] = ()) -> None:
        found = self.program.con.execute(
            f"SELECT i, line, step, tick, epoch, time FROM {self.program.source} WHERE {condition}", list(given)
        ).fetchall()
        self.known.update((i, Row(*row)) for i, *row in found)

    def prefetch(self, wanted: Iterable[int]) -> None:
        """Read many rows at once."""
        missing = sorted(set(wanted) - set(self.known))
        if missing:
            self._read("i IN (SELECT unnest($1::BIGINT[]))", [missing])

    def row(self, i: int) -> Row:
        """Row number `i`, counted from 1."""
        if i not in self.known:
            self._read(f"i = {int(i)}")
        return self.known[i]

    def rows_in(self, distance: float, unit: str) -> int | None:
        """The rows between two that lie so far apart on the clock of `unit`; None where that is not always as many."""
        return ceil(distance / self.spacing) if self.spacing and CLOCKS[unit][0] == "tick" else None

    def first_after(self, onset: int, distance: float, unit: str, first: int, last: int) -> int | None:
        """The first row of first..last that lies at least `distance` from the onset on the clock of `unit`."""
        column, scale = CLOCKS[unit]
        if (far_off := self.rows_in(distance, unit)) is not None:
            row = max(first, onset + far_off)
            return row if row <= last else None
        start, far = self._clock(onset, column), self._clock(last, column)
        if start is None:
            return None
        goal = start + distance * scale
        if far is not None and far < goal:
            return None
        if self.rows <= _EAGER:
            reached = (i for i in range(first, last + 1) if (at := self._clock(i, column)) is not None and at >= goal)
            return next(reached, None)
        found = self.program.con.execute(
            f"SELECT min(i) FROM {self.program.source}"
            f" WHERE i BETWEEN {int(first)} AND {int(last)} AND {column} >= {number(goal)}"
        ).fetchone()
        return found[0] if found else None

    def _clock(self, i: int, column: str) -> float | None:
        value: float | None = getattr(self.row(i), column)
        return value
