"""Runs a logical plan: level by level, stream by stream, until every kernel is a column of the working table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .ir import CONDITION, TEXT, Clock, Const, Kernel, Op, Raw, Value, level, walk
from .layers import Layer, stack
from .lower import LARGEST_SQUARED, LONG, Lowered, counting, lower, varying
from .moments import PARTS
from .sql import Renderer, layers
from .stream import Stream, clocks_of

if TYPE_CHECKING:
    import duckdb

_PATTERN_BITS = 60
_ANYWHERE = ("latest", "held")


@dataclass(slots=True)
class Program:
    """The kernels of some values, computed over one table.

    `table` is the working table: the run's columns and one more for each kernel, in file order. `renderer`
    writes any of the values as SQL over it.
    """

    con: duckdb.DuckDBPyConnection
    source: str
    long: int = LONG
    largest: Mapping[str, float] = field(default_factory=dict)
    table: str = ""
    columns: dict[Value, str] = field(default_factory=dict)
    observations: dict[Value, str] = field(default_factory=dict)
    rows: int = 0
    _known: list[str] = field(default_factory=list)  # the columns of the working table

    @property
    def renderer(self) -> Renderer:
        return Renderer(self.columns, self.observations, self.largest)

    def run(self, values: Iterable[Value]) -> None:
        """Compute every kernel in the values, lower levels first."""
        self.table = self.table or self.source
        counted = self.con.execute(f"SELECT count(*) FROM {self.source}").fetchone()
        self.rows = counted[0] if counted else 0
        kernels = {node for value in values for node in walk(value) if isinstance(node, Kernel)} - set(self.columns)
        by_level: dict[int, list[Kernel]] = {}
        for kernel in sorted(kernels, key=repr):
            by_level.setdefault(level(kernel), []).append(kernel)
        for _, group in sorted(by_level.items()):
            self._level(group)

    def settle(self, conditions: Iterable[Value], values: Iterable[Value]) -> None:
        """Of a short run, make a table in which every condition and value (kernels already computed) has a column.

        Over a long one nothing is kept that may not be asked for: see `columns_for`.
        """
        if self.rows >= self.long:
            return
        conditions, values = list(dict.fromkeys(conditions)), list(dict.fromkeys(values))
        plain, carried = self._table_columns(), set(self.columns.values())
        keep = [column for column in plain if column not in carried]
        steps, observations, columns = self._columns(conditions, values)
        keep += [*dict.fromkeys([*observations.values(), *columns.values()])]
        self.con.execute(f"CREATE TABLE judged AS {stack(self.table, plain, steps, keep)}")
        self.table, self._known = "judged", keep
        self.observations, self.columns = observations, columns

    def columns_for(self, conditions: Sequence[Value], values: Sequence[Value]) -> tuple[str, Renderer]:
        """Something to select from that has `i` and a column for each condition and value, and what names them."""
        if self.rows < self.long:
            return self.table, self.renderer
        steps, observations, columns = self._columns(conditions, values)
        keep = ["i", *dict.fromkeys([*observations.values(), *columns.values()])]
        return f"({stack(self.table, self._table_columns(), steps, keep)})", Renderer(columns, observations, self.largest)

    def _columns(
        self, conditions: Sequence[Value], values: Sequence[Value]
    ) -> tuple[list[Layer], dict[Value, str], dict[Value, str]]:
        steps, render = layers([*conditions, *values], self.renderer, "e")
        last: dict[str, str] = {}
        observations, columns = {}, {}
        for place, value in enumerate(conditions):
            observations[value] = f"o{place}"
            last[f"o{place}"] = render.observed(value)
        for place, value in enumerate(values):
            columns[value] = self.columns.get(value) or f"v{place}"
            if value not in self.columns:
                last[f"v{place}"] = render.value(value)
        return [Layer(items) for items in (*steps, last)], observations, columns

    def _level(self, kernels: Sequence[Kernel]) -> None:
        names = {kernel: f"k{len(self.columns) + place}" for place, kernel in enumerate(kernels)}
        everywhere = {kernel: names[kernel] for kernel in kernels if kernel.kind in _ANYWHERE}
        streamed = [kernel for kernel in kernels if kernel.kind not in _ANYWHERE]
        streams: list[tuple[Stream, dict[Kernel, str]]] = []
        for stream in self._streams(streamed):
            own = {kernel: names[kernel] for kernel in streamed if kernel.arg in stream.arguments}
            streams.append((self._spaced(stream, own), own))
        if self.rows < self.long:
            self._join(everywhere, streams)
        else:
            full = [(stream, own) for stream, own in streams if stream.full and not varying(stream, own)]
            if everywhere or full:
                self._extend(everywhere, *full)
            for stream, own in streams:
                if (stream, own) not in full:
                    self._patch(stream, own)
        self.columns.update(names)

    def _streams(self, kernels: Sequence[Kernel]) -> list[Stream]:
        """The arguments of the kernels, grouped by the rows at which they are known."""
        arguments = list(dict.fromkeys(kernel.arg for kernel in kernels))
        streams: list[Stream] = []
        for start in range(0, len(arguments), _PATTERN_BITS):
            streams += self._grouped(arguments[start : start + _PATTERN_BITS])
        return streams

    def _grouped(self, arguments: Sequence[Value]) -> list[Stream]:
        steps, render = layers(arguments, self.renderer, "y")
        bits, sizes = [], []
        for place, argument in enumerate(arguments):
            sql = render.observed(argument)
            bits.append(f"(CASE WHEN {sql} IS NULL THEN 0 ELSE {1 << place} END)")
            sizes.append(f"max(abs({sql}))" if argument.type not in (CONDITION, TEXT) else "NULL")
        plain = self._table_columns()
        known = {*plain, *(name for items in steps for name in items)}
        read = sorted(Layer({str(place): item for place, item in enumerate((*bits, *sizes))}).reads() & known)
        source = stack(self.table, plain, [Layer(items) for items in steps], read or ["i"])
        rows = self.con.execute(
            f"SELECT CAST({' + '.join(bits)} AS BIGINT) AS pattern, count(*), {', '.join(sizes)}"
            f" FROM ({source}) GROUP BY pattern ORDER BY pattern"
        ).fetchall()
        total = sum(count for _, count, *_ in rows)
        groups: dict[tuple[int, ...], list[int]] = {}
        for place in range(len(arguments)):
            mask = tuple(pattern for pattern, *_ in rows if pattern >> place & 1)
            groups.setdefault(mask, []).append(place)
        streams = []
        for mask, places in groups.items():
            known = sum(count for pattern, count, *_ in rows if pattern in mask)
            largest = [max((row[2 + place] or 0.0 for row in rows), default=0.0) for place in places]
            streams.append(
                Stream(
                    arguments=tuple(arguments[place] for place in places),
                    rows=known,
                    full=known == total,
                    wild=frozenset(
                        arguments[place]
                        for place, size in zip(places, largest, strict=True)
                        if size > LARGEST_SQUARED
                    ),
                )
            )
        return streams

    def _spaced(self, stream: Stream, kernels: Mapping[Kernel, str]) -> Stream:
        clocks = clocks_of(kernels)
        if stream.rows >= self.long and any("stt" in PARTS.get(kernel.kind, ()) for kernel in kernels):
            clocks = sorted({*clocks, "tick"})
        if not clocks:
            return stream
        steps = ", ".join(f"{clock} - lag({clock}) OVER () AS d_{clock}, {clock}" for clock in clocks)
        facts = ", ".join(f"min(d_{clock}), max(d_{clock}), count({clock})" for clock in clocks)
        row = self.con.execute(
            f"SELECT {facts} FROM (SELECT {steps} FROM (SELECT * FROM {self.table}{self._where(stream)}))"
        ).fetchone()
        assert row is not None
        spacing: dict[str, float | None] = {}
        for place, clock in enumerate(clocks):
            low, high, known = row[3 * place : 3 * place + 3]
            even = known == stream.rows and (low == high)
            spacing[clock] = float(low or 0.0) if even and stream.rows > 1 else (0.0 if even else None)
        return Stream(stream.arguments, stream.rows, stream.full, stream.wild, spacing)

    def _where(self, stream: Stream) -> str:
        return "" if stream.full else f" WHERE {self.renderer.observed(stream.arguments[0])} IS NOT NULL"

    def _join(self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]) -> None:
        """All kernels of a level in one statement, which is what a short run pays for; the order is made anew."""
        plain = self._table_columns()
        base = ", ".join([*plain, *self._latest(everywhere)])
        joined, made, temporary = [f"(SELECT {base} FROM {self.table}) b"], [*plain, *everywhere.values()], []
        for place, (stream, own) in enumerate(streams):
            source, columns, table = self._source(f"stream_{place}", stream, own)
            temporary += [table] if table else []
            query = lower(stream, own, self._arguments(stream), self.long).query(source, columns, ["i"])
            joined.append(f"LEFT JOIN ({query}) USING (i)")
            made += own.values()
        self._replace(f"SELECT {', '.join(made)} FROM {' '.join(joined)} ORDER BY i", made)
        for table in temporary:
            self.con.execute(f"DROP TABLE {table}")

    def _extend(self, everywhere: Mapping[Kernel, str], *full: tuple[Stream, Mapping[Kernel, str]]) -> None:
        """A copy of the working table with more columns: kernels over all of its rows, which stay in order."""
        plain = self._table_columns()
        lowered, arguments = Lowered(), []
        for stream, own in full:
            names = self._arguments(stream)
            arguments = [f"{self.renderer.observed(argument)} AS {name}" for argument, name in names.items()]
            lowered = lower(stream, own, names, self.long)
        items = [*plain, "i AS k", *arguments, *self._latest(everywhere)]
        columns = [item.rpartition(" AS ")[2] for item in items]
        query = lowered.query(f"(SELECT {', '.join(items)} FROM {self.table})", columns, [*plain, *everywhere.values()])
        self._replace(query, [*plain, *everywhere.values(), *lowered.results])

    def _patch(self, stream: Stream, own: Mapping[Kernel, str]) -> None:
        """Kernels over some of the rows, written back into the working table, whose order an UPDATE keeps."""
        if self.table == self.source:
            plain = self._table_columns()
            self._replace(f"SELECT {', '.join(plain)} FROM {self.source}", plain)
        source, columns, temporary = self._source("stream", stream, own)
        query = lower(stream, own, self._arguments(stream), self.long).query(source, columns, ["i"])
        for kernel, column in own.items():
            kind = "VARCHAR" if kernel.type == TEXT else "BOOLEAN" if kernel.type == CONDITION else "DOUBLE"
            self.con.execute(f"ALTER TABLE {self.table} ADD COLUMN {column} {kind}")
        values = ", ".join(f"{column} = s.{column}" for column in own.values())
        self.con.execute(f"UPDATE {self.table} SET {values} FROM ({query}) s WHERE {self.table}.i = s.i")
        self._known.extend(own.values())
        if temporary:
            self.con.execute(f"DROP TABLE {temporary}")

    @staticmethod
    def _arguments(stream: Stream) -> dict[Value, str]:
        return {argument: f"x{place}" for place, argument in enumerate(stream.arguments)}

    def _latest(self, everywhere: Mapping[Kernel, str]) -> list[str]:
        so_far = "IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING)"
        return [
            f"last_value({self.renderer.observed(kernel.arg)} {so_far} AS {column}" for kernel, column in everywhere.items()
        ]

    def _source(self, name: str, stream: Stream, own: Mapping[Kernel, str]) -> tuple[str, list[str], str]:
        """What the kernels of a stream select from, its columns, and the table that was made for it, if any."""
        items = {"k": "row_number() OVER ()"}
        items |= {column: self.renderer.observed(each) for each, column in self._arguments(stream).items()}
        columns = ["i", "tick", "epoch", "time", *items]
        made = ", ".join(["i", "tick", "epoch", "time", *(f"{item} AS {column}" for column, item in items.items())])
        source = f"(SELECT {made} FROM {self.table}{self._where(stream)})"
        counts = varying(stream, own)
        if not counts:
            return source, columns, ""
        # Which rows a window holds must be known before its frame is written.
        empty = ", ".join(f"CAST(0 AS BIGINT) AS {column}" for column in counts)
        self.con.execute(f"CREATE TABLE {name} AS SELECT *, {empty} FROM {source}")
        for column, span in counts.items():
            self.con.execute(counting(name, column, span))
        return name, [*columns, *counts], name

    def _replace(self, query: str, columns: Sequence[str]) -> None:
        target = f"work_{len(self.columns)}"
        self.con.execute(f"CREATE TABLE {target} AS {query}")
        if self.table != self.source:
            self.con.execute(f"DROP TABLE {self.table}")
        self.table, self._known = target, list(columns)

    def _table_columns(self) -> list[str]:
        if not self._known:
            description = self.con.execute(f"SELECT * FROM {self.table} LIMIT 0").description or []
            self._known = [name for name, *_ in description]
        return list(self._known)
