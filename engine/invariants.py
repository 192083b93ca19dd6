"""Invariants: what must hold between the numbers of a row, such as `ce == ce_coef * ce_unscaled`, up to rounding.

An invariant is judged as a rule is: it breaks where |left - right| > max(abs, rel * larger side), on several
observations in a row, so that one odd row is no finding. A row on which a side is unknown is no observation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .expression import Expression
from .pack import Duration, Invariant, Level, Pack, Rule
from .report import Finding, InvariantResult, RuleState
from .tree import Arithmetic, Call, Comparison, Node, Number
from .words import counted, moment, number

if TYPE_CHECKING:
    from .compile.program import Program
    from .episodes import Course
    from .judged import Judged
    from .rowbook import RowBook

OPERATORS = ("==", "<=", ">=")
"""The comparisons that an invariant may be."""

REL, ABS = 1e-4, 1e-6
"""The tolerance where an invariant gives none: logs have float32 and few digits."""

REASONS = 3
"""How many reasons for not being checked are told one by one."""

PATIENCE = 3
"""How many observations in a row it takes where an invariant does not say so."""


def as_rule(invariant: Invariant) -> Rule:
    """The rule that finds an invariant broken."""
    holds = invariant.holds
    comparison = holds.tree
    assert isinstance(comparison, Comparison)
    at = comparison.offset
    slack = Call(
        "max",
        (invariant.abs.tree, Arithmetic("*", invariant.rel.tree, _larger(comparison, at), offset=at)),
        offset=at,
    )
    when = Comparison(">", _gap(comparison), slack, offset=at)
    noun = "Identity" if comparison.operator == "==" else "Limit"
    three = Duration(Expression(f"{PATIENCE}", holds.at, Number(float(PATIENCE))), "points")
    level = Level(
        severity=invariant.severity,
        at=invariant.at,
        when=Expression(holds.text, holds.at, when),
        for_=invariant.for_ or three,
        actions=invariant.actions,
        message=invariant.message,
    )
    return Rule(
        id=invariant.id,
        at=invariant.at,
        title=invariant.title or f"{noun} broken: {' '.join(holds.text.split())}",
        cause=invariant.cause,
        levels=(level,),
        while_=invariant.while_,
        enabled=invariant.enabled,
        why=invariant.why,
        source=invariant.source,
        advice=invariant.advice,
    )


def _gap(comparison: Comparison) -> Node:
    """How far the sides are from what they should be; not above 0 where a one-sided comparison holds."""
    left, right, at = comparison.left, comparison.right, comparison.offset
    if comparison.operator == ">=":
        left, right = right, left
    gap = Arithmetic("-", left, right, offset=at)
    return Call("abs", (gap,), offset=at) if comparison.operator == "==" else gap


def _larger(comparison: Comparison, at: int) -> Node:
    sides = (comparison.left, comparison.right)
    return Call("max", tuple(Call("abs", (side,), offset=at) for side in sides), offset=at)


class _Tally:
    """What was counted of one invariant over all its series."""

    __slots__ = ("failed", "first", "gap", "rows", "series", "states")

    def __init__(self) -> None:
        self.rows = self.failed = 0
        self.first: int | None = None
        self.gap: float | None = None
        self.series: list[str] = []
        self.states: list[str] = []

    def add(self, series: str, state: str, rows: int, failed: int, first: int | None, gap: float | None) -> None:
        if rows:
            self.series.append(series)
        self.states.append(state)
        self.rows += rows
        self.failed += failed
        self.first = min((each for each in (self.first, first) if each is not None), default=None)
        self.gap = max((each for each in (self.gap, gap) if each is not None), default=None)


def results(
    program: Program,
    book: RowBook,
    pack: Pack,
    judged: Sequence[tuple[Judged, Course]],
    findings: Iterable[Finding],
    states: Iterable[RuleState],
) -> tuple[InvariantResult, ...]:
    """How each invariant of a pack stands: what was checked, where it failed, by how much."""
    tallies = _counted(program, [pair for pair in judged if pair[0].rule.id in pack.invariants])
    found = {finding.rule: finding for finding in findings}
    reasons = {state.rule: state for state in states}
    return tuple(
        _result(invariant, tallies.get(id, _Tally()), found.get(id), reasons.get(id), book)
        for id, invariant in pack.invariants.items()
    )


def _counted(program: Program, judged: Sequence[tuple[Judged, Course]]) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = {}
    if not judged:
        return tallies
    source, render = program.columns_for([each.when for each, _ in judged], [each.tests[0].left for each, _ in judged])
    items: list[str] = []
    for each, _ in judged:
        broken, gap = render.observed(each.when), render.value(each.tests[0].left)
        items += [
            f"count({broken})",
            f"count(CASE WHEN {broken} THEN 1 END)",
            f"min(CASE WHEN {broken} THEN i END)",
            f"max(CASE WHEN {broken} IS NOT NULL THEN greatest({gap}, 0) END)",
        ]
    found = program.totals(items, source)
    for place, (each, course) in enumerate(judged):
        rows, failed, first, gap = found[4 * place : 4 * place + 4]
        tallies.setdefault(each.rule.id, _Tally()).add(each.series, course.state, rows, failed, first, gap)
    return tallies


def _result(
    invariant: Invariant, tally: _Tally, finding: Finding | None, state: RuleState | None, book: RowBook
) -> InvariantResult:
    status, reason = "holds", ""
    if finding is not None:
        status = "mended" if finding.state == "resolved" else "broken"
    elif state is not None and state.state == "disabled":
        status = "disabled"
    elif not tally.rows:
        is_seen = state is not None and state.state == "not_evaluated"
        status, reason = "not_evaluated", state.reason if state and is_seen else "no row has both sides"
    elif "pending" in tally.states:
        status, reason = "pending", state.reason if state else ""
    return InvariantResult(
        invariant=invariant.id,
        holds=" ".join(invariant.holds.text.split()),
        status=status,
        reason=reason,
        series=tuple(name for name in tally.series if name),
        broken=finding.series if finding is not None and status == "broken" else (),
        rows=tally.rows,
        failed=tally.failed,
        first=book.row(tally.first).moment if tally.first is not None else None,
        largest_gap=tally.gap,
        source=invariant.source,
    )


def with_messages(findings: Iterable[Finding], results: Iterable[InvariantResult], clock: str) -> Iterator[Finding]:
    """The findings, those of invariants that say nothing themselves with by how much and how often."""
    known = {result.invariant: result for result in results}
    for finding in findings:
        result = known.get(finding.rule)
        if result is None or finding.message or result.first is None or result.largest_gap is None:
            yield finding
            continue
        told = f"off by up to {number(result.largest_gap, 4)} on {_how_often(result)},"
        yield finding._replace(message=f"{told} first at {moment(result.first, clock)}")


def _how_often(result: InvariantResult) -> str:
    """On how many rows it failed; the rows of several series, of which a log's row has one each, are values."""
    return f"{result.failed:,} of {counted(result.rows, 'value' if len(result.series) > 1 else 'row')}" + (
        f" in {len(result.series)} series" if len(result.series) > 1 else ""
    )


