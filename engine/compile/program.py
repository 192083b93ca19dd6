"""Runs a logical plan: level by level, stream by stream, until every kernel is a column of the working table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..phases import TABLE, WINDOWS, begin
from .halves import halves
from .ir import CONDITION, TEXT, Const, Kernel, Value, level, walk_once
from .layers import Layer, stack
from .lower import LARGEST_SQUARED, LONG, Lowered, counting, lower, varying
from .moments import PARTS
from .sql import Renderer, layers
from .stream import Stream, clocks_of

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

_PATTERN_BITS = 60
_ANYWHERE = ("latest", "held")
_WORK = {"quantile": 6, "mad": 6, "lowest": 2, "highest": 2}
"""What some kernels take beside a mean over a window, over a long run."""


@dataclass(slots=True, eq=False, repr=False)
class Program:
    """The kernels of some values, computed over one table.

    `table` is the working table: the run's columns and one more for each kernel, in file order. `renderer`
    writes any of the values as SQL over it.
    """

    con: duckdb.DuckDBPyConnection
    source: str
    long: int = LONG
    largest: Mapping[str, float] = field(default_factory=dict)
    spacing: Mapping[str, float | None] = field(default_factory=dict)  # of all rows; what is left out is not known yet
    table: str = ""
    columns: dict[Value, str] = field(default_factory=dict)
    observations: dict[Value, str] = field(default_factory=dict)
    rows: int = 0
    depth: int = 0  # how many levels of kernels have been computed
    _known: list[str] = field(default_factory=list)  # the columns of the working table
    _appended: list[str] = field(default_factory=list)
    _temporary: list[str] = field(default_factory=list)
    _cells: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    @property
    def renderer(self) -> Renderer:
        return Renderer(self.columns, self.observations, self.largest)

    def run(self, values: Iterable[Value]) -> None:
        """Compute every kernel in the values, lower levels first."""
        self.table = self.table or self.source
        if not self.rows:
            counted = self.con.execute(f"SELECT count(*) FROM {self.source}").fetchone()
            self.rows = counted[0] if counted else 0
        kernels = [node for node in walk_once(values) if isinstance(node, Kernel) and node not in self.columns]
        by_level: dict[int, list[Kernel]] = {}
        for kernel in kernels:
            by_level.setdefault(level(kernel), []).append(kernel)
        for _, group in sorted(by_level.items()):
            self._level(group)

    def settle(self, conditions: Iterable[Value], values: Iterable[Value]) -> None:
        """Of a short run, make a table in which every condition and value (kernels already computed) has a column.

        Over a long one nothing is kept that may not be asked for: see `columns_for`.
        """
        if self.rows >= self.long:
            return
        begin(TABLE)
        query, keep, observations, columns = self.settled(conditions, values)
        self.con.execute(f"CREATE TABLE judged AS {query}")
        self.table, self._known = "judged", keep
        self._cells.clear()
        self.observations, self.columns = observations, columns

    def settled(
        self, conditions: Iterable[Value], values: Iterable[Value]
    ) -> tuple[str, list[str], dict[Value, str], dict[Value, str]]:
        """What `settle` makes a table of, its columns, and which of them each condition and each value has."""
        plain, carried = self._table_columns(), set(self.columns.values())
        keep = [column for column in plain if column not in carried]
        steps, observations, columns = self._columns(list(dict.fromkeys(conditions)), list(dict.fromkeys(values)))
        keep += [*dict.fromkeys([*observations.values(), *columns.values()])]
        return stack(self.table, plain, steps, keep), keep, observations, columns

    def totals(self, items: Sequence[str], source: str = "") -> tuple[Any, ...]:
        """The values of aggregates over all rows of the run, in the working table or another `source`."""
        found = self.con.execute(f"SELECT {', '.join(items)} FROM {source or self.table}").fetchone()
        assert found is not None
        return found

    def cells(self, items: Sequence[str], source: str = "") -> Sequence[Sequence[Any]]:
        """What some SQL is at each row of a short run, in file order: a list for each item."""
        missing = [item for item in dict.fromkeys(items) if (source, item) not in self._cells]
        if missing:
            found = self.con.execute(f"SELECT {', '.join(missing)} FROM {source or self.table} ORDER BY i").fetchall()
            for place, item in enumerate(missing):
                self._cells[source, item] = [row[place] for row in found]
        return [self._cells[source, item] for item in items]

    def columns_for(self, conditions: Sequence[Value], values: Sequence[Value]) -> tuple[str, Renderer]:
        """Something to select from that has `i` and a column for each condition and value, and what names them."""
        if self.rows < self.long:
            return self.table, self.renderer
        steps, observations, columns = self._columns(conditions, values)
        keep = ["i", *dict.fromkeys([*observations.values(), *columns.values()])]
        source = stack(self.table, self._table_columns(), steps, keep)
        return f"({source})", Renderer(columns, observations, self.largest)

    def _columns(
        self, conditions: Sequence[Value], values: Sequence[Value]
    ) -> tuple[list[Layer], dict[Value, str], dict[Value, str]]:
        steps, render = layers([*conditions, *values], self.renderer, "e")
        last: dict[str, str] = {}
        observations: dict[Value, str] = {}
        columns: dict[Value, str] = {}
        for place, value in enumerate(conditions):
            observations[value] = f"o{place}"
            last[f"o{place}"] = render.observed(value)
        for place, value in enumerate(values):
            if isinstance(value, Const):
                continue
            columns[value] = self.columns.get(value) or f"v{place}"
            if value not in self.columns:
                last[f"v{place}"] = render.alone(value)
        return [Layer(items) for items in (*steps, last)], observations, columns

    def _level(self, kernels: Sequence[Kernel]) -> None:
        self.depth += 1
        begin(WINDOWS.format(depth=self.depth) + (f": over those of level {self.depth - 1}" if self.depth > 1 else ""))
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
            self._append(everywhere, streams)
        for kernel, column in names.items():
            self.columns[kernel] = column

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
        import duckdb

        is_fragile = duckdb.__version__.startswith("1.")
        streams = []
        for mask, places in groups.items():
            known = sum(count for pattern, count, *_ in rows if pattern in mask)
            largest = [max((row[2 + place] or 0.0 for row in rows), default=0.0) for place in places]
            streams.append(
                Stream(
                    is_fragile=is_fragile,
                    arguments=tuple(arguments[place] for place in places),
                    rows=known,
                    full=known == total,
                    wild=frozenset(
                        arguments[place] for place, size in zip(places, largest, strict=True) if size > LARGEST_SQUARED
                    ),
                )
            )
        return streams

    def _spaced(self, stream: Stream, kernels: Mapping[Kernel, str]) -> Stream:
        clocks = clocks_of(kernels)
        if stream.rows >= self.long and any("stt" in PARTS.get(kernel.kind, ()) for kernel in kernels):
            clocks = sorted({*clocks, "tick"})
        if stream.full and set(clocks) <= set(self.spacing):
            return stream._replace(spacing=self.spacing)
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
        return stream._replace(spacing=spacing)

    def _where(self, stream: Stream) -> str:
        return "" if stream.full else f" WHERE {self.renderer.observed(stream.arguments[0])} IS NOT NULL"

    def _join(self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]) -> None:
        """All kernels of a level in one statement, which is what a short run pays for; the order is made anew."""
        plain = self._table_columns()
        base = f"(SELECT {', '.join(['*', *self.latest(everywhere)])} FROM {self.table})" if everywhere else self.table
        joined, made, temporary = [base], [*plain, *everywhere.values()], []
        for place, (stream, own) in enumerate(streams):
            source, columns, table = self._source(f"stream_{place}", stream, own)
            temporary += [table] if table else []
            query = self.lowered(stream, own).query(source, columns, ["i"])
            joined.append(f"LEFT JOIN ({query}) USING (i)")
            made += own.values()
        self._replace(f"SELECT * FROM {' '.join(joined)} ORDER BY i", made)
        for table in temporary:
            self.con.execute(f"DROP TABLE {table}")

    def lowered(self, stream: Stream, kernels: Mapping[Kernel, str]) -> Lowered:
        """The kernels of one stream as select items."""
        return lower(stream, kernels, self._arguments(stream), self.long)

    def _append(self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]) -> None:
        """The kernels of a level as tables of their own, row beside row of the run; two are made at a time."""
        base, queries = self.table, []
        for columns, query in self._parts(everywhere, streams):
            table = f"part_{len(self._appended)}"
            queries.append(f"CREATE TABLE {table} AS SELECT i AS {table}_i, {', '.join(columns)} FROM ({query})")
            self._appended.append(table)
            self._known += columns
        # A streaming window keeps one thread busy.
        self.concurrently([partial(_execute, query) for query in queries])
        self._align(self._appended[len(self._appended) - len(queries) :])
        for name in self._temporary:
            self.con.execute(f"DROP TABLE {name}")
        self._temporary.clear()
        self.table = " POSITIONAL JOIN ".join([base, *self._appended[len(self._appended) - len(queries) :]])

    def _parts(
        self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]
    ) -> Iterator[tuple[list[str], str]]:
        self._table_columns()
        if everywhere:
            yield list(everywhere.values()), f"SELECT i, {', '.join(self.latest(everywhere))} FROM {self.table}"
        for place, (stream, own) in enumerate(streams):
            for part in _shared_out(stream, own):
                names = self._arguments(stream)
                if stream.full and not varying(stream, part):
                    columns = {"i": "i", "k": "i", "tick": "tick", "epoch": "epoch", "time": "time"}
                    columns |= {name: self.renderer.observed(argument) for argument, name in names.items()}
                    items = ", ".join(f"{item} AS {name}" for name, item in columns.items())
                    source = f"(SELECT {items} FROM {self.table})"
                    yield list(part.values()), self.lowered(stream, part).query(source, list(columns), ["i"])
                    continue
                source, known, temporary = self._source(f"stream_{place}_{len(self._temporary)}", stream, part)
                self._temporary += [temporary] if temporary else []
                query = self.lowered(stream, part).query(source, known, ["i"])
                made = ", ".join(part.values())
                yield (
                    list(part.values()),
                    f"SELECT i, {made} FROM {self.source} LEFT JOIN ({query}) USING (i) ORDER BY i",
                )

    def _align(self, tables: Sequence[str]) -> None:
        """Make sure that the rows of the tables stand where those of the run do, as the operators here leave them."""
        for table in tables:
            astray = self.con.execute(f"SELECT count(*) FROM {table} WHERE {table}_i <> rowid + 1").fetchone()
            if astray and astray[0]:
                self.con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} ORDER BY {table}_i")

    def concurrently(self, tasks: Sequence[Callable[[duckdb.DuckDBPyConnection], T]]) -> list[T]:
        """The results of tasks that do not depend on one another, each given a connection; two run at a time."""
        threads = self.con.execute("SELECT current_setting('threads')").fetchone()
        if len(tasks) < 2 or not threads or threads[0] < 2:
            return [task(self.con) for task in tasks]
        from concurrent.futures import ThreadPoolExecutor

        cursors = [self.con.cursor() for _ in tasks]
        with ThreadPoolExecutor(max_workers=2) as pool:
            return list(pool.map(lambda task, cursor: task(cursor), tasks, cursors))

    @staticmethod
    def _arguments(stream: Stream) -> dict[Value, str]:
        return {argument: f"x{place}" for place, argument in enumerate(stream.arguments)}

    def latest(self, everywhere: Mapping[Kernel, str]) -> list[str]:
        """The kernels that are known on every row, as select items."""
        so_far = "IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING)"
        return [
            f"last_value({self.renderer.observed(kernel.arg)} {so_far} AS {column}"
            for kernel, column in everywhere.items()
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


def _execute(query: str, con: duckdb.DuckDBPyConnection) -> None:
    con.execute(query)


def _shared_out(stream: Stream, own: Mapping[Kernel, str]) -> list[dict[Kernel, str]]:
    """The kernels in two parts of about the same work, those of one argument together."""
    groups = [[kernel for kernel in own if kernel.arg == argument] for argument in stream.arguments]
    shares = halves(groups, lambda group: sum(_WORK.get(kernel.kind, 1) for kernel in group))
    return [{kernel: own[kernel] for group in share for kernel in group} for share in shares]
