"""The gates of a pack over one run: each requirement's last value against its target, and how the gate stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .check import INTERVAL
from .compile.bind import Binder, Names
from .compile.ir import CONDITION, TEXT, Clock, Const, Op, Value
from .compile.stream import CLOCKS
from .expression import Expression
from .judged import lacking, metrics_of
from .pack import EMPTY, Gate, Pack, Requirement, Scalar
from .report import GateResult, LogFacts, RequirementResult
from .rowbook import RowBook
from .series import Series, Splitter, metric_id
from .tree import Name
from .words import moment as words
from .words import number as digits

if TYPE_CHECKING:
    from .compile.program import Program

TOLERANCE = 1e-9
MET, MISSED, NEAR, UNKNOWN = "met", "not met", "near", "unknown"


class Limit(NamedTuple):
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


class Line(NamedTuple):
    """A requirement bound to one run and one series; `value` is None where it lacks something."""

    requirement: Requirement
    value: Value | None
    limits: tuple[Limit, ...]
    near: float
    advisory: bool
    lack: str = ""
    columns: tuple[str, ...] = ()  # those of its metrics that hold cells which are not finite
    clock: str = ""  # the clock that its value runs along with: steps or epochs


class Watch(NamedTuple):
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

    @property
    def conditions(self) -> tuple[Value, ...]:
        """What must be known at each row."""
        return tuple(value for value in (self.scope, self.passed, self.stuck) if value is not None)

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of its requirements."""
        return tuple(line.value for line in self.lines if line.value is not None)


def expressions_of(gate: Gate) -> list[Expression | None]:
    """Every expression over rows that a gate holds."""
    return [gate.while_, gate.passed, gate.stuck.when if gate.stuck else None, *_values_of(gate)]


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
        lacking(gate.while_, names) if gate.while_ else "",
    )


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


# How the gates stand at the end of the log


class Ledger(NamedTuple):
    """What it takes to look at the end of a run."""

    program: Program
    book: RowBook
    log: LogFacts
    names: Names


def gate_results(ledger: Ledger, watched: Sequence[Watch]) -> tuple[GateResult, ...]:
    """How each gate stands at the last row; those that decide come first."""
    if not watched or not ledger.book.rows:
        return ()
    results = [_result(ledger, watch) for watch in watched]
    if any(result.suggestions for result in results):
        from .held_up import agreed

        results = agreed(results)
    return tuple(sorted(results, key=lambda result: result.advisory))


def _result(ledger: Ledger, watch: Watch) -> GateResult:
    scope, passed, passes, at = _ends(ledger, watch)
    lines = tuple(_checked(ledger, watch, line, at.get(line.requirement.id)) for line in watch.lines)
    status, reason, waits = _status(lines), "", False
    if watch.lack:
        status, reason = UNKNOWN, watch.lack
    elif watch.scope is not None and scope is not True:
        status = "out of scope" if scope is False else UNKNOWN
        reason = "" if scope is False else "it is not known whether it applies"
        status = "passed" if scope is False and passes else status
    elif status in ("blocked", UNKNOWN):
        lacks = {line.requirement.id for line in watch.lines if line.lack}
        open_ones = [line for line in lines if not line.advisory and line.status != MET]
        waits = status == "blocked" or any(line.name not in lacks for line in open_ones)
    gate = watch.gate
    result = GateResult(
        gate=gate.id,
        title=gate.title or gate.id.replace("_", " ").capitalize(),
        status=status,
        requirements=lines,
        series=watch.series,
        advisory=watch.advisory,
        reason=reason,
        passed=ledger.book.row(passed).moment if passed else None,
        passes=passes,
        waits=waits and not ledger.log.ended,
        why=gate.why,
        source=gate.source,
    )
    if status == "blocked" and watch.stuck is not None and not watch.advisory:
        from .held_up import suggestions

        return result._replace(suggestions=suggestions(ledger, watch, result, passed or 0))
    return result


def _status(lines: Sequence[RequirementResult]) -> str:
    states = [line.status for line in lines if not line.advisory]
    if any(state in (MISSED, NEAR) for state in states):
        return "blocked"
    return UNKNOWN if UNKNOWN in states else "open"


def _ends(
    ledger: Ledger, watch: Watch
) -> tuple[bool | None, int | None, int, dict[str, tuple[float | None, int | None]]]:
    """Whether the gate applies, the row at which it was passed last, how often, and each requirement's last value."""
    source, render = ledger.program.columns_for(watch.conditions, watch.values)
    items = []
    for value in (watch.scope, watch.passed):
        sql = render.observed(value) if value is not None else "CAST(NULL AS BOOLEAN)"
        items += [f"arg_max({sql}, i) FILTER (WHERE {sql} IS NOT NULL)"]
        items += [f"max(CASE WHEN {sql} THEN i END)", f"count(CASE WHEN {sql} THEN 1 END)"]
    known = [line for line in watch.lines if line.value is not None]
    for line in known:
        assert line.value is not None
        sql = render.value(line.value)
        items += [f"arg_max({sql}, i) FILTER (WHERE {sql} IS NOT NULL)", f"max(CASE WHEN {sql} IS NOT NULL THEN i END)"]
    found = ledger.program.con.execute(f"SELECT {', '.join(items)} FROM {source}").fetchone()
    assert found is not None
    scope, _, _, _, passed, passes, *ends = found
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return scope, passed, passes, {line.requirement.id: pair for line, pair in zip(known, pairs, strict=True)}


