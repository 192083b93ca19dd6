"""Runs a logical plan: level by level, stream by stream, until every kernel is a column of the working table."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..phases import TABLE, WINDOWS, begin
from ..record import Record
from .beside import Behind, beside
from .gaps import about, across, evened, reach
from .halves import halves
from .ir import Const, Kernel, Value, level, walk_once
from .layers import Layer, stack
from .lower import LONG, Lowered, counting, lower, varying
from .moments import PARTS
from .sql import Renderer, layers
from .stream import CLOCKS, Stream, clocks_of
from .streams import spaced, streams_of

if TYPE_CHECKING:
    from ..database import duckdb

T = TypeVar("T")

_CONDITION = "o"
_CLOCKS = tuple(column for column, _ in CLOCKS.values())
_SPARSE = 8
"""Where at most one row of so many is of a stream, its values are joined to the other rows."""
_WORTH_TWO = 8
"""From so many kernels or columns on, two statements at the same time are faster than one."""
_ANYWHERE = ("latest", "held")
_WORK = {"quantile": 6, "mad": 6, "lowest": 2, "highest": 2}
"""What some kernels take beside a mean over a window, over a long run."""


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
    _temporary: list[str] = field(default_factory=list)
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
            source = f"SELECT * FROM {self.table}{self._where(stream)}"
            streams.append((spaced(self.con, source, stream, clocks, self.spacing), own))
        if self.rows < self.long:
            self._join(everywhere, streams)
        else:
            self._append(everywhere, streams)
        for kernel, column in names.items():
            self.columns[kernel] = column

    def _streams(self, kernels: Sequence[Kernel]) -> list[Stream]:
        return streams_of(self.con, self.table, self._table_columns(), self.renderer, [each.arg for each in kernels])

    def _where(self, stream: Stream) -> str:
        return "" if stream.whole else f" WHERE {self.renderer.observed(stream.arguments[0])} IS NOT NULL"

    def _join(self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]) -> None:
        """The kernels of a level of a short run as two tables, each in one statement, whose order is made anew.

        What that costs is to parse and to plan the statements, which two connections do at the same time.
        """
        base, made = self.table, {}
        self._table_columns()
        counted = {
            place: self._source(f"stream_{place}", stream, own)
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
                source, columns, _ = counted.get(place) or self._source("", stream, asked)
                joined.append(f"LEFT JOIN ({self.lowered(stream, asked).query(source, columns, ['i'])}) USING (i)")
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
        for _, _, table in counted.values():
            self.con.execute(f"DROP TABLE {table}")

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
        return lower(stream, kernels, self._arguments(stream), self.long)

    def _append(self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]) -> None:
        """The kernels of a level as tables of their own, row beside row of the run; two are made at a time."""
        base, tasks = self.table, []
        for columns, query, is_placed in self._parts(everywhere, streams):
            table = f"part_{len(self._appended)}"
            own = f"SELECT {'' if is_placed else f'i AS {table}_i, '}{', '.join(columns)} FROM ({query})"
            tasks.append(
                partial(_execute, f"CREATE TABLE {table} AS {own}") if is_placed else partial(_made, table, own)
            )
            self._appended.append(table)
            self._known += columns
        # A streaming window keeps one thread busy.
        self.concurrently(tasks)
        for name in self._temporary:
            self.con.execute(f"DROP TABLE {name}")
        self._temporary.clear()
        self.table = " POSITIONAL JOIN ".join([base, *self._appended[len(self._appended) - len(tasks) :]])

    def _parts(
        self, everywhere: Mapping[Kernel, str], streams: Sequence[tuple[Stream, dict[Kernel, str]]]
    ) -> Iterator[tuple[list[str], str, bool]]:
        """Columns with a query of them and `i`, and whether its rows surely stand as those of the run do."""
        self._table_columns()
        if everywhere:
            yield list(everywhere.values()), f"SELECT i, {', '.join(self.latest(everywhere))} FROM {self.table}", True
        for place, (stream, own) in enumerate(streams):
            near, crossed = "", across(stream, own)
            if crossed:
                near = self._near(f"near_{place}_{len(self._temporary)}", stream, crossed)
                stream = evened(stream)
            along = self._along(stream, own)
            for part in _shared_out(stream, along):
                source, known = self._beside(stream)
                lowered = self.lowered(stream, part)
                query = lowered.query(source, known, ["i"])
                # What streams keeps the order of the rows; a frame sorts them, and a join may do as it likes.
                is_placed = not lowered.frames and crossed.keys().isdisjoint(part)
                yield list(part.values()), _with_near(query, part, near, crossed), is_placed
            apart = stream.filtered
            rest = {kernel: column for kernel, column in own.items() if kernel not in along}
            for part in _shared_out(apart, rest):
                source, known, temporary = self._source(f"stream_{place}_{len(self._temporary)}", apart, part)
                self._temporary += [temporary] if temporary else []
                query = self._spread(apart, part, self.lowered(apart, part).query(source, known, ["i"]))
                yield list(part.values()), _with_near(query, part, near, crossed), False

    def _near(self, name: str, stream: Stream, kernels: Mapping[Kernel, str]) -> str:
        """A table of what kernels are at the rows (`i`) from which on a gap lies in their windows."""
        gaps, far = stream.gaps, reach(stream, kernels)
        rows, reached = list(about(gaps, far, far)), list(about(gaps, 0, far))
        source, columns, _ = self._source("", evened(stream).filtered, {})
        alone = stream.filtered._replace(rows=len(rows), gaps=())
        counts = varying(alone, kernels)
        empty = "".join(f", CAST(0 AS BIGINT) AS {column}" for column in counts)
        inside = "WHERE k IN (SELECT unnest($1::BIGINT[]))"
        self.con.execute(f"CREATE TABLE {name}_rows AS SELECT *{empty} FROM {source} {inside} ORDER BY k", [rows])
        for column, span in counts.items():
            self.con.execute(counting(f"{name}_rows", column, span))
        lowered = lower(alone, kernels, self._arguments(stream), self.long)
        query = lowered.query(f"{name}_rows", [*columns, *counts], ["i", "k"])
        self.con.execute(f"CREATE TABLE {name} AS SELECT * FROM ({query}) {inside}", [reached])
        self.con.execute(f"DROP TABLE {name}_rows")
        self._temporary.append(name)
        return name

    def _spread(self, stream: Stream, kernels: Mapping[Kernel, str], query: str) -> str:
        """What a query gives for the rows of a stream, for all rows."""
        items = ", ".join(["i", *kernels.values()])
        if stream.rows * _SPARSE < self.rows:
            return f"SELECT {items} FROM (SELECT i FROM {self.table}) LEFT JOIN ({query}) USING (i)"
        # Sorting all rows takes half as long as joining many of them to the rest.
        others = f"SELECT i FROM {self.table} WHERE {self.renderer.observed(stream.arguments[0])} IS NULL"
        return f"SELECT {items} FROM ({query} UNION ALL BY NAME {others}) ORDER BY i"

    def _along(self, stream: Stream, kernels: Mapping[Kernel, str]) -> dict[Kernel, str]:
        """The kernels that can be computed over the table as it stands, with rows that the stream lacks at its head."""
        if not stream.full or varying(stream, kernels):
            return {}
        if stream.whole:
            return dict(kernels)
        # A frame is ordered by the stream's own numbers.
        names = self._arguments(stream)
        return {
            kernel: column
            for kernel, column in kernels.items()
            if not lower(stream, {kernel: column}, names, self.long).frames
        }

    def _beside(self, stream: Stream) -> tuple[str, list[str]]:
        """All rows of the table as the source of a stream, and its columns; NULL in rows that are skipped."""
        columns = {"k": f"i - {stream.skipped}" if stream.skipped else "i", **{name: name for name in _CLOCKS}}
        if stream.skipped:
            columns = {name: f"CASE WHEN i > {stream.skipped} THEN {item} END" for name, item in columns.items()}
        columns |= {name: self.renderer.observed(argument) for argument, name in self._arguments(stream).items()}
        items = ", ".join(f"{item} AS {name}" for name, item in columns.items())
        return f"(SELECT i, {items} FROM {self.table})", ["i", *columns]

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
        columns = ["i", *_CLOCKS, *items]
        made = ", ".join(["i", *_CLOCKS, *(f"{item} AS {column}" for column, item in items.items())])
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


def _with_near(query: str, part: Mapping[Kernel, str], near: str, crossed: Mapping[Kernel, str]) -> str:
    """A query of kernels by `i`, with what is in a table of them where that has a row."""
    if crossed.keys().isdisjoint(part):
        return query
    items = [
        f"CASE WHEN n.i IS NOT NULL THEN n.{column} ELSE e.{column} END AS {column}"
        if kernel in crossed
        else f"e.{column} AS {column}"
        for kernel, column in part.items()
    ]
    return f"SELECT e.i AS i, {', '.join(items)} FROM ({query}) e LEFT JOIN {near} n ON e.i = n.i"


def _shared_out(stream: Stream, own: Mapping[Kernel, str]) -> list[dict[Kernel, str]]:
    """The kernels in two parts of about the same work, those of one argument together."""
    groups = [[kernel for kernel in own if kernel.arg == argument] for argument in stream.arguments]
    shares = halves(
        [group for group in groups if group], lambda group: sum(_WORK.get(kernel.kind, 1) for kernel in group)
    )
    return [{kernel: own[kernel] for group in share for kernel in group} for share in shares]
