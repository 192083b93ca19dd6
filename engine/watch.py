"""The gates of a pack bound to one run: each requirement's value, limits and lacks, for each series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .check import INTERVAL
from .compile.bind import Binder, Names
from .compile.ir import CONDITION, TEXT, Clock, Const, Op, Value
from .expression import Expression
from .judged import lacking, metrics_of
from .pack import EMPTY, Pack, Scalar
from .pack_gates import Gate, Requirement
from .record import Record
from .series import Series, Splitter
from .tree import And, Name, Node

if TYPE_CHECKING:
    pass


class Limit(Record):
    """One bound of a requirement with its number; None where a param that it needs is unset."""

    operator: str
    value: float | None

    def holds(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        assert self.value is not None
        return {
            ">=": value >= self.value,
            "<=": value <= self.value,
            ">": value > self.value,
            "<": value < self.value,
        }[self.operator]

    @property
    def is_upward(self) -> bool:
        """Whether larger values are the better ones."""
        return self.operator in (">", ">=")


class Line(Record):
    """A requirement bound to one run and one series; `value` is None where it lacks something."""

    requirement: Requirement
    value: Value | None
    limits: tuple[Limit, ...]
    near: float
    advisory: bool
    lack: str = ""
    columns: tuple[str, ...] = ()  # those of its metrics that hold cells which are not finite
    clock: str = ""  # the clock that its value runs along with: steps or epochs


class Watch(Record):
    """A gate bound to one run and one series."""

    gate: Gate
    series: str
    binder: Binder
    lines: tuple[Line, ...]
    scope: Value | None
    passed: Value | None
    stuck: Value | None
    own: Value | None  # the rows of its series
    advisory: bool
    lack: str = ""  # why it cannot be known whether the gate applies
    parts: tuple[tuple[Node, Value], ...] = ()  # what must all hold for the gate to apply
    unless: Mapping[str, Value] = EMPTY  # where a standstill is none after all, by the name of that

    @property
    def conditions(self) -> tuple[Value, ...]:
        """What must be known at each row."""
        own = (value for value in (self.scope, self.passed, self.stuck) if value is not None)
        return tuple(dict.fromkeys((*own, *self.unless.values(), *self.parts_bound)))

    @property
    def parts_bound(self) -> tuple[Value, ...]:
        """The parts of the condition under which the gate applies."""
        return tuple(value for _, value in self.parts)

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of its requirements."""
        return tuple(line.value for line in self.lines if line.value is not None)


def expressions_of(gate: Gate) -> list[Expression | None]:
    """Every expression over rows that a gate holds."""
    return [gate.while_, gate.passed, *(gate.stuck.conditions if gate.stuck else ()), *_values_of(gate)]


def _values_of(gate: Gate) -> list[Expression]:
    return [requirement.value for requirement in gate.require.values()]


def watches(names: Names, splitter: Splitter) -> list[Watch]:
    """The pack's gates, bound to a run: one watch for each series over which a gate's metrics are split."""
    binders: dict[str, Binder] = {}
    found = []
    for gate in names.pack.gates.values():
        if gate.id in names.resolved.disabled:
            continue
        for series in splitter.over(metrics_of(names.pack, expressions_of(gate), sentinels=False)):
            if series.name not in binders:
                binders[series.name] = Binder(names._replace(series=series.values))
            found.append(_watch(gate, series, binders[series.name]))
    return found


def _watch(gate: Gate, series: Series, binder: Binder) -> Watch:
    names = binder.names

    def bound(condition: Expression | None) -> Value | None:
        return binder.bind(condition) if condition is not None and not lacking(condition, names) else None

    conditions: list[Value] = [
        Op("==", (Clock(names.labels[label], TEXT), Const(value, TEXT)), CONDITION)
        for label, value in series.values.items()
        if label in names.labels
    ]
    own = None if not conditions else conditions[0] if len(conditions) == 1 else Op("and", tuple(conditions), CONDITION)
    lines = tuple(_line(requirement, binder) for requirement in gate.require.values())
    lack = lacking(gate.while_, names) if gate.while_ else ""
    standstills = gate.stuck.standstills if gate.stuck else {}
    return Watch(
        gate,
        series.name,
        binder,
        lines,
        bound(gate.while_),
        bound(gate.passed),
        bound(gate.stuck.when) if gate.stuck else None,
        own,
        _is_true(gate.advisory, names),
        lack,
        _parts(gate.while_, binder) if gate.while_ and not lack else (),
        {name: value for name, each in standstills.items() if (value := bound(each.unless)) is not None},
    )


def _parts(condition: Expression, binder: Binder) -> tuple[tuple[Node, Value], ...]:
    nodes = condition.tree.operands if isinstance(condition.tree, And) else (condition.tree,)
    return tuple((node, binder.value(condition, node)) for node in nodes)


def _line(requirement: Requirement, binder: Binder) -> Line:
    names = binder.names
    limits = tuple(Limit(bound.operator, scalar(bound.limit, names)) for bound in requirement.bounds)
    lack = lacking(requirement.value, names)
    if not lack and any(limit.value is None for limit in limits):
        lack = "its target is not set"
    used = metrics_of(names.pack, [requirement.value])
    columns = [column for id in used if (column := names.column(id)) is not None]
    return Line(
        requirement,
        None if lack else binder.bind(requirement.value),
        limits,
        scalar(requirement.near, names) or 0.0 if requirement.near else -1.0,
        _is_true(requirement.advisory, names),
        lack,
        tuple(column for column in columns if column in names.wild),
        _clock_of(requirement, names.pack),
    )


def scalar(expression: Expression, names: Names, changed: Mapping[str, Scalar] = EMPTY) -> float | None:
    """The number that an expression over params stands for in this run."""
    from .scalar import evaluate_scalar

    value = evaluate_scalar(expression, {**names.resolved.values, INTERVAL: names.interval, **changed})
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _is_true(expression: Expression | None, names: Names) -> bool:
    from .scalar import evaluate_scalar

    return expression is not None and evaluate_scalar(expression, names.resolved.values) is True


def _clock_of(requirement: Requirement, pack: Pack) -> str:
    tree = requirement.value.tree
    metric = pack.metrics.get(tree.id) if isinstance(tree, Name) else None
    return metric.unit if metric is not None and metric.unit in ("steps", "epochs") else ""
