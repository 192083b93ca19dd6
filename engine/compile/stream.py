"""A stream: the rows at which some arguments are known, and what is known of it before its windows are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..pack import EMPTY
from ..record import Record
from .ir import Kernel, Span, Value
from .sql import number

CLOCKS = {"steps": ("tick", 1.0), "epochs": ("epoch", 1.0), "minutes": ("time", 60.0)}
"""The column and the scale of each unit of the clock."""

_ALWAYS_FINITE = frozenset({"mean", "total", "std", "mean_bound"})
_ON_CLOCK = frozenset({"slope", "slope_bound", "r2"})
"""Finite where the clock moves by one or more between any two rows: no quotient is much larger than its dividend."""


class Cells(Record):
    """Places that lie evenly apart on the tick, from that of a stream's first row to that of its last."""

    first: float
    apart: float
    total: int


class Stream(Record):
    """Rows of the working table at which all of `arguments` are known; `k` numbers them from 1.

    `spacing` maps a clock column to the constant distance of neighbouring rows on it, or to None where it varies.
    """

    arguments: tuple[Value, ...]
    rows: int
    full: bool  # it has every row of the table after those that are `skipped`
    skipped: int = 0
    wild: frozenset[Value] = frozenset()  # arguments with magnitudes whose squares overflow
    spacing: Mapping[str, float | None] = EMPTY
    ticks: bool = False  # every row has a tick, though they are not evenly apart
    cells: Cells | None = None  # the cells that its rows lie in, where not every cell has one
    cell: float = 0.0  # how far apart its cells are; then `rows` and `k` count cells, and some have no row
    is_fragile: bool = False  # this DuckDB cannot be trusted to let `lag` stream over a filter
    runs: bool = False  # it has the rows of many runs, one run (column `run`) after the other, and `k` numbers each
    lengths: Mapping[Span, int] = EMPTY  # the rows of full windows where there are many runs, and all have the same
    most: Mapping[Span, int] = EMPTY  # the most rows of windows that differ from row to row

    @property
    def whole(self) -> bool:
        """Whether it has every row of the table."""
        return self.full and not self.skipped

    @property
    def filtered(self) -> Stream:
        """The stream as its rows without the others; what a stream with all of them is, is itself."""
        return self if self.whole else self._replace(full=False, skipped=0)

    @property
    def in_cells(self) -> Stream:
        """The stream as the cells that its rows lie in, with those of no row."""
        assert self.cells is not None
        spacing = {**self.spacing, "tick": self.cells.apart}
        return self._replace(
            rows=self.cells.total, full=True, skipped=0, spacing=spacing, cells=None, cell=self.cells.apart
        )

    @property
    def order(self) -> str:
        """What `lag` over the stream is ordered by: nothing over a table as it is, whose rows stand in order.

        DuckDB 1.4 gives wrong values, or fails, where `lag` streams over what a filter leaves of a block of rows.
        """
        return "" if self.full or self.runs or not self.is_fragile else "ORDER BY k"

    @property
    def partition(self) -> str:
        """What a window that is not to leave its run begins with."""
        return "PARTITION BY run " if self.runs else ""

    @property
    def so_far(self) -> str:
        """The rows of a run up to each row, as a window."""
        return f"({'PARTITION BY run ORDER BY k ' if self.runs else ''}ROWS UNBOUNDED PRECEDING)"

    def is_tame(self, kernel: Kernel) -> bool:
        """Whether what the kernel makes of enough rows is finite, as it is where nothing overflows or divides by 0."""
        return kernel.arg not in self.wild and (
            kernel.kind in _ALWAYS_FINITE or (kernel.kind in _ON_CLOCK and (self.spacing.get("tick") or 0.0) >= 1.0)
        )

    def lag(self, x: str, rows: int) -> str:
        """SQL of a column's value so many rows before each row; NULL where the run has none."""
        lagged = f"lag({x}, {rows}) OVER ({self.order})"
        return f"CASE WHEN k > {rows} THEN {lagged} END" if self.runs and rows else lagged

    def points(self, span: Span) -> int | None:
        """How many rows a full window holds, the same everywhere; None where that varies from row to row."""
        if span.unit == "points":
            return int(span.last)
        if self.runs:
            return self.lengths.get(span)
        column, scale = CLOCKS[span.unit]
        spacing = self.spacing.get(column)
        if spacing is None:
            return None
        if spacing == 0.0:
            return self.rows
        return max(1, min(self.rows, math.ceil(span.last * scale / spacing)))


def count_column(span: Span) -> str:
    """The column that holds the number of rows of a window where that varies."""
    return f"n_{span.unit}_{number(span.last)}".replace(".", "_").replace("-", "m").replace("+", "")


def clocks_of(kernels: Iterable[Kernel]) -> list[str]:
    """The clock columns on which some window of the kernels is measured."""
    units = {kernel.span.unit for kernel in kernels if kernel.span} & set(CLOCKS)
    return sorted(CLOCKS[unit][0] for unit in units)
