"""A gate that only near misses keep closed for long: what they really reached, and limits that would let it open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from .compile.ir import Value
from .compile.sql import number as literal
from .compile.stream import CLOCKS
from .ledger import MET, MISSED, UNKNOWN, Ledger, standing
from .own_limits import open_as_set
from .pack import Param
from .pack_gates import NOT_TAKEN, OUT_OF_REACH, Bound, Gate, Standstill, Stuck
from .record import Record
from .report import Evidence, Finding, GateResult, Moment, RequirementResult, Suggestion
from .stuck import is_moving, quantile, rounded, solved
from .tree import Name
from .watch import Limit, Line, Watch, scalar
from .words import number

QUANTILE = 0.1
TREND = 3  # windows, at the most, that a trend is looked for in
NEAR_MISS = "near_miss"
_TITLES = {OUT_OF_REACH: "is out of reach", NOT_TAKEN: "is open, and the trainer does not take it"}
_OPEN = "every requirement has long been met, and the log shows no change"


class Recent(Record):
    """The values of one requirement in the window that `stuck` looks over, oldest first."""

    rows: list[int]
    ticks: list[float]
    values: list[float]


def delayed(ledger: Ledger, watch: Watch, result: GateResult, passed: int) -> GateResult:
    """A late gate with what delays it: near misses and new limits for them, misses out of reach, or nothing at all.

    A requirement holds the gate up if its value kept the target at no more than `quantile` of its observations in the
    window: the median of its misses must be near, and it may not surely move to its target. One that is kept now and
    then, though not on all but `quantile` of them, holds it up as well where both are so: the run is late all the same.
    Its trend is looked for in the window and the two before it: one of them is too short for a slow one.
    Where one that holds it up is unknown, or moves to its target, there is only to wait; where one stays far off, the
    gate is out of reach. Where all keep their targets, those of the pack itself as well, and the run does not pass, it
    is not taken.
    """
    stuck = watch.gate.stuck
    if stuck is None or not _last(ledger, watch.stuck):
        return result
    titles = {line.name: line.title for line in result.requirements}
    if unknown := next((line for line in result.requirements if _is_unknown(line)), None):
        return result._replace(veto=f"{unknown.title} is unknown")
    share = _share(stuck, ledger)
    found: dict[str, Suggestion] = {}
    vetoes: list[tuple[bool, str]] = []
    is_kept = True
    values: dict[str, list[float]] = {}
    for line in watch.lines:
        if line.advisory:
            continue
        recent = _recent(ledger, watch, line, passed)
        title = titles[line.requirement.id]
        if recent is None:
            return result._replace(veto=f"there are too few values of {title} as yet")
        values[line.requirement.id] = recent.values
        misses = [value for value in recent.values if standing(line, value) != MET]
        kept = 1 - len(misses) / len(recent.values)
        if kept >= 1 - share:
            continue
        is_kept = False
        is_far, veto = _veto(line, recent, _recent(ledger, watch, line, passed, TREND) or recent, misses)
        suggestion = None if veto else _suggestion(ledger, line, recent, misses, share)
        if suggestion is None:
            if kept <= share:
                vetoes.append((is_far, f"{title} {veto or 'rests on no threshold that could be lowered so far'}"))
            continue
        known = found.get(suggestion.param)
        if known is None or abs(suggestion.value - suggestion.now) > abs(known.value - known.now):
            found[suggestion.param] = suggestion
    if vetoes:
        vetoes.sort(key=lambda veto: veto[0])  # first what may still change by itself
        is_far, veto = vetoes[0]
        return result._replace(veto=veto, delay=_standing_still(ledger, watch, OUT_OF_REACH) if is_far else "")
    if found:
        return result._replace(suggestions=tuple(found.values()), delay=NEAR_MISS)
    is_open = is_kept and result.status == "open" and watch.passed is not None
    if is_open and (reason := open_as_set(watch, values, share)):
        return result._replace(reason=reason)
    return result._replace(delay=_standing_still(ledger, watch, NOT_TAKEN) if is_open else "")


def _standing_still(ledger: Ledger, watch: Watch, name: str) -> str:
    """A standstill that the pack has something to say of, and that no condition of it speaks against."""
    assert watch.gate.stuck is not None
    given = name in watch.gate.stuck.standstills
    return name if given and not _last(ledger, watch.unless.get(name)) else ""


def _veto(line: Line, recent: Recent, longer: Recent, misses: Sequence[float]) -> tuple[bool, str]:
    """Why a miss is no near one that stays: too large, on both sides, or surely on its way to the target.

    The first is whether it lies far off and shows no way to the target, which a way over `longer` is unless it has
    turned back in `recent`.
    """
    middle = median(misses)
    limit = _missed(line, middle)
    if limit is None:
        return True, "misses its target now on one side, now on the other"
    moving = is_moving(longer.ticks, longer.values, limit.is_upward)
    if moving:
        moving = not is_moving(recent.ticks, recent.values, not limit.is_upward)
    if standing(line, middle) == MISSED:
        far = f"lies far from its target, around {number(middle, 4)}"
        return moving is False, far if line.near >= 0 else "is not met, and no miss of it counts as near"
    if moving is False:
        return True, ""
    return False, "is on its way to its target" if moving else "has too few values to tell its trend"


def agreed(results: Sequence[GateResult]) -> list[GateResult]:
    """The gates with one value for each param: where several series or gates ask for one, the laxest."""
    laxest: dict[str, float] = {}
    for one in (suggestion for result in results for suggestion in result.suggestions):
        known = laxest.get(one.param, one.now)
        laxest[one.param] = one.value if abs(one.value - one.now) > abs(known - one.now) else known
    return [
        result._replace(
            suggestions=tuple(one._replace(value=laxest[one.param]) for one in result.suggestions),
        )
        for result in results
    ]


def _is_unknown(requirement: RequirementResult) -> bool:
    return requirement.status == UNKNOWN and not requirement.advisory


def _last(ledger: Ledger, condition: Value | None) -> bool:
    """Whether a condition held when it was last known."""
    if condition is None:
        return False
    source, render = ledger.program.columns_for([condition], [])
    sql = render.observed(condition)
    found = ledger.program.con.execute(
        f"SELECT arg_max({sql}, i) FILTER (WHERE {sql} IS NOT NULL) FROM {source}"
    ).fetchone()
    return bool(found and found[0])


def _share(stuck: Stuck, ledger: Ledger) -> float:
    share = scalar(stuck.quantile, ledger.names) if stuck.quantile else None
    return min(max(share, 0.0), 0.5) if share is not None else QUANTILE


def _recent(ledger: Ledger, watch: Watch, line: Line, passed: int, times: int = 1) -> Recent | None:
    """What so many windows hold at the end, since the gate was passed last; None while not one is full."""
    assert watch.gate.stuck is not None
    assert line.value is not None
    span = watch.binder.span(Name(watch.gate.stuck.over))
    source, render = ledger.program.columns_for([], [line.value])
    newest = f" ORDER BY i DESC LIMIT {int(span.last) * times}" if span.unit == "points" else ""
    inside = ""
    if span.unit in CLOCKS:
        column, scale = CLOCKS[span.unit]
        back = literal(span.last * times * scale)
        inside = f" AND {column} > (SELECT max({column}) FROM {ledger.program.source}) - {back}"
    rows = ledger.program.con.execute(
        f"SELECT i, tick, v FROM (SELECT r.i, r.tick, r.epoch, r.time, v FROM {ledger.program.source} r"
        f" JOIN (SELECT i, {render.value(line.value)} AS v FROM {source}) USING (i))"
        f" WHERE v IS NOT NULL AND i > {int(passed)}{inside}{newest}"
    ).fetchall()
    if len(rows) < max(span.least, 1):
        return None
    rows.sort()
    ticks = [float(i) if tick is None else float(tick) for i, tick, _ in rows]
    return Recent([i for i, _, _ in rows], ticks, [float(value) for _, _, value in rows])


def _missed(line: Line, value: float) -> Limit | None:
    return next((limit for limit in line.limits if not limit.holds(value)), None)


def _suggestion(ledger: Ledger, line: Line, recent: Recent, misses: Sequence[float], share: float) -> Suggestion | None:
    """The rounded limit that all but `share` of the values, and the last one, keep."""
    last = recent.values[-1]
    limit = _missed(line, median(misses))
    assert limit is not None
    bound = line.requirement.bounds[line.limits.index(limit)]
    reached = quantile(recent.values, share if limit.is_upward else 1 - share)
    goal = min(reached, last) if limit.is_upward else max(reached, last)
    param = _param(ledger, bound)
    now = ledger.names.resolved.values.get(param.id) if param is not None else None
    if param is None or isinstance(now, (bool, str)) or now is None:
        return None

    def at(value: float) -> float | None:
        return scalar(bound.limit, ledger.names, {param.id: value})

    def keeps(value: float) -> bool:
        if (param.min is not None and value < param.min) or (param.max is not None and value > param.max):
            return False
        changed = {param.id: value}
        limits = [scalar(each.limit, ledger.names, changed) for each in line.requirement.bounds]
        new = [Limit(each.operator, value) for each, value in zip(line.limits, limits, strict=True)]
        both = [one.holds(last) for one in new if one.value is not None]
        return len(both) == len(new) and all(both) and Limit(limit.operator, at(value)).holds(goal)

    solution = solved(at, now, goal)
    if solution is None:
        return None
    exact, growth = solution
    direction = -growth if limit.is_upward else growth
    value = rounded(exact, now, direction, keeps, whole=param.type == "integer")
    if value is None:
        return None
    return Suggestion(line.requirement.id, param.id, value, now, reached, line.requirement.setting)


def _param(ledger: Ledger, bound: Bound) -> Param | None:
    """The one param that a limit rests on."""
    params = ledger.names.pack.params
    named = {node.id for node in bound.limit.tree.walk() if isinstance(node, Name) and node.id in params}
    return params[named.pop()] if len(named) == 1 else None


# What a plan and the findings say of it


def standstill(gate: Gate, delay: str) -> Standstill:
    """What the pack says of a standstill that a gate has come to."""
    assert gate.stuck is not None
    return gate.stuck.standstills[delay]


def gate_findings(ledger: Ledger, watched: Sequence[Watch], results: Sequence[GateResult]) -> Iterator[Finding]:
    """A finding for each gate that is held up, and for each that asks for something to do as it stands."""
    gates = {watch.gate.id: watch.gate for watch in watched}
    names = list(dict.fromkeys(result.gate for result in results if not result.advisory))
    for name in names:
        same = [result for result in results if result.gate == name]
        gate, actions = gates[name], ledger.names.pack.actions
        stuck = [result for result in same if result.suggestions]
        if stuck and gate.stuck is not None:
            yield _finding(ledger, watched, stuck, gate.stuck.actions, "is held up by a near miss")
            continue
        late = [(kind, [each for each in same if each.delay == kind]) for kind in _TITLES]
        if still := next(((kind, such) for kind, such in late if such), None):
            kind, such = still
            yield _finding(ledger, watched, such, standstill(gate, kind).actions, _TITLES[kind])
            continue
        asks = (("blocked", gate.on_blocked, "is blocked"), ("passed", gate.on_passed, "is passed"))
        for status, asked, words in asks:
            such = [result for result in same if result.status == status]
            busy = tuple(id for id in asked if id in actions and not actions[id].alone)
            if such and busy:
                yield _finding(ledger, watched, such, busy, words)


def _finding(
    ledger: Ledger, watched: Sequence[Watch], results: Sequence[GateResult], actions: tuple[str, ...], words: str
) -> Finding:
    result = results[0]
    watch = next(one for one in watched if (one.gate.id, one.series) == (result.gate, result.series))
    last = ledger.book.row(ledger.book.rows).moment
    onset = _onset(ledger, watch) or last
    titles = [suggestion.requirement for each in results for suggestion in each.suggestions]
    lines = [line for line in result.requirements if line.name in titles] or [
        line for line in result.requirements if line.status not in (MET, UNKNOWN) and not line.advisory
    ]
    is_open = result.delay == NOT_TAKEN
    if is_open:
        lines = [line for line in result.requirements if not line.advisory]
    limits = {line.requirement.id: line.limits for line in watch.lines}
    return Finding(
        rule=result.gate,
        title=f"{result.title} {words}",
        cause="gate",
        severity="warning",
        state="firing",
        onset=onset,
        fired=onset,
        end=None,
        last=last,
        episodes=1,
        series=tuple(sorted(each.series for each in results if each.series)),
        evidence=tuple(_evidence(line, limits[line.name]) for line in lines),
        message=_OPEN if is_open else "; ".join(map(_message, lines)) + _without_trend(result),
        why=_why(watch.gate, result) or result.why,
        source=result.source,
        actions=actions,
    )


def _why(gate: Gate, result: GateResult) -> str:
    if result.delay in _TITLES:
        return standstill(gate, result.delay).why
    return gate.stuck.why if gate.stuck and result.suggestions else ""


def _without_trend(result: GateResult) -> str:
    return ", for long and without a trend" if result.delay == OUT_OF_REACH else ""


def _message(line: RequirementResult) -> str:
    if line.status == MET:
        return f"{line.title} keeps {line.target} only now and then"
    return f"{line.title} {number(line.value or 0.0, 4)}, needs {line.target}"


def _evidence(line: RequirementResult, limits: Sequence[Limit]) -> Evidence:
    value = line.value
    missed = next((limit for limit in limits if value is not None and not limit.holds(value)), limits[0])
    return Evidence(line.title, missed.value, None, None, value)


def _onset(ledger: Ledger, watch: Watch) -> Moment | None:
    """Where the run had been late for the first time since the gate was passed last."""
    if watch.stuck is None:
        return None
    source, render = ledger.program.columns_for([watch.stuck, *([watch.passed] if watch.passed else [])], [])
    late = render.observed(watch.stuck)
    passed = render.observed(watch.passed) if watch.passed else "false"
    found = ledger.program.con.execute(
        f"SELECT min(i) FROM {source} WHERE {late} AND i > coalesce("
        f"(SELECT max(CASE WHEN {passed} THEN i END) FROM {source}), 0)"
    ).fetchone()
    return ledger.book.row(found[0]).moment if found and found[0] else None
