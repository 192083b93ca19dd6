"""The gates of a pack over one run: each requirement's last value against its target, and how the gate stands."""

from __future__ import annotations

from collections.abc import Sequence

from .compile.stream import CLOCKS
from .ledger import MET, MISSED, NEAR, UNKNOWN, Ledger, standing, target
from .pack import EMPTY
from .report import GateResult, RequirementResult
from .series import metric_id
from .tree import Call, Comparison, Name, Node, Not, Text
from .watch import Line, Watch
from .words import moment as words
from .words import number as digits


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
        reason = _outside(ledger, watch) if scope is False else "it is not known whether it applies"
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
    if status in ("blocked", "open", UNKNOWN) and watch.stuck is not None and not watch.advisory and not watch.lack:
        from .held_up import delayed

        return delayed(ledger, watch, result, passed or 0)
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
        return result._replace(reason=line.lack, is_lacking=bool(line.lack))
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


def _outside(ledger: Ledger, watch: Watch) -> str:
    """Which part of the condition of a gate says that it does not apply: "phase is emphasis"."""
    source, render = ledger.program.columns_for(watch.parts_bound, [])
    items = [f"arg_max({sql}, i) FILTER (WHERE {sql} IS NOT NULL)" for sql in map(render.observed, watch.parts_bound)]
    found = ledger.program.con.execute(f"SELECT {', '.join(items)} FROM {source}").fetchone()
    assert found is not None
    false = [in_words(node) for (node, _), holds in zip(watch.parts, found, strict=True) if holds is False]
    assert watch.gate.while_ is not None
    return next(filter(None, false), f"'{' '.join(watch.gate.while_.text.split())}' is false")


def in_words(node: Node) -> str:
    """A condition that is false, as what is so instead: "phase is emphasis"; empty where there are no words for it."""
    match node:
        case Call(function="default", arguments=(Node() as inner, _)):
            return in_words(inner)
        case Comparison(operator="!=", left=Name(id=id), right=Text(value=text)):
            return f"{id} is {text}"
        case Comparison(operator="==", left=Name(id=id), right=Text(value=text)):
            return f"{id} is not {text}"
        case Name(id=id):
            return f"{id} is false"
        case Not(operand=Name(id=id)):
            return f"{id} is true"
    return ""
