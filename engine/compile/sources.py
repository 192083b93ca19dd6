"""What the kernels of a stream select from: its own rows, all rows of a table, or cells of which some have a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..pack import EMPTY
from ..record import Record
from .ir import Kernel, Span, Value
from .lower import counting, varying
from .sql import Renderer, number
from .stream import CLOCKS, Stream

if TYPE_CHECKING:
    from ..database import duckdb

_CLOCKS = tuple(column for column, _ in CLOCKS.values())


class Source(Record):
    """Something to select from: a table that was `made` for it, or a query in parentheses."""

    sql: str
    columns: list[str]
    made: str = ""
    most: Mapping[Span, int] = EMPTY  # the most rows of windows whose number of rows varies


def arguments_of(stream: Stream) -> dict[Value, str]:
    """The columns that the arguments of a stream have in what its kernels select from."""
    return {argument: f"x{place}" for place, argument in enumerate(stream.arguments)}


def where(stream: Stream, renderer: Renderer) -> str:
    """The clause that leaves the rows of a stream."""
    return "" if stream.whole else f" WHERE {renderer.observed(stream.arguments[0])} IS NOT NULL"


class Sources(Record):
    """The sources of streams over a table, whose columns `renderer` names."""

    con: duckdb.DuckDBPyConnection
    table: str
    renderer: Renderer

    def rows_of(self, stream: Stream, kernels: Mapping[Kernel, str], name: str) -> Source:
        """The stream's own rows, with how many each window holds where that varies: that takes a table."""
        shown = {"k": "row_number() OVER ()", **self._arguments(stream)}
        columns = ["i", *_CLOCKS, *shown]
        made = ", ".join(["i", *_CLOCKS, *_items(shown)])
        source = f"(SELECT {made} FROM {self.table}{where(stream, self.renderer)})"
        counts = varying(stream, kernels)
        if not counts:
            return Source(source, columns)
        # Which rows a window holds must be known before its frame is written.
        empty = ", ".join(f"CAST(0 AS BIGINT) AS {column}" for column in counts)
        self.con.execute(f"CREATE TABLE {name} AS SELECT *, {empty} FROM {source}")
        for column, span in counts.items():
            self.con.execute(counting(name, column, span))
        found = self.con.execute(f"SELECT {', '.join(f'max({column})' for column in counts)} FROM {name}").fetchone()
        assert found is not None
        most = {span: int(each or 0) for span, each in zip(counts.values(), found, strict=True)}
        return Source(name, [*columns, *counts], name, {span: rows for span, rows in most.items() if rows})

    def all_rows(self, stream: Stream) -> Source:
        """All rows of the table, NULL in those that the stream skips."""
        shown = {"k": f"i - {stream.skipped}" if stream.skipped else "i", **{name: name for name in _CLOCKS}}
        if stream.skipped:
            shown = {name: f"CASE WHEN i > {stream.skipped} THEN {item} END" for name, item in shown.items()}
        shown |= self._arguments(stream)
        return Source(f"(SELECT i, {', '.join(_items(shown))} FROM {self.table})", ["i", *shown])

    def rows_as_cells(self, stream: Stream) -> Source:
        """All rows of a table that lie as the cells of the stream do, NULL in those that are not of it."""
        shown = {"k": "i", **self._arguments(stream)}
        return Source(f"(SELECT i, {', '.join(_items(shown))} FROM {self.table})", ["i", *shown])

    def cells(self, stream: Stream, name: str) -> Source:
        """A table of the cells that the stream's rows lie in, NULL in those of no row."""
        assert stream.cells is not None
        first, apart, total = stream.cells.first, stream.cells.apart, stream.cells.total
        shown = {
            "k": f"CAST(round((tick - {number(first)}) / {number(apart)}) AS BIGINT) + 1",
            **self._arguments(stream),
        }
        rows = f"SELECT i, {', '.join(_items(shown))} FROM {self.table}{where(stream, self.renderer)}"
        cells = f"SELECT range AS k FROM range(1, {total + 1})"
        self.con.execute(f"CREATE TABLE {name} AS SELECT * FROM ({cells}) LEFT JOIN ({rows}) USING (k) ORDER BY k")
        return Source(name, ["i", *shown], name)

    def _arguments(self, stream: Stream) -> dict[str, str]:
        return {name: self.renderer.observed(argument) for argument, name in arguments_of(stream).items()}


def _items(shown: Mapping[str, str]) -> list[str]:
    return [item if item == name else f"{item} AS {name}" for name, item in shown.items()]
