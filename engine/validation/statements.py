"""What DuckDB refuses of what packs ask: that is prepared over a table of no rows.

What DuckDB reads alike (see `forms`) is prepared once, in small pieces: a statement as a log would be judged with takes
DuckDB longer to read than all else that validation does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TypeVar

from ..compile.ir import Clock, Kernel, Op, Raw, Value, children, free, rows_of, walk_once
from ..compile.program import Program
from ..compile.sql import Renderer
from ..compile.stream import Stream
from ..database import IS_DUCKDB_1, duckdb
from ..errors import Position, Problem
from ..pack import Pack
from ..readers.connection import close, connect
from ..readers.console import pattern_problems
from ..record import Record
from .forms import Forms

V = TypeVar("V")

_COLUMNS = {"DOUBLE": "some_number", "BIGINT": "some_count", "BOOLEAN": "some_condition", "VARCHAR": "some_text"}
"""The columns that stand for what was computed, by its type."""

_CLOCK = {
    **dict.fromkeys(("i", "line", "segment"), "BIGINT"),
    **dict.fromkeys(("step", "tick", "epoch", "time"), "DOUBLE"),
    "moves": "BOOLEAN",
}
_EVEN = {"tick": 0.0, "epoch": 0.0, "time": 0.0}
"""What is found of the clock where there are no rows."""


_REPORT = "write it another way, and report this: a pack that passes all other checks should not come to it"


class Part(Record):
    """What one rule, gate or stage asks: conditions and values, and where it stands."""

    at: Position
    name: str
    conditions: tuple[Value, ...]
    values: tuple[Value, ...]


class Batch(Record):
    """What is prepared together: parts, the types of the columns that they read, a pack whose patterns are tried."""

    parts: tuple[Part, ...]
    types: Mapping[str, str]
    pack: Pack


class Statements:
    """Prepares what packs ask: all that is new in a pack at once, and where DuckDB refuses that, part by part."""

    def __init__(self) -> None:
        self._types = {**_CLOCK, **{column: type_ for type_, column in _COLUMNS.items()}}
        self._largest: dict[str, float] = {}  # a magnitude for each column of numbers, as that of nearly every log
        self._forms = Forms(self._types)
        self._taken: set[Hashable] = set()  # the forms that were prepared

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        con = connect(1)
        con.execute("PRAGMA disable_optimizer")
        return con

    def close(self) -> None:
        """Close the connection, which nobody has to wait for."""
        if "_con" in self.__dict__:
            close(self._con)

    def refused(self, batch: Batch) -> Iterator[Problem]:
        """What DuckDB says against the patterns and the statements of a pack."""
        self._types.update(batch.types)
        self._largest = {column: 1.0 for column, type_ in self._types.items() if type_ == "DOUBLE"}
        pack = batch.pack
        clock = [(key.pattern, pack.at) for keys in pack.clock for key in keys if key.pattern]
        own = [each for each in pack.formats.values() if each.at.file == pack.at.file]
        yield from pattern_problems(self._con, own, clock)
        nodes = [*walk_once(each for part in batch.parts for each in (*part.conditions, *part.values))]
        new = self._new((self._forms.of(node), node) for node in nodes)
        conditions = dict.fromkeys(each for part in batch.parts for each in part.conditions)
        rows = self._new((self._forms.observed(each), each) for each in conditions if free(each) and rows_of(each))
        kernels = self._columns(node for node in nodes if isinstance(node, Kernel))
        if self._takes([*new.values()], [*rows.values()], kernels):
            self._taken.update(new, rows)
        else:
            for part in batch.parts:
                yield from self._tried(part)

    def _new(self, found: Iterable[tuple[Hashable, V]]) -> dict[Hashable, V]:
        """The first of each form that was not prepared."""
        new: dict[Hashable, V] = {}
        for form, value in found:
            if form not in self._taken:
                new.setdefault(form, value)
        return new

    def _takes(self, nodes: Sequence[Value], conditions: Sequence[Value], columns: Mapping[Value, str]) -> bool:
        """Whether DuckDB takes operators and kernels over columns of the types of what they are made of.

        It has to give each of them the type that it has in the plan, which is that of the column that stands for it in
        others. The `conditions` are tried for the rows that they are observed on.
        """
        if not nodes and not conditions:
            return True
        others = [node for node in nodes if not isinstance(node, Kernel)]
        kernels = [self._over_column(node) for node in nodes if isinstance(node, Kernel)]
        items = [self._written(each, columns) for each in others]
        items += [self._renderer({**columns, **self._columns([each])}).observed(each) for each in conditions]
        query = f"SELECT {', '.join(items) or 'i'} FROM run"
        with self._table([*nodes, *conditions]) as present, suppress(duckdb.Error):
            program = self._program(present, {**columns, **self._columns(kernel.arg for kernel in kernels)})
            types = program.types_of(kernels) if kernels else []
            types += [str(type_) for _, type_, *_ in self._con.execute(query).description or []]
            return types == [self._forms.type_of(each) for each in (*kernels, *others, *conditions)]
        return False

    def _written(self, value: Value, columns: Mapping[Value, str]) -> str:
        """An operator with its operands, those of the operands being columns; or a single cell."""
        operands = children(value)
        inside = {part for operand in operands for part in children(operand)}
        return self._renderer({**columns, **self._columns(inside.difference(operands))}).alone(value)

    def _over_column(self, kernel: Kernel) -> Kernel:
        """A kernel over a column of the type of its operand, where the rows of that are told by nothing else."""
        arg = kernel.arg
        if isinstance(arg, Op | Kernel) and not (free(arg) and rows_of(arg)):
            return kernel.over(Clock(_COLUMNS[self._forms.type_of(arg)], arg.type))
        return kernel

    def _columns(self, values: Iterable[Value]) -> dict[Value, str]:
        """The columns that stand for what is computed."""
        return {each: _COLUMNS[self._forms.type_of(each)] for each in values if isinstance(each, Op | Kernel)}

    def _renderer(self, columns: Mapping[Value, str]) -> Renderer:
        return Renderer(columns, largest=self._largest)

    @contextmanager
    def _table(self, values: Iterable[Value]) -> Iterator[dict[str, str]]:
        """A table `run` of no rows with the columns that values are made of; given are the types of all columns."""
        columns = {column: self._types[column] for column in (*_CLOCK, *_COLUMNS.values())}
        for node in walk_once(values):
            if isinstance(node, Raw | Clock) and node.column in self._types:
                columns[node.column] = self._types[node.column]
        self._con.execute("BEGIN TRANSACTION")
        try:
            spelled = ", ".join(f"{column} {type_}" for column, type_ in columns.items())
            self._con.execute(f"CREATE TABLE run ({spelled})")
            yield columns
        finally:
            self._con.execute("ROLLBACK")

    def _program(self, columns: Mapping[str, str], known: dict[Value, str]) -> _OfNoRows:
        # One thread, one row: what is of a long run is written in another way, and never refused.
        return _OfNoRows(
            self._con, "run", largest=self._largest, spacing=_EVEN, columns=known, rows=1, threads=1, _known=[*columns]
        )

    def _tried(self, part: Part) -> Iterator[Problem]:
        """What DuckDB says of the statement of one part."""
        try:
            with self._table((*part.conditions, *part.values)) as columns:
                program = self._program(columns, {})
                program.run([*part.conditions, *part.values])
                for name, query in program.settled(part.conditions, part.values).made.items():
                    self._con.execute(f"PREPARE {name} AS {query}")
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            yield Problem(part.at, "sql-refused", f"DuckDB refuses the statement of {part.name!r}: {said}", _REPORT)


class _OfNoRows(Program):
    """Computes over a table of no rows, in which all arguments are known on the same ones."""

    def types_of(self, kernels: Sequence[Kernel]) -> list[str]:
        """The types of kernels that are computed all at once, whatever stands in them."""
        self.table = self.source
        self._level(kernels)
        found = [each for part in self._appended for each in self.con.execute(f"FROM {part}").description or []]
        types = {name: str(type_) for name, type_, *_ in found}
        return [types[self.columns[kernel]] for kernel in kernels]

    def _streams(self, kernels: Sequence[Kernel]) -> list[Stream]:
        arguments = tuple(dict.fromkeys(kernel.arg for kernel in kernels))
        return [Stream(arguments=arguments, rows=0, full=True, is_fragile=IS_DUCKDB_1)]
