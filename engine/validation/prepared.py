"""The statements of packs, prepared in DuckDB over a table of no rows: what it would refuse of a log, it refuses here.

The table has a column for each metric. What packs and their variants have in common is one value of the logical plan,
and is prepared once; a window that was prepared for another pack is a column of the next one's table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

import duckdb

from ..compile.bind import Binder, Names
from ..compile.ir import Clock, Kernel, Raw, Value, children, walk_once
from ..compile.program import Program
from ..compile.stream import Stream
from ..errors import PackError, Position, Problem
from ..expression import Expression
from ..judged import Judged, conditions_of, judge, metrics_of
from ..pack import EMPTY, Pack, Param, Rule, Scalar
from ..readers.connection import close, connect, prepare
from ..readers.console import pattern_problems
from ..record import Record
from ..resolved import Resolved
from ..series import Splitter, members
from ..stages import derived_in_stages
from ..tree import Name

if TYPE_CHECKING:
    from ..watch import Watch

_CLOCK = "i BIGINT, line BIGINT, step DOUBLE, tick DOUBLE, epoch DOUBLE, time DOUBLE, moves BOOLEAN, segment BIGINT"
_TYPES = {"number": "DOUBLE", "text": "VARCHAR"}
_EVEN = {"tick": 0.0, "epoch": 0.0, "time": 0.0}
"""What is found of the clock where there are no rows."""


class _Part(Record):
    """What one rule, gate or stage asks: conditions and values, and where it stands."""

    at: Position
    name: str
    conditions: tuple[Value, ...]
    values: tuple[Value, ...]


class _Batch(Record):
    """What is prepared together: parts, the types of the columns that they read, a pack whose patterns are tried."""

    parts: tuple[_Part, ...]
    columns: Mapping[str, str]
    pack: Pack

    @property
    def largest(self) -> dict[str, float]:
        """A magnitude for each column of numbers that overflows nowhere, as that of nearly every log."""
        return {column: 1.0 for column, type_ in self.columns.items() if type_ == "DOUBLE"}


class Prepared:
    """Has DuckDB prepare what packs ask of it: in the background, for which `problems` waits, or else `at_once`."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.at_once = at_once
        self._columns: dict[tuple[str, str], str] = {}
        self._known: set[Value] = set()
        self._elsewhere: set[Value] = set()
        self._packs: dict[int, Pack] = {}  # those that were asked for here or elsewhere, by identity
        self._left_out: set[int] = set()
        self._found: list[Problem] = []
        self._waiting: SimpleQueue[_Batch | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._con: duckdb.DuckDBPyConnection | None = None
        self._computed: dict[Kernel, str] = {}

    def add(self, pack: Pack, variants: Sequence[Resolved]) -> None:
        """Bind every rule, gate and stage of a pack as they are in some variants, and begin to prepare them."""
        if self._thread is None and self._con is None:
            prepare(1)
            if not self.at_once:
                self._thread = Thread(target=self._run, daemon=True)
                self._thread.start()
        # What a pack asks is prepared with that pack, even where another one was looked at before.
        not_here = set() if id(pack) in self._left_out else self._elsewhere
        parts = self._asked(pack, variants, self._known, not_here)
        asked = [value for part in parts for value in (*part.conditions, *part.values)]
        read = {node.column for node in walk_once(asked) if isinstance(node, Raw | Clock)}
        columns = {
            column: _TYPES.get(type_, "VARCHAR") for (_, type_), column in self._columns.items() if column in read
        }
        batch = _Batch(tuple(parts), columns, pack)
        if self.at_once:
            self._con = self._con or _connected()
            self._found += _refused_of(self._con, batch, self._computed)
        else:
            self._waiting.put(batch)

    def leave_out(self, pack: Pack, variants: Sequence[Resolved]) -> None:
        """Take what a pack asks in some variants for prepared: that is done elsewhere, and told there."""
        found = len(self._found)
        self._asked(pack, variants, self._elsewhere, self._known)
        self._left_out.add(id(pack))
        del self._found[found:]

    def knows(self, pack: Pack) -> bool:
        """Whether a pack was added or left out."""
        return id(pack) in self._packs

    def _asked(
        self, pack: Pack, variants: Sequence[Resolved], known: set[Value], others: Collection[Value]
    ) -> list[_Part]:
        """What a pack asks in any of its variants that is not `known`, and is from now on, and not among `others`."""
        self._packs[id(pack)] = pack
        parts: list[_Part] = []
        for resolved in variants:
            changed = {id for id, value in resolved.values.items() if value != variants[0].values[id]}
            if resolved is variants[0] or changed:
                for part in self._parts(resolved, None if resolved is variants[0] else changed):
                    conditions, values = (
                        tuple(each for each in asked if each not in known and each not in others)
                        for asked in (part.conditions, part.values)
                    )
                    known.update(conditions, values)
                    if conditions or values:
                        parts.append(part._replace(conditions=conditions, values=values))
        return parts

    def _parts(self, resolved: Resolved, changed: Collection[str] | None) -> Iterator[_Part]:
        """What a pack asks in one variant; `changed` are the params that differ there."""
        pack = resolved.pack
        columns, labels = self._columns_of(pack)
        values = {id: _stand_in(pack.params[id]) if value is None else value for id, value in resolved.values.items()}
        names = Names(
            resolved._replace(values=values), columns, labels=labels, total=1.0, now=1.0, interval=1.0, started=0.0
        )
        unset = {id for id, value in resolved.values.items() if value is None}
        yield from self._bound(names, unset, changed)

    def problems(self) -> list[Problem]:
        """What cannot be bound, and what DuckDB refuses."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
        if self._con is not None:
            close(self._con)
        return self._found

    def _columns_of(self, pack: Pack) -> tuple[dict[str, str], dict[str, str]]:
        """Columns for the metrics that a pack reads, of a family one member, and for its labels."""
        columns = {}
        for metric in pack.metrics.values():
            if metric.expr is None:
                member, *_ = next(iter(members(pack, metric)))
                columns[member] = self._column(member, metric.type)
        return columns, {label: self._column(label, "label") for label in pack.labels}

    def _column(self, name: str, type_: str) -> str:
        return self._columns.setdefault((name, type_), f"c{len(self._columns)}")

    def _bound(self, names: Names, unset: set[str], changed: Collection[str] | None) -> Iterator[_Part]:
        pack, binders = names.pack, dict[str, Binder]()
        splitter = _OneSeries(pack, names.columns, names.labels)
        for rule in pack.rules.values():
            if rule.id in names.resolved.disabled:
                continue
            if changed is not None and not _used_by(pack, rule).intersection(changed):
                continue
            series = splitter.over(metrics_of(pack, conditions_of(rule), sentinels=False))[:1]
            try:
                judged = [each for each in judge(rule, names, series, binders) if isinstance(each, Judged)]
            except PackError as error:
                self._refused(error, unset)
                continue
            yield _of_rule(rule.at, rule.id, judged)
        try:
            watched: Sequence[Watch] = ()
            if pack.gates:
                from ..watch import watches

                watched = watches(names, splitter)
            for watch in watched:
                yield _Part(watch.gate.at, watch.gate.id, watch.conditions, watch.values)
            stages = tuple(Binder(names).metric(id) for id in derived_in_stages(pack))
            yield _Part(pack.at, "stages", (), stages)
        except PackError as error:
            self._refused(error, unset)

    def _refused(self, error: PackError, unset: set[str]) -> None:
        """Note what cannot be bound; what rests on a param that the user has yet to set may come right."""
        if not unset:
            self._found += error.problems

    def _run(self) -> None:
        con = _connected()
        try:
            while (batch := self._waiting.get()) is not None:
                self._found += _refused_of(con, batch, self._computed)
        finally:
            con.close()


def _connected() -> duckdb.DuckDBPyConnection:
    con = connect(1)
    con.execute("PRAGMA disable_optimizer")
    return con


class _OneSeries(Splitter):
    """Splits as over a log in which every label has one value."""

    def __init__(self, pack: Pack, columns: Mapping[str, str], labels: Mapping[str, str]) -> None:
        super().__init__(pack, columns, labels, None, "")  # type: ignore[arg-type]

    def _label(self, label: str) -> list[str]:
        return ["0"]


class _OfNoRows(Program):
    """Computes over a table of no rows, in which all arguments are known on the same ones."""

    def _streams(self, kernels: Sequence[Kernel]) -> list[Stream]:
        is_fragile = duckdb.__version__.startswith("1.")
        arguments = tuple(dict.fromkeys(kernel.arg for kernel in kernels))
        return [Stream(arguments=arguments, rows=0, full=True, is_fragile=is_fragile)]


def _refused_of(con: duckdb.DuckDBPyConnection, batch: _Batch, computed: dict[Kernel, str]) -> Iterator[Problem]:
    """What DuckDB says against the patterns and the statements of a pack.

    `computed` has the types of the kernels that were computed for other packs, and gets those of this one.
    """
    pack = batch.pack
    clock = [(key.pattern, pack.at) for keys in pack.clock for key in keys if key.pattern]
    own = [each for each in pack.formats.values() if each.at.file == pack.at.file]
    yield from pattern_problems(con, own, clock)
    conditions = list(dict.fromkeys(value for part in batch.parts for value in part.conditions))
    values = list(dict.fromkeys(value for part in batch.parts for value in part.values))
    known = [node for node in walk_once([*conditions, *values]) if isinstance(node, Kernel) and node in computed]
    ready = {kernel: f"known_{place}" for place, kernel in enumerate(known)}
    columns = [_CLOCK, *(f"{column} {type_}" for column, type_ in batch.columns.items())]
    columns += [f"{column} {computed[kernel]}" for kernel, column in ready.items()]
    con.execute(f"CREATE OR REPLACE TABLE run ({', '.join(columns)})")
    # What stands in a condition or a value is prepared with it.
    inside = set(walk_once(child for value in (*conditions, *values) for child in children(value)))
    try:
        computed |= _prepare(con, conditions, [each for each in values if each not in inside], batch.largest, ready)
    except duckdb.Error:
        for part in batch.parts:
            yield from _tried(con, part, batch.largest)


def _used_by(pack: Pack, rule: Rule) -> set[str]:
    """Every name that a rule rests on, directly or through metrics and windows."""
    front: list[Expression | None] = [*conditions_of(rule), rule.after]
    front += [level.for_.amount for level in rule.levels if level.for_]
    used: set[str] = set()
    while front:
        expression = front.pop()
        for node in expression.tree.walk() if expression else ():
            if not isinstance(node, Name) or node.id in used:
                continue
            used.add(node.id)
            if metric := pack.metrics.get(node.id):
                front += [metric.expr, metric.where]
            if window := pack.windows.get(node.id):
                front += [window.last.amount if window.last else None, window.min_points]
    return used


def _of_rule(at: Position, name: str, judged: Sequence[Judged]) -> _Part:
    conditions = [value for each in judged for value in (each.when, each.until, each.since) if value is not None]
    values = [side for each in judged for test in each.tests for side in (test.left, test.right)]
    values += [value for each in judged for value in each.told.values()]
    values += [each.scope for each in judged if each.scope is not None]
    return _Part(at, name, tuple(dict.fromkeys(conditions)), tuple(dict.fromkeys(values)))


def _prepare(
    con: duckdb.DuckDBPyConnection,
    conditions: Sequence[Value],
    values: Sequence[Value],
    largest: Mapping[str, float],
    ready: Mapping[Kernel, str] = EMPTY,
) -> dict[Kernel, str]:
    """Compute conditions and values over no rows, and forget that; the types of the kernels in them.

    `ready` names the columns of those that need not be computed. Raises duckdb.Error where a statement is refused.
    """
    con.execute("BEGIN TRANSACTION")
    try:
        program = _OfNoRows(con, "run", largest=largest, spacing=_EVEN, columns=dict(ready.items()), rows=1)
        program.run([*conditions, *values])
        types = {name: type_ for name, type_, *_ in con.execute(f"SELECT * FROM {program.table} LIMIT 0").description}
        kernels = {each: str(types[column]) for each, column in program.columns.items() if isinstance(each, Kernel)}
        for name, query in program.settled(conditions, values).made.items():
            con.execute(f"PREPARE {name} AS {query}")
        return kernels
    finally:
        con.execute("ROLLBACK")


def _tried(con: duckdb.DuckDBPyConnection, part: _Part, largest: Mapping[str, float]) -> Iterator[Problem]:
    """What DuckDB says of one part by itself."""
    try:
        _prepare(con, part.conditions, part.values, largest)
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        yield Problem(part.at, "sql-refused", f"DuckDB refuses the statement of {part.name!r}: {said}")


def _stand_in(param: Param) -> Scalar:
    """A value for a param that the user has to set, so that what rests on it can be prepared as well."""
    if param.type == "boolean":
        return True
    if param.type == "text":
        return ""
    low, high = param.min, param.max
    return max(1.0 if high is None else min(1.0, high), 1.0 if low is None else low)
