"""Runs a logical plan: level by level, stream by stream, until every kernel is a column of the working table."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..phases import TABLE, WINDOWS, begin
from ..record import Record
from .beside import Behind, beside
from .halves import halves
from .ir import Const, Kernel, Value, level, walk_once
from .layers import Layer, stack
from .lower import LONG, Lowered, lower, varying
from .moments import PARTS
from .sources import Sources, arguments_of, where
from .sql import Renderer, layers
from .stream import Stream, clocks_of
from .streams import spaced, streams_of

if TYPE_CHECKING:
    from ..database import duckdb

T = TypeVar("T")

_CONDITION = "o"
_WORTH_TWO = 8
"""From so many kernels or columns on, two statements at the same time are faster than one."""
_ANYWHERE = ("latest", "held")


class Settled(Record):
    """Queries by the names of their tables, whose columns are `known`; those that conditions and values have there."""

    made: dict[str, str]
    known: list[str]
    observations: dict[Value, str]
    columns: dict[Value, str]


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
    threads: int = 0  # of DuckDB; asked for when it matters
    depth: int = 0  # how many levels of kernels have been computed
    _known: list[str] = field(default_factory=list)  # the columns of the working table
    _appended: list[str] = field(default_factory=list)
    _cells: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    _making: Behind[None] | None = None
    _ahead: list[Behind[Any]] = field(default_factory=list)

    def anew(self) -> Self:
        """A program over the same run of which nothing is computed yet."""
        return type(self)(
            self.con, self.source, self.long, self.largest, self.spacing, rows=self.rows, threads=self.threads
        )

    @property
    def renderer(self) -> Renderer:
        return Renderer(self.columns, self.observations, self.largest)

    def run(self, values: Iterable[Value], *, wait: bool = True) -> None:
        """Compute every kernel in the values, lower levels first.

        Unless it is to `wait`, what comes last may still be computed when this returns; only `settle` may follow then.
        """
        self.table = self.table or self.source
        if not self.rows:
            counted = self.con.execute(f"SELECT count(*) FROM {self.source}").fetchone()
            self.rows = counted[0] if counted else 0
        kernels = [node for node in walk_once(values) if isinstance(node, Kernel) and node not in self.columns]
        by_level: dict[int, list[Kernel]] = {}
        for kernel in kernels:
            by_level.setdefault(level(kernel), []).append(kernel)
        for _, group in sorted(by_level.items()):
            self._finish()
            self._level(group)
        if wait:
            self._finish()

    def settle(self, conditions: Iterable[Value], values: Iterable[Value]) -> None:
        """Of a short run, make a table in which every condition and value (kernels already computed) has a column.

        Over a long one nothing is kept that may not be asked for: see `columns_for`.
        """
        if self.rows >= self.long:
            return
        begin(TABLE)
        settled = self.settled(conditions, values)
        self._finish()
        self._create(settled.made)
        self._appended += settled.made
        self.table, self._known = " POSITIONAL JOIN ".join(settled.made), settled.known
        self._cells.clear()
        self.observations, self.columns = settled.observations, settled.columns

    def settled(self, conditions: Iterable[Value], values: Iterable[Value]) -> Settled:
        """What `settle` makes tables of."""
        named = _named(conditions, values)
        plain, carried = self._table_columns(), set(self.columns.values())
        settled = Settled({}, [column for column in plain if column not in carried], {}, {})
        known = settled.known
        for share in self._shares([*named], lambda _: 1):
            steps, observations, columns = self._columns({name: named[name] for name in share})
            shown = [*dict.fromkeys([*observations.values(), *columns.values()])]
            shown = [name for name in shown if name not in known] if settled.made else [*known, *shown]
            settled.made["judged_too" if settled.made else "judged"] = stack(self.table, plain, steps, shown)
            known += [name for name in shown if name not in known]
            settled.observations.update(observations)
            settled.columns.update(columns)
        return settled

    def drop(self, but: Container[str] = ()) -> None:
        """Drop the tables that were made, `but` some."""
        for table in self._appended:
            if table not in but:
                self.con.execute(f"DROP TABLE {table}")
        self._appended = [table for table in self._appended if table in but]

    def totals(self, items: Sequence[str], source: str = "") -> tuple[Any, ...]:
        """The values of aggregates over all rows of the run, in the working table or another `source`."""
        return _totals(self._asked(items, source), self.con)

    def totals_ahead(self, items: Sequence[str], source: str = "") -> Callable[[], tuple[Any, ...]]:
        """As `totals`, begun with at once; what is given waits for them."""
        if self._threads() < 2:
            return partial(self.totals, items, source)
        ahead = Behind(partial(_totals, self._asked(items, source)), self.con.cursor())
        self._ahead.append(ahead)
        return ahead.result

    def _asked(self, items: Sequence[str], source: str) -> str:
        return f"SELECT {', '.join(items)} FROM {source or self.table}"

    def leave(self) -> None:
        """Interrupt what was begun with and is no longer waited for."""
        for each in self._ahead:
            each.stop()
        if self._making:
            self._making.stop()

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
        steps, observations, columns = self._columns(_named(conditions, values))
        keep = ["i", *dict.fromkeys([*observations.values(), *columns.values()])]
        source = stack(self.table, self._table_columns(), steps, keep)
        return f"({source})", Renderer(columns, observations, self.largest)

    def _columns(self, named: Mapping[str, Value]) -> tuple[list[Layer], dict[Value, str], dict[Value, str]]:
        steps, render = layers(named.values(), self.renderer, "e")
        last: dict[str, str] = {}
        observations: dict[Value, str] = {}
        columns: dict[Value, str] = {}
        for name, value in named.items():
            if name.startswith(_CONDITION):
                observations[value] = name
                last[name] = render.observed(value)
            elif not isinstance(value, Const):
                columns[value] = self.columns.get(value) or name
                if value not in self.columns:
                    last[name] = render.alone(value)
        return [Layer(items) for items in (*steps, last)], observations, columns

    def _level(self, kernels: Sequence[Kernel]) -> None:
        self.depth += 1
        begin(WINDOWS.format(depth=self.depth) + (f": over those of level {self.depth - 1}" if self.depth > 1 else ""))
        names = {kernel: f"k{len(self.columns) + place}" for place, kernel in enumerate(kernels)}
        everywhere = {kernel: names[kernel] for kernel in kernels if kernel.kind in _ANYWHERE}
        streamed = [kernel for kernel in kernels if kernel.kind not in _ANYWHERE]
        streams: list[tuple[Stream, dict[Kernel, str]]] = []
        for stream in self._streams(streamed):
            stream = stream if self.rows >= self.long else stream.filtered
            own = {kernel: names[kernel] for kernel in streamed if kernel.arg in stream.arguments}
            moments = stream.rows >= self.long and any("stt" in PARTS.get(kernel.kind, ()) for kernel in own)
            clocks = sorted({*clocks_of(own), "tick"}) if moments else clocks_of(own)
            source = f"SELECT * FROM {self.table}{where(stream, self.renderer)}"
            streams.append((spaced(self.con, source, stream, clocks, self.spacing, self.long), own))
        if self.rows < self.long:
            self._join(everywhere, streams)
        else:
            self._append(everywhere, streams)
        for kernel, column in names.items():
            self.columns[kernel] = column

    def _streams(self, kernels: Sequence[Kernel]) -> list[Stream]:
        return streams_of(self.con, self.table, self._table_columns(), self.renderer, [each.arg for each in kernels])

    def _join(self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]) -> None:
        """The kernels of a level of a short run as two tables, each in one statement, whose order is made anew.

        What that costs is to parse and to plan the statements, which two connections do at the same time.
        """
        base, made, sources = self.table, {}, self._sources()
        counted = {
            place: sources.rows_of(stream, own, f"stream_{place}")
            for place, (stream, own) in enumerate(streams)
            if varying(stream, own)
        }
        groups: dict[object, list[Kernel]] = {}
        for kernel in [*everywhere, *(kernel for _, own in streams for kernel in own)]:
            groups.setdefault((kernel.arg, kernel.span, kernel.lag), []).append(kernel)
        for share in self._shares([*groups.values()], lambda group: sum(map(_planning, group))):
            mine = {kernel for group in share for kernel in group}
            anywhere = {kernel: column for kernel, column in everywhere.items() if kernel in mine}
            shown = [*anywhere.values()]
            joined = [f"(SELECT {', '.join(['i', *self.latest(anywhere)])} FROM {base})"]
            for place, (stream, own) in enumerate(streams):
                asked = {kernel: column for kernel, column in own.items() if kernel in mine}
                if not asked:
                    continue
                if place not in counted:
                    arguments = {kernel.arg for kernel in asked}
                    stream = stream._replace(arguments=tuple(each for each in stream.arguments if each in arguments))
                source = counted.get(place) or sources.rows_of(stream, asked, "")
                query = self.lowered(stream, asked).query(source.sql, source.columns, ["i"])
                joined.append(f"LEFT JOIN ({query}) USING (i)")
                shown += asked.values()
            table = f"part_{len(self._appended)}"
            made[table] = f"SELECT {', '.join(shown)} FROM {' '.join(joined)} ORDER BY i"
            self._appended.append(table)
            self._known += shown
        if self._threads() < 2:
            self._create(made)
        else:
            # A connection of its own: the caller may close this one, interrupted, before it has waited.
            self._making = Behind(partial(self._create, made), self.con.cursor())
        self.table = " POSITIONAL JOIN ".join([base, *made])
        if counted:
            self._finish()
        for source in counted.values():
            self.con.execute(f"DROP TABLE {source.made}")

    def _finish(self) -> None:
        """Wait for the tables that are being made."""
        making, self._making = self._making, None
        if making:
            making.result()

    def _create(self, made: Mapping[str, str], con: duckdb.DuckDBPyConnection | None = None) -> None:
        """Make tables of queries, two at a time."""
        self.concurrently([partial(_execute, f"CREATE TABLE {name} AS {query}") for name, query in made.items()], con)

    def _shares(self, items: Sequence[T], work: Callable[[T], int]) -> list[list[T]]:
        """The items in two parts of about the same work, or in one where they are few or there is one thread."""
        return halves(items, work) if len(items) >= _WORTH_TWO and self._threads() > 1 else [list(items)]

    def _threads(self) -> int:
        if not self.threads:
            found = self.con.execute("SELECT current_setting('threads')").fetchone()
            self.threads = found[0] if found else 1
        return self.threads

    def lowered(self, stream: Stream, kernels: Mapping[Kernel, str]) -> Lowered:
        """The kernels of one stream as select items."""
        return lower(stream, kernels, arguments_of(stream), self.long)

    def _append(self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]) -> None:
        """The kernels of a level as tables of their own, row beside row of the run; two are made at a time."""
        from .parts import Parts

        base, tasks = self.table, []
        parts = Parts(self._sources(), self.rows, self.spacing, self.lowered, self.long)
        first = [parts.everywhere(everywhere, self.latest(everywhere))] if everywhere else []
        for part in chain(first, parts.of(streams)):
            table = f"part_{len(self._appended)}"
            i = "" if part.is_placed else f"i AS {table}_i, "
            own = f"SELECT {i}{', '.join(part.columns)} FROM ({part.query})"
            tasks.append(
                partial(_execute, f"CREATE TABLE {table} AS {own}") if part.is_placed else partial(_made, table, own)
            )
            self._appended.append(table)
            self._known += part.columns
        # A streaming window keeps one thread busy.
        self.concurrently(tasks)
        for name in parts.made:
            self.con.execute(f"DROP TABLE {name}")
        self.table = " POSITIONAL JOIN ".join([base, *self._appended[len(self._appended) - len(tasks) :]])

    def _sources(self) -> Sources:
        self._table_columns()
        return Sources(self.con, self.table, self.renderer)

    def concurrently(
        self,
        tasks: Sequence[Callable[[duckdb.DuckDBPyConnection], T]],
        con: duckdb.DuckDBPyConnection | None = None,
    ) -> list[T]:
        """The results of tasks that do not depend on one another, each given a connection; two run at a time."""
        con = con or self.con
        if len(tasks) < 2 or self._threads() < 2:
            return [task(con) for task in tasks]
        return beside(tasks, con, con.cursor())

    def latest(self, everywhere: Mapping[Kernel, str]) -> list[str]:
        """The kernels that are known on every row, as select items."""
        so_far = "IGNORE NULLS) OVER (ROWS UNBOUNDED PRECEDING)"
        return [
            f"last_value({self.renderer.observed(kernel.arg)} {so_far} AS {column}"
            for kernel, column in everywhere.items()
        ]

    def _table_columns(self) -> list[str]:
        if not self._known:
            description = self.con.execute(f"SELECT * FROM {self.table} LIMIT 0").description or []
            self._known = [name for name, *_ in description]
        return list(self._known)


def _named(conditions: Iterable[Value], values: Iterable[Value]) -> dict[str, Value]:
    """Conditions and values by the columns that they become."""
    named = {f"{_CONDITION}{place}": value for place, value in enumerate(dict.fromkeys(conditions))}
    return named | {f"v{place}": value for place, value in enumerate(dict.fromkeys(values))}


def _planning(kernel: Kernel) -> int:
    """What a statement over a few rows takes for a kernel, beside one that streams."""
    return 1 if kernel.span is None else 4 if kernel.kind in PARTS else 2


def _totals(query: str, con: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    found = con.execute(query).fetchone()
    assert found is not None
    return found


def _execute(query: str, con: duckdb.DuckDBPyConnection) -> None:
    con.execute(query)


def _made(table: str, query: str, con: duckdb.DuckDBPyConnection) -> None:
    """Make a table whose rows stand where those of the run do, as the operators here leave them; but see to it."""
    con.execute(f"CREATE TABLE {table} AS {query}")
    astray = con.execute(f"SELECT count(*) FROM {table} WHERE {table}_i <> rowid + 1").fetchone()
    if astray and astray[0]:
        con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} ORDER BY {table}_i")
    # Its numbers have served; over a million rows they are a tenth of the memory.
    con.execute(f"ALTER TABLE {table} DROP COLUMN {table}_i")
