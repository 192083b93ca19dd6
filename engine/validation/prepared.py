"""The statements of packs, prepared in DuckDB over a table of no rows: what it would refuse of a log, it refuses here.

The table has a column for each metric. What packs and their variants have in common is one value of the logical plan,
and is prepared once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from ..compile.bind import Binder, Names
from ..compile.ir import Value
from ..compile.program import Program
from ..errors import PackError, Position, Problem
from ..judged import Judged, conditions_of, judge, metrics_of
from ..pack import Pack, Param, Resolved, Scalar
from ..readers.connection import connect, prepare
from ..readers.console import pattern_problems
from ..series import Splitter, members
from ..stages import derived_in_stages

if TYPE_CHECKING:
    from ..watch import Watch

_CLOCK = "i BIGINT, line BIGINT, step DOUBLE, tick DOUBLE, epoch DOUBLE, time DOUBLE, moves BOOLEAN, segment BIGINT"
_TYPES = {"number": "DOUBLE", "text": "VARCHAR"}


class _Part(NamedTuple):
    """What one rule, gate or stage asks: conditions and values, and where it stands."""

    at: Position
    name: str
    conditions: tuple[Value, ...]
    values: tuple[Value, ...]


class Prepared:
    """Gathers what packs ask of DuckDB; `start` has it prepared in the background, `problems` waits for that."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], str] = {}
        self._parts: list[_Part] = []
        self._known: set[Value] = set()
        self._packs: dict[str, Pack] = {}
        self._found: list[Problem] = []
        self._thread: Thread | None = None

    def add(self, resolved: Resolved) -> None:
        """Bind every rule, gate and stage of a pack as it is in one variant."""
        pack = resolved.pack
        if not self._packs:
            prepare(1)
        self._packs.setdefault(pack.at.file, pack)
        columns, labels = self._columns_of(pack)
        values = {id: _stand_in(pack.params[id]) if value is None else value for id, value in resolved.values.items()}
        names = Names(
            resolved._replace(values=values), columns, labels=labels, total=1.0, now=1.0, interval=1.0, started=0.0
        )
        unset = {id for id, value in resolved.values.items() if value is None}
        for part in self._bound(names, unset):
            fresh = part._replace(
                conditions=tuple(each for each in part.conditions if each not in self._known),
                values=tuple(each for each in part.values if each not in self._known),
            )
            self._known.update(fresh.conditions, fresh.values)
            if fresh.conditions or fresh.values:
                self._parts.append(fresh)

    def start(self) -> None:
        """Begin to prepare what was added, while Python does something else."""
        if self._packs and self._thread is None:
            self._thread = Thread(target=self._run)
            self._thread.start()

    def problems(self) -> list[Problem]:
        """What cannot be bound, and what DuckDB refuses."""
        self.start()
        if self._thread is not None:
            self._thread.join()
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

    def _bound(self, names: Names, unset: set[str]) -> Iterator[_Part]:
        pack, binders = names.pack, dict[str, Binder]()
        splitter = _OneSeries(pack, names.columns, names.labels)
        for rule in pack.rules.values():
            if rule.id in names.resolved.disabled:
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
            for pack in self._packs.values():
                clock = [(key.pattern, pack.at) for keys in pack.clock for key in keys if key.pattern]
                own = [each for each in pack.formats.values() if each.at.file == pack.at.file]
                self._found += pattern_problems(con, own, clock)
            columns = "".join(
                f", {column} {_TYPES.get(type_, 'VARCHAR')}" for (_, type_), column in self._columns.items()
            )
            con.execute(f"CREATE TABLE run ({_CLOCK}{columns})")
            try:
                _prepare(con, self._parts)
            except duckdb.Error:
                self._found += [problem for part in self._parts for problem in _tried(con, part)]
        finally:
            con.close()


class _OneSeries(Splitter):
    """Splits as over a log in which every label has one value."""

    def __init__(self, pack: Pack, columns: Mapping[str, str], labels: Mapping[str, str]) -> None:
        super().__init__(pack, columns, labels, None, "")  # type: ignore[arg-type]

    def _label(self, label: str) -> list[str]:
        return ["0"]


def _of_rule(at: Position, name: str, judged: Sequence[Judged]) -> _Part:
    conditions = [value for each in judged for value in (each.when, each.until, each.since) if value is not None]
    values = [side for each in judged for test in each.tests for side in (test.left, test.right)]
    values += [value for each in judged for value in each.told.values()]
    values += [each.scope for each in judged if each.scope is not None]
    return _Part(at, name, tuple(dict.fromkeys(conditions)), tuple(dict.fromkeys(values)))


def _prepare(con: duckdb.DuckDBPyConnection, parts: Sequence[_Part]) -> None:
    """Compute what the parts ask for over no rows; raises duckdb.Error where a statement is refused."""
    program = Program(con, "run", rows=1)
    conditions = [value for part in parts for value in part.conditions]
    values = [value for part in parts for value in part.values]
    program.run([*conditions, *values])
    program.settle(conditions, values)


def _tried(con: duckdb.DuckDBPyConnection, part: _Part) -> Iterator[Problem]:
    """What DuckDB says of one part by itself."""
    try:
        _prepare(con.cursor(), [part])
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
