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
_STREAM_KEEPS = "i, k"
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

    @property
    def renderer(self) -> Renderer:
        return Renderer(self.columns, self.observations, self.largest)

    def run(self, values: Iterable[Value]) -> None:
        """Compute every kernel in the values, lower levels first."""
        self.table = self.table or self.source
        kernels = {node for value in values for node in walk(value) if isinstance(node, Kernel)} - set(self.columns)
        by_level: dict[int, list[Kernel]] = {}
        for kernel in sorted(kernels, key=repr):
            by_level.setdefault(level(kernel), []).append(kernel)
        for _, group in sorted(by_level.items()):
            self._level(group)

    def settle(self, conditions: Iterable[Value], values: Iterable[Value], rows: int) -> None:
        """Give every condition and value (kernels already computed) a column of its own, named by `renderer`.

        For a short run that is a table; over a long one a view, so that what nobody asks for is not computed.
        """
        conditions, values = list(dict.fromkeys(conditions)), list(dict.fromkeys(values))
        steps, render = layers([*conditions, *values], self.renderer, "e")
        last: dict[str, str] = {}
        for place, value in enumerate(conditions):
            self.observations[value] = f"o{place}"
            last[f"o{place}"] = render.observed(value)
        for place, value in enumerate(values):
            if value not in self.columns:
                last[f"v{place}"] = render.value(value)
                self.columns[value] = f"v{place}"
        kind = "TABLE" if rows < self.long else "VIEW"
        plain = self._table_columns()
        asked = {self.columns[value] for value in values} | {column for column in plain if not column.startswith("k")}
        keep = [*(column for column in plain if column in asked), *last]
        known = [Layer(items) for items in (*steps, last)]
        self.con.execute(f"CREATE {kind} judged AS {stack(self.table, plain, known, keep)}")
        self.table = "judged"

    def _level(self, kernels: Sequence[Kernel]) -> None:
        streamed = [kernel for kernel in kernels if kernel.kind not in _ANYWHERE]
        whole = [kernel for kernel in kernels if kernel.kind in _ANYWHERE]
        names = {kernel: f"k{len(self.columns) + place}" for place, kernel in enumerate([*whole, *streamed])}
        added = dict(names)
        partial: list[tuple[Stream, dict[Kernel, str]]] = []
        full: tuple[Stream, dict[Kernel, str]] | None = None
        for stream in self._streams(streamed):
            own = {kernel: names[kernel] for kernel in streamed if kernel.arg in stream.arguments}
            stream = self._spaced(stream, own)
            if stream.full and not varying(stream, own):
                full = (stream, own)
            else:
                partial.append((stream, own))
        everywhere = {kernel: names[kernel] for kernel in whole}
        if everywhere or full:
            self._extend(everywhere, full)
        for number_, (stream, own) in enumerate(partial):
            self._patch(f"stream_{number_}", stream, own)
        self.columns.update(added)

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

    def _extend(self, everywhere: Mapping[Kernel, str], full: tuple[Stream, Mapping[Kernel, str]] | None) -> None:
        """A copy of the working table with more columns: kernels over all of its rows."""
        render = self.renderer
        lowered = Lowered()
        arguments: dict[Value, str] = {}
        if full:
            stream, own = full
            arguments = {argument: f"x{place}" for place, argument in enumerate(stream.arguments)}
            lowered = lower(stream, own, arguments, self.long)
        items = {"k": "i", **{name: render.observed(argument) for argument, name in arguments.items()}}
        for kernel, column in everywhere.items():
            items[column] = f"last_value({render.observed(kernel.arg)} IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING)"
        kept = self._table_columns()
        source = f"(SELECT {', '.join([*kept, *(f'{item} AS {name}' for name, item in items.items())])} FROM {self.table})"
        query = lowered.query(source, [*kept, *items], [*kept, *everywhere.values()])
        self._replace(f"work_{len(self.columns)}", query)

    def _table_columns(self) -> list[str]:
        found = self.con.execute(f"SELECT column_name FROM (DESCRIBE {self.table})").fetchall()
        return [name for (name,) in found]

    def _replace(self, target: str, query: str) -> None:
        self.con.execute(f"CREATE TABLE {target} AS {query}")
        if self.table != self.source:
            self.con.execute(f"DROP TABLE {self.table}")
        self.table = target

    def _patch(self, name: str, stream: Stream, own: Mapping[Kernel, str]) -> None:
        """Kernels over some of the rows, written back into the working table."""
        if self.table == self.source:
            self._replace("work", f"SELECT * FROM {self.source}")
        render = self.renderer
        arguments = {argument: f"x{place}" for place, argument in enumerate(stream.arguments)}
        items = {"k": "row_number() OVER ()"} | {name: render.observed(each) for each, name in arguments.items()}
        columns = ["i", "tick", "epoch", "time", *items]
        made = ", ".join(["i", "tick", "epoch", "time", *(f"{item} AS {name}" for name, item in items.items())])
        source = f"(SELECT {made} FROM {self.table}{self._where(stream)})"
        counts = varying(stream, own)
        if counts:
            # Which rows a window holds must be known before its frame is written.
            empty = ", ".join(f"CAST(0 AS BIGINT) AS {column}" for column in counts)
            self.con.execute(f"CREATE TABLE {name} AS SELECT *, {empty} FROM {source}")
            for column, span in counts.items():
                self.con.execute(counting(name, column, span))
            source = name
        query = lower(stream, own, arguments, self.long).query(source, [*columns, *counts], ["i"])
        for kernel, column in own.items():
            kind = "VARCHAR" if kernel.type == TEXT else "BOOLEAN" if kernel.type == CONDITION else "DOUBLE"
            self.con.execute(f"ALTER TABLE {self.table} ADD COLUMN {column} {kind}")
        values = ", ".join(f"{column} = s.{column}" for column in own.values())
        self.con.execute(f"UPDATE {self.table} SET {values} FROM ({query}) s WHERE {self.table}.i = s.i")
        if counts:
            self.con.execute(f"DROP TABLE {name}")
