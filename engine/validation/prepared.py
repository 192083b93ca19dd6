"""The statements of packs, prepared in DuckDB over a table of no rows: what it would refuse of a log, it refuses here.

The table has a column for each metric. What packs and their variants have in common is one value of the logical plan,
and is prepared once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from ..compile.bind import Binder, Names
from ..compile.ir import Clock, Raw, Value, walk
from ..compile.program import Program
from ..errors import PackError, Position, Problem
from ..expression import Expression
from ..judged import Judged, conditions_of, judge, metrics_of
from ..pack import Pack, Param, Rule, Scalar
from ..readers.connection import connect, prepare
from ..readers.console import pattern_problems
from ..resolved import Resolved
from ..series import Splitter, members
from ..stages import derived_in_stages
from ..tree import Name

if TYPE_CHECKING:
    from ..watch import Watch

_CLOCK = "i BIGINT, line BIGINT, step DOUBLE, tick DOUBLE, epoch DOUBLE, time DOUBLE, moves BOOLEAN, segment BIGINT"
_TYPES = {"number": "DOUBLE", "text": "VARCHAR"}
_AT_A_TIME = 2
"""So many packs are prepared side by side, each in a database of its own."""


class _Part(NamedTuple):
    """What one rule, gate or stage asks: conditions and values, and where it stands."""

    at: Position
    name: str
    conditions: tuple[Value, ...]
    values: tuple[Value, ...]


class _Batch(NamedTuple):
    """What is prepared together: parts, the types of the columns that they read, a pack whose patterns are tried."""

    parts: tuple[_Part, ...]
    columns: Mapping[str, str]
    pack: Pack

    @property
    def largest(self) -> dict[str, float]:
        """A magnitude for each column of numbers that overflows nowhere, as that of nearly every log."""
        return {column: 1.0 for column, type_ in self.columns.items() if type_ == "DOUBLE"}


class Prepared:
    """Has DuckDB prepare what packs ask of it, in the background; `problems` waits for that."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], str] = {}
        self._known: set[Value] = set()
        self._found: list[Problem] = []
        self._waiting: SimpleQueue[_Batch | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def add(self, pack: Pack, variants: Sequence[Resolved]) -> None:
        """Bind every rule, gate and stage of a pack as they are in some variants, and begin to prepare them."""
        if not self._threads:
            prepare(1)
            self._threads = [Thread(target=self._run, daemon=True) for _ in range(_AT_A_TIME)]
            for thread in self._threads:
                thread.start()
        parts: list[_Part] = []
        for resolved in variants:
            changed = {id for id, value in resolved.values.items() if value != variants[0].values[id]}
            if resolved is variants[0] or changed:
                parts += self._parts(resolved, None if resolved is variants[0] else changed)
        asked = [value for part in parts for value in (*part.conditions, *part.values)]
        read = {node.column for value in asked for node in walk(value) if isinstance(node, Raw | Clock)}
        columns = {
            column: _TYPES.get(type_, "VARCHAR") for (_, type_), column in self._columns.items() if column in read
        }
        self._waiting.put(_Batch(tuple(parts), columns, pack))

    def _parts(self, resolved: Resolved, changed: Collection[str] | None) -> Iterator[_Part]:
        """What a pack asks in one variant and was not asked before; `changed` are the params that differ there."""
        pack = resolved.pack
        columns, labels = self._columns_of(pack)
        values = {id: _stand_in(pack.params[id]) if value is None else value for id, value in resolved.values.items()}
        names = Names(
            resolved._replace(values=values), columns, labels=labels, total=1.0, now=1.0, interval=1.0, started=0.0
        )
        unset = {id for id, value in resolved.values.items() if value is None}
        for part in self._bound(names, unset, changed):
            fresh = part._replace(
                conditions=tuple(each for each in part.conditions if each not in self._known),
                values=tuple(each for each in part.values if each not in self._known),
            )
            self._known.update(fresh.conditions, fresh.values)
            if fresh.conditions or fresh.values:
                yield fresh

    def problems(self) -> list[Problem]:
        """What cannot be bound, and what DuckDB refuses."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
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
        con = connect(1)
        try:
            con.execute("PRAGMA disable_optimizer")
            while (batch := self._waiting.get()) is not None:
                self._found += _refused_of(con, batch)
        finally:
            con.close()


class _OneSeries(Splitter):
    """Splits as over a log in which every label has one value."""

    def __init__(self, pack: Pack, columns: Mapping[str, str], labels: Mapping[str, str]) -> None:
        super().__init__(pack, columns, labels, None, "")  # type: ignore[arg-type]

    def _label(self, label: str) -> list[str]:
        return ["0"]


def _refused_of(con: duckdb.DuckDBPyConnection, batch: _Batch) -> Iterator[Problem]:
    """What DuckDB says against the patterns and the statements of a pack."""
    pack = batch.pack
    clock = [(key.pattern, pack.at) for keys in pack.clock for key in keys if key.pattern]
    own = [each for each in pack.formats.values() if each.at.file == pack.at.file]
    yield from pattern_problems(con, own, clock)
    columns = [f"{column} {type_}" for column, type_ in batch.columns.items()]
    con.execute(f"CREATE OR REPLACE TABLE run ({', '.join([_CLOCK, *columns])})")
    try:
        _prepare(con, batch.parts, batch.largest)
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


def _prepare(con: duckdb.DuckDBPyConnection, parts: Sequence[_Part], largest: Mapping[str, float]) -> None:
    """Compute what the parts ask for over no rows, and forget it; raises duckdb.Error where a statement is refused."""
    con.execute("BEGIN TRANSACTION")
    try:
        program = Program(con, "run", largest=largest, rows=1)
        conditions = [value for part in parts for value in part.conditions]
        values = [value for part in parts for value in part.values]
        program.run([*conditions, *values])
        program.settle(conditions, values)
    finally:
        con.execute("ROLLBACK")


def _tried(con: duckdb.DuckDBPyConnection, part: _Part, largest: Mapping[str, float]) -> Iterator[Problem]:
    """What DuckDB says of one part by itself."""
    try:
        _prepare(con, [part], largest)
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