def _checked(
    ledger: Ledger, watch: Watch, line: Line, end: tuple[float | None, int | None] | None
) -> RequirementResult:
    requirement = line.requirement
    result = RequirementResult(
        name=requirement.id,
        title=requirement.title or requirement.id.replace("_", " "),
        target=target(line.limits),
        value=None,
        status=UNKNOWN,
        advisory=line.advisory,
        setting=requirement.setting,
        why=requirement.why,
        source=requirement.source,
    )
    value, row = end or (None, None)
    if line.lack or end is None:
        return result._replace(reason=line.lack)
    reason = _gone_since(ledger, watch, line, row or 0)
    if value is None or row is None:
        return result._replace(reason=reason or "no row tells it yet")
    at = ledger.book.row(row)
    result = result._replace(value=value, at=at.moment)
    reason = reason or _too_old(ledger, watch, row)
    if reason:
        return result._replace(reason=reason)
    status = standing(line, value)
    until = None
    (limit, *others) = line.limits
    if status != MET and line.clock and not others and limit.is_upward and limit.value is not None:
        here = at.tick if line.clock == "steps" else at.epoch
        is_clock = ledger.log.clock == ("step" if line.clock == "steps" else "epoch")
        until = here + limit.value - value if here is not None and is_clock else None
    return result._replace(status=status, until=until)


def standing(line: Line, value: float) -> str:
    """Whether a known value keeps the bounds, misses them, or misses them by no more than `near`."""
    missed = [limit for limit in line.limits if not limit.holds(value)]
    if not missed:
        return MET
    gaps = [abs(value - limit.value) for limit in missed if limit.value is not None]
    room = line.near + TOLERANCE * max(abs(value), *(abs(limit.value or 0.0) for limit in missed))
    return NEAR if line.near >= 0 and max(gaps) <= room else MISSED


def target(limits: Sequence[Limit]) -> str:
    """What a value must be: ">= 2000", "between -0.005 and 0.00025"."""
    shown = ["?" if limit.value is None else digits(limit.value) for limit in limits]
    if [limit.operator for limit in limits] == [">=", "<="]:
        return f"between {shown[0]} and {shown[1]}"
    return " and ".join(f"{limit.operator} {value}" for limit, value in zip(limits, shown, strict=True))


def _gone_since(ledger: Ledger, watch: Watch, line: Line, row: int) -> str:
    """Which of the metrics under a value are not finite on a row after `row`, the last one at which it was known."""
    if not line.columns:
        return ""
    own = _own(watch)
    items = ", ".join(f"min(CASE WHEN NOT isfinite({column}) THEN i END)" for column in line.columns)
    found = ledger.program.con.execute(
        f"SELECT {items} FROM {ledger.program.source} WHERE i > {int(row)}{own}"
    ).fetchone()
    assert found is not None
    hits = [(first, column) for first, column in zip(found, line.columns, strict=True) if first is not None]
    if not hits:
        return ""
    first, column = min(hits)
    metric = metric_id(next(id for id, name in ledger.names.columns.items() if name == column))
    return f"{metric} is not finite since {words(ledger.book.row(first).moment, ledger.log.clock)}"


def _too_old(ledger: Ledger, watch: Watch, row: int) -> str:
    """How old a value of row `row` is, where that is more than the gate allows."""
    age = watch.gate.max_age
    if age is None:
        return ""
    limit = watch.binder.duration(age)
    last = f"last logged at {words(ledger.book.row(row).moment, ledger.log.clock)}"
    column = CLOCKS[age.unit][0] if age.unit != "points" else "tick"
    found = ledger.program.con.execute(
        f"SELECT count(CASE WHEN moves THEN 1 END), max({column})"
        f" FROM {ledger.program.source} WHERE i > {int(row)}{_own(watch)}"
    ).fetchone()
    assert found is not None
    rows, newest = found
    if age.unit == "points":
        return f"{last}, {rows} rows ago" if rows > limit else ""
    then = getattr(ledger.book.row(row), column)
    passed = (newest - then) / CLOCKS[age.unit][1] if newest is not None and then is not None else 0.0
    return f"{last}, {digits(passed)} {age.unit} ago" if passed > limit else ""


def _own(watch: Watch) -> str:
    """SQL that keeps to the rows of a gate's series."""
    from .compile.sql import Renderer

    return f" AND {Renderer(EMPTY).value(watch.own)}" if watch.own is not None else ""
