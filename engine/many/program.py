"""The logical plan over a table that holds many runs, one after the other: each kernel once, for all of them.

The table has two columns more than that of one run: `run`, the number of the run that a row belongs to, and `g`, which
numbers all rows. What looks back streams over all of it, and is masked where it would look into the run before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..compile.ir import Kernel, Span, Value
from ..compile.lower import lower, varying
from ..compile.program import Program
from ..compile.sources import arguments_of, where
from ..compile.sql import number
from ..compile.stream import CLOCKS, Stream, clocks_of, count_column
from .rows import numbered

_STREAMING = "OVER (ROWS UNBOUNDED PRECEDING)"


@dataclass(slots=True, eq=False, repr=False)
class ManyProgram(Program):
    """The kernels of some values, computed over the rows of many short runs; `rows` is the length of the longest."""

    def _level(self, kernels: Sequence[Kernel]) -> None:
        names = {kernel: f"k{len(self.columns) + place}" for place, kernel in enumerate(kernels)}
        everywhere = {kernel: names[kernel] for kernel in kernels if kernel.kind in ("latest", "held")}
        streamed = [kernel for kernel in kernels if kernel not in everywhere]
        table = f"part_{len(self._appended)}"
        joined = [f"(SELECT {', '.join([f'g AS {table}_g', *self.latest(everywhere)])} FROM {self.table})"]
        temporary: list[str] = []
        for place, stream in enumerate(self._streams(streamed)):
            own = {kernel: names[kernel] for kernel in streamed if kernel.arg in stream.arguments}
            query, tables = self._query(f"stream_{place}", stream, own)
            joined.append(f"LEFT JOIN ({query}) s{place} ON s{place}.g = {table}_g")
            temporary += tables
        made = f"SELECT {', '.join([f'{table}_g', *names.values()])} FROM {' '.join(joined)}"
        self.con.execute(f"CREATE TABLE {table} AS {made}")
        # A join leaves the rows as they stand on its left, mostly.
        (astray,) = self.con.execute(f"SELECT count(*) FROM {table} WHERE {table}_g <> rowid + 1").fetchall()[0]
        if astray:
            self.con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} ORDER BY {table}_g")
        self._known = [*self._table_columns(), *names.values()]
        self._appended.append(table)
        self.table = f"{self.table} POSITIONAL JOIN {table}"
        for name in temporary:
            self.con.execute(f"DROP TABLE {name}")
        for kernel, column in names.items():
            self.columns[kernel] = column

    def settle(self, conditions: Iterable[Value], values: Iterable[Value]) -> None:
        """As `Program.settle`; nothing else is kept."""
        before = [*self._appended]
        Program.settle(self, conditions, values)
        self.drop(but={*self._appended} - {*before})

    def latest(self, everywhere: Mapping[Kernel, str]) -> list[str]:
        items = []
        for kernel, column in everywhere.items():
            x = self.renderer.observed(kernel.arg)
            place = f"last_value(CASE WHEN {x} IS NOT NULL THEN g END IGNORE NULLS) {_STREAMING}"
            items.append(f"CASE WHEN g - {place} < i THEN last_value({x} IGNORE NULLS) {_STREAMING} END AS {column}")
        return items

    def _query(self, name: str, stream: Stream, own: Mapping[Kernel, str]) -> tuple[str, list[str]]:
        """A query of the kernels of a stream by `g`, and the tables that were made for it."""
        stream = stream._replace(runs=True, rows=self.rows)
        arguments = arguments_of(stream)
        shown = {"run": "run", "g": "g", "tick": "tick", "epoch": "epoch", "time": "time"}
        shown |= {column: self.renderer.observed(argument) for argument, column in arguments.items()}
        shown |= {"k": "i"} if stream.full else {}
        items = ", ".join(f"{item} AS {column}" for column, item in shown.items())
        source, tables = f"SELECT {items} FROM {self.table}{where(stream, self.renderer)}", []
        if not stream.full:
            # DuckDB 1.4 gives wrong values where `lag` streams over what a filter leaves of a block of rows.
            self.con.execute(f"CREATE TABLE {name} AS {source}")
            tables.append(name)
            source = numbered(name, "k")
        columns = [*dict.fromkeys([*shown, "k"])]
        if clocks_of(own):
            self.con.execute(f"CREATE TABLE {name}_k AS {source}")
            source = f"{name}_k"
            tables.append(source)
            stream, counts = self._measured(source, stream, own)
            columns += counts
        else:
            source = f"({source})"
        return lower(stream, own, arguments, self.long).query(source, columns, ["g"]), tables

    def _measured(self, table: str, stream: Stream, own: Mapping[Kernel, str]) -> tuple[Stream, list[str]]:
        """The stream with how many rows its windows on a clock hold, and the columns that were added to tell them."""
        lengths: dict[Span, int] = {}
        counts: dict[Span, str] = {}
        spacing = {clock: self._spacings(table, clock) for clock in clocks_of(own)}
        for column, span in varying(stream, own).items():
            clock, scale = CLOCKS[span.unit]
            points = {run: _points(span.last * scale, *found) for run, found in spacing[clock].items()}
            distinct = {each for each in points.values() if each != 0}
            if None not in distinct and len(distinct) < 2:
                lengths[span] = min(self.rows, next(iter(distinct), None) or self.rows)
                continue
            even = ", ".join(f"({run}, {self.rows if n == 0 else n})" for run, n in points.items() if n is not None)
            counts[span] = self._counted(table, column, span, even)
        most: dict[Span, int] = {}
        if counts:
            shown = ", ".join(f"{count} AS {count_column(span)}" for span, count in counts.items())
            joins = " ".join(f"JOIN {count_column(span)}_t USING (g)" for span in counts)
            counted = f"SELECT {table}.*, {shown} FROM {table} {joins} ORDER BY g"
            self.con.execute(f"CREATE OR REPLACE TABLE {table} AS {counted}")
            tops = ", ".join(f"max({count_column(span)})" for span in counts)
            (found,) = self.con.execute(f"SELECT {tops} FROM {table}").fetchall()
            most = {span: int(each or 0) for span, each in zip(counts, found, strict=True)}
            for span in counts:
                self.con.execute(f"DROP TABLE {count_column(span)}_t")
        return stream._replace(lengths=lengths, most=most), [count_column(span) for span in counts]

    def _spacings(self, table: str, clock: str) -> dict[int, tuple[float | None, float | None, int, int]]:
        """By run, the least and the largest distance of neighbouring rows on a clock, those that have it, and all."""
        steps = f"SELECT run, {clock}, CASE WHEN run = lag(run) OVER () THEN {clock} - lag({clock}) OVER () END AS d"
        found = self.con.execute(
            f"SELECT run, min(d), max(d), count({clock}), count(*) FROM ({steps} FROM {table}) GROUP BY run"
        ).fetchall()
        return {run: (low, high, known, rows) for run, low, high, known, rows in found}

    def _counted(self, table: str, column: str, span: Span, even: str) -> str:
        """Make a table with the number of rows in each window by `g`, and say what gives it.

        `even` are the runs, each with the rows of a full window, where that is the same throughout.
        """
        clock, scale = CLOCKS[span.unit]
        ends = f"SELECT run, {clock} AS c, max(k) AS k FROM {table} WHERE {clock} IS NOT NULL GROUP BY run, {clock}"
        count = "CASE WHEN a.since IS NULL THEN 0 ELSE greatest(a.k - coalesce(b.k, 0), 0) END"
        self.con.execute(
            f"CREATE TABLE {column}_t AS SELECT a.g, {count} AS n, a.run AS of"
            f" FROM (SELECT run, g, k, {clock} - {number(span.last * scale)} AS since FROM {table}) a"
            f" ASOF LEFT JOIN ({ends}) b ON a.run = b.run AND a.since >= b.c"
        )
        if not even:
            return f"{column}_t.n"
        self.con.execute(
            f"CREATE OR REPLACE TABLE {column}_t AS SELECT t.g, t.n, e.points FROM {column}_t t"
            f" LEFT JOIN (VALUES {even}) e(run, points) ON t.of = e.run"
        )
        return f"CASE WHEN {column}_t.points IS NULL THEN {column}_t.n ELSE least({table}.k, {column}_t.points) END"


def _points(length: float, low: float | None, high: float | None, known: int, rows: int) -> int | None:
    """How many rows a full window of a run holds, None where that varies, 0 where it holds all of them."""
    if known != rows or low != high:
        return None
    return max(1, math.ceil(length / low)) if low and rows > 1 else 0
