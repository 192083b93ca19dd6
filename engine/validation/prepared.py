"""The statements of packs, prepared in DuckDB: what it would refuse of a log, it refuses here.

What packs and their variants have in common is one value of the logical plan, and is prepared once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from ..compile.bind import Binder, Names
from ..compile.ir import Value
from ..errors import PackError, Position, Problem
from ..expression import Expression
from ..judged import Judged, conditions_of, judge, metrics_of
from ..pack import Pack, Param, Rule, Scalar
from ..readers.connection import prepare
from ..resolved import Resolved
from ..series import Splitter, members
from ..stages import derived_in_stages
from ..tree import Name
from .statements import Batch, Part, Statements

if TYPE_CHECKING:
    from ..watch import Watch

_TYPES = {"number": "DOUBLE", "text": "VARCHAR"}


class Prepared:
    """Has DuckDB prepare what packs ask of it: in the background, for which `problems` waits, or else `at_once`."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.at_once = at_once
        self._columns: dict[tuple[str, str], str] = {}
        self._types: dict[str, str] = {}  # of the columns
        self._known: set[Value] = set()
        self._found: list[Problem] = []
        self._waiting: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._begun = False
        self._failure: BaseException | None = None
        self._statements = Statements()

    def add(self, pack: Pack, variants: Sequence[Resolved]) -> None:
        """Bind every rule, gate and stage of a pack as they are in some variants, and begin to prepare them."""
        if not self._begun:
            self._begun = True
            prepare(1)
            if not self.at_once:
                self._thread = Thread(target=self._run, daemon=True)
                self._thread.start()
        batch = Batch(tuple(self._asked(pack, variants)), dict(self._types), pack)
        if self.at_once:
            self._found += self._statements.refused(batch)
        else:
            self._waiting.put(batch)

    def _asked(self, pack: Pack, variants: Sequence[Resolved]) -> Iterator[Part]:
        """What a pack asks in any of its variants that was not asked before."""
        for resolved in variants:
            changed = {id for id, value in resolved.values.items() if value != variants[0].values[id]}
            if resolved is variants[0] or changed:
                for part in self._parts(resolved, None if resolved is variants[0] else changed):
                    conditions, values = (
                        tuple(each for each in asked if each not in self._known)
                        for asked in (part.conditions, part.values)
                    )
                    self._known.update(conditions, values)
                    if conditions or values:
                        yield part._replace(conditions=conditions, values=values)

    def _parts(self, resolved: Resolved, changed: Collection[str] | None) -> Iterator[Part]:
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
        if self._failure is not None:
            raise self._failure
        self._statements.close()
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
        column = self._columns.setdefault((name, type_), f"c{len(self._columns)}")
        self._types[column] = _TYPES.get(type_, "VARCHAR")
        return column

    def _bound(self, names: Names, unset: set[str], changed: Collection[str] | None) -> Iterator[Part]:
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
                yield Part(watch.gate.at, watch.gate.id, watch.conditions, watch.values)
            stages = tuple(Binder(names).metric(id) for id in derived_in_stages(pack))
            yield Part(pack.at, "stages", (), stages)
        except PackError as error:
            self._refused(error, unset)

    def _refused(self, error: PackError, unset: set[str]) -> None:
        """Note what cannot be bound; what rests on a param that the user has yet to set may come right."""
        if not unset:
            self._found += error.problems

    def _run(self) -> None:
        try:
            while (batch := self._waiting.get()) is not None:
                self._found += self._statements.refused(batch)
        except BaseException as error:
            self._failure = error  # whoever waits for the problems has to know that there may be more


class _OneSeries(Splitter):
    """Splits as over a log in which every label has one value."""

    def __init__(self, pack: Pack, columns: Mapping[str, str], labels: Mapping[str, str]) -> None:
        super().__init__(pack, columns, labels, None, "")  # type: ignore[arg-type]

    def _label(self, label: str) -> list[str]:
        return ["0"]


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


def _of_rule(at: Position, name: str, judged: Sequence[Judged]) -> Part:
    conditions = [value for each in judged for value in (each.when, each.until, each.since) if value is not None]
    values = [side for each in judged for test in each.tests for side in (test.left, test.right)]
    values += [value for each in judged for value in each.told.values()]
    values += [each.scope for each in judged if each.scope is not None]
    return Part(at, name, tuple(dict.fromkeys(conditions)), tuple(dict.fromkeys(values)))


def _stand_in(param: Param) -> Scalar:
    """A value for a param that the user has to set, so that what rests on it can be prepared as well."""
    if param.type == "boolean":
        return True
    if param.type == "text":
        return ""
    low, high = param.min, param.max
    return max(1.0 if high is None else min(1.0, high), 1.0 if low is None else low)
