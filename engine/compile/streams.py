"""Which rows the operands of windows are known at, and how far apart those lie: asked of DuckDB, level by level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .domains import magnitude
from .ir import NUMBER, Value
from .layers import Layer, stack
from .lower import LARGEST_SQUARED, LONG
from .sql import Renderer, layers, number
from .stream import Cells, Stream

if TYPE_CHECKING:
    from ..database import duckdb

_PATTERN_BITS = 60
MOST_CELLS = 4
"""So many cells for each row are faster than blocks that are fetched row by row; eight are slower."""


def streams_of(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], renderer: Renderer, arguments: Iterable[Value]
) -> list[Stream]:
    """The arguments of some kernels, grouped by the rows of a table with these columns at which they are known."""
    distinct = list(dict.fromkeys(arguments))
    streams: list[Stream] = []
    for start in range(0, len(distinct), _PATTERN_BITS):
        streams += _grouped(con, table, columns, renderer, distinct[start : start + _PATTERN_BITS])
    return streams


def _grouped(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], renderer: Renderer, arguments: Sequence[Value]
) -> list[Stream]:
    steps, render = layers(arguments, renderer, "y")
    bits: list[str] = []
    sizes: dict[int, str] = {}  # of arguments that may be too large for their squares
    for place, argument in enumerate(arguments):
        sql = render.observed(argument)
        bits.append(f"(CASE WHEN {sql} IS NULL THEN 0 ELSE {1 << place} END)")
        if argument.type == NUMBER and magnitude(argument, renderer.largest) > LARGEST_SQUARED:
            sizes[place] = f"max(abs({sql}))"
    known = {*columns, *(name for items in steps for name in items)}
    read = Layer({str(place): item for place, item in enumerate((*bits, *sizes.values()))}).reads() & known
    source = stack(table, columns, [Layer(items) for items in steps], ["i", *sorted(read - {"i"})])
    items = ", ".join([f"CAST({' + '.join(bits)} AS BIGINT) AS pattern", "count(*)", "min(i)", *sizes.values()])
    rows = con.execute(f"SELECT {items} FROM ({source}) GROUP BY pattern ORDER BY pattern").fetchall()
    largest = {place: max((row[n] or 0.0 for row in rows), default=0.0) for n, place in enumerate(sizes, 3)}
    total = sum(count for _, count, *_ in rows)
    groups: dict[tuple[int, ...], list[int]] = {}
    for place in range(len(arguments)):
        mask = tuple(pattern for pattern, *_ in rows if pattern >> place & 1)
        groups.setdefault(mask, []).append(place)
    from ..database import IS_DUCKDB_1

    streams = []
    for mask, places in groups.items():
        amount = sum(count for pattern, count, *_ in rows if pattern in mask)
        first = min((first for pattern, _, first, *_ in rows if pattern in mask), default=1)
        full = first + amount == total + 1
        streams.append(
            Stream(
                is_fragile=IS_DUCKDB_1,
                arguments=tuple(arguments[place] for place in places),
                rows=amount,
                full=full,
                skipped=first - 1 if full else 0,
                wild=frozenset(arguments[place] for place in places if largest.get(place, 0.0) > LARGEST_SQUARED),
            )
        )
    return streams


def spaced(
    con: duckdb.DuckDBPyConnection,
    source: str,
    stream: Stream,
    clocks: Sequence[str],
    spacing: Mapping[str, float | None],
    long: int = LONG,
) -> Stream:
    """A stream with how far its rows, those of a query, lie apart on some clocks; `spacing` has that of all rows."""
    if (
        stream.full
        and set(clocks) <= set(spacing)
        and (None not in spacing.values() or (stream.whole and stream.rows < long))
    ):
        return stream._replace(spacing=spacing)
    if not clocks:
        return stream
    steps = ", ".join(f"{clock} - lag({clock}) OVER () AS d_{clock}, {clock}" for clock in clocks)
    facts = ", ".join(f"min(d_{clock}), max(d_{clock}), count({clock})" for clock in clocks)
    row = con.execute(f"SELECT {facts} FROM (SELECT {steps} FROM ({source}))").fetchone()
    assert row is not None
    found: dict[str, float | None] = {}
    for place, clock in enumerate(clocks):
        low, high, known = row[3 * place : 3 * place + 3]
        even = known == stream.rows and (low == high)
        found[clock] = float(low or 0.0) if even and stream.rows > 1 else (0.0 if even else None)
        if clock == "tick" and not even and known == stream.rows >= long:
            cells = _cells(con, source, stream.rows, float(low)) if low > 0 else None
            stream = stream._replace(ticks=True, cells=cells)
    return stream._replace(spacing=found)


def _cells(con: duckdb.DuckDBPyConnection, source: str, rows: int, apart: float) -> Cells | None:
    """The cells that the rows of a query lie in, if not too few of these have one; `apart` is the least distance."""
    steps = f"SELECT tick, (tick - lag(tick) OVER ()) / {number(apart)} AS d FROM ({source})"
    row = con.execute(f"SELECT min(tick), max(tick), bool_and(d = floor(d)) FROM ({steps})").fetchone()
    assert row is not None
    first, last, are_whole = row
    count = (last - first) / apart + 1
    return Cells(float(first), apart, round(count)) if are_whole and count <= MOST_CELLS * rows else None