def to_plan(states: Iterable[RuleState], invariants: Mapping[str, Invariant]) -> tuple[RuleState, ...]:
    """The states of rules that a plan looks at: it does not wait for an invariant that cannot be checked yet."""
    return tuple(state for state in states if state.rule not in invariants or state.state == "ok")


def summary(results: Sequence[InvariantResult], clock: str) -> list[str]:
    """The invariants in a line: how many hold, the rows on which they did not, what could not be checked."""
    told: list[str] = []
    checked = [result for result in results if result.status in ("holds", "mended", "broken", "pending")]
    holding = [result for result in checked if result.status in ("holds", "mended")]
    if holding:
        of = f"{len(holding)} of " if len(holding) < len(checked) else ""
        every = counted(len(checked), _noun(checked), _noun(checked, True))
        told.append(f"{of}{every} {'holds' if len(holding) == 1 else 'hold'}{_over_series(holding)}")
    for result in holding:
        if result.failed and result.first is not None:
            told.append(f"{result.invariant} not on {_how_often(result)}, first at {moment(result.first, clock)}")
    for status, words in (("broken", "broken"), ("pending", "may be breaking")):
        if named := [_broken(result) for result in results if result.status == status]:
            told.append(f"{words}: {', '.join(named)}")
    unseen = [result for result in results if result.status == "not_evaluated"]
    reasons = list(dict.fromkeys(result.reason for result in unseen))
    if len(reasons) > REASONS:  # a glossary's identities need keys that most logs do not have
        first, rest = unseen[0], counted(len(reasons) - 1, "more reason")
        return [*told, f"{len(unseen)} not evaluated, {first.invariant} ({first.reason}) and others for {rest}"]
    for reason in reasons:
        names = [result.invariant for result in unseen if result.reason == reason]
        told.append(f"not evaluated: {', '.join(names)}" + (f" ({reason})" if reason else ""))
    return told


def _noun(results: Sequence[InvariantResult], is_plural: bool = False) -> str:
    """What some invariants are called together: equations are identities."""
    if all("==" in result.holds for result in results):
        return "identities" if is_plural else "identity"
    return "invariants" if is_plural else "invariant"


def _over_series(results: Sequence[InvariantResult]) -> str:
    """How many series some invariants were checked in, where that is more than one each."""
    amount = sum(max(1, len(result.series)) for result in results)
    return f" in {amount:,} series" if amount > len(results) else ""


def _broken(result: InvariantResult) -> str:
    """A broken invariant, with the number of its series where it was checked in several."""
    if len(result.series) < 2 or not result.broken:
        return result.invariant
    return f"{result.invariant} (in {len(result.broken)} of {len(result.series)} series)"
