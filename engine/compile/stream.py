"""A stream: the rows at which some arguments are known, and what is known of it before its windows are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..pack import EMPTY
from .ir import Kernel, Span, Value

CLOCKS = {"steps": ("tick", 1.0), "epochs": ("epoch", 1.0), "minutes": ("time", 60.0)}
"""The column and the scale of each unit of the clock."""


class Stream(NamedTuple):
    """Rows of the working table at which all of `arguments` are known; `k` numbers them from 1.

    `spacing` maps a clock column to the constant distance of neighbouring rows on it, or to None where it varies.
    """

    arguments: tuple[Value, ...]
    rows: int
    full: bool  # it is the whole table
    wild: frozenset[Value] = frozenset()  # arguments with magnitudes whose squares overflow
    spacing: Mapping[str, float | None] = EMPTY
    is_fragile: bool = False  # this DuckDB cannot be trusted to let `lag` stream over a filter

    @property
    def order(self) -> str:
        """What `lag` over the stream is ordered by: nothing over a whole table, whose rows stand in order.

        DuckDB 1.4 gives wrong values, or fails, where `lag` streams over what a filter leaves of a block of rows.
        """
        return "" if self.full or not self.is_fragile else "ORDER BY k"

    def points(self, span: Span) -> int | None:
        """How many rows a full window holds, the same everywhere; None where that varies from row to row."""
        if span.unit == "points":
            return int(span.last)
        column, scale = CLOCKS[span.unit]
        spacing = self.spacing.get(column)
        if spacing is None:
            return None
        if spacing == 0.0:
            return self.rows
        return max(1, min(self.rows, math.ceil(span.last * scale / spacing)))


def clocks_of(kernels: Iterable[Kernel]) -> list[str]:
    """The clock columns on which some window of the kernels is measured."""
    units = {kernel.span.unit for kernel in kernels if kernel.span} & set(CLOCKS)
    return sorted(CLOCKS[unit][0] for unit in units)
